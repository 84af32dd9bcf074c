//! What a plan will do, as text for a terminal: what `brownout check` prints.
//!
//! Its heart is the timeline: a row for each fault, a column for each stretch of the scenario, shaded by the mean level in
//! it. It shows what was drawn and rounded on the way (bursts, buckets, names), for that is what no reader of the file
//! can see. Nothing is wider than `width` columns, unless a single word is.

use std::time::Duration;

use super::describe::{buckets_text, check_text, fault_text, fault_windows, mean_level, window_text};
use super::plan::{Plan, ScenarioClock};
use crate::base::{Directions, Ratio, SimTime, format_duration};
use crate::event::Window;
use crate::fault::Fault;

/// Narrowest page: below it a timeline says nothing.
const WIDTH_MIN: usize = 48;
/// Widest: longer lines are hard to read, and a timeline gains nothing.
const WIDTH_MAX: usize = 160;
/// Longest name that stands before its row in full.
const NAME_WIDTH_MAX: usize = 28;
/// How many windows of a fault are listed.
const WINDOWS_LISTED_MAX: usize = 3;
/// Least columns from one label of the axis to the next.
const TICK_COLUMNS_MIN: u32 = 10;

/// Steps of the axis, in seconds: round numbers on a clock.
const STEPS: [f64; 26] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0,
    300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 21_600.0, 43_200.0, 86_400.0,
];

/// A text that grows by sections, and how wide it may be.
struct Page {
    text: String,
    width: usize,
}

/// Draws a plan, `width` columns wide.
pub fn explain(plan: &Plan, width: usize) -> String {
    let mut page = Page { text: String::new(), width: width.clamp(WIDTH_MIN, WIDTH_MAX) };
    page.head(plan);
    page.services(plan);
    page.wan(plan);
    if !plan.faults.is_empty() {
        page.timeline(plan);
        page.faults(plan);
    }
    page.monitors(plan);
    page.expectations(plan);
    page.text
}

// === impl Page ===

impl Page {
    fn head(&mut self, plan: &Plan) {
        let clock = plan.clock;
        let whole = clock == ScenarioClock::whole(plan.duration);
        let length = format_duration(plan.duration);
        let starts_at = plan.starts_at.as_ref().map_or_else(String::new, |label| format!(" · 0s is {label}"));
        self.wrapped("", &format!("{} · {length} · seed {}{starts_at}", plan.name, plan.seed.0));
        if !whole {
            let window = window_text(Window { from: clock.from, until: clock.until });
            let speed = if clock.plays_at_speed() {
                format!(", {} times as fast", clock.speed)
            } else {
                String::new()
            };
            let lasts = format_duration(plan.run_time());
            self.wrapped("", &format!("plays {window}{speed}: {lasts} on the wall clock"));
        }
        if let Some(about) = &plan.about {
            self.wrapped("", about);
        }
    }

    fn services(&mut self, plan: &Plan) {
        self.heading("services");
        let names = column(plan.services.iter().map(|service| &*service.name));
        for service in &plan.services {
            let listen = match service.listen.port() {
                0 => format!("{}, a port of the kernel's choice", service.listen.ip()),
                _ => service.listen.to_string(),
            };
            self.wrapped(&label(&service.name, names), &format!("{listen} → {}", service.upstream));
        }
    }

    /// The network, and what becomes of each path over it.
    fn wan(&mut self, plan: &Plan) {
        let Some(history) = &plan.wan else { return };
        self.heading("wan");
        let wan = history.topology();
        let size = format!(
            "{} sites, {} routers, {} links; {} steps of routers",
            wan.sites().len(),
            wan.routers().len(),
            wan.links().len(),
            history.trace().transitions().len() as u64 + history.trace().left_out()
        );
        self.wrapped("  ", &size);
        let paths =
            || plan.services.iter().filter_map(|service| Some((&*service.name, service.path.as_ref()?)));
        if paths().next().is_none() {
            self.wrapped("  ", "no service has a `path` over it: it does nothing to connections");
        }
        let names = column(paths().map(|(name, _)| name));
        for (name, path) in paths() {
            let played = path.history(&plan.clock);
            self.wrapped(&label(name, names), &format!("{} to {}: {played}", path.from, path.to));
        }
    }

    fn timeline(&mut self, plan: &Plan) {
        self.heading("timeline");
        let several = plan.services.len() > 1;
        let name = |fault: &Fault| row_name(fault, several);
        let rows: Vec<String> = plan.faults.iter().map(|fault| name(fault)).collect();
        let names = column(rows.iter().map(String::as_str));
        let columns = self.width - names - 4;
        let clock = plan.clock;
        self.axis(&clock, names, columns);
        for (fault, row) in plan.faults.iter().zip(&rows) {
            let cells: String = (0..columns)
                .map(|cell| {
                    let from = instant(&clock, cell, columns);
                    shade(mean_level(fault, &clock, from, instant(&clock, cell + 1, columns)))
                })
                .collect();
            self.line(&format!("{}{cells}", label(row, names)));
        }
        self.wrapped("  ", "█ in force · ▓▒░ in part: a ramp, or some of the time");
    }

