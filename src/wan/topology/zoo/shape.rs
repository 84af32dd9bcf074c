//! What a drawing has and a WAN can't have: other networks' nodes, loops, links of many ends, parts apart. Each is taken out
//! or replaced, and told once for all of its kind.

use indexmap::{IndexMap, IndexSet};

use super::drawing::{Line, Node};
use crate::diag::{Code, Diagnostic, SourceSpan};

/// Places that one warning shows beside the first.
const NOTES_SHOWN: usize = 3;

/// The nodes that stay, and the lines between them.
#[derive(Debug)]
pub(super) struct Shape {
    /// By their places in the drawing, in order.
    pub(super) nodes: Vec<usize>,
    /// Their ends are places in the drawing, too.
    pub(super) lines: Vec<Line>,
}

/// Something that was found at places.
pub(super) fn tell(
    warnings: &mut Vec<Diagnostic>,
    code: Code,
    at: &[SourceSpan],
    message: impl Fn(&str) -> String,
    nouns: [&str; 2],
) {
    let [first, others @ ..] = at else { return };
    let count =
        if others.is_empty() { format!("1 {}", nouns[0]) } else { format!("{} {}", at.len(), nouns[1]) };
    let warning = Diagnostic::warning(code, message(&count)).at(*first, "");
    warnings.push(others.iter().take(NOTES_SHOWN).fold(warning, |warning, span| warning.note(*span, "")));
}

// === impl Shape ===

impl Shape {
    /// What stays of a drawing.
    pub(super) fn of(
        nodes: &[Node],
        lines: Vec<Line>,
        directed: bool,
        warnings: &mut Vec<Diagnostic>,
    ) -> Self {
        let spans = |picked: &dyn Fn(&Node) -> bool| -> Vec<SourceSpan> {
            nodes.iter().filter(|node| picked(node)).map(|node| node.span).collect()
        };
        let foreign = spans(&|node| node.external);
        let left_out =
            |count: &str| format!("{count} of other networks (`Internal 0`), left out with all edges there");
        tell(warnings, Code::NotInWan, &foreign, left_out, ["node", "nodes"]);
        let lines = lines.into_iter().filter(|line| line.ends.iter().all(|end| !nodes[*end].external));
        let (loops, lines): (Vec<Line>, Vec<Line>) = lines.partition(|line| line.ends[0] == line.ends[1]);
        let loops: Vec<SourceSpan> = loops.iter().map(|line| line.span).collect();
        tell(
            warnings,
            Code::NotInWan,
            &loops,
            |n| format!("{n} from a node to itself, left out"),
            ["edge", "edges"],
        );
        let lines = if directed { both_ways_once(lines) } else { lines };
        let many_ended = spans(&|node| node.hyperedge && !node.external);
        let joined = |count: &str| {
            format!("{count} with more than two ends: what it joins is joined directly, each with each")
        };
        tell(warnings, Code::NotInWan, &many_ended, joined, ["link (`hyperedge`)", "links (`hyperedge`)"]);
        let lines = without_hyperedges(nodes, lines);
        let real = |at: &usize| !nodes[*at].external && !nodes[*at].hyperedge;
        let mut shape = Self { nodes: (0..nodes.len()).filter(real).collect(), lines };
        shape.keep_largest_part(nodes, warnings);
        shape.tell_parallel(warnings);
        shape
    }

