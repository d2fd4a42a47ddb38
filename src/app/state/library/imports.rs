//! Imports: original files that become a bundle. What they hold is looked at first; then a person
//! decides how.

use super::{AppState, BundleSource, Effect, Shelved};
use crate::app::state::{Dialog, NoticeKind, Ticket};
use crate::job::library::ImportTask;
use crate::job::{
    BuildProgress, BundleTask, FileTask, FolderUse, ImportSpec, JobId, LibraryTask, MadeBundle,
    Making, Problem, Recognised, StoredAs, WeightKind,
};
use std::path::{Path, PathBuf};

/// Imports as the window knows them.
#[derive(Debug, Default)]
pub struct ImportState {
    /// The files and folders that are to become a bundle.
    pub paths: Vec<PathBuf>,
    /// What they hold, or why nobody can tell.
    pub found: Option<Result<Box<Recognised>, Problem>>,
    /// How the bundle is to be made.
    pub plan: ImportPlan,
    /// Bytes free where the bundle would be, where the system says so.
    pub free: Option<u64>,
    /// Imports that are not finished.
    pub going: Vec<Importing>,
    /// The bundle folders are made in here.
    pub shelf: Option<PathBuf>,
    looking: Looking,
}

/// How a bundle is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportPlan {
    /// Its name.
    pub name: String,
    /// The number format.
    pub stored_as: StoredAs,
    /// Which of two sets of weights.
    pub weights: WeightKind,
    /// Whether the weights stay where they are.
    pub in_place: bool,
}

impl Default for ImportPlan {
    fn default() -> Self {
        Self {
            name: String::new(),
            stored_as: StoredAs::default(),
            weights: WeightKind::Ema,
            in_place: false,
        }
    }
}

/// Whether somebody looks at the paths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Looking {
    /// Nobody.
    #[default]
    No,
    /// Asked for, without a number yet.
    Asked,
    /// This job.
    Job(JobId),
}

/// An import on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Importing {
    /// What becomes what.
    pub spec: ImportSpec,
    /// What it does.
    pub state: ImportStep,
    /// How far it is, while it goes on.
    pub progress: Option<BuildProgress>,
}

/// What an import does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportStep {
    /// It was asked for.
    Asked,
    /// This job makes it.
    Running(JobId),
    /// It was told to stop.
    Stopping(JobId),
    /// It waits for a person: it was stopped, or the program ended.
    Stopped,
    /// It failed, and can be gone on with.
    Failed(Problem),
}

impl Importing {
    /// Whether it goes on by itself.
    pub fn is_running(&self) -> bool {
        !matches!(self.state, ImportStep::Stopped | ImportStep::Failed(_))
    }

    /// The name of the bundle.
    pub fn name(&self) -> String {
        let folder = self.spec.to.file_name().unwrap_or_default();
        let folder = || folder.to_string_lossy().into_owned();
        self.spec.name.clone().unwrap_or_else(folder)
    }
}

/// What a person does with imports.
#[derive(Clone, Debug, PartialEq)]
pub enum ImportAction {
    /// Asks for files or for a folder.
    Pick(FolderUse),
    /// Adds files and folders to what is looked at.
    Add(Vec<PathBuf>),
    /// Takes one away again.
    Remove(PathBuf),
    /// Starts over with these.
    Open(Vec<PathBuf>),
    /// Decides how the bundle is made.
    Plan(ImportPlan),
    /// Makes the bundle.
    Start,
    /// Stops making it; what is finished stays.
    Stop(PathBuf),
    /// Goes on with it.
    Continue(PathBuf),
    /// Throws away what is finished.
    Discard(PathBuf),
}

impl ImportState {
    /// Whether the paths are being looked at.
    pub fn is_looking(&self) -> bool {
        self.looking != Looking::No
    }

    /// What was recognised.
    pub fn recognised(&self) -> Option<&Recognised> {
        self.found.as_ref()?.as_deref().ok()
    }

    /// Bytes the bundle will take.
    pub fn bytes(&self) -> u64 {
        let Some(found) = self.recognised().filter(|_| !self.plan.in_place) else {
            return 0;
        };
        let chosen = found.chosen(self.plan.weights).into_iter();
        let each = chosen.map(|component| match self.plan.stored_as {
            StoredAs::AsStored => component.bytes,
            StoredAs::F32 => component.parameters * 4,
            StoredAs::F16 | StoredAs::Bf16 => component.parameters * 2,
        });
        each.sum()
    }

