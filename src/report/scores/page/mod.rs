//! A benchmark as a page: one HTML file, complete in itself, in the light or dark colours of whoever looks at it, to be sent to
//! somebody who has no terminal. It asks nobody for anything: no script, no font, no picture from elsewhere.
//!
//! - `figures`: the table, as a terminal has it;
//! - `reach`: the share of replicas in which each detector had fired, over time;
//! - `incident`: what the targets were in for, and who fired when;
//! - `frontier`: time to detect against false alarms, as parameters move;
//! - `sensitivity`: what a detector finds, by the size of a failure;
//! - `chart`: axes; `style`: colours and letters.

mod chart;
mod figures;
mod frontier;
mod incident;
mod reach;
mod sensitivity;
mod style;

use indexmap::IndexSet;

use super::super::text::{escape, plural};
use super::table::{group, notes};
use crate::event::{BenchScores, DetectorScores, VerdictState};

/// Markup that grows. What comes from files goes through [`escape`].
type Markup = String;

/// Benchmarks as one page; each with the command that repeats it.
pub fn scores_html<'a>(all: impl IntoIterator<Item = (&'a BenchScores, &'a str)>) -> String {
    let mut body = Markup::new();
    let mut names = Vec::new();
    for (scores, replay) in all {
        names.push(scores.scenario.as_str());
        scenario(&mut body, scores, replay);
    }
    let title = escape(&names.join(", "));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <title>{title}: would you have known?</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        style::CSS
    )
}

fn scenario(body: &mut Markup, scores: &BenchScores, replay: &str) {
    let replicas = plural((scores.worlds * scores.probe_seeds) as u64, "replica", "replicas");
    let facts = format!(
        "{replicas} ({} of the scenario, {} of the probes) · {} healthy days · seed {}",
        plural(scores.worlds as u64, "seed", "seeds"),
        scores.probe_seeds,
        scores.healthy_days,
        scores.seed
    );
    add(body, &format!("<header><h1>{}</h1><p class=\"dim\">{facts}</p></header>", escape(&scores.scenario)));
    section(body, "Would you have known?", &answer(scores), &figures::table(scores));
    for (monitor, title) in monitors(scores) {
        let own = detectors(scores, &monitor);
        let about = escape(&title);
        add(body, &format!("<h2 class=\"monitor\">{about}</h2>"));
        let legend = legend(&own);
        let about = "The share of replicas in which it had fired, by the time since the first instant at which 1% of the probes are \
                     expected to fail.";
        section(body, "Who knew, and when", about, &(legend.clone() + &reach::plot(scores, &own)));
        if let Some(incident) = scores.incidents.iter().find(|incident| incident.monitor == monitor) {
            let about = "The first replica: above, the share of each target's probes that is expected to fail; below, when each detector \
                         fired.";
            section(body, "The incident", about, &incident::plot(incident, &own));
        }
        let curves: Vec<_> = scores.frontier.iter().filter(|curve| curve.monitor == monitor).collect();
        if !curves.is_empty() {
            let about = "Each detector's main parameter moves; all points are judged on the same probes. A ring is the detector as it is \
                         written, a star a point that no other beats. Left and down is better. Hollow points had no false alarm; \
                         the bound is what the healthy days allow (95%).";
            section(
                body,
                "What it costs to know sooner",
                about,
                &(legend.clone() + &frontier::plot(&curves, &own)),
            );
        }
        let maps: Vec<_> = scores.sensitivity.iter().filter(|map| map.monitor == monitor).collect();
        if !maps.is_empty() {
            section(
                body,
                "How large a failure must be",
                &sensitivity::about(&maps),
                &sensitivity::maps(&maps),
            );
        }
    }
    let items = notes(scores)
        .iter()
        .map(|note| format!("<li>{}</li>", code(&escape(note))))
        .collect::<Vec<String>>()
        .concat();
    section(body, "What the figures can't say", "", &format!("<ul>{items}</ul>{}", expectations(scores)));
    add(body, &format!("<p class=\"dim\">Again: <code>{}</code></p>", escape(replay)));
}

