//! Tests of rendering: the shape as a person sees it, and that no text breaks it.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::diag::Code;

const TEXT: &str = "name: rush hour\nduration: 90s\nservices:\n  api: { listen: 127.0.0.1:0 }\nfaults:\n  - service: \
                    api\n    at: 95s\n    latencey: 80ms\n";

/// More than one diagnostic ever takes: ten marked lines, their labels, a message and a hint.
const BYTES_EACH_MAX: usize = 64 << 10;

fn file(text: &str) -> SourceFile {
    SourceFile::new("scenarios/rush.yaml", text)
}

/// The span of `needle` in `text`.
fn span_of(text: &str, needle: &str) -> SourceSpan {
    let start = text.find(needle).expect("the needle is in the text");
    SourceSpan::new(start, start + needle.len())
}

fn too_late() -> Diagnostic {
    Diagnostic::error(Code::OutsideScenario, "fault starts after the scenario ends")
        .at(span_of(TEXT, "95s"), "the scenario lasts `90s`")
        .note(span_of(TEXT, "90s"), "set here")
        .hint("raise `duration`, or move the fault to `85s` or earlier")
}

fn misspelt() -> Diagnostic {
    Diagnostic::error(Code::UnknownKey, "unknown key `latencey`")
        .at(span_of(TEXT, "latencey"), "not a key of a fault")
        .hint("did you mean `latency`?")
}

/// What a terminal would act on, beyond line ends and (if asked for) colours.
fn assert_harmless(text: &str) {
    for line in text.split('\n') {
        let bad = line.chars().find(|&c| c.is_control() || visible_char(c) != c);
        assert_eq!(bad, None, "{line:?}");
    }
}

fn marked(text: &str, span: impl Into<SourceSpan>) -> String {
    let mistake = Diagnostic::error(Code::BadValue, "odd").at(span, "here");
    let told = render(&file(text), &[mistake], Colour::Plain);
    assert_harmless(&told);
    told
}

