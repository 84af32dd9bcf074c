//! Plays a plan and reports it: what `run` and `demo` share.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use fs_err::File;

use super::args::{GithubArgs, OutputArgs, ReportFiles};
use super::error::CliError;
use super::printer::{Printer, plain_line};
use super::progress::Progress;
use super::signals;
use crate::base::SimTime;
use crate::engine::{self, Command, RunOptions, SignalMeans};
use crate::event::{Entry, Event, JournalWriter, Sink};
use crate::judge::{Judge, exit_code};
use crate::report::{Tally, annotations, json, junit, step_summary, summary};
use crate::scenario::Plan;

/// A plan, and how to play it.
pub(super) struct Play<'a> {
    pub(super) plan: Plan,
    pub(super) command: Option<Command>,
    pub(super) replay: String,
    pub(super) outputs: &'a OutputArgs,
    pub(super) github: &'a GithubArgs,
}

/// A run that is over and reported.
pub(super) struct Played {
    /// The exit code that it leads to.
    pub(super) code: u8,
    /// What was observed.
    pub(super) tally: Tally,
}

/// Everybody who sees the events.
struct Sinks {
    journal: Option<JournalWriter>,
    judge: Judge,
    tally: Tally,
    progress: Progress,
}

/// Report files, created before the run so that an unwritable path fails in its first second.
pub(super) struct OpenReports {
    junit: Option<File>,
    json: Option<File>,
}

// === impl Play ===

impl Play<'_> {
    /// Plays it to its end on the current runtime, and reports it.
    pub(super) async fn play(self, printer: &mut Printer) -> Result<Played, CliError> {
        let reports = OpenReports::create(&self.outputs.reports)?;
        let journal = self.outputs.journal.as_deref().map(JournalWriter::create).transpose()?;
        let clock = self.plan.clock;
        let sinks = Sinks {
            journal,
            judge: Judge::new(&self.plan.expectations),
            tally: Tally::new(),
            progress: Progress::new(clock.from, clock.until, clock.speed),
        };
        printer.note(&format!("seed {}; again: {}", self.plan.seed.0, self.replay));
        let options = RunOptions {
            command: self.command,
            replay: self.replay,
            began: jiff::Timestamp::now().to_string(),
            signals: signals::watch_all()?,
            signal_means: SignalMeans::Interruption,
        };
        let finished = engine::run(Arc::new(self.plan), options, sinks).await?;
        let mut sinks = finished.sink;
        sinks.progress.clear();
        // A run may end long after its last event.
        sinks.judge.tick(finished.ended);
        let verdicts = sinks.judge.verdicts(finished.events_lost);
        let code = exit_code(&verdicts, finished.reason);
        for verdict in verdicts {
            sinks.keep(&Event::Verdict(Box::new(verdict)).at(finished.ended));
        }
        let ended =
            Event::RunEnded { reason: finished.reason, exit_code: code, events_lost: finished.events_lost };
        sinks.keep(&ended.at(finished.ended));
        printer.data(&summary(&sinks.tally, &printer.view()))?;
        reports.write(&sinks.tally)?;
        report_to_github(self.github, &sinks.tally, printer)?;
        if let Some(journal) = sinks.journal {
            journal.finish()?;
        }
        Ok(Played { code, tally: sinks.tally })
    }
}

fn report_to_github(github: &GithubArgs, tally: &Tally, printer: &mut Printer) -> Result<(), CliError> {
    if !github.active() {
        return Ok(());
    }
    printer.data(&annotations(tally))?;
    if let Some(path) = &github.github_step_summary {
        // Other steps of the job write here, too.
        let mut file = fs_err::OpenOptions::from_options(append()).open(path)?;
        file.write_all(step_summary(tally).as_bytes())?;
    }
    Ok(())
}

fn append() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    options
}

// === impl OpenReports ===

impl OpenReports {
    pub(super) fn create(files: &ReportFiles) -> Result<Self, CliError> {
        let create =
            |path: &Option<std::path::PathBuf>| path.as_deref().map(File::create::<&Path>).transpose();
        Ok(Self { junit: create(&files.junit)?, json: create(&files.json)? })
    }

    pub(super) fn write(self, tally: &Tally) -> Result<(), CliError> {
        if let Some(mut file) = self.junit {
            let text = junit(tally).map_err(|e| CliError::Report { what: "JUnit", reason: e.to_string() })?;
            file.write_all(text.as_bytes())?;
        }
        if let Some(mut file) = self.json {
            let text = json(tally).map_err(|e| CliError::Report { what: "JSON", reason: e.to_string() })?;
            file.write_all(text.as_bytes())?;
        }
        Ok(())
    }
}

// === impl Sinks ===

impl Sinks {
    /// Takes an event without showing progress.
    fn keep(&mut self, entry: &Entry) {
        if let Some(journal) = &mut self.journal {
            journal.write(entry, entry.t.since_start());
        }
        self.tally.record(entry);
    }
}

impl Sink for Sinks {
    fn record(&mut self, entry: &Entry) {
        self.keep(entry);
        self.judge.record(entry);
        if let Event::RunStarted(header) = &entry.event {
            for service in &header.services {
                plain_line(&format!("{}  {} → {}", service.name, service.listen, service.upstream));
            }
        }
        self.progress.show(&self.tally, entry.t);
    }

    fn tick(&mut self, now: SimTime) {
        if let Some(journal) = &mut self.journal {
            journal.flush_if_due(now.since_start());
        }
        self.progress.show(&self.tally, now);
    }
}
