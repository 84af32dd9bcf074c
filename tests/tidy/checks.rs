//! Each check against a made-up offender, and all of them against the repository.

use super::*;

/// The findings of `check` in a file of this path and text, one a line.
fn found(check: impl Fn(&SourceText) -> Vec<Finding>, path: &str, text: &str) -> String {
    tell(&check(&SourceText::new(path, text)))
}

fn tell(findings: &[Finding]) -> String {
    findings.iter().fold(String::new(), |told, finding| told + &finding.to_string() + "\n")
}

#[test]
fn layers_are_crossed_downwards_only() {
    let layers = |path: &str, text: &str| found(check_layers, path, text);
    assert_eq!(
        layers("src/diag/render.rs", "//! x\nuse crate::event::Event;\n"),
        "src/diag/render.rs:2: `diag` must not use `event`; it may use itself and: base\n"
    );
    assert_eq!(
        layers("src/report/html/page.rs", "fn f() { let x = crate::judge::Judge; }"),
        "src/report/html/page.rs:1: `report` must not use `judge`; it may use itself and: base, event, stats, wan\n"
    );
    for (path, text) in [
        ("src/proxy/pump.rs", "use crate::wan::Wan;"),
        ("src/proxy/pump.rs", "use crate::detect::Detector;"),
        ("src/proxy/pump.rs", "use crate::diag::Code;"),
        ("src/detect/spec.rs", "use crate::event::Event;"),
        ("src/scenario/load.rs", "use crate::probe::Probe;"),
        ("src/base/time.rs", "use crate::{\n    base::{Ratio, Seed},\n    stats::Mean,\n};"),
        ("src/event/kind.rs", "#[serde(with = \"crate::cli::seconds\")]"),
        ("src/base/mod.rs", "use super::stats;"),
        ("src/base/time.rs", "use super::super::stats;"),
        ("src/base/time.rs", "mod tests {\n    fn f() {}\n    use super::super::super::stats;\n}"),
        ("src/main.rs", "use brownout::engine;"),
        ("src/novelty/mod.rs", ""),
    ] {
        assert_eq!(layers(path, text).lines().count(), 1, "{path}: {text}\n{}", layers(path, text));
    }
    for (path, text) in [
        ("src/diag/render.rs", "use crate::base::Ratio;\nuse crate::diag::Code;"),
        ("src/diag/render.rs", "// crate::cli\n/* crate::cli */ let url = \"http://x\"; // crate::cli"),
        ("src/base/time.rs", "use super::Span; mod tests { use super::super::Span; }"),
        ("src/cli/run.rs", "use crate::{engine, report::html::{self, Page}, wan};"),
        ("src/lib.rs", "pub use crate::cli::run;"),
        ("tests/it/main.rs", "use brownout::wan;"),
    ] {
        assert_eq!(layers(path, text), "", "{path}: {text}");
    }
}

#[test]
fn confined_crates_stay_where_they_are() {
    let crates = |path: &str, text: &str| found(check_confined_crates, path, text);
    assert_eq!(
        crates("src/fault/lane.rs", "//! x\n\n#[tokio::test]\nasync fn f() {}\n"),
        "src/fault/lane.rs:3: `tokio` in `fault`; only these see it: proxy, probe, engine, audit, control, testbed, cli, main\n"
    );
    for (path, text) in [
        ("src/engine/run.rs", "use clap::Parser;"),
        ("src/engine/run.rs", "use clap as arguments;"),
        ("src/fault/spec.rs", "let x: serde_saphyr::Spanned<u8>;"),
        ("src/wan/sim.rs", "fn f() { ::rand::rng(); }"),
        ("src/scenario/load.rs", "use annotate_snippets::Level;"),
        ("src/judge/mod.rs", "use tokio_util::sync::CancellationToken;"),
    ] {
        assert_eq!(crates(path, text).lines().count(), 1, "{path}: {text}");
    }
    for (path, text) in [
        ("src/cli/args.rs", "use clap::Parser;"),
        ("src/base/rng.rs", "use rand::Rng;"),
        (
            "src/wan/sim.rs",
            "let rand = 1; // rand::rng\nlet x = \"tokio::main\"; operand::x(); hyper_util::tokio::X",
        ),
    ] {
        assert_eq!(crates(path, text), "", "{path}: {text}");
    }
}

#[test]
fn files_open_with_what_they_are() {
    let opening = |text: &str| found(check_opening, "src/a.rs", text);
    assert!(opening("use std::fmt;\n").starts_with("src/a.rs:1: must open with `//!`"));
    assert!(!opening("\n//! Late.\n").is_empty());
    assert_eq!(opening("//! A file.\n"), "");
}

