//! The door before the window: where the last starts all failed, a person says how to go on before
//! anything is loaded. Otherwise the window opens at once.

use super::language::Language;
use super::texts::Texts;
use super::theme::{Theme, space};
use super::widgets::{Art, paint_picture, primary_button};
use super::{AppConfig, LgdApp, fonts};
use crate::job::instance::Instance;
use eframe::{egui, egui_wgpu};
use egui::{CentralPanel, Frame, Rect, RichText, ScrollArea, Sense, Ui, vec2};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Width of the words.
const WIDTH: f32 = 460.0;
/// Height of the words and the buttons.
const WORDS: f32 = 330.0;
/// A smaller drawing shows nothing.
const LEAST_ART: f32 = 60.0;

/// The program behind its door.
pub struct Door {
    /// What is asked, until it is answered.
    closed: Option<Closed>,
    app: Option<LgdApp>,
    /// Why the window did not open.
    failed: Option<String>,
    /// Becomes true when the system wants the program to end.
    ending: Arc<AtomicBool>,
    /// Hears other starts of the program, once there is a window to tell.
    instance: Option<Instance>,
}

struct Closed {
    config: AppConfig,
    texts: Texts,
    theme: Theme,
    art: Art,
    render: Option<egui_wgpu::RenderState>,
}

impl Door {
    /// Opens the window, or asks how to go on.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(
        cc: &eframe::CreationContext<'_>,
        mut config: AppConfig,
        language: Language,
    ) -> std::io::Result<Self> {
        let failing = config.past.keeps_failing() && !config.safe;
        // Nobody stands there to answer where visitors are.
        if failing && config.conference.is_some() {
            config.safe = true;
        } else if failing {
            let theme = Theme::load();
            theme.install(&cc.egui_ctx);
            fonts::install(&cc.egui_ctx);
            return Ok(Self {
                closed: Some(Closed {
                    config,
                    texts: Texts::of(language),
                    theme,
                    art: Art::load(&cc.egui_ctx),
                    render: cc.wgpu_render_state.clone(),
                }),
                app: None,
                failed: None,
                ending: Arc::default(),
                instance: None,
            });
        }
        Ok(Self {
            closed: None,
            app: Some(LgdApp::new(cc, config)?),
            failed: None,
            ending: Arc::default(),
            instance: None,
        })
    }

    /// The same, closing when `ending` becomes true and a frame is asked for.
    #[must_use]
    pub fn ending_with(mut self, ending: Arc<AtomicBool>) -> Self {
        self.ending = ending;
        self
    }

    /// The same, opening the files of other starts of the program.
    #[must_use]
    pub fn listening(mut self, instance: Instance) -> Self {
        match &mut self.app {
            Some(app) => app.listen(instance),
            None => self.instance = Some(instance),
        }
        self
    }

    /// The window, once it is open.
    pub fn app(&self) -> Option<&LgdApp> {
        self.app.as_ref()
    }

    fn open(&mut self, ctx: &egui::Context, safe: bool) {
        let Some(closed) = self.closed.take() else {
            return;
        };
        let mut config = closed.config;
        config.safe = safe;
        // It was dealt with here.
        config.past.bad_end = None;
        match LgdApp::open(ctx, closed.render.as_ref(), config) {
            Ok(mut app) => {
                if let Some(instance) = self.instance.take() {
                    app.listen(instance);
                }
                self.app = Some(app);
            }
            Err(error) => self.failed = Some(error.to_string()),
        }
    }
}

impl Closed {
    /// The question; how to go on, once it is answered.
    fn ui(&self, ui: &mut Ui) -> Option<bool> {
        let tokens = self.theme.tokens(ui.ctx());
        let text = |id| self.texts.get(id);
        let mut answer = None;
        CentralPanel::default()
            .frame(Frame::new().fill(tokens.background))
            .show(ui, |ui| {
                // In a small window the words and what can be pressed come before the drawing.
                let spare = (ui.available_height() - WORDS).max(0.0);
                let side = spare.min(180.0);
                let column = |ui: &mut Ui| {
                    ui.add_space(((spare - side) * 0.4).max(space::S));
                    if side >= LEAST_ART {
                        let (place, _) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
                        let painter = ui.painter();
                        painter.circle_filled(place.center(), side * 0.49, tokens.art);
                        let size = vec2(0.58, 0.73) * side;
                        let drawing = Rect::from_center_size(place.center(), size);
                        paint_picture(painter, &self.art.sad_cat, drawing, 0);
                        ui.add_space(space::L);
                    }
                    ui.set_max_width(WIDTH);
                    ui.heading(text("door-title"));
                    ui.add_space(space::XS);
                    ui.label(text("door-text"));
                    ui.add_space(space::XS);
                    let small = RichText::new(text("door-safe")).color(tokens.text_weak);
                    ui.label(small);
                    ui.add_space(space::L);
                    let size = vec2(260.0, 38.0);
                    if primary_button(ui, tokens, &text("last-end-safe"), "", size, true).clicked()
                    {
                        answer = Some(true);
                    }
                    ui.add_space(space::S);
                    let usual = egui::Button::new(text("door-usual")).min_size(size);
                    if ui.add(usual).clicked() {
                        answer = Some(false);
                    }
                };
                ScrollArea::vertical()
                    .auto_shrink(false)
                    .show(ui, |ui| ui.vertical_centered(column));
            });
        answer
    }
}

impl eframe::App for Door {
    fn logic(&mut self, ctx: &egui::Context, frame: &mut eframe::Frame) {
        if self.ending.load(Ordering::Relaxed) {
            ctx.send_viewport_cmd(egui::ViewportCommand::Close);
        }
        if let Some(app) = &mut self.app {
            app.logic(ctx, frame);
        }
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        if let Some(app) = &mut self.app {
            app.ui(ui, frame);
        } else if let Some(safe) = self.closed.as_ref().and_then(|closed| closed.ui(ui)) {
            let ctx = ui.ctx().clone();
            self.open(&ctx, safe);
            ctx.request_repaint();
        } else if let Some(failed) = &self.failed {
            ui.label(failed);
        }
    }

    fn on_exit(&mut self) {
        match (&mut self.app, &self.closed) {
            (Some(app), _) => app.on_exit(),
            // Closed before it was answered: no start, so none that failed.
            (None, Some(closed)) => {
                if let Some(mark) = &closed.config.mark {
                    mark.end();
                }
            }
            (None, None) => {}
        }
    }
}
