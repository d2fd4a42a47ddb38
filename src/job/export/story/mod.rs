//! The story of a run as a short film: the frame, the question as it is typed, the written answers,
//! the denoising of the columns side by side, and a wipe from the frame to the answers. As GIF,
//! animated PNG, or through an installed `ffmpeg` as MP4.

mod movie;
mod plan;
mod reel;
mod stage;

pub use plan::{MOST_COLUMNS, StoryPlan, StorySize};

use super::animation::Painter;
use super::{Export, nothing_finished};
use crate::job::{Problem, saving};
use crate::pipeline::EditError;
use reel::Reel;
use stage::Stage;

/// Makes and writes a story. `on_picture` hears of every picture, done and in all; it fails to stop the
/// work.
///
/// # Errors
/// When no column is finished, a step cannot be painted, `ffmpeg` is missing or fails, the work is
/// stopped, or the disk says no. Then no file is left behind.
pub(in crate::job) fn write(
    export: &Export,
    painter: &Painter<'_>,
    on_picture: &mut dyn FnMut(usize, usize) -> Result<(), EditError>,
) -> Result<(), EditError> {
    let run = &export.run;
    if run.columns.is_empty() {
        return Err(nothing_finished().into());
    }
    let plan = StoryPlan::of(run, export.size);
    let texts = saving::run_texts(export)?;
    let mut stage = Stage::new(export, &plan);
    let mut reel = Reel::begin(export, &plan, &texts)?;
    let all = plan.beats.len();
    for (done, beat) in plan.beats.iter().enumerate() {
        on_picture(done, all)?;
        stage.show(&beat.scene, painter)?;
        reel.add(stage.picture(), beat.milliseconds)?;
    }
    on_picture(all, all)?;
    reel.end(&export.path)?;
    Ok(())
}

/// Whether MP4 can be made here.
pub fn mp4_possible() -> bool {
    movie::program().is_some()
}

/// Why MP4 cannot be made here.
fn no_ffmpeg() -> Problem {
    Problem::new("MP4 is made by the program ffmpeg, which is not installed here.")
        .hint("Install ffmpeg, or make a GIF or an animated PNG.")
}
