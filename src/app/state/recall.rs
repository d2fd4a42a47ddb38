//! Pictures that say how they were drawn: the choice between their settings and their pixels, and the
//! frame that belongs to the settings.

use super::{AppState, Effect, Form, NoticeKind};
use crate::job::{FileTask, Frame, FrameFacts, FrameOrigin, FrameSearch, Problem, Recalled};
use std::path::PathBuf;

/// A picture of this program that was opened; a person has to say what for.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The picture.
    pub picture: Frame,
    /// How it was drawn.
    pub recalled: Recalled,
}

/// What to do with an opened picture of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferChoice {
    /// Put its question and numbers into the form, and find the frame it was drawn from.
    Settings,
    /// Ask about the picture itself.
    Frame,
    /// Neither.
    Nothing,
}

impl AppState {
    /// A picture that says how it was drawn (or that somebody edited it) was opened.
    pub(super) fn own_picture(&mut self, picture: Frame, recalled: Result<Box<Recalled>, Problem>) {
        self.frame.opening = false;
        match recalled {
            Ok(recalled) => {
                if self.frame.frame.is_none() {
                    // Something to look at while the choice is made.
                    self.frame_opened(picture.clone());
                }
                self.offer = Some(Offer {
                    picture,
                    recalled: *recalled,
                });
            }
            Err(problem) => {
                self.frame_opened(picture);
                self.notify(NoticeKind::NotRecalled(problem));
            }
        }
    }

    /// Does what was chosen about the picture on offer.
    pub(super) fn take_offer(&mut self, choice: OfferChoice) -> Vec<Effect> {
        let Some(Offer { picture, recalled }) = self.offer.take() else {
            return Vec::new();
        };
        match choice {
            OfferChoice::Nothing => Vec::new(),
            OfferChoice::Frame => {
                self.frame_opened(picture);
                Vec::new()
            }
            OfferChoice::Settings => {
                let form = Form::recalled(&recalled.requests, &self.form);
                self.edit_form_at_once(form);
                let facts = recalled.made.frame;
                let beside = match (&picture.origin, &facts.name) {
                    (FrameOrigin::File(path), Some(name)) => Some(path.with_file_name(name)),
                    _ => None,
                };
                self.look_for_frame(facts, beside)
            }
        }
    }

    /// Puts a form in place of the one that is there: one step to undo, whatever went on.
    pub(super) fn edit_form_at_once(&mut self, form: Form) {
        self.undo.settle();
        if form != self.form {
            self.edit_form(form);
        }
        self.undo.settle();
    }

    /// Looks for the frame that settings were used with, in the likely places and in one more file.
    pub(super) fn look_for_frame(
        &mut self,
        facts: FrameFacts,
        file: Option<PathBuf>,
    ) -> Vec<Effect> {
        let named = |path: &&PathBuf| {
            path.file_name().map(|n| n.to_string_lossy().into_owned()) == facts.name
        };
        let (likely, others): (Vec<_>, Vec<_>) =
            self.recent.iter().cloned().partition(|p| named(&p));
        let files = likely.into_iter().chain(file).chain(others);
        let open = [
            self.frame.frame.clone(),
            self.run.as_ref().map(|run| run.frame.clone()),
        ];
        let search = FrameSearch {
            files: files.collect(),
            open: open.into_iter().flatten().collect(),
            facts,
        };
        self.open(FileTask::FindFrame(Box::new(search)))
    }

    /// The frame of recalled settings is nowhere to be found.
    pub(super) fn frame_missing(&mut self, facts: FrameFacts) {
        self.frame.opening = false;
        self.notify(NoticeKind::FrameMissing(facts));
    }
}
