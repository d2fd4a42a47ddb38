//! `export` with the real binary: every format is read again and compared with the run it was made of.

use super::{DRAWN_SIZE, Place, QUESTION, expect_code, refused};
use crate::golden::TestResult;
use image::codecs::{gif::GifDecoder, png::PngDecoder};
use image::{AnimationDecoder as _, RgbImage, imageops};
use lgd_studio::job::{
    BundleSource, Captions, EditResult, Export, ExportFormat, FileTask, JobEvent, JobSpec, Jobs,
    JobsConfig, RunFile, StorySize, open_run,
};
use serde_json::Value;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Steps of the run; the pictures of an animation.
const STEPS: usize = 3;

/// The place of the export is printed.
fn export(place: &Place, format: &str, path: &str, more: &[&str]) -> TestResult {
    let output = place.export(format, path, more)?;
    let text = String::from_utf8_lossy(&output.stdout);
    if text.trim() == path {
        Ok(())
    } else {
        Err(format!("another place was printed: {text}").into())
    }
}

fn saved(place: &Place, mode: &str) -> TestResult<RgbImage> {
    let path = place.path(&format!("out/{mode}-seed-7.png"));
    Ok(image::open(path)?.into_rgb8())
}

/// Where a picture stands in a larger one, byte for byte.
pub fn found(board: &RgbImage, picture: &RgbImage) -> Option<(u32, u32)> {
    let (width, height) = picture.dimensions();
    let same_row = |x: u32, y: u32, row: u32| {
        (0..width).all(|i| board.get_pixel(x + i, y + row) == picture.get_pixel(i, row))
    };
    let places = (0..=board.height().checked_sub(height)?)
        .flat_map(|y| (0..=board.width() - width).map(move |x| (x, y)));
    let mut fitting = places.filter(|&(x, y)| (0..height).all(|row| same_row(x, y, row)));
    fitting.next()
}

/// The pictures of an animation with their delays in milliseconds.
fn pictures(frames: image::Frames<'_>) -> TestResult<Vec<(RgbImage, u32)>> {
    let read = frames.collect_frames()?.into_iter().map(|frame| {
        let (above, below) = frame.delay().numer_denom_ms();
        let picture = image::DynamicImage::ImageRgba8(frame.into_buffer()).into_rgb8();
        (picture, above / below.max(1))
    });
    Ok(read.collect())
}

pub fn gif(path: &Path) -> TestResult<Vec<(RgbImage, u32)>> {
    let file = BufReader::new(std::fs::File::open(path)?);
    pictures(GifDecoder::new(file)?.into_frames())
}

pub fn apng(path: &Path) -> TestResult<Vec<(RgbImage, u32)>> {
    let file = BufReader::new(std::fs::File::open(path)?);
    pictures(PngDecoder::new(file)?.apng()?.into_frames())
}

/// Mean difference of a channel between two pictures of one size.
fn mean_difference(a: &RgbImage, b: &RgbImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let pairs = a.as_raw().iter().zip(b.as_raw());
    let sum: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.as_raw().len() as f64
}

#[test]
fn an_animation_ends_with_the_saved_pictures() -> TestResult {
    let place = Place::drawn(STEPS)?;
    export(&place, "apng", "walk.png", &[])?;
    let shown = apng(&place.path("walk.png"))?;
    assert_eq!(shown.len(), STEPS);
    let delays: Vec<u32> = shown.iter().map(|(_, delay)| *delay).collect();
    assert_eq!(delays, [200, 200, 2000]);
    let (last, _) = shown.last().ok_or("no pictures")?;
    let frame = image::open(place.path("frame.png"))?.into_rgb8();
    let mut places = Vec::new();
    for picture in [frame, saved(&place, "answer")?, saved(&place, "latent")?] {
        let at = found(last, &picture).ok_or("a saved picture is not on the last one")?;
        places.push((at, picture));
    }
    let xs: Vec<u32> = places.iter().map(|((x, _), _)| *x).collect();
    assert!(xs.is_sorted() && xs[0] < xs[1] && xs[1] < xs[2], "{xs:?}");
    // The walk begins elsewhere, and the frame stays.
    let (first, _) = &shown[0];
    assert!(found(first, &places[0].1).is_some());
    assert!(found(first, &places[1].1).is_none());

    export(&place, "gif", "walk.gif", &[])?;
    let small = gif(&place.path("walk.gif"))?;
    assert_eq!(small.len(), STEPS);
    let delays: Vec<u32> = small.iter().map(|(_, delay)| *delay).collect();
    assert_eq!(delays, [200, 200, 2000]);
    let (last_small, _) = small.last().ok_or("no pictures")?;
    assert_eq!(last_small.dimensions(), last.dimensions());
    for ((x, y), picture) in &places {
        let cut = imageops::crop_imm(last_small, *x, *y, DRAWN_SIZE.0, DRAWN_SIZE.1).to_image();
        let off = mean_difference(&cut, picture);
        assert!(off < 6.0, "256 colours are {off} levels off");
    }
    Ok(())
}

