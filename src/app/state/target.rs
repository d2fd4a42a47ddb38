//! The picture that answers are compared with.

use super::{Action, AppState, Effect, Run};
use crate::job::{FileTask, Target};
use std::path::PathBuf;
use std::sync::Arc;

/// What a person does with the target picture.
#[derive(Clone, Debug)]
pub enum TargetAction {
    /// Chooses one in a dialog.
    Pick,
    /// Opens a file.
    Open(PathBuf),
    /// Opens dropped bytes with their name.
    OpenBytes(String, Arc<[u8]>),
    /// Takes it away.
    Remove,
}

impl From<TargetAction> for Action {
    fn from(action: TargetAction) -> Self {
        Self::Target(action)
    }
}

impl AppState {
    /// Performs what a person does with the target. It belongs to the run and has its size.
    pub(super) fn apply_to_target(&mut self, action: TargetAction) -> Vec<Effect> {
        let Some(run) = &mut self.run else {
            return Vec::new();
        };
        let size = run.frame.display.dimensions();
        vec![Effect::Files(match action {
            TargetAction::Pick => FileTask::PickTarget(size),
            TargetAction::Open(path) => FileTask::OpenTarget(path, size),
            TargetAction::OpenBytes(name, bytes) => FileTask::OpenTargetBytes(name, bytes, size),
            TargetAction::Remove => {
                run.target = None;
                return self.keep_run();
            }
        })]
    }

    /// Takes in a target that was opened, unless the run it was made for has another size.
    pub(super) fn target_opened(&mut self, target: Arc<Target>) -> Vec<Effect> {
        let size = target.picture.dimensions();
        let fits = |run: &&mut Run| run.frame.display.dimensions() == size;
        let Some(run) = self.run.as_mut().filter(fits) else {
            return Vec::new();
        };
        run.target = Some(target);
        self.keep_run()
    }
}
