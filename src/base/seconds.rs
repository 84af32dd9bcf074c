//! Durations as numbers of seconds in JSON (`#[serde(with = "seconds")]`), and `seconds::option` for optional ones.
//!
//! The journal's readers are `jq`, pandas and the next version of brownout: a plain number in one unit suits them
//! all. The field's name carries the unit (`latency_s`).

use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// Writes a duration as seconds.
pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(value.as_secs_f64())
}

/// Reads a duration from seconds; refuses negative, infinite and absurd ones.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    let nanos = (seconds * super::time::NANOS_PER_SECOND).round();
    if !(0.0..=u64::MAX as f64).contains(&nanos) {
        return Err(D::Error::custom(format!("expected a number of seconds, 0 or more, found {seconds}")));
    }
    Ok(Duration::from_nanos(nanos as u64))
}

/// The same for `Option<Duration>`.
pub mod option {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    struct Seconds(#[serde(with = "super")] Duration);

    /// Writes seconds, or null.
    pub fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(duration) => serializer.serialize_some(&duration.as_secs_f64()),
            None => serializer.serialize_none(),
        }
    }

    /// Reads seconds, or null.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Seconds>::deserialize(deserializer)?.map(|seconds| seconds.0))
    }
}
