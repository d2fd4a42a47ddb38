//! `--emit slurm`: the same command as a batch script of a cluster.

use clap::ValueEnum;
use std::fmt::Write as _;

/// A cluster that a script can be written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Emit {
    /// The Slurm workload manager.
    Slurm,
}

/// What the scripts have in common.
struct Script<'a> {
    /// The job's name.
    name: &'a str,
    /// What the log is called behind it.
    log: &'a str,
    /// How the cards are asked for.
    cards: &'a str,
    /// Processor cores of a task.
    cores: u32,
    /// Further lines for Slurm.
    directives: &'a [String],
    /// What a reader should know.
    notes: &'a [String],
    /// Lines of the shell.
    body: &'a [String],
}

impl Script<'_> {
    fn text(&self) -> String {
        let (name, log, cores) = (self.name, self.log, self.cores);
        let mut text = format!("#!/bin/bash\n#SBATCH --job-name={name}\n");
        let fixed = [
            self.cards.to_owned(),
            format!("cpus-per-task={cores}"),
            "time=24:00:00".to_owned(),
            "requeue".to_owned(),
            format!("output={name}-{log}.log"),
        ];
        for directive in fixed.iter().chain(self.directives) {
            let _ = writeln!(text, "#SBATCH --{directive}");
        }
        text.push('\n');
        for note in self.notes {
            let _ = writeln!(text, "# {note}");
        }
        text.push_str("\nset -euo pipefail\n");
        for line in self.body {
            let _ = writeln!(text, "{line}");
        }
        text
    }
}

/// A script that runs `command` once per shard; `score` is how the numbers are asked for when all are
/// done.
pub(super) fn array_job(command: &[String], score: &[String], shards: usize) -> String {
    Script {
        name: "lgd-validate",
        log: "%A-%a",
        cards: "gres=gpu:1",
        cores: 4,
        directives: &[format!("array=1-{shards}")],
        notes: &[
            "Each task draws its share of the samples into the same folder, which all nodes must see."
                .to_owned(),
            "A task that was stopped goes on where it stopped: submit the script again.".to_owned(),
            "When all are done, this gives the numbers:".to_owned(),
            format!("  {}", words(score)),
        ],
        body: &[format!(
            "{} --shard \"$SLURM_ARRAY_TASK_ID/{shards}\"",
            words(command)
        )],
    }
    .text()
}

/// How a run begins that is not there yet.
pub(super) struct Begin<'a> {
    /// What begins it.
    pub command: &'a [String],
    /// The file that is there from then on.
    pub made: &'a str,
}

/// A script that begins a run where it is not there yet, and otherwise goes on with it, with so many
/// `ranks` that have a card each.
pub(super) fn training_job(begin: Option<Begin<'_>>, resume: &[String], ranks: usize) -> String {
    // A rank that is lost ends the others at once, and the job can begin again.
    let srun = match ranks {
        1 => "srun",
        _ => "srun --kill-on-bad-exit=1",
    };
    let resume = format!("{srun} {}", words(resume));
    let body = match begin {
        None => vec![resume],
        Some(Begin { command, made }) => vec![
            format!("if [ -e {} ]; then", quoted(made)),
            format!("  {resume}"),
            "else".to_owned(),
            format!("  {srun} {}", words(command)),
            "fi".to_owned(),
        ],
    };
    let mut directives = vec!["open-mode=append".to_owned(), "signal=INT@300".to_owned()];
    let mut notes = vec![
        "Five minutes before its time is over the run is told to save and stop; so is one that"
            .to_owned(),
        "another job pushes aside. Submit the script again, and it goes on where it was."
            .to_owned(),
    ];
    if ranks > 1 {
        directives.push(format!("ntasks={ranks}"));
        notes.push(format!(
            "{ranks} tasks share the samples of every step, on any nodes that see the data and the bundle."
        ));
        notes.push(
            "They meet on the first node; another number of tasks goes on with the same run."
                .to_owned(),
        );
    }
    Script {
        name: "lgd-train",
        log: "%j",
        cards: match ranks {
            1 => "gres=gpu:1",
            _ => "gpus-per-task=1",
        },
        cores: 8,
        directives: &directives,
        notes: &notes,
        body: &body,
    }
    .text()
}

/// The command as it was typed, without what belongs to the script: `--emit` and `options`, each with
/// its value.
pub(super) fn this_command(options: &[&str]) -> Vec<String> {
    without(std::env::args().skip(1), options)
}

fn without(typed: impl Iterator<Item = String>, options: &[&str]) -> Vec<String> {
    let mut words = vec!["lgd-studio".to_owned()];
    let mut typed = typed;
    while let Some(word) = typed.next() {
        let name = word.split_once('=').map(|(name, _)| name);
        let belongs = |name: &str| name == "--emit" || options.contains(&name);
        if belongs(&word) {
            typed.next();
        } else if !name.is_some_and(belongs) {
            words.push(word);
        }
    }
    words
}

fn words(command: &[String]) -> String {
    let quoted = command.iter().map(|word| quoted(word));
    quoted.collect::<Vec<_>>().join(" ")
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./,:=+@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_script_runs_every_shard_and_survives_odd_names() {
        let command = owned(&["lgd-studio", "validate", "--dataset", "Tom's data"]);
        let score = owned(&["lgd-studio", "score", "out"]);
        let script = array_job(&command, &score, 8);
        assert!(script.starts_with("#!/bin/bash\n#SBATCH"), "{script}");
        assert!(script.contains("#SBATCH --array=1-8\n"), "{script}");
        assert!(script.contains("#   lgd-studio score out\n"), "{script}");
        let last = script.lines().last();
        let wanted =
            "lgd-studio validate --dataset 'Tom'\\''s data' --shard \"$SLURM_ARRAY_TASK_ID/8\"";
        assert_eq!(last, Some(wanted));
    }

    #[test]
    fn several_ranks_are_tasks_of_one_step() {
        let resume = owned(&["lgd-studio", "train", "--resume", "run"]);
        let alone = training_job(None, &resume, 1);
        assert!(
            alone.contains("#SBATCH --gres=gpu:1\n") && !alone.contains("ntasks"),
            "{alone}"
        );
        let script = training_job(None, &resume, 8);
        for line in [
            "#SBATCH --ntasks=8",
            "#SBATCH --gpus-per-task=1",
            "#SBATCH --signal=INT@300",
            "srun --kill-on-bad-exit=1 lgd-studio train --resume run",
        ] {
            assert!(
                script.lines().any(|found| found == line),
                "{line}: {script}"
            );
        }
    }

    #[test]
    fn what_belongs_to_the_script_is_left_out_of_its_command() {
        let typed = owned(&[
            "train",
            "a b.toml",
            "--emit",
            "slurm",
            "--set",
            "optim.lr=1",
            "--shards=3",
            "-o",
            "x",
        ]);
        let left = without(typed.into_iter(), &["--shards"]);
        let wanted = [
            "lgd-studio",
            "train",
            "a b.toml",
            "--set",
            "optim.lr=1",
            "-o",
            "x",
        ];
        assert_eq!(left, owned(&wanted));
    }
}
