//! A rules file: from YAML text to rules that can be evaluated, or to everything that is wrong with it.
//!
//! The format is Prometheus' own: `groups`, each with `name`, `interval` and `rules`, each either an alert (`alert`,
//! `expr`, `for`, `keep_firing_for`, `labels`, `annotations`) or a recording (`record`, `expr`, `labels`). A mistake of
//! shape stops the reading and is told alone, as in scenario files; every other one is collected, and all are told at
//! once, with line and column also inside an expression, whatever style the YAML has.
//!
//! Annotations are kept as they are written: they play no part in when a rule fires.

mod check;
mod duration;
mod placed;
mod raw;

pub(super) use check::is_name;

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(super) use duration::format_prometheus_duration;

use super::expr::Expr;
use super::template::Template;
use crate::base::limits::RULE_FILE_BYTES_MAX;
use crate::diag::{Code, Colour, Diagnostic, SourceFile, SourceSpan, render};

/// A rules file that brownout can evaluate.
#[derive(Clone, Debug)]
pub struct RuleFile {
    /// Its groups, in the order of the file.
    pub groups: Vec<Group>,
    /// The text that it was read from; places in it are told of dead rules.
    pub source: SourceFile,
}

/// Rules that are evaluated together, in their order.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name, once in a file.
    pub name: Arc<str>,
    /// How often it is evaluated, if it says so.
    pub interval: Option<Duration>,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The alert's name, or the recorded metric's.
    pub name: Arc<str>,
    /// What it does with the result of its expression.
    pub kind: RuleKind,
    /// The expression as written.
    pub text: Arc<str>,
    /// Where the expression stands.
    pub span: SourceSpan,
    /// Labels that it adds or replaces; of a recording rule, without templates.
    pub(super) labels: Vec<(Arc<str>, Template)>,
    pub(super) expr: Expr,
    /// For each byte of `text`, its place in the file.
    pub(super) places: Vec<usize>,
}

/// What a rule makes of its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleKind {
    /// An alert for every series of the result.
    Alert {
        /// How long a series must be there before the alert fires.
        hold: Duration,
        /// How long it fires on when the series is gone.
        keep: Duration,
        /// Its annotations, as they are written.
        annotations: Vec<(String, String)>,
    },
    /// A metric of that name.
    Record,
}

/// A rules file that can't be used: what is wrong, and the text that it is wrong in.
#[derive(Clone)]
pub struct RuleFileError {
    /// The file.
    pub file: SourceFile,
    /// What is wrong: at least one mistake.
    pub diagnostics: Vec<Diagnostic>,
}

// === impl RuleFile ===

impl RuleFile {
    /// Reads the text of a rules file. `name` is what messages call it.
    pub fn parse(name: &str, text: &str) -> Result<Self, RuleFileError> {
        if text.len() > RULE_FILE_BYTES_MAX {
            let limit = RULE_FILE_BYTES_MAX >> 20;
            let told = format!("the rules file is larger than {limit} MiB (RULE_FILE_BYTES_MAX)");
            let diagnostics = vec![Diagnostic::error(Code::Unreadable, told)];
            return Err(RuleFileError { file: SourceFile::new(name, ""), diagnostics });
        }
        let source = SourceFile::new(name, text);
        let raw = match raw::read(&source) {
            Ok(raw) => raw,
            Err(mistake) => return Err(RuleFileError { file: source, diagnostics: vec![*mistake] }),
        };
        match check::check(&source, raw) {
            Ok(groups) => Ok(Self { groups, source }),
            Err(diagnostics) => Err(RuleFileError { file: source, diagnostics }),
        }
    }

    /// What messages call the file.
    pub const fn name(&self) -> &Arc<str> {
        &self.source.name
    }

    /// Every rule, in the order of evaluation.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.groups.iter().flat_map(|group| &group.rules)
    }
}

// === impl Rule ===

impl Rule {
    /// Whether this is an alert.
    pub fn is_alert(&self) -> bool {
        matches!(self.kind, RuleKind::Alert { .. })
    }

    /// The place in the file of a stretch of the expression.
    pub(super) fn place(&self, start: usize, end: usize) -> SourceSpan {
        placed::file_span(&self.places, start, end)
    }
}

// === impl RuleFileError ===

impl RuleFileError {
    /// All mistakes, as a person reads them.
    pub fn render(&self, colour: Colour) -> String {
        render(&self.file, &self.diagnostics, colour)
    }
}

impl fmt::Debug for RuleFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.render(Colour::Plain))
    }
}

impl fmt::Display for RuleFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.diagnostics.first().map_or("", |mistake| mistake.message.as_str());
        match self.diagnostics.len() {
            0 | 1 => write!(f, "{}: {first}", self.file.name),
            count => write!(f, "{}: {first} (and {} more)", self.file.name, count - 1),
        }
    }
}

impl Error for RuleFileError {}
