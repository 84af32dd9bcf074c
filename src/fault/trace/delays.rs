//! `DelayTrace`: the delays of a path over time, recorded and played again.
//!
//! A column of delays, one a line, milliseconds where no unit is written (`ping`'s habit), or a log of pings ([`super::ping`]).
//! What was `lost` is, unless the scenario says otherwise, silence until the next one that came: that nothing was delivered
//! is all that is known of that time.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::ping::{self, PING_INTERVAL};
use super::{Line, TextMistakes, lines};
use crate::base::limits::TIMELINE_CHANGES_MAX;
use crate::base::{
    Delay, DelayTerm, DurationError, FaultId, PathState, SimTime, Span, Timeline, TooManyChanges,
    format_duration,
};

/// Delays over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelayTrace {
    source: Source,
    every: Option<Span>,
    at_end: AtEnd,
    lost: Lost,
    /// Whether both a file and delays were given.
    twofold: bool,
}

/// Where the delays are.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// Nowhere: neither was given.
    Missing,
    /// In a file that was not read yet.
    File(String),
    /// Here.
    Here(Arc<Measured>),
}

/// What was measured: a delay, or nothing for what was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    pub(super) delays: Vec<Option<Duration>>,
    /// When, since the first, if that is known.
    at: Option<Vec<Duration>>,
    /// How far apart they are, if the scenario does not say and `at` does not.
    every: Option<Duration>,
}

/// A trace of delays: those of a `file`, or `delays` given here.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DelayTrace")]
pub struct DelayTraceFields {
    /// A file beside the scenario's: a delay a line (milliseconds, if it has no unit), or the output of `ping`.
    file: Option<String>,
    /// The delays themselves, each a time or `lost`.
    delays: Option<Vec<Entry>>,
    /// How far apart they are. The output of `ping` says it itself (1 s without `-D`).
    every: Option<Span>,
    /// What comes after the last one.
    #[serde(default)]
    at_end: AtEnd,
    /// What happens where something was lost.
    #[serde(default)]
    lost: Lost,
}

/// What comes after the last delay of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AtEnd {
    /// The first one again.
    #[default]
    Repeat,
    /// The last one, for good.
    Hold,
}

/// What happens where a trace says that something was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lost {
    /// Nothing is delivered until the next one.
    #[default]
    Dark,
    /// The delay before it holds.
    Hold,
}

/// A delay of a trace, or `lost`.
#[derive(Clone, Copy, Debug, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("examples" = ["12ms", "lost"]))]
struct Entry(Option<Duration>);

/// The word for what did not arrive.
const LOST: &str = "lost";

// === impl Measured ===

impl Measured {
    /// Reads a column of delays, or a log of pings.
    pub(super) fn read(text: &str) -> Result<Self, TextMistakes> {
        let lines = lines(text)?;
        if ping::is_ping(&lines) {
            let pings = ping::read(&lines)?;
            return Ok(Self { delays: pings.delays, at: pings.sent, every: Some(PING_INTERVAL) });
        }
        let (mut delays, mut mistakes) = (Vec::new(), TextMistakes::default());
        for line in lines.iter().filter(|line| !line.text.starts_with('#')) {
            match column_entry(*line) {
                Ok(delay) => delays.push(delay),
                Err(message) => mistakes.push(*line, message),
            }
        }
        mistakes.or(())?;
        if delays.iter().all(Option::is_none) {
            return Err(TextMistakes::whole("there is no delay in this file"));
        }
        Ok(Self { delays, at: None, every: None })
    }
}

fn column_entry(line: Line<'_>) -> Result<Option<Duration>, String> {
    let text = line.text;
    if text.is_empty() {
        return Err(format!("nothing stands on this line: write `{LOST}`, if that is what happened"));
    }
    let number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let with_unit = if number { format!("{text}ms") } else { text.to_owned() };
    entry(&with_unit).map_err(|error| match error {
        DurationError::Form(_) | DurationError::UnknownUnit { .. } | DurationError::Unit(_) => {
            format!("expected a delay such as `12.5` (milliseconds) or `12.5ms`, found `{text}`")
        }
        other => other.to_string(),
    })
}

fn entry(text: &str) -> Result<Option<Duration>, DurationError> {
    if text == LOST { Ok(None) } else { text.parse().map(|span: Span| Some(span.get())) }
}

impl TryFrom<String> for Entry {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        entry(&text).map(Self).map_err(|error| match error {
            DurationError::Form(_) => format!("expected a delay such as `12ms`, or `{LOST}`, found `{text}`"),
            other => other.to_string(),
        })
    }
}

// === impl DelayTrace ===

