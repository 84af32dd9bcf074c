//! The GML reader: keys with numbers, texts or lists (Himsolt, *GML: A portable Graph File Format*, 1997).
//!
//! A text holds no quote; it writes one, and whatever is not ASCII, as an entity (`&quot;`, `&#233;`). Characters beyond
//! ASCII that a file holds all the same are taken as they are. What begins with `#` is a comment.

use std::borrow::Cow;

use super::drawing::{Drawing, Edge, Node};
use crate::base::limits::TOPOLOGY_DEPTH_MAX;
use crate::diag::{Code, Diagnostic, SourceSpan};

/// Longest entity, with its `&` and `;`: what is longer names no character.
const ENTITY_BYTES_MAX: usize = 12;

/// A word of the file.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'t> {
    Key(&'t str),
    Number(&'t str),
    Text(&'t str),
    Opens,
    Closes,
}

/// A key with its value.
struct Entry<'t> {
    key: &'t str,
    value: Value<'t>,
    /// Of both, up to the first line of a list.
    span: SourceSpan,
}

enum Value<'t> {
    /// A number or a text, its entities decoded.
    Plain(Cow<'t, str>),
    List(Vec<Entry<'t>>),
}

/// Reads a graph.
pub(super) fn read(text: &str) -> Result<Drawing, Vec<Diagnostic>> {
    let mut words = Words { text, at: 0 };
    let file = words.list(0).map_err(|mistake| vec![*mistake])?;
    let graphs = || file.iter().filter(|entry| entry.is("graph"));
    let Some(Value::List(entries)) = graphs().next().map(|graph| &graph.value) else {
        let message = "the file has no `graph [ … ]`";
        return Err(vec![Diagnostic::error(Code::MissingKey, message).at(0..text.len().min(1), "")]);
    };
    let mut drawing = Drawing::default();
    if let Some(second) = graphs().nth(1) {
        let message = "only the first graph is read";
        drawing.warnings.push(Diagnostic::warning(Code::UnknownKey, message).at(second.span, "passed over"));
    }
    for entry in entries {
        match &entry.value {
            Value::List(list) if entry.is("node") => {
                let node = Node { span: entry.span, ..Node::default() };
                let node = list.iter().fold(node, |node, entry| read_node(&mut drawing, node, entry));
                drawing.nodes.push(node);
            }
            Value::List(list) if entry.is("edge") => {
                let edge = Edge { span: entry.span, ..Edge::default() };
                let edge = list.iter().fold(edge, |edge, entry| read_edge(&mut drawing, edge, entry));
                drawing.edges.push(edge);
            }
            Value::Plain(value) => drawing.set(entry.key, value),
            Value::List(_) => {}
        }
    }
    Ok(drawing)
}

fn read_node(drawing: &mut Drawing, mut node: Node, entry: &Entry<'_>) -> Node {
    match &entry.value {
        Value::Plain(value) if entry.is("id") => node.id = Some(value.trim().to_owned()),
        Value::Plain(value) => drawing.set_node(&mut node, entry.key, value, entry.span),
        // Where the picture has it, not the earth.
        Value::List(_) => {}
    }
    node
}

fn read_edge(drawing: &mut Drawing, mut edge: Edge, entry: &Entry<'_>) -> Edge {
    if let Value::Plain(value) = &entry.value {
        let end = || Some((value.trim().to_owned(), entry.span));
        match entry.key {
            key if key.eq_ignore_ascii_case("source") => edge.ends[0] = end(),
            key if key.eq_ignore_ascii_case("target") => edge.ends[1] = end(),
            key => drawing.set_edge(&mut edge, key, value, entry.span),
        }
    }
    edge
}

// === impl Entry ===

impl Entry<'_> {
    fn is(&self, key: &str) -> bool {
        self.key.eq_ignore_ascii_case(key)
    }
}

/// The words of a file, one after the other.
struct Words<'t> {
    text: &'t str,
    at: usize,
}

