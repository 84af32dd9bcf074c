//! Functions of each value, and labels made anew.

use super::{Column, Evaluation, MISSING, Row};
use crate::rules::expr::{Expr, MapFunction, Relabel};
use crate::rules::labels::Labels;
use crate::rules::store::is_stale;

// === impl Evaluation ===

impl Evaluation<'_> {
    pub(super) fn map(&mut self, function: MapFunction, of: &Expr, args: &[Expr]) -> Vec<Row> {
        use MapFunction as F;
        let rows = self.vector(of);
        let args: Vec<Column> = args.iter().map(|arg| self.scalar(arg)).collect();
        if matches!(function, F::Sort | F::SortDesc) {
            return rows;
        }
        if matches!(function, F::Ceil | F::Floor | F::Round | F::Sgn)
            && rows.iter().any(|row| row.column.inexact)
        {
            self.doubt_all();
        }
        let inexact = args.iter().any(|arg| arg.inexact);
        let make = |mut row: Row| {
            for (tick, value) in
                row.column.values.iter_mut().enumerate().filter(|(_, value)| !is_stale(**value))
            {
                *value = mapped(function, *value, |index| args.get(index).map(|arg| arg.values[tick]));
            }
            row.column.inexact |= inexact;
            row.nameless()
        };
        rows.into_iter().map(make).filter(|row| row.column.is_anywhere()).collect()
    }

    pub(super) fn relabel(&mut self, of: &Expr, relabel: &Relabel) -> Vec<Row> {
        let rows = self.vector(of);
        rows.into_iter().map(|row| Row { labels: relabelled(relabel, &row.labels), ..row }).collect()
    }
}

fn mapped(function: MapFunction, value: f64, arg: impl Fn(usize) -> Option<f64>) -> f64 {
    use MapFunction as F;
    let bound = |index| arg(index).unwrap_or(f64::NAN);
    match function {
        F::Abs => value.abs(),
        F::Ceil => value.ceil(),
        F::Floor => value.floor(),
        F::Round => {
            let inverse = 1.0 / arg(0).unwrap_or(1.0);
            (value * inverse + 0.5).floor() / inverse
        }
        F::Clamp if bound(1) < bound(0) => MISSING,
        F::Clamp => larger(bound(0), smaller(bound(1), value)),
        F::ClampMin => larger(bound(0), value),
        F::ClampMax => smaller(bound(0), value),
        F::Sgn if value > 0.0 => 1.0,
        F::Sgn if value < 0.0 => -1.0,
        F::Sgn | F::Sort | F::SortDesc => value,
        F::Sqrt => value.sqrt(),
        F::Exp => value.exp(),
        F::Ln => value.ln(),
        F::Log2 => value.log2(),
        F::Log10 => value.log10(),
    }
}

/// As Go's `math.Max`: NaN if either is.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// As Go's `math.Min`: NaN if either is.
fn smaller(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }
}

fn relabelled(relabel: &Relabel, labels: &Labels) -> Labels {
    match relabel {
        Relabel::Replace { target, replacement, source, regex } => {
            let Some(captures) = regex.captures(labels.get(source)) else { return labels.clone() };
            let mut value = String::new();
            captures.expand(replacement, &mut value);
            labels.with(target, &value)
        }
        Relabel::Join { target, separator, sources } => {
            let values: Vec<&str> = sources.iter().map(|source| labels.get(source)).collect();
            labels.with(target, &values.join(separator))
        }
    }
}
