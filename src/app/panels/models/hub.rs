//! The dialog for downloads: which repository, what it holds, what is taken of it.

use super::details::trouble_ui;
use super::{Cx, words};
use crate::app::state::{Action, Dialog, Found, HubAction};
use crate::app::theme::space;
use crate::app::widgets::{
    Choice, Wheel, dialog, dialog_body, field_frame, hint, primary_button, quiet_line, segmented,
    tick, title,
};
use crate::job::Problem;
use crate::job::hub::{Asked, MAIN};
use eframe::egui;
use egui::{Align, Button, Id, Key, Label, Layout, RichText, ScrollArea, TextEdit, Ui, vec2};

/// Width of the dialog.
const WIDTH: f32 = 600.0;
/// Height of the part that changes, so that the dialog does not jump.
const HEIGHT: f32 = 330.0;
/// Width of the field for the revision.
const REVISION: f32 = 96.0;
/// Width of the button that looks up.
const LOOK_UP: f32 = 96.0;
/// Repositories that hold what a bundle is made of, with what each is for.
const KNOWN: [(&str, &str); 3] = [
    ("timbrooks/instruct-pix2pix", "hub-known-editor"),
    ("Salesforce/blip2-flan-t5-xl", "hub-known-language"),
    ("openai/clip-vit-base-patch32", "hub-known-judge"),
];

/// View state of the dialog.
#[derive(Default)]
pub struct HubDialog {
    repo: String,
    revision: String,
    /// Why what was typed is no repository.
    mistake: Option<Problem>,
}

