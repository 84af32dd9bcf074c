//! Named links: what people mean by "3G" or "a satellite", in figures, each with the source of its figures.
//!
//! The table is the only place that has them; the one in `docs/scenario.md` is tested against it. Values are written as a
//! scenario file would write them. A round trip is what the link adds to one; rates are those of the access link, so the
//! connections of a service share them. What a source does not say is left out, not guessed; where a figure is a choice of
//! ours the source says so.

use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::base::ByteRate;
use crate::fault::{Loss, Spread};

/// A kind of link, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkProfile {
    /// What a scenario calls it.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// What it adds to a round trip.
    pub rtt: &'static str,
    /// How fast bytes come down to the client, if the link sets the pace.
    pub to_client: Option<&'static str>,
    /// How fast they go up to the server.
    pub to_server: Option<&'static str>,
    /// What it loses.
    pub loss: Option<&'static str>,
    /// Where the figures come from.
    pub source: &'static str,
}

/// A text that names no link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {names}, found `{0}`", names = LINK_NAMES.join(", "))]
pub struct LinkError(String);

macro_rules! links {
    ($($name:literal: $about:literal,
        rtt $rtt:literal, to_client $down:expr, to_server $up:expr, loss $loss:expr, source $source:literal;)*) => {
        /// All links, from the slowest access to the longest way.
        pub const LINKS: &[LinkProfile] = &[$(LinkProfile {
            name: $name,
            about: $about,
            rtt: $rtt,
            to_client: $down,
            to_server: $up,
            loss: $loss,
            source: $source,
        },)*];

        /// Their names.
        const LINK_NAMES: &[&str] = &[$($name,)*];
    };
}

links! {
    "3g": "3G in the field", rtt "300ms",
        to_client Some("1.6Mbit/s"), to_server Some("768kbit/s"), loss None,
        source "WebPageTest's profile \"Mobile 3G\" (1.6 Mbps/768 Kbps 300ms RTT), as NCC Group lists it in June 2013";
    "slow-4g": "the slowest quarter of 4G, the fastest of 3G", rtt "150ms",
        to_client Some("1.6Mbit/s"), to_server Some("750kbit/s"), loss None,
        source "Lighthouse's default `mobileSlow4G` (docs/throttling.md: 150 ms, 1.6 Mbps down, 750 Kbps up), WebPageTest's \"Mobile 3G - Fast\"";
    "lte": "LTE with a good signal", rtt "70ms",
        to_client Some("12Mbit/s"), to_server Some("12Mbit/s"), loss None,
        source "WebPageTest's profile \"LTE\" (connectivity.ini.sample: 12 Mbps each way, 70 ms RTT)";
    "dsl": "ADSL", rtt "50ms",
        to_client Some("1.5Mbit/s"), to_server Some("384kbit/s"), loss None,
        source "WebPageTest's profile \"DSL\" (1.5 Mbps/384 Kbps 50ms RTT), as NCC Group lists it in June 2013";
    "cable": "cable television's internet", rtt "28ms",
        to_client Some("5Mbit/s"), to_server Some("1Mbit/s"), loss None,
        source "WebPageTest's profile \"Cable\" (5/1 Mbps 28ms RTT), as NCC Group lists it in June 2013";
    "lossy-wifi": "a crowded wireless LAN", rtt "{ mean: 10ms, jitter: 12ms, distribution: pareto }",
        to_client None, to_server None,
        loss Some("{ good: { mean: 6s, ratio: 0.1% }, bad: { mean: 2s, ratio: 10% } }"),
        source "Delay: Sui et al., MobiSys 2016 (median 3 ms, 90th percentile about 20 ms, long tail). Loss in bursts, as Gilbert and Elliott have it; its figures are ours, to be felt within a minute";
    "leo-satellite": "a low satellite, such as Starlink's", rtt "50ms~20ms",
        to_client Some("87.25Mbit/s"), to_server Some("13.54Mbit/s"), loss None,
        source "Delay: UCLouvain's measurements of 2022 on the APNIC blog, 2022-11-28 (median 50 ms, quartiles 40 and 60 ms). Rates: Ookla's medians for Starlink in the USA, third quarter of 2021";
    "geo-satellite": "a geostationary satellite", rtt "629ms",
        to_client Some("18.75Mbit/s"), to_server Some("2.96Mbit/s"), loss None,
        source "Ookla's medians for Viasat in the USA, third quarter of 2021; RFC 2488 (section 2) has 558 ms for the propagation alone";
    "transatlantic": "Virginia to London", rtt "{ mean: 76ms, jitter: 500us, distribution: normal }",
        to_client None, to_server None, loss None,
        source "Pings from us-east4 to europe-west2, mid-2020 (github.com/vitorenesduarte/fantoch, latency_gcp); the jitter is the median mdev of all pairs. Verizon promises 90 ms from New York to London";
    "transpacific": "Oregon to Tokyo", rtt "{ mean: 88ms, jitter: 500us, distribution: normal }",
        to_client None, to_server None, loss None,
        source "Pings from us-west1 to asia-northeast1, as above";
}