impl From<DelayTraceFields> for DelayTrace {
    fn from(fields: DelayTraceFields) -> Self {
        let DelayTraceFields { file, delays, every, at_end, lost } = fields;
        let twofold = file.is_some() && delays.is_some();
        let here = |entries: Vec<Entry>| {
            let delays = entries.into_iter().map(|entry| entry.0).collect();
            Source::Here(Arc::new(Measured { delays, at: None, every: None }))
        };
        let source = file.map(Source::File).or(delays.map(here)).unwrap_or(Source::Missing);
        Self { source, every, at_end, lost, twofold }
    }
}

impl DelayTrace {
    /// The file that was not read yet.
    pub fn file(&self) -> Option<&str> {
        match &self.source {
            Source::File(name) => Some(name),
            Source::Missing | Source::Here(_) => None,
        }
    }

    /// Takes the text of that file.
    pub fn read(&mut self, text: &str) -> Result<(), TextMistakes> {
        self.source = Source::Here(Arc::new(Measured::read(text)?));
        Ok(())
    }

    /// What contradicts itself.
    pub fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.twofold {
            found.push("a trace is either a `file` or `delays`".to_owned());
        }
        if self.every.is_some_and(|every| every.get().is_zero()) {
            found.push("`every: 0s` puts all delays of the trace at one instant".to_owned());
        }
        match &self.source {
            Source::Missing => found.push("a trace needs a `file`, or `delays`".to_owned()),
            Source::Here(measured) if measured.delays.iter().all(Option::is_none) => {
                found.push("there is no delay in this trace; for silence use `blackhole`".to_owned());
            }
            Source::Here(measured) if self.times(measured).is_none() => {
                found.push("a trace of delays alone needs `every`: how far apart they are".to_owned());
            }
            Source::Here(_) | Source::File(_) => {}
        }
        found
    }

    /// `trace of 300 delays over 30s, repeated`.
    pub fn summary(&self) -> String {
        let Source::Here(measured) = &self.source else { return "trace".to_owned() };
        let over = self.times(measured).map(|(_, period)| format!(" over {}", format_duration(period)));
        let repeated = if self.at_end == AtEnd::Repeat { ", repeated" } else { ", the last held" };
        format!("trace of {} delays{}{repeated}", measured.delays.len(), over.unwrap_or_default())
    }

    /// What the path does up to `end`.
    pub fn weather(
        &self,
        fault: FaultId,
        end: SimTime,
    ) -> Result<Option<Timeline<PathState>>, TooManyChanges> {
        let Source::Here(measured) = &self.source else { return Ok(None) };
        let first = measured.delays.iter().flatten().next();
        let Some(((times, period), first)) = self.times(measured).zip(first) else { return Ok(None) };
        let (mut line, mut last, mut begin) = (Vec::new(), *first, SimTime::ZERO);
        loop {
            for (at, delay) in times.iter().zip(&measured.delays) {
                let t = begin.plus(*at);
                if t >= end {
                    return Timeline::new(PathState::CLEAR, line).map(Some);
                }
                last = delay.unwrap_or(last);
                let state = match (delay, self.lost) {
                    (None, Lost::Dark) => PathState::dark(fault),
                    _ => delayed(fault, last),
                };
                if line.last().is_none_or(|(_, before)| *before != state) {
                    line.push((t, state));
                }
                // One more than fit, and the beginning, which is no change.
                if line.len() > TIMELINE_CHANGES_MAX + 1 {
                    return Err(TooManyChanges);
                }
            }
            if self.at_end == AtEnd::Hold || line.len() == 1 {
                return Timeline::new(PathState::CLEAR, line).map(Some);
            }
            begin = begin.plus(period);
        }
    }

    /// When each delay begins, and when the trace does again. Nothing, if nobody says how far apart they are.
    fn times(&self, measured: &Measured) -> Option<(Vec<Duration>, Duration)> {
        let count = u32::try_from(measured.delays.len()).ok()?;
        if let (None, Some(at)) = (self.every, &measured.at) {
            let last = *at.last()?;
            let pace = if count > 1 { last / (count - 1) } else { PING_INTERVAL };
            return Some((at.clone(), last.saturating_add(pace.max(Duration::from_micros(1)))));
        }
        let every = self.every.map(Span::get).or(measured.every).filter(|every| !every.is_zero())?;
        Some(((0..count).map(|n| every.saturating_mul(n)).collect(), every.saturating_mul(count)))
    }
}

