//! The WAN: from the `wan` section and the paths of services to what became of every flow.
//!
//! The network is described, its platforms are named, its script is resolved and held against itself; then all of it is
//! simulated, once. A mistake anywhere in the section stops at the simulation: a wrong network has no history.

mod health;
mod paths;
mod platforms;
mod script;
mod topology;

use std::sync::Arc;

use super::head::Head;
use super::mistakes::{Mistakes, Sort};
use crate::base::SimTime;
use crate::diag::{Code, Diagnostic};
use crate::scenario::files::TraceFiles;
use crate::scenario::raw::RawScenario;
use crate::wan::{History, simulate};

pub(super) use paths::{lower_pair, lower_paths};

const SITE: Sort = Sort { one: "site", section: "sites" };
const ROUTER: Sort = Sort { one: "router", section: "routers" };
const LINK: Sort = Sort { one: "link", section: "links" };
const BLOCK: Sort = Sort { one: "block", section: "blocks" };
const RISK: Sort = Sort { one: "risk", section: "risk" };
const PLATFORM: Sort = Sort { one: "platform", section: "platforms" };

/// Simulates the WAN of a scenario; none, if it has none or there is a mistake in it.
pub(super) fn lower_wan(
    told: &mut Mistakes<'_>,
    raw: &RawScenario,
    head: &Head,
    files: &mut TraceFiles,
) -> Option<Arc<History>> {
    let wan = raw.wan.placed()?;
    let before = told.count();
    let topology = topology::lower_topology(told, wan.value, files);
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
