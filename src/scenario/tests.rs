//! The loader as a whole: what shipped files make, and what broken ones are told.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::base::SimTime;
use crate::diag::{Code, Colour};

const VALID: &str = "\
name: slow start
duration: 10s
services:
  api: { listen: 127.0.0.1:0, upstream: 127.0.0.1:9 }
  web: { listen: 127.0.0.1:0, upstream: 127.0.0.1:9, max_connections: 5 }
faults:
  - { service: api, at: 2s, for: 3s, latency: 80ms~10ms }
  - { service: [api, web], at: 2s, for: 3s, latency: { mean: 1s }, ramp: { up: 1s, down: 1s }, peers: [10.0.0.0/8] }
  - { service: web, every: 2s, for: 1s, repeat: 3, blackhole: 20%, allow_untouched: true }
  - { service: web, bursts: { mean_active: 1s, mean_pause: 500ms }, reset: { after_bytes: 1kB }, name: rst }
monitors:
  home: { via: api, every: 1s, timeout: 1s, http: { get: /x, status: 200, body_contains: hi, body_at_least: 1kB } }
  conn: { via: web, every: 500ms, timeout: 1s, tcp: {} }
detectors:
  row: { monitor: home, consecutive: { failures: 3, successes: 2 } }
  share: { monitor: conn, window_ratio: { window: 9s, at_least: 1/20, min_samples: 4 } }
expect:
  - { monitor: home, success_ratio: { at_least: 90% }, during: latency@2s }
  - { service: web, latency: { p50: { at_most: 1s }, p99.9: { at_most: 2s } }, between: [0s, 5s] }
  - { service: web, ended_by: { fault: { at_least: 1 } } }
  - { detector: row, fires: { within: 5s } }
  - { detector: share, stays_silent: {} }
  - { command: { exit_code: 0 } }
";

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(root(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "yaml")).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn load(text: &str) -> Plan {
    load_text("test.yaml", text).expect("a valid scenario")
}

fn windows(plan: &Plan, name: &str) -> Vec<(f64, f64)> {
    let fault = faults_named(plan, name).next().unwrap();
    let windows = fault_windows(fault, &plan.clock);
    windows.iter().map(|window| (window.from.as_secs_f64(), window.until.as_secs_f64())).collect()
}

#[test]
fn a_plan_holds_what_the_file_says() {
    let plan = load(VALID);
    let names: Vec<_> = plan.faults.iter().map(|f| format!("{}/{}", f.parts.service, f.parts.name)).collect();
    assert_eq!(
        names,
        ["api/latency@2s", "api/latency@2s#2", "web/latency@2s#2", "web/blackhole@0s", "web/rst"]
    );
    assert_eq!(windows(&plan, "blackhole@0s"), [(0.0, 1.0), (2.0, 3.0), (4.0, 5.0)]);
    assert_eq!(windows(&plan, "latency@2s#2"), [(2.0, 5.0)], "a ramp is one window");
    assert_eq!(plan.services[1].connections_max, 5);
    assert_eq!(plan.services[0].variable(), "BROWNOUT_API");
    assert_eq!(plan.untouched_allowed, [("web".into(), "blackhole@0s".into())]);
    let texts: Vec<_> = plan.expectations.iter().map(|expectation| &*expectation.text).collect();
    assert_eq!(
        texts,
        [
            "monitor home: success ratio at least 90% during latency@2s",
            "service web: latency p50 at most 1s, p99.9 at most 2s from 0s to 5s",
            "service web: connections ended by fault at least 1",
            "detector row: fires within 5s",
            "detector share: stays silent",
            "command: exits with 0",
        ]
    );
    assert_eq!(plan.expectations[0].place, Some((18, 5)));
    assert_eq!(plan.expectations[0].windows.as_ref().unwrap().len(), 1);
}

#[test]
fn a_plan_is_a_function_of_file_and_seed() {
    let of = |seed| {
        let overrides = Overrides { seed, ..Overrides::default() };
        let plan = load_text_with("test.yaml", VALID, &overrides).unwrap();
        (plan.seed, windows(&plan, "rst"))
    };
    assert_eq!(of(None), of(None), "the seed follows from the name");
    assert_eq!(of(None).1, of(Some(of(None).0)).1);
    assert_ne!(of(None).1, of(Some(crate::base::Seed(7))).1);
}

