//! Votes: a poll about the pictures of an evaluation, blind, one comparison after the other.

#[cfg(test)]
mod tests;

use super::{AppState, Effect, NoticeKind};
use crate::job::{
    Ballot, BallotPictures, FileTask, FolderUse, GuidanceMode, JobEvent, Poll, Problem, StoreEvent,
    StoreTask, Vote, VoteChoice, VoteReport, VotesExport,
};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// What is typed before a poll.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VoteDraft {
    /// The folder of the evaluation.
    pub folder: PathBuf,
    /// Who votes.
    pub rater: String,
}

/// What a rater picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picked {
    /// A column, from the left.
    Column(usize),
    /// None of them shows the right outcome.
    None,
    /// Several do, equally well.
    Tie,
}

/// What a person does with votes.
#[derive(Clone, Debug, PartialEq)]
pub enum VoteAction {
    /// Folder or name were edited.
    Edit(VoteDraft),
    /// Asks for a folder, or for a file with votes.
    Pick(FolderUse),
    /// Begins the poll, or goes on with it.
    Open,
    /// Leaves the poll; the votes stay.
    Close,
    /// Says that a column shows the right outcome, or that it does not.
    Mark(usize),
    /// Votes.
    Choose(Picked),
    /// Moves to another comparison without a vote.
    Go(isize),
    /// Shows what all votes say, or the comparison again.
    Results(bool),
    /// Writes the votes into a file.
    Export,
}

/// A poll that is open.
#[derive(Clone, Debug)]
pub struct OpenPoll {
    /// What is asked.
    pub poll: Arc<Poll>,
    /// The comparison that is shown.
    pub at: usize,
    /// Its pictures, once they are decoded.
    pub pictures: Option<Result<Arc<BallotPictures>, Problem>>,
    /// Columns that were marked as right.
    pub right: Vec<usize>,
    /// When its pictures came up, in the seconds of [`AppState::now`].
    since: f64,
}

/// All about votes.
#[derive(Debug, Default)]
pub struct Voting {
    /// What is typed.
    pub draft: VoteDraft,
    /// Whether a poll is being opened.
    pub opening: bool,
    /// Why the last one could not be opened.
    pub problem: Option<Problem>,
    /// The poll that is open.
    pub open: Option<OpenPoll>,
    /// All votes about the evaluation, of every rater.
    pub votes: Vec<Vote>,
    /// What they say, while that is shown.
    pub report: Option<VoteReport>,
}

impl OpenPoll {
    /// The comparison that is shown; none when all are over.
    pub fn ballot(&self) -> Option<&Ballot> {
        self.poll.ballots.get(self.at)
    }
}

impl Voting {
    /// As the last session left it.
    pub fn new(draft: VoteDraft) -> Self {
        Self {
            draft,
            ..Self::default()
        }
    }

    /// The vote of this rater in a comparison.
    pub fn vote_in(&self, ballot: &Ballot) -> Option<&Vote> {
        let rater = &self.open.as_ref()?.poll.rater;
        self.votes.iter().find(|vote| {
            vote.rater == *rater && vote.sample == ballot.sample && vote.repeat == ballot.repeat
        })
    }

    /// Comparisons this rater voted in.
    pub fn done(&self) -> usize {
        let ballots = self.open.iter().flat_map(|open| &open.poll.ballots);
        ballots
            .filter(|ballot| self.vote_in(ballot).is_some())
            .count()
    }

    /// Whether the poll can be opened: the folder and the name are there.
    pub fn is_ready(&self) -> bool {
        let VoteDraft { folder, rater } = &self.draft;
        !folder.as_os_str().is_empty() && !rater.trim().is_empty()
    }

    /// The first comparison from `from` on, and round, that this rater did not vote in.
    fn next_open(&self, from: usize) -> Option<usize> {
        let count = self.open.as_ref()?.poll.ballots.len();
        let order = (from..count).chain(0..from.min(count));
        let mut order = order.into_iter();
        order.find(|index| {
            let ballot = self
                .open
                .as_ref()
                .and_then(|open| open.poll.ballots.get(*index));
            ballot.is_some_and(|ballot| self.vote_in(ballot).is_none())
        })
    }
}

