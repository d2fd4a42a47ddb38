//! The fonts of the window: egui's own, then ours for Chinese.
//!
//! egui's fonts have no Chinese characters. A subset of Noto Sans SC comes along: the characters of
//! our own texts and the 3755 common ones of GB 2312 (level 1), so that texts look the same on every
//! system. For rarer characters, and other scripts, eframe asks the system's fonts when the first
//! such character is shown.

use crate::job::NOTO_SANS_SC;
use eframe::egui;
use egui::{FontData, FontDefinitions, FontFamily};
use std::sync::Arc;

/// Name of our font among egui's.
const CHINESE: &str = "noto-sans-sc";

/// Adds the font for Chinese behind egui's own, for proportional and monospaced text.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(definitions());
}

fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let chinese = FontData::from_static(NOTO_SANS_SC);
    fonts.font_data.insert(CHINESE.into(), Arc::new(chinese));
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        let names = fonts.families.entry(family).or_default();
        names.push(CHINESE.to_owned());
    }
    fonts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::language::Language;
    use egui::FontId;
    use egui::epaint::text::{Fonts, TextOptions};
    use std::collections::BTreeSet;

    /// The characters of a text that would be drawn as a box.
    fn boxes(text: &str) -> BTreeSet<char> {
        let mut fonts = Fonts::new(TextOptions::default(), definitions());
        let mut boxes = BTreeSet::new();
        for font in [FontId::proportional(14.0), FontId::monospace(12.5)] {
            let letters = text.chars().filter(|letter| !letter.is_control());
            boxes.extend(letters.filter(|letter| !fonts.has_glyph(&font, *letter)));
        }
        boxes
    }

    #[test]
    fn every_character_of_every_text_has_a_glyph() {
        for language in Language::ALL {
            for source in [Some(language.source()), language.catalogue()] {
                let boxes = boxes(source.unwrap_or_default());
                assert!(boxes.is_empty(), "{language:?}: {boxes:?}");
            }
        }
        assert!(!boxes("\u{10ffff}").is_empty());
    }

    #[test]
    fn what_people_type_has_glyphs() {
        // Common characters that no text of ours needs, the first and the last of level 1, and signs.
        let boxes = boxes("下雨了猫会怎么样？小狗跑到花园里玩雪，爷爷哭了！啊座《》【】￥");
        assert!(boxes.is_empty(), "{boxes:?}");
    }
}
