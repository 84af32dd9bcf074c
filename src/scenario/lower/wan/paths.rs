//! The paths of services over the WAN: what became of their flows, as a fault of the service, in run time.
//!
//! Each different fate of a bucket becomes one line that all buckets share which have it. The fault's level is the share of
//! buckets that fare otherwise than on the quiet network: so its windows are the times at which something is wrong.

use std::sync::Arc;

use super::super::faults::Faults;
use super::super::head::Head;
use super::super::mistakes::Mistakes;
use super::super::schedule::in_run_time;
use super::SITE;
use super::health::health;
use crate::base::limits::WAN_PATH_CHANGES_MAX;
use crate::base::{BUCKETS, FaultId, FlowBucket, PathState, Ratio, SimTime, Timeline, TooManyChanges};
use crate::diag::{Code, Diagnostic};
use crate::fault::{Began, Fault, FaultParts, Kind, Level, Routing, Way, Ways};
use crate::scenario::placed::Placed;
use crate::scenario::plan::{PairPlan, PathPlan, ScenarioClock, ServicePlan};
use crate::scenario::raw::{RawPath, RawScenario};
use crate::wan::{Fate, Flow, History, Paths, SiteId, Topology};

/// What the fault is called that a WAN is to a service.
const NAME: &str = "wan";

/// Gives each service its way over the WAN, and the fault that it is.
pub(in super::super) fn lower_paths(
    told: &mut Mistakes<'_>,
    raw: &RawScenario,
    head: &Head,
    services: &mut [ServicePlan],
    history: Option<&History>,
    faults: &mut Faults,
) {
    for (name, service) in &raw.services.value {
        let Some(path) = service.value.path.placed() else { continue };
        if raw.wan.get().is_none() {
            let mistake = Diagnostic::error(
                Code::MissingKey,
                "a `path` runs over a WAN, and the scenario has no `wan` section",
            );
            let hint = "add `wan: { topology: global-backbone }`, say";
            told.push(mistake.at(told.key(path.span, "path"), "").hint(hint));
        }
        let service = services.iter_mut().find(|service| *service.name == *name.value);
        faults.claim(&name.value, NAME, path.span);
        let (Some(history), Some(service)) = (history, service) else { continue };
        let Some(flows) = lower_flows(told, path, history) else { continue };
        let routed = route(history, path.value, &service.name, &flows, faults.next_id(), head);
        if let Ok((plan, fault)) = routed {
            check_lit(told, path, &plan, history);
            service.path = Some(plan);
            faults.add_route(told, fault, path.span);
        } else {
            let message =
                format!("this path changes more than {WAN_PATH_CHANGES_MAX} times (`WAN_PATH_CHANGES_MAX`)");
            let mistake = Diagnostic::error(Code::TooMany, message).at(told.item(path.span), "");
            told.push(mistake.hint("let less happen to the WAN, or make the scenario shorter"));
        }
    }
}

/// The place of a pair of sites among those that monitors probe; its way is made, if nobody has asked for it before.
pub(in super::super) fn lower_pair(
    told: &mut Mistakes<'_>,
    pair: Placed<&RawPath>,
    history: &History,
    head: &Head,
    pairs: &mut Vec<PairPlan>,
) -> Option<usize> {
    let RawPath { from, to } = pair.value;
    if let Some(known) = pairs.iter().position(|known| *known.from == *from.value && *known.to == *to.value) {
        return Some(known);
    }
    let flows = lower_flows(told, pair, history)?;
    let name: Arc<str> = format!("{} to {}", from.value, to.value).into();
    // It is the only fault of its program.
    let Ok((plan, fault)) = route(history, pair.value, &name, &flows, FaultId(0), head) else {
        let message = format!(
            "the way from {name} changes more than {WAN_PATH_CHANGES_MAX} times (`WAN_PATH_CHANGES_MAX`)"
        );
        told.push(Diagnostic::error(Code::TooMany, message).at(told.item(pair.span), ""));
        return None;
    };
    check_lit(told, pair, &plan, history);
    pairs.push(PairPlan { from: plan.from, to: plan.to, fault: Arc::new(fault) });
    Some(pairs.len() - 1)
}

/// Tells a path that is dark before anything has happened.
fn check_lit(told: &mut Mistakes<'_>, path: Placed<&RawPath>, plan: &PathPlan, history: &History) {
    let why = |flow| FlowBucket::all().find_map(|bucket| history.why(flow, bucket, SimTime::ZERO));
    if let Some(why) = plan.flows.iter().find_map(why) {
        let message = format!("nothing crosses this path even while nothing happens: {why}");
        let mistake = Diagnostic::error(Code::BadTopology, message).at(told.item(path.span), "");
        told.push(mistake.hint("a packet has 64 hops: choose sites that are nearer, or another network"));
    }
}

