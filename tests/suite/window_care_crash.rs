//! Crashes: how they are written down, told at the next start, packed for others, and kept away by safe
//! mode.

use crate::window::{Outcome, Window, click, config, has_text, open, places, state, wait};
use eframe::egui;
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{AppConfig, BundleState, Dialog, Door, Language, LgdApp, ThemeChoice};
use lgd_studio::job::care::{self, BadEnd, Package, PackageChoice, Past};
use lgd_studio::job::{DeviceChoice, FileTask, JobEvent, Jobs, JobsConfig, logs};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

const HOME: &str = "LGD_TEST_CRASH_HOME";

/// Runs in a process of its own, which it ends with a panic about a question.
#[test]
#[ignore = "ends its process with a panic; started by its neighbour: cargo test --test suite -- window_care_crash"]
fn a_child_that_panics() {
    let Some(home) = std::env::var_os(HOME) else {
        return;
    };
    let places = places(Path::new(&home));
    let _log = logs::start(0, Some(&places));
    care::install(Some(places.clone()));
    care::note("device", "cpu f32");
    let (mark, _) = care::begin(&places, false);
    tracing::warn!("something to remember");
    assert!(mark.is_some());
    let question = std::hint::black_box("Wäs happens to the secret cheese?");
    let end = std::hint::black_box(2);
    println!("{}", &question[..end]);
}

#[test]
fn a_panic_is_written_down_and_told_at_the_next_start_without_the_question() -> Outcome {
    let home = tempfile::tempdir()?;
    let ended = Command::new(std::env::current_exe()?)
        .args(["--exact", "window_care_crash::a_child_that_panics"])
        .args(["--ignored", "--test-threads", "1"])
        .env(HOME, home.path())
        .output()?;
    assert!(!ended.status.success());
    let places = places(home.path());
    let (mark, past) = care::begin(&places, false);
    if let Some(mark) = mark {
        mark.end();
    }
    let end = past.bad_end.clone().ok_or("the end was a bad one")?;
    let report = end.report.clone().ok_or("there is a report")?;
    let text = std::fs::read_to_string(&report)?;
    for words in [
        "char boundary",
        "window_care_crash.rs",
        "cpu f32",
        "something to remember",
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    assert!(!text.contains("secret cheese"), "{text}");
    let mut log = String::new();
    for entry in std::fs::read_dir(places.logs())? {
        log.push_str(&std::fs::read_to_string(entry?.path())?);
    }
    assert!(log.contains("ERROR") && log.contains("panic in"), "{log}");
    assert!(!log.contains("secret cheese"), "{log}");

    let mut window = open(AppConfig {
        past,
        ..config(home.path())
    });
    wait(&mut window, "the report is read", |window| {
        has_text(window, "See the report")
    });
    assert!(has_text(&window, "did not end properly"));
    click(&mut window, "See the report");
    assert!(has_text(&window, "something to remember"));
    click(&mut window, "Make debug package…");
    assert_eq!(state(&window).dialog, Some(Dialog::Package));
    wait(&mut window, "it says what it will hold", |window| {
        has_text(window, "machine.txt")
    });
    assert!(!has_text(&window, "session.toml"));
    click(&mut window, "Close");
    assert_eq!(state(&window).dialog, Some(Dialog::LastEnd));
    click(&mut window, "Go on");
    assert_eq!(state(&window).dialog, None);
    window.get_by_role_and_label(Role::Button, "Draw the answer");
    Ok(())
}

#[test]
fn window_a_damaged_report_or_none_is_told_calmly() -> Outcome {
    let home = tempfile::tempdir()?;
    let report = home.path().join("crash-1-2-3.json");
    std::fs::write(&report, "{ half a rep")?;
    for (report, words) in [
        (Some(report), "The report cannot be read"),
        (Some("/gone/crash.json".into()), "The report cannot be read"),
        (None, "ended from outside"),
    ] {
        let end = BadEnd {
            started: 0,
            opened: true,
            report,
        };
        let past = Past {
            bad_end: Some(end),
            failed_starts: 0,
        };
        let mut window = open(AppConfig {
            past,
            ..config(home.path())
        });
        wait(&mut window, words, |window| has_text(window, words));
        assert!(
            window
                .query_by_role_and_label(Role::Button, "See the report")
                .is_none()
        );
        window.key_press(egui::Key::Escape);
        window.run_steps(6);
        assert_eq!(state(&window).dialog, None);
    }
    Ok(())
}

#[test]
fn window_a_package_that_cannot_be_written_says_why() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut jobs = Jobs::start(JobsConfig::default(), || {})?;
    let mut write = |path: PathBuf| {
        let package = Package {
            choice: PackageChoice::default(),
            places: places(home.path()),
            path,
        };
        jobs.files(FileTask::SavePackage(Box::new(package)));
        jobs.wait_event(Duration::from_secs(60))
    };
    let file = home.path().join("a-file");
    std::fs::write(&file, "")?;
    let refused = write(file.join("package.zip"));
    let Some(JobEvent::FileFailed(problem)) = refused else {
        panic!("{refused:?}");
    };
    assert!(problem.hint.is_some());
    let good = home.path().join("package.zip");
    let written = write(good.clone());
    assert!(matches!(written, Some(JobEvent::Saved(path)) if path == good));
    let mut window = open(config(home.path()));
    window
        .state_mut()
        .receive(JobEvent::FileFailed(problem.clone()));
    window.run_steps(3);
    assert!(has_text(&window, &problem.message));
    Ok(())
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> std::io::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), std::fs::read(path)?);
            }
        }
    }
    Ok(found)
}

