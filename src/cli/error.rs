//! Every expected way in which a command can fail, and its exit code.

use std::io;

use super::exit;
use crate::audit::AuditError;
use crate::bench::BenchError;
use crate::engine::EngineError;
use crate::event::JournalError;
use crate::scenario::LoadError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// A scenario that can't be used; it renders itself.
    #[error("{0}")]
    Scenario(Box<LoadError>),
    /// A log filter that can't be read.
    #[error("`{filter}` is no log filter: {reason}")]
    LogFilter {
        /// As given.
        filter: String,
        /// What is wrong.
        reason: String,
    },
    /// A scenario that can't be benchmarked.
    #[error("{0}")]
    Bench(BenchError),
    /// A client that can't be audited.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The run can't be set up.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A file can't be read or written; the message names it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A journal can't be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Something that goes by no name that is known.
    #[error("there is no {what} `{name}`; {hint}")]
    NoSuch {
        /// What was looked for.
        what: &'static str,
        /// As given.
        name: String,
        /// What to do about it.
        hint: String,
    },
    /// A scenario without a network.
    #[error("{0} has no WAN: add a `wan` section, such as `wan: {{ topology: global-backbone }}`")]
    NoWan(String),
    /// A time that is none of the scenario's.
    #[error("{from} is not before {until}")]
    Window {
        /// The instant.
        from: String,
        /// What it has to be before.
        until: String,
    },
    /// A journal holds no run.
    #[error("{0} holds no run: its first line should be the event `run_started`")]
    NoRun(String),
    /// A report can't be made.
    #[error("can't write the {what} report: {reason}")]
    Report {
        /// Which.
        what: &'static str,
        /// Why.
        reason: String,
    },
}

// === impl CliError ===

impl CliError {
    /// The exit code that it leads to.
    pub(super) const fn exit_code(&self) -> u8 {
        match self {
            Self::Scenario(_)
            | Self::Bench(_)
            | Self::LogFilter { .. }
            | Self::NoSuch { .. }
            | Self::NoRun(_)
            | Self::NoWan(_)
            | Self::Audit(AuditError::NoConnection(_) | AuditError::Endless(_))
            | Self::Window { .. }
            | Self::Engine(EngineError::VirtualOnly(_) | EngineError::VirtualRules(_)) => exit::USAGE,
            Self::Engine(_) | Self::Audit(_) | Self::Io(_) | Self::Journal(_) => exit::ENVIRONMENT,
            Self::Report { .. } => exit::INTERNAL,
        }
    }
}

impl From<BenchError> for CliError {
    fn from(error: BenchError) -> Self {
        match error {
            BenchError::Load(mistakes) => Self::Scenario(mistakes),
            other => Self::Bench(other),
        }
    }
}

impl From<LoadError> for CliError {
    fn from(error: LoadError) -> Self {
        Self::Scenario(Box::new(error))
    }
}
