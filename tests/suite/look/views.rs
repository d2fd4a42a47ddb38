//! The views by accessible label, pointer and keys; nothing is drawn.

use super::noise;
use crate::golden::TestResult;
use eframe::egui;
use egui::accesskit::Role;
use egui::{Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, Pos2, TouchPhase, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use image::RgbImage;
use lgd_studio::app::look::{
    Compare, DifferenceKind, Look, LookPainter, LookState, Shade, WipeLine, Zoom,
};
use lgd_studio::app::{Texts, Theme};
use std::sync::Arc;

struct Page {
    texts: Texts,
    theme: Theme,
    painter: LookPainter,
    state: LookState,
    a: Arc<RgbImage>,
    b: Arc<RgbImage>,
}

fn page(state: LookState) -> Harness<'static, Page> {
    let theme = Theme::load();
    let page = Page {
        texts: Texts::english(),
        theme: theme.clone(),
        painter: LookPainter::new(None),
        state,
        a: noise(64, 48, 1),
        b: noise(64, 48, 2),
    };
    Harness::builder()
        .with_size([900.0, 600.0])
        // Two clicks have to fit into the time of a double click.
        .with_step_dt(1.0 / 30.0)
        .with_context_setup(move |ctx| theme.install(ctx))
        .build_ui_state(
            |ui, page| {
                let tokens = page.theme.tokens(ui.ctx()).clone();
                let look = Look {
                    texts: &page.texts,
                    tokens: &tokens,
                    a: &page.a,
                    b: &page.b,
                    a_name: "Before",
                    b_name: "After",
                };
                look.controls_ui(ui, &mut page.state);
                look.histograms_ui(ui, &mut page.painter, &page.state);
                let rect = ui.available_rect_before_wrap();
                look.view_ui(ui, &mut page.painter, &mut page.state, rect);
            },
            page,
        )
}

fn state<'a>(page: &'a Harness<'static, Page>) -> &'a LookState {
    &page.state().state
}

/// The middle of the view (of the first, side by side).
fn middle(page: &Harness<'static, Page>) -> Pos2 {
    let view = page.get_all_by_label_contains("Before and After").next();
    view.expect("there is a view").rect().center()
}

fn wheel(page: &mut Harness<'static, Page>, at: Pos2, points: f32) {
    page.hover_at(at);
    page.step();
    page.event(Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta: vec2(0.0, points),
        phase: TouchPhase::Move,
        source: MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    });
    page.run_steps(20);
}

#[test]
fn look_controls_choose_the_comparison() -> TestResult {
    let mut page = page(LookState::default());
    for (label, compare) in [
        ("Side by side", Compare::SideBySide),
        ("Wipe", Compare::Wipe),
        ("Blend", Compare::Blend),
        ("Difference", Compare::Difference),
    ] {
        page.get_by_role_and_label(Role::Button, label).click();
        page.run_steps(2);
        assert_eq!(state(&page).compare, compare);
        let said = format!("Before and After, {label}");
        let views = page.query_all_by_label_contains(&said).count();
        assert_eq!(views, state(&page).shades().len());
    }
    page.get_by_role_and_label(Role::Button, "Signed").click();
    page.run_steps(2);
    assert_eq!(state(&page).difference, DifferenceKind::Signed);
    page.get_by_role_and_label(Role::Slider, "Amplification");
    page.get_by_role_and_label(Role::Button, "Wipe").click();
    page.run_steps(2);
    page.get_by_role_and_label(Role::Button, "Above, below")
        .click();
    page.run_steps(2);
    assert_eq!(state(&page).wipe_line, WipeLine::Horizontal);
    Ok(())
}

#[test]
fn look_zooms_and_pans_with_the_pointer() -> TestResult {
    let mut page = page(LookState::default());
    page.run_steps(2);
    let fitted = state(&page).zoom();
    let at = middle(&page) + vec2(60.0, 30.0);
    wheel(&mut page, at, 100.0);
    let zoomed = state(&page).zoom();
    assert!(zoomed > 1.3 * fitted, "{fitted} {zoomed}");

    let before = state(&page).viewport.centre;
    page.drag_at(at);
    page.step();
    page.hover_at(at + vec2(-40.0, 10.0));
    page.step();
    page.drop_at(at + vec2(-40.0, 10.0));
    page.step();
    let after = state(&page).viewport.centre;
    assert!((after[0] - before[0] - 40.0 / (zoomed * 64.0)).abs() < 1e-6);
    assert!((after[1] - before[1] + 10.0 / (zoomed * 48.0)).abs() < 1e-6);

    for _ in 0..2 {
        page.drag_at(at);
        page.drop_at(at);
    }
    page.step();
    assert_eq!(state(&page).viewport.zoom, Zoom::Fit, "a double click fits");
    Ok(())
}

