//! `brownout run`: a scenario against real services, with or without a command to wrap.

use std::io::{self, IsTerminal as _};

use super::super::args::{OverrideArgs, RunArgs};
use super::super::error::CliError;
use super::super::play::Play;
use super::super::printer::Printer;
use super::super::replay;
use crate::base::{Seed, Span};
use crate::engine::{Command, EngineError, Grouping, Output};
use crate::scenario::{Overrides, load_scenario};

pub(in crate::cli) fn run(args: &RunArgs, printer: &mut Printer) -> Result<u8, CliError> {
    let plan = load_scenario(&args.scenario, &overrides(&args.overrides))?;
    let replay = replay::of_run(&args.scenario, plan.seed.0, &args.overrides, args.backend, &args.wrapped);
    let grouping = if io::stdin().is_terminal() { Grouping::Shared } else { Grouping::Own };
    let command = (!args.wrapped.is_empty()).then(|| Command {
        words: args.wrapped.clone(),
        grouping,
        output: Output::Shared,
    });
    let play = Play::with_progress(plan, command, replay, &args.outputs, &args.github, printer);
    let play = Play { backend: args.backend.choice(), ..play };
    Ok(runtime()?.block_on(play.play(printer))?.code)
}

/// The runtime that a run lives on.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|source| EngineError::Resource { what: "start the runtime", source }.into())
}

fn overrides(args: &OverrideArgs) -> Overrides {
    Overrides {
        seed: args.seed.map(Seed),
        speed: args.speed,
        from: args.from.map(Span::get),
        until: args.until.map(Span::get),
        services: args.services.clone(),
        listens: args.listens.clone(),
    }
}
