//! Prometheus' own word: the same rules and series as a file for `promtool test rules`, and its answer read.
//!
//! `promtool` compares what fires with what is expected and prints the difference. So the file expects, at every tick and of
//! every alert, that nothing fires; and what is printed is what does. Nothing is run here: this is text to text.
//!
//! What `promtool` can't do is its own: it evaluates every group at the one interval, holds at most 10,000 samples of a
//! query, and begins at 0.

use std::fmt::Write;
use std::time::Duration;

use super::file::format_prometheus_duration;
use super::labels::{Labels, Quoted};
use super::store::{SeriesStore, is_stale};

/// What to ask `promtool`.
#[derive(Clone, Copy, Debug)]
pub struct PromtoolTest<'a> {
    /// The rules file, as `promtool` finds it from the test file's folder.
    pub rules: &'a str,
    /// The names of its groups, in the order of evaluation.
    pub groups: &'a [&'a str],
    /// The names of its alerts.
    pub alerts: &'a [&'a str],
    /// The series; every time is at 0 or after it.
    pub store: &'a SeriesStore,
    /// How often rules are evaluated, from 0 on.
    pub interval: Duration,
    /// The last tick is at or before this.
    pub until_ms: i64,
}

/// An alert that fires at a tick.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Firing {
    /// The tick, in milliseconds.
    pub at_ms: i64,
    /// The alert's labels, `alertname` among them.
    pub labels: Labels,
}

/// Why `promtool` couldn't be asked, or gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromtoolError {
    /// `promtool` knows no time before 0.
    #[error("{series} has a sample before 0, which `promtool` can't be given")]
    BeforeZero {
        /// The series.
        series: String,
    },
    /// It told an error, or something that isn't understood.
    #[error("`promtool` says: {line}")]
    Unexpected {
        /// The line.
        line: String,
    },
}

// === impl PromtoolTest ===

impl PromtoolTest<'_> {
    /// The text of the test file.
    pub fn to_yaml(&self) -> Result<String, PromtoolError> {
        let interval = format_prometheus_duration(self.interval);
        let grid = self.grid_ms();
        let mut yaml = format!("rule_files: [{}]\nevaluation_interval: {interval}\n", Quoted(self.rules));
        let names: Vec<String> = self.groups.iter().map(|name| Quoted(name).to_string()).collect();
        line(&mut yaml, format_args!("group_eval_order: [{}]", names.join(", ")));
        let step = format_prometheus_duration(Duration::from_millis(grid as u64));
        line(&mut yaml, format_args!("tests:\n- interval: {step}\n  input_series:"));
        for (labels, times, values) in self.store.iter() {
            if times.first().is_some_and(|first| *first < 0) {
                return Err(PromtoolError::BeforeZero { series: labels.to_string() });
            }
            let name = labels.to_string();
            line(
                &mut yaml,
                format_args!("  - series: {}\n    values: '{}'", Quoted(&name), runs(times, values, grid)),
            );
        }
        line(&mut yaml, format_args!("  alert_rule_test:"));
        let mut at = Duration::ZERO;
        while at.as_millis() as i64 <= self.until_ms {
            let time = format_prometheus_duration(at);
            for alert in self.alerts {
                line(&mut yaml, format_args!("  - {{eval_time: {time}, alertname: {}}}", Quoted(alert)));
            }
            at += self.interval;
        }
        Ok(yaml)
    }

    /// The widest step that every sample is on.
    fn grid_ms(&self) -> i64 {
        let times = self.store.iter().flat_map(|(_, times, _)| times);
        match times.fold(0, |step, time| gcd(step, *time)) {
            0 => self.interval.as_millis() as i64,
            step => step,
        }
    }
}

fn line(yaml: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(yaml, "{text}").expect("writing to a `String` does not fail");
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}

/// Samples in `promtool`'s notation: `1x3` is four ones, `_x2` two steps without a sample.
fn runs(times: &[i64], values: &[f64], grid: i64) -> String {
    let mut words = Vec::new();
    let mut next = 0;
    let mut index = 0;
    while index < times.len() {
        let gap = times[index] / grid - next;
        if gap > 0 {
            words.push(format!("_x{gap}"));
        }
        let same = |other: &usize| {
            values[*other].to_bits() == values[index].to_bits()
                && times[*other] == times[index] + ((*other - index) as u64).cast_signed() * grid
        };
        let more = (index + 1..times.len()).take_while(same).count();
        let value = values[index];
        match (is_stale(value), more) {
            (true, _) => words.extend(std::iter::repeat_n("stale".to_owned(), more + 1)),
            (false, 1..) if value.is_finite() => words.push(format!("{value}x{more}")),
            (false, _) => words.extend(std::iter::repeat_n(number(value), more + 1)),
        }
        index += more + 1;
        next = times[index - 1] / grid + 1;
    }
    words.join(" ")
}

