//! Alert rules at random, of every construct that is evaluated natively.
//!
//! Thresholds of single series are round, so that windows meet them exactly; those of sums over series are not, for Prometheus
//! adds series in no defined order, and the last bit of such a sum is nobody's.

use std::fmt::Write;

use brownout::base::{Label, Seed, Stream};

const GAUGES: [&str; 5] =
    ["up", "probe_success", "probe_duration_seconds", "queue_depth", "probe_success{service!=\"s1\"}"];
const COUNTERS: [&str; 3] =
    ["http_requests_total", "http_requests_total{code=~\"5..|404\"}", "http_requests_total{code=\"200\"}"];
const RANGES: [&str; 6] = ["1m", "90s", "2m30s", "5m", "10m", "37s"];
const OFFSETS: [&str; 6] = ["", "", "", "", " offset 1m", " offset 20s"];
const COMPARISONS: [&str; 6] = ["<", "<=", ">", ">=", "==", "!="];

const SINGLE_VALUES: [&str; 6] = [
    "absent(probe_success{instance=\"t2\"})",
    "absent_over_time(up{instance=\"t3\", job=\"blackbox\"}[1m])",
    "absent(up{instance=\"nobody\"} == 1)",
    "vector(scalar(count(up == 0))) > 1",
    "vector(scalar(sum(probe_success))) < 6",
    "time() - timestamp(probe_success) > 12",
];
const RECORDED: [&str; 6] = [
    "r:success:avg5m < 0.9",
    "r:success:avg5m == 1",
    "r:depth{kind=\"deep\"} > 15",
    "avg_over_time(r:depth[2m]) > 14",
    "r:requests:rate1m < 8.331",
    "count_over_time(r:depth[3m]) >= 12",
];
const CHOSEN: [&str; 6] = [
    "topk(2, probe_duration_seconds) > 1",
    "bottomk by (service) (1, node_filesystem_avail_bytes) < 3e9",
    "quantile by (service) (0.5, probe_duration_seconds) > 0.1517",
    "stddev by (service) (queue_depth) > 6.1",
    "label_replace(up, \"zone\", \"z$1\", \"instance\", \"t(.)\") == 0",
    "label_join(up, \"both\", \"/\", \"job\", \"service\") == 0",
];

/// The text of a rules file with this many alerts, `A0`, `A1` and so on, and a few recordings before them.
pub(crate) fn rules(seed: u64, alerts: usize) -> String {
    let mut text = String::from(
        "groups:\n- name: recorded\n  rules:\n\
         \x20 - {record: \"r:success:avg5m\", expr: \"avg_over_time(probe_success[5m])\"}\n\
         \x20 - {record: \"r:depth\", expr: \"queue_depth > 10\", labels: {kind: deep}}\n\
         \x20 - {record: \"r:requests:rate1m\", expr: \"sum by (service) (rate(http_requests_total[1m]))\"}\n\
         - name: alerts\n  rules:\n",
    );
    for alert in 0..alerts {
        let mut random = Seed(seed).stream(Label::new("rule").ordinal(alert as u64));
        let expr = expression(&mut random);
        let hold = pick(&mut random, &["0s", "0s", "15s", "1m", "100s"]);
        let keep = pick(&mut random, &["0s", "0s", "0s", "30s", "2m"]);
        let label =
            pick(&mut random, &["x", "{{ $labels.service }}", "{{ $labels.instance }}-{{ $labels.code }}"]);
        writeln!(
            text,
            "  - alert: A{alert}\n    expr: |-\n      {expr}\n    for: {hold}\n    keep_firing_for: {keep}\n    labels: {{l: \"{label}\"}}"
        )
        .expect("a `String` takes it");
    }
    text
}

fn pick<'a>(random: &mut Stream, items: &[&'a str]) -> &'a str {
    items[random.below(items.len() as u64) as usize]
}

