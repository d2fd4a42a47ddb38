//! What a story shows when, and how large it is: pure arithmetic, so that both are known before
//! anything is drawn.

use super::super::board::fitted;
use super::super::lettering::Lettering;
use crate::job::{ExportFormat, RunFile};

/// Most columns that fit side by side.
pub const MOST_COLUMNS: usize = 4;
/// Milliseconds: the frame alone; a letter's picture; after the question and after the answers; the
/// finished pictures; the frames once more; a picture of the wipe; the end.
const FRAME_MS: u32 = 900;
const LETTER_MS: u32 = 60;
const PAUSE_MS: u32 = 500;
const REST_MS: u32 = 1500;
const BEFORE_MS: u32 = 500;
const WIPE_MS: u32 = 50;
const END_MS: u32 = 2500;
/// The denoising takes about this long.
const DRAWING_MS: u32 = 4000;
/// Most pictures of typing, of denoising, and those of the wipe.
const TYPED: usize = 40;
const ANSWERED: usize = 20;
const STEPS: usize = 100;
const WIPES: usize = 24;
/// Lines of the question, and of an answer.
pub(super) const QUESTION_LINES: usize = 2;
pub(super) const ANSWER_LINES: usize = 3;

/// How large the pictures of a story are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StorySize {
    /// For messages.
    Small,
    /// For pages.
    #[default]
    Medium,
    /// For slides.
    Large,
}

impl StorySize {
    /// All sizes, smallest first.
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }

    /// Longest side of a cell, in pixels.
    fn cell(self) -> u32 {
        match self {
            Self::Small => 160,
            Self::Medium => 256,
            Self::Large => 448,
        }
    }
}

/// What is on one picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Scene {
    /// The frame alone, and so many letters of the question.
    Question(usize),
    /// This share of the written answers, in thousandths.
    Answers(u32),
    /// Every column after so many steps.
    Step(usize),
    /// The finished pictures.
    Finished,
    /// The answers have wiped away this much of the frames, in thousandths.
    Wipe(u32),
}

/// One picture and how long it stays.
#[derive(Clone, Debug, PartialEq)]
pub struct Beat {
    /// What it shows.
    pub scene: Scene,
    /// Milliseconds, a multiple of ten: GIF knows no less.
    pub milliseconds: u32,
}

/// A story before it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct StoryPlan {
    /// Width and height of the pictures, in pixels; even, as MP4 wants it.
    pub size: (u32, u32),
    /// Columns that are shown, and that the run has.
    pub columns: (usize, usize),
    /// Every picture.
    pub beats: Vec<Beat>,
    /// Width and height of a cell.
    pub(super) cell: (u32, u32),
    pub(super) margin: u32,
    pub(super) text: f32,
    /// Height of the question.
    pub(super) header: u32,
}

impl StoryPlan {
    /// The plan for a run.
    pub fn of(run: &RunFile, size: StorySize) -> Self {
        let shown = run.columns.len().min(MOST_COLUMNS);
        let columns = || run.columns.iter().take(shown);
        let (cell, count) = (
            fitted(run.frame.dimensions(), size.cell()),
            shown as u32 + 1,
        );
        let text = (cell.0 as f32 / 17.0).clamp(11.0, 24.0);
        let margin = (text * 1.2) as u32;
        let line = Lettering::line_height(text);
        let header = QUESTION_LINES as u32 * Lettering::line_height(text * 1.4);
        let width = count * (cell.0 + margin) + margin;
        let caption = (1 + ANSWER_LINES as u32) * line + margin / 2;
        let height = margin + header + margin + cell.1 + caption + margin;
        let letters = columns()
            .next()
            .map_or(0, |c| c.request.question.chars().count());
        let steps = columns()
            .map(|column| column.track.len())
            .max()
            .unwrap_or(0);
        let answered = columns().any(|column| column.answer.is_some());
        Self {
            size: (width.next_multiple_of(2), height.next_multiple_of(2)),
            columns: (shown, run.columns.len()),
            beats: beats(letters, answered, steps),
            cell,
            margin,
            text,
            header,
        }
    }

