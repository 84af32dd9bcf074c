//! Half open: the connection is abandoned in silence, and nobody is told.
//!
//! After a time or a number of bytes, as [`CutWhen`] says, no byte, no FIN and no RST crosses any more in either direction,
//! also after the fault has ended: what a NAT or a firewall does to a flow that it has forgotten, or a peer that lost its
//! power. Each side still believes to have a connection: a pool hands it out, and its next user waits. With `answer: reset`
//! the client's next bytes are answered with an RST instead, as by a middlebox that tells of what it has forgotten.
//!
//! Made in user space: what peers send is acknowledged by brownout's kernel and thrown away (up to a window's worth; then
//! it is taken in no more), and TCP keepalives are answered. So a client's own timeouts are tested, its keepalives are not.
//! It ends when both peers have ended, when the run is over, or after `ABANDONED_MAX`.

use serde::{Deserialize, Serialize};

use crate::base::{ByteSize, Directions, Span};
use crate::fault::cut::{Answer, Cut, CutKind, CutWhen};
use crate::fault::spec::Kind;

/// Silence for good, after a time or a number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HalfOpen {
    /// So long after the connection and the fault are both there.
    after: Option<Span>,
    /// After so many bytes in the fault's direction.
    after_bytes: Option<ByteSize>,
    /// What the client's next bytes are answered with.
    #[serde(default)]
    answer: Answer,
}

impl HalfOpen {
    const fn when(&self) -> CutWhen {
        CutWhen { after: self.after, after_bytes: self.after_bytes }
    }
}

impl Kind for HalfOpen {
    fn summary(&self) -> String {
        let answer = match self.answer {
            Answer::Silence => "",
            Answer::Reset => ", then an RST for what the client sends",
        };
        format!("{}{answer}", self.when().summary())
    }

    fn directions(&self) -> Directions {
        Directions::ToClient
    }

    fn contradictions(&self) -> Vec<String> {
        self.when().contradictions()
    }

    fn cut(&self) -> Option<Cut> {
        Some(Cut { kind: CutKind::Abandon(self.answer), after: self.when().after() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::cut::CutAfter;

    #[test]
    fn silence_unless_a_reset_is_asked_for() {
        let half_open = |text: &str| serde_json::from_str::<HalfOpen>(text).unwrap();
        let silent = half_open(r#"{"after_bytes": "1kB"}"#);
        assert_eq!(
            silent.cut(),
            Some(Cut { kind: CutKind::Abandon(Answer::Silence), after: CutAfter::Bytes(1_000) })
        );
        let told = half_open(r#"{"after": "30s", "answer": "reset"}"#);
        assert_eq!(told.summary(), "after 30s, then an RST for what the client sends");
        assert_eq!(half_open(r#"{"after": "1s", "after_bytes": "1kB"}"#).contradictions().len(), 1);
    }
}
