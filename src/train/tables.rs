//! The steps of a run for other programs: a table, `steps.csv`, and TensorBoard's event files in
//! `tensorboard/`.
//!
//! A run that goes on continues both from the checkpoint: rows of steps that are done again are taken
//! out of the table, and a start mark tells TensorBoard to forget them.

use super::event::StepReport;
use super::tensorboard::EventFile;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

const TABLE: &str = "steps.csv";
const EVENTS: &str = "tensorboard";
const COLUMNS: &str = "step,epoch,loss,diffusion,answer,contrastive,lr,grad_norm,seconds,samples,reconstruction,divergence,scene\n";

/// Both, open for writing.
pub(super) struct Tables {
    table: File,
    events: EventFile,
}

impl Tables {
    /// Opens them in a run's folder, which goes on behind `step`.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn open(folder: &Path, step: u64) -> io::Result<Self> {
        let path = folder.join(TABLE);
        // A new table each time, renamed over the old one: a killed program may have left half a row.
        let known = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let beside = folder.join(format!(".{TABLE}"));
        let mut table = File::create(&beside)?;
        table.write_all(COLUMNS.as_bytes())?;
        let rows = known.split_inclusive('\n').skip(1);
        for row in rows.filter(|row| row.ends_with('\n') && step_of(row).is_some_and(|s| s <= step))
        {
            table.write_all(row.as_bytes())?;
        }
        std::fs::rename(&beside, &path)?;
        Ok(Self {
            table,
            events: EventFile::create(&folder.join(EVENTS), step)?,
        })
    }

    /// Adds a step.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn write(&mut self, report: &StepReport) -> io::Result<()> {
        let losses = &report.losses;
        let terms = losses.terms();
        let [
            diffusion,
            answer,
            contrastive,
            reconstruction,
            divergence,
            scene,
        ] = terms.map(|term| term.map_or_else(String::new, |term| term.to_string()));
        let row = format!(
            "{},{},{},{diffusion},{answer},{contrastive},{},{},{},{},{reconstruction},{divergence},{scene}\n",
            report.step,
            report.epoch,
            losses.total,
            report.lr,
            report.grad_norm,
            report.seconds,
            report.samples
        );
        self.table.write_all(row.as_bytes())?;
        let named = [
            ("loss/total", Some(losses.total)),
            ("loss/diffusion", losses.diffusion),
            ("loss/answer", losses.answer),
            ("loss/contrastive", losses.contrastive),
            ("loss/reconstruction", losses.reconstruction),
            ("loss/divergence", losses.divergence),
            ("loss/scene", losses.scene),
            ("learning_rate", Some(report.lr as f32)),
            ("gradient_norm", Some(report.grad_norm as f32)),
            ("seconds_per_step", Some(report.seconds as f32)),
        ];
        let values: Vec<(&str, f32)> = named
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        self.events.scalars(report.step, &values)
    }
}

/// The step of a row.
fn step_of(row: &str) -> Option<u64> {
    row.split_once(',')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Losses;

    fn report(step: u64, total: f32) -> StepReport {
        StepReport {
            step,
            epoch: 0,
            losses: Losses {
                total,
                diffusion: Some(total),
                ..Losses::default()
            },
            lr: 1e-4,
            grad_norm: 0.5,
            seconds: 0.25,
            samples: 4,
        }
    }

    #[test]
    fn steps_that_are_done_again_replace_their_rows() {
        let place = tempfile::tempdir().expect("a folder");
        let mut tables = Tables::open(place.path(), 0).expect("open");
        for step in 1..=5 {
            tables.write(&report(step, step as f32)).expect("written");
        }
        drop(tables);
        // Killed in the middle of a row.
        let path = place.path().join(TABLE);
        let mut file = File::options().append(true).open(&path).expect("there");
        file.write_all(b"6,0,0.").expect("written");
        let mut tables = Tables::open(place.path(), 3).expect("open");
        tables.write(&report(4, 40.0)).expect("written");
        let text = std::fs::read_to_string(&path).expect("read");
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(rows.len(), 5, "{text}");
        assert_eq!(format!("{}\n", rows[0]), COLUMNS);
        assert_eq!(rows[4], "4,0,40,40,,,0.0001,0.5,0.25,4,,,");
        let files = std::fs::read_dir(place.path().join(EVENTS)).expect("a folder");
        assert_eq!(files.count(), 2, "one file for each time it was opened");
    }
}
