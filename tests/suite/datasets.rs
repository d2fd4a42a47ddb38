//! Data sets as annotators edit them: what a save writes, what a killed program leaves, two windows
//! on one folder.

use crate::golden::TestResult;
use lgd_studio::dataset::editing::{Change, Editor, Field, Holder, Pair};
use lgd_studio::job::{DatasetEvent, DatasetTask, JobEvent, Jobs, JobsConfig};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A list with a key of somebody else's, an odd layout and letters beyond ASCII.
const LIST: &str = r#"[
 {
  "sample_name": "A_1",
  "image1_name": "A_1a.png",
  "image2_name": "A_1b.png",
  "their_own":  {"kept": [1,2 ] },
  "question": "What happens if it rains?",
  "sent": "The café gets wet."
 },
 {"sample_name": "B_2", "image1_name": "B_2a.png", "image2_name": "B_2b.png",
  "question": "What if it snows?", "sent": null}
]
"#;

const CATEGORIES: &str = r#"{
 "total sample": ["A_1", "B_2"],
 "more entities": ["A_1"],
 "scenery variation": ["B_2"]
}"#;

struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> TestResult<Self> {
        let home = Self {
            folder: tempfile::tempdir()?,
        };
        std::fs::create_dir_all(home.data().join("images"))?;
        std::fs::write(home.list(), LIST)?;
        std::fs::write(home.data().join("labels_sample_val.json"), CATEGORIES)?;
        for name in ["A_1a", "A_1b", "B_2a"] {
            let picture = image::RgbImage::from_pixel(8, 6, image::Rgb([90, 120, 30]));
            picture.save(home.data().join("images").join(format!("{name}.png")))?;
        }
        Ok(home)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn list(&self) -> PathBuf {
        self.data().join("labels_cot_val.json")
    }

    fn notes(&self) -> PathBuf {
        self.folder.path().join("notes")
    }

    fn open(&self) -> TestResult<(Editor, Vec<Pair>, usize)> {
        let (editor, folder, holder, recovered) = Editor::open(&self.data(), Some(&self.notes()))?;
        assert_eq!(holder, Holder::Us);
        Ok((editor, folder.pairs, recovered))
    }

    fn text(&self) -> TestResult<String> {
        Ok(std::fs::read_to_string(self.list())?)
    }
}

fn edit(pair: &mut Pair, field: Field, value: Value) -> Change {
    let change = pair.change(field, Some(value));
    pair.set(field, change.after.as_ref());
    change
}

#[test]
fn a_folder_is_read_with_what_is_missing_in_it() -> TestResult {
    let home = Home::new()?;
    let (_editor, pairs, recovered) = home.open()?;
    assert_eq!(recovered, 0);
    assert_eq!(pairs.len(), 2);
    assert_eq!(pairs[0].category.as_deref(), Some("more entities"));
    assert_eq!(pairs[1].answer, "");
    assert_eq!(pairs[1].missing, ["B_2b.png"]);
    Ok(())
}

#[test]
fn a_save_writes_the_edited_fields_and_nothing_else() -> TestResult {
    let home = Home::new()?;
    let (mut editor, mut pairs, _) = home.open()?;
    editor.note(edit(
        &mut pairs[0],
        Field::Question,
        json!("What if the sun shines?"),
    ))?;
    editor.note(edit(
        &mut pairs[1],
        Field::Answer,
        json!("It is white – everywhere."),
    ))?;
    let report = editor.save()?;
    assert_eq!((report.written, report.conflicts.len()), (2, 0));
    let expected = LIST
        .replace("What happens if it rains?", "What if the sun shines?")
        .replace("\"sent\": null", "\"sent\": \"It is white – everywhere.\"");
    assert_eq!(home.text()?, expected);
    // Taking both back gives the file that was there.
    editor.note(edit(
        &mut pairs[0],
        Field::Question,
        json!("What happens if it rains?"),
    ))?;
    let change = pairs[1].change(Field::Answer, Some(Value::Null));
    editor.note(change)?;
    editor.save()?;
    assert_eq!(home.text()?, LIST);
    Ok(())
}

