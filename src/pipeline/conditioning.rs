//! From a frame and a question to the context of the cross-attention (DESIGN section 3).
//!
//! `[mlp(latent_mlp(latent)) ; mlp(T5(text))]`, where the part a mode does not use is the T5
//! encoding of the null text. Source: LGD, section 4.2, and the authors' `DiffusionWrapper`.

use super::lgd::failed;
use super::parts::Parts;
use super::pieces::{ContextUnits, left_out, positions_of, replaced};
use super::{
    Abilities, AnswerDecoding, AnswerSettings, Beam, ContextUnit, EditError, EditRequest,
    GuidanceMode, Manifest, PieceOf, Problem, WrittenAnswer,
};
use crate::models::{
    AnswerRng, GenerationSettings, Latent, TextTokenizer, tokenizer::TokenizerError,
    tokenizer::stack,
};
use candle_core::{Device, Tensor};

/// What the editor is steered by.
pub(super) struct Conditioning {
    /// (1, L, C): the context of the guided branch.
    pub(super) context: Tensor,
    /// (1, L', C): the context of the two unguided branches.
    pub(super) null_context: Tensor,
    /// What the positions of `context` stand for.
    pub(super) units: Vec<ContextUnit>,
    /// The answer, in the modes that have one.
    pub(super) answer: Option<WrittenAnswer>,
    /// Things the user should know (the question was cut, …).
    pub(super) notices: Vec<String>,
}

type Result<T> = std::result::Result<T, EditError>;

/// The parts that turn words into context. What one column worked out, the next one reuses.
pub(super) struct Reader<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) abilities: &'a Abilities,
    pub(super) tokenizer: &'a TextTokenizer,
    pub(super) parts: &'a Parts,
    pub(super) device: &'a Device,
    /// (1, Q, D), there when [`Reader::needs_image`] says so.
    pub(super) queries: Option<&'a Tensor>,
    pub(super) memory: Memory,
}

/// What was worked out already, each with what it depends on.
#[derive(Default)]
pub(super) struct Memory {
    latents: Vec<(String, Latent, usize)>,
    sentences: Vec<(String, Tensor, usize)>,
    answers: Vec<((String, AnswerSettings), WrittenAnswer)>,
}

