//! What a WAN does to the path of a service, told when it does it: at the beginning of the run, and at each change.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::base::{SimTime, Timeline};
use crate::event::{Event, PathChanged, PathHealth};
use crate::proxy::Shared;

/// Tells the changes of one path until `end`, or until told to stop. Each bears its exact instant, however late it is told.
pub(super) async fn tell(
    service: Arc<str>,
    health: Timeline<PathHealth>,
    shared: Shared,
    end: SimTime,
    stop: CancellationToken,
) {
    let mut at = SimTime::ZERO;
    loop {
        let path = health.at(at).clone();
        let changed = PathChanged { service: Arc::clone(&service), path };
        shared.outbox.put(at, Event::PathChanged(Box::new(changed)));
        let Some(next) = health.next_change(at).filter(|next| *next < end) else { return };
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = shared.timer.sleep_until(next) => at = next,
        }
    }
}
