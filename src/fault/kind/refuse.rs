//! Refuse: a client's connect is refused, as by a service that is down.
//!
//! While a `refuse` that takes every client (no `probability`, no `peers`) is in force, Linux itself refuses: brownout takes
//! its listening socket out of the LISTEN state and keeps its port (`shutdown` for reading does that, and `listen` brings it
//! back), so that a SYN is answered with an RST and `connect` fails with `ECONNREFUSED`. Connections that wait in the accept
//! queue at its beginning are reset. brownout sees none of the refused connects: monitors do, and whether such a fault met
//! traffic is judged by their probes alone.
//!
//! One that takes some clients only, and any on another system, accepts a connection and resets it at once: the client sees
//! `ECONNRESET` from its first read or write. The summary of a fault says which it is. Connections that live are untouched.

use serde::{Deserialize, Serialize};

use crate::base::Directions;
use crate::fault::spec::Kind;

/// Nobody gets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refuse {}

impl Kind for Refuse {
    /// What it does to those who are accepted; [`crate::fault::Fault::summary`] knows whether anybody is.
    fn summary(&self) -> String {
        "an RST at once after the accept (ECONNRESET)".to_owned()
    }

    fn directions(&self) -> Directions {
        Directions::Both
    }

    fn refuses(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::Ratio;
    use crate::fault::testing::{self, secs};
    use crate::fault::{Backend, Caller, Fault, Program};

    fn refuse(probability: Ratio) -> Fault {
        let mut parts = testing::parts("down", Refuse {}.into(), 10, 20);
        parts.probability = probability;
        Fault::new(parts, testing::SEED)
    }

    /// Everyone is refused by the kernel; some are accepted and reset.
    #[test]
    fn it_says_who_refuses() {
        let (all, some) = (refuse(Ratio::ONE), refuse(Ratio::new(1, 2).unwrap()));
        assert_eq!((some.refuses_connects(), some.backend(Backend::Kernel)), (false, Backend::UserSpace));
        assert!(some.summary().contains("ECONNRESET"), "{}", some.summary());
        if cfg!(target_os = "linux") {
            assert_eq!((all.refuses_connects(), all.backend(Backend::UserSpace)), (true, Backend::Kernel));
            assert!(all.summary().contains("ECONNREFUSED"), "{}", all.summary());
        }
    }

    #[test]
    fn it_refuses_in_its_windows_only() {
        let program = Program::new(testing::SEED, vec![Arc::new(refuse(Ratio::ONE))]);
        let draw = program.draw(&Caller::new(0, "127.0.0.1:40000".parse().unwrap()));
        let told = |t| (program.refuses_connects(secs(t)), draw.refusal(secs(t)).is_some());
        if cfg!(target_os = "linux") {
            assert_eq!(told(1), ((false, Some(secs(10))), false));
            assert_eq!(told(12), ((true, Some(secs(20))), true));
            assert_eq!(told(20), ((false, None), false));
        }
    }
}
