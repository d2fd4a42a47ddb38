//! The dialog for imports: which files, what they hold, what becomes of them.

use super::details::{strip, trouble_ui};
use super::list::mode_dot;
use super::{Cx, words};
use crate::app::panels::ask::mode_texts;
use crate::app::state::{Action, ImportAction, ImportPlan};
use crate::app::theme::space;
use crate::app::widgets::{
    Choice, Icon, Wheel, dialog, dialog_body, field_frame, follow_focus, hint, icon_button,
    primary_button, segmented, title,
};
use crate::job::{FolderUse, Recognised, StoredAs, WeightKind};
use eframe::egui;
use egui::{
    Align, Button, Grid, Id, Key, Label, Layout, RichText, ScrollArea, Sense, TextEdit, Ui, vec2,
};
use std::path::PathBuf;

/// Width of the dialog.
const WIDTH: f32 = 660.0;
/// Height of the part that changes, so that the dialog does not jump.
const HEIGHT: f32 = 400.0;

/// View state of the dialog.
#[derive(Default)]
pub struct ImportDialog {
    path: String,
}

impl ImportDialog {
    /// Draws the dialog.
    pub fn ui(&mut self, ctx: &egui::Context, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        let dialog = dialog(ctx, cx.tokens, "import", WIDTH, |ui| {
            ui.heading(cx.tr("import-title"));
            dialog_body(ui, |ui| {
                hint(ui, cx.tokens, cx.tr("import-about"));
                ui.add_space(space::S);
                self.asking_ui(ui, cx, actions);
                let size = vec2(ui.available_width(), HEIGHT);
                ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| {
                    ui.set_min_size(size);
                    paths_ui(ui, cx, actions);
                    found_ui(ui, cx, actions);
                });
            });
            ui.add_space(space::S);
            foot_ui(ui, cx, actions)
        });
        if dialog.inner || dialog.should_close() {
            actions.push(Action::CloseDialog);
        }
    }

    /// Ways to name files.
    fn asking_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
        // What the buttons leave.
        let wide = (ui.available_width() - 300.0).clamp(100.0, 360.0);
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            let id = Id::unique("import-path");
            let focused = ui.memory(|memory| memory.has_focus(id));
            let field = TextEdit::singleline(&mut self.path)
                .id(id)
                .hint_text(cx.tr("import-path-hint"))
                .desired_width(wide)
                .frame(field_frame(cx.tokens, focused));
            let field = ui.add(field).accessible_name(cx.tr("import-path"));
            let confirmed = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let path = self.path.trim().trim_matches('"').to_owned();
            let add = Button::new(cx.tr("import-add")).min_size(vec2(0.0, 30.0));
            let add = ui
                .add_enabled(!path.is_empty(), add)
                .on_hover_text(cx.tr("import-add-tip"))
                .on_disabled_hover_text(cx.tr("import-add-blocked"));
            if (add.clicked() || confirmed) && !path.is_empty() {
                actions.push(Action::Import(ImportAction::Add(vec![PathBuf::from(path)])));
                self.path.clear();
            }
            for (label, tip, what) in [
                ("import-folder", "import-folder-tip", FolderUse::Originals),
                ("import-files", "import-files-tip", FolderUse::OriginalFiles),
            ] {
                let button = Button::new(cx.tr(label)).min_size(vec2(0.0, 30.0));
                if ui.add(button).on_hover_text(cx.tr(tip)).clicked() {
                    actions.push(Action::Import(ImportAction::Pick(what)));
                }
            }
        });
    }
}

/// The files and folders so far.
fn paths_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    for path in &cx.state.library.import.paths {
        let shown = path.display().to_string();
        ui.horizontal(|ui| {
            ui.set_height(24.0);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.visuals_mut().widgets.inactive.weak_bg_fill = egui::Color32::TRANSPARENT;
                let label = cx.text("import-remove", &[("path", shown.as_str().into())]);
                if icon_button(ui, Icon::Close, &label, 22.0).clicked() {
                    actions.push(Action::Import(ImportAction::Remove(path.clone())));
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let text = RichText::new(&shown).small().monospace();
                    ui.add(Label::new(text).truncate()).on_hover_text(&shown);
                });
            });
        });
    }
}

