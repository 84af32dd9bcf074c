//! Built-in topologies.
//!
//! `global-backbone` is made up, after the size and shape of public backbones: the cities are real and so are their distances;
//! routers, links and platforms are a choice. Every city has two planes: core routers `city-1` and `city-2` carry the long
//! links, edge routers `city-3` and `city-4` announce its prefixes and hang on both cores. Link delays follow the great circle
//! with a detour of 1.3, metrics are delays in milliseconds, rounded: so there are ties, as in real networks.

use std::sync::Arc;
use std::time::Duration;

use super::build::{LinkSpec, TopologyBuilder, TopologyError};
use super::graph::{BlockKind, Place, Topology};
use crate::wan::platform::Platform;

/// A city of the global backbone: its name, where it is (degrees east and north), and which of its routers are not of the
/// common platform.
struct City(&'static str, f64, f64, &'static [(usize, Kind)]);

/// What is not common.
#[derive(Clone, Copy)]
enum Kind {
    Cautious,
    Fragile,
}

use Kind::{Cautious, Fragile};

/// All routers of a city are fragile.
const ALL_FRAGILE: &[(usize, Kind)] = &[(1, Fragile), (2, Fragile), (3, Fragile), (4, Fragile)];

/// In the order of their prefixes in every table.
const CITIES: [City; 28] = [
    City("ashburn", -77.5, 39.0, &[]),
    City("seattle", -122.3, 47.6, &[]),
    City("london", -0.1, 51.5, &[(2, Fragile)]),
    City("dublin", -6.3, 53.3, &[]),
    City("paris", 2.4, 48.9, &[]),
    City("madrid", -3.7, 40.4, &[]),
    City("marseille", 5.4, 43.3, &[(1, Fragile)]),
    City("frankfurt", 8.7, 50.1, &[]),
    City("amsterdam", 4.9, 52.4, &[(4, Fragile)]),
    City("stockholm", 18.1, 59.3, &[]),
    City("milan", 9.2, 45.5, &[]),
    City("johannesburg", 28.0, -26.2, ALL_FRAGILE),
    City("dubai", 55.3, 25.2, &[(2, Fragile)]),
    City("mumbai", 72.9, 19.1, ALL_FRAGILE),
    City("chennai", 80.3, 13.1, &[(1, Fragile), (3, Fragile)]),
    City("hong-kong", 114.2, 22.3, &[(2, Fragile)]),
    City("tokyo", 139.7, 35.7, &[]),
    City("seoul", 127.0, 37.6, &[]),
    City("sydney", 151.2, -33.9, ALL_FRAGILE),
    City("sao-paulo", -46.6, -23.6, &[(1, Fragile)]),
    City("miami", -80.2, 25.8, &[]),
    City("atlanta", -84.4, 33.7, &[]),
    City("dallas", -96.8, 32.8, &[]),
    City("toronto", -79.4, 43.7, &[]),
    City("new-york", -74.0, 40.7, &[]),
    City("chicago", -87.6, 41.9, &[(1, Cautious), (2, Cautious)]),
    City("san-jose", -121.9, 37.3, &[]),
    City("singapore", 103.8, 1.3, ALL_FRAGILE),
];

/// Which cities are joined, in both planes.
const ROUTES: [(&str, &str); 44] = [
    ("london", "dublin"),
    ("london", "paris"),
    ("london", "amsterdam"),
    ("london", "new-york"),
    ("dublin", "new-york"),
    ("dublin", "amsterdam"),
    ("paris", "madrid"),
    ("paris", "frankfurt"),
    ("paris", "marseille"),
    ("paris", "ashburn"),
    ("madrid", "marseille"),
    ("madrid", "ashburn"),
    ("madrid", "sao-paulo"),
    ("frankfurt", "amsterdam"),
    ("frankfurt", "milan"),
    ("frankfurt", "stockholm"),
    ("amsterdam", "stockholm"),
    ("milan", "marseille"),
    ("marseille", "dubai"),
    ("marseille", "mumbai"),
    ("marseille", "johannesburg"),
    ("dubai", "mumbai"),
    ("johannesburg", "mumbai"),
    ("mumbai", "chennai"),
    ("chennai", "singapore"),
    ("singapore", "hong-kong"),
    ("singapore", "tokyo"),
    ("singapore", "sydney"),
    ("hong-kong", "tokyo"),
    ("tokyo", "seoul"),
    ("hong-kong", "seoul"),
    ("tokyo", "seattle"),
    ("tokyo", "san-jose"),
    ("sydney", "san-jose"),
    ("seattle", "san-jose"),
    ("seattle", "chicago"),
    ("san-jose", "dallas"),
    ("dallas", "chicago"),
    ("dallas", "atlanta"),
    ("chicago", "toronto"),
    ("chicago", "ashburn"),
    ("toronto", "new-york"),
    ("new-york", "ashburn"),
    ("ashburn", "atlanta"),
];

