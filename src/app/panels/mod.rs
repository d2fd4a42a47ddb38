//! The panels. Each owns its drafts and view state, reads the shared state through [`Cx`] and
//! pushes what the person did. (Pushes, rather than returning one action: an edit of the form and
//! a click can fall into the same frame.)

mod about;
mod ask;
mod care;
mod compute;
mod conference;
mod dataset;
mod evaluate;
mod exporting;
mod gallery;
mod guide;
mod memory;
mod models;
mod network;
mod notices;
mod offer;
mod palette;
mod preferences;
mod queue;
mod quit;
mod rail;
mod remedy;
mod status_bar;
mod train;
mod vote;
mod when;

pub use about::about_ui;
pub use ask::{AskPage, drop_overlay_ui, grid_setup_ui, story_ui};
pub use care::{LogPage, doctor_ui, exchange_ui, last_end_ui, package_ui};
pub use conference::{ConferencePage, keys as conference_keys};
pub use dataset::DatasetPage;
pub use evaluate::EvaluatePage;
pub use exporting::exporting_ui;
pub use gallery::GalleryPage;
pub use guide::{HelpPage, Spots, follow_stop, tour_keys, tour_ui, welcome_ui};
pub use models::ModelsPage;
pub use network::network_ui;
pub use notices::Notices;
pub use offer::offer_ui;
pub use palette::Palette;
pub use preferences::preferences_ui;
pub use queue::queue_ui;
pub use quit::quit_ui;
pub use rail::{WIDTH as RAIL_WIDTH, rail_ui};
pub use status_bar::{HEIGHT as STATUS_HEIGHT, status_bar_ui};
pub use train::TrainPage;
pub use vote::VotePage;

use super::state::{Action, AppState, Page, Stop};
use super::texts::{Texts, Value};
use super::theme::Tokens;
use super::widgets::look::LookPainter;
use super::widgets::{Art, Pictures};
use crate::job::{Places, Problem};
use eframe::egui;
use std::borrow::Cow;
use std::cell::RefCell;

/// The actions of files dropped onto the window.
pub fn dropped(ctx: &egui::Context, state: &AppState) -> Vec<Action> {
    match state.page {
        Page::Models => models::dropped(ctx),
        Page::Train => train::dropped(ctx),
        Page::Dataset => dataset::dropped(ctx, state),
        Page::Evaluate => evaluate::dropped(ctx, state),
        Page::Ask | Page::Gallery | Page::Vote | Page::Log | Page::Help => ask::dropped(ctx, state),
    }
}

/// What every panel may look at.
pub struct Cx<'a> {
    /// The shared state.
    pub state: &'a AppState,
    /// The texts.
    pub texts: &'a Texts,
    /// The colours of the theme that is shown.
    pub tokens: &'a Tokens,
    /// Textures of pictures.
    pub pictures: &'a RefCell<Pictures>,
    /// Pictures compared pixel by pixel.
    pub look: &'a RefCell<LookPainter>,
    /// Our own drawings.
    pub art: &'a Art,
    /// Where the controls of the tour are.
    pub spots: &'a RefCell<Spots>,
    /// Where files are.
    pub places: Option<&'a Places>,
}

impl Cx<'_> {
    /// A text by id.
    pub fn tr(&self, id: &'static str) -> Cow<'_, str> {
        self.texts.get(id)
    }

    /// A sentence from below the window: a failure, a finding, a reason.
    pub fn words<'a>(&self, english: &'a str) -> Cow<'a, str> {
        self.texts.words(english)
    }

    /// What failed.
    pub fn message<'a>(&self, problem: &'a Problem) -> Cow<'a, str> {
        self.texts.words(&problem.message)
    }

    /// What to do about a problem and the file it is about, each a line of its own.
    pub fn more(&self, problem: &Problem) -> Vec<String> {
        self.texts.more(problem)
    }

    /// All lines of a problem.
    pub fn problem(&self, problem: &Problem) -> String {
        self.texts.problem(problem)
    }

    /// Things of one kind behind each other.
    pub fn list(&self, items: &[impl AsRef<str>]) -> String {
        let items = items.iter().map(|item| item.as_ref().to_owned());
        let join = |list: String, next: String| {
            self.text(
                "joint-list",
                &[("list", list.into()), ("next", next.into())],
            )
        };
        items.reduce(join).unwrap_or_default()
    }

    /// Something, and something else about it.
    pub fn clauses(&self, first: &str, then: &str) -> String {
        let values = [("first", first.into()), ("then", then.into())];
        self.text("joint-clauses", &values)
    }

    /// A number with its unit.
    pub fn unit(&self, id: &'static str, number: String) -> String {
        self.text(id, &[("number", number.into())])
    }

    /// Something, and the reason that was given for it.
    pub fn reason(&self, name: &str, why: &str) -> String {
        let why = self.words(why).into_owned();
        self.text("with-reason", &[("name", name.into()), ("why", why.into())])
    }

    /// Notes where a control of the tour is.
    pub fn spot(&self, stop: Stop, rect: egui::Rect) {
        self.spots.borrow_mut().note(stop, rect);
    }

    /// A text by id with values.
    pub fn text(&self, id: &'static str, values: &[(&'static str, Value)]) -> String {
        self.texts.with(id, values)
    }
}
