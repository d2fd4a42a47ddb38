//! Every pixel of the graphics device against the CPU.

use super::noise;
use super::screen::{Case, Screen, rect, show_in};
use crate::golden::TestResult;
use eframe::wgpu;
use image::{Rgb, RgbImage, imageops};
use lgd_studio::app::look::{DifferenceKind, Shade, Viewport, WipeLine, Zoom, reference, view_px};
use std::sync::Arc;

fn scaled(scale: f64, centre: [f64; 2]) -> Viewport {
    Viewport {
        zoom: Zoom::Scale(scale),
        centre,
    }
}

/// Fitted, 1:1, twice and three times enlarged and moved, and the sizes between and below.
fn viewports() -> Vec<Viewport> {
    vec![
        Viewport::default(),
        scaled(1.0, [0.5, 0.5]),
        scaled(1.0, [0.113, 0.71]),
        scaled(2.0, [0.5, 0.5]),
        scaled(3.0, [0.21, 0.83]),
        scaled(1.37, [0.4, 0.6]),
        scaled(7.3, [0.9, 0.05]),
        scaled(0.43, [0.5, 0.5]),
    ]
}

fn shades() -> Vec<Shade> {
    let mut shades = vec![Shade::A, Shade::B];
    for line in [WipeLine::Vertical, WipeLine::Horizontal] {
        let positions = [0.0, 0.25, 0.5, 0.813, 1.0];
        shades.extend(positions.map(|position| Shade::Wipe { line, position }));
    }
    shades.extend([0.0, 0.31, 0.5, 1.0].map(|amount| Shade::Blend { amount }));
    for kind in DifferenceKind::ALL {
        shades.extend([1, 4, 64].map(|gain| Shade::Difference { kind, gain }));
    }
    shades
}

fn case() -> Case {
    Case {
        rect: rect(13.0, 7.0, 150.0, 110.0),
        pixels_per_point: 1.0,
        viewport: Viewport::default(),
        shade: Shade::A,
        a: noise(64, 48, 1),
        b: noise(64, 48, 2),
    }
}

/// How far two pictures are apart at most, and where.
fn largest_error(actual: &RgbImage, expected: &RgbImage) -> (u8, [u32; 2]) {
    assert_eq!(actual.dimensions(), expected.dimensions());
    let mut largest = (0, [0, 0]);
    for (x, y, pixel) in actual.enumerate_pixels() {
        for (a, b) in pixel.0.into_iter().zip(expected.get_pixel(x, y).0) {
            if a.abs_diff(b) > largest.0 {
                largest = (a.abs_diff(b), [x, y]);
            }
        }
    }
    largest
}

fn check(screen: &mut Screen, case: &Case) -> TestResult {
    let shown = screen.show(case)?;
    let expected = case.expected(shown.width(), shown.height());
    let (error, at) = largest_error(&shown, &expected);
    let (viewport, shade) = (case.viewport, case.shade);
    assert_eq!(error, 0, "at {at:?}: {shade:?}, {viewport:?}");
    Ok(())
}

#[test]
fn look_every_comparison_is_the_cpus_to_the_byte() -> TestResult {
    let Some(mut screen) = Screen::open() else {
        return Ok(());
    };
    let mut case = case();
    // The same size, larger, and smaller with other proportions.
    for b in [noise(64, 48, 2), noise(160, 120, 3), noise(40, 41, 4)] {
        case.b = b;
        for viewport in viewports() {
            case.viewport = viewport;
            for shade in shades() {
                case.shade = shade;
                check(&mut screen, &case)?;
            }
        }
    }
    let [uploads, _kept] = screen.uploads();
    assert_eq!(uploads, 4, "every picture once");
    Ok(())
}

