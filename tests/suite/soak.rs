//! Conference mode for hours on a clock that runs faster than ours: the loop plays, visitors come, ask,
//! vote, give up and walk away, the worker panics and loses its device, and the loop goes on. What
//! takes real time (reading, thinking, drawing) is real; waiting is not.

use crate::frames::{FRAME, Frames, Held};
use crate::window::{Outcome, Window, config, open, state};
use eframe::egui;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{BundleState, ConferenceAction, Scene};
use lgd_studio::job::{EXAMPLES, Fault, FilmSource, Sabotage};
use std::time::{Duration, Instant};

/// How far the clock goes in one frame while nothing but time has to pass.
const FAST: f64 = 1.0;
/// Seconds of the loop that are played frame by frame before each visitor.
const PLAYED: f64 = 2.0;
/// Seconds after which a failure must be forgotten.
const RECOVERY: f64 = 15.0;

/// What a visitor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Visit {
    /// Asks, waits and votes.
    Votes,
    /// Asks in own words, and walks away from the answer.
    WalksAway,
    /// Touches the screen and walks away from the choice.
    OnlyLooks,
    /// Asks, and stops the drawing.
    Stops,
    /// Asks while something breaks.
    Meets(Fault),
}

/// Visitors in the order they come, over and over.
const VISITS: [Visit; 10] = [
    Visit::Votes,
    Visit::WalksAway,
    Visit::Meets(Fault::Panic),
    Visit::Votes,
    Visit::OnlyLooks,
    Visit::Votes,
    Visit::Meets(Fault::LostDevice),
    Visit::Votes,
    Visit::Stops,
    Visit::WalksAway,
];

struct Soak {
    window: Window,
    sabotage: Sabotage,
    clock: f64,
    /// Of the playing loop, frame by frame, and all others.
    playing: Frames,
    others: Frames,
    visits: usize,
    faults: usize,
    /// Longest time from a failure to the loop, in seconds of the clock.
    slowest: f64,
    /// Longest real time from the question after a failure to its answer.
    slowest_answer: Duration,
}

impl Soak {
    fn begin(home: &std::path::Path) -> Self {
        let mut config = config(home);
        config.conference = Some(FilmSource::BuiltIn);
        let sabotage = Sabotage::default();
        config.sabotage = sabotage.clone();
        let mut soak = Self {
            window: open(config),
            sabotage,
            clock: 1.0,
            playing: Frames::new(),
            others: Frames::new(),
            visits: 0,
            faults: 0,
            slowest: 0.0,
            slowest_answer: Duration::ZERO,
        };
        soak.until("the program is ready", FRAME, |soak| {
            matches!(state(&soak.window).bundle, BundleState::Ready(_))
                && soak.conference(|conference| !conference.films.is_empty())
        });
        soak
    }

    fn conference<T>(&self, look: impl FnOnce(&lgd_studio::app::Conference) -> T) -> T {
        look(state(&self.window).conference.as_ref().expect("it is on"))
    }

    fn scene(&self) -> Scene {
        self.conference(|conference| conference.scene)
    }

    /// One frame, after so many seconds of the clock.
    fn frame(&mut self, seconds: f64) {
        self.clock += seconds;
        self.window.input_mut().time = Some(self.clock);
        let held = Held::begin();
        self.window.step();
        let held = held.end();
        let work = self.window.state().times().last().unwrap_or_default();
        if work > Duration::from_micros(16_667) {
            let (at, scene) = (self.clock, self.scene());
            println!("{work:.1?} of UI work at {at:.1} s, {scene:?}");
        }
        match self.scene() == Scene::Attract && seconds <= FRAME {
            true => self.playing.add(work, held),
            false => self.others.add(work, held),
        }
    }

