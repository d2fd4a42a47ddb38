//! Asking a picture back: what the embedded bundle can honestly say, measured on drawn scenes whose
//! true outcome is known, a bundle that knows yes and no, and the way through window and terminal.

use crate::cli::{FRAME, Place, QUESTION, example, expect_code};
use crate::golden::TestResult;
use crate::window::{Outcome, click, column, drawn, has_text, state, wait};
use candle_core::Device;
use eframe::egui;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{Action, Explain, Inquiry, Topic};
use lgd_studio::dataset::toon::{Renderer, Sample, Split, rules, samples};
use lgd_studio::job::GuidanceMode;
use lgd_studio::pipeline::{BundleSource, CheckKind, Judgement, LgdPipeline, MemoryRules, Verdict};
use serde_json::Value;
use std::path::Path;

fn pipeline(source: &BundleSource) -> TestResult<LgdPipeline> {
    let pipeline = LgdPipeline::open(source, &Device::Cpu, MemoryRules::default())?;
    pipeline.load()?;
    Ok(pipeline)
}

/// How often the model says yes to the true outcome, to a picture that shows no change, and to one
/// that shows what another cause leads to; and how many samples there were.
fn yes_to(pipeline: &LgdPipeline, count: usize) -> TestResult<([usize; 3], usize)> {
    let renderer = Renderer::new();
    let (mut yes, mut all) = ([0; 3], 0);
    for sample in samples(Split::Test, 1).take(count) {
        let Sample {
            rule,
            question,
            answer,
            before,
            after,
            ..
        } = &sample;
        let others = rules().iter().filter(|other| other.id != *rule);
        let mut others = others.filter_map(|other| Some(other.outcome(before)?.after));
        let Some(other) = others.find(|other| other != after) else {
            continue;
        };
        all += 1;
        let frame = renderer.render(before, 128);
        for (yes, scene) in yes.iter_mut().zip([after, before, &other]) {
            let picture = renderer.render(scene, 128);
            let check = pipeline.check(&frame, &picture, question, Some(answer))?;
            *yes += usize::from(check.judgement.verdict() == Verdict::Yes);
        }
    }
    Ok((yes, all))
}

/// `CHECKED=120` measures the figures in the README.
#[test]
fn the_embedded_bundle_says_yes_to_true_outcomes_and_to_hardly_anything_else() -> TestResult {
    let pipeline = pipeline(&BundleSource::Embedded)?;
    assert_eq!(pipeline.check_kind(), Some(CheckKind::SameQuestion));
    let count = std::env::var("CHECKED").ok().and_then(|n| n.parse().ok());
    let ([right, unchanged, other], all) = yes_to(&pipeline, count.unwrap_or(40))?;
    println!("{all} samples: yes to {right} true, {unchanged} unchanged, {other} other outcomes");
    assert_eq!(unchanged, 0);
    assert!(5 * right > all, "{right} of {all}");
    assert!(other < right / 3, "{other} and {right}");
    Ok(())
}

/// The embedded bundle with a tokenizer that has both words: what it makes of them is random, but
/// they are asked for.
fn with_yes_and_no(folder: &Path) -> TestResult {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/toon-tiny");
    for part in ["adapter", "blip2", "scheduler", "unet", "vae"] {
        std::fs::create_dir_all(folder.join(part))?;
        for file in std::fs::read_dir(from.join(part))? {
            let file = file?;
            std::fs::copy(file.path(), folder.join(part).join(file.file_name()))?;
        }
    }
    std::fs::copy(from.join("lgd.json"), folder.join("lgd.json"))?;
    let path = folder.join("blip2/tokenizer.json");
    let mut tokenizer: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
    let model = &mut tokenizer["model"];
    model["ignore_merges"] = true.into();
    let merges = model["merges"].as_array_mut().ok_or("merges")?;
    let last = merges.pop().ok_or("a merge")?;
    let parts: Vec<&str> = match &last {
        Value::String(pair) => pair.split(' ').collect(),
        pair => pair
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect(),
    };
    let vocabulary = model["vocab"].as_object_mut().ok_or("vocab")?;
    let id = vocabulary
        .remove(&parts.concat())
        .ok_or("the merged token")?;
    vocabulary.insert("\u{2581}yes".to_owned(), id);
    std::fs::write(path, tokenizer.to_string())?;
    Ok(())
}

