//! Logs: tracing events on stderr, for people or as JSON; a span per connection carries its service, client, ordinal and
//! bucket. While a live view has the terminal they are kept for it, so that they don't tear the picture.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use anstream::adapter::strip_str;
use tracing_subscriber::EnvFilter;

use super::args::{LogFormat, LoggingArgs};
use super::error::CliError;
use crate::base::limits::LOG_LINES_KEPT_MAX;

/// The lines that are kept, while they are.
static KEPT: Mutex<Option<VecDeque<String>>> = Mutex::new(None);

/// Where a log line goes.
struct LogWriter;

/// Starts logging for the whole process.
pub(super) fn start(args: &LoggingArgs) -> Result<(), CliError> {
    let filter = EnvFilter::try_new(&args.log)
        .map_err(|error| CliError::LogFilter { filter: args.log.clone(), reason: error.to_string() })?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| LogWriter);
    match args.log_format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().init(),
    }
    Ok(())
}

/// Keeps log lines from now on, or writes them again, those first that were kept.
pub(super) fn keep(keep: bool) {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let before = std::mem::replace(&mut *kept, keep.then(VecDeque::new));
    for line in before.into_iter().flatten() {
        let _unheard = writeln!(io::stderr(), "{line}");
    }
}

/// The lines that are kept, oldest first.
pub(super) fn kept() -> Vec<String> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).iter().flatten().cloned().collect()
}

// === impl LogWriter ===

impl Write for LogWriter {
    /// An event comes as a whole.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(lines) = kept.as_mut() else { return io::stderr().write(bytes) };
        let text = String::from_utf8_lossy(bytes);
        for line in strip_str(&text).to_string().lines() {
            if lines.len() == LOG_LINES_KEPT_MAX {
                lines.pop_front();
            }
            lines.push_back(line.to_owned());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
