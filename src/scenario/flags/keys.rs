//! Which faults a flag can name: every key of a fault in a scenario file that is not common to all of them.
//!
//! Asked of the file's own type (its keys from serde, their descriptions from its schema), so a new kind, or a new way to
//! write one, has its flag as soon as the file has its key.

use std::sync::LazyLock;

use serde::de::value::Error;
use serde::de::{Deserialize as _, Deserializer, Error as _, Visitor};
use serde_json::Value;

use crate::scenario::raw::RawFault;

/// The keys that every fault may carry, whatever its kind.
pub(super) const COMMON: [&str; 12] = [
    "service",
    "name",
    "at",
    "for",
    "every",
    "repeat",
    "ramp",
    "bursts",
    "direction",
    "probability",
    "peers",
    "allow_untouched",
];

/// Common keys whose value is a list; in a flag a single item needs no brackets.
pub(super) const LISTS: [&str; 1] = ["peers"];

/// A key that names what a fault does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultKey {
    /// As a scenario file has it: `slow_close`.
    pub name: &'static str,
    /// As a flag has it: `slow-close`.
    pub flag: String,
    /// What it does, in one line.
    pub about: String,
    /// Its short form, if it has one: `80ms~20ms`.
    pub example: Option<String>,
    /// The keys of its long form.
    pub fields: Vec<String>,
}

static KEYS: LazyLock<Vec<FaultKey>> = LazyLock::new(|| {
    let schema = serde_json::to_value(schemars::schema_for!(RawFault)).unwrap_or_default();
    let kinds = fields_of_a_fault().iter().filter(|key| !COMMON.contains(key));
    kinds.map(|name| FaultKey::read(name, &schema)).collect()
});

/// All of them, in the order in which they are documented.
pub fn fault_keys() -> &'static [FaultKey] {
    &KEYS
}

// === impl FaultKey ===

impl FaultKey {
    fn read(name: &'static str, schema: &Value) -> Self {
        let property = &schema["properties"][name];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let about = text(&property["title"]).or_else(|| text(&property["description"])).unwrap_or_default();
        let mut key = Self { name, flag: name.replace('_', "-"), about, example: None, fields: Vec::new() };
        key.read_form(property, schema);
        key
    }

    /// Takes what a schema says of its forms. References lead to the definitions, which don't refer back.
    fn read_form(&mut self, form: &Value, schema: &Value) {
        if let Some(reference) = form["$ref"].as_str() {
            let definition = reference.trim_start_matches("#/$defs/");
            return self.read_form(&schema["$defs"][definition], schema);
        }
        for form in form["anyOf"].as_array().into_iter().flatten() {
            self.read_form(form, schema);
        }
        if let Some(fields) = form["properties"].as_object() {
            self.fields.extend(fields.keys().cloned());
        }
        if form["type"] == "string"
            && let Some(example) = form["examples"][0].as_str()
        {
            self.example.get_or_insert_with(|| example.to_owned());
        }
    }
}

/// The keys that serde reads into a [`RawFault`], in the order of its fields.
fn fields_of_a_fault() -> &'static [&'static str] {
    struct Asking<'a>(&'a mut &'static [&'static str]);

    impl<'de> Deserializer<'de> for Asking<'_> {
        type Error = Error;

        fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
            Err(Error::custom("there is nothing to read"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _name: &'static str,
            fields: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Error> {
            *self.0 = fields;
            self.deserialize_any(visitor)
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    let mut fields: &'static [&'static str] = &[];
    // It answers by asking, and always fails: there is no text.
    let _nothing_read = RawFault::deserialize(Asking(&mut fields));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::KINDS;

    /// A common key that no longer exists would be a hole in the list, and each kind must have its flag.
    #[test]
    fn every_kind_has_its_flag() {
        let fields = fields_of_a_fault();
        assert!(COMMON.iter().all(|common| fields.contains(common)), "{fields:?}");
        for kind in KINDS {
            let key = fault_keys().iter().find(|key| key.name == kind.name).expect(kind.name);
            assert_eq!(key.about, kind.about);
        }
        let latency = &fault_keys()[0];
        assert_eq!((latency.name, latency.example.as_deref()), ("latency", Some("80ms~20ms")));
        assert_eq!(latency.fields, ["correlation", "distribution", "jitter", "mean", "samples", "trace"]);
    }
}
