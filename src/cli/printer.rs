//! The only file that prints.
//!
//! Data goes to stdout, everything else to stderr, colours only where the stream wants them. A reader that has gone (`|
//! head`) is no error.

use std::io::{self, IsTerminal as _, Write as _};

use anstream::{AutoStream, ColorChoice};
use rustix::termios::tcgetwinsize;

use super::args::{ColourChoice, Verbosity};
use super::error::CliError;
use crate::diag::{Colour, Diagnostic, SourceFile, render};
use crate::report::{Charset, Color, View};
use crate::scenario::Plan;

/// Width of a page that goes to a file or a pipe.
const PAGE_COLUMNS: u16 = 100;

/// The two streams.
#[derive(Debug)]
pub(super) struct Printer {
    colour: ColorChoice,
    verbosity: Verbosity,
}

// === impl Printer ===

impl Printer {
    pub(super) fn new(choice: ColourChoice, verbosity: Verbosity) -> Self {
        let colour = match choice {
            ColourChoice::Auto => ColorChoice::Auto,
            ColourChoice::Always => ColorChoice::Always,
            ColourChoice::Never => ColorChoice::Never,
        };
        Self { colour, verbosity }
    }

    /// Data, to stdout.
    #[expect(clippy::unused_self, reason = "whoever prints has the printer")]
    pub(super) fn data(&mut self, text: &str) -> io::Result<()> {
        survive_broken_pipe(io::stdout().lock().write_all(text.as_bytes()))
    }

    /// Whether nobody wants progress and hints.
    pub(super) fn is_quiet(&self) -> bool {
        self.verbosity != Verbosity::Normal
    }

    /// A hint, to stderr.
    pub(super) fn note(&mut self, text: &str) {
        if !self.is_quiet() {
            self.tell(text);
        }
    }

    fn tell(&mut self, text: &str) {
        if self.verbosity == Verbosity::LogsOnly {
            return tracing::error!("{text}");
        }
        // Nobody is left to hear that nobody hears.
        let _unheard = writeln!(AutoStream::new(io::stderr(), self.colour), "{text}");
    }

    /// What went wrong, to stderr.
    pub(super) fn error(&mut self, error: &CliError) {
        match error {
            CliError::Scenario(mistakes) => {
                let coloured = self.stderr_has_colour() && self.verbosity != Verbosity::LogsOnly;
                let colour = if coloured { Colour::Ansi } else { Colour::Plain };
                self.tell(mistakes.render(colour).trim_end());
            }
            _ if self.verbosity == Verbosity::LogsOnly => self.tell(&error.to_string()),
            _ => self.tell(&format!("error: {error}")),
        }
    }

    /// What was assumed of files that a scenario names, to stderr.
    pub(super) fn warnings(&mut self, plan: &Plan) {
        let colour = if self.stderr_has_colour() { Colour::Ansi } else { Colour::Plain };
        for (file, warnings) in plan.warnings.iter().filter(|(_, warnings)| !warnings.is_empty()) {
            self.note(render(file, warnings, colour).trim_end());
        }
    }

    /// What is noteworthy in a file, to stderr, though work goes on.
    pub(super) fn diagnostics(&mut self, file: &SourceFile, told: &[Diagnostic]) {
        let colour = if self.stderr_has_colour() { Colour::Ansi } else { Colour::Plain };
        if !told.is_empty() {
            self.note(render(file, told, colour).trim_end());
        }
    }

    /// How a page for stdout should look.
    pub(super) fn view(&self) -> View {
        let columns = if io::stdout().is_terminal() { columns_of(io::stdout()) } else { PAGE_COLUMNS };
        let plain = AutoStream::new(io::stdout(), self.colour).current_choice() == ColorChoice::Never;
        View {
            width: usize::from(columns),
            color: if plain { Color::Plain } else { Color::Ansi },
            charset: Charset::Unicode,
        }
    }

    /// Whether stderr may be coloured.
    pub(super) fn stderr_has_colour(&self) -> bool {
        AutoStream::new(io::stderr(), self.colour).current_choice() != ColorChoice::Never
    }
}

/// The columns of the terminal behind a stream; a page's width, if there is none.
pub(super) fn columns_of(stream: impl std::os::fd::AsFd) -> u16 {
    tcgetwinsize(stream).ok().map(|size| size.ws_col).filter(|columns| *columns > 0).unwrap_or(PAGE_COLUMNS)
}

/// Draws over the current line of the terminal on stderr; an empty text clears it.
pub(super) fn redraw_line(text: &str) {
    let _unheard = write!(io::stderr().lock(), "\r\x1b[2K{text}");
}

/// A line of its own on stderr.
pub(super) fn plain_line(text: &str) {
    let _unheard = writeln!(io::stderr().lock(), "{text}");
}

fn survive_broken_pipe(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
