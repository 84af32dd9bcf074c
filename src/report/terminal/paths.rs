//! Paths over a WAN: what became of them, and what made it.

use super::super::canvas::{Page, Tone};
use super::super::tally::Tally;
use super::super::text;
use super::summary::heading;

/// Most paths; the machine-readable report has all.
const PATHS_MAX: usize = 50;

/// Per service with a path: how long it was dark for some flows, how dark it was at its worst, its delays.
pub(super) fn paths(page: &mut Page, tally: &Tally) {
    if tally.paths.is_empty() {
        return;
    }
    let line = heading(page, "paths");
    page.push(line);
    for (service, path) in tally.paths.iter().take(PATHS_MAX) {
        let ends =
            path.info.as_ref().map_or_else(String::new, |info| format!(", {} to {}", info.from, info.to));
        page.paragraph(Tone::Strong, &format!("{}{}", text::clean(service), text::clean(&ends)), 2);
        let words = match path.until(tally.played_until()) {
            None => "nothing was told of it".to_owned(),
            Some(history) => {
                let by = path.info.as_ref().map_or_else(String::new, |info| format!(", by {}", info.backend));
                format!("{history}{}{by}", changes(path.changes))
            }
        };
        page.paragraph(Tone::Dim, &text::clean(&words), 4);
    }
}

fn changes(count: u64) -> String {
    match count {
        0 => String::new(),
        count => format!(", {}", text::plural(count, "change", "changes")),
    }
}
