//! `Survey`: what two sites saw of one another, over time: the fates of all buckets, both directions, added up.
//!
//! A bucket is dark while either direction loses all of it: a client without answers can't tell which one it was. Of the
//! buckets that are not dark a share of the packets may be lost: the chance that one of a packet and its answer is.

use std::time::Duration;

use indexmap::IndexMap;

use super::history::History;
use super::id::SiteId;
use super::paths::Paths;
use super::walk::Fate;
use crate::base::{BUCKETS, FlowBucket, SimTime, Timeline, TooManyChanges};

/// What a pair of sites saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// The client's site.
    pub from: SiteId,
    /// The server's.
    pub to: SiteId,
    /// From the beginning to the end, without gaps; neighbours differ.
    pub pieces: Vec<Piece>,
}

/// A time in which nothing changed for a pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// Its first instant.
    pub from: SimTime,
    /// The first instant after it.
    pub until: SimTime,
    /// How many buckets are dark.
    pub dark: u16,
    /// The share of all round trips that is lost, from 0 to 1: those of dark buckets, and what the others lose by chance.
    pub lost: f64,
    /// Shortest and longest round trip of the buckets that are not dark.
    pub rtt: Option<(Duration, Duration)>,
}

/// A time in which some buckets were dark, again and again, with no long quiet between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wave {
    /// When the first bucket went dark.
    pub from: SimTime,
    /// When the last one was lit again.
    pub until: SimTime,
    /// Most buckets that were dark at once.
    pub worst: u16,
}

/// A quiet as long as this parts two waves.
pub const WAVE_GAP: Duration = Duration::from_secs(600);

/// What becomes of a round trip: dark, or its time, with the chance of its loss.
type RoundTrip = Option<(Duration, f64)>;

// === impl History ===

impl History {
    /// What two sites saw of one another until then; none if one of them has no addresses.
    pub fn survey(&self, from: SiteId, to: SiteId, until: SimTime) -> Result<Option<Survey>, TooManyChanges> {
        let Some(flows) = self.flows(from, to, 0) else { return Ok(None) };
        let [there, back] = [self.paths(&flows[0])?, self.paths(&flows[1])?];
        let mut classes: IndexMap<[u8; 2], u16> = IndexMap::new();
        for bucket in FlowBucket::all() {
            *classes.entry([there.line_of(bucket), back.line_of(bucket)]).or_default() += 1;
        }
        let mut lines = Vec::with_capacity(classes.len());
        for ([out, home], count) in classes {
            lines.push((line_of(&there, out).merge(line_of(&back, home), round_trip)?, count));
        }
        Ok(Some(Survey { from, to, pieces: added_up(&lines, until) }))
    }
}

fn line_of(paths: &Paths, line: u8) -> &Timeline<Fate> {
    &paths.lines()[usize::from(line)]
}

fn round_trip(there: &Fate, back: &Fate) -> RoundTrip {
    match (there, back) {
        (Fate::Delivered { delay: a, loss: x }, Fate::Delivered { delay: b, loss: y }) => {
            Some((*a + *b, 1.0 - (1.0 - x.as_f64()) * (1.0 - y.as_f64())))
        }
        _ => None,
    }
}

fn added_up(lines: &[(Timeline<RoundTrip>, u16)], until: SimTime) -> Vec<Piece> {
    let mut changes: Vec<(SimTime, usize, RoundTrip)> = Vec::new();
    for (at, (line, _)) in lines.iter().enumerate() {
        changes.extend(line.pieces().map(|(from, _, trip)| (from, at, *trip)));
    }
    changes.sort_by_key(|(from, at, _)| (*from, *at));
    let mut now: Vec<RoundTrip> = vec![None; lines.len()];
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = &*changes;
    while let Some((from, _, _)) = rest.first().filter(|(from, _, _)| *from < until) {
        let together = rest.iter().take_while(|change| change.0 == *from).count();
        rest[..together].iter().for_each(|(_, at, trip)| now[*at] = *trip);
        rest = &rest[together..];
        let next = rest.first().map_or(until, |change| change.0.min(until));
        let piece = piece(&now, lines, *from, next);
        match pieces.last_mut() {
            Some(last) if last.same(&piece) => last.until = next,
            _ => pieces.push(piece),
        }
    }
    pieces
}