fn number(value: f64) -> String {
    if value.is_infinite() { if value > 0.0 { "Inf" } else { "-Inf" }.to_owned() } else { value.to_string() }
}

/// What fires, from what `promtool test rules` printed (both of its outputs), in the order of time and name.
pub fn firing(output: &str) -> Result<Vec<Firing>, PromtoolError> {
    let mut firing = Vec::new();
    let mut at_ms = None;
    let mut in_expected = false;
    for text in output.lines() {
        let text = text.trim();
        let unexpected = || PromtoolError::Unexpected { line: text.to_owned() };
        if let Some(rest) = text.strip_prefix("alertname: ") {
            let (_, time) = rest.rsplit_once("time: ").ok_or_else(unexpected)?;
            at_ms = Some(go_duration_ms(time.trim_end_matches([',', ' '])).ok_or_else(unexpected)?);
        } else if text.starts_with("exp:") {
            in_expected = !text.contains(']');
        } else if text.starts_with("got:") {
            in_expected = false;
        } else if let Some(labels) = text.strip_prefix("Labels:") {
            let labels = labels_of(labels).ok_or_else(unexpected)?;
            if !in_expected {
                firing.push(Firing { at_ms: at_ms.ok_or_else(unexpected)?, labels });
            }
        } else if text.contains("err") && !text.starts_with("Annotations:") {
            return Err(unexpected());
        }
    }
    if firing.is_empty() && !output.contains("SUCCESS") {
        let line = output.lines().find(|line| !line.trim().is_empty() && !line.contains("Unit Testing"));
        return Err(PromtoolError::Unexpected { line: line.unwrap_or("nothing").trim().to_owned() });
    }
    firing.sort();
    Ok(firing)
}

/// A duration as Go prints it: `1h8m30s`, `1m0.5s`, `500ms`, `0s`.
fn go_duration_ms(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut millis = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
        millis += number
            * match &rest[digits..unit_end] {
                "w" => 604_800_000.0,
                "d" => 86_400_000.0,
                "h" => 3_600_000.0,
                "m" => 60_000.0,
                "s" => 1_000.0,
                "ms" => 1.0,
                _ => return None,
            };
        rest = &rest[unit_end..];
    }
    Some(millis.round() as i64)
}

/// `{a="b", c="d"}`.
fn labels_of(text: &str) -> Option<Labels> {
    let mut rest = text.strip_prefix('{')?.strip_suffix('}')?;
    let mut pairs: Vec<(String, String)> = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next()? {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next()?.1 {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    other @ ('"' | '\\') => other,
                    _ => return None,
                }),
                (_, c) => value.push(c),
            }
        };
        pairs.push((name.to_owned(), value));
        rest = after[end + 1..].trim_start_matches([',', ' ']);
    }
    Some(Labels::new(pairs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::STALE;

    #[test]
    fn samples_become_runs() {
        let text = runs(&[0, 10, 20, 40, 50, 60], &[1.0, 1.0, 0.5, 0.5, STALE, f64::NAN], 10);
        assert_eq!(text, "1x1 0.5 _x1 0.5 stale NaN");
        assert_eq!(runs(&[30], &[-1.5], 10), "_x3 -1.5");
    }

    #[test]
    fn what_fires_is_read() {
        let output = "Unit Testing:  t.yml\n  FAILED:\n    alertname: A, time: 1h0m15s, \n        exp:[], \n        got:[\n\
                      \x20           0:\n              Labels:{alertname=\"A\", job=\"a\\\"b\"}\n              \
                      Annotations:{about=\"err\"}\n            ]\n";
        let labels = Labels::new([("alertname", "A"), ("job", "a\"b")]);
        assert_eq!(firing(output), Ok(vec![Firing { at_ms: 3_615_000, labels }]));
        assert_eq!(firing("Unit Testing:  t.yml\n  SUCCESS\n"), Ok(Vec::new()));
        assert!(firing("  FAILED:\nrules.yml: yaml: no such file\n").is_err());
        assert!(firing("").is_err());
    }
}