    /// Whether the bundle surely does not fit.
    pub fn lacks_room(&self) -> bool {
        self.free.is_some_and(|free| free < self.bytes())
    }

    /// The folder the bundle would be made in.
    pub fn target(&self) -> Option<PathBuf> {
        let name = folder_name(&self.plan.name)?;
        Some(self.shelf.as_ref()?.join(name))
    }

    fn at(&mut self, to: &Path) -> Option<&mut Importing> {
        self.going
            .iter_mut()
            .find(|importing| importing.spec.to == to)
    }

    fn by_job(&mut self, job: JobId) -> Option<&mut Importing> {
        self.going
            .iter_mut()
            .find(|importing| match importing.state {
                ImportStep::Running(known) | ImportStep::Stopping(known) => known == job,
                _ => false,
            })
    }

    /// Takes in how far an import is.
    pub(super) fn on_progress(&mut self, job: JobId, progress: BuildProgress) {
        if let Some(importing) = self.by_job(job) {
            importing.progress = Some(progress);
        }
    }
}

/// A folder's name made of a bundle's: letters, digits and dashes.
fn folder_name(name: &str) -> Option<String> {
    let mut folder = String::new();
    for c in name.trim().chars() {
        if c.is_alphanumeric() || c == '_' || (c == '.' && !folder.is_empty()) {
            folder.push(c);
        } else if !folder.is_empty() && !folder.ends_with('-') {
            folder.push('-');
        }
    }
    let folder = folder.trim_end_matches(['-', '.']).to_owned();
    (!folder.is_empty() && folder.len() <= 120).then_some(folder)
}

impl AppState {
    /// Does what a person asked of imports.
    pub(in crate::app::state) fn act_on_import(&mut self, action: ImportAction) -> Vec<Effect> {
        let import = &mut self.library.import;
        match action {
            ImportAction::Pick(what) => return vec![Effect::Files(FileTask::PickFolder(what))],
            ImportAction::Add(paths) => {
                let before = import.paths.len();
                for path in paths {
                    if !import.paths.contains(&path) {
                        import.paths.push(path);
                    }
                }
                if import.paths.len() > before {
                    return self.look_at_paths();
                }
            }
            ImportAction::Remove(path) => {
                import.paths.retain(|known| *known != path);
                return self.look_at_paths();
            }
            ImportAction::Open(paths) => {
                import.paths = paths;
                import.plan = ImportPlan::default();
                self.dialog = Some(Dialog::Import);
                return self.look_at_paths();
            }
            ImportAction::Plan(plan) => import.plan = plan,
            ImportAction::Start => return self.start_import(),
            ImportAction::Stop(to) => {
                if let Some(importing) = import.at(&to)
                    && let ImportStep::Running(job) = importing.state
                {
                    importing.state = ImportStep::Stopping(job);
                    return vec![Effect::Cancel(job)];
                }
            }
            ImportAction::Continue(to) => {
                if let Some(importing) = import.at(&to).filter(|known| !known.is_running()) {
                    importing.state = ImportStep::Asked;
                    return make(&importing.spec);
                }
            }
            ImportAction::Discard(to) => {
                let known =
                    |importing: &Importing| importing.spec.to == to && !importing.is_running();
                if let Some(place) = import.going.iter().position(known) {
                    import.going.remove(place);
                    return ask(ImportTask::Discard(to));
                }
            }
        }
        Vec::new()
    }

    /// Looks at the paths anew; what was known of them before is not true any more.
    fn look_at_paths(&mut self) -> Vec<Effect> {
        let import = &mut self.library.import;
        let mut effects = Vec::new();
        if let Looking::Job(job) = import.looking {
            effects.push(Effect::Cancel(job));
        }
        import.found = None;
        import.looking = Looking::No;
        if import.paths.is_empty() {
            return effects;
        }
        import.looking = Looking::Asked;
        let spec = ImportSpec::new(import.paths.clone(), PathBuf::new());
        effects.push(Effect::Make(Ticket::Recognise, BundleTask::Recognise(spec)));
        if let Some(shelf) = import.shelf.clone() {
            effects.extend(ask(ImportTask::MeasureRoom(shelf)));
        }
        effects
    }

