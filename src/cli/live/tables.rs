//! The two tables: faults with their tracks through time, and connections.

use std::sync::Arc;

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::columns::{left, right};
use super::draw::{Palette, heading};
use super::scene::{ConnectionRow, ConnectionState, Scene, state_words};
use super::ui::{Focus, SPANS, Ui};
use crate::base::{SimTime, format_duration};
use crate::cli::figures;
use crate::engine::FaultNow;
use crate::fault::Level;

/// Columns of the state of a fault, and of its hits.
const STATE: usize = 15;
const HITS: usize = 6;
/// Columns of a fault's number, by which the table of connections names it, and of all that stands before its name.
const NUMBER: usize = 2;
const MARK: usize = 2 + NUMBER + 1;
/// Least columns of a track.
const TRACK_MIN: usize = 15;
/// Most changes that are looked at within one column of a track: more look like a part.
const CHANGES_SEEN_MAX: usize = 8;

/// Columns of the table of faults.
struct FaultColumns {
    name: usize,
    what: usize,
    track: usize,
}

/// Columns of the table of connections that depend on the width.
struct ConnectionColumns {
    client: usize,
    faults: usize,
    state: usize,
}

/// The time that tracks show.
#[derive(Clone, Copy)]
struct Track {
    now: SimTime,
    columns: usize,
    /// Nanoseconds of a column.
    step: i128,
}

/// The faults of the shown service.
pub(super) fn faults<'a>(scene: &Scene, ui: &Ui, palette: Palette, area: Rect) -> Vec<Line<'a>> {
    let Some(service) = ui.service(scene) else { return Vec::new() };
    let columns = FaultColumns::of(area.width.into());
    let track = Track::new(scene.now, columns.track, SPANS[ui.span]);
    let mut lines = vec![Line::from(vec![
        heading("faults", Focus::Faults, ui, MARK + columns.name + 1 + columns.what + 1 + STATE),
        Span::styled(right("hits", HITS), Palette::DIM),
        Span::raw("  "),
        Span::styled(track.axis(SPANS[ui.span]), Palette::DIM),
    ])];
    let all = &service.now.faults;
    if all.is_empty() {
        lines.push(Line::styled("   none: a adds one", Palette::DIM));
    }
    let marked = ui.fault.min(all.len().saturating_sub(1));
    let room = usize::from(area.height).saturating_sub(1);
    for (place, fault) in window(all, marked, room) {
        let mark = if place == marked && ui.focus == Focus::Faults { "▸" } else { " " };
        let mark = format!(" {mark}{}", right(&(place + 1).to_string(), NUMBER));
        lines.push(fault_line(mark, fault, scene, palette, &columns, track));
    }
    lines
}

fn fault_line<'a>(
    mark: String,
    fault: &FaultNow,
    scene: &Scene,
    palette: Palette,
    columns: &FaultColumns,
    track: Track,
) -> Line<'a> {
    let parts = &fault.fault.parts;
    let acts = !fault.paused && !fault.level.is_zero();
    let name_style = if acts { Palette::STRONG } else { Palette::PLAIN };
    let state_style = if acts { palette.active() } else { Palette::DIM };
    let (kind, summary) = (parts.kind.info().name, fault.fault.kind().summary());
    // A fault without a name of its own is called after its kind.
    let named = parts.name.strip_prefix(kind).is_some_and(|rest| rest.starts_with('@'));
    let what = if named { summary } else { format!("{kind} {summary}") };
    let mut spans = vec![
        Span::raw(mark),
        Span::raw(" "),
        Span::styled(left(&parts.name, columns.name), name_style),
        Span::raw(" "),
        Span::raw(left(&what, columns.what)),
        Span::raw(" "),
        Span::styled(left(&state_words(fault, scene), STATE), state_style),
        Span::raw(right(&fault.touched.to_string(), HITS)),
        Span::raw("  "),
    ];
    spans.extend(track.spans(fault, if fault.paused { Palette::DIM } else { palette.active() }));
    Line::from(spans)
}

/// The connections of the shown service.
pub(super) fn connections<'a>(scene: &Scene, ui: &Ui, palette: Palette, area: Rect) -> Vec<Line<'a>> {
    let rows = ui.connections(scene);
    let columns = ConnectionColumns::of(area.width.into());
    let title = if ui.open_only { "open connections" } else { "connections" };
    let mut head = vec![heading(title, Focus::Connections, ui, 3 + 6 + 2 + columns.client)];
    let titles = [right("age", 7), right("↑", 8), right("↓", 8), right("bkt", 5), "  ".to_owned()];
    head.extend(titles.map(|title| Span::styled(title, Palette::DIM)));
    head.push(Span::styled(left("hit by", columns.faults), Palette::DIM));
    head.push(Span::styled(" state", Palette::DIM));
    let mut lines = vec![Line::from(head)];
    if rows.is_empty() {
        lines.push(Line::styled("   none yet", Palette::DIM));
    }
    let marked = ui.connection_place(&rows);
    let room = usize::from(area.height).saturating_sub(1);
    for (place, row) in window(&rows, marked, room) {
        let mark = if place == marked && ui.focus == Focus::Connections { " ▸ " } else { "   " };
        lines.push(connection_line(mark, row, &numbers(row, scene, ui), palette, &columns));
    }
    lines
}

