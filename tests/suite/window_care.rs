//! Log, doctor, requests and settings in files, by accessible label.

use crate::cli::{Place, QUESTION, example, expect_code};
use crate::window::{Outcome, Window, click, config, has_text, open, places, state, wait};
use eframe::egui;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{Action, CareAction, Dialog, Page, Settings, ThemeChoice};
use lgd_studio::job::hub::{Purpose, Request, RequestBook};
use lgd_studio::job::{FolderUse, JobEvent};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

fn show(window: &mut Window, action: Action) {
    window.state_mut().act(action);
    window.run_steps(6);
}

/// A log of so many lines; every hundredth is a warning, every thousandth an error.
pub fn write_log(home: &Path, lines: usize) -> std::io::Result<()> {
    let mut text = String::new();
    for line in 0..lines {
        let level = match line {
            0 => "INFO",
            line if line % 1000 == 0 => "ERROR",
            line if line % 100 == 0 => "WARN",
            _ => "INFO",
        };
        let time = format!("2026-11-29T10:{:02}:{:02}Z", line / 60 % 60, line % 60);
        let written = writeln!(text, "{time} {level} 7 main app line number {line}");
        assert!(written.is_ok());
    }
    let folder = places(home).logs();
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("lgd-studio.2026-11-29.log"), text)
}

fn lines(window: &Window) -> Option<(usize, usize)> {
    let shown = state(window).care.log.shown.as_ref()?.as_ref().ok()?;
    Some((shown.lines.len(), shown.known))
}

#[test]
fn window_the_log_of_many_lines_is_searched_and_followed() -> Outcome {
    const MANY: usize = 20_000;
    let home = tempfile::tempdir()?;
    write_log(home.path(), MANY)?;
    let mut window = open(config(home.path()));
    show(&mut window, Action::ShowPage(Page::Log));
    wait(&mut window, "the log is read", |window| {
        lines(window) == Some((MANY, MANY))
    });
    window.run_steps(3);
    assert!(
        has_text(&window, "line number 19999"),
        "the newest is in view"
    );
    assert!(
        !has_text(&window, "line number 10 "),
        "others are not drawn"
    );
    assert!(has_text(&window, "20,000 of 20,000 lines"));
    for _ in 0..60 {
        window.step();
    }
    let times = window
        .state()
        .times()
        .summary()
        .ok_or("frames were drawn")?;
    assert!(times.median_ms <= 5.0, "{times:?}");

    click(&mut window, "Errors");
    wait(&mut window, "errors alone are shown", |window| {
        lines(window) == Some((19, MANY))
    });
    click(&mut window, "29 Nov 2026, 10:16:40 Error line number 1000");
    assert!(has_text(&window, "Copy line"), "the line is shown in full");
    click(&mut window, "Copy line");
    click(&mut window, "All");
    let search = window.get_by_role_and_label(Role::TextInput, "Search the log");
    search.focus();
    window.step();
    window
        .get_by_role_and_label(Role::TextInput, "Search the log")
        .type_text("NUMBER 1999");
    wait(&mut window, "words are found", |window| {
        lines(window) == Some((12, MANY))
    });
    let file = places(home.path()).logs().join("lgd-studio.2026-11-29.log");
    let mut file = std::fs::File::options().append(true).open(file)?;
    writeln!(
        file,
        "2026-11-29T11:00:00Z WARN 7 main app number 1999 is new"
    )?;
    wait(&mut window, "a new line comes by itself", |window| {
        lines(window) == Some((13, MANY + 1))
    });
    window
        .get_by_role_and_label(Role::TextInput, "Search the log")
        .type_text(" and nothing like it");
    wait(&mut window, "nothing is found", |window| {
        lines(window) == Some((0, MANY + 1))
    });
    click(&mut window, "Show all lines");
    wait(&mut window, "all are back", |window| {
        lines(window) == Some((MANY + 1, MANY + 1))
    });
    Ok(())
}

#[test]
fn window_a_log_folder_that_cannot_be_used_is_named_and_can_be_mended() -> Outcome {
    let home = tempfile::tempdir()?;
    let folder = places(home.path()).logs();
    std::fs::create_dir_all(&places(home.path()).state)?;
    std::fs::write(&folder, "in the way")?;
    let mut window = open(config(home.path()));
    show(&mut window, Action::ShowPage(Page::Log));
    wait(&mut window, "the reason is shown", |window| {
        has_text(window, "The log cannot be read")
    });
    assert!(has_text(&window, "logs"), "the folder is named");
    std::fs::remove_file(&folder)?;
    click(&mut window, "Look again");
    wait(&mut window, "there is nothing yet", |window| {
        has_text(window, "Nothing was logged yet")
    });
    Ok(())
}

