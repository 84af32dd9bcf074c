//! The program of a service: its ordered faults, and what they make of each connection's path.
//!
//! A program is immutable. An edit replaces it by another of a higher generation; faults that stay are the same objects,
//! so their draws, and the links that their connections share, stay as well. For each connection it draws which faults
//! take it (probability, peers, bucket) and merges their paths into one timeline a direction; connections that meet the
//! same faults share that timeline.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;

use super::cut::Cuts;
use super::spec::{Backend, Fault, FaultParts};
use super::turnstile::Tickets;
use crate::base::limits::PATHS_REMEMBERED_MAX;
use crate::base::{Direction, FaultId, FlowBucket, PathState, Ratio, Seed, SimTime, Timeline};

/// The faults of a service, in order.
#[derive(Debug)]
pub struct Program {
    generation: u64,
    seed: Seed,
    backend: Backend,
    faults: Vec<Arc<Fault>>,
    paths: Mutex<IndexMap<PathKey, Arc<Timeline<PathState>>>>,
}

/// What a path depends on: the direction, the faults, and which of its paths each has for the bucket.
type PathKey = (Direction, Vec<(FaultId, u8)>);

/// A connection, as faults see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Which of the service's connections, in the order of acceptance.
    pub ordinal: u64,
    /// Its client.
    pub client: SocketAddr,
    /// Its flow bucket.
    pub bucket: FlowBucket,
}

/// The faults that take a connection.
#[derive(Clone, Debug, Default)]
pub struct Draw {
    faults: Vec<Arc<Fault>>,
}

// === impl Caller ===

impl Caller {
    /// The `ordinal`-th connection of a service, from `client`.
    pub fn new(ordinal: u64, client: SocketAddr) -> Self {
        Self { ordinal, client, bucket: FlowBucket::of(client) }
    }
}

// === impl Program ===

impl Program {
    /// The scenario's own program: generation 0, all of it made in user space.
    pub fn new(seed: Seed, faults: Vec<Arc<Fault>>) -> Self {
        Self { generation: 0, seed, backend: Backend::UserSpace, faults, paths: Mutex::default() }
    }

    /// The same, with what this backend can make made by it.
    #[must_use]
    pub fn made_by(self, backend: Backend) -> Self {
        Self { backend, ..self }
    }

    /// What makes dropped segments: the kernel, or user space as well as it can.
    pub const fn backend(&self) -> Backend {
        self.backend
    }

    /// The next generation, with other faults.
    #[must_use]
    pub fn edited(&self, faults: Vec<Arc<Fault>>) -> Self {
        Self { generation: self.generation + 1, backend: self.backend, ..Self::new(self.seed, faults) }
    }

    /// How many edits it has seen.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The seed of its draws.
    pub const fn seed(&self) -> Seed {
        self.seed
    }

    /// The faults, in order.
    pub fn faults(&self) -> &[Arc<Fault>] {
        &self.faults
    }

    /// The fault of this id.
    pub fn fault(&self, id: FaultId) -> Option<&Arc<Fault>> {
        self.faults.iter().find(|fault| fault.parts.id == id)
    }

    /// Draws the faults that take `caller`. The n-th connection draws the same in every run of a seed, whatever other
    /// faults there are; its bucket and its address are the client kernel's choice.
    pub fn draw(&self, caller: &Caller) -> Draw {
        let takes = |fault: &&Arc<Fault>| {
            let FaultParts { peers, probability, .. } = &fault.parts;
            let happens = || {
                let mut stream = self.seed.stream(fault.item_label.part("takes").ordinal(caller.ordinal));
                stream.happens(*probability)
            };
            (*probability == Ratio::ONE || happens())
                && (peers.is_empty() || peers.iter().any(|peer| peer.contain(caller.client.ip())))
                && fault.takes_bucket(caller.bucket)
        };
        Draw { faults: self.faults.iter().filter(takes).map(Arc::clone).collect() }
    }

    /// Whether everybody's connects are refused now, and until when that holds.
    pub fn refuses_connects(&self, now: SimTime) -> (bool, Option<SimTime>) {
        let levels = || {
            let refusing = self.faults.iter().filter(|fault| fault.refuses_connects());
            refusing.map(|fault| &fault.parts.level)
        };
        let refuses = levels().any(|level| !level.at(now).is_zero());
        (refuses, levels().filter_map(|level| level.next_change(now)).min())
    }

    /// What the drawn faults make of the path in one direction.
    pub fn path(&self, draw: &Draw, bucket: FlowBucket, direction: Direction) -> Arc<Timeline<PathState>> {
        let acting =
            |fault: &&Arc<Fault>| fault.parts.directions.contain(direction) && fault.kind().cut().is_none();
        let faults: Vec<&Arc<Fault>> = draw.faults.iter().filter(acting).collect();
        let variants = faults.iter().map(|fault| (fault.parts.id, fault.variant(bucket, direction)));
        let key = (direction, variants.collect());
        let mut paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = paths.get(&key) {
            return Arc::clone(path);
        }
        let own = faults.iter().map(|fault| fault.path(bucket, direction));
        // One alone is not merged, so that all that meet only the network share its lines.
        let merged = own.reduce(|path, other| {
            Arc::new(path.merge(&other, PathState::and).expect(
                "the changes of all faults of a service fit one timeline: the loader has added them up",
            ))
        });
        let path = merged.unwrap_or_else(|| Arc::new(Timeline::constant(PathState::CLEAR)));
        if paths.len() < PATHS_REMEMBERED_MAX {
            paths.insert(key, Arc::clone(&path));
        }
        path
    }
}

