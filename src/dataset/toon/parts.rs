//! The drawings and descriptions of the toon world, compiled into the program.

/// `world.json`: canvas, parts, attributes, entities, layers, splits.
pub(super) const WORLD: &str = include_str!("../../../assets/toon/world.json");

/// `rules.json`: what causes what.
pub(super) const RULES: &str = include_str!("../../../assets/toon/rules.json");

macro_rules! parts {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../assets/toon/parts/", $name, ".svg")))),+]
    };
}

/// Every drawing by name, sorted.
static PARTS: &[(&str, &str)] = parts![
    "balloon_popped",
    "balloon_whole",
    "beach_day",
    "beach_night",
    "beach_rain",
    "beam",
    "bone_whole",
    "cake_lit",
    "cat_angry",
    "cat_asleep",
    "cat_happy",
    "cat_hot",
    "cat_neutral",
    "cat_sad",
    "cat_scared",
    "cheese_whole",
    "dark",
    "dog_angry",
    "dog_asleep",
    "dog_happy",
    "dog_hot",
    "dog_neutral",
    "dog_sad",
    "dog_scared",
    "egg_chick",
    "egg_whole",
    "fire_burning",
    "fire_out",
    "fishbowl_empty",
    "fishbowl_fish",
    "garden_day",
    "garden_night",
    "garden_rain",
    "garden_snow",
    "gift_closed",
    "gift_open",
    "glow",
    "hat_bunny",
    "hat_empty",
    "icecream_melted",
    "icecream_whole",
    "lamp_off",
    "lamp_on",
    "mouse_angry",
    "mouse_asleep",
    "mouse_happy",
    "mouse_hot",
    "mouse_neutral",
    "mouse_sad",
    "mouse_scared",
    "night",
    "picture",
    "plant_bloom",
    "plant_sprout",
    "rain",
    "room_lilac",
    "room_mint",
    "room_peach",
    "shadow",
    "snow",
    "snowman_melted",
    "snowman_whole",
    "tree_apples",
    "tree_bare",
    "tree_fallen",
    "tree_green",
    "vase_broken",
    "vase_whole",
    "window_day",
    "window_night",
    "window_rain",
    "window_snow",
];

/// The inside of a part's `<svg>` element.
pub(super) fn drawing(name: &str) -> Option<&'static str> {
    let found = PARTS.binary_search_by_key(&name, |(name, _)| name).ok()?;
    let (_, text) = PARTS.get(found)?;
    let (_, inside) = text.split_once("<svg")?.1.split_once('>')?;
    Some(inside.rsplit_once("</svg>")?.0.trim())
}

#[cfg(test)]
mod tests {
    use super::{PARTS, drawing};

    #[test]
    fn the_parts_are_sorted_and_have_an_inside() {
        assert!(PARTS.is_sorted_by_key(|(name, _)| *name));
        for (name, _) in PARTS {
            assert!(
                drawing(name).is_some_and(|svg| svg.starts_with("<g")),
                "{name}"
            );
        }
    }
}
