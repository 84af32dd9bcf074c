//! The command line's shape. Doc comments are the help that users read.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use super::alarm_budget::AlarmBudget;
use super::audit_args::AuditArgs;
use super::proxy_args::ProxyArgs;
use crate::base::Span;
use crate::engine::BackendChoice;
use crate::scenario::{Listen, Named, Upstream};

/// A WAN fault testbed: do your timeouts and your alerts notice when the network fails the way real WANs fail?
#[derive(Debug, Parser)]
#[command(
    name = "brownout",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 all expectations met; 1 an expectation not met; 2 wrong usage or an invalid file; \
                  3 the environment failed; 4 an internal error; 130 interrupted."
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) logging: LoggingArgs,
    /// When to colour the output (the variable `NO_COLOR` is honoured).
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColourChoice,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColourChoice {
    /// On a terminal.
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// Logs, on stderr.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct LoggingArgs {
    /// What to log: a level (error, warn, info, debug, trace) or a filter such as `brownout::proxy=debug`.
    #[arg(long, global = true, value_name = "FILTER", env = "BROWNOUT_LOG", default_value = "warn")]
    pub(super) log: String,
    /// How to log.
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub(super) log_format: LogFormat,
    /// Say nothing on stderr but errors and what is logged: no progress, no hints
    #[arg(short, long, global = true)]
    quiet: bool,
}

/// What may stand on stderr beside logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verbosity {
    /// Progress, hints and errors.
    Normal,
    /// Errors.
    Quiet,
    /// Nothing: errors are log lines, too.
    LogsOnly,
}

/// How to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The whole story in under a minute, on an embedded test service: sporadic failure, a sleepy alert, a better one
    Demo(DemoArgs),
    /// Run a scenario against real services
    Run(RunArgs),
    /// Put a bad network in front of services, with faults from flags
    Proxy(ProxyArgs),
    /// Benchmark detectors in virtual time: how soon they find what a scenario does, how often they cry wolf
    Bench(BenchArgs),
    /// Tune detectors: the parameter that finds soonest within a budget of false alarms
    Tune(TuneArgs),
    /// Measure how long a client waits, phase by phase: what its timeouts really are
    Audit(AuditArgs),
    /// Check a scenario, and draw what will happen when
    Check(CheckArgs),
    /// Simulate the routing of a scenario alone: who loses what, when, and why
    Wan(WanArgs),
    /// Report a run again, from its journal
    Report(ReportArgs),
    /// List the kinds of faults, or show one with its keys and an example
    Faults(FaultsArgs),
    /// List the kinds of detectors, or show one with its keys, its presets and an example
    Detectors(DetectorsArgs),
    /// List the scenarios that are built in, or show one
    Scenarios(ScenariosArgs),
    /// Tell what this machine can do, and how to get the rest
    Doctor(DoctorArgs),
    /// Print the JSON Schema of scenario files, for editors
    Schema,
}

/// A major version of Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum PrometheusVersion {
    /// Windows hold both their ends.
    #[value(name = "2.x")]
    V2,
    /// Windows don't hold their older end.
    #[value(name = "3.x")]
    V3,
}

/// Arguments of `brownout bench`.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct BenchArgs {
    /// Scenarios: files, or names of those that are built in; without detectors of its own, a standard set is compared on the
    /// first monitor
    #[arg(required = true, value_name = "SCENARIO")]
    pub(super) scenarios: Vec<PathBuf>,
    /// Judge the detectors of this file (a YAML map `detectors`) instead of the scenarios' own; those that name no monitor are on
    /// the first
    #[arg(long, value_name = "FILE")]
    pub(super) detectors: Option<PathBuf>,
    /// How often each scenario is played, with seeds of its own: ten sets of probes for each seed of the scenario
    #[arg(long, value_name = "N", default_value = "100")]
    pub(super) replicas: usize,
    /// How many days without a fault are played, to count false alarms
    #[arg(long, value_name = "N", default_value = "365")]
    pub(super) healthy_days: u32,
    /// Tell how often a detector fires within these times
    #[arg(long = "within", value_name = "TIME", value_delimiter = ',', default_value = "5m,15m,40m")]
    pub(super) deadlines: Vec<Span>,
    /// Move each detector's main parameter as well: time to detect against false alarms
    #[arg(long)]
    pub(super) frontier: bool,
    /// Try failures of all sizes as well: how likely a share of dark flows is found that lasts so long
    #[arg(long)]
    pub(super) sensitivity: bool,
    /// The first seed
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// A Prometheus rules file: each of its alerts is judged on the series of each monitor, beside the detectors
    #[arg(long, value_name = "FILE")]
    pub(super) rules: Option<PathBuf>,
    /// How often a group of rules without an `interval` is evaluated
    #[arg(long, value_name = "TIME", default_value = "1m", requires = "rules")]
    pub(super) evaluation_interval: Span,
    /// Which major version of Prometheus is followed where they differ
    #[arg(long, value_enum, value_name = "VERSION", default_value = "3.x", requires = "rules")]
    pub(super) prometheus: PrometheusVersion,
    /// Write the series of the first replica for a real Prometheus to import
    #[arg(long, num_args = 2, value_names = ["FORMAT", "FILE"])]
    pub(super) export: Option<Vec<PathBuf>>,
    /// Write all figures as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Write a row for each detector as CSV; what `--frontier` and `--sensitivity` find goes to files beside it
    /// (`scores.frontier.csv`)
    #[arg(long, value_name = "FILE")]
    pub(super) csv: Option<PathBuf>,
    /// Write a page (HTML) with plots, complete in itself
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// Write a JUnit report: a case for each expectation of the scenarios
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
}

