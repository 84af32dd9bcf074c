//! Items of `faults` that stand for others: `partition`, `rtt`, `timeout` and `link`.
//!
//! Each says in one word what would otherwise take one to four faults. What it becomes is made of the kinds that there are,
//! so there is nothing that only sugar can do. The parts of an item come and go together and take the same connections:
//! they share its schedule and its draws. Reports call them `NAME/PART`; an item that becomes one fault keeps its name.

use std::time::Duration;

use super::links::LinkProfile;
use crate::base::{Directions, RateScope, Ratio, Shape, Span};
use crate::fault::{Bandwidth, Blackhole, Close, CutWhen, FaultKind, KINDS, Latency, Spread};

/// What an item names.
#[derive(Clone, Debug)]
pub(super) enum Cause {
    /// A kind of fault.
    Kind(FaultKind),
    /// Nothing is delivered to or from several services.
    Partition,
    /// A round trip takes longer by so much.
    Rtt(Spread),
    /// Silence, then the end of the connection after so long; silence for good, if it is nothing.
    Timeout(Span),
    /// A link, by its name.
    Link(&'static LinkProfile),
}

/// A fault that an item becomes.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// How it is called among the parts of its item; nothing for the only one.
    pub(super) name: Option<&'static str>,
    pub(super) kind: FaultKind,
    /// The key of its item.
    pub(super) key: &'static str,
    /// Where it acts, unless the item says otherwise.
    pub(super) directions: Directions,
}

/// The words that stand for others, each with what it does: keys of a fault, beside those of the kinds.
pub(super) const SUGAR: [(&str, &str); 4] = [
    ("partition", "Nothing is delivered: a blackhole for all flows, of all services unless some are named."),
    ("rtt", "A round trip takes longer: a latency of half of it each way."),
    (
        "timeout",
        "Silence, then the end: a blackhole for all flows, and a close after so long; 0s for silence for good.",
    ),
    ("link", "A link by its name: its latency, its rates and its loss."),
];

/// Every key that names what a fault does.
pub(super) fn cause_keys() -> Vec<&'static str> {
    KINDS.iter().map(|kind| kind.name).chain(SUGAR.map(|(key, _)| key)).collect()
}

// === impl Cause ===

impl Cause {
    /// Its key in a scenario file.
    pub(super) fn key(&self) -> &'static str {
        let place = match self {
            Self::Kind(kind) => return kind.info().name,
            Self::Partition => 0,
            Self::Rtt(_) => 1,
            Self::Timeout(_) => 2,
            Self::Link(_) => 3,
        };
        SUGAR[place].0
    }

    /// Whether it acts on all services unless some are named.
    pub(super) const fn is_everywhere(&self) -> bool {
        matches!(self, Self::Partition)
    }

    /// Whether it has both directions by its nature.
    pub(super) const fn is_both_ways(&self) -> bool {
        matches!(self, Self::Rtt(_) | Self::Link(_))
    }

    /// What is wrong with its parameters.
    pub(super) fn contradictions(&self) -> Vec<String> {
        match self {
            Self::Kind(kind) => kind.kind().contradictions(),
            Self::Rtt(rtt) if rtt.samples.is_some() => {
                vec!["samples of a round trip can't be halved: write `latency: { samples }`, all of it one way".to_owned()]
            }
            Self::Rtt(rtt) => {
                let mut found = rtt.contradictions("a round trip");
                if found.is_empty() && rtt.is_nothing() {
                    found.push("a round trip of 0s does nothing".to_owned());
                }
                found
            }
            Self::Partition | Self::Timeout(_) | Self::Link(_) => Vec::new(),
        }
    }

    /// The faults that it becomes: at least one.
    pub(super) fn parts(&self) -> Vec<Part> {
        let part = |name, kind: FaultKind, directions| Part { name, kind, key: self.key(), directions };
        let whole = |kind: FaultKind| vec![part(None, kind, Directions::Both)];
        match self {
            Self::Kind(kind) => vec![part(None, kind.clone(), kind.kind().directions())],
            Self::Partition => whole(silence().into()),
            Self::Rtt(rtt) => whole(each_way(rtt).into()),
            Self::Timeout(after) if after.get().is_zero() => whole(silence().into()),
            Self::Timeout(after) => vec![
                part(Some("blackhole"), silence().into(), Directions::Both),
                part(Some("close"), Close(CutWhen::after_time(*after)).into(), Directions::Both),
            ],
            Self::Link(link) => {
                let parts = link_parts(link).into_iter();
                parts.map(|(name, kind, directions)| part(Some(name), kind, directions)).collect()
            }
        }
    }
}

