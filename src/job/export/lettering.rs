//! Text in pictures, with the fonts that the window uses, so no other fonts come along.

use crate::job::NOTO_SANS_SC;
use ab_glyph::{Font as _, FontRef, Glyph, OutlineCurve, Point, PxScale, ScaleFont as _, point};
use image::{Rgb, RgbImage};

/// The mark of a text that was cut.
const ELLIPSIS: char = '…';

/// A piece of an outline, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Trace {
    /// A contour begins.
    Move((f32, f32)),
    /// A straight line.
    Line((f32, f32)),
    /// A curve with two handles.
    Cubic((f32, f32), (f32, f32), (f32, f32)),
    /// The contour ends where it began.
    Close,
}

/// Fonts that draw into pictures.
pub(in crate::job) struct Lettering {
    /// The font of lines: their height and baseline are its.
    font: FontRef<'static>,
    /// For characters that it lacks.
    chinese: FontRef<'static>,
}

impl Lettering {
    /// The fonts of the window.
    pub fn new() -> Self {
        let [font, chinese] = [epaint_default_fonts::UBUNTU_LIGHT, NOTO_SANS_SC].map(|bytes| {
            FontRef::try_from_slice(bytes).expect("the font is compiled in, and a test reads it")
        });
        Self { font, chinese }
    }