#[test]
fn window_the_doctor_lists_what_the_terminal_lists() -> Outcome {
    let home = tempfile::tempdir()?;
    std::fs::create_dir_all(&places(home.path()).state)?;
    let mut window = open(config(home.path()));
    window.step();
    click(&mut window, "About");
    click(&mut window, "Check this machine");
    assert_eq!(state(&window).dialog, Some(Dialog::Doctor));
    wait(&mut window, "everything was looked at", |window| {
        state(window).care.findings.is_some()
    });
    window.run_steps(4);
    for name in ["Processor", "Memory", "Graphics driver", "Crash reports"] {
        assert!(has_text(&window, name), "{name}");
    }
    let findings = state(&window).care.findings.clone().unwrap_or_default();
    let problems = findings.iter().filter(|finding| finding.hint.is_some());
    for finding in problems {
        let hint = finding.hint.as_deref().unwrap_or_default();
        assert!(has_text(&window, hint), "{hint}");
    }
    click(&mut window, "Close");
    assert_eq!(state(&window).dialog, None);
    Ok(())
}

#[test]
fn window_requests_of_earlier_starts_are_listed() -> Outcome {
    let home = tempfile::tempdir()?;
    let book = RequestBook::of(Some(&places(home.path())));
    for id in 1..=3 {
        book.add(&Request {
            id,
            at: 1_795_478_400,
            method: "GET".to_owned(),
            address: format!("https://hub.example/file-{id}"),
            purpose: Purpose::Download,
            answer: Ok(200),
            bytes: Some(4200),
        });
    }
    let mut window = open(config(home.path()));
    wait(&mut window, "they are counted", |window| {
        has_text(window, "Network requests: 3")
    });
    click(&mut window, "Network requests: 3");
    wait(&mut window, "the list is open", |window| {
        has_text(window, "GET https://hub.example/file-2")
    });
    for words in ["GET https://hub.example/file-2", "download", "4 kB", "200"] {
        assert!(has_text(&window, words), "{words}");
    }
    Ok(())
}

/// A settings file is chosen, as the dialog would report it.
pub fn choose(window: &mut Window, file: &Path) {
    let chosen = JobEvent::FoldersChosen(FolderUse::SettingsFile, vec![file.to_owned()]);
    window.state_mut().receive(chosen);
    wait(window, "the file is read", |window| {
        state(window).dialog == Some(Dialog::ImportSettings)
    });
    window.run_steps(6);
}

#[test]
fn window_settings_come_from_a_file_after_a_look_and_go_back() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    window.step();
    let file = home.path().join("other.toml");
    std::fs::write(&file, "theme = [broken")?;
    choose(&mut window, &file);
    assert!(has_text(&window, "no settings that can be used"));
    assert!(
        window
            .query_by_role_and_label(Role::Button, "Use these settings")
            .is_none()
    );
    click(&mut window, "Close");
    assert_eq!(state(&window).settings, Settings::default());

    choose(&mut window, &home.path().join("gone.toml"));
    assert!(has_text(&window, "cannot be read"));
    click(&mut window, "Close");

    std::fs::write(&file, "theme = \"dark\"\nkeep_runs = false\nfuture = 1\n")?;
    choose(&mut window, &file);
    assert!(has_text(&window, "2 settings would change"));
    assert!(has_text(
        &window,
        "Not known to this version and left out: future"
    ));
    assert_eq!(state(&window).settings.theme, ThemeChoice::System);
    click(&mut window, "Leave as it is");
    assert_eq!(state(&window).settings.theme, ThemeChoice::System);
    choose(&mut window, &file);
    click(&mut window, "Use these settings");
    assert_eq!(state(&window).settings.theme, ThemeChoice::Dark);
    click(&mut window, "Close");
    click(&mut window, "Undo");
    assert_eq!(state(&window).settings, Settings::default());

    choose(&mut window, &file);
    click(&mut window, "Use these settings");
    // The button is further down in the dialog.
    show(&mut window, CareAction::ResetSettings.into());
    assert_eq!(state(&window).settings, Settings::default());
    Ok(())
}

#[test]
fn the_log_of_a_command_tells_what_happened_and_never_what_was_asked() -> Outcome {
    let place = Place::new()?;
    let frame = example("cheese-party.png").display().to_string();
    let output = place.path("what-happens-if-the-mouse-gets-hungry.png");
    let output = output.display().to_string();
    let asked = ["ask", &frame, QUESTION, "--steps", "2", "-o", &output];
    let mut command = place.command();
    // However loud the terminal is.
    let said = command.args(asked).env("RUST_LOG", "trace").output()?;
    expect_code(&said, 0)?;
    let logs: Vec<_> = std::fs::read_dir(place.path("home/logs"))?.collect();
    assert_eq!(logs.len(), 1);
    let mut log = String::new();
    for entry in logs {
        log.push_str(&std::fs::read_to_string(entry?.path())?);
    }
    assert!(
        log.contains("INFO") && log.contains("loaded toon-tiny"),
        "{log}"
    );
    assert!(!log.to_lowercase().contains("hungry"), "{log}");
    Ok(())
}