#[test]
fn an_excerpt_moves_everything_and_a_speed_compresses() {
    let overrides = Overrides {
        from: Some("3s".parse::<crate::base::Span>().unwrap().get()),
        until: Some("8s".parse::<crate::base::Span>().unwrap().get()),
        speed: Some(2.0),
        ..Overrides::default()
    };
    let plan = load_text_with("test.yaml", VALID, &overrides).unwrap();
    assert_eq!(plan.run_time().as_millis(), 2_500);
    let levels = &plan.faults[0].parts.level;
    assert!(levels.at(SimTime::ZERO).is_full(), "a window that has begun is in force at once");
    assert_eq!(levels.next_change(SimTime::ZERO), Some(SimTime::from_millis(1_000)));
    assert_eq!(windows(&plan, "latency@2s"), [(3.0, 5.0)]);
    assert_eq!(windows(&plan, "rst").last().map(|(_, until)| *until <= 8.0), Some(true));
    assert_eq!(plan.monitors[0].every.as_millis(), 500);
    assert_eq!(plan.monitors[0].timeout.as_millis(), 1_000, "timeouts are never compressed");
}

#[test]
fn flags_change_addresses_and_their_mistakes_are_told() {
    let overrides = Overrides {
        services: vec!["api=localhost:3000".parse().unwrap()],
        listens: vec!["web=[::1]:0".parse().unwrap()],
        ..Overrides::default()
    };
    let plan = load_text_with("test.yaml", VALID, &overrides).unwrap();
    assert_eq!(plan.services[0].upstream.to_string(), "localhost:3000");
    assert_eq!(plan.services[1].listen.to_string(), "[::1]:0");

    let overrides = Overrides {
        services: vec!["apo=localhost:3000".parse().unwrap()],
        until: Some("11s".parse::<crate::base::Span>().unwrap().get()),
        speed: Some(f64::NAN),
        ..Overrides::default()
    };
    let error = load_text_with("test.yaml", VALID, &overrides).unwrap_err();
    insta::assert_snapshot!(error.render(Colour::Plain));
}

/// One file for each code, and every mistake is told as a person will see it.
#[test]
fn broken_scenarios_are_told() {
    let mut seen = std::collections::BTreeSet::new();
    for path in files("tests/bad") {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let name = format!("tests/bad/{stem}.yaml");
        // Tests run in the root of the tree, and so no path of this machine gets into what is told.
        let error = load_file(Path::new(&name), &Overrides::default()).expect_err(&name);
        let others = error.traces.iter().flat_map(|(_, told)| told);
        seen.extend(error.diagnostics.iter().chain(others).map(|mistake| mistake.code));
        insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => root("tests/bad"), omit_expression => true }, {
            insta::assert_snapshot!(stem, error.render(Colour::Plain));
        });
    }
    seen.insert(Code::NotInWan); // A warning: the file loads.
    for code in Code::ALL.iter().filter(|code| code.as_str().starts_with("BO-S")) {
        assert!(seen.contains(code), "no file in tests/bad provokes {code}: {}", code.about());
    }
}

#[test]
fn shipped_scenarios_load() {
    for path in files("scenarios") {
        load_file(&path, &Overrides::default()).expect("a shipped scenario loads");
        let text = fs_err::read_to_string(&path).unwrap();
        assert!(text.starts_with("# "), "{}: begins with a comment that says what it shows", path.display());
    }
}

