//! Durations as people write them: `80ms`, `1m30s`, `6h15m`; one reader and one writer for the whole program.
//!
//! A bare number is refused: `10` once meant milliseconds here and seconds there, in every tool of this field.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limits::DURATION_MAX;

/// A duration in a scenario file: `80ms`, `1m30s`, `1.5s`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("examples" = ["80ms", "1m30s", "6h15m"]))]
pub struct Span(pub Duration);

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// A number without a unit.
    #[error("expected a duration with a unit, found `{0}`; write `{0}s` or `{0}ms`")]
    Unit(String),
    /// A unit that doesn't exist.
    #[error("expected a unit of time (ns, us, ms, s, m, h, d), found `{unit}` in `{text}`")]
    UnknownUnit {
        /// The unit as written.
        unit: String,
        /// The whole text.
        text: String,
    },
    /// Not a duration at all.
    #[error("expected a duration such as `80ms`, `1m30s` or `6h15m`, found `{0}`")]
    Form(String),
    /// Below zero.
    #[error("expected a duration of 0s or more, found `{0}`")]
    Negative(String),
    /// Beyond [`DURATION_MAX`].
    #[error("expected a duration of at most {max}, found `{text}`", max = format_duration(DURATION_MAX), text = .0)]
    TooLong(String),
}

/// Units from the largest, with their nanoseconds. `µs` and `us` are the same.
const UNITS: [(&str, u64); 8] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("ns", 1),
];

/// Most digits after a decimal point.
const DIGITS_MAX: usize = 9;

/// Reads a duration: numbers with units, largest or smallest first, added up.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let form = || DurationError::Form(text.to_owned());
    let mut rest = text.trim();
    if rest.starts_with('-') {
        return Err(DurationError::Negative(text.to_owned()));
    }
    if rest.is_empty() {
        return Err(form());
    }
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        if number.is_empty() {
            return Err(form());
        }
        if unit.is_empty() {
            return Err(if digits == rest.len() {
                DurationError::Unit(text.trim().to_owned())
            } else {
                form()
            });
        }
        let known = UNITS.iter().find(|(name, _)| *name == unit);
        let (_, nanos) = known.ok_or_else(|| DurationError::UnknownUnit {
            unit: unit.to_owned(),
            text: text.trim().to_owned(),
        })?;
        total = total.saturating_add(scaled(number, *nanos).ok_or_else(form)?);
        rest = tail.trim_start();
    }
    if total > DURATION_MAX.as_nanos() {
        return Err(DurationError::TooLong(text.to_owned()));
    }
    Ok(Duration::from_nanos(total as u64))
}

/// `number` × `unit` nanoseconds; none if it is no decimal number.
fn scaled(number: &str, unit: u64) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || fraction.len() > DIGITS_MAX || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    // Only digits are left: what doesn't parse is too large.
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().unwrap_or(u128::MAX) };
    let part: u128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let part = part * u128::from(unit) / 10u128.pow(fraction.len() as u32);
    Some(whole.saturating_mul(u128::from(unit)).saturating_add(part))
}

/// Writes a duration with at most three figures that matter: `1.24ms`, `350ms`, `1m30s`, `6h15m`.
pub fn format_duration(duration: Duration) -> String {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    if nanos == 0 {
        return "0s".to_owned();
    }
    for (unit, scale) in [("ns", 1_u64), ("µs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)] {
        let limit = if unit == "s" { 60_000_000_000 } else { scale * 1_000 };
        if nanos < limit {
            return short_decimal(nanos as f64 / scale as f64, unit, limit / scale);
        }
    }
    let seconds = nanos.saturating_add(500_000_000) / 1_000_000_000;
    let parts =
        [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let parts: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    parts.concat()
}

/// Writes a duration so that reading it gives the same one.
pub fn exact_duration(duration: Duration) -> String {
    let text = format_duration(duration);
    if parse_duration(&text) == Ok(duration) { text } else { format!("{}ns", duration.as_nanos()) }
}

/// Three significant figures without trailing zeros; what rounds up to the next unit is written there.
fn short_decimal(value: f64, unit: &str, limit: u64) -> String {
    let digits = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    let text = format!("{value:.digits$}");
    if text.parse().is_ok_and(|rounded: f64| rounded >= limit as f64) {
        let next = match unit {
            "ns" => "1µs",
            "µs" => "1ms",
            "ms" => "1s",
            _ => "1m",
        };
        return next.to_owned();
    }
    let short = if digits > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{short}{unit}")
}

// === impl Span ===

impl Span {
    /// The duration.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl FromStr for Span {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        parse_duration(text).map(Self)
    }
}

impl TryFrom<String> for Span {
    type Error = DurationError;

    fn try_from(text: String) -> Result<Self, DurationError> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_duration(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read() {
        let cases = [
            ("80ms", 80_000_000),
            ("1m30s", 90_000_000_000),
            ("6h15m", 22_500_000_000_000),
            ("1.5s", 1_500_000_000),
            ("0s", 0),
            ("250us", 250_000),
            ("250µs", 250_000),
            ("1h 30m", 5_400_000_000_000),
            (".5s", 500_000_000),
        ];
        for (text, nanos) in cases {
            assert_eq!(parse_duration(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_says_what_was_expected() {
        let message = |text: &str| parse_duration(text).unwrap_err().to_string();
        assert_eq!(message("10"), "expected a duration with a unit, found `10`; write `10s` or `10ms`");
        assert_eq!(
            message("10sec"),
            "expected a unit of time (ns, us, ms, s, m, h, d), found `sec` in `10sec`"
        );
        assert_eq!(message("-1s"), "expected a duration of 0s or more, found `-1s`");
        assert_eq!(message("99999999999d"), "expected a duration of at most 366d, found `99999999999d`");
        for text in ["", "soon", "1m30", "1..5s", ".s", "1.0000000001s"] {
            assert!(message(text).contains("expected a duration"), "{text}: {}", message(text));
        }
    }

    #[test]
    fn durations_are_written_with_three_figures() {
        let cases = [
            (0, "0s"),
            (999, "999ns"),
            (1_240_000, "1.24ms"),
            (80_000_000, "80ms"),
            (999_999_999, "1s"),
            (1_500_000_000, "1.5s"),
            (59_999_000_000, "1m"),
            (90_000_000_000, "1m30s"),
            (22_500_000_000_000, "6h15m"),
            (u64::MAX, "213503d23h34m33s"),
        ];
        for (nanos, text) in cases {
            assert_eq!(format_duration(Duration::from_nanos(nanos)), text);
        }
    }
}
