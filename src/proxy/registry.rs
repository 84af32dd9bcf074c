//! Who is connected now: what live control sees of a service's connections, and its hand on each of them.
//!
//! A connection's pump writes its own counters, each into its own connection's place: no lock and no shared cache line while
//! bytes move. The one lock is taken when a connection comes or goes, when a fault first touches it, and by whoever looks.
//! As many entries as the service has connections, so its connection limit bounds the registry as well.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use tokio::sync::Notify;

use crate::base::{FaultId, SimTime};
use crate::fault::{Caller, Draw};

/// The connections of a service that are open, and the sums over those that have ended.
#[derive(Debug, Default)]
pub struct Registry {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    open: IndexMap<u64, Arc<Connection>>,
    accepted: u64,
    /// Bytes delivered by connections that have ended, by direction.
    delivered: [u64; 2],
    /// How many connections each fault has touched.
    touched: IndexMap<FaultId, u64>,
}

/// A connection that is open.
#[derive(Debug)]
pub struct Connection {
    /// Its ordinal, client and bucket.
    pub caller: Caller,
    /// When it was accepted, in run time.
    pub accepted: SimTime,
    delivered: [AtomicU64; 2],
    dialled: AtomicBool,
    /// How many touches the registry knows of.
    touches: AtomicUsize,
    faults: Mutex<Faults>,
    kill: Notify,
}

#[derive(Debug)]
struct Faults {
    drawn: Draw,
    touched: Vec<FaultId>,
}

/// What is to be known of a service at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Connections accepted so far.
    pub accepted: u64,
    /// Connections that are open.
    pub open: usize,
    /// Bytes delivered so far, by direction, those of open connections included.
    pub delivered: [u64; 2],
    /// How many connections each fault has touched so far.
    pub touched: IndexMap<FaultId, u64>,
}

/// A connection's place in the registry. Dropping it gives the place up.
#[derive(Debug)]
pub(super) struct Registered {
    registry: Arc<Registry>,
    connection: Arc<Connection>,
}

// === impl Registry ===

impl Registry {
    /// The open connections, in the order of acceptance.
    pub fn open(&self) -> Vec<Arc<Connection>> {
        let mut open: Vec<_> = self.lock().open.values().map(Arc::clone).collect();
        open.sort_unstable_by_key(|connection| connection.caller.ordinal);
        open
    }

    /// The sums over all connections so far.
    pub fn totals(&self) -> Totals {
        let inner = self.lock();
        let mut delivered = inner.delivered;
        for connection in inner.open.values() {
            let [to_server, to_client] = connection.delivered();
            delivered = [delivered[0] + to_server, delivered[1] + to_client];
        }
        let touched = inner.touched.clone();
        Totals { accepted: inner.accepted, open: inner.open.len(), delivered, touched }
    }

    /// Ends a connection with an RST to both sides. False if there is none of this ordinal.
    pub fn kill(&self, ordinal: u64) -> bool {
        let connection = self.lock().open.get(&ordinal).map(Arc::clone);
        connection.inspect(|connection| connection.kill.notify_one()).is_some()
    }

    /// Ends every connection that is open now; says how many.
    pub fn kill_all(&self) -> usize {
        let inner = self.lock();
        inner.open.values().for_each(|connection| connection.kill.notify_one());
        inner.open.len()
    }

    pub(super) fn register(self: &Arc<Self>, caller: Caller, accepted: SimTime, drawn: Draw) -> Registered {
        let connection = Arc::new(Connection {
            caller,
            accepted,
            delivered: Default::default(),
            dialled: AtomicBool::new(false),
            touches: AtomicUsize::new(0),
            faults: Mutex::new(Faults { drawn, touched: Vec::new() }),
            kill: Notify::new(),
        });
        let mut inner = self.lock();
        inner.accepted += 1;
        inner.open.insert(caller.ordinal, Arc::clone(&connection));
        Registered { registry: Arc::clone(self), connection }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Connection ===

impl Connection {
    /// Bytes delivered so far, by direction.
    pub fn delivered(&self) -> [u64; 2] {
        [0, 1].map(|direction| self.delivered[direction].load(Ordering::Relaxed))
    }

    /// Whether its upstream is reached.
    pub fn dialled(&self) -> bool {
        self.dialled.load(Ordering::Relaxed)
    }

    /// The faults that were drawn for it.
    pub fn drawn(&self) -> Draw {
        self.lock().drawn.clone()
    }

    /// The faults that have done something to it, in the order in which they did.
    pub fn touched(&self) -> Vec<FaultId> {
        self.lock().touched.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Registered ===

impl Registered {
    /// Tells how far it has come: on the hot path.
    pub(super) fn tell(&self, delivered: [u64; 2], dialled: bool) {
        for (counter, bytes) in self.connection.delivered.iter().zip(delivered) {
            counter.store(bytes, Ordering::Relaxed);
        }
        self.connection.dialled.store(dialled, Ordering::Relaxed);
    }

    /// Tells which faults have touched it, if their number has changed.
    pub(super) fn tell_touched(&self, count: usize, touched: impl FnOnce() -> Vec<FaultId>) {
        if self.connection.touches.swap(count, Ordering::Relaxed) == count {
            return;
        }
        let mut faults = self.connection.lock();
        let mut inner = self.registry.lock();
        for fault in touched() {
            if !faults.touched.contains(&fault) {
                faults.touched.push(fault);
                *inner.touched.entry(fault).or_default() += 1;
            }
        }
    }

    /// Tells that an edit has drawn anew for it.
    pub(super) fn redrawn(&self, drawn: Draw) {
        self.connection.lock().drawn = drawn;
    }

    /// Ready once somebody has ended it.
    pub(super) async fn killed(&self) {
        self.connection.kill.notified().await;
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let [to_server, to_client] = self.connection.delivered();
        let mut inner = self.registry.lock();
        inner.open.swap_remove(&self.connection.caller.ordinal);
        inner.delivered[0] += to_server;
        inner.delivered[1] += to_client;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(ordinal: u64) -> Caller {
        Caller::new(ordinal, ([127, 0, 0, 1], 40_000).into())
    }

    /// Sums hold whoever comes and goes, and each fault counts a connection once.
    #[test]
    fn what_has_ended_still_counts() {
        let registry = Arc::new(Registry::default());
        let first = registry.register(caller(0), SimTime::ZERO, Draw::default());
        let second = registry.register(caller(1), SimTime::ZERO, Draw::default());
        first.tell([10, 20], true);
        first.tell_touched(1, || vec![FaultId(7)]);
        first.tell_touched(2, || vec![FaultId(7), FaultId(7)]);
        second.tell([1, 2], false);
        let totals = registry.totals();
        assert_eq!((totals.accepted, totals.open, totals.delivered), (2, 2, [11, 22]));
        assert_eq!(totals.touched.get(&FaultId(7)), Some(&1));
        drop(first);
        assert_eq!(registry.totals().delivered, [11, 22]);
        let ordinals: Vec<u64> = registry.open().iter().map(|open| open.caller.ordinal).collect();
        assert_eq!(ordinals, [1]);
        assert!(!registry.kill(0), "it is gone");
        assert!(registry.kill(1));
        assert_eq!(registry.kill_all(), 1);
    }
}
