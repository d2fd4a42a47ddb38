//! Every action, and what does it.

use super::{Action, AppState, Dialog, Effect, Page, Ticket};
use crate::job::{FileTask, is_run_file};

impl AppState {
    /// Does what a person asked for; what leaves the state comes back as effects.
    pub fn apply(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::EditForm(form) => self.edit_form(*form),
            Action::ResetForm => {
                let mut form = self.form.clone();
                form.reset_numbers(&self.defaults());
                self.edit_form(form);
            }
            Action::RollSeed => {
                let mut form = self.form.clone();
                form.request.seed = self.roll();
                self.edit_form(form);
            }
            Action::Settle => {
                self.undo.settle();
                self.train.settle();
                self.settle_dataset();
            }
            Action::Undo | Action::Redo if self.page == Page::Dataset => {
                return self.undo_dataset(matches!(action, Action::Redo));
            }
            Action::Undo => {
                if let Some(form) = self.undo.back(&self.form) {
                    self.take_form(form);
                }
            }
            Action::Redo => {
                if let Some(form) = self.undo.forward(&self.form) {
                    self.take_form(form);
                }
            }
            Action::Guide(action) => return self.act_on_guide(action),
            Action::Care(action) => return self.act_on_care(action),
            Action::Conference(action) => return self.act_on_conference(action),
            Action::Generate => return self.generate(),
            Action::Cancel => return self.cancel(),
            Action::Queue(action) => return self.act_on_queue(action),
            Action::Retry(column) => return self.retry(column),
            Action::AnswerWith(column, answer) => return self.answer_with(column, &answer),
            Action::AddMode(mode) => return self.add_mode(mode),
            Action::Branch(moment) => return self.branch(moment.column, moment.step),
            Action::RemoveColumn(column) => return self.remove_column(column),
            Action::Seek(step) => return self.seek(step),
            Action::StepBy(steps) => return self.step_by(steps),
            Action::Play(playing) => return self.play(playing),
            Action::Tick => return self.tick(),
            Action::Look(looking) => (self.looking, self.explaining) = (looking, None),
            Action::Explain(what) => return self.explain(what),
            Action::ShowTimes(shown) => self.timing = shown,
            Action::Measure(a, b) => return self.measure(a, b),
            Action::Grid(action) => return self.apply_to_grid(action),
            Action::Target(action) => return self.apply_to_target(action),
            Action::ReloadBundle => return vec![self.load_bundle()],
            Action::PickFrame => {
                self.page = Page::Ask;
                return vec![Effect::Files(FileTask::PickFrame)];
            }
            Action::OpenPath(path) if is_run_file(&path) => {
                return vec![Effect::Files(FileTask::OpenRun(path))];
            }
            Action::OpenPath(path) => {
                self.page = Page::Ask;
                return self.open(FileTask::OpenPicture(path));
            }
            Action::TakeOffer(choice) => return self.take_offer(choice),
            Action::OpenExample(file) => {
                self.suggest_question(&file);
                return self.open_example(&file);
            }
            Action::OpenBytes(name, bytes) => {
                self.page = Page::Ask;
                return self.open(FileTask::OpenDropped(name, bytes));
            }
            Action::PasteFrame => {
                self.page = Page::Ask;
                return self.open(FileTask::PasteFrame);
            }
            Action::SaveResult(column) => return self.save(column),
            Action::SaveRun => return self.save_run(),
            Action::Export(format) => return self.export(format),
            Action::Story(action) => return self.act_on_story(action),
            Action::CancelExport(job) => return self.cancel_export(job),
            Action::OpenRun(path) => return vec![Effect::Files(FileTask::OpenRun(path))],
            Action::CopyResult(column) => return self.copy(column),
            Action::UseAsFrame(column) => self.use_as_frame(column),
            Action::ShowPage(page) => return self.show_page(page),
            Action::Gallery(action) => return self.act_on_gallery(action),
            Action::Library(action) => return self.act_on_library(action),
            Action::Dataset(action) => return self.act_on_dataset(action),
            Action::Hub(action) => return self.act_on_hub(action),
            Action::Import(action) => return self.act_on_import(action),
            Action::Vote(action) => return self.act_on_votes(action),
            Action::Evaluate(action) => return self.act_on_evaluation(action),
            Action::Train(action) => return self.act_on_training(action),
            Action::ShowDialog(dialog) => {
                self.dialog = Some(dialog);
                if matches!(dialog, Dialog::Package | Dialog::Doctor) {
                    return self.come_to_care(dialog);
                }
                if dialog == Dialog::Settings {
                    let mut effects = self.measure_room();
                    effects.push(Effect::Files(FileTask::ReadDevices));
                    return effects;
                }
            }
            Action::CloseDialog => {
                let closed = self.dialog.take();
                self.leave_care(closed);
            }
            Action::EditSettings(settings) => return self.edit_settings(*settings),
            Action::UseCpu => return self.use_cpu(),
            Action::StopLoading => {
                return self.bundle_job.map(Effect::Cancel).into_iter().collect();
            }
            Action::Dismiss(id) => self.notices.retain(|notice| notice.id != id),
            Action::Resized(size) => self.window_size = Some(size),
            Action::Moved(place) => self.window_place = place,
            Action::OpenFiles(files) => return self.open_files(files),
            Action::Quit if self.asks_before_quitting() => self.dialog = Some(Dialog::Quit),
            Action::Quit | Action::QuitNow => self.quitting = true,
            Action::Submitted(Ticket::Unload(run), job) => self.train.unloading(run, job),
            Action::Submitted(ticket, job) => self.submitted(ticket, job),
        }
        Vec::new()
    }
}
