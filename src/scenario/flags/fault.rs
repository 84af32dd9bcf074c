//! The text of one fault: `80ms~20ms,at=10s,for=30s`, as a flag, a person in the live view and an API give it.
//!
//! ```text
//! fault  = kind [value]                          latency 80ms~20ms,at=10s
//! value  = [short] { "," key "=" item }          the kind's short form, or its fields; and common keys
//! item   = scalar | "[" item,… "]" | "{" key "=" item,… "}"
//! ```
//!
//! Only brackets, commas and equals signs are read here; what the words mean is the loader's matter.

use super::Word;
use super::document::Document;
use super::keys::{COMMON, FaultKey, LISTS, fault_keys};
use crate::diag::{Code, Diagnostic, SourceSpan, did_you_mean};
use crate::scenario::read::listed;

/// Deepest nesting of brackets. The format itself has two levels below a kind.
const NESTING_MAX: usize = 8;

/// A key and its value.
struct Pair<'a> {
    key: Word<'a>,
    item: Word<'a>,
}

/// Writes the fault `key value` into the document; `more` writes what stands before it (`service: api, `).
pub(super) fn compose(
    document: &mut Document,
    key: Word<'_>,
    value: Word<'_>,
    more: impl FnOnce(&mut Document),
) -> Result<(), Box<Diagnostic>> {
    let known = known_key(key)?;
    let (short, pairs) = split(value)?;
    let is_common = |pair: &Pair<'_>| {
        let own = known.fields.iter().any(|field| field == pair.key.text);
        if short.is_some() && own {
            return Err(Box::new(both_forms(known, pair.key)));
        }
        Ok(COMMON.contains(&pair.key.text) && !own || short.is_some())
    };
    let mut common = Vec::new();
    let mut fields = Vec::new();
    for pair in pairs {
        if is_common(&pair)? { common.push(pair) } else { fields.push(pair) }
    }
    document.write("{");
    more(document);
    document.write_from(known.name, key.span);
    document.write(": ");
    match short {
        Some(short) => write_item(document, short, 0)?,
        None => write_pairs(document, &fields, 1)?,
    }
    for pair in &common {
        document.write(", ");
        document.write_scalar(pair.key.text, pair.key.span);
        document.write(": ");
        let single = LISTS.contains(&pair.key.text) && !pair.item.text.starts_with('[');
        document.write(if single { "[" } else { "" });
        write_item(document, pair.item, 0)?;
        document.write(if single { "]" } else { "" });
    }
    document.write("}");
    Ok(())
}

/// Splits `latency 80ms`, `latency=80ms`, `latency: 80ms` or `--latency 80ms` into the kind and the rest.
pub(super) fn split_kind(text: Word<'_>) -> (Word<'_>, Word<'_>) {
    let whole = text.trimmed();
    let start = if whole.text.starts_with("--") { 2 } else { 0 };
    let end = whole.text[start..].find([' ', '=', ':']).map_or(whole.text.len(), |end| start + end);
    let key = whole.part(start, end);
    let value = whole.part((end + 1).min(whole.text.len()), whole.text.len());
    (key, value.trimmed())
}

