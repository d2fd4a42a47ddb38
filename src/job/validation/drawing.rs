//! Draws one sample of an evaluation.

use super::place::{INPUT, Place, TARGET, picture, unwritable};
use super::plan::{Missing, Sample};
use super::{Meter, ValidateSpec, sheet};
use crate::dataset::transforms::ValidationFrame;
use crate::eval::Skipped;
use crate::job::{EditRequest, GuidanceMode, PreviewMethod, Problem};
use crate::nn::cancel::CancelToken;
use crate::pipeline::frame_image::{self, Reading};
use crate::pipeline::{EditError, FrameInput, LgdPipeline, Progress, metadata, whole_file};
use image::RgbImage;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Quality of the JPEG files: what Pillow takes when nothing is said.
const JPEG_QUALITY: u8 = 75;

/// Draws what is missing of a sample; how many pictures, or why it is skipped.
///
/// # Errors
/// [`EditError::Cancelled`] with nothing half-written, or when something cannot be drawn or written.
pub(super) fn draw(
    pipeline: &LgdPipeline,
    sample: &Sample,
    (spec, place): (&ValidateSpec, &Place),
    meter: &mut Meter,
    token: &CancelToken,
) -> Result<Result<usize, Skipped>, EditError> {
    let open = |path: &Path| frame_image::open(path, Reading::AsStored);
    let (frame, target) = match (open(&sample.frame), open(&sample.target)) {
        (Ok(frame), Ok(target)) => (Arc::new(frame), target),
        (Err(error), _) | (_, Err(error)) => {
            meter.leave_out(sample.missing.len() * spec.settings.steps);
            return Ok(Err(Skipped {
                name: sample.record.sample_name.clone(),
                reason: error.to_string().replace('\n', " "),
            }));
        }
    };
    let view = ValidationFrame::new(&frame, pipeline.manifest().resolution as u32);
    let folders = Folders {
        sample,
        place,
        view,
    };
    folders.make()?;
    folders.put_pair(&target)?;
    folders.draw(pipeline, frame, spec, meter, token)?;
    folders.finish(spec)?;
    Ok(Ok(sample.missing.len()))
}

/// The folders of a sample, one per mode.
struct Folders<'a> {
    sample: &'a Sample,
    place: &'a Place,
    view: ValidationFrame,
}

impl Folders<'_> {
    fn make(&self) -> Result<(), Problem> {
        for &mode in &self.sample.modes {
            let folder = self.of(mode);
            std::fs::create_dir_all(&folder).map_err(|e| unwritable(&e, &folder))?;
        }
        Ok(())
    }

    fn of(&self, mode: GuidanceMode) -> PathBuf {
        self.place.sample(mode, self.name())
    }

    fn name(&self) -> &str {
        &self.sample.record.sample_name
    }

    /// The frame and the target, both at the fitted size.
    fn put_pair(&self, target: &RgbImage) -> Result<(), Problem> {
        let input = self.view.restore(&self.view.input);
        let target = self.view.target(target);
        for &mode in &self.sample.modes {
            for (name, picture) in [(INPUT, &input), (TARGET, &target)] {
                let path = self.of(mode).join(name);
                if !path.is_file() {
                    put(&path, picture)?;
                }
            }
        }
        Ok(())
    }

    fn requests(&self, spec: &ValidateSpec) -> Vec<EditRequest> {
        let missing = self.sample.missing.iter();
        let request = |missing: &Missing| EditRequest {
            question: self.sample.record.question.clone(),
            mode: missing.mode,
            seed: missing.seed,
            preview: PreviewMethod::Off,
            ..spec.settings.clone()
        };
        missing.map(request).collect()
    }

    fn draw(
        &self,
        pipeline: &LgdPipeline,
        frame: Arc<RgbImage>,
        spec: &ValidateSpec,
        meter: &mut Meter,
        token: &CancelToken,
    ) -> Result<(), EditError> {
        let requests = self.requests(spec);
        if requests.is_empty() {
            return Ok(());
        }
        let input = FrameInput {
            image: frame,
            square: Some(self.view.input.clone()),
            watched: false,
        };
        let missing = |column: usize| self.sample.missing.get(column);
        let mut problem = None;
        let ended = pipeline.run(input, &requests, &mut |progress| {
            let kept = match progress {
                Progress::Answer(column, answer) => missing(column).map_or(Ok(()), |missing| {
                    self.place
                        .keep_answer(missing.mode, self.name(), &answer.text)
                }),
                Progress::Drawn(column, edited) => missing(column).map_or(Ok(()), |missing| {
                    let Missing { mode, index, seed } = *missing;
                    let path = self.of(mode).join(picture(index, mode, seed));
                    put(&path, &self.view.restore(&edited.picture))
                }),
                Progress::Step(..) => {
                    meter.step();
                    Ok(())
                }
                Progress::Stage(_)
                | Progress::Seen(_)
                | Progress::Spent(_)
                | Progress::Notice(..) => Ok(()),
            };
            if let Err(error) = kept {
                problem.get_or_insert(error);
                token.cancel(); // what cannot be kept need not be drawn
            }
        });
        match problem {
            Some(problem) => Err(problem.into()),
            None => ended,
        }
    }

    /// The contact sheets, from the files, so that they are the same after a stop.
    fn finish(&self, spec: &ValidateSpec) -> Result<(), Problem> {
        for &mode in &self.sample.modes {
            let folder = self.of(mode);
            let open = |name: &str| frame_image::open(&folder.join(name), Reading::AsStored);
            let drawn = spec.seeds.iter().enumerate();
            let drawn = drawn.map(|(index, seed)| open(&picture(index, mode, *seed)));
            let drawn: Vec<RgbImage> = drawn.collect::<Result<_, _>>()?;
            let answer = self.place.answer(mode, self.name());
            let words = [self.sample.record.question.as_str(), &answer];
            let sheet = sheet::contact_sheet(&open(INPUT)?, &open(TARGET)?, &drawn, words);
            put(&self.place.sheet(mode, self.name()), &sheet)?;
        }
        Ok(())
    }
}

fn put(path: &Path, picture: &RgbImage) -> Result<(), Problem> {
    let bytes = metadata::encode_jpeg(picture, JPEG_QUALITY)
        .map_err(|e| Problem::new(e.to_string()).file(path))?;
    whole_file::write_whole(path, &bytes).map_err(Problem::from)
}