fn delayed(fault: FaultId, delay: Duration) -> PathState {
    PathState { delays: vec![DelayTerm { fault, delay: Delay::constant(delay) }], ..PathState::CLEAR }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trace(text: &str) -> DelayTrace {
        DelayTrace::from(serde_json::from_str::<DelayTraceFields>(text).unwrap())
    }

    /// What holds at each of these instants: milliseconds, or -1 for silence.
    fn at(trace: &DelayTrace, millis: &[u64]) -> Vec<i64> {
        let line = trace.weather(FaultId(0), SimTime::from_secs(60)).unwrap().unwrap();
        let held = |ms: &u64| {
            let state = line.at(SimTime::from_millis(*ms));
            state.delays.first().map_or(-1, |term| term.delay.mean.as_millis() as i64)
        };
        millis.iter().map(held).collect()
    }

    #[test]
    fn a_trace_is_replayed_and_repeated_or_held() {
        let given = |more: &str| {
            trace(&format!(r#"{{"delays": ["12ms", "13ms", "lost", "80ms"], "every": "100ms"{more}}}"#))
        };
        let instants = [0, 99, 100, 200, 300, 399, 400, 600];
        assert_eq!(at(&given(""), &instants), [12, 12, 13, -1, 80, 80, 12, -1]);
        let held = given(r#", "at_end": "hold", "lost": "hold""#);
        assert_eq!(at(&held, &instants), [12, 12, 13, 13, 80, 80, 80, 80]);
        assert_eq!(held.summary(), "trace of 4 delays over 400ms, the last held");
    }

    #[test]
    fn a_column_is_milliseconds_unless_it_says_otherwise() {
        let read = |text: &str| Measured::read(text).unwrap().delays;
        let micros = |ms: u64| Some(Duration::from_micros(ms));
        assert_eq!(
            read("# rtt\n12.5\n1.5s\nlost\n7ms\n"),
            [micros(12_500), micros(1_500_000), None, micros(7_000)]
        );
        let mistakes = Measured::read("12\n\n-3\nNaN\n12\n").unwrap_err();
        let told: Vec<(usize, &str)> =
            mistakes.first.iter().map(|mistake| (mistake.start, mistake.message.as_str())).collect();
        assert_eq!(
            told,
            [
                (3, "nothing stands on this line: write `lost`, if that is what happened"),
                (4, "expected a duration of 0s or more, found `-3`"),
                (7, "expected a delay such as `12.5` (milliseconds) or `12.5ms`, found `NaN`"),
            ]
        );
        assert_eq!(Measured::read("lost\n").unwrap_err().first[0].message, "there is no delay in this file");
    }

    /// The stamps of a log make the times, unless the scenario has its own.
    #[test]
    fn a_ping_log_brings_its_times() {
        let log = "[100.02] 64 bytes from x: icmp_seq=1 ttl=57 time=20 ms\n[100.51] 64 bytes from x: icmp_seq=2 ttl=57 time=10 ms\n";
        let mut stamped = trace(r#"{"file": "x"}"#);
        stamped.read(log).unwrap();
        assert_eq!(at(&stamped, &[0, 490, 510, 990, 1_010]), [20, 20, 10, 10, 20]);
        let mut paced = trace(r#"{"file": "x", "every": "2s"}"#);
        paced.read(log).unwrap();
        assert_eq!(at(&paced, &[0, 1_999, 2_000, 4_000]), [20, 20, 10, 20]);
    }

    #[test]
    fn what_contradicts_itself_is_told() {
        let told = |text: &str| trace(text).contradictions().len();
        assert_eq!(told(r#"{"delays": ["1ms"], "every": "1s"}"#), 0);
        for text in [
            "{}",
            r#"{"delays": ["1ms"]}"#,
            r#"{"delays": [], "every": "1s"}"#,
            r#"{"delays": ["lost"], "every": "1s"}"#,
            r#"{"file": "x", "delays": ["1ms"], "every": "1s"}"#,
        ] {
            assert_eq!(told(text), 1, "{text}");
        }
        assert_eq!(told(r#"{"delays": ["1ms"], "every": "0s"}"#), 2);
    }

    #[test]
    fn a_trace_too_fine_for_its_scenario_is_refused() {
        let fine = trace(r#"{"delays": ["1ms", "2ms"], "every": "1us"}"#);
        assert_eq!(fine.weather(FaultId(0), SimTime::from_secs(60)), Err(TooManyChanges));
        let flat = trace(r#"{"delays": ["1ms", "1ms"], "every": "1us"}"#);
        assert_eq!(flat.weather(FaultId(0), SimTime::from_secs(60)).unwrap().unwrap().changes(), 0);
    }

    proptest! {
        /// Any bytes at all, and any mixture of what traces are made of: read or told, each mistake with a place in it.
        #[test]
        fn any_text_is_judged(text in prop_oneof![
            any::<String>(),
            "(\\[?[0-9.]{0,6}\\]? ?(icmp_)?seq[= ][0-9]{0,7} time[=<][0-9.a-z-]{0,6} ?(ms)?\n?|[0-9.]{0,9}(ms|s|d|)\n|---\n|lost\n|[0-9]{1,20} packets transmitted){0,12}",
        ]) {
            match Measured::read(&text) {
                Ok(measured) => {
                    prop_assert!(measured.delays.iter().any(Option::is_some));
                    prop_assert!(measured.at.is_none_or(|at| at.len() == measured.delays.len() && at.is_sorted()));
                }
                Err(mistakes) => prop_assert!(mistakes.first.iter().all(|m| m.end <= text.len()) && mistakes.count > 0),
            }
        }
    }
}
