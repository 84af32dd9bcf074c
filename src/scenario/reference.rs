//! The reference of faults, made from the kind table and from the types that the loader reads with.
//!
//! What a kind does, what makes it and what a client sees of it come from the kind table; its keys, their values and their
//! defaults from the JSON Schema; its direction and whether it follows a ramp from the kind itself, by its example. So
//! nothing in it can promise what the loader refuses. `docs/faults.md` is [`faults_markdown`], word for word.

use std::fmt::Write as _;

use serde_json::Value;

use super::load::load_text;
use super::schema::json_schema;
use crate::base::Directions;
use crate::fault::{Backend, Fault, KINDS, KindInfo, Layer};

/// A kind of fault, documented.
#[derive(Clone, Debug)]
pub struct FaultReference {
    /// Its entry in the kind table.
    pub info: KindInfo,
    /// What its value looks like, where it has a short form.
    pub short_form: Option<String>,
    /// The direction that it acts in unless a scenario says otherwise.
    pub direction: &'static str,
    /// Whether it follows a ramp.
    pub ramps: bool,
    /// Its keys.
    pub keys: Vec<Key>,
}

/// A key of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// As a scenario writes it.
    pub name: String,
    /// What its value is: `time`, `share`, `step or decay`.
    pub value: String,
    /// What happens without it: `needed`, its default, or nothing to say.
    pub otherwise: String,
    /// What it means.
    pub about: String,
}

const HEAD: &str = "\
# Faults

What each kind of fault does, what makes it, and what a client sees of it. This page is made by `brownout faults
--markdown` from the code; `brownout faults NAME` shows one kind in a terminal. When a fault is in force (`at`, `for`,
`every`, `ramp`, `bursts`) and whom it takes (`direction`, `probability`, `peers`) is the same for all kinds:
see [the scenario file](scenario.md#faults).
";

/// All kinds, in the order of the kind table.
pub fn fault_references() -> Vec<FaultReference> {
    let schema: Value = serde_json::from_str(&json_schema()).expect("a schema is JSON");
    KINDS.iter().map(|info| FaultReference::new(*info, &schema)).collect()
}

/// The reference as a page of Markdown.
pub fn faults_markdown() -> String {
    let all = fault_references();
    let mut page = HEAD.to_owned();
    page.push_str("\n| kind | layer | made by | what it does |\n| --- | --- | --- | --- |\n");
    for FaultReference { info, .. } in &all {
        let made_by = backend_text(info.backend);
        let name = info.name;
        // Writing to a string can't fail.
        let _ = writeln!(
            page,
            "| [`{name}`](#{name}) | {} | {made_by} | {} |",
            layer_text(info.layer),
            info.about
        );
    }
    for kind in &all {
        kind.write_markdown(&mut page);
    }
    page
}

// === impl FaultReference ===

impl FaultReference {
    fn new(info: KindInfo, schema: &Value) -> Self {
        let (short_form, keys) = shape(schema, &schema["$defs"]["Fault"]["properties"][info.name]);
        let example = example(info);
        Self {
            info,
            short_form,
            direction: direction_text(example.kind().directions()),
            ramps: example.kind().ramps(),
            keys,
        }
    }

    /// The example as an item of a scenario's `faults`.
    pub fn example(&self) -> String {
        format!("- {{ at: 10s, for: 30s, {}: {} }}", self.info.name, self.info.example)
    }

    /// What makes it.
    pub const fn made_by(&self) -> &'static str {
        backend_text(self.info.backend)
    }

    /// The layer that it acts on.
    pub const fn layer(&self) -> &'static str {
        layer_text(self.info.layer)
    }

    fn write_markdown(&self, page: &mut String) {
        let Self { info, short_form, direction, ramps, keys } = self;
        let mut line = |text: String| {
            page.push_str(&text);
            page.push('\n');
        };
        line(format!("\n## {}\n\n{}\n", info.name, info.about));
        line(format!("- A client sees: {}", info.client_sees));
        line(format!("- Acts on: the {}, {direction} unless `direction` says otherwise", self.layer()));
        line(format!("- Made by: {}", self.made_by()));
        line(format!("- Follows a ramp: {}", if *ramps { "yes" } else { "no" }));
        if let Some(short) = short_form {
            line(format!("- Its value: {short}"));
        }
        if !keys.is_empty() {
            line("\n| key | value | if left out | |\n| --- | --- | --- | --- |".to_owned());
        }
        for Key { name, value, otherwise, about } in keys {
            line(format!("| `{name}` | {value} | {otherwise} | {about} |"));
        }
        line(format!("\n```yaml\nfaults:\n  {}\n```", self.example()));
    }
}

/// The layer in one word.
const fn layer_text(layer: Layer) -> &'static str {
    match layer {
        Layer::Path => "path",
        Layer::Connection => "connection",
        Layer::Stream => "stream",
    }
}

const fn backend_text(backend: Backend) -> &'static str {
    match backend {
        Backend::UserSpace => "brownout, in user space",
        Backend::Kernel => "the kernel where it is asked and permitted, else brownout",
    }
}

