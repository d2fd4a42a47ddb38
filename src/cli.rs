//! The same jobs from a terminal (DESIGN section 2).

mod ask;
mod bundle;
mod compare;
mod doctor;
mod download;
mod drawing_args;
mod evaluation;
mod explain;
mod export;
mod grid;
mod making;
mod metadata;
mod output;
mod replay;
mod score;
mod session;
mod slurm;
mod toon;
mod train;
mod validate;

use crate::job::{
    BundleSource, DeviceChoice, FilmSource, MemorySize, Places, Precision, Problem, Resources,
    bundles,
};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use std::path::PathBuf;

/// Ask a cartoon frame a causal question and watch diffusion draw the answer.
///
/// Without a command the window opens, with the files that are named.
#[derive(Debug, Parser)]
#[command(name = "lgd-studio", version, subcommand_precedence_over_arg = true)]
#[command(
    after_help = "Examples:\n  lgd-studio\n  lgd-studio ask frame.png \"What happens if the cat gets hungry?\" -o answer.png\n  lgd-studio doctor"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    global: GlobalArgs,
}

/// What the window opens with.
#[derive(Clone, Debug, Args)]
struct WindowArgs {
    /// Pictures, saved runs or the folder of a data set to open; a window that is open takes them
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Open a window of its own, even where one is open
    #[arg(long)]
    new_window: bool,
    /// Full screen for visitors: a loop of recorded runs (those in DIR, or our own), safe choices, a
    /// vote; Ctrl+Shift+X ends it
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    kiosk: Option<Option<PathBuf>>,
    /// Usual settings, the embedded model on the processor, and none of your files read or written
    #[arg(long)]
    safe_mode: bool,
}

impl WindowArgs {
    /// The first of them that was given, as it is typed.
    fn first(&self) -> Option<String> {
        let flags = [
            (self.new_window, "--new-window"),
            (self.kiosk.is_some(), "--kiosk"),
            (self.safe_mode, "--safe-mode"),
        ];
        let flag = flags.iter().find(|(given, _)| *given);
        let file = self.files.first();
        file.map(|file| file.display().to_string())
            .or(flag.map(|(_, name)| (*name).to_owned()))
    }
}

/// Options every command takes, before its name or after it.
#[derive(Clone, Debug, Args)]
struct GlobalArgs {
    /// Model bundle: a folder, or the name of one in the data folder [default: the embedded toon-tiny]
    #[arg(long, value_name = "DIR", global = true)]
    bundle: Option<PathBuf>,
    /// Where to compute: auto, cpu, cuda:N or metal
    #[arg(long, default_value_t = DeviceChoice::Auto, global = true)]
    device: DeviceChoice,
    /// Numbers of the image encoder, the language model and the UNet: auto, f32, bf16 or int8 [auto: bf16 on CUDA; int8: the UNet only, on processors]
    #[arg(long, default_value_t = Precision::Auto, hide_default_value = true, global = true)]
    precision: Precision,
    /// The most memory that networks and their work may take, for example 8GiB [default: what is free]
    #[arg(long, value_name = "SIZE", global = true)]
    memory_limit: Option<MemorySize>,
    /// Print the result as JSON
    #[arg(long, global = true)]
    json: bool,
    /// Say more on standard error; twice for every step
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
}

