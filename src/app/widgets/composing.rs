//! Text that an input method is still composing: Chinese, Japanese and Korean are typed as sounds or
//! strokes, which become words only when one of several is chosen.
//!
//! egui puts what is being composed into the text of the field at once. Here it stands in the field and
//! nowhere else, so that it is not counted, not kept and not asked before it is settled.

use eframe::egui;
use egui::{Context, Event, Id, ImeEvent, Ui, text::CCursor, text::CCursorRange};
use std::ops::Range;

/// What a field shows while something is composed in it.
#[derive(Clone, Default)]
struct Composition {
    /// With what is composed.
    shown: String,
    /// Without.
    settled: String,
}

/// Follows what the input method says; called once per frame before anybody looks at keys.
///
/// Plain keys that come while something is composed belong to the input method: Enter settles a word
/// there, and may not ask the question as well. Most systems keep them from us; not all.
pub fn watch_composing(ctx: &Context) {
    let focused = ctx.memory(|memory| memory.focused());
    let focused = focused.filter(|_| ctx.text_edit_focused());
    let mut composing = composing(ctx).filter(|id| focused == Some(*id));
    ctx.input_mut(|input| {
        input.events.retain(|event| {
            match event {
                Event::Ime(ImeEvent::Preedit { text, .. }) if !is_line_end(text) => {
                    composing = focused.filter(|_| !text.is_empty());
                }
                Event::Ime(ImeEvent::Commit(text)) if !is_line_end(text) => composing = None,
                Event::Key {
                    pressed: true,
                    modifiers,
                    ..
                } => return composing.is_none() || modifiers.command || modifiers.alt,
                _ => {}
            }
            true
        });
    });
    ctx.data_mut(|data| data.insert_temp(Id::NULL, Composing(composing)));
}

/// The field in which something is composed.
#[derive(Clone, Copy, Default)]
struct Composing(Option<Id>);

fn composing(ctx: &Context) -> Option<Id> {
    ctx.data(|data| data.get_temp(Id::NULL).unwrap_or(Composing(None)).0)
}

/// egui takes no notice of these.
fn is_line_end(text: &str) -> bool {
    matches!(text, "\n" | "\r")
}

/// Shows a field with this id and text, of at most `limit` characters. `add` gets what is to be shown,
/// and how many characters egui may let in.
pub fn composed<R>(
    ui: &mut Ui,
    id: Id,
    limit: usize,
    text: &mut String,
    add: impl FnOnce(&mut Ui, &mut String, usize) -> R,
) -> R {
    let key = id.with("composed");
    let kept: Option<Composition> = ui.data(|data| data.get_temp(key));
    let here = composing(ui.ctx()) == Some(id);
    // The sounds of a word are longer than the word, so they may go beyond the limit.
    let room = if here || kept.is_some() {
        usize::MAX
    } else {
        limit
    };
    let before = kept.filter(|kept| kept.settled == *text);
    let mut shown = match before {
        Some(kept) => kept.shown,
        None => text.clone(), // nothing was composed, or somebody else has changed the text
    };
    let added = add(ui, &mut shown, room);
    if !here {
        ui.data_mut(|data| data.remove_temp::<Composition>(key));
        if room > limit {
            keep_to(ui, id, limit, &mut shown);
        }
        *text = shown;
    } else if ui.memory(|memory| memory.has_focus(id)) {
        let range = cursor(ui, id).unwrap_or_default().as_sorted_char_range();
        *text = without(&shown, range.start.0..range.end.0);
        let settled = text.clone();
        ui.data_mut(|data| data.insert_temp(key, Composition { shown, settled }));
    } else {
        // Left in the middle of a word: what was settled stays.
        ui.data_mut(|data| data.remove_temp::<Composition>(key));
    }
    added
}

fn cursor(ui: &Ui, id: Id) -> Option<CCursorRange> {
    let state = egui::text_edit::TextEditState::load(ui.ctx(), id)?;
    state.cursor.char_range()
}

/// A text without some of its characters.
fn without(text: &str, range: Range<usize>) -> String {
    let characters = text.chars().enumerate();
    let kept = characters.filter(|(place, _)| !range.contains(place));
    kept.map(|(_, character)| character).collect()
}

/// Takes the end of what was settled last away, where it went beyond the limit.
fn keep_to(ui: &Ui, id: Id, limit: usize, text: &mut String) {
    let count = text.chars().count();
    let over = count.saturating_sub(limit);
    let Some(mut state) = egui::text_edit::TextEditState::load(ui.ctx(), id).filter(|_| over > 0)
    else {
        return;
    };
    let end = state
        .cursor
        .char_range()
        .map_or(count, |range| range.primary.index.0);
    let begin = end.saturating_sub(over);
    *text = without(text, begin..end);
    let cursor = CCursorRange::one(CCursor::new(begin));
    state.cursor.set_char_range(Some(cursor));
    state.store(ui.ctx(), id);
    ui.ctx().request_repaint();
}