const fn direction_text(directions: Directions) -> &'static str {
    match directions {
        Directions::ToServer => "to the server",
        Directions::ToClient => "to the client",
        Directions::Both => "in both directions",
    }
}

/// The example of a kind, as the loader makes it.
fn example(info: KindInfo) -> std::sync::Arc<Fault> {
    let text = format!(
        "name: {name}\nduration: 1m\nservices: {{ api: {{ upstream: \"127.0.0.1:9\" }} }}\nfaults: [{{ {name}: {example} }}]\n",
        name = info.name,
        example = info.example
    );
    let plan =
        load_text(info.name, &text).expect("the example of every kind is valid: a test reads them all");
    std::sync::Arc::clone(&plan.faults[0])
}

/// The short form and the keys of a type.
pub(super) fn shape(schema: &Value, property: &Value) -> (Option<String>, Vec<Key>) {
    let resolved = resolve(schema, property);
    let forms = resolved["anyOf"].as_array().map_or_else(|| vec![resolved], |forms| forms.iter().collect());
    let mut short = None;
    let mut keys = Vec::new();
    for form in forms {
        let form = resolve(schema, form);
        if form["type"] == "string" {
            short = form["description"].as_str().map(str::to_owned);
        }
        let required =
            |name: &str| form["required"].as_array().is_some_and(|all| all.iter().any(|key| key == name));
        for (name, key) in form["properties"].as_object().into_iter().flatten() {
            keys.push(Key {
                name: name.clone(),
                value: value_text(schema, key),
                otherwise: match &key["default"] {
                    _ if required(name) => "needed".to_owned(),
                    Value::Null => String::new(),
                    default => format!("`{}`", flow(default)),
                },
                about: key["description"].as_str().unwrap_or_default().replace('\n', " "),
            });
        }
    }
    // The needed ones first: a stable sort keeps the others in alphabetical order.
    keys.sort_by_key(|key: &Key| key.otherwise != "needed");
    (short, keys)
}

/// What a value is, in words: the name of its type in the scenario file, or what it may be.
fn value_text(schema: &Value, key: &Value) -> String {
    if let Some(alternatives) = key["anyOf"].as_array() {
        let known = alternatives.iter().filter(|one| one["type"] != "null");
        return known.map(|one| value_text(schema, one)).collect::<Vec<_>>().join(" or ");
    }
    let word = |name: &str| match name {
        "Span" => Some("time"),
        "Ratio" => Some("share"),
        "ByteSize" => Some("size"),
        "ByteRate" => Some("rate"),
        "Rule" => Some("a rule"),
        _ => None,
    };
    let name = key["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    if let Some(word) = name.and_then(word) {
        return word.to_owned();
    }
    let resolved = resolve(schema, key);
    if let Some(choices) = resolved["oneOf"].as_array() {
        let named = choices.iter().filter_map(|choice| choice["const"].as_str());
        return named.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    }
    if let Some(choices) = resolved["enum"].as_array() {
        return choices
            .iter()
            .filter_map(Value::as_str)
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ");
    }
    let lists = |form: &Value| form["type"] == "array";
    if let Some(forms) = resolved["anyOf"].as_array().filter(|forms| forms.iter().any(lists)) {
        return forms.iter().map(|form| value_text(schema, form)).collect::<Vec<_>>().join(" or ");
    }
    let (short, keys) = shape(schema, resolved);
    if let Some(short) = short {
        return short;
    }
    if !keys.is_empty() {
        let names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
        return format!("`{{ {} }}`", names.join(", "));
    }
    match resolved["type"].as_str() {
        Some("array") => format!("a list: {}", value_text(schema, &resolved["items"])),
        Some("integer" | "number") => "number".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("string") => "text".to_owned(),
        other => other.unwrap_or("value").to_owned(),
    }
}

/// A value as a scenario writes it, in YAML's flow style.
pub(super) fn flow(value: &Value) -> String {
    let joined = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", joined(items.iter().map(flow).collect())),
        Value::Object(keys) => {
            let pair = |(name, value): (&String, &Value)| format!("{name}: {}", flow(value));
            format!("{{ {} }}", joined(keys.iter().map(pair).collect()))
        }
        other => other.to_string(),
    }
}

/// Follows references.
fn resolve<'a>(schema: &'a Value, mut value: &'a Value) -> &'a Value {
    while let Some(name) = value["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        value = &schema["$defs"][name];
    }
    value
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_page_in_the_tree_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
        let page = fs_err::read_to_string(path).unwrap_or_default();
        assert!(page == faults_markdown(), "docs/faults.md is not what the code says; run: make reference");
    }

    #[test]
    fn keys_come_with_their_values_and_defaults() {
        let all = fault_references();
        let latency = all.iter().find(|kind| kind.info.name == "latency").unwrap();
        let key = |name: &str| latency.keys.iter().find(|key| key.name == name).unwrap();
        assert_eq!((key("jitter").value.as_str(), key("jitter").otherwise.as_str()), ("time", ""));
        assert_eq!(key("correlation").otherwise, "`0%`");
        assert!(key("distribution").value.contains("`pareto`"));
        assert_eq!((latency.direction, latency.ramps), ("to the client", true));
    }
}
