//! `brownout demo`: the whole story in under a minute, without anything of the user's own.
//!
//! An embedded HTTP service, a proxy, a scenario of sporadic failure, a monitor and two rules. One rule asks for three
//! failures in a row and stays silent; the other asks for a share of failures and fires. Then the incident that it is about, in
//! virtual time: which of the common rules would have known?

use std::convert::Infallible;
use std::fmt::Write as _;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::super::args::DemoArgs;
use super::super::error::CliError;
use super::super::play::Play;
use super::super::printer::Printer;
use super::run::runtime;
use crate::base::format_duration;
use crate::bench::{BenchOptions, bench};
use crate::event::BenchScores;
use crate::report::{Tally, scores_table};
use crate::scenario::{Overrides, load_text_with, shipped};

const STORY: &str = "\
On 2023-01-25 one command on one router made every router of Azure's WAN
recompute its tables. Customers saw sporadic timeouts for hours. A vendor's
availability monitor saw them too, but never enough of them in a row to meet
its thresholds: it took a person to notice, after 40 minutes.

Here it is in half a minute: a small HTTP service, brownout in front of it, and
a monitor that probes it twice a second. Now and then most flows go dark, for a
second. Two alert rules watch the same probes:
  sleepy     3 failures in a row
  watchful   a tenth of the probes of the last 15 s
";

/// The incident itself, as the library has it.
const INCIDENT: &str = "azure-wan-2023-01-25";

const WOULD_WE_HAVE_KNOWN: &str = "
That was half a minute. The incident took six hours: here it is in virtual time,
20 times over with other seeds, on a simulated WAN. Common alert rules watch a
path on which flows fail now and then:
";

const READ_ON: &str = "
Read on:
  brownout check demo                               what happened when
  brownout wan azure-wan-2023-01-25                 what the routers did, and to whom
  brownout bench azure-wan-2023-01-25               the same table from 100 replicas and a healthy year
  brownout scenarios                                more of them, to run around your own tests
  docs/scenario.md                                  how to write a scenario
";

pub(in crate::cli) fn run(args: &DemoArgs, printer: &mut Printer) -> Result<u8, CliError> {
    runtime()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let upstream = format!("portal={}", listener.local_addr()?);
        tokio::spawn(serve(listener));
        let service = upstream.parse().expect("a name and an address make a service");
        let overrides = Overrides { services: vec![service], ..Overrides::default() };
        let scenario = shipped("demo").expect("the library has the demo's scenario");
        let plan = load_text_with(scenario.name, scenario.text, &overrides)?;
        printer.note(STORY);
        let words = args.backend.words().map(|words| words.join(" "));
        let replay = ["brownout demo"].into_iter().chain(words.as_deref()).collect::<Vec<_>>().join(" ");
        let play = Play::with_progress(plan, None, replay, &args.outputs, &args.github, printer);
        let play = Play { backend: args.backend.choice(), ..play };
        let played = play.play(printer).await?;
        printer.data(&moral(&played.tally))?;
        printer.data(WOULD_WE_HAVE_KNOWN)?;
        let scores = incident()?;
        printer.data(&format!("\n{}", scores_table(&scores, &printer.view())))?;
        printer.data(&answer(&scores))?;
        printer.data(READ_ON)?;
        Ok(played.code)
    })
}

/// What there is to learn from what was observed.
fn moral(tally: &Tally) -> String {
    let Some((name, monitor)) = tally.monitors.first() else { return String::new() };
    let failed = monitor.probes - monitor.succeeded;
    let mut text = format!("\n{failed} of {} probes of {name} failed:\n", monitor.probes);
    for (name, detector) in &tally.detectors {
        let line = match detector.alarms.first() {
            None => format!("  {name} never noticed\n"),
            Some(alarm) => format!("  {name} noticed at {}\n", alarm.from),
        };
        text.push_str(&line);
    }
    text
}

/// The benchmark of the incident, small enough for a demo.
fn incident() -> Result<BenchScores, CliError> {
    let scenario = shipped(INCIDENT).expect("the library has the incident");
    let load =
        |seed| load_text_with(scenario.name, scenario.text, &Overrides { seed, ..Overrides::default() });
    let options = BenchOptions {
        worlds: 4,
        probe_seeds: 5,
        healthy: Duration::from_secs(30 * 86_400),
        deadlines: vec![Duration::from_secs(5 * 60), Duration::from_secs(40 * 60)],
        frontier: false,
        sensitivity: false,
    };
    Ok(bench(&load(None)?, &options, |seed| load(Some(seed)), |_, _| {})?)
}

/// Would we have known?
fn answer(scores: &BenchScores) -> String {
    let rules = || scores.detectors.iter().filter(|rule| rule.monitor.is_some());
    let mut text = String::from("\nWould you have known?\n");
    for rule in rules().filter(|rule| rule.median.value.is_none()) {
        let _ = writeln!(text, "  {} found it in {} of {}", rule.name, rule.found.count, rule.found.of);
    }
    let found = rules().filter_map(|rule| Some((rule, rule.median.value?, rule.false_alarms?)));
    if let Some((rule, median, alarms)) = found.min_by(|(_, a, _), (_, b, _)| a.total_cmp(b)) {
        let soon = format_duration(Duration::from_secs_f64(median));
        let (count, days) = (alarms.count, alarms.days);
        let name = &rule.name;
        let _ =
            writeln!(text, "  {name} found it after {soon}; false alarms in {days} healthy days: {count}");
    }
    text
}

/// Answers every request with `ok`.
async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let answer = |_: Request<hyper::body::Incoming>| async {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"ok\n"))))
        };
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), hyper::service::service_fn(answer));
        tokio::spawn(connection);
    }
}
