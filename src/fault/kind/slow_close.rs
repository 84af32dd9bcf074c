//! Slow close: an orderly end of one side reaches the other later.
//!
//! When a side says with a FIN that it has sent everything, the other hears of it so much later; data before it is not
//! delayed, and an RST is not held at all. By default it acts towards the client: an answer that is delimited by the end of
//! its connection, and a pool that waits for its connections to close, take that long. The delay counts from the instant at
//! which the FIN would have been passed on, and ends with the fault. A ramp scales it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base::{CloseTerm, Directions, DurationError, FaultId, PathState, Span};
use crate::fault::schedule::Level;
use crate::fault::shorthand::two_forms;
use crate::fault::spec::Kind;

/// A delay of an orderly end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowClose {
    /// How much later it is passed on.
    pub delay: Span,
}

/// The mapping form of [`SlowClose`].
#[derive(Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowCloseFields {
    /// How much later an orderly end is passed on.
    delay: Span,
}

two_forms!(SlowClose, SlowCloseFields, "a delay such as `500ms`, or `{ delay }`", "500ms");

impl From<SlowCloseFields> for SlowClose {
    fn from(fields: SlowCloseFields) -> Self {
        Self { delay: fields.delay }
    }
}

impl FromStr for SlowClose {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        text.parse().map(|delay| Self { delay })
    }
}

impl Kind for SlowClose {
    fn summary(&self) -> String {
        format!("{} later", self.delay)
    }

    fn directions(&self) -> Directions {
        Directions::ToClient
    }

    fn contradictions(&self) -> Vec<String> {
        let none = self.delay.get().is_zero();
        none.then(|| "a slow close of 0s does nothing".to_owned()).into_iter().collect()
    }

    fn ramps(&self) -> bool {
        true
    }

    fn path(&self, fault: FaultId, level: Level) -> PathState {
        let delay = self.delay.get().mul_f64(level.as_f64());
        PathState { closes: vec![CloseTerm { fault, delay }], ..PathState::CLEAR }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_mean_the_same() {
        let short: SlowClose = serde_json::from_str(r#""500ms""#).unwrap();
        assert_eq!(short, serde_json::from_str(r#"{"delay": "500ms"}"#).unwrap());
        assert_eq!((short.summary(), short.contradictions().len()), ("500ms later".to_owned(), 0));
        assert_eq!("0s".parse::<SlowClose>().unwrap().contradictions().len(), 1);
    }
}
