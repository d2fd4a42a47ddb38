//! `validate` with the real binary and the embedded bundle, on a small toon data set.

use crate::cli::{Place, expect_code, refused};
use crate::golden::TestResult;
use lgd_studio::dataset::toon::{Split, ToonDataset, write_dataset};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

/// A data set `data` of a few samples, as wide as the embedded bundle draws.
fn toon(place: &Place, samples: usize) -> TestResult {
    let mut dataset = ToonDataset::new(1, 1);
    dataset.size = 128;
    for (split, count) in &mut dataset.counts {
        *count = if *split == Split::Val { samples } else { 1 };
    }
    write_dataset(&dataset, &place.path("data"), |_, _| {
        ControlFlow::Continue(())
    })?;
    Ok(())
}

fn validate(place: &Place, more: &[&str]) -> TestResult<Output> {
    let args = ["validate", "--dataset", "data", "--steps", "2"];
    place.run(&[args.as_slice(), more].concat())
}

fn json(output: &Output) -> TestResult<Value> {
    expect_code(output, 0)?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> TestResult<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut left = vec![folder.to_owned()];
    while let Some(next) = left.pop() {
        for entry in std::fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                left.push(path);
                continue;
            }
            let name = path.strip_prefix(folder)?.display().to_string();
            found.insert(name, std::fs::read(&path)?);
        }
    }
    Ok(found)
}

#[test]
fn every_mode_is_drawn_in_the_authors_layout_and_judged() -> TestResult {
    let place = Place::new()?;
    toon(&place, 2)?;
    let modes = "question,answer,latent,both";
    let more = ["--modes", modes, "--seeds", "7,13", "-o", "out", "--json"];
    let done = json(&validate(&place, &more)?)?;
    assert_eq!((&done["samples"], &done["drawn"]), (&2.into(), &16.into()));
    for mode in modes.split(',') {
        let method = if mode == "latent" { "LGD" } else { mode };
        let found = files(&place.path("out").join(mode))?;
        let mut expected = Vec::new();
        for sample in ["val_000001", "val_000002"] {
            expected.push(format!("{sample}.jpg"));
            expected.push(format!("{sample}/idx_0_method_{method}_seed_7.jpg"));
            expected.push(format!("{sample}/idx_1_method_{method}_seed_13.jpg"));
            expected.push(format!("{sample}/input_img.jpg"));
            expected.push(format!("{sample}/target_img.jpg"));
        }
        expected.sort();
        assert!(found.keys().eq(&expected), "{mode}: {:?}", found.keys());
        let size = |name: &String| Some(image::load_from_memory(&found[name]).ok()?.to_rgb8());
        let sizes: Vec<_> = expected.iter().filter_map(size).collect();
        assert_eq!(sizes.len(), expected.len(), "every file is a picture");
        assert_eq!(sizes[1].dimensions(), (128, 128));
        assert_ne!(sizes[1], sizes[2], "the seeds differ");
    }
    let answer = std::fs::read_to_string(place.path("out/answers/answer/val_000001.txt"))?;
    assert!(answer.trim().len() > 5, "{answer:?}");

    // Without CLIP there are no similarities, but the toon world judges by itself.
    let methods = done["report"]["methods"].as_array().ok_or("no methods")?;
    assert_eq!(methods.len(), 4);
    for method in methods {
        let total = &method["categories"][0];
        assert_eq!(total["samples"], 2);
        assert_eq!(total["causal"]["pictures"], 4);
        assert!(total["metrics"].is_null() && total["psnr"].is_f64());
        for shown in method["samples"][0]["pictures"].as_array().ok_or("none")? {
            assert!(shown["shows"].is_string(), "{shown}");
        }
    }
    let again = json(&place.run(&["score", "out", "--json"])?)?;
    assert_eq!(again, done["report"], "`score` finds the same");
    for name in ["report.json", "report.csv", "report.tex", "report.html"] {
        let text = std::fs::read_to_string(place.path("out").join(name))?;
        assert!(text.contains("latent"), "{name}");
    }
    Ok(())
}

