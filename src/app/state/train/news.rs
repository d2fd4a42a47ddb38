//! What training reports.

use super::{Sample, Trial, ask};
use crate::app::state::{AppState, Effect, NoticeKind, Ticket};
use crate::job::training::{TrainingEvent, TrainingNews, TrainingTask};
use crate::job::{JobId, JobSpec};
use std::path::{Path, PathBuf};

impl AppState {
    /// Takes in what the thread of training reports.
    pub(in crate::app::state) fn on_training_event(&mut self, event: TrainingEvent) -> Vec<Effect> {
        let train = &mut self.train;
        match event {
            TrainingEvent::Examined(folder, found) => {
                // A late report about another folder.
                if Path::new(train.draft.data.trim()) == folder {
                    train.examining = None;
                    if let Ok(health) = &found {
                        train.data_known(health);
                    }
                    train.health = Some(found);
                }
            }
            TrainingEvent::Tried(found) => {
                if matches!(train.trial, Trial::Running) {
                    train.trial = Trial::Done(found);
                }
            }
            TrainingEvent::Queued(run) => {
                train.trial = Trial::None;
                return self.show_training_run(Some(run));
            }
            // The models may need the memory that the run needs.
            TrainingEvent::Next(run) => {
                return vec![Effect::Submit(Ticket::Unload(run), JobSpec::Unload)];
            }
            TrainingEvent::Promoted(folder, step) => {
                train.promoting = None;
                self.notify(NoticeKind::Promoted(folder, step));
                return self.list_bundles();
            }
            TrainingEvent::LoraWritten(file, step) => {
                train.promoting = None;
                self.notify(NoticeKind::LoraWritten(file, step));
            }
            TrainingEvent::Picture(path, picture) => {
                if let Some(sample) = train.samples.get_mut(&path) {
                    *sample = Sample::Read(picture);
                }
            }
            TrainingEvent::Failed(problem) => {
                train.promoting = None;
                self.notify(NoticeKind::Trouble(problem));
            }
        }
        Vec::new()
    }

    /// Takes in how everything stands.
    pub fn on_training_news(&mut self, news: TrainingNews) {
        let train = &mut self.train;
        if let Some(devices) = news.devices {
            train.devices = Some(devices);
        }
        for (run, history) in news.histories {
            if [&train.selected, &train.compared].contains(&&Some(run.clone())) {
                train.histories.insert(run, history);
            }
        }
        let Some(runs) = news.runs else {
            return;
        };
        let is_there = |run: &PathBuf| runs.iter().any(|card| card.folder == *run);
        let before = train.runs.is_some();
        for shown in [
            &mut train.selected,
            &mut train.compared,
            &mut train.confirming,
        ] {
            // One that was queued just now may not be listed yet; one that was listed is gone.
            let known = train.runs.as_ref().is_some_and(|old| {
                let mut old = old.iter();
                old.any(|card| Some(&card.folder) == shown.as_ref())
            });
            if known && !shown.as_ref().is_some_and(is_there) {
                *shown = None;
            }
        }
        // A window that finds a run at work shows it.
        if !before && train.selected.is_none() {
            let live = runs.iter().find(|card| card.state.is_live());
            train.selected = live.map(|card| card.folder.clone());
        }
        train.runs = Some(runs);
    }

    /// The models left the memory: the run that needed the room may begin.
    pub(in crate::app::state) fn room_made(&mut self, job: JobId) -> Vec<Effect> {
        let waiting = &mut self.train.unloading;
        let Some(index) = waiting.iter().position(|(known, _)| *known == job) else {
            return Vec::new();
        };
        let (_, run) = waiting.remove(index);
        ask(TrainingTask::Launch(run))
    }
}
