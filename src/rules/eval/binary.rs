//! Operators between two results: scalars, vectors and their matching.

use indexmap::IndexMap;

use super::{Column, Evaluation, Exactness, MISSING, Row, Value};
use crate::rules::expr::{Binary, BinaryOp, Many, MatchBy, Matching};
use crate::rules::labels::Labels;
use crate::rules::store::is_stale;

/// Closer than this, relative to the larger side and at least to 1, inexact sides of a comparison are computed again.
/// Sliding sums are off by some 1e-15; what is computed again needlessly costs time only.
const DOUBT: f64 = 1e-6;

/// The rows of each side that belong together.
#[derive(Default)]
struct Match {
    left: Vec<usize>,
    right: Vec<usize>,
}

// === impl Evaluation ===

impl Evaluation<'_> {
    pub(super) fn binary(&mut self, binary: &Binary) -> Value {
        let left = self.eval(&binary.left);
        let right = self.eval(&binary.right);
        match (left, right) {
            (Value::Scalar(left), Value::Scalar(right)) => {
                Value::Scalar(self.combine(binary, &left, &right, Keeps::Value))
            }
            (Value::Vector(rows), Value::Scalar(right)) => {
                let combine = |row: Row| {
                    self.with_scalar(binary, row, |this, row| this.combine(binary, row, &right, Keeps::Left))
                };
                Value::Vector(rows.into_iter().map(combine).filter(|row| row.column.is_anywhere()).collect())
            }
            (Value::Scalar(left), Value::Vector(rows)) => {
                let combine = |row: Row| {
                    self.with_scalar(binary, row, |this, row| this.combine(binary, &left, row, Keeps::Right))
                };
                Value::Vector(rows.into_iter().map(combine).filter(|row| row.column.is_anywhere()).collect())
            }
            (Value::Vector(left), Value::Vector(right)) if binary.op.is_set() => {
                Value::Vector(set(binary, left, &right))
            }
            (Value::Vector(left), Value::Vector(right)) => Value::Vector(self.matched(binary, &left, &right)),
        }
    }

    fn with_scalar(
        &mut self,
        binary: &Binary,
        row: Row,
        f: impl FnOnce(&mut Self, &Column) -> Column,
    ) -> Row {
        let column = f(self, &row.column);
        let row = Row { labels: row.labels, column };
        if keeps_name(binary) { row } else { row.nameless() }
    }

    /// Two columns, tick by tick.
    fn combine(&mut self, binary: &Binary, left: &Column, right: &Column, keeps: Keeps) -> Column {
        let inexact = left.inexact || right.inexact;
        let compares = binary.op.compares();
        if compares && inexact && self.exactness == Exactness::Fast {
            for tick in 0..self.ticks.len() {
                let (l, r) = (left.values[tick], right.values[tick]);
                if !is_stale(l) && !is_stale(r) && (l - r).abs() <= DOUBT * l.abs().max(r.abs()).max(1.0) {
                    self.doubt(tick);
                }
            }
        }
        let pairs = left.values.iter().zip(&right.values);
        let values = pairs.map(|(&l, &r)| {
            if is_stale(l) || is_stale(r) {
                return MISSING;
            }
            if !compares {
                return arithmetic(binary.op, l, r);
            }
            match (compare(binary.op, l, r), binary.as_bool, keeps) {
                (holds, true, _) | (holds, false, Keeps::Value) => f64::from(u8::from(holds)),
                (false, false, _) => MISSING,
                (true, false, Keeps::Left) => l,
                (true, false, Keeps::Right) => r,
            }
        });
        let values = values.collect();
        Column { values, inexact: inexact && !(compares && binary.as_bool) }
    }

    /// Two vectors: each pair of rows that belongs together.
    fn matched(&mut self, binary: &Binary, left: &[Row], right: &[Row]) -> Vec<Row> {
        let matching = &binary.matching;
        let mut rows = Vec::new();
        for (signature, group) in matches(matching, left, right) {
            let (ones, ones_side, side) = match matching.many {
                Many::Right(_) => (&group.left, left, "left"),
                Many::Left(_) | Many::Neither => (&group.right, right, "right"),
            };
            self.told_twice(ones.iter().map(|row| &ones_side[*row].column), || {
                format!("several series on the {side} of `{}` match the labels {signature}", binary.op.name())
            });
            let first = rows.len();
            for l in group.left.iter().map(|row| &left[*row]) {
                for r in group.right.iter().map(|row| &right[*row]) {
                    let column = self.combine(binary, &l.column, &r.column, Keeps::Left);
                    if column.is_anywhere() {
                        rows.push(Row { labels: matched_labels(binary, &l.labels, &r.labels), column });
                    }
                }
            }
            if matches!(matching.many, Many::Neither) {
                self.told_twice(rows[first..].iter().map(|row| &row.column), || {
                    format!(
                        "several series on the left of `{}` match the labels {signature}",
                        binary.op.name()
                    )
                });
            }
        }
        rows
    }

    /// Notes an error at each tick at which two of the columns are there.
    fn told_twice<'c>(
        &mut self,
        columns: impl ExactSizeIterator<Item = &'c Column>,
        told: impl Fn() -> String,
    ) {
        if columns.len() < 2 {
            return;
        }
        let mut seen = vec![false; self.ticks.len()];
        for column in columns {
            for (tick, _) in column.values.iter().enumerate().filter(|(_, value)| !is_stale(**value)) {
                if seen[tick] {
                    self.notes.fail(tick, &told);
                }
                seen[tick] = true;
            }
        }
    }
}

