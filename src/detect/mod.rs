//! Layer 2: detectors, which turn probes into alarms. Pure.
//!
//! A detector sees the samples of one monitor in order and is either silent or firing. Between two goods there is no free
//! lunch: the sooner it fires on a real failure, the more often it fires on none. What makes the sporadic failure of a WAN
//! hard is that most samples succeed: a rule that asks for failures *in a row* starts again with every success, while one
//! that asks for a *share* of failures remembers.
//!
//! `table.rs` lists the kinds; each is one file that opens with its definition and its source. A new kind is one file and
//! one line in the table.
//!
//! Laws, each a property test over all kinds (`laws.rs`): a clone goes on as the original would; the changes do not depend
//! on how often or when the time was told between samples; what never fails never fires; a total outage is found; and with its
//! main parameter stricter, a rule never fires for the first time sooner.

mod kind;
#[cfg(test)]
mod laws;
mod machine;
mod notation;
mod odds;
mod sample;
mod spec;
mod table;
#[cfg(test)]
mod testing;
mod window;

pub use kind::{
    Alert, AtLeast, BurnRate, BurnWindow, BurnWindows, Consecutive, Cusum, Ewma, LatencyShift, MOfN,
    MissingData, OutlierDetection, PageHinkley, PerTarget, PhiAccrual, PhiDistribution, Quorum,
    ShiryaevRoberts, Sprt, WindowRatio,
};
pub use machine::{Change, Detector, Machine, MachineClone};
pub use notation::OrPreset;
pub use sample::{Feed, Sample};
pub use spec::{Contradiction, Kind, PRESETS_MAX, Preset, Variants};
pub(crate) use table::detector_kinds;
pub use table::{DETECTOR_KINDS, DetectorKind, DetectorSpec};
