//! The incidents of the library: each does to its paths what its sources say, when they say it, whatever the seed.
//!
//! Held here is what follows from the script by simulated routing: the share of packet pairs (one there, one back) that a
//! path loses, over all flow buckets, before the incident, within it and after it. What declared faults add is not in it.

use brownout::base::{Direction, FlowBucket, Seed, SimTime};
use brownout::scenario::{LIBRARY, Overrides, Plan, load_scenario};
use brownout::wan::{Fate, Paths};

/// A service, a stretch of the scenario in minutes, and the least and the most percent that are lost in it on average.
type Stretch = (&'static str, u64, u64, f64, f64);

/// What is lost, by incident.
const INCIDENTS: &[(&str, &[Stretch])] = &[
    (
        "aws-tokyo-direct-connect-2021-09-02",
        &[
            // Two of eight devices, then three, then one: for each direction apart.
            ("direct", 0, 14, 0.0, 0.0),
            ("direct", 16, 104, 35.0, 55.0),
            ("direct", 107, 313, 50.0, 70.0),
            ("direct", 318, 385, 15.0, 30.0),
            ("direct", 388, 420, 0.0, 0.0),
            ("internet", 0, 420, 0.0, 0.0),
        ],
    ),
    (
        "aws-us-east-1-2021-12-07",
        &[
            ("control", 16, 130, 40.0, 70.0),
            ("control", 380, 425, 5.0, 20.0),
            ("control", 430, 450, 0.0, 0.0),
            ("data", 0, 450, 0.0, 0.0),
        ],
    ),
    (
        "azure-storm-poly-2023-07-05",
        &[
            ("across", 0, 21, 0.0, 0.0),
            ("across", 24, 538, 5.0, 20.0),
            ("across", 541, 555, 0.0, 0.0),
            ("within", 0, 555, 0.0, 0.0),
        ],
    ),
    (
        "azure-swan-2020-01-24",
        &[
            ("narrow", 14, 19, 15.0, 25.0),
            ("narrow", 21, 24, 0.0, 0.0),
            ("narrow", 86, 91, 15.0, 25.0),
            ("narrow", 93, 120, 0.0, 0.0),
            ("wide", 0, 120, 0.0, 0.0),
        ],
    ),
    (
        "centurylink-2020-08-30",
        &[
            // Sporadic: most of the time somebody loses something, and never everybody.
            ("east", 0, 13, 0.0, 0.0),
            ("east", 14, 264, 5.0, 50.0),
            ("across", 14, 264, 5.0, 60.0),
            ("across", 290, 330, 0.0, 0.0),
        ],
    ),
    (
        "cloudflare-backbone-2020-07-17",
        &[
            ("pulled", 0, 11, 0.0, 0.0),
            ("pulled", 14, 38, 60.0, 90.0),
            ("through", 14, 38, 40.0, 60.0),
            ("pulled", 45, 75, 0.0, 0.0),
            ("europe", 0, 75, 0.0, 0.0),
        ],
    ),
    (
        "facebook-2021-10-04",
        &[
            ("application", 0, 8, 0.0, 0.0),
            ("application", 15, 315, 100.0, 100.0),
            ("names", 20, 330, 100.0, 100.0),
            ("names", 345, 450, 0.0, 0.0),
        ],
    ),
    (
        "google-cloud-2019-06-02",
        &[
            ("congested", 18, 225, 40.0, 60.0),
            ("congested", 231, 278, 20.0, 40.0),
            ("congested", 282, 300, 0.0, 0.0),
            ("far", 18, 225, 60.0, 90.0),
            ("europe", 0, 300, 0.0, 0.0),
        ],
    ),
    (
        "google-europe-router-2015-11-10",
        &[
            ("across", 0, 14, 0.0, 0.0),
            ("across", 16, 417, 25.0, 50.0),
            ("across", 419, 435, 0.0, 0.0),
            ("beside", 0, 435, 0.0, 0.0),
        ],
    ),
    (
        "optus-2023-11-08",
        &[
            ("sydney", 0, 14, 0.0, 0.0),
            ("sydney", 18, 390, 100.0, 100.0),
            // West after east.
            ("perth", 400, 450, 50.0, 100.0),
            ("sydney", 480, 540, 0.0, 0.0),
            ("perth", 500, 540, 0.0, 0.0),
        ],
    ),
    (
        "rogers-2022-07-08",
        &[
            ("home", 0, 13, 0.0, 0.0),
            ("home", 14, 929, 50.0, 90.0),
            ("between", 14, 929, 40.0, 90.0),
            // It comes back, and goes again.
            ("home", 115, 130, 0.0, 0.0),
            ("home", 140, 200, 80.0, 100.0),
            ("home", 960, 1020, 0.0, 0.0),
        ],
    ),
    (
        "slack-tgw-2021-01-04",
        &[
            ("backend", 0, 14, 0.0, 0.0),
            ("backend", 16, 28, 1.0, 5.0),
            ("backend", 76, 205, 40.0, 70.0),
            ("backend", 212, 290, 2.0, 10.0),
            ("backend", 297, 315, 0.0, 0.0),
        ],
    ),
];

/// Instants that are looked at in each stretch.
const INSTANTS: u64 = 40;

/// Proves that each incident's paths fail as its sources say, for several seeds.
#[test]
fn every_incident_fails_as_it_did() {
    for (name, stretches) in INCIDENTS {
        for seed in 1..=3 {
            let overrides = Overrides { seed: Some(Seed(seed)), ..Overrides::default() };
            let plan = load_scenario(name.as_ref(), &overrides).expect("a scenario of the library is valid");
            for (service, from, until, least, most) in *stretches {
                let lost = lost_percent(&plan, service, *from, *until);
                let fits = *least - 1e-9 <= lost && lost <= *most + 1e-9;
                assert!(fits, "{name}, seed {seed}: {service} loses {lost:.2} % from {from}m to {until}m");
            }
        }
    }
}

/// Proves that every incident says when it happened, where its figures come from, and what is not known.
#[test]
fn every_incident_names_its_sources() {
    let dated = LIBRARY.iter().filter(|shipped| shipped.text.contains("\nstarts_at: "));
    let mut count = 0;
    for shipped in dated {
        count += 1;
        let story = shipped.story().split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["Source", "Not known", "UTC"] {
            assert!(story.contains(part), "{}: {part}", shipped.name);
        }
    }
    assert!(count >= 10, "{count} incidents");
}

/// The percent of packet pairs that are lost in a stretch of minutes, over all flow buckets.
fn lost_percent(plan: &Plan, service: &str, from: u64, until: u64) -> f64 {
    let wan = plan.wan.as_ref().expect("it has a WAN");
    let service = plan.services.iter().find(|one| &*one.name == service).expect("it has this service");
    let flows = &service.path.as_ref().expect("it has a path").flows;
    let paths = flows.each_ref().map(|flow| wan.paths(flow).expect("few changes"));
    let span = (until - from) * 60_000;
    let instants = (0..=INSTANTS).map(|n| SimTime::from_millis(from * 60_000 + span * n / INSTANTS));
    let lost: f64 = instants.map(|at| lost_at(&paths, at)).sum();
    100.0 * lost / (INSTANTS + 1) as f64
}

fn lost_at(paths: &[Paths; 2], at: SimTime) -> f64 {
    let passes = |bucket: FlowBucket| -> f64 {
        let share = |direction: Direction| match paths[direction.index()].bucket(bucket).at(at) {
            Fate::Delivered { loss, .. } => 1.0 - loss.as_f64(),
            Fate::Dropped(_) => 0.0,
        };
        Direction::ALL.map(share).iter().product()
    };
    1.0 - FlowBucket::all().map(passes).sum::<f64>() / 256.0
}