#[test]
fn a_quick_animation_needs_no_weights_and_ends_the_same() -> TestResult {
    let place = Place::drawn(STEPS)?;
    export(&place, "apng", "full.png", &[])?;
    export(&place, "apng", "quick.png", &["--quick"])?;
    let (full, quick) = (
        apng(&place.path("full.png"))?,
        apng(&place.path("quick.png"))?,
    );
    assert_eq!(full.len(), quick.len());
    assert!(
        full[0].0 != quick[0].0,
        "a guess is not the decoder's picture"
    );
    assert!(full[STEPS - 1].0 == quick[STEPS - 1].0);
    // The guess is a soft picture of the same thing.
    let off = mean_difference(&full[STEPS - 2].0, &quick[STEPS - 2].0);
    assert!(off < 25.0, "{off} levels off");

    // A run of another bundle is not painted by this one's decoder.
    let mut run = open_run(&place.path("out/run.lgdrun"))?;
    for column in &mut run.columns {
        let other = EditResult {
            bundle: "another".to_owned(),
            bundle_fingerprint: "another".to_owned(),
            ..column.as_ref().clone()
        };
        *column = Arc::new(other);
    }
    save_run(run, &place.path("out/run.lgdrun"))?;
    let args = [
        "export",
        "out/run.lgdrun",
        "--format",
        "gif",
        "-o",
        "other.gif",
    ];
    refused(&place.run(&args)?, 1, &["bundle another", "--quick"])?;
    assert!(!place.path("other.gif").exists());
    export(&place, "gif", "other.gif", &["--quick"])
}