/// Which side a comparison keeps where it holds; `Value` gives 0 or 1.
#[derive(Clone, Copy)]
enum Keeps {
    Left,
    Right,
    Value,
}

fn keeps_name(binary: &Binary) -> bool {
    binary.op.compares() && !binary.as_bool
}

fn signature(matching: &Matching, labels: &Labels) -> Labels {
    match &matching.by {
        MatchBy::On(names) => labels.keep(names),
        MatchBy::Ignoring(names) => labels.nameless().without(names),
    }
}

fn matches(matching: &Matching, left: &[Row], right: &[Row]) -> IndexMap<Labels, Match> {
    let mut groups: IndexMap<Labels, Match> = IndexMap::new();
    for (index, row) in left.iter().enumerate() {
        groups.entry(signature(matching, &row.labels)).or_default().left.push(index);
    }
    for (index, row) in right.iter().enumerate() {
        groups.entry(signature(matching, &row.labels)).or_default().right.push(index);
    }
    groups
}

/// The labels of a pair's result: those of the side that may be many, with what it is given from the other.
fn matched_labels(binary: &Binary, left: &Labels, right: &Labels) -> Labels {
    let (many, one, given): (_, _, &[_]) = match &binary.matching.many {
        Many::Neither => (left, right, &[]),
        Many::Left(given) => (left, right, given),
        Many::Right(given) => (right, left, given),
    };
    let mut labels = if keeps_name(binary) { many.clone() } else { many.nameless() };
    if matches!(binary.matching.many, Many::Neither) {
        labels = match &binary.matching.by {
            MatchBy::On(names) => labels.keep(names),
            MatchBy::Ignoring(names) => labels.without(names),
        };
    }
    for name in given {
        labels = labels.with(name, one.get(name));
    }
    labels
}

/// `and`, `or`, `unless`: which rows are there, by whether their partners are.
fn set(binary: &Binary, mut left: Vec<Row>, right: &[Row]) -> Vec<Row> {
    let ticks = left.iter().chain(right).map(|row| row.column.values.len()).next().unwrap_or(0);
    let there = |rows: &[Row], indices: &[usize]| {
        let mut there = vec![false; ticks];
        for index in indices {
            for (there, value) in there.iter_mut().zip(&rows[*index].column.values) {
                *there |= !is_stale(*value);
            }
        }
        there
    };
    let hide = |column: &mut Column, where_there: &[bool], hidden: bool| {
        for (value, there) in column.values.iter_mut().zip(where_there) {
            if *there == hidden {
                *value = MISSING;
            }
        }
    };
    let mut added = Vec::new();
    for (_, group) in matches(&binary.matching, &left, right) {
        if binary.op == BinaryOp::Or {
            let known = there(&left, &group.left);
            for index in group.right {
                let mut row = right[index].clone();
                hide(&mut row.column, &known, true);
                added.push(row);
            }
            continue;
        }
        let known = there(right, &group.right);
        for index in group.left {
            hide(&mut left[index].column, &known, binary.op == BinaryOp::Unless);
        }
    }
    left.extend(added);
    left.retain(|row| row.column.is_anywhere());
    left
}

fn arithmetic(op: BinaryOp, l: f64, r: f64) -> f64 {
    match op {
        BinaryOp::Add => l + r,
        BinaryOp::Sub => l - r,
        BinaryOp::Mul => l * r,
        BinaryOp::Div => l / r,
        BinaryOp::Mod => l % r,
        BinaryOp::Pow => l.powf(r),
        BinaryOp::Atan2 => l.atan2(r),
        _ => unreachable!("comparisons and sets are told apart before"),
    }
}

#[expect(clippy::float_cmp, reason = "a rule's `==` is this very comparison")]
fn compare(op: BinaryOp, l: f64, r: f64) -> bool {
    match op {
        BinaryOp::Equal => l == r,
        BinaryOp::NotEqual => l != r,
        BinaryOp::Greater => l > r,
        BinaryOp::Less => l < r,
        BinaryOp::GreaterEqual => l >= r,
        BinaryOp::LessEqual => l <= r,
        _ => unreachable!("only comparisons come here"),
    }
}
