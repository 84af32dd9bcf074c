//! Why a packet is dropped, in words, with the place: `no route at madrid-1`.

use super::history::History;
use super::walk::{Fate, Flow, Reason};
use crate::base::{FlowBucket, SimTime};

// === impl History ===

impl History {
    /// Why a packet of `bucket` that starts at `at` is dropped, and where; none if it arrives.
    pub fn why(&self, flow: &Flow, bucket: FlowBucket, at: SimTime) -> Option<String> {
        let (fate, hops) = self.walk(flow, bucket, at);
        let Fate::Dropped(reason) = fate else { return None };
        let wan = self.topology();
        let site = &wan.sites()[flow.from.index()].name;
        let Some(last) = hops.last() else { return Some(format!("no router of {site} is up")) };
        let router = &wan.routers()[last.router.index()].name;
        let link = last.link.map_or("", |link| &wan.links()[link.index()].name);
        Some(match reason {
            Reason::NoEntry => format!("no router of {site} is up"),
            Reason::NoRoute => format!("no route at {router}"),
            Reason::DeadLink => format!("{router} still sends into {link}, which is down"),
            Reason::DeadRouter => format!("{router} is down"),
            Reason::Loop if hops.iter().filter(|hop| hop.router == last.router).count() < 2 => {
                format!("its hops run out at {router}")
            }
            Reason::Loop => {
                let before = hops.iter().rev().find(|hop| hop.router != last.router);
                let before = before.map_or("itself", |hop| &wan.routers()[hop.router.index()].name);
                format!("a loop of {before} and {router}")
            }
        })
    }
}
