//! `Ui`: where the person at the live view is, and what a key means there. Pure: keys in, acts out.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::scene::{ConnectionRow, Scene, ServiceScene};
use crate::base::limits::FAULT_TEXT_CHARS_MAX;
use crate::diag::Diagnostic;
use crate::engine::{EditError, FaultNow};

/// How much time the tracks of the faults show, in seconds.
pub(super) const SPANS: [u64; 5] = [30, 180, 900, 3_600, 6 * 3_600];

/// Where the person is.
#[derive(Debug)]
pub(super) struct Ui {
    pub(super) service: usize,
    pub(super) focus: Focus,
    /// The fault's place in its table.
    pub(super) fault: usize,
    /// The connection; it keeps the mark wherever its row moves. None: the first one.
    pub(super) connection: Option<u64>,
    pub(super) open_only: bool,
    /// The place in [`SPANS`].
    pub(super) span: usize,
    pub(super) input: Option<Input>,
    pub(super) help: bool,
    /// What came of the last act.
    pub(super) notice: Option<Notice>,
}

/// Which table the arrows move in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Focus {
    Faults,
    Connections,
}

/// The text of a fault being typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Input {
    /// The fault that it is to replace.
    pub(super) replaces: Option<String>,
    pub(super) text: String,
    /// A byte of `text`, at the start of a character or at the end.
    pub(super) cursor: usize,
    /// What was wrong with it when it was last tried.
    pub(super) mistake: Option<Diagnostic>,
}

/// What came of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) text: String,
    pub(super) failed: bool,
}

/// What the person wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Add { service: String, text: String },
    Change { service: String, fault: String, text: String },
    Pause { service: String, fault: String, paused: bool },
    Remove { service: String, fault: String },
    Kill { service: String, ordinal: u64 },
    KillAll { service: String },
    Quit,
}

// === impl Ui ===

impl Ui {
    pub(super) const fn new() -> Self {
        Self {
            service: 0,
            focus: Focus::Faults,
            fault: 0,
            connection: None,
            open_only: false,
            span: 1,
            input: None,
            help: false,
            notice: None,
        }
    }

