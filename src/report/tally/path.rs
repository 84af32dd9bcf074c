//! What a WAN did to the path of a service, added up from the changes that were told.

use crate::base::SimTime;
use crate::event::{PathChanged, PathHealth, PathHistory, PathInfo};

/// What a WAN did to the path of a service.
#[derive(Clone, Debug, Default)]
pub struct PathTally {
    /// What the header told of it.
    pub info: Option<PathInfo>,
    /// How it was, up to the last change.
    history: PathHistory,
    /// How it has been since then.
    now: Option<(SimTime, PathHealth)>,
    /// How often it changed, the beginning not counted.
    pub changes: u64,
}

// === impl PathTally ===

impl PathTally {
    /// A path of which nothing was told yet.
    pub(super) fn new(info: Option<&PathInfo>) -> Self {
        Self { info: info.cloned(), ..Self::default() }
    }

    pub(super) fn record(&mut self, t: SimTime, changed: &PathChanged) {
        if let Some((since, health)) = self.now.take() {
            self.history.add(&health, since, t);
            self.changes += 1;
        }
        self.now = Some((t, changed.path.clone()));
    }

    /// How it was until then; none, if nothing was told of it.
    pub fn until(&self, end: SimTime) -> Option<PathHistory> {
        let (since, health) = self.now.as_ref()?;
        let mut history = self.history.clone();
        history.add(health, *since, end);
        Some(history)
    }
}
