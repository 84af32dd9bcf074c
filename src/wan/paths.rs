//! `Paths`: what becomes of every bucket of a flow, over time. The only thing that other layers use.
//!
//! Buckets that go the same way are walked together, and only where a hash parts them do they part. A walk knows until when it
//! holds, so the next one starts exactly at the first instant at which something could differ: change instants are exact.

use super::history::History;
use super::id::SiteId;
use super::walk::{Buckets, Fate, Flow};
use crate::base::{BUCKETS, Direction, FlowBucket, SimTime, Timeline, TooManyChanges};

/// What becomes of the packets of a flow: a timeline for every bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    lines: Vec<Timeline<Fate>>,
    /// Which line is each bucket's.
    line_of: Vec<u8>,
}

/// Buckets that have gone the same way so far.
struct Party {
    buckets: Buckets,
    at: SimTime,
    /// What became of them, from when on.
    fates: Vec<(SimTime, Fate)>,
}

// === impl Paths ===

impl Paths {
    /// What becomes of the packets of this bucket.
    pub fn bucket(&self, bucket: FlowBucket) -> &Timeline<Fate> {
        &self.lines[usize::from(self.line_of[usize::from(bucket.0)])]
    }

    /// The different timelines.
    pub fn lines(&self) -> &[Timeline<Fate>] {
        &self.lines
    }

    /// Which of them is a bucket's.
    pub fn line_of(&self, bucket: FlowBucket) -> u8 {
        self.line_of[usize::from(bucket.0)]
    }

    /// The different timelines, each with the number of buckets that it is of.
    pub fn shared(&self) -> impl Iterator<Item = (&Timeline<Fate>, usize)> {
        let count = |line: usize| self.line_of.iter().filter(|of| usize::from(**of) == line).count();
        self.lines.iter().enumerate().map(move |(at, line)| (line, count(at)))
    }
}

// === impl History ===

impl History {
    /// The flows between a client's site and a server's: to the server, and back. None if one of the sites has no addresses.
    /// `prefix` is the place of both addresses in their blocks.
    pub fn flows(&self, client: SiteId, server: SiteId, prefix: u32) -> Option<[Flow; 2]> {
        let topology = self.topology();
        let flow = |from, to, direction| {
            let to = topology.block_of(to)?;
            let prefix = prefix.min(topology.blocks()[to.index()].prefixes - 1);
            Some(Flow { from, to, prefix, direction })
        };
        Some([flow(client, server, Direction::ToServer)?, flow(server, client, Direction::ToClient)?])
    }

    /// What becomes of all buckets of a flow.
    pub fn paths(&self, flow: &Flow) -> Result<Paths, TooManyChanges> {
        let mut paths = Paths { lines: Vec::new(), line_of: vec![0; BUCKETS] };
        let mut parties = vec![Party { buckets: Buckets::ALL, at: SimTime::ZERO, fates: Vec::new() }];
        while let Some(mut party) = parties.pop() {
            let mut together = party.buckets;
            let (fate, until) = self.walk_together(flow, &mut together, party.at, |_| {});
            let others = party.buckets.without(together);
            if others.first().is_some() {
                parties.push(Party { buckets: others, at: party.at, fates: party.fates.clone() });
            }
            if party.fates.last().is_none_or(|(_, last)| *last != fate) {
                party.fates.push((party.at, fate));
            }
            match until {
                Some(until) => parties.push(Party { buckets: together, at: until, fates: party.fates }),
                None => paths.add(together, fate, party.fates)?,
            }
        }
        Ok(paths)
    }
}

impl Paths {
    fn add(
        &mut self,
        buckets: Buckets,
        last: Fate,
        fates: Vec<(SimTime, Fate)>,
    ) -> Result<(), TooManyChanges> {
        let first = fates.first().map_or(last, |(_, first)| *first);
        let line = Timeline::new(first, fates)?;
        let at = self.lines.iter().position(|known| *known == line).unwrap_or_else(|| {
            self.lines.push(line);
            self.lines.len() - 1
        });
        for bucket in buckets.iter() {
            self.line_of[usize::from(bucket.0)] = at as u8;
        }
        Ok(())
    }
}
