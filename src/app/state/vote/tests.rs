//! Votes as the state sees them: comparisons, keys, marks, and where a rater is.

use super::*;
use crate::app::settings::{Session, Settings};
use crate::app::state::Action;
use crate::job::BundleSource;
use image::RgbImage;
use std::path::Path;

fn ballot(index: usize) -> Ballot {
    let modes = [
        GuidanceMode::Latent,
        GuidanceMode::Question,
        GuidanceMode::Answer,
    ];
    Ballot {
        sample: format!("sample{index}"),
        category: "more entities".to_owned(),
        question: "What happens?".to_owned(),
        repeat: false,
        frame: PathBuf::new(),
        columns: modes.map(|mode| (mode, PathBuf::new())).to_vec(),
    }
}

fn act(state: &mut AppState, action: VoteAction) -> Vec<Effect> {
    state.apply(Action::Vote(action))
}

/// Decodes what was asked for.
fn serve(state: &mut AppState, effects: &[Effect]) {
    let picture = Arc::new(RgbImage::new(4, 4));
    for effect in effects {
        if let Effect::Files(FileTask::OpenBallot(ballot)) = effect {
            let pictures = BallotPictures {
                frame: picture.clone(),
                columns: vec![picture.clone(); ballot.columns.len()],
            };
            state.on_event(JobEvent::BallotOpened(
                ballot.clone(),
                Ok(Arc::new(pictures)),
            ));
        }
    }
}

/// A poll of three comparisons, the first of which was voted in before.
fn polled() -> AppState {
    let mut state = AppState::new(
        Settings::default(),
        Session::default(),
        BundleSource::Embedded,
        1,
    );
    assert!(
        act(&mut state, VoteAction::Open).is_empty(),
        "nobody said what"
    );
    let draft = VoteDraft {
        folder: "/out".into(),
        rater: " ann ".to_owned(),
    };
    act(&mut state, VoteAction::Edit(draft));
    let effects = act(&mut state, VoteAction::Open);
    assert!(matches!(
        effects.as_slice(),
        [Effect::Files(FileTask::OpenPoll(folder, rater))] if folder == Path::new("/out") && rater == "ann"
    ));
    let poll = Poll {
        folder: "/out".into(),
        rater: "ann".to_owned(),
        ballots: (0..3).map(ballot).collect(),
    };
    let effects = state.on_event(JobEvent::PollOpened(Ok(Arc::new(poll))));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Files(FileTask::Store(StoreTask::ListVotes(_)))]
    ));
    let vote = Vote {
        rater: "ann".to_owned(),
        sample: "sample0".to_owned(),
        category: String::new(),
        repeat: false,
        modes: Vec::new(),
        choice: VoteChoice::None,
        right: Vec::new(),
        seconds: 1.0,
    };
    let listed = StoreEvent::Votes("/out".into(), vec![vote]);
    let effects = state.on_event(JobEvent::Store(listed));
    serve(&mut state, &effects);
    state
}

fn at(state: &AppState) -> usize {
    state.voting.open.as_ref().map_or(99, |open| open.at)
}

#[test]
fn a_rater_goes_on_where_they_stopped_and_every_vote_is_kept() {
    let mut state = polled();
    assert_eq!((at(&state), state.voting.done()), (1, 1));
    act(&mut state, VoteAction::Mark(2));
    state.begin_frame(3.5);
    let effects = act(&mut state, VoteAction::Choose(Picked::Column(0)));
    let [
        Effect::Files(FileTask::Store(StoreTask::KeepVotes(_, votes))),
        ..,
    ] = effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    let [vote] = votes.as_slice() else {
        panic!("{votes:?}");
    };
    assert_eq!(
        vote.choice,
        VoteChoice::Latent,
        "the mode behind the number"
    );
    assert_eq!(vote.right, [GuidanceMode::Latent, GuidanceMode::Answer]);
    assert_eq!((vote.seconds, vote.sample.as_str()), (3.5, "sample1"));
    // Nothing counts before its pictures are there.
    assert_eq!(at(&state), 2);
    assert!(act(&mut state, VoteAction::Choose(Picked::None)).is_empty());
    serve(&mut state, &effects);
    act(&mut state, VoteAction::Choose(Picked::Tie));
    let tie = state.voting.votes.last().expect("a vote");
    assert_eq!((tie.choice, tie.right.len()), (VoteChoice::Tie, 3));
    assert_eq!((at(&state), state.voting.done()), (3, 3));
    assert!(
        state
            .voting
            .open
            .as_ref()
            .is_some_and(|open| open.ballot().is_none())
    );
    // Back, and another word about it.
    let effects = act(&mut state, VoteAction::Go(-2));
    serve(&mut state, &effects);
    assert_eq!(at(&state), 1);
    let right = state.voting.open.as_ref().map(|open| open.right.clone());
    assert_eq!(right, Some(vec![0, 2]), "the marks are there again");
    act(&mut state, VoteAction::Choose(Picked::None));
    assert_eq!(state.voting.votes.len(), 3);
    assert_eq!(at(&state), 3);
    act(&mut state, VoteAction::Results(true));
    let report = state.voting.report.as_ref().expect("it is shown");
    assert_eq!(report.categories[0].votes, 3);
}

#[test]
fn imported_votes_are_kept_and_troubles_are_told() {
    let mut state = polled();
    act(&mut state, VoteAction::Results(true));
    let mut votes = state.voting.votes.clone();
    votes
        .iter_mut()
        .for_each(|vote| vote.rater = "bob".to_owned());
    let effects = state.on_event(JobEvent::VotesRead(Ok(votes)));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Files(FileTask::Store(StoreTask::KeepVotes(_, votes)))] if votes.len() == 1
    ));
    assert_eq!(
        state.voting.report.as_ref().map(|report| report.raters),
        Some(2)
    );
    let problem = Problem::new("no votes there");
    state.on_event(JobEvent::VotesRead(Err(problem.clone())));
    let told = state.notices.last().map(|notice| &notice.kind);
    assert_eq!(told, Some(&NoticeKind::Trouble(problem.clone())));

    act(&mut state, VoteAction::Close);
    act(&mut state, VoteAction::Open);
    state.on_event(JobEvent::PollOpened(Err(problem.clone())));
    assert_eq!(state.voting.problem, Some(problem));
    assert!(!state.voting.opening && state.voting.open.is_none());
}
