//! Polls: the pictures of an evaluation, blind, for people who vote.
//!
//! Every rater has an order of samples and of columns of their own, drawn from their name, and some
//! samples come a second time later on, to see whether a rater agrees with themselves.

use super::validation::Remembered;
use super::{GuidanceMode, JobEvent, Problem};
use crate::dataset::Categories;
use crate::eval::{self, Vote};
use crate::nn::noise::Stream;
use crate::pipeline::frame_image::{self, Reading};
use crate::pipeline::whole_file;
use image::RgbImage;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One in so many samples comes again.
const REPEATED: usize = 10;
/// So many ballots at least lie between a sample and its repeat, where there are as many.
const APART: usize = 5;

/// A poll as one rater sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// The folder of the evaluation.
    pub folder: PathBuf,
    /// Who votes.
    pub rater: String,
    /// What is asked, in the rater's order.
    pub ballots: Vec<Ballot>,
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// The sample.
    pub sample: String,
    /// VQAI's category; empty where it is not known.
    pub category: String,
    /// The question; empty where it is not known.
    pub question: String,
    /// Whether this rater sees the sample for the second time.
    pub repeat: bool,
    /// The frame.
    pub frame: PathBuf,
    /// The pictures from left to right, with the modes that nobody sees.
    pub columns: Vec<(GuidanceMode, PathBuf)>,
}

/// The decoded pictures of a ballot.
#[derive(Clone, Debug)]
pub struct BallotPictures {
    /// The frame.
    pub frame: Arc<RgbImage>,
    /// The pictures from left to right.
    pub columns: Vec<Arc<RgbImage>>,
}

impl Poll {
    /// The poll of an evaluation with several modes, for a rater.
    ///
    /// # Errors
    /// When the folder cannot be read, or no sample has pictures of two modes.
    pub fn open(folder: &Path, rater: &str) -> Result<Self, Problem> {
        if !folder.is_dir() {
            return Err(Problem::new("There is no such folder.")
                .hint("Choose the folder of an evaluation.")
                .file(folder));
        }
        let remembered = Remembered::of(&[folder.to_path_buf()])?;
        let records = remembered.records.iter();
        let questions: BTreeMap<&str, &str> = records
            .map(|record| (record.sample_name.as_str(), record.question.as_str()))
            .collect();
        let mut samples: BTreeMap<String, Ballot> = BTreeMap::new();
        for (_, mode, below) in eval::methods(&[folder.to_path_buf()]) {
            let Some(mode) = mode else { continue };
            for sample in eval::read_folder(&below, remembered.pictures)?.samples {
                let Some(first) = sample.generated.into_iter().next() else {
                    continue;
                };
                let ballot = samples
                    .entry(sample.name.clone())
                    .or_insert_with(|| Ballot {
                        category: category(&remembered.categories, &sample.name),
                        question: questions
                            .get(&*sample.name)
                            .copied()
                            .unwrap_or_default()
                            .to_owned(),
                        repeat: false,
                        frame: sample.input,
                        columns: Vec::new(),
                        sample: sample.name,
                    });
                ballot.columns.push((mode, first.path));
            }
        }
        let comparable = samples
            .into_values()
            .filter(|ballot| ballot.columns.len() > 1);
        let ballots: Vec<Ballot> = comparable.collect();
        if ballots.is_empty() {
            return Err(Problem::new(
                "There is nothing to compare: no sample has pictures of two modes.",
            )
            .hint("Evaluate several modes into one folder first.")
            .file(folder));
        }
        Ok(Self {
            folder: folder.to_path_buf(),
            rater: rater.to_owned(),
            ballots: in_order_of(rater, ballots),
        })
    }
}

impl Ballot {
    /// Decodes the pictures.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn pictures(&self) -> Result<BallotPictures, Problem> {
        let open = |path: &PathBuf| -> Result<Arc<RgbImage>, Problem> {
            Ok(Arc::new(frame_image::open(path, Reading::AsStored)?))
        };
        let columns = self.columns.iter().map(|(_, path)| open(path));
        Ok(BallotPictures {
            frame: open(&self.frame)?,
            columns: columns.collect::<Result<_, _>>()?,
        })
    }
}

fn category(categories: &Categories, sample: &str) -> String {
    let mut others = categories.others();
    let found = others.find(|(_, names)| names.iter().any(|name| name == sample));
    found
        .map(|(category, _)| category.to_owned())
        .unwrap_or_default()
}

