//! Latency spikes: now and then everything is late for a while.
//!
//! What a route change, a re-buffering radio link or a neighbour's upload does: a delay comes from nowhere, stays for some
//! time and goes. It is drawn once for the path and not for each connection, so all flows rise and fall together; `latency`
//! draws its jitter for each flight of each connection, and no two of them meet.
//!
//! A spike begins when the `gap` since the end of the one before it is over (since the beginning of the fault, for the
//! first), lasts for its `length`, and adds its `height` to every delay. Unless the file says otherwise gaps are distributed
//! exponentially, as between events that know nothing of each other. With `shape: decay` a spike falls from its height to
//! nothing in [`DECAY_STEPS`] equal steps of equal length, as the delay of a queue falls that drains at a steady rate.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::limits::TIMELINE_CHANGES_MAX;
use crate::base::{
    Delay, DelayTerm, Directions, FaultId, PathState, SimTime, Stream, Timeline, TooManyChanges,
};
use crate::fault::spec::Kind;
use crate::fault::spread::Spread;
use crate::fault::trace::TextMistakes;

/// A decaying spike is a staircase of so many steps: finer ones would drown in the delays' own jitter.
pub const DECAY_STEPS: u32 = 20;

/// Shortest gap or length that is drawn, so that their number is bounded whatever the draws are.
const SHORTEST: Duration = Duration::from_micros(1);

/// Spikes of the delay, for all flows at once.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencySpikes {
    /// The time from the end of a spike to the beginning of the next; exponentially distributed, if only its mean is given.
    #[serde(deserialize_with = "exponential_by_default")]
    gap: Spread,
    /// The delay that a spike adds.
    height: Spread,
    /// How long a spike lasts.
    length: Spread,
    /// How a spike goes on after its beginning.
    #[serde(default)]
    shape: SpikeShape,
}

/// How a spike goes on after its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpikeShape {
    /// At its height until it ends.
    #[default]
    Step,
    /// Steadily down to nothing.
    Decay,
}

fn exponential_by_default<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Spread, D::Error> {
    Spread::deserialize(deserializer).map(Spread::exponential_by_default)
}

// === impl LatencySpikes ===

impl LatencySpikes {
    /// The states of a spike of this height and length that begins at `t`, and the end.
    fn draw(
        &self,
        fault: FaultId,
        t: SimTime,
        height: Duration,
        length: Duration,
        line: &mut Vec<(SimTime, PathState)>,
    ) {
        let steps = match self.shape {
            SpikeShape::Step => 1,
            SpikeShape::Decay => DECAY_STEPS,
        };
        for step in 0..steps {
            let delay = Delay::constant(height * (steps - step) / steps);
            let state = PathState { delays: vec![DelayTerm { fault, delay }], ..PathState::CLEAR };
            line.push((t.plus(length * step / steps), state));
        }
        line.push((t.plus(length), PathState::CLEAR));
    }
}

impl Kind for LatencySpikes {
    fn summary(&self) -> String {
        let decay = if self.shape == SpikeShape::Decay { ", decaying" } else { "" };
        let (height, length, gap) = (self.height.summary(), self.length.summary(), self.gap.summary());
        format!("of {height} for {length}{decay}, {gap} apart")
    }

    fn directions(&self) -> Directions {
        Directions::ToClient
    }

    fn contradictions(&self) -> Vec<String> {
        let parts = [(&self.gap, "`gap`"), (&self.height, "`height`"), (&self.length, "`length`")];
        let mut found: Vec<String> =
            parts.iter().flat_map(|(spread, name)| spread.contradictions(name)).collect();
        if !found.is_empty() {
            return found;
        }
        for (what, spread, hint) in [
            ("gap", &self.gap, "without a pause they are a `latency`"),
            ("height", &self.height, "a spike of no height does nothing"),
            ("length", &self.length, "a spike of no length does nothing"),
        ] {
            if spread.is_nothing() {
                found.push(format!("spikes need a `{what}` above 0s: {hint}"));
            }
        }
        found
    }

    fn file(&self) -> Option<&str> {
        [&self.gap, &self.height, &self.length].into_iter().find_map(Spread::file)
    }

    fn read(&mut self, text: &str) -> Result<(), TextMistakes> {
        let mut spreads = [&mut self.gap, &mut self.height, &mut self.length].into_iter();
        spreads.find(|spread| spread.file().is_some()).map_or(Ok(()), |spread| spread.read(text))
    }

    fn weather(
        &self,
        fault: FaultId,
        end: SimTime,
        stream: &mut Stream,
    ) -> Result<Option<Timeline<PathState>>, TooManyChanges> {
        if !self.contradictions().is_empty() {
            return Ok(None);
        }
        let (gap, height, length) = (self.gap.delay(), self.height.delay(), self.length.delay());
        let (mut t, mut line) = (SimTime::ZERO, Vec::new());
        loop {
            t = t.plus(gap.quantile(stream.unit()).max(SHORTEST));
            // All three words are drawn for every spike, so that a constant height moves no length.
            let height = height.quantile(stream.unit());
            let length = length.quantile(stream.unit()).max(SHORTEST);
            if t >= end {
                break;
            }
            self.draw(fault, t, height, length, &mut line);
            t = t.plus(length);
            if line.len() > TIMELINE_CHANGES_MAX {
                return Err(TooManyChanges);
            }
        }
        Timeline::new(PathState::CLEAR, line).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Label, Seed};

