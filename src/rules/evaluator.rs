//! `Evaluator`: a rules file on its series, from instant to instant.
//!
//! Push samples into [`Evaluator::store_mut`], then [`Evaluator::advance`] to an instant: every group is evaluated at each of
//! its ticks until then, in the order of the file, and what alerts became is returned. What recording rules give is in
//! the same store, with staleness markers where it ends, so later rules, and anybody else, read it as any series. How far one
//! call advances doesn't change what comes out, and a clone goes on by itself: warm it up once, clone it for each trial.
//!
//! A stretch of ticks is evaluated rule by rule, which is fast. Rules that read what they or a later rule write (a latch, or
//! groups in an unlucky order) need one tick after the other, and get it. A tick at which Prometheus would fail to evaluate a
//! rule is skipped as there, and counted in [`Evaluator::failures`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::alert::{Alerts, Terms, Transition, may_be_read};
use super::eval::{Column, Evaluation, Exactness, MISSING, Notes, Row, Semantics};
use super::expr::Selector;
use super::file::{Rule, RuleFile, RuleKind};
use super::labels::{ALERT_NAME, Labels, METRIC_NAME};
use super::store::{AppendError, STALE, SeriesId, SeriesStore, is_stale};
use crate::base::limits::{RULE_STRETCH_TICKS_MAX, RULE_VALUES_MAX};

/// How rules are evaluated.
#[derive(Clone, Copy, Debug)]
pub struct EvaluatorOptions {
    /// Which version of Prometheus is followed.
    pub semantics: Semantics,
    /// How often a group without `interval` is evaluated (`evaluation_interval`), and the step of a subquery without one.
    pub interval: Duration,
    /// Whether groups are evaluated at that interval whatever they say, as `promtool test rules` does.
    pub one_interval: bool,
    /// The first tick of every group, in milliseconds.
    pub start_ms: i64,
}

/// Rules, the series that they read and write, and the state of their alerts.
#[derive(Clone, Debug)]
pub struct Evaluator {
    file: Arc<RuleFile>,
    options: EvaluatorOptions,
    store: SeriesStore,
    groups: Vec<Clock>,
    rules: Vec<RuleState>,
    stepwise: bool,
    /// With the index of their rule.
    transitions: Vec<(usize, Transition)>,
}

/// A rule that couldn't be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The alert's name, or the recorded metric's.
    pub rule: Arc<str>,
    /// At how many ticks.
    pub ticks: u64,
    /// The first of them, in milliseconds.
    pub first_ms: i64,
    /// What was wrong at the first.
    pub reason: String,
}

#[derive(Clone, Copy, Debug)]
struct Clock {
    next_ms: i64,
    interval_ms: i64,
}

#[derive(Clone, Debug, Default)]
struct RuleState {
    alerts: Alerts,
    /// The series that the rule wrote, and whether it did at its last tick.
    written: IndexMap<Labels, (SeriesId, bool)>,
    /// Whether another rule reads this alert's own series.
    read: bool,
    failure: Option<Failure>,
}

// === impl Evaluator ===

impl Evaluator {
    /// The rules of a file, before their first tick and without a series.
    pub fn new(file: Arc<RuleFile>, options: EvaluatorOptions) -> Self {
        let groups = file.groups.iter().map(|group| {
            let own = group.interval.filter(|_| !options.one_interval);
            Clock { next_ms: options.start_ms, interval_ms: millis(own.unwrap_or(options.interval)).max(1) }
        });
        let groups = groups.collect();
        let readers: Vec<Vec<&Selector>> = file.rules().map(|rule| rule.expr.selectors()).collect();
        let reads =
            |reader: usize, writer: &Rule| readers[reader].iter().any(|selector| may_read(selector, writer));
        let rules: Vec<RuleState> = file
            .rules()
            .map(|rule| RuleState {
                read: rule.is_alert() && (0..readers.len()).any(|reader| reads(reader, rule)),
                ..RuleState::default()
            })
            .collect();
        let stepwise =
            file.rules().enumerate().any(|(writer, rule)| (0..=writer).any(|reader| reads(reader, rule)));
        let store = SeriesStore::new();
        Self { file, options, store, groups, rules, stepwise, transitions: Vec::new() }
    }

    /// The series, those of recording rules among them.
    pub fn store(&self) -> &SeriesStore {
        &self.store
    }

    /// The series, to push samples into. A sample counts at the ticks that come after it was pushed.
    pub fn store_mut(&mut self) -> &mut SeriesStore {
        &mut self.store
    }

