//! Files with every quirk, broken files, and any text at all.

use std::sync::Arc;

use fs_err as fs;
use proptest::prelude::*;

use super::*;
use crate::diag::{Colour, Severity, SourceFile, render};
use crate::wan::topology::{BlockKind, Topology};

fn recipe(planes: u32, metrics: Metrics) -> Recipe {
    Recipe { platform: Arc::new(Platform::frr_ospf()), planes, metrics }
}

fn file(name: &str) -> String {
    fs::read_to_string(format!("{}/tests/zoo/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a fixture")
}

fn told(name: &str, text: &str, diagnostics: &[Diagnostic]) -> String {
    render(&SourceFile::new(name, text), diagnostics, Colour::Plain)
}

fn built(mut reading: Reading) -> Topology {
    reading.wan.block_for_each_site(1, BlockKind::Internal).build().expect("what is read is sound")
}

/// The sites with their places, and the links with delays, metrics and risks, a line each.
fn drawn(wan: &Topology) -> String {
    let sites = wan.sites().iter().map(|site| {
        let place = site.place.map_or(String::new(), |p| format!(" {:.2} {:.2}", p.latitude, p.longitude));
        format!("{}{place}\n", site.name)
    });
    let links = wan.links().iter().map(|link| {
        let [metric, _] = link.metrics;
        let risks: Vec<String> = link.risks.iter().map(|risk| format!(" [{risk}]")).collect();
        format!("{} {:.2?} {metric}{}\n", link.name, link.delay, risks.concat())
    });
    sites.chain(links).collect()
}

#[test]
fn the_quirks_of_the_zoo_are_told_and_mended() {
    let text = file("quirks.gml");
    let reading = read(&text, &recipe(1, Metrics::Delay)).expect("quirks are no mistakes");
    assert_eq!(reading.name.as_deref(), Some("Quirknet"));
    assert!(reading.warnings.iter().all(|warning| warning.severity == Severity::Warning));
    insta::assert_snapshot!(told("quirks.gml", &text, &reading.warnings));
    insta::assert_snapshot!(drawn(&built(reading)));
}

/// The same network, drawn in the other format.
#[test]
fn both_formats_mean_the_same() {
    for (planes, metrics) in [(1, Metrics::Delay), (2, Metrics::Speed)] {
        let [gml, graphml] = ["quirks.gml", "quirks.graphml"].map(|name| {
            let reading = read(&file(name), &recipe(planes, metrics)).expect("quirks are no mistakes");
            drawn(&built(reading))
        });
        assert_eq!(gml, graphml);
    }
}

#[test]
fn planes_and_speeds_are_asked_for() {
    let reading = read(&file("quirks.gml"), &recipe(2, Metrics::Speed)).expect("quirks are no mistakes");
    let wan = built(reading);
    let link = |name: &str| &wan.links()[wan.link(name).expect(name).index()];
    assert_eq!(link("geneve-1/geneve-2").delay, DELAY_WITHIN_PLACE);
    assert_eq!(link("geneve-2/zuerich-2").metrics, [1, 1], "10 Gbit/s is the fastest");
    assert_eq!(link("zuerich-2/geneve-2#2").metrics, [4, 4], "2.5 Gbit/s");
    assert_eq!(link("zuerich-2/milano-2").metrics, [65, 65], "no speed: the lower median");
    assert_eq!(link("geneve-2/lyon-2").metrics, [65, 65], "155 Mbit/s is the slower way into the hyperedge");
    assert_eq!(wan.sharing("hyperedge 5").count(), 6, "three links in two planes");
}

#[test]
fn a_directed_graph_has_each_link_once() {
    let edges = [(0, 1), (1, 0), (1, 2), (2, 1), (1, 2), (0, 2)];
    let edges: Vec<String> = edges.iter().map(|(a, b)| format!("edge [ source {a} target {b} ]")).collect();
    let text = format!("graph [ directed 1 node [ id 0 ] node [ id 1 ] node [ id 2 ] {} ]", edges.concat());
    let wan = built(read(&text, &recipe(1, Metrics::Delay)).expect("sound"));
    let names: Vec<&str> = wan.links().iter().map(|link| &*link.name).collect();
    assert_eq!(names, ["node-0-1/node-1-1", "node-1-1/node-2-1", "node-1-1/node-2-1#2", "node-0-1/node-2-1"]);
    assert_eq!(wan.links()[0].delay, DELAY_UNPLACED, "no place is known");
}

/// Each with what is wrong, and where: line and column.
#[test]
fn broken_files_are_refused_at_their_place() {
    let cases = [
        ("", "1:1 the file has no `graph [ … ]`"),
        ("<graphml/>", "1:1 the file has no `graph` element in its root"),
        ("<graphml>\n <graph>\n", "1:1 not valid GraphML: the root node was opened but never closed"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]>\n<graphml/>", "1:1 not valid GraphML: XML with DTD detected"),
        ("graph [\n node [ id 0 ", "2:13 not valid GML: a `[` is never closed"),
        ("graph [\n ] ]", "2:4 not valid GML: nothing is open that `]` could close"),
        (
            "graph [ label \"x ]",
            "1:15 not valid GML: a text that is never closed: its second `\"` is missing",
        ),
        ("graph [ 12 ]", "1:9 not valid GML: expected a key, a letter first"),
        (
            "graph [ id ]",
            "1:12 not valid GML: expected a number, a text in quotes or a list in brackets for `id`",
        ),
        ("graph [ node [ ] ]", "1:9 a node has no `id`"),
        ("graph [ node [ id 1 ]\nnode [ id 1 ] ]", "2:1 two nodes have the id `1`"),
        ("graph [ node [ id 1 ] edge [ source 1 ] ]", "1:23 an edge has no `target`"),
        ("graph [ node [ id a1 ] ]", "1:19 not valid GML: expected a number"),
        (
            "graph [ node [ id \"a1\" ] edge [ source \"a1\" target \"a2\" ] ]",
            "1:45 no node has the id `a2`; did you mean `a1`?",
        ),
        ("graph [ node [ id 1 Internal 0 ] ]", "- the graph has no node of a network's own"),
        ("<graphml><graph><node/></graph></graphml>", "1:17 a node has no `id`"),
        (
            "<graphml><graph><node id='1'/>\n<edge source='1' target='7'/></graph></graphml>",
            "2:26 no node has the id `7`",
        ),
    ];
    for (text, expected) in cases {
        let mistakes = read(text, &recipe(1, Metrics::Delay)).map(|_| ()).expect_err(text);
        let first = &mistakes[0];
        let file = SourceFile::new("x", text);
        let place = first.span.map_or("-".to_owned(), |span| {
            let place = file.place(span.start);
            format!("{}:{}", place.line, place.column)
        });
        let hint = first.hint.as_ref().map_or(String::new(), |hint| format!("; {hint}"));
        let told = format!("{place} {}{hint}", first.message);
        assert!(told.starts_with(expected), "{text}\n{told}");
    }
}

#[test]
fn sizes_have_limits() {
    let node = |at: usize| format!("node [ id {at} ]\n");
    let many: String = (0..=crate::base::limits::WAN_ROUTERS_MAX).map(node).collect();
    let deep = "a [".repeat(100_000);
    let tags = "<a>".repeat(200_000);
    let large = " ".repeat(TOPOLOGY_BYTES_MAX as usize + 1);
    for (text, expected) in [
        (format!("graph [ {many} ]"), "4097 nodes, and 4096 is the most"),
        (deep, "not valid GML: lists stand 16 deep in one another at most"),
        (tags, "not valid GraphML: "),
        (large, "a topology file may have 4194304 bytes, and this one has 4194305"),
        (format!("graph [ label \"{}\" ]", "&".repeat(1 << 20)), "the graph has no node of a network's own"),
    ] {
        let mistakes = read(&text, &recipe(1, Metrics::Delay)).map(|_| ()).expect_err(expected);
        assert!(mistakes[0].message.starts_with(expected), "{}", mistakes[0].message);
    }
}

/// What may stand in a file, in any order.
const PIECES: [&str; 30] = [
    "graph",
    " [ ",
    " ] ",
    "node",
    "edge",
    " id ",
    " 0 ",
    " 1 ",
    " -7e9 ",
    "\"",
    " label ",
    " source ",
    " target ",
    " Latitude ",
    " Longitude ",
    "hyperedge 1",
    "Internal 0",
    "&amp;",
    "&#x110000;",
    "#",
    "\n",
    "<graphml>",
    "<graph edgedefault='directed'>",
    "<node id='0'>",
    "<edge source='0' target='1'/>",
    "</node>",
    "</graph>",
    "</graphml>",
    "<!--",
    "é",
];

/// Small networks with any quirk: two numbers a node and an edge.
fn network() -> impl Strategy<Value = String> {
    let node = (any::<bool>(), -100_i32..100, 0_u8..12);
    let edge = (0_usize..12, 0_usize..12);
    (prop::collection::vec(node, 1..12), prop::collection::vec(edge, 0..24)).prop_map(|(nodes, edges)| {
        let count = nodes.len();
        let nodes = nodes.into_iter().enumerate().map(|(id, (placed, degrees, kind))| {
            let place =
                if placed { format!("Latitude {degrees} Longitude {}", degrees * 2) } else { String::new() };
            let kind = ["Internal 0", "hyperedge 1", "label \"a\"", "label \"b\""]
                .get(usize::from(kind))
                .unwrap_or(&"");
            format!("node [ id {id} {place} {kind} ]\n")
        });
        let edges =
            edges.into_iter().map(|(a, b)| format!("edge [ source {} target {} ]\n", a % count, b % count));
        format!("graph [\n{}]", nodes.chain(edges).collect::<String>())
    })
}

proptest! {
    /// Any text is judged: read, or refused with places that exist.
    #[test]
    fn any_text_is_judged(
        pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..60),
        noise in any::<String>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let text = file("quirks.graphml");
        let end = (0..=cut.index(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        for text in [pieces.concat(), noise, text[..end].to_owned() + &pieces.concat()] {
            let judged = read(&text, &recipe(2, Metrics::Speed));
            let diagnostics = judged.map_or_else(|mistakes| mistakes, |reading| reading.warnings);
            told("any", &text, &diagnostics);
        }
    }

    /// Whatever the quirks: what is read is a sound WAN, or has no node of its own.
    #[test]
    fn what_is_read_is_sound(text in network()) {
        if let Ok(reading) = read(&text, &recipe(2, Metrics::Delay)) {
            built(reading);
        }
    }
}
