//! `Kind`, what every kind of fault can say of itself, and `Fault`, a kind with its name, its schedule and its draws.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::cut::Cut;
use super::link::Link;
use super::routing::Routing;
use super::schedule::Level;
use super::table::FaultKind;
use super::trace::TextMistakes;
use super::turnstile::{Limit, Turnstile};
use crate::base::{
    BUCKETS, Direction, Directions, FaultId, FlowBucket, Label, PathState, Ratio, Seed, SimTime, Stream,
    Timeline, TooManyChanges,
};

/// What a kind of fault acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The path: delay, rate, no delivery.
    Path,
    /// The connection: its beginning and its end.
    Connection,
    /// The stream of bytes within a connection.
    Stream,
}

/// What makes a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// brownout itself, between its sockets.
    UserSpace,
    /// The kernel, at brownout's word.
    Kernel,
}

/// What a kind of fault says of itself. Implemented by one type a file in `kind/`.
pub trait Kind {
    /// What it does with these parameters, in a few words: `80ms ± 20ms`.
    fn summary(&self) -> String;

    /// The directions that it acts in unless the scenario says otherwise.
    fn directions(&self) -> Directions;

    /// Whether it acts in a direction at all.
    fn has_direction(&self) -> bool {
        self.limit().is_none() && !self.refuses()
    }

    /// Parameters that contradict each other, one sentence each.
    fn contradictions(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether it can act by degrees, so that a ramp makes sense.
    fn ramps(&self) -> bool {
        false
    }

    /// Whether a ramp adds buckets to those that it takes, instead of doing more to each.
    fn ramps_by_buckets(&self) -> bool {
        false
    }

    /// The share of flow buckets that it takes at full level.
    fn share(&self) -> Ratio {
        Ratio::ONE
    }

    /// What it makes of the path at `level` (above zero), for a bucket that it takes.
    fn path(&self, _fault: FaultId, _level: Level) -> PathState {
        PathState::CLEAR
    }

    /// What it makes of the path at full level over time, up to `end`, where that changes by itself; none for a kind that is
    /// the same all the time. Its time begins with the fault. Drawn once, from the fault's own stream: all connections
    /// meet the same weather.
    fn weather(
        &self,
        _fault: FaultId,
        _end: SimTime,
        _stream: &mut Stream,
    ) -> Result<Option<Timeline<PathState>>, TooManyChanges> {
        Ok(None)
    }

    /// Whether it refuses new connections.
    fn refuses(&self) -> bool {
        false
    }

    /// How many connections at once it lets be served, if it limits them.
    fn limit(&self) -> Option<Limit> {
        None
    }

    /// The file that its parameters name, and that was not read for it yet. Whoever reads scenarios reads it, and gives it
    /// to [`Kind::read`]; kinds open nothing.
    fn file(&self) -> Option<&str> {
        None
    }

    /// Takes the text of the file that [`Kind::file`] named.
    fn read(&mut self, _text: &str) -> Result<(), TextMistakes> {
        Ok(())
    }

    /// What a network of routers makes of the paths, if that is what it is.
    fn routing(&self) -> Option<&Routing> {
        None
    }

    /// How it ends connections, if it does.
    fn cut(&self) -> Option<Cut> {
        None
    }
}

/// The clients that a fault takes: addresses and CIDR blocks. A mapped IPv4 address counts as IPv4.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("examples" = ["127.0.0.1", "10.0.0.0/8"]))]
pub struct Peers(IpNet);

/// A text that names no clients.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an address or a CIDR block such as `127.0.0.1` or `10.0.0.0/8`, found `{0}`")]
pub struct PeersError(String);

/// What a [`Fault`] is made from.
#[derive(Clone, Debug)]
pub struct FaultParts {
    /// Its place in its plan.
    pub id: FaultId,
    /// Its name, unique in its service. Its draws follow from it.
    pub name: Arc<str>,
    /// The item of the scenario that it comes from, by its name: its own, unless the item became several faults. When it
    /// comes and goes, and which connections it takes, follows from this one, so that the parts of an item act together.
    pub item: Arc<str>,
    /// The key by which the item says what it does: that of the kind, or a word that stands for several.
    pub key: &'static str,
    /// Its service.
    pub service: Arc<str>,
    /// What it does.
    pub kind: FaultKind,
    /// When, and how much.
    pub level: Timeline<Level>,
    /// What its kind draws at random over time, in run time.
    pub weather: Option<Timeline<PathState>>,
    /// When it begins, in run time, and how much of it has passed by then.
    pub began: Began,
    /// In which directions.
    pub directions: Directions,
    /// The probability that it takes a connection.
    pub probability: Ratio,
    /// The clients that it takes; all, if empty.
    pub peers: Vec<Peers>,
}

/// When a fault begins, for what it replays in a time of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Began {
    /// The run time at which it begins, or the run does, whichever is later.
    pub at: SimTime,
    /// How much of its own time has passed by then.
    pub before: Duration,
}

