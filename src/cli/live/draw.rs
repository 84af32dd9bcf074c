//! The picture: a scene and where the person is, as lines on a terminal. Pure: the same scene gives the same picture.
//!
//! Colour repeats what signs and words say; without it nothing is lost. Figures stand to the right in columns of fixed
//! width, so nothing jumps.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::columns::{fit, left, right, sparkline};
use super::scene::{Scene, ServiceScene};
use super::tables;
use super::typing;
use super::ui::{Focus, Ui};
use crate::base::Direction;
use crate::cli::figures;
use crate::scenario::fault_keys;

/// Below this there is no room for a picture.
const WIDTH_MIN: u16 = 60;
const HEIGHT_MIN: u16 = 12;
/// Most services that have a line; the shown one is always among them.
const SERVICES_SHOWN_MAX: usize = 4;
/// Most lines of the log.
const LOGS_SHOWN_MAX: usize = 3;

/// The keys, the most needed first; the last two always have their place.
const KEYS: [(&str, &str); 9] = [
    ("a", "add"),
    ("e", "change"),
    ("p", "pause"),
    ("d", "remove"),
    ("k", "kill"),
    ("K", "kill all"),
    ("Tab", "table"),
    ("?", "help"),
    ("q", "quit"),
];

/// What text looks like: the terminal's own colours, and two more where they are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Palette {
    pub(super) colour: bool,
}

// === impl Palette ===

impl Palette {
    pub(super) const PLAIN: Style = Style::new();
    pub(super) const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
    pub(super) const DIM: Style = Style::new().add_modifier(Modifier::DIM);

    /// What is at work.
    pub(super) const fn active(self) -> Style {
        if self.colour { Style::new().fg(Color::Red) } else { Self::STRONG }
    }

    /// What went wrong.
    pub(super) const fn bad(self) -> Style {
        self.active().add_modifier(Modifier::BOLD)
    }

    /// What is well.
    pub(super) const fn good(self) -> Style {
        if self.colour { Style::new().fg(Color::Green) } else { Self::PLAIN }
    }
}

/// Draws all of it.
pub(super) fn draw(frame: &mut Frame<'_>, scene: &Scene, ui: &Ui, palette: Palette) {
    let area = frame.area();
    if area.width < WIDTH_MIN || area.height < HEIGHT_MIN {
        let text = fit("too small: 60 × 12 or more, please", area.width.into());
        return frame.render_widget(Line::from(text), area);
    }
    let Some(service) = ui.service(scene) else { return };
    let services = service_lines(scene, ui, area.width.into());
    let bottom = if ui.input.is_some() { typing::HEIGHT } else { 1 };
    let logs = scene.logs.len().min(LOGS_SHOWN_MAX);
    // Title, rates, headings, and a line between parts.
    let fixed = 1 + services.len() + 2 + 1 + 1 + 1 + 1 + bottom + logs + usize::from(logs > 0);
    let room = usize::from(area.height).saturating_sub(fixed);
    let faults = service.now.faults.len().max(1).min((room / 2).max(1));
    let connections = room.saturating_sub(faults);
    let heights =
        [1, services.len(), 2, 1, 1 + faults, 1, 1 + connections, usize::from(logs > 0), logs, bottom];
    let heights = heights.map(|height| Constraint::Length(u16::try_from(height).unwrap_or(u16::MAX)));
    let [title, names, rates, _, faults, _, connections, _, log, foot] =
        Layout::vertical(heights).areas(area);
    frame.render_widget(title_line(scene, area.width.into()), title);
    lines(frame, names, services);
    lines(frame, rates, rate_lines(service, area.width.into()));
    lines(frame, faults, tables::faults(scene, ui, palette, faults));
    lines(frame, connections, tables::connections(scene, ui, palette, connections));
    let kept = &scene.logs[scene.logs.len() - logs..];
    let log_line = |text: &String| Line::styled(fit(&format!(" {text}"), area.width.into()), Palette::DIM);
    lines(frame, log, kept.iter().map(log_line).collect());
    match &ui.input {
        Some(input) => typing::draw(frame, foot, input, &service.now.name, palette),
        None => frame.render_widget(foot_line(ui, palette, area.width.into()), foot),
    }
    if ui.help {
        help(frame, area);
    }
}

/// Draws lines from the top of an area, as many as fit.
pub(super) fn lines(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'_>>) {
    for (line, row) in lines.into_iter().zip(area.rows()) {
        frame.render_widget(line, row);
    }
}

