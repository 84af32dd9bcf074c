//! The trace, as a logic analyser shows signals: a line a step, a column a router, time downwards.
//!
//! A column is a router's line; what it does stands on it, and between two steps the line shows the router's state (whole,
//! without a neighbour, computing, writing, without tables, without its process). Only routers that do something have a
//! column, in the order of their first step, so that news is seen to spread to the right. Where they are more than fit, a
//! column is a site, and its line the worst of its routers' states. Steps of one
//! instant that are of one router, or of one kind, share a line.

use std::time::Duration;

use indexmap::{IndexMap, IndexSet};

use super::Sight;
use super::clock::Clock;
use super::pairs::columns;
use crate::base::{SimTime, format_duration};
use crate::report::canvas::{Charset, Line, Page, Tone, View};
use crate::report::text::{self, plural};
use crate::wan::{RouterId, Step, Topology, Transition};

/// What of a trace is shown.
#[derive(Clone, Debug, Default)]
pub struct TraceFilter {
    /// Only these routers; all, if empty.
    pub routers: Vec<RouterId>,
    /// At most so many lines; of the rest, their number.
    pub lines: usize,
}

/// Columns of an instant, and the gap behind it.
const TIME_COLUMNS: usize = 17;
/// Columns that are kept for words.
const WORD_COLUMNS: usize = 32;
/// Most columns of routers: more heads than that fill a screen.
const LANES_MAX: usize = 36;
/// A pause as long as this gets a line of its own.
const PAUSE: Duration = Duration::from_secs(1);

/// What a router's line shows between two steps, the worst last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    #[default]
    Whole,
    /// It has lost neighbours.
    Hurt,
    Computing,
    Writing,
    /// Without its tables.
    Purged,
    /// Without its process.
    Down,
}

/// The state of a router, as its steps tell.
#[derive(Clone, Copy, Debug, Default)]
struct Router {
    lost: u32,
    computes: bool,
    writes_until: SimTime,
    purged: bool,
    down: bool,
}

/// Steps of one instant, of one router or of one kind.
struct Row<'t> {
    at: SimTime,
    steps: &'t [Transition],
}

/// Which column each router is in.
struct Lanes {
    names: Vec<String>,
    of: IndexMap<RouterId, usize>,
}

/// Draws the trace of a window.
pub fn trace(sight: Sight<'_>, filter: &TraceFilter, view: View) -> String {
    let mut page = Page::new(view);
    let topology = sight.history.topology();
    let wanted = |step: &&Transition| filter.routers.is_empty() || filter.routers.contains(&step.router);
    let steps: Vec<Transition> = sight.history.trace().transitions().iter().filter(wanted).copied().collect();
    let first = steps.partition_point(|step| step.at < sight.from);
    let last = steps.partition_point(|step| step.at < sight.until);
    let shown = rows(&steps[first..last], filter.lines);
    let drawn: usize = shown.iter().map(|row| row.steps.len()).sum();
    let count = plural((last - first) as u64, "step", "steps");
    page.push(
        Line::new()
            .put(Tone::Strong, format!("{count} of routers"))
            .put(Tone::Dim, format!(", {}", Clock::new(sight.starts_at).zone())),
    );
    if drawn == 0 {
        return page.finish();
    }
    let lanes = Lanes::of(topology, &steps[first..first + drawn], view);
    lanes.heads(&mut page);
    let mut states: IndexMap<RouterId, Router> = IndexMap::new();
    steps[..first].iter().for_each(|step| states.entry(step.router).or_default().takes(step.step));
    let mut used = String::new();
    let mut before = None;
    for row in &shown {
        pause(&mut page, &lanes, &states, before, row.at);
        draw(&mut page, sight, &lanes, &mut states, row, &mut used);
        before = Some(row.at);
    }
    let beyond = (last - first - drawn) as u64 + sight.history.trace().left_out();
    if beyond > 0 {
        let note = format!(
            "and {} more (`--steps`, `--from`, `--until`, `--routers`)",
            plural(beyond, "step", "steps")
        );
        page.push(Line::new().put(Tone::Dim, note));
    }
    page.blank();
    legend(&mut page, &used);
    page.finish()
}

/// The first lines of these steps.
fn rows(steps: &[Transition], most: usize) -> Vec<Row<'_>> {
    let alike = |a: &Transition, b: &Transition| {
        a.at == b.at && (a.router == b.router || a.step.sign() == b.step.sign())
    };
    let rows = steps.chunk_by(alike).take(most);
    rows.map(|steps| Row { at: steps[0].at, steps }).collect()
}

