//! New pairs in a VQAI folder: what an addition writes, what is refused, what an undo leaves, and what
//! a killed program leaves.

use crate::golden::TestResult;
use lgd_studio::dataset::editing::{Editor, Field, Holder, NewPair, Pair};
use lgd_studio::job::datasets::{StripSource, THUMBNAIL_HEIGHT};
use lgd_studio::job::{DatasetEvent, DatasetTask, JobEvent, Jobs, JobsConfig, Problem};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Somebody's own order of keys, a key of their own, and an odd layout.
const LIST: &str = "[\n {\n  \"question\": \"What if it rains?\",\n  \"sample_name\": \"A_1\",\n  \"image1_name\": \"A_1a.png\",\n  \"image2_name\": \"A_1b.png\",\n  \"theirs\":  {\"kept\": [1,2 ] },\n  \"sent\": \"The caf\u{e9} gets wet.\"\n }\n]\n";
const CATEGORIES: &str =
    "{\n \"total sample\": [\n  \"A_1\"\n ],\n \"more entities\": [\n  \"A_1\"\n ]\n}";

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> TestResult<Self> {
        let home = Self(tempfile::tempdir()?);
        std::fs::create_dir_all(home.data().join("images"))?;
        std::fs::write(home.data().join("labels_cot_val.json"), LIST)?;
        std::fs::write(home.data().join("labels_sample_val.json"), CATEGORIES)?;
        for name in ["A_1a.png", "A_1b.png"] {
            paint(&home.data().join("images").join(name), 60, (48, 36))?;
        }
        for (number, level) in [(1, 40), (2, 120), (3, 200)] {
            paint(&home.frame(number), level, (48, 36))?;
        }
        Ok(home)
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("pairs")
    }

    fn frame(&self, number: usize) -> PathBuf {
        self.0.path().join(format!("frame-{number}.png"))
    }

    fn editor(&self) -> TestResult<Editor> {
        let notes = self.0.path().join("notes");
        let (editor, _, holder, _) = Editor::open(&self.data(), Some(&notes))?;
        assert_eq!(holder, Holder::Us);
        Ok(editor)
    }

    /// Everything in the folder, by path.
    fn files(&self) -> TestResult<BTreeMap<PathBuf, Vec<u8>>> {
        let mut files = BTreeMap::new();
        for folder in [self.data(), self.data().join("images")] {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_file() {
                    files.insert(path.clone(), std::fs::read(path)?);
                }
            }
        }
        Ok(files)
    }

    fn new_pair(&self, name: &str) -> NewPair {
        NewPair {
            split: "val".to_owned(),
            name: name.to_owned(),
            before: self.frame(1),
            after: self.frame(2),
        }
    }
}

fn paint(path: &Path, level: u8, (width, height): (u32, u32)) -> TestResult {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let picture = image::RgbImage::from_pixel(width, height, image::Rgb([level, 120, 30]));
    Ok(picture.save(path)?)
}

fn edit(editor: &mut Editor, pair: &mut Pair, field: Field, value: Option<Value>) -> TestResult {
    let change = pair.change(field, value);
    pair.set(field, change.after.as_ref());
    Ok(editor.note(change)?)
}

#[test]
fn a_new_pair_joins_its_list_and_leaves_every_other_byte() -> TestResult {
    let home = Home::new()?;
    let mut editor = home.editor()?;
    let mut pair = editor.add(&home.new_pair("NEW_0001"))?;
    assert_eq!(
        (pair.place.index, pair.before.as_str()),
        (1, "NEW_0001a.png")
    );
    let text = std::fs::read_to_string(home.data().join("labels_cot_val.json"))?;
    let record = "{\n  \"question\": \"\",\n  \"sample_name\": \"NEW_0001\",\n  \"image1_name\": \"NEW_0001a.png\",\n  \"image2_name\": \"NEW_0001b.png\",\n  \"sent\": \"\"\n }";
    let expected = LIST.replace("wet.\"\n }\n]", &format!("wet.\"\n }},\n {record}\n]"));
    assert_eq!(text, expected);
    let lists = std::fs::read_to_string(home.data().join("labels_sample_val.json"))?;
    let expected = CATEGORIES.replacen("\"A_1\"", "\"A_1\",\n  \"NEW_0001\"", 1);
    assert_eq!(lists, expected);
    let copy = std::fs::read(home.data().join("images/NEW_0001b.png"))?;
    assert_eq!(copy, std::fs::read(home.frame(2))?, "the very bytes");

    // What is written about it goes where it belongs.
    edit(
        &mut editor,
        &mut pair,
        Field::Question,
        Some(json!("What if it snows?")),
    )?;
    assert_eq!(editor.save()?.written, 1);
    let text = std::fs::read_to_string(home.data().join("labels_cot_val.json"))?;
    assert!(text.contains("\"question\": \"What if it snows?\",\n  \"sample_name\": \"NEW_0001\""));
    Ok(())
}