    /// How long it plays, in seconds.
    pub fn seconds(&self) -> f64 {
        let all = self.beats.iter().map(|beat| f64::from(beat.milliseconds));
        all.sum::<f64>() / 1000.0
    }

    /// About how large the file will be, in bytes; right to a factor of three or so, because it depends
    /// on what is drawn.
    pub fn about_bytes(&self, format: ExportFormat) -> u64 {
        let cells = f64::from(self.cell.0 * self.cell.1) * self.columns.0 as f64;
        let words = f64::from(self.size.0) * f64::from(self.text) * 2.0;
        let (drawn, written) = match format {
            ExportFormat::StoryApng => (2.4, 0.2),
            ExportFormat::StoryMp4 => (0.06, 0.01),
            _ => (0.5, 0.05),
        };
        let bytes = self.beats.iter().map(|beat| match beat.scene {
            Scene::Question(_) | Scene::Answers(_) => words * written,
            Scene::Step(_) | Scene::Finished => cells * drawn,
            Scene::Wipe(0) => cells * drawn,
            Scene::Wipe(_) => cells * drawn / WIPES as f64,
        });
        bytes.sum::<f64>() as u64 + 4096
    }

    /// Upper left corner of a cell: 0 is the frame's, the columns follow.
    pub(super) fn place(&self, index: usize) -> (u32, u32) {
        let x = self.margin + index as u32 * (self.cell.0 + self.margin);
        (x, self.margin + self.header + self.margin)
    }
}

fn beats(letters: usize, answered: bool, steps: usize) -> Vec<Beat> {
    let beat = |scene, milliseconds| Beat {
        scene,
        milliseconds,
    };
    let mut beats = vec![beat(Scene::Question(0), FRAME_MS)];
    let typed = letters.min(TYPED);
    for picture in 1..=typed {
        beats.push(beat(Scene::Question(picture * letters / typed), LETTER_MS));
    }
    if let Some(last) = beats.last_mut() {
        last.milliseconds += PAUSE_MS;
    }
    if answered {
        for picture in 1..=ANSWERED {
            let share = (picture * 1000 / ANSWERED) as u32;
            beats.push(beat(Scene::Answers(share), LETTER_MS));
        }
        if let Some(last) = beats.last_mut() {
            last.milliseconds += PAUSE_MS;
        }
    }
    let shown = steps.min(STEPS);
    let each = (DRAWING_MS / shown.max(1) as u32).clamp(40, 200) / 10 * 10;
    for picture in 1..=shown {
        beats.push(beat(Scene::Step(picture * steps / shown), each));
    }
    beats.push(beat(Scene::Finished, REST_MS));
    beats.push(beat(Scene::Wipe(0), BEFORE_MS));
    for picture in 1..=WIPES {
        let share = (picture * 1000 / WIPES) as u32;
        beats.push(beat(Scene::Wipe(share), WIPE_MS));
    }
    if let Some(last) = beats.last_mut() {
        last.milliseconds = END_MS;
    }
    beats
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_types_answers_draws_and_wipes_in_order() {
        let beats = beats(38, true, 20);
        let count = |is: fn(&Scene) -> bool| beats.iter().filter(|beat| is(&beat.scene)).count();
        assert_eq!(count(|scene| matches!(scene, Scene::Question(_))), 39);
        assert_eq!(count(|scene| matches!(scene, Scene::Step(_))), 20);
        assert_eq!(
            beats.last().map(|beat| &beat.scene),
            Some(&Scene::Wipe(1000))
        );
        assert!(
            beats
                .iter()
                .all(|beat| beat.milliseconds.is_multiple_of(10))
        );
        let seconds: u32 = beats.iter().map(|beat| beat.milliseconds).sum();
        assert!((10_000..20_000).contains(&seconds), "{seconds} ms");
    }

    #[test]
    fn long_questions_and_many_steps_make_no_endless_film() {
        let beats = beats(3000, false, 1000);
        assert!(beats.len() < 180, "{}", beats.len());
        assert!(beats.iter().any(|beat| beat.scene == Scene::Step(1000)));
        assert!(beats.iter().any(|beat| beat.scene == Scene::Question(3000)));
        // Without steps and letters there is still the wipe.
        assert!(super::beats(0, false, 0).len() > WIPES);
    }
}
