//! Faults for tests, in one line each.

use std::time::Duration;

use super::schedule::Level;
use super::spec::{Began, Fault, FaultParts};
use super::table::FaultKind;
use crate::base::{FaultId, Ratio, Seed, SimTime, Timeline};

pub(crate) const SEED: Seed = Seed(20_230_125);

/// An instant in whole seconds.
pub(crate) fn secs(seconds: u64) -> SimTime {
    SimTime::from_secs(seconds)
}

/// The parts of a fault that is in force from `from` to `until` seconds. Its id follows from its name.
pub(crate) fn parts(name: &str, kind: FaultKind, from: u64, until: u64) -> FaultParts {
    let id = name.bytes().fold(0, |id: u32, byte| id.wrapping_mul(31).wrapping_add(byte.into()));
    FaultParts {
        id: FaultId(id),
        name: name.into(),
        item: name.into(),
        key: kind.info().name,
        service: "service".into(),
        directions: kind.kind().directions(),
        level: Timeline::new(Level::ZERO, vec![(secs(from), Level::FULL), (secs(until), Level::ZERO)])
            .unwrap(),
        kind,
        weather: None,
        began: Began { at: secs(from), before: Duration::ZERO },
        probability: Ratio::ONE,
        peers: Vec::new(),
    }
}

pub(crate) fn fault(name: &str, kind: impl Into<FaultKind>, from: u64, until: u64) -> Fault {
    Fault::new(parts(name, kind.into(), from, until), SEED)
}
