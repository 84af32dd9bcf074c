//! A proxy without a live view: a line when a connection ends and when a fault begins or ends, on stderr.
//!
//! Each line begins with its service, so that `grep` finds it.

use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::figures;
use super::play::Audience;
use super::printer::plain_line;
use crate::base::SimTime;
use crate::engine::{FaultNow, Live};
use crate::event::{ConnectionEnded, Entry, Event};
use crate::fault::Fault;
use crate::report::Tally;

/// How often the faults are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Writes the lines.
#[derive(Debug)]
pub(super) struct Lines {
    live: Arc<OnceLock<Live>>,
    looked: Option<SimTime>,
    /// The faults that were in force when they were last looked at.
    in_force: Vec<Arc<Fault>>,
}

// === impl Lines ===

impl Lines {
    pub(super) const fn new(live: Arc<OnceLock<Live>>) -> Self {
        Self { live, looked: None, in_force: Vec::new() }
    }

    fn look(&mut self, now: SimTime) {
        let Some(live) = self.live.get() else { return };
        if self.looked.is_some_and(|looked| now.since(looked) < LOOK_EVERY) {
            return;
        }
        self.looked = Some(now);
        let services = live.services();
        let acts = |fault: &&FaultNow| !fault.paused && !fault.level.is_zero();
        let faults = services.iter().flat_map(|service| &service.faults).filter(acts);
        let in_force: Vec<Arc<Fault>> = faults.map(|fault| Arc::clone(&fault.fault)).collect();
        let lacks = |all: &[Arc<Fault>], one: &Arc<Fault>| !all.iter().any(|other| Arc::ptr_eq(other, one));
        for fault in self.in_force.iter().filter(|fault| lacks(&in_force, fault)) {
            plain_line(&format!("{}  fault {} ends", fault.parts.service, fault.parts.name));
        }
        for fault in in_force.iter().filter(|fault| lacks(&self.in_force, fault)) {
            let (parts, summary) = (&fault.parts, fault.kind().summary());
            plain_line(&format!(
                "{}  fault {} begins: {} {summary}",
                parts.service,
                parts.name,
                parts.kind.info().name
            ));
        }
        self.in_force = in_force;
    }
}

impl Audience for Lines {
    fn record(&mut self, entry: &Entry, _tally: &Tally) {
        match &entry.event {
            Event::RunStarted(header) => {
                for service in &header.services {
                    plain_line(&format!("{}  {} → {}", service.name, service.listen, service.upstream));
                }
            }
            Event::ConnectionEnded(ended) => plain_line(&ended_line(ended)),
            Event::AcceptTrouble { service, reason } => plain_line(&format!("{service}  {reason}")),
            _ => {}
        }
        self.look(entry.t);
    }

    fn tick(&mut self, now: SimTime, _tally: &Tally) {
        self.look(now);
    }
}

/// `api  #12 127.0.0.1:5555  2.1s  ↑1.2 kB ↓34 kB  latency@0s  ended by client (closed)`.
fn ended_line(ended: &ConnectionEnded) -> String {
    let mut line = format!("{}  #{} {}", ended.service, ended.ordinal, ended.client);
    let (up, down) = (figures::bytes(ended.bytes_to_server), figures::bytes(ended.bytes_to_client));
    let hits: Vec<&str> = ended.hits.iter().map(|hit| &*hit.fault).collect();
    let hits = if hits.is_empty() { "-".to_owned() } else { hits.join(",") };
    let rest = format!("  {}  ↑{up} ↓{down}  {hits}", figures::age(ended.age));
    let written = write!(line, "{rest}  ended by {}", figures::ended_by(&ended.cause));
    written.expect("writing to a `String` does not fail");
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::FlowBucket;
    use crate::event::{EndCause, Hit, PeerEnd};

    #[test]
    fn a_connection_is_one_line() {
        let hit = Hit {
            fault: "latency@0s".into(),
            first: SimTime::ZERO,
            bytes: 1,
            delay_max: Duration::ZERO,
            flipped: 0,
            flips: Vec::new(),
            why: None,
        };
        let mut ended = ConnectionEnded {
            service: "api".into(),
            ordinal: 12,
            client: "127.0.0.1:5555".parse().unwrap(),
            bucket: FlowBucket(0),
            cause: EndCause::Client { how: PeerEnd::Closed },
            age: Duration::from_millis(2_130),
            bytes_to_server: 1_240,
            bytes_to_client: 34_000,
            first_byte: None,
            hits: vec![hit],
        };
        insta::assert_snapshot!(ended_line(&ended), @"api  #12 127.0.0.1:5555  2.1s  ↑1.2 kB ↓34 kB  latency@0s  ended by client (closed)");
        ended.hits.clear();
        ended.cause = EndCause::Fault { fault: "reset@0s".into(), kind: "reset".into() };
        insta::assert_snapshot!(ended_line(&ended), @"api  #12 127.0.0.1:5555  2.1s  ↑1.2 kB ↓34 kB  -  ended by fault reset@0s (reset)");
    }
}
