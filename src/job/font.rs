//! The font for Chinese characters, which neither egui nor exported pictures have of their own.

/// A subset of Noto Sans SC, regular, as TrueType: the characters of the program's texts and the
/// common ones of GB 2312. Licence: SIL Open Font License 1.1, beside the file.
pub const NOTO_SANS_SC: &[u8] = include_bytes!("../../assets/fonts/NotoSansSC-subset.ttf");