/// Every example of the reference loads: whole scenarios as they are, parts of one in a frame that has their names.
#[test]
fn examples_of_the_reference_load() {
    let text = fs_err::read_to_string(root("docs/scenario.md")).unwrap();
    let blocks: Vec<&str> =
        text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 6);
    for block in blocks {
        let mut whole = block.to_owned();
        let has = |key: &str| block.lines().any(|line| line.starts_with(&format!("{key}:")));
        for (key, value) in [
            ("name", "name: example\n"),
            ("duration", "duration: 1h\n"),
            ("services", "services:\n  portal: { upstream: 127.0.0.1:8080 }\n"),
            ("monitors", "monitors:\n  homepage: { via: portal, every: 30s, timeout: 5s, tcp: {} }\n"),
            ("detectors", "detectors:\n  liveness: { monitor: homepage, consecutive: { failures: 3 } }\n"),
            ("faults", "faults:\n  - { service: portal, name: dark, at: 10m, for: 5m, blackhole: 20% }\n"),
        ] {
            if !has(key) {
                whole += value;
            }
        }
        load_text("docs/scenario.md", &whole).expect(&whole);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let missing = load_file(&folder.path().join("none.yaml"), &Overrides::default()).unwrap_err();
    assert_eq!(missing.diagnostics[0].code, Code::Unreadable);
    assert_eq!(missing.diagnostics[0].message, "the file can't be read: no such file or directory");
    let large = " ".repeat(crate::base::limits::SCENARIO_BYTES_MAX as usize + 1);
    assert!(load_text("x", &large).unwrap_err().diagnostics[0].message.contains("larger than 4 MiB"));
}

/// The program of a service merges the timelines of all its faults, and relies on this limit.
#[test]
fn changes_of_a_service_are_added_up() {
    let scenario = |faults: usize| {
        let fault = "  - { every: 1s, for: 500ms, latency: 1ms }\n".repeat(faults);
        format!("name: x\nduration: 24h\nservices:\n  a: {{ upstream: a:1 }}\nfaults:\n{fault}")
    };
    load(&scenario(1));
    let error = load_text("x", &scenario(3)).unwrap_err();
    assert_eq!(error.diagnostics.len(), 1);
    assert_eq!(error.diagnostics[0].code, Code::TooMany);
    assert!(
        error.diagnostics[0].message.starts_with("the faults of service `a` change more than 250000 times")
    );
}

#[test]
fn more_items_than_anybody_needs_are_refused() {
    let many = crate::base::limits::SCENARIO_ITEMS_MAX + 1;
    let text = format!("{VALID}allow_untouched: true\n")
        .replace("expect:\n", &format!("expect:\n{}", "  - {}\n".repeat(many)));
    let error = load_text("x", &text).unwrap_err();
    assert_eq!(error.diagnostics.len(), 1);
    assert!(error.diagnostics[0].message.starts_with("`expect` has 1007 items, and 1000 is the most"));
}

/// Deep nesting, and aliases of aliases, are refused before they cost anything.
#[test]
fn hostile_yaml_is_refused() {
    let deep = format!("name: {}", "[".repeat(100_000));
    let list = |n: usize| format!("a{n}: &a{n} [{}]", vec![format!("*a{}", n - 1); 9].join(","));
    let lists = (1..12).map(list).collect::<Vec<_>>().join("\n");
    let bomb = format!("a0: &a0 [x]\n{lists}\n{VALID}");
    for text in [deep, bomb] {
        assert_eq!(load_text("x", &text).unwrap_err().diagnostics.len(), 1);
    }
}

