//! Layer 2: the client's kernel, pure: when a TCP sender sends again what was lost.
//!
//! A proxy moves streams, and a stream never loses a byte: what a lossy path does to it is *time*. This module says how much:
//! when SYNs are sent again ([`SynSchedule`]), how long a sender waits for an ACK ([`Rto`]), and how late the bytes of a
//! lost segment arrive ([`Recovery`]). The stalls of the lanes come from here, and all of a modelled probe's waiting.
//!
//! Figures are those of Linux, from its documentation (`ip-sysctl`), RFC 6298 (RTO) and RFC 8985 (RACK-TLP), and checked
//! against measurements on kernel 6.18. Left out: congestion windows (a loss costs time here, not rate), delayed ACKs of
//! the receiver, and kernels other than Linux.

mod recovery;
mod rto;
mod syn;

pub use recovery::Recovery;
pub use rto::{INITIAL_RTO, RTO_MAX, RTO_MIN, Rto};
pub use syn::{Kernel, SynSchedule};
