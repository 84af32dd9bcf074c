//! The arithmetic of what is possible: the least and the largest value that an expression may give.
//!
//! Bounds are never too narrow; where that would take care, they are [`Bounds::ANY`].

use std::fmt;

use crate::rules::expr::{BinaryOp, MapFunction};

/// Every value lies between these, both included. NaN is left out: no comparison holds for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub(super) least: f64,
    pub(super) most: f64,
}

// === impl Bounds ===

impl Bounds {
    pub(super) const ANY: Self = Self { least: f64::NEG_INFINITY, most: f64::INFINITY };

    pub(super) fn point(value: f64) -> Self {
        if value.is_nan() { Self::ANY } else { Self { least: value, most: value } }
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self { least: self.least.min(other.least), most: self.most.max(other.most) }
    }

    pub(super) fn negated(self) -> Self {
        Self { least: -self.most, most: -self.least }
    }

    /// Of any number of such values.
    pub(super) fn summed(self) -> Self {
        Self {
            least: if self.least >= 0.0 { self.least } else { f64::NEG_INFINITY },
            most: if self.most <= 0.0 { self.most } else { f64::INFINITY },
        }
    }

    /// The standard deviation of such values: at most half their spread.
    pub(super) fn deviation(self) -> Self {
        Self { least: 0.0, most: (self.most - self.least) / 2.0 }
    }

    pub(super) fn mapped(self, function: MapFunction) -> Self {
        match function {
            MapFunction::Abs => Self { least: 0.0, most: self.most.abs().max(self.least.abs()) },
            MapFunction::Ceil => Self { least: self.least.ceil(), most: self.most.ceil() },
            MapFunction::Floor => Self { least: self.least.floor(), most: self.most.floor() },
            MapFunction::Sgn => Self { least: -1.0, most: 1.0 },
            MapFunction::Sort | MapFunction::SortDesc => self,
            _ => Self::ANY,
        }
    }

    pub(super) fn combined(self, op: BinaryOp, other: Self) -> Self {
        let of = |values: [f64; 4]| {
            if values.iter().any(|value| value.is_nan()) {
                return Self::ANY;
            }
            let least = values.into_iter().fold(f64::INFINITY, f64::min);
            Self { least, most: values.into_iter().fold(f64::NEG_INFINITY, f64::max) }
        };
        let (a, b) = (self, other);
        match op {
            BinaryOp::Add => of([a.least + b.least, a.most + b.most, a.least + b.least, a.most + b.most]),
            BinaryOp::Sub => of([a.least - b.most, a.most - b.least, a.least - b.most, a.most - b.least]),
            BinaryOp::Mul => of([a.least * b.least, a.least * b.most, a.most * b.least, a.most * b.most]),
            BinaryOp::Div if b.least > 0.0 || b.most < 0.0 => {
                of([a.least / b.least, a.least / b.most, a.most / b.least, a.most / b.most])
            }
            // Nothing negative over nothing negative; by zero it is infinite or no number.
            BinaryOp::Div if a.least >= 0.0 && b.least >= 0.0 => Self { least: 0.0, most: f64::INFINITY },
            _ => Self::ANY,
        }
    }

    /// Whether the comparison may hold.
    #[expect(clippy::float_cmp, reason = "bounds are the very numbers of the rule")]
    pub(super) fn may(self, op: BinaryOp, other: Self) -> bool {
        match op {
            BinaryOp::Greater => self.most > other.least,
            BinaryOp::GreaterEqual => self.most >= other.least,
            BinaryOp::Less => self.least < other.most,
            BinaryOp::LessEqual => self.least <= other.most,
            BinaryOp::Equal => self.least <= other.most && other.least <= self.most,
            BinaryOp::NotEqual => !(self.least == self.most && self == other),
            _ => true,
        }
    }
}

impl fmt::Display for Bounds {
    #[expect(clippy::float_cmp, reason = "bounds are the very numbers of the rule")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (least, most) if least == most => write!(f, "{least}"),
            (f64::NEG_INFINITY, f64::INFINITY) => f.write_str("any number"),
            (f64::NEG_INFINITY, most) => write!(f, "at most {most}"),
            (least, f64::INFINITY) => write!(f, "at least {least}"),
            (least, most) => write!(f, "between {least} and {most}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// Whatever two values within their bounds give is within the bounds of the result.
        #[test]
        fn results_stay_in_their_bounds(a in -5..5_i32, b in -5..5_i32, c in -5..5_i32, d in -5..5_i32) {
            let [a, b, c, d] = [a, b, c, d].map(f64::from);
            let (x, y) = (Bounds::point(a).or(Bounds::point(b)), Bounds::point(c).or(Bounds::point(d)));
            let cases = [
                (BinaryOp::Add, a + c),
                (BinaryOp::Sub, a - c),
                (BinaryOp::Mul, a * c),
                (BinaryOp::Div, a / c),
            ];
            for (op, value) in cases {
                let bounds = x.combined(op, y);
                proptest::prop_assert!(value.is_nan() || bounds.least <= value && value <= bounds.most, "{op:?}");
            }
            proptest::prop_assert!(a <= c || x.may(BinaryOp::Greater, y));
            proptest::prop_assert!(a > c || x.may(BinaryOp::LessEqual, y));
        }
    }
}
