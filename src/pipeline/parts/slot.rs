//! The place of one network: absent, to be loaded, or held.

use super::super::memory::PartSize;
use super::super::{EditError, Problem};
use super::house::{House, Tenant, Turn};
use crate::nn::{Bits, Weights};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Reads a network from weights that are opened for it.
pub(super) type Load<T> = Box<dyn Fn(Reading) -> Result<(T, Weights), EditError> + Send + Sync>;

/// How weights are opened.
#[derive(Clone)]
pub(super) enum Reading {
    /// Names, shapes and sizes only.
    Rehearsal(Option<Bits>),
    /// Everything; the house hears how far it is.
    Whole(Arc<House>),
}

/// The place of one network.
pub(crate) struct Slot<T> {
    place: Result<Arc<Place<T>>, Problem>,
}

struct Place<T> {
    house: Arc<House>,
    load: Load<T>,
    turn: Option<Turn>,
    size: PartSize,
    held: Mutex<Option<Arc<T>>>,
}

impl<T: Send + Sync + 'static> Slot<T> {
    /// A network that `load` reads when it is first asked for; whether it `shrinks` where a plan gives the
    /// language model fewer bits. Names and shapes are checked at once.
    ///
    /// # Errors
    /// When they are not those that the network needs.
    pub(super) fn new(
        house: &Arc<House>,
        turn: Option<Turn>,
        shrinks: bool,
        load: Load<T>,
    ) -> Result<Self, EditError> {
        let size =
            |bits| -> Result<u64, EditError> { Ok(load(Reading::Rehearsal(bits))?.1.held_bytes()) };
        let whole = size(None)?;
        let size = match shrinks {
            true => PartSize {
                whole,
                eight: size(Some(Bits::Eight))?,
                four: size(Some(Bits::Four))?,
            },
            false => PartSize {
                whole,
                eight: whole,
                four: whole,
            },
        };
        let place = Arc::new(Place {
            house: house.clone(),
            load,
            turn,
            size,
            held: Mutex::default(),
        });
        let tenant: Weak<Place<T>> = Arc::downgrade(&place);
        house.add(turn, tenant);
        Ok(Self { place: Ok(place) })
    }

    /// A network the bundle does not have; `why` is said to whoever asks for it.
    pub(super) fn absent(why: Problem) -> Self {
        Self { place: Err(why) }
    }

    /// The network, loaded when it is not held. Under a plan that holds one network at a time, those
    /// of other turns leave first.
    ///
    /// # Errors
    /// When the bundle does not have it, or it cannot be loaded.
    pub(crate) fn get(&self) -> Result<Arc<T>, EditError> {
        let place = self.place.as_ref().map_err(Clone::clone)?;
        if let Some(network) = self.held() {
            return Ok(network);
        }
        let house = &place.house;
        house.make_room_for(place.turn);
        let bytes = self.bytes();
        house.check(bytes)?;
        house.begin(bytes);
        let (network, _) = (place.load)(Reading::Whole(house.clone()))?;
        let network = Arc::new(network);
        *place.lock() = Some(network.clone());
        Ok(network)
    }

    /// Loads the network where there is one.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub(crate) fn load(&self) -> Result<(), EditError> {
        match &self.place {
            Ok(_) => self.get().map(drop),
            Err(_) => Ok(()),
        }
    }

    /// The network, if it is held now.
    pub(crate) fn held(&self) -> Option<Arc<T>> {
        self.place.as_ref().ok()?.lock().clone()
    }

    /// Bytes of its weights; none where it is absent.
    pub(crate) fn size(&self) -> PartSize {
        self.place
            .as_ref()
            .map(|place| place.size)
            .unwrap_or_default()
    }

    /// Bytes of its weights under the plan of the house.
    fn bytes(&self) -> u64 {
        match &self.place {
            Ok(place) => place.size.of(place.house.plan().language_bits),
            Err(_) => 0,
        }
    }

    /// Bytes that [`Slot::get`] will read.
    pub(crate) fn missing(&self) -> u64 {
        if self.held().is_some() {
            0
        } else {
            self.bytes()
        }
    }
}

impl<T> Place<T> {
    fn lock(&self) -> MutexGuard<'_, Option<Arc<T>>> {
        // A panic while loading leaves it empty, which is a state like any other.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send + Sync> Tenant for Place<T> {
    fn leave(&self) -> bool {
        self.lock().take().is_some()
    }

    fn holds(&self) -> u64 {
        match &*self.lock() {
            Some(_) => self.size.of(self.house.plan().language_bits),
            None => 0,
        }
    }
}