impl Reader<'_> {
    /// Whether `request` needs the vision tower to look at the frame.
    pub(super) fn needs_image(request: &EditRequest) -> bool {
        match request.mode {
            GuidanceMode::Question => false,
            GuidanceMode::Answer => request.answer.is_none(),
            GuidanceMode::Latent | GuidanceMode::Both => true,
        }
    }

    /// Builds both contexts of a column.
    pub(super) fn condition(&mut self, request: &EditRequest) -> Result<Conditioning> {
        let mut notices = Vec::new();
        let mut answer = match (request.mode.needs_answer(), &request.answer) {
            (false, _) => None,
            (true, Some(text)) => Some(WrittenAnswer::given(text)),
            (true, None) => Some(self.answer(request, &mut notices)?),
        };
        if self.abilities.is_read_by_clip(request.mode) {
            return self.condition_by_clip(request, answer, notices);
        }
        let null_text = self.manifest.text.null_text.clone();
        let null = self.sentence(&null_text, None, &mut notices)?;
        let sees_latent = matches!(request.mode, GuidanceMode::Latent | GuidanceMode::Both);
        let hidden = if sees_latent {
            self.latent(&request.question, &mut notices)?.hidden_states
        } else {
            null.clone()
        };
        let sentence = match (&request.mode, &mut answer) {
            (GuidanceMode::Question, _) => {
                self.sentence(&request.question, Some("question"), &mut notices)?
            }
            (_, Some(answer)) => {
                let about = &mut answer.notices;
                let sentence = self.sentence(&answer.text, Some("answer"), about)?;
                notices.extend(about.iter().cloned());
                sentence
            }
            (_, None) => null.clone(),
        };
        let translator = self.parts.translator.get()?;
        let context = |hidden, sentence| translator.context(hidden, sentence).map_err(failed);
        let (whole, null_context) = (context(&hidden, &sentence)?, context(&null, &null)?);
        let units = self.units(request, answer.as_ref())?;
        let context = if request.without.is_empty() {
            whole
        } else {
            let positions = positions_of(&request.without, &units)?;
            let first = hidden.dim(1).map_err(failed)?;
            left_out(&whole, &null_context, first, &positions).map_err(failed)?
        };
        Ok(Conditioning {
            context,
            null_context,
            units,
            answer,
            notices,
        })
    }

    /// What the positions of a request's context stand for.
    fn units(
        &self,
        request: &EditRequest,
        answer: Option<&WrittenAnswer>,
    ) -> Result<Vec<ContextUnit>> {
        let rules = &self.manifest.text;
        let sentence = rules.sent_max_length.unwrap_or(rules.max_length);
        let mut units = ContextUnits::default();
        let text = |units: &mut ContextUnits, of: PieceOf, text: &str, room: usize| -> Result<()> {
            let unsplit = |e: TokenizerError| Problem::new(e.to_string());
            let words = self.tokenizer.words(text, room).map_err(unsplit)?;
            let encoded = self.tokenizer.encode(text, Some(room)).map_err(unsplit)?;
            units.text(of, words, encoded.tokens(), room);
            Ok(())
        };
        if PieceOf::Query.seen_in(request.mode) {
            let asked = rules.asked(&request.question);
            units.queries(self.manifest.dims.query_tokens);
            text(&mut units, PieceOf::Question, &asked, rules.max_length)?;
        } else {
            units.nothing(sentence);
        }
        match (request.mode, answer) {
            (GuidanceMode::Question, _) => {
                text(&mut units, PieceOf::Question, &request.question, sentence)?;
            }
            (_, Some(answer)) => text(&mut units, PieceOf::Answer, &answer.text, sentence)?,
            (_, None) => units.nothing(sentence),
        }
        Ok(units.finish())
    }

    /// What the language model's decoder makes of the latent, likeliest word by word.
    pub(super) fn reading(&mut self, request: &EditRequest) -> Result<String> {
        let latent = self.latent(&request.question, &mut Vec::new())?;
        let settings = AnswerSettings {
            decoding: AnswerDecoding::Greedy,
            ..request.answer_settings.clone()
        };
        Ok(self.write_answer(&latent, &settings)?.text)
    }

    /// The latent of a question that is asked beside a run; whole where answers are.
    pub(super) fn asked_latent(&mut self, question: &str) -> Result<Latent> {
        match self.manifest.text.answer_reads_whole_question {
            true => self.whole_latent(question),
            false => self.latent(question, &mut Vec::new()),
        }
    }

    /// The encoder's states over `[queries ; question]`, LGD's latent.
    fn latent(&mut self, question: &str, notices: &mut Vec<String>) -> Result<Latent> {
        let rules = &self.manifest.text;
        let length = rules.max_length;
        let known = self.memory.latents.iter().find(|(q, ..)| q == question);
        let (latent, cut) = match known {
            Some((_, latent, cut)) => (latent.clone(), *cut),
            None => {
                let queries = self.queries.ok_or_else(|| {
                    Problem::new("The question cannot be read without the frame.")
                })?;
                let asked = rules.asked(question);
                let (ids, mask, cut) = self.tokens(&asked, length)?;
                let mask = rules.question_attention_mask.then_some(&mask);
                let encoder = self.parts.encoder.get()?;
                let latent = Latent::encode(&encoder, queries, &ids, mask).map_err(failed)?;
                let entry = (question.to_owned(), latent.clone(), cut);
                self.memory.latents.push(entry);
                (latent, cut)
            }
        };
        note_cut("question", length, cut, notices);
        Ok(latent)
    }

    /// The states over `[queries ; question]` with the question neither padded nor cut: what the
    /// authors' answers are written after.
    fn whole_latent(&self, question: &str) -> Result<Latent> {
        let queries = self
            .queries
            .ok_or_else(|| Problem::new("The question cannot be read without the frame."))?;
        let asked = self.manifest.text.asked(question);
        let encoded = self
            .tokenizer
            .encode(&asked, None)
            .map_err(|e| Problem::new(e.to_string()).hint("Write it in other words."))?;
        let (ids, _) = stack(&[encoded], self.device).map_err(failed)?;
        let encoder = self.parts.encoder.get()?;
        Latent::encode(&encoder, queries, &ids, None).map_err(failed)
    }

    /// T5 states (1, L, D) of a text on its own; `what` names it where it has to be cut.
    fn sentence(
        &mut self,
        text: &str,
        what: Option<&str>,
        notices: &mut Vec<String>,
    ) -> Result<Tensor> {
        let rules = &self.manifest.text;
        let length = rules.sent_max_length.unwrap_or(rules.max_length);
        let known = self.memory.sentences.iter().find(|(t, ..)| t == text);
        let (states, cut) = match known {
            Some((_, states, cut)) => (states.clone(), *cut),
            None => {
                let (ids, mask, cut) = self.tokens(text, length)?;
                let mask = rules.sent_attention_mask.then_some(&mask);
                let encoder = self.parts.sentence_reader()?;
                let states = encoder
                    .embed(&ids)
                    .and_then(|embeds| encoder.forward_embeds(&embeds, mask))
                    .map_err(failed)?;
                let entry = (text.to_owned(), states.clone(), cut);
                self.memory.sentences.push(entry);
                (states, cut)
            }
        };
        if let Some(what) = what {
            note_cut(what, length, cut, notices);
        }
        Ok(states)
    }

    /// Ids and mask, (1, `length`), and how many tokens did not fit.
    fn tokens(&self, text: &str, length: usize) -> Result<(Tensor, Tensor, usize)> {
        let encoded = self
            .tokenizer
            .encode_padded(text, length)
            .map_err(|e| Problem::new(e.to_string()).hint("Write it in other words."))?;
        let cut = encoded.cut;
        let (ids, mask) = stack(&[encoded], self.device).map_err(failed)?;
        Ok((ids, mask, cut))
    }

    /// What the language model answers.
    fn answer(
        &mut self,
        request: &EditRequest,
        notices: &mut Vec<String>,
    ) -> Result<WrittenAnswer> {
        let wanted = (request.question.clone(), request.answer_settings.clone());
        // Remembered or not, a question that was cut is worth knowing.
        let latent = match self.manifest.text.answer_reads_whole_question {
            true => self.whole_latent(&request.question)?,
            false => self.latent(&request.question, notices)?,
        };
        let known = self.memory.answers.iter().find(|(key, _)| *key == wanted);
        if let Some((_, answer)) = known {
            return Ok(answer.clone());
        }
        let answer = self.write_answer(&latent, &request.answer_settings)?;
        self.memory.answers.push((wanted, answer.clone()));
        Ok(answer)
    }

    fn write_answer(&self, latent: &Latent, wanted: &AnswerSettings) -> Result<WrittenAnswer> {
        let settings = match wanted.decoding {
            AnswerDecoding::Greedy => GenerationSettings::greedy(wanted.max_tokens),
            AnswerDecoding::Beams => GenerationSettings::beams(wanted.beams, wanted.max_tokens),
            AnswerDecoding::Paper => GenerationSettings::paper(),
        };
        let mut rng = AnswerRng::from_seed(wanted.seed);
        let writer = self.parts.writer.get()?;
        let written = latent
            .answers(&writer, &settings, &mut rng)
            .map_err(failed)?;
        let beams = written.first().map(Vec::as_slice).unwrap_or_default();
        let beams = beams.iter().map(|beam| {
            let text = self
                .tokenizer
                .decode(&beam.ids)
                .map_err(|e| Problem::new(e.to_string()).hint("Write the answer yourself."))?;
            Ok(Beam {
                text: text.trim().to_owned(),
                score: beam.score,
            })
        });
        let beams = beams.collect::<std::result::Result<Vec<_>, Problem>>()?;
        let best = beams.first().ok_or_else(|| {
            Problem::new("The model wrote no answer.").hint("Write one yourself.")
        })?;
        let end = self.parts.end_of_answer;
        let ids = written.first().and_then(|found| Some(&found.first()?.ids));
        let unfinished = ids.is_some_and(|ids| ids.last() != Some(&end));
        let notices = unfinished.then(|| {
            let most = settings.max_new_tokens;
            format!("The answer was stopped at its longest, {most} tokens, before it ended.")
        });
        Ok(WrittenAnswer {
            text: best.text.clone(),
            score: Some(best.score),
            given: false,
            notices: notices.into_iter().collect(),
            beams,
        })
    }
}

