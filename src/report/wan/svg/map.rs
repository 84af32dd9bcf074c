//! The network at one instant: sites on their coordinates (or in a circle), a dot a router, links between sites.
//!
//! The map is cut where the sites leave the widest gap of longitude; a link across the cut leaves on one side and comes in on
//! the other. Links between the same two sites are drawn as one, in the worst of their states.

use std::f64::consts::TAU;

use indexmap::IndexMap;

use super::super::Sight;
use super::super::clock::Clock;
use super::{Canvas, MARGIN, WIDTH};
use crate::base::SimTime;
use crate::report::text::escape;
use crate::wan::{End, History, RouterId, Step, Topology};

/// Room inside the frame.
const PADDING: f64 = 56.0;
/// Highest map.
const HEIGHT_MAX: f64 = 620.0;
/// Width of a letter of a site's name, about.
const LETTER: f64 = 6.3;

/// The state of a link between sites, the worst last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum LinkState {
    Whole,
    /// Its ends don't see one another as neighbours.
    Hurt,
    /// It drops some packets, or makes them wait.
    Part,
    Down,
}

/// The state of a router, the worst last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum RouterState {
    Whole,
    Busy,
    Hurt,
    Down,
}

/// Where everything is.
struct Chart {
    points: Vec<[f64; 2]>,
    /// How far once around the earth is; none without coordinates.
    around: Option<f64>,
    top: f64,
    bottom: f64,
}

/// Draws the network.
pub(super) fn draw(canvas: &mut Canvas, sight: Sight<'_>, at: SimTime) {
    let topology = sight.history.topology();
    let clock = Clock::new(sight.starts_at);
    let when = if sight.starts_at.is_some() { format!("{} ({at})", clock.short(at)) } else { at.to_string() };
    canvas.text("head", MARGIN, canvas.y, &format!("The network at {when}"));
    legend(canvas);
    canvas.y += 18.0;
    let chart = Chart::of(topology, canvas.y);
    let (top, height, width) = (chart.top, chart.bottom - chart.top, WIDTH - 2.0 * MARGIN);
    canvas.add(format_args!("<clipPath id=\"frame\"><rect x=\"{MARGIN}\" y=\"{top:.1}\" width=\"{width}\" height=\"{height:.1}\" rx=\"6\"/></clipPath>"));
    canvas.add(format_args!("<rect class=\"frame\" x=\"{MARGIN}\" y=\"{top:.1}\" width=\"{width}\" height=\"{height:.1}\" rx=\"6\"/>"));
    let routers = router_states(sight.history, at);
    let lost = lost_neighbours(sight.history, at);
    links(canvas, sight.history, &chart, at, &lost);
    sites(canvas, topology, &chart, &routers);
    canvas.y = chart.bottom + 10.0;
}

fn links(canvas: &mut Canvas, history: &History, chart: &Chart, at: SimTime, lost: &[bool]) {
    let topology = history.topology();
    let mut between: IndexMap<[usize; 2], (LinkState, Vec<&str>)> = IndexMap::new();
    for (number, link) in topology.links().iter().enumerate() {
        let [a, b] = link.ends.map(|end| topology.routers()[end.index()].site.index());
        if a == b {
            continue;
        }
        let id = crate::wan::LinkId(number as u32);
        let roads = End::BOTH.map(|end| *history.road(id, end).at(at));
        let state = if roads.iter().any(|road| !road.passes) {
            LinkState::Down
        } else if roads.iter().any(|road| !road.loss.is_zero() || !road.delay.is_zero()) {
            LinkState::Part
        } else if lost[number] {
            LinkState::Hurt
        } else {
            LinkState::Whole
        };
        let entry = between.entry([a.min(b), a.max(b)]).or_insert((LinkState::Whole, Vec::new()));
        entry.0 = entry.0.max(state);
        if state > LinkState::Whole {
            entry.1.push(&link.name);
        }
    }
    canvas.add(format_args!("<g clip-path=\"url(#frame)\">"));
    let mut all: Vec<_> = between.into_iter().collect();
    all.sort_by_key(|(_, (state, _))| *state);
    for ([a, b], (state, hit)) in all {
        let class = match state {
            LinkState::Whole => "link",
            LinkState::Hurt => "link hurt",
            LinkState::Part => "link part",
            LinkState::Down => "link down",
        };
        let sites = topology.sites();
        let mut told = format!("{} - {}", sites[a].name, sites[b].name);
        if !hit.is_empty() {
            told += ": ";
            told += &hit.join(", ");
        }
        let told = escape(&told);
        for path in chart.paths(a, b) {
            canvas.add(format_args!("<path class=\"{class}\" d=\"{path}\"><title>{told}</title></path>"));
        }
    }
    canvas.add(format_args!("</g>"));
}