/// A vector of single series with a round threshold that it may meet.
fn single(random: &mut Stream) -> (String, String) {
    let (range, offset) = (pick(random, &RANGES), pick(random, &OFFSETS));
    let gauge = pick(random, &GAUGES);
    let counter = pick(random, &COUNTERS);
    match random.below(17) {
        0 => (format!("{gauge}{offset}"), pick(random, &["0", "1", "7", "0.5"]).into()),
        1 | 2 => (
            format!("avg_over_time({gauge}[{range}]{offset})"),
            pick(random, &["0.9", "0.8", "0.75", "1", "0.6"]).into(),
        ),
        3 => {
            let function = pick(random, &["min_over_time", "max_over_time", "last_over_time"]);
            (format!("{function}({gauge}[{range}]{offset})"), pick(random, &["0", "1", "9"]).into())
        }
        4 => (
            format!("sum_over_time({gauge}[{range}]{offset})"),
            pick(random, &["3", "18", "20", "40"]).into(),
        ),
        5 => (
            format!("count_over_time({gauge}[{range}]{offset})"),
            pick(random, &["4", "19", "20", "21"]).into(),
        ),
        6 => (format!("changes({gauge}[{range}]{offset})"), pick(random, &["0", "2", "3"]).into()),
        7 => (format!("resets({counter}[10m]{offset})"), "0".into()),
        8 | 9 => {
            (format!("rate({counter}[{range}]{offset})"), pick(random, &["0.2", "0.5", "2.5", "0"]).into())
        }
        10 => (
            format!("increase({counter}[{range}]{offset})"),
            pick(random, &["20", "150", "0", "1000"]).into(),
        ),
        11 => (format!("irate({counter}[{range}]{offset})"), pick(random, &["0.2", "1", "2.6"]).into()),
        12 => {
            let function = pick(random, &["delta", "idelta", "deriv"]);
            (format!("{function}(queue_depth[{range}]{offset})"), pick(random, &["0", "2", "-0.05"]).into())
        }
        13 => {
            let q = pick(random, &["0.1", "0.5", "0.9"]);
            (
                format!("quantile_over_time({q}, {gauge}[{range}]{offset})"),
                pick(random, &["1", "0.2", "9"]).into(),
            )
        }
        14 => {
            let function = pick(random, &["stddev_over_time", "stdvar_over_time"]);
            (format!("{function}({gauge}[{range}]{offset})"), pick(random, &["0", "0.25", "0.5"]).into())
        }
        15 => (format!("predict_linear(queue_depth[{range}]{offset}, 300)"), "12".into()),
        _ => {
            let inner =
                pick(random, &["up", "probe_success", "queue_depth > 3", "rate(http_requests_total[1m])"]);
            let step = pick(random, &["[5m:30s]", "[5m:]", "[3m:7s]", "[4m:1m] offset 1m"]);
            let function =
                pick(random, &["avg_over_time", "max_over_time", "count_over_time", "min_over_time"]);
            (format!("{function}(({inner}){step})"), pick(random, &["0.9", "1", "4", "7"]).into())
        }
    }
}

fn compared(random: &mut Stream) -> String {
    let (vector, threshold) = single(random);
    let comparison = pick(random, &COMPARISONS);
    if random.below(8) == 0 {
        return format!("{threshold} {comparison} {vector}");
    }
    format!("{vector} {comparison} {threshold}")
}

fn expression(random: &mut Stream) -> String {
    match random.below(20) {
        0..=6 => compared(random),
        7..=11 => aggregated(random),
        12 => {
            let set =
                pick(random, &["and", "unless", "and on (instance)", "unless ignoring (code, job)", "or"]);
            format!("({}) {set} ({})", compared(random), compared(random))
        }
        13 => {
            let (comparison, threshold) = (pick(random, &["<", ">"]), pick(random, &["0.0411", "0.833"]));
            let sum = "sum by (instance) (http_requests_total)";
            format!("http_requests_total / on (instance) group_left () {sum} {comparison} {threshold}")
        }
        14 => histogram(random),
        15 => {
            let (vector, threshold) = single(random);
            let shapes = [
                "abs(V - T) < 0.2",
                "V * 2 >= bool T == 1",
                "ceil(V) == T",
                "clamp(V, 0.1, T) == T",
                "-V < -T",
            ];
            pick(random, &shapes).replace('V', &vector).replace('T', &threshold)
        }
        16 => pick(random, &SINGLE_VALUES).to_owned(),
        17 => pick(random, &RECORDED).to_owned(),
        18 => pick(random, &CHOSEN).to_owned(),
        _ => {
            let ((left, _), range) = (single(random), pick(random, &RANGES));
            let right = format!("avg_over_time(probe_duration_seconds[{range}]) * 1.0137");
            format!("{left} {} ignoring (code) group_left () {right}", pick(random, &["<", ">"]))
        }
    }
}

fn aggregated(random: &mut Stream) -> String {
    let comparison = pick(random, &["<", ">", "<=", ">="]);
    let range = pick(random, &RANGES);
    match random.below(5) {
        0 | 1 => {
            let (vector, _) = single(random);
            let by = pick(
                random,
                &["sum by (service)", "avg by (service)", "max without (instance, code)", "min"],
            );
            format!(
                "{by} ({vector}) {comparison} {}",
                pick(random, &["0.8731", "3.0017", "0.1713", "19.333"])
            )
        }
        2 => {
            let by = pick(random, &["count by (service)", "count", "group by (job)"]);
            format!("{by} ({}) >= {}", compared(random), pick(random, &["1", "2", "3"]))
        }
        _ => {
            let bad = format!("sum by (service) (rate(http_requests_total{{code=~\"5..\"}}[{range}]))");
            let all = format!("sum by (service) (rate(http_requests_total[{range}]))");
            format!("{bad} / {all} {comparison} {}", pick(random, &["0.1013", "0.0977", "0.117"]))
        }
    }
}

fn histogram(random: &mut Stream) -> String {
    let (q, range) = (pick(random, &["0.5", "0.9", "0.99"]), pick(random, &RANGES));
    let buckets = format!("sum by (le, service) (rate(http_request_duration_seconds_bucket[{range}]))");
    let (comparison, threshold) = (pick(random, &["<", ">"]), pick(random, &["0.0973", "0.61", "0.4019"]));
    format!("histogram_quantile({q}, {buckets}) {comparison} {threshold}")
}
