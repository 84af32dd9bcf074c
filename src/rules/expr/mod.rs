//! `Expr`: an expression that brownout can evaluate.
//!
//! `promql-parser` reads the text; its tree has no places and knows more than is evaluated here. `lower` turns it into
//! this one, which has only what `eval` knows, and refuses the rest by name; `locate` finds where in the text a thing
//! stands. Types are right by construction: what takes a vector has one.

mod functions;
mod locate;
mod lower;

use std::sync::Arc;

pub(super) use functions::{AggregateOp, BinaryOp, MapFunction, RangeFunction};
pub(super) use lower::parse;

use super::labels::Labels;
use super::matcher::Matcher;
use crate::diag::Code;

/// Something wrong in a text: a stretch of it, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) hint: Option<String>,
}

/// An expression; each variant says what it gives.
#[derive(Clone, Debug)]
pub(super) enum Expr {
    /// A scalar.
    Number(f64),
    /// A scalar: the instant of evaluation, in seconds.
    Time,
    /// A vector: the newest sample of each series.
    Select(Selector),
    /// A vector: a function of each series' window.
    Range(Box<RangeCall>),
    /// A vector: one element with these labels where the inner vector is empty.
    Absent(Box<Self>, Labels),
    /// A scalar: the value of a vector's only element, or NaN.
    Scalar(Box<Self>),
    /// A vector with one element without labels.
    Vector(Box<Self>),
    /// A vector: when each sample was taken, in seconds.
    Timestamp(Box<Self>),
    /// A vector: a function of each value, with scalars.
    Map(MapFunction, Box<Self>, Vec<Self>),
    /// A vector: a quantile (scalar) of the histograms in a vector.
    HistogramQuantile(Box<Self>, Box<Self>),
    /// A vector with one label made anew.
    Relabel(Box<Self>, Relabel),
    /// As its inner one, negated.
    Negate(Box<Self>),
    /// A scalar if both sides are, or else a vector.
    Binary(Box<Binary>),
    /// A vector: groups of a vector, each made one.
    Aggregate(Box<Aggregate>),
}

/// Which series, and when.
#[derive(Clone, Debug)]
pub(super) struct Selector {
    /// The metric's name, if the selector says which it is.
    pub(super) name: Option<Arc<str>>,
    /// All conditions, that on the name included.
    pub(super) matchers: Vec<Matcher>,
    pub(super) shift: Shift,
    /// Where it stands in the text, as far as that is known.
    pub(super) place: (usize, usize),
}

/// `offset` and `@`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shift {
    pub(super) offset_ms: i64,
    pub(super) at_ms: Option<i64>,
}

/// A function of windows.
#[derive(Clone, Debug)]
pub(super) struct RangeCall {
    pub(super) function: RangeFunction,
    /// The quantile, or how far `predict_linear` looks ahead; a scalar.
    pub(super) param: Option<Expr>,
    pub(super) source: WindowSource,
    pub(super) range_ms: i64,
    /// The labels of `absent_over_time`.
    pub(super) absent: Labels,
    /// Where the window stands in the text.
    pub(super) place: (usize, usize),
}

/// What windows are cut from.
#[derive(Clone, Debug)]
pub(super) enum WindowSource {
    /// The samples of series.
    Series(Selector),
    /// What an inner expression gives at instants that are multiples of a step.
    Subquery {
        of: Expr,
        /// The evaluation interval, if there is none.
        step_ms: Option<i64>,
        shift: Shift,
    },
}

/// `label_replace` and `label_join`.
#[derive(Clone, Debug)]
pub(super) enum Relabel {
    Replace { target: Arc<str>, replacement: Arc<str>, source: Arc<str>, regex: regex::Regex },
    Join { target: Arc<str>, separator: Arc<str>, sources: Vec<Arc<str>> },
}

/// An operator between two expressions.
#[derive(Clone, Debug)]
pub(super) struct Binary {
    pub(super) op: BinaryOp,
    /// `bool`: a comparison gives 0 or 1 instead of choosing.
    pub(super) as_bool: bool,
    pub(super) matching: Matching,
    pub(super) left: Expr,
    pub(super) right: Expr,
    /// Where the operator stands in the text.
    pub(super) place: (usize, usize),
}