/// The shortest answer: who never fired, and who was first.
fn answer(scores: &BenchScores) -> String {
    let software = || scores.detectors.iter().filter(|row| row.monitor.is_some());
    let half = software().filter(|row| row.median.value.is_some()).count();
    let all = software().count();
    let names = |rows: Vec<&DetectorScores>| {
        let names: Vec<String> = rows.iter().map(|row| format!("<b>{}</b>", escape(&row.name))).collect();
        names.join(", ")
    };
    let silent: Vec<_> = software().filter(|row| row.found.of > 0 && row.found.count == 0).collect();
    let never = if silent.is_empty() { String::new() } else { format!(" Never: {}.", names(silent)) };
    format!("{half} of {all} rules fire in at least half of the replicas.{never}")
}

/// The monitors that somebody watches, with their titles, in the order of the table.
fn monitors(scores: &BenchScores) -> IndexSet<(String, String)> {
    let titled = |row: &DetectorScores| {
        let monitor = row.monitor.clone()?;
        // Rules and detectors of one monitor may look at it differently; the page has one place for it.
        let title = if row.watches.is_some_and(|watches| watches.targets > 1) {
            group(row).unwrap_or_default()
        } else {
            format!("on {monitor}")
        };
        Some((monitor, title))
    };
    let mut seen: IndexSet<(String, String)> = IndexSet::new();
    for (monitor, title) in scores.detectors.iter().filter_map(titled) {
        if seen.iter().all(|(known, _)| *known != monitor) {
            seen.insert((monitor, title));
        }
    }
    seen
}

fn detectors<'a>(scores: &'a BenchScores, monitor: &str) -> Vec<&'a DetectorScores> {
    scores.detectors.iter().filter(|row| row.monitor.as_deref() == Some(monitor)).collect()
}

/// The colours of detectors, by their place.
fn legend(own: &[&DetectorScores]) -> Markup {
    let item = |(n, row): (usize, &&DetectorScores)| {
        let class = if row.found.count == 0 { " class=\"never\"" } else { "" };
        format!(
            "<li{class}><svg viewBox=\"0 0 26 8\" width=\"26\" height=\"8\" aria-hidden=\"true\"><path class=\"{}\" d=\"M1 4H25\"/></svg>{}{}</li>",
            chart::stroke(n),
            escape(&row.name),
            if row.found.count == 0 { " (never)" } else { "" }
        )
    };
    let items = own.iter().enumerate().map(item).collect::<Vec<String>>().concat();
    format!("<ul class=\"legend\">{items}</ul>")
}

fn expectations(scores: &BenchScores) -> Markup {
    let judged = scores.verdicts.iter().filter(|verdict| verdict.state != VerdictState::NotJudged);
    let item = |verdict: &crate::event::Verdict| {
        let (class, word) = match verdict.state {
            VerdictState::Met => ("good", "met"),
            VerdictState::Failed => ("bad", "failed"),
            VerdictState::Undecided | VerdictState::NotJudged => ("warn", "undecided"),
        };
        let (expected, seen) = (escape(&verdict.expectation), escape(&verdict.observed));
        format!("<li><b class=\"{class}\">{word}</b> {expected} <span class=\"dim\">{seen}</span></li>")
    };
    let items = judged.map(item).collect::<Vec<String>>().concat();
    if items.is_empty() { items } else { format!("<h3>Expectations</h3><ul class=\"plain\">{items}</ul>") }
}