fn sites(canvas: &mut Canvas, topology: &Topology, chart: &Chart, states: &[RouterState]) {
    let mut taken: Vec<[f64; 4]> =
        chart.points.iter().map(|[x, y]| [x - 9.0, y - 9.0, x + 9.0, y + 9.0]).collect();
    for (number, site) in topology.sites().iter().enumerate() {
        let [x, y] = chart.points[number];
        let mine: Vec<RouterState> = topology
            .routers()
            .iter()
            .zip(states)
            .filter(|(router, _)| router.site.index() == number)
            .map(|(_, state)| *state)
            .collect();
        let name = escape(&site.name);
        let radius = if mine.len() > 1 { 8.5 } else { 6.0 };
        canvas.add(format_args!(
            "<g><title>{name}</title><circle class=\"ring\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\"/>"
        ));
        for (turn, state) in mine.iter().enumerate() {
            let angle = TAU * (turn as f64 / mine.len() as f64 + 0.125);
            let out = if mine.len() > 1 { 4.3 } else { 0.0 };
            let (cx, cy) = (x + out * angle.cos(), y + out * angle.sin());
            let class = match state {
                RouterState::Whole => "r-whole",
                RouterState::Busy => "r-busy",
                RouterState::Hurt => "r-hurt",
                RouterState::Down => "r-down",
            };
            let dot = if mine.len() > 4 { 1.8 } else { 2.7 };
            canvas.add(format_args!("<circle class=\"{class}\" cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"{dot}\"/>"));
        }
        canvas.add(format_args!("</g>"));
        label(canvas, &mut taken, chart, &site.name, [x, y]);
    }
}

/// A site's name beside it, where it covers no other; left out, if there is no such place.
fn label(canvas: &mut Canvas, taken: &mut Vec<[f64; 4]>, chart: &Chart, name: &str, [x, y]: [f64; 2]) {
    let wide = name.chars().count() as f64 * LETTER;
    let places = [
        ("", x + 12.0, y + 4.0, x + 11.0),
        ("end", x - 12.0, y + 4.0, x - 11.0 - wide),
        ("mid", x, y - 13.0, x - wide / 2.0),
        ("mid", x, y + 22.0, x - wide / 2.0),
        ("", x + 9.0, y - 9.0, x + 8.0),
        ("end", x - 9.0, y - 9.0, x - 8.0 - wide),
        ("", x + 9.0, y + 17.0, x + 8.0),
        ("end", x - 9.0, y + 17.0, x - 8.0 - wide),
    ];
    for (class, at_x, at_y, left) in places {
        let box_ = [left, at_y - 10.0, left + wide, at_y + 3.0];
        let inside =
            left > MARGIN && left + wide < WIDTH - MARGIN && box_[1] > chart.top && box_[3] < chart.bottom;
        let free = taken.iter().all(|other| {
            box_[2] < other[0] || other[2] < box_[0] || box_[3] < other[1] || other[3] < box_[1]
        });
        if inside && free {
            canvas.text(&format!("halo {class}"), at_x, at_y, name);
            taken.push(box_);
            return;
        }
    }
}

