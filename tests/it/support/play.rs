//! Runs of scenarios by the real binary, with everything that they leave behind.
//!
//! [`play`] runs a scenario around a shell script to its end; [`Live`] is a run that goes on while the test talks to its
//! services. Both write the journal and both reports into the sandbox, under fixed names.

use std::net::SocketAddr;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;

use super::sandbox::{Ran, Running, Sandbox, brownout};
use super::wait_for;

/// Where the scenario is, inside the sandbox.
pub(crate) const SCENARIO: &str = "scenario.yaml";
const JOURNAL: &str = "journal.jsonl";
const JSON: &str = "report.json";
const JUNIT: &str = "report.xml";

/// A run that is over.
pub(crate) struct Played {
    pub(crate) ran: Ran,
    pub(crate) sandbox: Sandbox,
}

/// A run that goes on.
pub(crate) struct Live {
    running: Running,
    sandbox: Sandbox,
}

/// Runs `scenario`, around `sh -c script` unless the script is empty, with more arguments.
pub(crate) fn play(scenario: &str, args: &[&str], script: &str) -> Played {
    play_in(Sandbox::new(), scenario, args, script)
}

/// The same, in a sandbox that holds more files already.
pub(crate) fn play_in(sandbox: Sandbox, scenario: &str, args: &[&str], script: &str) -> Played {
    sandbox.write(SCENARIO, scenario);
    let mut command = brownout();
    command.arg("run").arg(SCENARIO).args(outputs()).args(backend(args)).args(args);
    if !script.is_empty() {
        command.args(["--", "sh", "-c", script]);
    }
    let ran = sandbox.run(&mut command);
    Played { ran, sandbox }
}

/// What most tests are about is the same on every machine: user space, unless a test asks for another backend.
fn backend(args: &[&str]) -> &'static [&'static str] {
    if args.contains(&"--backend") { &[] } else { &["--backend", "userspace"] }
}

/// The arguments that make a run leave its journal and its reports.
pub(crate) const fn outputs() -> [&'static str; 6] {
    ["--journal", JOURNAL, "--json", JSON, "--junit", JUNIT]
}

/// The text of a file in the sandbox.
pub(crate) fn text(sandbox: &Sandbox, name: &str) -> String {
    let path = sandbox.path().join(name);
    fs_err::read_to_string(path).unwrap_or_else(|error| panic!("no {name}: {error}"))
}

/// The string at `key`, for events whose shape the journal promises.
pub(crate) fn string<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no string {key:?} in {value}"))
}

/// The number at `key`, likewise.
pub(crate) fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("no number {key:?} in {value}"))
}

/// The count at `key`, likewise.
pub(crate) fn count(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("no count {key:?} in {value}"))
}

/// The list at `key`, likewise.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("no list {key:?} in {value}"))
}

/// The member of the list at `key` that is called `name`.
pub(crate) fn named<'a>(value: &'a Value, key: &str, name: &str) -> &'a Value {
    let found = list(value, key).iter().find(|item| item["name"] == name);
    found.unwrap_or_else(|| panic!("no {name:?} in {key:?} of {value}"))
}

/// Lines that are whole and JSON.
fn lines_of_json(text: &str) -> Vec<Value> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

// === impl Played ===

impl Played {
    /// The exit code, which must be `expected`.
    #[track_caller]
    pub(crate) fn expect_code(&self, expected: i32) {
        let Ran { code, stdout, stderr } = &self.ran;
        assert_eq!(*code, Some(expected), "stdout:\n{stdout}\nstderr:\n{stderr}");
    }

    /// The JSON report.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&text(&self.sandbox, JSON)).expect("the JSON report is JSON")
    }

    /// The JUnit report.
    pub(crate) fn junit(&self) -> String {
        text(&self.sandbox, JUNIT)
    }

    /// The events of a sort in the journal, in order; each line of it must be JSON.
    pub(crate) fn events(&self, sort: &str) -> Vec<Value> {
        let journal = text(&self.sandbox, JOURNAL);
        let events = lines_of_json(&journal);
        assert_eq!(events.len(), journal.lines().count(), "a line is no JSON: {journal}");
        events.into_iter().filter(|event| event["event"] == sort).collect()
    }

    /// Where the journal is.
    pub(crate) fn journal(&self) -> std::path::PathBuf {
        self.sandbox.path().join(JOURNAL)
    }
}

// === impl Live ===

impl Live {
    /// Starts `scenario` with more arguments, and waits until it has told its addresses.
    pub(crate) fn start(scenario: &str, args: &[&str]) -> Self {
        let mut command = brownout();
        command.arg("run").arg(SCENARIO).args(outputs()).args(backend(args)).args(args);
        Self::start_with(scenario, &mut command)
    }

    /// The same by a command line of the test's own; its words must bring [`outputs`] along.
    pub(crate) fn start_with(scenario: &str, command: &mut std::process::Command) -> Self {
        Self::spawn(Sandbox::new(), scenario, command)
    }

    /// The same in a sandbox that holds more files already.
    pub(crate) fn start_in(sandbox: Sandbox, scenario: &str, args: &[&str]) -> Self {
        let mut command = brownout();
        command.arg("run").arg(SCENARIO).args(outputs()).args(backend(args)).args(args);
        Self::spawn(sandbox, scenario, &mut command)
    }

    fn spawn(sandbox: Sandbox, scenario: &str, command: &mut std::process::Command) -> Self {
        sandbox.write(SCENARIO, scenario);
        let running = sandbox.spawn(command);
        let mut live = Self { running, sandbox };
        live.wait_for_events("run_started", 1);
        live
    }

    /// Where it listens for `service`.
    pub(crate) fn address(&mut self, service: &str) -> SocketAddr {
        let started = self.wait_for_events("run_started", 1);
        string(named(&started[0], "services", service), "listen").parse().expect("an address")
    }

    /// The events of a sort so far, once there are `count`. The journal is flushed twice a second.
    pub(crate) fn wait_for_events(&mut self, sort: &str, count: usize) -> Vec<Value> {
        let path = self.sandbox.path().join(JOURNAL);
        wait_for(&format!("{count} events {sort} in the journal"), || {
            let events = events_so_far(&path, sort);
            assert!(events.len() >= count || self.running.ended().is_none(), "it ended before {sort}");
            (events.len() >= count).then_some(events)
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.sandbox.path()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.running.signal(signal);
    }

    /// Waits for its end.
    pub(crate) fn wait(self) -> Played {
        let Self { running, sandbox } = self;
        Played { ran: running.wait(), sandbox }
    }

    /// Interrupts it and waits for its end.
    pub(crate) fn interrupt(self) -> Played {
        self.signal(Signal::INT);
        self.wait()
    }
}

fn events_so_far(journal: &Path, sort: &str) -> Vec<Value> {
    let text = fs_err::read_to_string(journal).unwrap_or_default();
    lines_of_json(&text).into_iter().filter(|event| event["event"] == sort).collect()
}
