//! The only file that reads a clock.
//!
//! Run time is monotonic time since the run began; everything in the data plane is stamped with it. Wall-clock time is
//! only ever a label.

use std::time::Instant;

use crate::base::SimTime;

/// Monotonic time since a run began.
#[derive(Clone, Copy, Debug)]
pub struct RunClock {
    began: Instant,
}

// === impl RunClock ===

impl RunClock {
    /// A run begins now.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn start() -> Self {
        Self { began: Instant::now() }
    }

    /// Now.
    pub fn now(&self) -> SimTime {
        SimTime::after_start(self.began.elapsed())
    }

    /// The tokio instant at this run time, for waits that need no precision.
    pub fn instant(&self, at: SimTime) -> tokio::time::Instant {
        tokio::time::Instant::from_std(self.began + at.since_start())
    }
}
