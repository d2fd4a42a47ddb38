//! The health of a data set: every kind of damage is found where it was done, nothing else is, and
//! nothing is changed.

use crate::golden::TestResult;
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage, imageops};
use lgd_studio::dataset::Records;
use lgd_studio::dataset::editing::{Editor, Field, Folder, read_folder};
use lgd_studio::dataset::health::{
    Examination, Finding, FindingKind, HealthReport, TokenRule, examine, gives_away,
};
use lgd_studio::dataset::toon::{Split, samples};
use serde_json::{Value, json};
use std::path::Path;

/// A picture that looks like no other of another seed: a board of colours.
fn board(seed: u32, width: u32, height: u32) -> RgbImage {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut cells = RgbImage::new(9, 9);
    for pixel in cells.pixels_mut() {
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        *pixel = Rgb([next(), next(), next()]);
    }
    imageops::resize(&cells, width, height, imageops::FilterType::Triangle)
}

fn jpeg(picture: &RgbImage, quality: u8, path: &Path) -> TestResult {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture)?;
    Ok(std::fs::write(path, bytes)?)
}

fn record(name: &str, before: &str, after: &str, question: &str) -> Value {
    json!({
        "sample_name": name,
        "image1_name": before,
        "image2_name": after,
        "question": question,
        "sent": "The cat sleeps in the garden.",
    })
}

