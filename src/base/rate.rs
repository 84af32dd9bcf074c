//! Byte sizes and byte rates as people write them: `64KiB`, `1.5MB`, `1MB/s`, `10Mbit/s`.
//!
//! `kB`, `MB`, `GB` are powers of ten and `KiB`, `MiB`, `GiB` powers of two, as the standards have it; `bit` divides by
//! eight, as network people mean it. Toxiproxy's `KB` (powers of ten) is read as `kB`.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A number of bytes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("examples" = ["64KiB", "1.5MB", "300B"]))]
pub struct ByteSize(pub u64);

/// A number of bytes a second, never zero: no bytes at all is a blackhole, not a rate.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("examples" = ["1MB/s", "10Mbit/s", "64KiB/s"]))]
pub struct ByteRate(NonZeroU64);

/// Why a text is no size or rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// Not a size.
    #[error("expected a size such as `64KiB`, `1.5MB` or `300B`, found `{0}`")]
    Size(String),
    /// Not a rate.
    #[error("expected a rate such as `1MB/s`, `64KiB/s` or `10Mbit/s`, found `{0}`")]
    Rate(String),
    /// A rate of nothing.
    #[error("expected a rate above zero, found `{0}`; for no delivery at all use `blackhole`")]
    Zero(String),
}

/// Units with their size in bits.
const UNITS: [(&str, u64); 16] = [
    ("B", 8),
    ("kB", 8_000),
    ("KB", 8_000),
    ("MB", 8_000_000),
    ("GB", 8_000_000_000),
    ("KiB", 8 << 10),
    ("MiB", 8 << 20),
    ("GiB", 8 << 30),
    ("bit", 1),
    ("kbit", 1_000),
    ("Kbit", 1_000),
    ("Mbit", 1_000_000),
    ("Gbit", 1_000_000_000),
    ("bps", 1),
    ("kbps", 1_000),
    ("Mbps", 1_000_000),
];

/// Bytes in `text`, rounded down; none if it is no number with a known unit.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = (text[..unit_at].trim_end(), &text[unit_at..]);
    let (_, bits) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if number.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let scale = 10u128.pow(fraction.len() as u32);
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()?.into() };
    let fraction: u128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    u64::try_from((whole * scale + fraction) * u128::from(*bits) / scale / 8).ok()
}

/// Three figures and the largest unit of ten that fits: `1.5MB`.
fn short(bytes: u64) -> String {
    let (scale, unit) = match bytes {
        0..1_000 => return format!("{bytes}B"),
        1_000..1_000_000 => (1e3, "kB"),
        1_000_000..1_000_000_000 => (1e6, "MB"),
        _ => (1e9, "GB"),
    };
    let value = bytes as f64 / scale;
    let digits = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    let text = format!("{value:.digits$}");
    let text = if digits > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{unit}")
}

// === impl ByteSize ===

impl FromStr for ByteSize {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        bytes(text).map(Self).ok_or_else(|| RateError::Size(text.to_owned()))
    }
}

impl TryFrom<String> for ByteSize {
    type Error = RateError;

    fn try_from(text: String) -> Result<Self, RateError> {
        text.parse()
    }
}

impl From<ByteSize> for String {
    fn from(size: ByteSize) -> Self {
        size.to_string()
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&short(self.0))
    }
}

// === impl ByteRate ===

impl ByteRate {
    /// So many bytes a second; none for zero.
    pub const fn new(bytes_per_second: u64) -> Option<Self> {
        match NonZeroU64::new(bytes_per_second) {
            Some(rate) => Some(Self(rate)),
            None => None,
        }
    }

    /// Bytes a second.
    pub const fn bytes_per_second(self) -> u64 {
        self.0.get()
    }

    /// How long `bytes` take at this rate.
    pub fn time_for(self, bytes: u64) -> Duration {
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.0.get());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many bytes fit in `time` at this rate.
    pub fn bytes_in(self, time: Duration) -> u64 {
        u64::try_from(u128::from(self.0.get()) * time.as_nanos() / 1_000_000_000).unwrap_or(u64::MAX)
    }
}

impl FromStr for ByteRate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let trimmed = text.trim();
        let size = trimmed
            .strip_suffix("/s")
            .or_else(|| trimmed.ends_with("bps").then_some(trimmed))
            .ok_or_else(|| RateError::Rate(text.to_owned()))?;
        let rate = bytes(size).ok_or_else(|| RateError::Rate(text.to_owned()))?;
        Self::new(rate).ok_or_else(|| RateError::Zero(text.to_owned()))
    }
}

impl TryFrom<String> for ByteRate {
    type Error = RateError;

    fn try_from(text: String) -> Result<Self, RateError> {
        text.parse()
    }
}

impl From<ByteRate> for String {
    fn from(rate: ByteRate) -> Self {
        rate.to_string()
    }
}

impl fmt::Display for ByteRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", short(self.0.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_rates_as_people_write_them() {
        let size = |text: &str| text.parse::<ByteSize>().unwrap().0;
        assert_eq!(
            (size("64KiB"), size("1.5MB"), size("300B"), size("1 kB")),
            (65_536, 1_500_000, 300, 1_000)
        );
        let rate = |text: &str| text.parse::<ByteRate>().unwrap().bytes_per_second();
        assert_eq!(
            (rate("1MB/s"), rate("10Mbit/s"), rate("8Mbps"), rate("64KiB/s")),
            (1_000_000, 1_250_000, 1_000_000, 65_536)
        );
        assert_eq!("1250kB/s".parse::<ByteRate>().unwrap().to_string(), "1.25MB/s");
    }

    #[test]
    fn bad_sizes_and_rates_say_what_was_expected() {
        assert_eq!("0B/s".parse::<ByteRate>().unwrap_err(), RateError::Zero("0B/s".into()));
        for text in ["", "1", "1MB", "fast", "1 parsec/s", "-1MB/s", "1.MiB.B/s", "99999999999999999999GB/s"]
        {
            assert!(matches!(text.parse::<ByteRate>(), Err(RateError::Rate(_))), "{text}");
        }
        for text in ["", "10", "10 apples", "-1B", "1e3B"] {
            assert!(matches!(text.parse::<ByteSize>(), Err(RateError::Size(_))), "{text}");
        }
    }

    #[test]
    fn time_and_bytes_are_inverse() {
        let rate = ByteRate::new(1_000_000).unwrap();
        assert_eq!(rate.time_for(500_000), Duration::from_millis(500));
        assert_eq!(rate.bytes_in(Duration::from_millis(500)), 500_000);
    }
}
