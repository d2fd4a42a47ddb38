//! The Evaluate page by accessible label, with the real jobs and the embedded bundle behind it.

use crate::golden::root;
use crate::window::{Outcome, Window, click, config, has_text, open, places, state, wait};
use eframe::egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{Action, BundleState, EvaluateAction, EvaluationDraft, NoticeKind, Page};
use lgd_studio::dataset::toon::{Split, ToonDataset, write_dataset};
use lgd_studio::job::{FileTask, GuidanceMode, JobEvent, ReportFormat};
use std::ops::ControlFlow;
use std::path::Path;

pub fn toon(folder: &Path, samples: usize) -> Outcome {
    let mut dataset = ToonDataset::new(1, 1);
    for (split, count) in &mut dataset.counts {
        *count = if *split == Split::Val { samples } else { 1 };
    }
    write_dataset(&dataset, folder, |_, _| ControlFlow::Continue(()))?;
    Ok(())
}

/// Pictures of one mode as the authors' code leaves them, to be judged.
pub fn copy_evaluation(folder: &Path) -> Outcome {
    for entry in std::fs::read_dir(root()?.join("metrics/toy_folder"))? {
        let entry = entry?;
        let to = folder.join("latent").join(entry.file_name());
        std::fs::create_dir_all(&to)?;
        for file in std::fs::read_dir(entry.path())? {
            let file = file?;
            std::fs::copy(file.path(), to.join(file.file_name()))?;
        }
    }
    Ok(())
}

pub fn edit(window: &mut Window, change: impl FnOnce(&mut EvaluationDraft)) {
    let mut draft = state(window).evaluate.draft.clone();
    change(&mut draft);
    let action = EvaluateAction::Edit(Box::new(draft));
    window.state_mut().act(Action::Evaluate(action));
    window.step();
}

pub fn page(home: &Path) -> Window {
    let mut window = open(config(home));
    wait(&mut window, "the bundle is there", |window| {
        matches!(state(window).bundle, BundleState::Ready(_))
    });
    click(&mut window, "Evaluate");
    assert_eq!(state(&window).page, Page::Evaluate);
    window
}

#[test]
fn window_evaluate_draws_judges_and_exports() -> Outcome {
    let home = tempfile::tempdir()?;
    let data = home.path().join("toon");
    toon(&data, 3)?;
    let mut window = page(home.path());
    assert!(has_text(&window, "No numbers yet"));
    assert!(has_text(&window, "Choose a data set first"));
    assert!(has_text(&window, "As in the paper"));

    edit(&mut window, |draft| {
        draft.dataset = data.clone();
        draft.modes = vec![GuidanceMode::Latent];
        draft.seeds = "1, 2".to_owned();
        draft.limit = "2".to_owned();
        draft.steps = 2;
    });
    wait(&mut window, "the data set was looked at", |window| {
        state(window).evaluate.outlook.is_some()
    });
    assert!(has_text(&window, "2 samples, 4 pictures to draw."));
    assert!(has_text(&window, "Back to the paper"));
    let start = window.query_by_role_and_label(Role::Button, "Start evaluating");
    start.ok_or("no start")?.click();
    wait(&mut window, "it is at work", |window| {
        state(window).evaluate.going.is_some()
    });
    window.get_by_role_and_label(Role::Button, "Stop");
    wait(&mut window, "there are numbers", |window| {
        state(window).evaluate.shown.is_some()
    });
    // Without CLIP a column of similarities would say nothing.
    for (words, expected) in [
        ("All samples", true),
        ("Causal accuracy", true),
        ("PSNR", true),
        ("No CLIP was there", true),
        ("Sim-Avg", false),
        ("The paper", false),
    ] {
        assert_eq!(has_text(&window, words), expected, "{words}");
    }
    wait(&mut window, "what is there was looked at", |window| {
        window
            .query_by_role_and_label(Role::Button, "Judge the pictures")
            .is_some()
    });
    let folder = state(&window).evaluate.draft.folders.first().cloned();
    let folder = folder.ok_or("no folder")?;
    assert!(folder.starts_with(places(home.path()).data.join("evaluations")));
    assert!(folder.join("report.html").is_file());

    // Exports go where a person says; the dialog is what they would see.
    let shown = state(&window).evaluate.shown.clone().ok_or("no numbers")?;
    let export = lgd_studio::job::ReportExport {
        found: shown.found,
        against: None,
        format: ReportFormat::Csv,
        path: home.path().join("numbers.csv"),
    };
    let mut jobs = lgd_studio::job::Jobs::start(Default::default(), || {})?;
    jobs.files(FileTask::SaveReport(Box::new(export)));
    let saved = jobs.wait_event(std::time::Duration::from_secs(60));
    assert!(matches!(saved, Some(JobEvent::Saved(_))), "{saved:?}");
    let table = std::fs::read_to_string(home.path().join("numbers.csv"))?;
    assert!(table.starts_with("method,") && table.contains("causal_accuracy"));

    // The same again is nothing to draw, and an earlier evaluation is compared with.
    let compare = EvaluateAction::Compare(Some(folder));
    window.state_mut().act(Action::Evaluate(compare));
    wait(&mut window, "the earlier one is there", |window| {
        state(window).evaluate.against.is_some()
    });
    assert!(has_text(&window, "Compared with"));
    Ok(())
}

#[test]
fn window_evaluate_judges_pictures_that_are_there_and_names_the_paper() -> Outcome {
    let home = tempfile::tempdir()?;
    let fixtures = root()?.join("metrics");
    let folder = home.path().join("evaluation");
    copy_evaluation(&folder)?;
    let mut window = page(home.path());
    edit(&mut window, |draft| draft.clip = fixtures.clone());
    let score = EvaluateAction::Score(folder);
    window.state_mut().act(Action::Evaluate(score));
    wait(&mut window, "there are numbers", |window| {
        state(window).evaluate.shown.is_some()
    });
    for words in [
        "Sim-Avg",
        "AUC-Best",
        "0.9353",
        "The paper",
        "0.8589",
        "Difference to the paper",
        "+0.0764",
        "2 folders are skipped",
        "sample06",
    ] {
        assert!(has_text(&window, words), "{words}");
    }
    Ok(())
}

#[test]
fn window_evaluate_says_what_is_wrong() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = page(home.path());
    edit(&mut window, |draft| {
        draft.dataset = home.path().join("nowhere")
    });
    wait(&mut window, "it was looked for", |window| {
        state(window).evaluate.outlook.is_some()
    });
    assert!(has_text(&window, "Cannot read the data set"));
    edit(&mut window, |draft| draft.modes.clear());
    assert!(has_text(&window, "Take at least one mode"));
    let score = EvaluateAction::Score(home.path().join("nowhere"));
    window.state_mut().act(Action::Evaluate(score));
    wait(&mut window, "it was tried", |window| {
        state(window).evaluate.problem.is_some()
    });
    assert!(has_text(&window, "no such folder"));
    let missing = EvaluateAction::Compare(Some(home.path().join("nowhere.json")));
    window.state_mut().act(Action::Evaluate(missing));
    wait(&mut window, "it is said", |window| {
        let mut notices = state(window).notices.iter();
        notices.any(|notice| matches!(&notice.kind, NoticeKind::Trouble(problem) if problem.message.contains("report")))
    });
    Ok(())
}
