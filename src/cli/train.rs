//! `lgd-studio train`: a fine-tuning run in this process.

use super::slurm::{self, Begin, Emit};
use super::{Failure, GlobalArgs, output, session};
use crate::job::training::{
    self, Company, Ended, Event, Recipe, RecipeNews, RunRequest, Steering, TrainConfig,
};
use crate::job::{CancelToken, DeviceChoice, Places, Precision};
use clap::{Args, ValueEnum};
use indicatif::{HumanBytes, HumanCount, HumanDuration, ProgressBar};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What to train.
#[derive(Debug, Args)]
#[command(after_help = "\
Example of a configuration; what it leaves out comes from the preset:
  preset = \"toon-tiny\"  # full, adapter, lora, toon-tiny, answers or autoencoder
  [data]
  image_dir = \"toon-1000/images\"
  sample_file = \"toon-1000/labels_cot_train.json\"
  [trainer]
  max_steps = 500

Examples:
  lgd-studio train train.toml --dry-run
  lgd-studio train train.toml --set optim.lr=1e-4 -o my-run
  lgd-studio train --resume my-run --set trainer.max_steps=1000
  lgd-studio train --resume my-run --promote my-bundle
  lgd-studio train --resume my-run --export-lora my-lora.safetensors
  lgd-studio train --recipe assets/recipes/toon-tiny.toml -o retrained
  lgd-studio train train.toml -o my-run --ranks 2
  lgd-studio train train.toml -o my-run --devices cuda:0,cuda:2
  torchrun --no-python --nproc-per-node 4 lgd-studio train train.toml -o my-run
  lgd-studio train train.toml -o my-run --ranks 8 --emit slurm > job.sh")]
pub(super) struct TrainArgs {
    /// The configuration of a new run
    #[arg(
        value_name = "CONFIG.toml",
        required_unless_present_any = ["resume", "recipe"],
        conflicts_with = "resume"
    )]
    config: Option<PathBuf>,
    /// Change a value of the configuration; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Go on with the run in this folder
    #[arg(long, value_name = "RUN")]
    resume: Option<PathBuf>,
    /// Train a bundle from nothing, stage by stage, in the folder of --output
    #[arg(
        long,
        value_name = "RECIPE.toml",
        requires = "output",
        conflicts_with_all = ["config", "resume", "dry_run", "emit", "control"]
    )]
    recipe: Option<PathBuf>,
    /// Folder of the new run [default: a new one in the data folder]
    #[arg(short, long, value_name = "DIR", conflicts_with = "resume")]
    output: Option<PathBuf>,
    /// Train two steps, say what the run will cost, and keep nothing
    #[arg(long, conflicts_with = "resume")]
    dry_run: bool,
    /// Write the newest checkpoint of the run as a bundle instead of training
    #[arg(
        long,
        value_name = "DIR",
        requires = "resume",
        conflicts_with = "settings"
    )]
    promote: Option<PathBuf>,
    /// Write the low-rank pairs of the newest checkpoint as a file that diffusers reads
    #[arg(
        long,
        value_name = "FILE.safetensors",
        requires = "resume",
        conflicts_with_all = ["settings", "promote"]
    )]
    export_lora: Option<PathBuf>,
    /// Obey the words pause, continue, stop, discard, sample and save, as lines on standard input,
    /// whose end stops the run, or as files in the run's folder control
    #[arg(long, value_enum, value_name = "WHERE")]
    control: Option<ControlArg>,
    /// Train with so many processes, which share the samples of every step: one per card where there
    /// are cards
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    ranks: Option<u16>,
    /// Train with one process on each of these devices
    #[arg(
        long,
        value_name = "DEVICE,...",
        value_delimiter = ',',
        conflicts_with = "ranks"
    )]
    devices: Vec<DeviceChoice>,
    /// Print a script for a cluster instead of training
    #[arg(
        long,
        value_enum,
        value_name = "SYSTEM",
        conflicts_with_all = ["dry_run", "promote", "export_lora"]
    )]
    emit: Option<Emit>,
}

/// Where requests come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ControlArg {
    /// Standard input.
    Stdin,
    /// The folder of the run, as the window does it.
    Folder,
}

