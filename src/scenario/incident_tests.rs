//! The incident of 2023-01-25: what its scenario must show, whatever the seed.

use std::time::Duration;

use super::{Overrides, load_text_with, shipped};
use crate::base::{Direction, FlowBucket, Label, Ratio, Seed, SimTime, Timeline};
use crate::wan::{Fate, History, Paths};

/// When the commands were typed, when the two broken routers were mended, and the end; time 0 is 06:45 UTC.
const FIRST_COMMAND: SimTime = SimTime::from_secs(23 * 60);
const SECOND_COMMAND: SimTime = SimTime::from_secs(56 * 60);
const MITIGATED: SimTime = SimTime::from_secs(358 * 60);
const END: SimTime = SimTime::from_secs(375 * 60);

const SEEDS: u64 = 100;
const THREADS: u64 = 4;

/// Ten pairs of cities: cut off, partly hit, slowed down, lossy to the end, and not hit at all.
const PAIRS: [(&str, &str); 10] = [
    ("seattle", "singapore"),
    ("seattle", "ashburn"),
    ("london", "dublin"),
    ("london", "frankfurt"),
    ("london", "new-york"),
    ("atlanta", "miami"),
    ("madrid", "dubai"),
    ("tokyo", "sydney"),
    ("paris", "mumbai"),
    ("chicago", "toronto"),
];
const CUT_OFF: usize = 0;
const SLOWED: usize = 1;
const LOSSY: usize = 5;
const LOSSY_TOO: usize = 6;

const MINUTE: Duration = Duration::from_secs(60);

/// Both directions of a pair.
type Pair = [Paths; 2];
/// Dark, or the delay of a round trip with the loss of each direction.
type RoundTrip = Timeline<Option<(Duration, [Ratio; 2])>>;

/// Every eighth bucket: enough to see all ways that flows go.
fn sample() -> impl Iterator<Item = FlowBucket> {
    FlowBucket::all().step_by(8)
}

fn pairs(history: &History) -> Vec<Pair> {
    let wan = history.topology();
    let site = |name: &str| wan.site(name).expect("a city of the backbone");
    let pair = |(a, b): &(&str, &str)| {
        let flows = history.flows(site(a), site(b), 0).expect("every city has addresses");
        flows.map(|flow| history.paths(&flow).expect("few changes"))
    };
    PAIRS.iter().map(pair).collect()
}

/// What a bucket's round trip meets: dark if one direction is, else the sum of the delays, and the loss of each.
fn round_trip(pair: &Pair, bucket: FlowBucket) -> RoundTrip {
    let [there, back] = Direction::ALL.map(|direction| pair[direction.index()].bucket(bucket));
    let both = there.merge(back, |there, back| match (there, back) {
        (Fate::Delivered { delay: a, loss: x }, Fate::Delivered { delay: b, loss: y }) => {
            Some((*a + *b, [*x, *y]))
        }
        _ => None,
    });
    both.expect("few changes")
}

/// How long it is dark between two instants.
fn dark(line: &RoundTrip, from: SimTime, until: SimTime) -> Duration {
    let dark = line.pieces().filter(|(_, _, fate)| fate.is_none());
    dark.map(|(start, end, _)| end.unwrap_or(SimTime::MAX).min(until).since(start.max(from))).sum()
}

/// The share of all pairs and buckets that is dark.
fn dark_share(lines: &[Vec<RoundTrip>], at: SimTime) -> f64 {
    let dark = lines.iter().flatten().filter(|line| line.at(at).is_none()).count();
    dark as f64 / lines.iter().flatten().count() as f64
}

