//! Dead rules: alerts that can never fire on the series there are, and why.
//!
//! A silent alert is taken for a quiet night. So before rules are judged, each alert is followed from its end to its
//! selectors: does every series exist that it needs, can every comparison hold, given what values a metric can have? The
//! answer is never a guess: what isn't known to be impossible counts as possible (`bounds` has the arithmetic of that).

mod bounds;

use std::time::Duration;

use indexmap::IndexMap;

use bounds::Bounds;

use super::expr::{AggregateOp, Binary, BinaryOp, Expr, RangeCall, RangeFunction, Selector, WindowSource};
use super::file::{Rule, RuleFile, RuleKind, format_prometheus_duration};
use super::labels::METRIC_NAME;
use super::matcher::Test;
use super::store::SeriesStore;
use crate::diag::{Code, Diagnostic, did_you_mean};

/// Most values of a label that a hint lists.
const VALUES_TOLD_MAX: usize = 5;

/// The series that rules will be evaluated on.
#[derive(Clone, Copy, Debug)]
pub struct Supply<'a> {
    /// Every series that there will be; samples aren't looked at.
    pub store: &'a SeriesStore,
    /// From the first sample to the last tick.
    pub history: Duration,
    /// The least and the largest value of a metric, by its name; [`usual_values`] knows what names promise.
    pub values: fn(&str) -> (f64, f64),
}

/// What the name of a metric promises of its values: `up` and `probe_success` are 0 or 1; counts, sizes and times are
/// not negative.
pub fn usual_values(metric: &str) -> (f64, f64) {
    const NOT_NEGATIVE: [&str; 6] = ["_total", "_count", "_bucket", "_seconds", "_bytes", "_code"];
    match metric {
        "up" | "probe_success" => (0.0, 1.0),
        other if NOT_NEGATIVE.iter().any(|suffix| other.ends_with(suffix)) => (0.0, f64::INFINITY),
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    }
}

/// Why an expression gives nothing, whatever happens.
#[derive(Clone, Debug)]
struct Empty {
    why: String,
    place: (usize, usize),
    hint: Option<String>,
}

struct Checker<'a> {
    supply: Supply<'a>,
    recorded: IndexMap<&'a str, Result<Bounds, Empty>>,
    windows: Vec<(i64, (usize, usize))>,
}

/// Errors for the alerts of a file that can never fire, and warnings for windows that the history can't fill, in the order
/// of the file.
pub fn dead_rules(file: &RuleFile, supply: Supply<'_>) -> Vec<Diagnostic> {
    let mut checker = Checker { supply, recorded: IndexMap::new(), windows: Vec::new() };
    // A rule may read what a later one records, so names come first.
    for rule in file.rules().filter(|rule| !rule.is_alert()) {
        checker.recorded.insert(&rule.name, Ok(Bounds::ANY));
    }
    let mut told = Vec::new();
    for rule in file.rules() {
        checker.windows.clear();
        let gives = checker.gives(&rule.expr);
        let history_ms = i64::try_from(supply.history.as_millis()).unwrap_or(i64::MAX);
        let too_long = checker.windows.iter().find(|(range_ms, _)| *range_ms > history_ms);
        told.extend(too_long.map(|(range_ms, place)| unfilled(rule, supply.history, *range_ms, *place)));
        match &rule.kind {
            RuleKind::Record => {
                let known = checker.recorded.get(&*rule.name);
                // Two rules may record under one name: it is empty only if both are.
                let both = matches!(known, Some(Ok(bounds)) if *bounds != Bounds::ANY);
                if !both {
                    checker.recorded.insert(&rule.name, gives);
                }
            }
            RuleKind::Alert { hold, .. } => {
                let never = format!("alert `{}` can never fire", rule.name);
                if let Err(empty) = gives {
                    let (start, end) = empty.place;
                    let error = Diagnostic::error(Code::RuleDead, format!("{never}: {}", empty.why));
                    told.push(error.at(rule.place(start, end), "").maybe_hint(empty.hint));
                } else if *hold > supply.history {
                    let [hold, history] = [*hold, supply.history].map(format_prometheus_duration);
                    let why =
                        format!("{never}: its `for` of {hold} is longer than all {history} that there are");
                    told.push(Diagnostic::error(Code::RuleDead, why).at(rule.span, ""));
                }
            }
        }
    }
    told
}

fn unfilled(rule: &Rule, history: Duration, range_ms: i64, (start, end): (usize, usize)) -> Diagnostic {
    let window = format_prometheus_duration(Duration::from_millis(range_ms as u64));
    let history = format_prometheus_duration(history);
    let told = format!("`{}` looks back {window}, and there are only {history} of samples", rule.name);
    let warning = Diagnostic::warning(Code::RuleDead, told).at(rule.place(start, end), "");
    warning
        .hint("a window that isn't full gives the result of what is in it: give at least that much history")
}

// === impl Checker ===