// === impl Draw ===

impl Draw {
    /// The faults, in the program's order.
    pub fn faults(&self) -> &[Arc<Fault>] {
        &self.faults
    }

    /// Their names.
    pub fn names(&self) -> Vec<Arc<str>> {
        self.faults.iter().map(|fault| Arc::clone(&fault.parts.name)).collect()
    }

    /// The fault that refuses a connection which is accepted now.
    pub fn refusal(&self, now: SimTime) -> Option<&Arc<Fault>> {
        self.faults.iter().find(|fault| fault.kind().refuses() && !fault.parts.level.at(now).is_zero())
    }

    /// Its tickets for the limits among them; to be asked for in the order of acceptance.
    pub fn tickets(&self, ordinal: u64) -> Tickets {
        Tickets::new(self, ordinal)
    }

    /// How they end the connection that was accepted at `accepted`.
    pub fn cuts(&self, accepted: SimTime) -> Cuts {
        Cuts::new(self.faults.iter(), accepted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::testing::{self, secs};
    use crate::fault::{Blackhole, FaultKind, Latency};

    fn program(faults: Vec<Fault>) -> Program {
        Program::new(testing::SEED, faults.into_iter().map(Arc::new).collect())
    }

    fn caller(ordinal: u64) -> Caller {
        Caller::new(ordinal, SocketAddr::from(([127, 0, 0, 1], 40_000 + ordinal as u16)))
    }

    fn sometimes(name: &str) -> Fault {
        let latency: Latency = "80ms".parse().unwrap();
        let mut parts = testing::parts(name, latency.into(), 0, 100);
        parts.probability = Ratio::new(1, 2).unwrap();
        Fault::new(parts, testing::SEED)
    }

    /// Adding a fault, before or after, changes no draw of another.
    #[test]
    fn draws_do_not_depend_on_other_faults() {
        let taken = |program: &Program| -> Vec<bool> {
            (0..200).map(|n| program.draw(&caller(n)).names().iter().any(|name| &**name == "a")).collect()
        };
        let alone = taken(&program(vec![sometimes("a")]));
        assert_eq!(alone, taken(&program(vec![sometimes("b"), sometimes("a"), sometimes("c")])));
        let share = alone.iter().filter(|taken| **taken).count();
        assert!((70..130).contains(&share), "{share}");
    }

    /// The parts of one item take the same connections, whatever their own names are.
    #[test]
    fn parts_of_an_item_act_together() {
        let part = |name: &str| {
            let mut parts = sometimes(name).parts;
            parts.item = "link".into();
            Fault::new(parts, testing::SEED)
        };
        let program = program(vec![part("link/latency"), part("link/loss")]);
        let taken: Vec<usize> = (0..100).map(|n| program.draw(&caller(n)).faults().len()).collect();
        assert!(taken.contains(&0) && taken.contains(&2) && !taken.contains(&1), "{taken:?}");
    }

    /// Of 256 buckets exactly the realised share is dark, in both directions alike.
    #[test]
    fn a_share_is_realised_exactly() {
        let blackhole: Blackhole = "20%".parse().unwrap();
        let program = program(vec![testing::fault("hole", blackhole, 0, 100)]);
        let dark = |direction| -> Vec<FlowBucket> {
            FlowBucket::all()
                .filter(|bucket| {
                    let draw = program.draw(&Caller { bucket: *bucket, ..caller(0) });
                    program.path(&draw, *bucket, direction).at(secs(1)).dark.is_some()
                })
                .collect()
        };
        assert_eq!(dark(Direction::ToServer).len(), 51);
        assert_eq!(dark(Direction::ToServer), dark(Direction::ToClient));
    }

    #[test]
    fn connections_that_meet_the_same_faults_share_a_timeline() {
        let latency: Latency = "80ms".parse().unwrap();
        let program = program(vec![testing::fault("slow", latency, 10, 20)]);
        let path = |n| program.path(&program.draw(&caller(n)), caller(n).bucket, Direction::ToClient);
        assert!(Arc::ptr_eq(&path(0), &path(1)));
        assert_eq!(path(0).next_change(secs(0)), Some(secs(10)));
        let to_server = program.path(&program.draw(&caller(0)), caller(0).bucket, Direction::ToServer);
        assert_eq!(*to_server, Timeline::constant(PathState::CLEAR));
    }

    #[test]
    fn every_kind_knows_its_own_name() {
        let kind: FaultKind = "80ms".parse::<Latency>().unwrap().into();
        assert_eq!(kind.info(), crate::fault::KINDS[0]);
    }
}