    /// The labels and the ruler above the rows.
    fn axis(&mut self, clock: &ScenarioClock, names: usize, columns: usize) {
        let span = clock.until.since(clock.from).as_secs_f64();
        let fits = |step: &&f64| **step / span * columns as f64 >= f64::from(TICK_COLUMNS_MIN);
        let step = STEPS.iter().find(fits).copied().unwrap_or(span.max(STEPS[0]));
        let first = (clock.from.as_secs_f64() / step).ceil() as u64;
        let mut labels: Vec<char> = Vec::new();
        let mut ruler = vec!['─'; columns];
        for tick in first.. {
            let t = SimTime::after_start(Duration::from_secs_f64(step * tick as f64));
            let at = (t.since(clock.from).as_secs_f64() / span * columns as f64).round() as usize;
            let text = t.to_string();
            if t >= clock.until || at >= columns {
                break;
            }
            ruler[at] = if at == 0 { '├' } else { '┼' };
            // A label that would run into the end is left out.
            if labels.len() <= at && at + text.chars().count() <= columns {
                labels.resize(at, ' ');
                labels.extend(text.chars().chain([' ']));
            }
        }
        let end = clock.until.to_string();
        let end_at = columns - end.chars().count().min(columns);
        if labels.len() <= end_at {
            labels.resize(end_at, ' ');
            labels.extend(end.chars());
        }
        ruler[columns - 1] = '┤';
        let labels: String = labels.into_iter().collect();
        self.line(&format!("{}{}", label("", names), labels.trim_end()));
        self.line(&format!("{}{}", label("", names), ruler.into_iter().collect::<String>()));
    }

    fn faults(&mut self, plan: &Plan) {
        self.heading("faults");
        let several = plan.services.len() > 1;
        let rows: Vec<String> = plan.faults.iter().map(|fault| row_name(fault, several)).collect();
        let names = column(rows.iter().map(String::as_str));
        for (fault, row) in plan.faults.iter().zip(&rows) {
            self.wrapped(&label(row, names), &fault_line(fault));
            let windows = fault_windows(fault, &plan.clock);
            self.wrapped(&label("", names), &windows_line(&windows, &plan.clock));
        }
    }

    fn monitors(&mut self, plan: &Plan) {
        let names = plan.monitors.iter().map(|monitor| &*monitor.name);
        let ruled = || plan.rules.iter().flat_map(|rules| rules.rows.iter().map(move |row| (rules, row)));
        let detectors = plan.detectors.iter().map(|detector| &*detector.name);
        let names = column(names.chain(detectors).chain(ruled().map(|(_, row)| &*row.name)));
        if !plan.monitors.is_empty() {
            self.heading("monitors");
        }
        for monitor in &plan.monitors {
            let service = monitor_targets(monitor, plan);
            let every = Duration::from_secs_f64(monitor.every.as_secs_f64() * plan.clock.speed);
            let text = format!(
                "{} via {service} every {}, {} at most",
                check_text(&monitor.check),
                format_duration(every),
                format_duration(monitor.timeout)
            );
            self.wrapped(&label(&monitor.name, names), &text);
        }
        if !plan.detectors.is_empty() || !plan.rules.is_empty() {
            self.heading("detectors");
        }
        for detector in &plan.detectors {
            let monitor = &plan.monitors[detector.monitor].name;
            self.wrapped(
                &label(&detector.name, names),
                &format!("{}, on {monitor}", detector.spec.summary()),
            );
        }
        for (rules, row) in ruled() {
            let alert =
                row.alert.as_ref().map_or_else(|| "any alert".to_owned(), |alert| format!("alert `{alert}`"));
            let (file, monitor) = (rules.file.name(), &plan.monitors[rules.monitor].name);
            self.wrapped(
                &label(&row.name, names),
                &format!("{alert} of the Prometheus rules {file}, on {monitor}; bench alone"),
            );
        }
    }

    fn expectations(&mut self, plan: &Plan) {
        if !plan.expectations.is_empty() {
            self.heading("expected");
        }
        for expectation in &plan.expectations {
            self.wrapped("  - ", &expectation.text);
        }
    }

    fn heading(&mut self, word: &str) {
        self.text.push('\n');
        self.line(word);
    }

    fn line(&mut self, line: &str) {
        self.text += line.trim_end();
        self.text.push('\n');
    }

    /// `text` after `label`, its further lines under the first.
    fn wrapped(&mut self, label: &str, text: &str) {
        let indent = label.chars().count();
        let mut line = label.to_owned();
        let mut used = indent;
        for word in text.split_whitespace() {
            let length = word.chars().count();
            if used > indent && used + 1 + length > self.width {
                self.line(&line);
                line = " ".repeat(indent);
                used = indent;
            }
            if used > indent {
                line.push(' ');
                used += 1;
            }
            line += word;
            used += length;
        }
        self.line(&line);
    }
}