/// Arguments of `brownout tune`.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct TuneArgs {
    /// Scenarios: files, or names of those that are built in. A value is as good as in the scenario in which it is worst
    #[arg(required = true, value_name = "SCENARIO")]
    pub(super) scenarios: Vec<PathBuf>,
    /// Tune the detectors of this file (a YAML map `detectors`) instead of the scenarios' own
    #[arg(long, value_name = "FILE")]
    pub(super) detectors: Option<PathBuf>,
    /// How many false alarms are allowed in which time
    #[arg(long, value_name = "COUNT/TIME", default_value = "1/30d")]
    pub(super) false_alarms: AlarmBudget,
    /// How often each scenario is played in each of the two rounds
    #[arg(long, value_name = "N", default_value = "100")]
    pub(super) replicas: usize,
    /// How many days without a fault are played in each of the two rounds
    #[arg(long, value_name = "N", default_value = "365")]
    pub(super) healthy_days: u32,
    /// The first seed
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Write all figures as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
}

/// Arguments of `brownout doctor`.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct DoctorArgs {
    /// Write what was found as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
}

/// Arguments of `brownout demo`.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct DemoArgs {
    #[command(flatten)]
    pub(super) backend: BackendArgs,
    #[command(flatten)]
    pub(super) outputs: OutputArgs,
    #[command(flatten)]
    pub(super) github: GithubArgs,
}

/// Arguments of `brownout run`.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct RunArgs {
    /// The scenario: a file, or the name of one that is built in (see `brownout scenarios`)
    pub(super) scenario: PathBuf,
    #[command(flatten)]
    pub(super) overrides: OverrideArgs,
    #[command(flatten)]
    pub(super) backend: BackendArgs,
    #[command(flatten)]
    pub(super) outputs: OutputArgs,
    #[command(flatten)]
    pub(super) github: GithubArgs,
    /// A command to run meanwhile. It gets BROWNOUT_<SERVICE> (host:port) and BROWNOUT_<SERVICE>_URL in its environment;
    /// the run ends with it, and its failure fails the run
    #[arg(last = true, value_name = "CMD")]
    pub(super) wrapped: Vec<OsString>,
}

/// What the command line changes in a scenario.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(super) struct OverrideArgs {
    /// Where a service really is, instead of the file's upstream; without NAME, the only service
    #[arg(long = "service", value_name = "[NAME=]HOST:PORT")]
    pub(super) services: Vec<Named<Upstream>>,
    /// Where brownout listens for a service, instead of the file's address; port 0 lets the kernel choose
    #[arg(long = "listen", value_name = "[NAME=]HOST:PORT")]
    pub(super) listens: Vec<Named<Listen>>,
    /// The seed of all draws
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Compress the timeline and the monitors' intervals (injected delays and timeouts stay as they are)
    #[arg(long, value_name = "FACTOR", value_parser = parse_speed, conflicts_with_all = ["from", "until"])]
    pub(super) speed: Option<f64>,
    /// Play an excerpt at true speed: from this scenario time
    #[arg(long, value_name = "TIME")]
    pub(super) from: Option<Span>,
    /// Play an excerpt at true speed: until this scenario time
    #[arg(long, value_name = "TIME")]
    pub(super) until: Option<Span>,
}

/// Who makes dropped segments.
#[derive(Clone, Copy, Debug, Default, ClapArgs)]
pub(super) struct BackendArgs {
    /// Who makes blackholes and loss (see docs/backends.md)
    #[arg(long, value_name = "WHO", default_value = "userspace")]
    pub(super) backend: BackendArg,
}

/// Who makes dropped segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum BackendArg {
    /// The kernel if it may be asked to, else user space; the report says which
    Auto,
    /// The kernel drops segments: clients retransmit, connects time out
    Kernel,
    /// brownout accepts, and holds bytes back
    #[default]
    Userspace,
}

/// Files to write beside the summary on stdout.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(super) struct OutputArgs {
    /// Write every event to this file, as JSON lines; any report can be made from it again
    #[arg(long, value_name = "FILE")]
    pub(super) journal: Option<PathBuf>,
    #[command(flatten)]
    pub(super) reports: ReportFiles,
}

/// Reports to write.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(super) struct ReportFiles {
    /// Write a JUnit report to this file
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Write a JSON report to this file
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
}

