//! How often each brightness and each value of red, green and blue occurs in a picture.

use super::Look;
use crate::app::theme::{CONTROL_RADIUS, space};
use crate::app::widgets::hint;
use eframe::egui;
use egui::{Color32, CornerRadius, Rect, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};
use image::RgbImage;

/// Height of one chart, in points.
const HEIGHT: f32 = 56.0;
/// Red, green and blue stand for themselves, in both themes.
const CHANNELS: [Color32; 3] = [
    Color32::from_rgb(214, 69, 65),
    Color32::from_rgb(58, 150, 84),
    Color32::from_rgb(66, 112, 214),
];

/// How many pixels have each of the 256 values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// By luma, `0.299 R + 0.587 G + 0.114 B` of the bytes, to the nearest (Rec. 601).
    pub luma: [u32; 256],
    /// By red, green and blue.
    pub channels: [[u32; 256]; 3],
}

impl Histogram {
    /// Counts the pixels of a picture; a few milliseconds per million of them.
    pub fn of(picture: &RgbImage) -> Self {
        let mut counted = Self {
            luma: [0; 256],
            channels: [[0; 256]; 3],
        };
        for pixel in picture.pixels() {
            for (bins, value) in counted.channels.iter_mut().zip(pixel.0) {
                bins[usize::from(value)] += 1;
            }
            let [red, green, blue] = pixel.0.map(usize::from);
            counted.luma[(299 * red + 587 * green + 114 * blue + 500) / 1000] += 1;
        }
        counted
    }

    /// The mean luma, 0..=255; none for a picture without pixels.
    pub fn mean_luma(&self) -> Option<f64> {
        let pixels: u64 = self.luma.iter().map(|count| u64::from(*count)).sum();
        let sum: u64 = (0..)
            .zip(self.luma)
            .map(|(value, count)| value * u64::from(count))
            .sum();
        (pixels > 0).then(|| sum as f64 / pixels as f64)
    }
}

/// Heights 0..=1. Square roots: drawn pictures have a few values in large areas, beside which
/// everything else would be flat.
fn heights(bins: &[u32; 256]) -> impl Iterator<Item = f32> {
    let most = bins.iter().copied().max().unwrap_or(0).max(1) as f32;
    bins.map(|count| (count as f32 / most).sqrt()).into_iter()
}

impl Look<'_> {
    /// The chart of one picture with its name.
    pub(super) fn histogram_ui(&self, ui: &mut Ui, name: &str, histogram: Option<&Histogram>) {
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = space::XS / 2.0;
            hint(ui, self.tokens, name);
            let size = vec2(ui.available_width(), HEIGHT);
            let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
            let radius = CornerRadius::same(CONTROL_RADIUS);
            ui.painter().rect_filled(rect, radius, self.tokens.well);
            let values = [("name", name.into())];
            let Some(histogram) = histogram else {
                let label = self.texts.with("look-histogram-waiting", &values);
                response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &label));
                return;
            };
            let mean = histogram.mean_luma().unwrap_or_default();
            let [name] = values;
            let values = [name, ("mean", format!("{mean:.0}").into())];
            let label = self.texts.with("look-histogram-label", &values);
            response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &label));
            self.chart(ui, rect.shrink(space::XS), histogram);
            response.on_hover_text(self.texts.get("look-histogram-chart-tip"));
        });
    }

    fn chart(&self, ui: &Ui, rect: Rect, histogram: &Histogram) {
        let column = rect.width() / 256.0;
        let mut bars = egui::Mesh::default();
        let mut left = rect.left();
        for height in heights(&histogram.luma) {
            let corner = pos2(left, rect.bottom() - height * rect.height());
            let bar = Rect::from_min_max(corner, pos2(left + column, rect.bottom()));
            bars.add_colored_rect(bar, self.tokens.text_weak.gamma_multiply(0.45));
            left += column;
        }
        ui.painter().add(Shape::mesh(bars));
        for (bins, colour) in histogram.channels.iter().zip(CHANNELS) {
            let mut middle = rect.left() + column / 2.0;
            let points = heights(bins)
                .map(|height| {
                    let point = pos2(middle, rect.bottom() - height * rect.height());
                    middle += column;
                    point
                })
                .collect();
            ui.painter().line(points, Stroke::new(1.0, colour));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn every_pixel_is_counted_once_per_chart() {
        let picture = RgbImage::from_fn(30, 20, |x, _| Rgb([255, x as u8, 0]));
        let histogram = Histogram::of(&picture);
        assert_eq!(histogram.luma.iter().sum::<u32>(), 600);
        assert_eq!(histogram.channels[0][255], 600);
        assert_eq!(histogram.channels[1][..30], [20; 30]);
        assert_eq!(histogram.channels[2][0], 600);
    }

    // Expected luma: Pillow's `Image.convert("L")` has the same weights; it gives 76, 150 and 29.
    #[test]
    fn luma_is_that_of_rec_601() {
        for (pixel, luma) in [
            ([255, 0, 0], 76),
            ([0, 255, 0], 150),
            ([0, 0, 255], 29),
            ([255, 255, 255], 255),
        ] {
            let histogram = Histogram::of(&RgbImage::from_pixel(2, 2, Rgb(pixel)));
            assert_eq!(histogram.luma[luma], 4, "{pixel:?}");
            assert_eq!(histogram.mean_luma(), Some(luma as f64));
        }
        assert_eq!(Histogram::of(&RgbImage::new(0, 0)).mean_luma(), None);
    }
}