/// The flows of a path: to the server, and back.
fn lower_flows(told: &mut Mistakes<'_>, path: Placed<&RawPath>, history: &History) -> Option<[Flow; 2]> {
    let topology = history.topology();
    let RawPath { from, to } = path.value;
    let [client, server] = [from, to].map(|site| lower_site(told, site, topology));
    let (client, server) = (client?, server?);
    if client == server {
        let mistake = Diagnostic::error(Code::Contradiction, "a path from a site to itself crosses no WAN");
        told.push(mistake.at(to.span, "").hint("name two different sites, or leave it out"));
        return None;
    }
    let flows = history.flows(client, server, 0);
    if flows.is_none() {
        for (site, name) in [(client, from), (server, to)] {
            if topology.block_of(site).is_none() {
                let message = format!("site `{}` has no addresses", name.value);
                let mistake = Diagnostic::error(Code::BadTopology, message).at(name.span, "");
                told.push(mistake.hint("give it a router, or a block"));
            }
        }
    }
    flows
}

fn lower_site(told: &mut Mistakes<'_>, name: &Placed<String>, topology: &Topology) -> Option<SiteId> {
    let names = topology.sites().iter().map(|site| site.name.as_str());
    let place = told.resolve(SITE, Placed { value: &name.value, span: name.span }, names)?;
    Some(SiteId(place as u32))
}

/// The path of a service, and its fault.
fn route(
    history: &History,
    path: &RawPath,
    service: &Arc<str>,
    flows: &[Flow; 2],
    id: FaultId,
    head: &Head,
) -> Result<(PathPlan, Fault), TooManyChanges> {
    let [there, back] = [history.paths(&flows[0])?, history.paths(&flows[1])?];
    let (health, quiet) = health(history, flows, [&there, &back])?;
    let clock = &head.clock;
    let health = in_run_time(&health, &quiet, clock, SimTime::ZERO).ok_or(TooManyChanges)?;
    let level = health.map(|health| level_of(health.disturbed));
    let ways = [ways(history, &flows[0], &there, id, clock)?, ways(history, &flows[1], &back, id, clock)?];
    let (from, to): (Arc<str>, Arc<str>) = (path.from.value.as_str().into(), path.to.value.as_str().into());
    let routing = Routing::new(&from, &to, ways);
    let parts = FaultParts {
        id,
        name: NAME.into(),
        item: NAME.into(),
        key: crate::fault::WAN.name,
        service: Arc::clone(service),
        directions: routing.directions(),
        kind: crate::fault::FaultKind::Wan(routing),
        level,
        weather: None,
        began: Began::default(),
        probability: Ratio::ONE,
        peers: Vec::new(),
    };
    Ok((PathPlan { from, to, flows: *flows, health }, Fault::new(parts, head.seed)))
}

/// A share of buckets as a level: none is 0, and any at all is above it.
fn level_of(buckets: u16) -> Level {
    Level::percent((u32::from(buckets) * 100).div_ceil(BUCKETS as u32) as u8)
}

/// The ways of one direction, in run time. After the end of what is played the network is quiet.
fn ways(
    history: &History,
    flow: &Flow,
    paths: &Paths,
    id: FaultId,
    clock: &ScenarioClock,
) -> Result<Ways, TooManyChanges> {
    let way = |(at, line): (usize, &Timeline<Fate>)| {
        let of = |bucket: &FlowBucket| usize::from(paths.line_of(*bucket)) == at;
        let bucket = FlowBucket::all().find(of).expect("every line is of a bucket");
        let quiet = *line.at(SimTime::ZERO);
        let run =
            |line: &Timeline<PathState>, after: &PathState| in_run_time(line, after, clock, SimTime::ZERO);
        let path = run(&line.map(|fate| fate.path_state(id)), &quiet.path_state(id));
        let mut whys = Vec::new();
        for (from, _, fate) in line.pieces() {
            let why = fate.is_dark().then(|| history.why(flow, bucket, from)).flatten();
            whys.push((from, why.map(Arc::<str>::from)));
        }
        let why = in_run_time(&Timeline::new(None, whys)?, &None, clock, SimTime::ZERO);
        let delay = match quiet {
            Fate::Delivered { delay, .. } => delay,
            Fate::Dropped(_) => std::time::Duration::ZERO,
        };
        let (path, why) = path.zip(why).ok_or(TooManyChanges)?;
        Ok(Way { path: Arc::new(path), quiet: delay, why })
    };
    let ways = paths.lines().iter().enumerate().map(way).collect::<Result<Vec<_>, _>>()?;
    Ok(Ways::new(ways, |bucket| paths.line_of(bucket)))
}
