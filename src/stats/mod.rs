//! Layer 1: pure numbers.
//!
//! What a ratio of few observations is worth, and a count of rare ones; quantiles of latencies in bounded memory, and of times
//! some of which never ended. Nothing here knows what a
//! probe or a connection is.

mod interval;
mod latency;
mod poisson;
mod quantile;

pub use interval::{Interval, Z_95, wilson};
pub use latency::LatencyHistogram;
pub use poisson::poisson;
pub use quantile::{Quantile, censored_quantile};
