//! Which part of a picture is on screen. Lengths are physical screen pixels and pixels of picture
//! A, never points.

/// Screen pixels per picture pixel at most.
pub const MAX_ZOOM: f64 = 64.0;

/// How large a picture is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Zoom {
    /// As large as the view allows, whatever its size.
    #[default]
    Fit,
    /// That many screen pixels per picture pixel.
    Scale(f64),
}

/// What all views of one comparison share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// How large the picture is.
    pub zoom: Zoom,
    /// The place of the picture in the middle of the view, 0..1 from left to right and from top to
    /// bottom, so that it means the same in a picture of another size.
    pub centre: [f64; 2],
}

impl Default for Viewport {
    fn default() -> Self {
        Self {
            zoom: Zoom::Fit,
            centre: [0.5, 0.5],
        }
    }
}

/// The sizes a viewport is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Width and height of the view, in screen pixels.
    pub view: [u32; 2],
    /// Width and height of picture A.
    pub picture: [u32; 2],
}

impl Room {
    /// The zoom at which the whole picture is as large as the view allows.
    pub fn fit(self) -> f64 {
        let [x, y] = [0, 1].map(|axis| f64::from(self.view[axis]) / f64::from(self.picture[axis]));
        let zoom = x.min(y);
        if zoom.is_finite() && zoom > 0.0 {
            zoom.min(MAX_ZOOM)
        } else {
            1.0
        }
    }

    /// The smallest zoom worth having: the whole picture, or all of its pixels.
    fn least(self) -> f64 {
        self.fit().min(1.0)
    }
}

/// Where a picture is drawn in a view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    /// The screen pixel of the view at which the picture begins, right and down. Whole, so that at
    /// 1:1 every picture pixel is one screen pixel.
    pub corner: [i32; 2],
    /// Screen pixels per picture pixel.
    pub zoom: f64,
}

impl Placement {
    /// The place in the picture under a place in the view.
    pub fn picture_at(&self, view: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|axis| (view[axis] - f64::from(self.corner[axis])) / self.zoom)
    }

    /// The place in the view of a place in the picture.
    pub fn view_at(&self, picture: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|axis| f64::from(self.corner[axis]) + picture[axis] * self.zoom)
    }
}

impl Viewport {
    /// Shows the whole picture.
    pub fn fit(&mut self) {
        *self = Self::default();
    }

    /// Shows one picture pixel per screen pixel, around the same place.
    pub fn one_to_one(&mut self) {
        self.zoom = Zoom::Scale(1.0);
    }

    /// Screen pixels per picture pixel.
    pub fn scale(&self, room: Room) -> f64 {
        match self.zoom {
            Zoom::Fit => room.fit(),
            Zoom::Scale(scale) => scale,
        }
    }

    /// Where the picture is drawn.
    pub fn place(&self, room: Room) -> Placement {
        let zoom = self.scale(room);
        let corner = [0, 1].map(|axis| self.corner(room, axis).round() as i32);
        Placement { corner, zoom }
    }

    fn corner(&self, room: Room, axis: usize) -> f64 {
        let length = f64::from(room.picture[axis]) * self.scale(room);
        f64::from(room.view[axis]) / 2.0 - self.centre[axis] * length
    }

    /// Zooms by a factor and keeps what is under `pointer`, a place in the view.
    ///
    /// Zooming out ends at the whole picture or at 1:1, whichever is smaller.
    pub fn zoom_by(&mut self, room: Room, factor: f64, pointer: [f64; 2]) {
        let before = self.scale(room);
        let after = (before * factor).clamp(room.least(), MAX_ZOOM);
        if factor < 1.0 && after <= room.fit() && room.fit() <= 1.0 {
            self.fit();
            return;
        }
        for (axis, at) in pointer.into_iter().enumerate() {
            let from_middle = at - f64::from(room.view[axis]) / 2.0;
            let moved = from_middle / before - from_middle / after;
            self.centre[axis] += moved / f64::from(room.picture[axis].max(1));
        }
        self.zoom = Zoom::Scale(after);
        self.clamp();
    }

    /// Goes to the next power of two, larger or smaller, around the middle.
    pub fn step(&mut self, room: Room, larger: bool) {
        let now = self.scale(room);
        let power = now.log2();
        // A zoom within rounding of a power counts as that power.
        let next = if larger {
            (power + 1e-6).floor() + 1.0
        } else {
            (power - 1e-6).ceil() - 1.0
        };
        let middle = room.view.map(|side| f64::from(side) / 2.0);
        self.zoom_by(room, next.exp2() / now, middle);
    }