impl AppState {
    /// Does what a person asked of votes.
    pub(super) fn act_on_votes(&mut self, action: VoteAction) -> Vec<Effect> {
        let voting = &mut self.voting;
        match action {
            VoteAction::Edit(draft) => {
                voting.draft = draft;
                voting.problem = None;
            }
            VoteAction::Pick(what_for) => {
                return vec![Effect::Files(FileTask::PickFolder(what_for))];
            }
            VoteAction::Open if voting.is_ready() && !voting.opening => {
                voting.opening = true;
                voting.problem = None;
                let VoteDraft { folder, rater } = voting.draft.clone();
                let rater = rater.trim().to_owned();
                return vec![Effect::Files(FileTask::OpenPoll(folder, rater))];
            }
            VoteAction::Open => {}
            VoteAction::Close => (voting.open, voting.report) = (None, None),
            VoteAction::Mark(column) => {
                if let Some(open) = &mut voting.open {
                    let before = open.right.len();
                    open.right.retain(|marked| *marked != column);
                    if open.right.len() == before {
                        open.right.push(column);
                    }
                }
            }
            VoteAction::Choose(picked) => return self.vote(picked),
            VoteAction::Go(by) => {
                if let Some(open) = &voting.open {
                    let last = open.poll.ballots.len().saturating_sub(1);
                    let at = open.at.saturating_add_signed(by).min(last);
                    return self.show_ballot(at);
                }
            }
            VoteAction::Results(shown) => {
                voting.report = shown.then(|| VoteReport::of(&voting.votes));
            }
            VoteAction::Export => {
                let name = voting.draft.folder.file_name().unwrap_or_default();
                let export = VotesExport {
                    votes: voting.votes.clone(),
                    path: format!("votes-{}.json", name.display()).into(),
                };
                return vec![Effect::Files(FileTask::PickVotes(Box::new(export)))];
            }
        }
        Vec::new()
    }

    /// A folder or a file was chosen.
    pub(super) fn vote_path(&mut self, what_for: FolderUse, path: PathBuf) -> Vec<Effect> {
        if what_for == FolderUse::VotesFile {
            return vec![Effect::Files(FileTask::OpenVotes(path))];
        }
        self.voting.draft.folder = path;
        self.voting.problem = None;
        Vec::new()
    }

    fn vote(&mut self, picked: Picked) -> Vec<Effect> {
        let voting = &mut self.voting;
        let Some(open) = &voting.open else {
            return Vec::new();
        };
        let shown = matches!(open.pictures, Some(Ok(_)));
        let Some(ballot) = open.ballot().filter(|_| shown) else {
            return Vec::new();
        };
        let mode = |column: usize| ballot.columns.get(column).map(|(mode, _)| *mode);
        let marked: Vec<GuidanceMode> = open.right.iter().filter_map(|c| mode(*c)).collect();
        let modes: Vec<GuidanceMode> = ballot.columns.iter().map(|(mode, _)| *mode).collect();
        let (choice, right) = match picked {
            Picked::Column(column) => {
                let Some(chosen) = mode(column) else {
                    return Vec::new();
                };
                let others = marked.into_iter().filter(|mode| *mode != chosen);
                let right = std::iter::once(chosen).chain(others);
                (chosen.into(), right.collect())
            }
            Picked::None => (VoteChoice::None, Vec::new()),
            // Without marks all of them are meant.
            Picked::Tie if marked.len() < 2 => (VoteChoice::Tie, modes.clone()),
            Picked::Tie => (VoteChoice::Tie, marked),
        };
        let vote = Vote {
            rater: open.poll.rater.clone(),
            sample: ballot.sample.clone(),
            category: ballot.category.clone(),
            repeat: ballot.repeat,
            modes,
            choice,
            right,
            seconds: (self.now - open.since).max(0.0),
        };
        let (folder, at) = (open.poll.folder.clone(), open.at);
        take_in(&mut voting.votes, vote.clone());
        let mut effects = vec![keep(folder, vec![vote])];
        let next = voting.next_open(at + 1);
        let end = voting
            .open
            .as_ref()
            .map_or(0, |open| open.poll.ballots.len());
        effects.extend(self.show_ballot(next.unwrap_or(end)));
        effects
    }

