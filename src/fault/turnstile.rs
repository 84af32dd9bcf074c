//! A turnstile: lets so many connections at once be served, first come first served.
//!
//! All connections that a limiting fault takes pass one turnstile, which belongs to the fault. A connection gets its ticket
//! when it is accepted, in the order of acceptance, shows it before its service is dialled, and gives it back when it ends,
//! which wakes who is next. Outside the fault's windows everyone passes, and is counted.
//!
//! Laws: while the fault is in force nobody passes beyond the limit; who came first passes first; as long as there is room
//! nobody waits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use serde::{Deserialize, Serialize};

use super::cut::CutKind;
use super::lane::Touch;
use super::program::Draw;
use super::spec::Fault;
use crate::base::SimTime;

/// How many connections at once, and what happens to more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// So many are served.
    pub max: u32,
    /// What a connection beyond them meets.
    pub beyond: Beyond,
}

/// What a connection beyond a limit meets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Beyond {
    /// Silence, until another ends.
    #[default]
    Wait,
    /// An RST.
    Reset,
    /// A FIN.
    Close,
}

/// Who is served, and who waits.
#[derive(Debug, Default)]
pub(super) struct Turnstile(Mutex<Crowd>);

#[derive(Debug, Default)]
struct Crowd {
    served: u64,
    /// By ordinal, in which everyone came, with whom to wake.
    waiting: BTreeMap<u64, Option<Waker>>,
}

/// A connection's tickets for all the turnstiles that it must pass.
#[derive(Debug, Default)]
pub struct Tickets {
    tickets: Vec<Ticket>,
    /// What faults did that have left since.
    touches: Vec<Touch>,
}

/// Given back when it is dropped.
#[derive(Debug)]
struct Ticket {
    fault: Arc<Fault>,
    limit: Limit,
    ordinal: u64,
    served: bool,
    touch: Option<Touch>,
}

/// What a connection is told at the turnstiles.
#[derive(Debug)]
pub enum Admission {
    /// Pass.
    Pass,
    /// Wait until woken, and ask again at this instant.
    Wait(Option<SimTime>),
    /// Go away: the fault, and how the connection ends.
    Refuse(Arc<Fault>, CutKind),
}

// === impl Tickets ===

impl Tickets {
    /// The tickets of connection `ordinal` for the limits among its faults.
    pub(super) fn new(draw: &Draw, ordinal: u64) -> Self {
        let tickets = draw.faults().iter().filter_map(|fault| Ticket::new(fault, ordinal)).collect();
        Self { tickets, touches: Vec::new() }
    }

    /// The same connection under an edited program. One that is `served` already passes what is new.
    pub fn edit(&mut self, draw: &Draw, ordinal: u64, served: bool) {
        let stays = |ticket: &Ticket| draw.faults().iter().any(|fault| Arc::ptr_eq(fault, &ticket.fault));
        let (kept, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.tickets).into_iter().partition(stays);
        self.tickets = kept;
        self.touches.extend(gone.iter().filter_map(|ticket| ticket.touch.clone()));
        for fault in draw.faults() {
            if self.tickets.iter().any(|ticket| Arc::ptr_eq(&ticket.fault, fault)) {
                continue;
            }
            let Some(mut ticket) = Ticket::new(fault, ordinal) else { continue };
            if served {
                ticket.pass(&mut fault.turnstile.lock());
            }
            self.tickets.push(ticket);
        }
    }

    /// Whether the connection may be served now; `waker` is woken when that may have changed.
    pub fn poll(&mut self, now: SimTime, waker: &Waker) -> Admission {
        for ticket in &mut self.tickets {
            match ticket.poll(now, waker) {
                Admission::Pass => {}
                told => return told,
            }
        }
        Admission::Pass
    }

    /// What limits have done to the connection.
    pub fn touches(&self) -> impl Iterator<Item = &Touch> {
        self.tickets.iter().filter_map(|ticket| ticket.touch.as_ref()).chain(&self.touches)
    }
}

// === impl Ticket ===

impl Ticket {
    fn new(fault: &Arc<Fault>, ordinal: u64) -> Option<Self> {
        let limit = fault.kind().limit()?;
        fault.turnstile.lock().waiting.insert(ordinal, None);
        Some(Self { fault: Arc::clone(fault), limit, ordinal, served: false, touch: None })
    }

    fn pass(&mut self, crowd: &mut Crowd) {
        crowd.waiting.remove(&self.ordinal);
        crowd.served += 1;
        self.served = true;
    }

    fn poll(&mut self, now: SimTime, waker: &Waker) -> Admission {
        if self.served {
            return Admission::Pass;
        }
        let fault = Arc::clone(&self.fault);
        let mut crowd = fault.turnstile.lock();
        let level = &fault.parts.level;
        let waited = self.touch.as_mut().map(|touch| touch.delay_max = now.since(touch.first));
        if level.at(now).is_zero() || crowd.has_room(self.limit, self.ordinal) {
            self.pass(&mut crowd);
            return Admission::Pass;
        }
        if waited.is_none() {
            self.touch = Some(Touch::new(fault.parts.id, now));
        }
        let how = match self.limit.beyond {
            Beyond::Wait => {
                crowd.waiting.insert(self.ordinal, Some(waker.clone()));
                return Admission::Wait(level.next_change(now));
            }
            Beyond::Reset => CutKind::Reset,
            Beyond::Close => CutKind::Close,
        };
        drop(crowd);
        Admission::Refuse(fault, how)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut crowd = self.fault.turnstile.lock();
        crowd.waiting.remove(&self.ordinal);
        crowd.served -= u64::from(self.served);
        let room = u64::from(self.limit.max).saturating_sub(crowd.served);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let next: Vec<Waker> = crowd.waiting.values().take(room).flatten().cloned().collect();
        drop(crowd);
        next.into_iter().for_each(Waker::wake);
    }
}

