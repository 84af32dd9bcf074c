//! Named streams of randomness.
//!
//! Every draw comes from a stream that is named by what it decides: `seed / label / ordinal`. Streams never share state,
//! so adding a fault, a link or a monitor changes no draw of another, and the n-th connection of a service draws the same
//! on any number of threads. This is the only file that names a generator.
//!
//! A label is hashed with FNV-1a (64 bits, our own copy, golden vectors below) into the stream number of a `ChaCha8`
//! generator; all streams of a seed share its key.

use rand::rand_core::{Rng, SeedableRng};
use rand::rngs::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::ratio::Ratio;

/// The one number that a run's randomness follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Seed(pub u64);

/// The name of a stream, hashed. Built by parts, so that an ordinal needs no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label(u64);

/// A stream of draws. Neither `Clone` nor `Copy`: a copied generator repeats its draws.
#[derive(Debug)]
pub struct Stream(ChaCha8Rng);

const FNV_OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01B3;

/// Keeps `"ab" + "c"` apart from `"a" + "bc"`: no label contains this byte, it is no UTF-8.
const PART_END: u8 = 0xFF;

// === impl Label ===

impl Label {
    /// A label of one part.
    pub fn new(part: &str) -> Self {
        Self(FNV_OFFSET).part(part)
    }

    /// This label with another part.
    #[must_use]
    pub fn part(self, part: &str) -> Self {
        self.bytes(part.as_bytes()).bytes(&[PART_END])
    }

    /// This label with an ordinal.
    #[must_use]
    pub fn ordinal(self, ordinal: u64) -> Self {
        self.bytes(&ordinal.to_le_bytes()).bytes(&[PART_END])
    }

    fn bytes(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME)))
    }
}

// === impl Seed ===

impl Seed {
    /// The stream of this name, from its beginning.
    pub fn stream(self, label: Label) -> Stream {
        let mut generator = ChaCha8Rng::seed_from_u64(self.0);
        generator.set_stream(label.0);
        Stream(generator)
    }
}

// === impl Stream ===

impl Stream {
    /// 64 uniform bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A uniform number strictly between 0 and 1: the middle of one of 2^53 equal cells, so that no quantile function
    /// is ever asked at its infinite ends.
    pub fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) * (1.0 / (1u64 << 53) as f64)
    }

    /// Whether an event of this probability happens. One draw, whatever the probability.
    pub fn happens(&mut self, probability: Ratio) -> bool {
        probability.takes(self.bits())
    }

    /// A uniform whole number below `end` (Lemire's multiply-shift; its bias is below `end` / 2^64). `end` is above 0.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// A uniform random order of `items` (Fisher-Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pins the whole chain (label hash, key, stream, word order): whoever changes one of these changes every published
    /// run of every seed.
    #[test]
    fn golden_vectors() {
        let label = Label::new("fault").part("portal/latency@2s").ordinal(7);
        assert_eq!(Label::new("fault").0, 0x8F7C_D533_A7F5_2A60);
        assert_eq!(label.0, 0x02E9_FE41_CF8E_A339);
        let mut stream = Seed(20_230_125).stream(label);
        let draws = [stream.bits(), stream.bits(), stream.bits()];
        assert_eq!(draws, [0xC04F_C5DD_0B30_6661, 0x6063_F548_1458_74DC, 0x8B0C_9B7D_D92F_B843]);
    }

    #[test]
    fn labels_keep_their_parts_apart() {
        let labels = [
            Label::new("ab").part("c"),
            Label::new("a").part("bc"),
            Label::new("abc"),
            Label::new("abc").ordinal(0),
            Label::new("abc").ordinal(1),
        ];
        for (i, a) in labels.iter().enumerate() {
            assert!(labels[i + 1..].iter().all(|b| a != b));
        }
    }

    #[test]
    fn a_stream_is_a_function_of_seed_and_label() {
        let draws = |seed: u64, label: &str| {
            let mut stream = Seed(seed).stream(Label::new(label));
            [stream.bits(), stream.bits(), stream.bits()]
        };
        assert_eq!(draws(1, "a"), draws(1, "a"));
        assert_ne!(draws(1, "a"), draws(1, "b"));
        assert_ne!(draws(1, "a"), draws(2, "a"));
    }

    #[test]
    fn below_stays_below_and_reaches_all() {
        let mut stream = Seed(7).stream(Label::new("below"));
        let mut hits = [0; 5];
        (0..1_000).for_each(|_| hits[stream.below(5) as usize] += 1);
        assert!(hits.iter().all(|n| *n > 100), "{hits:?}");
    }
}
