//! The toon world: pictures, rules, splits, data sets, causal accuracy, the command line.

use crate::cli::{Place, expect_code, refused};
use crate::golden::TestResult;
use image::RgbImage;
use lgd_studio::dataset::toon::{
    CausalCheck, Renderer, Scene, Split, ToonDataset, outcomes, rules, samples, write_dataset,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

/// How far a byte of a rendering may be from the reference's, of 255: an older release of the same
/// rasteriser drew those, and so far they are equal.
const LEVELS: u8 = 1;

fn scene(value: &Value) -> TestResult<Scene> {
    Ok(serde_json::from_value(value.clone())?)
}

/// A scene without jitter: a room by day unless `attributes` say otherwise.
fn stage(attributes: Value, cast: [Option<(&str, &str)>; 3]) -> TestResult<Scene> {
    let mut value = json!({
        "place": "room", "tint": "mint", "flip": false, "sky": "day", "lamp": "off", "tree": "none",
        "slots": {}, "jitter": {"L": [0, 0], "C": [0, 0], "R": [0, 0]},
    });
    for (slot, actor) in ["L", "C", "R"].into_iter().zip(cast) {
        value["slots"][slot] = actor.map_or(Value::Null, |(e, s)| json!({"entity": e, "state": s}));
    }
    for (key, attribute) in attributes.as_object().ok_or("no attributes")? {
        value[key] = attribute.clone();
    }
    scene(&value)
}

#[test]
fn renders_agree_with_the_reference_frames() -> TestResult {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/frames");
    let about: Value = serde_json::from_slice(&std::fs::read(folder.join("frames.json"))?)?;
    let frames = about["frames"].as_array().ok_or("no frames")?;
    assert_eq!(frames.len(), 12);
    let renderer = Renderer::new();
    for frame in frames {
        let file = frame["file"].as_str().ok_or("no file")?;
        let expected = image::open(folder.join(file))?.to_rgb8();
        let drawn = renderer.render(&scene(&frame["scene"])?, expected.width());
        let differences = drawn.as_raw().iter().zip(expected.as_raw());
        let worst = differences.map(|(a, b)| a.abs_diff(*b)).max();
        assert!(
            worst.is_some_and(|worst| worst <= LEVELS),
            "{file}: {worst:?}"
        );
    }
    Ok(())
}

#[test]
fn every_part_can_be_drawn_at_any_size() -> TestResult {
    let renderer = Renderer::new();
    let mut pictures = BTreeSet::new();
    for entity in ["cat", "mouse", "dog"] {
        for state in [
            "neutral", "happy", "sad", "angry", "scared", "asleep", "hot",
        ] {
            let scene = stage(json!({}), [None, Some((entity, state)), None])?;
            pictures.insert(renderer.render(&scene, 64).into_raw());
        }
    }
    assert_eq!(
        pictures.len(),
        21,
        "every character looks different in every state"
    );
    let scene = stage(json!({"sky": "rain", "lamp": "on"}), [None; 3])?;
    for size in [16, 77, 300] {
        assert_eq!(renderer.render(&scene, size).dimensions(), (size, size));
    }
    Ok(())
}

/// (rule, scene, what changes as JSON pointer and value; nothing when the rule does not apply)
#[test]
fn rules_lead_to_their_effects() -> TestResult {
    let (mouse, cat, dog) = (("mouse", "neutral"), ("cat", "neutral"), ("dog", "neutral"));
    let asleep = |who| Some((who, "asleep"));
    let garden = json!({"place": "garden", "lamp": "none", "tree": "apples"});
    let table: [(&str, Scene, Value); 17] = [
        (
            "mouse_hungry",
            stage(json!({}), [Some(mouse), Some(("cheese", "whole")), None])?,
            json!({"/slots/C": null, "/slots/L/state": "happy"}),
        ),
        (
            "mouse_hungry",
            stage(json!({}), [Some(mouse), None, None])?,
            json!({"/slots/L/state": "sad"}),
        ),
        (
            "mouse_hungry",
            stage(json!({}), [asleep("mouse"), None, None])?,
            json!({}),
        ),
        (
            "cat_hungry",
            stage(json!({}), [Some(cat), Some(mouse), None])?,
            json!({"/slots/C": null}),
        ),
        (
            "whistle_for_dog",
            stage(json!({}), [Some(cat), None, None])?,
            json!({"/slots/C": {"entity": "dog", "state": "happy"}, "/slots/L/state": "scared"}),
        ),
        (
            "whistle_for_dog",
            stage(json!({}), [None, Some(cat), Some(mouse)])?,
            json!({"/slots/L": {"entity": "dog", "state": "happy"}, "/slots/C/state": "scared"}),
        ),
        (
            "whistle_for_dog",
            stage(json!({}), [Some(cat), Some(mouse), Some(("gift", "open"))])?,
            json!({}),
        ),
        (
            "whistle_for_dog",
            stage(json!({}), [Some(dog), None, None])?,
            json!({}),
        ),
        (
            "sun_goes_down",
            stage(json!({}), [None; 3])?,
            json!({"/sky": "night", "/lamp": "on"}),
        ),
        (
            "sun_goes_down",
            stage(json!({"lamp": "none"}), [None; 3])?,
            json!({"/sky": "night"}),
        ),
        (
            "sun_goes_down",
            stage(json!({"lamp": "on"}), [None; 3])?,
            json!({}),
        ),
        (
            "sun_comes_up",
            stage(json!({"sky": "night"}), [asleep("cat"), Some(mouse), None])?,
            json!({"/sky": "day", "/slots/L/state": "happy"}),
        ),
        (
            "needle",
            stage(
                json!({}),
                [Some(cat), Some(("balloon", "whole")), Some(dog)],
            )?,
            json!({"/slots/C/state": "popped", "/slots/L/state": "scared", "/slots/R/state": "scared"}),
        ),
        (
            "needle",
            stage(json!({}), [asleep("cat"), Some(("balloon", "whole")), None])?,
            json!({}),
        ),
        (
            "shake_tree",
            stage(garden.clone(), [None; 3])?,
            json!({"/tree": "fallen"}),
        ),
        (
            "alarm_clock",
            stage(json!({}), [asleep("cat"), Some(mouse), asleep("dog")])?,
            json!({"/slots/L/state": "angry", "/slots/R/state": "angry"}),
        ),
        // Everybody is happy already: nothing would change.
        (
            "joke",
            stage(json!({}), [Some(("cat", "happy")), None, None])?,
            json!({}),
        ),
    ];
    for (id, before, changes) in table {
        let rule = rules().iter().find(|rule| rule.id == id).ok_or(id)?;
        let outcome = rule.outcome(&before);
        let mut expected = serde_json::to_value(&before)?;
        let changes = changes.as_object().ok_or("no table of changes")?;
        for (path, value) in changes {
            *expected.pointer_mut(path).ok_or("no such place")? = value.clone();
        }
        match outcome {
            None => assert!(changes.is_empty(), "{id} does not apply to {before:?}"),
            Some(outcome) => {
                assert!(!changes.is_empty(), "{id} applies to {before:?}");
                assert_eq!(serde_json::to_value(&outcome.after)?, expected, "{id}");
            }
        }
    }
    assert_eq!(rules().len(), 28);
    assert!(rules().iter().all(|rule| rule.questions.len() >= 6));
    assert!(outcomes(&stage(garden, [Some(mouse), Some(cat), None])?).len() > 8);
    Ok(())
}

/// SHA-256 over `rule|case|question|scene before|scene after` of the first 400 samples, written by
/// the reference's `sample_split` (`toonworld.py`, Python 3.11).
#[test]
fn the_splits_are_the_references() -> TestResult {
    for (split, expected) in [
        (
            Split::Train,
            "31dc05f0bb637262358de4f0400aea7712bba4fb212468953ff9de87aead7468",
        ),
        (
            Split::Val,
            "30f38c7072424b45f27ed8c3555792bc1ab54c725f3a6a857a7492d44e1128cb",
        ),
        (
            Split::Test,
            "ee19f784984507f93dd6a70ce7ea5fca186fecd245e12dbed282a998cc065a37",
        ),
        (
            Split::Compositional,
            "c64f99a59fab651d112ea0b6ee84fba391bc3d30fa5ab4abdeb70f2ce85770b1",
        ),
    ] {
        let mut hash = Sha256::new();
        for sample in samples(split, 1).take(400) {
            let (before, after) = (
                serde_json::to_string(&sample.before)?,
                serde_json::to_string(&sample.after)?,
            );
            let line = format!(
                "{}|{}|{}|{before}|{after}\n",
                sample.rule, sample.case, sample.question
            );
            hash.update(line.as_bytes());
        }
        let digest: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(digest, expected, "{}", split.name());
    }
    Ok(())
}

#[test]
fn held_out_pairs_are_in_the_compositional_split_only() -> TestResult {
    let held_out = |id: &str, scene: &Scene| {
        let rule = rules().iter().find(|rule| rule.id == id);
        rule.is_some_and(|rule| rule.is_held_out(scene))
    };
    for split in Split::ALL {
        // Another seed has other samples, under the same law.
        let drawn: Vec<_> = samples(split, 7).take(150).collect();
        let wanted = split == Split::Compositional;
        assert!(drawn.iter().all(|s| held_out(&s.rule, &s.before) == wanted));
        let first: Vec<_> = samples(split, 1).take(150).collect();
        assert_ne!(drawn, first);
        assert_eq!(first[..20], samples(split, 1).take(20).collect::<Vec<_>>());
    }
    Ok(())
}

/// In the reasoning split every question comes with two frames whose right pictures are not the same
/// change, one rule alone does not answer it, and nothing of it is held out.
#[test]
fn reasoning_needs_the_frame_and_more_than_one_rule() -> TestResult {
    let drawn: Vec<_> = samples(Split::Reasoning, 1).take(300).collect();
    let again: Vec<_> = samples(Split::Reasoning, 1).take(300).collect();
    assert_eq!(drawn, again);
    let mut ways = BTreeMap::new();
    let mut unchanged = 0;
    for pair in drawn.chunks(2) {
        let [here, there] = pair else {
            return Err("half a pair".into());
        };
        assert_eq!(
            (&here.question, &here.category),
            (&there.question, &there.category)
        );
        assert_ne!(here.answer, there.answer, "{}", here.question);
        assert_ne!(here.before, there.before);
        let changes = pair.iter().map(|sample| sample.before != sample.after);
        let changes: Vec<bool> = changes.collect();
        assert!(changes.contains(&true), "{}", here.question);
        unchanged += changes.iter().filter(|changes| !**changes).count();
        *ways.entry(here.category.clone()).or_insert(0) += 1;
        for sample in pair {
            assert!(sample.chain.len() >= 2 || sample.category == "negation");
            let ids: Vec<&str> = sample.rule.split('+').collect();
            let rule = |id: &str| rules().iter().find(|rule| rule.id == id).ok_or("no rule");
            match ids.as_slice() {
                [first, second] => {
                    let first = rule(first)?.outcome(&sample.before).ok_or("no effect")?;
                    let second = rule(second)?.outcome(&first.after);
                    let after = second.map_or(first.after, |second| second.after);
                    assert_eq!(after, sample.after, "{}", sample.question);
                }
                // One rule that would act by itself: what is asked beside it decides.
                [only] => assert!(rule(only)?.outcome(&sample.before).is_some()),
                _ => return Err("too many rules".into()),
            }
        }
        // With the first of two causes left out, the first frame would look different.
        if let Some((_, second)) = here.rule.split_once('+') {
            let second = rules()
                .iter()
                .find(|rule| rule.id == second)
                .ok_or("no rule")?;
            let alone = second.outcome(&here.before);
            assert!(alone.is_none_or(|alone| alone.after != here.after));
        }
    }
    assert_eq!(ways.into_values().collect::<Vec<_>>(), [50, 50, 50]);
    assert!(
        (30..130).contains(&unchanged),
        "{unchanged} of 300 show nothing"
    );
    // No question of training is among them.
    let asked: BTreeSet<&String> = drawn.iter().map(|sample| &sample.question).collect();
    assert!(
        rules()
            .iter()
            .flat_map(|rule| &rule.questions)
            .all(|q| !asked.contains(q))
    );
    assert!(asked.len() > 100, "{}", asked.len());
    Ok(())
}

#[test]
fn the_true_outcome_is_the_nearest_to_its_own_picture() -> TestResult {
    let renderer = Renderer::new();
    let mut chance = 0.0;
    for sample in samples(Split::Test, 1).take(12) {
        let check = CausalCheck::new(&renderer, &sample.before, &sample.after, 128);
        chance += 1.0 / check.count() as f64;
        let judge = |picture: &RgbImage| check.judge(picture).ok_or("the sizes differ");
        let right = judge(&renderer.render(&sample.after, 128))?;
        assert!(right.right && !right.unchanged && right.error == 0.0);
        let unchanged = judge(&renderer.render(&sample.before, 128))?;
        assert!(!unchanged.right && unchanged.unchanged);
        for other in outcomes(&sample.before) {
            let verdict = judge(&renderer.render(&other, 128))?;
            assert_eq!(verdict.right, other == sample.after);
        }
        // A washed-out picture of the right outcome is still the right outcome.
        let mut pale = renderer.render(&sample.after, 128);
        pale.iter_mut().for_each(|byte| *byte = *byte / 2 + 60);
        assert!(judge(&image::imageops::blur(&pale, 1.0))?.error > 0.0);
        assert!(check.judge(&RgbImage::new(64, 64)).is_none());
    }
    assert!(
        (0.05..0.2).contains(&(chance / 12.0)),
        "chance is about 10 %"
    );
    Ok(())
}

/// Every file of a folder with its bytes.
fn files(folder: &Path) -> TestResult<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            let name = path.strip_prefix(folder)?.display().to_string();
            found.insert(name, std::fs::read(&path)?);
        }
    }
    Ok(found)
}

