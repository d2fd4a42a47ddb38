//! What may be wrong with the opened folder, and the patch that a person makes of the proposals.

use super::{DatasetAction, OpenFolder, ask};
use crate::app::state::{Action, AppState, BundleState, Effect, NoticeKind};
use crate::job::datasets::{
    Examining, Field, Finding, FindingKind, HealthReport, Place, TokenLimit,
};
use crate::job::{DatasetTask, Problem};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a person does about the health of a folder.
#[derive(Clone, Debug, PartialEq)]
pub enum HealthAction {
    /// Shows the findings in place of the pairs, or the pairs again.
    Show(bool),
    /// Looks at everything.
    Examine,
    /// Stops looking.
    Stop,
    /// Shows findings of one kind, or all.
    Kind(Option<FindingKind>),
    /// Puts the proposals of some findings into the patch, or takes them out.
    Choose(Vec<usize>, bool),
    /// Applies the patch; one undo takes all of it back.
    Apply,
}

impl From<HealthAction> for Action {
    fn from(action: HealthAction) -> Self {
        DatasetAction::Health(action).into()
    }
}

/// What is known about the health of the opened folder.
#[derive(Debug, Default)]
pub struct Health {
    /// Whether it is shown in place of the pairs.
    pub shown: bool,
    /// How far the examination is that goes on.
    pub going_on: Option<Examining>,
    /// Why the last one failed.
    pub failed: Option<Problem>,
    /// What the last one found.
    pub report: Option<Box<HealthReport>>,
    /// The kind that is shown.
    pub kind: Option<FindingKind>,
    /// Findings whose proposals are in the patch, by number.
    pub chosen: BTreeSet<usize>,
    /// Where the pairs of the report are in the folder.
    places: BTreeMap<Place, usize>,
}

impl Health {
    /// The findings that are shown, with their numbers.
    pub fn shown(&self) -> impl Iterator<Item = (usize, &Finding)> {
        let findings = self.report.iter().flat_map(|report| &report.findings);
        let kind = self.kind;
        findings
            .enumerate()
            .filter(move |(_, finding)| kind.is_none_or(|kind| kind == finding.kind))
    }

    /// Findings per kind.
    pub fn count(&self, kind: FindingKind) -> usize {
        let mut findings = self.report.iter().flat_map(|report| &report.findings);
        findings
            .by_ref()
            .filter(|finding| finding.kind == kind)
            .count()
    }

    /// Forgets a pair that was taken out of the folder.
    pub(super) fn forget(&mut self, place: &Place) {
        self.places.remove(place);
    }

    /// Where a pair is in the folder.
    pub fn place(&self, place: &Place) -> Option<usize> {
        self.places.get(place).copied()
    }
}

impl OpenFolder {
    /// Whether what a finding proposes is done.
    pub fn is_fixed(&self, finding: &Finding) -> bool {
        let done = |change: &crate::job::datasets::Change| {
            let place = self.health.place(&change.place);
            let pair = place.and_then(|place| self.pair(place));
            pair.is_some_and(|pair| pair.value(change.field) == change.after)
        };
        !finding.fix.is_empty() && finding.fix.iter().all(done)
    }
}

impl AppState {
    pub(super) fn act_on_health(&mut self, action: HealthAction) -> Vec<Effect> {
        if action == HealthAction::Show(true) {
            let effects = self.close_strip();
            if !effects.is_empty() {
                let mut all = self.act_on_health(action);
                all.extend(effects);
                return all;
            }
        }
        let opening = self.dataset.openings;
        let tokens = match &self.bundle {
            BundleState::Ready(summary) => Some(TokenLimit {
                counter: summary.token_counter.clone(),
                limit: summary.max_question_tokens,
            }),
            BundleState::Loading | BundleState::Failed(_) => None,
        };
        let Some(open) = &mut self.dataset.open else {
            return Vec::new();
        };
        let health = &mut open.health;
        match action {
            HealthAction::Show(shown) => {
                health.shown = shown;
                self.dataset.looking = false;
            }
            HealthAction::Examine if health.going_on.is_none() => {
                health.going_on = Some(Examining::default());
                health.failed = None;
                let path = open.folder.path.clone();
                // What was typed a moment ago belongs to what is looked at.
                let mut effects = ask(DatasetTask::Save);
                effects.extend(ask(DatasetTask::Examine(opening, path, tokens)));
                return effects;
            }
            HealthAction::Examine => {}
            HealthAction::Stop => return ask(DatasetTask::StopExamining),
            HealthAction::Kind(kind) => health.kind = kind,
            HealthAction::Choose(numbers, chosen) => {
                for number in numbers {
                    if chosen {
                        health.chosen.insert(number);
                    } else {
                        health.chosen.remove(&number);
                    }
                }
            }
            HealthAction::Apply => return self.apply_patch(),
        }
        Vec::new()
    }

    /// Takes in the end of an examination; none when it was stopped.
    pub(super) fn examined(&mut self, report: Result<Option<Box<HealthReport>>, Problem>) {
        let Some(open) = &mut self.dataset.open else {
            return;
        };
        let health = &mut open.health;
        health.going_on = None;
        match report {
            Ok(Some(report)) => {
                let pairs = open.folder.pairs.iter().enumerate();
                health.places = pairs.map(|(at, pair)| (pair.place.clone(), at)).collect();
                health.chosen.clear();
                health.kind = None;
                health.report = Some(report);
            }
            Ok(None) => {}
            Err(problem) => health.failed = Some(problem),
        }
    }

    fn apply_patch(&mut self) -> Vec<Effect> {
        let Some(open) = &mut self.dataset.open else {
            return Vec::new();
        };
        let health = &mut open.health;
        let mut values: BTreeMap<(usize, Field), Option<Value>> = BTreeMap::new();
        for number in std::mem::take(&mut health.chosen) {
            let finding = health
                .report
                .as_ref()
                .and_then(|report| report.findings.get(number));
            for change in finding.into_iter().flat_map(|finding| &finding.fix) {
                if let Some(place) = health.place(&change.place) {
                    values.insert((place, change.field), change.after.clone());
                }
            }
        }
        let count = values.len();
        let values = values.into_iter();
        let values = values
            .map(|((place, field), value)| (place, field, value))
            .collect();
        self.settle_dataset();
        let effects = self.edit_pairs(values);
        self.settle_dataset();
        if !effects.is_empty() {
            self.notify(NoticeKind::PatchApplied(count));
        }
        effects
    }
}
