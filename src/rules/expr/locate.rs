//! Where things stand in an expression: its words, outside strings and comments.
//!
//! It reads no grammar. What a tree names is looked for in the order of the tree, which is that of the text; so a place
//! may be that of a namesake, never one outside the expression.

use super::Mistake;
use crate::base::limits::RULE_EXPRESSION_DEPTH_MAX;
use crate::diag::Code;

/// Most operators in one expression. Ten times the longest published rule; each is a level of the tree at worst.
const OPERATORS_MAX: usize = 1_000;

/// A word, a number or a sign of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The words of a text, and how far the tree has been followed.
pub(super) struct Locator<'t> {
    text: &'t str,
    words: Vec<Word>,
    next: usize,
}

// === impl Locator ===

impl<'t> Locator<'t> {
    /// The words of a text whose brackets and quotes are in order.
    pub(super) fn new(text: &'t str) -> Result<Self, Mistake> {
        let words = words(text)?;
        let wrong = brackets(text, &words);
        wrong.map_or(Ok(()), Err)?;
        let operators = words.iter().filter(|word| is_operator(&text[word.start..word.end])).count();
        if operators > OPERATORS_MAX {
            let told = format!("{operators} operators in one expression, more than {OPERATORS_MAX}");
            return Err(Mistake::new(Code::TooMany, told, 0, text.len()));
        }
        Ok(Self { text, words, next: 0 })
    }

    /// The next place of a word; one before, if there is none after; the whole text, if there is none at all.
    pub(super) fn find(&mut self, wanted: &str) -> (usize, usize) {
        let is_it = |word: &Word| self.text[word.start..word.end].eq_ignore_ascii_case(wanted);
        let after = self.words[self.next..].iter().position(is_it).map(|index| self.next + index);
        match after.or_else(|| self.words.iter().position(is_it)) {
            Some(index) => {
                self.next = index + 1;
                (self.words[index].start, self.words[index].end)
            }
            None => self.whole(),
        }
    }

    /// The place of any of the words of a message that stands in the text, or the whole text.
    pub(super) fn named_in(&mut self, message: &str) -> (usize, usize) {
        let quoted = message.split(['\'', '<', '>', '"']).skip(1).step_by(2);
        let stands = |name: &str| {
            self.words.iter().any(|word| self.text[word.start..word.end].eq_ignore_ascii_case(name))
        };
        let known = quoted.into_iter().find(|name| stands(name));
        match known {
            Some(name) => self.find(name),
            None => self.whole(),
        }
    }

    /// The text without the white space around it.
    pub(super) fn whole(&self) -> (usize, usize) {
        let start = self.text.len() - self.text.trim_start().len();
        (start, self.text.trim_end().len().max(start))
    }
}

fn is_operator(word: &str) -> bool {
    const SIGNS: [&str; 13] = ["+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<=", "=~"];
    const NAMES: [&str; 4] = ["and", "or", "unless", "atan2"];
    SIGNS.contains(&word) || NAMES.iter().any(|name| word.eq_ignore_ascii_case(name))
}

fn words(text: &str) -> Result<Vec<Word>, Mistake> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.');
        let length = match c {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' | '`' => string_length(rest, c).ok_or_else(|| {
                Mistake::new(Code::RuleSyntax, format!("a text that begins with {c} has no end"), at, at + 1)
            })?,
            c if name(c) => rest.find(|c| !name(c)).unwrap_or(rest.len()),
            '=' | '!' | '<' | '>' if rest[1..].starts_with(['=', '~']) => 2,
            c => c.len_utf8(),
        };
        if !c.is_whitespace() && !matches!(c, '#' | '"' | '\'' | '`') {
            words.push(Word { start: at, end: at + length });
        }
        at += length;
    }
    Ok(words)
}

fn string_length(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote != '`' {
            escaped = true;
        } else if c == quote {
            return Some(at + 1);
        }
    }
    None
}

/// What is wrong with the brackets: one that is not closed, one too many, or too many inside each other.
fn brackets(text: &str, words: &[Word]) -> Option<Mistake> {
    let mut open: Vec<(&str, Word)> = Vec::new();
    let told = |message: String, word: Word| Mistake::new(Code::RuleSyntax, message, word.start, word.end);
    for word in words {
        let sign = &text[word.start..word.end];
        match sign {
            "(" | "[" | "{" => open.push((sign, *word)),
            ")" | "]" | "}" => match (open.pop(), sign) {
                (Some(("(", _)), ")") | (Some(("[", _)), "]") | (Some(("{", _)), "}") => {}
                (Some((other, first)), _) => {
                    return Some(told(format!("`{other}` is not closed before `{sign}`"), first));
                }
                (None, _) => return Some(told(format!("`{sign}` closes nothing"), *word)),
            },
            _ => {}
        }
        if open.len() > RULE_EXPRESSION_DEPTH_MAX {
            let told = format!("more than {RULE_EXPRESSION_DEPTH_MAX} brackets (RULE_EXPRESSION_DEPTH_MAX)");
            return Some(Mistake::new(Code::TooMany, told, word.start, word.end));
        }
    }
    open.pop().map(|(sign, word)| told(format!("`{sign}` is not closed"), word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_order_and_not_in_strings() {
        let mut locator = Locator::new(r#"rate(a{x="b"}[5m]) / b # b"#).unwrap();
        assert_eq!(locator.find("a"), (5, 6));
        assert_eq!(locator.find("b"), (21, 22));
        assert_eq!(locator.find("nothing"), (0, 26));
        assert_eq!(locator.named_in("unknown 'rate'"), (0, 4));
    }

    #[test]
    fn brackets_and_quotes_are_told_where_they_are() {
        let place = |text: &str| Locator::new(text).err().map(|mistake| (mistake.start, mistake.message));
        assert_eq!(place("sum(up"), Some((3, "`(` is not closed".to_owned())));
        assert_eq!(place("sum(up[5m)"), Some((6, "`[` is not closed before `)`".to_owned())));
        assert_eq!(place("up)"), Some((2, "`)` closes nothing".to_owned())));
        assert!(place("up{a=\"x}").unwrap().1.contains("no end"));
        assert!(place(&"(".repeat(200)).unwrap().1.contains("RULE_EXPRESSION_DEPTH_MAX"));
    }
}
