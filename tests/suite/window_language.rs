//! The window in Chinese, by accessible label.

use crate::window::{
    DIALOGS, Outcome, PAGES, click, config, has_text, open, open_in, places, show_page, state,
    wait_until_ready, with_dialog,
};
use eframe::egui;
use egui::accesskit::Role;
use egui::epaint::text::MissingGlyphPolicy;
use egui::{Event, ImeEvent};
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{Action, LanguageChoice, Page};
use std::time::{Duration, Instant};

#[test]
fn window_changes_its_language_while_it_is_open() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    click(&mut window, "Settings");
    click(&mut window, "简体中文");
    assert_eq!(state(&window).settings.language, LanguageChoice::Chinese);
    window.get_by_role_and_label(Role::Button, "跟随系统");
    click(&mut window, "关闭");
    window.get_by_role_and_label(Role::Button, "绘制答案");
    assert!(!has_text(&window, "Draw the answer"));
    click(&mut window, "图库");
    assert_eq!(state(&window).page, Page::Gallery);

    window.state_mut().save();
    let file = places(home.path()).settings_file();
    let end = Instant::now() + Duration::from_secs(60);
    while !std::fs::read_to_string(&file).is_ok_and(|text| text.contains("language = \"zh-CN\"")) {
        assert!(Instant::now() < end, "the choice is written down");
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(window);

    let mut window = open(config(home.path()));
    window.step();
    click(&mut window, "设置");
    click(&mut window, "English");
    click(&mut window, "Close");
    window.get_by_role_and_label(Role::Button, "Gallery");
    Ok(())
}

#[test]
fn window_speaks_the_language_of_the_system() -> Outcome {
    for (locale, label) in [("zh-Hans-CN", "绘制答案"), ("fr-FR", "Draw the answer")] {
        let home = tempfile::tempdir()?;
        let mut window = open_in(locale, home.path());
        wait_until_ready(&mut window);
        window.get_by_role_and_label(Role::Button, label);
        assert_eq!(state(&window).settings.language, LanguageChoice::System);
    }
    Ok(())
}

/// A glyph that is missing ends the test: every page and dialog is laid out with the real fonts.
#[test]
fn window_has_a_glyph_for_every_character_it_shows() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open_in("zh-CN", home.path());
    window
        .ctx
        .set_missing_glyph_policy(MissingGlyphPolicy::Panic);
    wait_until_ready(&mut window);
    for page in PAGES {
        show_page(&mut window, page);
    }
    for dialog in DIALOGS {
        with_dialog(&mut window, dialog, |_| {});
    }
    Ok(())
}

#[test]
fn window_takes_what_an_input_method_writes() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    let mut form = state(&window).form.clone();
    form.request.question.clear();
    window.state_mut().act(Action::EditForm(Box::new(form)));
    window.step();
    window
        .get_by_role_and_label(Role::MultilineTextInput, "Question")
        .focus();
    window.run_steps(6);
    for event in [
        ImeEvent::Preedit {
            text: "xia yu".to_owned(),
            active_range_chars: None,
        },
        ImeEvent::Commit("下雨".to_owned()),
    ] {
        window.event(Event::Ime(event));
        window.run_steps(6);
    }
    assert_eq!(state(&window).form.request.question, "下雨");
    Ok(())
}
