//! Progress while a run goes on, on stderr: one line that redraws itself on a terminal, a line now and then elsewhere.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use super::printer::{columns_of, plain_line, redraw_line};
use crate::base::SimTime;
use crate::report::{Tally, progress_line};

/// How often the line is redrawn at most, in the run's own time.
const REDRAW_EVERY: Duration = Duration::from_millis(200);
/// How many lines a run gets where there is no terminal.
const PLAIN_LINES: u32 = 10;

/// Shows progress.
#[derive(Debug)]
pub(super) struct Progress {
    terminal: bool,
    every: Duration,
    shown: Option<SimTime>,
}

// === impl Progress ===

impl Progress {
    /// For a run from `from` to `until` at `speed`.
    pub(super) fn new(from: SimTime, until: SimTime, speed: f64) -> Self {
        let terminal = io::stderr().is_terminal();
        let every = if terminal { REDRAW_EVERY.mul_f64(speed) } else { until.since(from) / PLAIN_LINES };
        Self { terminal, every, shown: None }
    }

    /// Shows where the run stands, if it is time to.
    pub(super) fn show(&mut self, tally: &Tally, now: SimTime) {
        if self.shown.is_some_and(|shown| now.since(shown) < self.every) {
            return;
        }
        self.shown = Some(now);
        let columns = usize::from(columns_of(io::stderr()));
        if self.terminal {
            // The last column stays free: some terminals wrap when it is written.
            redraw_line(&progress_line(tally, now, columns.saturating_sub(1)));
        } else {
            plain_line(&progress_line(tally, now, columns));
        }
    }

    /// Leaves the terminal clean.
    pub(super) fn clear(&mut self) {
        if self.terminal {
            redraw_line("");
        }
    }
}
