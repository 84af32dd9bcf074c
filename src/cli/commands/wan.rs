//! `brownout wan`: the routing of a scenario alone: who loses what, when, and why.

use std::path::Path;

use super::super::args::WanArgs;
use super::super::error::CliError;
use super::super::exit;
use super::super::printer::Printer;
use crate::base::{Seed, SimTime};
use crate::diag::did_you_mean;
use crate::report::wan::{Sight, Surveys, TraceFilter, json, overview, svg, trace, walk};
use crate::scenario::{Overrides, Plan, load_scenario};
use crate::wan::{Flow, History, RouterId, SiteId};

pub(in crate::cli) fn run(args: &WanArgs, printer: &mut Printer) -> Result<u8, CliError> {
    let overrides = Overrides { seed: args.seed.map(Seed), ..Overrides::default() };
    let plan = load_scenario(&args.scenario, &overrides)?;
    printer.warnings(&plan);
    let Some(history) = plan.wan.as_deref() else {
        return Err(CliError::NoWan(args.scenario.display().to_string()));
    };
    let sight = sight(args, &plan, history)?;
    let sites = sites(args, history)?;
    let routers = routers(args, history)?;
    let surveys = Surveys::of(sight, &sites);
    let rows = if args.all { usize::MAX } else { args.pairs };
    let pair = match args.trace.as_deref() {
        Some([from, to]) => Some(flows(history, from, to)?),
        _ => None,
    };
    let at = match args.at {
        Some(at) => within(SimTime::after_start(at.get()), &plan)?,
        None => match &pair {
            Some(flows) => worst_of(sight, flows),
            None => surveys.worst_instant(sight),
        },
    };
    if let Some(path) = &args.svg {
        write(path, &svg(sight, &surveys, rows, at))?;
    }
    let view = printer.view();
    let text = if args.json {
        json(sight, &surveys, rows, pair.as_ref().map(|flows| (flows, at)))
    } else if let Some(flows) = &pair {
        walk(sight, flows, at, view)
    } else {
        let filter = TraceFilter { routers, lines: args.steps };
        let overview = overview(sight, &surveys, rows, view);
        if args.steps == 0 { overview } else { format!("{overview}\n{}", trace(sight, &filter, view)) }
    };
    printer.data(&text)?;
    Ok(exit::MET)
}

fn sight<'a>(args: &WanArgs, plan: &'a Plan, history: &'a History) -> Result<Sight<'a>, CliError> {
    let end = SimTime::after_start(plan.duration);
    let from = args.from.map_or(SimTime::ZERO, |from| SimTime::after_start(from.get()));
    let until = args.until.map_or(end, |until| SimTime::after_start(until.get()));
    let (from, until) = (within(from, plan)?, within(until, plan)?);
    if from >= until {
        return Err(CliError::Window { from: from.to_string(), until: until.to_string() });
    }
    let starts_at = plan.starts_at.as_deref();
    Ok(Sight { history, name: &plan.name, seed: plan.seed.0, starts_at, from, until })
}

/// An instant of the scenario.
fn within(at: SimTime, plan: &Plan) -> Result<SimTime, CliError> {
    let end = SimTime::after_start(plan.duration);
    if at <= end { Ok(at) } else { Err(CliError::Window { from: at.to_string(), until: end.to_string() }) }
}

fn sites(args: &WanArgs, history: &History) -> Result<Vec<SiteId>, CliError> {
    if args.sites.is_empty() {
        return Ok((0..history.topology().sites().len() as u32).map(SiteId).collect());
    }
    args.sites.iter().map(|name| site(history, name)).collect()
}

fn routers(args: &WanArgs, history: &History) -> Result<Vec<RouterId>, CliError> {
    let wan = history.topology();
    let mut found = Vec::new();
    for name in &args.routers {
        if let Some(site) = wan.site(name) {
            let mine = wan.routers().iter().enumerate().filter(|(_, router)| router.site == site);
            found.extend(mine.map(|(at, _)| RouterId(at as u32)));
            continue;
        }
        let names =
            wan.routers().iter().map(|router| &*router.name).chain(wan.sites().iter().map(|s| &*s.name));
        found.push(wan.router(name).ok_or_else(|| no_such("router or site", name, names))?);
    }
    Ok(found)
}

fn site(history: &History, name: &str) -> Result<SiteId, CliError> {
    let wan = history.topology();
    wan.site(name).ok_or_else(|| no_such("site", name, wan.sites().iter().map(|site| &*site.name)))
}

fn flows(history: &History, from: &str, to: &str) -> Result<[Flow; 2], CliError> {
    let (client, server) = (site(history, from)?, site(history, to)?);
    history.flows(client, server, 0).ok_or_else(|| CliError::NoSuch {
        what: "way",
        name: format!("{from} - {to}"),
        hint: "one of the two sites has no addresses".to_owned(),
    })
}

/// The instant at which a pair lost most.
fn worst_of(sight: Sight<'_>, flows: &[Flow; 2]) -> SimTime {
    let ends = flows.each_ref().map(|flow| flow.from);
    Surveys::of(sight, &ends).worst_instant(sight)
}

fn no_such<'n>(what: &'static str, name: &str, names: impl Iterator<Item = &'n str>) -> CliError {
    let near = did_you_mean(name, names);
    let hint = near.unwrap_or_else(|| "`brownout wan SCENARIO` lists the sites".to_owned());
    CliError::NoSuch { what, name: name.to_owned(), hint }
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    Ok(fs_err::write(path, text)?)
}
