//! `Mistakes`: what has been told so far, and the sentences that several parts share.
//!
//! Also finds places that the parser doesn't give: the key before a value, the whole line of an item.

use indexmap::IndexMap;

pub(super) use crate::base::exact_duration as exact;
use crate::base::limits::SCENARIO_ITEMS_MAX;
use crate::diag::{Code, Diagnostic, SourceFile, SourceSpan, nearest};
use crate::scenario::placed::Placed;
use crate::scenario::raw::RawScenario;
use crate::scenario::read::listed;

/// Longest name of a service, fault, monitor or detector.
const NAME_CHARS_MAX: usize = 64;

/// Most names that a hint lists.
const NAMES_LISTED_MAX: usize = 12;

/// The mistakes of one file.
pub(super) struct Mistakes<'a> {
    file: &'a SourceFile,
    told: Vec<Diagnostic>,
}

/// A sort of named things: how messages call one, and where they are declared.
#[derive(Clone, Copy)]
pub(super) struct Sort {
    pub(super) one: &'static str,
    pub(super) section: &'static str,
}

pub(super) const SERVICE: Sort = Sort { one: "service", section: "services" };
pub(super) const FAULT: Sort = Sort { one: "fault", section: "faults" };
pub(super) const MONITOR: Sort = Sort { one: "monitor", section: "monitors" };
pub(super) const DETECTOR: Sort = Sort { one: "detector", section: "detectors" };

// === impl Mistakes ===

impl<'a> Mistakes<'a> {
    pub(super) const fn new(file: &'a SourceFile) -> Self {
        Self { file, told: Vec::new() }
    }

    pub(super) fn push(&mut self, mistake: Diagnostic) {
        self.told.push(mistake);
    }

    pub(super) fn any(&self) -> bool {
        !self.told.is_empty()
    }

