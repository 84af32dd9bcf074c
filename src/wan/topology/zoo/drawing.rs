//! A network as its file draws it: nodes and edges with their places in the text, before anything is made of them.
//!
//! Both readers fill one in key by key, so a key means the same in both formats. Keys are compared without regard to case;
//! those that a WAN has no use for are passed over.

use indexmap::IndexMap;

use crate::base::limits::{WAN_LINKS_MAX, WAN_ROUTERS_MAX};
use crate::diag::{Code, Diagnostic, SourceSpan, did_you_mean};

/// A graph.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    pub(super) name: Option<String>,
    /// Whether an edge and its reverse are one link.
    pub(super) directed: bool,
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
    /// What was odd about single values.
    pub(super) warnings: Vec<Diagnostic>,
}

/// A node.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) id: Option<String>,
    pub(super) label: Option<String>,
    pub(super) latitude: Option<f64>,
    pub(super) longitude: Option<f64>,
    /// Another network's.
    pub(super) external: bool,
    /// No node, but a link of more than two ends.
    pub(super) hyperedge: bool,
    pub(super) span: SourceSpan,
}

/// An edge.
#[derive(Clone, Debug, Default)]
pub(super) struct Edge {
    pub(super) ends: [Option<(String, SourceSpan)>; 2],
    pub(super) speed: Speed,
    pub(super) span: SourceSpan,
}

/// What is said of an edge's speed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Speed {
    raw: Option<f64>,
    number: Option<f64>,
    unit: Option<f64>,
}

/// An edge between nodes that exist, by their places in the list.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) ends: [usize; 2],
    pub(super) speed: Option<f64>,
    pub(super) span: SourceSpan,
    /// The hyperedge that it is a part of.
    pub(super) part_of: Option<usize>,
}

// === impl Drawing ===

impl Drawing {
    /// What the graph as a whole says under `key`. The network's name is better than the file's.
    pub(super) fn set(&mut self, key: &str, value: &str) {
        match key.to_ascii_lowercase().as_str() {
            "network" if !value.trim().is_empty() => self.name = Some(value.trim().to_owned()),
            "label" if self.name.is_none() && !value.trim().is_empty() => {
                self.name = Some(value.trim().to_owned());
            }
            "directed" => self.directed = value.trim() == "1",
            _ => {}
        }
    }

    /// Adds a value that can't be read to the warnings.
    fn odd(&mut self, key: &str, value: &str, expected: &str, span: SourceSpan) {
        let message = format!("`{key}` is no {expected}, and is passed over");
        self.warnings.push(Diagnostic::warning(Code::BadValue, message).at(span, format!("`{value}`")));
    }

    /// What a node says under `key`.
    pub(super) fn set_node(&mut self, node: &mut Node, key: &str, value: &str, span: SourceSpan) {
        let text = value.trim();
        let coordinate = |most: f64| text.parse::<f64>().ok().filter(|degrees| degrees.abs() <= most);
        match key.to_ascii_lowercase().as_str() {
            // Labels that the Zoo's tools wrote for places that they did not know.
            "label" if !matches!(text, "" | "None" | "?") => node.label = Some(text.to_owned()),
            "latitude" | "lat" => match coordinate(90.0) {
                Some(degrees) => node.latitude = Some(degrees),
                None => self.odd(key, text, "latitude from -90 to 90", span),
            },
            "longitude" | "lon" => match coordinate(180.0) {
                Some(degrees) => node.longitude = Some(degrees),
                None => self.odd(key, text, "longitude from -180 to 180", span),
            },
            "internal" => node.external = text == "0",
            "hyperedge" => node.hyperedge = text == "1",
            _ => {}
        }
    }

    /// What an edge says under `key`.
    pub(super) fn set_edge(&mut self, edge: &mut Edge, key: &str, value: &str, span: SourceSpan) {
        let text = value.trim();
        let positive = || text.parse::<f64>().ok().filter(|number| *number > 0.0 && number.is_finite());
        match key.to_ascii_lowercase().as_str() {
            "linkspeedraw" => match positive() {
                Some(bits) => edge.speed.raw = Some(bits),
                None => self.odd(key, text, "number of bits per second above 0", span),
            },
            "linkspeed" => match positive() {
                Some(number) => edge.speed.number = Some(number),
                None => self.odd(key, text, "number above 0", span),
            },
            "linkspeedunits" => match text {
                "K" => edge.speed.unit = Some(1e3),
                "M" => edge.speed.unit = Some(1e6),
                "G" => edge.speed.unit = Some(1e9),
                "T" => edge.speed.unit = Some(1e12),
                _ => self.odd(key, text, "unit of speed (K, M, G, T)", span),
            },
            _ => {}
        }
    }

    /// The edges between nodes that exist; or all that is wrong with ids, ends and sizes.
    pub(super) fn lines(&self) -> Result<Vec<Line>, Vec<Diagnostic>> {
        let mut mistakes = self.too_many();
        let mut ids: IndexMap<&str, usize> = IndexMap::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let Some(id) = node.id.as_deref() else {
                mistakes.push(Diagnostic::error(Code::MissingKey, "a node has no `id`").at(node.span, ""));
                continue;
            };
            if let Some(first) = ids.insert(id, at) {
                let message = format!("two nodes have the id `{id}`");
                let note = (self.nodes[first].span, "the first one");
                mistakes.push(
                    Diagnostic::error(Code::DuplicateName, message).at(node.span, "").note(note.0, note.1),
                );
            }
        }
        let mut lines = Vec::new();
        for edge in &self.edges {
            let mut ends = [None; 2];
            for (slot, (end, key)) in ends.iter_mut().zip(edge.ends.iter().zip(["source", "target"])) {
                let Some((id, span)) = end else {
                    let message = format!("an edge has no `{key}`");
                    mistakes.push(Diagnostic::error(Code::MissingKey, message).at(edge.span, ""));
                    continue;
                };
                *slot = ids.get(id.as_str()).copied();
                if slot.is_none() {
                    let message = format!("no node has the id `{id}`");
                    let meant = did_you_mean(id, ids.keys().copied());
                    mistakes.push(
                        Diagnostic::error(Code::UnknownName, message)
                            .at(*span, "this edge leads nowhere")
                            .maybe_hint(meant),
                    );
                }
            }
            if let [Some(a), Some(b)] = ends {
                let speed = edge.speed.bits_per_second();
                lines.push(Line { ends: [a, b], speed, span: edge.span, part_of: None });
            }
        }
        if mistakes.is_empty() { Ok(lines) } else { Err(mistakes) }
    }

    fn too_many(&self) -> Vec<Diagnostic> {
        let sizes = [
            ("nodes", self.nodes.len(), WAN_ROUTERS_MAX, self.nodes.get(WAN_ROUTERS_MAX).map(|n| n.span)),
            ("edges", self.edges.len(), WAN_LINKS_MAX, self.edges.get(WAN_LINKS_MAX).map(|e| e.span)),
        ];
        let beyond = sizes.into_iter().filter(|(_, count, most, _)| count > most);
        beyond
            .map(|(sort, count, most, span)| {
                let message = format!("{count} {sort}, and {most} is the most");
                Diagnostic::error(Code::TooMany, message).at(span.unwrap_or_default(), "one too many")
            })
            .collect()
    }
}

// === impl Speed ===

impl Speed {
    fn bits_per_second(self) -> Option<f64> {
        self.raw.or_else(|| Some(self.number? * self.unit?))
    }
}
