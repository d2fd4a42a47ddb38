//! The two panes of a page: a narrow one at a side, and the rest.

use crate::app::theme::space;
use eframe::egui;
use egui::{CentralPanel, Frame, Margin, Panel};

/// The pane at the left, `width` points wide, with so much room below.
pub fn left_pane(id: &'static str, width: f32, below: f32) -> Panel {
    let margin = Margin {
        right: 0,
        ..margin(below)
    };
    narrow(Panel::left(id), width, margin)
}

/// The pane at the right, `width` points wide, with so much room below.
pub fn right_pane(id: &'static str, width: f32, below: f32) -> Panel {
    let margin = Margin {
        left: 0,
        ..margin(below)
    };
    narrow(Panel::right(id), width, margin)
}

/// What is left of the page, with so much room below.
pub fn main_pane(below: f32) -> CentralPanel {
    CentralPanel::default().frame(Frame::new().inner_margin(margin(below)))
}

fn narrow(panel: Panel, width: f32, margin: Margin) -> Panel {
    panel
        .resizable(false)
        .show_separator_line(false)
        .exact_size(width)
        .frame(Frame::new().inner_margin(margin))
}

fn margin(below: f32) -> Margin {
    Margin {
        bottom: below as i8,
        ..Margin::same(space::L as i8)
    }
}
