//! What a saved picture says about how it was drawn, ready to be drawn again.

use super::{EditRequest, Frame, FrameFacts, PictureMetadata, Problem};
use crate::pipeline::frame_image::{self, Reading};
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;

/// The requests of a picture and who drew them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recalled {
    /// One request, or one per column of a picture that shows a whole run.
    pub requests: Vec<EditRequest>,
    /// Who drew it, from what.
    pub made: Made,
    /// Settings that this version does not know.
    pub unknown: Vec<String>,
}

/// Who made a picture, as it says itself.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Made {
    /// Version of the program.
    pub version: String,
    /// The bundle's name.
    pub bundle: String,
    /// Equal for bundles with equal files.
    pub bundle_fingerprint: String,
    /// Device and dtype.
    pub device: String,
    /// The answer, in the modes that have one.
    pub written_answer: Option<String>,
    /// What it was drawn from.
    pub frame: FrameFacts,
}

/// Where else than in a request fields of a picture are read.
const AROUND: [&str; 9] = [
    "program",
    "version",
    "bundle",
    "bundle_fingerprint",
    "device",
    "frame",
    "written_answer",
    "columns",
    "branch",
];

/// The requests that a picture carries; none when it carries none.
///
/// # Errors
/// When they cannot be used: damaged, edited, or written by a newer version.
pub fn recall(about: &PictureMetadata) -> Result<Option<Recalled>, Problem> {
    if let Some(problem) = &about.request_problem {
        return Err(Problem::new(problem.clone()).hint("Use the picture as it was saved."));
    }
    let Some(value) = &about.request else {
        return Ok(None);
    };
    let unusable = |why: &dyn std::fmt::Display| {
        Problem::new(format!("The request in the picture cannot be used: {why}"))
            .hint("It was edited, or written by a newer version. Use the picture as it was saved.")
    };
    if !value.is_object() {
        return Err(unusable(&"it is no list of settings."));
    }
    let made = Made::deserialize(value).map_err(|e| unusable(&format!("{e}.")))?;
    let columns = match value.get("columns") {
        Some(Value::Array(columns)) => columns.as_slice(),
        _ => std::slice::from_ref(value),
    };
    let requests: Vec<EditRequest> = columns
        .iter()
        .map(EditRequest::deserialize)
        .collect::<Result<_, _>>()
        .map_err(|e| unusable(&format!("{e}.")))?;
    if requests.is_empty() {
        return Err(unusable(&"it has no columns."));
    }
    if let Some(problem) = requests.iter().flat_map(EditRequest::validate).next() {
        return Err(unusable(&problem));
    }
    Ok(Some(Recalled {
        requests,
        made,
        unknown: unknown(columns.iter().chain([value])),
    }))
}

/// Names of fields that nobody here reads.
fn unknown<'a>(objects: impl Iterator<Item = &'a Value>) -> Vec<String> {
    let known = serde_json::to_value(EditRequest::default()).unwrap_or_default();
    let is_known = |name: &str| AROUND.contains(&name) || known.get(name).is_some();
    let mut unknown: Vec<String> = objects
        .filter_map(Value::as_object)
        .flat_map(|object| object.keys())
        .filter(|name| !is_known(name))
        .cloned()
        .collect();
    unknown.sort();
    unknown.dedup();
    unknown
}

/// Where a frame may be.
#[derive(Clone, Debug, Default)]
pub struct FrameSearch {
    /// What it is.
    pub facts: FrameFacts,
    /// Frames that are open already.
    pub open: Vec<Frame>,
    /// Files to look at, the likeliest first.
    pub files: Vec<PathBuf>,
}

/// Finds a frame by its pixels, never by its name alone: among the open ones, the drawn examples and
/// the files.
pub(super) fn find_frame(search: FrameSearch) -> Option<Frame> {
    let FrameSearch { facts, open, files } = search;
    let is_it = |frame: &Frame| {
        let size = frame.image.dimensions();
        size == (facts.width, facts.height) && FrameFacts::of(frame).sha256 == facts.sha256
    };
    let example = super::EXAMPLES
        .iter()
        .filter(|example| facts.name.as_deref() == Some(example.file))
        .filter_map(|example| {
            let image = frame_image::decode(example.bytes, Reading::Upright).ok()?;
            let origin = super::FrameOrigin::Example(example.file.to_owned());
            Some(Frame::new(image, origin))
        });
    let from_files = files.into_iter().filter_map(|path| {
        // A wrong size tells without decoding; a turned picture has its sides exchanged.
        let size = image::image_dimensions(&path).ok()?;
        let (width, height) = (facts.width, facts.height);
        if ![(width, height), (height, width)].contains(&size) {
            return None;
        }
        let image = frame_image::open(&path, Reading::Upright).ok()?;
        Some(Frame::new(image, super::FrameOrigin::File(path)))
    });
    open.into_iter()
        .chain(example)
        .chain(from_files)
        .find(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn about(request: Value) -> PictureMetadata {
        PictureMetadata {
            request: Some(request),
            ..PictureMetadata::default()
        }
    }

    #[test]
    fn one_request_and_a_whole_run_are_recalled() -> Result<(), Problem> {
        let one = json!({ "question": "Why?", "seed": 7, "version": "9.0", "mood": "blue" });
        let recalled = recall(&about(one))?.unwrap_or_default();
        assert_eq!(recalled.requests.len(), 1);
        assert_eq!(recalled.requests[0].seed, 7);
        assert_eq!(recalled.made.version, "9.0");
        assert_eq!(recalled.unknown, ["mood"]);
        let run = json!({
            "frame": { "name": "a.png" },
            "columns": [{ "question": "Why?", "mode": "answer" }, { "question": "Why?" }],
        });
        let recalled = recall(&about(run))?.unwrap_or_default();
        assert_eq!(recalled.requests.len(), 2);
        assert_eq!(recalled.made.frame.name.as_deref(), Some("a.png"));
        assert!(recalled.unknown.is_empty());
        assert_eq!(recall(&PictureMetadata::default())?, None);
        Ok(())
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for (nonsense, word) in [
            (
                json!({ "question": "Why?", "steps": 5000 }),
                "steps is 5000",
            ),
            (json!({ "question": "" }), "question is empty"),
            (
                json!({ "question": "Why?", "mode": "telepathy" }),
                "telepathy",
            ),
            (json!({ "question": "Why?", "seed": -1 }), "-1"),
            (json!({ "columns": [] }), "no columns"),
            (json!("hello"), "no list of settings"),
        ] {
            let problem = recall(&about(nonsense)).expect_err("nonsense");
            assert!(problem.message.contains(word), "{problem}");
            assert!(problem.hint.is_some());
        }
    }

    #[test]
    fn a_frame_is_found_by_its_pixels() {
        let grey = |level| {
            let image = image::RgbImage::from_pixel(3, 2, image::Rgb([level; 3]));
            Frame::new(image, super::super::FrameOrigin::Clipboard)
        };
        let search = FrameSearch {
            facts: FrameFacts::of(&grey(9)),
            open: vec![grey(8), grey(9)],
            files: vec!["no-such-file.png".into()],
        };
        let found = find_frame(search.clone()).expect("it is open");
        assert_eq!(found.image.get_pixel(0, 0).0[0], 9);
        let facts = FrameFacts::of(&grey(7));
        assert!(find_frame(FrameSearch { facts, ..search }).is_none());
    }
}
