//! The short form of a kind: `latency: 80ms~20ms` beside `latency: { mean: 80ms, jitter: 20ms }`.
//!
//! A scalar is read by the kind's `FromStr`, which flags of the command line use too; a mapping by its fields. Written
//! as a visitor and not as an untagged enum, so that a mistake inside keeps its place and its own message.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// A kind that has a short form, and a type for its fields.
pub(super) trait Shorthand: FromStr<Err: fmt::Display> + From<Self::Fields> {
    /// The mapping form.
    type Fields;
    /// What both forms look like, for the message about anything else.
    const EXPECTING: &'static str;
}

/// Reads either form.
pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Shorthand<Fields: Deserialize<'de>>,
    D: Deserializer<'de>,
{
    struct EitherForm<T>(PhantomData<T>);

    impl<'de, T: Shorthand<Fields: Deserialize<'de>>> Visitor<'de> for EitherForm<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(T::EXPECTING)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }

        // A bare number: the kind's own reader says which unit is missing.
        fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }

        fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::Fields::deserialize(MapAccessDeserializer::new(map)).map(T::from)
        }
    }

    deserializer.deserialize_any(EitherForm(PhantomData))
}

/// Gives a kind its two forms: serde's `Deserialize`, and a schema that allows both.
macro_rules! two_forms {
    ($type:ident, $fields:ident, $expecting:literal, $example:literal) => {
        impl $crate::fault::shorthand::Shorthand for $type {
            type Fields = $fields;
            const EXPECTING: &'static str = $expecting;
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::fault::shorthand::deserialize(deserializer)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let fields = <$fields>::json_schema(generator);
                schemars::json_schema!({
                    "anyOf": [fields, { "type": "string", "description": $expecting, "examples": [$example] }]
                })
            }
        }
    };
}
pub(super) use two_forms;