fn pause(
    page: &mut Page,
    lanes: &Lanes,
    states: &IndexMap<RouterId, Router>,
    before: Option<SimTime>,
    now: SimTime,
) {
    let Some(pause) = before.map(|before| now.since(before)).filter(|pause| *pause >= PAUSE) else { return };
    let label = format!("{} later", format_duration(pause));
    let line = Line::new().put_right(Tone::Dim, label, TIME_COLUMNS - 2).to(TIME_COLUMNS);
    let cells = lanes.phases(states, now).into_iter();
    page.push(cells.fold(line, |line, phase| phase.put(line, page_charset(page))));
}

fn page_charset(page: &Page) -> Charset {
    page.view.charset
}

fn draw(
    page: &mut Page,
    sight: Sight<'_>,
    lanes: &Lanes,
    states: &mut IndexMap<RouterId, Router>,
    row: &Row<'_>,
    used: &mut String,
) {
    let charset = page.view.charset;
    let clock = Clock::new(sight.starts_at);
    row.steps.iter().for_each(|step| states.entry(step.router).or_default().takes(step.step));
    let phases = lanes.phases(states, row.at);
    let mut line = Line::new().put(Tone::Dim, clock.exact(row.at)).to(TIME_COLUMNS);
    let sign = row.steps[0].step.sign();
    let hit: IndexSet<usize> =
        row.steps.iter().filter_map(|step| lanes.of.get(&step.router).copied()).collect();
    for (lane, phase) in phases.into_iter().enumerate() {
        line = if hit.contains(&lane) {
            line.put(tone(sign), glyph(sign, charset)).put(Tone::Plain, " ")
        } else {
            phase.put(line, charset)
        };
    }
    used.push(sign);
    let topology = sight.history.topology();
    let step = &row.steps[0];
    let name = &topology.routers()[step.router.index()].name;
    let words = match step.step {
        Step::Writes { blocks, until } => {
            let routes = plural(blocks as u64, "route", "routes");
            format!("writes {routes} in {}", format_duration(until.since(step.at)))
        }
        other => other.words(topology).to_string(),
    };
    let more = row.steps.len() - 1;
    let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
    let words = format!("{name} {words}{more}");
    let room = columns(page.view).saturating_sub(line.columns() + 1);
    page.push(line.put(Tone::Plain, " ").put(Tone::Plain, text::fit(&text::clean(&words), room)));
}

fn legend(page: &mut Page, used: &str) {
    let charset = page.view.charset;
    let phases = [
        (Phase::Whole, "as it should be"),
        (Phase::Hurt, "a neighbour missing"),
        (Phase::Computing, "computing"),
        (Phase::Writing, "writing its table"),
        (Phase::Purged, "without tables"),
        (Phase::Down, "without its process"),
    ];
    let words = [
        ('▼', "light lost"),
        ('▲', "light back"),
        ('✗', "lost"),
        ('✓', "found"),
        ('»', "tells its links"),
        ('!', "refuses news"),
        ('◌', "SPF begins"),
        ('●', "SPF done"),
        ('═', "writes routes"),
        ('∅', "purges"),
        ('■', "whole again"),
    ];
    let mut parts: Vec<String> = words
        .into_iter()
        .filter(|(sign, _)| used.contains(*sign))
        .map(|(sign, words)| format!("{} {words}", glyph(sign, charset)))
        .collect();
    parts.extend(phases.map(|(phase, words)| format!("{} {words}", phase.sign(charset))));
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    for line in text::wrap_parts(&parts, "   ", columns(page.view)) {
        page.push(Line::new().put(Tone::Dim, line));
    }
}

// === impl Lanes ===

impl Lanes {
    fn of(topology: &Topology, steps: &[Transition], view: View) -> Self {
        let most = (columns(view).saturating_sub(TIME_COLUMNS + WORD_COLUMNS) / 2).clamp(1, LANES_MAX);
        let routers: IndexSet<RouterId> = steps.iter().map(|step| step.router).collect();
        let router_name = |router: &RouterId| topology.routers()[router.index()].name.clone();
        if routers.len() <= most {
            let names = routers.iter().map(router_name).collect();
            return Self {
                names,
                of: routers.into_iter().enumerate().map(|(at, router)| (router, at)).collect(),
            };
        }
        let site = |router: &RouterId| topology.routers()[router.index()].site;
        let sites: IndexSet<_> = routers.iter().map(site).collect();
        let whole = if sites.len() <= most { sites.len() } else { most - 1 };
        let mut names: Vec<String> =
            sites.iter().take(whole).map(|site| topology.sites()[site.index()].name.clone()).collect();
        if whole < sites.len() {
            names.push(plural((sites.len() - whole) as u64, "other site", "other sites"));
        }
        let lane = |router: &RouterId| sites.get_index_of(&site(router)).map_or(whole, |at| at.min(whole));
        Self { names, of: routers.iter().map(|router| (*router, lane(router))).collect() }
    }

