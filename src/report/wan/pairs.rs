//! The overview: the network, what happens to it, and a line for each of the pairs of sites that lost most.

use std::time::Duration;

use super::clock::Clock;
use super::{Sight, Surveys};
use crate::base::{SimTime, format_duration};
use crate::report::canvas::{Line, Page, Tone, View};
use crate::report::strip::bar;
use crate::report::text::{self, UNKNOWN, percent, plural};
use crate::wan::Survey;

/// Most happenings that are listed.
const HAPPENINGS_SHOWN: usize = 16;
/// Longest name of a pair that is shown whole.
const NAME_COLUMNS_MAX: usize = 34;
/// Widest strip: more columns show nothing more.
const STRIP_COLUMNS_MAX: usize = 120;
/// Narrowest strip that says something.
const STRIP_COLUMNS_MIN: usize = 12;
/// Columns of a label of the axis, with a gap.
const LABEL_COLUMNS: usize = 7;

/// A column of figures: its heading, its width, and what it says.
struct Column {
    heading: &'static str,
    width: usize,
    figure: fn(&Survey) -> String,
    /// Only where there is room for it.
    roomy: bool,
}

const COLUMNS: [Column; 6] = [
    Column { heading: "some dark", width: 10, figure: |pair| time(pair.outage()), roomy: false },
    Column { heading: "all dark", width: 10, figure: |pair| time(pair.blackout()), roomy: true },
    Column {
        heading: "worst",
        width: 7,
        figure: |pair| percent(f64::from(pair.worst()) / 256.0),
        roomy: false,
    },
    Column { heading: "lost", width: 8, figure: |pair| percent(pair.lost()), roomy: true },
    Column { heading: "round trip", width: 14, figure: round_trip, roomy: false },
    Column { heading: "waves", width: 6, figure: |pair| pair.waves().len().to_string(), roomy: false },
];

/// Pages narrower than this leave the roomy columns out.
const ROOMY_COLUMNS: usize = 110;

/// How wide the pictures of a WAN may get.
pub(super) fn columns(view: View) -> usize {
    view.width.clamp(60, 240)
}

/// Draws the overview, with at most `rows` pairs.
pub fn overview(sight: Sight<'_>, surveys: &Surveys, rows: usize, view: View) -> String {
    let mut page = Page::new(view);
    head(&mut page, sight);
    happenings(&mut page, sight);
    page.blank();
    table(&mut page, sight, surveys, rows);
    page.finish()
}

fn head(page: &mut Page, sight: Sight<'_>) {
    let wan = sight.history.topology();
    page.push(Line::new().put(Tone::Strong, sight.name));
    let sizes = [
        plural(wan.sites().len() as u64, "site", "sites"),
        plural(wan.routers().len() as u64, "router", "routers"),
        plural(wan.links().len() as u64, "link", "links"),
        plural(wan.prefixes(), "prefix", "prefixes"),
    ];
    let length = format_duration(sight.until.since(sight.from));
    let dot = page.view.sign(" · ", ", ");
    let label = sight.starts_at.map_or(String::new(), |label| format!("{dot}0s is {label}"));
    page.push(
        Line::new()
            .put(Tone::Dim, format!("{}{dot}{length}{dot}seed {}{label}", sizes.join(", "), sight.seed)),
    );
}

fn happenings(page: &mut Page, sight: Sight<'_>) {
    let script = sight.history.script();
    if script.is_empty() {
        page.blank();
        page.push(Line::new().put(Tone::Dim, "nothing happens to this WAN"));
        return;
    }
    let clock = Clock::new(sight.starts_at);
    page.blank();
    page.push(Line::new().put(Tone::Strong, "what happens"));
    for (at, happening) in script.iter().take(HAPPENINGS_SHOWN) {
        let words = happening.words(sight.history.topology()).to_string();
        let mut line = Line::indented(2).put(Tone::Dim, clock.short(*at));
        if sight.starts_at.is_some() {
            line = line.to(12).put(Tone::Dim, at.to_string());
        }
        page.push(line.to(21).put(Tone::Fault, words));
    }
    if script.len() > HAPPENINGS_SHOWN {
        let more = script.len() - HAPPENINGS_SHOWN;
        page.push(Line::indented(2).put(Tone::Dim, format!("and {more} more")));
    }
}

