//! The GraphML reader: <http://graphml.graphdrawing.org/specification.html>.
//!
//! Of the format it reads what networks are drawn with: one graph, its nodes and edges, and their `data` by the names that
//! `key` elements give to their keys. Namespaces don't matter. Nested graphs, ports and GraphML's own `hyperedge` elements are
//! passed over, with a warning. A document type is refused: nobody needs entities here, and they can blow up.

use indexmap::IndexMap;
use roxmltree::{Document, Error, ParsingOptions};

use super::drawing::{Drawing, Edge, Node};
use crate::base::limits::TOPOLOGY_XML_NODES_MAX;
use crate::diag::{Code, Diagnostic, SourceSpan};

/// Reads a graph.
pub(super) fn read(text: &str) -> Result<Drawing, Vec<Diagnostic>> {
    let options = ParsingOptions { nodes_limit: TOPOLOGY_XML_NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| vec![broken(text, &error)])?;
    let root = document.root_element();
    let names: IndexMap<&str, &str> = children(root, "key")
        .filter_map(|key| Some((key.attribute("id")?, key.attribute("attr.name")?)))
        .collect();
    let Some(graph) = children(root, "graph").next() else {
        let message = "the file has no `graph` element in its root";
        return Err(vec![Diagnostic::error(Code::MissingKey, message).at(start_of(text, root), "")]);
    };
    let mut drawing =
        Drawing { directed: graph.attribute("edgedefault") == Some("directed"), ..Drawing::default() };
    let data = |of: roxmltree::Node<'_, '_>| -> Vec<(String, String, SourceSpan)> {
        let named = children(of, "data").filter_map(|data| {
            let name = names.get(data.attribute("key")?)?;
            Some(((*name).to_owned(), data.text().unwrap_or_default().to_owned(), data.range().into()))
        });
        named.collect()
    };
    for (key, value, _) in data(graph) {
        drawing.set(&key, &value);
    }
    let mut strange: Vec<SourceSpan> =
        children(root, "graph").skip(1).map(|more| start_of(text, more)).collect();
    for element in graph.children().filter(roxmltree::Node::is_element) {
        match element.tag_name().name() {
            "node" => {
                let id = element.attribute("id").map(str::to_owned);
                let mut node = Node { id, span: start_of(text, element), ..Node::default() };
                for (key, value, span) in data(element) {
                    drawing.set_node(&mut node, &key, &value, span);
                }
                drawing.nodes.push(node);
            }
            "edge" => {
                let end = |name: &str| {
                    let attribute = element.attribute_node(name)?;
                    Some((attribute.value().to_owned(), attribute.range_value().into()))
                };
                let ends = ["source", "target"].map(end);
                let mut edge = Edge { ends, span: start_of(text, element), ..Edge::default() };
                for (key, value, span) in data(element) {
                    drawing.set_edge(&mut edge, &key, &value, span);
                }
                drawing.edges.push(edge);
            }
            "data" | "desc" => {}
            _ => strange.push(start_of(text, element)),
        }
    }
    if let [first, others @ ..] = &*strange {
        let message = format!(
            "{} elements that are no node and no edge of the first graph are passed over",
            strange.len()
        );
        let warning = Diagnostic::warning(Code::UnknownKey, message).at(*first, "");
        drawing.warnings.push(others.iter().take(3).fold(warning, |warning, span| warning.note(*span, "")));
    }
    Ok(drawing)
}

fn children<'a, 'i>(
    of: roxmltree::Node<'a, 'i>,
    name: &'static str,
) -> impl Iterator<Item = roxmltree::Node<'a, 'i>> {
    of.children().filter(move |child| child.is_element() && child.tag_name().name() == name)
}

/// An element's start tag.
fn start_of(text: &str, element: roxmltree::Node<'_, '_>) -> SourceSpan {
    let whole = element.range();
    let tag = text[whole.clone()].find('>').map_or(whole.end, |end| whole.start + end + 1);
    SourceSpan::new(whole.start, tag)
}

/// What is wrong with the XML. The reader's own words end with the place, which a diagnostic shows better.
fn broken(text: &str, error: &Error) -> Diagnostic {
    let (place, told) = (error.pos(), error.to_string());
    let reason = told.strip_suffix(&format!(" at {place}")).unwrap_or(&told);
    let line_start: usize =
        text.split_inclusive('\n').take(place.row.saturating_sub(1) as usize).map(str::len).sum();
    let line = &text[line_start..];
    let column = line.char_indices().nth(place.col.saturating_sub(1) as usize);
    let at = column.map_or(text.len(), |(column, _)| line_start + column);
    Diagnostic::error(Code::Syntax, format!("not valid GraphML: {reason}")).at(at..at + 1, "")
}
