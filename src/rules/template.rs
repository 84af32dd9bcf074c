//! `Template`: a label's value that is made for each alert.
//!
//! Of Go's templates this reads what labels need: `{{ $labels.NAME }}` (or `{{ .Labels.NAME }}`) and `{{ $value }}` (or
//! `{{ .Value }}`), with the marks `{{-` and `-}}` that eat white space. Anything else in braces is refused by name: a
//! label that came out otherwise would be another alert.

use std::sync::Arc;

use super::expr::Mistake;
use super::labels::Labels;
use crate::diag::Code;

/// A text with holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Arc<str>),
    Label(Arc<str>),
    Value,
}

// === impl Template ===

impl Template {
    /// A text without holes.
    pub(super) fn literal(text: &str) -> Self {
        Self(vec![Piece::Text(text.into())])
    }

    /// Reads a template.
    pub(super) fn parse(text: &str) -> Result<Self, Mistake> {
        let mut pieces = Vec::new();
        let mut at = 0;
        let mut trim = false;
        while let Some(open) = text[at..].find("{{").map(|found| at + found) {
            let inner = open + 2;
            let close = text[inner..].find("}}").map(|found| inner + found);
            let Some(close) = close else {
                let told = "`{{` without `}}`";
                return Err(Mistake::new(Code::RuleSyntax, told, open, open + 2));
            };
            let mut hole = &text[inner..close];
            let mut before = &text[at..open];
            if trim {
                before = before.trim_start();
            }
            if let Some(rest) = hole.strip_prefix("- ") {
                (hole, before) = (rest, before.trim_end());
            }
            trim = hole.ends_with(" -");
            pieces.push(Piece::Text(before.into()));
            pieces.push(piece(hole.strip_suffix(" -").unwrap_or(hole).trim()).ok_or_else(|| {
                let told = format!("brownout doesn't fill in `{}` in a label", &text[open..close + 2]);
                Mistake::new(Code::RuleUnsupported, told, open, close + 2)
                    .hint("it knows `{{ $labels.NAME }}` and `{{ $value }}`")
            })?);
            at = close + 2;
        }
        let rest = &text[at..];
        pieces.push(Piece::Text(if trim { rest.trim_start() } else { rest }.into()));
        pieces.retain(|piece| *piece != Piece::Text("".into()));
        Ok(Self(pieces))
    }

    /// The text for one element of a result.
    pub(super) fn fill(&self, labels: &Labels, value: f64) -> String {
        let fill = |piece: &Piece| match piece {
            Piece::Text(text) => text.to_string(),
            Piece::Label(name) => labels.get(name).to_owned(),
            Piece::Value => go_float(value),
        };
        self.0.iter().map(fill).collect()
    }

    /// Whether the text depends on the value, not only on the labels.
    pub(super) fn has_value(&self) -> bool {
        self.0.contains(&Piece::Value)
    }
}

fn piece(hole: &str) -> Option<Piece> {
    if matches!(hole, "$value" | ".Value") {
        return Some(Piece::Value);
    }
    let name = hole.strip_prefix("$labels.").or(hole.strip_prefix(".Labels."))?;
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let ok = name.starts_with(|c: char| word(c) && !c.is_ascii_digit()) && name.chars().all(word);
    ok.then(|| Piece::Label(name.into()))
}

/// A number as Go's `%v` prints it: the shortest digits that read back the same, with an exponent below 1e-4 and from
/// 1e21 on.
pub(super) fn go_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let size = value.abs();
    if size == 0.0 || (1e-4..1e21).contains(&size) {
        return format!("{value}");
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
    format!("{digits}e{sign}{exponent:0>2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_values_are_filled_in() {
        let labels = Labels::metric("up", [("job", "api")]);
        let fill = |text: &str| Template::parse(text).unwrap().fill(&labels, 0.1);
        assert_eq!(fill("{{ $labels.job }}/{{.Labels.none}}/{{ $value }}"), "api//0.1");
        assert_eq!(fill("plain } text { "), "plain } text { ");
        assert_eq!(
            fill("a  {{- $labels.job -}}  b"),
            "a  {{- $labels.job -}}  b".replace("  {{- $labels.job -}}  ", "api")
        );
    }

    #[test]
    fn anything_else_is_refused_where_it_stands() {
        let mistake = Template::parse("x {{ $value | humanize }}").unwrap_err();
        assert_eq!((mistake.code, mistake.start, mistake.end), (Code::RuleUnsupported, 2, 25));
        assert_eq!(Template::parse("x {{ y").unwrap_err().code, Code::RuleSyntax);
    }

    #[test]
    fn numbers_are_written_as_go_does() {
        for (value, text) in [
            (1.0, "1"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-2.5e-7, "-2.5e-07"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(go_float(value), text);
        }
    }
}