#[test]
fn look_views_begin_at_whole_pixels_wherever_they_are() -> TestResult {
    let Some(mut screen) = Screen::open() else {
        return Ok(());
    };
    for (place, pixels_per_point) in [
        (rect(10.3, 20.7, 90.4, 80.2), 1.0),
        (rect(10.3, 20.7, 90.4, 80.2), 1.25),
        (rect(3.0, 4.0, 77.0, 51.0), 2.0),
        // Partly outside the screen, on either side.
        (rect(-31.5, -12.0, 100.0, 90.0), 1.5),
        (rect(150.0, 130.0, 100.0, 90.0), 1.0),
    ] {
        for viewport in viewports() {
            for shade in [
                Shade::B,
                Shade::Wipe {
                    line: WipeLine::Vertical,
                    position: 0.6,
                },
            ] {
                let case = Case {
                    rect: place,
                    pixels_per_point,
                    viewport,
                    shade,
                    ..case()
                };
                check(&mut screen, &case)?;
            }
        }
    }
    Ok(())
}

#[test]
fn look_without_a_device_the_same_is_painted() -> TestResult {
    let Some(mut screen) = Screen::without_device() else {
        return Ok(());
    };
    for pixels_per_point in [1.0, 1.25] {
        for viewport in viewports() {
            for shade in shades() {
                let case = Case {
                    rect: rect(10.3, 20.7, 90.4, 80.2),
                    pixels_per_point,
                    viewport,
                    shade,
                    ..case()
                };
                check(&mut screen, &case)?;
            }
        }
    }
    Ok(())
}

