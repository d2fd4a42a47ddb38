//! What may be wrong with the folder: an examination that a person starts, its findings by kind, and
//! the patch made of their proposals.

use super::{Cx, message_above, message_ui, words};
use crate::app::panels::ask::seconds_text;
use crate::app::state::{Action, DatasetAction, HealthAction, OpenFolder};
use crate::app::theme::{CONTROL_RADIUS, space};
use crate::app::widgets::{combo, fill_line, hint, primary_button, tick, words_in};
use crate::job::datasets::{Examining, Finding, FindingKind, HealthReport};
use eframe::egui;
use egui::{
    Align, Button, CornerRadius, Layout, Rect, RichText, ScrollArea, Sense, Ui, UiBuilder,
    WidgetInfo, pos2, vec2,
};

/// Height of a finding.
const HEIGHT: f32 = 52.0;

/// Draws the page.
pub fn health_ui(ui: &mut Ui, cx: &Cx<'_>, open: &OpenFolder, actions: &mut Vec<Action>) {
    let health = &open.health;
    if let Some(progress) = &health.going_on {
        going_ui(ui, cx, progress, actions);
    }
    if let Some(problem) = &health.failed {
        ui.colored_label(cx.tokens.error, cx.problem(problem));
    }
    let Some(report) = &health.report else {
        if health.going_on.is_none() {
            first_ui(ui, cx, actions);
        }
        return;
    };
    balance_ui(ui, cx, report);
    bar_ui(ui, cx, open, report, actions);
    ui.add_space(space::XS);
    if report.findings.is_empty() {
        let room = ui.available_rect_before_wrap();
        let (heading, hint) = (cx.tr("health-well"), cx.tr("health-well-hint"));
        message_ui(ui, cx, room, &cx.art.cat, &heading, &hint);
        return;
    }
    let shown: Vec<(usize, &Finding)> = health.shown().collect();
    ui.spacing_mut().item_spacing.y = space::XS;
    ScrollArea::vertical()
        .id_salt("findings")
        .auto_shrink(false)
        .show_rows(ui, HEIGHT, shown.len(), |ui, range| {
            for (number, finding) in shown.iter().skip(range.start).take(range.len()) {
                finding_ui(ui, cx, open, (*number, finding), actions);
            }
        });
}

/// Nobody has looked yet.
fn first_ui(ui: &mut Ui, cx: &Cx<'_>, actions: &mut Vec<Action>) {
    let room = ui.available_rect_before_wrap();
    let (heading, hint) = (cx.tr("health-first"), cx.tr("health-first-hint"));
    let words = (heading.as_ref(), hint.as_ref());
    let size = vec2(220.0, 40.0);
    let below = message_above(ui, cx, room, &cx.art.mouse, words, size.y);
    let place = Rect::from_center_size(below.center(), size);
    let mut child = ui.new_child(UiBuilder::new().max_rect(place).id_salt("examine"));
    let label = cx.tr("health-examine");
    let start = primary_button(&mut child, cx.tokens, &label, "", place.size(), true);
    if start.on_hover_text(cx.tr("health-examine-tip")).clicked() {
        actions.push(HealthAction::Examine.into());
    }
}

fn going_ui(ui: &mut Ui, cx: &Cx<'_>, progress: &Examining, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        let values = [
            ("done", progress.done.into()),
            ("total", progress.total.into()),
        ];
        let mut text = match progress.total {
            0 => cx.tr("health-reading").into_owned(),
            _ => cx.text("health-going", &values),
        };
        if let Some(seconds) = progress.seconds_left {
            text = format!("{text}  ·  {}", seconds_text(cx, seconds));
        }
        ui.label(text);
        let stop = ui.button(cx.tr("health-stop"));
        if stop.on_hover_text(cx.tr("health-stop-tip")).clicked() {
            actions.push(HealthAction::Stop.into());
        }
    });
    fill_line(
        ui,
        cx.tokens,
        progress.done as f32 / progress.total.max(1) as f32,
    );
    ui.add_space(space::S);
}