fn save_run(run: RunFile, path: &Path) -> TestResult {
    let mut jobs = Jobs::start(JobsConfig::default(), || {})?;
    jobs.files(FileTask::SaveRun(Arc::new(run), path.to_owned()));
    match jobs.wait_event(Duration::from_secs(60)) {
        Some(JobEvent::Saved(_)) => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

#[test]
fn a_cancelled_animation_leaves_no_file() -> TestResult {
    let place = Place::drawn(STEPS)?;
    let mut jobs = Jobs::start(JobsConfig::default(), || {})?;
    let path = place.path("never.gif");
    let job = jobs.submit(JobSpec::Export {
        bundle: BundleSource::Embedded,
        export: Export {
            run: Arc::new(open_run(&place.path("out/run.lgdrun"))?),
            format: ExportFormat::Gif,
            path: path.clone(),
            quick: false,
            size: StorySize::default(),
            with_settings: true,
            target: None,
            captions: Captions::default(),
        },
    });
    jobs.cancel(job);
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        match jobs.wait_event(Duration::from_millis(50)) {
            Some(JobEvent::Cancelled(id)) if id == job => {
                assert!(!path.exists());
                return Ok(());
            }
            Some(event) if event.ends() == Some(job) => return Err(format!("{event:?}").into()),
            _ => {}
        }
    }
    Err("it was not cancelled".into())
}

#[test]
fn a_grid_shows_every_picture_and_says_how_it_was_drawn() -> TestResult {
    let place = Place::drawn(STEPS)?;
    export(&place, "grid", "grid.png", &[])?;
    let grid = image::open(place.path("grid.png"))?.into_rgb8();
    for mode in ["answer", "latent"] {
        assert!(found(&grid, &saved(&place, mode)?).is_some(), "{mode}");
    }
    let request = metadata(&place, "grid.png")?;
    let columns = request["columns"].as_array().ok_or("no columns")?;
    assert_eq!(columns.len(), 2);
    assert_eq!(columns[1]["mode"], "latent");
    assert_eq!(columns[1]["seed"], 7);
    let output = place.run(&["replay", "grid.png"])?;
    refused(&output, 1, &["whole run", "grid.png"])?;

    export(&place, "grid", "silent.png", &["--leave-out-settings"])?;
    assert_eq!(metadata(&place, "silent.png")?, Value::Null);
    let silent = image::open(place.path("silent.png"))?.into_rgb8();
    assert!(found(&silent, &saved(&place, "latent")?).is_some());
    export(&place, "apng", "silent-walk.png", &["--leave-out-settings"])?;
    assert_eq!(metadata(&place, "silent-walk.png")?, Value::Null);
    Ok(())
}

fn metadata(place: &Place, name: &str) -> TestResult<Value> {
    let output = place.run(&["metadata", name, "--json"])?;
    expect_code(&output, 0)?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    Ok(report["lgd_request"].clone())
}

#[test]
fn a_contact_sheet_has_the_layout_of_the_authors() -> TestResult {
    let place = Place::drawn(STEPS)?;
    export(&place, "sheet", "cat-01", &["--target", "frame.png"])?;
    let mut names = Vec::new();
    for entry in std::fs::read_dir(place.path("cat-01"))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let expected = [
        "idx_0_method_answer_seed_7.jpg",
        "idx_0_method_latent_seed_7.jpg",
        "input_img.jpg",
        "target_img.jpg",
    ];
    assert_eq!(names, expected);
    for (name, original) in [
        ("idx_0_method_latent_seed_7.jpg", "out/latent-seed-7.png"),
        ("input_img.jpg", "frame.png"),
    ] {
        let written = image::open(place.path("cat-01").join(name))?.into_rgb8();
        let original = image::open(place.path(original))?.into_rgb8();
        let off = mean_difference(&written, &original);
        assert!(off < 4.0, "{name} is {off} levels off");
    }
    let overview = image::open(place.path("cat-01.jpg"))?;
    assert!(overview.width() > 3 * DRAWN_SIZE.0);

    // Nothing is overwritten, and nothing is left half-made.
    let again = [
        "export",
        "out/run.lgdrun",
        "--format",
        "sheet",
        "-o",
        "cat-01",
    ];
    refused(
        &place.run(&again)?,
        1,
        &["something of this name", "cat-01"],
    )?;
    let nowhere = [
        "export",
        "out/run.lgdrun",
        "--format",
        "sheet",
        "-o",
        "no/such/cat",
    ];
    refused(&place.run(&nowhere)?, 1, &["cannot be written", "no/such"])?;
    no_leftovers(&place)
}

/// Whether only files with a name of their own are there.
fn no_leftovers(place: &Place) -> TestResult {
    for entry in std::fs::read_dir(place.path(""))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            return Err(format!("{name} was left behind").into());
        }
    }
    Ok(())
}

/// A CSV file as rows of cells; the first is the head.
fn csv(path: &Path) -> TestResult<Vec<Vec<String>>> {
    let text = std::fs::read_to_string(path)?;
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            letter => cell.push(letter),
        }
    }
    if cell.is_empty() && row.is_empty() {
        Ok(rows)
    } else {
        Err("the last line has no end".into())
    }
}

