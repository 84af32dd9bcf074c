//! The JSON Schema of scenario files, for editors that complete and check while one types.
//!
//! Made from the types that the loader reads with, so it can't promise what they refuse. What needs two places of the
//! file (a name that must exist, a time within the duration) is beyond a schema: `brownout check` tells that.

use schemars::generate::SchemaSettings;

use super::raw::RawScenario;

/// The schema, as pretty JSON that ends with a line break. It is the same for every build of a version.
pub fn json_schema() -> String {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RawScenario>();
    let text = serde_json::to_string_pretty(&schema)
        .expect("a schema is made of strings, numbers and maps of strings");
    text + "\n"
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::fault::KINDS;

    fn schema() -> serde_json::Value {
        serde_json::from_str(&json_schema()).unwrap()
    }

    #[test]
    fn the_file_in_the_tree_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/scenario.schema.json");
        let file = fs_err::read_to_string(path).unwrap_or_default();
        assert!(
            file == json_schema(),
            "schema/scenario.schema.json is not what the types say; run: make schema"
        );
    }

    #[test]
    fn every_kind_of_fault_has_its_title() {
        let fault = &schema()["$defs"]["Fault"];
        for kind in KINDS {
            assert_eq!(fault["properties"][kind.name]["title"], kind.about, "{}", kind.name);
        }
        assert_eq!(fault["additionalProperties"], false);
    }

    #[test]
    fn newtypes_come_with_examples_and_optional_keys_are_not_required() {
        let schema = schema();
        for name in ["Span", "Ratio", "ByteRate", "ByteSize", "Peers"] {
            assert!(schema["$defs"][name]["examples"].is_array(), "{name}: {}", schema["$defs"][name]);
        }
        let required: Vec<&str> =
            schema["required"].as_array().unwrap().iter().filter_map(|k| k.as_str()).collect();
        assert_eq!(required, ["name", "duration", "services"]);
        assert!(schema["$defs"]["Fault"]["required"].is_null());
    }

    /// The keys that shipped scenarios use, at the top and in their items, are keys that the schema has.
    #[test]
    fn shipped_scenarios_use_only_keys_of_the_schema() {
        let schema = schema();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        for entry in fs_err::read_dir(folder).unwrap() {
            let text = fs_err::read_to_string(entry.unwrap().path()).unwrap();
            let value: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
            let keys =
                |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            let check = |keys: Vec<String>, properties: &serde_json::Value| {
                for key in keys {
                    assert!(properties[&key].is_object(), "{key}");
                }
            };
            check(keys(&value), &schema["properties"]);
            for (section, name) in [("faults", "Fault"), ("expect", "Expectation")] {
                for item in value[section].as_array().into_iter().flatten() {
                    check(keys(item), &schema["$defs"][name]["properties"]);
                }
            }
        }
    }
}
