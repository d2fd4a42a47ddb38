//! Settings and session on disk: written a moment after they changed, and only then.

use super::LgdApp;
use super::settings::to_text;
use super::state::AppState;
use crate::job::FileTask;
use eframe::egui;
use std::time::Duration;

/// How long changes wait before they are written.
const SAVE_AFTER: Duration = Duration::from_millis(800);

/// The files as they are on disk.
pub(super) struct Written {
    settings: Option<String>,
    session: Option<String>,
}

impl Written {
    /// The files that say what the state says.
    pub(super) fn of(state: &AppState) -> Self {
        Self {
            settings: to_text(&state.settings),
            session: to_text(&state.session()),
        }
    }
}

impl LgdApp {
    /// Writes what changed, now.
    pub fn save(&mut self) {
        self.changed = None;
        let Some(places) = &self.places else {
            return;
        };
        for (path, text, written) in [
            (
                places.settings_file(),
                to_text(&self.state.settings),
                &mut self.written.settings,
            ),
            (
                places.session_file(),
                to_text(&self.state.session()),
                &mut self.written.session,
            ),
        ] {
            if let Some(text) = text
                && written.as_ref() != Some(&text)
            {
                self.jobs.files(FileTask::WriteText(path, text.clone()));
                *written = Some(text);
            }
        }
    }

    pub(super) fn save_when_due(&mut self, ctx: &egui::Context) {
        let Some(changed) = self.changed else {
            return;
        };
        let waited = changed.elapsed();
        if waited >= SAVE_AFTER {
            self.save();
        } else {
            ctx.request_repaint_after(SAVE_AFTER - waited);
        }
    }
}