    pub(super) fn count(&self) -> usize {
        self.told.len()
    }

    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.told
    }

    /// What the file is called.
    pub(super) fn name(&self) -> &'a str {
        &self.file.name
    }

    /// The text at a place.
    pub(super) fn text(&self, span: SourceSpan) -> &'a str {
        self.file.slice(span).trim()
    }

    /// The line of a place.
    pub(super) fn line(&self, span: SourceSpan) -> usize {
        self.file.place(span.start).line
    }

    /// ` (line 3)`, for a place that another one's label speaks of; nothing where there is but one line.
    pub(super) fn line_words(&self, span: SourceSpan) -> String {
        if self.file.text.contains('\n') { format!(" (line {})", self.line(span)) } else { String::new() }
    }

    /// Line and column, as events carry them.
    pub(super) fn place(&self, span: SourceSpan) -> (u32, u32) {
        let place = self.file.place(span.start);
        (u32::try_from(place.line).unwrap_or(u32::MAX), u32::try_from(place.column).unwrap_or(u32::MAX))
    }

    /// The key `key` whose value stands at `value`; the value itself, if the key isn't right before it (an alias).
    pub(super) fn key(&self, value: SourceSpan, key: &str) -> SourceSpan {
        let before = self.file.slice(SourceSpan::new(0, value.start));
        let Some(at) = before.rfind(key) else { return value };
        let between = before[at + key.len()..].trim_start_matches(['"', '\'']);
        let only_space = between.trim_start().strip_prefix(':').is_some_and(|rest| rest.trim().is_empty());
        if only_space { SourceSpan::new(at, at + key.len()) } else { value }
    }

    /// A value whose place the parser gives only as its beginning: a bracketed one to its bracket, a block to the end of
    /// its first line.
    pub(super) fn item(&self, span: SourceSpan) -> SourceSpan {
        let line = self.file.line_span(span.start);
        let rest = self.file.slice(SourceSpan::new(span.start, line.end));
        let mut depth = 0_i32;
        let closes = |c: char| {
            depth += i32::from(matches!(c, '{' | '[')) - i32::from(matches!(c, '}' | ']'));
            depth == 0
        };
        let length = match rest.chars().next() {
            Some('{' | '[') => rest.find(closes).map_or(rest.trim_end().len(), |end| end + 1),
            _ if span.end > span.start => return span,
            _ => rest.split(" #").next().unwrap_or(rest).trim_end().len(),
        };
        SourceSpan::new(span.start, span.start + length)
    }

    /// Tells each sort that has too many items.
    pub(super) fn check_counts(&mut self, raw: &RawScenario) {
        let counts = [
            (SERVICE, raw.services.span, raw.services.value.len()),
            (FAULT, raw.faults.span().unwrap_or_default(), raw.faults.get().map_or(0, Vec::len)),
            (MONITOR, raw.monitors.span().unwrap_or_default(), raw.monitors.get().map_or(0, IndexMap::len)),
            (
                DETECTOR,
                raw.detectors.span().unwrap_or_default(),
                raw.detectors.get().map_or(0, IndexMap::len),
            ),
            (
                Sort { one: "expectation", section: "expect" },
                raw.expect.span().unwrap_or_default(),
                raw.expect.get().map_or(0, Vec::len),
            ),
        ];
        for (sort, span, count) in counts {
            if count > SCENARIO_ITEMS_MAX {
                let message =
                    format!("`{}` has {count} items, and {SCENARIO_ITEMS_MAX} is the most", sort.section);
                self.push(Diagnostic::error(Code::TooMany, message).at(self.item(span), ""));
            }
        }
    }

    /// Tells a name that can't be one.
    pub(super) fn check_name(&mut self, sort: Sort, name: Placed<&str>) {
        let Placed { value: text, span } = name;
        let first = text.starts_with(|c: char| c.is_ascii_lowercase());
        let rest =
            text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
        if first && rest && text.len() <= NAME_CHARS_MAX {
            return;
        }
        let mended: String = text
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' })
            .skip_while(|c| !c.is_ascii_lowercase())
            .take(NAME_CHARS_MAX)
            .collect();
        let message = format!("`{text}` can't be the name of a {}", sort.one);
        let rule = format!(
            "a name is a lowercase letter, then up to {} of a-z, 0-9, `-` and `_`",
            NAME_CHARS_MAX - 1
        );
        let hint = (!mended.is_empty() && mended != text).then(|| format!("write `{mended}`"));
        self.push(Diagnostic::error(Code::BadName, message).at(span, rule).maybe_hint(hint));
    }

    /// The place of `name` among `names`; told, if it isn't there.
    pub(super) fn resolve<'n>(
        &mut self,
        sort: Sort,
        name: Placed<&str>,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> Option<usize> {
        let found = names.clone().position(|known| known == name.value);
        if found.is_none() {
            self.unknown(sort, name, names);
        }
        found
    }

    /// Tells a name that nothing bears.
    pub(super) fn unknown<'n>(
        &mut self,
        sort: Sort,
        name: Placed<&str>,
        names: impl Iterator<Item = &'n str> + Clone,
    ) {
        let all: Vec<&str> = names.clone().take(NAMES_LISTED_MAX).collect();
        let hint = match (nearest(name.value, names), all.is_empty()) {
            (Some(meant), _) => format!("did you mean `{meant}`?"),
            (None, true) => format!("the scenario has no `{}`", sort.section),
            (None, false) => format!("there is {}", listed(&all)),
        };
        let message = format!("there is no {} `{}`", sort.one, name.value);
        self.push(Diagnostic::error(Code::UnknownName, message).at(name.span, "").hint(hint));
    }

    /// The only one of `names`, for an item that names none; told, if there are none or several.
    pub(super) fn only<'n>(
        &mut self,
        sort: Sort,
        key: &str,
        item: SourceSpan,
        names: impl Iterator<Item = &'n str>,
    ) -> Option<usize> {
        let all: Vec<&str> = names.take(NAMES_LISTED_MAX).collect();
        if all.len() == 1 {
            return Some(0);
        }
        let (message, hint) = match all.first() {
            None => {
                (format!("there is no {} to act on", sort.one), format!("add one under `{}`", sort.section))
            }
            Some(first) => (
                format!("`{key}` is missing, and there is more than one {}: {}", sort.one, listed(&all)),
                format!("add `{key}: {first}`, say"),
            ),
        };
        self.push(Diagnostic::error(Code::MissingKey, message).at(self.item(item), "").hint(hint));
        None
    }

    /// Tells an item that names more than one kind, and one that names none; gives the one.
    pub(super) fn exactly_one<T>(
        &mut self,
        what: &str,
        item: SourceSpan,
        mut kinds: Vec<(&'static str, Placed<T>)>,
        all: &[&str],
    ) -> Option<Placed<T>> {
        if kinds.len() > 1 {
            kinds.sort_by_key(|(_, value)| value.span);
            let (first, first_at) = (kinds[0].0, self.key(kinds[0].1.span, kinds[0].0));
            for (other, value) in &kinds[1..] {
                let message = format!("{what} is either `{first}` or `{other}`");
                let mistake =
                    Diagnostic::error(Code::TwoKinds, message).at(self.key(value.span, other), "the second");
                self.push(mistake.note(first_at, "the first").hint("keep one of them, or make two items"));
            }
            return None;
        }
        let one = kinds.pop();
        if one.is_none() {
            let message = format!("{what} without a kind");
            let hint = format!("add one of {}", listed(all));
            self.push(Diagnostic::error(Code::NoKind, message).at(self.item(item), "").hint(hint));
        }
        one.map(|(_, value)| value)
    }
}
