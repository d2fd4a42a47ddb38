//! What a run will need, by plan, and which plan fits.

use super::super::conditioning::Reader;
use super::super::{EditRequest, GuidanceMode, PreviewMethod, Stage};
use super::{MemoryPlan, WorkSizes};
use crate::nn::Bits;
use serde::{Deserialize, Serialize};

/// Bytes of one network's weights, by the bits of its matrices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartSize {
    /// With all bits.
    pub whole: u64,
    /// In eight bits.
    pub eight: u64,
    /// In four bits.
    pub four: u64,
}

impl PartSize {
    /// Together with another network, if there is one.
    pub(crate) fn and(self, other: Option<Self>) -> Self {
        let Some(other) = other else {
            return self;
        };
        Self {
            whole: self.whole + other.whole,
            eight: self.eight + other.eight,
            four: self.four + other.four,
        }
    }

    /// The bytes under a plan.
    pub fn of(self, bits: Option<Bits>) -> u64 {
        match bits {
            None => self.whole,
            Some(Bits::Eight) => self.eight,
            Some(Bits::Four) => self.four,
        }
    }
}

/// Bytes of all weights of a bundle; a network it does not have takes none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartSizes {
    /// The image encoder, with the queries and the Q-Former.
    pub eyes: u64,
    /// The half of the language model that reads, and the encoder of plain text.
    pub encoder: PartSize,
    /// The half that writes, with a token table of its own.
    pub writer: PartSize,
    /// The token table, which both halves share when they are there together.
    pub table: u64,
    /// The UNet.
    pub unet: u64,
    /// What the second editor brings itself.
    #[serde(default)]
    pub second: SecondSizes,
    /// What always stays: the first editor's VAE and CLIP, and the latent translation.
    pub always: u64,
}

/// Bytes of the editor that draws from sentences, beside the one that draws from the latent; what it shares
/// with that one takes none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondSizes {
    /// Its UNet.
    pub unet: u64,
    /// Its autoencoder.
    pub vae: u64,
    /// Its text tower.
    pub clip: u64,
}

/// What a run is asked to do, as far as memory depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Workload {
    /// Pictures drawn side by side.
    pub columns: usize,
    /// Of these, those steered by a sentence alone, which a second editor draws where there is one.
    #[serde(default)]
    pub sentence_columns: usize,
    /// Whether BLIP-2 looks at the frame.
    pub reads_frame: bool,
    /// Whether the language model writes an answer.
    pub writes_answer: bool,
    /// Whether every step is decoded.
    pub decodes_steps: bool,
}

impl Default for Workload {
    /// One picture with everything a usual request needs.
    fn default() -> Self {
        Self {
            columns: 1,
            sentence_columns: 0,
            reads_frame: true,
            writes_answer: true,
            decodes_steps: false,
        }
    }
}

impl Workload {
    /// What `requests` ask for. `quick_previews`: whether the bundle shows steps without its decoder.
    pub fn of(requests: &[EditRequest], quick_previews: bool) -> Self {
        let written =
            |request: &EditRequest| request.mode.needs_answer() && request.answer.is_none();
        let decoded = |request: &EditRequest| match request.preview {
            PreviewMethod::Off => false,
            PreviewMethod::LatentRgb => !quick_previews,
            PreviewMethod::Decode => true,
        };
        let by_sentence = |request: &&EditRequest| {
            matches!(request.mode, GuidanceMode::Question | GuidanceMode::Answer)
        };
        let legs = || requests.iter().flat_map(EditRequest::legs);
        Self {
            columns: requests.len().max(1),
            sentence_columns: requests.iter().filter(by_sentence).count(),
            reads_frame: legs().any(|(_, request)| Reader::needs_image(request)),
            writes_answer: legs().any(|(_, request)| written(request)),
            decodes_steps: requests.iter().any(decoded),
        }
    }
}

/// What the allocator keeps of freed memory, beside what is in use: with SD-1.5 and Flan-T5-XL on a
/// processor, 170 to 440 MiB were measured at 4.5 to 7.7 GiB.
const KEPT_PERCENT: u64 = 6;

fn with_kept(bytes: u64) -> u64 {
    bytes + bytes / 100 * KEPT_PERCENT
}

/// What is known about a bundle's need for memory: plain numbers, the same in the window and in the
/// worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryModel {
    /// What the process holds without any network.
    pub base: u64,
    /// Weights.
    pub parts: PartSizes,
    /// What the networks work with.
    pub work: WorkSizes,
    /// What the second editor works with, where there is one.
    pub second: Option<WorkSizes>,
    /// Columns that go through the UNet in one call at most.
    pub columns_per_call: usize,
}

/// What a run will need under a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// The plan.
    pub plan: MemoryPlan,
    /// The most bytes that are held in each stage.
    pub stages: Vec<(Stage, u64)>,
}

impl Forecast {
    /// The most bytes that are held at any time.
    pub fn peak(&self) -> u64 {
        self.stages
            .iter()
            .map(|(_, bytes)| *bytes)
            .max()
            .unwrap_or(0)
    }
}