#[test]
fn window_safe_mode_touches_nothing_of_the_person() -> Outcome {
    let home = tempfile::tempdir()?;
    let places = places(home.path());
    for (file, text) in [
        (
            places.settings_file(),
            "theme = \"dark\"\nlanguage = \"en\"\ndevice = \"cuda:7\"\n[models]\nbundle = \"/gone\"\n",
        ),
        (
            places.session_file(),
            "history = [\"Mine?\"]\npage = \"gallery\"\n",
        ),
        (places.data.join("studio.db"), "damaged"),
    ] {
        std::fs::create_dir_all(file.parent().ok_or("a folder")?)?;
        std::fs::write(file, text)?;
    }
    let before = files(home.path())?;
    let past = Past {
        bad_end: None,
        failed_starts: 2,
    };
    let config = AppConfig {
        past,
        ..config(home.path())
    };
    let mut door: Harness<'static, Door> = Harness::builder()
        .with_size([1280.0, 800.0])
        .build_eframe(|cc| Door::new(cc, config, Language::English).expect("the threads start"));
    door.run_steps(3);
    assert!(door.state().app().is_none(), "nothing is loaded yet");
    assert_eq!(files(home.path())?, before);
    door.get_by_role_and_label(Role::Button, "Start in safe mode")
        .click();
    let app = |door: &Harness<'static, Door>| -> Option<bool> {
        let state = door.state().app().map(LgdApp::state)?;
        let ready = matches!(state.bundle, BundleState::Ready(_));
        Some(ready && state.frame.frame.is_some())
    };
    for _ in 0..12_000 {
        if app(&door) == Some(true) {
            break;
        }
        door.step();
        std::thread::sleep(Duration::from_millis(5));
    }
    door.run_steps(3);
    let state = door.state().app().map(LgdApp::state).ok_or("it is open")?;
    assert_eq!(app(&door), Some(true), "{:?}", state.bundle);
    assert_eq!(state.settings.theme, ThemeChoice::System);
    assert_eq!(state.resources.device, DeviceChoice::Cpu);
    assert!(state.history.is_empty() && !state.keeps_runs && state.care.safe);
    assert!(door.query_all_by_label("Safe mode").next().is_some());
    eframe::App::on_exit(door.state_mut());
    drop(door);
    assert_eq!(files(home.path())?, before);
    Ok(())
}

#[test]
fn window_the_door_opens_as_usual_when_that_is_chosen() -> Outcome {
    let home = tempfile::tempdir()?;
    let past = Past {
        bad_end: Some(BadEnd::default()),
        failed_starts: 3,
    };
    let config = AppConfig {
        past,
        ..config(home.path())
    };
    let mut door: Harness<'static, Door> = Harness::builder()
        .with_size([1280.0, 800.0])
        .build_eframe(|cc| Door::new(cc, config, Language::Chinese).expect("the threads start"));
    door.run_steps(3);
    door.get_by_role_and_label(Role::Button, "照常启动").click();
    door.run_steps(4);
    let state = door.state().app().map(LgdApp::state).ok_or("it is open")?;
    assert!(state.keeps_runs && !state.care.safe);
    assert_eq!(state.dialog, None, "it was told at the door");
    Ok(())
}

#[cfg(unix)]
#[test]
fn window_starts_once_more_in_safe_mode() -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir()?;
    let program = home.path().join("program");
    let said = home.path().join("said");
    let script = format!("#!/bin/sh\nprintf '%s ' \"$@\" > {}\n", said.display());
    std::fs::write(&program, script)?;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
    let mut window: Window = open(AppConfig {
        program: Some(program),
        past: Past {
            bad_end: Some(BadEnd::default()),
            failed_starts: 0,
        },
        ..config(home.path())
    });
    window.run_steps(4);
    click(&mut window, "Start in safe mode");
    wait(&mut window, "this window goes", |window| {
        state(window).quitting
    });
    let end = std::time::Instant::now() + Duration::from_secs(30);
    while !std::fs::read_to_string(&said).is_ok_and(|said| said == "--safe-mode ") {
        assert!(std::time::Instant::now() < end, "the program was started");
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

#[test]
fn a_start_that_opened_is_no_failed_one() -> Outcome {
    let home = tempfile::tempdir()?;
    let places = places(home.path());
    drop(care::begin(&places, false));
    let (mark, past) = care::begin(&places, false);
    assert_eq!(past.failed_starts, 1);
    let mark = Arc::new(mark.ok_or("the folder can be written to")?);
    let mut window = open(AppConfig {
        mark: Some(mark.clone()),
        ..config(home.path())
    });
    wait(&mut window, "the model is there", |window| {
        matches!(state(window).bundle, BundleState::Ready(_))
    });
    window.run_steps(2);
    drop(window); // waits for what was handed over, and does not say goodbye
    drop(mark);
    let (_, past) = care::begin(&places, false);
    assert_eq!(past.failed_starts, 0);
    assert!(past.bad_end.is_some_and(|end| end.opened));
    Ok(())
}