/// Shuffles ballots and their columns for a rater, and adds the repeats.
fn in_order_of(rater: &str, ballots: Vec<Ballot>) -> Vec<Ballot> {
    let digest = Sha256::digest(rater.as_bytes());
    let seed = digest
        .iter()
        .take(8)
        .fold(0_u64, |seed, byte| seed << 8 | u64::from(*byte));
    let mut stream = Stream::new(seed, "votes", 0, 0);
    let mut ordered = shuffled(&mut stream, ballots);
    let repeats = ordered.len().div_ceil(REPEATED);
    let repeats = if ordered.len() < 4 { 0 } else { repeats };
    // Repeats come of the first half, so that there is room between.
    let again: Vec<Ballot> = ordered.iter().take(repeats).cloned().collect();
    for (index, ballot) in again.into_iter().enumerate() {
        let earliest = (index + 1 + APART).min(ordered.len());
        let room = (ordered.len() - earliest + 1) as u32;
        let place = earliest + stream.below(room) as usize;
        let repeat = Ballot {
            repeat: true,
            ..ballot
        };
        ordered.insert(place.min(ordered.len()), repeat);
    }
    for ballot in &mut ordered {
        let columns = std::mem::take(&mut ballot.columns);
        ballot.columns = shuffled(&mut stream, columns);
    }
    ordered
}

fn shuffled<T>(stream: &mut Stream, values: Vec<T>) -> Vec<T> {
    let mut places: Vec<Option<T>> = values.into_iter().map(Some).collect();
    let order = stream.permutation(places.len() as u32);
    let taken = order
        .into_iter()
        .filter_map(|place| places.get_mut(place as usize)?.take());
    taken.collect()
}

/// Votes that go into a file.
#[derive(Clone, Debug)]
pub struct VotesExport {
    /// All of them.
    pub votes: Vec<Vote>,
    /// The file; before a person chose one, the suggested name.
    pub path: PathBuf,
}

impl VotesExport {
    /// Writes the file, whole or not at all.
    pub(super) fn write(&self) -> JobEvent {
        let text = serde_json::to_string_pretty(&self.votes)
            .map_err(|e| Problem::new(format!("The votes cannot be written as JSON: {e}.")));
        let written = text.and_then(|text| {
            whole_file::write_whole(&self.path, (text + "\n").as_bytes()).map_err(Problem::from)
        });
        match written {
            Ok(()) => JobEvent::Saved(self.path.clone()),
            Err(problem) => JobEvent::FileFailed(problem),
        }
    }
}

/// Reads votes that were exported.
///
/// # Errors
/// When the file cannot be read or holds something else.
pub(super) fn read_votes(path: &Path) -> Result<Vec<Vote>, Problem> {
    let problem = |reason: String| {
        Problem::new(format!("Cannot read the votes: {reason}."))
            .hint("Choose a file that was exported on the Vote page.")
            .file(path)
    };
    let text = std::fs::read(path).map_err(|e| problem(e.to_string()))?;
    serde_json::from_slice(&text).map_err(|e| problem(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn votes_survive_a_file() -> Result<(), Box<dyn std::error::Error>> {
        let place = tempfile::tempdir()?;
        let export = VotesExport {
            votes: vec![Vote {
                rater: "ann".to_owned(),
                sample: "a".to_owned(),
                category: "more entities".to_owned(),
                repeat: true,
                modes: GuidanceMode::ALL.to_vec(),
                choice: eval::Choice::Tie,
                right: vec![GuidanceMode::Latent],
                seconds: 1.5,
            }],
            path: place.path().join("votes.json"),
        };
        assert!(matches!(export.write(), JobEvent::Saved(_)));
        assert_eq!(read_votes(&export.path)?, export.votes);
        std::fs::write(&export.path, "{}")?;
        let problem = read_votes(&export.path).err().ok_or("it was read")?;
        assert!(problem.hint.is_some() && problem.file.is_some());
        Ok(())
    }

    fn ballots(count: usize) -> Vec<Ballot> {
        let ballot = |index| Ballot {
            sample: format!("sample{index:02}"),
            category: String::new(),
            question: String::new(),
            repeat: false,
            frame: PathBuf::new(),
            columns: GuidanceMode::ALL
                .map(|mode| (mode, PathBuf::new()))
                .to_vec(),
        };
        (0..count).map(ballot).collect()
    }

    #[test]
    fn every_rater_has_an_order_of_their_own_and_sees_all() {
        let orders: Vec<Vec<Ballot>> = ["ann", "ann", "bob"]
            .map(|rater| in_order_of(rater, ballots(30)))
            .to_vec();
        assert_eq!(orders[0], orders[1], "the same after a restart");
        assert_ne!(orders[0], orders[2]);
        for order in &orders {
            let first = order.iter().filter(|ballot| !ballot.repeat);
            let first: BTreeSet<&str> = first.map(|ballot| ballot.sample.as_str()).collect();
            assert_eq!((first.len(), order.len()), (30, 33));
            for (place, again) in order.iter().enumerate().filter(|(_, b)| b.repeat) {
                let of = |b: &Ballot| !b.repeat && b.sample == again.sample;
                let before = order.iter().position(of).expect("it came before");
                assert!(before + 3 < place, "{before} {place}");
            }
            let lefts = order
                .iter()
                .filter_map(|ballot| Some(ballot.columns.first()?.0.name()));
            assert_eq!(
                lefts.collect::<BTreeSet<_>>().len(),
                4,
                "columns are shuffled"
            );
        }
        assert_eq!(
            in_order_of("ann", ballots(2)).len(),
            2,
            "too few to hide one"
        );
    }
}
