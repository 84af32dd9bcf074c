//! What every kind of detector is: parameters that a scenario names, presets of them, and the machine that they make.

use std::fmt::Display;
use std::time::Duration;

use super::machine::Machine;
use super::sample::Feed;

/// The parameters of a kind of detector.
pub trait Kind: Sized {
    /// Where its definition is from.
    const SOURCE: &'static str;
    /// Its parameters as a scenario would write them, in YAML's flow style.
    const EXAMPLE: &'static str;
    /// Parameters that go by a name.
    const PRESETS: &'static [Preset] = &[];
    /// The names of the presets; the rest is empty.
    const PRESET_NAMES: &'static [&'static str; PRESETS_MAX] = &preset_names(Self::PRESETS);

    /// The rule in one line: `3 failures in a row`.
    fn summary(&self) -> String;

    /// What is wrong with it on such a feed: rules that can never fire, or never fall silent.
    fn contradictions(&self, feed: &Feed) -> Vec<Contradiction>;

    /// How far it looks back on such a feed: what was before no longer matters. For a kind that only ever forgets by and by, how
    /// long it takes to settle, which is nothing where it settles with the next few samples.
    fn memory(&self, _feed: &Feed) -> Duration {
        Duration::ZERO
    }

    /// The rule with its main parameter moved: the one that trades time to detect for false alarms.
    fn variants(&self) -> Variants<Self>;

    /// The rule on such a feed, which has seen nothing yet.
    fn machine(&self, feed: &Feed) -> Box<dyn Machine>;
}

/// Parameters that go by a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The name, which a scenario writes in the place of the parameters.
    pub name: &'static str,
    /// The parameters as JSON.
    pub parameters: &'static str,
    /// Where the numbers are from.
    pub source: &'static str,
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// In one sentence.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

/// A rule with its main parameter moved over a grid, from the most eager to the most patient. Some may contradict the feed.
#[derive(Clone, Debug, PartialEq)]
pub struct Variants<K> {
    /// The main parameter.
    pub parameter: &'static str,
    /// Its values as a scenario would write them, and the rules.
    pub rules: Vec<(String, K)>,
}

/// Most presets of a kind.
pub const PRESETS_MAX: usize = 16;

const fn preset_names(presets: &[Preset]) -> [&'static str; PRESETS_MAX] {
    let mut names = [""; PRESETS_MAX];
    let mut n = 0;
    while n < presets.len() {
        names[n] = presets[n].name;
        n += 1;
    }
    names
}

// === impl Variants ===

impl<K> Variants<K> {
    /// The rule that each of these values makes.
    pub fn new<V: Display>(
        parameter: &'static str,
        values: impl IntoIterator<Item = V>,
        rule: impl Fn(V) -> K,
    ) -> Self {
        let named = |value: V| (value.to_string(), rule(value));
        Self { parameter, rules: values.into_iter().map(named).collect() }
    }
}

// === impl Contradiction ===

impl Contradiction {
    /// A sentence without a hint.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// With what to write instead.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// This, unless `fine`.
    pub fn unless(fine: bool, message: impl FnOnce() -> Self) -> Option<Self> {
        (!fine).then(message)
    }
}