fn legend(canvas: &mut Canvas) {
    let y = canvas.y;
    let mut x = WIDTH - MARGIN - 718.0;
    for (class, label, room) in [
        ("link", "link", 66.0),
        ("link hurt", "neighbours lost", 124.0),
        ("link part", "lossy or slow", 112.0),
        ("link down", "down", 76.0),
    ] {
        canvas.add(format_args!("<path class=\"{class}\" d=\"M{x:.1} {:.1}h24\"/>", y - 4.0));
        canvas.text("small", x + 30.0, y, label);
        x += room;
    }
    for (class, label, room) in [
        ("r-whole", "router", 60.0),
        ("r-busy", "computing, writing", 118.0),
        ("r-hurt", "without tables", 94.0),
        ("r-down", "down, lossy", 60.0),
    ] {
        canvas.add(format_args!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{:.1}\" r=\"4\"/>", y - 4.0));
        canvas.text("small", x + 8.0, y, label);
        x += room;
    }
}

/// What each router does at an instant, by the steps so far.
fn router_states(history: &History, at: SimTime) -> Vec<RouterState> {
    let count = history.topology().routers().len();
    let (mut computes, mut purged, mut stopped) =
        (vec![false; count], vec![false; count], vec![false; count]);
    let mut writes_until = vec![SimTime::ZERO; count];
    for step in history.trace().transitions().iter().take_while(|step| step.at <= at) {
        let router = step.router.index();
        match step.step {
            Step::Computes => computes[router] = true,
            Step::Computed(_) => computes[router] = false,
            Step::Writes { until, .. } => writes_until[router] = until,
            Step::Purges => purged[router] = true,
            Step::Rebuilt => purged[router] = false,
            Step::ProcessEnds => stopped[router] = true,
            Step::ProcessStarts => stopped[router] = false,
            _ => {}
        }
    }
    let state = |router: usize| {
        let node = history.node(RouterId(router as u32)).at(at);
        if !node.forwards || !node.loss.is_zero() {
            RouterState::Down
        } else if purged[router] || stopped[router] {
            RouterState::Hurt
        } else if computes[router] || writes_until[router] > at {
            RouterState::Busy
        } else {
            RouterState::Whole
        }
    };
    (0..count).map(state).collect()
}

/// Which links have an end that has lost its neighbour.
fn lost_neighbours(history: &History, at: SimTime) -> Vec<bool> {
    let links = history.topology().links();
    let mut lost = vec![[false; 2]; links.len()];
    for step in history.trace().transitions().iter().take_while(|step| step.at <= at) {
        let (link, is) = match step.step {
            Step::NeighbourLost(link, _) => (link, true),
            Step::NeighbourFound(link) => (link, false),
            _ => continue,
        };
        let end = usize::from(links[link.index()].ends[1] == step.router);
        lost[link.index()][end] = is;
    }
    lost.into_iter().map(|[a, b]| a || b).collect()
}

// === impl Chart ===

impl Chart {
    fn of(topology: &Topology, top: f64) -> Self {
        let places: Option<Vec<[f64; 2]>> = topology
            .sites()
            .iter()
            .map(|site| site.place.map(|place| [place.longitude, place.latitude]))
            .collect();
        match places {
            Some(places) if places.iter().any(|[x, y]| (x - places[0][0]).hypot(y - places[0][1]) > 0.0) => {
                Self::projected(places, top)
            }
            _ => Self::circle(topology.sites().len(), top),
        }
    }