/// A fault of a service: a kind, when it is in force, and which connections it takes.
#[derive(Debug)]
pub struct Fault {
    /// What it was made from.
    pub parts: FaultParts,
    /// The name that its streams of randomness begin with.
    pub label: Label,
    /// The name that all faults of its item draw from together.
    pub item_label: Label,
    /// Each bucket's place in this fault's own order of buckets: a share takes the first ones, so that a ramp adds
    /// buckets and never swaps them.
    rank: [u8; BUCKETS],
    /// What all connections of the service share, one a direction.
    shared: [Mutex<Link>; 2],
    /// Where connections wait for each other, if it limits them.
    pub(super) turnstile: Turnstile,
}

// === impl Backend ===

impl Backend {
    /// The word for it in events and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserSpace => "userspace",
            Self::Kernel => "kernel",
        }
    }
}

// === impl Peers ===

impl Peers {
    /// Whether `client` is among them.
    pub fn contain(&self, client: IpAddr) -> bool {
        self.0.contains(&client.to_canonical())
    }
}

impl FromStr for Peers {
    type Err = PeersError;

    fn from_str(text: &str) -> Result<Self, PeersError> {
        let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        net.map(Self).map_err(|_| PeersError(text.to_owned()))
    }
}

impl TryFrom<String> for Peers {
    type Error = PeersError;

    fn try_from(text: String) -> Result<Self, PeersError> {
        text.parse()
    }
}

impl From<Peers> for String {
    fn from(peers: Peers) -> Self {
        peers.0.to_string()
    }
}

// === impl Fault ===

impl Fault {
    /// Makes the fault and draws its order of buckets.
    pub fn new(parts: FaultParts, seed: Seed) -> Self {
        let label = Self::label(&parts.service, &parts.name);
        let item_label = Self::label(&parts.service, &parts.item);
        let mut order: Vec<u8> = (0..=u8::MAX).collect();
        seed.stream(label.part("buckets")).shuffle(&mut order);
        let mut rank = [0; BUCKETS];
        for (place, bucket) in order.into_iter().enumerate() {
            rank[usize::from(bucket)] = place as u8;
        }
        Self { parts, label, item_label, rank, shared: Default::default(), turnstile: Turnstile::default() }
    }

    /// What the streams of a fault, or of an item, of this name and service begin with.
    pub fn label(service: &str, name: &str) -> Label {
        Label::new("fault").part(service).part(name)
    }

    /// Its kind's own word.
    pub fn kind(&self) -> &dyn Kind {
        self.parts.kind.kind()
    }

    /// What it does, in a few words.
    pub fn summary(&self) -> String {
        if self.refuses_connects() {
            return "connects are refused (ECONNREFUSED)".to_owned();
        }
        self.kind().summary()
    }

    /// Whether the kernel refuses everybody's connects for it, which brownout does not see then.
    pub fn refuses_connects(&self) -> bool {
        let everybody = self.parts.probability == Ratio::ONE && self.parts.peers.is_empty();
        cfg!(target_os = "linux") && self.kind().refuses() && everybody
    }

    /// What makes it, where `dropping` makes dropped segments.
    pub fn backend(&self, dropping: Backend) -> Backend {
        if self.refuses_connects() {
            Backend::Kernel
        } else if self.drops() {
            dropping
        } else {
            Backend::UserSpace
        }
    }

    /// How many of the 256 buckets it takes at full level.
    pub fn realised_share(&self) -> u16 {
        self.kind().share().of(BUCKETS as u64) as u16
    }

    /// Whether it takes this bucket, at some level.
    pub fn takes_bucket(&self, bucket: FlowBucket) -> bool {
        self.place(bucket) < self.realised_share()
    }

    /// What it makes of the path of this bucket at each instant, in a direction that it acts in.
    pub fn path(&self, bucket: FlowBucket, direction: Direction) -> Arc<Timeline<PathState>> {
        match self.kind().routing() {
            Some(routing) => Arc::clone(&routing.way(bucket, direction).path),
            None => Arc::new(self.declared_path(bucket)),
        }
    }

