//! `Evaluation`: one expression at many instants at once.
//!
//! Prometheus evaluates a rule instant by instant; here each step of an expression is done for a whole list of instants
//! (its *ticks*) before the next: series are found and labels are matched once, and what remains are loops over plain
//! columns of numbers. The result at a tick is what an instant query then would give; each tick is independent.
//!
//! Two things keep that true to the last bit, because a threshold is often met exactly:
//!
//! - **Missing** is a value of its own, the staleness marker, which no arithmetic makes and every loop asks for first.
//! - **Doubt**. A window's sum that slides may differ in its last bit from Prometheus', which adds the window up anew
//!   each time. Such columns are marked inexact, and a comparison that one of them may decide either way notes its tick. The
//!   caller then evaluates the doubtful ticks again, with [`Exactness::Exact`], which adds up as Prometheus does. Under a
//!   sum or an average over several series it isn't needed: Prometheus itself adds those in no defined order.
//!
//! An error that Prometheus would tell at a tick (two series match one, two results have the same labels) is noted for that
//! tick, and what the columns hold there means nothing.

mod aggregate;
mod binary;
mod histogram;
mod map;
mod numbers;
mod range;
mod select;
mod slide;

use std::collections::BTreeMap;

use indexmap::IndexMap;
pub(super) use select::LOOKBACK_MS;

use super::expr::Expr;
use super::labels::Labels;
use super::store::{STALE, SeriesStore, is_stale};

/// No value at a tick.
pub(super) const MISSING: f64 = STALE;

/// Which major version of Prometheus is followed where they differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Semantics {
    /// 2.x: a window and the look-back hold both their ends; averages are updated sample by sample.
    V2,
    /// 3.x: a window and the look-back don't hold their older end; averages are sums divided by counts.
    #[default]
    V3,
}

/// Whether sums may slide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exactness {
    Fast,
    Exact,
}

/// Values at ticks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub(super) values: Vec<f64>,
    /// Whether a value may differ in its last bits from what Prometheus computes.
    pub(super) inexact: bool,
}

/// A series of a result.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) labels: Labels,
    pub(super) column: Column,
}

/// What an expression gives.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Scalar(Column),
    Vector(Vec<Row>),
}

/// What the ticks of an evaluation met, by their index.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    /// Ticks at which a comparison was too close.
    pub(super) doubts: Vec<bool>,
    /// Ticks at which Prometheus would fail, with the first reason.
    pub(super) errors: BTreeMap<usize, String>,
}

/// One evaluation under way.
pub(super) struct Evaluation<'a> {
    pub(super) store: &'a SeriesStore,
    /// Instants in milliseconds, rising.
    pub(super) ticks: &'a [i64],
    pub(super) semantics: Semantics,
    /// The step of a subquery that doesn't give one.
    pub(super) default_step_ms: i64,
    pub(super) exactness: Exactness,
    pub(super) notes: Notes,
}

// === impl Column ===

impl Column {
    pub(super) fn exact(values: Vec<f64>) -> Self {
        Self { values, inexact: false }
    }

    /// Whether there is a value at any tick.
    pub(super) fn is_anywhere(&self) -> bool {
        self.values.iter().any(|value| !is_stale(*value))
    }

    /// Each value that is there through `f`.
    fn map(mut self, f: impl Fn(f64) -> f64) -> Self {
        for value in &mut self.values {
            if !is_stale(*value) {
                *value = f(*value);
            }
        }
        self
    }
}

// === impl Row ===

impl Row {
    fn nameless(self) -> Self {
        Self { labels: self.labels.nameless(), column: self.column }
    }
}

// === impl Value ===

impl Value {
    /// As a vector: of a scalar, one row without labels.
    pub(super) fn into_rows(self) -> Vec<Row> {
        match self {
            Self::Scalar(column) => vec![Row { labels: Labels::none(), column }],
            Self::Vector(rows) => rows,
        }
    }
}

// === impl Notes ===

impl Notes {
    fn fail(&mut self, tick: usize, told: impl FnOnce() -> String) {
        self.errors.entry(tick).or_insert_with(told);
    }

    /// The indices of the doubtful ticks.
    pub(super) fn doubtful(&self) -> Vec<usize> {
        let marked = self.doubts.iter().enumerate().filter(|(_, doubt)| **doubt);
        marked.map(|(tick, _)| tick).collect()
    }
}

// === impl Evaluation ===

