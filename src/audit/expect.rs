//! `Expected`: what somebody expects of a client's patience, `connect<=5s`, and what came of it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::base::{DurationError, Span, format_duration};
use crate::diag::nearest;
use crate::event::{AuditPhase, GaveUp, PhaseReport, Verdict, VerdictState};

/// A phase and a bound for how long its client waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The phase.
    pub phase: AuditPhase,
    sign: Sign,
    bound: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Below,
    AtMost,
    Above,
    AtLeast,
}

/// What is wrong with the text of an expectation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpectedError {
    /// There is no sign in it.
    #[error("expected a phase, a sign and a time, such as `connect<=5s`")]
    Shape,
    /// A phase that there is not.
    #[error("there is no phase `{0}`; the phases are {names}{hint}", names = names(), hint = hint(.0))]
    Phase(String),
    /// A time that is none.
    #[error("after the sign: {0}")]
    Time(DurationError),
}

// === impl Sign ===

impl Sign {
    /// Longer ones first: `<=` begins with `<`.
    const ALL: [(&'static str, Self); 4] =
        [("<=", Self::AtMost), (">=", Self::AtLeast), ("<", Self::Below), (">", Self::Above)];

    fn holds(self, waited: Duration, bound: Duration) -> bool {
        match self {
            Self::Below => waited < bound,
            Self::AtMost => waited <= bound,
            Self::Above => waited > bound,
            Self::AtLeast => waited >= bound,
        }
    }
}

// === impl Expected ===

impl Expected {
    /// What came of it. `patience` is how long the phase was given.
    pub(super) fn judge(self, phases: &[PhaseReport], patience: Duration) -> Verdict {
        let report = phases.iter().find(|report| report.phase == self.phase);
        let (state, observed) = match report.map(|report| report.gave_up(patience)) {
            Some(GaveUp::After(waited)) => {
                let met = self.sign.holds(waited, self.bound);
                let state = if met { VerdictState::Met } else { VerdictState::Failed };
                (state, format!("gave up after {}", format_duration(waited)))
            }
            Some(GaveUp::Never) => (self.endless(patience), format!("waited longer than {}", Span(patience))),
            Some(GaveUp::Unknown) | None => {
                let why = report.and_then(|report| report.missed.clone());
                let why =
                    why.unwrap_or_else(|| "the phase was not played, or nothing was seen of it".to_owned());
                (VerdictState::Undecided, why)
            }
        };
        Verdict {
            expectation: self.to_string().into(),
            subject: format!("phase {}", self.phase.name()).into(),
            state,
            observed: observed.into(),
            margin: None,
            place: None,
        }
    }

    /// What is known of a client that was still waiting when patience ended.
    fn endless(self, patience: Duration) -> VerdictState {
        match self.sign {
            Sign::Above | Sign::AtLeast if patience >= self.bound => VerdictState::Met,
            Sign::Below | Sign::AtMost if patience >= self.bound => VerdictState::Failed,
            _ => VerdictState::Undecided,
        }
    }
}

impl FromStr for Expected {
    type Err = ExpectedError;

    fn from_str(text: &str) -> Result<Self, ExpectedError> {
        let split =
            |(sign, kind): &(&str, Sign)| text.split_once(sign).map(|(name, time)| (name, *kind, time));
        let (name, sign, time) = Sign::ALL.iter().find_map(split).ok_or(ExpectedError::Shape)?;
        let phase = AuditPhase::ALL.into_iter().find(|phase| phase.name() == name.trim());
        let phase = phase.ok_or_else(|| ExpectedError::Phase(name.trim().to_owned()))?;
        let Span(bound) = time.trim().parse().map_err(ExpectedError::Time)?;
        Ok(Self { phase, sign, bound })
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = Sign::ALL.iter().find(|(_, sign)| *sign == self.sign).map_or("", |(text, _)| text);
        write!(f, "{}{sign}{}", self.phase.name(), Span(self.bound))
    }
}

fn names() -> String {
    AuditPhase::ALL.map(|phase| format!("`{}`", phase.name())).join(", ")
}

fn hint(name: &str) -> String {
    let near = nearest(name, AuditPhase::ALL.map(AuditPhase::name));
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Attempt, AttemptEnd};

    fn judged(text: &str, waited: Option<u64>) -> VerdictState {
        let waited = waited.map(Duration::from_secs);
        let how = if waited.is_some() { AttemptEnd::Fin } else { AttemptEnd::Open };
        let attempt = Attempt { began: Duration::ZERO, waited, how };
        let report = PhaseReport {
            phase: AuditPhase::Answer,
            made_by: String::new(),
            missed: None,
            attempts: vec![attempt],
            took: None,
            ended: None,
        };
        text.parse::<Expected>().unwrap().judge(&[report], Duration::from_secs(30)).state
    }

    #[test]
    fn bounds_are_held_to_what_was_seen() {
        use VerdictState::{Failed, Met, Undecided};
        let cases = [
            ("answer<=5s", Some(5), Met),
            ("answer<5s", Some(5), Failed),
            ("answer >= 5s", Some(5), Met),
            ("answer>5s", Some(5), Failed),
            // It waited longer than 30 s: how long, nobody knows.
            ("answer<=5s", None, Failed),
            ("answer<=40s", None, Undecided),
            ("answer>=20s", None, Met),
            ("answer>=40s", None, Undecided),
            ("connect<=5s", Some(1), Undecided),
        ];
        for (text, waited, expected) in cases {
            assert_eq!(judged(text, waited), expected, "{text} {waited:?}");
        }
    }

    #[test]
    fn what_it_cannot_read_is_told() {
        let told = |text: &str| text.parse::<Expected>().unwrap_err().to_string();
        assert_eq!(told("connect"), "expected a phase, a sign and a time, such as `connect<=5s`");
        assert!(told("conect<=5s").ends_with("; did you mean `connect`?"), "{}", told("conect<=5s"));
        assert!(told("connect<=five").starts_with("after the sign: "), "{}", told("connect<=five"));
        assert_eq!("drip >= 1m".parse::<Expected>().unwrap().to_string(), "drip>=1m");
    }
}
