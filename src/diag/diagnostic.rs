//! `Diagnostic`: one mistake, as its finder tells it.
//!
//! It holds what is wrong (a message), where (a span with a label), what else plays a part (notes at other places) and
//! how to mend it (a hint, with the corrected text where there is one). It promises nothing about how it looks; texts
//! may quote the file verbatim, for rendering makes them harmless.

use super::{Code, SourceSpan};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file can't be used.
    Error,
    /// The file can be used, but hardly means what it says.
    Warning,
}

/// One mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable name of this kind of mistake.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: a sentence without a capital at its start or a full stop at its end.
    pub message: String,
    /// Where; `None` if it is about the whole file.
    pub span: Option<SourceSpan>,
    /// What stands under the marked text. May be empty.
    pub label: String,
    /// Other places that play a part, each with its own label.
    pub notes: Vec<(SourceSpan, String)>,
    /// How to mend it.
    pub hint: Option<String>,
}

// === impl Diagnostic ===

impl Diagnostic {
    /// A mistake that makes the file unusable.
    #[must_use]
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            span: None,
            label: String::new(),
            notes: Vec::new(),
            hint: None,
        }
    }

    /// Something that is hardly meant as it stands.
    #[must_use]
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Marks where it is, with a label (or an empty one).
    #[must_use]
    pub fn at(mut self, span: impl Into<SourceSpan>, label: impl Into<String>) -> Self {
        self.span = Some(span.into());
        self.label = label.into();
        self
    }

    /// Marks another place that plays a part.
    #[must_use]
    pub fn note(mut self, span: impl Into<SourceSpan>, label: impl Into<String>) -> Self {
        self.notes.push((span.into(), label.into()));
        self
    }

    /// Says how to mend it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says how to mend it, if that is known.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builder_fills_every_field() {
        let diagnostic = Diagnostic::warning(Code::BadValue, "odd")
            .at(3..5, "here")
            .note(7..9, "set here")
            .hint("write `1s`")
            .maybe_hint(None);
        assert_eq!(diagnostic.severity, Severity::Warning);
        assert_eq!(diagnostic.span, Some(SourceSpan::new(3, 5)));
        assert_eq!(diagnostic.notes, [(SourceSpan::new(7, 9), "set here".to_owned())]);
        assert_eq!(diagnostic.hint.as_deref(), Some("write `1s`"), "no hint does not take one away");
        assert_eq!(diagnostic.maybe_hint(Some("b".to_owned())).hint.as_deref(), Some("b"));
    }
}
