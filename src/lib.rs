//! brownout: a WAN fault testbed.
//!
//! *When the network fails the way real WANs fail (sporadically, for some flows, in waves), do your timeouts and your
//! alerts notice, and how soon?* A scenario file says what happens to the network between clients and services; a proxy
//! does it to real connections; monitors watch through it; expectations are judged by what was observed.
//!
//! ```text
//! scenario.yaml + seed ─▶ Plan ─▶ engine (proxy, probes, command) ─▶ Events ─▶ judge ─▶ reports
//! ```
//!
//! The modules are layers, and a module imports only from the layers above it in this list (a test checks it):
//!
//! | layer | modules | what they know |
//! | --- | --- | --- |
//! | 0 | [`base`] | times, timelines, path states, streams of randomness, ratios, rates, buckets, limits |
//! | 1 | [`diag`], [`event`], [`stats`] | how a mistake is told; the one stream of what happened; pure numbers |
//! | 2 | [`detect`], [`tcp`], [`wan`] | what turns probes into alarms; when a kernel sends again what was lost; a WAN's routing (pure) |
//! | 3 | [`fault`], [`rules`] | what happens to bytes: kinds, schedules, the lane; Prometheus rules on series (pure) |
//! | 4 | [`scenario`], [`proxy`], [`probe`] | text to plan; the tokio data plane; probes |
//! | 5 | [`engine`] | a plan on the wall clock |
//! | 6 | [`judge`], [`audit`] | expectations over events; how long a client waits, phase by phase |
//! | 7 | [`report`], [`testbed`] | terminal, JSON, JUnit, GitHub: from events only; brownout in a Rust test |
//! | 8 | [`cli`] | arguments, one file a command, the only printer |
//!
//! Two types carry the rest: [`base::Timeline`] of [`base::PathState`] (what a path does to bytes, when), which routing
//! and faults make and which everything else reads; and [`event::Event`], which everything reports into and which every
//! report is made from.
//!
//! ```
//! use brownout::scenario;
//!
//! let text = "
//! name: slow start
//! duration: 10s
//! services:
//!   api: { listen: 127.0.0.1:0, upstream: 127.0.0.1:9 }
//! faults:
//!   - { service: api, at: 2s, for: 3s, latency: 80ms }
//! ";
//! let plan = scenario::load_text("example.yaml", text).expect("a valid scenario");
//! assert_eq!(&*plan.faults[0].parts.name, "latency@2s");
//! ```

pub mod audit;
pub mod base;
pub mod bench;
pub mod cli;
pub mod detect;
pub mod diag;
pub mod engine;
pub mod event;
pub mod fault;
pub mod judge;
pub mod probe;
pub mod proxy;
pub mod report;
pub mod rules;
pub mod scenario;
pub mod stats;
pub mod tcp;
pub mod testbed;
pub mod wan;