impl Checker<'_> {
    /// The values that an expression may give, or why it gives none.
    fn gives(&mut self, expr: &Expr) -> Result<Bounds, Empty> {
        Ok(match expr {
            Expr::Number(number) => Bounds::point(*number),
            Expr::Time | Expr::Timestamp(_) | Expr::HistogramQuantile(..) => {
                for child in expr.children() {
                    self.gives(child)?;
                }
                Bounds::ANY
            }
            Expr::Select(selector) => self.selects(selector)?,
            Expr::Range(call) => self.window(call)?,
            Expr::Absent(of, _) => {
                // It gives 1 where the inner one gives nothing; whether that ever is can't be known.
                drop(self.gives(of));
                Bounds::point(1.0)
            }
            Expr::Scalar(of) => self.gives(of).unwrap_or(Bounds::ANY),
            Expr::Vector(of) | Expr::Relabel(of, _) => self.gives(of)?,
            Expr::Map(function, of, args) => {
                let of = self.gives(of)?;
                args.iter().fold((), |(), arg| drop(self.gives(arg)));
                of.mapped(*function)
            }
            Expr::Negate(of) => self.gives(of)?.negated(),
            Expr::Binary(binary) => self.binary(binary)?,
            Expr::Aggregate(aggregate) => {
                let of = self.gives(&aggregate.of)?;
                match aggregate.op {
                    AggregateOp::Sum => of.summed(),
                    AggregateOp::Count => Bounds { least: 1.0, most: f64::INFINITY },
                    AggregateOp::Group => Bounds::point(1.0),
                    AggregateOp::Stddev => of.deviation(),
                    AggregateOp::Stdvar => Bounds { least: 0.0, most: f64::INFINITY },
                    AggregateOp::Quantile => Bounds::ANY,
                    AggregateOp::Avg
                    | AggregateOp::Min
                    | AggregateOp::Max
                    | AggregateOp::Topk
                    | AggregateOp::Bottomk => of,
                }
            }
        })
    }

    fn window(&mut self, call: &RangeCall) -> Result<Bounds, Empty> {
        use RangeFunction as F;
        self.windows.push((call.range_ms, call.place));
        let of = match &call.source {
            WindowSource::Series(selector) => self.selects(selector),
            WindowSource::Subquery { of, .. } => self.gives(of),
        };
        if call.function == F::Absent {
            return Ok(Bounds::point(1.0));
        }
        let of = of?;
        Ok(match call.function {
            F::Avg | F::Min | F::Max | F::Last => of,
            F::Sum => of.summed(),
            F::Count => Bounds { least: 1.0, most: f64::INFINITY },
            F::Present | F::Absent => Bounds::point(1.0),
            F::Stddev => of.deviation(),
            F::Rate | F::Increase | F::Irate if of.least >= 0.0 => Bounds { least: 0.0, most: f64::INFINITY },
            F::Changes | F::Resets | F::Stdvar => Bounds { least: 0.0, most: f64::INFINITY },
            _ => Bounds::ANY,
        })
    }

    fn binary(&mut self, binary: &Binary) -> Result<Bounds, Empty> {
        let left = self.gives(&binary.left);
        let right = self.gives(&binary.right);
        match binary.op {
            BinaryOp::Or => {
                return match (left, right) {
                    (Ok(left), Ok(right)) => Ok(left.or(right)),
                    (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one),
                    (Err(empty), Err(_)) => Err(empty),
                };
            }
            BinaryOp::Unless => return left,
            BinaryOp::And => return right.and(left),
            _ => {}
        }
        let (left, right) = (left?, right?);
        if !binary.op.compares() {
            return Ok(left.combined(binary.op, right));
        }
        if binary.as_bool {
            return Ok(Bounds { least: 0.0, most: 1.0 });
        }
        if left.may(binary.op, right) {
            return Ok(if binary.left.is_scalar() { right } else { left });
        }
        let why =
            format!("`{}` never holds: its left side is {left}, its right side {right}", binary.op.name());
        Err(Empty { why, place: binary.place, hint: None })
    }

    /// The values of the series that a selector means.
    fn selects(&self, selector: &Selector) -> Result<Bounds, Empty> {
        let mut found: Option<Bounds> = None;
        let mut add = |bounds: Bounds| found = Some(found.map_or(bounds, |known| known.or(bounds)));
        for (labels, ..) in self.supply.store.iter().filter(|(labels, ..)| selector.accepts(labels)) {
            let (least, most) = (self.supply.values)(labels.name());
            add(Bounds { least, most });
        }
        let mut empty = None;
        for (name, bounds) in &self.recorded {
            match bounds {
                Ok(bounds) if selector.may_mean(name) => add(*bounds),
                Err(why) if selector.may_mean(name) => empty = Some((*name, why)),
                _ => {}
            }
        }
        // What alerts write of themselves has labels of its own.
        if selector.may_mean(super::alert::ALERTS) || selector.may_mean(super::alert::ALERTS_FOR_STATE) {
            add(Bounds::ANY);
        }
        found.ok_or_else(|| match empty {
            Some((name, why)) => {
                let why = format!("`{name}` is recorded by a rule that gives nothing ({})", why.why);
                Empty { why, place: selector.place, hint: None }
            }
            None => self.unknown(selector),
        })
    }

    /// Why no series is meant.
    fn unknown(&self, selector: &Selector) -> Empty {
        let names = || self.supply.store.names().chain(self.recorded.keys().copied());
        let told = |why: String, hint| Empty { why, place: selector.place, hint };
        let Some(name) = selector.name.as_deref() else {
            return told("no series has such labels".to_owned(), None);
        };
        let of_metric: Vec<_> = self.supply.store.of_metric(Some(name)).map(|(labels, _)| labels).collect();
        if of_metric.is_empty() {
            let known = || format!("the series are called {}", listed(names()));
            let hint = did_you_mean(name, names()).unwrap_or_else(known);
            return told(format!("there is no series `{name}`"), Some(hint));
        }
        let alone = |matcher: &&super::matcher::Matcher| {
            &*matcher.label != METRIC_NAME && !of_metric.iter().any(|labels| matcher.accepts(labels))
        };
        let Some(matcher) = selector.matchers.iter().find(alone) else {
            return told(format!("no series of `{name}` has all these labels"), None);
        };
        let mut values: Vec<&str> = of_metric.iter().map(|labels| labels.get(&matcher.label)).collect();
        values.sort_unstable();
        values.dedup();
        let meant = match &matcher.test {
            Test::Equal(wanted) => did_you_mean(wanted, values.iter().copied()),
            _ => None,
        };
        let hint = match values[..] {
            [""] => format!("none of them has a label `{}`", matcher.label),
            _ => {
                meant.unwrap_or_else(|| format!("`{}` is {}", matcher.label, listed(values.iter().copied())))
            }
        };
        told(format!("no series of `{name}` has such a `{}`", matcher.label), Some(hint))
    }
}

fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => "nothing: there are none".to_owned(),
        count if count > VALUES_TOLD_MAX => {
            format!("{} and {} more", names[..VALUES_TOLD_MAX].join(", "), count - VALUES_TOLD_MAX)
        }
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Labels;

    /// What is told of an alert with this expression.
    fn told(expr: &str) -> String {
        let text = format!(
            "groups:\n- name: g\n  rules:\n  - {{record: 'r:up', expr: 'avg_over_time(up[5m])'}}\n  \
             - {{record: 'r:gone', expr: 'nobody > 1'}}\n  - {{alert: A, expr: '{expr}', for: 5m}}\n"
        );
        let file = RuleFile::parse("rules.yml", &text).unwrap();
        let mut store = SeriesStore::new();
        store.series(Labels::metric("up", [("job", "api")])).unwrap();
        store.series(Labels::metric("probe_success", [("job", "blackbox")])).unwrap();
        store.series(Labels::metric("http_requests_total", [("code", "200")])).unwrap();
        let supply = Supply { store: &store, history: Duration::from_secs(6 * 3_600), values: usual_values };
        let told = dead_rules(&file, supply);
        let line = |told: &Diagnostic| {
            let place = told.span.map(|span| file.source.slice(span)).unwrap_or_default();
            format!("[{place}] {}; {}", told.message, told.hint.as_deref().unwrap_or(""))
        };
        told.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_metric_that_is_not_there_is_told_with_the_nearest_name() {
        let text = told("probe_sucess == 0");
        assert_eq!(
            text,
            "[probe_sucess] alert `A` can never fire: there is no series `probe_sucess`; did you mean `probe_success`?"
        );
        assert!(told("up{job=\"apl\"} == 0").contains("did you mean `api`?"));
        assert!(told("up{zone=\"a\"} == 0").contains("none of them has a label `zone`"));
        assert!(told("r:gone > 0").contains("recorded by a rule that gives nothing"));
        assert!(told("up == 0 and probe_sucess == 0").contains("no series `probe_sucess`"));
    }

    #[test]
    fn a_threshold_that_can_not_be_met_is_told() {
        assert!(told("probe_success < 0").contains("[<] alert `A` can never fire: `<` never holds"));
        assert!(told("avg by (job) (avg_over_time(up[5m])) > 1").contains("never holds"));
        assert!(told("1 - r:up > 14.4").contains("its left side is between 0 and 1, its right side 14.4"));
        assert!(told("rate(http_requests_total[5m]) < 0").contains("never holds"));
        assert!(told("up != 0 and 1 > bool 2 == up").is_empty(), "what may hold is not told");
    }

    #[test]
    fn what_can_fire_is_not_told() {
        for expr in [
            "probe_success == 0",
            "absent(nobody)",
            "nobody == 1 or up == 0",
            "up == 0 unless nobody",
            "1 - r:up > 0.5",
            "sum(up) > 100",
            "ALERTS{alertname=\"A\"} == 1",
            "sum(rate(http_requests_total[5m])) / sum(up) > 14.4 * 0.001",
        ] {
            assert_eq!(told(expr), "", "{expr}");
        }
    }

    #[test]
    fn windows_longer_than_history_are_told() {
        assert!(
            told("avg_over_time(up[3d]) < 1").contains("looks back 3d, and there are only 6h of samples")
        );
    }
}