    fn declared_path(&self, bucket: FlowBucket) -> Timeline<PathState> {
        let kind = self.kind();
        let acts = |level: &Level| self.acts_on(bucket, *level);
        let level = &self.parts.level;
        match &self.parts.weather {
            None => level.map(
                |level| {
                    if acts(level) { kind.path(self.parts.id, *level) } else { PathState::CLEAR }
                },
            ),
            Some(weather) => level
                .merge(weather, |level, state| if acts(level) { state.clone() } else { PathState::CLEAR })
                .expect("level and weather fit one timeline: the loader has added them up"),
        }
    }

    /// Whether it acts on this bucket at this level.
    pub(super) fn acts_on(&self, bucket: FlowBucket, level: Level) -> bool {
        let kind = self.kind();
        let taken =
            if kind.ramps_by_buckets() { level.of_share(kind.share()) } else { self.realised_share() };
        !level.is_zero() && self.place(bucket) < taken
    }

    /// Buckets with the same number here have the same path in this direction.
    pub fn variant(&self, bucket: FlowBucket, direction: Direction) -> u8 {
        match self.kind().routing() {
            Some(routing) => routing.way_of(bucket, direction),
            None if self.differs_by_bucket() => bucket.0,
            None => 0,
        }
    }

    /// How often its path changes, at most; more than the changes of its level alone.
    pub fn changes(&self) -> usize {
        let weather = self.parts.weather.as_ref().map_or(0, Timeline::changes);
        let routed = self.kind().routing().map_or(0, Routing::changes);
        self.parts.level.changes() + weather + routed
    }

    /// Whether its path differs between buckets: it takes a share of them, or it adds them by and by.
    fn differs_by_bucket(&self) -> bool {
        let by_degrees = |level: &Level| !level.is_zero() && !level.is_full();
        let adds = || self.parts.level.pieces().any(|(_, _, level)| by_degrees(level));
        self.kind().share() != Ratio::ONE || self.kind().ramps_by_buckets() && adds()
    }

    /// Its own time at this run time.
    pub fn own_time(&self, run: SimTime) -> SimTime {
        SimTime::after_start(run.since(self.parts.began.at)).plus(self.parts.began.before)
    }

    /// The run time at this time of its own.
    pub fn run_time(&self, own: SimTime) -> SimTime {
        self.parts.began.at.plus(own.since(SimTime::after_start(self.parts.began.before)))
    }

    /// The link that all connections share in one direction.
    pub fn shared_link(&self, direction: Direction) -> &Mutex<Link> {
        &self.shared[direction.index()]
    }

    fn place(&self, bucket: FlowBucket) -> u16 {
        u16::from(self.rank[usize::from(bucket.0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Blackhole, Latency, testing};

    fn half_way(kind: impl Into<FaultKind>) -> Fault {
        let mut parts = testing::parts("half", kind.into(), 0, 100);
        parts.level = Timeline::constant(Level::percent(50));
        Fault::new(parts, testing::SEED)
    }

    fn touched(fault: &Fault) -> usize {
        FlowBucket::all()
            .filter(|bucket| !fault.declared_path(*bucket).at(testing::secs(1)).is_clear())
            .count()
    }

    /// Half-way up its ramp a latency delays every flow by half; a blackhole takes half of its buckets, all of them.
    #[test]
    fn a_ramp_scales_or_adds_buckets_but_not_both() {
        let latency = half_way("80ms".parse::<Latency>().unwrap());
        assert_eq!((touched(&latency), latency.differs_by_bucket()), (256, false));
        let delay = latency.declared_path(FlowBucket(7)).at(testing::secs(1)).delays[0].delay.mean;
        assert_eq!(delay.as_millis(), 40);
        let all = half_way("100%".parse::<Blackhole>().unwrap());
        assert_eq!((touched(&all), all.differs_by_bucket()), (128, true));
        assert_eq!(touched(&half_way("20%".parse::<Blackhole>().unwrap())), 26);
    }

    #[test]
    fn peers_are_addresses_and_blocks() {
        let peers = |text: &str| text.parse::<Peers>().unwrap();
        assert!(peers("10.0.0.0/8").contain("10.1.2.3".parse().unwrap()));
        assert!(peers("127.0.0.1").contain("::ffff:127.0.0.1".parse().unwrap()));
        assert!(!peers("::1").contain("127.0.0.1".parse().unwrap()));
        assert_eq!("localhost".parse::<Peers>(), Err(PeersError("localhost".into())));
    }
}
