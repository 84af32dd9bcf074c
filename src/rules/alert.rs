//! `Alert`: the life of one rule's alerts, one for each label set: inactive, pending, firing.
//!
//! As Prometheus has it (`rules/alerting.go`): a label set that the expression gives is pending from then on, and firing as
//! soon as it has been given for `for`, at the same instant if `for` is zero. One instant without it makes a pending alert
//! inactive, and a firing one too, unless `keep_firing_for` has not passed since the first such instant. Ticks at which the
//! rule can't be evaluated change nothing.

use std::sync::Arc;

use indexmap::IndexMap;

use super::eval::{Column, MISSING, Row};
use super::labels::{ALERT_NAME, Labels, METRIC_NAME};
use super::store::is_stale;

/// The series that Prometheus writes of active alerts: 1, with the state as a label.
pub(super) const ALERTS: &str = "ALERTS";

/// The series that tells since when an alert is active, in seconds.
pub(super) const ALERTS_FOR_STATE: &str = "ALERTS_FOR_STATE";

/// What an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertState {
    /// The expression doesn't give it.
    Inactive,
    /// The expression gives it, for less than `for` yet.
    Pending,
    /// It would be sent to the Alertmanager.
    Firing,
}

/// An alert became something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// When, in milliseconds: the instant of an evaluation.
    pub at_ms: i64,
    /// The alert's name.
    pub alert: Arc<str>,
    /// Its labels, `alertname` among them.
    pub labels: Labels,
    /// What it became.
    pub state: AlertState,
}

/// The alerts of one rule that are not inactive.
#[derive(Clone, Debug, Default)]
pub(super) struct Alerts {
    active: IndexMap<Labels, Life>,
}

/// How a rule's alerts live.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) hold_ms: i64,
    pub(super) keep_ms: i64,
    /// Whether rows for the series [`ALERTS`] and [`ALERTS_FOR_STATE`] are wanted.
    pub(super) write: bool,
}

#[derive(Clone, Copy, Debug)]
struct Life {
    state: AlertState,
    active_ms: i64,
    absent_ms: Option<i64>,
}

// === impl AlertState ===

impl AlertState {
    /// Its word in Prometheus.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }
}

// === impl Alerts ===

impl Alerts {
    /// Goes through the ticks. `rows` have the alerts' labels; at ticks in `failed` nothing happens. Tells what alerts
    /// became, and returns the rows to write, if any.
    pub(super) fn run(
        &mut self,
        name: &Arc<str>,
        terms: Terms,
        ticks: &[i64],
        rows: &[Row],
        failed: impl Fn(usize) -> bool,
        tell: &mut impl FnMut(Transition),
    ) -> Vec<Row> {
        let present: IndexMap<&Labels, &Column> = rows.iter().map(|row| (&row.labels, &row.column)).collect();
        let mut written = Vec::new();
        let known: Vec<Labels> =
            self.active.keys().filter(|labels| !present.contains_key(labels)).cloned().collect();
        for labels in known.iter().chain(present.keys().copied()) {
            let column = present.get(labels);
            let mut life = self.active.get(labels).copied().unwrap_or(Life::NONE);
            let mut trace = Trace::new(if terms.write { ticks.len() } else { 0 });
            for (tick, &at_ms) in ticks.iter().enumerate() {
                let there = column.is_some_and(|column| !is_stale(column.values[tick]));
                if !there && life.state == AlertState::Inactive || failed(tick) {
                    continue;
                }
                let before = life.state;
                life.step(there, at_ms, terms);
                if life.state != before {
                    let (alert, labels) = (Arc::clone(name), labels.clone());
                    tell(Transition { at_ms, alert, labels, state: life.state });
                }
                trace.note(tick, life);
            }
            written.extend(trace.rows(labels));
            if life.state == AlertState::Inactive {
                self.active.shift_remove(labels);
            } else {
                self.active.insert(labels.clone(), life);
            }
        }
        written
    }
}

// === impl Life ===

impl Life {
    const NONE: Self = Self { state: AlertState::Inactive, active_ms: 0, absent_ms: None };