    const LONG: SimTime = SimTime::from_secs(400_000);

    fn read(text: &str) -> LatencySpikes {
        serde_json::from_str(text).unwrap()
    }

    fn weather(spikes: &LatencySpikes, end: SimTime) -> Timeline<PathState> {
        let mut stream = Seed(7).stream(Label::new("spikes"));
        spikes.weather(FaultId(0), end, &mut stream).unwrap().unwrap()
    }

    /// Begin, length and height of each, in seconds.
    fn spikes(line: &Timeline<PathState>) -> Vec<(f64, f64, f64)> {
        let up = line.pieces().filter(|(_, _, state)| !state.is_clear());
        let seconds = |(from, until, state): (SimTime, Option<SimTime>, &PathState)| {
            let length = until.unwrap().since(from).as_secs_f64();
            (from.as_secs_f64(), length, state.delays[0].delay.mean.as_secs_f64())
        };
        up.map(seconds).collect()
    }

    fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
        values.clone().sum::<f64>() / values.count() as f64
    }

    /// Over 10,000 spikes gaps, heights and lengths have the means that were asked for, and a third of the gaps
    /// (1/e of them) is longer than the mean, as of an exponential distribution.
    #[test]
    fn gaps_heights_and_lengths_have_their_means() {
        let asked = read(
            r#"{"gap": "30s", "height": "300ms~100ms", "length": {"mean": "5s", "jitter": "1s", "distribution": "normal"}}"#,
        );
        let drawn = spikes(&weather(&asked, LONG));
        assert!(drawn.len() > 10_000, "{}", drawn.len());
        let gaps: Vec<f64> = drawn.windows(2).map(|pair| pair[1].0 - pair[0].0 - pair[0].1).collect();
        assert!((mean(gaps.iter().copied()) - 30.0).abs() < 1.0);
        let long = gaps.iter().filter(|gap| **gap > 30.0).count() as f64 / gaps.len() as f64;
        assert!((long - (-1.0f64).exp()).abs() < 0.02, "{long}");
        assert!((mean(drawn.iter().map(|spike| spike.1)) - 5.0).abs() < 0.05);
        assert!((mean(drawn.iter().map(|spike| spike.2)) - 0.3).abs() < 0.002);
        assert!(drawn.iter().all(|spike| (0.2..=0.4).contains(&spike.2)));
    }

    /// A decaying spike begins at its height and loses a twentieth of it every twentieth of its length.
    #[test]
    fn a_decay_is_a_staircase_down() {
        let text = r#"{"gap": "10s~0s", "height": "100ms", "length": "2s", "shape": "decay"}"#;
        let line = weather(&read(text), SimTime::from_secs(15));
        let delay =
            |t| line.at(SimTime::from_millis(t)).delays.first().map(|term| term.delay.mean.as_millis());
        assert_eq!([delay(9_999), delay(10_000), delay(10_100)], [None, Some(100), Some(95)]);
        assert_eq!([delay(11_000), delay(11_999), delay(12_000)], [Some(50), Some(5), None]);
    }

    /// Another law for one of the three leaves the draws of the others where they were.
    #[test]
    fn each_of_the_three_has_its_own_draws() {
        let of = |height: &str| {
            let text = format!(r#"{{"gap": "3s~0s", "height": {height}, "length": "2s~1s"}}"#);
            spikes(&weather(&read(&text), SimTime::from_secs(600)))
        };
        let (plain, varied) = (of(r#""1s""#), of(r#""1s~500ms""#));
        assert_ne!(plain[3].2.to_bits(), varied[3].2.to_bits());
        assert!(plain.iter().zip(&varied).all(|(a, b)| (a.1 - b.1).abs() < 1e-9));
    }

    #[test]
    fn absurd_spikes_are_refused() {
        let text = r#"{"gap": "1us", "height": "1ms", "length": "1us"}"#;
        let mut stream = Seed(7).stream(Label::new("spikes"));
        assert_eq!(read(text).weather(FaultId(0), LONG, &mut stream), Err(TooManyChanges));
    }

    #[test]
    fn what_does_nothing_is_told() {
        let told = |gap, height, length| {
            let text = format!(r#"{{"gap": "{gap}", "height": "{height}", "length": "{length}"}}"#);
            read(&text).contradictions().len()
        };
        assert_eq!([told("1s", "1s", "1s"), told("0s", "1s", "1s"), told("1s", "0s", "0s")], [0, 1, 2]);
        assert_eq!(read(r#"{"gap": {}, "height": "1s", "length": "1s"}"#).contradictions().len(), 1);
    }

    #[test]
    fn a_summary_says_all_three() {
        let text = r#"{"gap": "30s", "height": "300ms~100ms", "length": "5s", "shape": "decay"}"#;
        assert_eq!(read(text).summary(), "of 300ms ± 100ms for 5s, decaying, 30s exponential apart");
    }
}
