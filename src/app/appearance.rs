//! What the settings say of the look, brought to the window: theme, size, language, motion.

use super::settings::ThemeChoice;
use super::{LgdApp, Texts, theme};
use eframe::egui;
use egui::ThemePreference;

impl LgdApp {
    pub(super) fn apply_look(&mut self, ctx: &egui::Context) {
        let full_screen = self.state.conference.is_some();
        if self.full_screen != full_screen {
            self.full_screen = full_screen;
            ctx.send_viewport_cmd(egui::ViewportCommand::Fullscreen(full_screen));
        }
        let language = self.state.settings.language;
        let language = language.language(self.locale.as_deref());
        if self.texts.language() != language {
            // Every text is looked up when it is drawn, so the next frame has the other language.
            self.texts = Texts::of(language).in_zone(self.texts.zone().clone());
        }
        let settings = &self.state.settings;
        let reduced = settings.motion.reduced(self.state.system_reduces_motion);
        let look = (settings.theme, settings.scale, reduced);
        if self.applied == Some(look) {
            return;
        }
        let before = self.applied.replace(look);
        ctx.set_theme(match look.0 {
            ThemeChoice::System => ThemePreference::System,
            ThemeChoice::Light => ThemePreference::Light,
            ThemeChoice::Dark => ThemePreference::Dark,
        });
        ctx.set_zoom_factor(look.1);
        if before.is_some_and(|(_, _, reduced)| reduced) != look.2 {
            theme::set_motion(ctx, !look.2);
        }
    }
}
