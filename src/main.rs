//! Chooses window or command line, starts logging, turns errors into exit codes; no logic.

use lgd_studio::app::Options;
use lgd_studio::cli::{Cli, Failure, Invocation};
use lgd_studio::job::{Places, care, logs};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    lgd_studio::nn::keep_freed_memory();
    let invocation = Cli::invocation();
    let places = Places::of_user();
    let verbosity = match &invocation {
        Invocation::Terminal(cli) => cli.verbosity(),
        Invocation::Window(_) => 0,
    };
    // What waits is written when this ends.
    let _log = logs::start(verbosity, places.as_ref());
    care::install(places);
    match invocation {
        Invocation::Terminal(cli) => match cli.run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(Failure::Usage(text)) => complain(&text, 2),
            Err(Failure::Failed(problem)) => complain(&problem.to_string(), 1),
            Err(Failure::Cancelled) => complain("Cancelled.", 130),
        },
        Invocation::Window(request) => {
            let options = Options {
                files: request.files,
                new_window: request.new_window,
                bundle: request.bundle,
                resources: request.resources,
                conference: request.conference,
                safe: request.safe,
            };
            match lgd_studio::app::run(options) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => complain(&error.to_string(), 1),
            }
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the one place where a failure leaves the program"
)]
fn complain(text: &str, code: u8) -> ExitCode {
    eprintln!("{text}");
    ExitCode::from(code)
}
