//! Moving through time: the cursor, and the pictures it asks for.

use super::timeline::Moment;
use super::{AppState, BundleState, Effect, Ticket};
use crate::job::{JobId, JobSpec, LatentRgb};
use image::RgbImage;
use std::sync::Arc;

impl AppState {
    /// Shows a step of all columns, or the newest.
    pub(super) fn seek(&mut self, cursor: Option<usize>) -> Vec<Effect> {
        let Some(run) = &mut self.run else {
            return Vec::new();
        };
        let taken = run.steps_taken();
        let cursor = cursor.map(|step| step.clamp(1, taken.max(1)));
        run.timeline.cursor = cursor.filter(|_| taken > 0);
        self.show_cursor()
    }

    /// Moves the cursor by some steps from what is shown now.
    pub(super) fn step_by(&mut self, steps: isize) -> Vec<Effect> {
        let Some(run) = &self.run else {
            return Vec::new();
        };
        let from = run.timeline.cursor.unwrap_or(run.steps_taken());
        self.seek(Some(from.saturating_add_signed(steps)))
    }

    /// Lets the cursor run, from the start when it is at the end, or stops it.
    pub(super) fn play(&mut self, playing: bool) -> Vec<Effect> {
        let Some(run) = &mut self.run else {
            return Vec::new();
        };
        run.timeline.playing = playing && run.steps_taken() > 0;
        let at_end = run
            .timeline
            .cursor
            .is_none_or(|cursor| cursor >= run.steps_taken());
        if run.timeline.playing && at_end {
            return self.seek(Some(1));
        }
        Vec::new()
    }

    /// The cursor's next step while it plays; it stops at the end.
    pub(super) fn tick(&mut self) -> Vec<Effect> {
        let Some(run) = self.run.as_mut().filter(|run| run.timeline.playing) else {
            return Vec::new();
        };
        let cursor = run.timeline.cursor.unwrap_or(0);
        if cursor >= run.steps_taken() {
            run.timeline.playing = run.is_active(); // more steps may come
            return Vec::new();
        }
        self.seek(Some(cursor + 1))
    }

    /// Asks for the pictures under the cursor: a quick guess at once, the decoder's picture as soon
    /// as the worker has time. Nobody waits any more for pictures of other steps.
    ///
    /// Without a cursor, columns that were cut off show their last step.
    pub(super) fn show_cursor(&mut self) -> Vec<Effect> {
        let quick = self.latent_rgb().cloned();
        let Some(run) = &mut self.run else {
            return Vec::new();
        };
        let bundle = run.bundle.clone();
        let columns = 0..run.columns.len();
        let (moments, outdated): (Vec<Moment>, _) = match run.timeline.cursor {
            Some(cursor) => (
                columns.filter_map(|column| run.moment(column)).collect(),
                run.timeline.outdated(cursor),
            ),
            None => (
                columns.filter_map(|column| run.last_step(column)).collect(),
                Vec::new(),
            ),
        };
        let mut effects: Vec<Effect> = outdated.into_iter().map(Effect::Cancel).collect();
        let size = run.frame.display.dimensions();
        for moment in moments {
            let Some(column) = run.columns.get(moment.column) else {
                continue;
            };
            let finished = column.result().is_some() && moment.step == column.request.steps;
            let decoded = matches!(run.timeline.picture(moment), Some((_, true)));
            let Some(estimate) = column.track.get(moment.step - 1).cloned() else {
                continue;
            };
            if finished || decoded {
                continue;
            }
            if let Some(quick) = &quick
                && let Ok(guess) = estimate.colours(quick)
            {
                run.timeline.keep(moment, Arc::new(guess), false);
            }
            // Of a grid only the cell that is shown large is decoded: the others are small, and the
            // worker has to be free again soon.
            let small = run.board().is_some() && moment.column != run.chosen;
            if !small && run.timeline.ask(moment) {
                effects.push(Effect::Submit(
                    Ticket::Moment(run.id, moment),
                    JobSpec::Show {
                        bundle: bundle.clone(),
                        mode: column.request.mode,
                        estimate,
                        size,
                    },
                ));
            }
        }
        effects
    }

    /// Takes in the picture of a moment.
    pub(super) fn shown(&mut self, job: JobId, picture: Arc<RgbImage>) {
        if let Some(run) = &mut self.run
            && let Some(moment) = run.timeline.answered(job)
        {
            run.timeline.keep(moment, picture, true);
        }
    }

    /// A job that was to show a moment ended without a picture; whether it was one.
    pub(super) fn not_shown(&mut self, job: JobId) -> bool {
        let timeline = self.run.as_mut().map(|run| &mut run.timeline);
        timeline.is_some_and(|timeline| timeline.answered(job).is_some())
    }

    /// The bundle's quick guess of colours.
    pub(super) fn latent_rgb(&self) -> Option<&LatentRgb> {
        match &self.bundle {
            BundleState::Ready(summary) => summary.latent_rgb.as_ref(),
            BundleState::Loading | BundleState::Failed(_) => None,
        }
    }
}