/// How many pairs each category has, as bars.
fn balance_ui(ui: &mut Ui, cx: &Cx<'_>, report: &HealthReport) {
    let most = report
        .categories
        .iter()
        .map(|(_, count)| *count)
        .max()
        .unwrap_or(1)
        .max(1);
    let width = ui.available_width();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(space::M, space::XS);
        for (name, count) in &report.categories {
            let name = match name {
                Some(name) => words::category(cx, name),
                None => cx.tr("dataset-no-category"),
            };
            let text = format!("{name}  {count}");
            let size = vec2((width / 3.0 - 2.0 * space::M).max(150.0), 22.0);
            let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
            let radius = CornerRadius::same(5);
            ui.painter().rect_filled(rect, radius, cx.tokens.well);
            let share = *count as f32 / most as f32;
            let bar = Rect::from_min_size(rect.min, vec2(rect.width() * share, rect.height()));
            ui.painter().rect_filled(bar, radius, cx.tokens.accent_soft);
            let place = rect.shrink2(vec2(8.0, 3.0));
            words_in(ui, place, &text, 12.5, 1, cx.tokens.text);
            response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &text));
        }
    });
}

/// What was looked at, the kinds, and the patch.
fn bar_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    open: &OpenFolder,
    report: &HealthReport,
    actions: &mut Vec<Action>,
) {
    let health = &open.health;
    ui.horizontal(|ui| {
        let count = report.findings.len();
        let all = cx.text("health-all-kinds", &[("count", count.into())]);
        let mut kinds = vec![(None, all)];
        for kind in FindingKind::ALL {
            let count = health.count(kind);
            if count > 0 {
                let text = format!("{} ({count})", cx.tr(name_of(kind)));
                kinds.push((Some(kind), text));
            }
        }
        let mut kind = health.kind;
        combo(ui, "health-kind", &cx.tr("health-kind"), &mut kind, &kinds);
        if kind != health.kind {
            actions.push(HealthAction::Kind(kind).into());
        }
        let again = ui.add_enabled(
            health.going_on.is_none(),
            Button::new(cx.tr("health-again")),
        );
        let again = again.on_disabled_hover_text(cx.tr("health-reading"));
        if again.on_hover_text(cx.tr("health-examine-tip")).clicked() {
            actions.push(HealthAction::Examine.into());
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let chosen = health.chosen.len();
            let apply = cx.text("health-apply", &[("count", chosen.into())]);
            let possible = chosen > 0 && open.is_editable();
            let why = match open.is_editable() {
                true => "health-apply-none",
                false => "dataset-locked",
            };
            let apply = ui.add_enabled(possible, Button::new(apply));
            let apply = apply.on_disabled_hover_text(cx.tr(why));
            if apply.on_hover_text(cx.tr("health-apply-tip")).clicked() {
                actions.push(HealthAction::Apply.into());
            }
            let free = |(number, finding): (usize, &Finding)| {
                (!finding.fix.is_empty() && !open.is_fixed(finding)).then_some(number)
            };
            let offered: Vec<usize> = health.shown().filter_map(free).collect();
            let all_chosen = offered.iter().all(|number| health.chosen.contains(number));
            let label = match all_chosen {
                true => "health-choose-none",
                false => "health-choose-all",
            };
            let choose = ui.add_enabled(!offered.is_empty(), Button::new(cx.tr(label)));
            let choose = choose.on_disabled_hover_text(cx.tr("health-no-fixes"));
            if choose.on_hover_text(cx.tr("health-choose-tip")).clicked() {
                actions.push(HealthAction::Choose(offered, !all_chosen).into());
            }
        });
    });
    if !report.counted_tokens {
        hint(ui, cx.tokens, cx.tr("health-no-tokens"));
    }
}

