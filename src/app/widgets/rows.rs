//! Long lists of which only the rows on screen exist: their textures, and where to scroll to.

use eframe::egui::{
    Color32, ColorImage, Context, FontId, Rect, TextureHandle, TextureOptions, Ui, text::LayoutJob,
};
use image::RgbImage;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Pictures that are uploaded in one frame; half a millisecond. The others follow in the next frames.
const UPLOADS_PER_FRAME: usize = 4;

/// The textures of what is on screen, by what they belong to.
pub struct RowTextures<K> {
    known: BTreeMap<K, (Arc<RgbImage>, TextureHandle)>,
    /// The frame that is drawn, and the pictures uploaded in it.
    uploaded: (u64, usize),
}

impl<K> Default for RowTextures<K> {
    fn default() -> Self {
        Self {
            known: BTreeMap::new(),
            uploaded: (0, 0),
        }
    }
}

impl<K: Ord + Copy + std::fmt::Debug> RowTextures<K> {
    /// The texture of a picture; none where this frame has uploaded enough already, and another frame
    /// is asked for.
    pub fn texture(
        &mut self,
        ctx: &Context,
        key: K,
        picture: &Arc<RgbImage>,
    ) -> Option<TextureHandle> {
        if let Some((known, texture)) = self.known.get(&key)
            && Arc::ptr_eq(known, picture)
        {
            return Some(texture.clone());
        }
        let frame = ctx.cumulative_frame_nr();
        if self.uploaded.0 != frame {
            self.uploaded = (frame, 0);
        }
        if self.uploaded.1 >= UPLOADS_PER_FRAME {
            ctx.request_repaint();
            return None;
        }
        self.uploaded.1 += 1;
        let size = [picture.width() as usize, picture.height() as usize];
        let image = ColorImage::from_rgb(size, picture.as_raw());
        let texture = ctx.load_texture(format!("{key:?}"), image, TextureOptions::LINEAR);
        self.known.insert(key, (picture.clone(), texture.clone()));
        Some(texture)
    }

    /// Forgets what is not on screen any more.
    pub fn keep(&mut self, visible: &[K]) {
        self.known.retain(|key, _| visible.contains(key));
    }
}

/// Words in a rectangle, cut after some rows.
pub fn words_in(ui: &Ui, rect: Rect, words: &str, size: f32, rows: usize, colour: Color32) {
    let font = FontId::proportional(size);
    let mut job = LayoutJob::simple(words.to_owned(), font, colour, rect.width());
    job.wrap.max_rows = rows;
    let galley = ui.painter().layout_job(job);
    ui.painter().galley(rect.min, galley, colour);
}

/// Where to scroll to, so that a row is seen as a whole; none when it is. `viewport` is how far down
/// the list is scrolled, and how much of it is seen.
pub fn offset_to_row(row: usize, row_height: f32, viewport: (f32, f32)) -> Option<f32> {
    let top = row as f32 * row_height;
    let (offset, height) = viewport;
    // Before the first frame nothing is known of what is seen.
    if top < offset || height <= 0.0 {
        Some(top)
    } else if top + row_height > offset + height {
        Some(top + row_height - height)
    } else {
        None
    }
}