// === impl Words ===

impl<'t> Words<'t> {
    /// The entries up to the closing bracket; on the outside, up to the end.
    fn list(&mut self, depth: usize) -> Result<Vec<Entry<'t>>, Box<Diagnostic>> {
        let mut entries = Vec::new();
        while let Some((token, span)) = self.next()? {
            let key = match token {
                Token::Key(key) => key,
                Token::Closes if depth > 0 => return Ok(entries),
                Token::Closes => return wrong("nothing is open that `]` could close", span),
                _ => return wrong("expected a key, a letter first", span),
            };
            let Some((token, value)) = self.next()? else {
                return wrong(format!("expected a value for `{key}`, found the end of the file"), span);
            };
            let whole = SourceSpan::new(span.start, value.end);
            let value = match token {
                Token::Number(number) => Value::Plain(Cow::Borrowed(number)),
                Token::Text(text) => Value::Plain(decoded(text)),
                Token::Opens if depth == TOPOLOGY_DEPTH_MAX => {
                    return wrong(
                        format!("lists stand {TOPOLOGY_DEPTH_MAX} deep in one another at most"),
                        value,
                    );
                }
                Token::Opens => Value::List(self.list(depth + 1)?),
                Token::Key(_) | Token::Closes => {
                    let expected = "expected a number, a text in quotes or a list in brackets";
                    return wrong(format!("{expected} for `{key}`"), value);
                }
            };
            entries.push(Entry { key, value, span: whole });
        }
        if depth == 0 {
            return Ok(entries);
        }
        let end = self.text.len();
        wrong("a `[` is never closed", SourceSpan::new(end.saturating_sub(1), end))
    }

    fn next(&mut self) -> Result<Option<(Token<'t>, SourceSpan)>, Box<Diagnostic>> {
        self.skip_blanks();
        let rest = &self.text[self.at..];
        let Some(first) = rest.chars().next() else { return Ok(None) };
        let word = |stays: fn(char) -> bool| rest.find(|c| !stays(c)).unwrap_or(rest.len());
        let (token, length) = match first {
            '[' => (Token::Opens, 1),
            ']' => (Token::Closes, 1),
            '"' => {
                let Some(end) = rest[1..].find('"') else {
                    let span = SourceSpan::new(self.at, self.at + 1);
                    return wrong("a text that is never closed: its second `\"` is missing", span);
                };
                (Token::Text(&rest[1..=end]), end + 2)
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let length = word(|c| c.is_ascii_alphanumeric() || c == '_');
                (Token::Key(&rest[..length]), length)
            }
            '0'..='9' | '+' | '-' | '.' => {
                let length = word(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
                (Token::Number(&rest[..length]), length)
            }
            c => {
                let span = SourceSpan::new(self.at, self.at + c.len_utf8());
                return wrong("expected a key, a number, a text in quotes or a bracket", span);
            }
        };
        let span = SourceSpan::new(self.at, self.at + length);
        self.at += length;
        Ok(Some((token, span)))
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            self.at +=
                rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').len();
            let rest = &self.text[self.at..];
            if !rest.starts_with('#') {
                return;
            }
            self.at += rest.find('\n').unwrap_or(rest.len());
        }
    }
}

fn wrong<T>(reason: impl AsRef<str>, span: SourceSpan) -> Result<T, Box<Diagnostic>> {
    let message = format!("not valid GML: {}", reason.as_ref());
    Err(Box::new(Diagnostic::error(Code::Syntax, message).at(span, "")))
}

/// A text without its entities; those that are not known stay.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(ENTITY_BYTES_MAX).position(|b| b == b';');
        let entity = end.and_then(|end| Some((character(&rest[1..end])?, end + 1)));
        let (c, length) = entity.unwrap_or(('&', 1));
        plain.push(c);
        rest = &rest[length..];
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "lt" => Some('<'),
        "gt" => Some('>'),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}
