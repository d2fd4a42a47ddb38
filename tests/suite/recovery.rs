//! `kill -9` in the middle of a run with three waiting, with the real program on a virtual display;
//! then a window on the same folder finds everything and goes on.

use crate::kept_runs::{list, start_in, undisturbed};
use crate::window::{Outcome, Window, config, has_text, open, state, wait, wait_until_ready};
use eframe::egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{AppConfig, Column, NoticeKind, Phase, View};
use lgd_studio::job::{KeptState, Places, open_run};
use rusqlite::Connection;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Patience with a busy machine that has to draw a few hundred steps.
const PATIENCE: Duration = Duration::from_secs(240);
/// Long enough that four keys are pressed before a run is over.
const STEPS: usize = 80;

/// A program that is ended with the test, however the test ends.
struct Program(Child);

impl Program {
    fn kill(&mut self) -> std::io::Result<()> {
        self.0.kill()?; // SIGKILL: nothing of the program runs any more
        self.0.wait().map(|_status| ())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            println!("a program was gone already: {error}");
        }
    }
}

fn has(tool: &str) -> bool {
    let found = Command::new("which").arg(tool).output();
    found.is_ok_and(|output| output.status.success())
}

/// A virtual display and its name.
fn display() -> Result<(Program, String), Box<dyn std::error::Error>> {
    let mut xvfb = Command::new("Xvfb")
        .args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "1280x800x24",
            "-nolisten",
            "tcp",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let said = xvfb.stdout.take().ok_or("no output")?;
    let program = Program(xvfb);
    let mut number = String::new();
    BufReader::new(said).read_line(&mut number)?;
    Ok((program, format!(":{}", number.trim())))
}

/// The folders as `LGD_STUDIO_HOME` gives them.
fn places(home: &Path) -> Places {
    Places {
        config: home.to_owned(),
        data: home.to_owned(),
        cache: home.join("cache"),
        state: home.to_owned(),
    }
}

/// Jobs without an end: at work, and waiting.
fn unfinished(home: &Path) -> Option<(i64, i64)> {
    let file = home.join("studio.db");
    if !file.exists() {
        return None;
    }
    let db = Connection::open(file).ok()?;
    db.busy_timeout(Duration::from_secs(2)).ok()?;
    let count = |state: &str| {
        let sql = "SELECT count(*) FROM jobs WHERE ended IS NULL AND state = ?1";
        db.query_row(sql, [state], |row| row.get(0)).ok()
    };
    Some((count("running")?, count("waiting")?))
}

/// Steps that journals hold, by their size; zero before the first.
fn has_steps(home: &Path) -> bool {
    let Ok(folder) = std::fs::read_dir(home.join("runs")) else {
        return false;
    };
    let journals = folder.flatten().filter(|entry| {
        let ending = entry.path().extension().map(|e| e.to_owned());
        ending.is_some_and(|ending| ending == "steps")
    });
    // Four channels of 16 x 16 halves are 2 KiB a step, after what the frame looks like.
    journals
        .filter_map(|entry| entry.metadata().ok())
        .any(|about| about.len() > 8 << 10)
}

/// Starts the program, asks until one run is drawn and three wait, and kills it.
fn killed_in_the_middle(home: &Path) -> Outcome {
    let session = format!(
        "history = []\n[frame]\nexample = \"snowman.png\"\n[form]\nmodes = [\"latent\"]\n\
         [form.request]\nquestion = \"What happens if it gets terribly hot?\"\nsteps = {STEPS}\n"
    );
    std::fs::write(home.join("session.toml"), session)?;
    let (_xvfb, display) = display()?;
    let log = std::fs::File::create(home.join("log"))?;
    let program = Command::new(env!("CARGO_BIN_EXE_lgd-studio"))
        .env("LGD_STUDIO_HOME", home)
        .env("DISPLAY", &display)
        .env("XDG_RUNTIME_DIR", home)
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()?;
    let mut program = Program(program);
    let said = || std::fs::read_to_string(home.join("log")).unwrap_or_default();
    let end = Instant::now() + PATIENCE;
    loop {
        match unfinished(home) {
            Some((1, waiting)) if waiting >= 3 && has_steps(home) => break,
            Some((_, waiting)) if waiting >= 3 => {}
            _ => {
                // No window manager gives the window the focus. Before it has it a key is lost, so
                // it is pressed until it is heard.
                let name = "^LGD Studio$";
                let focus = ["search", "--onlyvisible", "--name", name, "windowfocus"];
                for words in [&focus[..], &["key", "Return"]] {
                    let mut tool = Command::new("xdotool");
                    tool.args(words).env("DISPLAY", &display);
                    tool.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
                }
            }
        }
        if let Some(status) = program.0.try_wait()? {
            return Err(format!("the program ended with {status}: {}", said()).into());
        }
        assert!(Instant::now() < end, "no queue came about: {}", said());
        std::thread::sleep(Duration::from_millis(60));
    }
    program.kill()?;
    Ok(())
}