#[test]
fn a_bundle_that_has_the_words_is_asked_for_yes_or_no() -> TestResult {
    let folder = tempfile::tempdir()?;
    with_yes_and_no(folder.path())?;
    let source = BundleSource::Folder(folder.path().to_path_buf());
    let pipeline = pipeline(&source)?;
    assert_eq!(pipeline.check_kind(), Some(CheckKind::YesNo));
    let picture = image::open(example(FRAME))?.into_rgb8();
    let question = CheckKind::YesNo.question(QUESTION, Some("The mouse eats the cheese."));
    let check = pipeline.check(&picture, &picture, &question, None)?;
    let Judgement::YesNo { yes, said } = check.judgement else {
        return Err(format!("{check:?}").into());
    };
    assert!(
        (0.0..=1.0).contains(&yes) && (0.0..=1.0).contains(&said),
        "{check:?}"
    );
    // It never learned them, and that is noticed.
    assert_eq!(check.judgement.verdict(), Verdict::Open);
    assert_eq!(check, pipeline.check(&picture, &picture, &question, None)?);
    Ok(())
}

#[test]
fn window_asks_a_picture_back_and_keeps_what_the_model_said() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = drawn(home.path(), &[GuidanceMode::Answer], 3);
    assert!(
        column(&window, 0).explained.check.is_none(),
        "only on request"
    );
    click(&mut window, "Ask the picture back…");
    let field = window.get_by_role_and_label(Role::MultilineTextInput, "Check question");
    assert_eq!(
        field.value().as_deref(),
        Some("What happens if the cat gets hungry?")
    );
    assert!(has_text(&window, "never learned yes and no"));
    field.focus();
    window.step();
    window
        .get_by_role_and_label(Role::MultilineTextInput, "Check question")
        .type_text(" Or sad?");
    window.step();
    window.step();
    click(&mut window, "Ask the model");
    wait(&mut window, "the model has judged", |window| {
        column(window, 0).explained.check.is_some()
    });
    let check = column(&window, 0)
        .explained
        .check
        .clone()
        .ok_or("a check")?;
    assert!(check.question.contains("Or sad?"), "{check:?}");
    assert!(has_text(&window, "judged by the model"));
    window.get_by_role_and_label(Role::Button, "Ask again…");
    // It is part of the run that is kept.
    let runs = home.path().join("data/runs");
    wait(&mut window, "it is kept", |_| {
        let files = std::fs::read_dir(&runs).into_iter().flatten().flatten();
        let mut files = files.filter(|f| f.path().extension().is_some_and(|e| e == "lgdrun"));
        let run = files.find_map(|file| lgd_studio::job::open_run(&file.path()).ok());
        run.is_some_and(|run| run.columns[0].check.as_ref() == Some(&check))
    });
    Ok(())
}

#[test]
fn window_asking_back_can_be_cancelled_and_wanted_for_every_picture() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = drawn(home.path(), &[GuidanceMode::Answer], 3);
    // Cancelled before the worker comes to it.
    let ask = Explain::Check(0, "Why?".to_owned());
    window.state_mut().act(Action::Explain(ask));
    window
        .state_mut()
        .act(Action::Explain(Explain::Stop(0, Topic::Check)));
    wait(&mut window, "it has stopped", |window| {
        column(window, 0).explained.progress(Topic::Check).is_none()
    });
    let over = column(&window, 0).explained.inquiry(Topic::Check);
    let stopped = matches!(over, Inquiry::Cancelled);
    assert!(stopped || column(&window, 0).explained.check.is_some());

    let mut settings = state(&window).settings.clone();
    settings.ask_back = true;
    window
        .state_mut()
        .act(Action::EditSettings(Box::new(settings)));
    window.state_mut().act(Action::Retry(0));
    wait(&mut window, "the new picture is judged", |window| {
        column(window, 0).explained.check.is_some()
    });
    assert!(has_text(&window, "judged by the model"));
    Ok(())
}

#[test]
fn a_picture_is_asked_back_on_the_command_line() -> TestResult {
    let place = Place::new()?;
    let more = [
        "--check", "--mode", "answer", "-o", "a.png", "--run", "a.lgdrun",
    ];
    let result = place.ask(&example(FRAME), QUESTION, &more)?;
    let check = &result["check"];
    assert_eq!(check["question"], QUESTION);
    assert!(
        check["score"]
            .as_f64()
            .is_some_and(|s| (0.0..=1.0).contains(&s)),
        "{check}"
    );
    let verdict = check["verdict"].as_str().ok_or("a verdict")?;
    assert!(["yes", "no", "undecided"].contains(&verdict));
    let export = ["export", "a.lgdrun", "--format", "csv", "-o", "a.csv"];
    expect_code(&place.run(&export)?, 0)?;
    let table = std::fs::read_to_string(place.path("a.csv"))?;
    assert!(
        table.contains("check_score") && table.contains(verdict),
        "{table}"
    );
    let other = ["--check=Where is the cheese?", "-o", "b.png"];
    let result = place.ask(&example(FRAME), QUESTION, &other)?;
    assert_eq!(result["check"]["question"], "Where is the cheese?");
    Ok(())
}