#[test]
fn look_buttons_and_keys_zoom() -> TestResult {
    let mut page = page(LookState::default());
    page.run_steps(2);
    page.get_by_role_and_label(Role::Button, "1:1").click();
    page.run_steps(2);
    assert_eq!(state(&page).viewport.zoom, Zoom::Scale(1.0));
    page.get_by_role_and_label(Role::Button, "Zoom in").click();
    page.run_steps(2);
    assert_eq!(state(&page).zoom(), 2.0);
    assert!(page.query_all_by_label_contains("200 %").next().is_some());
    page.get_by_role_and_label(Role::Button, "Fit").click();
    page.run_steps(2);
    assert_eq!(state(&page).viewport.zoom, Zoom::Fit);

    let at = middle(&page);
    page.hover_at(at);
    page.step();
    for (key, zoom) in [
        (Key::Num1, Zoom::Scale(1.0)),
        (Key::Plus, Zoom::Scale(2.0)),
        (Key::Equals, Zoom::Scale(4.0)),
        (Key::Minus, Zoom::Scale(2.0)),
        (Key::F, Zoom::Fit),
    ] {
        page.key_press(key);
        page.step();
        assert_eq!(state(&page).viewport.zoom, zoom, "{key:?}");
    }
    Ok(())
}

#[test]
fn look_arrows_pan_a_view_with_the_focus() -> TestResult {
    let mut page = page(LookState::default());
    page.run_steps(2);
    page.state_mut().state.viewport.zoom = Zoom::Scale(64.0);
    page.step();
    page.get_by_label_contains("Before and After").focus();
    // One frame to take the focus, one to claim the arrow keys.
    page.run_steps(2);
    let before = state(&page).viewport.centre;
    for key in [Key::ArrowRight, Key::ArrowDown] {
        page.key_press(key);
        page.run_steps(2);
    }
    let after = state(&page).viewport.centre;
    assert!(after[0] > before[0] && after[1] > before[1], "{after:?}");
    Ok(())
}

#[test]
fn look_holding_shows_the_other_picture() -> TestResult {
    let mut page = page(LookState::default());
    page.run_steps(2);
    assert_eq!(state(&page).shades(), [Shade::B]);
    let at = middle(&page);
    page.drag_at(at);
    page.run_steps(2);
    assert_eq!(state(&page).shades(), [Shade::A]);
    page.drop_at(at);
    page.run_steps(2);
    assert_eq!(state(&page).shades(), [Shade::B]);
    page.hover_at(at);
    page.key_down(Key::A);
    page.run_steps(2);
    assert_eq!(state(&page).shades(), [Shade::A]);
    page.key_up(Key::A);
    page.run_steps(2);
    assert_eq!(state(&page).shades(), [Shade::B]);
    Ok(())
}

#[test]
fn look_the_line_of_a_wipe_is_dragged() -> TestResult {
    let mut page = page(LookState {
        compare: Compare::Wipe,
        ..LookState::default()
    });
    page.run_steps(2);
    let at = middle(&page);
    let width = page
        .get_by_label_contains("Before and After")
        .rect()
        .width();
    page.drag_at(at);
    page.step();
    page.hover_at(at + vec2(width / 4.0, 0.0));
    page.step();
    page.drop_at(at + vec2(width / 4.0, 0.0));
    page.step();
    assert!((state(&page).wipe_position - 0.75).abs() < 0.01);
    assert_eq!(state(&page).viewport.zoom, Zoom::Fit);
    assert_eq!(state(&page).viewport.centre, [0.5, 0.5]);
    Ok(())
}

#[test]
fn look_the_loupe_reads_both_pictures() -> TestResult {
    let mut page = page(LookState::default());
    page.run_steps(2);
    page.get_by_role_and_label(Role::Button, "1:1").click();
    page.run_steps(2);
    // With an even number of pixels on either side the middle is a corner between pixels.
    let at = middle(&page) + vec2(0.6, 0.6);
    page.hover_at(at);
    page.step();
    page.key_press(Key::L);
    page.run_steps(2);
    assert!(state(&page).loupe);
    let label = page
        .get_by_label_contains("Pixel 3")
        .accesskit_node()
        .label()
        .ok_or("a label")?;
    let place = label.lines().next().ok_or("a line")?;
    let (x, y) = place
        .trim_start_matches("Pixel ")
        .split_once(", ")
        .ok_or("two numbers")?;
    let (x, y): (u32, u32) = (x.parse()?, y.parse()?);
    let of = |picture: &RgbImage| picture.get_pixel(x, y).0;
    for (name, values) in [
        ("Before", of(&page.state().a)),
        ("After", of(&page.state().b)),
    ] {
        let line = format!("{name} {}", values.map(|v| format!("{v:>4}")).concat());
        assert!(label.lines().any(|said| said == line), "{line} in {label}");
    }
    page.hover_at(pos2(-5.0, -5.0));
    page.run_steps(2);
    assert!(page.query_by_label_contains("Pixel 3").is_none());
    Ok(())
}

#[test]
fn look_histograms_are_named() -> TestResult {
    let mut page = page(LookState::default());
    page.get_by_role_and_label(Role::Button, "Histogram")
        .click();
    page.run_steps(2);
    for name in ["Before", "After"] {
        let said = format!("Histogram of {name}, mean brightness 12");
        assert!(page.query_by_label_contains(&said).is_some(), "{said}");
    }
    // Too large to be counted between two frames.
    page.state_mut().b = noise(1100, 1000, 3);
    page.run_steps(2);
    assert!(page.query_by_label_contains("still counting").is_some());
    Ok(())
}