#[test]
fn a_killed_evaluation_goes_on_and_gives_the_same_files() -> TestResult {
    let place = Place::new()?;
    toon(&place, 3)?;
    let args = ["--modes", "latent,answer", "--seeds", "1,2,3", "-o"];
    expect_code(
        &validate(&place, &[args.as_slice(), &["whole"]].concat())?,
        0,
    )?;
    let whole = files(&place.path("whole"))?;

    let mut child = place
        .command()
        .args(["validate", "--dataset", "data", "--steps", "2"])
        .args(args)
        .arg("killed")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // Killed in the middle of the second sample.
    let begun = place.path("killed/latent/val_000002/idx_0_method_LGD_seed_1.jpg");
    let patience = Instant::now();
    while !begun.is_file() && child.try_wait()?.is_none() {
        if patience.elapsed() > Duration::from_secs(300) {
            child.kill()?;
            return Err("nothing was drawn".into());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill()?; // SIGKILL: nothing can be tidied up
    child.wait()?;
    let there = files(&place.path("killed"))?;
    let pictures = |files: &BTreeMap<String, Vec<u8>>| {
        let names = files.keys().filter(|name| name.contains("/idx_"));
        names.count()
    };
    let kept = pictures(&there);
    assert!((7..18).contains(&kept), "{kept} of 18 were drawn");

    let more = [args.as_slice(), &["killed", "--json"]].concat();
    let done = json(&validate(&place, &more)?)?;
    assert_eq!(done["kept"], kept, "what was drawn is kept");
    assert_eq!(done["drawn"], 18 - kept);
    let mut killed = files(&place.path("killed"))?;
    killed.retain(|name, _| !name.ends_with(".part"));
    assert!(killed.keys().eq(whole.keys()), "{:?}", killed.keys());
    for (name, bytes) in &whole {
        // Reports name their folder.
        assert!(
            name.starts_with("report") || killed[name] == *bytes,
            "{name}"
        );
    }
    Ok(())
}

#[test]
fn shards_are_merged_without_counting_twice() -> TestResult {
    let place = Place::new()?;
    toon(&place, 5)?;
    let args = ["--modes", "latent", "--seeds", "1", "--shard"];
    for (shard, folder) in [("1/2", "a"), ("2/2", "b")] {
        let more = [args.as_slice(), &[shard, "-o", folder]].concat();
        let output = validate(&place, &more)?;
        expect_code(&output, 0)?;
        let text = String::from_utf8(output.stdout)?;
        assert!(text.contains(&format!("Shard {shard}")), "{text}");
    }
    let names = |report: &Value| -> Vec<String> {
        let samples = report["methods"][0]["samples"].as_array();
        let samples = samples.into_iter().flatten();
        samples.map(|s| s["name"].to_string()).collect()
    };
    let merged = json(&place.run(&["score", "a", "b", "--json"])?)?;
    assert_eq!(names(&merged).len(), 5);
    // The same sample in both folders counts once, and that is said.
    let sample = "latent/val_000001";
    std::fs::create_dir_all(place.path("b").join(sample))?;
    for (name, bytes) in files(&place.path("a").join(sample))? {
        std::fs::write(place.path("b").join(sample).join(name), bytes)?;
    }
    let twice = json(&place.run(&["score", "a", "b", "--json"])?)?;
    assert_eq!(names(&twice), names(&merged));
    let skipped = twice["methods"][0]["skipped"].to_string();
    assert!(skipped.contains("several folders"), "{skipped}");
    // So does a file too many.
    std::fs::write(place.path("a").join(sample).join("one_more.jpg"), "x")?;
    let more = json(&place.run(&["score", "a", "--json"])?)?;
    assert_eq!(names(&more).len(), 2);
    let skipped = more["methods"][0]["skipped"].to_string();
    assert!(skipped.contains("1 too many"), "{skipped}");
    // Both shards in one folder are the whole, even when the other one is just writing its first file.
    std::fs::create_dir(place.path("both"))?;
    std::fs::write(place.path("both/.lgd-7-0.part"), "{")?;
    for shard in ["1/2", "2/2"] {
        let more = [args.as_slice(), &[shard, "-o", "both"]].concat();
        expect_code(&validate(&place, &more)?, 0)?;
    }
    let both = json(&place.run(&["score", "both", "--json"])?)?;
    assert_eq!(names(&both), names(&merged));
    Ok(())
}

#[test]
fn what_does_not_fit_the_folder_is_refused_and_bad_samples_are_named() -> TestResult {
    let place = Place::new()?;
    toon(&place, 3)?;
    std::fs::write(place.path("data/images/val_000002a.png"), "no picture")?;
    std::fs::remove_file(place.path("data/images/val_000003b.png"))?;
    let args = ["--modes", "question", "--seeds", "1", "-o", "out"];
    let done = json(&validate(&place, &[args.as_slice(), &["--json"]].concat())?)?;
    assert_eq!((&done["samples"], &done["drawn"]), (&1.into(), &1.into()));
    let skipped = done["skipped"].to_string();
    for words in ["val_000002", "not a picture", "val_000003b.png is missing"] {
        assert!(skipped.contains(words), "{skipped}");
    }
    let other = [args.as_slice(), &["--guidance-scale", "3"]].concat();
    let words = [
        "other settings",
        "guidance_scale is 7.5, not 3",
        "another folder",
    ];
    refused(&validate(&place, &other)?, 1, &words)?;
    let strange = ["--modes", "question", "-o", "data"];
    refused(&validate(&place, &strange)?, 1, &["other files"])?;
    let nowhere = ["validate", "--dataset", "nowhere", "-o", "new"];
    refused(&place.run(&nowhere)?, 1, &["data set", "nowhere"])?;
    assert!(!place.path("new").exists(), "nothing is made in vain");
    let answer = ["--answer", "It rains.", "-o", "new"];
    refused(&validate(&place, &answer)?, 2, &["--answer"])?;
    refused(
        &validate(&place, &["--shard", "3/2", "-o", "new"])?,
        2,
        &["i/n"],
    )?;
    std::fs::write(place.path("data/labels_sample_val.json"), "{}")?;
    refused(&validate(&place, &args)?, 1, &["have changed"])
}

#[test]
fn a_script_for_a_cluster_is_printed() -> TestResult {
    let place = Place::new()?;
    let args = [
        "--seeds", "1,2", "-o", "out", "--emit", "slurm", "--shards", "3",
    ];
    let output = validate(&place, &args)?;
    expect_code(&output, 0)?;
    let script = String::from_utf8(output.stdout)?;
    assert!(script.contains("#SBATCH --array=1-3\n"), "{script}");
    assert!(
        script.trim_end().ends_with(
            "lgd-studio validate --dataset data --steps 2 --seeds 1,2 -o out --shard \"$SLURM_ARRAY_TASK_ID/3\""
        ),
        "{script}"
    );
    assert!(!place.path("out").exists());
    Ok(())
}