    /// The service that is shown.
    pub(super) fn service<'a>(&self, scene: &'a Scene) -> Option<&'a ServiceScene> {
        scene.services.get(self.service)
    }

    /// The marked fault.
    pub(super) fn marked_fault<'a>(&self, scene: &'a Scene) -> Option<&'a FaultNow> {
        let faults = &self.service(scene)?.now.faults;
        faults.get(self.fault.min(faults.len().saturating_sub(1)))
    }

    /// The connections in the table.
    pub(super) fn connections<'a>(&self, scene: &'a Scene) -> Vec<&'a ConnectionRow> {
        let all = self.service(scene).into_iter().flat_map(|service| &service.connections);
        all.filter(|row| row.is_open() || !self.open_only).collect()
    }

    /// The place of the marked connection in the table: its own, or that of the next older one if it is gone.
    pub(super) fn connection_place(&self, rows: &[&ConnectionRow]) -> usize {
        let Some(marked) = self.connection else { return 0 };
        rows.iter().position(|row| row.ordinal <= marked).unwrap_or(rows.len().saturating_sub(1))
    }

    /// A key was pressed.
    pub(super) fn on_key(&mut self, key: KeyEvent, scene: &Scene) -> Option<Act> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && key.code == KeyCode::Char('c') {
            return Some(Act::Quit);
        }
        self.notice = None;
        if self.help {
            self.help = false;
            return None;
        }
        if self.input.is_some() {
            return self.on_input_key(key, control, scene);
        }
        match key.code {
            KeyCode::Char('q') => return Some(Act::Quit),
            KeyCode::Char('?' | 'h') => self.help = true,
            KeyCode::Tab | KeyCode::BackTab => {
                self.focus = match self.focus {
                    Focus::Faults => Focus::Connections,
                    Focus::Connections => Focus::Faults,
                };
            }
            KeyCode::Left => {
                let last = scene.services.len().saturating_sub(1);
                self.show_service(self.service.checked_sub(1).unwrap_or(last));
            }
            KeyCode::Right => self.show_service((self.service + 1) % scene.services.len().max(1)),
            KeyCode::Up => self.step(-1, scene),
            KeyCode::Down => self.step(1, scene),
            KeyCode::PageUp => self.step(-10, scene),
            KeyCode::PageDown => self.step(10, scene),
            KeyCode::Home => self.step(isize::MIN / 2, scene),
            KeyCode::End => self.step(isize::MAX / 2, scene),
            KeyCode::Char('o') => self.open_only = !self.open_only,
            KeyCode::Char('+') => self.span = self.span.saturating_sub(1),
            KeyCode::Char('-') => self.span = (self.span + 1).min(SPANS.len() - 1),
            KeyCode::Char('a') => self.input = Some(Input::default()),
            KeyCode::Char('e') => self.begin_change(scene),
            KeyCode::Enter if self.focus == Focus::Faults => self.begin_change(scene),
            _ => return self.act(key.code, scene),
        }
        None
    }

    /// An act is done, or could not be.
    pub(super) fn done(&mut self, outcome: Result<String, EditError>) {
        self.notice = match outcome {
            Ok(text) => {
                self.input = None;
                Some(Notice { text, failed: false })
            }
            Err(EditError::Text(error)) if self.input.is_some() => {
                if let Some(input) = &mut self.input {
                    input.mistake = error.diagnostics.into_iter().next();
                }
                None
            }
            Err(error) => Some(Notice { text: error.to_string(), failed: true }),
        };
    }

    fn act(&self, key: KeyCode, scene: &Scene) -> Option<Act> {
        let service = self.service(scene)?.now.name.to_string();
        let fault =
            || self.marked_fault(scene).map(|fault| (fault.fault.parts.name.to_string(), fault.paused));
        match key {
            KeyCode::Char('p') => {
                fault().map(|(fault, paused)| Act::Pause { service, fault, paused: !paused })
            }
            KeyCode::Char('d') | KeyCode::Delete => fault().map(|(fault, _)| Act::Remove { service, fault }),
            KeyCode::Char('k') => {
                let rows = self.connections(scene);
                let row = rows.get(self.connection_place(&rows)).filter(|row| row.is_open())?;
                Some(Act::Kill { service, ordinal: row.ordinal })
            }
            KeyCode::Char('K') => Some(Act::KillAll { service }),
            _ => None,
        }
    }

    fn show_service(&mut self, service: usize) {
        (self.service, self.fault, self.connection) = (service, 0, None);
    }

    fn step(&mut self, by: isize, scene: &Scene) {
        let moved = |place: usize, count: usize| place.saturating_add_signed(by).min(count.saturating_sub(1));
        match self.focus {
            Focus::Faults => {
                let count = self.service(scene).map_or(0, |service| service.now.faults.len());
                self.fault = moved(self.fault.min(count.saturating_sub(1)), count);
            }
            Focus::Connections => {
                let rows = self.connections(scene);
                let place = moved(self.connection_place(&rows), rows.len());
                // On the first row the mark stays with the latest connection.
                self.connection = rows.get(place).filter(|_| place > 0).map(|row| row.ordinal);
            }
        }
    }

    fn begin_change(&mut self, scene: &Scene) {
        let Some(fault) = self.marked_fault(scene) else { return };
        let text = fault.text.as_deref().unwrap_or_default().to_owned();
        let replaces = Some(fault.fault.parts.name.to_string());
        self.input = Some(Input { replaces, cursor: text.len(), text, mistake: None });
    }

    fn on_input_key(&mut self, key: KeyEvent, control: bool, scene: &Scene) -> Option<Act> {
        let service = self.service(scene)?.now.name.to_string();
        let input = self.input.as_mut()?;
        match key.code {
            KeyCode::Esc => self.input = None,
            KeyCode::Enter if input.text.trim().is_empty() => self.input = None,
            KeyCode::Enter => {
                let text = input.text.clone();
                return Some(match input.replaces.clone() {
                    None => Act::Add { service, text },
                    Some(fault) => Act::Change { service, fault, text },
                });
            }
            KeyCode::Char(c) if control => input.edit_by(c),
            KeyCode::Char(c) => input.insert(c),
            code => input.move_by(code),
        }
        None
    }
}

// === impl Input ===

impl Input {
    fn insert(&mut self, c: char) {
        if self.text.len() < FAULT_TEXT_CHARS_MAX && !c.is_control() {
            self.text.insert(self.cursor, c);
            self.cursor += c.len_utf8();
            self.mistake = None;
        }
    }

    fn move_by(&mut self, code: KeyCode) {
        let before = self.text[..self.cursor].char_indices().next_back().map_or(0, |(at, _)| at);
        let after =
            self.text[self.cursor..].chars().next().map_or(self.cursor, |c| self.cursor + c.len_utf8());
        match code {
            KeyCode::Left => self.cursor = before,
            KeyCode::Right => self.cursor = after,
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Backspace => self.cut(before, self.cursor),
            KeyCode::Delete => self.cut(self.cursor, after),
            _ => {}
        }
    }

    /// What shells do on Control and a letter.
    fn edit_by(&mut self, letter: char) {
        match letter {
            'a' => self.cursor = 0,
            'e' => self.cursor = self.text.len(),
            'u' => self.cut(0, self.cursor),
            'w' => {
                let word = self.text[..self.cursor].trim_end_matches([' ', ',']);
                let start = word.rfind([' ', ',']).map_or(0, |at| at + 1);
                self.cut(start, self.cursor);
            }
            _ => {}
        }
    }

