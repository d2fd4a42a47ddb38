//! Evaluations: the one that is being set up, the one at work, and the numbers that are shown.

mod draft;
#[cfg(test)]
mod tests;

use draft::Setup;
pub use draft::{DraftProblem, EvaluationDraft};

use super::{AppState, Effect, NoticeKind, Ticket};
use crate::job::{
    Evaluation, FileTask, FolderUse, JobEvent, JobId, JobSpec, Outlook, Problem, Report,
    ReportExport, ReportFormat, ScoreSpec, Stage, StepPreview, ValidateSpec, Validation,
};
use std::path::PathBuf;
use std::sync::Arc;

/// Most folders that are remembered.
const MAX_FOLDERS: usize = 12;

/// What a person does with evaluations.
#[derive(Clone, Debug, PartialEq)]
pub enum EvaluateAction {
    /// The draft was edited.
    Edit(Box<EvaluationDraft>),
    /// Asks for a folder.
    Pick(FolderUse),
    /// Draws and scores what the draft says, or goes on with it.
    Start,
    /// Stops the evaluation; what is drawn stays.
    Stop,
    /// Scores the pictures of a folder.
    Score(PathBuf),
    /// Compares with an earlier evaluation, or with none.
    Compare(Option<PathBuf>),
    /// Writes the numbers for others.
    Export(ReportFormat),
}

/// How far an evaluation is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluating {
    /// Its folder.
    pub folder: PathBuf,
    /// What it does; none while it waits.
    pub stage: Option<Stage>,
    /// Steps that are done: of denoising, or pictures that are judged.
    pub step: usize,
    /// Steps in all.
    pub steps: usize,
    /// Denoising steps of one picture; none where nothing is drawn.
    pub per_picture: Option<usize>,
    /// Seconds until it ends, once that can be told.
    pub seconds_left: Option<f64>,
    /// Whether it was asked to stop.
    pub stopping: bool,
    job: Option<JobId>,
}

/// The numbers that are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownEvaluation {
    /// The folder of the pictures.
    pub folder: PathBuf,
    /// The numbers.
    pub found: Arc<Evaluation>,
    /// Samples that could not be drawn, where they were drawn now.
    pub validation: Option<Arc<Validation>>,
}

/// All about evaluations.
#[derive(Debug, Default)]
pub struct Evaluate {
    /// What is being set up.
    pub draft: EvaluationDraft,
    /// What that would be, once it was looked at.
    pub outlook: Option<Outlook>,
    /// Whether it is being looked at.
    pub looking: bool,
    /// The evaluation at work.
    pub going: Option<Evaluating>,
    /// The numbers that are shown.
    pub shown: Option<ShownEvaluation>,
    /// What was drawn without getting numbers.
    pub unscored: Option<Arc<Validation>>,
    /// Why the last evaluation has no numbers.
    pub problem: Option<Problem>,
    /// The earlier evaluation that is compared with.
    pub against: Option<(PathBuf, Arc<Report>)>,
    /// Where new evaluations go when nobody says.
    pub home: Option<PathBuf>,
    /// Where CLIP is looked for when nobody says.
    pub clip: Option<PathBuf>,
    /// Where LPIPS is looked for when nobody says.
    pub lpips: Option<PathBuf>,
    asked: Option<Box<ValidateSpec>>,
}

impl Evaluate {
    /// As the last session left it.
    pub fn new(draft: EvaluationDraft) -> Self {
        Self {
            draft,
            ..Self::default()
        }
    }
}

impl AppState {
    /// Looks at the draft when nobody did so far.
    pub(super) fn look_at_evaluation(&mut self) -> Vec<Effect> {
        let mut effects = self.look_through_shelves();
        if self.evaluate.outlook.is_none() {
            effects.extend(self.foresee());
        }
        effects
    }

    /// What the draft asks for, or why it is not complete.
    pub fn evaluation_wanted(&self) -> Result<ValidateSpec, DraftProblem> {
        let Evaluate {
            draft,
            home,
            clip,
            lpips,
            ..
        } = &self.evaluate;
        draft.spec(&Setup {
            in_use: &self.bundle_source,
            home: home.as_deref(),
            clip: clip.as_deref(),
            lpips: lpips.as_deref(),
        })
    }

