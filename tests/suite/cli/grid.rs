//! `grid` and pairs of questions from the command line, with the real binary.

use super::{FRAME, Place, QUESTION, example, expect_code, refused};
use crate::golden::TestResult;
use lgd_studio::job::open_run;
use serde_json::Value;

fn frame() -> String {
    example(FRAME).display().to_string()
}

#[test]
fn a_map_of_both_scales_is_drawn_kept_and_replayed() -> TestResult {
    let place = Place::new()?;
    let (text, image) = ("guidance-scale=3..7:2", "image-guidance-scale=1,2");
    let more = ["--steps", "2", "--seed", "5", "-o", "map", "--json"];
    let frame = frame();
    let mut args = vec!["grid", &frame, QUESTION, "--x", text, "--y", image];
    args.extend(more);
    let output = place.run(&args)?;
    expect_code(&output, 0)?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    let cells = report["cells"].as_array().ok_or("cells")?;
    let scales: Vec<_> = cells
        .iter()
        .map(|cell| {
            let request = &cell["request"];
            (&request["guidance_scale"], &request["image_guidance_scale"])
        })
        .map(|(text, image)| (text.as_f64(), image.as_f64()))
        .collect();
    assert_eq!(scales.len(), 6);
    assert_eq!(scales[1], (Some(5.0), Some(1.0)));
    assert_eq!(scales[3], (Some(3.0), Some(2.0)), "row by row");
    assert_eq!(report["axes"]["x"]["parameter"], "guidance-scale");
    let cell = image::open(place.path("map/cell-2-3.png"))?;
    let sheet = image::open(place.path("map/grid.png"))?;
    assert!(sheet.width() > 3 * cell.width() && sheet.height() > 2 * cell.height());
    let run = open_run(&place.path("map/run.lgdrun"))?;
    let grid = run.grid.ok_or("the file has no axes")?;
    assert_eq!((grid.width(), grid.height(), run.columns.len()), (3, 2, 6));

    // A cell is what `ask` gives, and the run comes out again.
    let scales = ["--guidance-scale", "7", "--image-guidance-scale", "2"];
    let mut alone = vec!["--steps", "2", "--seed", "5", "-o", "alone.png"];
    alone.extend(scales);
    let output = place.run(&[["ask", &frame, QUESTION].as_slice(), &alone].concat())?;
    expect_code(&output, 0)?;
    let alone = image::open(place.path("alone.png"))?.into_rgb8();
    assert!(
        alone == cell.into_rgb8(),
        "the cell differs from the answer alone"
    );
    expect_code(&place.run(&["replay", "map/run.lgdrun", "--prove"])?, 0)?;
    let export = [
        "export",
        "map/run.lgdrun",
        "--format",
        "grid",
        "-o",
        "again.png",
    ];
    expect_code(&place.run(&export)?, 0)?;
    let again = image::open(place.path("again.png"))?;
    assert!(
        again.into_rgb8() == sheet.into_rgb8(),
        "the export is the same picture"
    );
    Ok(())
}

#[test]
fn sentences_can_vary_too() -> TestResult {
    let place = Place::new()?;
    let frame = frame();
    let output = place.run(&[
        "grid",
        &frame,
        "",
        "--x",
        "question=What if it rains, or snows?",
        "--x",
        "question=What if the sun shines?",
        "--y",
        "mode=question,latent",
        "--steps",
        "1",
        "-o",
        "out",
    ])?;
    expect_code(&output, 0)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let cell = "question What if it rains, or snows?, mode latent";
    assert!(text.contains(cell), "{text}");
    assert!(place.path("out/cell-2-2.png").is_file());
    Ok(())
}

#[test]
fn grids_that_cannot_be_drawn_are_refused() -> TestResult {
    let place = Place::new()?;
    let frame = frame();
    let grid = |more: &[&str]| {
        let mut args = vec!["grid", &frame, QUESTION, "-o", "out"];
        args.extend(more);
        place.run(&args)
    };
    for (more, words) in [
        (vec![], vec!["at least one axis"]),
        (
            vec!["--x", "mood=1,2"],
            vec!["mood", "guidance-scale, image"],
        ),
        (vec!["--x", "seed"], vec!["--x NAME=VALUES"]),
        (
            vec!["--x", "steps=9..1"],
            vec!["--x steps", "9..1 has no values"],
        ),
        (vec!["--y", "seed=1,1"], vec!["1 is there twice"]),
        (
            vec!["--x", "seed=1..9", "--y", "steps=1..9"],
            vec!["81 pictures are too many", "64"],
        ),
        (
            vec!["--x", "seed=1", "--x", "steps=2"],
            vec!["two parameters"],
        ),
        (
            vec!["--x", "seed=1", "--y", "seed=2"],
            vec!["vary the same"],
        ),
        (
            vec!["--x", "guidance-scale=5,500"],
            vec!["500", "between 0 and 100"],
        ),
        (
            vec!["--x", "answer=It rains.", "--mode", "latent"],
            vec!["modes answer and both"],
        ),
    ] {
        refused(&grid(&more)?, 2, &words)?;
    }
    assert!(!place.path("out").exists(), "nothing was made");
    Ok(())
}

#[test]
fn two_questions_are_compared_on_one_tape() -> TestResult {
    let place = Place::new()?;
    let frame = frame();
    let second = "What happens if it rains?";
    let compare = |more: &[&str]| {
        let mut args = vec![
            "compare",
            &frame,
            QUESTION,
            "--question2",
            second,
            "-o",
            "out",
        ];
        args.extend(more);
        place.run(&args)
    };
    let output = compare(&["--modes", "latent,question", "--seeds", "4", "--steps", "2"])?;
    expect_code(&output, 0)?;
    for name in [
        "latent-question-1-seed-4.png",
        "question-question-2-seed-4.png",
    ] {
        assert!(place.path("out").join(name).is_file(), "{name}");
    }
    let run = open_run(&place.path("out/run.lgdrun"))?;
    assert!(run.grid.is_some_and(|grid| grid.is_pair()));
    assert_eq!(run.columns[1].request.question, second);
    expect_code(&place.run(&["replay", "out/run.lgdrun", "--prove"])?, 0)?;
    refused(&compare(&["--seeds", "1,2"])?, 2, &["one seed"])?;
    let same = [
        "compare",
        &frame,
        QUESTION,
        "--question2",
        QUESTION,
        "-o",
        "out",
    ];
    refused(&place.run(&same)?, 2, &["the same"])
}