/// How wide the column of these names is.
fn column<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(|name| name.chars().count()).max().unwrap_or(0).min(NAME_WIDTH_MAX)
}

/// A name in its column, cut if it is too long.
fn label(name: &str, width: usize) -> String {
    if name.chars().count() <= width {
        return format!("  {name:<width$}  ");
    }
    let cut: String = name.chars().take(width - 1).collect();
    format!("  {cut}…  ")
}

fn row_name(fault: &Fault, several_services: bool) -> String {
    if several_services {
        format!("{} {}", fault.parts.service, fault.parts.name)
    } else {
        fault.parts.name.to_string()
    }
}

/// The scenario time at the left edge of a cell.
fn instant(clock: &ScenarioClock, cell: usize, columns: usize) -> SimTime {
    let span = clock.until.since(clock.from);
    clock.from.plus(span.mul_f64(cell as f64 / columns as f64))
}

fn shade(level: f64) -> char {
    match level {
        l if l <= 0.0 => '·',
        l if l < 0.34 => '░',
        l if l < 0.67 => '▒',
        l if l < 0.995 => '▓',
        _ => '█',
    }
}

fn fault_line(fault: &Fault) -> String {
    let parts = &fault.parts;
    let directions = match parts.directions {
        Directions::ToServer => "to server",
        Directions::ToClient => "to client",
        Directions::Both => "both directions",
    };
    let odds = (parts.probability != Ratio::ONE).then(|| format!("{} of connections", parts.probability));
    let peers: Vec<String> = parts.peers.iter().map(|peer| String::from(peer.clone())).collect();
    let peers = (!peers.is_empty()).then(|| format!("from {}", peers.join(", ")));
    let facts = [Some(fault_text(fault)), Some(directions.to_owned()), buckets_text(fault), odds, peers];
    facts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn windows_line(windows: &[Window], clock: &ScenarioClock) -> String {
    if windows.is_empty() {
        return "not in force in what is played".to_owned();
    }
    let listed: Vec<String> =
        windows.iter().take(WINDOWS_LISTED_MAX).map(|window| window_text(*window)).collect();
    let listed = listed.join(", ");
    if windows.len() <= WINDOWS_LISTED_MAX {
        return listed;
    }
    let active: f64 = windows.iter().map(|window| window.until.since(window.from).as_secs_f64()).sum();
    let share = 100.0 * active / clock.until.since(clock.from).as_secs_f64();
    format!("{listed}, … {} windows, {share:.0}% of the time", windows.len())
}

/// What a monitor probes: `portal`, `portal (10 instances)`, `a, b and c`.
fn monitor_targets(monitor: &super::plan::MonitorPlan, plan: &Plan) -> String {
    if !monitor.pairs.is_empty() {
        let pair = |place: &usize| format!("{} to {}", plan.pairs[*place].from, plan.pairs[*place].to);
        return match &monitor.pairs[..] {
            [one] => format!("{}, in `brownout bench` alone,", pair(one)),
            many => format!("{} pairs of sites, in `brownout bench` alone,", many.len()),
        };
    }
    let names: Vec<&str> = monitor.targets.iter().map(|service| &*plan.services[*service].name).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) if rest.iter().all(|name| name == last) => {
            format!("{last} ({} instances)", names.len())
        }
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::load::Overrides;
    use crate::scenario::load_file;

    fn shipped(name: &str, overrides: &Overrides) -> Plan {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
        load_file(&path, overrides).expect("a shipped scenario loads")
    }

    #[test]
    fn a_page_at_80_columns() {
        insta::assert_snapshot!(explain(&shipped("first-five.yaml", &Overrides::default()), 80));
    }

    #[test]
    fn a_page_at_120_columns() {
        insta::assert_snapshot!(explain(&shipped("latency.yaml", &Overrides::default()), 120));
    }

    #[test]
    fn an_excerpt_says_so() {
        let at = |secs| Some(Duration::from_secs(secs));
        let overrides = Overrides { from: at(10), until: at(26), speed: Some(4.0), ..Overrides::default() };
        insta::assert_snapshot!(explain(&shipped("first-five.yaml", &overrides), 60));
    }

    #[test]
    fn nothing_is_wider_than_asked() {
        for name in ["first-five.yaml", "latency.yaml", "partial-blackhole.yaml"] {
            for width in [0, 48, 60, 80, 100, 500] {
                let page = explain(&shipped(name, &Overrides::default()), width);
                let widest = page.lines().map(|line| line.chars().count()).max().unwrap();
                assert!(widest <= width.clamp(WIDTH_MIN, WIDTH_MAX), "{name} at {width}: {widest}");
            }
        }
    }
}
