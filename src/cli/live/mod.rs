//! The live view of a proxy: what flows, which faults are in force, who is connected, and keys to change it.
//!
//! ```text
//!  events ─▶ Feed ─╮
//!  engine::Live ───┴─▶ Eye ─▶ Scene ─▶ draw ─▶ terminal
//!       ▲                       │
//!       ╰──── Act ◀─── Ui ◀─────┴─── keys
//! ```
//!
//! A thread of its own looks, draws and reads keys a few times a second; it holds up nothing. `Scene`, `Ui` and the drawing
//! are pure; `terminal` promises that the terminal is given back clean.

mod columns;
mod draw;
#[cfg(test)]
mod fixture;
mod scene;
mod tables;
mod terminal;
mod typing;
mod ui;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use ratatui::crossterm::event::{self, Event as Input};
use rustix::process::{Signal, getpid, kill_process};

use self::draw::Palette;
use self::scene::{Eye, Feed};
use self::terminal::Screen;
pub(super) use self::terminal::leave;
use self::ui::{Act, Ui};
use super::logging;
use super::play::Audience;
use crate::base::SimTime;
use crate::engine::{EditError, Live};
use crate::event::Entry;
use crate::report::Tally;

/// How often the picture is drawn when no key is pressed.
const DRAW_EVERY: Duration = Duration::from_millis(250);

/// The view, as the one who sees the events.
#[derive(Debug, Default)]
pub(super) struct View {
    feed: Arc<Feed>,
    thread: Arc<std::sync::Mutex<Option<JoinHandle<()>>>>,
    over: Arc<AtomicBool>,
}

/// What begins the view, once there is something to see.
pub(super) type Opener = Box<dyn FnOnce(Live) -> io::Result<()> + Send>;

// === impl View ===

impl View {
    /// What opens it. Until then it only listens.
    pub(super) fn opener(&self, colour: bool) -> Opener {
        let (feed, thread, over) = (Arc::clone(&self.feed), Arc::clone(&self.thread), Arc::clone(&self.over));
        Box::new(move |live| {
            let screen = Screen::enter()?;
            logging::keep(true);
            let eye = Eye::new(live.clone(), feed);
            let watching = std::thread::Builder::new()
                .name("view".into())
                .spawn(move || watch(screen, eye, &live, Palette { colour }, &over))?;
            *thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(watching);
            Ok(())
        })
    }
}

impl Audience for View {
    fn record(&mut self, entry: &Entry, _tally: &Tally) {
        self.feed.record(entry);
    }

    fn tick(&mut self, _now: SimTime, _tally: &Tally) {}

    fn end(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let thread = self.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        // One that panicked has given the terminal back.
        let _panicked = thread.map(JoinHandle::join);
        leave();
        logging::keep(false);
    }
}

/// Looks, draws and acts until the run is over, or nobody is left to see it.
fn watch(mut screen: Screen, mut eye: Eye, live: &Live, palette: Palette, over: &AtomicBool) {
    let (mut ui, mut ending) = (Ui::new(), false);
    while !over.load(Ordering::Relaxed) && Screen::is_ours() {
        let scene = eye.look(ui.service, ending);
        if screen.draw(|frame| draw::draw(frame, &scene, &ui, palette)).is_err() {
            return;
        }
        // Everything that was pressed meanwhile, then one picture.
        let mut wait = DRAW_EVERY;
        while event::poll(wait).unwrap_or(false) {
            wait = Duration::ZERO;
            let Ok(input) = event::read() else { return };
            let Input::Key(key) = input else { continue };
            let Some(act) = ui.on_key(key, &scene) else { continue };
            if act == Act::Quit {
                ending = true;
            }
            let outcome = perform(live, act);
            ui.done(outcome);
        }
    }
}

fn perform(live: &Live, act: Act) -> Result<String, EditError> {
    let listed = |names: Vec<Arc<str>>| names.join(", ");
    Ok(match act {
        Act::Add { service, text } => format!("added: {}", listed(live.add(&service, &text)?)),
        Act::Change { service, fault, text } => {
            format!("changed: {}", listed(live.change(&service, &fault, &text)?))
        }
        Act::Pause { service, fault, paused } => {
            live.pause(&service, &fault, paused)?;
            format!("{}: {fault}", if paused { "paused" } else { "goes on" })
        }
        Act::Remove { service, fault } => {
            live.remove(&service, &fault)?;
            format!("removed: {fault}")
        }
        Act::Kill { service, ordinal } => {
            live.kill(&service, ordinal)?;
            format!("ended: #{ordinal}")
        }
        Act::KillAll { service } => format!("ended: {} connections", live.kill_all(&service)?),
        Act::Quit => {
            // The same road as any other request to end; a second one ends at once.
            let _always_there = kill_process(getpid(), Signal::INT);
            String::new()
        }
    })
}
