//! What an audit saw: how long a client waits in each phase of a connection. The counterpart of events, and like them all that
//! reports see.
//!
//! Times are seconds on the wall clock, as the client felt them. What was not seen is `None`, never zero.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::kind::Verdict;
use crate::base::seconds;

/// A phase of a connection in which the network goes quiet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditPhase {
    /// No SYN is answered.
    Connect,
    /// The connection is accepted, then nothing: neither a greeting nor an answer to whatever is sent.
    Silence,
    /// The request is read by the service, its answer never comes.
    Answer,
    /// The answer begins, then nothing.
    Body,
    /// The answer comes a byte at a time and never ends.
    Drip,
    /// The connection dies between two requests, and nobody is told.
    Pooled,
}

/// What an audit saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditReport {
    /// The command, with its placeholders.
    pub command: Vec<String>,
    /// The service behind.
    pub upstream: String,
    /// How long each phase was given, in seconds.
    #[serde(with = "seconds", rename = "patience_s")]
    pub patience: Duration,
    /// What the command does when nothing is wrong.
    pub baseline: AuditBaseline,
    /// What it did in each phase, in the order of a connection's life.
    pub phases: Vec<PhaseReport>,
    /// What came of what was expected, in the order given.
    pub verdicts: Vec<Verdict>,
}

/// What a command does when nothing is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditBaseline {
    /// Connections that it opened.
    pub connections: usize,
    /// Requests with an answer on the connection that had most.
    pub turns: usize,
    /// How long it took.
    #[serde(with = "seconds", rename = "took_s")]
    pub took: Duration,
    /// How it ended.
    pub ended: CommandEnd,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandEnd {
    /// Its exit status, if it exited.
    pub status: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
}

/// What a command did in one phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseReport {
    /// Which.
    pub phase: AuditPhase,
    /// What made it: `socket filter`, `full accept queue`, `user space`.
    pub made_by: String,
    /// Why it was not reached, if it was not: then nothing is known of it.
    pub missed: Option<String>,
    /// The connections that met it, in the order in which they began.
    pub attempts: Vec<Attempt>,
    /// From the command's start to its end; none, if patience ended it.
    #[serde(with = "seconds::option", rename = "took_s")]
    pub took: Option<Duration>,
    /// How it ended; none, if patience ended it.
    pub ended: Option<CommandEnd>,
}

/// A connection, or an attempt at one, that met the phase.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began, from the command's start.
    #[serde(with = "seconds", rename = "began_s")]
    pub began: Duration,
    /// How long the client waited before it gave this one up; none, if it never did.
    #[serde(with = "seconds::option", rename = "waited_s")]
    pub waited: Option<Duration>,
    /// How it gave up.
    pub how: AttemptEnd,
}

/// How a client gives a connection up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptEnd {
    /// It closes in order.
    Fin,
    /// It resets.
    Reset,
    /// Its socket is gone, without a word that could have been heard.
    Vanished,
    /// It does not.
    Open,
}

/// How long a client waits in a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GaveUp {
    /// This long, on the attempt that took longest.
    After(Duration),
    /// Longer than the patience.
    Never,
    /// The phase was not reached, or nothing could be seen of it.
    Unknown,
}

// === impl AuditPhase ===

impl AuditPhase {
    /// All, in the order of a connection's life.
    pub const ALL: [Self; 6] =
        [Self::Connect, Self::Silence, Self::Answer, Self::Body, Self::Drip, Self::Pooled];

    /// What it is called on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Silence => "silence",
            Self::Answer => "answer",
            Self::Body => "body",
            Self::Drip => "drip",
            Self::Pooled => "pooled",
        }
    }

    /// What the client meets.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Connect => "SYN unanswered",
            Self::Silence => "connected, then silence",
            Self::Answer => "request read, no answer",
            Self::Body => "answer begun, then silence",
            Self::Drip => "slow drip without an end",
            Self::Pooled => "died between two requests",
        }
    }
}

// === impl PhaseReport ===

impl PhaseReport {
    /// How long the client waited: on the attempt that took longest. One that was still open when `patience` ended may have been
    /// given no more time than the others took; then it says nothing.
    pub fn gave_up(&self, patience: Duration) -> GaveUp {
        if self.missed.is_some() {
            return GaveUp::Unknown;
        }
        let longest = self.attempts.iter().filter_map(|attempt| attempt.waited).max();
        let open = self.attempts.iter().filter(|attempt| attempt.waited.is_none());
        match (longest, open.map(|attempt| patience.saturating_sub(attempt.began)).max()) {
            (Some(longest), open) if open.is_none_or(|open| open <= longest) => GaveUp::After(longest),
            (_, Some(_)) => GaveUp::Never,
            (_, None) => GaveUp::Unknown,
        }
    }

    /// From the beginning of each attempt to that of the next.
    pub fn spacing(&self) -> Vec<Duration> {
        self.attempts.windows(2).map(|pair| pair[1].began.saturating_sub(pair[0].began)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gave_up(attempts: &[(u64, Option<u64>)]) -> GaveUp {
        let secs = Duration::from_secs;
        let attempt = |(began, waited): &(u64, Option<u64>)| Attempt {
            began: secs(*began),
            waited: waited.map(secs),
            how: AttemptEnd::Open,
        };
        let report = PhaseReport {
            phase: AuditPhase::Connect,
            made_by: String::new(),
            missed: None,
            attempts: attempts.iter().map(attempt).collect(),
            took: None,
            ended: None,
        };
        report.gave_up(secs(30))
    }

    /// The last attempt of a client that retries is open when patience ends: only one that is older than any other was says `never`.
    #[test]
    fn an_open_attempt_counts_by_its_age() {
        assert_eq!(
            gave_up(&[(0, Some(10)), (12, Some(8)), (25, None)]),
            GaveUp::After(Duration::from_secs(10))
        );
        assert_eq!(gave_up(&[(0, Some(10)), (12, None)]), GaveUp::Never);
        assert_eq!(gave_up(&[(0, None)]), GaveUp::Never);
        assert_eq!(gave_up(&[]), GaveUp::Unknown);
    }
}