#[test]
fn look_equal_pictures_lie_exactly_over_each_other() -> TestResult {
    let Some(mut screen) = Screen::open() else {
        return Ok(());
    };
    let mut case = case();
    case.shade = Shade::Difference {
        kind: DifferenceKind::Absolute,
        gain: 64,
    };
    let (width, height) = case.a.dimensions();
    for times in [1, 2, 3] {
        // Every pixel of A as a square of B.
        let size = (width * times, height * times);
        let larger = imageops::resize(&*case.a, size.0, size.1, imageops::FilterType::Nearest);
        case.b = Arc::new(larger);
        for scale in [1.0, 2.0, 3.0, 6.0, 9.0] {
            case.viewport = scaled(scale, [0.3, 0.6]);
            // Otherwise A shows its pixels and B is interpolated.
            let comparable = times == 1 || scale == 1.0 || scale >= f64::from(2 * times);
            if comparable {
                let shown = screen.show(&case)?;
                let placement = case.viewport.place(case.room());
                let middle = case.rect.center();
                let at = [middle.x as u32, middle.y as u32];
                assert_eq!(shown.get_pixel(at[0], at[1]).0, [0; 3], "on the picture");
                let background = shown.get_pixel(0, 0);
                let black = |pixel: &Rgb<u8>| pixel.0 == [0; 3] || pixel == background;
                assert!(shown.pixels().all(black), "{times} {placement:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn look_a_pixel_is_where_the_viewport_says() -> TestResult {
    let Some(mut screen) = Screen::open() else {
        return Ok(());
    };
    let mut case = case();
    let black = Arc::new(RgbImage::new(64, 48));
    for (x, y) in [(20, 30), (23, 33), (40, 20)] {
        let mut marked = RgbImage::new(64, 48);
        marked.put_pixel(x, y, Rgb([255; 3]));
        let marked = Arc::new(marked);
        for scale in [1, 2, 3, 4] {
            case.viewport = scaled(f64::from(scale), [0.45, 0.55]);
            let placement = case.viewport.place(case.room());
            let [left, top] = placement.view_at([f64::from(x), f64::from(y)]);
            let [from_left, from_top] = case.corner();
            let corner = [from_left + left as i32, from_top + top as i32];
            let inside = |at: u32, corner: i32| (corner..corner + scale).contains(&(at as i32));
            for (a, b, shade) in [
                (&marked, &black, Shade::A),
                (&black, &marked, Shade::B),
                (
                    &marked,
                    &black,
                    Shade::Difference {
                        kind: DifferenceKind::Absolute,
                        gain: 1,
                    },
                ),
            ] {
                (case.a, case.b, case.shade) = (a.clone(), b.clone(), shade);
                let shown = screen.show(&case)?;
                let white: Vec<_> = shown
                    .enumerate_pixels()
                    .filter(|(_, _, pixel)| pixel.0 == [255; 3])
                    .collect();
                assert_eq!(white.len() as i32, scale * scale, "{shade:?} {scale}");
                let there = |(x, y): (u32, u32)| inside(x, corner[0]) && inside(y, corner[1]);
                assert!(white.iter().all(|(x, y, _)| there((*x, *y))), "{corner:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn look_pictures_are_uploaded_once_and_forgotten_with_their_last_owner() -> TestResult {
    let Some(mut screen) = Screen::open() else {
        return Ok(());
    };
    let mut case = case();
    for scale in [1.0, 2.0, 3.0] {
        case.viewport = scaled(scale, [0.5, 0.5]);
        screen.show(&case)?;
    }
    assert_eq!(screen.uploads(), [2, 2]);
    case.b = case.a.clone();
    screen.show(&case)?;
    // The frame before still held the old picture.
    screen.show(&case)?;
    assert_eq!(screen.uploads(), [2, 1], "one texture for both sides");
    case.b = noise(64, 48, 9);
    screen.show(&case)?;
    assert_eq!(screen.uploads(), [3, 2], "only what is new");
    Ok(())
}

#[test]
fn look_a_target_that_encodes_srgb_ends_with_the_same_bytes() -> TestResult {
    let Some(screen) = Screen::open() else {
        return Ok(());
    };
    let case = Case {
        rect: rect(0.0, 0.0, 64.0, 48.0),
        viewport: scaled(1.0, [0.5, 0.5]),
        ..case()
    };
    for (format, most) in [
        (wgpu::TextureFormat::Rgba8Unorm, 0),
        // Drivers may encode with a small error.
        (wgpu::TextureFormat::Rgba8UnormSrgb, 1),
    ] {
        let shown = show_in(&screen.state, format, &case);
        let expected = case.a.pixels().flat_map(|pixel| pixel.0);
        let shown = shown.chunks_exact(4).flat_map(|pixel| &pixel[..3]);
        let error = shown.zip(expected).map(|(a, b)| a.abs_diff(b)).max();
        assert!(error <= Some(most), "{format:?}: {error:?}");
    }
    Ok(())
}

/// The CPU's pictures are the measure above, so here they are held against the textbook: plain
/// floating point, written another way.
#[test]
fn look_the_cpu_agrees_with_the_textbook() -> TestResult {
    let mut case = case();
    for viewport in viewports() {
        case.viewport = viewport;
        let room = case.room();
        let placement = viewport.place(room);
        let shown = reference::compose(&case.scene(), &case.a, &case.b);
        assert_eq!([shown.width(), shown.height()], view_px(case.rect, 1.0));
        if placement.zoom < 1.0 {
            continue;
        }
        for (x, y, pixel) in shown.enumerate_pixels() {
            let at = placement.picture_at([f64::from(x) + 0.5, f64::from(y) + 0.5]);
            let sides = room.picture.map(f64::from);
            let on = (0..2).all(|axis| (0.0..sides[axis]).contains(&at[axis]));
            assert_eq!(pixel.0[3] == 255, on, "{x} {y} {viewport:?}");
            if !on {
                continue;
            }
            if placement.zoom >= 2.0 {
                let expected = case.a.get_pixel(at[0] as u32, at[1] as u32).0;
                assert_eq!(pixel.0[..3], expected, "{x} {y} {viewport:?}");
                continue;
            }
            for channel in 0..3 {
                let expected = bilinear(&case.a, at, channel);
                let error = (f64::from(pixel.0[channel]) - expected).abs();
                assert!(error <= 1.0, "{x} {y} {viewport:?}: {error}");
            }
        }
    }
    Ok(())
}

fn bilinear(picture: &RgbImage, at: [f64; 2], channel: usize) -> f64 {
    let [x, y] = at.map(|at| at - 0.5);
    let value = |x: f64, y: f64| {
        let x = x.clamp(0.0, f64::from(picture.width() - 1)) as u32;
        let y = y.clamp(0.0, f64::from(picture.height() - 1)) as u32;
        f64::from(picture.get_pixel(x, y).0[channel])
    };
    let (left, top) = (x.floor(), y.floor());
    let (right_part, bottom_part) = (x - left, y - top);
    let row = |y: f64| value(left, y) * (1.0 - right_part) + value(left + 1.0, y) * right_part;
    row(top) * (1.0 - bottom_part) + row(top + 1.0) * bottom_part
}
