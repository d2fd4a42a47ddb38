//! What can be wrong with the words of a pair.

/// Words that say nothing about what is seen.
const COMMON: [&str; 62] = [
    "a", "an", "the", "and", "or", "but", "if", "then", "so", "that", "this", "these", "those",
    "it", "its", "is", "are", "was", "were", "be", "been", "being", "will", "would", "can",
    "could", "do", "does", "did", "has", "have", "had", "of", "to", "in", "on", "at", "by", "for",
    "from", "with", "into", "over", "under", "up", "down", "out", "off", "he", "she", "his", "her",
    "they", "their", "there", "what", "how", "happens", "when", "who", "which", "gets",
];

/// Share of the answer's telling words from which on a question gives it away.
const GIVEN_AWAY: f32 = 0.75;
/// An answer of fewer telling words says too little to judge.
const LEAST_WORDS: usize = 3;

/// Whether a question already says what its answer says: most of the words that tell something in the
/// answer are in the question. The share comes back when it does.
pub fn gives_away(question: &str, answer: &str) -> Option<f32> {
    let asked = telling(question);
    let mut told = telling(answer);
    told.sort_unstable();
    told.dedup();
    if told.len() < LEAST_WORDS {
        return None;
    }
    let known = told.iter().filter(|word| asked.contains(word)).count();
    let share = known as f32 / told.len() as f32;
    (share >= GIVEN_AWAY).then_some(share)
}

/// The words that tell something, in small letters and without their commonest endings.
fn telling(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    words
        .filter(|word| !word.is_empty() && !COMMON.contains(word))
        .map(stem)
        .collect()
}

/// "eats" and "eating" are one word here.
fn stem(word: &str) -> String {
    for ending in ["ing", "es", "ed", "s"] {
        if let Some(stem) = word.strip_suffix(ending)
            && stem.len() >= 3
        {
            return stem.to_owned();
        }
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::gives_away;

    #[test]
    fn a_question_with_its_answer_in_it_is_found() {
        let answer = "The cat eats the fish in the bowl.";
        let share = gives_away(
            "What happens if the cat is eating the fish in the bowl?",
            answer,
        );
        assert_eq!(share, Some(1.0));
        assert_eq!(
            gives_away("What happens if the cat gets hungry?", answer),
            None
        );
        assert_eq!(gives_away("What will it rain?", "It rains."), None);
    }
}