fn table(page: &mut Page, sight: Sight<'_>, surveys: &Surveys, rows: usize) {
    let suffered = surveys.pairs.iter().filter(|pair| pair.lost() > 0.0).count();
    let shown = &surveys.pairs[..rows.min(surveys.pairs.len())];
    let total = columns(page.view);
    let names: Vec<String> = shown.iter().map(|pair| name(sight, pair)).collect();
    let longest = names.iter().map(|name| text::width(name)).max().unwrap_or(0).clamp(10, NAME_COLUMNS_MAX);
    let picked: Vec<&Column> =
        COLUMNS.iter().filter(|column| !column.roomy || total >= ROOMY_COLUMNS).collect();
    let figures: usize = picked.iter().map(|column| column.width + 1).sum();
    let left = longest + 3;
    let strip = total.saturating_sub(left + figures + 1).clamp(STRIP_COLUMNS_MIN, STRIP_COLUMNS_MAX);
    let [labels, rule] = axis(sight, strip, page.view);
    let count = plural(surveys.pairs.len() as u64, "pair of sites", "pairs of sites");
    page.push(Line::new().put(Tone::Strong, format!("{count}, {suffered} with loss, worst first")));
    page.push(Line::indented(left).put(Tone::Dim, labels));
    let mut heading = Line::indented(left).put(Tone::Dim, rule);
    let mut end = left + strip;
    for column in &picked {
        end += column.width + 1;
        heading = heading.put_right(Tone::Dim, column.heading, end);
    }
    page.push(heading);
    for (name, pair) in names.iter().zip(shown) {
        let cells = pair.lost_by_column(sight.from, sight.until, strip);
        let cells: String = cells.into_iter().map(|lost| bar(Some(lost), page.view.charset)).collect();
        let tone = if pair.worst() > 0 {
            Tone::Bad
        } else if pair.lost() > 0.0 {
            Tone::Warn
        } else {
            Tone::Good
        };
        let mut line =
            Line::indented(1).put(Tone::Plain, text::fit(name, NAME_COLUMNS_MAX)).to(left).put(tone, cells);
        let mut end = left + strip;
        for column in &picked {
            end += column.width + 1;
            line = line.put_right(Tone::Plain, (column.figure)(pair), end);
        }
        page.push(line);
    }
    let rest = surveys.pairs.len() - shown.len();
    if rest > 0 {
        let lossy = suffered.saturating_sub(shown.len());
        page.push(
            Line::indented(1)
                .put(Tone::Dim, format!("and {rest} more, {lossy} of them with loss (`--pairs`, `--all`)")),
        );
    }
    if surveys.left_out > 0 {
        let note = format!(
            "{} were not looked at: name some sites (`--sites`)",
            plural(surveys.left_out as u64, "pair", "pairs")
        );
        page.push(Line::indented(1).put(Tone::Warn, note));
    }
    let marks =
        page.view.sign("▁▄█ share of round trips lost   · none", "1-9# tenths of round trips lost   . none");
    page.push(Line::indented(left).put(Tone::Dim, marks));
}

/// Labels, and the rule under them.
fn axis(sight: Sight<'_>, columns: usize, view: View) -> [String; 2] {
    let clock = Clock::new(sight.starts_at);
    let span = sight.until.since(sight.from).as_secs_f64().max(1e-9);
    let column = |at: SimTime| {
        let share = at.since(sight.from).as_secs_f64() / span;
        ((share * columns as f64) as usize).min(columns.saturating_sub(1))
    };
    let mut rule = vec![view.sign("─", "-"); columns];
    let mut labels = String::new();
    for (at, label) in clock.ticks(sight.from, sight.until, (columns / LABEL_COLUMNS).max(2)) {
        rule[column(at)] = view.sign("┬", "+");
        let start = column(at).min(columns.saturating_sub(text::width(&label)));
        if labels.is_empty() || start > text::width(&labels) {
            labels = format!("{}{label}", text::pad_right(&labels, start));
        }
    }
    [labels, rule.concat()]
}

/// What a pair is called.
pub(super) fn name(sight: Sight<'_>, pair: &Survey) -> String {
    let site = |at: usize| text::clean(&sight.history.topology().sites()[at].name).into_owned();
    format!("{} - {}", site(pair.from.index()), site(pair.to.index()))
}

fn time(time: Duration) -> String {
    if time.is_zero() { UNKNOWN.to_owned() } else { format_duration(time) }
}

fn round_trip(pair: &Survey) -> String {
    let Some((least, most)) = pair.rtt() else { return UNKNOWN.to_owned() };
    let whole = |time: Duration| (time.as_secs_f64() * 1e3).round();
    if most.as_millis() < 10 || whole(least) >= whole(most) {
        return format_duration(most);
    }
    format!("{}-{}ms", whole(least), whole(most))
}
