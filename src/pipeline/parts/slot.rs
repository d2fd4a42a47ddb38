//! The place of one network: absent, to be loaded, or held.

use super::super::{EditError, Problem};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Load<T> = Box<dyn Fn() -> Result<T, EditError> + Send + Sync>;

/// The place of one network.
pub(crate) struct Slot<T> {
    /// How it is read, or why it cannot be.
    load: Result<Load<T>, Problem>,
    held: Mutex<Option<Arc<T>>>,
}

impl<T> Slot<T> {
    /// A network that `load` reads when it is first asked for.
    pub(super) fn new(load: impl Fn() -> Result<T, EditError> + Send + Sync + 'static) -> Self {
        Self {
            load: Ok(Box::new(load)),
            held: Mutex::default(),
        }
    }

    /// A network the bundle does not have; `why` is said to whoever asks for it.
    #[expect(dead_code, reason = "every bundle has every network so far")]
    pub(super) fn absent(why: Problem) -> Self {
        Self {
            load: Err(why),
            held: Mutex::default(),
        }
    }

    /// The network, loaded when it is not held.
    ///
    /// # Errors
    /// When the bundle does not have it, or it cannot be loaded.
    pub(crate) fn get(&self) -> Result<Arc<T>, EditError> {
        let mut held = self.lock();
        if let Some(network) = &*held {
            return Ok(network.clone());
        }
        let load = self.load.as_ref().map_err(Clone::clone)?;
        let network = Arc::new(load()?);
        *held = Some(network.clone());
        Ok(network)
    }

    /// The network, if it is held now.
    pub(crate) fn held(&self) -> Option<Arc<T>> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<T>>> {
        // A panic while loading leaves it empty, which is a state like any other.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
