//! What the window and the desktop around it say to each other: title, place, focus, being closed,
//! messages, and staying awake.

use super::LgdApp;
use super::settings::WindowPlace;
use super::state::{Action, Ended, WorkKind};
use crate::job::DesktopTask;
use crate::job::instance::Instance;
use eframe::egui;
use egui::{Pos2, Rect, UserAttentionType, ViewportCommand, pos2, vec2};
use std::time::Instant;

/// Least part of a window that has to be on a monitor for its place to be taken again, in pixels: a
/// piece of the title bar that a hand can reach.
const REACHABLE: egui::Vec2 = vec2(120.0, 30.0);

/// What the desktop was told last.
pub(super) struct Desktop {
    begun: Instant,
    title: Option<String>,
    awake: bool,
    announced: usize,
}

impl Default for Desktop {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            title: None,
            awake: false,
            announced: 0,
        }
    }
}

impl LgdApp {
    /// Opens the files of other starts of the program from now on.
    pub fn listen(&mut self, instance: Instance) {
        self.jobs.listen(instance);
    }

    /// The title of the window.
    pub fn title(&self) -> &str {
        self.desktop.title.as_deref().unwrap_or_default()
    }

    /// Whether the machine is kept awake.
    pub fn is_awake(&self) -> bool {
        self.desktop.awake
    }

    /// Messages that the desktop was given so far.
    pub fn announced(&self) -> usize {
        self.desktop.announced
    }

    /// Takes the place of the last time, where a monitor is there; asks how the desktop likes motion.
    pub(super) fn join_desktop(&mut self, cc: &eframe::CreationContext<'_>) {
        let Some(window) = cc.winit_window() else {
            return; // a test has no desktop
        };
        self.jobs.desktop(DesktopTask::AskMotion);
        let WindowPlace { corner, maximized } = self.state.window_place;
        let Some([x, y]) = corner.filter(|_| !maximized) else {
            return;
        };
        let corner = pos2(x as f32, y as f32);
        let monitors = window.available_monitors().map(|monitor| {
            let (at, size) = (monitor.position(), monitor.size());
            let corner = pos2(at.x as f32, at.y as f32);
            Rect::from_min_size(corner, vec2(size.width as f32, size.height as f32))
        });
        if can_be_reached(corner, monitors) {
            let pixels_per_point = window.scale_factor() as f32 * self.state.settings.scale;
            let place = (corner.to_vec2() / pixels_per_point).to_pos2();
            cc.egui_ctx
                .send_viewport_cmd(ViewportCommand::OuterPosition(place));
        }
    }

    /// Once per frame, also while the window is hidden.
    pub(super) fn meet_desktop(&mut self, ctx: &egui::Context) {
        let (focused, closing) = ctx.input(|input| {
            let window = input.viewport();
            (window.focused.unwrap_or(true), window.close_requested())
        });
        if closing && !self.state.quitting {
            self.act(Action::Quit);
            if !self.state.quitting {
                ctx.send_viewport_cmd(ViewportCommand::CancelClose);
                self.state.raised = true;
            }
        }
        if std::mem::take(&mut self.state.raised) {
            raise(ctx, focused);
        }
        let now = self.desktop.begun.elapsed().as_secs_f64();
        for ended in self.state.watch_work(now, focused) {
            self.announce(&ended);
        }
        let awake = self.state.keeps_awake();
        if self.desktop.awake != awake {
            self.desktop.awake = awake;
            let reason = awake.then(|| self.texts.get("awake-reason").into_owned());
            self.jobs.desktop(DesktopTask::KeepAwake(reason));
        }
        let title = match self.state.percent_done() {
            Some(percent) => {
                let values = [("percent", percent.into())];
                self.texts.with("window-title-progress", &values)
            }
            None => self.texts.get("app-title").into_owned(),
        };
        if self.desktop.title.as_ref() != Some(&title) {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.desktop.title = Some(title);
        }
    }

