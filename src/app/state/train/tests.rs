//! Actions and events of training in, state and effects out.

use super::*;
use crate::app::settings::{Session, Settings};
use crate::app::state::NoticeKind;
use crate::job::training::{
    Control, Forecast, RunState, SplitHealth, TrainConfig, TrainingEvent, TrainingNews,
};
use crate::job::{JobEvent, JobSpec, Precision};
use std::time::SystemTime;

fn state() -> AppState {
    AppState::new(
        Settings::default(),
        Session::default(),
        BundleSource::Embedded,
        1,
    )
}

fn act(state: &mut AppState, action: TrainAction) -> Vec<TrainingTask> {
    tasks(state.apply(super::super::Action::Train(action)))
}

fn tasks(effects: Vec<Effect>) -> Vec<TrainingTask> {
    let task = |effect| match effect {
        Effect::Training(task) => Some(task),
        _ => None,
    };
    effects.into_iter().filter_map(task).collect()
}

fn health(folder: &str) -> Arc<DataHealth> {
    let folder = PathBuf::from(folder);
    Arc::new(DataHealth {
        images: folder.join("images"),
        splits: vec![SplitHealth {
            name: "train".to_owned(),
            list: folder.join("labels_cot_train.json"),
            usable: 6,
            answered: 6,
            skipped: 0,
            reasons: Vec::new(),
        }],
        unusable: Vec::new(),
        questions: Vec::new(),
        folder,
    })
}

fn with_data() -> AppState {
    let mut state = state();
    let asked = act(&mut state, TrainAction::Examine("data".into()));
    assert_eq!(asked, [TrainingTask::Examine("data".into())]);
    let found = TrainingEvent::Examined("data".into(), Ok(health("data")));
    state.on_event(JobEvent::Training(found));
    state
}

fn card(folder: &str, state: RunState) -> RunCard {
    RunCard {
        folder: folder.into(),
        name: folder.to_owned(),
        state,
        config: Ok(Arc::new(TrainConfig::of_preset(Preset::Adapter))),
        devices: vec![DeviceChoice::Cpu],
        step: 2,
        steps: 10,
        loss: None,
        seconds_per_step: Some(0.5),
        problem: None,
        pid: None,
        since: SystemTime::UNIX_EPOCH,
    }
}

fn list(state: &mut AppState, runs: Vec<RunCard>) {
    state.on_training_news(TrainingNews {
        runs: Some(Arc::new(runs)),
        ..TrainingNews::default()
    });
}

fn tried(config: &TrainConfig) -> TrainingEvent {
    TrainingEvent::Tried(Ok(Arc::new(Tried {
        config: config.clone(),
        forecast: Forecast {
            parameters: 1,
            samples: 6,
            broken: 0,
            steps: 10,
            precision: Precision::F32,
            seconds_per_step: 0.5,
            seconds: 5.0,
            peak_mib: None,
            free_mib: None,
            checkpoint_bytes: 1,
            losses: vec![1.0, 1.0],
        },
        disk_free: None,
    })))
}

#[test]
fn a_run_starts_only_after_its_cost_was_looked_at() {
    let mut state = state();
    assert_eq!(state.train.start_blocked(), Some(TrainBlocked::NoData));
    let mut state2 = with_data();
    std::mem::swap(&mut state, &mut state2);
    assert_eq!(state.train.start_blocked(), Some(TrainBlocked::Untried));
    assert!(act(&mut state, TrainAction::Start).is_empty());
    let asked = act(&mut state, TrainAction::Try);
    let config = state.train.draft.config.clone();
    let expected = TrainingTask::Try(Box::new(config.clone()), vec![DeviceChoice::Cpu]);
    assert_eq!(asked, [expected]);
    assert_eq!(state.train.start_blocked(), Some(TrainBlocked::Trying));
    state.on_event(JobEvent::Training(tried(&config)));
    assert_eq!(state.train.start_blocked(), None);
    // Another setting, another cost.
    let mut draft = state.train.draft.clone();
    draft.config.optim.batch = 2;
    act(&mut state, TrainAction::Edit(Box::new(draft)));
    assert_eq!(state.train.start_blocked(), Some(TrainBlocked::Untried));
    act(&mut state, TrainAction::Undo);
    assert_eq!(state.train.start_blocked(), None);
    let asked = act(&mut state, TrainAction::Start);
    let [TrainingTask::Queue { devices, .. }] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!(devices, &[DeviceChoice::Cpu]);
}

#[test]
fn a_run_on_several_cards_waits_for_all_of_them() {
    let mut state = with_data();
    let cards = [DeviceChoice::Cuda(0), DeviceChoice::Cuda(2)];
    let mut draft = state.train.draft.clone();
    draft.set_devices(&cards);
    assert_eq!(draft.device, "cuda:0,cuda:2");
    act(&mut state, TrainAction::Edit(Box::new(draft)));
    assert_eq!(state.train.chosen_devices(), cards);
    assert!(!state.train.device_is_busy());
    assert!(!state.train.is_on_processor(), "16 bits are on offer");
    let mut other = card("other", RunState::Training);
    other.devices = vec![DeviceChoice::Cuda(2)];
    list(&mut state, vec![other]);
    assert!(state.train.device_is_busy());
    let asked = act(&mut state, TrainAction::Start);
    let [TrainingTask::Queue { devices, .. }] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!(devices, &cards);
}