/// What stands between backticks, as code.
fn code(escaped: &str) -> Markup {
    let parts = escaped.split('`').enumerate();
    parts.map(|(n, part)| if n % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}

fn section(body: &mut Markup, title: &str, about: &str, inside: &str) {
    let about = if about.is_empty() { String::new() } else { format!("<p>{about}</p>") };
    add(body, &format!("<section><h3>{title}</h3>{about}{inside}</section>"));
}

fn add(body: &mut Markup, markup: &str) {
    body.push_str(markup);
    body.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{
        Found, Frontier, FrontierPoint, Incident, Rate, Sensitivity, SensitivityCell, TargetShares, Times,
    };

    const HOSTILE: &str = "a</title><script src='http://x/'>&\"`\u{1b}[2J";

    fn row(monitor: Option<&str>, median: Option<f64>) -> DetectorScores {
        let times = Times { value: median, low: median, high: None };
        let found = Found { count: u64::from(median.is_some()), of: 1, low: 0.0, high: 1.0 };
        DetectorScores {
            name: HOSTILE.to_owned(),
            rule: HOSTILE.to_owned(),
            monitor: monitor.map(str::to_owned),
            watches: None,
            found,
            median: times,
            p90: times,
            within: vec![(300.0, found)],
            false_alarms: Some(Rate { count: 0, days: 1.0, per_day: 0.0, low: 0.0, high: 3.7 }),
            alarms: None,
            unexplained: None,
            resolved: times,
            found_after: median.map(|median| (median, 1.0)).into_iter().collect(),
        }
    }

    fn scores() -> BenchScores {
        let row_of = row(Some(HOSTILE), Some(0.0));
        let point = |value: &str, median| FrontierPoint {
            value: value.to_owned(),
            own: true,
            best: true,
            found: row_of.found,
            median: Times { value: median, low: median, high: median },
            false_alarms: row_of.false_alarms,
        };
        let cell = SensitivityCell { share: 0.01, burst: 10.0, found: row_of.found, median: row_of.median };
        BenchScores {
            scenario: HOSTILE.to_owned(),
            file: HOSTILE.to_owned(),
            seed: 1,
            worlds: 1,
            probe_seeds: 1,
            healthy_days: 1.0,
            incidents: vec![Incident {
                monitor: HOSTILE.to_owned(),
                lasts: 0.0,
                targets: vec![TargetShares { name: HOSTILE.to_owned(), shares: vec![0.0, 1.0] }; 50],
                alarms: vec![(HOSTILE.to_owned(), vec![(0.0, 0.0)])],
            }],
            frontier: vec![Frontier {
                detector: HOSTILE.to_owned(),
                monitor: HOSTILE.to_owned(),
                parameter: HOSTILE.to_owned(),
                points: vec![point("1", Some(1.0)), point("2", None)],
            }],
            sensitivity: vec![Sensitivity {
                detector: HOSTILE.to_owned(),
                monitor: HOSTILE.to_owned(),
                deadline: 900.0,
                cells: vec![cell; 3],
            }],
            verdicts: Vec::new(),
            detectors: vec![row_of, row(Some("b"), None), row(None, Some(2_400.0))],
        }
    }

    /// Whatever names hold: the markup is well-formed, runs nothing, and asks nobody for anything.
    #[test]
    fn the_page_is_complete_in_itself() {
        let all = scores();
        let page = scores_html([(&all, HOSTILE), (&all, HOSTILE)]);
        let (_, markup) = page.split_once('\n').expect("a document type, then the page");
        let tree = roxmltree::Document::parse(markup).expect("well-formed");
        let names = tree.descendants().filter(roxmltree::Node::is_element).map(|node| node.tag_name().name());
        assert!(names.clone().all(|name| !["script", "img", "link", "iframe", "a"].contains(&name)));
        assert!(names.filter(|name| *name == "figure").count() >= 6);
        let attributes = tree.descendants().flat_map(|node| node.attributes());
        assert!(
            attributes
                .clone()
                .all(|of| !["src", "href"].contains(&of.name()) && !of.name().starts_with("on"))
        );
        assert!(!page.contains('\u{1b}') && !page.contains("NaN") && !page.contains("inf "), "{page}");
        assert!(!style::CSS.contains("url(") && !style::CSS.contains("@import"));
    }

    #[test]
    fn without_sweeps_it_is_shorter() {
        let plain =
            BenchScores { frontier: Vec::new(), sensitivity: Vec::new(), incidents: Vec::new(), ..scores() };
        let page = scores_html([(&plain, "brownout bench")]);
        assert!(
            page.contains("Who knew, and when")
                && !page.contains("What it costs")
                && !page.contains("How large")
        );
    }
}
