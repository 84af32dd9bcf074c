//! One file a kind: what it is, its parameters, what it makes of a path or a connection, its tests.

mod bandwidth;
mod blackhole;
mod close;
mod connection_limit;
mod corrupt;
mod half_open;
mod latency;
mod latency_spikes;
mod loss;
mod refuse;
mod reset;
mod slicer;
mod slow_close;

pub use bandwidth::Bandwidth;
pub use blackhole::Blackhole;
pub use close::Close;
pub use connection_limit::{ConnectionLimit, ConnectionsError};
pub use corrupt::Corrupt;
pub use half_open::HalfOpen;
pub use latency::Latency;
pub use latency_spikes::{DECAY_STEPS, LatencySpikes, SpikeShape};
pub use loss::{Loss, LossState};
pub use refuse::Refuse;
pub use reset::Reset;
pub use slicer::Slicer;
pub use slow_close::SlowClose;
