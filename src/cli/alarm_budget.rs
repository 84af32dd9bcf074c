//! `AlarmBudget`: how many false alarms somebody puts up with, `1/30d`.

use std::str::FromStr;

use crate::base::{DurationError, Span};

/// So many false alarms in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AlarmBudget {
    count: u32,
    per: Span,
}

/// What is wrong with the text of a budget.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AlarmBudgetError {
    /// Not two parts.
    #[error("expected a count and a time, such as `1/30d`")]
    Shape,
    /// A count that is none.
    #[error(
        "expected a count above zero, found `{0}`: no finite time shows that there is never a false alarm"
    )]
    Count(String),
    /// A time that is none.
    #[error("after the slash: {0}")]
    Time(DurationError),
    /// No time at all.
    #[error("after the slash: expected a time above zero")]
    NoTime,
}

// === impl AlarmBudget ===

impl AlarmBudget {
    /// False alarms of a day.
    pub(super) fn per_day(self) -> f64 {
        f64::from(self.count) * 86_400.0 / self.per.get().as_secs_f64()
    }
}

impl FromStr for AlarmBudget {
    type Err = AlarmBudgetError;

    fn from_str(text: &str) -> Result<Self, AlarmBudgetError> {
        let (count, per) = text.split_once('/').ok_or(AlarmBudgetError::Shape)?;
        let told = || AlarmBudgetError::Count(count.trim().to_owned());
        let count = count.trim().parse().ok().filter(|count| *count > 0).ok_or_else(told)?;
        let per: Span = per.trim().parse().map_err(AlarmBudgetError::Time)?;
        if per.get().is_zero() {
            return Err(AlarmBudgetError::NoTime);
        }
        Ok(Self { count, per })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_rates() {
        let rate = |text: &str| text.parse::<AlarmBudget>().unwrap().per_day();
        assert!((rate("1/30d") - 1.0 / 30.0).abs() < 1e-12 && (rate("2 / 7d") - 2.0 / 7.0).abs() < 1e-12);
        let told = |text: &str| text.parse::<AlarmBudget>().unwrap_err();
        assert_eq!((told("1"), told("1/0s")), (AlarmBudgetError::Shape, AlarmBudgetError::NoTime));
        assert_eq!(told("0/1d"), AlarmBudgetError::Count("0".to_owned()));
        assert!(told("1/month").to_string().starts_with("after the slash: "));
    }
}
