//! CLIP's token ids of case `text_encoder` of `ip2p`, from both published forms of the tokenizer.

use super::{Folder, TestResult};
use candle_core::DType;
use lgd_studio::models::tokenizer::TextTokenizer;

#[test]
fn golden_clip_token_ids_from_either_form_of_the_tokenizer() -> TestResult {
    let folder = Folder::open("ip2p")?;
    let case = folder.case("text_encoder")?;
    let expected = case.expected("input_ids")?.to_dtype(DType::U32)?;
    let (_, length) = expected.dims2()?;
    let expected = expected.to_vec2::<u32>()?;
    let files = folder.path.join("pipeline/tokenizer");
    let read = |name: &str| std::fs::read(files.join(name));
    let one_file = TextTokenizer::from_folder(&files)?;
    let two_files =
        TextTokenizer::from_vocab_and_merges(&read("vocab.json")?, &read("merges.txt")?)?;
    let texts = case.params["texts"].as_array().ok_or("no texts")?;
    assert_eq!(texts.len(), expected.len());
    for (text, expected) in texts.iter().zip(&expected) {
        let text = text.as_str().ok_or("not a text")?;
        let encoded = one_file.encode_padded(text, length)?;
        assert_eq!(&encoded.ids, expected, "{text}");
        assert_eq!(two_files.encode_padded(text, length)?, encoded, "{text}");
        let whole = one_file.encode(text, None)?;
        assert_eq!(
            encoded.cut,
            whole.ids.len().saturating_sub(length),
            "{text}"
        );
    }
    Ok(())
}
