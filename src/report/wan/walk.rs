//! The walk of a packet, hop by hop, in both directions: buckets that go the same way are told together.

use std::time::Duration;

use indexmap::IndexMap;

use super::Sight;
use super::clock::Clock;
use crate::base::{Direction, FlowBucket, SimTime, format_duration};
use crate::report::canvas::{Line, Page, Tone, View};
use crate::report::text;
use crate::wan::{Fate, Flow, History, Hop, Reason};

/// Most ways that are shown for a direction; of the rest, their number.
const WAYS_SHOWN: usize = 12;
/// Most hops that are shown of a way that ends in a loop: enough to see it turn.
const LOOP_HOPS_SHOWN: usize = 10;

/// A way that some buckets go.
pub(super) struct Way {
    pub(super) fate: Fate,
    pub(super) hops: Vec<Hop>,
    pub(super) buckets: Vec<FlowBucket>,
}

/// The ways that the buckets of a flow go at an instant, the most travelled first.
pub(super) fn ways(history: &History, flow: &Flow, at: SimTime) -> Vec<Way> {
    let mut ways: IndexMap<_, Way> = IndexMap::new();
    for bucket in FlowBucket::all() {
        let (fate, hops) = history.walk(flow, bucket, at);
        let key: Vec<_> = hops.iter().map(|hop| (hop.router, hop.link)).collect();
        let way = ways.entry((key, fate.is_dark())).or_insert(Way { fate, hops, buckets: Vec::new() });
        way.buckets.push(bucket);
    }
    let mut ways: Vec<Way> = ways.into_values().collect();
    ways.sort_by_key(|way| std::cmp::Reverse(way.buckets.len()));
    ways
}

/// Draws the ways of a packet that starts at `at`, to the server and back.
pub fn walk(sight: Sight<'_>, flows: &[Flow; 2], at: SimTime, view: View) -> String {
    let mut page = Page::new(view);
    let wan = sight.history.topology();
    let clock = Clock::new(sight.starts_at);
    for flow in flows {
        let to = wan.blocks()[flow.to.index()].site;
        let [from, to] = [flow.from, to].map(|site| &wan.sites()[site.index()].name);
        let ends = match flow.direction {
            Direction::ToServer => format!("{from} {} {to}", view.sign("→", "->")),
            Direction::ToClient => format!("{from} {} {to}, the way back", view.sign("→", "->")),
        };
        if flow.direction == Direction::ToClient {
            page.blank();
        }
        let when =
            if sight.starts_at.is_some() { format!("{} ({at})", clock.short(at)) } else { at.to_string() };
        page.push(Line::new().put(Tone::Strong, ends).put(Tone::Dim, format!("  at {when}")));
        let ways = ways(sight.history, flow, at);
        for way in ways.iter().take(WAYS_SHOWN) {
            draw(&mut page, sight.history, way, at);
        }
        if ways.len() > WAYS_SHOWN {
            let buckets: usize = ways[WAYS_SHOWN..].iter().map(|way| way.buckets.len()).sum();
            let note = format!("{} buckets go {} more ways", buckets, ways.len() - WAYS_SHOWN);
            page.push(Line::indented(2).put(Tone::Dim, note));
        }
    }
    page.finish()
}

fn draw(page: &mut Page, history: &History, way: &Way, start: SimTime) {
    let wan = history.topology();
    let count = way.buckets.len();
    let (tone, words) = ending(history, way, start);
    let sign = if way.fate.is_dark() { page.view.sign("✗", "x") } else { page.view.sign("✓", "ok") };
    page.push(
        Line::indented(2)
            .put(Tone::Strong, format!("{count} of 256 buckets"))
            .put(Tone::Plain, "  ")
            .put(tone, format!("{sign} {words}")),
    );
    let shown = match way.fate {
        Fate::Dropped(Reason::Loop) => LOOP_HOPS_SHOWN.min(way.hops.len()),
        _ => way.hops.len(),
    };
    let names = way.hops[..shown].iter().map(|hop| text::width(&wan.routers()[hop.router.index()].name));
    let column = 8 + names.max().unwrap_or(0) + 2;
    for (number, hop) in way.hops[..shown].iter().enumerate() {
        let router = &wan.routers()[hop.router.index()];
        let mut line = Line::new()
            .put_right(Tone::Dim, (number + 1).to_string(), 6)
            .to(8)
            .put(Tone::Plain, &router.name)
            .put_right(Tone::Plain, delay(hop.at.since(start)), column + 9);
        if let Some(link) = hop.link {
            line = line.put(
                Tone::Dim,
                format!("  {} {}", page.view.sign("→", "->"), wan.links()[link.index()].name),
            );
        }
        page.push(line);
    }
    if shown < way.hops.len() {
        page.push(Line::indented(8).put(Tone::Dim, format!("and so on, {} hops in all", way.hops.len())));
    }
}

/// How a way ends, in words.
fn ending(history: &History, way: &Way, start: SimTime) -> (Tone, String) {
    let wan = history.topology();
    let last = way.hops.last();
    let router = last.map_or("nobody", |hop| &wan.routers()[hop.router.index()].name);
    let took = last.map_or(Duration::ZERO, |hop| hop.at.since(start));
    match way.fate {
        Fate::Delivered { delay: time, loss } if loss.is_zero() => {
            (Tone::Good, format!("delivered after {}", delay(time)))
        }
        Fate::Delivered { delay: time, loss } => {
            (Tone::Warn, format!("delivered after {}, if not lost by chance ({loss})", delay(time)))
        }
        Fate::Dropped(reason) => {
            (Tone::Bad, format!("dropped after {}: {}", delay(took), why(history, reason, router, last)))
        }
    }
}

fn why(history: &History, reason: Reason, router: &str, last: Option<&Hop>) -> String {
    match reason {
        Reason::NoEntry => "no router of the site is up".to_owned(),
        Reason::NoRoute => format!("{router} has no route"),
        Reason::DeadLink => {
            let link = last
                .and_then(|hop| hop.link)
                .map_or("a link", |link| &history.topology().links()[link.index()].name);
            format!("{router} still sends over {link}, which is down")
        }
        Reason::DeadRouter => format!("{router} forwards nothing"),
        Reason::Loop => format!("its hops ran out in a loop, at {router}"),
    }
}

/// How a reason is called by machines.
pub(super) const fn reason_key(reason: Reason) -> &'static str {
    match reason {
        Reason::NoEntry => "no_entry",
        Reason::NoRoute => "no_route",
        Reason::DeadLink => "dead_link",
        Reason::DeadRouter => "dead_router",
        Reason::Loop => "loop",
    }
}

fn delay(time: Duration) -> String {
    if time.is_zero() { "0ms".to_owned() } else { format_duration(time) }
}
