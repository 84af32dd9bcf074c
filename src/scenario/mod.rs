//! Layer 4: from the text of a scenario file to a [`Plan`].
//!
//! ```text
//!  text ──read──▶ raw shape ──lower──▶ Plan ──explain──▶ what `brownout check` prints
//!          │                   │
//!          ╰─ the first        ╰─ all mistakes of meaning
//!             mistake of shape
//! ```
//!
//! [`load_file`] and [`load_text`] give a plan or a [`LoadError`] with everything that is wrong, each mistake with its
//! place, its stable code and, where there is one, the corrected text. A plan is a pure function of the file, the seed
//! and the [`Overrides`]. The format is documented in `docs/scenario.md`, and [`json_schema`] describes it to editors.

mod address;
mod describe;
mod detector_reference;
pub mod expect;
mod explain;
mod files;
mod flags;
#[cfg(test)]
mod incident_tests;
mod library;
mod links;
mod load;
mod lower;
mod placed;
mod plan;
mod raw;
mod raw_script;
mod raw_wan;
mod read;
mod reference;
mod schema;
mod sugar;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wan_tests;

pub use address::{AddressError, Listen, Named};
pub use describe::{
    buckets_text, check_text, expectation_text, fault_text, fault_windows, faults_named, merged,
    quantile_text, subject_text, window_text,
};
pub use detector_reference::{DetectorReference, detector_references, detectors_markdown};
pub use explain::explain;
pub use flags::{
    FaultKey, FlagFault, FlagScenario, FlagService, LiveContext, LiveFaults, Word, fault_keys, load_flags,
    read_live_fault,
};
pub use library::{LIBRARY, Shipped, load_scenario, shipped};
pub use links::{LINKS, LinkError, LinkProfile};
pub use load::{LoadError, Overrides, load_detectors, load_file, load_text, load_text_with};
pub use plan::{
    Check, DetectorPlan, MonitorPlan, PairPlan, PathPlan, Plan, RulePlan, RuleRow, ScenarioClock,
    ServicePlan, Upstream,
};
pub use reference::{FaultReference, Key, fault_references, faults_markdown};
pub use schema::json_schema;
