//! Pictures of a small network, to the letter; and their laws: bounded, harmless, whole.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::base::{Ratio, Seed};
use crate::report::{Charset, Color, View};
use crate::wan::topology::{BlockKind, Place};
use crate::wan::{Flow, Happening, LinkSpec, Platform, RouterId, Script, Seen, TopologyBuilder, simulate};

const HOSTILE: &str = "dub<lin>\u{1b}[31m&";

/// A square of four places, one router each, but two in London; a link of it is cut, silently, and another router gets stuck.
fn history(last: &str) -> History {
    let frr = Arc::new(Platform::frr_ospf());
    let mut wan = TopologyBuilder::new();
    let places = [("london", 51.5, -0.1), ("paris", 48.9, 2.4), ("amsterdam", 52.4, 4.9), (last, 53.3, -6.3)];
    for (name, latitude, longitude) in places {
        wan.site(name, Some(Place { longitude, latitude }));
        wan.router(&format!("{name}-1"), name, &frr);
    }
    wan.router("london-2", "london", &frr);
    let ms = Duration::from_millis;
    let last = format!("{last}-1");
    for (name, a, b, delay) in [
        ("london", "london-1", "london-2", 0),
        ("channel", "london-1", "paris-1", 3),
        ("meuse", "paris-1", "amsterdam-1", 4),
        ("north-sea", "london-2", "amsterdam-1", 4),
        ("irish-sea", "london-1", &last, 4),
        ("holyhead", "london-2", &last, 4),
    ] {
        wan.link(name, a, b, LinkSpec::new(ms(delay), 10));
    }
    let wan = Arc::new(wan.block_for_each_site(2, BlockKind::Internal).build().expect("sound"));
    let link = |name: &str| wan.link(name).expect("it is there");
    let stuck = wan.router("amsterdam-1").expect("it is there");
    let script = Script::new()
        .at(SimTime::from_secs(60), Happening::LinkDown(link("irish-sea"), Seen::Silent))
        .at(SimTime::from_secs(1_200), Happening::LinkDown(link("channel"), Seen::Carrier))
        .at(SimTime::from_secs(1_500), Happening::Stuck(stuck, Ratio::new(1, 20).expect("a share")))
        .at(SimTime::from_secs(2_400), Happening::LinkUp(link("channel")));
    simulate(&wan, &script, Seed(7), SimTime::from_secs(3_600)).expect("small")
}

fn sight(history: &History) -> Sight<'_> {
    Sight {
        history,
        name: "square",
        seed: 7,
        starts_at: Some("2026-01-25T06:45:00Z"),
        from: SimTime::ZERO,
        until: SimTime::from_secs(3_600),
    }
}

fn surveys(sight: Sight<'_>) -> Surveys {
    Surveys::of(sight, &[0, 1, 2, 3].map(SiteId))
}

fn flows(history: &History) -> [Flow; 2] {
    history.flows(SiteId(0), SiteId(3), 0).expect("both have addresses")
}

const fn view(width: usize, charset: Charset) -> View {
    View { width, color: Color::Plain, charset }
}

#[test]
fn the_overview_tells_who_lost_what() {
    let history = history("dublin");
    let sight = sight(&history);
    insta::assert_snapshot!(overview(sight, &surveys(sight), 4, view(80, Charset::Unicode)));
    let later = Sight { from: SimTime::from_secs(1_100), starts_at: None, ..sight };
    insta::assert_snapshot!(overview(later, &surveys(later), 9, view(200, Charset::Ascii)));
}

#[test]
fn the_trace_reads_like_a_logic_analyser() {
    let history = history("dublin");
    let sight = sight(&history);
    let filter = TraceFilter { lines: 48, ..TraceFilter::default() };
    insta::assert_snapshot!(trace(sight, &filter, view(80, Charset::Unicode)));
    let paris = TraceFilter { routers: vec![RouterId(1)], lines: 5 };
    let later = Sight { from: SimTime::from_secs(1_100), starts_at: None, ..sight };
    insta::assert_snapshot!(trace(later, &paris, view(200, Charset::Ascii)));
}

#[test]
fn a_walk_tells_where_packets_end() {
    let history = history("dublin");
    let at = SimTime::from_secs(61);
    insta::assert_snapshot!(walk(sight(&history), &flows(&history), at, view(80, Charset::Unicode)));
}

/// The document has what its version promises; numbers are where they belong.
#[test]
fn json_is_a_contract() {
    let history = history("dublin");
    let sight = sight(&history);
    let text = json(sight, &surveys(sight), 1, Some((&flows(&history), SimTime::from_secs(61))));
    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let keys: Vec<&String> = document.as_object().expect("an object").keys().collect();
    insta::assert_snapshot!(format!("{keys:?}\n{:#}", document["pairs"][0]));
    assert_eq!(document["pairs_left_out"], 5);
    let hit =
        document["walk"]["ways"].as_array().expect("ways").iter().filter(|way| way["dropped"] == "dead_link");
    assert!(hit.count() > 0);
}

/// Well-formed, by an XML reader's word; every colour that is used is defined; no name acts on the markup.
#[test]
fn the_picture_is_whole() {
    for name in ["dublin", HOSTILE] {
        let history = history(name);
        let sight = sight(&history);
        let text = svg(sight, &surveys(sight), 10, SimTime::from_secs(61));
        let document = roxmltree::Document::parse(&text).expect("well-formed");
        let classes = document.descendants().filter_map(|node| node.attribute("class"));
        for class in classes.flat_map(str::split_whitespace) {
            assert!(text.contains(&format!(".{class} ")) || text.contains(&format!(".{class}{{")), "{class}");
        }
        assert!(!text.contains('\u{1b}'));
    }
}

/// The worst instant lies in the time in which the cut that nobody was told of hurts, not in the few milliseconds of the other.
#[test]
fn the_worst_instant_is_in_the_worst_time() {
    let history = history("dublin");
    let sight = sight(&history);
    let worst = surveys(sight).worst_instant(sight);
    assert!((SimTime::from_secs(60)..SimTime::from_secs(64)).contains(&worst), "{worst}");
}