#[test]
fn a_category_moves_in_the_file_that_evaluations_read() -> TestResult {
    let home = Home::new()?;
    let (mut editor, mut pairs, _) = home.open()?;
    let before = pairs[0].value(Field::Category);
    editor.note(edit(
        &mut pairs[0],
        Field::Category,
        json!("emotion variation"),
    ))?;
    editor.save()?;
    let lists = std::fs::read_to_string(home.data().join("labels_sample_val.json"))?;
    let lists: Value = serde_json::from_str(&lists)?;
    assert_eq!(lists["emotion variation"], json!(["A_1"]));
    assert_eq!(lists["more entities"], json!([]));
    assert_eq!(lists["total sample"], json!(["A_1", "B_2"]));
    // Undone, the record has no category of its own, and the list says again what it said.
    let undo = pairs[0].change(Field::Category, before);
    pairs[0].set(Field::Category, undo.after.as_ref());
    assert_eq!(pairs[0].category.as_deref(), Some("more entities"));
    editor.note(undo)?;
    editor.save()?;
    let lists = std::fs::read_to_string(home.data().join("labels_sample_val.json"))?;
    let lists: Value = serde_json::from_str(&lists)?;
    assert_eq!(lists["more entities"], json!(["A_1"]));
    assert_eq!(home.text()?, LIST);
    Ok(())
}

#[test]
fn what_a_program_could_not_save_comes_back() -> TestResult {
    let home = Home::new()?;
    let (mut editor, mut pairs, _) = home.open()?;
    for text in ["W", "Wh", "Why?"] {
        editor.note(edit(&mut pairs[0], Field::Question, json!(text)))?;
    }
    drop(editor); // as a killed program: nothing was saved
    // A line that was cut off by a power failure.
    let journal = home.notes().join("journal.jsonl");
    let mut torn = std::fs::read(&journal)?;
    torn.extend_from_slice(b"{\"place\":{\"split\":\"val\",\"ind");
    std::fs::write(&journal, torn)?;
    assert_eq!(home.text()?, LIST);

    let (mut editor, mut pairs, recovered) = home.open()?;
    assert_eq!(recovered, 1);
    assert_eq!(pairs[0].question, "Why?");
    editor.note(edit(&mut pairs[1], Field::Question, json!("And now?")))?;
    drop(editor);
    let (mut editor, pairs, recovered) = home.open()?;
    assert_eq!(recovered, 2);
    assert_eq!(pairs[1].question, "And now?");
    assert_eq!(editor.save()?.written, 2);
    drop(editor);
    let (_, pairs, recovered) = home.open()?;
    assert_eq!((recovered, pairs[0].question.as_str()), (0, "Why?"));
    Ok(())
}

#[test]
fn a_second_window_may_look_but_not_edit() -> TestResult {
    let home = Home::new()?;
    let (first, _, _) = home.open()?;
    let (_second, folder, holder, _) = Editor::open(&home.data(), Some(&home.notes()))?;
    assert_eq!((holder, folder.pairs.len()), (Holder::Another, 2));
    drop(first);
    let (_third, _, holder, _) = Editor::open(&home.data(), Some(&home.notes()))?;
    assert_eq!(holder, Holder::Us);
    Ok(())
}

#[test]
fn what_others_wrote_meanwhile_is_kept() -> TestResult {
    let home = Home::new()?;
    let (mut editor, mut pairs, _) = home.open()?;
    editor.note(edit(&mut pairs[0], Field::Question, json!("Mine?")))?;
    editor.note(edit(&mut pairs[1], Field::Question, json!("Mine, too?")))?;
    // Another program puts a record before the others, and changes one question.
    let theirs = LIST
        .replacen("[\n", "[\n {\"sample_name\": \"NEW\"},\n", 1)
        .replace("What if it snows?", "Theirs?");
    std::fs::write(home.list(), &theirs)?;
    let report = editor.save()?;
    assert_eq!(report.written, 1);
    assert_eq!(report.conflicts.len(), 1);
    let conflict = &report.conflicts[0];
    assert_eq!(conflict.theirs, Some(json!("Theirs?")));
    assert_eq!(conflict.ours.after, Some(json!("Mine, too?")));
    assert_eq!(
        home.text()?,
        theirs.replace("What happens if it rains?", "Mine?")
    );
    Ok(())
}

#[test]
fn a_list_that_cannot_be_read_costs_no_edit() -> TestResult {
    let home = Home::new()?;
    let (mut editor, mut pairs, _) = home.open()?;
    editor.note(edit(&mut pairs[0], Field::Question, json!("Mine?")))?;
    std::fs::write(home.list(), "[ {")?;
    let error = editor.save().expect_err("this is no list");
    assert!(error.to_string().contains("labels_cot_val.json"), "{error}");
    assert_eq!(editor.pending(), 1);
    std::fs::write(home.list(), LIST)?;
    assert_eq!(editor.save()?.written, 1);
    Ok(())
}