    /// Does what a person asked of evaluations.
    pub(super) fn act_on_evaluation(&mut self, action: EvaluateAction) -> Vec<Effect> {
        match action {
            EvaluateAction::Edit(draft) => {
                self.evaluate.draft = *draft;
                return self.foresee();
            }
            EvaluateAction::Pick(what_for) => {
                return vec![Effect::Files(FileTask::PickFolder(what_for))];
            }
            EvaluateAction::Start => return self.start_evaluation(),
            EvaluateAction::Stop => {
                let going = self.evaluate.going.as_mut();
                let job = going.and_then(|going| {
                    going.stopping = true;
                    going.job
                });
                return job.map(Effect::Cancel).into_iter().collect();
            }
            EvaluateAction::Score(folder) => return self.score_folder(folder),
            EvaluateAction::Compare(None) => self.evaluate.against = None,
            EvaluateAction::Compare(Some(folder)) => {
                return vec![Effect::Files(FileTask::OpenReport(folder))];
            }
            EvaluateAction::Export(format) => return self.export_report(format),
        }
        Vec::new()
    }

    fn foresee(&mut self) -> Vec<Effect> {
        match self.evaluation_wanted() {
            Ok(spec) => {
                let spec = Box::new(spec);
                self.evaluate.looking = true;
                self.evaluate.asked = Some(spec.clone());
                vec![Effect::Files(FileTask::Foresee(spec))]
            }
            Err(_) => {
                (self.evaluate.looking, self.evaluate.asked) = (false, None);
                self.evaluate.outlook = None;
                Vec::new()
            }
        }
    }

    fn start_evaluation(&mut self) -> Vec<Effect> {
        let Ok(spec) = self.evaluation_wanted() else {
            return Vec::new();
        };
        let folder = spec.output.clone();
        let per_picture = Some(spec.settings.steps);
        let job = JobSpec::Validate(Box::new(spec));
        self.begin_evaluation(folder, per_picture, job)
    }

    fn score_folder(&mut self, folder: PathBuf) -> Vec<Effect> {
        let spec = ScoreSpec {
            folders: vec![folder.clone()],
            categories: None,
            pictures: None,
            judges: self.evaluate.draft.judge(&Setup {
                in_use: &self.bundle_source,
                home: None,
                clip: self.evaluate.clip.as_deref(),
                lpips: self.evaluate.lpips.as_deref(),
            }),
            output: None,
            against: None,
        };
        self.begin_evaluation(folder, None, JobSpec::Score(spec))
    }

    fn begin_evaluation(
        &mut self,
        folder: PathBuf,
        per_picture: Option<usize>,
        job: JobSpec,
    ) -> Vec<Effect> {
        if self.evaluate.going.is_some() {
            return Vec::new();
        }
        self.evaluate.problem = None;
        self.evaluate.unscored = None;
        self.evaluate.going = Some(Evaluating {
            folder,
            per_picture,
            ..Evaluating::default()
        });
        vec![Effect::Submit(Ticket::Evaluation, job)]
    }

    fn export_report(&self, format: ReportFormat) -> Vec<Effect> {
        let Some(shown) = &self.evaluate.shown else {
            return Vec::new();
        };
        let name = shown.folder.file_name().unwrap_or_default();
        let ending = format.extensions().first().copied().unwrap_or_default();
        let against = self.evaluate.against.as_ref();
        let export = ReportExport {
            found: Arc::new(Evaluation {
                report: shown.found.report.clone(),
                earlier: against.map(|(_, report)| (**report).clone()),
            }),
            against: against.map(|(path, _)| path.clone()),
            format,
            path: format!("{}.{ending}", name.display()).into(),
        };
        vec![Effect::Files(FileTask::PickReport(Box::new(export)))]
    }

    /// The submitted evaluation got its id.
    pub(super) fn evaluation_submitted(&mut self, job: JobId) {
        if let Some(going) = &mut self.evaluate.going {
            going.job = Some(job);
        }
    }