#[test]
fn tables_hold_the_numbers_of_the_run() -> TestResult {
    let place = Place::drawn(STEPS)?;
    export(&place, "csv", "table.csv", &[])?;
    export(&place, "json", "table.json", &[])?;
    let json: Value = serde_json::from_slice(&std::fs::read(place.path("table.json"))?)?;
    let rows = csv(&place.path("table.csv"))?;
    let [head, columns @ ..] = rows.as_slice() else {
        return Err("no head".into());
    };
    assert_eq!(columns.len(), 2);
    let frame = image::open(place.path("frame.png"))?.into_rgb8();
    for (index, mode) in ["answer", "latent"].into_iter().enumerate() {
        let cell = |name: &str| -> TestResult<&str> {
            let place = head.iter().position(|known| known == name);
            let place = place.ok_or_else(|| format!("no column {name}"))?;
            Ok(columns[index].get(place).ok_or("a row is too short")?)
        };
        assert_eq!(columns[index].len(), head.len());
        assert_eq!(
            (cell("mode")?, cell("seed")?, cell("steps")?),
            (mode, "7", "3")
        );
        assert_eq!(cell("question")?, QUESTION);
        assert_eq!(cell("answer")?.is_empty(), mode == "latent");
        let request: Value = serde_json::from_str(cell("request")?)?;
        let known = &json["columns"][index];
        assert_eq!(request, known["request"]);
        assert_eq!(
            request["guidance_scale"].to_string(),
            cell("guidance_scale")?
        );
        assert_eq!(cell("bundle_fingerprint")?, known["bundle_fingerprint"]);
        assert!(cell("seconds_drawing")?.parse::<f64>()? > 0.0);
        // The distance in pixels, reckoned anew from the files.
        let picture = saved(&place, mode)?;
        let pairs = frame.as_raw().iter().zip(picture.as_raw());
        let squares: f64 = pairs
            .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
            .sum();
        let psnr = 10.0 * (255.0f64.powi(2) * picture.as_raw().len() as f64 / squares).log10();
        assert!((cell("psnr_to_frame")?.parse::<f64>()? - psnr).abs() < 1e-3);
        let ssim = cell("ssim_to_frame")?.parse::<f64>()?;
        assert!((0.0..1.0).contains(&ssim));
        assert_eq!(known["ssim_to_frame"], ssim);
    }
    let steps = csv(&place.path("table-steps.csv"))?;
    assert_eq!(steps.len(), 1 + STEPS);
    assert_eq!(
        steps[0],
        [
            "step",
            "between_columns",
            "column_1_to_frame",
            "column_2_to_frame"
        ]
    );
    let run = open_run(&place.path("out/run.lgdrun"))?;
    let apart = run.columns[0].track[2].distance(&run.columns[1].track[2]);
    let told: f32 = steps[3][1].parse()?;
    assert!((apart.ok_or("other shapes")? - told).abs() < 1e-5);
    let last = steps[3][3].parse::<f64>()?;
    assert_eq!(json["steps"][2]["column_2_to_frame"], last);
    assert_eq!(json["columns"][1]["distance_to_frame"], last);
    Ok(())
}

#[test]
fn bad_exports_are_refused_before_anything_is_written() -> TestResult {
    let place = Place::drawn(STEPS)?;
    let run = |args: &[&str]| {
        let mut all = vec!["export"];
        all.extend(args);
        place.run(&all)
    };
    let output = run(&["out/run.lgdrun", "--format", "gif", "-o", "walk.png"])?;
    refused(&output, 2, &["end in .gif", "walk.png"])?;
    let output = run(&[
        "out/run.lgdrun",
        "--format",
        "csv",
        "--quick",
        "-o",
        "a.csv",
    ])?;
    refused(&output, 2, &["--quick"])?;
    let output = run(&["out/run.lgdrun", "--format", "film", "-o", "a.mp4"])?;
    expect_code(&output, 2)?;
    let output = run(&["frame.png", "--format", "grid", "-o", "a.png"])?;
    refused(&output, 1, &["not a run", "frame.png"])?;
    for (format, name) in [
        ("grid", "a.png"),
        ("gif", "a.gif"),
        ("csv", "a.csv"),
        ("json", "a.json"),
    ] {
        let path = format!("no/such/{name}");
        let output = run(&["out/run.lgdrun", "--format", format, "-o", &path])?;
        refused(&output, 1, &["folder does not exist", name])?;
    }
    assert!(!place.path("no").exists());
    std::fs::create_dir(place.path("folder.gif"))?;
    let output = run(&[
        "out/run.lgdrun",
        "--format",
        "gif",
        "--quick",
        "-o",
        "folder.gif",
    ])?;
    refused(&output, 1, &["folder of this name"])?;
    no_leftovers(&place)?;
    let help = run(&["--help"])?;
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(
        help.contains("Example:") && help.contains("needs the bundle"),
        "{help}"
    );
    Ok(())
}