/// What the files hold, as far as it is known.
fn found_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let import = &cx.state.library.import;
    if import.is_looking() {
        ui.horizontal(|ui| {
            ui.add(Wheel::new().size(18.0));
            ui.label(cx.tr("import-looking"));
        });
        return;
    }
    match &import.found {
        None => {
            ui.add_space(space::XL);
            let words = RichText::new(cx.tr("import-empty")).color(cx.tokens.text_weak);
            ui.add(Label::new(words).wrap());
        }
        Some(Err(problem)) => trouble_ui(ui, cx, problem),
        Some(Ok(found)) => {
            ui.separator();
            ScrollArea::vertical()
                .id_salt("import-found")
                .max_height(ui.available_height())
                .auto_shrink(false)
                .show(ui, |ui| {
                    follow_focus(ui);
                    ui.spacing_mut().item_spacing.y = space::S;
                    components_ui(ui, cx, found);
                    modes_ui(ui, cx, found);
                    missing_ui(ui, cx, found);
                    warnings_ui(ui, cx, found);
                    ui.separator();
                    plan_ui(ui, cx, found, actions);
                });
        }
    }
}

/// The networks that were recognised.
fn components_ui(ui: &mut Ui, cx: &Cx<'_>, found: &Recognised) {
    title(ui, &cx.tr("import-found"));
    let chosen = found.chosen(cx.state.library.import.plan.weights);
    Grid::new("import-components")
        .num_columns(3)
        .spacing(vec2(space::L, 6.0))
        .show(ui, |ui| {
            for component in chosen {
                let name = RichText::new(words::part(cx, component.part)).size(13.0);
                ui.label(name).on_hover_text(cx.words(&component.layout));
                let about = RichText::new(cx.words(&component.architecture)).size(13.0);
                let (room, left) = (vec2(330.0, 18.0), Layout::left_to_right(Align::Center));
                let about = ui.allocate_ui_with_layout(room, left, |ui| {
                    ui.set_min_width(room.x);
                    ui.add(Label::new(about).truncate())
                });
                let origin = component.origin.display().to_string();
                about.inner.on_hover_text(origin);
                let size = words::size(cx, component.bytes);
                let dtypes = component.dtypes.join(" + ");
                hint(ui, cx.tokens, format!("{size}  {dtypes}"));
                ui.end_row();
            }
        });
    if let Some(licence) = &found.licence {
        let values = [("licence", licence.as_str().into())];
        hint(ui, cx.tokens, cx.text("import-licence", &values));
    }
}

/// Which modes become possible.
fn modes_ui(ui: &mut Ui, cx: &Cx<'_>, found: &Recognised) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for outlook in &found.modes {
            let (rect, response) = ui.allocate_exact_size(vec2(18.0, 18.0), Sense::hover());
            let possible = outlook.is_possible();
            mode_dot(ui, cx, rect, outlook.mode, possible);
            let name = cx.tr(mode_texts(outlook.mode).0);
            let missing = outlook.missing.iter();
            let needs: Vec<_> = missing.map(|part| words::part(cx, *part)).collect();
            let mode = ("mode", name.as_ref().into());
            let tip = match possible {
                true => cx.text("models-mode-possible", &[mode]),
                false => cx.text(
                    "import-mode-needs",
                    &[mode, ("parts", cx.list(&needs).into())],
                ),
            };
            let colour = if possible {
                cx.tokens.text
            } else {
                cx.tokens.text_weak
            };
            ui.label(RichText::new(name).size(13.0).color(colour))
                .on_hover_text(&tip);
            response.on_hover_text(tip);
            ui.add_space(space::S);
        }
    });
}

/// What a complete bundle would need beside this, and where people get it.
fn missing_ui(ui: &mut Ui, cx: &Cx<'_>, found: &Recognised) {
    if found.missing.is_empty() {
        return;
    }
    strip(ui, cx.tokens.warning_soft, |ui| {
        let colour = cx.tokens.warning;
        let heading = RichText::new(cx.tr("import-missing"))
            .strong()
            .color(colour);
        ui.label(heading);
        for missing in &found.missing {
            let words = RichText::new(cx.words(&missing.what))
                .size(13.0)
                .color(colour);
            ui.add(Label::new(words).wrap());
            let source = cx.text(
                "import-source",
                &[(
                    "source",
                    cx.words(&missing.usual_source).into_owned().into(),
                )],
            );
            let words = RichText::new(source).small().color(colour);
            ui.add(Label::new(words).wrap().selectable(true));
        }
    });
}

/// What a person should know before converting.
fn warnings_ui(ui: &mut Ui, cx: &Cx<'_>, found: &Recognised) {
    let unknown = found.left_over.iter().filter(|left| !left.expected).count();
    let unknown = (unknown > 0).then(|| cx.text("import-unknown", &[("count", unknown.into())]));
    for warning in found.warnings.iter().chain(&unknown) {
        let words = RichText::new(cx.words(warning))
            .small()
            .color(cx.tokens.warning);
        ui.add(Label::new(words).wrap().selectable(true));
    }
}

