//! `Routing`: what a network of routers makes of a service's paths, as one more source of path states.
//!
//! It is a fault among the others of its service, and is merged, drawn, edited and journaled as they are; only that no
//! scenario declares it: a simulation of the network has made it, bucket by bucket and direction by direction, before the run.
//! Buckets that go the same way share a line, and a connection that meets nothing but the network reads that very line.
//!
//! A quiet network delays, too. What is told as a touch is what departs from that: another delay, a loss, darkness.

use std::sync::Arc;
use std::time::Duration;

use super::spec::Kind;
use crate::base::{BUCKETS, Direction, Directions, FlowBucket, PathState, SimTime, Timeline};

/// What a network makes of the paths between two sites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    from: Arc<str>,
    to: Arc<str>,
    ways: Arc<[Ways; 2]>,
}

/// One direction: the ways that its buckets go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ways {
    ways: Vec<Way>,
    /// Which way each bucket goes.
    way_of: [u8; BUCKETS],
}

/// What becomes of buckets that go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// What it does to bytes, in run time.
    pub path: Arc<Timeline<PathState>>,
    /// Its delay while the network is quiet.
    pub quiet: Duration,
    /// Why nothing is delivered, while nothing is; in run time.
    pub why: Timeline<Option<Arc<str>>>,
}

// === impl Routing ===

impl Routing {
    /// The paths from a site to another, and back.
    pub fn new(from: &Arc<str>, to: &Arc<str>, ways: [Ways; 2]) -> Self {
        Self { from: Arc::clone(from), to: Arc::clone(to), ways: Arc::new(ways) }
    }

    /// The way of a bucket, by its place among those of the direction.
    pub fn way_of(&self, bucket: FlowBucket, direction: Direction) -> u8 {
        self.ways[direction.index()].way_of[usize::from(bucket.0)]
    }

    /// What becomes of a bucket in one direction.
    pub fn way(&self, bucket: FlowBucket, direction: Direction) -> &Way {
        &self.ways[direction.index()].ways[usize::from(self.way_of(bucket, direction))]
    }

    /// Why nothing of a bucket is delivered at an instant, if nothing is.
    pub fn why(&self, bucket: FlowBucket, at: SimTime) -> Option<&Arc<str>> {
        Direction::ALL.iter().find_map(|direction| self.way(bucket, *direction).why.at(at).as_ref())
    }

    /// When one of its lines changes next.
    pub fn next_change(&self, now: SimTime) -> Option<SimTime> {
        let ways = self.ways.iter().flat_map(|ways| &ways.ways);
        ways.filter_map(|way| way.path.next_change(now)).min()
    }

    /// The same network if nothing ever happened to it.
    #[must_use]
    pub fn quiet(&self) -> Self {
        let quiet = |way: &Way| Way {
            path: Arc::new(Timeline::constant(way.path.at(SimTime::ZERO).clone())),
            quiet: way.quiet,
            why: Timeline::constant(None),
        };
        let all = |ways: &Ways| Ways { ways: ways.ways.iter().map(quiet).collect(), way_of: ways.way_of };
        Self { ways: Arc::new([all(&self.ways[0]), all(&self.ways[1])]), ..self.clone() }
    }

    /// The most changes of one of its lines.
    pub fn changes(&self) -> usize {
        let ways = self.ways.iter().flat_map(|ways| &ways.ways);
        ways.map(|way| way.path.changes()).max().unwrap_or(0)
    }
}

impl Kind for Routing {
    fn summary(&self) -> String {
        format!("{} to {}", self.from, self.to)
    }

    fn directions(&self) -> Directions {
        Directions::Both
    }

    fn routing(&self) -> Option<&Routing> {
        Some(self)
    }
}

// === impl Ways ===

impl Ways {
    /// These ways; `way_of` says which of them each bucket goes, and names only ways that there are.
    pub fn new(ways: Vec<Way>, way_of: impl Fn(FlowBucket) -> u8) -> Self {
        let mut of = [0; BUCKETS];
        for bucket in FlowBucket::all() {
            of[usize::from(bucket.0)] = way_of(bucket);
        }
        assert!(of.iter().all(|way| usize::from(*way) < ways.len()), "every bucket goes a way that there is");
        Self { ways, way_of: of }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::testing::{self, secs};
    use crate::fault::{Caller, Fault, Latency, Program};

    fn program(faults: Vec<Fault>) -> Program {
        Program::new(testing::SEED, faults.into_iter().map(Arc::new).collect())
    }

    fn path(program: &Program, bucket: u8, direction: Direction) -> Arc<Timeline<PathState>> {
        let client = "127.0.0.1:40000".parse().unwrap();
        let caller = Caller { bucket: FlowBucket(bucket), ..Caller::new(0, client) };
        program.path(&program.draw(&caller), caller.bucket, direction)
    }

    /// Two connections that go the same way read one line; the directions go their own ways.
    #[test]
    fn buckets_of_one_way_share_its_line() {
        let alone = program(vec![testing::routing("wan", |bucket| bucket % 2 == 1)]);
        let to_server = |bucket| path(&alone, bucket, Direction::ToServer);
        assert!(Arc::ptr_eq(&to_server(1), &to_server(255)) && !Arc::ptr_eq(&to_server(1), &to_server(2)));
        let back = path(&alone, 1, Direction::ToClient);
        assert!(to_server(1).at(secs(6)).dark.is_some() && back.at(secs(6)).dark.is_none());
    }

    #[test]
    fn declared_faults_are_added_to_it() {
        let latency: Latency = "80ms".parse().unwrap();
        let both = program(vec![
            testing::routing("wan", |bucket| bucket % 2 == 1),
            testing::fault("slow", latency, 0, 100),
        ]);
        let sum = |bucket, at| -> u128 {
            let line = path(&both, bucket, Direction::ToClient);
            line.at(secs(at)).delays.iter().map(|term| term.delay.mean.as_millis()).sum()
        };
        assert_eq!((sum(0, 1), sum(0, 200)), (90, 10));
        assert!(Arc::ptr_eq(&path(&both, 3, Direction::ToClient), &path(&both, 4, Direction::ToClient)));
    }

    #[test]
    fn darkness_has_its_reason() {
        let fault = testing::routing("wan", |bucket| bucket % 2 == 1);
        let routing = fault.kind().routing().unwrap();
        let why = |bucket, at| routing.why(FlowBucket(bucket), secs(at)).map(|why| &**why);
        assert_eq!((why(1, 6), why(2, 6), why(1, 8)), (Some("no route at a-1"), None, None));
    }
}
