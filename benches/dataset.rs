//! A data set of 20,000 pairs in the real window without a graphics adapter: opening, scrolling,
//! filtering, memory. Pictures are drawn scenes of the toon world, repeated under links of their own.
#![allow(clippy::print_stdout, reason = "prints its result")]

mod measure;

use egui_kittest::Harness;
use lgd_studio::app::{
    AppConfig, DatasetAction, LgdApp, OpenFolder, PairFilter, PairView, ThumbState,
};
use lgd_studio::dataset::toon::{Renderer, Split, samples};
use lgd_studio::job::Places;
use measure::held_mib;
use serde_json::json;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Pairs in the folder.
const PAIRS: usize = 20_000;
/// Different scenes among them.
const SCENES: usize = 60;
/// Side of a picture, in pixels.
const SIDE: u32 = 512;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;
type Window = Harness<'static, LgdApp>;

/// Writes the folder; a picture of its own per pair would be gigabytes, so each is a link.
fn write(folder: &Path) -> Outcome {
    let images = folder.join("images");
    std::fs::create_dir_all(&images)?;
    let renderer = Renderer::new();
    let scenes: Vec<_> = samples(Split::Train, 5).take(SCENES).collect();
    for (number, sample) in scenes.iter().enumerate() {
        for (side, scene) in [("a", &sample.before), ("b", &sample.after)] {
            let picture = renderer.render(scene, SIDE);
            picture.save(images.join(format!("scene-{number}{side}.jpg")))?;
        }
    }
    let records: Vec<_> = (0..PAIRS)
        .map(|number| {
            let scene = number % SCENES;
            let sample = &scenes[scene];
            json!({
                "sample_name": format!("P_{number:05}"),
                "image1_name": format!("P_{number:05}a.jpg"),
                "image2_name": format!("P_{number:05}b.jpg"),
                "question": format!("{} (number {number})", sample.question),
                "sent": sample.answer,
                "category": sample.category,
                "chain": sample.chain,
            })
        })
        .collect();
    for number in 0..PAIRS {
        for side in ["a", "b"] {
            let scene = images.join(format!("scene-{}{side}.jpg", number % SCENES));
            std::fs::hard_link(scene, images.join(format!("P_{number:05}{side}.jpg")))?;
        }
    }
    let list = serde_json::to_string_pretty(&records)?;
    std::fs::write(folder.join("labels_cot_train.json"), list)?;
    Ok(())
}

fn window(home: &Path) -> Window {
    let config = AppConfig {
        places: Some(Places {
            config: home.join("config"),
            data: home.join("data"),
            cache: home.join("cache"),
            state: home.join("state"),
        }),
        dice: 1,
        ..AppConfig::default()
    };
    Harness::builder()
        .with_size([1280.0, 800.0])
        .build_eframe(|cc| LgdApp::new(cc, config).expect("the threads start"))
}

fn opened(window: &Window) -> Option<&OpenFolder> {
    window.state().state().dataset.open.as_ref()
}

/// Steps the window until something holds; how long that took, in milliseconds.
fn until(window: &mut Window, holds: impl Fn(&Window) -> bool) -> Outcome<f64> {
    let begin = Instant::now();
    while !holds(window) {
        if begin.elapsed() > Duration::from_secs(60) {
            return Err("waited in vain".into());
        }
        window.step();
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(begin.elapsed().as_secs_f64() * 1e3)
}

/// The first `count` pairs have thumbnails.
fn thumbnails(window: &Window, count: usize) -> bool {
    opened(window).is_some_and(|open| {
        let mut first = open.shown.iter().take(count);
        first.all(|place| matches!(open.thumb(*place), Some(ThumbState::Ready(_))))
    })
}

fn open(window: &mut Window, folder: &Path) -> Outcome<(f64, f64)> {
    window
        .state_mut()
        .act(DatasetAction::Open(folder.to_path_buf()).into());
    let begin = Instant::now();
    until(window, |window| thumbnails(window, 1))?;
    let first = begin.elapsed().as_secs_f64() * 1e3;
    until(window, |window| thumbnails(window, 9))?;
    Ok((first, begin.elapsed().as_secs_f64() * 1e3))
}

/// Frames per scroll.
const FRAMES: usize = 400;
/// Scrolls of one kind. The one with the best 99 % counts: what other programs do on the machine makes
/// a frame longer, and nothing makes it shorter.
const RUNS: usize = 3;

/// Scrolls by `pairs` in every frame, at 60 frames a second or as fast as it goes.
fn scroll(window: &mut Window, view: PairView, pairs: isize, pace: Option<Duration>) -> Outcome {
    window.state_mut().act(DatasetAction::View(view).into());
    let mut best: Option<Vec<Duration>> = None;
    let at = |times: &[Duration], share: f64| {
        let index = (times.len() as f64 * share) as usize;
        times
            .get(index)
            .map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    for _ in 0..RUNS {
        let mut times = Vec::new();
        for _ in 0..FRAMES {
            let next = Instant::now() + pace.unwrap_or_default();
            window.state_mut().act(DatasetAction::Move(pairs).into());
            window.step();
            times.extend(window.state().times().last());
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        times.sort_unstable();
        if best
            .as_ref()
            .is_none_or(|best| at(&times, 0.99) < at(best, 0.99))
        {
            best = Some(times);
        }
        let first = DatasetAction::Move(isize::MIN / 2);
        window.state_mut().act(first.into());
        window.step();
    }
    let times = best.unwrap_or_default();
    let pace = if pace.is_some() {
        "60 frames a second"
    } else {
        "as fast as it goes"
    };
    println!(
        "scroll, {view:?}, {pairs} pairs a frame, {pace}: work on the UI thread per frame, ms    median {:.2}, 99 % {:.2}, longest {:.2}",
        at(&times, 0.5),
        at(&times, 0.99),
        at(&times, 0.9999)
    );
    Ok(())
}

fn main() -> Outcome {
    let home = tempfile::tempdir()?;
    let folder: PathBuf = home.path().join("pairs");
    write(&folder)?;
    println!("{PAIRS} pairs, {SIDE} px, window 1280 x 800");
    for (name, home) in [("first time", home.path()), ("cached", home.path())] {
        let mut window = window(home);
        until(&mut window, |window| {
            matches!(
                window.state().state().bundle,
                lgd_studio::app::BundleState::Ready(_)
            )
        })?;
        let before = held_mib();
        let (first, screen) = open(&mut window, &folder)?;
        println!("open, {name}: first thumbnail {first:.0} ms, first screen {screen:.0} ms");
        if name == "cached" {
            let pace = Some(Duration::from_micros(16_667));
            for view in [PairView::Rows, PairView::Cards] {
                scroll(&mut window, view, 3, pace)?;
                scroll(&mut window, view, 37, None)?;
            }
            for words in ["hungry", "number 1999", "nothing has this"] {
                let filter = PairFilter {
                    words: words.to_owned(),
                    ..PairFilter::default()
                };
                let begin = Instant::now();
                window.state_mut().act(DatasetAction::Search(filter).into());
                let took = begin.elapsed().as_secs_f64() * 1e3;
                let shown = opened(&window).map_or(0, |open| open.shown.len());
                println!("filter \"{words}\": {took:.1} ms, {shown} pairs");
            }
            let after = held_mib();
            let more = after - before;
            println!("memory: {after:.0} MiB, {more:.0} MiB of them for the data set");
        }
    }
    Ok(())
}