    /// The font that has a letter; the first one when neither has it.
    fn font_of(&self, letter: char) -> &FontRef<'static> {
        let lacks = |font: &FontRef<'_>| font.glyph_id(letter).0 == 0;
        match lacks(&self.font) && !lacks(&self.chinese) {
            true => &self.chinese,
            false => &self.font,
        }
    }

    /// Height of a line, in pixels.
    pub fn line_height(size: f32) -> u32 {
        (size * 1.3).ceil() as u32
    }

    /// Width of a text in one line, in pixels.
    pub fn width(&self, text: &str, size: f32) -> f32 {
        self.place(text, size, 0.0, 0.0).1
    }

    /// The text in lines of at most `width` pixels; what does not fit into `most` lines is cut, with
    /// an ellipsis. A word that is wider than a line is broken.
    pub fn wrap(&self, text: &str, size: f32, width: f32, most: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            let longer = if line.is_empty() {
                word.to_owned()
            } else {
                format!("{line} {word}")
            };
            if self.width(&longer, size) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for letter in word.chars() {
                line.push(letter);
                if line.chars().count() > 1 && self.width(&line, size) > width {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, letter.to_string()));
                }
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                last.push(ELLIPSIS);
                while last.chars().count() > 1 && self.width(last, size) > width {
                    let end = last.char_indices().rev().nth(1).map_or(0, |(at, _)| at);
                    last.replace_range(end.., "");
                    last.push(ELLIPSIS);
                }
            }
        }
        lines
    }

    /// Draws one line with its upper left corner at `at`; what falls outside the picture is lost.
    pub fn draw(
        &self,
        picture: &mut RgbImage,
        at: (u32, u32),
        text: &str,
        size: f32,
        colour: Rgb<u8>,
    ) {
        let (glyphs, _) = self.place(text, size, at.0 as f32, at.1 as f32);
        for (font, glyph) in glyphs {
            let Some(outline) = font.outline_glyph(glyph) else {
                continue; // a space
            };
            let corner = outline.px_bounds().min;
            outline.draw(|x, y, coverage| {
                let (x, y) = (corner.x + x as f32, corner.y + y as f32);
                if x < 0.0 || y < 0.0 {
                    return;
                }
                if let Some(pixel) = picture.get_pixel_mut_checked(x as u32, y as u32) {
                    for (channel, ink) in pixel.0.iter_mut().zip(colour.0) {
                        let (ground, ink) = (f32::from(*channel), f32::from(ink));
                        let share = coverage.clamp(0.0, 1.0);
                        *channel = (ground + (ink - ground) * share).round() as u8;
                    }
                }
            });
        }
    }

    /// One line as outlines, with its upper left corner at `at`; y grows downwards.
    pub(super) fn trace(&self, at: (u32, u32), text: &str, size: f32, draw: &mut dyn FnMut(Trace)) {
        let (glyphs, _) = self.place(text, size, at.0 as f32, at.1 as f32);
        for (font, glyph) in glyphs {
            let Some(outline) = font.outline(glyph.id) else {
                continue; // a space
            };
            let scaled = font.as_scaled(glyph.scale);
            let (across, down) = (scaled.h_scale_factor(), scaled.v_scale_factor());
            let origin = glyph.position;
            let to = |p: Point| (origin.x + p.x * across, origin.y - p.y * down);
            let mut last = None;
            for curve in outline.curves {
                let (from, end) = match curve {
                    OutlineCurve::Line(from, end)
                    | OutlineCurve::Quad(from, _, end)
                    | OutlineCurve::Cubic(from, _, _, end) => (from, end),
                };
                if last != Some(from) {
                    if last.is_some() {
                        draw(Trace::Close);
                    }
                    draw(Trace::Move(to(from)));
                }
                draw(match curve {
                    OutlineCurve::Line(_, end) => Trace::Line(to(end)),
                    OutlineCurve::Cubic(_, a, b, end) => Trace::Cubic(to(a), to(b), to(end)),
                    OutlineCurve::Quad(from, control, end) => {
                        // The same curve with two handles.
                        let third = |p: Point| {
                            point(
                                p.x + (control.x - p.x) * 2.0 / 3.0,
                                p.y + (control.y - p.y) * 2.0 / 3.0,
                            )
                        };
                        Trace::Cubic(to(third(from)), to(third(end)), to(end))
                    }
                });
                last = Some(end);
            }
            if last.is_some() {
                draw(Trace::Close);
            }
        }
    }

    /// The glyphs of one line, each with its font, and the width.
    fn place(
        &self,
        text: &str,
        size: f32,
        x: f32,
        y: f32,
    ) -> (Vec<(&FontRef<'static>, Glyph)>, f32) {
        let scale = PxScale::from(size);
        let baseline = y + self.font.as_scaled(scale).ascent();
        let mut caret = x;
        let mut glyphs: Vec<(&FontRef<'static>, Glyph)> = Vec::new();
        for letter in text.chars().filter(|letter| !letter.is_control()) {
            let of = self.font_of(letter);
            let font = of.as_scaled(scale);
            let id = font.glyph_id(letter);
            if let Some((before, last)) = glyphs.last()
                && std::ptr::eq(*before, of)
            {
                caret += font.kern(last.id, id);
            }
            glyphs.push((
                of,
                id.with_scale_and_position(scale, point(caret, baseline)),
            ));
            caret += font.h_advance(id);
        }
        (glyphs, caret - x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_a_cut_is_marked() {
        let lettering = Lettering::new();
        let text = "What happens if the cat gets very hungry and finds the fishbowl?";
        let lines = lettering.wrap(text, 18.0, 160.0, 9);
        assert!(lines.len() > 2, "{lines:?}");
        assert_eq!(lines.join(" "), text);
        for line in &lines {
            assert!(lettering.width(line, 18.0) <= 160.0, "{line}");
        }
        let cut = lettering.wrap(text, 18.0, 160.0, 2);
        assert_eq!(cut.len(), 2);
        assert!(cut[1].ends_with('…') && lettering.width(&cut[1], 18.0) <= 160.0);
        let broken = lettering.wrap("Donaudampfschifffahrtsgesellschaft", 18.0, 60.0, 9);
        assert!(broken.len() > 2, "{broken:?}");
        assert_eq!(broken.concat(), "Donaudampfschifffahrtsgesellschaft");
    }

    #[test]
    fn chinese_has_ink_and_breaks_anywhere() {
        let lettering = Lettering::new();
        let drawn = |text| {
            let mut picture = RgbImage::from_pixel(60, 40, Rgb([255; 3]));
            lettering.draw(&mut picture, (4, 4), text, 24.0, Rgb([0; 3]));
            picture
        };
        assert_ne!(drawn("下雨"), drawn("开灯"), "boxes look the same");
        let text = "如果下雨了猫会怎么样";
        let lines = lettering.wrap(text, 18.0, 60.0, 9);
        assert!(lines.len() > 2, "{lines:?}");
        assert_eq!(lines.concat(), text);
    }

    #[test]
    fn ink_stays_where_the_text_is() {
        let mut picture = RgbImage::from_pixel(60, 40, Rgb([255; 3]));
        let lettering = Lettering::new();
        lettering.draw(&mut picture, (10, 8), "If", 20.0, Rgb([0; 3]));
        let dark = |(_, _, p): &(u32, u32, &Rgb<u8>)| p.0[0] < 128;
        let ink: Vec<_> = picture.enumerate_pixels().filter(dark).collect();
        assert!(ink.len() > 20, "{} dark pixels", ink.len());
        assert!(
            ink.iter()
                .all(|(x, y, _)| (10..32).contains(x) && (8..32).contains(y))
        );
        // Half of it outside is no reason to fail.
        lettering.draw(&mut picture, (50, 30), "What?", 20.0, Rgb([0; 3]));
    }
}
