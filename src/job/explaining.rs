//! The jobs that explain a finished column: where the editor looked, what each word changes, and what
//! the language model reads in its latent.

use super::display::display_copy;
use super::heat::HeatMap;
use super::outbox::Outbox;
use super::worker::Worker;
use super::{
    BundleSource, EditRequest, Frame, JobEvent, JobId, Piece, PreviewMethod, StepPreview, sameness,
};
use crate::nn::cancel::CancelToken;
use crate::pipeline::{CheckKind, EditError, Progress, Stage};
use image::RgbImage;
use std::sync::Arc;
use std::time::Instant;

/// What is to be explained about a column.
#[derive(Clone, Debug)]
pub enum Explaining {
    /// Where the editor looks; ends in `Attended`. The picture that was drawn before tells whether the
    /// new drawing is the same one.
    Attention(Option<Arc<RgbImage>>),
    /// How much the picture changes without each of these pieces; one `Effect` each, then `Finished`.
    Effects(Vec<Piece>),
    /// What the positions of the context stand for; draws nothing, ends in `Units`.
    Units,
    /// What the decoder makes of the latent; draws nothing, ends in `Read`.
    Reading,
    /// What the model says about the drawn picture; draws nothing, ends in `Checked`.
    Check {
        /// The picture.
        picture: Arc<RgbImage>,
        /// What the model is asked; the usual check question without.
        question: Option<String>,
        /// The answer that should have come true; without, what the model answers about the frame.
        expected: Option<String>,
    },
}

/// What leaving a piece out does to the finished picture.
#[derive(Clone, Debug, PartialEq)]
pub struct PieceEffect {
    /// What was left out.
    pub piece: Piece,
    /// Mean absolute difference over all pixels and channels, in levels of 255.
    pub mean: f64,
    /// The largest difference of a channel, in levels.
    pub largest: u8,
    /// The picture without it, at a size a window can show.
    pub picture: Arc<RgbImage>,
    /// Where it differs: the largest difference of the channels in levels, mean over each cell.
    pub change: HeatMap,
}

/// Columns of one run: more would hold many contexts in memory and be no faster.
const TOGETHER: usize = 12;
/// Cells in the longer side of a map of change.
const CHANGE_SIDE: u32 = 192;

impl PieceEffect {
    /// Compares the picture without a piece to the whole one; both have one size.
    fn between(piece: Piece, whole: &RgbImage, picture: RgbImage) -> Self {
        let (mean, largest, change) = change(whole, &picture);
        Self {
            piece,
            mean,
            largest,
            picture: display_copy(&Arc::new(picture)),
            change,
        }
    }
}

/// Mean and largest difference of the channels, and where it is.
fn change(a: &RgbImage, b: &RgbImage) -> (f64, u8, HeatMap) {
    let (width, height) = a.dimensions();
    let longest = width.max(height).max(1);
    let side = |length: u32| {
        let scaled = u64::from(length) * u64::from(CHANGE_SIDE.min(longest)) / u64::from(longest);
        scaled.max(1) as usize
    };
    let (columns, rows) = (side(width), side(height));
    let mut sums = vec![(0f32, 0u32); columns * rows];
    let (mut total, mut largest) = (0u64, 0u8);
    for ((x, y, a), b) in a.enumerate_pixels().zip(b.pixels()) {
        let differences = [0, 1, 2].map(|i| a.0[i].abs_diff(b.0[i]));
        let most = differences.into_iter().max().unwrap_or(0);
        total += differences.iter().map(|d| u64::from(*d)).sum::<u64>();
        largest = largest.max(most);
        let column = x as usize * columns / width.max(1) as usize;
        let row = y as usize * rows / height.max(1) as usize;
        if let Some((sum, count)) = sums.get_mut(row * columns + column) {
            *sum += f32::from(most);
            *count += 1;
        }
    }
    let channels = 3.0 * f64::from(width.max(1)) * f64::from(height.max(1));
    let cell = |(sum, count): &(f32, u32)| sum / (*count).max(1) as f32;
    let change = HeatMap {
        width: columns,
        height: rows,
        values: sums.iter().map(cell).collect(),
    };
    (total as f64 / channels, largest, change)
}

/// Passes stages and steps of an explanation on.
struct Reporter<'a> {
    id: JobId,
    outbox: Outbox,
    token: &'a CancelToken,
    since: Instant,
    /// Steps of runs that are over.
    before: usize,
    /// Steps of all runs together.
    steps: usize,
}

