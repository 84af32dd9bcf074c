//! A rules file at work: the samples of a monitor become series, the rules are evaluated on them at each group's interval, and
//! a row fires while its alert does, for any label set.
//!
//! The store is pruned to what the rules can still reach, so that memory does not grow with the time that is played. Time is in
//! milliseconds from the beginning of the healthy past.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexSet;

use super::entrant::Changes;
use super::series::Scrapes;
use super::world::Watched;
use crate::base::SimTime;
use crate::detect::Sample;
use crate::diag::{Diagnostic, SourceFile};
use crate::rules::{
    AlertState, Evaluator, EvaluatorOptions, Labels, RuleFile, RuleKind, SeriesStore, Supply, dead_rules,
    usual_values,
};
use crate::scenario::{RulePlan, RuleRow};

/// Rules at work.
#[derive(Clone, Debug)]
pub(super) struct Ruling {
    evaluator: Evaluator,
    scrapes: Scrapes,
    rows: Arc<[RuleRow]>,
    /// The alerts that fire, each with its row.
    firing: IndexSet<(usize, Labels)>,
    reach: Option<Duration>,
}

// === impl Ruling ===

impl Ruling {
    /// Rules that have seen nothing yet.
    pub(super) fn new(plan: &RulePlan, watched: &Watched) -> Self {
        let options = EvaluatorOptions {
            semantics: plan.semantics,
            interval: plan.interval,
            one_interval: false,
            start_ms: 0,
        };
        Self {
            evaluator: Evaluator::new(Arc::clone(&plan.file), options),
            scrapes: Scrapes::new(watched, Some(&plan.file)),
            rows: plan.rows.clone().into(),
            firing: IndexSet::new(),
            reach: plan.file.reach(),
        }
    }

    /// Whether each row fires.
    pub(super) fn firing(&self) -> Vec<bool> {
        let fires = |row| self.firing.iter().any(|(of, _)| *of == row);
        (0..self.rows.len()).map(fires).collect()
    }

    /// Takes these samples, and time until just before `end`; what each row becomes.
    pub(super) fn observe(&mut self, samples: &[Sample], end: SimTime) -> Vec<Changes> {
        let written = self.scrapes.write(self.evaluator.store_mut(), samples);
        written.expect("scrapes are in order and fit: both are checked before anything is played");
        let until_ms = ((end.as_nanos().saturating_sub(1)) / 1_000_000).cast_signed();
        let transitions = self.evaluator.advance(until_ms);
        let mut changes = vec![Changes::new(); self.rows.len()];
        for together in transitions.chunk_by(|a, b| a.at_ms == b.at_ms) {
            let before = self.firing();
            for transition in together {
                for (row, RuleRow { alert, .. }) in self.rows.iter().enumerate() {
                    if alert.as_ref().is_some_and(|alert| *alert != transition.alert) {
                        continue;
                    }
                    let key = (row, transition.labels.clone());
                    if transition.state == AlertState::Firing {
                        self.firing.insert(key);
                    } else {
                        self.firing.swap_remove(&key);
                    }
                }
            }
            let at = SimTime::from_millis(together[0].at_ms.unsigned_abs());
            for ((changes, before), after) in changes.iter_mut().zip(before).zip(self.firing()) {
                if before != after {
                    changes.push((at, after));
                }
            }
        }
        if let Some(reach) = self.reach {
            let reach_ms = i64::try_from(reach.as_millis()).unwrap_or(i64::MAX);
            self.evaluator.store_mut().forget_before(until_ms.saturating_sub(reach_ms));
        }
        changes
    }
}

/// What is judged in one line: `probe_success == 0 for 5m`.
pub(super) fn summary(file: &RuleFile, row: &RuleRow) -> String {
    let Some(alert) = &row.alert else { return format!("any alert of {}", file.source.name) };
    let Some(rule) = file.rules().find(|rule| rule.is_alert() && rule.name == *alert) else {
        return format!("no alert of {}", file.source.name);
    };
    let mut text = rule.text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let RuleKind::Alert { hold, keep, .. } = &rule.kind {
        for (word, time) in [("for", hold), ("keep_firing_for", keep)] {
            if !time.is_zero() {
                text = format!("{text} {word} {}", crate::base::exact_duration(*time));
            }
        }
    }
    text
}

/// What is wrong with rules on the series of these monitors: alerts that can never fire, windows that are never full.
pub(super) fn dead<'a>(
    file: &RuleFile,
    monitors: impl Iterator<Item = &'a Watched>,
    history: Duration,
) -> (SourceFile, Vec<Diagnostic>) {
    let mut store = SeriesStore::new();
    for watched in monitors {
        // A store that is full has all names that it needs.
        drop(Scrapes::new(watched, None).name_all(&mut store));
    }
    let supply = Supply { store: &store, history, values: usual_values };
    (file.source.clone(), dead_rules(file, supply))
}