fn connection_line<'a>(
    mark: &'static str,
    row: &ConnectionRow,
    faults: &str,
    palette: Palette,
    columns: &ConnectionColumns,
) -> Line<'a> {
    let (words, style) = match &row.state {
        ConnectionState::Open => ("open".to_owned(), palette.good()),
        ConnectionState::Dialling => ("dialling".to_owned(), Palette::PLAIN),
        ConnectionState::Dark => ("dark".to_owned(), palette.active()),
        ConnectionState::Ended(who) if who.starts_with("fault") => (who.clone(), palette.active()),
        ConnectionState::Ended(who) => (who.clone(), Palette::DIM),
    };
    let text: Style = if row.is_open() { Palette::PLAIN } else { Palette::DIM };
    let [up, down] = row.delivered.map(figures::bytes);
    let cells = [
        right(&format!("#{}", row.ordinal), 6),
        format!("  {}", left(&row.client.to_string(), columns.client)),
        right(&figures::age(row.age), 7),
        right(&up, 8),
        right(&down, 8),
        right(&row.bucket.to_string(), 5),
        format!("  {}", left(faults, columns.faults)),
    ];
    Line::from(vec![
        Span::raw(mark),
        Span::styled(cells.concat(), text),
        Span::raw(" "),
        Span::styled(left(&words, columns.state), style),
    ])
}

/// What did something to a connection, by the numbers of the table of faults; what is there no more by its name.
fn numbers(row: &ConnectionRow, scene: &Scene, ui: &Ui) -> String {
    let faults = ui.service(scene).map_or(&[][..], |service| &service.now.faults);
    let place = |name: &str| faults.iter().position(|fault| &*fault.fault.parts.name == name);
    let number = |name: &Arc<str>| place(name).map_or_else(|| name.to_string(), |at| (at + 1).to_string());
    let mut known: Vec<String> = row.faults.iter().map(number).collect();
    known.sort_by_key(|number| (number.len(), number.clone()));
    if known.is_empty() { "-".to_owned() } else { known.join(" ") }
}

/// The rows that are shown of all: those around the marked one.
fn window<T>(all: &[T], marked: usize, room: usize) -> impl Iterator<Item = (usize, &T)> {
    let first = (marked + 1).saturating_sub(room);
    all.iter().enumerate().skip(first).take(room)
}

// === impl FaultColumns ===

impl FaultColumns {
    fn of(width: usize) -> Self {
        // The mark, the gaps, the state and the hits are fixed; names and words come before tracks.
        let room = width.saturating_sub(MARK + 1 + 1 + STATE + HITS + 2 + 1);
        let name = (room * 3 / 12).clamp(10, 24);
        let what = (room * 5 / 12).clamp(12, 36);
        Self { name, what, track: room.saturating_sub(name + what).max(TRACK_MIN) }
    }
}

// === impl ConnectionColumns ===

impl ConnectionColumns {
    fn of(width: usize) -> Self {
        let room = width.saturating_sub(3 + 6 + 2 + 7 + 8 + 8 + 5 + 2 + 1);
        let client = if width < 100 { 15 } else { 21 };
        let faults = if width < 100 { 7 } else { 10 };
        Self { client, faults, state: room.saturating_sub(client + faults) }
    }
}

// === impl Track ===

impl Track {
    fn new(now: SimTime, columns: usize, span_seconds: u64) -> Self {
        let step = i128::from(span_seconds) * 1_000_000_000 / columns.max(1) as i128;
        Self { now, columns, step: step.max(1) }
    }

    /// A third of it is past.
    const fn cursor(self) -> usize {
        self.columns / 3
    }

    fn axis(self, span_seconds: u64) -> String {
        let third = std::time::Duration::from_secs(span_seconds / 3);
        let past = left(&format!("-{}", format_duration(third)), self.cursor());
        let rest = self.columns - self.cursor();
        let later = format!("+{}", format_duration(third * 2));
        format!("{past}{}{}", left("now", 4.min(rest)), right(&later, rest.saturating_sub(4)))
    }

    /// The instants that a column stands for; none, if it lies before the beginning of the run.
    fn column(self, place: usize) -> Option<(SimTime, SimTime)> {
        let from = i128::from(self.now.as_nanos()) + (place as i128 - self.cursor() as i128) * self.step;
        let at = |nanos: i128| u64::try_from(nanos).ok().map(SimTime::from_nanos);
        Some((at(from)?, at(from + self.step)?))
    }

    fn cell(self, fault: &FaultNow, place: usize) -> char {
        if place == self.cursor() {
            return '│';
        }
        let Some((from, until)) = self.column(place) else { return ' ' };
        let levels = &fault.fault.parts.level;
        let (mut highest, mut lowest, mut t) = (Level::ZERO, Level::FULL, from);
        for _ in 0..CHANGES_SEEN_MAX {
            let level = *levels.at(t);
            (highest, lowest) = (highest.max(level), lowest.min(level));
            match levels.next_change(t).filter(|next| *next < until) {
                Some(next) => t = next,
                None => break,
            }
        }
        match (highest.is_zero(), lowest.is_full()) {
            (true, _) => '·',
            // It would have been, or would be.
            _ if fault.paused => '░',
            (false, true) => '█',
            (false, false) if highest.as_percent() + lowest.as_percent() >= 100 => '▓',
            (false, false) => '▒',
        }
    }

    fn spans(self, fault: &FaultNow, style: Style) -> Vec<Span<'static>> {
        let text = |places: std::ops::Range<usize>| -> String {
            places.map(|place| self.cell(fault, place)).collect()
        };
        vec![
            Span::styled(text(0..self.cursor()), Palette::DIM),
            Span::styled(text(self.cursor()..self.cursor() + 1), Palette::STRONG),
            Span::styled(text(self.cursor() + 1..self.columns), style),
        ]
    }
}