impl<'a> Evaluation<'a> {
    /// The same expression's surroundings at other ticks, or with other exactness.
    pub(super) fn beside<'b>(&self, ticks: &'b [i64], exactness: Exactness) -> Evaluation<'b>
    where
        'a: 'b,
    {
        Evaluation {
            store: self.store,
            ticks,
            semantics: self.semantics,
            default_step_ms: self.default_step_ms,
            exactness,
            notes: Notes::default(),
        }
    }

    /// What an expression gives at every tick.
    pub(super) fn eval(&mut self, expr: &Expr) -> Value {
        let rows = match expr {
            Expr::Number(number) => return Value::Scalar(self.constant(*number)),
            Expr::Time => {
                let seconds = self.ticks.iter().map(|tick| *tick as f64 / 1_000.0);
                return Value::Scalar(Column::exact(seconds.collect()));
            }
            Expr::Scalar(of) => return Value::Scalar(self.scalar_of(of)),
            Expr::Negate(of) => match self.eval(of) {
                Value::Scalar(column) => return Value::Scalar(column.map(|value| -value)),
                Value::Vector(rows) => {
                    let negate = |row: Row| Row { column: row.column.map(|value| -value), ..row }.nameless();
                    rows.into_iter().map(negate).collect()
                }
            },
            Expr::Binary(binary) => match self.binary(binary) {
                Value::Vector(rows) => rows,
                scalar @ Value::Scalar(_) => return scalar,
            },
            Expr::Select(selector) => return Value::Vector(self.select(selector)),
            Expr::Range(call) => self.range(call),
            Expr::Absent(of, labels) => self.absent(of, labels),
            Expr::Vector(of) => self.eval(of).into_rows(),
            Expr::Timestamp(of) => self.timestamp(of),
            Expr::Map(function, of, args) => self.map(*function, of, args),
            Expr::HistogramQuantile(quantile, of) => self.histogram_quantile(quantile, of),
            Expr::Relabel(of, relabel) => self.relabel(of, relabel),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
        };
        Value::Vector(self.settle(rows))
    }

    /// What a scalar expression gives.
    fn scalar(&mut self, expr: &Expr) -> Column {
        match self.eval(expr) {
            Value::Scalar(column) => column,
            Value::Vector(_) => unreachable!("the parser checks that scalars stand where they must"),
        }
    }

    /// What a vector expression gives.
    fn vector(&mut self, expr: &Expr) -> Vec<Row> {
        self.eval(expr).into_rows()
    }

    fn constant(&self, number: f64) -> Column {
        Column::exact(vec![number; self.ticks.len()])
    }

    fn missing(&self) -> Vec<f64> {
        vec![MISSING; self.ticks.len()]
    }

    /// The value of a vector's only element, or NaN.
    fn scalar_of(&mut self, of: &Expr) -> Column {
        let rows = self.vector(of);
        let mut values = vec![f64::NAN; self.ticks.len()];
        let mut counts = vec![0_u32; self.ticks.len()];
        for row in &rows {
            for (tick, value) in row.column.values.iter().enumerate().filter(|(_, value)| !is_stale(**value))
            {
                counts[tick] += 1;
                values[tick] = if counts[tick] == 1 { *value } else { f64::NAN };
            }
        }
        Column { values, inexact: rows.iter().any(|row| row.column.inexact) }
    }

    fn absent(&mut self, of: &Expr, labels: &Labels) -> Vec<Row> {
        let rows = self.vector(of);
        let mut values = vec![1.0; self.ticks.len()];
        for row in rows {
            for (value, there) in values.iter_mut().zip(row.column.values) {
                if !is_stale(there) {
                    *value = MISSING;
                }
            }
        }
        vec![Row { labels: labels.clone(), column: Column::exact(values) }]
    }

    /// Rows of equal labels made one; it is an error where two of them are there at the same tick.
    fn settle(&mut self, rows: Vec<Row>) -> Vec<Row> {
        let mut settled: IndexMap<Labels, Column> = IndexMap::with_capacity(rows.len());
        for row in rows {
            match settled.entry(row.labels) {
                indexmap::map::Entry::Vacant(free) => {
                    free.insert(row.column);
                }
                indexmap::map::Entry::Occupied(mut taken) => {
                    let labels = taken.key().clone();
                    let column = taken.get_mut();
                    column.inexact |= row.column.inexact;
                    for (tick, (old, new)) in column.values.iter_mut().zip(row.column.values).enumerate() {
                        if is_stale(new) {
                            continue;
                        }
                        if !is_stale(*old) {
                            self.notes
                                .fail(tick, || format!("two series of a result have the labels {labels}"));
                        }
                        *old = new;
                    }
                }
            }
        }
        settled.into_iter().map(|(labels, column)| Row { labels, column }).collect()
    }

    fn doubt(&mut self, tick: usize) {
        if self.exactness == Exactness::Fast {
            self.notes.doubts.resize(self.ticks.len(), false);
            self.notes.doubts[tick] = true;
        }
    }

    /// Notes that a step whose result may jump has an inexact input.
    fn doubt_all(&mut self) {
        if self.exactness == Exactness::Fast {
            self.notes.doubts = vec![true; self.ticks.len()];
        }
    }
}
