//! `Labels`: the name of a series, as a sorted set of pairs.
//!
//! A label whose value is empty is the same as no label, as in Prometheus; so none is held. Equal sets are equal
//! values, whatever order they were written in. The metric's name is the label `__name__`. Cloning is cheap.

use std::fmt::{self, Write};
use std::sync::Arc;

/// The label that holds the metric's name.
pub const METRIC_NAME: &str = "__name__";

/// The label that Prometheus gives every alert.
pub const ALERT_NAME: &str = "alertname";

/// A sorted set of labels.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

// === impl Labels ===

impl Labels {
    /// A set of these pairs; of two with the same name, the later one. Empty values are left out.
    pub fn new<N: Into<Arc<str>>, V: Into<Arc<str>>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut pairs: Vec<(Arc<str>, Arc<str>)> =
            pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        pairs.reverse();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs.dedup_by(|later, first| later.0 == first.0);
        pairs.retain(|(_, value)| !value.is_empty());
        Self(pairs.into())
    }

    /// The labels of a metric: its name and these pairs.
    pub fn metric<'a>(name: &'a str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self::new(pairs.into_iter().chain([(METRIC_NAME, name)]))
    }

    /// No label at all.
    pub fn none() -> Self {
        Self(Arc::new([]))
    }

    /// The value of a label; empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        self.find(name).map_or("", |value| value)
    }

    /// The metric's name; empty if there is none.
    pub fn name(&self) -> &str {
        self.get(METRIC_NAME)
    }

    /// Every label, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Only these labels.
    #[must_use]
    pub fn keep<S: AsRef<str>>(&self, names: &[S]) -> Self {
        self.filtered(|name| names.iter().any(|kept| kept.as_ref() == name))
    }

    /// All but these labels.
    #[must_use]
    pub fn without<S: AsRef<str>>(&self, names: &[S]) -> Self {
        self.filtered(|name| !names.iter().any(|gone| gone.as_ref() == name))
    }

    /// Without the metric's name, as most functions leave it.
    #[must_use]
    pub fn nameless(&self) -> Self {
        self.without(&[METRIC_NAME])
    }

    /// With one label set; removed, if `value` is empty.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let others = self.0.iter().filter(|(other, _)| **other != *name).cloned();
        Self::new(others.chain([(Arc::from(name), Arc::from(value))]))
    }

    fn find(&self, name: &str) -> Option<&Arc<str>> {
        // A dozen labels are found soonest one by one.
        self.0.iter().find(|(other, _)| **other == *name).map(|(_, value)| value)
    }

    fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        if self.0.iter().all(|(name, _)| keep(name)) {
            return self.clone();
        }
        Self(self.0.iter().filter(|(name, _)| keep(name)).cloned().collect())
    }
}

impl fmt::Display for Labels {
    /// As Prometheus writes them: `up{job="api"}`, or `{job="api"}` without a name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        let others: Vec<_> = self.iter().filter(|(name, _)| *name != METRIC_NAME).collect();
        if others.is_empty() && !self.name().is_empty() {
            return Ok(());
        }
        f.write_char('{')?;
        for (index, (name, value)) in others.into_iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={}", Quoted(value))?;
        }
        f.write_char('}')
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text in double quotes, with the escapes that PromQL and YAML both know.
pub(super) struct Quoted<'a>(pub(super) &'a str);

// === impl Quoted ===

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\t' => f.write_str("\\t")?,
                '\r' => f.write_str("\\r")?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_no_order_and_no_empty_values() {
        let a = Labels::new([("b", "2"), ("a", "1"), ("c", "")]);
        assert_eq!(a, Labels::new([("a", "1"), ("b", "2")]));
        assert_eq!(Labels::new([("a", "1"), ("a", "2")]).get("a"), "2", "the later one counts");
        assert_eq!(a.with("a", ""), Labels::new([("b", "2")]));
        assert_eq!(a.with("d", "\"x\\"), Labels::new([("a", "1"), ("b", "2"), ("d", "\"x\\")]));
        assert_eq!(a.keep(&["a"]), a.without(&["b"]));
    }

    #[test]
    fn they_are_written_as_prometheus_does() {
        assert_eq!(Labels::metric("up", []).to_string(), "up");
        assert_eq!(Labels::metric("up", [("job", "a\"b\\")]).to_string(), r#"up{job="a\"b\\"}"#);
        assert_eq!(Labels::none().to_string(), "{}");
    }
}
