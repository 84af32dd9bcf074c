//! When a router runs its SPF: the back-off between "the database changed" and "compute".
//!
//! Two families are in use. The RFC 8405 state machine answers a first event fast, gathers the ones that follow it for a
//! while, and slows down for as long as the network won't be quiet. A throttle knows only the time since the last run: an
//! event within the hold time waits for its end and lengthens the next one. Both are pure: events and instants go in, the
//! instant of the run comes out. Mixing them in one network lengthens its micro-loops (RFC 8541).
//!
//! The machine's two timers are kept as instants, not as entries of a queue: whether one has fired is decided when the
//! next event comes, for nothing else could tell the difference.

use std::time::Duration;

use crate::base::SimTime;

/// How a platform spaces its SPF runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpfDelay {
    /// The state machine of RFC 8405.
    Ietf(Ietf),
    /// A hold time after each run.
    Throttle(Throttle),
}

/// The timers of RFC 8405, section 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ietf {
    /// `INITIAL_SPF_DELAY`: for the first event after a quiet time.
    pub initial: Duration,
    /// `SHORT_SPF_DELAY`: for events while the failure is still being learned.
    pub short: Duration,
    /// `LONG_SPF_DELAY`: for events after that.
    pub long: Duration,
    /// `TIME_TO_LEARN_INTERVAL`: how long after its first event a single failure should be known everywhere.
    pub learn: Duration,
    /// `HOLDDOWN_INTERVAL`: without an event for so long the network is quiet again.
    pub holddown: Duration,
}

/// A hold time that grows while events keep falling into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// Delay of a run whose event came after the hold time.
    pub initial: Duration,
    /// Time after a run that the next one must keep from it.
    pub hold: Duration,
    /// The most that it may grow to.
    pub max: Duration,
    /// How it grows.
    pub growth: Growth,
}

/// How a hold time grows with each event that falls into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// 1, 2, 3… times the first (`FRRouting`'s ospfd).
    Linear,
    /// 1, 2, 4… times the first (Cisco IOS).
    Double,
    /// The first few runs come after the initial delay alone, the next one waits for the hold time (Junos).
    After(u32),
}

/// Where a router's back-off stands.
#[derive(Clone, Debug)]
pub struct SpfTimer {
    delay: SpfDelay,
    pending: Option<SimTime>,
    state: State,
}

/// What a back-off remembers between events.
#[derive(Clone, Debug)]
enum State {
    /// The last event and the end of learning; none while quiet.
    Ietf { last_event: Option<SimTime>, learn_until: SimTime },
    /// The last run, and how often the hold time was hit since it last ran out.
    Throttle { last_run: Option<SimTime>, hits: u32 },
}

// === impl Throttle ===

impl Throttle {
    /// The hold time in force after `hits` events that fell into one.
    fn holding(&self, hits: u32) -> Duration {
        let grown = match self.growth {
            Growth::Linear => self.hold.saturating_mul(hits + 1),
            Growth::Double => self.hold.saturating_mul(1u32.checked_shl(hits).unwrap_or(u32::MAX)),
            Growth::After(rapid) if hits + 1 < rapid => self.initial,
            Growth::After(_) => self.hold,
        };
        grown.min(self.max)
    }
}

// === impl SpfTimer ===

impl SpfTimer {
    /// A back-off that has seen nothing yet.
    pub const fn new(delay: SpfDelay) -> Self {
        let state = match delay {
            SpfDelay::Ietf(_) => State::Ietf { last_event: None, learn_until: SimTime::ZERO },
            SpfDelay::Throttle(_) => State::Throttle { last_run: None, hits: 0 },
        };
        Self { delay, pending: None, state }
    }

    /// The database changed. Says when to run, unless a run is already due: then that one will do.
    pub fn on_event(&mut self, now: SimTime) -> Option<SimTime> {
        let wait = match (&self.delay, &mut self.state) {
            (SpfDelay::Ietf(timers), State::Ietf { last_event, learn_until }) => {
                let quiet = last_event.is_none_or(|last| now >= last.plus(timers.holddown));
                *last_event = Some(now);
                if quiet {
                    *learn_until = now.plus(timers.learn);
                    timers.initial
                } else if now < *learn_until {
                    timers.short
                } else {
                    timers.long
                }
            }
            (SpfDelay::Throttle(throttle), State::Throttle { last_run, hits }) if self.pending.is_none() => {
                let since = last_run.map(|last| now.since(last));
                let holding = throttle.holding(*hits);
                match since {
                    Some(since) if since < holding => {
                        *hits = hits.saturating_add(1);
                        throttle.initial.max(holding.saturating_sub(since))
                    }
                    _ => {
                        *hits = 0;
                        throttle.initial
                    }
                }
            }
            _ => return None,
        };
        if self.pending.is_some() {
            return None;
        }
        self.pending = Some(now.plus(wait));
        self.pending
    }

    /// The run that was due begins.
    pub fn on_run(&mut self, now: SimTime) {
        self.pending = None;
        if let State::Throttle { last_run, .. } = &mut self.state {
            *last_run = Some(now);
        }
    }

