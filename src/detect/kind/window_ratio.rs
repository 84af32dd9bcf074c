//! Window ratio: fires while at least a share r of the samples of the last w of time failed.
//!
//! The rule behind "error rate above 5 % over 10 minutes", `avg_over_time(probe_success[10m]) < 0.95` in Prometheus. It
//! counts the samples in the half-open window (now - w, now], at each sample. Until it has seen `min_samples` it is silent:
//! one failure after a restart is a share of 100 %. When no sample has come for the whole window, it falls silent.

use std::time::Duration;

use serde::Deserialize;

use crate::base::{Ratio, SimTime, Span, exact_duration};
use crate::detect::machine::Machine;
use crate::detect::sample::{Feed, Sample};
use crate::detect::spec::{Contradiction, Kind, Variants};
use crate::detect::window::{Tape, window_contradiction};

/// A share of failures in a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowRatio {
    /// The length of the window, in scenario time.
    pub window: Span,
    /// It fires while at least this share failed.
    pub at_least: Ratio,
    /// It is silent while the window holds fewer samples.
    #[serde(default = "ten")]
    pub min_samples: u32,
}

const fn ten() -> u32 {
    10
}

/// The samples of the window.
#[derive(Clone, Debug)]
struct Share {
    spec: WindowRatio,
    tape: Tape,
    last: SimTime,
}

// === impl WindowRatio ===

impl Kind for WindowRatio {
    const SOURCE: &'static str =
        "error-rate alerts; in Prometheus `1 - avg_over_time(probe_success[10m]) >= 0.05`";
    const EXAMPLE: &'static str = "{ window: 10m, at_least: 5% }";

    fn summary(&self) -> String {
        format!("{} of the last {} failed", self.at_least, self.window)
    }

    fn contradictions(&self, feed: &Feed) -> Vec<Contradiction> {
        let Self { window, at_least, min_samples } = *self;
        if let Some(told) = window_contradiction(feed, "window", window.get()) {
            return vec![told];
        }
        if at_least.is_zero() {
            let message = "a share of 0% failures is always there: the rule fires for ever";
            return vec![Contradiction::new(message).hint("ask for a share above 0%")];
        }
        let held = feed.samples_in(window.get());
        let never = || {
            let message = format!(
                "a window of {window} holds at most {held} probes, and `min_samples` is {min_samples}: the rule can never fire"
            );
            let longer = exact_duration(feed.every.saturating_mul(min_samples));
            Contradiction::new(message)
                .hint(format!("write `window: {longer}` or longer, or `min_samples: {held}` or less"))
        };
        Contradiction::unless(u64::from(min_samples) <= held, never).into_iter().collect()
    }

    fn memory(&self, _feed: &Feed) -> Duration {
        self.window.get()
    }

    fn variants(&self) -> Variants<Self> {
        let shares = [1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1_000];
        let shares = shares.into_iter().filter_map(|per_mille| Ratio::new(per_mille, 1_000));
        Variants::new("at_least", shares, |at_least| Self { at_least, ..*self })
    }

    fn machine(&self, _feed: &Feed) -> Box<dyn Machine> {
        Box::new(Share { spec: *self, tape: Tape::new([self.window.get()]), last: SimTime::ZERO })
    }
}

// === impl Share ===

impl Machine for Share {
    fn observe(&mut self, sample: &Sample) -> bool {
        self.tape.push(sample);
        self.last = sample.at;
        let window = self.tape.window(0);
        window.seen() >= self.spec.min_samples.into() && window.share() >= self.spec.at_least
    }

    fn deadline(&self) -> Option<SimTime> {
        self.tape.empty_at(self.last)
    }

    fn wake(&mut self, _now: SimTime) -> bool {
        self.tape.clear();
        false
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::detect::testing::{changes, feed, play, sample};

    fn rule(window: u64, at_least: Ratio, min_samples: u32) -> WindowRatio {
        WindowRatio { window: Span(Duration::from_secs(window)), at_least, min_samples }
    }

    #[test]
    fn it_remembers_failures_across_successes() {
        // Two of the last five, however far apart; the window is (now - 5 s, now].
        let rule = rule(5, Ratio::new(2, 5).unwrap(), 5);
        assert_eq!(play(rule, "x..x...x..x....."), "....!..!..!!....");
    }

    #[test]
    fn it_is_silent_until_it_has_seen_enough() {
        assert_eq!(play(rule(60, Ratio::new(1, 2).unwrap(), 4), "xxxxx"), "...!!");
    }

    #[test]
    fn it_falls_silent_when_nothing_comes_any_more() {
        let mut detector = crate::detect::DetectorSpec::from(rule(5, Ratio::ONE, 1)).detector(&feed());
        let failed = (0..3).map(|n| sample(SimTime::from_secs(n), true));
        let seen = changes(&mut detector, failed, SimTime::from_secs(60));
        assert_eq!(seen, [(0.0, true), (7.0, false)]);
    }
}
