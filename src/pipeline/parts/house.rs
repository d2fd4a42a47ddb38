//! What the places of all networks share: the plan, who has to leave for whom, and the progress of
//! loading.

use super::super::lgd::{failed, no_room};
use super::super::memory::{MemoryPlan, MemorySize};
use super::super::{Component, EditError};
use crate::nn::device::Precision;
use crate::nn::give_back_freed_memory;
use crate::nn::room::{self, Room};
use candle_core::{DType, Device};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

/// Networks that are needed at different times; those of one turn are needed together. What has no
/// turn always stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Reading the frame.
    Eyes,
    /// Reading texts; the second editor's CLIP among them, because a run may want both by turns.
    Encoder,
    /// Writing an answer.
    Writer,
    /// Drawing.
    Unet,
    /// Drawing with the second editor, its own VAE included.
    SecondEditor,
}

/// How far loading is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadProgress {
    /// Bytes that are there.
    pub done: u64,
    /// Bytes in all.
    pub total: u64,
    /// Estimated seconds until they are there; nothing at the very start.
    pub seconds_left: Option<f64>,
}

/// Hears how far loading is, on the thread that loads or on its helpers.
pub type LoadListener = Arc<dyn Fn(LoadProgress) + Send + Sync>;

/// Says how much memory a device has, where the system knows; what tests put in its place. An error is
/// one of the device, which may be lost.
pub type Gauge = Arc<dyn Fn(&Device) -> candle_core::Result<Option<Room>> + Send + Sync>;

/// What may be used, and how that is found out.
#[derive(Clone)]
pub struct MemoryRules {
    /// The most bytes the process may hold (a GPU: the networks on it), as a person set it.
    pub limit: Option<MemorySize>,
    /// The numbers in which the large networks compute.
    pub precision: Precision,
    /// How much memory the device has.
    pub gauge: Gauge,
}

impl Default for MemoryRules {
    fn default() -> Self {
        Self {
            limit: None,
            precision: Precision::default(),
            gauge: Arc::new(room::room),
        }
    }
}

impl std::fmt::Debug for MemoryRules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MemoryRules({:?}, {})", self.limit, self.precision)
    }
}

/// A place whose network can be asked to leave.
pub(super) trait Tenant: Send + Sync {
    /// Drops the network, if it is held. True if it was.
    fn leave(&self) -> bool;
    /// Bytes it holds now.
    fn holds(&self) -> u64;
}

/// A place and its turn; a pipeline that is dropped takes its places with it.
type Place = (Option<Turn>, Weak<dyn Tenant>);

/// What the places share.
pub(crate) struct House {
    device: Device,
    rules: MemoryRules,
    plan: Mutex<MemoryPlan>,
    tenants: Mutex<Vec<Place>>,
    listener: Mutex<Option<LoadListener>>,
    loading: Mutex<Loading>,
}

#[derive(Default)]
struct Loading {
    done: u64,
    total: u64,
    since: Option<Instant>,
}

/// The part of the free memory that is not counted on: others live here as well.
const SPARE: u64 = 10;
/// The part of a limit by which it may be passed before work is stopped: what is held is not known
/// to the byte.
const SLACK: u64 = 20;

impl House {
    pub(super) fn new(device: Device, rules: MemoryRules) -> Self {
        Self {
            device,
            rules,
            plan: Mutex::default(),
            tenants: Mutex::default(),
            listener: Mutex::default(),
            loading: Mutex::default(),
        }
    }

    pub(super) fn device(&self) -> &Device {
        &self.device
    }

    /// The dtype of the large networks.
    pub(crate) fn large_dtype(&self) -> DType {
        self.rules.precision.dtype(&self.device)
    }

    /// Whether that network is to multiply eight-bit codes.
    pub(crate) fn coded(&self, component: Component) -> bool {
        self.rules.precision == Precision::Int8
            && matches!(component, Component::Unet | Component::SecondUnet)
    }

    pub(crate) fn plan(&self) -> MemoryPlan {
        *lock(&self.plan)
    }

    /// Goes by another plan from now on; what does not fit it leaves.
    pub(crate) fn set_plan(&self, plan: MemoryPlan) {
        let before = std::mem::replace(&mut *lock(&self.plan), plan);
        if plan.language_bits != before.language_bits {
            self.leave(|turn| matches!(turn, Some(Turn::Encoder | Turn::Writer)));
        }
        if plan.one_at_a_time {
            self.vacate();
        }
    }