// === impl Turnstile ===

impl Turnstile {
    fn lock(&self) -> std::sync::MutexGuard<'_, Crowd> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Crowd ===

impl Crowd {
    /// Whether connection `ordinal` fits, behind everyone who came before it.
    fn has_room(&self, limit: Limit, ordinal: u64) -> bool {
        let room = u64::from(limit.max).saturating_sub(self.served);
        let ahead = self.waiting.range(..ordinal).take(usize::try_from(room).unwrap_or(usize::MAX)).count();
        (ahead as u64) < room
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fault::testing::{self, secs};
    use crate::fault::{Caller, ConnectionLimit, Program};

    fn program(max: u32, beyond: Beyond, until: u64) -> Program {
        let limit = ConnectionLimit(Limit { max, beyond });
        Program::new(testing::SEED, vec![Arc::new(testing::fault("full", limit, 10, until))])
    }

    fn tickets(program: &Program, ordinal: u64) -> Tickets {
        let caller = Caller::new(ordinal, "127.0.0.1:40000".parse().unwrap());
        Tickets::new(&program.draw(&caller), ordinal)
    }

    fn passes(tickets: &mut Tickets, t: u64) -> bool {
        matches!(tickets.poll(secs(t), Waker::noop()), Admission::Pass)
    }

    /// Outside its window it lets everyone pass and counts them; within, nobody until one of them has gone.
    #[test]
    fn those_who_were_there_before_count() {
        let program = program(2, Beyond::Wait, 20);
        let mut early: Vec<Tickets> = (0..3).map(|n| tickets(&program, n)).collect();
        assert!(early.iter_mut().all(|ticket| passes(ticket, 1)));
        let mut late = tickets(&program, 3);
        assert!(matches!(late.poll(secs(12), Waker::noop()), Admission::Wait(Some(t)) if t == secs(20)));
        early.pop();
        assert!(!passes(&mut late, 13), "two are still served");
        early.pop();
        assert!(passes(&mut late, 14));
        let touch = late.touches().next().unwrap();
        assert_eq!((touch.first, touch.delay_max.as_secs()), (secs(12), 2));
        let mut next = tickets(&program, 4);
        assert!(!passes(&mut next, 15) && passes(&mut next, 20));
    }

    #[test]
    fn beyond_the_limit_some_are_sent_away() {
        let program = program(1, Beyond::Close, 20);
        let (mut first, mut second) = (tickets(&program, 0), tickets(&program, 1));
        // The second is asked first, and is the second all the same.
        let told = second.poll(secs(11), Waker::noop());
        assert!(matches!(told, Admission::Refuse(_, CutKind::Close)), "{told:?}");
        assert!(passes(&mut first, 11));
    }

    /// One that an edit brings counts who is there, and an edit that removes it lets everyone pass.
    #[test]
    fn edits_are_heeded() {
        let (with, without) = (program(1, Beyond::Wait, 1_000), Program::new(testing::SEED, vec![]));
        let caller = Caller::new(0, "127.0.0.1:40000".parse().unwrap());
        let mut served = tickets(&without, 0);
        served.edit(&with.draw(&caller), 0, true);
        let mut waiting = tickets(&with, 1);
        assert!(passes(&mut served, 11) && !passes(&mut waiting, 11));
        waiting.edit(&without.draw(&caller), 1, false);
        assert!(passes(&mut waiting, 11));
        assert_eq!(waiting.touches().count(), 1);
    }

    proptest! {
        /// Connections come, ask and go at random: nobody is beyond the limit, nobody overtakes, and nobody waits in vain.
        #[test]
        fn the_limit_holds_and_the_first_come_first(
            max in 1u32..5,
            steps in prop::collection::vec((0usize..3, 0usize..30), 1..120),
        ) {
            let program = program(max, Beyond::Wait, 1_000);
            let (mut open, mut next): (Vec<(u64, Tickets, bool)>, u64) = (Vec::new(), 0);
            for (step, which) in steps {
                match step {
                    0 => {
                        open.push((next, tickets(&program, next), false));
                        next += 1;
                    }
                    1 if !open.is_empty() => drop(open.remove(which % open.len())),
                    _ if !open.is_empty() => {
                        let place = which % open.len();
                        let room = open.iter().filter(|(_, _, served)| *served).count() + {
                            open[..place].iter().filter(|(_, _, served)| !served).count()
                        } < max as usize;
                        let (_, ticket, served) = &mut open[place];
                        let before = *served;
                        *served = passes(ticket, 11);
                        prop_assert_eq!(*served, before || room);
                    }
                    _ => {}
                }
                let served = open.iter().filter(|(_, _, served)| *served).count();
                prop_assert!(served <= max as usize);
            }
        }
    }
}