pub(super) fn run(args: &TrainArgs, global: &GlobalArgs) -> Result<(), Failure> {
    if args.emit == Some(Emit::Slurm) {
        return emit_slurm(args, global);
    }
    let trains = !args.dry_run && args.promote.is_none() && args.export_lora.is_none();
    let place = training::rendezvous()?.filter(|_| trains);
    if place.is_some() && args.recipe.is_some() {
        let text = "A recipe starts its ranks itself: use --ranks or --devices.";
        return Err(Failure::Usage(text.to_owned()));
    }
    if let Some(place) = place.as_ref().filter(|place| place.rank > 0) {
        // Rank 0 hears Ctrl-C as well, and tells the others.
        let _deaf = session::cancel_on_interrupt();
        training::train_along(place, global.device)?;
        return Ok(());
    }
    let company = match place {
        Some(_) if args.ranks.is_some() || !args.devices.is_empty() => {
            let text = "The ranks were started already: leave out --ranks and --devices.";
            return Err(Failure::Usage(text.to_owned()));
        }
        Some(place) => Company::Cluster(place, global.device),
        None => company(args, global)?,
    };
    if let (Some(recipe), Some(folder)) = (&args.recipe, &args.output) {
        return follow_recipe(recipe, folder, company, args, global);
    }
    let request = match (&args.resume, &args.config) {
        (Some(run), _) => match (&args.promote, &args.export_lora) {
            (Some(folder), _) => return promote(run, folder, global),
            (None, Some(file)) => return export_lora(run, file, global),
            (None, None) => RunRequest::Resume(run.clone(), settings(args, global)),
        },
        (None, Some(path)) => {
            let config = TrainConfig::read(path, &settings(args, global))?;
            if args.dry_run {
                return dry_run(&config, company, global);
            }
            RunRequest::New(Box::new(config), new_folder(args, path)?)
        }
        (None, None) => return Err(Failure::Usage("There is no configuration.".to_owned())),
    };
    let folder = match &request {
        RunRequest::New(_, folder) | RunRequest::Resume(folder, _) => folder.clone(),
    };
    let steering = match args.control {
        None => Steering::Nobody,
        Some(ControlArg::Stdin) => Steering::Input,
        Some(ControlArg::Folder) => Steering::Folder,
    };
    let cancel = session::cancel_on_interrupt();
    train(request, company, steering, &cancel, &folder, global)
}

/// What is put over the configuration: `--precision`, and after it every `--set`.
fn settings(args: &TrainArgs, global: &GlobalArgs) -> Vec<String> {
    let chosen = Some(global.precision).filter(|precision| *precision != Precision::Auto);
    let precision = chosen.map(|precision| format!("trainer.precision={precision}"));
    precision.into_iter().chain(args.settings.clone()).collect()
}

/// This process alone, or with others of this machine.
fn company(args: &TrainArgs, global: &GlobalArgs) -> Result<Company, Failure> {
    let devices = match (args.devices.as_slice(), args.ranks) {
        ([], None | Some(1)) => vec![global.device],
        ([], Some(ranks)) => training::devices_for(ranks.into(), global.device)?,
        (devices, _) => devices.to_vec(),
    };
    Ok(match devices.as_slice() {
        [device] => Company::Alone(*device),
        _ => Company::Local(devices),
    })
}

/// A script that begins the run where there is none and otherwise goes on with it.
fn emit_slurm(args: &TrainArgs, global: &GlobalArgs) -> Result<(), Failure> {
    // In the script, srun starts the ranks.
    let typed = slurm::this_command(&["--ranks", "--devices"]);
    let ranks = match args.devices.len() {
        0 => args.ranks.map_or(1, usize::from),
        devices => devices,
    };
    let script = match (&args.resume, &args.config, &args.output) {
        (Some(_), ..) => slurm::training_job(None, &typed, ranks),
        (None, Some(config), Some(run)) => {
            // What cannot be used is better known now than when the job begins.
            TrainConfig::read(config, &settings(args, global))?;
            let resume = ["lgd-studio", "train", "--resume"].map(str::to_owned);
            let resume = [resume.as_slice(), &[run.display().to_string()]].concat();
            let made = run.join("config.toml").display().to_string();
            let (command, made) = (typed.as_slice(), made.as_str());
            slurm::training_job(Some(Begin { command, made }), &resume, ranks)
        }
        _ => {
            let text = "Say where the run is kept, so that the job finds it again: -o DIR.";
            return Err(Failure::Usage(text.to_owned()));
        }
    };
    output::line(script.trim_end());
    Ok(())
}

fn new_folder(args: &TrainArgs, config: &Path) -> Result<PathBuf, Failure> {
    match (&args.output, Places::of_user()) {
        (Some(folder), _) => Ok(folder.clone()),
        (None, Some(places)) => Ok(training::free_folder(&places, config)),
        (None, None) => Err(Failure::Usage(
            "Say where the run is kept: -o DIR.".to_owned(),
        )),
    }
}

fn train(
    request: RunRequest,
    company: Company,
    steering: Steering,
    cancel: &CancelToken,
    folder: &Path,
    global: &GlobalArgs,
) -> Result<(), Failure> {
    let bar = session::progress_bar(1);
    bar.set_message("Loading the models");
    let json = global.json;
    // One run per device; where there is no place for locks, nobody else could hold one.
    let places = Places::of_user();
    let ended = training::train(
        request,
        company,
        steering,
        places.as_ref(),
        cancel,
        |event| {
            if json {
                output::line(event.to_line());
            }
            show(&bar, event);
        },
    );
    bar.finish_and_clear();
    let ended = ended?;
    if cancel.is_cancelled() {
        tracing::warn!("The run is saved in {}.", folder.display());
        return Err(Failure::Cancelled);
    }
    if !json {
        output::line(match ended {
            Ended::Finished => format!("{}: all steps are done", folder.display()),
            Ended::Stopped => format!("{}: stopped and saved", folder.display()),
            Ended::Discarded => format!("{}: discarded", folder.display()),
        });
    }
    Ok(())
}

