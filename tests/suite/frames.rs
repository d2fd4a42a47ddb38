//! How long frames of the window took, and whose fault it was when one came late.

use crate::window::{Outcome, config, open, state, wait};
use lgd_studio::app::{AppConfig, BundleState};
use lgd_studio::job::{BundleSource, FilmSource};
use std::fmt;
use std::time::{Duration, Instant};

/// A frame of a screen that shows sixty a second, in seconds.
pub const FRAME: f64 = 1.0 / 60.0;

/// How long this thread has stood ready without getting a processor, because something else ran there.
pub struct Held(Option<Duration>);

impl Held {
    /// So far. Only Linux tells.
    pub fn begin() -> Self {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
        let nanos = text.and_then(|text| text.split_whitespace().nth(1)?.parse().ok());
        Self(nanos.map(Duration::from_nanos))
    }

    /// Since then; nothing where the system does not tell.
    pub fn end(self) -> Duration {
        let now = Self::begin().0;
        let both = now.zip(self.0);
        both.map_or(Duration::ZERO, |(now, then)| now.saturating_sub(then))
    }
}

/// How many frames took how long, to a tenth of a millisecond.
pub struct Frames {
    counts: Vec<u64>,
    sum_ms: f64,
    longest: Duration,
    late: u64,
    late_by_us: u64,
}

impl Frames {
    pub fn new() -> Self {
        Self {
            counts: vec![0; 2001],
            sum_ms: 0.0,
            longest: Duration::ZERO,
            late: 0,
            late_by_us: 0,
        }
    }

    /// Adds a frame of so much work, in which the thread was held up for so long.
    pub fn add(&mut self, work: Duration, held: Duration) {
        let ms = work.as_secs_f64() * 1000.0;
        let place = ((ms * 10.0) as usize).min(self.counts.len() - 1);
        self.counts[place] += 1;
        self.sum_ms += ms;
        self.longest = self.longest.max(work);
        let late = |work: Duration| u64::from(work.as_secs_f64() > FRAME);
        self.late += late(work);
        self.late_by_us += late(work.saturating_sub(held));
    }

    fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    fn mean(&self) -> f64 {
        self.sum_ms / self.count().max(1) as f64
    }

    /// This share of the frames took at most so many milliseconds.
    fn within(&self, share: f64) -> f64 {
        let (wanted, mut sum) = (self.count() as f64 * share, 0);
        for (place, count) in self.counts.iter().enumerate() {
            sum += count;
            if sum as f64 >= wanted {
                return (place + 1) as f64 / 10.0;
            }
        }
        f64::INFINITY
    }

    /// Frames that took longer than a screen waits, without what other programs took.
    pub fn missed_by_us(&self) -> u64 {
        self.late_by_us
    }
}

impl fmt::Display for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} frames, UI work {:.2} ms mean, {:.1} ms at 99 %, {:.1} ms at most; {} above 16.7 ms, \
             {} of them without what other programs took",
            self.count(),
            self.mean(),
            self.within(0.99),
            self.longest.as_secs_f64() * 1000.0,
            self.late,
            self.late_by_us
        )
    }
}

#[test]
fn frames_tell_what_was_late_by_itself() {
    let mut frames = Frames::new();
    let ms = Duration::from_millis;
    frames.add(ms(1), ms(0));
    frames.add(ms(20), ms(0));
    frames.add(ms(40), ms(30));
    assert_eq!(
        (frames.count(), frames.late, frames.missed_by_us()),
        (3, 2, 1)
    );
    assert_eq!(frames.longest, ms(40));
}

/// The loop needs no model: a minute of it, every frame tessellated as for the graphics card.
#[test]
fn soak_of_the_loop_plays_sixty_frames_a_second_without_a_model() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(AppConfig {
        bundle: Some(BundleSource::Folder(home.path().join("none"))),
        conference: Some(FilmSource::BuiltIn),
        ..config(home.path())
    });
    wait(&mut window, "the recordings are read", |window| {
        let conference = state(window).conference.as_ref();
        matches!(state(window).bundle, BundleState::Failed(_))
            && conference.is_some_and(|conference| !conference.films.is_empty())
    });
    let mut frames = Frames::new();
    let begun = window.ctx.input(|input| input.time);
    for frame in 0..3600_u32 {
        window.input_mut().time = Some(begun + f64::from(frame) * FRAME);
        let held = Held::begin();
        window.step();
        let mut work = window.state().times().last().unwrap_or_default();
        let tessellating = Instant::now();
        let output = window.output();
        let shapes = window
            .ctx
            .tessellate(output.shapes.clone(), output.pixels_per_point);
        work += tessellating.elapsed();
        assert!(!shapes.is_empty());
        frames.add(work, held.end());
    }
    println!("a minute of the loop without a model: {frames}");
    assert!(window.state().uploads() > 60, "the films play");
    // Other tests run beside this one, so a single late frame proves nothing.
    assert!(frames.within(0.99) < FRAME * 1000.0, "{frames}");
    Ok(())
}