    /// A folder was chosen for the draft or to be looked at.
    pub(super) fn evaluation_folder(&mut self, what_for: FolderUse, path: PathBuf) -> Vec<Effect> {
        let mut draft = self.evaluate.draft.clone();
        match what_for {
            FolderUse::EvaluatedData => draft.dataset = path,
            FolderUse::EvaluationFolder => draft.output = path,
            FolderUse::Clip => draft.clip = path,
            FolderUse::Lpips => draft.lpips = path,
            FolderUse::Scored => return self.score_folder(path),
            FolderUse::Earlier => {
                return self.act_on_evaluation(EvaluateAction::Compare(Some(path)));
            }
            // About other pages.
            _ => return Vec::new(),
        }
        self.act_on_evaluation(EvaluateAction::Edit(Box::new(draft)))
    }

    /// Takes in an event about evaluations, and says what has to be done; none for any other event.
    pub(super) fn evaluation_heard(&mut self, event: &JobEvent) -> Option<Vec<Effect>> {
        let evaluate = &mut self.evaluate;
        match event {
            JobEvent::Foreseen(spec, outlook) => {
                if evaluate.asked.as_ref() == Some(spec) {
                    evaluate.looking = false;
                    evaluate.outlook = Some((**outlook).clone());
                }
                return Some(Vec::new());
            }
            JobEvent::ReportOpened(path, report) => {
                match report {
                    Ok(report) => evaluate.against = Some((path.clone(), report.clone())),
                    Err(problem) => self.notify(NoticeKind::Trouble(problem.clone())),
                }
                return Some(Vec::new());
            }
            _ => {}
        }
        let going = evaluate.going.as_mut()?;
        let own = |id: &JobId| going.job == Some(*id);
        match event {
            JobEvent::Started(id) if own(id) => going.stage = Some(Stage::Loading),
            JobEvent::StageBegan(id, stage) if own(id) => {
                going.stage = Some(*stage);
                (going.step, going.seconds_left) = (0, None);
            }
            JobEvent::Evaluated(id, found) if own(id) => {
                let folder = std::mem::take(&mut going.folder);
                self.evaluated(folder, found.clone(), None);
            }
            JobEvent::Validated(id, done) if own(id) => {
                let folder = std::mem::take(&mut going.folder);
                match &done.evaluation {
                    Some(found) => {
                        let found = Arc::new(found.clone());
                        self.evaluated(folder, found, Some(done.clone()));
                    }
                    None => {
                        evaluate.problem = done.unscored.clone();
                        evaluate.unscored = Some(done.clone());
                    }
                }
            }
            JobEvent::Failed(id, problem) if own(id) => evaluate.problem = Some(problem.clone()),
            _ if event.ends().is_some_and(|id| own(&id)) => {}
            _ => return None,
        }
        if event.ends().is_none() {
            return Some(Vec::new());
        }
        self.evaluate.going = None;
        // What is drawn now is there.
        Some(self.foresee())
    }

    fn evaluated(
        &mut self,
        folder: PathBuf,
        found: Arc<Evaluation>,
        validation: Option<Arc<Validation>>,
    ) {
        let folders = &mut self.evaluate.draft.folders;
        folders.retain(|known| *known != folder);
        folders.insert(0, folder.clone());
        folders.truncate(MAX_FOLDERS);
        self.evaluate.shown = Some(ShownEvaluation {
            folder,
            found,
            validation,
        });
    }

    /// Takes in how far the evaluation is; whether it is about it.
    pub(super) fn evaluation_stepped(&mut self, preview: &StepPreview) -> bool {
        match &mut self.evaluate.going {
            Some(going) if going.job == Some(preview.job) => {
                if going.stage != Some(Stage::Finishing) {
                    going.stage = Some(match going.per_picture {
                        Some(_) => Stage::Drawing,
                        None => Stage::Finishing,
                    });
                }
                (going.step, going.steps) = (preview.step, preview.steps);
                going.seconds_left = Some(preview.seconds_left);
                true
            }
            _ => false,
        }
    }
}
