//! How the time steps of the diffusion loss are drawn.

use crate::nn::noise::Stream;

/// How time steps are drawn.
pub(super) struct Timesteps {
    /// How many there are.
    pub count: u32,
    /// A step is `count * u^power`.
    pub power: f64,
}

impl Timesteps {
    /// One of them.
    pub fn draw(&self, stream: &mut Stream) -> usize {
        if self.power == 1.0 {
            return stream.below(self.count) as usize;
        }
        let drawn = f64::from(self.count) * f64::from(stream.uniform()).powf(self.power);
        (drawn as usize).min(self.count.saturating_sub(1) as usize)
    }
}
