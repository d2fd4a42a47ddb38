//! Performs what the state decided: the only place of the window that talks to the jobs.

use super::Texts;
use super::state::{Action, Effect};
use crate::job::{Captions, FileTask, Jobs};

/// Performs an effect; what the state has to learn from it comes back as an action.
pub fn perform(effect: Effect, jobs: &mut Jobs, texts: &Texts) -> Option<Action> {
    match effect {
        Effect::Submit(ticket, spec) => Some(Action::Submitted(ticket, jobs.submit(spec))),
        Effect::Draw(ticket, spec, draft) => {
            Some(Action::Submitted(ticket, jobs.submit_kept(spec, *draft)))
        }
        Effect::Order(order) => {
            jobs.order(&order);
            None
        }
        Effect::Hold(held) => {
            jobs.hold(held);
            None
        }
        Effect::Use(resources) => {
            jobs.set_resources(resources);
            None
        }
        Effect::Cancel(job) => {
            jobs.cancel(job);
            None
        }
        Effect::Files(mut task) => {
            if let FileTask::PickExport(export) = &mut task {
                export.captions = Captions::said_by(|english| texts.words(english).into_owned());
            }
            jobs.files_in(task, &|english| texts.words(english).into_owned());
            None
        }
        Effect::Make(ticket, task) => Some(Action::Submitted(ticket, jobs.make(task))),
        Effect::Training(task) => {
            jobs.training(task);
            None
        }
        Effect::Dataset(task) => {
            jobs.dataset(task);
            None
        }
        Effect::Care(task) => {
            jobs.care(task);
            None
        }
        Effect::Library(task) => {
            jobs.library(task);
            None
        }
    }
}
