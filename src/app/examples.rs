//! The drawn examples: titles and the questions that suit them. Their pictures are opened by the
//! file thread; only a sheet of thumbnails is decoded here, once, before the window appears.

use serde::Deserialize;
use std::sync::LazyLock;

/// The example that a fresh window opens: a cat beside a fishbowl.
pub const FIRST: &str = "fishbowl.png";

/// All thumbnails in one picture, four per row in the order of `frames.json`.
pub const THUMBNAILS: &[u8] = include_bytes!("../../assets/frames/thumbnails.png");

/// Thumbnails per row of the sheet.
pub const THUMBNAILS_PER_ROW: usize = 4;

const TABLE: &str = include_str!("../../assets/frames/frames.json");

/// One drawn frame.
#[derive(Clone, Debug)]
pub struct Example {
    /// File name, the name it is opened by.
    pub file: String,
    /// The id of the text that says what it shows.
    pub title_id: &'static str,
    /// Questions that have a known answer.
    pub questions: Vec<String>,
}

#[derive(Deserialize)]
struct Table {
    frames: Vec<TableFrame>,
}

#[derive(Deserialize)]
struct TableFrame {
    file: String,
    questions: Vec<TableQuestion>,
}

#[derive(Deserialize)]
struct TableQuestion {
    question: String,
}

static EXAMPLES: LazyLock<Vec<Example>> = LazyLock::new(|| {
    let table: Table =
        serde_json::from_str(TABLE).expect("the table of examples is compiled in and tested");
    table
        .frames
        .into_iter()
        .map(|frame| Example {
            title_id: title_id(&frame.file),
            file: frame.file,
            questions: frame
                .questions
                .into_iter()
                .map(|line| line.question)
                .collect(),
        })
        .collect()
});

/// The id of an example's title; the one of the program for a file that has none, which a test rules out.
fn title_id(file: &str) -> &'static str {
    match file {
        "cheese-party.png" => "example-cheese-party",
        "no-cheese.png" => "example-no-cheese",
        "fishbowl.png" => "example-fishbowl",
        "evening-lamp.png" => "example-evening-lamp",
        "magic-hat.png" => "example-magic-hat",
        "apple-tree.png" => "example-apple-tree",
        "snowman.png" => "example-snowman",
        "balloon.png" => "example-balloon",
        "garden-night.png" => "example-garden-night",
        "campfire.png" => "example-campfire",
        "ice-cream.png" => "example-ice-cream",
        "sprout.png" => "example-sprout",
        _ => "app-title",
    }
}

/// All examples, in the order they are shown.
pub fn all() -> &'static [Example] {
    &EXAMPLES
}

/// The example with this file name.
pub fn by_file(file: &str) -> Option<&'static Example> {
    all().iter().find(|example| example.file == file)
}

/// The questions of an example; none for an unknown name.
pub fn questions(file: &str) -> &'static [String] {
    by_file(file).map_or(&[], |example| &example.questions)
}

/// Whether a question is one of ours, so that it may be replaced without loss.
pub fn is_suggestion(question: &str) -> bool {
    all()
        .iter()
        .any(|example| example.questions.iter().any(|known| known == question))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_has_a_title_questions_and_a_thumbnail() -> image::ImageResult<()> {
        assert!(by_file(FIRST).is_some());
        for example in all() {
            assert_ne!(example.title_id, "app-title", "{}", example.file);
            assert!(!example.questions.is_empty(), "{}", example.file);
        }
        let sheet = image::load_from_memory(THUMBNAILS)?;
        let side = sheet.width() as usize / THUMBNAILS_PER_ROW;
        let rows = sheet.height() as usize / side;
        assert_eq!(rows * THUMBNAILS_PER_ROW, all().len());
        Ok(())
    }

    #[test]
    fn own_questions_are_told_from_suggestions() {
        assert!(is_suggestion("What happens if the cat gets hungry?"));
        assert!(!is_suggestion("What happens if the cat learns to swim?"));
    }
}