    fn start_import(&mut self) -> Vec<Effect> {
        let import = &mut self.library.import;
        let Some(to) = import.target().filter(|_| import.recognised().is_some()) else {
            return Vec::new();
        };
        let spec = ImportSpec {
            name: Some(import.plan.name.trim().to_owned()),
            stored_as: import.plan.stored_as,
            weights: import.plan.weights,
            in_place: import.plan.in_place,
            ..ImportSpec::new(std::mem::take(&mut import.paths), to.clone())
        };
        import.found = None;
        import.plan = ImportPlan::default();
        import.going.retain(|importing| importing.spec.to != to);
        import.going.push(Importing {
            spec: spec.clone(),
            state: ImportStep::Asked,
            progress: None,
        });
        self.dialog = self.dialog.filter(|dialog| *dialog != Dialog::Import);
        // Written down first, so that a program that is killed finds it again.
        let mut effects = ask(ImportTask::Note(Box::new(spec.clone())));
        effects.extend(make(&spec));
        effects
    }

    /// A task got its number.
    pub(in crate::app::state) fn import_submitted(&mut self, to: Option<&Path>, job: JobId) {
        let import = &mut self.library.import;
        match to {
            None if import.looking == Looking::Asked => import.looking = Looking::Job(job),
            None => {}
            Some(to) => {
                if let Some(importing) = import.at(to) {
                    importing.state = ImportStep::Running(job);
                }
            }
        }
    }

    /// Takes in what was recognised.
    pub(in crate::app::state) fn recognised(&mut self, job: JobId, found: Box<Recognised>) {
        let import = &mut self.library.import;
        if import.looking != Looking::Job(job) {
            return;
        }
        import.looking = Looking::No;
        if import.plan.name.is_empty() {
            import.plan.name.clone_from(&found.suggested_name);
        }
        if !found.has_ema() {
            import.plan.weights = WeightKind::Plain;
        }
        import.found = Some(Ok(found));
    }

    /// A bundle is made; whether it was one of these imports.
    pub(in crate::app::state) fn made(&mut self, job: JobId, made: &MadeBundle) -> Vec<Effect> {
        let import = &mut self.library.import;
        if import.by_job(job).is_none() {
            return Vec::new();
        }
        import.going.retain(|importing| {
            importing.state != ImportStep::Running(job)
                && importing.state != ImportStep::Stopping(job)
        });
        let source = BundleSource::Folder(made.folder.clone());
        self.library.selected = Some(Shelved::Bundle(source));
        self.notify(NoticeKind::Imported(made.name.clone(), made.folder.clone()));
        let mut effects = ask(ImportTask::Forget(made.folder.clone()));
        effects.extend(self.list_bundles());
        effects
    }

    /// A job failed or was cancelled; whether it had to do with imports.
    pub(in crate::app::state) fn import_ended(
        &mut self,
        job: JobId,
        problem: Option<&Problem>,
    ) -> bool {
        let import = &mut self.library.import;
        if import.looking == Looking::Job(job) {
            import.looking = Looking::No;
            import.found = problem.map(|problem| Err(problem.clone()));
            return true;
        }
        let Some(importing) = import.by_job(job) else {
            return false;
        };
        importing.progress = None;
        importing.state = match problem {
            Some(problem) => ImportStep::Failed(problem.clone()),
            None => ImportStep::Stopped,
        };
        true
    }

    /// Imports of an earlier start wait for a person.
    pub(super) fn imports_found(&mut self, specs: Vec<ImportSpec>) {
        for spec in specs {
            if self.library.import.at(&spec.to).is_none() {
                self.library.import.going.push(Importing {
                    spec,
                    state: ImportStep::Stopped,
                    progress: None,
                });
            }
        }
    }

    /// Takes in how far tasks on bundles are.
    pub fn on_making(&mut self, all: Vec<Making>) {
        for Making { job, progress } in all {
            self.library.import.on_progress(job, progress);
        }
    }

    /// Looks for imports of an earlier start.
    pub(super) fn find_imports(&self) -> Vec<Effect> {
        ask(ImportTask::FindUnfinished)
    }
}

fn make(spec: &ImportSpec) -> Vec<Effect> {
    let ticket = Ticket::Import(spec.to.clone());
    vec![Effect::Make(ticket, BundleTask::Import(spec.clone()))]
}

fn ask(task: ImportTask) -> Vec<Effect> {
    vec![Effect::Library(LibraryTask::Import(task))]
}
