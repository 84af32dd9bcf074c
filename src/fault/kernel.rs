//! What of a program the kernel makes: the shares of segments that it drops, of a path and of each bucket's SYNs.
//!
//! Only darkness and loss can be a dropped segment. Where the kernel drops ([`Backend::Kernel`]) lanes make no loss of their
//! own ([`Program::carried`]), for it would strike twice; darkness they keep, for it holds what had arrived before. A SYN
//! comes before anything is drawn for its connection, so only faults that ask for no draw and no certain client act on it:
//! what is dropped follows from the bucket alone. The others act from the accept on.
//!
//! Sockets and filters are the data plane's matter.

use std::sync::Arc;

use super::program::{Draw, Program};
use super::spec::{Backend, Fault};
use crate::base::{BUCKETS, Direction, FlowBucket, PathState, Ratio, SimTime, Timeline};

/// A share of segments that is dropped, in parts of 2³²; the largest stands for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DropShare(u32);

/// What is dropped of the SYNs of each bucket at an instant, and by which faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SynDrops {
    /// By bucket.
    pub shares: [DropShare; BUCKETS],
    /// The names of the faults that drop.
    pub faults: Vec<Arc<str>>,
}

// === impl DropShare ===

impl DropShare {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Everything.
    pub const ALL: Self = Self(u32::MAX);

    /// What a path drops: all in the dark; else its losses, each of what the others let pass.
    pub fn of(state: &PathState) -> Self {
        if state.dark.is_some() {
            return Self::ALL;
        }
        let passing: f64 = state.losses.iter().map(|term| 1.0 - term.ratio.as_f64()).product();
        Self::of_passing(passing)
    }

    /// Both, one after the other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::ALL, _) | (_, Self::ALL) => Self::ALL,
            (Self::NONE, share) | (share, Self::NONE) => share,
            _ => Self::of_passing(self.passing() * other.passing()),
        }
    }

    /// A random word below this drops.
    pub const fn below(self) -> u32 {
        self.0
    }

    /// The nearest of 32 steps; what drops something, but not all, stays so.
    #[must_use]
    pub fn rounded(self) -> Self {
        const STEP: u32 = 1 << 27;
        match self {
            Self::NONE | Self::ALL => self,
            Self(share) => Self((share.saturating_add(STEP / 2) / STEP).clamp(1, 31) * STEP),
        }
    }

    fn of_passing(passing: f64) -> Self {
        Self(((1.0 - passing) * f64::from(u32::MAX)).round() as u32)
    }

    fn passing(self) -> f64 {
        1.0 - f64::from(self.0) / f64::from(u32::MAX)
    }
}

// === impl SynDrops ===

impl SynDrops {
    /// No SYN is dropped.
    pub const NONE: Self = Self { shares: [DropShare::NONE; BUCKETS], faults: Vec::new() };
}

// === impl Program ===

impl Program {
    /// What is left of the path in one direction for user space: all but the losses that the kernel makes.
    pub fn carried(&self, draw: &Draw, bucket: FlowBucket, direction: Direction) -> Arc<Timeline<PathState>> {
        let path = self.path(draw, bucket, direction);
        let lossy = || path.pieces().any(|(_, _, state)| !state.losses.is_empty());
        if self.backend() == Backend::UserSpace
            || !draw.faults().iter().any(|fault| fault.drops())
            || !lossy()
        {
            return path;
        }
        Arc::new(path.map(|state| PathState { losses: Vec::new(), ..state.clone() }))
    }

    /// What is dropped of each bucket's SYNs now, and until when that holds. A connect needs both directions: a SYN is
    /// dropped for the answer that would be lost as well.
    pub fn syn_drops(&self, now: SimTime) -> (SynDrops, Option<SimTime>) {
        let mut drops = SynDrops::NONE;
        let mut until = None;
        if self.backend() == Backend::UserSpace {
            return (drops, until);
        }
        for fault in self.faults().iter().filter(|fault| fault.drops_syns()) {
            let before = drops.shares;
            for bucket in FlowBucket::all() {
                let share = &mut drops.shares[usize::from(bucket.0)];
                for direction in Direction::ALL {
                    *share = share.and(fault.dropped(bucket, direction, now));
                }
            }
            if drops.shares != before {
                drops.faults.push(Arc::clone(&fault.parts.name));
            }
            until = [until, fault.next_drop(now)].into_iter().flatten().min();
        }
        (drops, until)
    }
}

// === impl Fault ===

impl Fault {
    /// Whether what it does to a path can be dropped segments.
    pub fn drops(&self) -> bool {
        self.parts.kind.info().backend == Backend::Kernel && !self.kind().refuses()
    }

    /// Whether it acts on SYNs, where the kernel drops.
    fn drops_syns(&self) -> bool {
        self.drops() && self.parts.probability == Ratio::ONE && self.parts.peers.is_empty()
    }

    /// What it drops of a bucket in one direction.
    fn dropped(&self, bucket: FlowBucket, direction: Direction, at: SimTime) -> DropShare {
        if !self.parts.directions.contain(direction) || !self.takes_bucket(bucket) {
            return DropShare::NONE;
        }
        if let Some(routing) = self.kind().routing() {
            return DropShare::of(routing.way(bucket, direction).path.at(at));
        }
        let level = *self.parts.level.at(at);
        match &self.parts.weather {
            _ if !self.acts_on(bucket, level) => DropShare::NONE,
            None => DropShare::of(&self.kind().path(self.parts.id, level)),
            Some(weather) => DropShare::of(weather.at(at)),
        }
    }