/// A plan, or mistakes of which each has a place in the text.
pub(super) fn judge(text: &str) -> Result<(), TestCaseError> {
    if let Err(error) = load_text("x.yaml", text) {
        prop_assert!(!error.diagnostics.is_empty());
        for mistake in &error.diagnostics {
            let span = mistake.span;
            prop_assert!(span.is_some_and(|span| span.end <= text.len()), "{mistake:?} in {text:?}");
            prop_assert!(
                mistake.message.chars().next().is_some_and(|c| !c.is_uppercase()),
                "{}",
                mistake.message
            );
        }
        prop_assert!(!error.render(Colour::Plain).is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_judged(text in any::<String>()) {
        judge(&text)?;
    }

    /// A piece of a valid scenario is replaced by another piece of it, or by noise.
    #[test]
    fn a_mutilated_scenario_is_judged(
        from in 0..VALID.len(),
        length in 0usize..30,
        noise in prop_oneof!["[-{}\\[\\]:, &*!#%@0-9a-z\n]{0,8}", (0..VALID.len(), 0usize..40)
            .prop_map(|(at, len)| VALID[at..(at + len).min(VALID.len())].to_owned())],
    ) {
        let until = (from + length).min(VALID.len());
        judge(&format!("{}{noise}{}", &VALID[..from], &VALID[until..]))?;
    }

    /// Any times at all: told or drawn, soon.
    #[test]
    fn any_schedule_is_judged(
        times in prop::collection::vec(prop_oneof!["0s", "1ns", "1us", "3ms", "1s", "7s", "10s", "366d"], 8),
        repeat in prop_oneof![Just(0u32), Just(1), Just(3), Just(u32::MAX)],
        mask in 0u8..64,
    ) {
        let keys = [
            format!("at: {}", times[0]), format!("for: {}", times[1]), format!("every: {}", times[2]),
            format!("repeat: {repeat}"), format!("ramp: {{ up: {}, down: {} }}", times[3], times[4]),
            format!("bursts: {{ mean_active: {}, mean_pause: {} }}", times[5], times[6]),
        ];
        let chosen: Vec<_> = keys.into_iter().enumerate().filter(|(n, _)| mask & (1 << n) != 0).map(|(_, k)| k).collect();
        let item = chosen.join(", ") + if chosen.is_empty() { "" } else { ", " };
        judge(&format!("name: x\nduration: {}\nservices:\n  a: {{ upstream: a:1 }}\nfaults:\n  - {{ {item}latency: 1ms }}\n", times[7]))?;
    }
}

/// One word, several faults: each is called after its item, comes and goes with it, and is found by its name or by its own.
#[test]
fn sugar_becomes_faults_that_are_found_by_the_name_of_their_item() {
    let plan = load(
        "\
name: sugar
duration: 1m
services: { api: { upstream: 127.0.0.1:9 }, web: { upstream: 127.0.0.1:9 } }
faults:
  - { service: api, at: 5s, for: 10s, bursts: { mean_active: 1s, mean_pause: 1s }, link: 3g }
  - { at: 30s, for: 5s, partition: {} }
  - { name: hang-up, service: web, at: 1s, timeout: 5s, probability: 50%, direction: to_client }
  - { service: web, rtt: 80ms~10ms }
expect:
  - { service: api, connections: { at_least: 1 }, during: link@5s }
  - { service: api, connections: { at_least: 1 }, during: link@5s/bandwidth-to-client }
  - { service: web, connections: { at_least: 1 }, during: partition@30s }
",
    );
    let names: Vec<_> = plan.faults.iter().map(|f| format!("{}/{}", f.parts.service, f.parts.name)).collect();
    assert_eq!(
        names,
        [
            "api/link@5s/latency",
            "api/link@5s/bandwidth-to-client",
            "api/link@5s/bandwidth-to-server",
            "api/partition@30s",
            "web/partition@30s",
            "web/hang-up/blackhole",
            "web/hang-up/close",
            "web/rtt@0s",
        ]
    );
    assert_eq!(plan.faults[0].parts.level, plan.faults[2].parts.level, "the same bursts");
    assert_eq!(plan.expectations[0].windows, plan.expectations[1].windows);
    assert!(plan.expectations[0].windows.as_ref().unwrap().len() > 1);
    let may =
        |name| faults_named(&plan, name).map(|fault| plan.may_stay_untouched(fault)).collect::<Vec<_>>();
    assert_eq!(may("link@5s"), [false, true, true]);
    assert_eq!(may("partition@30s"), [false, false]);
    assert_eq!(may("hang-up"), [false, true]);
    let directions: Vec<_> = faults_named(&plan, "hang-up").map(|fault| fault.parts.directions).collect();
    assert_eq!(directions, [crate::base::Directions::ToClient; 2]);
    let unknown = "name: x\nduration: 1m\nservices: { a: { upstream: a:1 } }\nfaults: [{ link: 3g }]\n\
        expect: [{ service: a, connections: { at_least: 1 }, during: link@0s/latncy }]\n";
    let told = load_text("x", unknown).unwrap_err();
    assert_eq!(told.diagnostics[0].hint.as_deref(), Some("did you mean `link@0s/latency`?"));
}

proptest! {
    // Each case may draw a timeline of the largest size.
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// Any value for any key that names what a fault does: a plan or a mistake, soon and in bounded memory.
    #[test]
    fn any_value_is_judged(
        key in prop::sample::select(super::sugar::cause_keys()),
        value in prop_oneof![
            "[-~0-9.]{1,12}(ns|ms|s|h|d|%|MB/s|bit/s|)",
            "[\\[\\]{}:,~a-z0-9 ]{0,12}",
            prop::sample::select(vec![
                "366d~366d", "1ns", "99999999999999999999999h", "1/0", "'\\0'", "null", "3g",
                "{ mean: 366d, jitter: 366d, distribution: pareto }",
                "{ gap: 1ns~0s, height: 366d, length: 1ns }",
                "{ gap: 1ns, height: { samples: [366d, 0s] }, length: 366d, shape: decay }",
                "{ samples: [0s, 366d, 1ns], correlation: 100% }",
                "{ samples: { file: /dev/zero } }",
                "{ trace: { delays: [1ns, lost, 366d], every: 1ns } }",
                "{ trace: { delays: [1ms], every: 366d, at_end: hold } }",
                "{ trace: { deliveries: [1ns] }, shared: service }",
                "{ trace: { deliveries: [366d, 366d] } }",
                "{ trace: { file: [] } }",
                "{ good: { mean: 1ns }, bad: { mean: 1ns, ratio: 100% } }",
            ]).prop_map(str::to_owned),
        ],
        more in prop::sample::select(vec!["", ", ramp: 1s", ", direction: both", ", at: 1s, for: 1s"]),
        duration in prop::sample::select(vec!["2s", "1h", "366d"]),
    ) {
        judge(&format!("name: x\nduration: {duration}\nservices:\n  a: {{ upstream: a:1 }}\nfaults:\n  - {{ {key}: {value}{more} }}\n"))?;
    }

    /// Any bytes at all as the file that a scenario names: whatever is wrong has a place in them.
    #[test]
    fn any_trace_file_is_judged(bytes in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "([0-9]{0,5}(\\.[0-9]|ms|)\n){0,20}".prop_map(String::into_bytes),
    ]) {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("trace"), bytes).unwrap();
        for fault in [
            "latency: { trace: { file: trace, every: 10ms } }", "latency: { samples: { file: trace } }",
            "bandwidth: { trace: { file: trace } }",
        ] {
            let text = format!("name: x\nduration: 1m\nservices: {{ a: {{ upstream: a:1 }} }}\nfaults: [{{ {fault} }}]\n");
            fs_err::write(folder.path().join("x.yaml"), text).unwrap();
            if let Err(error) = load_file(&folder.path().join("x.yaml"), &Overrides::default()) {
                for (file, told) in &error.traces {
                    prop_assert!(told.iter().all(|mistake| mistake.span.is_some_and(|span| span.end <= file.text.len())));
                }
                prop_assert!(error.diagnostics.len() + error.traces.len() > 0);
                prop_assert!(!error.render(Colour::Plain).is_empty() && !error.to_string().is_empty());
            }
        }
    }
}

