//! `brownout run` as a pipeline and a person meet it: what the wrapped command gets, how signals end a run, what flags
//! change, what reports say, and how logs look.

mod command;
mod fleet;
mod options;
mod outputs;
mod reports;
mod signals;

/// A scenario of one service `web` in front of `upstream`, with more of the file after it.
fn one_service(upstream: impl std::fmt::Display, rest: &str) -> String {
    format!("name: one service\nduration: 30s\nservices: {{ web: {{ upstream: '{upstream}' }} }}\n{rest}")
}

/// Nobody is there: for runs that don't move bytes.
const NOBODY: &str = "127.0.0.1:9";
