//! The kind table: one entry a kind. From it come the enum, the key of a scenario file, its schema, the list of kinds, and
//! the tests that hold every kind to the laws of a detector. What else is known of a kind stands in its own file.

use std::time::Duration;

use serde::Deserialize;

use super::kind::{
    Alert, BurnRate, Consecutive, Cusum, Ewma, LatencyShift, MOfN, OutlierDetection, PageHinkley, PerTarget,
    PhiAccrual, Quorum, ShiryaevRoberts, Sprt, WindowRatio,
};
use super::machine::Detector;
use super::notation::OrPreset;
use super::sample::Feed;
use super::spec::{Contradiction, Kind, Preset, Variants};

/// Calls `$callback!` with the table: for every kind its key, its type, and when it fires.
macro_rules! detector_kinds {
    ($callback:ident) => {
        $callback! {
            consecutive: Consecutive, "It fires after so many failures in a row.";
            m_of_n: MOfN, "It fires while at least M of the last N probes, or periods of time, failed.";
            window_ratio: WindowRatio, "It fires while a share of the probes in a window of time failed.";
            burn_rate: BurnRate, "It fires while an error budget is spent too fast, in a long window and in a short one.";
            ewma: Ewma, "It fires while the exponentially weighted share of failures is above its control limit.";
            cusum: Cusum, "It fires when failures beyond those allowed have added up.";
            page_hinkley: PageHinkley, "It fires when failures are more than the mean that it has learned.";
            sprt: Sprt, "It fires when one decision after the other finds failure likelier than health.";
            shiryaev_roberts: ShiryaevRoberts, "It fires when it is likely enough that something has changed by now.";
            phi_accrual: PhiAccrual, "It fires when the next success is overdue, by the history of those before.";
            outlier_detection: OutlierDetection, "It fires while a target is ejected because it fares worse than the others.";
            latency_shift: LatencyShift, "It fires while a quantile of the latency is so many times what it was.";
            alert: Alert, "It fires when another rule has been firing for a time, as a Prometheus alert does.";
            quorum: Quorum, "It fires while enough of several rules fire.";
            per_target: PerTarget, "It fires while a rule fires for enough targets of a fleet.";
        }
    };
}
pub(crate) use detector_kinds;

/// What is known of a kind without having one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DetectorKind {
    /// Its key in a scenario file.
    pub name: &'static str,
    /// When it fires, in one line.
    pub about: &'static str,
    /// Where its definition is from.
    pub source: &'static str,
    /// Its parameters as a scenario would write them, in YAML's flow style.
    pub example: &'static str,
    /// Parameters that go by a name.
    pub presets: &'static [Preset],
}

macro_rules! define_kinds {
    ($($key:ident: $type:ident, $about:literal;)*) => {
        /// A rule as a scenario declares it: `{ consecutive: { failures: 3 } }`.
        #[derive(Clone, Debug, PartialEq, Deserialize)]
        #[serde(from = "Written")]
        pub enum DetectorSpec {
            $(#[doc = $about] $type($type),)*
        }

        /// A rule as it is written: with its parameters, or with the name of a preset.
        #[derive(Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "snake_case")]
        #[schemars(rename = "Rule")]
        enum Written {
            $(#[doc = $about] $type(OrPreset<$type>),)*
        }

        impl From<Written> for DetectorSpec {
            fn from(written: Written) -> Self {
                match written {
                    $(Written::$type(OrPreset(kind)) => Self::$type(kind),)*
                }
            }
        }

        /// All kinds, in the order in which they are documented.
        pub const DETECTOR_KINDS: &[DetectorKind] = &[$(DetectorKind {
            name: stringify!($key),
            about: $about,
            source: $type::SOURCE,
            example: $type::EXAMPLE,
            presets: $type::PRESETS,
        },)*];

        impl DetectorSpec {
            /// What is known of this kind.
            pub fn info(&self) -> DetectorKind {
                // The table is in the order of the variants.
                enum Place { $($type,)* }
                DETECTOR_KINDS[match self { $(Self::$type(_) => Place::$type,)* } as usize]
            }

            /// The rule in one line: `3 failures in a row`.
            pub fn summary(&self) -> String {
                match self {
                    $(Self::$type(kind) => kind.summary(),)*
                }
            }

            /// What is wrong with it on such a feed.
            pub fn contradictions(&self, feed: &Feed) -> Vec<Contradiction> {
                match self {
                    $(Self::$type(kind) => kind.contradictions(feed),)*
                }
            }

            /// How far it looks back on such a feed.
            pub fn memory(&self, feed: &Feed) -> Duration {
                match self {
                    $(Self::$type(kind) => kind.memory(feed),)*
                }
            }

            /// The rule with its main parameter moved, where that makes sense on such a feed; from the most eager to the most
            /// patient.
            pub fn variants(&self, feed: &Feed) -> Variants<Self> {
                let mut all = match self {
                    $(Self::$type(kind) => {
                        let Variants { parameter, rules } = kind.variants();
                        let rules = rules.into_iter().map(|(value, kind)| (value, kind.into())).collect();
                        Variants { parameter, rules }
                    })*
                };
                all.rules.retain(|(_, rule): &(String, Self)| rule.contradictions(feed).is_empty());
                all
            }

            /// A detector of this kind that has seen nothing yet.
            pub fn detector(&self, feed: &Feed) -> Detector {
                Detector::new(match self {
                    $(Self::$type(kind) => kind.machine(feed),)*
                })
            }
        }

        $(impl From<$type> for DetectorSpec {
            fn from(kind: $type) -> Self {
                Self::$type(kind)
            }
        })*
    };
}
detector_kinds!(define_kinds);

// === impl DetectorSpec ===

impl DetectorSpec {
    /// Whether it looks at each target of a fleet by itself; if not, the probes of all targets are one stream to it.
    pub fn tells_targets_apart(&self) -> bool {
        match self {
            Self::PerTarget(_) | Self::OutlierDetection(_) => true,
            Self::Alert(alert) => alert.when.tells_targets_apart(),
            Self::Quorum(quorum) => quorum.of.iter().any(Self::tells_targets_apart),
            _ => false,
        }
    }
}

impl schemars::JsonSchema for DetectorSpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Written::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Written::json_schema(generator)
    }
}
