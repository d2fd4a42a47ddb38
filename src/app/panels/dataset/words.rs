//! What categories, orders and states of review are called.

use super::Cx;
use crate::app::state::PairOrder;
use crate::app::widgets::Tone;
use crate::job::datasets::{CATEGORIES, ReviewState};
use std::borrow::Cow;

/// The category in the words of the page; one of somebody's own as it is.
pub fn category<'a>(cx: &'a Cx<'_>, category: &'a str) -> Cow<'a, str> {
    let known = CATEGORIES.iter().position(|known| *known == category);
    match known {
        Some(0) => cx.tr("category-scenery"),
        Some(1) => cx.tr("category-more"),
        Some(2) => cx.tr("category-fewer"),
        Some(3) => cx.tr("category-entities"),
        Some(_) => cx.tr("category-emotion"),
        None => Cow::Borrowed(category),
    }
}

/// What the reviews come to, and how it is coloured.
pub fn review(state: ReviewState) -> (&'static str, Tone) {
    match state {
        ReviewState::Open => ("review-open", Tone::Quiet),
        ReviewState::Waiting => ("review-waiting", Tone::Warning),
        ReviewState::Once => ("review-once", Tone::Quiet),
        ReviewState::Accepted => ("review-accepted", Tone::Accent),
        ReviewState::Rejected => ("review-rejected", Tone::Error),
        ReviewState::Disputed => ("review-disputed", Tone::Error),
    }
}

/// The name of an order.
pub fn order(order: PairOrder) -> &'static str {
    match order {
        PairOrder::List => "order-list",
        PairOrder::Name => "order-name",
        PairOrder::Category => "order-category",
        PairOrder::Review => "order-review",
    }
}
