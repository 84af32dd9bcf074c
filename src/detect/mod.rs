//! Layer 2: detectors, which turn probes into alarms. Pure.
//!
//! A detector sees the samples of one monitor in order and is either silent or firing. Between two goods there is no free
//! lunch: the sooner it fires on a real failure, the more often it fires on none. What makes the sporadic failure of a WAN
//! hard is that most samples succeed: a rule that asks for failures *in a row* starts again with every success, while one
//! that asks for a *share* of failures remembers.
//!
//! | kind | fires when | silent again when |
//! | --- | --- | --- |
//! | [`Consecutive`] | the last k samples failed | the last m succeeded |
//! | [`WindowRatio`] | the share of failures in the last w of time is at least r | it has fallen below |
//!
//! Each kind is one file that opens with its definition and its source. A new kind is one file and one line in `spec.rs`.

mod kind;
mod sample;
mod spec;

pub use kind::{Consecutive, WindowRatio};
pub use sample::Sample;
pub use spec::{Detector, DetectorSpec};
