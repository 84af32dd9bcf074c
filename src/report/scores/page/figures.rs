//! The table: a row for each detector, as a terminal has it, with its rule below its name.

use std::time::Duration;

use super::super::super::text::{UNKNOWN, escape, percent};
use super::super::table::{group, per_day, range, seconds};
use super::chart::put;
use crate::base::format_duration;
use crate::event::{BenchScores, DetectorScores, Found};

pub(super) fn table(scores: &BenchScores) -> String {
    let deadlines = scores.detectors.first().map_or(&[][..], |first| &first.within);
    let within = deadlines
        .iter()
        .map(|(limit, _)| format!("<th>in {}</th>", format_duration(Duration::from_secs_f64(*limit))))
        .collect::<Vec<String>>()
        .concat();
    let mut rows = String::new();
    let mut title = None;
    for detector in &scores.detectors {
        let own = group(detector);
        if title != own {
            let told = own.clone().unwrap_or_else(|| "told, not measured".to_owned());
            put(
                &mut rows,
                format_args!(
                    "<tr class=\"monitor\"><td colspan=\"{}\">{}</td></tr>",
                    6 + deadlines.len(),
                    escape(&told)
                ),
            );
            title = own;
        }
        rows += &row(detector);
    }
    format!(
        "<div class=\"wide\"><table class=\"figures\"><thead><tr><th>detector</th><th>found</th><th>median</th><th>9 of 10</th>{within}\
         <th>false alarms a day</th><th>alarms</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

fn row(detector: &DetectorScores) -> String {
    let class = if detector.found.count == 0 { " class=\"never\"" } else { "" };
    let within = detector
        .within
        .iter()
        .map(|(_, found)| format!("<td>{}</td>", share(found)))
        .collect::<Vec<String>>()
        .concat();
    let rate = detector.false_alarms.as_ref().map_or_else(|| UNKNOWN.to_owned(), per_day);
    let alarms = detector.alarms.map_or_else(|| UNKNOWN.to_owned(), |alarms| format!("{alarms:.1}"));
    format!(
        "<tr{class}><td>{}<span class=\"rule\">{}</span></td><td><span class=\"bar\"><i style=\"width:{:.1}%\"></i></span>{}</td>\
         <td>{}<br/><span class=\"range\">{}</span></td><td>{}</td>{within}<td>{}</td><td>{alarms}</td></tr>",
        escape(&detector.name),
        escape(&detector.rule),
        detector.found.share() * 100.0,
        share(&detector.found),
        seconds(detector.median.value),
        escape(&range(&detector.median)),
        seconds(detector.p90.value),
        escape(&rate),
    )
}

fn share(found: &Found) -> String {
    if found.of == 0 { UNKNOWN.to_owned() } else { percent(found.share()) }
}
