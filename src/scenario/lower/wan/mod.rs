//! The WAN: from the `wan` section and the paths of services to what became of every flow.
//!
//! The network is described, its platforms are named, its script is resolved and held against itself; then all of it is
//! simulated, once. A mistake anywhere in the section stops at the simulation: a wrong network has no history.

mod platforms;
mod script;
mod topology;

use std::sync::Arc;

use super::head::Head;
use super::mistakes::{Mistakes, Sort};
use crate::base::SimTime;
use crate::diag::{Code, Diagnostic};
use crate::scenario::placed::Placed;
use crate::scenario::plan::{PathPlan, ServicePlan};
use crate::scenario::raw::{RawPath, RawScenario};
use crate::wan::{History, SiteId, Topology, simulate};

const SITE: Sort = Sort { one: "site", section: "sites" };
const ROUTER: Sort = Sort { one: "router", section: "routers" };
const LINK: Sort = Sort { one: "link", section: "links" };
const BLOCK: Sort = Sort { one: "block", section: "blocks" };
const RISK: Sort = Sort { one: "risk", section: "risk" };
const PLATFORM: Sort = Sort { one: "platform", section: "platforms" };

/// Simulates the WAN of a scenario; none, if it has none or there is a mistake in it.
pub(super) fn lower_wan(told: &mut Mistakes<'_>, raw: &RawScenario, head: &Head) -> Option<Arc<History>> {
    let wan = raw.wan.placed()?;
    let before = told.count();
    let topology = topology::lower_topology(told, wan.value);
    let topology = platforms::lower_platforms(told, wan.value, topology)?;
    let topology = Arc::new(topology);
    let script = script::lower_script(told, wan.value, &topology, head);
    if told.count() > before {
        return None;
    }
    let end = SimTime::after_start(head.duration.value);
    match simulate(&topology, &script, head.seed, end) {
        Ok(history) => Some(Arc::new(history)),
        Err(error) => {
            let place = wan.value.script.span().unwrap_or(wan.span);
            let mistake = Diagnostic::error(Code::TooMany, format!("this WAN is too much: {error}"));
            let hint = "let less happen to it, or make it smaller";
            told.push(mistake.at(told.item(place), "").hint(hint));
            None
        }
    }
}

/// Gives each service its way over the WAN.
pub(super) fn lower_paths(
    told: &mut Mistakes<'_>,
    raw: &RawScenario,
    services: &mut [ServicePlan],
    history: Option<&History>,
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
        let Some(history) = history else { continue };
        let path = lower_path(told, path, history);
        if let Some(service) = services.iter_mut().find(|service| *service.name == *name.value) {
            service.path = path;
        }
    }
}

fn lower_path(told: &mut Mistakes<'_>, path: Placed<&RawPath>, history: &History) -> Option<PathPlan> {
    let topology = history.topology();
    let RawPath { from, to } = path.value;
    let [client, server] = [from, to].map(|site| lower_site(told, site, topology));
    let (client, server) = (client?, server?);
    if client == server {
        let mistake = Diagnostic::error(Code::Contradiction, "a path from a site to itself crosses no WAN");
        told.push(mistake.at(to.span, "").hint("leave `path` out, or name another site"));
        return None;
    }
    let Some(flows) = history.flows(client, server, 0) else {
        for (site, name) in [(client, from), (server, to)] {
            if topology.block_of(site).is_none() {
                let message = format!("site `{}` has no addresses", name.value);
                let mistake = Diagnostic::error(Code::BadTopology, message).at(name.span, "");
                told.push(mistake.hint("give it a router, or a block"));
            }
        }
        return None;
    };
    Some(PathPlan { from: from.value.as_str().into(), to: to.value.as_str().into(), flows })
}

fn lower_site(told: &mut Mistakes<'_>, name: &Placed<String>, topology: &Topology) -> Option<SiteId> {
    let names = topology.sites().iter().map(|site| site.name.as_str());
    let place = told.resolve(SITE, Placed { value: &name.value, span: name.span }, names)?;
    Some(SiteId(place as u32))
}
