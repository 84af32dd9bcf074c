//! The command line that repeats a run or a benchmark: printed at its start, in every failure and in the journal.

use std::ffi::OsString;
use std::path::Path;

use super::args::{BackendArgs, BenchArgs, OverrideArgs};
use super::audit_args::AuditArgs;

/// `brownout run FILE --seed N …`, quoted for a POSIX shell.
pub(super) fn of_run(
    scenario: &Path,
    seed: u64,
    overrides: &OverrideArgs,
    backend: BackendArgs,
    wrapped: &[OsString],
) -> String {
    let mut words = vec!["brownout".to_owned(), "run".to_owned(), scenario.display().to_string()];
    let mut flag = |name: &str, value: String| words.extend([format!("--{name}"), value]);
    flag("seed", seed.to_string());
    if let Some(speed) = overrides.speed {
        flag("speed", speed.to_string());
    }
    if let Some(from) = overrides.from {
        flag("from", from.to_string());
    }
    if let Some(until) = overrides.until {
        flag("until", until.to_string());
    }
    for service in &overrides.services {
        flag("service", service.to_string());
    }
    for listen in &overrides.listens {
        flag("listen", listen.to_string());
    }
    words.extend(backend.words().into_iter().flatten().map(str::to_owned));
    if !wrapped.is_empty() {
        words.push("--".to_owned());
        words.extend(wrapped.iter().map(|word| word.to_string_lossy().into_owned()));
    }
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// `brownout bench FILE --seed N …`, quoted for a POSIX shell.
pub(super) fn of_bench(scenario: &Path, seed: u64, args: &BenchArgs) -> String {
    let mut words = vec!["brownout".to_owned(), "bench".to_owned(), scenario.display().to_string()];
    let mut flag = |name: &str, value: String| words.extend([format!("--{name}"), value]);
    flag("seed", seed.to_string());
    flag("replicas", args.replicas.to_string());
    flag("healthy-days", args.healthy_days.to_string());
    if let Some(detectors) = &args.detectors {
        flag("detectors", detectors.display().to_string());
    }
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// `brownout audit --to UPSTREAM … -- CMD`, quoted for a POSIX shell.
pub(super) fn of_audit(args: &AuditArgs) -> String {
    let mut words = vec!["brownout".to_owned(), "audit".to_owned()];
    let mut flag = |name: &str, value: String| words.extend([format!("--{name}"), value]);
    flag("to", args.to.to_string());
    flag("patience", args.patience.to_string());
    for phase in &args.phases {
        flag("phase", phase.get().name().to_owned());
    }
    for expected in &args.expected {
        flag("expect", expected.to_string());
    }
    words.push("--".to_owned());
    words.extend(args.wrapped.iter().map(|word| word.to_string_lossy().into_owned()));
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A word as a POSIX shell reads it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,[]~".contains(c);
    // A tilde means something to a shell at the beginning of a word alone.
    if !word.is_empty() && !word.starts_with('~') && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_can_be_pasted_into_a_shell() {
        let overrides = OverrideArgs { speed: Some(60.0), ..OverrideArgs::default() };
        let wrapped = ["sh", "-c", "echo 'it''s'; exit 1"].map(OsString::from);
        let command = of_run(Path::new("my scenario.yaml"), 7, &overrides, BackendArgs::default(), &wrapped);
        let expected = r"brownout run 'my scenario.yaml' --seed 7 --speed 60 -- sh -c 'echo '\''it'\'''\''s'\''; exit 1'";
        assert_eq!(command, expected);
    }
}
