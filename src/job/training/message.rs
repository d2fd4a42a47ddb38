//! What a face asks of training runs, and what it hears.

use super::card::RunCard;
use super::health::DataHealth;
use super::history::RunHistory;
use super::{Control, Forecast, TrainConfig};
use crate::job::{DeviceChoice, DeviceFacts, Problem};
use image::RgbImage;
use std::path::PathBuf;
use std::sync::Arc;

/// What is to be done with training runs.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainingTask {
    /// Somebody looks at the runs, or nobody does any more; devices are read only for somebody.
    Watch(bool),
    /// Keep the curves of these runs up to date.
    Follow(Vec<PathBuf>),
    /// Look through a data folder; ends in `Examined`.
    Examine(PathBuf),
    /// Train two steps in a process of their own; ends in `Tried`.
    Try(Box<TrainConfig>, Vec<DeviceChoice>),
    /// End the process of `Try`; nothing is told.
    StopTrying,
    /// Make the folder of a run and queue it; ends in `Queued` or `Failed`.
    Queue {
        /// The name of the folder; a number is put behind it.
        name: String,
        /// What is trained.
        config: Box<TrainConfig>,
        /// Where: one process on each.
        devices: Vec<DeviceChoice>,
    },
    /// Queue a run that goes on.
    Resume(PathBuf),
    /// Take a run out of the queue; it stays as it is.
    Unqueue(PathBuf),
    /// The device was made free for the run that `Next` named: start its process.
    Launch(PathBuf),
    /// Ask something of a run with a process.
    Control(PathBuf, Control),
    /// Move a run without a process to the system's bin.
    Delete(PathBuf),
    /// Make a bundle of the newest checkpoint; ends in `Promoted` or `Failed`.
    Promote(PathBuf),
    /// Write the low-rank pairs of the newest checkpoint into the run's folder; ends in `LoraWritten` or
    /// `Failed`.
    ExportLora(PathBuf),
    /// Read a sample; ends in `Picture`.
    Read(PathBuf),
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum TrainingEvent {
    /// A data folder, or why it cannot be used.
    Examined(PathBuf, Result<Arc<DataHealth>, Problem>),
    /// What a run would cost, or why it would not work.
    Tried(Result<Arc<Tried>, Problem>),
    /// A run has a folder and waits.
    Queued(PathBuf),
    /// A run is next on a free device: unload what is on it, then answer with `Launch`.
    Next(PathBuf),
    /// A bundle was made of a run, with the weights of this step.
    Promoted(PathBuf, u64),
    /// The low-rank pairs of this step are in this file.
    LoraWritten(PathBuf, u64),
    /// A sample, or why it cannot be read.
    Picture(PathBuf, Result<Arc<RgbImage>, Problem>),
    /// Something could not be done.
    Failed(Problem),
}

/// A dry run.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// What it was about.
    pub config: TrainConfig,
    /// What it showed.
    pub forecast: Forecast,
    /// Bytes free where runs are kept, where the system says so.
    pub disk_free: Option<u64>,
}

/// How everything stands; only the newest is worth reading.
#[derive(Clone, Debug, Default)]
pub struct TrainingNews {
    /// All runs, the newest first.
    pub runs: Option<Arc<Vec<RunCard>>>,
    /// What changed in runs that are followed.
    pub histories: Vec<(PathBuf, Arc<RunHistory>)>,
    /// The devices.
    pub devices: Option<Arc<Vec<DeviceFacts>>>,
}
