//! The dialogs above the page.

/// A dialog above the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// Look, size and places.
    Settings,
    /// What this is, and the keys.
    About,
    /// Every command by name.
    Palette,
    /// A grid before it is drawn.
    Grid,
    /// A download before it begins.
    Hub,
    /// An import before it begins.
    Import,
    /// How the hub is reached, and what was asked of it.
    Network,
    /// A story before it is made.
    Story,
    /// A first question at one press.
    Welcome,
    /// How the program ended the last time.
    LastEnd,
    /// A debug package before it is written.
    Package,
    /// What this machine can run.
    Doctor,
    /// Settings of a file before they are used.
    ImportSettings,
    /// Whether to end the program while work goes on.
    Quit,
}