/// How the bundle is made.
fn plan_ui(ui: &mut Ui, cx: &Cx<'_>, found: &Recognised, actions: &mut Vec<Action>) {
    let mut plan = cx.state.library.import.plan.clone();
    let row =
        |ui: &mut Ui, label: &'static str, tip: &'static str, add: &mut dyn FnMut(&mut Ui)| {
            ui.horizontal(|ui| {
                let size = vec2(112.0, 34.0);
                ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
                    ui.set_min_width(size.x);
                    ui.label(cx.tr(label)).on_hover_text(cx.tr(tip));
                });
                add(ui);
            });
        };
    row(ui, "import-name", "import-name-tip", &mut |ui| {
        let id = Id::unique("import-name");
        let focused = ui.memory(|memory| memory.has_focus(id));
        let field = TextEdit::singleline(&mut plan.name)
            .id(id)
            .char_limit(80)
            .desired_width(ui.available_width() - 24.0)
            .frame(field_frame(cx.tokens, focused));
        ui.add(field).accessible_name(cx.tr("import-name"));
    });
    row(ui, "import-place", "import-place-tip", &mut |ui| {
        let choices = [
            Choice::new(false, cx.tr("import-copy"), cx.tr("import-copy-tip")),
            Choice::new(true, cx.tr("import-in-place"), cx.tr("import-in-place-tip")),
        ];
        segmented(
            ui,
            cx.tokens,
            ui.available_width(),
            &mut plan.in_place,
            &choices,
        );
    });
    if !plan.in_place {
        row(ui, "import-format", "import-format-tip", &mut |ui| {
            let choices = StoredAs::ALL.map(|format| {
                let (label, tip) = match format {
                    StoredAs::AsStored => ("import-as-stored", "import-as-stored-tip"),
                    StoredAs::F32 => ("import-f32", "import-f32-tip"),
                    StoredAs::F16 => ("import-f16", "import-f16-tip"),
                    StoredAs::Bf16 => ("import-bf16", "import-bf16-tip"),
                };
                Choice::new(format, cx.tr(label), cx.tr(tip))
            });
            segmented(
                ui,
                cx.tokens,
                ui.available_width(),
                &mut plan.stored_as,
                &choices,
            );
        });
    }
    if found.has_ema() {
        row(ui, "import-weights", "import-weights-tip", &mut |ui| {
            let choices = [
                Choice::new(
                    WeightKind::Ema,
                    cx.tr("import-ema"),
                    cx.tr("import-ema-tip"),
                ),
                Choice::new(
                    WeightKind::Plain,
                    cx.tr("import-plain"),
                    cx.tr("import-plain-tip"),
                ),
            ];
            segmented(
                ui,
                cx.tokens,
                ui.available_width(),
                &mut plan.weights,
                &choices,
            );
        });
    }
    changed(cx, plan, actions);
}

fn changed(cx: &Cx<'_>, plan: ImportPlan, actions: &mut Vec<Action>) {
    if plan != cx.state.library.import.plan {
        actions.push(Action::Import(ImportAction::Plan(plan)));
    }
}

/// The room it takes, and the way on. True when the dialog is to be closed.
fn foot_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) -> bool {
    let import = &cx.state.library.import;
    let mut close = false;
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            if import.recognised().is_some() {
                let blocked = if import.target().is_none() {
                    Some("import-no-name")
                } else if import.lacks_room() {
                    Some("import-no-room")
                } else {
                    None
                };
                let label = cx.tr("import-start");
                let size = vec2(150.0, 32.0);
                let button = primary_button(ui, cx.tokens, &label, "", size, blocked.is_none());
                let button = button
                    .accessible_name(label.as_ref())
                    .on_hover_text(cx.tr("import-start-tip"));
                let button = match blocked {
                    Some(why) => button.on_disabled_hover_text(cx.tr(why)),
                    None => button,
                };
                if button.clicked() {
                    actions.push(Action::Import(ImportAction::Start));
                }
            }
            close = ui.button(cx.tr("dialog-close")).clicked();
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| room_ui(ui, cx));
        });
    });
    close
}

/// The room that is needed and the room that is there.
fn room_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let import = &cx.state.library.import;
    if import.recognised().is_none() {
        return;
    }
    let needed = words::size(cx, import.bytes());
    let words = match import.free {
        _ if import.plan.in_place => cx.tr("import-room-in-place").into_owned(),
        Some(free) => {
            let values = [
                ("needed", needed.into()),
                ("free", words::size(cx, free).into()),
            ];
            cx.text("import-room", &values)
        }
        None => cx.text("import-room-unknown", &[("needed", needed.into())]),
    };
    let colour = if import.lacks_room() {
        cx.tokens.error
    } else {
        cx.tokens.text_weak
    };
    ui.label(RichText::new(words).small().color(colour));
}
