//! The wrapped command: its environment, its status, and the end of all that it started.

use super::{NOBODY, one_service};
use crate::support::{count, list, named, play, string, text, wait_for};

/// Proves that the command finds every service by its variable, and that what it finds is where brownout listens.
#[test]
fn the_environment_tells_every_address() {
    let scenario = "name: two\nduration: 5s\nservices: { web: { upstream: 'localhost:9' }, \
                    user-db2: { upstream: '127.0.0.1:9', listen: '0.0.0.0:0' } }";
    let script = "echo $BROWNOUT_WEB $BROWNOUT_WEB_URL $BROWNOUT_USER_DB2 $BROWNOUT_USER_DB2_URL >told";
    let played = play(scenario, &[], script);
    played.expect_code(0);
    let json = played.json();
    let listens = |name| string(named(&json, "services", name), "listen").replace("0.0.0.0", "127.0.0.1");
    let (web, db) = (listens("web"), listens("user-db2"));
    assert_eq!(text(&played.sandbox, "told"), format!("{web} http://{web} {db} http://{db}\n"));
    assert!(!web.ends_with(":0") && !db.ends_with(":0") && web != db, "{web} {db}");
}

/// Proves that the command's failure fails the run, and that its own status is told everywhere.
#[test]
fn its_status_decides_and_is_told() {
    let played = play(&one_service(NOBODY, ""), &[], "exit 7");
    played.expect_code(1);
    let json = played.json();
    assert_eq!((&json["command"]["status"], &json["end"]["reason"]), (&7.into(), &"command_ended".into()));
    assert!(played.ran.stdout.contains("exited with 7"), "{}", played.ran.stdout);
    assert!(played.junit().contains("exit status 7"), "{}", played.junit());
    let ended = played.events("command_ended");
    assert_eq!((ended.len(), count(&ended[0], "status")), (1, 7));
}

/// Proves that a signal which ends the command is told as one, and is no success.
#[test]
fn a_signal_that_ends_it_is_told() {
    let played = play(&one_service(NOBODY, ""), &[], "kill -9 $$");
    played.expect_code(1);
    assert_eq!(count(&played.json()["command"], "signal"), 9);
    assert!(played.ran.stdout.contains("killed by signal 9"), "{}", played.ran.stdout);
}

/// Proves that a scenario may expect another status than 0, and then holds the command to it.
#[test]
fn another_status_can_be_expected() {
    let scenario = one_service(NOBODY, "expect: [{ command: { exit_code: 7 } }]");
    play(&scenario, &[], "exit 7").expect_code(0);
    play(&scenario, &[], "exit 0").expect_code(1);
}

/// Proves that a command which can't be started fails the environment, by its name, and leaves nothing running.
#[test]
fn a_command_that_is_not_there_fails_the_environment() {
    let played = play(&one_service(NOBODY, ""), &["--", "no-such-program"], "");
    played.expect_code(3);
    assert!(played.ran.stderr.contains("can't start `no-such-program`"), "{}", played.ran.stderr);
    assert_eq!(played.ran.stdout, "");
}

/// Proves that nothing which the command started outlives the run: neither a child that left for a session of its own
/// nor one that ignores SIGTERM. The run has ended when they are looked for, so a survivor would be seen.
#[test]
fn its_descendants_end_with_it() {
    let script = r#"
setsid sh -c 'echo $$ >polite; exec sleep 1000' &
setsid sh -c 'trap "" TERM; echo $$ >stubborn; while :; do sleep 1; done' &
until test -s polite && test -s stubborn; do sleep 0.01; done
"#;
    let played = play(&one_service(NOBODY, ""), &[], script);
    played.expect_code(0);
    for name in ["polite", "stubborn"] {
        let pid = text(&played.sandbox, name).trim().to_owned();
        wait_for(&format!("the end of the {name} descendant {pid}"), || is_gone(&pid).then_some(()));
    }
}

/// Proves that the run ends with its command, long before the scenario's time is up: half an hour is beyond the test's
/// patience.
#[test]
fn the_run_ends_with_its_command() {
    let scenario = one_service(NOBODY, "").replace("30s", "30m");
    let played = play(&scenario, &[], "true");
    played.expect_code(0);
    let started = played.events("command_started");
    assert_eq!((started.len(), list(&played.json(), "expectations").len()), (1, 1));
}

/// Whether no process has this number, or only its remains.
pub(super) fn is_gone(pid: &str) -> bool {
    let state = fs_err::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state.is_empty() || state.contains(") Z ")
}
