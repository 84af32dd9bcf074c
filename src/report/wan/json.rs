//! The JSON document: everything that the pictures show, for programs. A versioned contract, told in `docs/wan.md`.
//!
//! Times are seconds since the beginning, durations milliseconds where they say so, shares numbers from 0 to 1. A key is
//! added without a new version; none is taken away or changes its meaning. Lists are bounded, and say what they leave out.

use serde::Serialize;

use super::walk::{reason_key, ways};
use super::{Sight, Surveys};
use crate::base::{BUCKETS, Direction, SimTime};
use crate::wan::{Fate, Flow, Survey};

/// The version of the document's shape.
pub const SCHEMA_VERSION: u32 = 1;

/// Most pieces of one pair's timeline.
const PIECES_MAX: usize = 2_000;
/// Most steps of the trace.
const STEPS_MAX: usize = 50_000;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    scenario: &'a str,
    seed: u64,
    starts_at: Option<&'a str>,
    from_s: f64,
    until_s: f64,
    network: Network,
    happenings: Vec<Entry>,
    pairs: Vec<Pair<'a>>,
    pairs_left_out: usize,
    steps: Vec<Entry>,
    steps_left_out: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    walk: Option<Walk<'a>>,
}

#[derive(Serialize)]
struct Network {
    sites: usize,
    routers: usize,
    links: usize,
    prefixes: u64,
}

/// A happening, or a step of a router.
#[derive(Serialize)]
struct Entry {
    at_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    router: Option<String>,
    what: String,
}

#[derive(Serialize)]
struct Pair<'a> {
    from: &'a str,
    to: &'a str,
    some_dark_s: f64,
    all_dark_s: f64,
    worst_dark_share: f64,
    lost_share: f64,
    rtt_ms: Option<[f64; 2]>,
    waves: Vec<Wave>,
    timeline: Vec<Piece>,
    timeline_left_out: usize,
}

#[derive(Serialize)]
struct Wave {
    from_s: f64,
    until_s: f64,
    worst_dark_share: f64,
}

#[derive(Serialize)]
struct Piece {
    from_s: f64,
    dark_share: f64,
    lost_share: f64,
    rtt_ms: Option<[f64; 2]>,
}

#[derive(Serialize)]
struct Walk<'a> {
    at_s: f64,
    ways: Vec<Way<'a>>,
}

#[derive(Serialize)]
struct Way<'a> {
    direction: Direction,
    buckets: Vec<u8>,
    delivered: bool,
    delay_ms: Option<f64>,
    lost_share: Option<f64>,
    dropped: Option<&'static str>,
    hops: Vec<HopAt<'a>>,
}

#[derive(Serialize)]
struct HopAt<'a> {
    router: &'a str,
    after_ms: f64,
    link: Option<&'a str>,
}

/// The document, with the worst `rows` pairs; and the walk of a packet, if it is asked for.
pub fn json(sight: Sight<'_>, surveys: &Surveys, rows: usize, walk: Option<(&[Flow; 2], SimTime)>) -> String {
    let wan = sight.history.topology();
    let within = |at: SimTime| at >= sight.from && at < sight.until;
    let steps = || sight.history.trace().transitions().iter().filter(|step| within(step.at));
    let shown = rows.min(surveys.pairs.len());
    let document = Document {
        schema_version: SCHEMA_VERSION,
        scenario: sight.name,
        seed: sight.seed,
        starts_at: sight.starts_at,
        from_s: sight.from.as_secs_f64(),
        until_s: sight.until.as_secs_f64(),
        network: Network {
            sites: wan.sites().len(),
            routers: wan.routers().len(),
            links: wan.links().len(),
            prefixes: wan.prefixes(),
        },
        happenings: sight
            .history
            .script()
            .iter()
            .map(|(at, what)| Entry {
                at_s: at.as_secs_f64(),
                router: None,
                what: what.words(wan).to_string(),
            })
            .collect(),
        pairs: surveys.pairs[..shown].iter().map(|pair| pair_of(sight, pair)).collect(),
        pairs_left_out: surveys.pairs.len() - shown + surveys.left_out,
        steps: steps()
            .take(STEPS_MAX)
            .map(|step| Entry {
                at_s: step.at.as_secs_f64(),
                router: Some(wan.routers()[step.router.index()].name.clone()),
                what: step.step.words(wan).to_string(),
            })
            .collect(),
        steps_left_out: steps().count().saturating_sub(STEPS_MAX) as u64 + sight.history.trace().left_out(),
        walk: walk.map(|(flows, at)| walk_of(sight, flows, at)),
    };
    let mut text = serde_json::to_string_pretty(&document).expect("names and numbers are JSON");
    text.push('\n');
    text
}

fn pair_of<'a>(sight: Sight<'a>, pair: &Survey) -> Pair<'a> {
    let sites = sight.history.topology().sites();
    let share = |dark: u16| f64::from(dark) / BUCKETS as f64;
    Pair {
        from: &sites[pair.from.index()].name,
        to: &sites[pair.to.index()].name,
        some_dark_s: pair.outage().as_secs_f64(),
        all_dark_s: pair.blackout().as_secs_f64(),
        worst_dark_share: share(pair.worst()),
        lost_share: pair.lost(),
        rtt_ms: pair.rtt().map(milliseconds),
        waves: pair
            .waves()
            .into_iter()
            .map(|wave| Wave {
                from_s: wave.from.as_secs_f64(),
                until_s: wave.until.as_secs_f64(),
                worst_dark_share: share(wave.worst),
            })
            .collect(),
        timeline: pair
            .pieces
            .iter()
            .take(PIECES_MAX)
            .map(|piece| Piece {
                from_s: piece.from.as_secs_f64(),
                dark_share: share(piece.dark),
                lost_share: piece.lost,
                rtt_ms: piece.rtt.map(milliseconds),
            })
            .collect(),
        timeline_left_out: pair.pieces.len().saturating_sub(PIECES_MAX),
    }
}

fn walk_of<'a>(sight: Sight<'a>, flows: &[Flow; 2], at: SimTime) -> Walk<'a> {
    let wan = sight.history.topology();
    let way = |direction: Direction, way: super::walk::Way| Way {
        direction,
        buckets: way.buckets.iter().map(|bucket| bucket.0).collect(),
        delivered: !way.fate.is_dark(),
        delay_ms: match way.fate {
            Fate::Delivered { delay, .. } => Some(delay.as_secs_f64() * 1e3),
            Fate::Dropped(_) => None,
        },
        lost_share: match way.fate {
            Fate::Delivered { loss, .. } => Some(loss.as_f64()),
            Fate::Dropped(_) => None,
        },
        dropped: match way.fate {
            Fate::Delivered { .. } => None,
            Fate::Dropped(reason) => Some(reason_key(reason)),
        },
        hops: way
            .hops
            .iter()
            .map(|hop| HopAt {
                router: &wan.routers()[hop.router.index()].name,
                after_ms: hop.at.since(at).as_secs_f64() * 1e3,
                link: hop.link.map(|link| &*wan.links()[link.index()].name),
            })
            .collect(),
    };
    let both = flows.iter().flat_map(|flow| {
        ways(sight.history, flow, at).into_iter().map(move |found| way(flow.direction, found))
    });
    Walk { at_s: at.as_secs_f64(), ways: both.collect() }
}

fn milliseconds((least, most): (std::time::Duration, std::time::Duration)) -> [f64; 2] {
    [least.as_secs_f64() * 1e3, most.as_secs_f64() * 1e3]
}
