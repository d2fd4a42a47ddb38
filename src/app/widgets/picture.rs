//! Pictures on screen: textures that are uploaded only when their picture changed, and our own art.

use crate::app::examples;
use eframe::egui;
use egui::{
    Color32, ColorImage, CornerRadius, Painter, Pos2, Rect, TextureHandle, TextureOptions, Vec2,
    epaint::RectShape, pos2, vec2,
};
use image::RgbImage;
use std::collections::HashMap;
use std::sync::Arc;

/// A place on screen that shows one picture at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The frame in the form.
    Frame,
    /// The frame of the newest run, for before and after.
    RunFrame,
    /// What a column draws.
    Column(usize),
    /// The picture of a kept run in the gallery.
    Gallery,
    /// What a cell of a grid draws.
    Cell(usize),
    /// The chosen cell, large.
    Chosen,
    /// A picture that waits for a choice.
    Offer,
    /// The picture before of the pair under the cursor.
    PairBefore,
    /// The picture after.
    PairAfter,
    /// The quick answer to its question.
    Sketch,
    /// The picture before of a pair that is picked from frames.
    PickedBefore,
    /// The picture after.
    PickedAfter,
    /// The picture beside the effects of words.
    Explained,
    /// The frame of a comparison, or one of its pictures.
    Ballot(usize),
    /// A sample of a training run.
    Sample(usize),
    /// The frame of a recorded run, or one of its answers.
    Film(usize),
}

/// Pixels of cells that are uploaded in one frame; a few milliseconds. The other cells follow in the
/// next frames.
const PIXELS_PER_FRAME: usize = 1 << 20;

struct Shown {
    /// Kept so that its address cannot be used again by another picture.
    picture: Arc<RgbImage>,
    texture: TextureHandle,
}

/// The textures of the slots.
#[derive(Default)]
pub struct Pictures {
    shown: HashMap<Slot, Shown>,
    uploads: usize,
    /// The frame that is drawn, and the pixels uploaded in it for cells.
    budget: (u64, usize),
}

impl Pictures {
    /// The texture of `picture`, uploaded now if the slot showed another one.
    pub fn texture(
        &mut self,
        ctx: &egui::Context,
        slot: Slot,
        picture: &Arc<RgbImage>,
    ) -> TextureHandle {
        if let Some(shown) = self.shown.get(&slot)
            && Arc::ptr_eq(&shown.picture, picture)
        {
            return shown.texture.clone();
        }
        self.uploads += 1;
        let (width, height) = picture.dimensions();
        let image = ColorImage::from_rgb([width as usize, height as usize], picture.as_raw());
        let options = filter(slot, picture);
        let texture = match self.shown.remove(&slot) {
            Some(mut shown) => {
                shown.texture.set(image, options);
                shown.texture
            }
            None => ctx.load_texture(format!("{slot:?}"), image, options),
        };
        self.shown.insert(
            slot,
            Shown {
                picture: picture.clone(),
                texture: texture.clone(),
            },
        );
        texture
    }

    /// The same for one of many pictures: none where this frame has uploaded enough already, and
    /// another frame is asked for.
    pub fn within_budget(
        &mut self,
        ctx: &egui::Context,
        slot: Slot,
        picture: &Arc<RgbImage>,
    ) -> Option<TextureHandle> {
        let shown = self.shown.get(&slot);
        if !shown.is_some_and(|shown| Arc::ptr_eq(&shown.picture, picture)) {
            let frame = ctx.cumulative_frame_nr();
            if self.budget.0 != frame {
                self.budget = (frame, 0);
            }
            if self.budget.1 >= PIXELS_PER_FRAME {
                ctx.request_repaint();
                return None;
            }
            self.budget.1 += picture.width() as usize * picture.height() as usize;
        }
        Some(self.texture(ctx, slot, picture))
    }

    /// Forgets the pictures of all cells from `count` on.
    pub fn keep_cells(&mut self, count: usize) {
        self.shown.retain(|slot, _| match slot {
            Slot::Cell(cell) => *cell < count,
            Slot::Chosen => count > 0,
            _ => true,
        });
    }

