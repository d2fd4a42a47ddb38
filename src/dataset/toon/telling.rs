//! Where pictures tell how things are.
//!
//! A sleeper and a waking one share body, ears and tail; closed eyes and Z's tell them apart. What tells a
//! state are the pixels that no other state of the same thing draws alike; all of them, where there is no
//! other state.
//!
//! A sky changes the colours of the whole picture, so it is told by what stands out from its surroundings as
//! in no other sky: flakes, streaks, puddles, stars.

use super::render::Renderer;
use super::scene::{Actor, Scene, Slot};
use super::world::World;
use image::RgbImage;
use std::collections::BTreeMap;

/// Difference of a colour, of 255, from which on it is seen.
const SEEN: u32 = 12;
/// The same for what stands out from its surroundings, which differ a little at every edge.
const STANDS_OUT: u32 = 24;

/// A picture's pixels with what they tell of the states of things.
#[derive(Debug)]
pub struct Telling {
    side: u32,
    /// By place and sky: the pixels that tell the sky, row by row from the top.
    skies: BTreeMap<(String, String), Vec<usize>>,
    things: BTreeMap<(String, String), Marks>,
}

/// Pixels of a thing in one of its states, as steps from the point where it stands.
#[derive(Debug)]
struct Marks {
    /// What tells the state.
    tells: Vec<(i32, i32)>,
    /// What hides things behind it.
    covers: Vec<(i32, i32)>,
}

impl Telling {
    /// Draws everything there is in all its states, alone, in pictures of `side` x `side` pixels.
    pub fn new(renderer: &Renderer, side: u32) -> Self {
        let empty = renderer.render(&stage(None), side);
        let mut things = BTreeMap::new();
        for (entity, about) in &World::get().entities {
            let drawn = about.states.iter().map(|state| {
                let actor = Actor {
                    entity: entity.clone(),
                    state: state.clone(),
                };
                (state, renderer.render(&stage(Some(actor)), side))
            });
            let drawn: Vec<(&String, RgbImage)> = drawn.collect();
            for (state, picture) in &drawn {
                let others: Vec<&RgbImage> = drawn
                    .iter()
                    .filter(|(other, _)| other != state)
                    .map(|(_, picture)| picture)
                    .collect();
                let covers = unlike(picture, &[&empty]);
                let tells = match others.is_empty() {
                    true => covers.clone(),
                    false => unlike(picture, &others),
                };
                let marks = Marks { tells, covers };
                things.insert((entity.clone(), (*state).clone()), marks);
            }
        }
        Self {
            side,
            skies: skies(renderer, side),
            things,
        }
    }

    /// How much each pixel of a scene's picture tells, row by row from the top: 0 for nothing. The pixels
    /// that tell that one thing is in a state, or how the sky is, have the weight of that state where they
    /// are a hundredth of the picture, more where they are fewer, so that a state counts alike however small
    /// its marks. What a thing in front hides is not told, nor are the flakes that fall in front of it.
    pub fn of(&self, scene: &Scene, weights: &BTreeMap<String, f64>) -> Vec<f32> {
        let side = self.side as i32;
        let pixels = (self.side * self.side) as usize;
        let each = |weight: Option<&f64>, count: usize| {
            let weight = weight.copied().unwrap_or(0.0);
            (weight * 0.01 * pixels as f64 / count.max(1) as f64) as f32
        };
        let mut told = vec![0.0; pixels];
        let sky = (scene.place.clone(), scene.sky.clone());
        let sky = self.skies.get(&sky).map_or(&[][..], Vec::as_slice);
        for &at in sky {
            if let Some(pixel) = told.get_mut(at) {
                *pixel = each(weights.get(&scene.sky), sky.len());
            }
        }
        for &slot in &World::get().draw_order {
            let Some(actor) = scene.slots.at(slot) else {
                continue;
            };
            let thing = (actor.entity.clone(), actor.state.clone());
            let Some(marks) = self.things.get(&thing) else {
                continue;
            };
            let (x, y) = standing(scene, slot, self.side);
            let each = each(weights.get(&actor.state), marks.tells.len());
            for (steps, value) in [(&marks.covers, 0.0), (&marks.tells, each)] {
                for &(dx, dy) in steps {
                    let (x, y) = (x + dx, y + dy);
                    if (0..side).contains(&x)
                        && (0..side).contains(&y)
                        && let Some(pixel) = told.get_mut((y * side + x) as usize)
                    {
                        *pixel = value;
                    }
                }
            }
        }
        told
    }
}

