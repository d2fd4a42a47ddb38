//! Questions and answers as the model was trained to see them.
//!
//! Source: the text preparation of the original (BLIP question processor in training, a fixed
//! suffix in validation), pinned by `preprocess/text_cases.json` of the golden numbers.

/// What validation appends to every question.
pub const REASONING_SUFFIX: &str = " let's do the causal reasoning step by step.";
/// The answer of a sample without one.
pub const NO_ANSWER: &str = "END";
/// Most words of a training question.
const MAX_WORDS: usize = 50;

/// One sample's texts, ready for the tokenizer.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedText {
    /// What the encoder reads.
    pub text_input: String,
    /// What the decoder should write.
    pub answer: String,
    /// Weight of the answer's loss: 0 when there is no answer to learn.
    pub loss_weight: f32,
}

/// A training sample: the question in lower case, without punctuation, at most 50 words.
pub fn for_training(question: &str, answer: &str) -> PreparedText {
    let (answer, loss_weight) = match answer {
        "" => (NO_ANSWER, 0.0),
        _ => (answer, 1.0),
    };
    PreparedText {
        text_input: clean(question),
        answer: answer.to_owned(),
        loss_weight,
    }
}

/// A validation sample: the question as it is, followed by `suffix` (see [`REASONING_SUFFIX`]),
/// and no answer.
pub fn for_validation(question: &str, suffix: &str) -> PreparedText {
    PreparedText {
        text_input: format!("{question}{suffix}"),
        answer: NO_ANSWER.to_owned(),
        loss_weight: 0.0,
    }
}

fn clean(question: &str) -> String {
    let kept: String = question
        .to_lowercase()
        .chars()
        .filter(|c| !".!\"()*#:;~".contains(*c))
        .collect();
    let words: Vec<&str> = kept.trim_end_matches(' ').split(' ').collect();
    words.get(..MAX_WORDS).unwrap_or(&words).join(" ")
}
