//! Pictures that look alike, by the Hamming distance of their perceptual hashes.

/// Bits of a hash, in four words.
pub(super) type Bits = [u64; 4];

/// Bits in which two hashes differ.
pub(super) fn distance(a: &Bits, b: &Bits) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

/// All pairs of places, the smaller first, whose hashes differ in at most `most` bits. `going_on` is
/// asked now and then; when it says no, what was found so far comes back.
///
/// Two hashes that differ in at most `most` bits agree in at least one of `most + 1` parts, so only
/// those with an equal part are compared.
pub(super) fn alike(
    hashes: &[Option<Bits>],
    most: u32,
    mut going_on: impl FnMut() -> bool,
) -> Vec<(usize, usize)> {
    /// Parts of 16 bits.
    const PARTS: usize = 16;
    debug_assert!((most as usize) < PARTS, "the parts would miss some");
    let mut found = Vec::new();
    for part in 0..PARTS {
        let key = |bits: &Bits| (bits[part / 4] >> (16 * (part % 4))) as u16;
        let mut sorted: Vec<(u16, usize)> = hashes
            .iter()
            .enumerate()
            .filter_map(|(place, bits)| Some((key(bits.as_ref()?), place)))
            .collect();
        sorted.sort_unstable();
        for group in sorted.chunk_by(|a, b| a.0 == b.0) {
            if !going_on() {
                return found;
            }
            for (i, (_, a)) in group.iter().enumerate() {
                for (_, b) in group.get(i + 1..).unwrap_or_default() {
                    let (Some(Some(first)), Some(Some(second))) = (hashes.get(*a), hashes.get(*b))
                    else {
                        continue;
                    };
                    // Found in the first part that is equal, and only there.
                    let earlier = (0..part).any(|p| {
                        let key = |bits: &Bits| (bits[p / 4] >> (16 * (p % 4))) as u16;
                        key(first) == key(second)
                    });
                    if !earlier && distance(first, second) <= most {
                        found.push((*a.min(b), *a.max(b)));
                    }
                }
            }
        }
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::noise::Stream;

    #[test]
    fn the_parts_find_what_comparing_everything_finds() {
        // Random hashes, and copies of some with a few bits turned.
        let order = Stream::new(3, "hashes", 0, 0).permutation(4096);
        let word = |i: usize| {
            let part = |k: usize| u64::from(order[(7 * i + k * 911) % 4096]);
            part(0) ^ part(1) << 12 ^ part(2) << 24 ^ part(3) << 36 ^ part(4) << 52
        };
        let mut hashes: Vec<Option<Bits>> = (0..200)
            .map(|i| {
                Some([
                    word(4 * i),
                    word(4 * i + 1),
                    word(4 * i + 2),
                    word(4 * i + 3),
                ])
            })
            .collect();
        for i in 0..40 {
            let mut copy = hashes[i].expect("it was made just now");
            for bit in 0..i % 17 {
                let place = (bit * 37 + i * 11) % 256;
                copy[place / 64] ^= 1 << (place % 64);
            }
            hashes.push(Some(copy));
        }
        hashes.push(None);
        let mut expected = Vec::new();
        for a in 0..hashes.len() {
            for b in a + 1..hashes.len() {
                if let (Some(x), Some(y)) = (&hashes[a], &hashes[b])
                    && distance(x, y) <= 10
                {
                    expected.push((a, b));
                }
            }
        }
        assert!(expected.len() >= 20, "{}", expected.len());
        assert_eq!(alike(&hashes, 10, || true), expected);
    }
}