    fn step(&mut self, there: bool, at_ms: i64, terms: Terms) {
        if there {
            self.absent_ms = None;
            if self.state == AlertState::Inactive {
                *self = Self { state: AlertState::Pending, active_ms: at_ms, absent_ms: None };
            }
            if self.state == AlertState::Pending && at_ms - self.active_ms >= terms.hold_ms {
                self.state = AlertState::Firing;
            }
            return;
        }
        if self.state == AlertState::Firing && terms.keep_ms > 0 {
            let since = *self.absent_ms.get_or_insert(at_ms);
            if at_ms - since < terms.keep_ms {
                return;
            }
        }
        *self = Self::NONE;
    }
}

/// The columns of [`ALERTS`] (pending, firing) and [`ALERTS_FOR_STATE`].
struct Trace([Vec<f64>; 3]);

// === impl Trace ===

impl Trace {
    fn new(ticks: usize) -> Self {
        Self(std::array::from_fn(|_| vec![MISSING; ticks]))
    }

    fn note(&mut self, tick: usize, life: Life) {
        let [pending, firing, since] = &mut self.0;
        if pending.is_empty() || life.state == AlertState::Inactive {
            return;
        }
        let column = if life.state == AlertState::Pending { pending } else { firing };
        column[tick] = 1.0;
        since[tick] = life.active_ms.div_euclid(1_000) as f64;
    }

    fn rows(self, labels: &Labels) -> impl Iterator<Item = Row> {
        let states = [Some(AlertState::Pending), Some(AlertState::Firing), None];
        let row = |(values, state): (Vec<f64>, Option<AlertState>)| {
            let labels = match state {
                Some(state) => labels.with(METRIC_NAME, ALERTS).with("alertstate", state.as_str()),
                None => labels.with(METRIC_NAME, ALERTS_FOR_STATE),
            };
            Row { labels, column: Column::exact(values) }
        };
        self.0.into_iter().zip(states).map(row).filter(|row| row.column.is_anywhere())
    }
}

/// Whether an alert of that name could be among the series that a selector means.
pub(super) fn may_be_read(selector: &super::expr::Selector, alert: &str) -> bool {
    let of_alert = |matcher: &&super::matcher::Matcher| &*matcher.label == ALERT_NAME;
    (selector.may_mean(ALERTS) || selector.may_mean(ALERTS_FOR_STATE))
        && selector.matchers.iter().filter(of_alert).all(|matcher| matcher.accepts_value(alert))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Presence at ticks of 15 s as a text (`x` there, `.` not, `!` failed) to states (`p`, `F`, `.`).
    fn states(presence: &str, hold_ms: i64, keep_ms: i64) -> String {
        let ticks: Vec<i64> = (0..100).take(presence.len()).map(|tick| tick * 15_000).collect();
        let values = presence.chars().map(|c| if c == 'x' { 1.0 } else { MISSING }).collect();
        let row = Row { labels: Labels::new([("a", "b")]), column: Column::exact(values) };
        let failed = |tick: usize| presence.as_bytes()[tick] == b'!';
        let terms = Terms { hold_ms, keep_ms, write: false };
        let mut transitions = Vec::new();
        Alerts::default()
            .run(&"A".into(), terms, &ticks, &[row], failed, &mut |transition| transitions.push(transition));
        let state = |tick: &i64| {
            let last = transitions.iter().rfind(|transition| transition.at_ms <= *tick);
            last.map_or('.', |transition| match transition.state {
                AlertState::Inactive => '.',
                AlertState::Pending => 'p',
                AlertState::Firing => 'F',
            })
        };
        ticks.iter().map(state).collect()
    }

    #[test]
    fn one_good_instant_starts_anew() {
        assert_eq!(states(".xxx.xxx.", 30_000, 0), ".ppF.ppF.");
        assert_eq!(states(".x.xx.xx.", 30_000, 0), ".p.pp.pp.");
        assert_eq!(states("x.x", 0, 0), "F.F");
    }

    #[test]
    fn keep_firing_for_counts_from_the_first_instant_without() {
        assert_eq!(states("x....x", 0, 30_000), "FFF..F");
        assert_eq!(states("x.x...", 0, 30_000), "FFFFF.");
        assert_eq!(states("x.....", 15_000, 30_000), "p.....");
    }

    #[test]
    fn a_failed_evaluation_changes_nothing() {
        assert_eq!(states("x!!x.", 45_000, 0), "pppF.");
        assert_eq!(states("x!.", 0, 0), "FF.");
    }
}
