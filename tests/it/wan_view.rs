//! `brownout wan`: the routing of a scenario alone.

use serde_json::Value;

use crate::support::{Sandbox, brownout, count, list, number, text};

const SCENARIO: &str = "name: ring\nduration: 10m\nstarts_at: 2026-01-25T06:45:00Z\n\
    services: { api: { upstream: 127.0.0.1:9, path: { from: s1, to: s3 } } }\n\
    wan:\n  topology: { ring: { routers: 5, delay: 4ms }, prefixes: 20 }\n  platform: generic-ios\n\
    \x20 script: [{ at: 1m, link_down: { link: r1/r2, seen: silent } }]\n";

/// Proves that one look tells the network, who lost what, and what routers did; and that all formats agree on the figures.
#[test]
fn the_routing_of_a_scenario_is_told() {
    let sandbox = Sandbox::new();
    sandbox.write("ring.yaml", SCENARIO);
    let ran = sandbox.run(brownout().args(["wan", "ring.yaml", "--svg", "ring.svg"]));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    for part in [
        "5 sites, 5 routers",
        "06:46",
        "r1/r2 goes down silently",
        "s1 - s2",
        "neighbour lost on r1/r2 (silence)",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 100), "a page for a pipe has 100 columns");
    let picture = text(&sandbox, "ring.svg");
    assert!(picture.starts_with("<svg ") && picture.contains("r1/r2 goes down silently"));

    let ran = sandbox.run(brownout().args(["wan", "ring.yaml", "--json", "--all"]));
    let document: Value = serde_json::from_str(&ran.stdout).expect("JSON alone");
    assert_eq!((count(&document, "schema_version"), list(&document, "pairs").len()), (1, 10));
    let hit = list(&document, "pairs")
        .iter()
        .find(|pair| pair["from"] == "s1" && pair["to"] == "s2")
        .expect("it is there");
    assert!(number(hit, "some_dark_s") > 1.0 && list(hit, "waves").len() == 1, "{hit}");

    let repeated = sandbox.run(brownout().args(["wan", "ring.yaml", "--json", "--all"]));
    assert_eq!(ran.stdout, repeated.stdout, "the same seed, the same bytes");
}

/// Proves that a packet's walk names the routers, the delays and the end of each group of buckets, both ways.
#[test]
fn the_walk_of_a_packet_is_told() {
    let sandbox = Sandbox::new();
    sandbox.write("ring.yaml", SCENARIO);
    let ran = sandbox.run(brownout().args(["wan", "ring.yaml", "--trace", "s1", "s3", "--at", "61s"]));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(
        ran.stdout
            .contains("256 of 256 buckets  ✗ dropped after 0ms: r1 still sends over r1/r2, which is down"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("s3 → s1, the way back"), "{}", ran.stdout);
    let ran =
        sandbox.run(brownout().args(["wan", "ring.yaml", "--trace", "s1", "s3", "--at", "5s", "--json"]));
    let document: Value = serde_json::from_str(&ran.stdout).expect("JSON alone");
    let ways = list(&document["walk"], "ways");
    assert_eq!((ways.len(), ways[0]["delivered"].as_bool()), (2, Some(true)));
    assert_eq!(list(&ways[0], "hops").len(), 3);
}

/// Proves that what can't be shown is told with the nearest right thing, as wrong usage.
#[test]
fn wrong_names_and_times_are_told() {
    let sandbox = Sandbox::new();
    sandbox.write("ring.yaml", SCENARIO);
    for (args, told) in [
        (&["ring.yaml", "--trace", "s1", "s33"][..], "there is no site `s33`; did you mean `s3`?"),
        (&["ring.yaml", "--routers", "r11"], "there is no router or site `r11`; did you mean `r1`?"),
        (
            &["ring.yaml", "--sites", "nowhere"],
            "there is no site `nowhere`; `brownout wan SCENARIO` lists the sites",
        ),
        (&["ring.yaml", "--from", "5m", "--until", "2m"], "5m is not before 2m"),
        (&["ring.yaml", "--at", "11m"], "11m is not before 10m"),
        (&["latency"], "latency has no WAN: add a `wan` section"),
        (&["rin.yaml"], "the file can't be read"),
    ] {
        let ran = sandbox.run(brownout().arg("wan").args(args));
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(told), "{args:?}: {}", ran.stderr);
    }
    let ran = sandbox.run(brownout().args(["wan", "ring.yaml", "--svg", "no/such/folder.svg"]));
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
}
