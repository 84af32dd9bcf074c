//! `SampleSource`: measured durations to draw from, given in the scenario or in a file of the form that a
//! [`super::DelayTrace`] has. What was lost there is no sample.

use std::fmt;
use std::sync::Arc;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de::value::SeqAccessDeserializer};

use super::TextMistakes;
use super::delays::Measured;
use crate::base::{Samples, Span};

/// Samples, or the file that has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SampleSource {
    /// In a file that was not read yet.
    File(String),
    /// Here; nothing, if there is none above zero.
    Here(Option<Arc<Samples>>),
}

/// The file of samples.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct SampleFile {
    /// A file beside the scenario's: a duration a line (milliseconds, if it has no unit), or the output of `ping`.
    file: String,
}

const EXPECTING: &str = "a list of durations, or `{ file }`";

// === impl SampleSource ===

impl SampleSource {
    /// The file that was not read yet.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::File(name) => Some(name),
            Self::Here(_) => None,
        }
    }

    /// Takes the text of that file.
    pub fn read(&mut self, text: &str) -> Result<(), TextMistakes> {
        let samples = Measured::read(text)?.delays.into_iter().flatten().collect();
        *self = Self::Here(Samples::new(samples));
        Ok(())
    }

    /// The samples, once they are there.
    pub fn samples(&self) -> Option<&Arc<Samples>> {
        match self {
            Self::File(_) => None,
            Self::Here(samples) => samples.as_ref(),
        }
    }
}

impl<'de> Deserialize<'de> for SampleSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrFile;

        impl<'de> Visitor<'de> for ListOrFile {
            type Value = SampleSource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTING)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<SampleSource, A::Error> {
                let spans = Vec::<Span>::deserialize(SeqAccessDeserializer::new(items))?;
                Ok(SampleSource::Here(Samples::new(spans.into_iter().map(Span::get).collect())))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SampleSource, A::Error> {
                SampleFile::deserialize(MapAccessDeserializer::new(map)).map(|it| SampleSource::File(it.file))
            }
        }

        deserializer.deserialize_any(ListOrFile)
    }
}

impl schemars::JsonSchema for SampleSource {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Samples".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let (file, span) = (SampleFile::json_schema(generator), generator.subschema_for::<Span>());
        schemars::json_schema!({
            "description": EXPECTING,
            "anyOf": [{ "type": "array", "items": span, "minItems": 1 }, file],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_and_a_file_mean_the_same() {
        let here: SampleSource = serde_json::from_str(r#"["12ms", "80ms"]"#).unwrap();
        let mut file: SampleSource = serde_json::from_str(r#"{"file": "x"}"#).unwrap();
        assert_eq!((file.file(), file.samples()), (Some("x"), None));
        file.read("80\nlost\n12\n").unwrap();
        assert_eq!((here.samples(), here.file()), (file.samples(), None));
        let nothing: SampleSource = serde_json::from_str("[]").unwrap();
        assert_eq!(nothing.samples(), None);
    }
}
