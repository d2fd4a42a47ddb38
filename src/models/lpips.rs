//! LPIPS: how far apart two pictures look, by the features of a network that recognises things.
//!
//! The backbone has the names of torchvision's AlexNet or VGG-16 (`features.N.weight`), the weights of
//! the differences those of the `lpips` package, version 0.1 (`linN.model.1.weight`). Which of the two
//! backbones it is, the first layer says.
//! Source: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric",
//! 2018, section 3; written after github.com/richzhang/PerceptualSimilarity, `lpips/lpips.py`, BSD-2.

use crate::nn::{Conv2d, Weights};
use candle_core::{Result, Tensor, bail};

/// Means of the scaling layer, for pictures in -1..1.
const SHIFT: [f64; 3] = [-0.030, -0.088, -0.188];
/// Its divisors.
const SCALE: [f64; 3] = [0.458, 0.448, 0.450];
/// Keeps a feature of length 0 from being divided by 0.
const EPS: f64 = 1e-10;
/// A picture has to be so large that every layer sees something, in pixels.
pub const LEAST_SIDE: u32 = 32;

/// A network that pictures are looked at with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backbone {
    /// AlexNet, which the authors recommend for comparisons.
    Alex,
    /// VGG-16.
    Vgg,
}

/// A convolution: its number in `features`, input and output channels, kernel, stride, padding.
type Layer = (usize, usize, usize, usize, usize, usize);

/// The layers of AlexNet up to each feature that is compared.
const ALEX: [&[Layer]; 5] = [
    &[(0, 3, 64, 11, 4, 2)],
    &[(3, 64, 192, 5, 1, 2)],
    &[(6, 192, 384, 3, 1, 1)],
    &[(8, 384, 256, 3, 1, 1)],
    &[(10, 256, 256, 3, 1, 1)],
];

/// The same for VGG-16.
const VGG: [&[Layer]; 5] = [
    &[(0, 3, 64, 3, 1, 1), (2, 64, 64, 3, 1, 1)],
    &[(5, 64, 128, 3, 1, 1), (7, 128, 128, 3, 1, 1)],
    &[
        (10, 128, 256, 3, 1, 1),
        (12, 256, 256, 3, 1, 1),
        (14, 256, 256, 3, 1, 1),
    ],
    &[
        (17, 256, 512, 3, 1, 1),
        (19, 512, 512, 3, 1, 1),
        (21, 512, 512, 3, 1, 1),
    ],
    &[
        (24, 512, 512, 3, 1, 1),
        (26, 512, 512, 3, 1, 1),
        (28, 512, 512, 3, 1, 1),
    ],
];

impl Backbone {
    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Alex => "AlexNet",
            Self::Vgg => "VGG-16",
        }
    }

    /// The backbone that weights are for; none when they are for neither.
    pub fn of(weights: &Weights) -> Option<Self> {
        match weights.dims("features.0.weight")?.as_slice() {
            [64, 3, 11, 11] => Some(Self::Alex),
            [64, 3, 3, 3] => Some(Self::Vgg),
            _ => None,
        }
    }

    fn stages(self) -> &'static [&'static [Layer]; 5] {
        match self {
            Self::Alex => &ALEX,
            Self::Vgg => &VGG,
        }
    }

    /// The pooling before a stage: window and stride.
    fn pool(self, stage: usize) -> Option<(usize, usize)> {
        match (self, stage) {
            (Self::Alex, 1 | 2) => Some((3, 2)),
            (Self::Vgg, 1..) => Some((2, 2)),
            _ => None,
        }
    }
}

/// One stage: what it pools, its convolutions, and how much each of its channels counts.
#[derive(Clone, Debug)]
struct Stage {
    pool: Option<(usize, usize)>,
    convs: Vec<Conv2d>,
    /// (1, C, 1, 1)
    lin: Tensor,
}

/// A loaded network.
#[derive(Clone, Debug)]
pub struct Lpips {
    backbone: Backbone,
    stages: Vec<Stage>,
}

/// What the network sees in a picture: features of length 1, (1, C, h, w) per stage.
#[derive(Clone, Debug)]
pub struct Features(Vec<Tensor>);

impl Lpips {
    /// Reads backbone and differences; the classifier of a published backbone is passed over.
    ///
    /// # Errors
    /// When a tensor cannot be read.
    pub fn load(backbone: Backbone, weights: &Weights) -> Result<Self> {
        weights.ignore("classifier");
        let features = weights.pp("features");
        let stages = backbone.stages().iter().enumerate();
        let stages = stages.map(|(number, layers)| {
            let conv = |layer: &Layer| {
                let (name, input, output, kernel, stride, padding) = *layer;
                let weights = features.pp(name);
                Conv2d::load(&weights, input, output, kernel, stride, padding)
            };
            let channels = layers.last().map_or(0, |layer| layer.2);
            Ok(Stage {
                pool: backbone.pool(number),
                convs: layers.iter().map(conv).collect::<Result<_>>()?,
                lin: weights.get((1, channels, 1, 1), &format!("lin{number}.model.1.weight"))?,
            })
        });
        Ok(Self {
            backbone,
            stages: stages.collect::<Result<_>>()?,
        })
    }

    /// Its backbone.
    pub fn backbone(&self) -> Backbone {
        self.backbone
    }

    /// What it sees in `pixel_values`, (1, 3, H, W) in -1..1, with sides of at least [`LEAST_SIDE`].
    ///
    /// # Errors
    /// On another shape.
    pub fn features(&self, pixel_values: &Tensor) -> Result<Features> {
        let device = pixel_values.device();
        let row = |values: [f64; 3]| {
            Tensor::new(values.map(|value| value as f32).as_slice(), device)?.reshape((1, 3, 1, 1))
        };
        let mut hidden_states = pixel_values
            .broadcast_sub(&row(SHIFT)?)?
            .broadcast_div(&row(SCALE)?)?; // (1, 3, H, W)
        let mut features = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            if let Some((window, stride)) = stage.pool {
                hidden_states = hidden_states.max_pool2d_with_stride(window, stride)?;
            }
            for conv in &stage.convs {
                hidden_states = conv.forward(&hidden_states)?.relu()?; // (1, C, h, w)
            }
            let length = hidden_states.sqr()?.sum_keepdim(1)?.sqrt()?; // (1, 1, h, w)
            features.push(hidden_states.broadcast_div(&(length + EPS)?)?);
        }
        Ok(Features(features))
    }

    /// How far apart two pictures of one size look: 0 for equal ones, rarely above 1.
    ///
    /// # Errors
    /// When the features have different shapes.
    pub fn distance(&self, a: &Features, b: &Features) -> Result<f64> {
        if a.0.len() != self.stages.len() || b.0.len() != self.stages.len() {
            bail!("these features are those of another network")
        }
        let mut distance = 0.0;
        for ((a, b), stage) in a.0.iter().zip(&b.0).zip(&self.stages) {
            let difference = (a - b)?.sqr()?.broadcast_mul(&stage.lin)?; // (1, C, h, w)
            let mean = difference.sum(1)?.mean_all()?; // over h and w
            distance += f64::from(mean.to_scalar::<f32>()?);
        }
        Ok(distance)
    }
}
