//! `Proxy`: a hand on what stands in front of one service.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::engine::{ConnectionNow, EditError, Live, ServiceNow};

/// What stands in front of one service. Cheap to clone; one that outlives its testbed answers, and changes nothing.
#[derive(Clone, Debug)]
pub struct Proxy {
    live: Live,
    service: Arc<str>,
    address: SocketAddr,
}

// === impl Proxy ===

impl Proxy {
    pub(super) fn new(live: Live, service: &ServiceNow) -> Self {
        Self { live, service: Arc::clone(&service.name), address: service.listen }
    }

    /// The service's name.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Where clients connect.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as the beginning of a URL: `http://127.0.0.1:40321`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a fault, in force from now, for open connections as well; gives the names of what it became.
    pub fn add(&self, fault: &str) -> Result<Vec<Arc<str>>, EditError> {
        self.live.add(&self.service, fault)
    }

    /// Puts another fault in the place of one.
    pub fn change(&self, name: &str, fault: &str) -> Result<Vec<Arc<str>>, EditError> {
        self.live.change(&self.service, name, fault)
    }

    /// Takes a fault out of force, until [`Self::resume`]; its schedule goes on meanwhile.
    pub fn pause(&self, name: &str) -> Result<(), EditError> {
        self.live.pause(&self.service, name, true)
    }

    /// Puts a paused fault in force again.
    pub fn resume(&self, name: &str) -> Result<(), EditError> {
        self.live.pause(&self.service, name, false)
    }

    /// Removes a fault.
    pub fn remove(&self, name: &str) -> Result<(), EditError> {
        self.live.remove(&self.service, name)
    }

    /// Ends all open connections with an RST to both sides; says how many.
    pub fn reset_all(&self) -> usize {
        self.live.kill_all(&self.service).unwrap_or(0)
    }

    /// The connections that are open now.
    pub fn connections(&self) -> Vec<ConnectionNow> {
        self.live.connections(&self.service).unwrap_or_default()
    }
}