    /// Degrees as they are, as wide as the frame or as high as a map may be, cut at the widest gap of longitude.
    fn projected(mut places: Vec<[f64; 2]>, top: f64) -> Self {
        let mut around: Vec<f64> = places.iter().map(|[east, _]| *east).collect();
        around.sort_by(f64::total_cmp);
        let gap = |n: usize| (around[(n + 1) % around.len()] - around[n] + 360.0) % 360.0;
        let widest = (0..around.len()).max_by(|a, b| gap(*a).total_cmp(&gap(*b))).unwrap_or(0);
        let west = around[(widest + 1) % around.len()];
        for [east, _] in &mut places {
            *east = (*east - west).rem_euclid(360.0);
        }
        let north = places.iter().map(|[_, north]| *north).fold(f64::MIN, f64::max);
        let south = places.iter().map(|[_, north]| *north).fold(f64::MAX, f64::min);
        let wide = places.iter().map(|[east, _]| *east).fold(0.0, f64::max).max(0.5);
        let high = (north - south).max(0.5);
        // Degrees of longitude are shorter away from the equator; more than half would distort a world map.
        let squeeze = f64::midpoint(north, south).to_radians().cos().max(0.6);
        let room = WIDTH - 2.0 * (MARGIN + PADDING);
        let scale = (room / (wide * squeeze)).min((HEIGHT_MAX - 2.0 * PADDING) / high);
        let left = MARGIN + PADDING + (room - wide * squeeze * scale) / 2.0;
        let mut points: Vec<[f64; 2]> = places
            .iter()
            .map(|[east, at]| [left + east * squeeze * scale, top + PADDING + (north - at) * scale])
            .collect();
        let bottom = top + 2.0 * PADDING + high * scale;
        apart(&mut points);
        Self { points, around: Some(360.0 * squeeze * scale), top, bottom }
    }

    fn circle(count: usize, top: f64) -> Self {
        let radius = (HEIGHT_MAX / 2.0 - PADDING).min(60.0 + count as f64 * 14.0);
        let bottom = top + 2.0 * (radius + PADDING);
        let point = |n: usize| {
            let angle = TAU * (n as f64 / count as f64 - 0.25);
            [WIDTH / 2.0 + 1.7 * radius * angle.cos(), top + PADDING + radius + radius * angle.sin()]
        };
        Self { points: (0..count).map(point).collect(), around: None, top, bottom }
    }

    /// The line between two sites; two halves, where the way around the back is shorter.
    fn paths(&self, a: usize, b: usize) -> Vec<String> {
        let [near, far] = [self.points[a], self.points[b]];
        let Some(around) = self.around.filter(|around| (near[0] - far[0]).abs() > around / 2.0) else {
            return vec![curve(near, far)];
        };
        let shift = if near[0] < far[0] { around } else { -around };
        vec![curve([near[0] + shift, near[1]], far), curve(near, [far[0] - shift, far[1]])]
    }
}

/// A slight bow, so that lines of several sites in a row don't cover one another.
fn curve([ax, ay]: [f64; 2], [bx, by]: [f64; 2]) -> String {
    let (dx, dy) = (bx - ax, by - ay);
    let bow = 0.06;
    let (mx, my) = (f64::midpoint(ax, bx) + dy * bow, f64::midpoint(ay, by) - dx.abs() * bow);
    format!("M{ax:.1} {ay:.1}Q{mx:.1} {my:.1} {bx:.1} {by:.1}")
}

/// Pushes sites that would cover one another apart, a little.
fn apart(points: &mut [[f64; 2]]) {
    const LEAST: f64 = 25.0;
    for _ in 0..60 {
        let mut moved = false;
        for a in 0..points.len() {
            for b in a + 1..points.len() {
                let [dx, dy] = [points[b][0] - points[a][0], points[b][1] - points[a][1]];
                let distance = dx.hypot(dy);
                if distance >= LEAST {
                    continue;
                }
                let push = (LEAST - distance) / 2.0;
                let (ux, uy) = if distance < 1e-6 { (1.0, 0.0) } else { (dx / distance, dy / distance) };
                points[a] = [points[a][0] - ux * push, points[a][1] - uy * push];
                points[b] = [points[b][0] + ux * push, points[b][1] + uy * push];
                moved = true;
            }
        }
        if !moved {
            return;
        }
    }
}
