//! Connection limit: at most so many connections at once are served.
//!
//! What a small pool, `max_connections` of a database or `maxconn` of a load balancer does under load. It counts the
//! connections of its service that it takes (by `probability` and `peers`), those too that were there before it began; they
//! are never cut, so there may be more than the limit for a while. Beyond it a new connection by default *waits*: it is
//! accepted and not dialled, and hears nothing until one ends or the fault does, first come first served. That is what a
//! client of `HAProxy` beyond its `maxconn` meets, and of any server whose accept queue fills up. `beyond: close` is a server
//! that hangs up, as Postgres does beyond `max_connections` (after an error of its own protocol), and `beyond: reset` one
//! whose middlebox has no room for another flow. Made in user space: the connect itself always succeeds.

use std::num::ParseIntError;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base::Directions;
use crate::fault::shorthand::two_forms;
use crate::fault::spec::Kind;
use crate::fault::turnstile::{Beyond, Limit};

/// A limit on connections at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimit(pub Limit);

/// The mapping form of [`ConnectionLimit`].
#[derive(Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionLimitFields {
    /// How many connections at once are served.
    max: u32,
    /// What a connection beyond them meets.
    #[serde(default)]
    beyond: Beyond,
}

two_forms!(
    ConnectionLimit,
    ConnectionLimitFields,
    "a number of connections such as `10`, or `{ max, beyond }`",
    "10"
);

/// A text that is no number of connections.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a number of connections such as `10`, found `{0}`")]
pub struct ConnectionsError(String);

impl From<ConnectionLimitFields> for ConnectionLimit {
    fn from(fields: ConnectionLimitFields) -> Self {
        Self(Limit { max: fields.max, beyond: fields.beyond })
    }
}

impl FromStr for ConnectionLimit {
    type Err = ConnectionsError;

    fn from_str(text: &str) -> Result<Self, ConnectionsError> {
        let max = text.parse().map_err(|_: ParseIntError| ConnectionsError(text.to_owned()))?;
        Ok(Self(Limit { max, beyond: Beyond::default() }))
    }
}

impl Kind for ConnectionLimit {
    fn summary(&self) -> String {
        let beyond = match self.0.beyond {
            Beyond::Wait => "more wait",
            Beyond::Reset => "more are reset",
            Beyond::Close => "more are closed",
        };
        format!("{} at once, {beyond}", self.0.max)
    }

    fn directions(&self) -> Directions {
        Directions::Both
    }

    fn contradictions(&self) -> Vec<String> {
        let none = self.0.max == 0;
        none.then(|| "a limit of 0 serves nobody: `refuse` and `blackhole` do that".to_owned())
            .into_iter()
            .collect()
    }

    fn limit(&self) -> Option<Limit> {
        Some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_or_what_happens_beyond_it() {
        let limit = |text: &str| serde_json::from_str::<ConnectionLimit>(text);
        assert_eq!(limit("10").unwrap().summary(), "10 at once, more wait");
        let reset = limit(r#"{"max": 2, "beyond": "reset"}"#).unwrap();
        assert_eq!(
            (reset.summary().as_str(), reset.contradictions().len()),
            ("2 at once, more are reset", 0)
        );
        assert_eq!(limit("0").unwrap().contradictions().len(), 1);
        let told = limit(r#""many""#).unwrap_err().to_string();
        assert!(told.contains("expected a number of connections such as `10`, found `many`"), "{told}");
    }
}
