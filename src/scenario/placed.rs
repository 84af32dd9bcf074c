//! `Placed`, a value of the file with its place; `Opt`, one that may be missing; `Names`, one name or several; `Pairs` of them.
//!
//! These hide the parser's own types from the rest of the loader. A value that is there but empty (`latency:` with
//! nothing behind it) is not a missing one: [`Opt`] hands it to its type's own reader, which says what it expected. All
//! of them stand for their inner type in the JSON Schema. They check nothing themselves.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::diag::SourceSpan;

/// A value and where it stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) span: SourceSpan,
}

/// A key that may be left out.
#[derive(Clone, Debug)]
pub(super) struct Opt<T>(pub(super) Option<Placed<T>>);

/// Pairs of names, or all that there are.
#[derive(Clone, Debug)]
pub(super) enum Pairs {
    /// Every pair.
    All,
    /// These.
    These(Vec<Placed<(Placed<String>, Placed<String>)>>),
}

/// One name, or a list of them.
#[derive(Clone, Debug)]
pub(super) struct Names(pub(super) Vec<Placed<String>>);

// === impl Placed ===

impl<T> Placed<T> {
    pub(super) fn as_ref(&self) -> Placed<&T> {
        Placed { value: &self.value, span: self.span }
    }

    /// Another value at the same place.
    pub(super) fn map<U>(self, map: impl FnOnce(T) -> U) -> Placed<U> {
        Placed { value: map(self.value), span: self.span }
    }
}

/// Equal values are equal keys, wherever they stand.
impl<T: PartialEq> PartialEq for Placed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Placed<T> {}

impl<T: Hash> Hash for Placed<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_saphyr::Spanned::<T>::deserialize(deserializer)?;
        Ok(Self { value: spanned.value, span: span_of(spanned.referenced) })
    }
}

/// A location of the parser as a span; the start of the file, if it knows none.
pub(super) fn span_of(location: serde_saphyr::Location) -> SourceSpan {
    let span = location.span();
    let start = span.byte_offset().unwrap_or_default() as usize;
    SourceSpan::new(start, start + span.byte_len().unwrap_or_default() as usize)
}

// === impl Opt ===

impl<T> Opt<T> {
    pub(super) fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|placed| &placed.value)
    }

    pub(super) fn placed(&self) -> Option<Placed<&T>> {
        self.0.as_ref().map(Placed::as_ref)
    }

    pub(super) fn span(&self) -> Option<SourceSpan> {
        self.0.as_ref().map(|placed| placed.span)
    }
}

impl<T> Default for Opt<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Opt<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Placed::deserialize(deserializer).map(|placed| Self(Some(placed)))
    }
}

// === impl Names ===

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrSeveral;

        impl<'de> Visitor<'de> for OneOrSeveral {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name, or a list of names")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Names, E> {
                // Its place is that of the whole value, which whoever holds it knows.
                Ok(Names(vec![Placed { value: name.to_owned(), span: SourceSpan::default() }]))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Names, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = items.next_element()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }

        deserializer.deserialize_any(OneOrSeveral)
    }
}

// === impl Pairs ===

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AllOrThese;

        impl<'de> Visitor<'de> for AllOrThese {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`all`, or a list of pairs such as `[[seattle, london]]`")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Pairs, E> {
                if word == "all" {
                    Ok(Pairs::All)
                } else {
                    Err(E::invalid_value(Unexpected::Str(word), &self))
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = items.next_element()? {
                    pairs.push(pair);
                }
                Ok(Pairs::These(pairs))
            }
        }

        deserializer.deserialize_any(AllOrThese)
    }
}

impl JsonSchema for Pairs {
    fn schema_name() -> Cow<'static, str> {
        "Pairs".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name = generator.subschema_for::<String>();
        let pair = json_schema!({ "type": "array", "items": name, "minItems": 2, "maxItems": 2 });
        json_schema!({
            "description": "Pairs of names, or all.",
            "anyOf": [{ "const": "all" }, { "type": "array", "items": pair, "minItems": 1 }],
        })
    }
}

// === impl Names, placed ===

impl Placed<Names> {
    /// The names with their places.
    pub(super) fn names(&self) -> Vec<Placed<&str>> {
        let placed =
            |name: &Placed<String>| if name.span == SourceSpan::default() { self.span } else { name.span };
        let names = self.value.0.iter();
        names.map(|name| Placed { value: name.value.as_str(), span: placed(name) }).collect()
    }
}

impl Opt<Names> {
    /// The names with their places; none, if the key is missing.
    pub(super) fn names(&self) -> Option<Vec<Placed<&str>>> {
        self.0.as_ref().map(Placed::names)
    }
}

impl JsonSchema for Names {
    fn schema_name() -> Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name = generator.subschema_for::<String>();
        json_schema!({
            "description": "A name, or a list of names.",
            "anyOf": [name, { "type": "array", "items": name, "minItems": 1 }],
        })
    }
}

macro_rules! schema_of_inner {
    ($($type:ident),*) => {$(
        impl<T: JsonSchema> JsonSchema for $type<T> {
            fn inline_schema() -> bool {
                T::inline_schema()
            }

            fn schema_name() -> Cow<'static, str> {
                T::schema_name()
            }

            fn schema_id() -> Cow<'static, str> {
                T::schema_id()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                T::json_schema(generator)
            }
        }
    )*};
}
schema_of_inner!(Placed, Opt);
