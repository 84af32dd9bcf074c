//! The shape of a WAN's script, as serde reads it: items with common keys and exactly one key that names what happens.

use schemars::JsonSchema;
use serde::Deserialize;

use super::placed::{Names, Opt, Placed};
use crate::base::{Ratio, Span};

macro_rules! happenings {
    ($($(#[$doc:meta])* $key:ident: $type:ident,)*) => {
        /// Something that happens to a WAN: when, and exactly one key that says what.
        #[derive(Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[schemars(rename = "Happening")]
        pub(super) struct RawHappening {
            /// When it happens.
            pub(super) at: Placed<Span>,
            /// After so long it is undone: a link comes up again, a metric is what it was.
            #[serde(default, rename = "for")]
            pub(super) lasts: Opt<Span>,
            /// It happens again every so often.
            #[serde(default)]
            pub(super) every: Opt<Span>,
            /// So many times in all, with `every`.
            #[serde(default)]
            pub(super) repeat: Opt<u32>,
            $(
                $(#[$doc])*
                #[serde(default)]
                pub(super) $key: Opt<$type>,
            )*
        }

        /// What happens, with its parameters.
        #[derive(Clone, Copy, Debug)]
        pub(super) enum What<'r> {
            $(#[doc = stringify!($key)] $type(&'r $type),)*
        }

        impl RawHappening {
            /// The keys that name what happens.
            pub(super) const KEYS: &'static [&'static str] = &[$(stringify!($key)),*];

            /// Everything that the item names, with the place of its parameters.
            pub(super) fn whats(&self) -> Vec<(&'static str, Placed<What<'_>>)> {
                let mut whats = Vec::new();
                $(
                    if let Some(value) = self.$key.placed() {
                        whats.push((stringify!($key), value.map(What::$type)));
                    }
                )*
                whats
            }
        }
    };
}

happenings! {
    /// Links stop carrying packets. With `every` it flaps.
    link_down: LinkDown,
    /// Links carry packets again.
    link_up: LinkUp,
    /// All links that share a risk go down together.
    cut: Cut,
    /// The ends of links get new metrics.
    metric: Metric,
    /// Routers lose power.
    router_down: RouterDown,
    /// Routers get power again: they boot, find their neighbours, and fill their tables.
    router_up: RouterUp,
    /// The routing processes of routers end and start again.
    restart: Restart,
    /// Routers ask the others not to send through them.
    overload: Overload,
    /// Routers are re-addressed: on some platforms that makes every router of the network rebuild its tables.
    readdress: Readdress,
    /// The address of one end of a link is removed, and set again.
    readdress_port: ReaddressPort,
    /// Routers lose a share of what crosses them, and no protocol notices.
    stuck: Stuck,
    /// An operator mends what was stuck.
    unstuck: Unstuck,
    /// Links keep a share of their capacity: what does not fit queues, then drops.
    capacity: Capacity,
    /// Blocks of prefixes are withdrawn.
    withdraw: Withdraw,
    /// They are announced again.
    announce: Announce,
}

/// Which links stop carrying packets.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkDown {
    /// One link or several.
    pub(super) link: Placed<Names>,
    /// How its ends hear of it.
    #[serde(default)]
    pub(super) seen: Opt<RawSeen>,
}

/// Which links carry packets again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkUp {
    /// One link or several.
    pub(super) link: Placed<Names>,
}

/// How the ends of a link hear that it is down.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Seen")]
pub(super) enum RawSeen {
    /// Light is lost at both ends.
    #[default]
    Carrier,
    /// Light stays: hellos or BFD must miss the neighbour.
    Silent,
}

/// What is cut.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Cut {
    /// What the links share, as their `risk` says; one name or several.
    pub(super) risk: Placed<Names>,
}

/// New metrics of links.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "its keys are those of a link")]
pub(super) struct Metric {
    /// One link or several.
    pub(super) link: Placed<Names>,
    /// The metric at both ends.
    #[serde(default)]
    pub(super) metric: Opt<u32>,
    /// The metrics of the two ends, where they differ.
    #[serde(default)]
    pub(super) metrics: Opt<(Placed<u32>, Placed<u32>)>,
}

/// Which routers lose power.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RouterDown {
    /// One router or several.
    pub(super) router: Placed<Names>,
}

/// Which routers get power again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RouterUp {
    /// One router or several.
    pub(super) router: Placed<Names>,
}

/// A restart of routing processes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Restart {
    /// One router or several.
    pub(super) router: Placed<Names>,
    /// Between the end of the process and its start; `0s`, if left out.
    #[serde(default)]
    pub(super) pause: Opt<Span>,
    /// Whether it says goodbye.
    #[serde(default)]
    pub(super) ending: Opt<RawEnding>,
}

/// How a routing process ends.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Ending")]
pub(super) enum RawEnding {
    /// Without a word: neighbours believe in it for a while.
    #[default]
    Killed,
    /// After it has told the others that it leaves.
    Flushed,
}

/// Which routers are not to be sent through.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Overload {
    /// One router or several.
    pub(super) router: Placed<Names>,
    /// `false` takes it back.
    #[serde(default)]
    pub(super) set: Opt<bool>,
}

/// Which routers are re-addressed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Readdress {
    /// One router or several.
    pub(super) router: Placed<Names>,
}

/// A port that is re-addressed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReaddressPort {
    /// The link.
    pub(super) link: Placed<String>,
    /// The router whose end of the link it is.
    pub(super) router: Placed<String>,
    /// Between the removal of the address and the new one; `0s`, if left out.
    #[serde(default)]
    pub(super) gap: Opt<Span>,
}

/// Routers that lose packets.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Stuck {
    /// One router or several.
    #[serde(default)]
    pub(super) router: Opt<Names>,
    /// So many routers instead, drawn from the seed.
    #[serde(default)]
    pub(super) count: Opt<u32>,
    /// The share that they lose.
    pub(super) loss: Placed<Ratio>,
}

/// Routers that are mended.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Unstuck {
    /// One router or several; all that are stuck, if left out.
    #[serde(default)]
    pub(super) router: Opt<Names>,
}

/// Links that lose capacity.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Capacity {
    /// One link or several.
    pub(super) link: Placed<Names>,
    /// The share that is left.
    pub(super) left: Placed<Ratio>,
}

/// Prefixes that are withdrawn.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Withdraw {
    /// One block or several; a site's block bears its name, unless the topology says otherwise.
    pub(super) block: Placed<Names>,
    /// The routers that withdraw it; all that announce it, if left out.
    #[serde(default)]
    pub(super) router: Opt<Names>,
}

/// Prefixes that are announced again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Announce {
    /// One block or several.
    pub(super) block: Placed<Names>,
    /// The routers that announce it; all that have withdrawn it, if left out.
    #[serde(default)]
    pub(super) router: Opt<Names>,
}
