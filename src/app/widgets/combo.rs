//! A small list of choices.

use eframe::egui::{ComboBox, Ui};

/// Shows the choice that is taken, and all of them when it is pressed; its name is heard, its value is
/// seen.
pub fn combo<T: Clone + PartialEq>(
    ui: &mut Ui,
    id: &str,
    name: &str,
    value: &mut T,
    choices: &[(T, String)],
) {
    let selected = choices.iter().find(|(choice, _)| choice == value);
    let text = selected.map(|(_, text)| text.clone()).unwrap_or_default();
    let combo = ComboBox::from_id_salt(id).selected_text(text);
    let shown = combo.show_ui(ui, |ui| {
        for (choice, text) in choices {
            ui.selectable_value(value, choice.clone(), text);
        }
    });
    shown.response.accessible_name(name).on_hover_text(name);
}