#[test]
fn a_data_set_is_the_same_bytes_also_when_it_was_stopped() -> TestResult {
    let place = tempfile::tempdir()?;
    let mut dataset = ToonDataset::new(40, 1);
    dataset.size = 32;
    let whole = place.path().join("whole");
    let written = write_dataset(&dataset, &whole, |_, _| ControlFlow::Continue(()))?;
    assert!(written.complete && written.samples == 56 && written.drawn == 112);

    let stopped = place.path().join("stopped");
    let first = write_dataset(&dataset, &stopped, |_, _| ControlFlow::Break(()))?;
    assert!(!first.complete && first.drawn < 112);
    assert!(!stopped.join("labels_cot_train.json").exists());
    let second = write_dataset(&dataset, &stopped, |_, _| ControlFlow::Continue(()))?;
    assert!(second.complete);
    assert_eq!(first.drawn + second.drawn, 112);
    assert_eq!(files(&whole)?, files(&stopped)?);

    // Another data set does not get mixed in, nor does anything go between a person's files.
    let other = ToonDataset::new(40, 2);
    for folder in [whole.as_path(), place.path()] {
        let refused = write_dataset(&other, folder, |_, _| ControlFlow::Continue(()));
        let message = refused.expect_err("occupied").to_string();
        assert!(
            message.contains("already holds") && message.contains("empty folder"),
            "{message}"
        );
    }
    Ok(())
}

