//! How a rule is written: its parameters as a mapping, or the name of a preset in their place.
//!
//! Written as a visitor and not as an untagged enum, so that a mistake inside keeps its place and its own message.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, Visitor};

use super::spec::Kind;

/// The parameters of a kind, read from a mapping or from the name of a preset.
#[derive(Clone, Debug)]
pub struct OrPreset<K>(pub K);

// === impl OrPreset ===

impl<'de, K: Kind + DeserializeOwned> Deserialize<'de> for OrPreset<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EitherForm<K>(PhantomData<K>);

        impl<'de, K: Kind + DeserializeOwned> Visitor<'de> for EitherForm<K> {
            type Value = K;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a mapping such as `{}`", K::EXAMPLE)?;
                match K::PRESETS.first() {
                    Some(first) => write!(f, ", or a preset such as `{}`", first.name),
                    None => Ok(()),
                }
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<K, E> {
                let Some(preset) = K::PRESETS.iter().find(|preset| preset.name == name) else {
                    return match &K::PRESET_NAMES[..K::PRESETS.len()] {
                        [] => Err(E::invalid_type(serde::de::Unexpected::Str(name), &self)),
                        names => Err(E::unknown_variant(name, names)),
                    };
                };
                serde_json::from_str(preset.parameters).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<K, A::Error> {
                K::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_any(EitherForm(PhantomData)).map(Self)
    }
}

impl<K: Kind + JsonSchema> JsonSchema for OrPreset<K> {
    fn schema_name() -> Cow<'static, str> {
        K::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let fields = K::json_schema(generator);
        let presets = &K::PRESET_NAMES[..K::PRESETS.len()];
        if presets.is_empty() {
            return fields;
        }
        json_schema!({
            "anyOf": [fields, { "type": "string", "description": "the name of a preset", "enum": presets }]
        })
    }
}