fn finding_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    open: &OpenFolder,
    (number, finding): (usize, &Finding),
    actions: &mut Vec<Action>,
) {
    let size = vec2(ui.available_width() - space::M, HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let place = finding
        .places
        .first()
        .and_then(|place| open.health.place(place));
    let current = place.is_some() && open.cursor == place;
    let fill = match current {
        true => cx.tokens.accent_soft,
        false if response.hovered() || response.has_focus() => cx.tokens.well,
        false => cx.tokens.card,
    };
    ui.painter()
        .rect_filled(rect, CornerRadius::same(CONTROL_RADIUS), fill);
    let weak = match current {
        true => cx.tokens.on_accent_soft,
        false => cx.tokens.text_weak,
    };
    let fixed = open.is_fixed(finding);
    let mut words = Rect::from_min_max(rect.min + vec2(42.0, 7.0), rect.max - vec2(170.0, 6.0));
    let names: Vec<&str> = finding
        .places
        .iter()
        .map(|place| place.name.as_str())
        .collect();
    let heading = match names.as_slice() {
        [] => cx.tr(name_of(finding.kind)).into_owned(),
        names => format!("{}  ·  {}", cx.tr(name_of(finding.kind)), cx.list(names)),
    };
    words_in(ui, words, &heading, 13.5, 1, cx.tokens.text);
    words.min.y += 21.0;
    words_in(ui, words, &cx.words(&finding.detail), 12.0, 1, weak);
    let proposal = match (finding.fix.is_empty(), fixed) {
        (true, _) => cx.tr("health-think"),
        (false, true) => cx.tr("health-done"),
        (false, false) => cx.tr(fix_of(finding.kind)),
    };
    let right = Rect::from_min_max(pos2(rect.right() - 160.0, rect.top() + 17.0), rect.max);
    words_in(ui, right, &proposal, 12.5, 1, weak);
    if !finding.fix.is_empty() && !fixed {
        let corner = pos2(rect.left() + 10.0, rect.center().y - 14.0);
        let room = Rect::from_min_size(corner, vec2(28.0, 28.0));
        let mut child = ui.new_child(UiBuilder::new().max_rect(room).id_salt(("fix", number)));
        let mut chosen = open.health.chosen.contains(&number);
        let check = tick(&mut child, cx.tokens, &mut chosen, "");
        let check = check.on_hover_text(cx.tr("health-fix-tip"));
        let label = cx.text("health-fix", &[("name", cx.list(&names).into())]);
        check.clone().accessible_name(label);
        if check.changed() {
            actions.push(HealthAction::Choose(vec![number], chosen).into());
        }
    }
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, current, &heading));
    if let Some(place) = place
        && response
            .on_hover_cursor(egui::CursorIcon::PointingHand)
            .clicked()
    {
        actions.push(DatasetAction::Select(place).into());
    }
}

fn name_of(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Missing => "finding-missing",
        FindingKind::Broken => "finding-broken",
        FindingKind::OddSize => "finding-odd-size",
        FindingKind::NothingHappens => "finding-nothing-happens",
        FindingKind::Swapped => "finding-swapped",
        FindingKind::Duplicate => "finding-duplicate",
        FindingKind::Leak => "finding-leak",
        FindingKind::GivesAway => "finding-gives-away",
        FindingKind::TooLong => "finding-too-long",
        FindingKind::NoQuestion => "finding-no-question",
        FindingKind::CategoryDoubt => "finding-category",
        FindingKind::RareCategory => "finding-rare",
    }
}

fn fix_of(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Swapped => "health-turn",
        FindingKind::CategoryDoubt => "health-category",
        _ => "health-exclude",
    }
}

/// The title of what is excluded, beside the pair.
pub fn excluded_ui(ui: &mut Ui, cx: &Cx<'_>, reason: &str) {
    let text = cx.text(
        "dataset-excluded",
        &[("reason", cx.words(reason).into_owned().into())],
    );
    ui.label(RichText::new(text).color(cx.tokens.warning));
}
