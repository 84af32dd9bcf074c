//! Close: the connection is closed with a FIN, towards the client and towards the service.
//!
//! An orderly shutdown that comes too early. When, says [`CutWhen`]. The bytes before it are delivered exactly. What a
//! client sees is an end of file (curl's exit code 52 before an answer, 18 within one).

use serde::{Deserialize, Serialize};

use crate::base::Directions;
use crate::fault::cut::{Cut, CutKind, CutWhen};
use crate::fault::spec::Kind;

/// A FIN after a time or a number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Close(pub CutWhen);

impl Kind for Close {
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
        Some(Cut { kind: CutKind::Close, after: self.0.after() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::cut::CutAfter;

    #[test]
    fn a_close_is_not_a_reset() {
        let close: Close = serde_json::from_str(r#"{"after_bytes": "64KiB"}"#).unwrap();
        assert_eq!(close.cut(), Some(Cut { kind: CutKind::Close, after: CutAfter::Bytes(65_536) }));
        assert_eq!(close.summary(), "after 65.5kB");
    }
}
