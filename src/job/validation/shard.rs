//! Shards: an evaluation shared out over devices and machines.

use std::fmt;
use std::str::FromStr;

/// A part of the samples: every `count`-th, from number `index`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, 1..=count.
    pub index: usize,
    /// Parts in all.
    pub count: usize,
}

impl Shard {
    /// All samples.
    pub const WHOLE: Self = Self { index: 1, count: 1 };

    /// Whether the sample at this place of the list, from 0, belongs to it.
    pub fn has(self, place: usize) -> bool {
        place % self.count.max(1) + 1 == self.index
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shard = text.split_once('/').and_then(|(index, count)| {
            Some(Self {
                index: index.trim().parse().ok()?,
                count: count.trim().parse().ok()?,
            })
        });
        shard
            .filter(|shard| (1..=shard.count).contains(&shard.index))
            .ok_or_else(|| "write it as i/n, for example 1/4 to 4/4".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_share_every_sample_out_once() {
        for count in 1..5 {
            for place in 0..20 {
                let owners = (1..=count).filter(|index| {
                    let index = *index;
                    Shard { index, count }.has(place)
                });
                assert_eq!(owners.count(), 1);
            }
        }
        assert_eq!("2/4".parse(), Ok(Shard { index: 2, count: 4 }));
        for wrong in ["", "2", "0/4", "5/4", "1/0", "a/b", "-1/2"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