/// What GitHub Actions says of itself.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(super) struct GithubArgs {
    #[arg(long, hide = true, env = "GITHUB_ACTIONS", hide_env = true)]
    pub(super) github_actions: Option<String>,
    #[arg(long, hide = true, env = "GITHUB_STEP_SUMMARY", hide_env = true)]
    pub(super) github_step_summary: Option<PathBuf>,
}

/// Arguments of `brownout check`.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct CheckArgs {
    /// The scenarios: files, or names of those that are built in
    #[arg(required = true)]
    pub(super) scenarios: Vec<PathBuf>,
}

/// Arguments of `brownout wan`.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct WanArgs {
    /// The scenario: a file, or the name of one that is built in (see `brownout scenarios`)
    pub(super) scenario: PathBuf,
    /// The seed of all draws
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Look at the time from here on
    #[arg(long, value_name = "TIME")]
    pub(super) from: Option<Span>,
    /// Look at the time until here
    #[arg(long, value_name = "TIME")]
    pub(super) until: Option<Span>,
    /// How many pairs of sites to show, worst first
    #[arg(long, value_name = "N", default_value_t = 15)]
    pub(super) pairs: usize,
    /// Show all pairs
    #[arg(long, conflicts_with = "pairs")]
    pub(super) all: bool,
    /// Only pairs of these sites
    #[arg(long, value_name = "SITE,…", value_delimiter = ',')]
    pub(super) sites: Vec<String>,
    /// How many lines of the trace to show; 0: none
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub(super) steps: usize,
    /// Only steps of these routers; a site's name stands for all of its routers
    #[arg(long, value_name = "ROUTER,…", value_delimiter = ',')]
    pub(super) routers: Vec<String>,
    /// Show the walk of a packet between two sites, hop by hop, bucket by bucket, both ways
    #[arg(long, value_names = ["FROM", "TO"], num_args = 2)]
    pub(super) trace: Option<Vec<String>>,
    /// The instant of the walk, and of the network in the picture; when most is lost, if left out
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<Span>,
    /// Print JSON, for programs
    #[arg(long)]
    pub(super) json: bool,
    /// Draw loss over time, and the network at one instant, into this SVG file
    #[arg(long, value_name = "FILE")]
    pub(super) svg: Option<PathBuf>,
}

/// Arguments of `brownout faults`.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct FaultsArgs {
    /// Show this one
    pub(super) name: Option<String>,
    /// Print all of them as the page `docs/faults.md`
    #[arg(long, conflicts_with = "name")]
    pub(super) markdown: bool,
}

/// Arguments of `brownout detectors`.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct DetectorsArgs {
    /// Show this one
    pub(super) name: Option<String>,
    /// Print all of them as the page `docs/detectors.md`
    #[arg(long, conflicts_with = "name")]
    pub(super) markdown: bool,
}

/// Arguments of `brownout scenarios`.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct ScenariosArgs {
    /// Show this one
    pub(super) name: Option<String>,
}

/// Arguments of `brownout report`.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct ReportArgs {
    /// The journal of a run
    pub(super) journal: PathBuf,
    #[command(flatten)]
    pub(super) reports: ReportFiles,
}

fn parse_speed(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix(['x', '×']).unwrap_or(text);
    match number.parse::<f64>() {
        Ok(speed) if (0.01..=10_000.0).contains(&speed) => Ok(speed),
        _ => Err(format!("expected a factor from 0.01 to 10000, such as `60`, found `{text}`")),
    }
}

// === impl Args ===

impl Args {
    pub(super) const fn colour(&self) -> ColourChoice {
        self.color
    }
}

// === impl LoggingArgs ===

impl LoggingArgs {
    /// Whoever reads JSON line by line wants nothing else between.
    pub(super) const fn verbosity(&self) -> Verbosity {
        match (self.log_format, self.quiet) {
            (LogFormat::Json, _) => Verbosity::LogsOnly,
            (LogFormat::Text, true) => Verbosity::Quiet,
            (LogFormat::Text, false) => Verbosity::Normal,
        }
    }
}

// === impl BackendArgs ===

impl BackendArgs {
    pub(super) const fn choice(self) -> BackendChoice {
        match self.backend {
            BackendArg::Auto => BackendChoice::Auto,
            BackendArg::Kernel => BackendChoice::Kernel,
            BackendArg::Userspace => BackendChoice::UserSpace,
        }
    }

    /// The words that repeat it, if it was asked for.
    pub(super) const fn words(self) -> Option<[&'static str; 2]> {
        match self.backend {
            BackendArg::Auto => Some(["--backend", "auto"]),
            BackendArg::Kernel => Some(["--backend", "kernel"]),
            BackendArg::Userspace => None,
        }
    }
}

// === impl GithubArgs ===

impl GithubArgs {
    /// Whether this is a job of GitHub Actions.
    pub(super) fn active(&self) -> bool {
        self.github_actions.as_deref() == Some("true")
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_speed_is_a_factor() {
        assert_eq!(parse_speed("60x"), Ok(60.0));
        for text in ["0", "-1", "NaN", "inf", "fast", "1e9"] {
            assert!(parse_speed(text).is_err(), "{text}");
        }
    }
}