/// A folder with one of every damage.
pub fn damaged(folder: &Path) -> TestResult {
    let images = folder.join("images");
    std::fs::create_dir_all(&images)?;
    for (name, seed, quality) in [
        ("fine_a", 1, 95),
        ("fine_b", 2, 95),
        ("copy_a", 1, 70),
        ("copy_b", 2, 70),
        ("turn_a", 3, 95),
        ("turn_b", 4, 95),
        ("back_x", 4, 90),
        ("back_w", 3, 90),
        ("still_a", 5, 95),
        ("still_b", 5, 85),
        ("lone_a", 6, 95),
        ("words_a", 7, 95),
        ("words_b", 8, 95),
        ("long_a", 9, 95),
        ("long_b", 10, 95),
        ("val_a", 1, 80),
        ("val_b", 11, 95),
        ("odd_a", 12, 95),
    ] {
        jpeg(
            &board(seed, 160, 120),
            quality,
            &images.join(format!("{name}.jpg")),
        )?;
    }
    jpeg(&board(13, 120, 120), 95, &images.join("odd_b.jpg"))?;
    std::fs::write(images.join("broken.jpg"), "no picture")?;
    let hungry = "What happens if the cat gets hungry?";
    let long = "What happens ".repeat(40);
    let train = [
        record("fine", "fine_a.jpg", "fine_b.jpg", hungry),
        record("copy", "copy_a.jpg", "copy_b.jpg", hungry),
        record("turn", "turn_a.jpg", "turn_b.jpg", "And if it rains?"),
        record("back", "back_x.jpg", "back_w.jpg", "And if it snows?"),
        record("still", "still_a.jpg", "still_b.jpg", "And now?"),
        record("gone", "lone_a.jpg", "nowhere.jpg", "Where is it?"),
        record("broken", "lone_a.jpg", "broken.jpg", "Why not?"),
        record(
            "words",
            "words_a.jpg",
            "words_b.jpg",
            "What if the cat is sleeping in the garden?",
        ),
        record("long", "long_a.jpg", "long_b.jpg", &long),
        record("odd", "odd_a.jpg", "odd_b.jpg", "How is it shaped?"),
    ];
    let val = [record("val", "val_a.jpg", "val_b.jpg", "And at night?")];
    std::fs::write(
        folder.join("labels_cot_train.json"),
        format!("{:#}\n", json!(train)),
    )?;
    std::fs::write(
        folder.join("labels_cot_val.json"),
        format!("{:#}\n", json!(val)),
    )?;
    Ok(())
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn look(folder: &Folder) -> HealthReport {
    let how = Examination {
        tokens: Some(TokenRule {
            count: &words,
            limit: 45,
        }),
        on_progress: &|_, _| true,
    };
    examine(folder, &how).expect("nobody stops it")
}

fn found(report: &HealthReport, kind: FindingKind) -> Vec<&Finding> {
    let findings = report.findings.iter();
    findings.filter(|finding| finding.kind == kind).collect()
}

fn names(finding: &Finding) -> Vec<&str> {
    finding
        .places
        .iter()
        .map(|place| place.name.as_str())
        .collect()
}

#[test]
fn every_damage_is_found_where_it_was_done() -> TestResult {
    let home = tempfile::tempdir()?;
    damaged(home.path())?;
    let folder = read_folder(home.path())?;
    let report = look(&folder);
    for (kind, expected) in [
        (FindingKind::Missing, vec!["gone"]),
        (FindingKind::Broken, vec!["broken"]),
        (FindingKind::NothingHappens, vec!["still"]),
        (FindingKind::OddSize, vec!["odd"]),
        (FindingKind::TooLong, vec!["long"]),
        (FindingKind::GivesAway, vec!["words"]),
        (FindingKind::Swapped, vec!["back", "turn"]),
        (FindingKind::Duplicate, vec!["copy", "fine"]),
        (FindingKind::Leak, vec!["val", "fine"]),
    ] {
        let findings = found(&report, kind);
        assert_eq!(findings.len(), 1, "{kind:?}: {findings:?}");
        assert_eq!(names(findings[0]), expected, "{kind:?}");
    }
    assert!(found(&report, FindingKind::NoQuestion).is_empty());
    Ok(())
}

#[test]
fn the_patch_puts_right_what_it_proposes_and_looking_changes_nothing() -> TestResult {
    let home = tempfile::tempdir()?;
    damaged(home.path())?;
    let list = home.path().join("labels_cot_train.json");
    let before = std::fs::read_to_string(&list)?;
    let (mut editor, mut folder, _, _) = Editor::open(home.path(), None)?;
    let report = look(&folder);
    assert_eq!(std::fs::read_to_string(&list)?, before);
    let patch: Vec<_> = report
        .findings
        .iter()
        .flat_map(|finding| finding.fix.clone())
        .collect();
    let mut undo = Vec::new();
    for change in patch {
        let mut pairs = folder.pairs.iter_mut();
        let pair = pairs
            .find(|pair| pair.place == change.place)
            .ok_or("no pair")?;
        undo.push((change.place.clone(), change.field, pair.value(change.field)));
        let change = pair.change(change.field, change.after);
        pair.set(change.field, change.after.as_ref());
        editor.note(change)?;
    }
    editor.save()?;
    let after = read_folder(home.path())?;
    let report = look(&after);
    for kind in [
        FindingKind::Missing,
        FindingKind::Broken,
        FindingKind::Swapped,
        FindingKind::Duplicate,
        FindingKind::Leak,
    ] {
        assert!(
            found(&report, kind).is_empty(),
            "{kind:?}: {:?}",
            report.findings
        );
    }
    // Training leaves out what was excluded, and says why.
    let records = Records::of_split(home.path(), "train")?;
    let excluded = |name: &str| {
        let mut broken = records.broken.iter();
        broken.any(|broken| broken.record == name && broken.reason.starts_with("it is excluded"))
    };
    assert!(
        excluded("copy") && excluded("fine") && excluded("gone"),
        "{:?}",
        records.broken
    );
    // Taken back in the other order, the list is byte for byte what it was.
    for (place, field, value) in undo.into_iter().rev() {
        let mut pairs = folder.pairs.iter_mut();
        let pair = pairs.find(|pair| pair.place == place).ok_or("no pair")?;
        let change = pair.change(field, value);
        pair.set(field, change.after.as_ref());
        editor.note(change)?;
    }
    editor.save()?;
    assert_eq!(std::fs::read_to_string(&list)?, before);
    assert!(
        folder
            .pairs
            .iter()
            .all(|pair| pair.value(Field::Excluded).is_none())
    );
    Ok(())
}

#[test]
fn an_examination_stops_when_it_is_told_to() -> TestResult {
    let home = tempfile::tempdir()?;
    damaged(home.path())?;
    let folder = read_folder(home.path())?;
    let how = Examination {
        tokens: None,
        on_progress: &|done, _| done < 3,
    };
    assert_eq!(examine(&folder, &how), None);
    Ok(())
}

/// Questions of the toon world never say what is seen afterwards, so none may be found.
#[test]
fn questions_that_only_ask_are_left_alone() {
    let samples: Vec<_> = samples(Split::Train, 3).take(1500).collect();
    let wrong = samples
        .iter()
        .filter(|s| gives_away(&s.question, &s.answer).is_some());
    assert_eq!(wrong.count(), 0);
}
