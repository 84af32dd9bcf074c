//! `brownout proxy`: a bad network in front of services, with faults from flags.
//!
//! On a terminal it has a live view; elsewhere, and around a wrapped command (whose output it would tear), lines.
//!
//! Exit codes: without a command, Ctrl-C or a signal is how a proxy is meant to end, so it ends with 0; with one, it ends
//! as `run` does: the command's failure is 1, an interruption 130.

use std::io::{self, IsTerminal as _};
use std::sync::{Arc, OnceLock};

use super::super::args::GithubArgs;
use super::super::error::CliError;
use super::super::lines::Lines;
use super::super::live::View;
use super::super::play::{Audience, Nobody, OnStart, Play};
use super::super::printer::Printer;
use super::super::proxy_args::ProxyArgs;
use super::run::runtime;
use crate::engine::{Command, Grouping, Output, SignalMeans};
use crate::report::recap;
use crate::scenario::Plan;

pub(in crate::cli) fn run(args: &ProxyArgs, printer: &mut Printer) -> Result<u8, CliError> {
    let plan = args.plan()?;
    let replay = args.replay(plan.seed.0);
    let wrapped = &args.fixed.wrapped;
    let grouping = if io::stdin().is_terminal() { Grouping::Shared } else { Grouping::Own };
    let command =
        (!wrapped.is_empty()).then(|| Command { words: wrapped.clone(), grouping, output: Output::Shared });
    let signal_means = if command.is_some() { SignalMeans::Interruption } else { SignalMeans::End };
    if let Some(end) = early_end(args, &plan) {
        printer.note(&end);
    }
    let terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    let (audience, on_start) =
        if terminal && args.want_view() && !printer.is_quiet() { view(printer) } else { lines(printer) };
    let play = Play {
        plan,
        command,
        replay,
        outputs: &args.fixed.outputs,
        github: &GithubArgs::default(),
        signal_means,
        backend: args.fixed.backend.choice(),
        audience,
        on_start,
        report: recap,
    };
    Ok(runtime()?.block_on(play.play(printer))?.code)
}

fn view(printer: &Printer) -> (Box<dyn Audience>, OnStart) {
    let view = View::default();
    let open = view.opener(printer.stderr_has_colour());
    (Box::new(view), Box::new(move |live| Ok(open(live)?)))
}

fn lines(printer: &Printer) -> (Box<dyn Audience>, OnStart) {
    if printer.is_quiet() {
        return (Box::new(Nobody), Box::new(|_| Ok(())));
    }
    let live = Arc::new(OnceLock::new());
    let lines = Lines::new(Arc::clone(&live));
    let on_start = move |started| {
        live.get_or_init(|| started);
        Ok(())
    };
    (Box::new(lines), Box::new(on_start))
}

/// A schedule that changes often makes a proxy end by itself, long before a year is over: nobody should be surprised.
fn early_end(args: &ProxyArgs, plan: &Plan) -> Option<String> {
    const NEVER: std::time::Duration = std::time::Duration::from_secs(365 * 86_400);
    let lasts = crate::base::Span(plan.duration);
    (!args.ends_by_flag() && plan.duration < NEVER)
        .then(|| format!("its schedules are drawn for {lasts}: it ends by itself then"))
}