    fn cut(&mut self, from: usize, until: usize) {
        self.text.replace_range(from..until, "");
        self.cursor = from;
        self.mistake = None;
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn press(ui: &mut Ui, scene: &Scene, keys: &[KeyCode]) -> Option<Act> {
        let mut act = None;
        for key in keys {
            act = ui.on_key(KeyEvent::new(*key, KeyModifiers::NONE), scene);
        }
        act
    }

    fn typed(text: &str) -> Vec<KeyCode> {
        text.chars().map(KeyCode::Char).collect()
    }

    #[test]
    fn a_fault_is_typed_corrected_and_added() {
        let (mut ui, scene) = (Ui::new(), fixture::scene());
        press(&mut ui, &scene, &typed("alatency 80s"));
        press(&mut ui, &scene, &[KeyCode::Left, KeyCode::Char('m'), KeyCode::End]);
        let act = press(&mut ui, &scene, &[KeyCode::Enter]);
        assert_eq!(act, Some(Act::Add { service: "api".into(), text: "latency 80ms".into() }));
        assert!(ui.input.is_some(), "it stays until it is known to be right");
        ui.done(Ok("added".into()));
        assert!(ui.input.is_none() && ui.notice.is_some());
    }

    #[test]
    fn a_change_begins_with_the_text_and_escape_leaves_it() {
        let (mut ui, scene) = (Ui::new(), fixture::scene());
        press(&mut ui, &scene, &[KeyCode::Down, KeyCode::Char('e')]);
        let input = ui.input.clone().unwrap();
        assert_eq!(
            (input.text.as_str(), input.replaces.as_deref()),
            ("blackhole 20%,at=2m30s,for=30s,every=1m30s", Some("dark"))
        );
        assert_eq!(press(&mut ui, &scene, &[KeyCode::Esc]), None);
        assert!(ui.input.is_none());
        assert_eq!(
            press(&mut ui, &scene, &typed("p")),
            Some(Act::Pause { service: "api".into(), fault: "dark".into(), paused: true })
        );
    }

    /// The mark follows its connection; a connection that has ended can't be killed.
    #[test]
    fn connections_keep_the_mark() {
        let (mut ui, scene) = (Ui::new(), fixture::scene());
        press(&mut ui, &scene, &[KeyCode::Tab, KeyCode::Down]);
        let marked = ui.connections(&scene)[1].ordinal;
        assert_eq!(
            press(&mut ui, &scene, &typed("k")),
            Some(Act::Kill { service: "api".into(), ordinal: marked })
        );
        press(&mut ui, &scene, &[KeyCode::End]);
        assert_eq!(press(&mut ui, &scene, &typed("k")), None, "the oldest has ended");
        assert_eq!(press(&mut ui, &scene, &typed("K")), Some(Act::KillAll { service: "api".into() }));
        press(&mut ui, &scene, &typed("o"));
        assert!(ui.connections(&scene).iter().all(|row| row.is_open()));
    }

    #[test]
    fn ways_out() {
        let (mut ui, scene) = (Ui::new(), fixture::scene());
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        press(&mut ui, &scene, &typed("a"));
        assert_eq!(ui.on_key(interrupt, &scene), Some(Act::Quit), "in the midst of typing too");
        press(&mut ui, &scene, &typed("q"));
        assert_eq!(ui.input.as_ref().unwrap().text, "q");
        press(&mut ui, &scene, &[KeyCode::Esc]);
        press(&mut ui, &scene, &typed("?"));
        assert!(ui.help);
        assert_eq!(press(&mut ui, &scene, &typed("q")), None, "any key closes the help");
        assert_eq!(press(&mut ui, &scene, &typed("q")), Some(Act::Quit));
    }

    proptest::proptest! {
        /// No sequence of keys panics, and the cursor stays on a character.
        #[test]
        fn any_keys_are_borne(keys in proptest::collection::vec(0_usize..16, 0..60)) {
            let (mut ui, scene) = (Ui::new(), fixture::scene());
            let all = [
                KeyCode::Char('a'), KeyCode::Char('é'), KeyCode::Char('e'), KeyCode::Char('d'), KeyCode::Char('o'),
                KeyCode::Left, KeyCode::Right, KeyCode::Up, KeyCode::Down, KeyCode::Home, KeyCode::End,
                KeyCode::Backspace, KeyCode::Delete, KeyCode::Tab, KeyCode::PageDown, KeyCode::Esc,
            ];
            for key in keys {
                press(&mut ui, &scene, &[all[key]]);
                if let Some(input) = &ui.input {
                    proptest::prop_assert!(input.text.is_char_boundary(input.cursor));
                }
            }
        }
    }
}
