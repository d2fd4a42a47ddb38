//! `validate --emit slurm`: the same evaluation as an array job of a cluster.

use std::fmt::Write as _;

/// A batch script that runs `command` once per shard; `score` is how the numbers are asked for when
/// all are done.
pub(super) fn array_job(command: &[String], score: &[String], shards: usize) -> String {
    let mut script = String::from("#!/bin/bash\n");
    let _ = write!(
        script,
        "#SBATCH --job-name=lgd-validate\n\
         #SBATCH --array=1-{shards}\n\
         #SBATCH --gres=gpu:1\n\
         #SBATCH --cpus-per-task=4\n\
         #SBATCH --time=24:00:00\n\
         #SBATCH --requeue\n\
         #SBATCH --output=lgd-validate-%A-%a.log\n\n\
         # Each task draws its share of the samples into the same folder, which all nodes must see.\n\
         # A task that was stopped goes on where it stopped: submit the script again.\n\
         # When all are done, this gives the numbers:\n\
         #   {}\n\n\
         set -euo pipefail\n\
         {} --shard \"$SLURM_ARRAY_TASK_ID/{shards}\"\n",
        words(score),
        words(command)
    );
    script
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

    #[test]
    fn a_script_runs_every_shard_and_survives_odd_names() {
        let command = ["lgd-studio", "validate", "--dataset", "Tom's data"].map(str::to_owned);
        let score = ["lgd-studio", "score", "out"].map(str::to_owned);
        let script = array_job(&command, &score, 8);
        assert!(script.starts_with("#!/bin/bash\n#SBATCH"), "{script}");
        assert!(script.contains("#SBATCH --array=1-8\n"), "{script}");
        assert!(script.contains("#   lgd-studio score out\n"), "{script}");
        let last = script.lines().last();
        let wanted =
            "lgd-studio validate --dataset 'Tom'\\''s data' --shard \"$SLURM_ARRAY_TASK_ID/8\"";
        assert_eq!(last, Some(wanted));
    }
}
