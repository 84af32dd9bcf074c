//! Logs: tracing events on stderr, for people or as JSON; a span per connection carries its service, client, ordinal and
//! bucket.

use tracing_subscriber::EnvFilter;

use super::args::{LogFormat, LoggingArgs};
use super::error::CliError;

/// Starts logging for the whole process.
pub(super) fn start(args: &LoggingArgs) -> Result<(), CliError> {
    let filter = EnvFilter::try_new(&args.log)
        .map_err(|error| CliError::LogFilter { filter: args.log.clone(), reason: error.to_string() })?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match args.log_format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().init(),
    }
    Ok(())
}