fn piece(now: &[RoundTrip], lines: &[(Timeline<RoundTrip>, u16)], from: SimTime, until: SimTime) -> Piece {
    let mut piece = Piece { from, until, dark: 0, lost: 0.0, rtt: None };
    let mut lost = 0.0;
    for (trip, (_, count)) in now.iter().zip(lines) {
        match trip {
            None => {
                piece.dark += count;
                lost += f64::from(*count);
            }
            Some((time, loss)) => {
                lost += loss * f64::from(*count);
                let (least, most) = piece.rtt.unwrap_or((*time, *time));
                piece.rtt = Some((least.min(*time), most.max(*time)));
            }
        }
    }
    piece.lost = lost / BUCKETS as f64;
    piece
}

// === impl Piece ===

impl Piece {
    /// How long it lasts.
    pub const fn length(&self) -> Duration {
        self.until.since(self.from)
    }

    /// The share of buckets that is dark, from 0 to 1.
    pub fn dark_share(&self) -> f64 {
        f64::from(self.dark) / BUCKETS as f64
    }

    fn same(&self, other: &Self) -> bool {
        self.dark == other.dark && self.rtt == other.rtt && (self.lost - other.lost).abs() < f64::EPSILON
    }
}

// === impl Survey ===

impl Survey {
    /// What was seen in a window of it.
    #[must_use]
    pub fn between(&self, from: SimTime, until: SimTime) -> Self {
        let within = self.pieces.iter().filter(|piece| piece.from < until && piece.until > from);
        let pieces =
            within.map(|piece| Piece { from: piece.from.max(from), until: piece.until.min(until), ..*piece });
        Self { pieces: pieces.collect(), ..*self }
    }

    /// How long some buckets were dark.
    pub fn outage(&self) -> Duration {
        self.pieces.iter().filter(|piece| piece.dark > 0).map(Piece::length).sum()
    }

    /// How long all of them were.
    pub fn blackout(&self) -> Duration {
        let all = self.pieces.iter().filter(|piece| usize::from(piece.dark) == BUCKETS);
        all.map(Piece::length).sum()
    }

    /// Most buckets that were dark at once.
    pub fn worst(&self) -> u16 {
        self.pieces.iter().map(|piece| piece.dark).max().unwrap_or(0)
    }

    /// The share of all round trips that was lost, over the whole time.
    pub fn lost(&self) -> f64 {
        let whole: Duration = self.pieces.iter().map(Piece::length).sum();
        let lost: f64 = self.pieces.iter().map(|piece| piece.lost * piece.length().as_secs_f64()).sum();
        lost / whole.as_secs_f64().max(1e-9)
    }

    /// Shortest and longest round trip; none, if there was none.
    pub fn rtt(&self) -> Option<(Duration, Duration)> {
        let ranges = self.pieces.iter().filter_map(|piece| piece.rtt);
        ranges.reduce(|(least, most), (a, b)| (least.min(a), most.max(b)))
    }

    /// The waves of darkness, apart by [`WAVE_GAP`] or more.
    pub fn waves(&self) -> Vec<Wave> {
        let mut waves: Vec<Wave> = Vec::new();
        for piece in self.pieces.iter().filter(|piece| piece.dark > 0) {
            match waves.last_mut() {
                Some(wave) if piece.from.since(wave.until) < WAVE_GAP => {
                    wave.until = piece.until;
                    wave.worst = wave.worst.max(piece.dark);
                }
                _ => waves.push(Wave { from: piece.from, until: piece.until, worst: piece.dark }),
            }
        }
        waves
    }