/// Trains a bundle from nothing.
fn follow_recipe(
    recipe: &Path,
    folder: &Path,
    company: Company,
    args: &TrainArgs,
    global: &GlobalArgs,
) -> Result<(), Failure> {
    let recipe = Recipe::read(recipe)?;
    let cancel = session::cancel_on_interrupt();
    let bar = session::progress_bar(1);
    let json = global.json;
    let places = Places::of_user();
    let made = training::follow_recipe(
        &recipe,
        folder,
        &settings(args, global),
        &company,
        places.as_ref(),
        &cancel,
        |news| match news {
            RecipeNews::Drawing(done, all) => {
                bar.set_message("Drawing the samples");
                bar.set_length(all as u64);
                bar.set_position(done as u64);
            }
            RecipeNews::Stage(number, count, name) => {
                bar.set_message("Loading the models");
                bar.suspend(|| tracing::info!("stage {number} of {count}: {name}"));
            }
            RecipeNews::Run(event) => {
                if json {
                    output::line(event.to_line());
                }
                show(&bar, event);
            }
            RecipeNews::Made(bundle) => {
                if !json {
                    bar.suspend(|| output::line(bundle.display()));
                }
            }
        },
    );
    bar.finish_and_clear();
    match made? {
        Some(bundle) => {
            if json {
                output::json(&serde_json::json!({ "bundle": bundle }));
            } else {
                output::line(format!("{}: all stages are done", bundle.display()));
            }
            Ok(())
        }
        None => Err(Failure::Cancelled),
    }
}

fn show(bar: &ProgressBar, event: &Event) {
    match event {
        Event::Started { step, steps, .. } => {
            bar.set_length(*steps);
            bar.set_position(*step);
            bar.reset_eta();
        }
        Event::Step(report) => {
            bar.set_position(report.step);
            bar.set_message(format!("Loss {:.4}", report.losses.total));
            tracing::debug!(
                "step {}: loss {}, {:.2} s",
                report.step,
                report.losses.total,
                report.seconds
            );
        }
        Event::Broken { record, reason } => {
            tracing::warn!("{record} is left out: {reason}");
        }
        Event::Warning { text } => tracing::warn!("{text}"),
        Event::Saved { step, .. } => tracing::info!("saved after step {step}"),
        Event::Sampled { pictures, .. } => tracing::info!("drew {} samples", pictures.len()),
        Event::Paused { .. } => bar.set_message("Paused"),
        Event::Continued { .. }
        | Event::Stopped { .. }
        | Event::Discarded
        | Event::Finished { .. }
        | Event::Failed { .. } => {}
    }
}

fn dry_run(config: &TrainConfig, company: Company, global: &GlobalArgs) -> Result<(), Failure> {
    let found = training::forecast(config, company)?;
    if global.json {
        output::json(&found);
        return Ok(());
    }
    let row = |what: &str, value: String| output::line(format!("{what:<16}{value}"));
    let count = |number: usize| HumanCount(number as u64).to_string();
    row(
        "parameters",
        format!("{} are trained", count(found.parameters)),
    );
    row(
        "samples",
        format!("{}, {} cannot be used", count(found.samples), found.broken),
    );
    row("precision", found.precision.to_string());
    row("a step", format!("{:.2} s", found.seconds_per_step));
    let whole = HumanDuration(Duration::from_secs_f64(found.seconds));
    row("the run", format!("{whole} for {} steps", found.steps));
    if let Some(peak) = found.peak_mib {
        row("memory", format!("{peak} MiB at most"));
    }
    row(
        "checkpoints",
        HumanBytes(found.checkpoint_bytes).to_string(),
    );
    Ok(())
}

fn promote(run: &Path, folder: &Path, global: &GlobalArgs) -> Result<(), Failure> {
    let step = training::promote(run, folder)?;
    if global.json {
        output::json(&serde_json::json!({ "bundle": folder, "step": step }));
    } else {
        output::line(format!("{}: the weights of step {step}", folder.display()));
    }
    Ok(())
}

fn export_lora(run: &Path, file: &Path, global: &GlobalArgs) -> Result<(), Failure> {
    let step = training::export_lora(run, file)?;
    if global.json {
        output::json(&serde_json::json!({ "lora": file, "step": step }));
    } else {
        output::line(format!("{}: the LoRA of step {step}", file.display()));
    }
    Ok(())
}
