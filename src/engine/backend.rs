//! Who makes dropped segments in a run: the kernel where it may, user space otherwise; and what a reader must know of it.
//!
//! The choice is made once, before anything runs, by trying it: a program on a socket that is thrown away.

use std::sync::Arc;

use super::run::EngineError;
use crate::fault::Backend;
use crate::proxy::segment_filter;
use crate::scenario::Plan;

/// Who is to make dropped segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackendChoice {
    /// The kernel if it may be asked to, else user space; the report says which.
    Auto,
    /// The kernel; a machine that does not permit it fails the run.
    Kernel,
    /// User space.
    #[default]
    UserSpace,
}

/// Who makes dropped segments, and what was in the way of somebody better.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) backend: Backend,
    hindrance: Option<String>,
}

// === impl BackendChoice ===

impl BackendChoice {
    pub(super) fn choose(self) -> Result<Chosen, EngineError> {
        let permitted = || segment_filter::permitted();
        match self {
            Self::UserSpace => Ok(Chosen { backend: Backend::UserSpace, hindrance: None }),
            Self::Kernel => {
                permitted().map_err(|source| EngineError::SegmentFilter { source })?;
                Ok(Chosen { backend: Backend::Kernel, hindrance: None })
            }
            Self::Auto => Ok(match permitted() {
                Ok(()) => Chosen { backend: Backend::Kernel, hindrance: None },
                Err(error) => Chosen { backend: Backend::UserSpace, hindrance: Some(error.to_string()) },
            }),
        }
    }
}

// === impl Chosen ===

impl Chosen {
    /// What a reader must know of it, if it makes a difference to this plan.
    pub(super) fn note(&self, plan: &Plan) -> Option<Arc<str>> {
        if !plan.faults.iter().any(|fault| fault.drops()) {
            return None;
        }
        if self.backend == Backend::Kernel {
            let told = "the kernel drops what faults lose, as it arrives at brownout: SYNs of a client, segments of a \
                        client to the server, segments of a server to the client; which ones a share takes is drawn by \
                        the kernel and does not repeat, and what is lost is sent again at the round trip of the \
                        sockets, without the latency that faults add";
            return Some(told.into());
        }
        let hindrance = self.hindrance.as_ref()?;
        let told = format!(
            "the kernel may not drop segments here ({hindrance}), so a blackhole is an accepted connection and silence, \
             loss is a delay, and no connect times out: see docs/backends.md"
        );
        Some(told.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::load_text;

    /// Nothing degrades silently, and nothing is told that makes no difference.
    #[test]
    fn what_makes_a_difference_is_told() {
        let plan = |faults: &str| {
            let text =
                format!("name: x\nduration: 10s\nservices: {{ a: {{ upstream: '127.0.0.1:1' }} }}\n{faults}");
            load_text("x.yaml", &text).unwrap()
        };
        let dark = plan("faults: [{ at: 1s, for: 1s, blackhole: 20% }]");
        let chosen =
            |backend, hindrance: Option<&str>| Chosen { backend, hindrance: hindrance.map(Into::into) };
        let note = |chosen: Chosen| chosen.note(&dark).map(|note| note.to_string()).unwrap_or_default();
        assert!(note(chosen(Backend::Kernel, None)).contains("does not repeat"));
        assert!(note(chosen(Backend::UserSpace, Some("not permitted"))).contains("(not permitted)"));
        assert_eq!(note(chosen(Backend::UserSpace, None)), "", "it was asked for");
        assert_eq!(chosen(Backend::Kernel, None).note(&plan("")), None);
        assert_eq!(BackendChoice::UserSpace.choose().unwrap().backend, Backend::UserSpace);
    }
}
