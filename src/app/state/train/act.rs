//! What a person does with training.

use super::{Sample, Train, TrainAction, TrainDraft, Trial, ask};
use crate::app::state::{AppState, Effect};
use crate::job::training::{Control, TrainingTask};
use crate::job::{FileTask, FolderUse};
use std::path::{Path, PathBuf};

impl AppState {
    /// Does what a person asked of training.
    pub(in crate::app::state) fn act_on_training(&mut self, action: TrainAction) -> Vec<Effect> {
        let train = &mut self.train;
        match action {
            TrainAction::New => return self.show_training_run(None),
            TrainAction::Select(run) => return self.show_training_run(Some(run)),
            TrainAction::Edit(draft) => train.edit(*draft),
            TrainAction::Preset(preset) => {
                let draft = train.draft.with_preset(preset);
                train.undo.settle();
                train.edit(draft);
            }
            TrainAction::Undo => {
                if let Some(draft) = train.undo.back(&train.draft) {
                    train.take(draft);
                    return train.examine_again();
                }
            }
            TrainAction::Redo => {
                if let Some(draft) = train.undo.forward(&train.draft) {
                    train.take(draft);
                    return train.examine_again();
                }
            }
            TrainAction::PickData => {
                return vec![Effect::Files(FileTask::PickFolder(FolderUse::TrainingData))];
            }
            TrainAction::Examine(folder) => {
                let mut draft = train.draft.clone();
                draft.data = folder.display().to_string();
                // A chosen folder is a step of its own.
                train.undo.settle();
                train.edit(draft);
                train.undo.settle();
                train.selected = None;
                train.examining = Some(folder.clone());
                return ask(TrainingTask::Examine(folder));
            }
            TrainAction::Try => {
                if train.try_blocked().is_none() {
                    train.trial = Trial::Running;
                    let config = Box::new(train.draft.config.clone());
                    return ask(TrainingTask::Try(config, train.chosen_devices()));
                }
            }
            TrainAction::StopTrying => {
                train.trial = Trial::None;
                return ask(TrainingTask::StopTrying);
            }
            TrainAction::Start => {
                if train.start_blocked().is_none() {
                    return ask(TrainingTask::Queue {
                        name: train.draft.name.trim().to_owned(),
                        config: Box::new(train.draft.config.clone()),
                        devices: train.chosen_devices(),
                    });
                }
            }
            TrainAction::Compare(run) => {
                train.compared = run;
                return ask(train.followed());
            }
            TrainAction::Resume(run) => return ask(TrainingTask::Resume(run)),
            TrainAction::Unqueue(run) => return ask(TrainingTask::Unqueue(run)),
            TrainAction::Control(run, control) => return ask(TrainingTask::Control(run, control)),
            TrainAction::AskDiscard(run) => train.confirming = Some(run),
            TrainAction::Discard(yes) => return train.discard(yes),
            TrainAction::Promote(run) => {
                train.promoting = Some(run.clone());
                return ask(TrainingTask::Promote(run));
            }
            TrainAction::ExportLora(run) => {
                train.promoting = Some(run.clone());
                return ask(TrainingTask::ExportLora(run));
            }
            TrainAction::Reuse(run) => return self.reuse(&run),
            TrainAction::Wall(step) => train.wall = step,
            TrainAction::Read(paths) => return train.read(paths),
        }
        Vec::new()
    }

    pub(super) fn show_training_run(&mut self, run: Option<PathBuf>) -> Vec<Effect> {
        let train = &mut self.train;
        train.confirming = None;
        if train.selected == run {
            return Vec::new();
        }
        if train.compared == run {
            train.compared = None;
        }
        train.selected = run;
        train.wall = None;
        train.samples.clear();
        let kept = [&train.selected, &train.compared];
        train
            .histories
            .retain(|known, _| kept.iter().any(|run| run.as_ref() == Some(known)));
        ask(train.followed())
    }

    fn reuse(&mut self, run: &Path) -> Vec<Effect> {
        let Some(card) = self.train.run(run) else {
            return Vec::new();
        };
        let Ok(config) = &card.config else {
            return Vec::new();
        };
        let draft = TrainDraft::of_run(&card.name, config, &card.devices);
        self.train.undo.settle();
        self.train.edit(draft);
        let mut effects = self.show_training_run(None);
        effects.extend(self.train.examine_again());
        effects
    }
}

impl Train {
    /// Looks through the data folder of the form, where that was not done.
    fn examine_again(&mut self) -> Vec<Effect> {
        let folder = PathBuf::from(self.draft.data.trim());
        if self.health.is_some() || folder.as_os_str().is_empty() {
            return Vec::new();
        }
        self.examining = Some(folder.clone());
        ask(TrainingTask::Examine(folder))
    }

    fn discard(&mut self, yes: bool) -> Vec<Effect> {
        let Some(run) = self.confirming.take().filter(|_| yes) else {
            return Vec::new();
        };
        let live = self.run(&run).is_some_and(|card| card.state.is_live());
        ask(match live {
            true => TrainingTask::Control(run, Control::Discard),
            false => TrainingTask::Delete(run),
        })
    }

    fn read(&mut self, paths: Vec<PathBuf>) -> Vec<Effect> {
        let mut effects = Vec::new();
        for path in paths {
            if !self.samples.contains_key(&path) {
                self.samples.insert(path.clone(), Sample::Reading);
                effects.extend(ask(TrainingTask::Read(path)));
            }
        }
        effects
    }
}
