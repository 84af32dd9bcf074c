//! What stands between a connection's acceptance and its dial: darkness, and the handshake that a path delays.
//!
//! brownout's kernel answers a SYN at once, so a client's connect takes no time however long the path is. On a service whose
//! connections cross a WAN the server therefore sees the connection as late as it would see the third packet of the
//! handshake: a round trip and one more way after it was accepted. What the client sends first waits for that, which is one
//! round trip longer than the path alone: the total from connect to answer is right, and the connect phase alone is not.

use crate::base::{Direction, SimTime};
use crate::fault::{Draw, Lane};

/// The handshake of one connection.
#[derive(Debug)]
pub(super) struct Handshake {
    /// Whether it crosses a path.
    crosses: bool,
    /// When its last packet arrives, once the first one is on its way.
    until: Option<SimTime>,
}

// === impl Handshake ===

impl Handshake {
    /// That of a connection that meets these faults.
    pub(super) fn new(draw: &Draw) -> Self {
        Self { crosses: crosses(draw), until: None }
    }

    /// The same under other faults.
    pub(super) fn edit(&mut self, draw: &Draw) {
        self.crosses = crosses(draw);
    }

    /// Whether it is over; else until when, at the least, it is not. A dark path carries none of its packets.
    pub(super) fn poll(&mut self, now: SimTime, lanes: &mut [Lane; 2]) -> Result<(), Option<SimTime>> {
        let dark: Vec<_> = lanes.iter_mut().filter_map(|lane| lane.dark(now)).collect();
        if !dark.is_empty() {
            return Err(dark.into_iter().flatten().max());
        }
        if !self.crosses {
            return Ok(());
        }
        let [there, back] = Direction::ALL.map(|direction| lanes[direction.index()].delay(now));
        let until = *self.until.get_or_insert_with(|| now.plus(there + back + there));
        if now < until { Err(Some(until)) } else { Ok(()) }
    }
}

fn crosses(draw: &Draw) -> bool {
    draw.faults().iter().any(|fault| fault.kind().routing().is_some())
}