#[test]
fn an_undone_pair_leaves_no_trace_and_comes_back() -> TestResult {
    let home = Home::new()?;
    let before = home.files()?;
    let mut editor = home.editor()?;
    let new = home.new_pair("NEW_0001");
    let mut pair = editor.add(&new)?;
    let with = home.files()?;
    edit(&mut editor, &mut pair, Field::Question, Some(json!("Why?")))?;
    edit(
        &mut editor,
        &mut pair,
        Field::Category,
        Some(json!("more entities")),
    )?;
    editor.save()?;
    edit(&mut editor, &mut pair, Field::Category, None)?;
    edit(&mut editor, &mut pair, Field::Question, Some(json!("")))?;
    editor.take_out(&new, &pair.place)?;
    for list in ["labels_cot_val.json", "labels_sample_val.json"] {
        let path = home.data().join(list);
        assert_eq!(
            String::from_utf8(std::fs::read(&path)?)?.into_bytes(),
            before[&path]
        );
    }
    // The frames may be gone by now: those of a video are.
    std::fs::remove_file(home.frame(1))?;
    editor.add(&new)?;
    assert_eq!(home.files()?, with);
    editor.take_out(&new, &pair.place)?;
    editor.sweep();
    assert_eq!(
        home.files()?,
        before,
        "its pictures go when the folder is closed"
    );
    Ok(())
}

#[test]
fn what_another_wrote_about_a_new_pair_is_not_thrown_away() -> TestResult {
    let home = Home::new()?;
    let mut editor = home.editor()?;
    let new = home.new_pair("NEW_0001");
    let pair = editor.add(&new)?;
    let list = home.data().join("labels_cot_val.json");
    let text = std::fs::read_to_string(&list)?;
    let theirs = text.replace("\"question\": \"\"", "\"question\": \"Theirs?\"");
    std::fs::write(&list, &theirs)?;
    let error = editor
        .take_out(&new, &pair.place)
        .expect_err("it is theirs, too");
    assert!(
        error.to_string().contains("Another program has written"),
        "{error}"
    );
    assert_eq!(std::fs::read_to_string(&list)?, theirs);
    editor.sweep();
    assert!(home.data().join("images/NEW_0001a.png").is_file());
    Ok(())
}

#[test]
fn a_pair_that_cannot_be_added_changes_nothing() -> TestResult {
    let home = Home::new()?;
    let before = home.files()?;
    let mut editor = home.editor()?;
    let fails = |editor: &mut Editor, new: NewPair, words: &str| -> TestResult {
        let error = editor.add(&new).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
        assert_eq!(home.files()?, before, "after {error}");
        Ok(())
    };
    fails(&mut editor, home.new_pair("A_1"), "name A_1 is taken")?;
    for name in ["", "a/b", ".hidden", "c:d", " e"] {
        fails(&mut editor, home.new_pair(name), "cannot be called")?;
    }
    let gone = NewPair {
        after: home.frame(9),
        ..home.new_pair("NEW_0001")
    };
    fails(&mut editor, gone, "frame-9.png")?;
    let nowhere = NewPair {
        split: "test".to_owned(),
        ..home.new_pair("NEW_0001")
    };
    fails(&mut editor, nowhere, "labels_cot_test.json")?;
    // Somebody's picture of that name is never written over.
    paint(&home.data().join("images/NEW_0001b.png"), 7, (4, 4))?;
    let error = editor
        .add(&home.new_pair("NEW_0001"))
        .expect_err("it is there");
    assert!(
        error.to_string().contains("NEW_0001b.png is taken"),
        "{error}"
    );
    assert!(
        !home.data().join("images/NEW_0001a.png").exists(),
        "no half pair"
    );
    Ok(())
}

/// A small file system of its own, where this machine lets us have one.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_folder_as_it_was() -> TestResult {
    struct Mounted(PathBuf);
    impl Drop for Mounted {
        fn drop(&mut self) {
            let _ = std::process::Command::new("umount").arg(&self.0).status();
        }
    }
    let home = Home::new()?;
    let small = home.0.path().join("small");
    std::fs::create_dir(&small)?;
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
        .arg(&small)
        .stderr(std::process::Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        println!("no small file system can be mounted here");
        return Ok(());
    }
    let _mounted = Mounted(small.clone());
    let data = small.join("data");
    std::fs::create_dir_all(data.join("images"))?;
    std::fs::write(data.join("labels_cot_val.json"), LIST)?;
    // A picture that does not fit, after one that does.
    let large = home.0.path().join("large.bmp");
    image::RgbImage::new(400, 300).save(&large)?;
    let new = NewPair {
        after: large,
        ..home.new_pair("NEW_0001")
    };
    let (mut editor, ..) = Editor::open(&data, None)?;
    let error = editor.add(&new).expect_err("there is no room").to_string();
    assert!(
        error.contains("no space left") && error.contains("Make room"),
        "{error}"
    );
    assert_eq!(
        std::fs::read_to_string(data.join("labels_cot_val.json"))?,
        LIST
    );
    assert_eq!(std::fs::read_dir(data.join("images"))?.count(), 0);
    Ok(())
}

