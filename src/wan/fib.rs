//! Installed forwarding tables, as functions of time.
//!
//! A router writes its table prefix by prefix, in table order, and a block of prefixes is a run of it. So one entry says all
//! about the writing of a block: when its first prefix is written, how long each takes, and the next hops written. Prefix
//! `k` of the block changes at `start + k · each`. Writings of one block never overlap: a router has one writer.
//!
//! A rewrite that is cut short (the router purges its tables meanwhile) has reached only the first prefixes of its block.

use std::ops::Range;
use std::time::Duration;

use crate::base::SimTime;

/// How one router forwarded to one block of prefixes, over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FibLine {
    first: u64,
    writes: Vec<Write>,
}

/// The writing of a block's prefixes into a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Write {
    start: SimTime,
    each: Duration,
    /// The prefixes that were written: from this one,
    from: u32,
    /// up to this one, which was not.
    to: u32,
    /// Next hops, as ports; none: no route.
    ports: u64,
}

// === impl FibLine ===

impl FibLine {
    /// These next hops from the beginning.
    pub const fn new(first: u64) -> Self {
        Self { first, writes: Vec::new() }
    }

    /// Writes these prefixes from `start`, one each `each`. `start` must not lie before the end of the last writing. What
    /// would change nothing is left out.
    pub(super) fn write(&mut self, start: SimTime, each: Duration, prefixes: Range<u32>, ports: u64) {
        let Range { start: from, end: to } = prefixes;
        let same = self
            .writes
            .last()
            .map_or(self.first == ports, |last| last.ports == ports && last.from <= from && last.to >= to);
        if from < to && !same {
            self.writes.push(Write { start, each, from, to, ports });
        }
    }

    /// Whatever was to be written from `now` on is not.
    pub(super) fn cut(&mut self, now: SimTime) {
        while let Some(last) = self.writes.last_mut() {
            if last.start >= now {
                self.writes.pop();
                continue;
            }
            // The k-th prefix after the first is written at start + k · each: those strictly before `now` stay.
            let passed = now.since(last.start).as_nanos() - 1;
            if let Some(whole) = passed.checked_div(last.each.as_nanos()) {
                let written = u32::try_from(whole + 1).unwrap_or(u32::MAX);
                last.to = last.to.min(last.from.saturating_add(written));
            }
            return;
        }
    }

    /// The next hops of prefix `offset` at `t`, and when they are next written.
    pub fn read(&self, t: SimTime, offset: u32) -> (u64, Option<SimTime>) {
        // Prefixes beyond the first are written later than the block's start, so the search may run a few too far.
        let mut after = self.writes.partition_point(|write| write.start <= t);
        let mut next = self.next_from(after, offset);
        while after > 0 {
            let write = &self.writes[after - 1];
            if let Some(at) = write.instant(offset) {
                if at <= t {
                    return (write.ports, next);
                }
                next = Some(at);
            }
            after -= 1;
        }
        (self.first, next)
    }

    /// The instants at which prefix `offset` is written, with the next hops, in order.
    pub fn changes(&self, offset: u32) -> impl Iterator<Item = (SimTime, u64)> + '_ {
        self.writes.iter().filter_map(move |write| Some((write.instant(offset)?, write.ports)))
    }

    /// How often the block was written.
    pub fn writes(&self) -> usize {
        self.writes.len()
    }

    fn next_from(&self, from: usize, offset: u32) -> Option<SimTime> {
        self.writes[from..].iter().find_map(|write| write.instant(offset))
    }
}

// === impl Write ===

impl Write {
    /// When it reaches this prefix, if it does.
    fn instant(&self, offset: u32) -> Option<SimTime> {
        let written = (self.from..self.to).contains(&offset);
        written.then(|| self.start.plus(self.each.saturating_mul(offset - self.from)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> SimTime {
        SimTime::from_millis(millis)
    }

    const EACH: Duration = Duration::from_millis(10);

    #[test]
    fn a_prefix_changes_when_the_writer_reaches_it() {
        let mut line = FibLine::new(1);
        line.write(ms(100), EACH, 0..5, 2);
        line.write(ms(150), EACH, 0..5, 4);
        assert_eq!(line.read(ms(99), 0), (1, Some(ms(100))));
        assert_eq!(line.read(ms(100), 0), (2, Some(ms(150))));
        assert_eq!(line.read(ms(139), 4), (1, Some(ms(140))));
        assert_eq!(line.read(ms(140), 4), (2, Some(ms(190))));
        assert_eq!(line.read(ms(160), 4), (2, Some(ms(190))), "the second writing has begun, not reached it");
        assert_eq!(line.read(ms(190), 4), (4, None));
    }

    #[test]
    fn a_writing_that_is_cut_short_reached_only_the_first() {
        let mut line = FibLine::new(1);
        line.write(ms(100), EACH, 0..5, 2);
        line.write(ms(150), EACH, 0..5, 4);
        line.cut(ms(120));
        line.write(ms(120), Duration::ZERO, 0..5, 0);
        assert_eq!(line.read(ms(110), 1), (2, Some(ms(120))));
        assert_eq!(
            line.read(ms(110), 2),
            (1, Some(ms(120))),
            "prefix 2 was due at 120 ms and is not written"
        );
        assert_eq!(line.read(ms(120), 2), (0, None));
    }
}