#[test]
fn files_end_at_the_limit() {
    let length = |lines: usize| found(check_length, "src/a.rs", &"//! x\n".repeat(lines));
    assert_eq!(length(LINES_MAX), "");
    assert_eq!(
        length(LINES_MAX + 1),
        "src/a.rs:502: 501 lines, more than 500: move a part to a file of its own\n"
    );
}

#[test]
fn examples_are_run() {
    let fences = |text: &str| found(check_doc_fences, "src/a.rs", text);
    assert!(fences("//! x\n/// ```ignore\n").starts_with("src/a.rs:2: an ignored example rots"));
    assert!(!fences("    //! ``` rust,ignore\n").is_empty());
    assert_eq!(fences("//! ```text\n//! ignore\n//! ```\n/// ```no_run\n"), "");
}

#[test]
fn spaces_are_spaces() {
    let spaces = |path: &str, text: &str| found(check_spaces, path, text);
    assert_eq!(
        spaces("src/a.rs", "x\n\ty\n"),
        "src/a.rs:2: a tab: indent with spaces, or write it as `\\t`\n"
    );
    assert_eq!(spaces("a.md", "x \n"), "a.md:1: a space at the end of the line: remove it\n");
    assert_eq!(spaces("Makefile", "all:\n\ttrue\n"), "");
    assert_eq!(spaces("tests/bad/tab.yaml", "a:\t1 \n"), "");
}

#[test]
fn no_file_knows_a_machine() {
    let paths = |text: &str| found(check_machine_paths, "Makefile", text);
    for path in MACHINE_PATHS {
        let told = paths(&format!("x\nrun '{path}someone/x'\n"));
        assert!(told.starts_with("Makefile:2: a path of somebody's machine"), "{path}: {told}");
    }
    let [home, ..] = MACHINE_PATHS;
    assert!(!paths(&format!("file://{home}me/x")).is_empty());
    assert_eq!(paths(&format!("see https://example.org{home}x, .{home}x and ~{home}x")), "");
}

#[test]
fn every_file_is_reached() {
    let lost = |files: &[(&str, &str)]| -> Vec<String> {
        let files: Vec<SourceText> = files.iter().map(|(path, text)| SourceText::new(path, text)).collect();
        check_reachable(&files).into_iter().map(|finding| finding.path).collect()
    };
    let files = [
        ("src/lib.rs", "pub mod a;\n// mod lost;\nmod b { }"),
        ("src/a/mod.rs", "mod c;\n#[path = \"c_tests.rs\"]\nmod tests;"),
        ("src/a/c.rs", "pub(crate) mod d;"),
        ("src/a/c/d.rs", ""),
        ("src/a/c_tests.rs", ""),
        ("src/b.rs", ""),
        ("src/lost.rs", ""),
        ("tests/tidy.rs", ""),
        ("tests/it/main.rs", "mod support;"),
        ("tests/it/support/mod.rs", ""),
        ("tests/it/forgotten.rs", ""),
    ];
    assert_eq!(lost(&files), ["src/b.rs", "src/lost.rs", "tests/it/forgotten.rs"]);
}

#[test]
fn comments_and_literals_are_told_apart() {
    let text = "a // b\nlet c = \"d // \\\" e\"; /* f */ 'g' '\\'' r#\"h \" i\"# 'j: 'k '\"' l";
    let kept = |blank| blanked(text, blank).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(kept(Blank::CommentsAndStrings), "a let c = ; 'j: 'k l");
    assert_eq!(kept(Blank::Comments), "a let c = \"d // \\\" e\"; 'g' '\\'' r#\"h \" i\"# 'j: 'k '\"' l");
    assert_eq!(blanked(text, Blank::CommentsAndStrings).len(), text.len(), "offsets stay");
}

#[test]
fn the_repository_is_tidy() {
    let mut files = Vec::new();
    walk(Path::new(env!("CARGO_MANIFEST_DIR")), &mut files);
    assert!(files.iter().any(|file| file.path == "src/lib.rs"), "the walk found no sources");
    let checks = [
        check_layers,
        check_confined_crates,
        check_opening,
        check_length,
        check_doc_fences,
        check_spaces,
        check_machine_paths,
    ];
    let mut findings: Vec<Finding> = checks.iter().flat_map(|check| files.iter().flat_map(check)).collect();
    findings.extend(check_reachable(&files));
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    assert!(findings.is_empty(), "{} findings\n\n{}", findings.len(), tell(&findings));
}
