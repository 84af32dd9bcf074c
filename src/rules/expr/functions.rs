//! The functions and operators that are known, by their names in PromQL.

macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($variant:ident = $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::rules) enum $type {
            $($variant,)+
        }

        impl $type {
            /// The names, in the order of the table.
            pub(in crate::rules) const NAMES: &'static [&'static str] = &[$($name,)+];

            /// The one of this name.
            pub(in crate::rules) fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

named! {
    /// A function of a window of samples.
    RangeFunction {
        Rate = "rate",
        Increase = "increase",
        Irate = "irate",
        Delta = "delta",
        Idelta = "idelta",
        Deriv = "deriv",
        PredictLinear = "predict_linear",
        Changes = "changes",
        Resets = "resets",
        Avg = "avg_over_time",
        Min = "min_over_time",
        Max = "max_over_time",
        Sum = "sum_over_time",
        Count = "count_over_time",
        Last = "last_over_time",
        Present = "present_over_time",
        Stddev = "stddev_over_time",
        Stdvar = "stdvar_over_time",
        Quantile = "quantile_over_time",
        Absent = "absent_over_time",
    }
}

named! {
    /// A function of each value of a vector.
    MapFunction {
        Abs = "abs",
        Ceil = "ceil",
        Floor = "floor",
        Round = "round",
        Clamp = "clamp",
        ClampMin = "clamp_min",
        ClampMax = "clamp_max",
        Sgn = "sgn",
        Sqrt = "sqrt",
        Exp = "exp",
        Ln = "ln",
        Log2 = "log2",
        Log10 = "log10",
        Sort = "sort",
        SortDesc = "sort_desc",
    }
}

named! {
    /// An operator between two expressions.
    BinaryOp {
        Add = "+",
        Sub = "-",
        Mul = "*",
        Div = "/",
        Mod = "%",
        Pow = "^",
        Atan2 = "atan2",
        Equal = "==",
        NotEqual = "!=",
        Greater = ">",
        Less = "<",
        GreaterEqual = ">=",
        LessEqual = "<=",
        And = "and",
        Or = "or",
        Unless = "unless",
    }
}

named! {
    /// What makes one element of a group.
    AggregateOp {
        Sum = "sum",
        Avg = "avg",
        Min = "min",
        Max = "max",
        Count = "count",
        Group = "group",
        Stddev = "stddev",
        Stdvar = "stdvar",
        Quantile = "quantile",
        Topk = "topk",
        Bottomk = "bottomk",
    }
}

/// Functions with a form of their own.
pub(super) const OTHERS: [&str; 9] = [
    "absent",
    "scalar",
    "vector",
    "time",
    "timestamp",
    "histogram_quantile",
    "label_replace",
    "label_join",
    "pi",
];

// === impl BinaryOp ===

impl BinaryOp {
    /// How it is written.
    pub(in crate::rules) fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Whether it compares.
    pub(in crate::rules) fn compares(self) -> bool {
        use BinaryOp::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
        matches!(self, Equal | NotEqual | Greater | Less | GreaterEqual | LessEqual)
    }

    /// Whether it looks only at which elements there are.
    pub(in crate::rules) fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }
}

/// Every function that is known.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    RangeFunction::NAMES.iter().chain(MapFunction::NAMES).chain(&OTHERS).chain(AggregateOp::NAMES).copied()
}