    /// When the next run is due, if one is.
    pub const fn pending(&self) -> Option<SimTime> {
        self.pending
    }

    /// Forgets a run that was due: the process it belonged to is gone.
    pub fn reset(&mut self) {
        *self = Self::new(self.delay);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    const IETF: SpfDelay = SpfDelay::Ietf(Ietf {
        initial: ms(50),
        short: ms(200),
        long: ms(5_000),
        learn: ms(500),
        holddown: ms(10_000),
    });

    /// Feeds events at these instants and lets every run begin when it is due; returns the runs.
    fn runs(delay: SpfDelay, events: &[u64]) -> Vec<u64> {
        let mut timer = SpfTimer::new(delay);
        let mut runs = Vec::new();
        let mut run_until = |timer: &mut SpfTimer, now: SimTime| {
            if let Some(due) = timer.pending().filter(|due| *due <= now) {
                timer.on_run(due);
                runs.push(due.as_nanos() / 1_000_000);
            }
        };
        for &at in events {
            let now = SimTime::from_millis(at);
            run_until(&mut timer, now);
            timer.on_event(now);
        }
        run_until(&mut timer, SimTime::MAX);
        runs
    }

    /// QUIET, transition 1: the first event waits `INITIAL_SPF_DELAY`.
    #[test]
    fn ietf_answers_the_first_event_fast() {
        assert_eq!(runs(IETF, &[1_000]), [1_050]);
    }

    /// An event while a run is due needs no run of its own (section 5: "if `SPF_TIMER` is not already running").
    #[test]
    fn ietf_gathers_events_into_a_run_that_is_due() {
        assert_eq!(runs(IETF, &[1_000, 1_010, 1_049]), [1_050]);
    }

    /// `SHORT_WAIT`, transition 2: until `LEARN_TIMER` fires, which runs from the first event and is not restarted.
    #[test]
    fn ietf_learns_for_half_a_second_from_the_first_event() {
        assert_eq!(runs(IETF, &[0, 100, 499]), [50, 300, 699]);
        assert_eq!(runs(IETF, &[0, 100, 400, 500]), [50, 300, 600]);
        assert_eq!(runs(IETF, &[0, 100, 400, 601]), [50, 300, 600, 5_601]);
    }

    /// `LEARN_TIMER` fires at 500 ms sharp (transition 3): an event of that instant finds `LONG_WAIT`.
    #[test]
    fn ietf_is_slow_once_learning_is_over() {
        assert_eq!(runs(IETF, &[0, 500]), [50, 5_500]);
        assert_eq!(runs(IETF, &[0, 1_000, 2_000, 7_000]), [50, 6_000, 12_000]);
    }

    /// `HOLDDOWN_TIMER` restarts with every event (transitions 2 and 4) and leads back to QUIET (5 and 6).
    #[test]
    fn ietf_is_quiet_ten_seconds_after_the_last_event() {
        assert_eq!(runs(IETF, &[0, 9_999, 19_998]), [50, 14_999, 24_998]);
        assert_eq!(runs(IETF, &[0, 9_999, 19_999]), [50, 14_999, 20_049]);
        assert_eq!(runs(IETF, &[0, 10_000, 10_300]), [50, 10_050, 10_500]);
    }

    fn throttle(initial: u64, hold: u64, max: u64, growth: Growth) -> SpfDelay {
        SpfDelay::Throttle(Throttle { initial: ms(initial), hold: ms(hold), max: ms(max), growth })
    }

    /// ospfd: events 40 ms apart wait for 50, 100, 150 ms after the last run; after a quiet time the first delay is back.
    #[test]
    fn a_linear_throttle_grows_by_its_hold_time() {
        let frr = throttle(0, 50, 5_000, Growth::Linear);
        assert_eq!(runs(frr, &[0, 2]), [0, 50]);
        assert_eq!(runs(frr, &[0, 40, 80, 160]), [0, 50, 150, 300]);
        assert_eq!(runs(frr, &[0, 1_000, 2_000]), [0, 1_000, 2_000]);
    }

    /// IOS `throttle spf 50 200 5000`: 200, 400, 800… up to the maximum.
    #[test]
    fn a_doubling_throttle_doubles_up_to_its_maximum() {
        let ios = throttle(50, 200, 5_000, Growth::Double);
        let often: Vec<u64> = (0..120).map(|n| n * 100).collect();
        assert_eq!(runs(ios, &often), [50, 250, 650, 1_450, 3_050, 6_250, 11_250, 16_250]);
    }

    /// Junos: 200 ms after the change, three times in a row; the fourth waits for the hold-down.
    #[test]
    fn rapid_runs_end_in_a_hold_down() {
        let junos = throttle(200, 5_000, 5_000, Growth::After(3));
        let often: Vec<u64> = (0..80).map(|n| n * 50).collect();
        assert_eq!(runs(junos, &often), [200, 400, 600, 5_600]);
    }
}
