//! What the end-to-end tests share: a sandbox to run programs in, servers that say what they saw, programs of others.
//!
//! Nothing here asserts anything about brownout. A wait that doesn't end panics with what it waited for; a program that
//! isn't installed is an `Option`, which `BROWNOUT_TESTS_MUST_RUN=1` turns into a panic.

mod nginx;
pub(crate) mod play;
mod programs;
mod sandbox;
mod self_tests;
mod servers;

use std::time::Duration;

pub(crate) use nginx::{Nginx, nginx};
pub(crate) use play::{Live, Played, count, list, named, number, play, string, text};
pub(crate) use programs::{curl, python, python_with_requests, require};
pub(crate) use sandbox::{Ran, Running, Sandbox, brownout};
pub(crate) use servers::{ConnectionSeen, EchoServer, End, HttpServer, Manner};

/// How long any wait of a test lasts at most: longer than the longest scenario that is played. No test is meant to come near it; it ends what hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(150);

/// Asks `ready` until it answers, and panics when patience ends.
#[expect(clippy::disallowed_methods, reason = "the tests live on the wall clock, outside any runtime")]
pub(crate) fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let start = std::time::Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(answer) = ready() {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("waited {PATIENCE:?} for {what}");
}