fn silence() -> Blackhole {
    Blackhole { share: Ratio::ONE }
}

/// Half of a round trip. The two ways draw for themselves: the sum of two uniform halves stays within the whole jitter
/// (and lies nearer to the middle), and standard deviations add up by their squares.
fn each_way(rtt: &Spread) -> Latency {
    let jitter = rtt.jitter.map(|jitter| match rtt.distribution.unwrap_or_default() {
        Shape::Uniform => half(jitter),
        Shape::Normal | Shape::Pareto | Shape::Exponential => {
            Span(jitter.get().mul_f64(std::f64::consts::FRAC_1_SQRT_2))
        }
    });
    Spread { mean: rtt.mean.map(half), jitter, ..rtt.clone() }.into()
}

fn half(span: Span) -> Span {
    Span(Duration::from_nanos((span.get().as_nanos() / 2) as u64))
}

/// The parts of a link: each with its name, and where it acts.
fn link_parts(link: &LinkProfile) -> Vec<(&'static str, FaultKind, Directions)> {
    let mut parts = vec![("latency", each_way(&link.round_trip()).into(), Directions::Both)];
    parts.extend(link.losses().map(|loss| ("loss", loss.into(), Directions::Both)));
    let ways = [("bandwidth-to-client", Directions::ToClient), ("bandwidth-to-server", Directions::ToServer)];
    for ((name, directions), rate) in ways.into_iter().zip(link.rates()) {
        let shared = rate.map(|rate| Bandwidth::new(rate, RateScope::Service));
        parts.extend(shared.map(|kind| (name, kind.into(), directions)));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::links::LINKS;

    /// 80 ms and 10 ms more or less: 40 ms each way, and no round trip outside 70 to 90 ms.
    #[test]
    fn a_round_trip_is_two_halves() {
        let parts = Cause::Rtt("80ms~10ms".parse().unwrap()).parts();
        assert_eq!((parts.len(), parts[0].name, parts[0].directions), (1, None, Directions::Both));
        assert_eq!(parts[0].kind.kind().summary(), "40ms ± 5ms");
        let normal: Spread =
            serde_json::from_str(r#"{"mean": "80ms", "jitter": "10ms", "distribution": "normal"}"#).unwrap();
        assert_eq!(each_way(&normal).spread.jitter.unwrap().get().as_micros(), 7_071);
    }

    #[test]
    fn a_timeout_is_silence_and_then_the_end() {
        let told = |span: &str| -> Vec<String> {
            let parts = Cause::Timeout(span.parse().unwrap()).parts();
            parts.iter().map(|part| part.kind.kind().summary()).collect()
        };
        assert_eq!(told("5s"), ["all flows", "after 5s"]);
        assert_eq!(told("0s"), ["all flows"], "for good");
    }

    #[test]
    fn a_link_has_its_parts() {
        let names = |link: &str| -> Vec<_> {
            let cause = Cause::Link(link.parse().unwrap());
            cause.parts().iter().map(|part| part.name.unwrap()).collect()
        };
        assert_eq!(names("3g"), ["latency", "bandwidth-to-client", "bandwidth-to-server"]);
        assert_eq!(names("lossy-wifi"), ["latency", "loss"]);
        assert_eq!(names("transatlantic"), ["latency"]);
    }

    /// Nothing that a table of ours becomes contradicts itself.
    #[test]
    fn every_link_makes_sense() {
        for link in LINKS {
            for part in Cause::Link(link).parts() {
                assert_eq!(part.kind.kind().contradictions(), Vec::<String>::new(), "{}", link.name);
            }
        }
    }

    #[test]
    fn every_word_has_its_key() {
        let span = "1s".parse().unwrap();
        let causes = [
            Cause::Partition,
            Cause::Rtt(Spread::constant(span)),
            Cause::Timeout(span),
            Cause::Link(&LINKS[0]),
        ];
        assert_eq!(causes.map(|cause| cause.key()), SUGAR.map(|(key, _)| key));
    }
}
