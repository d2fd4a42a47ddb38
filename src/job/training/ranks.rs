//! The processes that train a run together: started here, or by a cluster.

use super::{Problem, open_device};
use crate::job::DeviceChoice;
use crate::nn::use_threads;
use crate::train::ranks::{
    Alone, Collective, Patience, RankError, Rendezvous, Star, by_mpi, local, on_device,
};
use crate::train::{Ended, follow};
use candle_core::Device;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long ranks may take to leave after a run.
const FAREWELL: Duration = Duration::from_secs(10);
/// How often they are looked at meanwhile.
const LOOK: Duration = Duration::from_millis(20);
/// The variable by which threads are counted.
const THREADS: &str = "RAYON_NUM_THREADS";

/// Who trains a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Company {
    /// This process.
    Alone(DeviceChoice),
    /// Processes of this machine, one for each of these devices; this one is the first.
    Local(Vec<DeviceChoice>),
    /// Processes that somebody else started; this one is rank 0.
    Cluster(Rendezvous, DeviceChoice),
}

impl From<DeviceChoice> for Company {
    fn from(device: DeviceChoice) -> Self {
        Self::Alone(device)
    }
}

/// The place of this process among the ranks that `srun`, `mpirun`, `torchrun` or this program started;
/// none for a process that was started alone.
///
/// # Errors
/// When the variables contradict each other.
pub fn rendezvous() -> Result<Option<Rendezvous>, Problem> {
    Rendezvous::find(|name| std::env::var(name).ok())
}

/// The devices of `ranks` processes of this machine: a card for each where `device` leaves the choice and
/// there are cards, else that device for all.
///
/// # Errors
/// When there are fewer cards than ranks.
pub fn devices_for(ranks: usize, device: DeviceChoice) -> Result<Vec<DeviceChoice>, Problem> {
    let cards = match device {
        DeviceChoice::Auto => cards(),
        _ => Vec::new(),
    };
    match cards.len() {
        0 => Ok(vec![device; ranks]),
        count if count < ranks => Err(Problem::new(format!(
            "There are {count} cards for {ranks} ranks; each needs one of its own."
        ))
        .hint(format!("Use --ranks {count}, or --device cpu."))),
        _ => Ok(cards.into_iter().take(ranks).collect()),
    }
}

/// The devices of a list, `cuda:0,cuda:1`; what is none is left out.
pub fn device_list(text: &str) -> Vec<DeviceChoice> {
    let names = text.split(',').map(str::trim);
    names.filter_map(|name| name.parse().ok()).collect()
}

/// Devices as such a list.
pub fn listed(devices: &[DeviceChoice]) -> String {
    let names: Vec<String> = devices.iter().map(DeviceChoice::to_string).collect();
    names.join(",")
}

fn cards() -> Vec<DeviceChoice> {
    let all = DeviceChoice::available().into_iter();
    all.filter(|device| matches!(device, DeviceChoice::Cuda(_)))
        .collect()
}

/// The device of a rank that a cluster started: the card of its number, where several are to be seen.
fn device_of(place: &Rendezvous, device: DeviceChoice) -> DeviceChoice {
    let cards = match device {
        DeviceChoice::Auto => cards(),
        _ => Vec::new(),
    };
    match cards.len() {
        0 => device,
        count => cards
            .get(place.local_rank % count)
            .copied()
            .unwrap_or(device),
    }
}

/// Trains as one of the ranks behind rank 0, until that ends the run.
///
/// # Errors
/// When rank 0 is lost, or this rank cannot go on.
pub fn train_along(place: &Rendezvous, device: DeviceChoice) -> Result<Ended, Problem> {
    let choice = device_of(place, device);
    super::on_large_stack(|| {
        if let Some(ranks) = by_mpi(place, Patience::default())? {
            return follow(ranks, &open_device(choice)?);
        }
        let mut star = Star::meet(place, Patience::default())?;
        match open_device(choice) {
            Ok(device) => follow(on_device(star, &device)?, &device),
            Err(problem) => {
                star.leave(&problem.message);
                Err(problem)
            }
        }
    })
}

impl Company {
    /// How many there are.
    pub fn ranks(&self) -> usize {
        match self {
            Self::Alone(_) => 1,
            Self::Local(devices) => devices.len().max(1),
            Self::Cluster(place, _) => place.ranks,
        }
    }