    /// Shows a comparison; one that was voted in comes with its marks.
    fn show_ballot(&mut self, at: usize) -> Vec<Effect> {
        let ballot = self
            .voting
            .open
            .as_ref()
            .and_then(|open| open.poll.ballots.get(at));
        let vote = ballot.and_then(|ballot| self.voting.vote_in(ballot));
        let right = match (ballot, vote) {
            (Some(ballot), Some(vote)) => {
                let columns = ballot.columns.iter().enumerate();
                let right = columns.filter(|(_, (mode, _))| vote.right.contains(mode));
                right.map(|(index, _)| index).collect()
            }
            _ => Vec::new(),
        };
        let task = ballot.map(|ballot| FileTask::OpenBallot(Box::new(ballot.clone())));
        if let Some(open) = &mut self.voting.open {
            (open.at, open.right, open.pictures) = (at, right, None);
        }
        task.map(Effect::Files).into_iter().collect()
    }

    /// Takes in an event about votes, and says what has to be done; none for any other event.
    pub(super) fn votes_heard(&mut self, event: &JobEvent) -> Option<Vec<Effect>> {
        let voting = &mut self.voting;
        match event {
            JobEvent::PollOpened(Ok(poll)) if voting.opening => {
                voting.open = Some(OpenPoll {
                    poll: poll.clone(),
                    at: 0,
                    pictures: None,
                    right: Vec::new(),
                    since: self.now,
                });
                // Where this rater is, the kept votes tell.
                let list = StoreTask::ListVotes(poll.folder.clone());
                Some(vec![Effect::Files(FileTask::Store(list))])
            }
            JobEvent::PollOpened(Err(problem)) if voting.opening => {
                voting.opening = false;
                voting.problem = Some(problem.clone());
                Some(Vec::new())
            }
            JobEvent::BallotOpened(ballot, pictures) => {
                if let Some(open) = &mut voting.open
                    && open.ballot() == Some(ballot)
                {
                    open.pictures = Some(pictures.clone());
                    open.since = self.now;
                }
                Some(Vec::new())
            }
            JobEvent::VotesRead(Ok(votes)) => {
                for vote in votes {
                    take_in(&mut voting.votes, vote.clone());
                }
                if voting.report.is_some() {
                    voting.report = Some(VoteReport::of(&voting.votes));
                }
                let folder = voting.open.as_ref().map(|open| open.poll.folder.clone());
                Some(
                    folder
                        .map(|folder| keep(folder, votes.clone()))
                        .into_iter()
                        .collect(),
                )
            }
            JobEvent::VotesRead(Err(problem)) => {
                self.notify(NoticeKind::Trouble(problem.clone()));
                Some(Vec::new())
            }
            JobEvent::Store(StoreEvent::Votes(folder, votes)) => {
                let own = voting
                    .open
                    .as_ref()
                    .is_some_and(|o| o.poll.folder == *folder);
                if !own {
                    return Some(Vec::new());
                }
                voting.opening = false;
                voting.votes.clone_from(votes);
                let end = voting
                    .open
                    .as_ref()
                    .map_or(0, |open| open.poll.ballots.len());
                let at = voting.next_open(0).unwrap_or(end);
                Some(self.show_ballot(at))
            }
            // Without the kept votes nobody knows where this rater is. A notice says why.
            JobEvent::Store(StoreEvent::Failed(problem) | StoreEvent::Off(problem))
                if voting.opening =>
            {
                (voting.opening, voting.open) = (false, None);
                voting.problem = Some(problem.clone());
                None
            }
            _ => None,
        }
    }
}

/// Adds a vote, in place of an earlier one about the same.
fn take_in(votes: &mut Vec<Vote>, vote: Vote) {
    let same = |other: &&mut Vote| {
        (&other.rater, &other.sample, other.repeat) == (&vote.rater, &vote.sample, vote.repeat)
    };
    match votes.iter_mut().find(same) {
        Some(earlier) => *earlier = vote,
        None => votes.push(vote),
    }
}

fn keep(folder: PathBuf, votes: Vec<Vote>) -> Effect {
    Effect::Files(FileTask::Store(StoreTask::KeepVotes(folder, votes)))
}
