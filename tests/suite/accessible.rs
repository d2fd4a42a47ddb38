//! What a screen reader and the keyboard find, on every page and in every dialog.

use crate::window::{
    DIALOGS, Outcome, PAGES, Window, config, drawn, open, open_in, open_sized, show_page, state,
    wait, wait_until_ready, with_dialog,
};
use eframe::egui;
use egui::Key;
use egui::accesskit::{Role, Toggled};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use lgd_studio::app::{Action, Dialog, Page, Settings};
use lgd_studio::job::GuidanceMode;
use std::collections::BTreeMap;

/// A control as a screen reader has it.
#[derive(Debug)]
struct Control {
    role: Role,
    name: String,
    rect: egui::Rect,
}

/// Everything that can take the focus.
fn controls(window: &Window) -> Vec<Control> {
    let all = window.root().children_recursive();
    let focusable = all.filter(|node| {
        let node = node.accesskit_node();
        let takes = node.data().supports_action(egui::accesskit::Action::Focus);
        takes && !node.is_hidden() && !matches!(node.role(), Role::Window | Role::GenericContainer)
    });
    let described = focusable.map(|node| {
        let rect = node.rect();
        let node = node.accesskit_node();
        // What stands in a field, or a hint in it, is no name.
        let name = node.data().label().map(str::to_owned);
        let name = name.or_else(|| node.labelled_by().find_map(|by| by.value().or(by.label())));
        Control {
            role: node.role(),
            name: name.unwrap_or_default(),
            rect,
        }
    });
    described.collect()
}

/// What is wrong with what is on screen, besides what was there before; `place` says what that is.
fn check(window: &Window, place: &str, before: &[Control]) -> String {
    let controls = controls(window);
    assert!(controls.len() > 8, "{place}: {controls:#?}");
    let mut known: BTreeMap<(String, String), Vec<egui::Rect>> = BTreeMap::new();
    let mut unnamed = Vec::new();
    for control in &controls {
        // A scroll area takes the focus for its keys, and is no control of its own.
        if control.role == Role::ScrollView {
            continue;
        }
        if control.name.trim().is_empty() {
            unnamed.push(control);
        }
        let key = (format!("{:?}", control.role), control.name.clone());
        known.entry(key).or_default().push(control.rect);
    }
    // A dialog keeps the focus to itself, so what is below it confuses nobody.
    for control in before {
        let key = (format!("{:?}", control.role), control.name.clone());
        if let Some(places) = known.get_mut(&key) {
            places.pop();
        }
    }
    known.retain(|_, places| places.len() > 1);
    let mut wrong = String::new();
    for control in unnamed {
        wrong += &format!("{place}: no name: {control:?}\n");
    }
    for (name, places) in known {
        wrong += &format!("{place}: {name:?} names several: {places:?}\n");
    }
    wrong
}