    /// Frames until something holds; real time passes as well, because something works.
    fn until(&mut self, what: &str, seconds: f64, holds: impl Fn(&Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(120);
        while !holds(self) {
            assert!(Instant::now() < end, "waited in vain until {what}");
            self.frame(seconds);
            std::thread::sleep(Duration::from_millis(4));
        }
    }

    /// Lets time pass in the loop.
    fn pass(&mut self, seconds: f64) {
        let end = self.clock + seconds;
        while self.clock + PLAYED < end {
            self.frame(FAST);
        }
        while self.clock < end {
            self.frame(FRAME);
        }
    }

    fn act(&mut self, action: ConferenceAction) {
        self.window.state_mut().act(action.into());
        self.frame(FRAME);
    }

    fn click(&mut self, label: &str) {
        let button = self.window.get_by_role_and_label(Role::Button, label);
        button.click();
        for _ in 0..3 {
            self.frame(FRAME);
        }
    }

    fn visit(&mut self, visit: Visit) {
        self.visits += 1;
        self.click("Touch to ask your own question");
        assert_eq!(self.scene(), Scene::Frames);
        let example = EXAMPLES[self.visits % EXAMPLES.len()];
        self.act(ConferenceAction::Choose(example.file.to_owned()));
        self.until("the frame is there", FRAME, |soak| {
            state(&soak.window).frame.frame.is_some()
        });
        if visit == Visit::OnlyLooks {
            return self.home();
        }
        let questions = state(&self.window).conference_questions();
        let question = match questions.get(self.visits % questions.len().max(1)) {
            Some(question) if visit != Visit::WalksAway => question.clone(),
            _ => format!("What happens if visitor {} comes?", self.visits),
        };
        if let Visit::Meets(fault) = visit {
            self.sabotage.plan(fault);
        }
        self.act(ConferenceAction::Ask(question));
        assert_eq!(self.scene(), Scene::Drawing);
        if visit == Visit::Stops {
            self.until("something is drawn", FRAME, |soak| {
                let run = state(&soak.window).run.as_ref();
                run.is_none_or(|run| run.steps_taken() > 0)
            });
            self.click("Stop");
            assert_eq!(self.scene(), Scene::Attract);
            return;
        }
        let (asked, before) = (Instant::now(), self.answers());
        self.until("the drawing has ended", FRAME, |soak| {
            soak.scene() != Scene::Drawing
        });
        match visit {
            Visit::Meets(_) => {
                self.faults += 1;
                assert_eq!(self.answers(), before, "a failure is no answer");
                let failed = self.clock;
                self.home();
                self.slowest = self.slowest.max(self.clock - failed);
                return;
            }
            _ => {
                assert_eq!(self.answers(), before + 1, "a visitor was not answered");
                if self.faults > 0 {
                    self.slowest_answer = self.slowest_answer.max(asked.elapsed());
                }
            }
        }
        if visit == Visit::Votes {
            let letter = ["A", "B", "C"][self.visits % 3];
            let votes = self.conference(|conference| conference.tally.total());
            self.click(&format!("{letter} is right"));
            assert_eq!(self.conference(|c| c.tally.total()), votes + 1);
        }
        self.home();
    }

    fn answers(&self) -> u32 {
        self.conference(|conference| conference.tally.answered)
    }

    /// The visitor is gone: the timer brings the loop back.
    fn home(&mut self) {
        let from = self.clock;
        while self.scene() != Scene::Attract {
            self.frame(FAST);
            assert!(self.clock - from < 120.0, "the loop never comes back");
        }
    }
}

/// Memory that this process holds, in MiB; none where the system does not say.
fn memory_mib() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

/// Hours of the clock, with a visitor after every `pause` seconds of the loop. Where nothing else runs
/// in this process memory may grow by `growth` MiB after the first ten visitors, and no frame of the
/// loop may be late.
fn soak(hours: f64, pause: f64, growth: Option<f64>) -> Outcome {
    let home = tempfile::tempdir()?;
    let mut soak = Soak::begin(home.path());
    let (started, fresh) = (Instant::now(), memory_mib());
    let mut warm = None;
    while soak.clock < hours * 3600.0 {
        soak.pass(pause);
        let visit = VISITS[soak.visits % VISITS.len()];
        soak.visit(visit);
        if soak.visits == VISITS.len() {
            warm = memory_mib();
        }
    }
    let end = memory_mib();
    let (playing, others) = (&soak.playing, &soak.others);
    let mib = |memory: Option<f64>| memory.map_or("?".to_owned(), |mib| format!("{mib:.0} MiB"));
    println!(
        "{:.1} hours in {:.0} s: {} visitors, {} answers, {} votes",
        soak.clock / 3600.0,
        started.elapsed().as_secs_f64(),
        soak.visits,
        soak.answers(),
        soak.conference(|conference| conference.tally.total()),
    );
    println!(
        "memory {} at the start, {} after ten visitors, {} at the end",
        mib(fresh),
        mib(warm),
        mib(end)
    );
    println!(
        "{} failures, the loop back after {:.1} s at most; the next answers took {:.1} s at most",
        soak.faults,
        soak.slowest,
        soak.slowest_answer.as_secs_f64()
    );
    for (name, frames) in [("playing loop", playing), ("everything else", others)] {
        println!("{name}: {frames}");
    }
    assert!(
        soak.faults >= 2 && soak.slowest <= RECOVERY,
        "{} s",
        soak.slowest
    );
    let Some(growth) = growth else {
        return Ok(());
    };
    // What is late because other programs had the processors is theirs, and is told, not judged.
    assert_eq!(playing.missed_by_us(), 0, "the loop stutters: {playing}");
    if let (Some(warm), Some(end)) = (warm.or(fresh), end) {
        assert!(end - warm < growth, "{warm:.0} MiB became {end:.0}");
    }
    Ok(())
}

#[test]
fn soak_of_conference_mode_in_which_nothing_gives_way() -> Outcome {
    // Other tests share this process: only the long form, alone, judges memory and late frames.
    soak(0.75, 180.0, None)
}

#[test]
#[ignore = "takes minutes: SOAK_HOURS=12 cargo test --test suite -- --ignored --nocapture soak_long"]
fn soak_long() -> Outcome {
    let of = |name: &str, otherwise: f64| {
        let value = std::env::var(name)
            .ok()
            .and_then(|value| value.parse().ok());
        value.unwrap_or(otherwise)
    };
    soak(of("SOAK_HOURS", 12.0), of("SOAK_PAUSE", 300.0), Some(64.0))
}
