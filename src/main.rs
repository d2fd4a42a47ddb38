//! Chooses window or command line, starts logging, turns errors into exit codes; no logic.

use lgd_studio::app::Options;
use lgd_studio::cli::{Cli, Failure, Invocation};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    lgd_studio::nn::keep_freed_memory();
    match Cli::invocation() {
        Invocation::Terminal(cli) => {
            start_logging(cli.verbosity());
            match cli.run() {
                Ok(()) => ExitCode::SUCCESS,
                Err(Failure::Usage(text)) => complain(&text, 2),
                Err(Failure::Failed(problem)) => complain(&problem.to_string(), 1),
                Err(Failure::Cancelled) => complain("Cancelled.", 130),
            }
        }
        Invocation::Window(request) => {
            start_logging(0);
            let options = Options {
                files: request.files,
                new_window: request.new_window,
                bundle: request.bundle,
                resources: request.resources,
                conference: request.conference,
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

/// Logs to standard error; `RUST_LOG` overrides the level.
fn start_logging(verbosity: u8) {
    let level = match verbosity {
        0 => "warn",
        1 => "warn,lgd_studio=info",
        2 => "info,lgd_studio=debug",
        _ => "debug,lgd_studio=trace",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        .init();
}
