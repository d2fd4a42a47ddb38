//! Runs that wait or work while another one is shown, and what can be done with their order.

use super::{AppState, Effect, NoticeKind, Page, Phase, Run, RunId};
use crate::job::{FileTask, JobId, KeptRun, RunsRoom, StoreEvent, StoreTask};

/// Most runs that are over and stay in the list; the store has the others.
const MAX_OVER: usize = 20;

/// What a person does with the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueAction {
    /// Shows the list, or hides it.
    Open(bool),
    /// Shows a run in place of the one on the page.
    Show(RunId),
    /// Moves a run to a place among the runs that wait, from 0.
    Move(RunId, usize),
    /// Holds the queue, or lets it go on.
    Hold(bool),
    /// Draws this run first, and lets the queue go on.
    Next(RunId),
    /// Cancels a run.
    Cancel(RunId),
    /// Cancels everything that waits or works.
    CancelAll,
    /// Draws the columns of a run again that did not work.
    Retry(RunId),
    /// Takes a run that is over out of the list.
    Dismiss(RunId),
}

/// The queue as the window knows it.
#[derive(Debug, Default)]
pub struct QueueState {
    /// Runs other than the one that is shown, oldest first.
    pub background: Vec<Run>,
    /// Whether runs that wait are held back.
    pub held: bool,
    /// Whether the list is shown.
    pub open: bool,
    /// Room that kept runs take, once it was measured.
    pub room: Option<RunsRoom>,
    /// Runs with work left, next first.
    order: Vec<RunId>,
}

impl AppState {
    /// Whether any run waits or works.
    pub fn is_busy(&self) -> bool {
        !self.queue.order.is_empty()
    }

    /// Runs with work left, next first.
    pub fn runs_in_queue(&self) -> Vec<&Run> {
        let order = self.queue.order.iter();
        order.filter_map(|id| self.run_by_id(*id)).collect()
    }

    /// Runs of this window that are over, newest first.
    pub fn runs_over(&self) -> Vec<&Run> {
        let over = self.runs().filter(|run| !run.is_active());
        let mut over: Vec<&Run> = over.collect();
        over.sort_by_key(|run| std::cmp::Reverse(run.id.0));
        over
    }

    fn runs(&self) -> impl Iterator<Item = &Run> {
        self.run.iter().chain(&self.queue.background)
    }

    /// All runs of this window.
    pub(super) fn runs_mut(&mut self) -> impl Iterator<Item = &mut Run> {
        self.run.iter_mut().chain(&mut self.queue.background)
    }

    /// A run of this window.
    pub fn run_by_id(&self, id: RunId) -> Option<&Run> {
        self.runs().find(|run| run.id == id)
    }

    pub(super) fn run_by_id_mut(&mut self, id: RunId) -> Option<&mut Run> {
        self.runs_mut().find(|run| run.id == id)
    }

    /// Does what a person asked of the queue.
    pub(super) fn act_on_queue(&mut self, action: QueueAction) -> Vec<Effect> {
        match action {
            QueueAction::Open(open) => {
                self.queue.open = open;
                // The list offers what the notice does, and would lie over it.
                self.forget_return();
            }
            QueueAction::Show(id) => return self.show_by_id(id),
            QueueAction::Move(id, place) => return self.move_run(id, place),
            QueueAction::Hold(held) => return self.hold(held),
            QueueAction::Next(id) => {
                let mut effects = self.move_run(id, 0);
                effects.extend(self.hold(false));
                return effects;
            }
            QueueAction::Cancel(id) => return self.cancel_run(id),
            QueueAction::CancelAll => {
                let all = self.queue.order.clone();
                return all.into_iter().flat_map(|id| self.cancel_run(id)).collect();
            }
            QueueAction::Retry(id) => return self.retry_run(id),
            QueueAction::Dismiss(id) => {
                let keep = |run: &Run| run.id != id || run.is_active();
                self.queue.background.retain(keep);
            }
        }
        Vec::new()
    }

