//! The incident that brownout was born from: Azure's WAN, 2023-01-25 (tracking id VSG1-B90).
//!
//! An engineer who adds capacity in Madrid changes a router's address. The command makes every router of the WAN purge its
//! database and rebuild its tables; 33 minutes later it is typed on a second router. Impact comes in waves about 30 minutes
//! apart, some pairs of regions are cut off for an hour or more while others see only some latency, most recovers by itself, two
//! routers don't; a low loss stays on some paths until the automation that removes unhealthy devices is started again at 12:43.
//!
//! Sources: Microsoft's preliminary and final reviews (07:05 or 07:08 start, Madrid, "all recomputed", two routers that did not
//! recover, 12:43), Kentik (a pair of regions dark 07:20 to 08:40 while another saw only latency), the status page as quoted at
//! 09:36 ("waves, peaking about every 30 minutes"). Not known, and chosen here: the topology, the platforms, which two routers.
//! That the second command came 33 minutes after the first is recalled from the final review, not verified.
//!
//! Time 0 is 06:45 UTC.

use std::time::Duration;

use super::id::RouterId;
use super::script::{Happening, Script};
use super::topology::Topology;
use crate::base::{Ratio, SimTime};

/// 07:08: the first command.
pub const FIRST_COMMAND: SimTime = SimTime::from_secs(23 * 60);
/// 07:41: the second.
pub const SECOND_COMMAND: SimTime = SimTime::from_secs(56 * 60);
/// 07:10: two routers come back broken.
pub const STUCK_FROM: SimTime = SimTime::from_secs(25 * 60);
/// 12:43: an operator starts the automation again.
pub const MITIGATED: SimTime = SimTime::from_secs(358 * 60);
/// 13:00.
pub const END: SimTime = SimTime::from_secs(375 * 60);

/// The share that a router loses which came back broken: "intermittent packet loss for some customers"; the number is a choice.
const STUCK_LOSS: Option<Ratio> = Ratio::new(3, 100);

/// What happened, on [`Topology::global_backbone`] or another topology with these routers. None if one of them is missing.
pub fn script(wan: &Topology) -> Option<Script> {
    let router = |name: &str| wan.router(name);
    let broken: [RouterId; 2] = [router("dubai-1")?, router("atlanta-2")?];
    let loss = STUCK_LOSS?;
    let script = Script::new()
        .at(FIRST_COMMAND, Happening::Readdress(router("madrid-1")?))
        .at(SECOND_COMMAND, Happening::Readdress(router("madrid-2")?));
    Some(broken.into_iter().fold(script, |script, router| {
        script.at(STUCK_FROM, Happening::Stuck(router, loss)).at(MITIGATED, Happening::Unstuck(router))
    }))
}

/// How long the second command came after the first.
pub const fn between_commands() -> Duration {
    SECOND_COMMAND.since(FIRST_COMMAND)
}
