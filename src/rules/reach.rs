//! What rules need of their series: which metrics they read, and how far they look back.

use std::time::Duration;

use super::eval::LOOKBACK_MS;
use super::expr::{Expr, Shift, WindowSource};
use super::file::{Rule, RuleFile, RuleKind};

// === impl RuleFile ===

impl RuleFile {
    /// Whether any rule may mean a series of this metric.
    pub fn reads(&self, metric: &str) -> bool {
        self.rules().any(|rule| rule.expr.selectors().iter().any(|selector| selector.may_mean(metric)))
    }

    /// How far one evaluation looks back: older samples no longer matter to any rule. None, where `@` names an instant.
    pub fn reach(&self) -> Option<Duration> {
        let reaches: Option<Vec<i64>> = self.rules().map(|rule| reach_ms(&rule.expr)).collect();
        Some(millis(reaches?.into_iter().max().unwrap_or_default()))
    }

    /// How long until an alert no longer depends on how its series began: recorded series look back in turn, and `for` waits.
    /// None, where `@` names an instant.
    pub fn memory(&self) -> Option<Duration> {
        let rules: Vec<&Rule> = self.rules().collect();
        let memories: Option<Vec<i64>> =
            (0..rules.len()).map(|index| memory_ms(&rules, index, &mut vec![false; rules.len()])).collect();
        Some(millis(memories?.into_iter().max().unwrap_or_default()))
    }
}

/// What a rule depends on, through the rules that it reads; one that reads itself remembers no longer by that.
fn memory_ms(rules: &[&Rule], index: usize, above: &mut Vec<bool>) -> Option<i64> {
    above[index] = true;
    let rule = rules[index];
    let mut recorded = 0;
    for (other, writer) in rules.iter().enumerate() {
        let reads = || rule.expr.selectors().iter().any(|selector| selector.may_mean(&writer.name));
        if !above[other] && !writer.is_alert() && reads() {
            recorded = recorded.max(memory_ms(rules, other, above)?);
        }
    }
    above[index] = false;
    let waits = match &rule.kind {
        RuleKind::Alert { hold, keep, .. } => *hold + *keep,
        RuleKind::Record => Duration::ZERO,
    };
    let waits = i64::try_from(waits.as_millis()).unwrap_or(i64::MAX);
    Some(reach_ms(&rule.expr)?.saturating_add(recorded).saturating_add(waits))
}

fn reach_ms(expr: &Expr) -> Option<i64> {
    let mut reach = match expr {
        Expr::Select(selector) => back(selector.shift, LOOKBACK_MS)?,
        Expr::Range(call) => match &call.source {
            WindowSource::Series(selector) => back(selector.shift, call.range_ms)?,
            WindowSource::Subquery { of, shift, .. } => {
                back(*shift, call.range_ms.saturating_add(reach_ms(of)?))?
            }
        },
        _ => 0,
    };
    for child in expr.children() {
        reach = reach.max(reach_ms(child)?);
    }
    Some(reach)
}

fn back(shift: Shift, ms: i64) -> Option<i64> {
    shift.at_ms.is_none().then(|| ms.saturating_add(shift.offset_ms.max(0)))
}

fn millis(ms: i64) -> Duration {
    Duration::from_millis(ms.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reach and the memory in seconds of rules that record `r` over 10 min, and of an alert with this expression.
    fn of(expr: &str) -> Option<(u64, u64)> {
        let text = format!(
            "groups:\n- name: g\n  rules:\n  - {{record: r, expr: 'avg_over_time(up[10m])'}}\n  \
             - {{alert: A, expr: '{expr}', for: 2m}}\n"
        );
        let file = RuleFile::parse("rules.yml", &text).unwrap();
        Some((file.reach()?.as_secs(), file.memory()?.as_secs()))
    }

    #[test]
    fn windows_offsets_and_recordings_add_up() {
        assert_eq!(of("up == 0"), Some((600, 600)));
        assert_eq!(of("rate(up[1h] offset 30m) > 1"), Some((5_400, 5_520)));
        assert_eq!(of("max_over_time(r[1h]) > 1"), Some((3_600, 4_320)));
        assert_eq!(of("max_over_time(rate(up[5m])[1h:1m]) > 1"), Some((3_900, 4_020)));
        assert_eq!(of("up @ 100 == 0"), None);
    }

    #[test]
    fn what_is_read_is_known() {
        let text =
            "groups:\n- name: g\n  rules:\n  - {alert: A, expr: 'rate(http_requests_total[5m]) > 1'}\n";
        let file = RuleFile::parse("rules.yml", text).unwrap();
        assert!(file.reads("http_requests_total") && !file.reads("up"));
    }
}
