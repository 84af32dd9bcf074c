//! Progress while a run goes on, on stderr: one line that redraws itself on a terminal, a line now and then elsewhere.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use super::play::Audience;
use super::printer::{columns_of, plain_line, redraw_line};
use crate::base::SimTime;
use crate::event::{Entry, Event};
use crate::report::{Tally, progress_line};
use crate::scenario::ScenarioClock;

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
    /// For a run by this clock.
    pub(super) fn new(clock: &ScenarioClock) -> Self {
        let ScenarioClock { from, until, speed } = *clock;
        let terminal = io::stderr().is_terminal();
        let every = if terminal { REDRAW_EVERY.mul_f64(speed) } else { until.since(from) / PLAIN_LINES };
        Self { terminal, every, shown: None }
    }

    /// Shows where the run stands, if it is time to.
    fn show(&mut self, tally: &Tally, now: SimTime) {
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
}

impl Audience for Progress {
    fn record(&mut self, entry: &Entry, tally: &Tally) {
        if let Event::RunStarted(header) = &entry.event {
            for service in &header.services {
                plain_line(&format!("{}  {} → {}", service.name, service.listen, service.upstream));
            }
        }
        self.show(tally, entry.t);
    }

    fn tick(&mut self, now: SimTime, tally: &Tally) {
        self.show(tally, now);
    }

    /// Leaves the terminal clean.
    fn end(&mut self) {
        if self.terminal {
            redraw_line("");
        }
    }
}
