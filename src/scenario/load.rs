//! From a file, or a text, to a [`Plan`]; or to everything that is wrong with it.
//!
//! A mistake of shape (YAML, an unknown key, a value without its unit) stops the reading and is told alone. Every other
//! mistake is collected, and all are told at once. What the command line overrides is checked with the file, not after.

use std::error::Error;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::address::{Listen, Named};
use super::files::TraceFiles;
use super::lower::{lower, lower_detectors_of};
use super::plan::{Plan, Upstream};
use super::raw::{RawDetectors, RawScenario};
use super::read::read;
use crate::base::Seed;
use crate::base::limits::SCENARIO_BYTES_MAX;
use crate::diag::{Code, Colour, Diagnostic, SourceFile, render};

/// What the command line changes in a scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// Another seed.
    pub seed: Option<Seed>,
    /// How many seconds of scenario time pass in one second.
    pub speed: Option<f64>,
    /// The run begins at this scenario time.
    pub from: Option<Duration>,
    /// The run ends at this scenario time.
    pub until: Option<Duration>,
    /// Where services really are.
    pub services: Vec<Named<Upstream>>,
    /// Where brownout listens.
    pub listens: Vec<Named<Listen>>,
}

/// A scenario that can't be used: what is wrong, and the text that it is wrong in. `Debug` shows it as `brownout check`
/// does, so that `expect` and `unwrap` in a test say what happened.
#[derive(Clone)]
pub struct LoadError {
    /// The file; its text is empty if it could not be read.
    pub file: SourceFile,
    /// What is wrong in it: at least one mistake, unless they are in [`Self::traces`].
    pub diagnostics: Vec<Diagnostic>,
    /// What is wrong in other files that it names.
    pub traces: Vec<(SourceFile, Vec<Diagnostic>)>,
}

/// Reads a scenario file.
pub fn load_file(path: &Path, overrides: &Overrides) -> Result<Plan, LoadError> {
    let folder = path.parent().map(Path::to_owned);
    load(read_text(path)?, overrides, TraceFiles::new(folder))
}

/// Reads a file that holds detectors alone, for the monitors of `plan`: a map `detectors`, as in a scenario. A detector that names
/// no monitor is on the first one.
pub fn load_detectors(path: &Path, plan: &mut Plan) -> Result<(), LoadError> {
    let file = read_text(path)?;
    let raw = match read::<RawDetectors>(&file) {
        Ok(raw) => raw,
        Err(mistake) => return Err(LoadError::one(file, *mistake)),
    };
    let mut files = TraceFiles::new(Some(path.parent().unwrap_or(Path::new("")).to_owned()));
    match lower_detectors_of(&file, &raw, plan, &mut files) {
        Ok((detectors, rules)) => {
            (plan.detectors, plan.rules) = (detectors, rules);
            Ok(())
        }
        Err(diagnostics) => Err(LoadError { file, diagnostics, traces: files.mistaken }),
    }
}

/// The text of a file that is not too large, and is text.
fn read_text(path: &Path) -> Result<SourceFile, LoadError> {
    let name = path.display().to_string();
    let unreadable = |message: String| {
        LoadError::one(SourceFile::new(name.as_str(), ""), Diagnostic::error(Code::Unreadable, message))
    };
    let mut bytes = Vec::new();
    let file = fs_err::File::open(path).map_err(|error| unreadable(io_message(&error)))?;
    let mut limited = file.take(SCENARIO_BYTES_MAX + 1);
    limited.read_to_end(&mut bytes).map_err(|error| unreadable(io_message(&error)))?;
    if bytes.len() as u64 > SCENARIO_BYTES_MAX {
        return Err(unreadable(too_large()));
    }
    String::from_utf8(bytes).map(|text| SourceFile::new(name.as_str(), text)).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].split(|byte| *byte == b'\n').count();
        unreadable(format!("the file is not UTF-8: its line {line} has bytes that are no characters"))
    })
}

/// Reads the text of a scenario. `name` is what messages call it.
pub fn load_text(name: &str, text: &str) -> Result<Plan, LoadError> {
    load_text_with(name, text, &Overrides::default())
}

/// Reads the text of a scenario, with changes.
pub fn load_text_with(name: &str, text: &str, overrides: &Overrides) -> Result<Plan, LoadError> {
    if text.len() as u64 > SCENARIO_BYTES_MAX {
        let unreadable = Diagnostic::error(Code::Unreadable, too_large());
        return Err(LoadError::one(SourceFile::new(name, ""), unreadable));
    }
    load(SourceFile::new(name, text), overrides, TraceFiles::new(None))
}

fn load(file: SourceFile, overrides: &Overrides, mut traces: TraceFiles) -> Result<Plan, LoadError> {
    let raw = match read::<RawScenario>(&file) {
        Ok(raw) => raw,
        Err(mistake) => return Err(LoadError::one(file, *mistake)),
    };
    lower(&file, &raw, overrides, &mut traces).map_err(|diagnostics| LoadError {
        file,
        diagnostics,
        traces: traces.mistaken,
    })
}

fn too_large() -> String {
    format!("the file is larger than {} MiB: this is no scenario", SCENARIO_BYTES_MAX >> 20)
}

/// What the system says, without the path: that stands beside it.
pub(super) fn io_message(error: &std::io::Error) -> String {
    let text = error.to_string();
    let reason = text.rsplit_once("`: ").map_or(text.as_str(), |(_, reason)| reason);
    format!(
        "the file can't be read: {}",
        reason.split(" (os error").next().unwrap_or_default().to_lowercase()
    )
}

// === impl LoadError ===

impl LoadError {
    fn one(file: SourceFile, mistake: Diagnostic) -> Self {
        Self { file, diagnostics: vec![mistake], traces: Vec::new() }
    }

    /// All mistakes, as a person reads them.
    pub fn render(&self, colour: Colour) -> String {
        let files = std::iter::once((&self.file, &self.diagnostics));
        let all = files.chain(self.traces.iter().map(|(file, mistakes)| (file, mistakes)));
        let texts = all.map(|(file, mistakes)| render(file, mistakes, colour));
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// The name of the file.
    pub fn name(&self) -> &Arc<str> {
        &self.file.name
    }
}

impl fmt::Debug for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.render(Colour::Plain))
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = self.diagnostics.iter().map(|mistake| (&self.file, mistake));
        let others = self.traces.iter().flat_map(|(file, told)| told.iter().map(move |one| (file, one)));
        let mut all = own.chain(others);
        let Some((file, first)) = all.next() else { return write!(f, "{}", self.file.name) };
        write!(f, "{}: {}", file.name, first.message)?;
        match all.count() {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}

impl Error for LoadError {}