#[test]
fn toon_commands_draw_and_write() -> TestResult {
    let place = Place::new()?;
    let output = place.run(&[
        "toon",
        "render",
        "--rule",
        "needle",
        "-o",
        "frame.png",
        "--json",
    ])?;
    expect_code(&output, 0)?;
    let about: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(
        image::open(place.path("frame.png"))?.to_rgb8().dimensions(),
        (512, 512)
    );
    std::fs::write(place.path("scene.json"), about["scene"].to_string())?;
    let args = [
        "toon",
        "render",
        "scene.json",
        "--after",
        "needle",
        "--size",
        "64",
        "-o",
        "after.png",
    ];
    let output = place.run(&args)?;
    expect_code(&output, 0)?;
    assert!(String::from_utf8(output.stdout)?.contains("joke"));

    let args = [
        "toon", "dataset", "--count", "10", "--seed", "1", "--size", "32", "-o", "data",
    ];
    expect_code(&place.run(&args)?, 0)?;
    let records: Value =
        serde_json::from_slice(&std::fs::read(place.path("data/labels_cot_train.json"))?)?;
    assert_eq!(records.as_array().map(Vec::len), Some(10));
    assert_eq!(
        records[0]["question"],
        "What happens when the sandman comes?"
    );
    for key in ["image1_name", "image2_name"] {
        let name = records[0][key].as_str().ok_or("no name")?;
        assert!(place.path("data/images").join(name).is_file());
    }
    let sampled: Value =
        serde_json::from_slice(&std::fs::read(place.path("data/labels_sample_val.json"))?)?;
    assert_eq!(sampled["total sample"], json!(["val_000001"]));
    // The same command again has nothing left to draw; another one is refused.
    let again = place.run(&args)?;
    assert!(String::from_utf8(again.stdout)?.contains("0 pictures were drawn"));
    let args = ["toon", "dataset", "--count", "9", "-o", "data"];
    refused(
        &place.run(&args)?,
        1,
        &["already holds", "empty folder", "data"],
    )?;
    let args = ["toon", "render", "--rule", "moon", "-o", "x.png"];
    refused(&place.run(&args)?, 2, &["no rule \"moon\"", "mouse_hungry"])
}
