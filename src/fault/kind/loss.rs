//! Loss: a share of segments is lost, and TCP sends them again.
//!
//! A stream never loses a byte to a lossy path: it loses time. For each segment of 1,448 bytes the fault draws whether it is
//! lost, and whether its retransmissions are; its bytes, and all behind it, come as much later as a Linux sender would need
//! ([`crate::tcp`]): a quarter more than a round trip in the middle of a burst, a probe timeout at its end, doubling timeouts
//! after that. The round trip is that of the path as the scenario has it.
//!
//! Uniform loss strikes each segment alike. With `good` and `bad` the path alternates between two states of exponentially
//! distributed length, each with its own share (Gilbert-Elliott): losses come in bursts, for all connections at once.
//!
//! The kernel makes it where it is asked and permitted ([`crate::fault::DropShare`]): segments that arrive are dropped, by its
//! own draws, and sent again at the round trip of the sockets. Made in user space: what the client's kernel counts as retransmissions is not touched, and loss lowers no congestion
//! window here; shape throughput with `bandwidth`.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::limits::TIMELINE_CHANGES_MAX;
use crate::base::{
    Directions, FaultId, LossTerm, PathState, Ratio, RatioError, SimTime, Span, Stream, Timeline,
    TooManyChanges,
};
use crate::fault::schedule::Level;
use crate::fault::shorthand::two_forms;
use crate::fault::spec::Kind;

/// Loss of segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The share that is lost all the time.
    ratio: Option<Ratio>,
    /// The two states that it alternates between.
    good: Option<LossState>,
    bad: Option<LossState>,
}

/// The mapping form of [`Loss`].
#[derive(Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LossFields {
    /// The share of segments that is lost, all the time alike.
    ratio: Option<Ratio>,
    /// The better of two states that the path alternates between; it begins in this one.
    good: Option<LossState>,
    /// The worse one.
    bad: Option<LossState>,
}

/// A state of a path that alternates between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LossState {
    /// How long it lasts on average.
    mean: Span,
    /// The share of segments that is lost in it.
    #[serde(default = "nothing")]
    ratio: Ratio,
}

two_forms!(Loss, LossFields, "a share of segments such as `1%`, or `{ ratio }`, or `{ good, bad }`", "1%");

const fn nothing() -> Ratio {
    Ratio::ZERO
}

impl From<LossFields> for Loss {
    fn from(LossFields { ratio, good, bad }: LossFields) -> Self {
        Self { ratio, good, bad }
    }
}

impl FromStr for Loss {
    type Err = RatioError;

    fn from_str(text: &str) -> Result<Self, RatioError> {
        text.parse().map(|ratio| Self { ratio: Some(ratio), good: None, bad: None })
    }
}

impl Kind for Loss {
    fn summary(&self) -> String {
        match (self.ratio, self.good, self.bad) {
            (_, Some(good), Some(bad)) => {
                format!("{} for {} on average, then {} for {}", good.ratio, good.mean, bad.ratio, bad.mean)
            }
            (ratio, _, _) => format!("{} of segments", ratio.unwrap_or(Ratio::ZERO)),
        }
    }

    fn directions(&self) -> Directions {
        Directions::Both
    }

    fn contradictions(&self) -> Vec<String> {
        let told = match (self.ratio, self.good, self.bad) {
            (Some(ratio), None, None) if ratio.is_zero() => "a loss of 0% does nothing",
            (None, Some(good), Some(bad)) if good.mean.get().is_zero() || bad.mean.get().is_zero() => {
                "`good` and `bad` each need a `mean` above 0s"
            }
            (None, Some(good), Some(bad)) if good.ratio == bad.ratio => {
                "`good` and `bad` lose the same share: write `ratio`"
            }
            (Some(_), None, None) | (None, Some(_), Some(_)) => return Vec::new(),
            _ => "a loss has either a `ratio`, or both `good` and `bad`",
        };
        vec![told.to_owned()]
    }

    fn ramps(&self) -> bool {
        self.ratio.is_some()
    }

    fn path(&self, fault: FaultId, level: Level) -> PathState {
        lossy(fault, self.ratio.unwrap_or(Ratio::ZERO).scaled(level.as_percent()))
    }

    fn weather(
        &self,
        fault: FaultId,
        end: SimTime,
        stream: &mut Stream,
    ) -> Result<Option<Timeline<PathState>>, TooManyChanges> {
        let Some((good, bad)) = self.good.zip(self.bad) else { return Ok(None) };
        let mut line = Vec::new();
        let mut t = SimTime::ZERO;
        for state in [good, bad].into_iter().cycle() {
            line.push((t, lossy(fault, state.ratio)));
            // At least a microsecond, so that the number of draws is bounded whatever they are.
            let lasts = state.mean.get().mul_f64(-stream.unit().ln()).max(Duration::from_micros(1));
            t = t.plus(lasts);
            // One more than fit, and the beginning, which is no change.
            if t >= end || line.len() > TIMELINE_CHANGES_MAX + 1 {
                break;
            }
        }
        Timeline::new(PathState::CLEAR, line).map(Some)
    }
}

fn lossy(fault: FaultId, ratio: Ratio) -> PathState {
    if ratio.is_zero() {
        return PathState::CLEAR;
    }
    PathState { losses: vec![LossTerm { fault, ratio }], ..PathState::CLEAR }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Label, Seed};

    fn alternating() -> Loss {
        let text = r#"{"good": {"mean": "9s"}, "bad": {"mean": "1s", "ratio": "30%"}}"#;
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn one_ratio_or_two_states() {
        let told = |text: &str| serde_json::from_str::<Loss>(text).unwrap().contradictions();
        assert_eq!(told(r#""1%""#), Vec::<String>::new());
        assert_eq!(alternating().contradictions(), Vec::<String>::new());
        for text in
            ["{}", r#"{"ratio": "1%", "bad": {"mean": "1s"}}"#, r#"{"good": {"mean": "1s"}}"#, r#""0%""#]
        {
            assert_eq!(told(text).len(), 1, "{text}");
        }
    }

    /// Over a long time a tenth is bad, in spells of a second on average.
    #[test]
    fn the_states_keep_their_means() {
        let end = SimTime::from_secs(100_000);
        let mut stream = Seed(4).stream(Label::new("loss"));
        let weather = alternating().weather(FaultId(0), end, &mut stream).unwrap().unwrap();
        let bad: Vec<f64> = weather
            .pieces()
            .filter(|(_, _, state)| !state.is_clear())
            .map(|(from, until, _)| until.unwrap_or(end).since(from).as_secs_f64())
            .collect();
        let (total, spells): (f64, usize) = (bad.iter().sum(), bad.len());
        assert!((total / 100_000.0 - 0.1).abs() < 0.005, "{total}");
        assert!((total / spells as f64 - 1.0).abs() < 0.05, "{spells}");
    }

    #[test]
    fn absurd_weather_is_refused() {
        let text = r#"{"good": {"mean": "1us"}, "bad": {"mean": "1us", "ratio": "30%"}}"#;
        let loss: Loss = serde_json::from_str(text).unwrap();
        let mut stream = Seed(4).stream(Label::new("loss"));
        assert!(loss.weather(FaultId(0), SimTime::from_secs(86_400), &mut stream).is_err());
    }
}