/// What tells each sky of each place, in empty pictures of `side` x `side` pixels.
fn skies(renderer: &Renderer, side: u32) -> BTreeMap<(String, String), Vec<usize>> {
    let mut told = BTreeMap::new();
    for place in Scene::values_of("place") {
        let drawn = Scene::values_of("sky").map(|sky| {
            let scene = Scene {
                place: place.to_owned(),
                sky: sky.to_owned(),
                ..stage(None)
            };
            (sky, standing_out(&renderer.render(&scene, side)))
        });
        let drawn: Vec<(&str, Vec<[i32; 3]>)> = drawn.collect();
        for (sky, picture) in &drawn {
            let others = || drawn.iter().filter(|(other, _)| other != sky);
            let marks = picture.iter().enumerate().filter(|(at, colour)| {
                others().all(|(_, other)| {
                    other
                        .get(*at)
                        .is_some_and(|other| apart(colour, other) > STANDS_OUT)
                })
            });
            let marks = marks.map(|(at, _)| at).collect();
            told.insert((place.to_owned(), (*sky).to_owned()), marks);
        }
    }
    told
}

/// How much the colours of each pixel differ from the mean of those around it, a thirty-second of the
/// picture away at most.
fn standing_out(picture: &RgbImage) -> Vec<[i32; 3]> {
    let reach = i64::from(picture.width() / 32);
    let (width, height) = (i64::from(picture.width()), i64::from(picture.height()));
    let around = |x: u32, y: u32| {
        let (x, y) = (i64::from(x), i64::from(y));
        let rows = (y - reach).max(0)..=(y + reach).min(height - 1);
        let columns = (x - reach).max(0)..=(x + reach).min(width - 1);
        let mut sum = [0; 3];
        let mut count = 0;
        for y in rows {
            for x in columns.clone() {
                let colour = picture.get_pixel(x as u32, y as u32).0;
                sum.iter_mut()
                    .zip(colour)
                    .for_each(|(sum, c)| *sum += i32::from(c));
                count += 1;
            }
        }
        sum.map(|sum| sum / count.max(1))
    };
    let pixels = picture.enumerate_pixels().map(|(x, y, pixel)| {
        let [r, g, b] = around(x, y);
        let [own_r, own_g, own_b] = pixel.0.map(i32::from);
        [own_r - r, own_g - g, own_b - b]
    });
    pixels.collect()
}

/// How far two colours are apart, in the part that differs most.
fn apart(one: &[i32; 3], other: &[i32; 3]) -> u32 {
    let steps = one.iter().zip(other).map(|(a, b)| a.abs_diff(*b));
    steps.max().unwrap_or(0)
}

/// A bright room with one thing in its centre, or with nothing.
fn stage(actor: Option<Actor>) -> Scene {
    let mut scene = Scene {
        place: "room".to_owned(),
        tint: "mint".to_owned(),
        flip: false,
        sky: "day".to_owned(),
        lamp: "none".to_owned(),
        tree: "none".to_owned(),
        slots: Default::default(),
        jitter: Default::default(),
    };
    scene.slots.c = actor;
    scene
}

/// The pixel on which what is in a slot stands.
fn standing(scene: &Scene, slot: Slot, side: u32) -> (i32, i32) {
    let world = World::get();
    let ([x, y], [dx, dy]) = (world.slots.at(slot), scene.jitter.at(slot));
    let pixel = |units: i32, of: u32| {
        (f64::from(units) * f64::from(side) / f64::from(of.max(1))).round() as i32
    };
    (
        pixel(x + dx, world.canvas.width),
        pixel(y + dy, world.canvas.height),
    )
}