impl HubDialog {
    /// Draws the dialog.
    pub fn ui(&mut self, ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let dialog = dialog(ctx, cx.tokens, "hub", WIDTH, |ui| {
            ui.heading(cx.tr("hub-title"));
            dialog_body(ui, |ui| {
                hint(ui, cx.tokens, cx.tr("hub-about"));
                ui.add_space(space::S);
                self.asking_ui(ui, cx, actions);
                ui.add_space(space::S);
                let size = vec2(ui.available_width(), HEIGHT);
                ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| {
                    ui.set_min_size(size);
                    self.found_ui(ui, cx, actions);
                });
            });
            ui.add_space(space::S);
            foot_ui(ui, cx, actions)
        });
        if dialog.inner || dialog.should_close() {
            if cx.state.library.hub.looking_up.is_some() {
                actions.push(Action::Hub(HubAction::StopLookingUp));
            }
            actions.push(Action::CloseDialog);
        }
    }

    /// The fields for repository and revision.
    fn asking_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let busy = cx.state.library.hub.looking_up.is_some();
        let offline = cx.state.settings.network.offline;
        let mut confirmed = false;
        // What the other field and the button leave.
        let wide = ui.available_width() - REVISION - LOOK_UP - 2.0 * space::S;
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            for (id, text, label, example, width) in [
                (
                    "hub-repo",
                    &mut self.repo,
                    "hub-repo",
                    "hub-repo-hint",
                    wide.max(100.0),
                ),
                (
                    "hub-revision",
                    &mut self.revision,
                    "hub-revision",
                    "hub-revision-hint",
                    REVISION,
                ),
            ] {
                let id = Id::unique(id);
                let focused = ui.memory(|memory| memory.has_focus(id));
                let field = TextEdit::singleline(text)
                    .id(id)
                    .hint_text(cx.tr(example))
                    .desired_width(width)
                    .frame(field_frame(cx.tokens, focused));
                let field = ui.add(field).accessible_name(cx.tr(label));
                let field = field.on_hover_text(cx.tr(match label {
                    "hub-repo" => "hub-repo-tip",
                    _ => "hub-revision-tip",
                }));
                confirmed |= field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
                if field.changed() {
                    self.mistake = None;
                }
            }
            let ready = !busy && !offline && !self.repo.trim().is_empty();
            let found = matches!(cx.state.library.hub.found, Some(Ok(_)));
            let label = cx.tr("hub-look-up");
            let size = vec2(LOOK_UP, 30.0);
            let button = if found {
                ui.add_enabled(ready, Button::new(label.as_ref()).min_size(size))
            } else {
                primary_button(ui, cx.tokens, &label, "", size, ready)
            };
            let why = match offline {
                true => "hub-offline-hint",
                false => "hub-look-up-blocked",
            };
            let button = button
                .accessible_name(label.as_ref())
                .on_hover_text(cx.tr("hub-look-up-tip"))
                .on_disabled_hover_text(cx.tr(why));
            if (button.clicked() || confirmed) && ready {
                self.look_up(actions);
            }
        });
    }

    fn look_up(&mut self, actions: &mut Vec<Action>) {
        match self.repo.parse::<Asked>() {
            Ok(mut asked) => {
                self.mistake = None;
                let revision = self.revision.trim();
                if !revision.is_empty() {
                    asked.revision = Some(revision.to_owned());
                }
                actions.push(Action::Hub(HubAction::LookUp(asked)));
            }
            Err(problem) => self.mistake = Some(problem),
        }
    }

    /// What is known by now.
    fn found_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let hub = &cx.state.library.hub;
        if let Some(problem) = &self.mistake {
            trouble_ui(ui, cx, problem);
            return;
        }
        if let Some(asked) = &hub.looking_up {
            waiting_ui(ui, cx, asked, actions);
            return;
        }
        match &hub.found {
            Some(Err(problem)) => trouble_ui(ui, cx, problem),
            Some(Ok(found)) => files_ui(ui, cx, found, actions),
            None if cx.state.settings.network.offline => {
                let problem = Problem::new(cx.tr("hub-offline")).hint(cx.tr("hub-offline-hint"));
                trouble_ui(ui, cx, &problem);
            }
            None => self.known_ui(ui, cx, actions),
        }
    }

    /// Nothing was looked up: what people usually want.
    fn known_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        title(ui, &cx.tr("hub-known"));
        for (repo, what_for) in KNOWN {
            ui.horizontal(|ui| {
                ui.set_height(26.0);
                let line = Layout::top_down(Align::Min);
                let line = ui.allocate_ui_with_layout(vec2(206.0, 24.0), line, |ui| {
                    quiet_line(ui, cx.tokens, repo)
                });
                if line.inner.clicked() {
                    repo.clone_into(&mut self.repo);
                    self.revision.clear();
                    if !cx.state.settings.network.offline {
                        self.look_up(actions);
                    }
                }
                let words = RichText::new(cx.tr(what_for)).small();
                let words = words.color(cx.tokens.text_weak);
                ui.add(Label::new(words).truncate());
            });
        }
    }
}

fn waiting_ui(ui: &mut Ui, cx: &Cx<'_>, asked: &Asked, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.add(Wheel::new().size(18.0));
        let repo = asked.repo.as_str();
        ui.label(cx.text("hub-looking-up", &[("repo", repo.into())]));
        let stop = ui.button(cx.tr("command-cancel"));
        if stop
            .on_hover_text(cx.tr("hub-looking-up-stop-tip"))
            .clicked()
        {
            actions.push(Action::Hub(HubAction::StopLookingUp));
        }
    });
}

/// The files that were found, each with a tick.
fn files_ui(ui: &mut Ui, cx: &Cx<'_>, found: &Found, actions: &mut Vec<Action>) {
    let listing = &found.listing;
    ui.horizontal(|ui| {
        title(ui, listing.repo.as_str());
        let commit: String = listing.commit.chars().take(8).collect();
        let licence = listing.licence.clone();
        let licence = licence.unwrap_or_else(|| cx.tr("models-licence-unknown").into_owned());
        let values = [
            ("revision", listing.revision.as_str().into()),
            ("commit", commit.into()),
            ("licence", licence.into()),
        ];
        hint(ui, cx.tokens, cx.text("hub-facts", &values)).on_hover_text(cx.tr("hub-facts-tip"));
    });
    let mut chosen = found.chosen.clone();
    variants_ui(ui, cx, found, &mut chosen);
    ScrollArea::vertical()
        .id_salt("hub-files")
        .max_height(ui.available_height())
        .auto_shrink(false)
        .show_rows(ui, 24.0, listing.files.len(), |ui, rows| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let files = listing.files.iter().zip(chosen.iter_mut());
            for (file, chosen) in files.skip(rows.start).take(rows.len()) {
                ui.horizontal(|ui| {
                    ui.set_height(24.0);
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        ui.add_space(space::M);
                        hint(ui, cx.tokens, words::size(cx, file.bytes));
                        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                            let text = RichText::new(&file.path).size(13.0);
                            tick(ui, cx.tokens, chosen, text).on_hover_text(cx.tr("hub-file-tip"));
                        });
                    });
                });
            }
        });
    if chosen != found.chosen {
        actions.push(Action::Hub(HubAction::Choose(chosen)));
    }
}