    /// The names, as stairs that lead down to their columns.
    fn heads(&self, page: &mut Page) {
        let bar = page.view.sign("│ ", "| ");
        let room = columns(page.view);
        for (at, name) in self.names.iter().enumerate() {
            let line = Line::indented(TIME_COLUMNS).put(Tone::Dim, bar.repeat(at));
            let left = room.saturating_sub(line.columns());
            page.push(line.put(Tone::Strong, text::fit(&text::clean(name), left)));
        }
    }

    /// The worst state of each column's routers.
    fn phases(&self, states: &IndexMap<RouterId, Router>, now: SimTime) -> Vec<Phase> {
        let mut phases = vec![Phase::Whole; self.names.len()];
        for (router, lane) in &self.of {
            let phase = states.get(router).map_or(Phase::Whole, |state| state.phase(now));
            phases[*lane] = phases[*lane].max(phase);
        }
        phases
    }
}

// === impl Router ===

impl Router {
    fn takes(&mut self, step: Step) {
        match step {
            Step::NeighbourLost(..) => self.lost += 1,
            Step::NeighbourFound(_) => self.lost = self.lost.saturating_sub(1),
            Step::Computes => self.computes = true,
            Step::Computed(_) => self.computes = false,
            Step::Writes { until, .. } => self.writes_until = until,
            Step::Purges => self.purged = true,
            Step::Rebuilt => self.purged = false,
            Step::ProcessEnds => *self = Self { down: true, lost: self.lost, ..Self::default() },
            Step::ProcessStarts => self.down = false,
            Step::LightOff(_)
            | Step::LightOn(_)
            | Step::Tells(_)
            | Step::Refuses(_)
            | Step::SessionLost(_)
            | Step::SessionFound(_) => {}
        }
    }

    fn phase(&self, now: SimTime) -> Phase {
        if self.down {
            Phase::Down
        } else if self.purged {
            Phase::Purged
        } else if self.writes_until > now {
            Phase::Writing
        } else if self.computes {
            Phase::Computing
        } else if self.lost > 0 {
            Phase::Hurt
        } else {
            Phase::Whole
        }
    }
}

// === impl Phase ===

impl Phase {
    const fn sign(self, charset: Charset) -> &'static str {
        match (charset, self) {
            (Charset::Unicode, Self::Whole) => "│",
            (Charset::Unicode, Self::Hurt) => "╎",
            (Charset::Unicode, Self::Computing) => "┋",
            (Charset::Unicode, Self::Writing) => "║",
            (Charset::Unicode, Self::Purged) => "░",
            (Charset::Unicode, Self::Down) => "╳",
            (Charset::Ascii, Self::Whole) => "|",
            (Charset::Ascii, Self::Hurt) => ":",
            (Charset::Ascii, Self::Computing) => "c",
            (Charset::Ascii, Self::Writing) => "#",
            (Charset::Ascii, Self::Purged) => "%",
            (Charset::Ascii, Self::Down) => "x",
        }
    }

    fn put(self, line: Line, charset: Charset) -> Line {
        let tone = match self {
            Self::Whole => Tone::Dim,
            Self::Hurt | Self::Purged | Self::Down => Tone::Bad,
            Self::Computing | Self::Writing => Tone::Warn,
        };
        line.put(tone, self.sign(charset)).put(Tone::Plain, " ")
    }
}

fn tone(sign: char) -> Tone {
    match sign {
        '▼' | '✗' | '∅' | '!' => Tone::Bad,
        '▲' | '✓' | '■' => Tone::Good,
        '»' => Tone::Fault,
        _ => Tone::Warn,
    }
}

fn glyph(sign: char, charset: Charset) -> String {
    if charset == Charset::Unicode {
        return sign.to_string();
    }
    let plain = match sign {
        '▼' => 'v',
        '▲' => '^',
        '✗' => 'X',
        '✓' => '+',
        '»' => '>',
        '◌' => 'o',
        '●' => 'O',
        '═' => '=',
        '∅' => '0',
        '■' => 'W',
        other => other,
    };
    plain.to_string()
}
