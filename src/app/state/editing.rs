//! The form as it is edited: noted for undo, counted in tokens, filled by examples.

use super::{AppState, Form, Page};
use crate::app::examples;

impl AppState {
    pub(super) fn edit_form(&mut self, form: Form) {
        self.undo.note(&self.form);
        self.take_form(form);
    }

    /// Whether an edit on this page can be undone, and one done again.
    pub fn undo_possible(&self) -> (bool, bool) {
        match (self.page, &self.dataset.open) {
            (Page::Dataset, Some(open)) => open.undo_possible(),
            (Page::Dataset, None) => (false, false),
            _ => self.undo.possible(),
        }
    }

    pub(super) fn take_form(&mut self, form: Form) {
        let asked_anew = form.request.question != self.form.request.question;
        self.form = form;
        if asked_anew {
            self.count_tokens();
        }
    }

    /// Puts the first question of an example into the form, unless the person wrote their own.
    pub(super) fn suggest_question(&mut self, file: &str) {
        let current = self.form.request.question.trim();
        if (current.is_empty() || examples::is_suggestion(current))
            && let Some(question) = examples::questions(file).first()
        {
            self.form.request.question.clone_from(question);
            self.count_tokens();
        }
        if let Some(second) = &mut self.form.second
            && (second.trim().is_empty() || examples::is_suggestion(second.trim()))
            && let Some(question) = examples::questions(file).get(1)
        {
            second.clone_from(question);
        }
    }
}