    /// The device of this process.
    pub fn device(&self) -> DeviceChoice {
        match self {
            Self::Alone(device) => *device,
            Self::Local(devices) => devices.first().copied().unwrap_or_default(),
            Self::Cluster(place, device) => device_of(place, *device),
        }
    }

    /// The devices of this machine that no other run may have meanwhile, each once.
    pub(super) fn held(&self) -> Vec<DeviceChoice> {
        let mut held = Vec::new();
        let all = match self {
            Self::Local(devices) => devices.clone(),
            _ => vec![self.device()],
        };
        for device in all {
            if !held.contains(&device) {
                held.push(device);
            }
        }
        held
    }

    /// Brings everybody together; `run` is the folder of the run, for those who look at the processes.
    pub(super) fn meet(
        &self,
        device: &Device,
        run: &Path,
    ) -> Result<(Box<dyn Collective>, Helpers), Problem> {
        match self {
            Self::Alone(_) => Ok((Box::new(Alone), Helpers::default())),
            Self::Cluster(place, _) => {
                if let Some(ranks) = by_mpi(place, Patience::default())? {
                    return Ok((ranks, Helpers::default()));
                }
                let star = Star::meet(place, Patience::default())?;
                Ok((on_device(star, device)?, Helpers::default()))
            }
            Self::Local(devices) => {
                let (listener, place) = local(devices.len())?;
                let (star, helpers) = start(devices, &listener, &place, run)?;
                Ok((on_device(star, device)?, helpers))
            }
        }
    }

    /// Leaves each rank its share of the processor's cores.
    pub(super) fn share_processor(&self) {
        if let Self::Local(devices) = self
            && let Some(threads) = threads_each(devices)
            && std::env::var_os(THREADS).is_none()
            && !use_threads(threads)
        {
            tracing::debug!("the threads were counted already");
        }
    }
}

/// Threads of a rank on the processor, where several are on it.
fn threads_each(devices: &[DeviceChoice]) -> Option<usize> {
    let on_processor = |device: &&DeviceChoice| {
        matches!(device, DeviceChoice::Cpu)
            || matches!(device, DeviceChoice::Auto) && cards().is_empty()
    };
    let count = devices.iter().filter(on_processor).count();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (count > 1).then(|| (cores / count).max(1))
}

/// Starts the ranks behind this one.
fn start(
    devices: &[DeviceChoice],
    listener: &TcpListener,
    place: &Rendezvous,
    run: &Path,
) -> Result<(Star, Helpers), Problem> {
    let not_started = |e: std::io::Error| {
        Problem::new(format!("A rank cannot be started: {e}."))
            .hint("Make room in memory, or train with fewer ranks.")
    };
    let program = std::env::current_exe().map_err(not_started)?;
    let threads = threads_each(devices).filter(|_| std::env::var_os(THREADS).is_none());
    let mut helpers = Helpers::default();
    for (rank, device) in devices.iter().enumerate().skip(1) {
        let mut command = Command::new(&program);
        command
            .arg("train")
            .arg("--resume")
            .arg(run)
            .args(["--device", &device.to_string()])
            .envs(place.variables(rank))
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if let Some(threads) = threads {
            command.env(THREADS, threads.to_string());
        }
        helpers.0.push(command.spawn().map_err(not_started)?);
    }
    let star = Star::host(listener, place, Patience::default(), &mut || {
        helpers.all_there()
    })?;
    Ok((star, helpers))
}

/// Processes that this one started; they are gone when this is dropped.
#[derive(Default)]
pub(super) struct Helpers(Vec<Child>);

impl Helpers {
    fn all_there(&mut self) -> Result<(), RankError> {
        for (index, child) in self.0.iter_mut().enumerate() {
            if let Ok(Some(status)) = child.try_wait() {
                let text = format!("rank {} ended before it came ({status})", index + 1);
                return Err(RankError::Apart(text));
            }
        }
        Ok(())
    }
}

impl Drop for Helpers {
    fn drop(&mut self) {
        let until = Instant::now() + FAREWELL;
        for child in &mut self.0 {
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < until {
                std::thread::sleep(LOOK);
            }
            if matches!(child.try_wait(), Ok(None)) {
                tracing::warn!("a rank does not leave and is ended");
                if let Err(error) = child.kill().and_then(|()| child.wait().map(drop)) {
                    tracing::warn!(%error, "a rank cannot be ended");
                }
            }
        }
    }
}