    /// Uploads so far; a test checks that nothing is uploaded twice.
    pub fn uploads(&self) -> usize {
        self.uploads
    }
}

/// Latents and photographs are smoothed, cells of a grid on every smaller size too; a picture of a
/// few pixels shows its pixels.
fn filter(slot: Slot, picture: &RgbImage) -> TextureOptions {
    if matches!(slot, Slot::Cell(_)) {
        TextureOptions::LINEAR.with_mipmap_mode(Some(egui::TextureFilter::Linear))
    } else if picture.width().max(picture.height()) < 8 {
        TextureOptions::NEAREST
    } else {
        TextureOptions::LINEAR
    }
}

/// The largest rectangle with the proportions of `size` in the middle of `room`.
pub fn fit(size: Vec2, room: Rect) -> Rect {
    if size.x <= 0.0 || size.y <= 0.0 {
        return room;
    }
    let scale = (room.width() / size.x).min(room.height() / size.y);
    Rect::from_center_size(room.center(), size * scale)
}

/// Paints a texture with rounded corners.
pub fn paint_picture(painter: &Painter, texture: &TextureHandle, rect: Rect, radius: u8) {
    let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
    painter.add(
        RectShape::filled(rect, CornerRadius::same(radius), Color32::WHITE)
            .with_texture(texture.id(), whole),
    );
}

/// The drawn world that is part of the window itself.
pub struct Art {
    /// The icon of the program.
    pub icon: TextureHandle,
    /// A happy cat, where an answer will be.
    pub cat: TextureHandle,
    /// A sad cat, where something failed.
    pub sad_cat: TextureHandle,
    /// A mouse, where a frame will be.
    pub mouse: TextureHandle,
    thumbnails: TextureHandle,
}

impl Art {
    /// Decodes the art; once, before the window appears.
    pub fn load(ctx: &egui::Context) -> Self {
        let load = |name: &str, bytes: &[u8]| {
            let image = match image::load_from_memory(bytes) {
                Ok(image) => image.into_rgba8(),
                Err(error) => {
                    tracing::warn!(name, %error, "a drawing of the program cannot be decoded");
                    image::RgbaImage::new(1, 1)
                }
            };
            let size = [image.width() as usize, image.height() as usize];
            let image = ColorImage::from_rgba_unmultiplied(size, image.as_raw());
            let mipmapped =
                TextureOptions::LINEAR.with_mipmap_mode(Some(egui::TextureFilter::Linear));
            ctx.load_texture(name, image, mipmapped)
        };
        Self {
            icon: load(
                "icon",
                include_bytes!("../../../assets/icon/hicolor/256.png"),
            ),
            cat: load("cat", include_bytes!("../../../assets/art/cat-happy.png")),
            sad_cat: load("sad cat", include_bytes!("../../../assets/art/cat-sad.png")),
            mouse: load(
                "mouse",
                include_bytes!("../../../assets/art/mouse-neutral.png"),
            ),
            thumbnails: load("thumbnails", examples::THUMBNAILS),
        }
    }

    /// Paints the thumbnail of an example, by its place in the table.
    pub fn paint_thumbnail(&self, painter: &Painter, index: usize, rect: Rect, radius: u8) {
        let columns = examples::THUMBNAILS_PER_ROW;
        let rows = examples::all().len().div_ceil(columns);
        let cell = vec2(1.0 / columns as f32, 1.0 / rows as f32);
        let corner = pos2(
            (index % columns) as f32 * cell.x,
            (index / columns) as f32 * cell.y,
        );
        let uv = Rect::from_min_size(corner, cell).shrink(0.002);
        painter.add(
            RectShape::filled(rect, CornerRadius::same(radius), Color32::WHITE)
                .with_texture(self.thumbnails.id(), uv),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_picture_fits_the_width() {
        let room = Rect::from_min_size(pos2(10.0, 10.0), vec2(100.0, 100.0));
        let rect = fit(vec2(200.0, 100.0), room);
        assert_eq!(rect.size(), vec2(100.0, 50.0));
        assert_eq!(rect.center(), room.center());
    }
}
