//! The way back through a UNet that kept only what lies between its pieces.
//!
//! A forward for training holds every activation until the gradient comes back. Here the forward keeps
//! the input of every piece and forgets what is inside; the way back computes one piece at a time again
//! and differentiates it alone, so the memory is that of the largest piece. It costs a second forward.
//! Source: Chen et al., "Training Deep Nets with Sublinear Memory Cost" (2016), section 3.

use super::Unet;
use crate::nn::sum;
use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var, bail};

/// What a forward kept.
pub struct Recomputed<'a> {
    unet: &'a Unet,
    inputs: Vec<Input>,
    timesteps: Tensor,
    /// (B or 1, T), off the tape.
    time: Tensor,
    /// (B, L, D), off the tape.
    states: Tensor,
    bias: Option<Tensor>,
}

/// What went into a piece.
struct Input {
    hidden: Tensor,
    /// A stored tensor, and the piece that made it.
    skip: Option<(usize, Tensor)>,
    size: Option<(usize, usize)>,
}

impl Unet {
    /// Predicts the noise off the tape, and keeps what [`Recomputed::backward`] needs. The noise is that
    /// of [`Unet::forward`].
    ///
    /// - `sample`, `timesteps`: as there
    /// - `encoder_hidden_states`, `mask`: as in [`Unet::prepare_context`]
    ///
    /// # Errors
    /// As there.
    pub fn forward_recomputed(
        &self,
        sample: &Tensor,
        timesteps: &Tensor,
        encoder_hidden_states: &Tensor,
        mask: Option<&Tensor>,
    ) -> Result<(Tensor, Recomputed<'_>)> {
        let states = encoder_hidden_states.detach().to_dtype(self.dtype)?;
        let bias = self.bias(encoder_hidden_states, mask)?;
        self.check(sample, timesteps, states.dim(0)?)?;
        let time = self.activated_time(timesteps)?.detach();
        let mut hidden = sample.detach().to_dtype(self.dtype)?;
        let mut skips: Vec<(usize, Tensor)> = Vec::new();
        let mut inputs = Vec::new();
        for (index, stage) in self.stages().iter().enumerate() {
            let skip = stage.joins.then(|| skips.pop()).flatten();
            let size = size_of(skips.last().map(|(_, skip)| skip))?;
            let joined = skip.as_ref().map(|(_, skip)| skip.clone());
            let context = stage.context(&states, bias.as_ref())?;
            let made = stage.forward(hidden.clone(), joined, &time, &mut context.reader(), size)?;
            // What the piece kept for a gradient goes with its graph.
            let made = made.detach();
            inputs.push(Input { hidden, skip, size });
            if stage.stored {
                skips.push((index, made.clone()));
            }
            hidden = made;
        }
        let kept = Recomputed {
            unet: self,
            inputs,
            timesteps: timesteps.clone(),
            time,
            states,
            bias,
        };
        Ok((hidden, kept))
    }
}

/// Height and width.
pub(super) fn size_of(tensor: Option<&Tensor>) -> Result<Option<(usize, usize)>> {
    let size = |tensor: &Tensor| -> Result<(usize, usize)> {
        let (_, _, height, width) = tensor.dims4()?;
        Ok((height, width))
    };
    tensor.map(size).transpose()
}

impl Recomputed<'_> {
    /// Goes back, piece by piece.
    ///
    /// - `gradient`: of the predicted noise, (B, 4, h, w)
    /// - `wants_context`: whether the context's gradient is needed
    /// - `found`: sees the gradients of each piece's variables before they are let go of; those of a
    ///   variable of several pieces come in parts
    ///
    /// Returns the context's gradient, (B, L, D).
    ///
    /// # Errors
    /// On a shape that does not fit, or when cancelled.
    pub fn backward(
        self,
        gradient: &Tensor,
        wants_context: bool,
        found: &mut dyn FnMut(&mut GradStore) -> Result<()>,
    ) -> Result<Option<Tensor>> {
        let Self {
            unet,
            mut inputs,
            timesteps,
            time,
            states,
            bias,
        } = self;
        let of_time = unet.activated_time(&timesteps)?;
        let stages = unet.stages();
        let mut of_skips: Vec<Option<Tensor>> = vec![None; stages.len()];
        let (mut to_time, mut to_states) = (None, None);
        let mut to_result = gradient.detach();
        for (index, stage) in stages.iter().enumerate().rev() {
            let Some(Input { hidden, skip, size }) = inputs.pop() else {
                bail!("the walk back has more pieces than the walk")
            };
            // 1. The piece again, its inputs as variables.
            let input = Var::from_tensor(&hidden)?;
            let time = on_tape(&time, of_time.track_op())?;
            let states = on_tape(&states, wants_context && stage.transformer().is_some())?;
            let (maker, skip) = match skip {
                Some((maker, skip)) => (Some(maker), Some(Var::from_tensor(&skip)?)),
                None => (None, None),
            };
            let entered = match index {
                0 => hidden, // nobody asks for the gradient of the latents
                _ => input.as_tensor().clone(),
            };
            let joined = skip.as_ref().map(|skip| skip.as_tensor().clone());
            let context = stage.context(&states, bias.as_ref())?;
            let made = stage.forward(entered, joined, &time, &mut context.reader(), size)?;
            drop(context);
            // 2. Its gradient comes from the piece behind it and from where it was joined.
            if let Some(more) = of_skips.get_mut(index).and_then(Option::take) {
                to_result = sum(&to_result, &more)?;
            }
            if !made.track_op() {
                break; // nothing before it is trained either
            }
            let mut store = (made * &to_result)?.sum_all()?.backward()?;
            // 3. What goes on to the pieces before.
            if let (Some(maker), Some(skip)) = (maker, &skip) {
                let gradient = store.remove(skip);
                if let Some(place) = of_skips.get_mut(maker) {
                    *place = gradient;
                }
            }
            add(&mut to_time, store.remove(&time))?;
            add(&mut to_states, store.remove(&states))?;
            let before = store.remove(&input);
            found(&mut store)?;
            match before {
                Some(before) => to_result = before,
                None if index == 0 => {}
                None => bail!("a piece of the UNet has no gradient"),
            }
        }
        // 4. The layers behind the time step, which all residual blocks share.
        if let Some(gradient) = to_time {
            found(&mut (of_time * gradient)?.sum_all()?.backward()?)?;
        }
        Ok(to_states)
    }
}

/// The tensor, as a variable where its gradient is wanted.
fn on_tape(tensor: &Tensor, wanted: bool) -> Result<Tensor> {
    Ok(match wanted {
        true => Var::from_tensor(tensor)?.as_tensor().clone(),
        false => tensor.clone(),
    })
}

fn add(total: &mut Option<Tensor>, more: Option<Tensor>) -> Result<()> {
    if let Some(more) = more {
        *total = Some(match total.take() {
            Some(total) => sum(&total, &more)?,
            None => more,
        });
    }
    Ok(())
}