/// A trace is part of the scenario's time: an excerpt plays its part of it, a speed compresses it, and its delays stay.
#[test]
fn a_trace_begins_with_its_fault_and_follows_the_clock() {
    let text = "\
name: replay
duration: 1m
services: { api: { upstream: 127.0.0.1:9 } }
faults:
  - { at: 10s, latency: { trace: { delays: [10ms, 20ms, lost, 40ms], every: 2s } } }
  - { at: 10s, bandwidth: { trace: { deliveries: [3ms, 7ms] } } }
";
    let delays = |overrides: Overrides, secs: &[u64]| -> Vec<i64> {
        let plan = load_text_with("x", text, &overrides).unwrap();
        let line = plan.faults[0].path(crate::base::FlowBucket(0), crate::base::Direction::ToClient);
        let held = |secs: &u64| {
            let state = line.at(SimTime::from_secs(*secs));
            let delay = state.delays.first().map(|term| term.delay.mean.as_millis() as i64);
            delay.unwrap_or(if state.dark.is_some() { -1 } else { 0 })
        };
        secs.iter().map(held).collect()
    };
    assert_eq!(delays(Overrides::default(), &[9, 10, 12, 14, 16, 18]), [0, 10, 20, -1, 40, 10]);
    let from = Some(std::time::Duration::from_secs(13));
    assert_eq!(delays(Overrides { from, ..Overrides::default() }, &[0, 1, 3, 5]), [20, -1, 40, 10]);
    assert_eq!(
        delays(Overrides { speed: Some(2.0), ..Overrides::default() }, &[4, 5, 6, 7, 8]),
        [0, 10, 20, -1, 40]
    );
    // A link's own time runs on the wall clock, and begins with its fault as well.
    let own = |overrides: Overrides, run: u64| {
        let plan = load_text_with("x", text, &overrides).unwrap();
        plan.faults[1].own_time(SimTime::from_secs(run)).as_secs_f64()
    };
    assert!((own(Overrides::default(), 12) - 2.0).abs() < 1e-9);
    assert!((own(Overrides { from, ..Overrides::default() }, 0) - 3.0).abs() < 1e-9);
}