/// Where a picture of the stage differs from all the others.
fn unlike(picture: &RgbImage, others: &[&RgbImage]) -> Vec<(i32, i32)> {
    let (x0, y0) = standing(&stage(None), Slot::C, picture.width());
    let pixels = picture.enumerate_pixels().filter(|(x, y, pixel)| {
        others.iter().all(|other| {
            let other = other.get_pixel(*x, *y).0;
            apart(&pixel.0.map(i32::from), &other.map(i32::from)) > SEEN
        })
    });
    pixels
        .map(|(x, y, _)| (x as i32 - x0, y as i32 - y0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Split, samples};
    use super::*;

    /// Scenes in which somebody sleeps by day.
    fn sleepers() -> impl Iterator<Item = Scene> {
        let scenes = samples(Split::Train, 1).map(|sample| sample.before);
        scenes
            .filter(|scene| scene.sky == "day" && scene.cast().any(|actor| actor.state == "asleep"))
    }

    #[test]
    fn the_marks_of_sleep_tell_it_wherever_the_sleeper_is() {
        let renderer = Renderer::new();
        let telling = Telling::new(&renderer, 128);
        // The blue of the Z's is nowhere else by day.
        let blue = [0x44u8, 0x53, 0xc8];
        let asleep = BTreeMap::from([("asleep".to_owned(), 1.0)]);
        let (mut marks, mut known) = (0, 0);
        for scene in sleepers().take(12) {
            let told = telling.of(&scene, &asleep);
            assert_eq!(told.len(), 128 * 128);
            let share = told.iter().filter(|told| **told > 0.0).count() as f64 / told.len() as f64;
            assert!((0.002..0.25).contains(&share), "{share} of {scene:?}");
            let picture = renderer.render(&scene, 128);
            for (x, y, pixel) in picture.enumerate_pixels() {
                let colours = pixel.0.iter().zip(blue);
                if colours.map(|(a, b)| a.abs_diff(b)).all(|apart| apart < 30) {
                    marks += 1;
                    known += usize::from(told[(y * 128 + x) as usize] > 0.0);
                }
            }
        }
        assert!(marks > 100, "{marks} pixels of Z's");
        assert!(known * 100 >= marks * 95, "{known} of {marks}");
    }

    #[test]
    fn flakes_and_puddles_tell_the_sky_and_its_colour_does_not() {
        let renderer = Renderer::new();
        let telling = Telling::new(&renderer, 128);
        for (place, sky) in [("garden", "snow"), ("garden", "rain"), ("beach", "rain")] {
            let empty = Scene {
                place: place.to_owned(),
                sky: sky.to_owned(),
                ..stage(None)
            };
            let weights = BTreeMap::from([(sky.to_owned(), 2.0)]);
            let told = telling.of(&empty, &weights);
            let sum: f32 = told.iter().sum();
            assert!((sum - 2.0 * 0.01 * 128.0 * 128.0).abs() < 0.5, "{sum}");
            let share = told.iter().filter(|told| **told > 0.0).count() as f64 / told.len() as f64;
            assert!((0.03..0.15).contains(&share), "{place} {sky}: {share}");
            // Somebody who stands before it hides it.
            let mut hidden = empty.clone();
            hidden.slots.c = Some(Actor {
                entity: "mouse".to_owned(),
                state: "happy".to_owned(),
            });
            let before: f32 = telling.of(&hidden, &weights).iter().sum();
            assert!(before > 0.0 && before < 0.99 * sum, "{before} of {sum}");
            // By another sky the same weights tell nothing.
            let other = Scene {
                sky: "day".to_owned(),
                ..empty
            };
            assert!(telling.of(&other, &weights).iter().all(|told| *told == 0.0));
        }
    }

    #[test]
    fn every_state_counts_alike_however_small_its_marks() {
        let telling = Telling::new(&Renderer::new(), 64);
        for (name, entity) in &World::get().entities {
            for state in &entity.states {
                let scene = stage(Some(Actor {
                    entity: name.clone(),
                    state: state.clone(),
                }));
                let weights = BTreeMap::from([(state.clone(), 3.0)]);
                let sum: f32 = telling.of(&scene, &weights).iter().sum();
                let expected = 3.0 * 0.01 * 64.0 * 64.0;
                assert!((sum - expected).abs() < 0.01, "{name} {state}: {sum}");
            }
        }
    }

    #[test]
    fn what_is_hidden_or_unknown_is_not_told() {
        let telling = Telling::new(&Renderer::new(), 128);
        let actor = |entity: &str, state: &str| {
            Some(Actor {
                entity: entity.to_owned(),
                state: state.to_owned(),
            })
        };
        let happy = BTreeMap::from([("happy".to_owned(), 1.0)]);
        let mut scene = stage(None);
        scene.slots.l = actor("mouse", "happy");
        let alone: f32 = telling.of(&scene, &happy).iter().sum();
        assert!(alone > 0.0);
        // Something that is asked for nothing stands in front.
        scene.slots.c = actor("bone", "whole");
        scene.jitter.c = [-38, -3];
        let behind: f32 = telling.of(&scene, &happy).iter().sum();
        assert!(behind < alone, "{behind} {alone}");
        let made_up = BTreeMap::from([("made up".to_owned(), 1.0)]);
        for (actor, weights) in [
            (None, &happy),
            (actor("mouse", "sad"), &happy),
            (actor("mouse", "made up"), &made_up),
        ] {
            let told = telling.of(&stage(actor), weights);
            assert!(told.iter().all(|told| *told == 0.0));
        }
    }
}