impl Reader<'_> {
    /// The contexts of a plain InstructPix2Pix: CLIP's states of the question or the answer, and of
    /// the empty text, padded with end tokens.
    fn condition_by_clip(
        &self,
        request: &EditRequest,
        answer: Option<WrittenAnswer>,
        mut notices: Vec<String>,
    ) -> Result<Conditioning> {
        let editor = self.parts.editor(self.abilities.editor_of(request.mode));
        let tower = editor.clip.get()?;
        let tokenizer = editor
            .tokenizer
            .as_deref()
            .ok_or_else(|| Problem::new("The editor has no tokenizer to read sentences with."))?;
        let length = tower.config().max_position_embeddings;
        let unsplit =
            |e: TokenizerError| Problem::new(e.to_string()).hint("Write it in other words.");
        let states = |text: &str| -> Result<(Tensor, usize)> {
            let encoded = tokenizer.encode_padded(text, length).map_err(unsplit)?;
            let cut = encoded.cut;
            let (ids, _) = stack(&[encoded], self.device).map_err(failed)?;
            Ok((tower.forward(&ids).map_err(failed)?, cut))
        };
        let (of, text) = match &answer {
            Some(answer) => (PieceOf::Answer, answer.text.as_str()),
            None => (PieceOf::Question, request.question.as_str()),
        };
        let (whole, cut) = states(text)?;
        note_cut(of.name(), length, cut, &mut notices);
        let (null_context, _) = states(&self.manifest.text.null_text)?;
        let mut units = ContextUnits::default();
        let words = tokenizer.words(text, length).map_err(unsplit)?;
        let encoded = tokenizer.encode(text, Some(length)).map_err(unsplit)?;
        units.text(of, words, encoded.tokens(), length);
        let units = units.finish();
        let context = if request.without.is_empty() {
            whole
        } else {
            let positions = positions_of(&request.without, &units)?;
            replaced(&whole, &null_context, &positions).map_err(failed)?
        };
        Ok(Conditioning {
            context,
            null_context,
            units,
            answer,
            notices,
        })
    }
}

/// Adds a notice when `cut` tokens beyond `length` were left out.
fn note_cut(what: &str, length: usize, cut: usize, notices: &mut Vec<String>) {
    let notice = format!(
        "The {what} is {} tokens long; the model reads the first {length}.",
        length + cut
    );
    if cut > 0 && !notices.contains(&notice) {
        notices.push(notice);
    }
}
