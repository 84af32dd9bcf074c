//! The arguments of `brownout audit`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use crate::audit::Expected;
use crate::base::Span;
use crate::event::AuditPhase;
use crate::scenario::{AddressError, Upstream};

/// Arguments of `brownout audit`.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct AuditArgs {
    /// Where the service really is: HOST:PORT, or a port of this machine
    #[arg(long, value_name = "UPSTREAM", value_parser = parse_upstream)]
    pub(super) to: Upstream,
    /// How long each phase lasts at most
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(super) patience: Span,
    /// Play these phases only, and those that something is expected of
    #[arg(long = "phase", value_name = "PHASE", value_delimiter = ',', value_enum)]
    pub(super) phases: Vec<PhaseArg>,
    /// What is expected of a phase, such as `connect<=5s`; may be given several times
    #[arg(long = "expect", value_name = "PHASE<=TIME")]
    pub(super) expected: Vec<Expected>,
    /// Write all figures as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Write a JUnit report: a case for each expectation
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Show on stderr what the command writes
    #[arg(long)]
    pub(super) show_output: bool,
    /// The client: it is run once without a fault and once for each phase, and must end by itself where nothing is wrong. Write
    /// `{host}` and `{port}` where it is told where to connect
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(super) wrapped: Vec<OsString>,
}

/// A phase of an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PhaseArg(AuditPhase);

// === impl PhaseArg ===

impl PhaseArg {
    pub(super) const fn get(self) -> AuditPhase {
        self.0
    }
}

impl ValueEnum for PhaseArg {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [PhaseArg; AuditPhase::ALL.len()] = {
            let mut all = [PhaseArg(AuditPhase::Connect); AuditPhase::ALL.len()];
            let mut n = 0;
            while n < all.len() {
                all[n] = PhaseArg(AuditPhase::ALL[n]);
                n += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.name()).help(self.0.about()))
    }
}

/// An upstream as `brownout proxy --to` reads it: `3000` is a port of this machine.
fn parse_upstream(text: &str) -> Result<Upstream, AddressError> {
    if text.parse::<u16>().is_ok() { format!("localhost:{text}").parse() } else { text.parse() }
}
