//! Layer 1: pure numbers.
//!
//! What a ratio of few observations is worth, and quantiles of latencies in bounded memory. Nothing here knows what a
//! probe or a connection is.

mod interval;
mod latency;

pub use interval::{Interval, Z_95, wilson};
pub use latency::LatencyHistogram;
