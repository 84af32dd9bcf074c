//! Faults for tests, in one line each.

use std::sync::Arc;
use std::time::Duration;

use super::routing::{Routing, Way, Ways};
use super::schedule::Level;
use super::spec::{Began, Fault, FaultParts};
use super::table::FaultKind;
use crate::base::{Delay, DelayTerm, FaultId, PathState, Ratio, Seed, SimTime, Timeline};

pub(crate) const SEED: Seed = Seed(20_230_125);

/// An instant in whole seconds.
pub(crate) fn secs(seconds: u64) -> SimTime {
    SimTime::from_secs(seconds)
}

/// The parts of a fault that is in force from `from` to `until` seconds. Its id follows from its name.
pub(crate) fn parts(name: &str, kind: FaultKind, from: u64, until: u64) -> FaultParts {
    FaultParts {
        id: id(name),
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

fn id(name: &str) -> FaultId {
    FaultId(name.bytes().fold(0, |id: u32, byte| id.wrapping_mul(31).wrapping_add(byte.into())))
}

pub(crate) fn fault(name: &str, kind: impl Into<FaultKind>, from: u64, until: u64) -> Fault {
    Fault::new(parts(name, kind.into(), from, until), SEED)
}

/// What a network makes of the paths: 10 ms each way while it is quiet. To the server, from 5 s on, buckets that it hits are dark
/// for 3 s and then take a detour of 25 ms; all others never notice.
pub(crate) fn routing(name: &str, hits: fn(u8) -> bool) -> Fault {
    let id = id(name);
    let delay = |millis| PathState {
        delays: vec![DelayTerm { fault: id, delay: Delay::constant(Duration::from_millis(millis)) }],
        ..PathState::CLEAR
    };
    let quiet = Duration::from_millis(10);
    let lit = Way { path: Arc::new(Timeline::constant(delay(10))), quiet, why: Timeline::constant(None) };
    let path = Timeline::new(delay(10), vec![(secs(5), PathState::dark(id)), (secs(8), delay(25))]).unwrap();
    let why = Timeline::new(None, vec![(secs(5), Some("no route at a-1".into())), (secs(8), None)]).unwrap();
    let hit = Way { path: Arc::new(path), quiet, why };
    let there = Ways::new(vec![lit.clone(), hit], |bucket| u8::from(hits(bucket.0)));
    let back = Ways::new(vec![lit], |_| 0);
    let routing = Routing::new(&"a".into(), &"b".into(), [there, back]);
    Fault::new(parts(name, FaultKind::Wan(routing), 5, 100), SEED)
}
