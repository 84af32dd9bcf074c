//! The reference of detectors, made from the kind table and from the types that the loader reads with.
//!
//! When a kind fires, where it is from and its presets come from the kind's own file; its keys, their values and their
//! defaults from the JSON Schema. `docs/detectors.md` is [`detectors_markdown`], word for word.

use std::fmt::Write as _;

use serde_json::Value;

use super::reference::{Key, flow, shape};
use super::schema::json_schema;
use crate::detect::{DETECTOR_KINDS, DetectorKind};

/// A kind of detector, documented.
#[derive(Clone, Debug)]
pub struct DetectorReference {
    /// Its entry in the kind table.
    pub info: DetectorKind,
    /// Its keys.
    pub keys: Vec<Key>,
}

const HEAD: &str = "\
# Detectors

A detector turns the probes of a monitor into an alarm: it is silent or it fires. This page is made by `brownout detectors
--markdown` from the code; `brownout detectors NAME` shows one kind in a terminal. Where a detector stands in a scenario:
see [the scenario file](scenario.md#detectors).

No rule is best. A rule that asks for failures in a row is quiet, and blind to sporadic failure: when a tenth of the probes
fails, three in a row come after 1,110 probes on average, more than four hours at one every 15 s. A rule that remembers
across successes (a share, an error budget, a CUSUM) sees it in minutes; its threshold says how many false alarms that costs.

A preset stands in the place of the parameters: `consecutive: kubernetes-liveness`. It holds the rule's own numbers; how
often its system probes, and for how long it waits, is the monitor's `every` and `timeout`. Rules may hold rules: `alert`,
`quorum` and `per_target` take any rule, and each other.

Your own Prometheus rules are a detector, too: `prometheus: { rules: alerts.yml }`, see [the scenario file](scenario.md#detectors).

All time is scenario time. A rule that can never fire on the probes that it gets, or always would, is refused.
";

/// All kinds, in the order of the kind table.
pub fn detector_references() -> Vec<DetectorReference> {
    let schema: Value = serde_json::from_str(&json_schema()).expect("a schema is JSON");
    let keys = |info: &DetectorKind| shape(&schema, &schema["$defs"]["Detector"]["properties"][info.name]).1;
    DETECTOR_KINDS.iter().map(|info| DetectorReference { info: *info, keys: keys(info) }).collect()
}

/// The reference as a page of Markdown.
pub fn detectors_markdown() -> String {
    let all = detector_references();
    let mut page = HEAD.to_owned();
    page.push_str("\n| kind | |\n| --- | --- |\n");
    for DetectorReference { info, .. } in &all {
        // Writing to a string can't fail.
        let _ = writeln!(page, "| [`{name}`](#{name}) | {about} |", name = info.name, about = info.about);
    }
    for kind in &all {
        kind.write_markdown(&mut page);
    }
    page
}

// === impl DetectorReference ===

impl DetectorReference {
    /// The example as an item of a scenario's `detectors`.
    pub fn example(&self) -> String {
        format!("ours: {{ {}: {} }}", self.info.name, self.info.example)
    }

    /// The presets: name, parameters as a scenario would write them, source.
    pub fn presets(&self) -> Vec<(&'static str, String, &'static str)> {
        let parameters = |text: &str| {
            let value: Value = serde_json::from_str(text).expect("presets are JSON: a test reads them all");
            flow(&value)
        };
        self.info.presets.iter().map(|p| (p.name, parameters(p.parameters), p.source)).collect()
    }

    fn write_markdown(&self, page: &mut String) {
        let Self { info, keys } = self;
        let mut line = |text: String| {
            page.push_str(&text);
            page.push('\n');
        };
        line(format!("\n## {}\n\n{}\n\nFrom: {}.\n", info.name, info.about, info.source));
        line("| key | value | if left out | |\n| --- | --- | --- | --- |".to_owned());
        for Key { name, value, otherwise, about } in keys {
            line(format!("| `{name}` | {value} | {otherwise} | {about} |"));
        }
        if !info.presets.is_empty() {
            line("\n| preset | parameters | from |\n| --- | --- | --- |".to_owned());
        }
        for (name, parameters, source) in self.presets() {
            line(format!("| `{name}` | `{parameters}` | {source} |"));
        }
        line(format!("\n```yaml\ndetectors:\n  {}\n```", self.example()));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_page_in_the_tree_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/detectors.md");
        let page = fs_err::read_to_string(path).unwrap_or_default();
        assert!(
            page == detectors_markdown(),
            "docs/detectors.md is not what the code says; run: make reference"
        );
    }

    #[test]
    fn keys_and_presets_come_with_their_values() {
        let all = detector_references();
        let kind = |name: &str| all.iter().find(|kind| kind.info.name == name).unwrap();
        let key = |kind: &DetectorReference, name: &str| {
            let key = kind.keys.iter().find(|key| key.name == name).unwrap();
            (key.value.clone(), key.otherwise.clone())
        };
        assert_eq!(key(kind("consecutive"), "successes"), ("number".to_owned(), "`1`".to_owned()));
        assert_eq!(key(kind("alert"), "when"), ("a rule".to_owned(), "needed".to_owned()));
        assert_eq!(key(kind("alert"), "every").1, "`1m`");
        assert_eq!(kind("consecutive").presets()[0].1, "{ failures: 3, successes: 1 }");
    }
}
