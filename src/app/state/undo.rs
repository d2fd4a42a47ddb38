//! Undo and redo of a form before it is used.

/// Steps that are remembered.
const MOST: usize = 100;

/// Earlier and later forms; one step per interaction, however many edits a drag or a word makes.
#[derive(Debug)]
pub(super) struct Undo<F> {
    past: Vec<F>,
    future: Vec<F>,
    /// Whether the interaction of the last edit still goes on.
    going_on: bool,
}

impl<F> Default for Undo<F> {
    fn default() -> Self {
        Self {
            past: Vec::new(),
            future: Vec::new(),
            going_on: false,
        }
    }
}

impl<F: Clone> Undo<F> {
    /// Notes the form as it was before an edit.
    pub(super) fn note(&mut self, before: &F) {
        self.future.clear();
        if self.going_on {
            return;
        }
        self.going_on = true;
        self.past.push(before.clone());
        if self.past.len() > MOST {
            self.past.remove(0);
        }
    }

    /// The interaction is over; the next edit is a step of its own.
    pub(super) fn settle(&mut self) {
        self.going_on = false;
    }

    /// The form one step ago, when there is one; `now` can be returned to.
    pub(super) fn back(&mut self, now: &F) -> Option<F> {
        self.going_on = false;
        let form = self.past.pop()?;
        self.future.push(now.clone());
        Some(form)
    }

    /// The form that was left by [`Undo::back`].
    pub(super) fn forward(&mut self, now: &F) -> Option<F> {
        self.going_on = false;
        let form = self.future.pop()?;
        self.past.push(now.clone());
        Some(form)
    }

    /// Whether there is a step back, and one forward.
    pub(super) fn possible(&self) -> (bool, bool) {
        (!self.past.is_empty(), !self.future.is_empty())
    }
}