/// The key that a kind is written with: hyphens do for underscores.
pub(super) fn known_key(key: Word<'_>) -> Result<&'static FaultKey, Box<Diagnostic>> {
    let wanted = key.text.replace('-', "_");
    if let Some(known) = fault_keys().iter().find(|known| known.name == wanted) {
        return Ok(known);
    }
    let all: Vec<&str> = fault_keys().iter().map(|key| key.name).collect();
    let hint = did_you_mean(&wanted, all.iter().copied());
    let hint = hint.unwrap_or_else(|| format!("the faults are {}", listed(&all)));
    let told = if wanted.is_empty() {
        Diagnostic::error(Code::NoKind, "a fault begins with its kind, such as `latency 80ms`")
    } else {
        Diagnostic::error(Code::UnknownKey, format!("there is no fault `{}`", key.text))
    };
    Err(Box::new(told.at(key.span, "").hint(hint)))
}

/// The short form, if there is one, and the pairs.
fn split(value: Word<'_>) -> Result<(Option<Word<'_>>, Vec<Pair<'_>>), Box<Diagnostic>> {
    let mut parts = value.parts().into_iter().peekable();
    let short = parts.next_if(|part| part.find('=').is_none());
    let pairs = parts.map(pair).collect::<Result<_, _>>()?;
    Ok((short, pairs))
}

fn pair(part: Word<'_>) -> Result<Pair<'_>, Box<Diagnostic>> {
    let Some(at) = part.find('=') else {
        let found = if part.text.is_empty() { "nothing".to_owned() } else { format!("`{}`", part.text) };
        let told = Diagnostic::error(Code::Syntax, format!("expected `key=value`, found {found}"));
        let hint = "a fault has at most one value without a key, and it comes first";
        return Err(Box::new(told.at(part.span, "").hint(hint)));
    };
    let key = part.part(0, at).trimmed();
    Ok(Pair { key, item: part.part(at + 1, part.text.len()).trimmed() })
}

fn both_forms(known: &FaultKey, key: Word<'_>) -> Diagnostic {
    let message = format!("`{}` has either its short form or keys of its own", known.name);
    let hint = format!("give all by their keys: {}", listed(&known.fields));
    Diagnostic::error(Code::Contradiction, message).at(key.span, "beside the short form").hint(hint)
}

fn write_pairs(document: &mut Document, pairs: &[Pair<'_>], depth: usize) -> Result<(), Box<Diagnostic>> {
    document.write("{");
    for (place, pair) in pairs.iter().enumerate() {
        document.write(if place > 0 { ", " } else { "" });
        document.write_scalar(pair.key.text, pair.key.span);
        document.write(": ");
        write_item(document, pair.item, depth)?;
    }
    document.write("}");
    Ok(())
}

fn write_item(document: &mut Document, item: Word<'_>, depth: usize) -> Result<(), Box<Diagnostic>> {
    if depth > NESTING_MAX {
        let message = format!("brackets within brackets, more than {NESTING_MAX} deep");
        return Err(Box::new(Diagnostic::error(Code::TooMany, message).at(item.span, "")));
    }
    if let Some(inner) = item.within('{', '}') {
        let pairs: Vec<Pair<'_>> = inner.parts().into_iter().map(pair).collect::<Result<_, _>>()?;
        return write_pairs(document, &pairs, depth + 1);
    }
    let Some(inner) = item.within('[', ']') else {
        document.write_scalar(item.text, item.span);
        return Ok(());
    };
    document.write("[");
    for part in inner.parts() {
        write_item(document, part, depth + 1)?;
        document.write(", ");
    }
    document.write("]");
    Ok(())
}

// === impl Word ===

impl Word<'_> {
    fn part(self, from: usize, until: usize) -> Self {
        Word::new(&self.text[from..until], self.span.start + from)
    }

    fn trimmed(self) -> Self {
        let start = self.text.len() - self.text.trim_start().len();
        self.part(start, (start + self.text.trim().len()).max(start))
    }

    /// What stands between these brackets, if it begins and ends with them.
    fn within(self, open: char, close: char) -> Option<Self> {
        let bracketed = self.text.len() >= 2 && self.text.starts_with(open) && self.text.ends_with(close);
        bracketed.then(|| self.part(1, self.text.len() - 1).trimmed())
    }

    /// What stands between commas that are in no brackets; nothing has no parts.
    pub(super) fn parts(self) -> Vec<Self> {
        if self.text.is_empty() {
            return Vec::new();
        }
        let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
        for (at, c) in self.text.char_indices() {
            match c {
                '{' | '[' => depth += 1,
                '}' | ']' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    parts.push(self.part(start, at).trimmed());
                    start = at + 1;
                }
                _ => {}
            }
        }
        parts.push(self.part(start, self.text.len()).trimmed());
        parts
    }

    /// The first `wanted` before any bracket.
    fn find(self, wanted: char) -> Option<usize> {
        let end = self.text.find(['{', '[']).unwrap_or(self.text.len());
        self.text[..end].find(wanted)
    }
}

impl<'a> Word<'a> {
    /// A text that stands at this byte of its source.
    pub const fn new(text: &'a str, start: usize) -> Self {
        Self { text, span: SourceSpan::new(start, start + text.len()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn yaml(text: &str) -> Result<String, String> {
        let mut document = Document::default();
        let (key, value) = split_kind(Word::new(text, 0));
        let told = |mistake: Box<Diagnostic>| format!("{} [{:?}]", mistake.message, mistake.span.unwrap());
        document.write_fault(|document| compose(document, key, value, |_| {})).map_err(told)?;
        Ok(document.file("x").text.trim_end_matches(", ").to_owned())
    }

    #[test]
    fn short_forms_fields_and_common_keys_find_their_places() {
        for (text, expected) in [
            ("latency 80ms~20ms", "{latency: 80ms~20ms}"),
            ("--latency=80ms", "{latency: 80ms}"),
            (" blackhole  20%, at=10s , for=30s", "{blackhole: 20%, at: 10s, for: 30s}"),
            ("latency mean=80ms,at=1s,jitter=2ms", "{latency: {mean: 80ms, jitter: 2ms}, at: 1s}"),
            ("reset", "{reset: {}}"),
            ("reset after=5s,probability=30%", "{reset: {after: 5s}, probability: 30%}"),
            ("latency 80", "{latency: 80}"),
            ("latency 1s,peers=::1", "{latency: 1s, peers: ['::1']}"),
            ("latency 1s,peers=[10.0.0.0/8,::1]", "{latency: 1s, peers: [10.0.0.0/8, '::1', ]}"),
            ("latency 1s,ramp={up=1s,down=2s}", "{latency: 1s, ramp: {up: 1s, down: 2s}}"),
            ("loss good={mean=1s,ratio=0%},repeat=3", "{loss: {good: {mean: 1s, ratio: 0%}}, repeat: 3}"),
            ("latency ''", "{latency: ''''''}"),
        ] {
            assert_eq!(yaml(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_fault_is_told_at_its_place() {
        let told = |text: &str| yaml(text).unwrap_err();
        assert!(told("").starts_with("a fault begins with its kind"));
        assert!(told("latncy 80ms").starts_with("there is no fault `latncy`"));
        let nothing = told("latency 80ms,");
        assert!(nothing.starts_with("expected `key=value`, found nothing"), "{nothing}");
        assert!(nothing.contains("start: 13, end: 13"), "{nothing}");
        assert!(told("latency 80ms,20ms").contains("found `20ms`"));
        assert!(told("latency 80ms,jitter=2ms").contains("either its short form or keys"));
        assert!(told(&format!("latency {}", "a={".repeat(5_000) + &"}".repeat(5_000))).contains("deep"));
    }

    proptest! {
        /// Whatever is typed, it is read or told, and no text escapes from its quotes: the document stays one fault.
        #[test]
        fn any_text_is_read_or_told(text in "(latency|loss)[ =]([a-z0-9%,=~'\"{}\\[\\]:#&*!|>@ é-]{0,30})") {
            if let Ok(yaml) = yaml(&text) {
                let read: Result<Option<serde_json::Value>, _> = serde_saphyr::from_str(&yaml);
                if let Ok(Some(serde_json::Value::Object(fault))) = read {
                    prop_assert!(fault.contains_key("latency") || fault.contains_key("loss"), "{yaml}");
                }
            }
        }
    }
}
