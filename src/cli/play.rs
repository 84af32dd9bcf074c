//! Plays a plan and reports it: what `run`, `demo` and `proxy` share.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::args::{GithubArgs, OutputArgs, ReportFiles};
use super::error::CliError;
use super::out_file::OutFile;
use super::printer::Printer;
use super::progress::Progress;
use super::signals;
use crate::base::SimTime;
use crate::base::limits::DRAIN_MAX;
use crate::engine::{self, BackendChoice, Command, Live, RunOptions, SignalMeans};
use crate::event::{Entry, Event, JournalWriter, Sink};
use crate::judge::{Judge, exit_code};
use crate::report::{Tally, View, annotations, json, junit, step_summary, summary};
use crate::scenario::{Plan, ScenarioClock};

/// A plan, and how to play it.
pub(super) struct Play<'a> {
    pub(super) plan: Plan,
    pub(super) command: Option<Command>,
    pub(super) replay: String,
    pub(super) outputs: &'a OutputArgs,
    pub(super) github: &'a GithubArgs,
    pub(super) signal_means: SignalMeans,
    pub(super) backend: BackendChoice,
    /// Who shows it while it goes on.
    pub(super) audience: Box<dyn Audience>,
    /// Gets a hand on the run when it has begun.
    pub(super) on_start: OnStart,
    /// What is printed when it is over.
    pub(super) report: fn(&Tally, &View) -> String,
}

/// What is done with a run that has begun.
pub(super) type OnStart = Box<dyn FnOnce(Live) -> Result<(), CliError> + Send>;

/// Shows a run while it goes on.
pub(super) trait Audience: Send {
    /// Something happened.
    fn record(&mut self, entry: &Entry, tally: &Tally);

    /// Nothing has happened for a moment.
    fn tick(&mut self, now: SimTime, tally: &Tally);

    /// The run is over: the terminal is needed for its report.
    fn end(&mut self) {}
}

/// Shows nothing.
pub(super) struct Nobody;

/// A run that is over and reported.
pub(super) struct Played {
    /// The exit code that it leads to.
    pub(super) code: u8,
    /// What was observed.
    pub(super) tally: Tally,
}

/// Everybody who sees the events.
struct Sinks {
    journal: Option<JournalWriter<OutFile>>,
    clock: ScenarioClock,
    judge: Judge,
    tally: Tally,
    audience: Box<dyn Audience>,
}

/// Report files, opened before the run.
pub(super) struct OpenReports {
    junit: Option<OutFile>,
    json: Option<OutFile>,
}

// === impl Play ===

impl<'a> Play<'a> {
    /// A scenario with a line of progress, reported as a whole.
    pub(super) fn with_progress(
        plan: Plan,
        command: Option<Command>,
        replay: String,
        outputs: &'a OutputArgs,
        github: &'a GithubArgs,
        printer: &Printer,
    ) -> Self {
        let audience: Box<dyn Audience> =
            if printer.is_quiet() { Box::new(Nobody) } else { Box::new(Progress::new(&plan.clock)) };
        let signal_means = SignalMeans::Interruption;
        let (on_start, backend) = (Box::new(|_| Ok(())), BackendChoice::default());
        Self {
            plan,
            command,
            replay,
            outputs,
            github,
            signal_means,
            backend,
            audience,
            on_start,
            report: summary,
        }
    }

    /// Plays it to its end on the current runtime, and reports it.
    pub(super) async fn play(self, printer: &mut Printer) -> Result<Played, CliError> {
        let reports = OpenReports::create(&self.outputs.reports)?;
        let journal = self.outputs.journal.as_deref().map(OutFile::open).transpose()?;
        let sinks = Sinks {
            journal: journal.map(JournalWriter::new),
            clock: self.plan.clock,
            judge: Judge::new(&self.plan.expectations),
            tally: Tally::new(),
            audience: self.audience,
        };
        printer.note(&format!("seed {}; again: {}", self.plan.seed.0, self.replay));
        let options = RunOptions {
            command: self.command,
            replay: self.replay,
            began: jiff::Timestamp::now().to_string(),
            signals: signals::watch_all()?,
            signal_means: self.signal_means,
            drain_max: DRAIN_MAX,
            backend: self.backend,
        };
        let started = engine::start(Arc::new(self.plan), options, sinks).await?;
        (self.on_start)(started.live())?;
        let finished = started.finish().await;
        let mut sinks = finished.sink;
        sinks.audience.end();
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
        printer.data(&(self.report)(&sinks.tally, &printer.view()))?;
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
        let open = |path: &Option<PathBuf>| path.as_deref().map(OutFile::open).transpose();
        Ok(Self { junit: open(&files.junit)?, json: open(&files.json)? })
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

impl Audience for Nobody {
    fn record(&mut self, _entry: &Entry, _tally: &Tally) {}

    fn tick(&mut self, _now: SimTime, _tally: &Tally) {}
}

// === impl Sinks ===

impl Sinks {
    /// Takes an event without showing progress.
    fn keep(&mut self, entry: &Entry) {
        if let Some(journal) = &mut self.journal {
            journal.write(entry, self.clock.to_run(entry.t).since_start());
        }
        self.tally.record(entry);
    }
}

impl Sink for Sinks {
    fn record(&mut self, entry: &Entry) {
        self.keep(entry);
        self.judge.record(entry);
        self.audience.record(entry, &self.tally);
    }

    fn tick(&mut self, now: SimTime) {
        if let Some(journal) = &mut self.journal {
            journal.flush_if_due(self.clock.to_run(now).since_start());
        }
        self.audience.tick(now, &self.tally);
    }
}