/// The threads of the program with this folder open.
fn jobs(home: &Home) -> TestResult<Jobs> {
    let config = JobsConfig {
        places: Some(crate::window::places(home.0.path())),
        ..JobsConfig::default()
    };
    let mut jobs = Jobs::start(config, || {})?;
    jobs.dataset(DatasetTask::Open(1, home.data()));
    heard(&mut jobs, |event| match event {
        DatasetEvent::Opened(_, _, opened) => Some(opened),
        _ => None,
    })??;
    Ok(jobs)
}

fn heard<T>(jobs: &mut Jobs, mut take: impl FnMut(DatasetEvent) -> Option<T>) -> TestResult<T> {
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end {
        if let Some(JobEvent::Dataset(event)) = jobs.wait_event(Duration::from_millis(50))
            && let Some(taken) = take(event)
        {
            return Ok(taken);
        }
    }
    Err("waited in vain".into())
}

fn added(jobs: &mut Jobs, new: NewPair) -> TestResult<Result<Box<Pair>, Problem>> {
    jobs.dataset(DatasetTask::Add(1, Box::new(new)));
    heard(jobs, |event| match event {
        DatasetEvent::Added(_, _, added) => Some(added),
        _ => None,
    })
}

#[test]
fn pictures_that_do_not_fit_together_are_refused() -> TestResult {
    let home = Home::new()?;
    let before = home.files()?;
    let mut jobs = jobs(&home)?;
    let wide = home.frame(4);
    paint(&wide, 90, (64, 36))?;
    let broken = home.frame(5);
    std::fs::write(&broken, "no picture")?;
    for (after, words) in [(wide, "48 × 36 and 64 × 36"), (broken, "frame-5.png")] {
        let new = NewPair {
            after,
            ..home.new_pair("NEW_0001")
        };
        let problem = added(&mut jobs, new)?.expect_err(words);
        assert!(problem.to_string().contains(words), "{problem}");
    }
    assert_eq!(home.files()?, before);
    assert!(added(&mut jobs, home.new_pair("NEW_0001"))?.is_ok());
    Ok(())
}

#[test]
fn frames_of_a_folder_are_shown_small_and_large() -> TestResult {
    use lgd_studio::job::datasets::FrameFile;
    let home = Home::new()?;
    let mut jobs = jobs(&home)?;
    let gathered = |jobs: &mut Jobs, id, source| {
        jobs.dataset(DatasetTask::Gather(id, source));
        heard(jobs, |event| match event {
            DatasetEvent::Gathered(of, strip) if of == id => Some(strip),
            _ => None,
        })
    };
    let folder = home.0.path().to_path_buf();
    let strip =
        gathered(&mut jobs, 1, StripSource::Folder(folder))??.ok_or("it was not stopped")?;
    let names: Vec<_> = strip
        .frames
        .iter()
        .filter_map(|path| path.file_name())
        .collect();
    assert_eq!(names, ["frame-1.png", "frame-2.png", "frame-3.png"]);
    let empty = home.0.path().join("empty");
    std::fs::create_dir(&empty)?;
    let none = gathered(&mut jobs, 2, StripSource::Folder(empty))?;
    assert!(none.is_err_and(|problem| problem.message.contains("no pictures")));

    let file = |frame| FrameFile {
        frame,
        path: home.frame(frame),
    };
    jobs.dataset(DatasetTask::WantFrames(3, vec![file(1), file(9)]));
    let mut news = Vec::new();
    let end = Instant::now() + Duration::from_secs(60);
    while news.len() < 2 && Instant::now() < end {
        news.extend(jobs.take_dataset_news().frames);
        std::thread::sleep(Duration::from_millis(5));
    }
    news.sort_by_key(|(_, frame, _)| *frame);
    let [(3, 1, Ok(small)), (3, 9, Err(_))] = news.as_slice() else {
        return Err(format!("{news:?}").into());
    };
    assert_eq!(small.size, (48, 36));
    assert_eq!(small.picture.height(), THUMBNAIL_HEIGHT);
    jobs.dataset(DatasetTask::LookFrames(3, vec![file(2)]));
    let frames = heard(&mut jobs, |event| match event {
        DatasetEvent::FramesLooked(3, frames) => Some(frames),
        _ => None,
    })?;
    let [(2, Ok(large))] = frames.as_slice() else {
        return Err(format!("{frames:?}").into());
    };
    assert_eq!(
        (large.size, large.picture.dimensions()),
        ((48, 36), (48, 36))
    );
    Ok(())
}

