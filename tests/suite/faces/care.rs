//! The program about itself: log, doctor, last end, packages, settings in files, and its door.

use super::act;
use super::camera::Camera;
use crate::window::{Outcome, config, open, state, wait, wait_until_ready};
use crate::window_care::{choose, write_log};
use egui_kittest::Harness;
use lgd_studio::app::{
    Action, AppConfig, CareAction, Dialog, Door, Language, LanguageChoice, Page,
};
use lgd_studio::job::care::{BadEnd, CrashReport, Past};

pub fn everything(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    act(&mut window, Action::ShowPage(Page::Log));
    wait(&mut window, "there is nothing", |window| {
        state(window).care.log.shown.is_some()
    });
    camera.look(&mut window, "log-empty")?;
    write_log(home.path(), 2000)?;
    wait(&mut window, "the log is read", |window| {
        let shown = state(window).care.log.shown.as_ref();
        shown.is_some_and(|shown| shown.as_ref().is_ok_and(|shown| shown.known > 1000))
    });
    camera.look(&mut window, "log")?;
    act(&mut window, Action::ShowPage(Page::Ask));
    act(&mut window, Action::ShowDialog(Dialog::Doctor));
    wait(&mut window, "everything was looked at", |window| {
        state(window).care.findings.is_some()
    });
    camera.look(&mut window, "doctor")?;
    act(&mut window, Action::ShowDialog(Dialog::Package));
    wait(&mut window, "it says what it will hold", |window| {
        state(window).care.packing.items.is_some()
    });
    camera.look(&mut window, "package")?;
    act(&mut window, Action::CloseDialog);
    let file = home.path().join("other.toml");
    std::fs::write(&file, "theme = \"dark\"\nkeep_runs = false\nfuture = 1\n")?;
    choose(&mut window, &file);
    camera.look(&mut window, "settings-import")?;
    act(&mut window, Action::CloseDialog);
    std::fs::write(&file, "theme = [broken")?;
    choose(&mut window, &file);
    camera.look(&mut window, "settings-import-failed")?;
    drop(window);
    last_end(camera)?;
    door(camera)
}

fn last_end(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let report = CrashReport {
        at: 1_795_478_400,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        system: "linux x86_64".to_owned(),
        message: "index out of bounds: the len is 3 but the index is 7".to_owned(),
        place: "src/pipeline/conditioning.rs:214".to_owned(),
        backtrace: std::backtrace::Backtrace::force_capture().to_string(),
        log: vec!["2026-11-29T10:00:00Z INFO 7 main app the model is loaded".to_owned()],
        ..CrashReport::default()
    };
    let file = home.path().join("crash-1-2-3.json");
    std::fs::write(&file, serde_json::to_string(&report)?)?;
    let end = BadEnd {
        started: 1_795_478_400,
        opened: true,
        report: Some(file),
    };
    let mut window = open(AppConfig {
        past: Past {
            bad_end: Some(end),
            failed_starts: 0,
        },
        ..config(home.path())
    });
    wait(&mut window, "the report is read", |window| {
        let end = state(window).care.last_end.as_ref();
        end.is_some_and(|end| end.report.is_some())
    });
    camera.look(&mut window, "last-end")?;
    act(&mut window, CareAction::ShowReport(true));
    camera.look(&mut window, "last-end-report")
}

fn door(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    camera.look_at_new("door", |view| {
        let config = AppConfig {
            past: Past {
                bad_end: None,
                failed_starts: 2,
            },
            ..config(home.path())
        };
        let language = match view.language {
            LanguageChoice::Chinese => Language::Chinese,
            LanguageChoice::English | LanguageChoice::System => Language::English,
        };
        Harness::builder()
            .with_size([1280.0, 800.0])
            .build_eframe(|cc| Door::new(cc, config, language).expect("the threads start"))
    })
}
