//! The loop that plays while nobody asks: recorded answers, from the typed question to the finished
//! pictures.

use super::{Cx, Shown, big_button, row_ui, words};
use crate::app::panels::ask::{mode_colour, mode_texts};
use crate::app::state::{Action, Conference, ConferenceAction};
use crate::app::theme::{self, space};
use crate::app::widgets::Slot;
use crate::job::Film;
use eframe::egui;
use egui::{Image, Label, Rect, Ui, UiBuilder, load::SizedTexture, pos2, vec2};
use std::time::Duration;

/// Seconds before the first letter, per letter, per step, and of the finished pictures.
const PAUSE: f64 = 0.8;
const LETTER: f64 = 0.045;
const STEP: f64 = 0.16;
const HOLD: f64 = 6.0;

/// Where the loop is.
#[derive(Default)]
pub struct Reel {
    film: usize,
    started: Option<f64>,
}

/// What a film shows at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cue {
    /// Letters of the question.
    letters: usize,
    /// Steps drawn; more than there are once it is finished.
    step: usize,
    over: bool,
}

impl Cue {
    fn at(film: &Film, seconds: f64) -> Self {
        let letters = film.question.chars().count();
        let typing = (seconds - PAUSE).max(0.0);
        let drawing = (typing - letters as f64 * LETTER - PAUSE).max(0.0);
        // A film without steps shows its pictures after a while all the same.
        let steps = film.steps().max(1);
        Self {
            letters: letters.min((typing / LETTER) as usize),
            step: (drawing / STEP) as usize,
            over: drawing > steps as f64 * STEP + HOLD,
        }
    }
}

impl Reel {
    /// Draws the loop.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        conference: &Conference,
        unit: f32,
        actions: &mut Vec<Action>,
    ) {
        let room = ui.available_rect_before_wrap();
        ui.horizontal(|ui| {
            let icon = SizedTexture::new(cx.art.icon.id(), vec2(56.0, 56.0) * unit);
            ui.add(Image::new(icon).alt_text(cx.tr("app-title")));
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                ui.label(words(cx.tr("app-title"), 26.0 * unit, cx.tokens.text).strong());
                ui.label(words(
                    cx.tr("conference-tagline"),
                    17.0 * unit,
                    cx.tokens.text_weak,
                ));
            });
        });
        let foot = Rect::from_min_max(pos2(room.left(), room.bottom() - 64.0 * unit), room.max);
        let top = ui.cursor().top() + space::L * unit;
        let middle = Rect::from_min_max(pos2(room.left(), top), foot.right_top());
        self.film_ui(ui, cx, conference, unit, middle);
        ui.scope_builder(UiBuilder::new().max_rect(foot), |ui| {
            ui.vertical_centered(|ui| {
                if big_button(ui, cx, &cx.tr("conference-begin"), unit, true).clicked() {
                    actions.push(ConferenceAction::Begin.into());
                }
            });
        });
        let pressed = ui.input(|input| input.pointer.any_click());
        let chosen = actions
            .iter()
            .any(|action| matches!(action, Action::Conference(ConferenceAction::Begin)));
        if pressed && !chosen {
            // The whole screen is the button.
            actions.push(ConferenceAction::Begin.into());
        }
    }

    fn film_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        conference: &Conference,
        unit: f32,
        room: Rect,
    ) {
        let now = ui.input(|input| input.time);
        let films = &conference.films;
        let Some(film) = films.get(self.film % films.len().max(1)) else {
            let text = match &conference.problem {
                Some(problem) => cx.problem(problem),
                None => cx.tr("conference-opening").into_owned(),
            };
            let label = Label::new(words(text, 18.0 * unit, cx.tokens.text_weak)).wrap();
            ui.place(room.shrink(room.height() * 0.3), label);
            return;
        };
        let started = *self.started.get_or_insert(now);
        let cue = Cue::at(film, now - started);
        if cue.over {
            (self.film, self.started) = ((self.film + 1) % films.len(), Some(now));
        }
        let letters = match theme::stands_still(ui.ctx()) {
            true => usize::MAX, // the question is there at once
            false => cue.letters,
        };
        let typed: String = film.question.chars().take(letters).collect();
        let line = Rect::from_min_size(room.min, vec2(room.width(), 44.0 * unit));
        ui.painter().text(
            line.center(),
            egui::Align2::CENTER_CENTER,
            &typed,
            egui::FontId::proportional(30.0 * unit),
            cx.tokens.text,
        );
        let mut row = vec![Shown {
            slot: Slot::Film(0),
            picture: Some(&film.frame),
            title: cx.tr("conference-frame").into_owned(),
            colour: cx.tokens.text_weak,
            caption: None,
        }];
        row.extend(film.columns.iter().enumerate().map(|(index, column)| {
            let finished = cue.step > column.steps.len();
            let guess = cue
                .step
                .checked_sub(1)
                .and_then(|step| column.steps.get(step));
            let (name, _) = mode_texts(column.mode);
            Shown {
                slot: Slot::Film(index + 1),
                picture: if finished {
                    Some(&column.picture)
                } else {
                    guess
                },
                title: cx.tr(name).into_owned(),
                colour: mode_colour(cx, column.mode),
                caption: column.answer.clone().filter(|_| finished),
            }
        }));
        let below = Rect::from_min_max(line.left_bottom(), room.max);
        row_ui(ui, cx, below, unit, &row);
        ui.ctx()
            .request_repaint_after(Duration::from_secs_f64(LETTER));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{FilmColumn, GuidanceMode};
    use image::RgbImage;
    use std::sync::Arc;

    #[test]
    fn a_film_types_draws_holds_and_ends() {
        let picture = Arc::new(RgbImage::new(1, 1));
        let film = Film {
            question: "What?".to_owned(),
            frame: picture.clone(),
            columns: vec![FilmColumn {
                mode: GuidanceMode::Latent,
                answer: None,
                steps: vec![picture.clone(); 10],
                picture,
            }],
        };
        let at = |seconds| Cue::at(&film, seconds);
        assert_eq!((at(0.0).letters, at(0.0).step), (0, 0));
        let typed = PAUSE + 5.0 * LETTER + 0.01;
        assert_eq!((at(typed).letters, at(typed).step), (5, 0));
        let half = typed + PAUSE + 5.0 * STEP;
        assert_eq!((at(half).step, at(half).over), (5, false));
        let finished = typed + PAUSE + 11.0 * STEP;
        assert!(at(finished).step > 10 && !at(finished).over);
        assert!(at(finished + HOLD).over);
    }
}