#[test]
fn mistakes_are_told_by_place_and_counted() {
    let told = render(&file(TEXT), &[misspelt(), too_late(), misspelt()], Colour::Plain);
    assert_snapshot!(told, @r"
    error[BO-S013]: fault starts after the scenario ends
     --> scenarios/rush.yaml:7:9
      |
    2 | duration: 90s
      |           --- set here
    ...
    7 |     at: 95s
      |         ^^^ the scenario lasts `90s`
    hint: raise `duration`, or move the fault to `85s` or earlier

    error[BO-S003]: unknown key `latencey`
     --> scenarios/rush.yaml:8:5
      |
    8 |     latencey: 80ms
      |     ^^^^^^^^ not a key of a fault
    hint: did you mean `latency`?

    error: 2 mistakes in scenarios/rush.yaml
    ");
}

#[test]
fn one_mistake_is_not_mistakes() {
    let whole = Diagnostic::error(Code::MissingKey, "missing key `services`");
    assert_snapshot!(render(&file(""), &[whole], Colour::Plain), @r"
    error[BO-S004]: missing key `services`
     --> scenarios/rush.yaml

    error: 1 mistake in scenarios/rush.yaml
    ");
    let odd = Diagnostic::warning(Code::BadValue, "a jitter larger than its latency").at(0..4, "");
    assert_snapshot!(render(&file(TEXT), &[odd], Colour::Plain), @r"
    warning[BO-S006]: a jitter larger than its latency
     --> scenarios/rush.yaml:1:1
      |
    1 | name: rush hour
      | ^^^^

    warning: 1 warning in scenarios/rush.yaml
    ");
    assert_eq!(render(&file(TEXT), &[], Colour::Plain), "");
}

#[test]
fn marks_far_apart_get_headings_of_their_own() {
    let text = format!("name: a\n{}name: b\n", "# quiet\n".repeat(NEAR_LINES_MAX + 1));
    let second = SourceSpan::new(text.rfind("name").unwrap(), text.rfind("name").unwrap() + 4);
    let twice = Diagnostic::error(Code::DuplicateName, "`name` is given twice")
        .at(second, "again here")
        .note(0..4, "first here");
    assert_snapshot!(render(&file(&text), &[twice], Colour::Plain), @r"
    error[BO-S010]: `name` is given twice
      --> scenarios/rush.yaml:53:1
       |
    53 | name: b
       | ^^^^ again here
     ::: scenarios/rush.yaml:1:1
      |
    1 | name: a
      | ---- first here

    error: 1 mistake in scenarios/rush.yaml
    ");
}

#[test]
fn beyond_the_limit_only_their_number_is_told() {
    let many: Vec<Diagnostic> = (0..SHOWN_MAX + 7)
        .map(|index| Diagnostic::error(Code::BadValue, format!("number {index}")).at(0..1, ""))
        .collect();
    let told = render(&file(TEXT), &many, Colour::Plain);
    assert_eq!(told.matches("error[").count(), SHOWN_MAX);
    assert!(told.ends_with("\n\nand 7 more\n\nerror: 27 mistakes in scenarios/rush.yaml\n"), "{told}");
}

#[test]
fn colours_are_asked_for() {
    let told = render(&file(TEXT), &[misspelt()], Colour::Ansi);
    assert!(told.contains("\x1b[1m\x1b[96mhint\x1b[0m: did you mean"), "{told:?}");
    assert!(!render(&file(TEXT), &[misspelt()], Colour::Plain).contains('\x1b'));
}

#[test]
fn hostile_text_stays_in_its_place() {
    assert_snapshot!(marked("a:\t\x1b[2Jwipe\x07\u{202e}x\r\nb: 1\n", 3..8), @r"
    error[BO-S006]: odd
     --> scenarios/rush.yaml:1:4
      |
    1 | a:    ␛[2Jwipe␇�x
      |       ^^^^^ here

    error: 1 mistake in scenarios/rush.yaml
    ");
    assert_snapshot!(marked("🦀🦀: caffè\n", span_of("🦀🦀: caffè\n", "caffè")), @r"
    error[BO-S006]: odd
     --> scenarios/rush.yaml:1:5
      |
    1 | 🦀🦀: caffè
      |       ^^^^^ here

    error: 1 mistake in scenarios/rush.yaml
    ");
    assert_snapshot!(marked("", 0..0), @r"
    error[BO-S006]: odd
     --> scenarios/rush.yaml:1:1
      |
    1 |
      | ^ here

    error: 1 mistake in scenarios/rush.yaml
    ");
    assert_snapshot!(marked("a: 1\r\n", 6..6), @r"
    error[BO-S006]: odd
     --> scenarios/rush.yaml:2:1
      |
    2 |
      | ^ here

    error: 1 mistake in scenarios/rush.yaml
    ");
    let mut wicked = file("a: 1");
    wicked.name = "\x1b]0;owned\x07\n.yaml".into();
    let mistake = Diagnostic::error(Code::BadName, "no such \x1b[31mthing\nerror: fake").hint("\u{9b}2J");
    assert_harmless(&render(&wicked, &[mistake], Colour::Plain));
}

#[test]
fn a_line_of_a_megabyte_is_cut_around_its_mark() {
    let text = format!("{}needle{}\nnext: 1\n", "x".repeat(500_000), "y".repeat(500_000));
    assert_snapshot!(marked(&text, span_of(&text, "needle")), @r"
    error[BO-S006]: odd
     --> scenarios/rush.yaml:1:500001
      |
    1 | …xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxneedleyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…
      |                                ^^^^^^ here

    error: 1 mistake in scenarios/rush.yaml
    ");
    for span in [0..text.len(), 0..1, 999_999..1_000_000, 250_000..750_000] {
        assert!(marked(&text, span.clone()).len() < 1_000, "{span:?}");
    }
    let loud =
        Diagnostic::error(Code::BadName, "é".repeat(1_000_000)).at(0..1, text.as_str()).hint(text.as_str());
    assert!(render(&file(&text), &[loud], Colour::Plain).len() < 4_000);
}

#[test]
fn many_short_lines_cost_little() {
    let text = "\n".repeat(1_000_000);
    let everywhere = Diagnostic::error(Code::BadValue, "odd").at(999_999..1_000_000, "here");
    let everywhere =
        (0..100).fold(everywhere, |d, index| d.note(index * 10_000..index * 10_000 + 1, "there"));
    assert!(render(&file(&text), &[everywhere], Colour::Plain).len() < BYTES_EACH_MAX);
}

proptest! {
    /// Any text, any spans, any messages: no panic, nothing that the terminal obeys, a bounded number of bytes.
    #[test]
    fn nothing_breaks_the_terminal(
        text in prop_oneof![any::<String>(), "[a-c \t\r\n\u{1b}é🦀\u{202e}]{0,300}", "[x🦀]{200,400}"],
        spans in prop::collection::vec((0usize..500, 0usize..500), 1..12),
        words in any::<String>(),
    ) {
        let (first, notes) = spans.split_first().expect("at least one");
        let mut mistake = Diagnostic::error(Code::BadValue, words.clone())
            .at(SourceSpan::new(first.0, first.1), words.clone())
            .hint(words.clone());
        for note in notes {
            mistake = mistake.note(SourceSpan::new(note.0, note.1), words.clone());
        }
        let file = SourceFile::new(words, text);
        let told = render(&file, std::slice::from_ref(&mistake), Colour::Plain);
        assert_harmless(&told);
        prop_assert!(told.len() < BYTES_EACH_MAX, "{} bytes", told.len());
        let place = file.place(mistake.span.expect("set above").start);
        let heading = format!(":{}:", place.line);
        prop_assert!(told.contains(&heading), "{told}");
        prop_assert!(render(&file, &[mistake], Colour::Ansi).len() < 2 * BYTES_EACH_MAX);
    }
}