fn title_line(scene: &Scene, width: usize) -> Line<'static> {
    let age = figures::age(scene.now.since_start());
    let open: usize = scene.services.iter().map(|service| service.now.open).sum();
    let state = match (scene.ending, scene.until) {
        (true, _) => format!("ending: {open} still open; q again ends at once "),
        (false, Some(until)) => format!("{age}, ends in {} ", figures::age(until.since(scene.now))),
        (false, None) => format!("{age} "),
    };
    let name = " brownout proxy";
    Line::from(vec![Span::styled(name, Palette::STRONG), Span::raw(right(&state, width - name.len()))])
}

/// A line for each service; of many, those around the shown one.
fn service_lines(scene: &Scene, ui: &Ui, width: usize) -> Vec<Line<'static>> {
    let several = scene.services.len() > 1;
    let first = (ui.service + 1).saturating_sub(SERVICES_SHOWN_MAX);
    let shown = scene.services.iter().enumerate().skip(first).take(SERVICES_SHOWN_MAX);
    let names = scene.services.iter().map(|service| service.now.name.len()).max().unwrap_or(0).min(20);
    shown
        .map(|(place, service)| {
            let now = &service.now;
            let marked = several && place == ui.service;
            let mark = if marked { " ▸ " } else { "   " };
            let counts = format!("{:>5} open {:>7} accepted ", now.open, now.accepted);
            let route = format!("  {} → {}", now.listen, now.upstream);
            let room = width.saturating_sub(3 + names + counts.len());
            let name = Span::styled(left(&now.name, names), Palette::STRONG);
            let counts = Span::styled(counts, Palette::DIM);
            Line::from(vec![Span::raw(mark), name, Span::raw(left(&route, room)), counts])
        })
        .collect()
}

fn rate_lines(service: &ServiceScene, width: usize) -> Vec<Line<'static>> {
    let line = |direction: Direction| {
        let words = match direction {
            Direction::ToServer => "   to server",
            Direction::ToClient => "   to client",
        };
        let rates = &service.rates[direction.index()];
        let rate = format!("{}/s", figures::bytes(rates.last().copied().unwrap_or(0)));
        let total = format!("{} in all ", figures::bytes(service.now.delivered[direction.index()]));
        let room = width.saturating_sub(12 + 11 + 2 + 16);
        Line::from(vec![
            Span::styled(words, Palette::DIM),
            Span::raw(right(&rate, 11)),
            Span::raw("  "),
            Span::raw(sparkline(rates, room)),
            Span::styled(right(&total, 16), Palette::DIM),
        ])
    };
    Direction::ALL.map(line).to_vec()
}

/// The title of a table in so many columns: strong while the arrows move in it.
pub(super) fn heading(title: &str, focus: Focus, ui: &Ui, columns: usize) -> Span<'static> {
    let focused = ui.focus == focus && ui.input.is_none();
    Span::styled(left(&format!("   {title}"), columns), if focused { Palette::STRONG } else { Palette::DIM })
}

fn foot_line(ui: &Ui, palette: Palette, width: usize) -> Line<'static> {
    if let Some(notice) = &ui.notice {
        let style = if notice.failed { palette.bad() } else { palette.good() };
        return Line::styled(fit(&format!(" {}", notice.text), width), style);
    }
    let columns = |(key, word): &(&str, &str)| key.len() + word.len() + 3;
    let (last, first) = (&KEYS[KEYS.len() - 2..], &KEYS[..KEYS.len() - 2]);
    let mut room = width.saturating_sub(last.iter().map(columns).sum::<usize>() + 1);
    let fitting = first.iter().take_while(|key| {
        let fits = columns(key) <= room;
        room = room.saturating_sub(columns(key));
        fits
    });
    let spans = fitting.chain(last).flat_map(|(key, word)| {
        [Span::raw(" "), Span::styled(*key, Palette::STRONG), Span::styled(format!(" {word} "), Palette::DIM)]
    });
    Line::from(spans.collect::<Vec<_>>())
}

