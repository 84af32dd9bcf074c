//! Durations as Prometheus writes them: `5m`, `1h30m`, `1d`, `500ms`; from large units to small, each once, whole
//! numbers. A day has 24 hours, a week 7 days, a year 365 days. A bare `0` is zero.

use std::fmt::Write;
use std::time::Duration;

use crate::base::limits::DURATION_MAX;

/// Units with their milliseconds, in the order in which they may follow each other.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads a duration; says what was expected, if it is none.
pub(super) fn parse_prometheus_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("expected a duration such as `30s`, `5m` or `1h30m`, found `{text}`");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut millis: u64 = 0;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (_, unit) = units.find(|(name, _)| *name == &rest[..letters]).ok_or_else(wrong)?;
        rest = &rest[letters..];
        millis = number.checked_mul(*unit).and_then(|m| millis.checked_add(m)).ok_or_else(wrong)?;
    }
    let duration = Duration::from_millis(millis);
    if duration > DURATION_MAX {
        return Err(format!("expected a duration of at most 366d (DURATION_MAX), found `{text}`"));
    }
    Ok(duration)
}

/// Writes a duration, to the millisecond, so that Prometheus reads the same: `1h30m`, `15s`, `0s`.
pub(in crate::rules) fn format_prometheus_duration(duration: Duration) -> String {
    let mut rest = duration.as_millis() as u64;
    let mut text = String::new();
    // Weeks and years read worse than days.
    for (unit, millis) in &UNITS[2..] {
        if rest >= *millis {
            write!(text, "{}{unit}", rest / millis).expect("writing to a `String` does not fail");
            rest %= millis;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_prometheus() {
        for (text, millis) in
            [("5m", 300_000), ("1h30m", 5_400_000), ("0", 0), ("0s", 0), ("1d", 86_400_000), ("500ms", 500)]
        {
            let read = parse_prometheus_duration(text).unwrap();
            assert_eq!(read, Duration::from_millis(millis), "{text}");
            assert_eq!(parse_prometheus_duration(&format_prometheus_duration(read)), Ok(read));
        }
        for text in ["", "5", "m", "30m1h", "1.5h", "5 m", "5min", "1m1m", "99999999999999999999s", "2y"] {
            assert!(parse_prometheus_duration(text).is_err(), "{text}");
        }
    }
}