    /// Who hears how far loading is, from now on.
    pub(crate) fn set_listener(&self, listener: Option<LoadListener>) {
        *lock(&self.listener) = listener;
    }

    pub(super) fn add(&self, turn: Option<Turn>, tenant: Weak<dyn Tenant>) {
        lock(&self.tenants).push((turn, tenant));
    }

    /// Under a plan that holds one network at a time, everything leaves that has a turn.
    pub(crate) fn vacate(&self) {
        if self.plan().one_at_a_time {
            self.leave(|turn| turn.is_some());
        }
    }

    /// Under a plan that holds one network at a time, everything leaves that has another turn.
    pub(super) fn make_room_for(&self, own: Option<Turn>) {
        if self.plan().one_at_a_time && own.is_some() {
            self.leave(|turn| turn.is_some() && turn != own);
        }
    }

    fn leave(&self, who: impl Fn(Option<Turn>) -> bool) {
        let mut left = false;
        for (turn, tenant) in &*lock(&self.tenants) {
            if who(*turn)
                && let Some(tenant) = tenant.upgrade()
            {
                left |= tenant.leave();
            }
        }
        if left {
            give_back_freed_memory();
        }
    }

    /// Bytes of all networks that are held.
    fn weights(&self) -> u64 {
        let tenants = lock(&self.tenants);
        let held = tenants.iter().filter_map(|(_, tenant)| tenant.upgrade());
        held.map(|tenant| tenant.holds()).sum()
    }

    /// Bytes that networks and their work may take in all, those that are held included; nothing
    /// where neither the system nor a person says.
    pub(crate) fn budget(&self) -> Option<u64> {
        // A device that does not answer says so again when it is used.
        let room = (self.rules.gauge)(&self.device).unwrap_or_else(|error| {
            tracing::warn!(%error, "the device does not say how much memory is free");
            None
        });
        let free = room.map(|room| {
            let own = if self.device.is_cpu() {
                room::held().map_or(0, |held| held.now)
            } else {
                self.weights()
            };
            room.free - room.free / SPARE + own
        });
        match (free, self.rules.limit) {
            (Some(free), Some(limit)) => Some(free.min(limit.0)),
            (free, limit) => free.or(limit.map(|limit| limit.0)),
        }
    }

    /// The limit a person set.
    pub(crate) fn limit(&self) -> Option<MemorySize> {
        self.rules.limit
    }

    /// Whether `more` bytes can be taken.
    ///
    /// # Errors
    /// [`EditError::NoRoom`] when they cannot, [`EditError::Lost`] when the device does not answer.
    pub(crate) fn check(&self, more: u64) -> Result<(), EditError> {
        if let Some(limit) = self.rules.limit
            && self.device.is_cpu()
            && let Some(held) = room::held()
            && held.now + more > limit.0 + limit.0 / SLACK
        {
            return Err(no_room(&format!(
                "{} are needed, but the limit is {limit}",
                MemorySize(held.now + more)
            )));
        }
        let room = match more {
            0 => None,
            _ => (self.rules.gauge)(&self.device).map_err(failed)?,
        };
        match room {
            Some(room) if room.free < more => Err(no_room(&format!(
                "{} more are needed, but {} are free",
                MemorySize(more),
                MemorySize(room.free)
            ))),
            _ => Ok(()),
        }
    }

    /// So many bytes will be loaded from now on.
    pub(crate) fn expect(&self, total: u64) {
        *lock(&self.loading) = Loading {
            done: 0,
            total,
            since: Some(Instant::now()),
        };
    }

    /// A network of so many bytes is loaded now. On its own, unless more is expected.
    pub(super) fn begin(&self, bytes: u64) {
        let over = {
            let loading = lock(&self.loading);
            loading.done >= loading.total
        };
        if over {
            self.expect(bytes);
        }
    }

    /// So many bytes more are there.
    pub(super) fn loaded(&self, bytes: u64) {
        let progress = {
            let mut loading = lock(&self.loading);
            loading.done = (loading.done + bytes).min(loading.total);
            let elapsed = loading
                .since
                .map_or(0.0, |since| since.elapsed().as_secs_f64());
            let left = loading.total - loading.done;
            LoadProgress {
                done: loading.done,
                total: loading.total,
                seconds_left: (loading.done > 0)
                    .then(|| elapsed * left as f64 / loading.done as f64),
            }
        };
        let listener = lock(&self.listener).clone();
        if let Some(listener) = listener {
            listener(progress);
        }
    }
}

/// The lists here are whole at every moment, whatever panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
