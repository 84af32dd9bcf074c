//! Monitors of many targets, live: each target has a phase of its own, and detectors tell them apart.

use crate::support::{HttpServer, count, play, string};

/// Proves that every instance of a fleet is probed at its own phase, that events say which, and that a rule per target sees each
/// by itself: of two services one is dark, so half of the fleet fails and all of it never does.
#[test]
fn each_target_is_probed_and_judged_by_itself() {
    let server = HttpServer::start("fine");
    let upstream = server.address();
    let scenario = format!(
        "name: fleet\nduration: 2s\nseed: 3\nallow_untouched: true\n\
         services: {{ lit: {{ upstream: \"{upstream}\" }}, dark: {{ upstream: \"{upstream}\" }} }}\n\
         faults: [{{ service: dark, blackhole: 100% }}]\n\
         monitors:\n\
         \x20 many: {{ via: lit, targets: {{ instances: 3 }}, every: 400ms, timeout: 300ms, http: {{ get: / }} }}\n\
         \x20 both: {{ targets: {{ services: [lit, dark] }}, every: 300ms, timeout: 250ms, http: {{ get: / }} }}\n\
         detectors:\n\
         \x20 half: {{ monitor: both, per_target: {{ rule: {{ consecutive: {{ failures: 2 }} }}, at_least: 50% }} }}\n\
         \x20 all: {{ monitor: both, per_target: {{ rule: {{ consecutive: {{ failures: 2 }} }}, at_least: all }} }}\n\
         expect:\n\
         \x20 - {{ detector: half, fires: {{}} }}\n\
         \x20 - {{ detector: all, stays_silent: {{}} }}\n"
    );
    let played = play(&scenario, &[], "");
    played.expect_code(0);
    let probes = played.events("probe");
    let of = |monitor: &str, target: u64| -> Vec<f64> {
        let own = |probe: &&serde_json::Value| {
            string(probe, "monitor") == monitor && probe["target"].as_u64().unwrap_or(0) == target
        };
        probes.iter().filter(own).filter_map(|probe| probe["t"].as_f64()).collect()
    };
    let mut firsts: Vec<f64> = (0..3).map(|target| *of("many", target).first().expect("a probe")).collect();
    firsts.sort_by(f64::total_cmp);
    assert!(firsts.windows(2).all(|pair| pair[0] < pair[1]), "{firsts:?}");
    assert!((0..3).all(|target| of("many", target).len() >= 3), "{probes:?}");
    let failed =
        |probe: &&serde_json::Value| string(probe, "monitor") == "both" && !probe["failure"].is_null();
    assert!(probes.iter().filter(failed).all(|probe| count(probe, "target") == 1), "{probes:?}");
    assert!(probes.iter().filter(failed).count() >= 2);
}
