//! Looks at one state of the window in every theme, language, size and scale: writes a picture of each,
//! or finds what is wrong with its texts.

use super::texts::{complaints, rows_on_screen};
use crate::window::{Outcome, Window, state};
use eframe::egui;
use egui::vec2;
use egui_kittest::Harness;
use lgd_studio::app::{Action, LanguageChoice, Settings, ThemeChoice};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Seconds that pass from frame to frame: enough for what moves to come to rest, and little enough for
/// what passes to stay.
const FRAME: f64 = 0.04;
/// Frames until everything lies where it stays.
const SETTLED: usize = 8;

/// How a window is looked at.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub theme: ThemeChoice,
    pub language: LanguageChoice,
    /// Of the window, in pixels.
    pub size_px: [f32; 2],
    /// Of the interface.
    pub scale: f32,
}

impl View {
    /// As in the name of a file.
    fn name(&self) -> String {
        let language = match self.language {
            LanguageChoice::Chinese => "zh",
            LanguageChoice::English | LanguageChoice::System => "en",
        };
        let theme = match self.theme {
            ThemeChoice::Dark => "dark",
            ThemeChoice::Light | ThemeChoice::System => "light",
        };
        let [width, height] = self.size_px;
        let percent = 100.0 * self.scale;
        format!("{theme}-{language}-{width}x{height}-{percent}")
    }

    /// Of the window, in points.
    pub fn points(&self) -> egui::Vec2 {
        let [width, height] = self.size_px;
        vec2(width, height) / self.scale
    }
}

/// All combinations of what a person may choose; sizes and scales in pairs.
fn views(themes: &[ThemeChoice], sizes: &[([f32; 2], f32)]) -> Vec<View> {
    let mut views = Vec::new();
    for language in [LanguageChoice::English, LanguageChoice::Chinese] {
        for &(size_px, scale) in sizes {
            for &theme in themes {
                views.push(View {
                    theme,
                    language,
                    size_px,
                    scale,
                });
            }
        }
    }
    views
}

/// What is done with what is seen.
enum Purpose {
    /// Pictures go into this folder.
    Draw(PathBuf),
    /// What is wrong is collected.
    Check(String),
}

/// Goes with a window from state to state.
pub struct Camera {
    purpose: Purpose,
    views: Vec<View>,
}

impl Camera {
    /// Finds what is wrong with texts, as fast as frames are laid out.
    pub fn checking() -> Self {
        let sizes = [
            ([1280.0, 800.0], 1.0),
            // So high that nothing has to scroll up and down: every text is measured.
            ([1280.0, 3000.0], 1.0),
            ([1280.0, 800.0], 2.0),
            ([2560.0, 1440.0], 2.0),
            // As small as pages get before the window scrolls over them.
            ([1240.0, 700.0], 1.0),
        ];
        Self {
            purpose: Purpose::Check(String::new()),
            views: views(&[ThemeChoice::Light], &sizes),
        }
    }

    /// Writes pictures into `folder`; of every view whose name contains `only`.
    pub fn drawing(folder: PathBuf, only: &str) -> std::io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let sizes = [
            ([1280.0, 800.0], 1.0),
            ([1280.0, 800.0], 2.0),
            ([2560.0, 1440.0], 1.0),
            ([2560.0, 1440.0], 2.0),
        ];
        let mut views = views(&[ThemeChoice::Light, ThemeChoice::Dark], &sizes);
        views.retain(|view| view.name().contains(only));
        Ok(Self {
            purpose: Purpose::Draw(folder),
            views,
        })
    }

    /// Looks at the window as it is now, and gives it back as it was.
    pub fn look(&mut self, window: &mut Window, page: &str) -> Outcome {
        let before = state(window).settings.clone();
        let size = window.ctx.content_rect().size();
        for view in self.views.clone() {
            dress(window, &before, &view);
            settle(window);
            self.take(window, page, &view)?;
        }
        window.state_mut().act(edit(&before, &before));
        window.run_steps(2);
        window.set_size(size);
        settle(window);
        window.input_mut().time = None;
        // Else the next window might begin in the language of the last view.
        window.state_mut().save();
        Ok(())
    }

    /// The same for a window that has no settings yet: `open` opens it in a language.
    pub fn look_at_new<S: eframe::App>(
        &mut self,
        page: &str,
        mut open: impl FnMut(&View) -> Harness<'static, S>,
    ) -> Outcome {
        for view in self.views.clone() {
            let mut window = open(&view);
            window.ctx.set_theme(match view.theme {
                ThemeChoice::Dark => egui::Theme::Dark,
                ThemeChoice::Light | ThemeChoice::System => egui::Theme::Light,
            });
            window.ctx.set_zoom_factor(view.scale);
            window.run_steps(2);
            window.set_size(view.points());
            settle(&mut window);
            self.take(&mut window, page, &view)?;
        }
        Ok(())
    }

    fn take<S>(&mut self, window: &mut Harness<'_, S>, page: &str, view: &View) -> Outcome {
        let name = format!("{page}-{}", view.name());
        match &mut self.purpose {
            Purpose::Draw(folder) => {
                window.render()?.save(folder.join(format!("{name}.png")))?;
                let mut notes = String::new();
                for row in rows_on_screen(window) {
                    let kinds = [(row.elided, "elided"), (row.orphan, "one word alone")];
                    for (_, kind) in kinds.iter().filter(|(is, _)| *is) {
                        let at = row.ink.min;
                        writeln!(notes, "{kind}: {:?} at {at:?}", row.text)?;
                    }
                }
                for complaint in complaints(window) {
                    writeln!(notes, "{complaint}")?;
                }
                if !notes.is_empty() {
                    std::fs::write(folder.join(format!("{name}.txt")), notes)?;
                }
            }
            Purpose::Check(found) => {
                for complaint in complaints(window) {
                    writeln!(found, "{name}: {complaint}")?;
                }
            }
        }
        Ok(())
    }

    /// Fails with everything that was found.
    pub fn verdict(self) -> Outcome {
        match self.purpose {
            Purpose::Check(found) if !found.is_empty() => Err(found.into()),
            _ => Ok(()),
        }
    }
}

fn edit(settings: &Settings, look: &Settings) -> Action {
    Action::EditSettings(Box::new(Settings {
        theme: look.theme,
        language: look.language,
        scale: look.scale,
        ..settings.clone()
    }))
}

fn dress(window: &mut Window, settings: &Settings, view: &View) {
    let look = Settings {
        theme: view.theme,
        language: view.language,
        scale: view.scale,
        ..settings.clone()
    };
    window.state_mut().act(edit(settings, &look));
    // The frame after the one that takes it up has a size of its own.
    window.run_steps(2);
    // The same pixels are fewer points then.
    window.set_size(view.points());
}

/// Lets everything come to rest while hardly any time passes.
fn settle<S>(window: &mut Harness<'_, S>) {
    // Nothing is under the pointer, so no tooltip lies over anything.
    window.event(egui::Event::PointerGone);
    for _ in 0..SETTLED {
        let now = window.ctx.input(|input| input.time);
        window.input_mut().time = Some(now + FRAME);
        window.step();
    }
}