/// What one editor draws of a run.
struct Drawn<'a> {
    unet: u64,
    /// Its autoencoder, where that does not always stay.
    vae: u64,
    work: &'a WorkSizes,
    columns: usize,
}

impl MemoryModel {
    /// What a run will need under a plan.
    pub fn forecast(&self, plan: MemoryPlan, run: &Workload) -> Forecast {
        let Self { parts, work, .. } = self;
        let encoder = parts.encoder.of(plan.language_bits);
        let writer = parts.writer.of(plan.language_bits);
        let editors = self.editors(run);
        let most = |bytes: &dyn Fn(&Drawn<'_>) -> u64| editors.iter().map(bytes).max().unwrap_or(0);
        let encode = |work: &WorkSizes| match plan.tiles {
            true => work.encode_tiled,
            false => work.encode,
        };
        let decode = |work: &WorkSizes| match plan.tiles {
            true => work.decode_tiled,
            false => work.decode,
        };
        // What one call of the UNet works with grows with the columns in it; small pictures share.
        let draw = |Drawn { work, columns, .. }: &Drawn<'_>| {
            let calls = (*columns).min(self.columns_per_call.max(1)) as u64;
            let steps = if run.decodes_steps { decode(work) } else { 0 };
            (work.draw * calls).max(steps) + work.column * *columns as u64
        };
        let eyes = if run.reads_frame { work.eyes } else { 0 };
        let stages = if plan.one_at_a_time {
            let eyes = if run.reads_frame {
                parts.eyes + eyes
            } else {
                0
            };
            let writer = if run.writes_answer { writer } else { 0 };
            let by_second = self.by_second(run);
            // A sentence that the second editor draws is read by CLIP, and T5 does not come for it.
            let encoder = match by_second < run.columns || run.writes_answer {
                true => encoder,
                false => 0,
            };
            let clip = if by_second > 0 { parts.second.clip } else { 0 };
            [
                (
                    Stage::ReadingFrame,
                    most(&|e| e.vae + encode(e.work)).max(eyes),
                ),
                (
                    Stage::Thinking,
                    (encoder + clip).max(writer) + work.language,
                ),
                (Stage::Drawing, most(&|e| e.unet + e.vae + draw(e))),
                (Stage::Finishing, most(&|e| e.vae + decode(e.work))),
            ]
        } else {
            let all = parts.eyes
                + encoder
                + writer.saturating_sub(parts.table)
                + parts.unet
                + parts.second.unet
                + parts.second.vae
                + parts.second.clip;
            [
                (
                    Stage::ReadingFrame,
                    all + most(&|e| encode(e.work)).max(eyes),
                ),
                (Stage::Thinking, all + work.language),
                (Stage::Drawing, all + most(&draw)),
                (Stage::Finishing, all + most(&|e| decode(e.work))),
            ]
        };
        let always = self.base + parts.always;
        Forecast {
            plan,
            stages: stages
                .map(|(stage, bytes)| (stage, with_kept(always + bytes)))
                .into(),
        }
    }

    /// Columns of a run that the second editor draws.
    fn by_second(&self, run: &Workload) -> usize {
        match &self.second {
            Some(_) => run.sentence_columns.min(run.columns),
            None => 0,
        }
    }