    /// Until when what it drops cannot change.
    fn next_drop(&self, now: SimTime) -> Option<SimTime> {
        if let Some(routing) = self.kind().routing() {
            return routing.next_change(now);
        }
        let weather = self.parts.weather.as_ref().and_then(|weather| weather.next_change(now));
        [self.parts.level.next_change(now), weather].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Directions, FaultId, LossTerm};
    use crate::fault::testing::{self, fault, secs};
    use crate::fault::{Blackhole, Caller, Loss};

    fn program(faults: Vec<Fault>) -> Program {
        Program::new(testing::SEED, faults.into_iter().map(Arc::new).collect()).made_by(Backend::Kernel)
    }

    fn loss(text: &str) -> Loss {
        text.parse().unwrap()
    }

    #[test]
    fn shares_follow_one_another() {
        let half = LossTerm { fault: FaultId(1), ratio: Ratio::new(1, 2).unwrap() };
        let lossy = PathState { losses: vec![half, half], ..PathState::CLEAR };
        let near = |share: DropShare, wanted: f64| {
            (f64::from(share.below()) / f64::from(u32::MAX) - wanted).abs() < 1e-6
        };
        assert!(near(DropShare::of(&lossy), 0.75));
        assert!(near(DropShare::of(&lossy).and(DropShare::of(&lossy)), 0.9375));
        assert_eq!(DropShare::of(&PathState::CLEAR), DropShare::NONE);
        assert_eq!(DropShare::of(&lossy).and(DropShare::ALL), DropShare::ALL);
        for share in [1, 1 << 20, u32::MAX - 1] {
            let rounded = DropShare(share).rounded();
            assert!(rounded > DropShare::NONE && rounded < DropShare::ALL, "{share}");
        }
    }

    /// A SYN is dropped where the path of its connection would be dark, in either direction, at every instant.
    #[test]
    fn syns_are_dropped_where_paths_are_dark() {
        let mut one_way = testing::parts("back", "10%".parse::<Blackhole>().unwrap().into(), 5, 15);
        one_way.directions = Directions::ToClient;
        let hole = fault("hole", "20%".parse::<Blackhole>().unwrap(), 10, 20);
        let wan = testing::routing("wan", |bucket| bucket % 8 == 1);
        let program = program(vec![hole, Fault::new(one_way, testing::SEED), wan]);
        let mut changes = 0;
        let mut now = SimTime::ZERO;
        loop {
            let (drops, until) = program.syn_drops(now);
            for bucket in FlowBucket::all() {
                let caller = Caller { bucket, ..Caller::new(0, "127.0.0.1:40000".parse().unwrap()) };
                let draw = program.draw(&caller);
                let dark = |direction| program.path(&draw, bucket, direction).at(now).dark.is_some();
                let expected = Direction::ALL.into_iter().any(dark);
                assert_eq!(
                    drops.shares[usize::from(bucket.0)] == DropShare::ALL,
                    expected,
                    "{bucket} at {now}"
                );
            }
            let Some(next) = until else { break };
            (now, changes) = (next, changes + 1);
        }
        assert_eq!((changes, now), (5, secs(20)), "at 5, 8, 10, 15 and 20 seconds");
    }

    /// A connect loses its SYN or the answer to it, in every bucket alike; nobody's draw is known at that time.
    #[test]
    fn loss_strikes_syns_both_ways() {
        let mut sometimes = testing::parts("sometimes", loss("90%").into(), 0, 10);
        sometimes.probability = Ratio::new(1, 2).unwrap();
        let program = program(vec![fault("loss", loss("10%"), 0, 10), Fault::new(sometimes, testing::SEED)]);
        let (drops, until) = program.syn_drops(secs(1));
        let share = f64::from(drops.shares[7].below()) / f64::from(u32::MAX);
        assert!((share - 0.19).abs() < 1e-6 && drops.shares.iter().all(|share| *share == drops.shares[7]));
        assert_eq!((&*drops.faults, until), (&["loss".into()][..], Some(secs(10))));
        assert_eq!(program.syn_drops(secs(10)).0, SynDrops::NONE);
        assert_eq!(program.edited(Vec::new()).backend(), Backend::Kernel, "an edit changes no backend");
    }

    /// What the kernel drops is not lost once more in a lane; all else stays.
    #[test]
    fn user_space_carries_the_rest() {
        let faults = || vec![fault("loss", loss("10%"), 0, 10), testing::routing("wan", |_| true)];
        let caller = Caller::new(0, "127.0.0.1:40000".parse().unwrap());
        let carried = |program: &Program| {
            let draw = program.draw(&caller);
            program.carried(&draw, caller.bucket, Direction::ToServer).at(secs(6)).clone()
        };
        let kernel = carried(&program(faults()));
        let userspace = carried(&program(faults()).made_by(Backend::UserSpace));
        assert_eq!((kernel.losses.len(), userspace.losses.len()), (0, 1));
        assert!(kernel.dark.is_some());
    }
}