/// Which elements of two vectors belong together.
#[derive(Clone, Debug)]
pub(super) struct Matching {
    pub(super) by: MatchBy,
    pub(super) many: Many,
}

/// The labels that must be equal.
#[derive(Clone, Debug)]
pub(super) enum MatchBy {
    /// Only these.
    On(Vec<Arc<str>>),
    /// All but these and the metric's name.
    Ignoring(Vec<Arc<str>>),
}

/// Which side may have several elements for one of the other; it gets these labels from that.
#[derive(Clone, Debug)]
pub(super) enum Many {
    Neither,
    Left(Vec<Arc<str>>),
    Right(Vec<Arc<str>>),
}

/// Groups of a vector made one each.
#[derive(Clone, Debug)]
pub(super) struct Aggregate {
    pub(super) op: AggregateOp,
    /// The quantile, or how many: a scalar.
    pub(super) param: Option<Expr>,
    pub(super) of: Expr,
    pub(super) grouping: Grouping,
}

/// The labels that make a group.
#[derive(Clone, Debug)]
pub(super) enum Grouping {
    By(Vec<Arc<str>>),
    Without(Vec<Arc<str>>),
}

// === impl Mistake ===

impl Mistake {
    pub(super) fn new(code: Code, message: impl Into<String>, start: usize, end: usize) -> Self {
        Self { code, message: message.into(), start, end, hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

// === impl Expr ===

impl Expr {
    /// Whether it gives a scalar, not a vector.
    pub(super) fn is_scalar(&self) -> bool {
        match self {
            Self::Number(_) | Self::Time | Self::Scalar(_) => true,
            Self::Negate(inner) => inner.is_scalar(),
            Self::Binary(binary) => binary.left.is_scalar() && binary.right.is_scalar(),
            _ => false,
        }
    }

    /// The expressions right below.
    pub(super) fn children(&self) -> Vec<&Self> {
        match self {
            Self::Number(_) | Self::Time | Self::Select(_) => Vec::new(),
            Self::Range(call) => {
                let inner = match &call.source {
                    WindowSource::Series(_) => None,
                    WindowSource::Subquery { of, .. } => Some(of),
                };
                call.param.iter().chain(inner).collect()
            }
            Self::Absent(of, _)
            | Self::Scalar(of)
            | Self::Vector(of)
            | Self::Timestamp(of)
            | Self::Relabel(of, _)
            | Self::Negate(of) => vec![of],
            Self::Map(_, of, args) => std::iter::once(&**of).chain(args).collect(),
            Self::HistogramQuantile(quantile, of) => vec![quantile, of],
            Self::Binary(binary) => vec![&binary.left, &binary.right],
            Self::Aggregate(aggregate) => aggregate.param.iter().chain([&aggregate.of]).collect(),
        }
    }

    /// Calls `see` for this expression and all below it, in the order of the text.
    pub(super) fn walk<'e>(&'e self, see: &mut impl FnMut(&'e Self)) {
        see(self);
        for child in self.children() {
            child.walk(see);
        }
    }

    /// Every selector, in the order of the text.
    pub(super) fn selectors(&self) -> Vec<&Selector> {
        let mut found = Vec::new();
        self.walk(&mut |expr| match expr {
            Self::Select(selector) => found.push(selector),
            Self::Range(call) => {
                if let WindowSource::Series(selector) = &call.source {
                    found.push(selector);
                }
            }
            _ => {}
        });
        found
    }
}

// === impl Selector ===

impl Selector {
    pub(super) fn accepts(&self, labels: &Labels) -> bool {
        self.matchers.iter().all(|matcher| matcher.accepts(labels))
    }

    /// Whether it could mean a series of this metric.
    pub(super) fn may_mean(&self, metric: &str) -> bool {
        let of_name = self.matchers.iter().filter(|matcher| &*matcher.label == super::labels::METRIC_NAME);
        of_name.into_iter().all(|matcher| matcher.accepts_value(metric))
    }
}

// === impl Shift ===

impl Shift {
    /// The instant that is looked at when it is `now_ms`.
    pub(super) fn from(self, now_ms: i64) -> i64 {
        self.at_ms.unwrap_or(now_ms).saturating_sub(self.offset_ms)
    }
}
