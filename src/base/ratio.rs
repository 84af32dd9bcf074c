//! `Ratio`: a share between nothing and everything, exact.
//!
//! A probability or a share is written `5%`, `1/20` or `0.05`, and held as a fraction of whole numbers: it is compared
//! and sampled without rounding, so `0%` never happens and `100%` always does.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A share from 0 to 1, as an exact fraction.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("examples" = ["5%", "1/20", "0.05"]))]
pub struct Ratio {
    numerator: u64,
    denominator: u64,
}

/// Why a text is no ratio.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RatioError {
    /// Not a number in any of the three forms.
    #[error("expected a share such as `5%`, `1/20` or `0.05`, found `{0}`")]
    Form(String),
    /// A number, but not between 0 and 1.
    #[error("expected a share between 0% and 100%, found `{0}`{hint}", hint = percent_hint(.0))]
    Range(String),
}

/// Most digits after the point: ten to this power still fits the denominator beside a `%`.
const DIGITS_MAX: usize = 15;

// === impl Ratio ===

impl Ratio {
    /// Nothing.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };
    /// Everything.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// `numerator / denominator`, if that lies between 0 and 1.
    pub const fn new(numerator: u64, denominator: u64) -> Option<Self> {
        if denominator == 0 || numerator > denominator {
            return None;
        }
        Some(Self { numerator, denominator })
    }

    /// As a floating-point number, for statistics and for people.
    pub fn as_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// Whether it is 0.
    pub const fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// Whether a uniform 64-bit draw falls within this share of its range. Exact: 0 never, 1 always.
    pub fn takes(self, draw: u64) -> bool {
        u128::from(draw) * u128::from(self.denominator) < u128::from(self.numerator) << 64
    }

    /// This share at so many percent of its height.
    #[must_use]
    pub fn scaled(self, percent: u8) -> Self {
        let percent = u64::from(percent.min(100));
        match (self.numerator.checked_mul(percent), self.denominator.checked_mul(100)) {
            (Some(numerator), Some(denominator)) => Self { numerator, denominator },
            // A denominator beyond 2^57: far finer than a draw can tell.
            _ => Self { numerator: self.numerator / 100 * percent, ..self },
        }
    }

    /// This share of `whole`, rounded to the nearest (halves up).
    pub fn of(self, whole: u64) -> u64 {
        let (n, d) = (u128::from(self.numerator), u128::from(self.denominator));
        ((n * u128::from(whole) * 2 + d) / (d * 2)) as u64
    }
}

impl Default for Ratio {
    fn default() -> Self {
        Self::ZERO
    }
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ratio {}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let left = u128::from(self.numerator) * u128::from(other.denominator);
        left.cmp(&(u128::from(other.numerator) * u128::from(self.denominator)))
    }
}

impl FromStr for Ratio {
    type Err = RatioError;

    fn from_str(text: &str) -> Result<Self, RatioError> {
        let form = || RatioError::Form(text.to_owned());
        let trimmed = text.trim();
        let (numerator, denominator) = if let Some((numerator, denominator)) = trimmed.split_once('/') {
            let whole = |part: &str| part.trim().parse::<u64>().map_err(|_| form());
            (whole(numerator)?, whole(denominator)?)
        } else {
            let (number, scale) = trimmed.strip_suffix('%').map_or((trimmed, 1), |n| (n.trim_end(), 100));
            if number.starts_with('-') && number[1..].parse::<f64>().is_ok() {
                return Err(RatioError::Range(text.to_owned()));
            }
            let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
            let digits = format!("{whole}{fraction}");
            let numeric = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            if !numeric || fraction.len() > DIGITS_MAX {
                return Err(form());
            }
            (digits.parse().map_err(|_| form())?, 10u64.pow(fraction.len() as u32) * scale)
        };
        if denominator == 0 {
            return Err(form());
        }
        Self::new(numerator, denominator).ok_or_else(|| RatioError::Range(text.to_owned()))
    }
}

impl TryFrom<String> for Ratio {
    type Error = RatioError;

    fn try_from(text: String) -> Result<Self, RatioError> {
        text.parse()
    }
}

impl From<Ratio> for String {
    fn from(ratio: Ratio) -> Self {
        ratio.to_string()
    }
}

impl fmt::Display for Ratio {
    /// In percent, with as many digits as it takes and no more than four.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.4}", self.as_f64() * 100.0);
        write!(f, "{}%", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

fn percent_hint(text: &str) -> String {
    let number = text.trim().parse::<f64>();
    match number {
        Ok(percent) if percent > 1.0 && percent <= 100.0 => {
            format!("; for {percent} percent write `{percent}%`")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_mean_the_same() {
        for text in ["5%", "1/20", "0.05", " 5 % ", "5.0%"] {
            assert_eq!(text.parse::<Ratio>().unwrap(), Ratio::new(1, 20).unwrap(), "{text}");
        }
        assert_eq!("99.9%".parse::<Ratio>().unwrap().to_string(), "99.9%");
    }

    #[test]
    fn bad_ratios_say_what_was_expected() {
        let message = |text: &str| text.parse::<Ratio>().unwrap_err().to_string();
        assert_eq!(message("5"), "expected a share between 0% and 100%, found `5`; for 5 percent write `5%`");
        assert_eq!(message("-5%"), "expected a share between 0% and 100%, found `-5%`");
        assert_eq!(message("150%"), "expected a share between 0% and 100%, found `150%`");
        assert_eq!(message("3/2"), "expected a share between 0% and 100%, found `3/2`");
        for text in ["", "%", "a lot", "1/0", "1/", ".", "NaN", "inf", "1e-3", "0.1234567890123456"] {
            assert!(message(text).starts_with("expected a share such as"), "{text}: {}", message(text));
        }
    }

    #[test]
    fn sampling_is_exact_at_both_ends() {
        assert!(!Ratio::ZERO.takes(0));
        assert!(Ratio::ONE.takes(u64::MAX));
        let half = Ratio::new(1, 2).unwrap();
        assert!(half.takes((1 << 63) - 1));
        assert!(!half.takes(1 << 63));
    }

    #[test]
    fn a_share_of_a_whole_rounds_to_the_nearest() {
        assert_eq!("20%".parse::<Ratio>().unwrap().of(256), 51);
        assert_eq!("0.1%".parse::<Ratio>().unwrap().of(256), 0);
        assert_eq!(Ratio::ONE.of(256), 256);
    }
}