impl Reporter<'_> {
    fn hear(&mut self, progress: &Progress) {
        let heard = match progress {
            Progress::Stage(stage) => {
                if *stage == Stage::Drawing && self.before == 0 {
                    self.since = Instant::now();
                }
                self.outbox.send(JobEvent::StageBegan(self.id, *stage))
            }
            Progress::Step(0, done) => {
                let taken = self.before + done.step;
                let per_step = self.since.elapsed().as_secs_f64() / taken.max(1) as f64;
                self.outbox.show(StepPreview {
                    job: self.id,
                    column: 0,
                    step: taken,
                    steps: self.steps,
                    seconds_left: per_step * self.steps.saturating_sub(taken) as f64,
                    picture: None,
                    estimates: Vec::new(),
                });
                true
            }
            _ => true,
        };
        self.mind(heard);
    }

    fn send(&self, event: JobEvent) {
        self.mind(self.outbox.send(event));
    }

    /// Stops when nobody listens any more.
    fn mind(&self, heard: bool) {
        if !heard {
            self.token.cancel();
        }
    }
}

impl Worker {
    /// Explains a column; the picture is never changed by it.
    pub(super) fn explain(
        &mut self,
        id: JobId,
        bundle: &BundleSource,
        frame: Frame,
        request: EditRequest,
        what: Explaining,
        token: &CancelToken,
    ) -> Result<JobEvent, EditError> {
        let outbox = self.outbox.clone();
        let pipeline = self.resident(id, bundle)?;
        let Frame { image, .. } = frame;
        let request = EditRequest {
            preview: PreviewMethod::Off,
            ..request
        };
        let mut reporter = Reporter {
            id,
            outbox,
            token,
            since: Instant::now(),
            before: 0,
            steps: request.steps,
        };
        Ok(match what {
            Explaining::Attention(before) => {
                let mut picture = None;
                let attention = pipeline.explain(image, &request, &mut |progress| {
                    reporter.hear(&progress);
                    if let Progress::Drawn(_, edited) = progress {
                        picture = Some(edited.picture);
                    }
                })?;
                let same = match (&before, &picture) {
                    (Some(before), Some(picture)) => sameness(before, picture).agrees(),
                    _ => true,
                };
                JobEvent::Attended(id, Arc::new(attention), same)
            }
            Explaining::Effects(pieces) => {
                let runs = pieces.chunks(TOGETHER - 1);
                reporter.steps = request.steps * runs.len();
                let mut whole: Option<RgbImage> = None;
                for pieces in runs {
                    let without = pieces.iter().map(|piece| EditRequest {
                        without: [request.without.as_slice(), std::slice::from_ref(piece)].concat(),
                        ..request.clone()
                    });
                    // The whole picture is drawn as well: a run file may come from another machine.
                    let base = whole.is_none().then(|| request.clone());
                    let first = usize::from(base.is_some());
                    let requests: Vec<EditRequest> = base.into_iter().chain(without).collect();
                    pipeline.run(image.clone(), &requests, &mut |progress| {
                        reporter.hear(&progress);
                        let Progress::Drawn(column, edited) = progress else {
                            return;
                        };
                        let piece = column.checked_sub(first).and_then(|i| pieces.get(i));
                        match (piece, &whole) {
                            (Some(piece), Some(whole)) => {
                                let piece = piece.clone();
                                let effect = PieceEffect::between(piece, whole, edited.picture);
                                reporter.send(JobEvent::Effect(id, Arc::new(effect)));
                            }
                            (None, _) => whole = Some(edited.picture),
                            (Some(_), None) => {}
                        }
                    })?;
                    reporter.before += request.steps;
                }
                JobEvent::Finished(id)
            }
            Explaining::Units => {
                let units = pipeline.context_units(image, &request, &mut |p| reporter.hear(&p))?;
                JobEvent::Units(id, units)
            }
            Explaining::Reading => JobEvent::Read(id, pipeline.read_latent(&image, &request)?),
            Explaining::Check {
                picture,
                question,
                expected,
            } => {
                reporter.hear(&Progress::Stage(Stage::Thinking));
                let usual = || {
                    let kind = pipeline.check_kind().unwrap_or(CheckKind::SameQuestion);
                    kind.question(&request.question, expected.as_deref())
                };
                let question = question.unwrap_or_else(usual);
                let check = pipeline.check(&image, &picture, &question, expected.as_deref())?;
                JobEvent::Checked(id, check)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn change_is_measured_in_levels_and_found() {
        let a = RgbImage::from_pixel(400, 200, Rgb([100; 3]));
        let mut b = a.clone();
        for x in 200..400 {
            for y in 0..200 {
                b.put_pixel(x, y, Rgb([100, 106, 97]));
            }
        }
        let (mean, largest, map) = change(&a, &b);
        assert_eq!((mean, largest), (1.5, 6));
        assert_eq!((map.width, map.height), (192, 96));
        assert_eq!((map.values[0], map.values[191]), (0.0, 6.0));
        assert_eq!(change(&a, &a).0, 0.0);
    }
}