/// A monitor with a fresh port for every probe, every 30 s, patient for less than a retransmission: it fails if its bucket is
/// dark, or if one of four packets (SYN, its answer, request, answer) is lost. Returns for how long it has failures to see
/// without three of them in a row.
fn unnoticed(pair: &Pair, seed: u64, from: SimTime, until: SimTime) -> Duration {
    let mut stream = Seed(seed).stream(Label::new("probe"));
    let (mut first, mut row) = (None, 0);
    let mut at = from;
    while at < until && row < 3 {
        let bucket = FlowBucket(stream.below(256) as u8);
        let mut failed = false;
        for packet in 0..4 {
            let lost = match pair[packet % 2].bucket(bucket).at(at) {
                Fate::Dropped(_) => Ratio::ONE,
                Fate::Delivered { loss, .. } => *loss,
            };
            failed |= stream.happens(lost);
        }
        row = if failed { row + 1 } else { 0 };
        first = first.or(failed.then_some(at));
        at = at.plus(Duration::from_secs(30));
    }
    first.map_or(Duration::ZERO, |first| at.since(first))
}

fn check(seed: u64) {
    let scenario = shipped("azure-wan-2023-01-25").expect("it is in the library");
    let overrides = Overrides { seed: Some(Seed(seed)), ..Overrides::default() };
    let plan = load_text_with(scenario.name, scenario.text, &overrides).expect("it is sound");
    assert_eq!(SimTime::after_start(plan.duration), END);
    let pairs = pairs(plan.wan.as_deref().expect("it has a WAN"));
    let lines: Vec<Vec<_>> =
        pairs.iter().map(|pair| sample().map(|bucket| round_trip(pair, bucket)).collect()).collect();
    let recovered = FIRST_COMMAND.plus(MINUTE * 100);

    for line in &lines[CUT_OFF] {
        let dark = dark(line, SimTime::ZERO, END);
        assert!((MINUTE * 60..MINUTE * 90).contains(&dark), "seed {seed}: cut off for {dark:?}");
    }
    let total: Duration = lines[SLOWED].iter().map(|line| dark(line, SimTime::ZERO, END)).sum();
    assert!(
        total < recovered.since(FIRST_COMMAND) * sample().count() as u32 / 500,
        "seed {seed}: the slowed pair was dark for {total:?}"
    );
    let slowest = lines[SLOWED].iter().flat_map(Timeline::pieces).filter_map(|(_, _, fate)| *fate).max();
    let usual = lines[SLOWED][0].at(SimTime::ZERO).expect("healthy at first").0;
    let (slowest, _) = slowest.expect("it is delivered");
    assert!(slowest > usual + Duration::from_millis(10), "seed {seed}: {usual:?}, at worst {slowest:?}");

    let after = Duration::from_secs(90);
    let waves = [FIRST_COMMAND, SECOND_COMMAND].map(|command| dark_share(&lines, command.plus(after)));
    let trough = dark_share(&lines, SECOND_COMMAND.minus(after));
    assert!(waves.iter().all(|wave| *wave > trough * 1.5), "seed {seed}: {waves:?} around {trough}");
    assert!(dark_share(&lines, SimTime::ZERO) == 0.0 && dark_share(&lines, recovered) == 0.0, "seed {seed}");

    let lossy = |line: &RoundTrip, at: SimTime| {
        line.at(at).is_some_and(|(_, loss)| loss.iter().any(|loss| !loss.is_zero()))
    };
    let share = |at: SimTime| lines[LOSSY].iter().filter(|line| lossy(line, at)).count();
    for at in [recovered, MITIGATED.minus(MINUTE)] {
        assert!((4..32).contains(&share(at)), "seed {seed}: {} of 32 buckets are lossy", share(at));
    }
    assert_eq!(lines.iter().flatten().filter(|line| lossy(line, MITIGATED.plus(MINUTE))).count(), 0);

    let silent = [LOSSY, LOSSY_TOO].map(|pair| unnoticed(&pairs[pair], seed, recovered, MITIGATED));
    assert!(silent.iter().any(|silent| *silent >= MINUTE * 40), "seed {seed}: {silent:?}");
}

/// A pair of cities is dark for 60 to 90 min while another pair of the same city only gets slower; two waves come 33 min
/// apart; a low loss stays until 12:43; and a monitor that waits for three failures in a row is silent for 40 min of it.
#[test]
fn the_incident_shows_what_was_seen() {
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || (thread..SEEDS).step_by(THREADS as usize).for_each(check));
        }
    });
}
