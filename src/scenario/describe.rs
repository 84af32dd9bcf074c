//! A plan's parts in words and figures.

use crate::event::Window;
use crate::fault::Fault;

use super::plan::ScenarioClock;

/// When a fault is in force, at whatever level, in scenario time.
pub fn fault_windows(fault: &Fault, clock: &ScenarioClock) -> Vec<Window> {
    let active = fault.parts.level.map(|level| !level.is_zero());
    let pieces = active.pieces().filter(|(_, _, active)| **active);
    pieces
        .map(|(from, until, _)| Window {
            from: clock.to_scenario(from),
            until: until.map_or(clock.until, |until| clock.to_scenario(until)),
        })
        .collect()
}