    /// The share of round trips that is lost in each of `columns` equal parts of a window.
    pub fn lost_by_column(&self, from: SimTime, until: SimTime, columns: usize) -> Vec<f64> {
        let mut lost = vec![0.0_f64; columns];
        let width = until.since(from).as_secs_f64() / columns.max(1) as f64;
        if width <= 0.0 {
            return lost;
        }
        for piece in self.between(from, until).pieces.iter().filter(|piece| piece.lost > 0.0) {
            let [start, end] = [piece.from, piece.until].map(|at| at.since(from).as_secs_f64() / width);
            let last = (end.ceil() as usize).min(columns);
            for (column, lost) in lost.iter_mut().enumerate().take(last).skip(start as usize) {
                let share = end.min(column as f64 + 1.0) - start.max(column as f64);
                *lost += piece.lost * share.max(0.0);
            }
        }
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Seed;
    use crate::wan::platform::Platform;
    use crate::wan::topology::{BlockKind, Shape};
    use crate::wan::{Happening, LinkSpec, Script, Seen, TopologyBuilder, simulate};
    use std::sync::Arc;

    const fn s(seconds: u64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    fn piece(from: u64, until: u64, dark: u16) -> Piece {
        let lost = f64::from(dark) / 256.0;
        let rtt = (dark < 256).then_some((Duration::from_millis(5), Duration::from_millis(9)));
        Piece { from: s(from), until: s(until), dark, lost, rtt }
    }

    fn made_up() -> Survey {
        let pieces = [
            piece(0, 100, 0),
            piece(100, 200, 64),
            piece(200, 700, 0),
            piece(700, 800, 256),
            piece(800, 1_400, 0),
            piece(1_400, 1_500, 128),
            piece(1_500, 2_000, 0),
        ];
        Survey { from: SiteId(0), to: SiteId(1), pieces: pieces.into() }
    }

    /// Two outages 500 s apart are one wave; the third, after ten minutes, is the second wave.
    #[test]
    fn figures_by_hand() {
        let survey = made_up();
        assert_eq!(survey.outage(), Duration::from_secs(300));
        assert_eq!(survey.blackout(), Duration::from_secs(100));
        assert_eq!(survey.worst(), 256);
        assert!((survey.lost() - (25.0 + 100.0 + 50.0) / 2_000.0).abs() < 1e-12);
        assert_eq!(survey.rtt(), Some((Duration::from_millis(5), Duration::from_millis(9))));
        let waves: Vec<(u64, u64, u16)> = survey
            .waves()
            .iter()
            .map(|w| (w.from.as_nanos() / 1_000_000_000, w.until.as_nanos() / 1_000_000_000, w.worst))
            .collect();
        assert_eq!(waves, [(100, 800, 256), (1_400, 1_500, 128)]);
        let columns = survey.lost_by_column(s(0), s(2_000), 4);
        assert_eq!(
            columns.iter().map(|lost| (lost * 1_000.0).round()).collect::<Vec<_>>(),
            [50.0, 200.0, 100.0, 0.0]
        );
        let window = survey.between(s(150), s(750));
        assert_eq!((window.outage(), window.pieces.len()), (Duration::from_secs(100), 3));
    }

    /// The survey agrees with the timelines of the buckets, at every change and between.
    #[test]
    fn a_survey_agrees_with_the_buckets() {
        let platform = Arc::new(Platform::frr_ospf());
        let mut wan = TopologyBuilder::new();
        wan.shape(Shape::Grid(2, 4), &platform, &LinkSpec::new(Duration::from_millis(2), 10));
        let wan = Arc::new(wan.block_for_each_site(4, BlockKind::Internal).build().expect("sound"));
        let cut = Happening::LinkDown(wan.link("r2/r3").expect("it is there"), Seen::Silent);
        let script = Script::new().at(s(5), cut);
        let history = simulate(&wan, &script, Seed(3), s(120)).expect("small");
        let [a, b] = ["s1", "s8"].map(|site| wan.site(site).expect("it is there"));
        let survey = history.survey(a, b, s(120)).expect("few changes").expect("addresses");
        let flows = history.flows(a, b, 0).expect("addresses");
        let paths = flows.map(|flow| history.paths(&flow).expect("few changes"));
        assert!(survey.worst() > 0 && survey.pieces.len() > 2);
        assert_eq!(survey.pieces.last().map(|piece| piece.until), Some(s(120)));
        for piece in &survey.pieces {
            for at in [piece.from, piece.from.plus(piece.length() / 2)] {
                let dark = FlowBucket::all().filter(|b| paths.iter().any(|p| p.bucket(*b).at(at).is_dark()));
                assert_eq!(dark.count(), usize::from(piece.dark), "at {at}");
            }
        }
    }
}
