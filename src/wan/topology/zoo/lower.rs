//! From a drawing to the description of a WAN: names, places, delays, metrics, planes.

use std::time::Duration;

use super::drawing::{Drawing, Line};
use super::shape::{Shape, tell};
use super::{DELAY_UNPLACED, DELAY_WITHIN_PLACE, DETOUR, Metrics, Reading, Recipe, names, places};
use crate::diag::{Code, Diagnostic, SourceSpan};
use crate::wan::topology::{LinkSpec, Place, TopologyBuilder};

/// Largest metric of a link: what OSPF can tell (RFC 2328, 16 bits).
const METRIC_MAX: u32 = 65_535;

/// Makes a description of what is drawn.
pub(super) fn lower(mut drawing: Drawing, recipe: &Recipe) -> Result<Reading, Vec<Diagnostic>> {
    let lines = drawing.lines()?;
    let mut warnings = std::mem::take(&mut drawing.warnings);
    let shape = Shape::of(&drawing.nodes, lines, drawing.directed, &mut warnings);
    if shape.nodes.is_empty() {
        let message = "the graph has no node of a network's own";
        return Err(vec![Diagnostic::error(Code::MissingKey, message)]);
    }
    let names = named(&drawing, &shape, &mut warnings);
    // From here on, lines join nodes by their places among those that stay.
    let mut place_of = vec![0; drawing.nodes.len()];
    shape.nodes.iter().enumerate().for_each(|(at, node)| place_of[*node] = at);
    let lines: Vec<Line> = shape
        .lines
        .into_iter()
        .map(|line| Line { ends: line.ends.map(|end| place_of[end]), ..line })
        .collect();
    let places = placed(&drawing, &shape.nodes, &lines, &mut warnings);
    let metrics = Measure::of(recipe.metrics, &lines, &mut warnings);

    let mut wan = TopologyBuilder::new();
    let planes = recipe.planes.max(1);
    for (name, place) in names.iter().zip(&places) {
        wan.site(name, *place);
        for plane in 1..=planes {
            wan.router(&format!("{name}-{plane}"), name, &recipe.platform);
        }
        for plane in 2..=planes {
            let (a, b) = (format!("{name}-{}", plane - 1), format!("{name}-{plane}"));
            wan.link(&format!("{a}/{b}"), &a, &b, LinkSpec::new(DELAY_WITHIN_PLACE, 1).at_risk(name));
        }
    }
    let mut parallel = indexmap::IndexMap::<[usize; 2], u32>::new();
    for line in &lines {
        let [a, b] = line.ends;
        let number = parallel.entry([a.min(b), a.max(b)]).or_default();
        *number += 1;
        let delay = delay(places[a], places[b]);
        let mut spec = LinkSpec::new(delay, metrics.metric(delay, line.speed));
        if let Some(hyperedge) = line.part_of {
            let id = drawing.nodes[hyperedge].id.as_deref().unwrap_or_default();
            spec = spec.at_risk(&format!("hyperedge {id}"));
        }
        // Both planes of a route lie in one duct.
        if planes > 1 {
            spec = spec.at_risk(&format!("{}/{}", names[a], names[b]));
        }
        for plane in 1..=planes {
            let (near, far) = (format!("{}-{plane}", names[a]), format!("{}-{plane}", names[b]));
            let again = if *number > 1 { format!("#{number}") } else { String::new() };
            wan.link(&format!("{near}/{far}{again}"), &near, &far, spec.clone());
        }
    }
    Ok(Reading { name: drawing.name, wan, warnings })
}

/// The names of the sites.
fn named(drawing: &Drawing, shape: &Shape, warnings: &mut Vec<Diagnostic>) -> Vec<String> {
    let nodes = || shape.nodes.iter().map(|node| &drawing.nodes[*node]);
    let unnamed: Vec<SourceSpan> = nodes().filter(|n| n.label.is_none()).map(|node| node.span).collect();
    let message = |n: &str| format!("{n} without a label, called after its id");
    tell(warnings, Code::MissingKey, &unnamed, message, ["node", "nodes"]);
    let mut seen = indexmap::IndexSet::new();
    let again: Vec<SourceSpan> = nodes()
        .filter(|node| node.label.as_deref().is_some_and(|label| !seen.insert(label)))
        .map(|node| node.span)
        .collect();
    let message = |n: &str| format!("{n} a label that another has: told apart by letters, as `name-b`");
    tell(warnings, Code::DuplicateName, &again, message, ["node has", "nodes have"]);
    names::names(nodes().map(|node| (node.label.as_deref(), node.id.as_deref().unwrap_or_default())))
}

/// Where the sites are.
fn placed(
    drawing: &Drawing,
    nodes: &[usize],
    lines: &[Line],
    warnings: &mut Vec<Diagnostic>,
) -> Vec<Option<Place>> {
    let place = |node: &usize| {
        let node = &drawing.nodes[*node];
        Some(Place { longitude: node.longitude?, latitude: node.latitude? })
    };
    let mut places: Vec<Option<Place>> = nodes.iter().map(place).collect();
    let without = nodes.iter().zip(&places).filter(|(_, place)| place.is_none());
    let without: Vec<SourceSpan> = without.map(|(node, _)| drawing.nodes[*node].span).collect();
    if without.len() == nodes.len() {
        let message = |_: &str| format!("no node has coordinates: every link is given {DELAY_UNPLACED:?}");
        tell(warnings, Code::MissingKey, &without[..1], message, ["", ""]);
        return places;
    }
    let message = |n: &str| format!("{n} without coordinates: put in the middle of the neighbours");
    tell(warnings, Code::MissingKey, &without, message, ["node", "nodes"]);
    places::fill_in(&mut places, lines);
    places
}

fn delay(a: Option<Place>, b: Option<Place>) -> Duration {
    match (a, b) {
        (Some(a), Some(b)) => a.fibre_delay(b, DETOUR).max(DELAY_WITHIN_PLACE),
        _ => DELAY_UNPLACED,
    }
}

/// What metrics are measured by.
enum Measure {
    Delay,
    Speed { fastest: f64, usual: f64 },
}

// === impl Measure ===

impl Measure {
    fn of(metrics: Metrics, lines: &[Line], warnings: &mut Vec<Diagnostic>) -> Self {
        if metrics == Metrics::Delay {
            return Self::Delay;
        }
        let mut speeds: Vec<f64> = lines.iter().filter_map(|line| line.speed).collect();
        speeds.sort_by(f64::total_cmp);
        let silent = lines.iter().filter(|line| line.speed.is_none());
        let silent: Vec<SourceSpan> = silent.map(|line| line.span).collect();
        let (Some(fastest), Some(usual)) = (speeds.last(), speeds.get(speeds.len().saturating_sub(1) / 2))
        else {
            let message = |_: &str| "no edge has a speed: metrics follow the delays".to_owned();
            tell(warnings, Code::MissingKey, &silent[..silent.len().min(1)], message, ["", ""]);
            return Self::Delay;
        };
        let message = |n: &str| format!("{n} without a speed: taken for the median of the others");
        tell(warnings, Code::MissingKey, &silent, message, ["edge", "edges"]);
        Self::Speed { fastest: *fastest, usual: *usual }
    }

    fn metric(&self, delay: Duration, speed: Option<f64>) -> u32 {
        let exact = match self {
            Self::Delay => delay.as_secs_f64() * 1e3,
            Self::Speed { fastest, usual } => fastest / speed.unwrap_or(*usual),
        };
        // A conversion from a float saturates.
        (exact.round() as u32).clamp(1, METRIC_MAX)
    }
}
