//! The way from the data plane to the recorder: a bounded queue that never blocks its senders.
//!
//! A slow disk must not slow a connection, so a full queue loses the event and counts it; a run that lost events says so
//! and fails. Events are stamped with scenario time here, once, so that nobody behind needs to know about speeds.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::kind::{Entry, Event};
use crate::base::SimTime;
use crate::base::limits::EVENTS_WAITING_MAX;

/// From run time to scenario time.
pub type ToScenario = Arc<dyn Fn(SimTime) -> SimTime + Send + Sync>;

/// Where events are put. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    queue: SyncSender<Entry>,
    lost: Arc<AtomicU64>,
    to_scenario: ToScenario,
}

// === impl Outbox ===

impl Outbox {
    /// An outbox, and where its events come out. The receiver ends when the last clone of the outbox is gone.
    pub fn new(to_scenario: ToScenario) -> (Self, Receiver<Entry>) {
        let (queue, entries) = sync_channel(EVENTS_WAITING_MAX);
        (Self { queue, lost: Arc::default(), to_scenario }, entries)
    }

    /// Puts an event that happened at `run`, in run time.
    pub fn put(&self, run: SimTime, event: Event) {
        if self.queue.try_send(event.at(self.scenario_time(run))).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The scenario time at this run time.
    pub fn scenario_time(&self, run: SimTime) -> SimTime {
        (self.to_scenario)(run)
    }

    /// How many events were lost, and will be: shared by all clones.
    pub fn lost(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.lost)
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("lost", &self.lost).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::AlarmState;

    #[test]
    fn a_full_queue_loses_and_counts_but_never_blocks() {
        let (outbox, entries) = Outbox::new(Arc::new(|run| run));
        for n in 0..EVENTS_WAITING_MAX as u64 + 5 {
            outbox.put(
                SimTime::from_nanos(n),
                Event::Alarm { detector: "d".into(), state: AlarmState::Firing },
            );
        }
        let lost = outbox.lost();
        drop(outbox);
        assert_eq!(lost.load(Ordering::Relaxed), 5);
        assert_eq!(entries.iter().count(), EVENTS_WAITING_MAX);
    }
}
