//! Reset: the connection is broken with an RST, towards the client and towards the service.
//!
//! When, says [`CutWhen`]. The bytes before it are handed to the kernel exactly, and a client that reads gets
//! them all before the error. One that does not, and whose receive window is full, loses what its kernel had no room for:
//! an RST discards what its sender's kernel still holds, here as from any peer. What a client sees is `ECONNRESET` (curl's
//! exit code 56).

use serde::{Deserialize, Serialize};

use crate::base::Directions;
use crate::fault::cut::{Cut, CutKind, CutWhen};
use crate::fault::spec::Kind;

/// An RST after a time or a number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Reset(pub CutWhen);

impl Kind for Reset {
    fn summary(&self) -> String {
        self.0.summary()
    }

    fn directions(&self) -> Directions {
        Directions::ToClient
    }

    fn contradictions(&self) -> Vec<String> {
        self.0.contradictions()
    }

    fn cut(&self) -> Option<Cut> {
        Some(Cut { kind: CutKind::Reset, after: self.0.after() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_or_bytes_but_not_both() {
        let both: Reset = serde_json::from_str(r#"{"after": "1s", "after_bytes": "1kB"}"#).unwrap();
        assert_eq!(both.contradictions().len(), 1);
        let at_once: Reset = serde_json::from_str("{}").unwrap();
        assert_eq!((at_once.contradictions().len(), at_once.summary()), (0, "at once".to_owned()));
    }
}