#[test]
fn a_folder_without_lists_is_refused_with_what_to_do() -> TestResult {
    let folder = tempfile::tempdir()?;
    let error = Editor::open(folder.path(), None).expect_err("there is nothing");
    assert!(
        error.to_string().contains("labels_cot_train.json"),
        "{error}"
    );
    Ok(())
}

/// The six real pairs, which are only read where they are: everything happens on a copy.
#[test]
fn real_records_keep_every_other_byte() -> TestResult {
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vqai-mini");
    if !real.is_dir() {
        println!("there are no real pairs here");
        return Ok(());
    }
    let home = tempfile::tempdir()?;
    let copy = home.path().join("mini");
    std::fs::create_dir_all(copy.join("images"))?;
    for name in [
        "labels_cot_train.json",
        "labels_cot_val.json",
        "labels_sample_val.json",
    ] {
        std::fs::write(copy.join(name), std::fs::read(real.join(name))?)?;
    }
    let (mut editor, mut folder, _, _) = Editor::open(&copy, Some(&home.path().join("notes")))?;
    assert_eq!(folder.pairs.len(), 11);
    let pair = &mut folder.pairs[7];
    let (old, split) = (pair.question.clone(), pair.place.split.clone());
    let change = pair.change(Field::Question, Some(json!("What now?")));
    editor.note(change)?;
    editor.save()?;
    let list = format!("labels_cot_{split}.json");
    let before = std::fs::read_to_string(real.join(&list))?;
    let after = std::fs::read_to_string(copy.join(&list))?;
    assert_eq!(after, before.replacen(&old, "What now?", 1));
    let differing = before.lines().zip(after.lines()).filter(|(a, b)| a != b);
    assert_eq!(differing.count(), 1);
    Ok(())
}

/// What the child below edits; without it, that test has nothing to do.
const FOLDER: &str = "LGD_TEST_ANNOTATED";

/// Run by the next test in a process of its own, with the real threads: types until it is killed, and
/// says after every key how much of it is safe.
#[test]
fn child_that_types_until_it_is_killed() -> TestResult {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return Ok(());
    };
    let home = folder.parent().ok_or("no home")?.to_path_buf();
    let config = JobsConfig {
        places: Some(crate::window::places(&home)),
        ..JobsConfig::default()
    };
    let mut jobs = Jobs::start(config, || {})?;
    jobs.dataset(DatasetTask::Open(1, folder));
    let mut pair = loop {
        if let Some(JobEvent::Dataset(DatasetEvent::Opened(_, _, opened))) =
            jobs.wait_event(Duration::from_secs(60))
        {
            break opened?.folder.pairs.remove(0);
        }
    };
    let journal = home.join("data/datasets");
    for number in 0_u32.. {
        let text = format!("{} {number}", pair.question);
        let change = edit(&mut pair, Field::Question, json!(text));
        jobs.dataset(DatasetTask::Edit(vec![change]));
        // A key is pressed, and a moment later the program is gone.
        std::thread::sleep(Duration::from_millis(20));
        std::fs::write(journal.join("typed"), &pair.question)?;
    }
    Ok(())
}

#[test]
fn a_program_killed_while_somebody_types_loses_no_key() -> TestResult {
    let home = Home::new()?;
    let list = home.list();
    let notes = home.folder.path().join("data/datasets");
    for round in 0..3 {
        let typed = notes.join("typed");
        if typed.exists() {
            std::fs::remove_file(&typed)?;
        }
        let mut child = std::process::Command::new(std::env::current_exe()?)
            .args(["--exact", "datasets::child_that_types_until_it_is_killed"])
            .env(FOLDER, home.data())
            .stdout(std::process::Stdio::null())
            .spawn()?;
        let patience = Instant::now() + Duration::from_secs(60);
        while !typed.exists() {
            assert!(Instant::now() < patience, "the child types nothing");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(137 + 90 * round));
        child.kill()?;
        child.wait()?;
        let typed = std::fs::read_to_string(&typed)?;
        // The notes of this folder are the only ones.
        let mut places = std::fs::read_dir(&notes)?.filter_map(Result::ok);
        let place = places.find(|entry| entry.path().is_dir());
        let place = place.ok_or("nothing was noted")?.path();
        let (mut editor, folder, holder, _) = Editor::open(&home.data(), Some(&place))?;
        assert_eq!(holder, Holder::Us, "a killed program holds nothing");
        assert!(
            folder.pairs[0].question.starts_with(&typed),
            "{typed:?} was typed, {:?} is there",
            folder.pairs[0].question
        );
        editor.save()?;
        let text = std::fs::read_to_string(&list)?;
        assert!(
            text.contains(&typed) && text.contains("their_own"),
            "{text}"
        );
    }
    Ok(())
}