// === impl LinkProfile ===

impl LinkProfile {
    /// The link of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        LINKS.iter().find(|link| link.name == name)
    }

    /// What it adds to a round trip.
    pub(super) fn round_trip(&self) -> Spread {
        read(self.rtt)
    }

    /// The rates to the client and to the server.
    pub(super) fn rates(&self) -> [Option<ByteRate>; 2] {
        [self.to_client, self.to_server].map(|rate| rate.map(read))
    }

    /// What it loses.
    pub(super) fn losses(&self) -> Option<Loss> {
        self.loss.map(read)
    }
}

impl FromStr for &'static LinkProfile {
    type Err = LinkError;

    fn from_str(name: &str) -> Result<Self, LinkError> {
        LinkProfile::named(name).ok_or_else(|| LinkError(name.to_owned()))
    }
}

/// The name of a link in a scenario file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LinkName(pub(super) &'static LinkProfile);

impl<'de> Deserialize<'de> for LinkName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map(Self).map_err(|_| D::Error::unknown_variant(&name, LINK_NAMES))
    }
}

impl schemars::JsonSchema for LinkName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Link".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let links = LINKS.iter().map(|link| {
            let rate =
                |rate: Option<&str>, way| rate.map(|rate| format!(", {rate} {way}")).unwrap_or_default();
            let rates = rate(link.to_client, "to the client") + &rate(link.to_server, "to the server");
            let loss = link.loss.map(|_| ", loss in bursts").unwrap_or_default();
            let words = format!("{}: {} round trip{rates}{loss}.", link.about, link.rtt);
            serde_json::json!({ "const": link.name, "description": words })
        });
        schemars::json_schema!({ "type": "string", "oneOf": links.collect::<Vec<_>>() })
    }
}

fn read<T: for<'de> Deserialize<'de>>(value: &str) -> T {
    serde_saphyr::from_str(value).expect("the table's values are a scenario file's: a test reads them all")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Every value is one that a scenario file could have, and the figures are of the order that they claim.
    #[test]
    fn the_table_reads() {
        for link in LINKS {
            let rtt = link.round_trip().delay();
            assert!((20..700).contains(&rtt.mean.as_millis()) || link.name == "lossy-wifi", "{}", link.name);
            let [to_client, to_server] = link.rates();
            assert_eq!(to_client.is_some(), to_server.is_some(), "{}", link.name);
            assert!(to_client >= to_server, "{}", link.name);
            assert_eq!(link.losses().is_some(), link.loss.is_some());
            assert!(link.source.len() > 20 && !link.source.ends_with('.'), "{}", link.name);
        }
    }

    /// The reference has every link with its figures and its source.
    #[test]
    fn the_reference_has_the_same_table() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scenario.md");
        let text = fs_err::read_to_string(path).unwrap();
        for link in LINKS {
            let code = |value: Option<&str>| value.map(|value| format!("`{value}`")).unwrap_or_default();
            let row = format!(
                "| `{}` | {} | `{}` | {} | {} | {} | {} |",
                link.name,
                link.about,
                link.rtt,
                code(link.to_client),
                code(link.to_server),
                code(link.loss),
                link.source
            );
            assert!(text.contains(&row), "docs/scenario.md needs this row:\n{row}");
        }
    }
}