#[test]
fn another_precision_is_another_cost_and_no_run_has_eight_bits() {
    let mut state = with_data();
    assert!(state.train.is_on_processor(), "nobody found a card");
    act(&mut state, TrainAction::Try);
    let config = state.train.draft.config.clone();
    state.on_event(JobEvent::Training(tried(&config)));
    assert_eq!(state.train.start_blocked(), None);
    let mut choose = |precision| {
        let mut draft = state.train.draft.clone();
        draft.config.trainer.precision = precision;
        act(&mut state, TrainAction::Edit(Box::new(draft)));
        state.train.start_blocked()
    };
    assert_eq!(choose(Precision::Bf16), Some(TrainBlocked::Untried));
    assert!(matches!(
        choose(Precision::Int8),
        Some(TrainBlocked::Settings(why)) if why.contains("trainer.precision")
    ));
    // The form is remembered with the session.
    choose(Precision::Bf16);
    let session = state.session();
    let kept = toml::to_string(&session).expect("a session is text");
    let again: Session = toml::from_str(&kept).expect("it was just written");
    let draft = again.train.expect("the form is in it");
    assert_eq!(draft.config.trainer.precision, Precision::Bf16);
}

#[test]
fn the_pairs_of_a_run_become_a_file() {
    let mut state = state();
    list(&mut state, vec![card("lora", RunState::Finished)]);
    let asked = act(&mut state, TrainAction::ExportLora("lora".into()));
    assert_eq!(asked, [TrainingTask::ExportLora("lora".into())]);
    assert!(state.train.promoting.is_some());
    let written = TrainingEvent::LoraWritten("lora/x.safetensors".into(), 4);
    state.on_event(JobEvent::Training(written));
    assert!(state.train.promoting.is_none());
    let told = state.notices.iter().any(|notice| matches!(&notice.kind, NoticeKind::LoraWritten(file, 4) if file.ends_with("x.safetensors")));
    assert!(told);
}

#[test]
fn a_run_begins_when_the_models_left_the_memory() {
    let mut state = with_data();
    state.on_event(JobEvent::Training(TrainingEvent::Queued("run-1".into())));
    assert_eq!(state.train.selected, Some("run-1".into()));
    let effects = state.on_event(JobEvent::Training(TrainingEvent::Next("run-1".into())));
    let [Effect::Submit(ticket, JobSpec::Unload)] = &effects[..] else {
        panic!("{effects:?}");
    };
    let submitted = super::super::Action::Submitted(ticket.clone(), JobId(7));
    assert!(state.apply(submitted).is_empty());
    assert!(tasks(state.on_event(JobEvent::Unloaded(JobId(6)))).is_empty());
    let asked = tasks(state.on_event(JobEvent::Unloaded(JobId(7))));
    assert_eq!(asked, [TrainingTask::Launch("run-1".into())]);
    assert!(tasks(state.on_event(JobEvent::Unloaded(JobId(7)))).is_empty());
}

#[test]
fn on_a_busy_device_a_run_may_wait_untried() {
    let mut state = with_data();
    list(&mut state, vec![card("other", RunState::Training)]);
    // A window that finds a run at work shows it.
    assert_eq!(state.train.selected, Some("other".into()));
    assert!(state.train.device_is_busy());
    assert_eq!(state.train.start_blocked(), None);
}

#[test]
fn a_run_is_discarded_only_after_a_yes_and_by_whoever_has_it() {
    let mut state = state();
    let runs = vec![
        card("live", RunState::Paused),
        card("dead", RunState::Killed),
    ];
    list(&mut state, runs);
    act(&mut state, TrainAction::AskDiscard("live".into()));
    assert!(act(&mut state, TrainAction::Discard(false)).is_empty());
    act(&mut state, TrainAction::AskDiscard("live".into()));
    let asked = act(&mut state, TrainAction::Discard(true));
    assert_eq!(
        asked,
        [TrainingTask::Control("live".into(), Control::Discard)]
    );
    act(&mut state, TrainAction::AskDiscard("dead".into()));
    let asked = act(&mut state, TrainAction::Discard(true));
    assert_eq!(asked, [TrainingTask::Delete("dead".into())]);
    // What is gone is not shown any more.
    act(&mut state, TrainAction::Select("dead".into()));
    list(&mut state, vec![card("live", RunState::Paused)]);
    assert_eq!(state.train.selected, None);
}

#[test]
fn settings_of_a_run_come_back_into_the_form_and_can_be_undone() {
    let mut state = with_data();
    list(&mut state, vec![card("night-3", RunState::Finished)]);
    let before = state.train.draft.clone();
    act(&mut state, TrainAction::Reuse("night-3".into()));
    assert_eq!(state.train.draft.name, "night");
    assert_eq!(state.train.draft.config.preset, Preset::Adapter);
    act(&mut state, TrainAction::Undo);
    assert_eq!(state.train.draft, before);
}

#[test]
fn a_preset_keeps_data_and_bundle() {
    let mut state = with_data();
    act(&mut state, TrainAction::Preset(Preset::Full));
    let config = &state.train.draft.config;
    assert_eq!(config.optim.lr, 3e-5);
    assert_eq!(config.data.image_dir, Path::new("data/images"));
    let session = state.session();
    let text = toml::to_string(&session).expect("it can be written");
    let read: Session = toml::from_str(&text).expect("it can be read");
    assert_eq!(read, session);
    let broken = text.replace("preset = \"full\"", "preset = \"of another version\"");
    let read: Session = toml::from_str(&broken).expect("a lost form costs no session");
    assert_eq!(read.train, None);
}
