//! How many cells go side by side.

use eframe::egui::{Rect, Vec2, pos2, vec2};

/// The places of `count` equal cells in `room`, in rows from the upper left, so that a picture with
/// the proportions of `picture` above a foot of height `foot` gets as large as it can, unless
/// `per_row` says how many go into a row.
pub fn cells(
    count: usize,
    per_row: Option<usize>,
    room: Rect,
    gap: f32,
    picture: Vec2,
    foot: f32,
) -> Vec<Rect> {
    let count = count.max(1);
    let cell = |columns: usize| {
        let rows = count.div_ceil(columns);
        let side = |length: f32, n: usize| (length - gap * (n as f32 - 1.0)) / n as f32;
        vec2(side(room.width(), columns), side(room.height(), rows))
    };
    let scale = |columns: usize| {
        let cell = cell(columns);
        (cell.x / picture.x.max(1.0)).min((cell.y - foot) / picture.y.max(1.0))
    };
    // Among equals the last wins, which is the fewest: two rows of two, not three and one.
    let columns = (1..=count)
        .rev()
        .max_by(|a, b| scale(*a).total_cmp(&scale(*b)));
    let columns = per_row.or(columns).unwrap_or(1).clamp(1, count);
    let size = cell(columns);
    let place = |i: usize| {
        let (column, row) = ((i % columns) as f32, (i / columns) as f32);
        let corner = pos2(
            room.left() + column * (size.x + gap),
            room.top() + row * (size.y + gap),
        );
        Rect::from_min_size(corner, size)
    };
    (0..count).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_follow_the_shape_of_the_room() {
        let square = vec2(1.0, 1.0);
        let room = |w, h| Rect::from_min_size(pos2(0.0, 0.0), vec2(w, h));
        let wide = cells(4, None, room(1600.0, 400.0), 10.0, square, 50.0);
        assert!(wide.iter().all(|cell| cell.top() == 0.0));
        let rows = cells(6, Some(2), room(1600.0, 400.0), 10.0, square, 50.0);
        assert_eq!(rows.iter().filter(|cell| cell.top() == 0.0).count(), 2);
        let tall = cells(4, None, room(700.0, 700.0), 10.0, square, 50.0);
        assert_eq!(tall.iter().filter(|cell| cell.top() == 0.0).count(), 2);
        let large = cells(4, None, room(1900.0, 1300.0), 10.0, square, 96.0);
        assert_eq!(large.iter().filter(|cell| cell.top() == 0.0).count(), 2);
        assert_eq!(
            cells(1, None, room(300.0, 200.0), 10.0, square, 0.0),
            [room(300.0, 200.0)]
        );
    }
}
