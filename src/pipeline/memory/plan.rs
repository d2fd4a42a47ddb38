//! How the networks of a bundle share a memory that may not hold all of them.

use crate::nn::Bits;
use serde::{Deserialize, Serialize};

/// What is held when, and with how many bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemoryPlan {
    /// Whether a network is dropped as soon as the next one is needed.
    pub one_at_a_time: bool,
    /// The bits of the language model's matrices; nothing for all of them.
    pub language_bits: Option<Bits>,
    /// Whether the VAE works on overlapping tiles of a picture.
    pub tiles: bool,
}

impl MemoryPlan {
    /// All plans. Each needs less memory than the one before, and costs more: time first, then
    /// accuracy.
    pub const ALL: [Self; 6] = [
        Self::of(false, None, false),
        Self::of(true, None, false),
        Self::of(true, None, true),
        Self::of(true, Some(Bits::Eight), false),
        Self::of(true, Some(Bits::Eight), true),
        Self::of(true, Some(Bits::Four), true),
    ];

    const fn of(one_at_a_time: bool, language_bits: Option<Bits>, tiles: bool) -> Self {
        Self {
            one_at_a_time,
            language_bits,
            tiles,
        }
    }

    /// The plan that needs the least.
    pub fn smallest() -> Self {
        let [.., last] = Self::ALL;
        last
    }

    /// The plan to try when this one needs too much.
    pub fn next(self) -> Option<Self> {
        let at = Self::ALL.iter().position(|plan| *plan == self)?;
        Self::ALL.get(at + 1).copied()
    }

    /// The plan in words: "T5 in 8 bits, one network at a time".
    pub fn words(self) -> String {
        let mut words = Vec::new();
        match self.language_bits {
            Some(Bits::Eight) => words.push("T5 in 8 bits"),
            Some(Bits::Four) => words.push("T5 in 4 bits"),
            None => {}
        }
        words.push(if self.one_at_a_time {
            "one network at a time"
        } else {
            "everything in memory"
        });
        if self.tiles {
            words.push("pictures in tiles");
        }
        words.join(", ")
    }

    /// A short name that stays the same between versions, for files.
    pub fn key(self) -> &'static str {
        match (self.one_at_a_time, self.language_bits, self.tiles) {
            (false, ..) => "all",
            (true, None, false) => "one",
            (true, None, true) => "one-tiles",
            (true, Some(Bits::Eight), false) => "one-q8",
            (true, Some(Bits::Eight), true) => "one-q8-tiles",
            (true, Some(Bits::Four), _) => "one-q4-tiles",
        }
    }
}

/// A number of bytes as people give it: "8GiB", "900 MB", "6.5g"; plain digits are bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MemorySize(pub u64);

/// Less than this holds no network worth a limit, and is a typing error.
const LEAST: u64 = 1 << 20;

impl std::str::FromStr for MemorySize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("\"{text}\" is not an amount of memory. Write it like 8GiB or 900MB.");
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
        let Ok(number) = number.parse::<f64>() else {
            return Err(wrong());
        };
        let factor: f64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1.0,
            "k" | "kib" => 1024.0,
            "kb" => 1e3,
            "m" | "mib" => 1_048_576.0,
            "mb" => 1e6,
            "g" | "gib" => 1_073_741_824.0,
            "gb" => 1e9,
            "t" | "tib" => 1_099_511_627_776.0,
            "tb" => 1e12,
            _ => return Err(wrong()),
        };
        let bytes = (number * factor) as u64;
        if bytes < LEAST {
            return Err(format!(
                "{text} is too little: no bundle works in less than {}.",
                Self(LEAST)
            ));
        }
        Ok(Self(bytes))
    }
}

impl std::fmt::Display for MemorySize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let gib = self.0 as f64 / (1u64 << 30) as f64;
        if gib >= 9.95 {
            write!(f, "{gib:.0} GiB")
        } else if gib >= 0.95 {
            write!(f, "{gib:.1} GiB")
        } else {
            write!(f, "{:.0} MiB", self.0 as f64 / (1u64 << 20) as f64)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_memory_are_read_as_people_write_them() {
        let read = |text: &str| text.parse::<MemorySize>().map(|size| size.0).ok();
        assert_eq!(read("8GiB"), Some(8 << 30));
        assert_eq!(read(" 6.5 g"), Some(13 << 29));
        assert_eq!(read("900MB"), Some(900_000_000));
        assert_eq!(read("1073741824"), Some(1 << 30));
        for wrong in ["", "GiB", "8 parsecs", "-1GiB", "12", "1e9GiB"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(MemorySize(8 << 30).to_string(), "8.0 GiB");
        assert_eq!(MemorySize(300 << 20).to_string(), "300 MiB");
        assert_eq!(MemorySize(12_400 << 20).to_string(), "12 GiB");
    }

    #[test]
    fn plans_are_told_apart_and_lead_to_the_smallest() {
        let mut plan = MemoryPlan::default();
        let mut words = vec![plan.words()];
        while let Some(next) = plan.next() {
            plan = next;
            words.push(plan.words());
        }
        assert_eq!(plan, MemoryPlan::smallest());
        assert_eq!(words.len(), MemoryPlan::ALL.len());
        assert_eq!(words[0], "everything in memory");
        assert_eq!(words[3], "T5 in 8 bits, one network at a time");
        let keys: std::collections::BTreeSet<_> = MemoryPlan::ALL.map(MemoryPlan::key).into();
        assert_eq!(keys.len(), MemoryPlan::ALL.len());
    }
}