    /// The editors that draw in a run.
    fn editors(&self, run: &Workload) -> Vec<Drawn<'_>> {
        let by_second = self.by_second(run);
        let first = Drawn {
            unet: self.parts.unet,
            vae: 0,
            work: &self.work,
            columns: run.columns - by_second,
        };
        let second = self.second.as_ref().map(|work| Drawn {
            unet: self.parts.second.unet,
            vae: self.parts.second.vae,
            work,
            columns: by_second,
        });
        let editors = [Some(first), second].into_iter().flatten();
        editors.filter(|editor| editor.columns > 0).collect()
    }

    /// The first plan, from `first` on, whose forecast is within `bytes`.
    ///
    /// # Errors
    /// With the forecast of the smallest plan when even that is not.
    pub fn choose(
        &self,
        first: MemoryPlan,
        bytes: u64,
        run: &Workload,
    ) -> Result<Forecast, Forecast> {
        let mut plan = first;
        loop {
            let forecast = self.forecast(plan, run);
            if forecast.peak() <= bytes {
                return Ok(forecast);
            }
            match plan.next() {
                Some(next) => plan = next,
                None => return Err(forecast),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// SD-1.5 with BLIP-2 Flan-T5-XL, in round numbers.
    fn xl() -> MemoryModel {
        let language = |whole: u64| PartSize {
            whole: whole * GIB,
            eight: whole * GIB * 17 / 64,
            four: whole * GIB * 9 / 64,
        };
        MemoryModel {
            base: GIB / 16,
            parts: PartSizes {
                eyes: 4 * GIB,
                encoder: language(5),
                writer: language(6),
                table: GIB / 4,
                unet: 3 * GIB,
                second: SecondSizes::default(),
                always: GIB / 2,
            },
            work: WorkSizes {
                encode: GIB / 2,
                encode_tiled: GIB / 8,
                eyes: GIB / 16,
                language: GIB / 16,
                draw: GIB / 2,
                column: GIB / 16,
                decode: GIB,
                decode_tiled: GIB / 4,
            },
            second: None,
            columns_per_call: 1,
        }
    }

    #[test]
    fn the_first_plan_that_fits_is_chosen_and_always_the_same() {
        let (model, run) = (xl(), Workload::default());
        let chosen = |gib: u64| {
            let found = model.choose(MemoryPlan::default(), gib * GIB, &run);
            found.map(|forecast| forecast.plan.words()).ok()
        };
        assert_eq!(chosen(24).as_deref(), Some("everything in memory"));
        assert_eq!(chosen(8).as_deref(), Some("one network at a time"));
        let five = chosen(5);
        assert_eq!(five.as_deref(), Some("T5 in 8 bits, one network at a time"));
        assert_eq!(chosen(3), None);
        assert_eq!(chosen(5), five);
    }

    #[test]
    fn every_plan_needs_no_more_than_the_one_before() {
        for columns in [1, 9] {
            for decodes_steps in [false, true] {
                let run = Workload {
                    columns,
                    decodes_steps,
                    ..Workload::default()
                };
                let peaks = MemoryPlan::ALL.map(|plan| xl().forecast(plan, &run).peak());
                assert!(peaks.is_sorted_by(|a, b| a >= b), "{peaks:?}");
            }
        }
    }

    #[test]
    fn a_second_editor_counts_where_it_draws() {
        let mut model = xl();
        let plan = MemoryPlan {
            one_at_a_time: true,
            ..MemoryPlan::default()
        };
        let run = |sentence_columns| Workload {
            columns: 2,
            sentence_columns,
            ..Workload::default()
        };
        let drawing = |model: &MemoryModel, plan, sentence_columns| {
            let stages = model.forecast(plan, &run(sentence_columns)).stages;
            let drawing = stages.iter().find(|(stage, _)| *stage == Stage::Drawing);
            drawing.map_or(0, |(_, bytes)| *bytes)
        };
        let alone = [0, 1, 2].map(|columns| drawing(&model, plan, columns));
        assert_eq!(alone, [alone[0]; 3], "one editor draws them all");

        model.parts.second.unet = 4 * GIB;
        model.second = Some(model.work);
        let [none, some, all] = [0, 1, 2].map(|columns| drawing(&model, plan, columns));
        assert_eq!(none, alone[0], "the second one is not there yet");
        assert!(
            some > none,
            "the larger of both is what counts: {some} {none}"
        );
        assert!(all > some, "{all} {some}");
        // Together with everything else both are there, whoever draws.
        let together = drawing(&model, MemoryPlan::default(), 0);
        assert!(together > drawing(&xl(), MemoryPlan::default(), 0) + 4 * GIB);
    }

    #[test]
    fn what_the_second_editor_brings_itself_counts_where_it_is_used() {
        let plan = MemoryPlan {
            one_at_a_time: true,
            ..MemoryPlan::default()
        };
        let mut model = xl();
        model.second = Some(model.work);
        model.parts.second.unet = model.parts.unet;
        let stages = |model: &MemoryModel, sentence_columns, writes_answer| {
            let run = Workload {
                columns: 2,
                sentence_columns,
                reads_frame: false,
                writes_answer,
                ..Workload::default()
            };
            let stages = model.forecast(plan, &run).stages;
            [
                Stage::ReadingFrame,
                Stage::Thinking,
                Stage::Drawing,
                Stage::Finishing,
            ]
            .map(|wanted| {
                let found = stages.iter().find(|(stage, _)| *stage == wanted);
                found.map_or(0, |(_, bytes)| *bytes)
            })
        };
        let shared = stages(&model, 1, false);
        let [_, by_clip, ..] = stages(&model, 2, false);
        assert!(by_clip < shared[1] / 2, "questions alone: no T5 is loaded");
        let [_, written, ..] = stages(&model, 2, true);
        assert!(written > shared[1], "but it is to write an answer");

        model.parts.second.vae = GIB;
        model.parts.second.clip = GIB;
        let own = stages(&model, 1, false);
        for (own, shared) in own.into_iter().zip(shared) {
            assert!(own >= shared + GIB, "{own} {shared}");
        }
        model.parts.unet = 9 * GIB;
        let (none, first) = (stages(&model, 0, false), stages(&xl(), 0, false));
        assert_eq!(none[0], first[0], "it is not there when it does not draw");
        assert_eq!(none[1], first[1]);
    }

    #[test]
    fn what_a_run_leaves_out_is_not_counted() {
        let model = xl();
        let plan = MemoryPlan {
            one_at_a_time: true,
            ..MemoryPlan::default()
        };
        let question = Workload {
            reads_frame: false,
            writes_answer: false,
            ..Workload::default()
        };
        let stage = |run: &Workload, stage: Stage| {
            let stages = model.forecast(plan, run).stages;
            stages
                .iter()
                .find(|(s, _)| *s == stage)
                .map(|(_, bytes)| *bytes)
        };
        for part in [Stage::ReadingFrame, Stage::Thinking] {
            assert!(stage(&question, part) < stage(&Workload::default(), part));
        }
    }
}