/// Six real pairs, when they are there: a copy gets one more, and the diff is that record.
#[test]
fn the_real_lists_get_one_record_more() -> TestResult {
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vqai-mini");
    if !real.is_dir() {
        println!("there are no real pairs here");
        return Ok(());
    }
    let home = Home::new()?;
    let copy = home.0.path().join("mini");
    std::fs::create_dir_all(copy.join("images"))?;
    for name in [
        "labels_cot_train.json",
        "labels_cot_val.json",
        "labels_sample_val.json",
    ] {
        std::fs::write(copy.join(name), std::fs::read(real.join(name))?)?;
    }
    let (mut editor, ..) = Editor::open(&copy, None)?;
    editor.add(&home.new_pair("EV_0002"))?;
    let before = std::fs::read_to_string(real.join("labels_cot_val.json"))?;
    let after = std::fs::read_to_string(copy.join("labels_cot_val.json"))?;
    let record = ",\n {\n  \"sample_name\": \"EV_0002\",\n  \"image1_name\": \"EV_0002a.png\",\n  \"image2_name\": \"EV_0002b.png\",\n  \"question\": \"\",\n  \"sent\": \"\"\n }";
    let end = before
        .trim_end()
        .strip_suffix("\n]")
        .ok_or("another layout")?
        .len();
    let (head, tail) = before.split_at(end);
    assert_eq!(after, format!("{head}{record}{tail}"));
    let train = |folder: &Path| std::fs::read(folder.join("labels_cot_train.json"));
    assert_eq!(train(&real)?, train(&copy)?);
    Ok(())
}

/// What the child below adds to; without it, that test has nothing to do.
const FOLDER: &str = "LGD_TEST_ADDED";

/// Run by the next test in a process of its own: adds and takes out pairs until it is killed.
#[test]
fn child_that_adds_until_it_is_killed() -> TestResult {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return Ok(());
    };
    let home = folder.parent().ok_or("no home")?.to_path_buf();
    let (mut editor, ..) = Editor::open(&folder, Some(&home.join("notes")))?;
    for number in 0_u32.. {
        let new = NewPair {
            split: "val".to_owned(),
            name: format!("{}_{number}", std::process::id()),
            before: home.join("frame-1.png"),
            after: home.join("frame-2.png"),
        };
        let pair = editor.add(&new)?;
        // A name appears whole or not at all: the kill may come at any moment.
        std::fs::write(home.join("said.part"), &pair.place.name)?;
        std::fs::rename(home.join("said.part"), home.join("said"))?;
        if number % 3 == 2 {
            std::fs::remove_file(home.join("said"))?;
            editor.take_out(&new, &pair.place)?;
        }
    }
    Ok(())
}

#[test]
fn a_program_killed_while_it_adds_leaves_whole_lists() -> TestResult {
    let home = Home::new()?;
    let said = home.0.path().join("said");
    for round in 0..6 {
        let _ = std::fs::remove_file(&said);
        let mut child = std::process::Command::new(std::env::current_exe()?)
            .args([
                "--exact",
                "datasets_adding::child_that_adds_until_it_is_killed",
            ])
            .env(FOLDER, home.data())
            .stdout(std::process::Stdio::null())
            .spawn()?;
        let patience = Instant::now() + Duration::from_secs(60);
        while !said.exists() {
            assert!(Instant::now() < patience, "the child adds nothing");
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(23 + 31 * round));
        child.kill()?;
        child.wait()?;
        // Every list is whole, every picture that it names is there and whole.
        let list = std::fs::read_to_string(home.data().join("labels_cot_val.json"))?;
        let records: Vec<Value> = serde_json::from_str(&list)?;
        for record in &records {
            for key in ["image1_name", "image2_name"] {
                let name = record[key].as_str().ok_or("no name")?;
                image::open(home.data().join("images").join(name))?;
            }
        }
        serde_json::from_str::<Value>(&std::fs::read_to_string(
            home.data().join("labels_sample_val.json"),
        )?)?;
        if let Ok(name) = std::fs::read_to_string(&said) {
            assert!(
                records.iter().any(|record| record["sample_name"] == name),
                "{name} was added"
            );
        }
    }
    Ok(())
}