    fn announce(&mut self, ended: &Ended) {
        let title = match (ended.kind, ended.well) {
            (WorkKind::Answers, true) => "announce-answers",
            (WorkKind::Answers, false) => "announce-answers-failed",
            (WorkKind::Evaluation, true) => "announce-evaluation",
            (WorkKind::Evaluation, false) => "announce-evaluation-failed",
            (WorkKind::Export, true) => "announce-export",
            (WorkKind::Export, false) => "announce-export-failed",
            (WorkKind::Import, true) => "announce-import",
            (WorkKind::Import, false) => "announce-import-failed",
            (WorkKind::Download, true) => "announce-download",
            (WorkKind::Download, false) => "announce-download-failed",
            (WorkKind::Training, true) => "announce-training",
            (WorkKind::Training, false) => "announce-training-failed",
        };
        self.desktop.announced += 1;
        self.jobs.desktop(DesktopTask::Announce {
            title: self.texts.get(title).into_owned(),
            body: ended.name.clone(),
        });
    }

    /// What is to be remembered of the window's size and place, where it differs from what is known.
    pub(super) fn place_changes(&self, ctx: &egui::Context) -> Vec<Action> {
        let (outer, maximized, other) = ctx.input(|input| {
            let window = input.viewport();
            let elsewhere = window.minimized == Some(true) || window.fullscreen == Some(true);
            let maximized = window.maximized == Some(true);
            (window.outer_rect, maximized, elsewhere)
        });
        if other || self.state.conference.is_some() {
            return Vec::new();
        }
        let known = self.state.window_place;
        let pixels = |outer: Rect| outer.min * ctx.pixels_per_point();
        let corner = outer.map(pixels).map(|at| [at.x as i32, at.y as i32]);
        let place = WindowPlace {
            // The place to come back to from the whole monitor.
            corner: if maximized { None } else { corner }.or(known.corner),
            maximized,
        };
        let mut actions = Vec::new();
        if place != known {
            actions.push(Action::Moved(place));
        }
        let size = ctx.viewport_rect().size() * ctx.zoom_factor();
        let size = [size.x.round(), size.y.round()];
        let usable = size.iter().all(|side| (100.0..20_000.0).contains(side));
        if usable && !maximized && self.state.window_size != Some(size) {
            actions.push(Action::Resized(size));
        }
        actions
    }
}

/// Puts the window in front; a desktop that lets no program do that marks it instead.
fn raise(ctx: &egui::Context, focused: bool) {
    ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
    ctx.send_viewport_cmd(ViewportCommand::Focus);
    if !focused {
        let attention = UserAttentionType::Informational;
        ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(attention));
    }
}

/// Whether the title bar of a window at this corner is on one of the monitors, in pixels.
fn can_be_reached(corner: Pos2, monitors: impl IntoIterator<Item = Rect>) -> bool {
    let bar = Rect::from_min_size(corner, REACHABLE);
    let mut monitors = monitors.into_iter();
    monitors.any(|monitor| {
        let seen = monitor.intersect(bar);
        seen.width() >= REACHABLE.x / 2.0 && seen.height() >= REACHABLE.y / 2.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_comes_back_only_to_where_a_monitor_is() {
        let left = Rect::from_min_size(pos2(-1920.0, 0.0), vec2(1920.0, 1080.0));
        let right = Rect::from_min_size(Pos2::ZERO, vec2(2560.0, 1440.0));
        for (corner, monitors, expected) in [
            (pos2(40.0, 40.0), vec![right], true),
            (pos2(-1900.0, 40.0), vec![left, right], true),
            // That monitor was taken away.
            (pos2(-1900.0, 40.0), vec![right], false),
            // A little over the edge is how people leave their windows.
            (pos2(-30.0, -8.0), vec![right], true),
            (pos2(2550.0, 40.0), vec![right], false),
            (pos2(40.0, 1435.0), vec![right], false),
            (pos2(40.0, 40.0), vec![], false),
        ] {
            assert_eq!(can_be_reached(corner, monitors), expected, "{corner:?}");
        }
    }
}