    /// Moves the picture by that many screen pixels.
    pub fn pan(&mut self, room: Room, by: [f64; 2]) {
        // In a fitted view everything is on screen already.
        if let Zoom::Scale(scale) = self.zoom {
            for (axis, by) in by.into_iter().enumerate() {
                self.centre[axis] -= by / (scale * f64::from(room.picture[axis].max(1)));
            }
            self.clamp();
        }
    }

    /// Keeps some of the picture in the middle of the view. Looser than keeping its edges outside
    /// the view: zooming around a pointer near an edge then never slips.
    fn clamp(&mut self) {
        self.centre = self.centre.map(|centre| centre.clamp(0.0, 1.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room {
        view: [400, 300],
        picture: [512, 256],
    };

    /// The place in the picture under a place in the view, before the corner is rounded.
    fn under(viewport: &Viewport, at: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|axis| (at[axis] - viewport.corner(ROOM, axis)) / viewport.scale(ROOM))
    }

    #[test]
    fn a_fitted_picture_is_whole_and_in_the_middle() {
        let placement = Viewport::default().place(ROOM);
        assert_eq!(placement.zoom, 400.0 / 512.0);
        assert_eq!(placement.corner, [0, 50]);
        assert_eq!(placement.picture_at([400.0, 250.0]), [512.0, 256.0]);
        assert_eq!(placement.view_at([512.0, 0.0]), [400.0, 50.0]);
    }

    #[test]
    fn the_pixel_under_the_pointer_stays_there() {
        let mut viewport = Viewport::default();
        let pointer = [37.0, 61.5];
        let before = under(&viewport, pointer);
        for factor in [1.3, 2.0, 7.7, 0.5, 1.01] {
            viewport.zoom_by(ROOM, factor, pointer);
            let after = under(&viewport, pointer);
            for axis in [0, 1] {
                assert!((before[axis] - after[axis]).abs() < 1e-9, "{after:?}");
            }
            // On screen the corner is rounded, by half a screen pixel at most.
            let drawn = viewport.place(ROOM).view_at(before);
            for axis in [0, 1] {
                assert!(
                    (drawn[axis] - pointer[axis]).abs() <= 0.500_001,
                    "{drawn:?}"
                );
            }
        }
    }

    #[test]
    fn zoom_has_ends() {
        let mut viewport = Viewport::default();
        viewport.zoom_by(ROOM, 1e9, [0.0, 50.0]);
        assert_eq!(viewport.zoom, Zoom::Scale(MAX_ZOOM));
        viewport.zoom_by(ROOM, 1e-9, [10.0, 10.0]);
        assert_eq!(viewport, Viewport::default(), "the whole picture again");
        let small = Room {
            view: [400, 300],
            picture: [8, 8],
        };
        assert_eq!(viewport.scale(small), 37.5);
        viewport.zoom_by(small, 1e-9, [200.0, 150.0]);
        assert_eq!(viewport.zoom, Zoom::Scale(1.0), "all of its pixels");
    }

    #[test]
    fn steps_go_over_powers_of_two() {
        let mut viewport = Viewport::default();
        let mut seen = Vec::new();
        for larger in [true, true, true, false, false, false] {
            viewport.step(ROOM, larger);
            seen.push(viewport.scale(ROOM));
        }
        assert_eq!(seen, [1.0, 2.0, 4.0, 2.0, 1.0, 400.0 / 512.0]);
    }

    #[test]
    fn the_picture_cannot_be_lost() {
        let mut viewport = Viewport::default();
        viewport.pan(ROOM, [1e6, 1e6]);
        assert_eq!(viewport, Viewport::default(), "fitted pictures stay");
        viewport.one_to_one();
        viewport.pan(ROOM, [100.0, -10.0]);
        assert_eq!(viewport.place(ROOM).corner, [-56 + 100, 22 - 10]);
        viewport.pan(ROOM, [1e6, -1e6]);
        assert_eq!(viewport.centre, [0.0, 1.0]);
        assert_eq!(viewport.place(ROOM).corner, [200, 150 - 256]);
    }

    #[test]
    fn nothing_to_show_breaks_nothing() {
        let empty = Room::default();
        let mut viewport = Viewport::default();
        viewport.zoom_by(empty, 2.0, [0.0, 0.0]);
        viewport.pan(empty, [1.0, 1.0]);
        viewport.step(empty, false);
        assert!(viewport.place(empty).zoom.is_finite());
        assert!(viewport.centre.into_iter().all(f64::is_finite));
    }
}