    fn keep_largest_part(&mut self, nodes: &[Node], warnings: &mut Vec<Diagnostic>) {
        let part = parts(nodes.len(), &self.lines);
        let mut sizes: IndexMap<usize, usize> = IndexMap::new();
        for node in &self.nodes {
            *sizes.entry(part[*node]).or_default() += 1;
        }
        // Of equally large ones, the first in the file.
        let largest = sizes.iter().rev().max_by_key(|(_, size)| **size).map(|(part, _)| *part);
        let (kept, lost): (Vec<usize>, Vec<usize>) =
            self.nodes.iter().partition(|node| Some(part[**node]) == largest);
        let lost: Vec<SourceSpan> = lost.iter().map(|node| nodes[*node].span).collect();
        let message =
            |n: &str| format!("the graph is in {} parts: the largest is kept, {n} left out", sizes.len());
        tell(warnings, Code::NotInWan, &lost, message, ["node is", "nodes are"]);
        self.nodes = kept;
        self.lines.retain(|line| Some(part[line.ends[0]]) == largest);
    }

    fn tell_parallel(&self, warnings: &mut Vec<Diagnostic>) {
        let mut seen = IndexSet::new();
        let again = self.lines.iter().filter(|line| !seen.insert(pair(line.ends)));
        let again: Vec<SourceSpan> = again.map(|line| line.span).collect();
        let message = |n: &str| format!("{n} nodes that are joined already: kept as parallel links");
        tell(warnings, Code::DuplicateName, &again, message, ["edge joins", "edges join"]);
    }
}

/// Of a directed graph: an edge and its reverse are one link, two edges of one direction are two.
fn both_ways_once(lines: Vec<Line>) -> Vec<Line> {
    let mut so_far: IndexMap<[usize; 2], usize> = IndexMap::new();
    let mut kept: IndexMap<[usize; 2], usize> = IndexMap::new();
    let is_new = |line: &Line| {
        let count = so_far.entry(line.ends).or_default();
        *count += 1;
        let kept = kept.entry(pair(line.ends)).or_default();
        let new = count > kept;
        *kept += usize::from(new);
        new
    };
    let mut is_new = is_new;
    lines.into_iter().filter(|line| is_new(line)).collect()
}

/// The neighbours of each hyperedge joined with one another. Hyperedges that touch are one.
fn without_hyperedges(nodes: &[Node], lines: Vec<Line>) -> Vec<Line> {
    let (inner, outer): (Vec<Line>, Vec<Line>) =
        lines.into_iter().partition(|line| line.ends.iter().all(|end| nodes[*end].hyperedge));
    let cluster = parts(nodes.len(), &inner);
    let mut clusters: IndexMap<usize, IndexMap<usize, Line>> = IndexMap::new();
    let mut direct = Vec::new();
    for line in outer {
        let [a, b] = line.ends;
        match (nodes[a].hyperedge, nodes[b].hyperedge) {
            (false, false) => direct.push(line),
            (first, _) => {
                let (edge, member) = if first { (a, b) } else { (b, a) };
                clusters.entry(cluster[edge]).or_default().entry(member).or_insert(line);
            }
        }
    }
    for (cluster, members) in clusters {
        for (at, (a, near)) in members.iter().enumerate() {
            direct.extend(members.iter().take(at).map(|(b, far)| {
                // As fast as the slower of both ends' ways into it.
                let speed = near.speed.into_iter().chain(far.speed).reduce(f64::min);
                Line { ends: [*b, *a], speed, span: near.span, part_of: Some(cluster) }
            }));
        }
    }
    direct
}

/// For every node the first node that it is joined to by lines, itself among them.
fn parts(count: usize, lines: &[Line]) -> Vec<usize> {
    let mut first: Vec<usize> = (0..count).collect();
    for line in lines {
        let [a, b] = line.ends.map(|end| root(&mut first, end));
        let (low, high) = (a.min(b), a.max(b));
        first[high] = low;
    }
    (0..count).map(|node| root(&mut first, node)).collect()
}

/// Where a chain of `first` ends; the chain gets shorter on the way.
fn root(first: &mut [usize], mut node: usize) -> usize {
    while first[node] != node {
        first[node] = first[first[node]];
        node = first[node];
    }
    node
}

fn pair(ends: [usize; 2]) -> [usize; 2] {
    [ends[0].min(ends[1]), ends[0].max(ends[1])]
}
