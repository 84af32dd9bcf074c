//! Whether a benchmark measures or is only tried.

/// Whether this run measures. It does not where criterion runs everything once (`cargo test --benches`, `-- --test`).
pub(crate) fn measures() -> bool {
    let asked = |flag: &str| std::env::args().any(|argument| argument == flag);
    asked("--bench") && !["--test", "--list", "--profile-time"].into_iter().any(asked)
}
