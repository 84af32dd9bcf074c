//! The order of the parts, and the lines above them: what ran, with which seed, for how long.

use super::super::canvas::{Line, Page, Tone, View};
use super::super::strip;
use super::super::tally::{Outcome, Tally};
use super::{ending, paths, tables};
use crate::base::{SimTime, format_duration};
use crate::event::Header;

/// The whole report of a run, for a terminal.
pub fn summary(tally: &Tally, view: &View) -> String {
    let mut page = Page::new(*view);
    title(&mut page, tally);
    strip::draw(&mut page, tally);
    tables::services(&mut page, tally);
    paths::paths(&mut page, tally);
    tables::monitors(&mut page, tally);
    tables::faults(&mut page, tally);
    tables::alarms(&mut page, tally);
    ending::expectations(&mut page, tally);
    ending::command(&mut page, tally);
    ending::notes(&mut page, tally);
    ending::verdict(&mut page, tally);
    page.finish()
}

/// What a proxy leaves behind: what happened, and no judgement where none was asked for.
pub fn recap(tally: &Tally, view: &View) -> String {
    let mut page = Page::new(*view);
    if let Some(header) = &tally.header {
        let line = Line::new().put(Tone::Strong, &*header.scenario).put(Tone::Dim, "   ");
        let lasted = format_duration(tally.played_until().since(header.from));
        page.push(line.put(Tone::Plain, format!("{lasted}, seed {}", header.seed)));
    }
    strip::draw(&mut page, tally);
    tables::services(&mut page, tally);
    paths::paths(&mut page, tally);
    tables::faults(&mut page, tally);
    ending::command(&mut page, tally);
    ending::notes(&mut page, tally);
    if tally.outcome() != Outcome::Passed || !tally.verdicts.is_empty() {
        ending::verdict(&mut page, tally);
    }
    page.finish()
}

/// Begins a part: an empty line and its title.
pub(super) fn heading(page: &mut Page, title: &str) -> Line {
    page.blank();
    Line::new().put(Tone::Strong, title)
}

fn title(page: &mut Page, tally: &Tally) {
    let Some(header) = &tally.header else {
        page.push(Line::new().put(Tone::Bad, "a run whose header is missing"));
        return;
    };
    let dot = page.view.sign(" · ", ", ");
    let mut facts = vec![format!("seed {}", header.seed), played(tally, header)];
    facts.push(format!("speed {}x", header.speed));
    let line = Line::new().put(Tone::Strong, &*header.scenario).put(Tone::Dim, "   ");
    page.push(line.put(Tone::Plain, facts.join(dot)));
    if let Some(about) = &header.about {
        page.paragraph(Tone::Dim, about, 0);
    }
    if let Some(starts_at) = &header.starts_at {
        page.paragraph(Tone::Dim, &format!("0s is {starts_at}"), 0);
    }
}

/// `5m played`, `12s of 5m played`, `from 1h to 1h10m`.
fn played(tally: &Tally, header: &Header) -> String {
    let (played, planned) = (tally.played_until().since(header.from), header.until.since(header.from));
    let length = if played == planned {
        format!("{} played", format_duration(planned))
    } else {
        format!("{} of {} played", format_duration(played), format_duration(planned))
    };
    if header.from == SimTime::ZERO { length } else { format!("{length} from {}", header.from) }
}
