//! The scenarios that are shipped: each one is valid, and the demo tells its story.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Sandbox, brownout, count, list, named, number, text};

/// Proves that every shipped scenario is valid, and that a person sees its name and what will happen when.
#[test]
fn every_shipped_scenario_checks() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "yaml");
    let files: Vec<PathBuf> = files.filter(is_yaml).collect();
    assert!(!files.is_empty());
    for file in files {
        let ran = Sandbox::new().run(brownout().arg("check").arg(&file));
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", file.display());
        let source = fs_err::read_to_string(&file).unwrap();
        let name = source.lines().find_map(|line| line.strip_prefix("name: ")).expect("it has a name");
        assert!(ran.stdout.contains(name.trim_matches('"')), "{}", ran.stdout);
    }
}

/// Proves the story of the demo, from proxy to verdict: failure is sporadic, the rule that asks for three failures in a row
/// never fires, the one that looks at a share does, every expectation is met.
#[test]
fn the_demo_tells_its_story() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(brownout().args(["demo", "--json", "demo.json"]));
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    let json: Value = serde_json::from_str(&text(&sandbox, "demo.json")).unwrap();
    assert_eq!(json["outcome"], "passed");
    let sleepy = named(&json, "detectors", "sleepy");
    assert_eq!((count(sleepy, "fired"), list(sleepy, "alarms").len()), (0, 0));
    assert!(count(named(&json, "detectors", "watchful"), "fired") >= 1, "{json}");
    let homepage = named(&json, "monitors", "homepage");
    assert!(count(homepage, "failed") >= 1 && count(homepage, "failures_in_a_row_max") <= 2, "{homepage}");
    assert!(number(&json, "played_until_s") >= 30.0);
    assert!(ran.stdout.contains("PASSED"), "{}", ran.stdout);
    assert!(ran.stderr.contains("2023-01-25"), "the story is told first: {}", ran.stderr);
}