fn window_on(home: &Path) -> Window {
    open(AppConfig {
        places: Some(places(home)),
        dice: 2,
        program: None,
        ..config(home)
    })
}

fn first_column(window: &Window) -> &Column {
    let run = state(window).run.as_ref().expect("the run is shown");
    run.columns.first().expect("it has a column")
}

#[test]
fn a_killed_program_leaves_a_queue_that_comes_back_paused_and_ends_as_if_undisturbed() -> Outcome {
    if !(has("Xvfb") && has("xdotool")) {
        let required = std::env::var_os("LGD_REQUIRE_WINDOW_TESTS").is_some();
        assert!(!required, "Xvfb and xdotool are needed");
        println!("skipped: there is no Xvfb or no xdotool");
        return Ok(());
    }
    let home = tempfile::tempdir()?;
    killed_in_the_middle(home.path())?;
    let (running, waiting) = unfinished(home.path()).ok_or("no database")?;
    assert!(running == 1 && waiting >= 3, "{running} {waiting}");
    let count = usize::try_from(running + waiting)?;

    // The queue is there, and paused; the run that was cut off is shown at its last step.
    let mut window = window_on(home.path());
    wait_until_ready(&mut window);
    wait(&mut window, "the queue is back", |window| {
        state(window).runs_in_queue().len() == count
    });
    let notice = NoticeKind::QueueReturned(count);
    assert!(state(&window).notices.iter().any(|n| n.kind == notice));
    assert!(state(&window).queue.held);
    assert!(matches!(
        first_column(&window).phase,
        Phase::Interrupted { .. }
    ));
    let drawn = first_column(&window).track.clone();
    assert!((1..STEPS).contains(&drawn.len()), "{} steps", drawn.len());
    let text = format!("Interrupted at step {} of {STEPS}", drawn.len());
    assert!(has_text(&window, &text), "{text}");
    wait(&mut window, "its last step is decoded", |window| {
        let run = state(window).run.as_ref();
        run.is_some_and(|run| matches!(run.view(0), View::Step(_)))
    });
    let idle = |window: &Window| {
        let mut runs = state(window).runs_in_queue().into_iter();
        runs.all(|run| !run.columns.iter().any(Column::is_drawing))
    };
    assert!(idle(&window), "nothing begins by itself");

    window
        .get_by_role_and_label(Role::Button, "Continue")
        .click();
    let end = Instant::now() + PATIENCE;
    while state(&window).is_busy() {
        assert!(Instant::now() < end, "the queue does not end");
        window.step();
        std::thread::sleep(Duration::from_millis(5));
    }
    let run = state(&window).run.as_ref().ok_or("it is shown")?;
    let done = run.columns[0].result().ok_or("it is finished")?.clone();
    assert_eq!(
        done.track[..drawn.len()],
        drawn,
        "it had shown what it drew"
    );
    let alone = undisturbed(&run.frame, &done.request)?;
    assert!(alone.track == done.track && alone.picture == done.picture);
    drop(window);

    // Everything is kept, and there is nothing left to do.
    assert_eq!(unfinished(home.path()), Some((0, 0)));
    let mut jobs = start_in(places(home.path()))?;
    let entries = list(&mut jobs)?;
    assert!(entries.len() >= count);
    for entry in &entries {
        assert_eq!(entry.state, KeptState::Finished);
        let file = open_run(&entry.file)?;
        assert_eq!(file.columns[0].track.len(), STEPS);
        assert_eq!(file.columns[0].request, entry.columns[0]);
    }
    Ok(())
}