/// The precisions on offer, when there is more than one.
fn variants_ui(ui: &mut Ui, cx: &Cx<'_>, found: &Found, chosen: &mut Vec<bool>) {
    let plain = found.listing.wanted_as(None);
    let half = found.listing.wanted_as(Some("fp16"));
    if plain == half {
        return;
    }
    let size = |chosen: &[bool]| words::size(cx, found.listing.bytes(chosen));
    let label = |id, chosen: &[bool]| cx.text(id, &[("size", size(chosen).into())]);
    let choices = [
        Choice::new(0, label("hub-full", &plain), cx.tr("hub-full-tip")),
        Choice::new(1, label("hub-half", &half), cx.tr("hub-half-tip")),
    ];
    // Other ticks than either choice has are neither of them.
    let before = match &found.chosen {
        now if *now == plain => 0,
        now if *now == half => 1,
        _ => 2,
    };
    let mut taken = before;
    segmented(ui, cx.tokens, ui.available_width(), &mut taken, &choices);
    if taken != before {
        *chosen = if taken == 0 { plain } else { half };
    }
}

/// What it all weighs, and the way on. True when the dialog is to be closed.
fn foot_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) -> bool {
    let hub = &cx.state.library.hub;
    let mut close = false;
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            if let Some(Ok(found)) = &hub.found {
                let bytes = found.bytes();
                let ready = bytes > 0 && !found.lacks_room();
                let values = [("size", words::size(cx, bytes).into())];
                let label = cx.text("hub-download", &values);
                let size = vec2(0.0, 32.0);
                let button = primary_button(ui, cx.tokens, &label, "", size, ready);
                let why = match bytes {
                    0 => "hub-nothing-chosen",
                    _ => "hub-no-room-tip",
                };
                let button = button
                    .accessible_name(label)
                    .on_hover_text(cx.tr("hub-download-tip"))
                    .on_disabled_hover_text(cx.tr(why));
                if button.clicked() {
                    actions.push(Action::Hub(HubAction::Start));
                }
            }
            close = ui.button(cx.tr("dialog-close")).clicked();
            let network = ui.button(cx.tr("hub-network"));
            if network.on_hover_text(cx.tr("hub-network-tip")).clicked() {
                actions.push(Action::ShowDialog(Dialog::Network));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                if let Some(Ok(found)) = &hub.found
                    && let Some(free) = found.free
                {
                    room_ui(ui, cx, found, free);
                }
            });
        });
    });
    close
}

/// The room that is there.
fn room_ui(ui: &mut Ui, cx: &Cx<'_>, found: &Found, free: u64) {
    let values = [("free", words::size(cx, free).into())];
    let (id, colour) = if found.lacks_room() {
        ("hub-no-room", cx.tokens.error)
    } else {
        ("hub-room", cx.tokens.text_weak)
    };
    let text = RichText::new(cx.text(id, &values)).small().color(colour);
    let cache = cx.state.library.hub_cache.as_ref();
    let cache = cache.map(|cache| cache.display().to_string());
    ui.add(Label::new(text).truncate())
        .on_hover_text(cache.unwrap_or_default());
}

/// The revision a download is shown with: nothing for the usual one.
pub fn shown_revision(revision: &str) -> Option<&str> {
    (revision != MAIN).then_some(revision)
}