/// The two routes that close the ring around the Atlantic.
const SOUTHERN: [(&str, &str); 2] = [("atlanta", "miami"), ("miami", "sao-paulo")];

/// Prefixes of each city: 28 of them make the million of the internet's table (IPv4, 2025).
const PREFIXES_PER_CITY: u32 = 36_000;

/// A fibre is longer than the great circle; a whole path is 1.7 times as long (median of 700 pairs of cloud regions).
const DETOUR: f64 = 1.3;

/// Between routers of one city.
const WITHIN_CITY: Duration = Duration::from_micros(50);

// === impl Topology ===

impl Topology {
    /// The names that [`Topology::preset`] knows.
    pub const PRESETS: [&'static str; 1] = ["global-backbone"];

    /// The built-in topology of this name.
    pub fn preset(name: &str) -> Option<Result<Self, Vec<TopologyError>>> {
        (name == "global-backbone").then(Self::global_backbone)
    }

    /// A backbone of 28 cities and 112 routers around the world.
    pub fn global_backbone() -> Result<Self, Vec<TopologyError>> {
        let [common, cautious, fragile] =
            [Platform::incident_resilient(), Platform::incident_cautious(), Platform::incident_fragile()]
                .map(Arc::new);
        let mut wan = TopologyBuilder::new();
        for City(city, longitude, latitude, special) in &CITIES {
            wan.site(city, Some(Place { longitude: *longitude, latitude: *latitude }));
            for number in 1..=4 {
                let platform = match special.iter().find(|(which, _)| *which == number) {
                    None => &common,
                    Some((_, Cautious)) => &cautious,
                    Some((_, Fragile)) => &fragile,
                };
                wan.router(&format!("{city}-{number}"), city, platform);
            }
            let [one, two, three, four] = [1, 2, 3, 4].map(|number| format!("{city}-{number}"));
            for (a, b) in [(&one, &two), (&three, &one), (&three, &two), (&four, &one), (&four, &two)] {
                wan.link(&format!("{a}/{b}"), a, b, LinkSpec::new(WITHIN_CITY, 1).at_risk(city));
            }
            wan.block(city, city, &[&three, &four], PREFIXES_PER_CITY, BlockKind::Bgp);
        }
        for (a, b) in ROUTES.iter().chain(&SOUTHERN) {
            let delay = place(a).fibre_delay(place(b), DETOUR);
            let metric = (delay.as_secs_f64() * 1e3).round().max(1.0) as u32;
            for plane in 1..=2 {
                let (near, far) = (format!("{a}-{plane}"), format!("{b}-{plane}"));
                let spec = LinkSpec::new(delay, metric).at_risk(&format!("{a}/{b}"));
                wan.link(&format!("{near}/{far}"), &near, &far, spec);
            }
        }
        wan.build()
    }
}

fn place(name: &str) -> Place {
    let city = CITIES.iter().find(|city| city.0 == name);
    let City(_, longitude, latitude, _) = city.expect("a route joins two of the cities");
    Place { longitude: *longitude, latitude: *latitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_sound() {
        for name in Topology::PRESETS {
            let wan = Topology::preset(name).expect("a known name").expect("a sound topology");
            assert!(wan.routers().len() >= 100 && wan.sites().len() >= 20);
        }
    }

    /// London to New York is 5,570 km on the great circle.
    #[test]
    fn distances_are_great_circles() {
        let km = place("london").distance_km(place("new-york"));
        assert!((5_500.0..5_650.0).contains(&km), "{km}");
        let delay = place("london").fibre_delay(place("new-york"), 1.0);
        assert!((27.5..28.3).contains(&(delay.as_secs_f64() * 1e3)), "{delay:?}");
    }
}