    /// Puts a run on the page. The one before goes on in the background, or stays at hand.
    pub(super) fn show_run(&mut self, run: Run) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.explaining = None;
        if let Some(mut before) = self.run.replace(run) {
            // What the old run still decodes, nobody will look at.
            effects.extend(before.timeline.outdated(0).into_iter().map(Effect::Cancel));
            let explained = before.columns.iter_mut().flat_map(|c| c.explained.stop());
            effects.extend(explained.map(Effect::Cancel));
            before.timeline.rest();
            self.queue.background.push(before);
            self.forget_oldest();
        }
        effects.extend(self.show_cursor());
        effects
    }

    /// Only runs that are over and kept elsewhere are forgotten.
    fn forget_oldest(&mut self) {
        let over = |run: &Run| !run.is_active() && run.key.is_some();
        let background = &mut self.queue.background;
        let mut spare = background.iter().filter(|run| over(run)).count();
        background.retain(|run| {
            let forget = over(run) && spare > MAX_OVER;
            spare -= usize::from(forget);
            !forget
        });
    }

    fn show_by_id(&mut self, id: RunId) -> Vec<Effect> {
        self.page = Page::Ask;
        let place = self.queue.background.iter().position(|run| run.id == id);
        let Some(place) = place else {
            return Vec::new();
        };
        self.notices.retain(
            |notice| !matches!(&notice.kind, NoticeKind::RunReady(ready, _) if *ready == id),
        );
        let run = self.queue.background.remove(place);
        self.show_run(run)
    }

    /// A run has work to do: it waits at the end, unless it waits already.
    pub(super) fn line_up(&mut self, id: RunId) {
        if !self.queue.order.contains(&id) {
            self.queue.order.push(id);
        }
    }

    fn move_run(&mut self, id: RunId, place: usize) -> Vec<Effect> {
        let order = &mut self.queue.order;
        let Some(from) = order.iter().position(|known| *known == id) else {
            return Vec::new();
        };
        order.remove(from);
        order.insert(place.min(order.len()), id);
        let runs = self.runs_in_queue();
        let jobs: Vec<JobId> = runs.into_iter().flat_map(Run::jobs).collect();
        vec![Effect::Order(jobs)]
    }

    fn hold(&mut self, held: bool) -> Vec<Effect> {
        self.queue.held = held;
        if !held {
            self.forget_return();
        }
        vec![Effect::Hold(held)]
    }

    /// The notice of a queue that came back has been answered.
    fn forget_return(&mut self) {
        self.notices
            .retain(|notice| !matches!(notice.kind, NoticeKind::QueueReturned(_)));
    }

    /// Cancels what a run has at work or waiting.
    pub(super) fn cancel_run(&mut self, id: RunId) -> Vec<Effect> {
        let Some(run) = self.run_by_id_mut(id) else {
            return Vec::new();
        };
        let jobs = run.jobs();
        for column in &mut run.columns {
            if let Phase::Running(progress) = &mut column.phase {
                progress.cancelling = true;
            }
        }
        jobs.into_iter().map(Effect::Cancel).collect()
    }

    fn retry_run(&mut self, id: RunId) -> Vec<Effect> {
        let Some(run) = self.run_by_id(id) else {
            return Vec::new();
        };
        let failed: Vec<usize> = (0..run.columns.len())
            .filter(|index| run.columns.get(*index).is_some_and(|c| c.can_be_retried()))
            .collect();
        self.redraw_columns(id, failed)
    }

    /// After an event: runs that are over leave the line, and those nobody saw are announced.
    pub(super) fn settle_queue(&mut self) -> Vec<Effect> {
        let done: Vec<RunId> = self
            .queue
            .order
            .iter()
            .copied()
            .filter(|id| self.run_by_id(*id).is_none_or(|run| !run.is_active()))
            .collect();
        if done.is_empty() {
            return Vec::new();
        }
        self.queue.order.retain(|id| !done.contains(id));
        for id in done {
            let behind = self.queue.background.iter_mut().find(|run| run.id == id);
            if let Some(run) = behind {
                run.timeline.rest();
                let question = run.question().to_owned();
                if run.is_worth_a_look() {
                    self.notify(NoticeKind::RunReady(id, question));
                }
            }
        }
        if self.queue.order.is_empty() {
            self.forget_return();
            if self.queue.held {
                // An empty queue that is held would keep the next question waiting for no reason.
                return self.hold(false);
            }
        }
        Vec::new()
    }

    /// What the store reports.
    pub(super) fn on_store(&mut self, event: StoreEvent) -> Vec<Effect> {
        let mut effects = self.on_gallery_store(&event);
        effects.extend(self.take_in_store(event));
        effects
    }

    fn take_in_store(&mut self, event: StoreEvent) -> Vec<Effect> {
        match event {
            StoreEvent::Kept(job, key) => {
                let drawn_by = |run: &&mut Run| {
                    let mut jobs = run.columns.iter().filter_map(|column| column.job);
                    jobs.any(|(known, _)| known == job)
                };
                if let Some(run) = self.runs_mut().find(drawn_by) {
                    run.key = Some(key);
                }
            }
            StoreEvent::Recovered(runs) => return self.recovered(runs),
            StoreEvent::Off(problem) | StoreEvent::Failed(problem) => {
                self.notify(NoticeKind::Trouble(problem));
            }
            StoreEvent::SetAside(path) => self.notify(NoticeKind::RunsBroken(path)),
            StoreEvent::Room(room) => self.queue.room = Some(room),
            StoreEvent::Opened(kept) => return self.kept_opened(&kept),
            StoreEvent::Changed(_)
            | StoreEvent::Votes(..)
            | StoreEvent::Listed(_)
            | StoreEvent::Deleted(_)
            | StoreEvent::Restored(_) => {}
        }
        Vec::new()
    }

    /// Runs that waited or worked when the program ended: they wait again, and a person decides.
    fn recovered(&mut self, runs: Vec<KeptRun>) -> Vec<Effect> {
        let mut effects = self.hold(true);
        let count = runs.len();
        for kept in runs {
            let id = self.new_run_id();
            let mut run = Run::of_kept(id, &kept);
            run.wait_again();
            if self.run.is_none() {
                effects.extend(self.show_run(run));
            } else {
                self.queue.background.push(run);
            }
            let bundle = kept.entry.bundle_source;
            effects.extend(self.submit_with(bundle, id, kept.unfinished));
        }
        self.notify(NoticeKind::QueueReturned(count));
        effects
    }

    /// Shows a run that the store kept.
    fn kept_opened(&mut self, kept: &KeptRun) -> Vec<Effect> {
        self.page = Page::Ask;
        let known = self.runs().find(|run| run.key == Some(kept.entry.id));
        if let Some(id) = known.map(|run| run.id) {
            return self.show_by_id(id);
        }
        let id = self.new_run_id();
        let run = Run::of_kept(id, kept);
        self.form_follows(&run);
        self.frame.frame = Some(run.frame.clone());
        let effects = self.show_run(run);
        self.count_tokens();
        effects
    }

    /// Measures the room that kept runs take, where runs are kept.
    pub(super) fn measure_room(&self) -> Vec<Effect> {
        let task = FileTask::Store(StoreTask::MeasureRoom);
        let wanted = self.keeps_runs.then_some(Effect::Files(task));
        wanted.into_iter().collect()
    }
}

impl Run {
    /// The question of its first column.
    pub fn question(&self) -> &str {
        let first = self.columns.first();
        first.map_or("", |column| column.request.question.as_str())
    }

    /// Whether something was finished and nothing was stopped by a person.
    fn is_worth_a_look(&self) -> bool {
        let mut phases = self.columns.iter().map(|column| &column.phase);
        let stopped = |phase: &Phase| matches!(phase, Phase::Cancelled | Phase::Interrupted { .. });
        !phases.clone().any(stopped) && phases.any(|phase| matches!(phase, Phase::Finished(_)))
    }

    /// Columns that were never begun wait as they did.
    fn wait_again(&mut self) {
        for column in &mut self.columns {
            if matches!(column.phase, Phase::Interrupted { .. }) && column.track.is_empty() {
                column.phase = Phase::Queued;
            }
        }
    }
}

impl super::Column {
    /// Whether drawing it again could help.
    pub fn can_be_retried(&self) -> bool {
        match self.phase {
            Phase::Failed(_) | Phase::Cancelled => true,
            Phase::Interrupted { waits } => !waits,
            Phase::Queued | Phase::Running(_) | Phase::Finished(_) => false,
        }
    }
}
