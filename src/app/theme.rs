//! Colours, spacing and text sizes by meaning, in light and dark; the only place that styles egui.

use eframe::egui;
use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle, vec2};
use serde::Deserialize;

/// Distances in points; every gap of the window is one of these.
pub mod space {
    /// Between things that belong together.
    pub const XS: f32 = 4.0;
    /// Between controls.
    pub const S: f32 = 8.0;
    /// Between groups, and inside cards.
    pub const M: f32 = 12.0;
    /// Between cards and around panels.
    pub const L: f32 = 16.0;
    /// Between sections.
    pub const XL: f32 = 24.0;
}

/// Rounding of cards and pictures, in points.
pub const CARD_RADIUS: u8 = 14;
/// Rounding of buttons and fields, in points.
pub const CONTROL_RADIUS: u8 = 8;

/// Text style of the title of a card.
pub fn title_style() -> TextStyle {
    TextStyle::Name("title".into())
}

/// One colour of a token file, written `#rrggbb` or `#rrggbbaa`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Colour(Color32);

impl TryFrom<String> for Colour {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Color32::from_hex(&text)
            .map(Self)
            .map_err(|_ignored| format!("{text} is not a colour like #2a7784"))
    }
}

impl From<Colour> for Color32 {
    fn from(colour: Colour) -> Self {
        colour.0
    }
}

macro_rules! tokens {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct TokenFile { $($name: Colour,)* }

        /// The colours of one theme, by meaning.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Tokens { $($(#[$doc])* pub $name: Color32,)* }

        impl From<TokenFile> for Tokens {
            fn from(file: TokenFile) -> Self {
                Self { $($name: file.$name.into(),)* }
            }
        }
    };
}

tokens! {
    /// Behind everything.
    background,
    /// Rail, status bar and dialogs.
    panel,
    /// Cards.
    card,
    /// Thin line around cards.
    card_border,
    /// Where a picture will be.
    well,
    /// Text fields.
    field,
    /// Line around text fields.
    field_border,
    /// Text.
    text,
    /// Text that steps back.
    text_weak,
    /// The one accent: the primary button, progress, selection.
    accent,
    /// The accent under the pointer.
    accent_hover,
    /// The accent while pressed.
    accent_active,
    /// Text on the accent.
    on_accent,
    /// A quiet surface in the accent's hue.
    accent_soft,
    /// Text on that surface.
    on_accent_soft,
    /// Buttons.
    control,
    /// Buttons under the pointer.
    control_hover,
    /// Buttons while pressed.
    control_active,
    /// Text about failures.
    error,
    /// Surface for failures.
    error_soft,
    /// Text about things worth knowing.
    warning,
    /// Surface for things worth knowing.
    warning_soft,
    /// Text about things that worked.
    success,
    /// Between a dialog and what is below it.
    backdrop,
    /// Under cards and popups.
    shadow,
    /// Curves and marks of the question-guided column.
    mode_question,
    /// Of the answer-guided one.
    mode_answer,
    /// Of the latent-guided one.
    mode_latent,
    /// Of the one guided by both.
    mode_both,
    /// The disc behind a drawing: its ink needs a light ground in both themes.
    art,
}

/// Both themes.
#[derive(Clone, Debug)]
pub struct Theme {
    light: Tokens,
    dark: Tokens,
}

impl Theme {
    /// Reads the token files that are compiled in.
    pub fn load() -> Self {
        Self {
            light: parse(include_str!("../../assets/theme/light.toml")),
            dark: parse(include_str!("../../assets/theme/dark.toml")),
        }
    }

    /// The colours of the theme that is shown now.
    pub fn tokens(&self, ctx: &egui::Context) -> &Tokens {
        match ctx.theme() {
            egui::Theme::Light => &self.light,
            egui::Theme::Dark => &self.dark,
        }
    }

    /// Styles both of egui's themes; done once.
    pub fn install(&self, ctx: &egui::Context) {
        ctx.options_mut(|options| {
            options.fallback_theme = egui::Theme::Light;
            // The size of the interface is a setting of ours, with its own commands.
            options.zoom_with_keyboard = false;
        });
        ctx.style_mut_of(egui::Theme::Light, |style| apply(&self.light, style));
        ctx.style_mut_of(egui::Theme::Dark, |style| apply(&self.dark, style));
    }
}

/// Lets things move, or stand still where they can.
pub fn set_motion(ctx: &egui::Context, moving: bool) {
    let usual = egui::Style::default();
    let seconds = if moving { usual.animation_time } else { 0.0 };
    ctx.all_styles_mut(|style| {
        style.animation_time = seconds;
        style.scroll_animation = match moving {
            true => usual.scroll_animation,
            false => egui::style::ScrollAnimation::none(),
        };
    });
}

/// Whether things stand still.
pub fn stands_still(ctx: &egui::Context) -> bool {
    ctx.global_style().animation_time == 0.0
}

/// Parses a token file of the program; a test covers both.
fn parse(text: &str) -> Tokens {
    toml::from_str::<TokenFile>(text)
        .expect("the token files are compiled in and tested")
        .into()
}

/// The shadow under cards and popups.
pub fn shadow(tokens: &Tokens) -> Shadow {
    Shadow {
        offset: [0, 2],
        blur: 10,
        spread: 0,
        color: tokens.shadow,
    }
}