#[test]
fn window_names_every_control_of_every_page_and_dialog() -> Outcome {
    let mut wrong = String::new();
    for locale in ["en", "zh-CN"] {
        let home = tempfile::tempdir()?;
        let mut window = open_in(locale, home.path());
        wait_until_ready(&mut window);
        for page in PAGES {
            show_page(&mut window, page);
            wrong += &check(&window, &format!("{page:?} in {locale}"), &[]);
        }
        show_page(&mut window, Page::Ask);
        let below = controls(&window);
        for dialog in DIALOGS {
            with_dialog(&mut window, dialog, |window| {
                wrong += &check(window, &format!("{dialog:?} in {locale}"), &below);
            });
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    Ok(())
}

#[test]
fn window_names_every_control_around_an_answer() -> Outcome {
    let home = tempfile::tempdir()?;
    let modes = [GuidanceMode::Answer, GuidanceMode::Latent];
    let mut window = drawn(home.path(), &modes, 4);
    window.run_steps(6);
    let mut wrong = check(&window, "two answers", &[]);
    window.state_mut().act(Action::Look(true));
    window.run_steps(6);
    wrong += &check(&window, "a close look", &[]);
    window.state_mut().act(Action::Look(false));
    wait(&mut window, "the run is in the gallery", |window| {
        let run = state(window).run.as_ref();
        run.is_some_and(|run| run.key.is_some())
    });
    show_page(&mut window, Page::Gallery);
    wait(&mut window, "it is listed", |window| {
        state(window).gallery.current().is_some()
            || window
                .query_all_by_label_contains("What happens if")
                .next()
                .is_some()
    });
    wrong += &check(&window, "a gallery with a run", &[]);
    assert!(wrong.is_empty(), "{wrong}");
    Ok(())
}

/// Presses Tab until the focus comes round; the controls it visited.
fn tour(window: &mut Window) -> Vec<Control> {
    let mut visited: Vec<Control> = Vec::new();
    for _ in 0..200 {
        window.key_press(Key::Tab);
        window.run_steps(2);
        let root = window.root();
        let focused = root
            .children_recursive()
            .find(|node| node.accesskit_node().is_focused());
        let Some(node) = focused else {
            continue;
        };
        let control = Control {
            role: node.accesskit_node().role(),
            name: node.accesskit_node().label().unwrap_or_default(),
            rect: node.rect(),
        };
        if visited.first().is_some_and(|first| {
            (first.role, &first.name, first.rect) == (control.role, &control.name, control.rect)
        }) {
            return visited;
        }
        visited.push(control);
    }
    panic!("the focus never came round: {visited:#?}");
}

#[test]
fn window_is_walked_through_by_tab_in_the_order_of_reading() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    let visited = tour(&mut window);
    let place = |name: &str| {
        let at = visited.iter().position(|control| control.name == name);
        at.unwrap_or_else(|| panic!("{name} is not visited: {visited:#?}"))
    };
    let order = [
        "Ask",
        "Models",
        "Settings",
        "Open…",
        "Picture file",
        "Question",
        "Draw the answer",
    ];
    for pair in order.windows(2) {
        assert!(place(pair[0]) < place(pair[1]), "{pair:?}");
    }
    // The bar at the bottom comes last.
    let bar = visited.iter().position(|c| c.name.starts_with("Network"));
    assert_eq!(bar, Some(visited.len() - 1));
    Ok(())
}

#[test]
fn window_shows_where_the_keyboard_is() -> Outcome {
    let home = tempfile::tempdir()?;
    // So small that the settings have to scroll.
    let mut window = open_sized(config(home.path()), [640.0, 400.0]);
    wait_until_ready(&mut window);
    window.state_mut().act(Action::ShowDialog(Dialog::Settings));
    window.run_steps(8);
    let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(640.0, 400.0));
    let mut last = None;
    for _ in 0..60 {
        window.key_press(Key::Tab);
        window.run_steps(8);
        let root = window.root();
        let focused = root
            .children_recursive()
            .find(|node| node.accesskit_node().is_focused());
        let Some(node) = focused else {
            continue;
        };
        let label = node.accesskit_node().label();
        assert!(
            screen.contains(node.rect().center()),
            "{label:?} has the focus at {:?}",
            node.rect()
        );
        last = label;
    }
    assert!(last.is_some(), "something had the focus");
    Ok(())
}

#[test]
fn window_says_what_is_on_without_colour() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    let on = |window: &Window, name: &str| {
        let node = window.get_by_role_and_label(Role::Button, name);
        let node = node.accesskit_node();
        node.toggled() == Some(Toggled::True) || node.is_selected() == Some(true)
    };
    assert!(on(&window, "Ask") && !on(&window, "Gallery"), "the page");
    assert!(on(&window, "Latent") && !on(&window, "Both"), "the mode");
    show_page(&mut window, Page::Gallery);
    assert!(on(&window, "Gallery") && !on(&window, "Ask"));
    window.state_mut().act(Action::ShowDialog(Dialog::Settings));
    window.run_steps(6);
    assert!(on(&window, "100 %") && !on(&window, "200 %"), "the size");
    Ok(())
}

#[test]
fn window_can_be_used_three_times_as_large() -> Outcome {
    let home = tempfile::tempdir()?;
    // 1280 x 800 at 300 %.
    let mut window = open_sized(config(home.path()), [427.0, 267.0]);
    wait_until_ready(&mut window);
    let settings = Settings::default();
    window
        .state_mut()
        .act(Action::EditSettings(Box::new(settings)));
    for page in PAGES {
        show_page(&mut window, page);
        // Pages keep the room they need, and the window scrolls over them.
        let rail = window.get_by_role_and_label(Role::Button, "Ask").rect();
        assert!(rail.width() > 40.0 && rail.height() > 40.0, "{page:?}");
    }
    show_page(&mut window, Page::Ask);
    let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(427.0, 267.0));
    for _ in 0..40 {
        window.key_press(Key::Tab);
        window.run_steps(8);
        let root = window.root();
        let focused = root
            .children_recursive()
            .find(|node| node.accesskit_node().is_focused());
        if let Some(node) = focused {
            let (label, rect) = (node.accesskit_node().label(), node.rect());
            assert!(screen.intersects(rect), "{label:?} is at {rect:?}");
        }
    }
    Ok(())
}