fn help(frame: &mut Frame<'_>, area: Rect) {
    let keys = [
        ("a", "add a fault, in force from now: the text of its flag"),
        ("e Enter", "change the marked fault, from now"),
        ("p", "pause it, or go on: its schedule runs meanwhile"),
        ("d", "remove it"),
        ("k", "end the marked connection with an RST"),
        ("K", "end all connections of the service"),
        ("Tab ↑ ↓", "between the tables, and in them"),
        ("← →", "another service"),
        ("o", "open connections alone, or all"),
        ("+ -", "less or more time in the tracks; │ is now"),
        ("q Ctrl-C", "end the proxy; again: at once"),
    ];
    let line = |(key, words): &(&str, &str)| {
        Line::from(vec![
            Span::styled(format!("  {}", left(key, 10)), Palette::STRONG),
            Span::raw((*words).to_owned()),
        ])
    };
    let mut all = vec![Line::default()];
    all.extend(keys.iter().map(line));
    all.push(Line::default());
    for text in examples() {
        all.push(Line::styled(format!("  {text}"), Palette::DIM));
    }
    let width = area.width.min(72);
    let height = u16::try_from(all.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let place = area.centered(Constraint::Length(width), Constraint::Length(height));
    let block = ratatui::widgets::Block::bordered().title(" keys ").style(Palette::PLAIN);
    let inner = block.inner(place);
    frame.render_widget(ratatui::widgets::Clear, place);
    frame.render_widget(block, place);
    lines(frame, inner, all);
}

/// Texts to begin with.
fn examples() -> [String; 3] {
    let kinds: Vec<&str> = fault_keys().iter().map(|key| key.name).collect();
    [
        "latency 80ms~20ms     blackhole 20%,at=10s,for=30s,every=1m".to_owned(),
        "bandwidth 1MB/s       reset after=5s,probability=30%".to_owned(),
        fit(&format!("faults: {}", kinds.join(" ")), 66),
    ]
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::super::fixture;
    use super::super::ui::{Input, Notice};
    use super::*;
    use crate::diag::{Code, Diagnostic};

    fn picture(scene: &Scene, ui: &Ui, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, scene, ui, Palette { colour: false })).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn the_usual_terminal() {
        assert_snapshot!(picture(&fixture::scene(), &Ui::new(), 80, 24));
    }

    #[test]
    fn a_wide_terminal() {
        let mut ui = Ui::new();
        ui.focus = Focus::Connections;
        ui.notice = Some(Notice { text: "added: latency@2m".to_owned(), failed: false });
        assert_snapshot!(picture(&fixture::scene(), &ui, 130, 20));
    }

    #[test]
    fn several_services() {
        let mut scene = fixture::scene();
        let mut second = scene.services[0].clone();
        second.now.name = "database".into();
        second.now.faults.clear();
        second.connections.clear();
        scene.services.push(second);
        scene.until = None;
        let mut ui = Ui::new();
        ui.service = 1;
        assert_snapshot!(picture(&scene, &ui, 80, 14));
    }

    #[test]
    fn a_mistake_is_shown_where_it_is() {
        let mut ui = Ui::new();
        let text = "latency 80ms,fro=10s".to_owned();
        let mistake = Diagnostic::error(Code::UnknownKey, "unknown key `fro`")
            .at(13..16, "")
            .hint("did you mean `for`?");
        ui.input = Some(Input { replaces: None, cursor: text.len(), text, mistake: Some(mistake) });
        assert_snapshot!(picture(&fixture::scene(), &ui, 80, 16));
    }

    #[test]
    fn the_help_lies_over_it() {
        let mut ui = Ui::new();
        ui.help = true;
        // The kinds that there are would change the picture with each new one.
        let picture = picture(&fixture::scene(), &ui, 80, 24);
        let kinds = |line: &&str| !line.contains("faults: latency");
        assert_snapshot!(picture.lines().filter(kinds).collect::<Vec<_>>().join("\n"));
    }

    /// Any size draws, down to none; a size below the least says so.
    #[test]
    fn every_size_is_drawn() {
        let mut ui = Ui::new();
        for width in [1, 20, 59, 60, 79, 100, 200] {
            for height in [1, 11, 12, 13, 24, 60] {
                for typed in
                    [None, Some(Input { text: "latency ".repeat(40), cursor: 300, ..Input::default() })]
                {
                    ui.input = typed;
                    picture(&fixture::scene(), &ui, width, height);
                }
            }
        }
    }

    /// Without colours nothing that a terminal would colour is asked for.
    #[test]
    fn no_colour_is_no_colour() {
        let mut terminal = Terminal::new(TestBackend::new(100, 24)).unwrap();
        for colour in [false, true] {
            let (scene, ui) = (fixture::scene(), Ui::new());
            terminal.draw(|frame| draw(frame, &scene, &ui, Palette { colour })).unwrap();
            let coloured = terminal.backend().buffer().content.iter().any(|cell| cell.fg != Color::Reset);
            assert_eq!(coloured, colour);
        }
    }
}