impl GlobalArgs {
    /// What networks may use.
    fn resources(&self) -> Resources {
        Resources {
            device: self.device,
            precision: self.precision,
            memory_limit: self.memory_limit,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer one question about one frame with a picture
    Ask(ask::AskArgs),
    /// Answer one question in several modes on one noise tape
    Compare(compare::CompareArgs),
    /// Draw every combination of two lists of values, for example of both guidance scales
    Grid(grid::GridArgs),
    /// Draw a saved picture or run again, and prove that it comes out the same
    Replay(replay::ReplayArgs),
    /// Make a captioned grid, an animation, a contact sheet or a table of a saved run
    Export(export::ExportArgs),
    /// Print what a picture says about itself; needs no model
    Metadata(metadata::MetadataArgs),
    /// Draw and score the paper's evaluation of a bundle; can be stopped, killed and resumed
    Validate(validate::ValidateArgs),
    /// Score a folder of generated pictures: Sim and AUC, as the paper does
    Score(score::ScoreArgs),
    /// Look at model bundles, and make them
    Bundle(bundle::BundleArgs),
    /// Fine-tune a bundle on a data set; can be stopped, killed and resumed
    Train(train::TrainArgs),
    /// Draw the toon world: frames, and data sets to train on
    Toon(toon::ToonArgs),
    /// Show what this machine can run, with a hint for each problem
    Doctor,
}

/// How a command ends when it does not end well.
#[derive(Debug)]
pub enum Failure {
    /// Wrong usage: exit code 2.
    Usage(String),
    /// It could not be done: exit code 1.
    Failed(Problem),
    /// Stopped by Ctrl-C: exit code 130.
    Cancelled,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Failed(problem)
    }
}

/// What the arguments ask for.
pub enum Invocation {
    /// Open the window.
    Window(WindowRequest),
    /// Run a command in the terminal.
    Terminal(Box<Cli>),
}

/// How the window was asked to open.
#[derive(Clone, Debug, Default)]
pub struct WindowRequest {
    /// Files to open: runs, and the first picture.
    pub files: Vec<PathBuf>,
    /// Whether a window of its own is wanted. Whoever names a bundle, a device or conference mode
    /// wants one, since a window that is open has its own.
    pub new_window: bool,
    /// The bundle; without, the one that was chosen last.
    pub bundle: Option<BundleSource>,
    /// What networks may use, as far as it was said.
    pub resources: Resources,
    /// Recordings to begin conference mode with, if it was asked for.
    pub conference: Option<FilmSource>,
    /// Whether nothing of the person's is used.
    pub safe: bool,
}

impl Cli {
    /// Reads the arguments of this process; prints help and exits by itself when asked to.
    pub fn invocation() -> Invocation {
        let cli = Self::parse();
        if cli.command.is_some() {
            if let Some(given) = cli.window.first() {
                // A file may have the name of a command.
                let text = format!(
                    "{given} is for the window, which no command opens. Leave it out, or write ./NAME for a file that is called like a command."
                );
                Self::command()
                    .error(ErrorKind::ArgumentConflict, text)
                    .exit();
            }
            return Invocation::Terminal(Box::new(cli));
        }
        let resources = cli.global.resources();
        let new_window = cli.window.new_window
            || cli.window.kiosk.is_some()
            || cli.window.safe_mode
            || cli.global.bundle.is_some()
            || resources != Resources::default();
        Invocation::Window(WindowRequest {
            files: cli.window.files,
            new_window,
            bundle: cli
                .global
                .bundle
                .as_ref()
                .map(|wanted| bundles::find(Some(wanted), Places::of_user().as_ref())),
            resources,
            safe: cli.window.safe_mode,
            conference: cli.window.kiosk.map(|folder| match folder {
                Some(folder) => FilmSource::Folder(folder),
                None => FilmSource::BuiltIn,
            }),
        })
    }

    /// How much to log: 0 warnings, 1 events, 2 steps.
    pub fn verbosity(&self) -> u8 {
        self.global.verbose
    }

    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure`] with the exit code it stands for.
    pub fn run(self) -> Result<(), Failure> {
        let bundle = bundles::find(self.global.bundle.as_deref(), Places::of_user().as_ref());
        match self.command {
            Some(Command::Ask(args)) => ask::run(&args, bundle, &self.global),
            Some(Command::Compare(args)) => compare::run(&args, bundle, &self.global),
            Some(Command::Grid(args)) => grid::run(&args, bundle, &self.global),
            Some(Command::Replay(args)) => replay::run(&args, bundle, &self.global),
            Some(Command::Export(args)) => export::run(&args, bundle, &self.global),
            Some(Command::Metadata(args)) => metadata::run(&args, &self.global),
            Some(Command::Validate(args)) => validate::run(&args, bundle, &self.global),
            Some(Command::Score(args)) => score::run(args, bundle, &self.global),
            Some(Command::Bundle(args)) => bundle::run(&args, &self.global),
            Some(Command::Train(args)) => train::run(&args, &self.global),
            Some(Command::Toon(args)) => toon::run(&args, &self.global),
            Some(Command::Doctor) => doctor::run(&self.global),
            None => Ok(()),
        }
    }
}
