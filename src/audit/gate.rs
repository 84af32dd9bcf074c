//! `Gate`: what of one connection's bytes may pass in a phase. Pure.
//!
//! A connection is seen as turns: the client speaks, the service speaks, and when the client speaks again the next turn has
//! begun. A service that speaks first (a greeting) does so in turn 0. The run without a fault tells how many turns there are
//! and how long each answer is; the gate then shuts in the last turn that had an answer, so that handshakes and logins pass,
//! and what is held is the answer that the command was made for.

use crate::event::AuditPhase;

/// Decides about the bytes of one connection.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    /// None: everything passes, and is counted.
    phase: Option<AuditPhase>,
    aim: Aim,
    /// Bytes of the service in each turn.
    turns: Vec<u64>,
    client_spoke: bool,
    shut: bool,
}

/// Where a gate shuts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Aim {
    /// In this turn.
    pub(super) turn: usize,
    /// After so many bytes of its answer, where it may begin.
    pub(super) part: u64,
    /// Bytes of the answer in the turn before.
    pub(super) before: u64,
    /// Bytes of the whole answer, as far as is known.
    pub(super) whole: u64,
}

// === impl Aim ===

impl Aim {
    /// The last turn that had an answer, or the `earlier`-th before it.
    pub(super) fn of(turns: &[u64], earlier: usize) -> Option<Self> {
        let last = turns.iter().rposition(|bytes| *bytes > 0)?;
        let turn = last.checked_sub(earlier)?;
        let (whole, before) = (turns[turn], if turn > 0 { turns[turn - 1] } else { 0 });
        Some(Self { turn, part: (whole / 2).max(1), before, whole })
    }
}

// === impl Gate ===

impl Gate {
    pub(super) fn new(phase: Option<AuditPhase>, aim: Aim) -> Self {
        let mut gate = Self { phase, aim, turns: vec![0], client_spoke: false, shut: false };
        gate.shut = gate.is_silent() || (aim.turn == 0 && gate.shuts_with_a_turn());
        gate
    }

    /// Whether the phase has begun for this connection.
    pub(super) const fn is_shut(&self) -> bool {
        self.shut
    }

    /// Whether nothing at all may pass, from the first byte on.
    pub(super) fn is_silent(&self) -> bool {
        self.phase == Some(AuditPhase::Silence)
    }

    /// Bytes of the service in each turn so far.
    pub(super) fn turns(&self) -> &[u64] {
        &self.turns
    }

    /// The client has sent something: may it pass?
    pub(super) fn client_spoke(&mut self) -> bool {
        if !std::mem::replace(&mut self.client_spoke, true) {
            self.turns.push(0);
            if self.turn() == self.aim.turn && self.shuts_with_a_turn() {
                self.shut = true;
            }
        }
        !(self.is_silent() || self.shut && self.phase == Some(AuditPhase::Pooled))
    }

    /// The service has sent `bytes`: so many of them may pass now.
    pub(super) fn server_spoke(&mut self, bytes: u64) -> u64 {
        self.client_spoke = false;
        let Some(answer) = self.turns.last_mut() else { return 0 };
        let had = *answer;
        *answer += bytes;
        match self.phase {
            Some(AuditPhase::Body) if self.shut => 0,
            Some(AuditPhase::Body) if self.turn() == self.aim.turn => {
                let passes = bytes.min(self.aim.part.saturating_sub(had));
                self.shut = had + passes >= self.aim.part;
                passes
            }
            Some(_) if self.shut => 0,
            _ => bytes,
        }
    }

    /// Whether the answer of the turn before the aim is complete: now the connection can die unseen.
    pub(super) fn may_die(&self) -> bool {
        self.phase == Some(AuditPhase::Pooled)
            && !self.shut
            && self.turn() + 1 == self.aim.turn
            && !self.client_spoke
            && self.turns[self.turn()] >= self.aim.before
    }

    /// The connection has died.
    pub(super) const fn die(&mut self) {
        self.shut = true;
    }

    const fn turn(&self) -> usize {
        self.turns.len() - 1
    }

    const fn shuts_with_a_turn(&self) -> bool {
        matches!(self.phase, Some(AuditPhase::Answer | AuditPhase::Drip | AuditPhase::Pooled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A login of one turn, then a request with an answer of 10 bytes.
    const TURNS: [u64; 3] = [0, 4, 10];

    fn gate(phase: AuditPhase) -> Gate {
        Gate::new(Some(phase), Aim::of(&TURNS, 0).unwrap())
    }

    /// Plays both turns, the answers in two pieces each; what passed of each piece.
    fn passed(gate: &mut Gate) -> Vec<u64> {
        let mut passed = Vec::new();
        for pieces in [[3, 1], [4, 6]] {
            passed.push(u64::from(gate.client_spoke()));
            passed.extend(pieces.map(|piece| gate.server_spoke(piece)));
        }
        passed
    }

    #[test]
    fn each_phase_lets_pass_what_comes_before_it() {
        let cases = [
            (AuditPhase::Silence, [0, 0, 0, 0, 0, 0]),
            (AuditPhase::Answer, [1, 3, 1, 1, 0, 0]),
            (AuditPhase::Body, [1, 3, 1, 1, 4, 1]),
            (AuditPhase::Drip, [1, 3, 1, 1, 0, 0]),
            (AuditPhase::Pooled, [1, 3, 1, 0, 0, 0]),
        ];
        for (phase, expected) in cases {
            let mut gate = gate(phase);
            assert_eq!(passed(&mut gate), expected, "{phase:?}");
            assert!(gate.is_shut(), "{phase:?}");
        }
    }

    #[test]
    fn without_a_phase_turns_are_counted() {
        let mut gate = Gate::new(None, Aim::default());
        assert_eq!(passed(&mut gate), [1, 3, 1, 1, 4, 6]);
        assert_eq!((gate.turns(), gate.is_shut()), (&TURNS[..], false));
    }

    /// It dies once the answer before is complete, not amid it.
    #[test]
    fn a_pooled_connection_dies_between_two_turns() {
        let mut gate = gate(AuditPhase::Pooled);
        let mut seen = vec![gate.may_die()];
        gate.client_spoke();
        for piece in [3, 1] {
            gate.server_spoke(piece);
            seen.push(gate.may_die());
        }
        assert_eq!(seen, [false, false, true]);
    }

    #[test]
    fn a_service_that_only_speaks_is_held_from_its_first_byte() {
        let aim = Aim::of(&[9], 0).unwrap();
        assert_eq!((aim.turn, aim.part), (0, 4));
        assert!(Gate::new(Some(AuditPhase::Answer), aim).is_shut());
        let mut body = Gate::new(Some(AuditPhase::Body), aim);
        assert_eq!((body.server_spoke(9), body.is_shut()), (4, true));
        assert_eq!(Aim::of(&[0, 0], 0), None);
    }
}
