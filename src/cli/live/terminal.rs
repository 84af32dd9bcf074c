//! `Screen`: the terminal while the view has it, and the promise that it is given back clean.
//!
//! However the process ends (by a key, a signal, a second signal, a panic in any thread), raw mode is left, the alternate
//! screen is left and the cursor is shown, once. SIGKILL alone can't be answered.

use std::io::{self, Stderr, stderr};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

/// Whether the view has the terminal.
static ENTERED: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The terminal. Dropping it gives it back.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stderr>>,
}

// === impl Screen ===

impl Screen {
    /// Takes the terminal behind stderr.
    pub(super) fn enter() -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                leave();
                before(panic);
            }));
        });
        enable_raw_mode()?;
        ENTERED.store(true, Ordering::SeqCst);
        let entered = execute!(stderr(), EnterAlternateScreen, Hide);
        let terminal = entered.and_then(|()| Terminal::new(CrosstermBackend::new(stderr())));
        terminal.map(|terminal| Self { terminal }).inspect_err(|_| leave())
    }

    /// Whether the view still has it: a panic elsewhere gives it back.
    pub(super) fn is_ours() -> bool {
        ENTERED.load(Ordering::SeqCst)
    }

    pub(super) fn draw(&mut self, picture: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(picture).map(drop)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Else the terminal's own end would show it again, after us.
        let _gone = self.terminal.show_cursor();
        leave();
    }
}

/// Gives the terminal back, if the view has it.
pub(in crate::cli) fn leave() {
    if ENTERED.swap(false, Ordering::SeqCst) {
        // Nobody is left to hear that it failed.
        let _gone = execute!(stderr(), LeaveAlternateScreen, Show);
        let _gone = disable_raw_mode();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::process::{Command, Stdio};

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

    use super::*;

    /// Set for the test's own second run, in which it crashes.
    const CRASH: &str = "BROWNOUT_TEST_CRASH";

    /// A panic while the view has the terminal: it is given back before the message is written, once. The test runs itself
    /// again, on a terminal of its own.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test has no command line of its own")]
    fn a_crash_leaves_the_terminal_clean() {
        if std::env::var_os(CRASH).is_some() {
            let _screen = Screen::enter().unwrap();
            panic!("crashed on purpose");
        }
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let terminal = || fs_err::OpenOptions::new().read(true).write(true).open(&name).unwrap();
        let keeper = terminal();
        tcsetwinsize(&keeper, Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let before = format!("{:?}", tcgetattr(&keeper).unwrap());
        let stdio = || Stdio::from(terminal().into_file());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "cli::live::terminal::tests::a_crash_leaves_the_terminal_clean", "--nocapture"])
            .env(CRASH, "1")
            .env("RUST_BACKTRACE", "0")
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .unwrap();
        let mut seen = Vec::new();
        let mut reader = std::fs::File::from(master);
        while !String::from_utf8_lossy(&seen).contains("test result") {
            let mut buffer = [0; 4_096];
            let read = reader.read(&mut buffer).unwrap();
            seen.extend_from_slice(&buffer[..read]);
        }
        assert!(!child.wait().unwrap().success(), "it crashed");
        let seen = String::from_utf8_lossy(&seen);
        let at = |text: &str| seen.find(text).unwrap_or_else(|| panic!("no {text:?} in {seen:?}"));
        assert!(at("\u{1b}[?1049h") < at("\u{1b}[?1049l\u{1b}[?25h"));
        assert!(at("\u{1b}[?1049l\u{1b}[?25h") < at("crashed on purpose"));
        assert_eq!(seen.matches("\u{1b}[?1049l").count(), 1);
        assert_eq!(format!("{:?}", tcgetattr(&keeper).unwrap()), before);
    }
}