fn apply(tokens: &Tokens, style: &mut egui::Style) {
    let body = FontFamily::Proportional;
    style.text_styles = [
        (TextStyle::Heading, FontId::new(22.0, body.clone())),
        (title_style(), FontId::new(16.0, body.clone())),
        (TextStyle::Body, FontId::new(14.0, body.clone())),
        (TextStyle::Button, FontId::new(14.0, body.clone())),
        (TextStyle::Small, FontId::new(12.0, body)),
        (
            TextStyle::Monospace,
            FontId::new(12.5, FontFamily::Monospace),
        ),
    ]
    .into();

    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(space::S, space::S);
    spacing.button_padding = vec2(space::M, 6.0);
    spacing.interact_size = vec2(32.0, 30.0);
    spacing.window_margin = Margin::same(20);
    spacing.menu_margin = Margin::same(8);
    spacing.icon_width = 16.0;
    spacing.slider_rail_height = 5.0;
    spacing.tooltip_width = 320.0;
    spacing.scroll = egui::style::ScrollStyle::thin();

    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.4;

    let visuals = &mut style.visuals;
    let radius = CornerRadius::same(CONTROL_RADIUS);
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(tokens.text_weak);
    visuals.hyperlink_color = tokens.accent;
    visuals.faint_bg_color = tokens.well;
    visuals.extreme_bg_color = tokens.well;
    visuals.text_edit_bg_color = Some(tokens.field);
    visuals.code_bg_color = tokens.well;
    visuals.warn_fg_color = tokens.warning;
    visuals.error_fg_color = tokens.error;
    visuals.window_fill = tokens.panel;
    visuals.window_stroke = Stroke::new(1.0, tokens.card_border);
    visuals.window_corner_radius = CornerRadius::same(CARD_RADIUS);
    visuals.menu_corner_radius = CornerRadius::same(10);
    visuals.window_shadow = shadow(tokens);
    visuals.popup_shadow = shadow(tokens);
    visuals.panel_fill = tokens.background;
    visuals.selection.bg_fill = tokens.accent_soft;
    visuals.selection.stroke = Stroke::new(1.0, tokens.on_accent_soft);
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = egui::style::HandleShape::Circle;
    visuals.interact_cursor = Some(egui::CursorIcon::PointingHand);
    visuals.disabled_alpha = 0.5;

    let widgets = &mut visuals.widgets;
    for (widget, fill, text) in [
        (&mut widgets.noninteractive, tokens.card, tokens.text),
        (&mut widgets.inactive, tokens.control, tokens.text),
        (&mut widgets.hovered, tokens.control_hover, tokens.text),
        (&mut widgets.active, tokens.control_active, tokens.text),
        (&mut widgets.open, tokens.control_hover, tokens.text),
    ] {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::NONE;
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = radius;
        widget.expansion = 0.0;
    }
    // Separators, and the lines around fields and combo boxes.
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, tokens.card_border);
    widgets.inactive.bg_stroke = Stroke::NONE;
    widgets.hovered.fg_stroke = Stroke::new(1.5, tokens.text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_token_files_parse_and_differ() {
        let theme = Theme::load();
        assert_ne!(theme.light, theme.dark);
    }

    /// WCAG relative luminance of an opaque colour.
    fn luminance(colour: Color32) -> f32 {
        let linear = egui::Rgba::from(colour);
        0.2126 * linear.r() + 0.7152 * linear.g() + 0.0722 * linear.b()
    }

    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// WCAG 2.2 level AA, 1.4.3: text needs 4.5 to 1 on everything it is written on.
    #[test]
    fn text_is_readable_on_its_surfaces() {
        let theme = Theme::load();
        for t in [&theme.light, &theme.dark] {
            let pages = [t.background, t.panel, t.card];
            let controls = [t.control, t.control_hover, t.control_active];
            let written = [
                (t.text, [&pages[..], &controls, &[t.well, t.field]].concat()),
                (t.text, vec![t.accent_soft, t.warning_soft, t.error_soft]),
                (t.text_weak, [&pages[..], &[t.well, t.field]].concat()),
                (t.text_weak, vec![t.control, t.control_hover]),
                (t.accent, [&pages[..], &[t.field]].concat()),
                (t.on_accent, vec![t.accent, t.accent_hover, t.accent_active]),
                (t.on_accent_soft, vec![t.accent_soft]),
                (t.error, [&pages[..], &[t.error_soft]].concat()),
                (t.warning, [&pages[..], &[t.warning_soft]].concat()),
                (t.success, pages.to_vec()),
            ];
            for (text, surfaces) in written {
                for surface in surfaces {
                    let found = contrast(text, surface);
                    assert!(found >= 4.5, "{text:?} on {surface:?}: {found:.2}");
                }
            }
        }
    }

    /// The same, 1.4.11: what a control or a curve is known by needs 3 to 1.
    #[test]
    fn controls_and_curves_stand_out() {
        let theme = Theme::load();
        for t in [&theme.light, &theme.dark] {
            let pages = [t.background, t.panel, t.card];
            let modes = [t.mode_question, t.mode_answer, t.mode_latent, t.mode_both];
            let mut drawn = vec![
                // The line around a field, and the ring around what has the focus.
                (t.field_border, [&pages[..], &[t.field]].concat()),
                (t.accent, [&pages[..], &[t.well, t.field]].concat()),
                // The chosen one of a row of choices, and what is left of a slider.
                (t.accent, vec![t.control, t.control_hover, t.accent_soft]),
                (t.success, vec![t.panel]),
            ];
            drawn.extend(modes.map(|mode| (mode, vec![t.card, t.well])));
            for (line, surfaces) in drawn {
                for surface in surfaces {
                    let found = contrast(line, surface);
                    assert!(found >= 3.0, "{line:?} on {surface:?}: {found:.2}");
                }
            }
        }
    }
}