    /// The rules.
    pub fn rules(&self) -> &Arc<RuleFile> {
        &self.file
    }

    /// Evaluates every tick up to `until_ms`, that one included. Returns what alerts became, by time; at the same time in
    /// the order of the file, then of their labels.
    pub fn advance(&mut self, until_ms: i64) -> Vec<Transition> {
        while let Some(from_ms) =
            self.groups.iter().map(|group| group.next_ms).min().filter(|next| *next <= until_ms)
        {
            let shortest = self.groups.iter().map(|group| group.interval_ms).min().unwrap_or(1);
            let room = (RULE_VALUES_MAX / self.store.len().max(1)).clamp(1, RULE_STRETCH_TICKS_MAX);
            let room = (room as u64).cast_signed();
            let stretch = if self.stepwise { 0 } else { shortest.saturating_mul(room - 1) };
            self.advance_stretch(until_ms.min(from_ms.saturating_add(stretch)));
        }
        let mut transitions = std::mem::take(&mut self.transitions);
        transitions.sort_by(|(a_rule, a), (b_rule, b)| {
            (a.at_ms, a_rule, &a.labels).cmp(&(b.at_ms, b_rule, &b.labels))
        });
        transitions.into_iter().map(|(_, transition)| transition).collect()
    }

    /// The rules that couldn't be evaluated at some ticks, in the order of the file.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.rules.iter().filter_map(|rule| rule.failure.as_ref())
    }

    fn advance_stretch(&mut self, until_ms: i64) {
        let file = Arc::clone(&self.file);
        let mut index = 0;
        for (number, group) in file.groups.iter().enumerate() {
            let clock = &mut self.groups[number];
            let mut ticks = Vec::new();
            while clock.next_ms <= until_ms {
                ticks.push(clock.next_ms);
                clock.next_ms += clock.interval_ms;
            }
            for rule in &group.rules {
                if !ticks.is_empty() {
                    self.run(index, rule, &ticks);
                }
                index += 1;
            }
        }
    }

    /// One rule at some ticks.
    fn run(&mut self, index: usize, rule: &Rule, ticks: &[i64]) {
        let (rows, mut failed) = self.result(rule, ticks);
        let rows = settled(rows, &mut failed);
        let state = &mut self.rules[index];
        let rows = match &rule.kind {
            RuleKind::Record => rows,
            RuleKind::Alert { hold, keep, .. } => {
                let terms = Terms { hold_ms: millis(*hold), keep_ms: millis(*keep), write: state.read };
                let failed = |tick| failed.contains_key(&tick);
                let mut tell = |transition| self.transitions.push((index, transition));
                state.alerts.run(&rule.name, terms, ticks, &rows, failed, &mut tell)
            }
        };
        let written = write(&mut self.store, state, ticks, rows, &failed);
        if let Err(refused) = written {
            failed.entry(0).or_insert_with(|| refused.to_string());
        }
        let Some((&first, _)) = failed.first_key_value() else { return };
        let reason = failed.remove(&first).unwrap_or_default();
        let failure = Failure { rule: Arc::clone(&rule.name), ticks: 0, first_ms: ticks[first], reason };
        state.failure.get_or_insert(failure).ticks += 1 + failed.len() as u64;
    }

    /// What a rule's expression gives, with the rule's labels; and the ticks at which it fails.
    fn result(&self, rule: &Rule, ticks: &[i64]) -> (Vec<Row>, BTreeMap<usize, String>) {
        let mut evaluation = Evaluation {
            store: &self.store,
            ticks,
            semantics: self.options.semantics,
            default_step_ms: millis(self.options.interval).max(1),
            // What is written is read by others, who can't know that it is inexact.
            exactness: if rule.is_alert() { Exactness::Fast } else { Exactness::Exact },
            notes: Notes::default(),
        };
        let mut rows = evaluation.eval(&rule.expr).into_rows();
        let mut notes = std::mem::take(&mut evaluation.notes);
        let doubtful = notes.doubtful();
        if !doubtful.is_empty() {
            let doubtful_ticks: Vec<i64> = doubtful.iter().map(|tick| ticks[*tick]).collect();
            let mut anew = evaluation.beside(&doubtful_ticks, Exactness::Exact);
            replace(&mut rows, &doubtful, anew.eval(&rule.expr).into_rows(), ticks.len());
            notes.errors.retain(|tick, _| doubtful.binary_search(tick).is_err());
            notes.errors.extend(anew.notes.errors.into_iter().map(|(tick, told)| (doubtful[tick], told)));
        }
        (rows.into_iter().flat_map(|row| labelled(rule, row)).collect(), notes.errors)
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Whether a selector could mean what a rule writes.
fn may_read(selector: &Selector, writer: &Rule) -> bool {
    match writer.kind {
        RuleKind::Record => selector.may_mean(&writer.name),
        RuleKind::Alert { .. } => may_be_read(selector, &writer.name),
    }
}

/// Puts what was computed anew in the place of what was doubtful.
fn replace(rows: &mut Vec<Row>, doubtful: &[usize], anew: Vec<Row>, ticks: usize) {
    for row in rows.iter_mut() {
        for tick in doubtful {
            row.column.values[*tick] = MISSING;
        }
    }
    for new in anew {
        let at = rows.iter().position(|row| row.labels == new.labels).unwrap_or_else(|| {
            rows.push(Row { labels: new.labels.clone(), column: Column::exact(vec![MISSING; ticks]) });
            rows.len() - 1
        });
        for (tick, value) in doubtful.iter().zip(new.column.values) {
            rows[at].column.values[*tick] = value;
        }
    }
}

/// A row with the labels that the rule gives it; several rows, if a label tells the value.
fn labelled(rule: &Rule, row: Row) -> Vec<Row> {
    let labels_for = |value: f64| {
        let own = rule
            .labels
            .iter()
            .map(|(name, text)| (Arc::clone(name), Arc::from(text.fill(&row.labels, value))));
        let name = if rule.is_alert() { ALERT_NAME } else { METRIC_NAME };
        let known = row.labels.iter().filter(|(name, _)| *name != METRIC_NAME);
        let known = known.map(|(name, value)| (Arc::from(name), Arc::from(value)));
        Labels::new(known.chain(own).chain([(Arc::from(name), Arc::clone(&rule.name))]))
    };
    if !rule.labels.iter().any(|(_, text)| text.has_value()) {
        return vec![Row { labels: labels_for(0.0), column: row.column }];
    }
    let mut rows: IndexMap<Labels, Vec<f64>> = IndexMap::new();
    for (tick, &value) in row.column.values.iter().enumerate().filter(|(_, value)| !is_stale(**value)) {
        let ticks = row.column.values.len();
        rows.entry(labels_for(value)).or_insert_with(|| vec![MISSING; ticks])[tick] = value;
    }
    rows.into_iter().map(|(labels, values)| Row { labels, column: Column::exact(values) }).collect()
}

/// Rows of equal labels made one; the rule fails where two of them are there.
fn settled(rows: Vec<Row>, failed: &mut BTreeMap<usize, String>) -> Vec<Row> {
    let mut settled: IndexMap<Labels, Column> = IndexMap::with_capacity(rows.len());
    for row in rows {
        let Some(known) = settled.get_mut(&row.labels) else {
            settled.insert(row.labels, row.column);
            continue;
        };
        for (tick, (old, new)) in known.values.iter_mut().zip(row.column.values).enumerate() {
            if !is_stale(*old) && !is_stale(new) {
                let told = || {
                    format!("two results have the labels {} after the rule's labels are added", row.labels)
                };
                failed.entry(tick).or_insert_with(told);
            }
            *old = if is_stale(new) { *old } else { new };
        }
    }
    settled.into_iter().map(|(labels, column)| Row { labels, column }).collect()
}

/// Appends rows to their series, and a staleness marker where one ends.
fn write(
    store: &mut SeriesStore,
    state: &mut RuleState,
    ticks: &[i64],
    rows: Vec<Row>,
    failed: &BTreeMap<usize, String>,
) -> Result<(), AppendError> {
    let mut columns: IndexMap<Labels, Vec<f64>> =
        rows.into_iter().map(|row| (row.labels, row.column.values)).collect();
    for (labels, (_, there)) in &state.written {
        if *there && !columns.contains_key(labels) {
            columns.insert(labels.clone(), vec![MISSING; ticks.len()]);
        }
    }
    for (labels, values) in columns {
        let (id, mut there) = match state.written.get(&labels) {
            Some(known) => *known,
            None => (store.series(labels.clone())?, false),
        };
        for (tick, (&at_ms, &value)) in ticks.iter().zip(&values).enumerate() {
            let now = !is_stale(value);
            if failed.contains_key(&tick) || !now && !there {
                continue;
            }
            store.append(id, at_ms, if now { value } else { STALE })?;
            there = now;
        }
        state.written.insert(labels, (id, there));
    }
    Ok(())
}