/// Files beside the scenario, by their names relative to it.
#[test]
fn traces_are_read_from_files_beside_the_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs_err::write(folder.path().join(name), text).unwrap();
    fs_err::create_dir(folder.path().join("traces")).unwrap();
    write("traces/rtt.txt", "12\n80ms\n");
    write("traces/lte.down", "0\n3\n7\n");
    let text = "name: x\nduration: 1m\nservices: { a: { upstream: a:1 } }\nfaults:\n\
        \x20 - latency: { trace: { file: traces/rtt.txt, every: 1s } }\n\
        \x20 - latency: { samples: { file: traces/rtt.txt } }\n\
        \x20 - bandwidth: { trace: { file: traces/lte.down } }\n";
    write("x.yaml", text);
    let plan = load_file(&folder.path().join("x.yaml"), &Overrides::default()).unwrap();
    let told: Vec<String> = plan.faults.iter().map(|fault| fault.kind().summary()).collect();
    assert_eq!(
        told,
        [
            "trace of 2 delays over 2s, repeated",
            "2 samples from 12ms to 80ms",
            "trace of 3 packets in 7ms, 643kB/s on average per connection",
        ]
    );
    let nowhere = load_text("x", text).unwrap_err();
    assert!(nowhere.diagnostics[0].message.contains("what has no file of its own can name none"));
}

/// The example of every kind in the table is a fault of that kind, with nothing to say against it.
#[test]
fn every_kind_has_an_example_that_loads() {
    for kind in crate::fault::KINDS {
        let head = "name: example\nduration: 2m\nservices: { api: { upstream: 127.0.0.1:9 } }\n";
        let plan = load(&format!("{head}faults: [{{ {}: {} }}]\n", kind.name, kind.example));
        assert_eq!(plan.faults[0].parts.kind.info(), *kind);
        for words in [kind.about, kind.client_sees] {
            assert!(words.ends_with('.') && words.len() < 120, "{words}");
        }
    }
}

/// A network in a file beside the scenario: what was assumed of it is kept with the plan, and its sites have paths.
#[test]
fn a_network_is_read_from_a_file() {
    let text = "name: x\nduration: 1m\nservices: { a: { upstream: a:1, path: { from: geneve, to: lyon } } }\n\
        wan:\n  topology: { graph: { file: quirks.gml, planes: 2, metrics: speed }, prefixes: 10 }\n\
        \x20 script: [{ at: 10s, link_down: { link: geneve-1/zuerich-1 } }]\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.yaml");
    fs_err::copy(root("tests/zoo/quirks.gml"), folder.path().join("quirks.gml")).unwrap();
    fs_err::write(&path, text).unwrap();
    let plan = load_file(&path, &Overrides::default()).unwrap();
    let topology = plan.wan.as_ref().unwrap().topology();
    assert_eq!((topology.sites().len(), topology.routers().len()), (6, 12));
    assert_eq!(topology.blocks()[0].prefixes, 10);
    assert!(plan.services[0].path.is_some());
    assert_eq!(plan.warnings[0].1.len(), 11);
}
