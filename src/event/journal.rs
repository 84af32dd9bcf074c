//! The journal: one JSON object a line, the only source of every report.
//!
//! Written as the run goes, flushed at least every [`JOURNAL_FLUSH_EVERY`] and at the end; a crash costs the unflushed
//! tail. Read back line by line with a bound on each; a last line that is cut off is told and survived, a broken line in
//! the middle is told with its number and passed over. The file grows with what happened; nothing of it is held in memory.

use std::io::{self, BufRead, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fs_err::File;

use super::kind::Entry;
use crate::base::limits::{JOURNAL_BYTES_MAX, JOURNAL_FLUSH_EVERY, JOURNAL_LINE_BYTES_MAX};

/// Writes a journal.
#[derive(Debug)]
pub struct JournalWriter<W: Write> {
    out: BufWriter<W>,
    /// The line being written, and all bytes so far.
    line: Vec<u8>,
    bytes: u64,
    flushed_at: Duration,
    /// The first error; after it nothing more is written, so that the file holds no gap.
    error: Option<io::Error>,
}

/// Reads a journal, entry by entry.
#[derive(Debug)]
pub struct JournalReader<R: BufRead> {
    input: R,
    path: PathBuf,
    line: u64,
    done: bool,
}

/// One line of a journal.
#[derive(Debug)]
pub enum Line {
    /// An entry.
    Entry(Box<Entry>),
    /// A line that is no entry: passed over, told.
    Broken {
        /// Its number, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The last line is cut off: the run ended without closing its journal.
    Truncated {
        /// Its number, from 1.
        line: u64,
    },
}

/// Why a journal can't be read on.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file can't be read; the message names it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line is longer than any that brownout writes.
    #[error("line {line} of {path} is longer than {JOURNAL_LINE_BYTES_MAX} bytes: this is no journal", path = .path.display())]
    LineTooLong {
        /// Its number, from 1.
        line: u64,
        /// The file.
        path: PathBuf,
    },
}

// === impl JournalWriter ===

impl<W: Write> JournalWriter<W> {
    /// Writes into `out`.
    pub fn new(out: W) -> Self {
        Self { out: BufWriter::new(out), line: Vec::new(), bytes: 0, flushed_at: Duration::ZERO, error: None }
    }

    /// Writes an entry; `run_time` is the time since the run began, for the flushing.
    pub fn write(&mut self, entry: &Entry, run_time: Duration) {
        if self.error.is_some() {
            return;
        }
        self.error = self.write_line(entry).err();
        self.flush_if_due(run_time);
    }

    fn write_line(&mut self, entry: &Entry) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, entry)?;
        self.line.push(b'\n');
        self.bytes += self.line.len() as u64;
        if self.bytes > JOURNAL_BYTES_MAX {
            return Err(io::Error::other(format!(
                "the journal has reached {JOURNAL_BYTES_MAX} bytes (`JOURNAL_BYTES_MAX`); its last events are missing"
            )));
        }
        self.out.write_all(&self.line)
    }

    /// Flushes if the last flush is [`JOURNAL_FLUSH_EVERY`] ago.
    pub fn flush_if_due(&mut self, run_time: Duration) {
        if self.error.is_none() && run_time.saturating_sub(self.flushed_at) >= JOURNAL_FLUSH_EVERY {
            self.flushed_at = run_time;
            self.error = self.out.flush().err();
        }
    }

    /// Flushes the rest; tells the first error of the whole journal.
    pub fn finish(mut self) -> io::Result<()> {
        match self.error.take() {
            Some(error) => Err(error),
            None => self.out.flush(),
        }
    }
}

// === impl JournalReader ===

impl JournalReader<io::BufReader<File>> {
    /// Opens a journal.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        Ok(Self::new(io::BufReader::new(File::open(path)?), path))
    }
}

impl<R: BufRead> JournalReader<R> {
    /// Reads from `input`; `path` is what messages call it.
    pub fn new(input: R, path: &Path) -> Self {
        Self { input, path: path.to_owned(), line: 0, done: false }
    }

    fn read_line(&mut self) -> Result<Option<Line>, JournalError> {
        let mut text = Vec::new();
        let limit = JOURNAL_LINE_BYTES_MAX as u64 + 1;
        let bytes = (&mut self.input).take(limit).read_until(b'\n', &mut text)?;
        if bytes == 0 {
            return Ok(None);
        }
        self.line += 1;
        let whole = text.last() == Some(&b'\n');
        if !whole && text.len() > JOURNAL_LINE_BYTES_MAX {
            return Err(JournalError::LineTooLong { line: self.line, path: self.path.clone() });
        }
        Ok(Some(match serde_json::from_slice(&text) {
            Ok(entry) => Line::Entry(entry),
            Err(_) if !whole => Line::Truncated { line: self.line },
            Err(error) => Line::Broken { line: self.line, reason: error.to_string() },
        }))
    }
}

impl<R: BufRead> Iterator for JournalReader<R> {
    type Item = Result<Line, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let line = self.read_line().transpose();
        self.done = !matches!(line, Some(Ok(_)));
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SimTime;
    use crate::event::{AlarmState, Event};

    fn entry(seconds: u64) -> Entry {
        Event::Alarm { detector: "burn".into(), state: AlarmState::Firing }.at(SimTime::from_secs(seconds))
    }

    fn written(entries: &[Entry]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut journal = JournalWriter::new(&mut bytes);
        for entry in entries {
            journal.write(entry, Duration::ZERO);
        }
        journal.finish().unwrap();
        bytes
    }

    fn read(bytes: &[u8]) -> Vec<String> {
        let reader = JournalReader::new(bytes, Path::new("j.jsonl"));
        reader
            .map(|line| match line {
                Ok(Line::Entry(entry)) => format!("{}", entry.t),
                Ok(Line::Broken { line, .. }) => format!("broken {line}"),
                Ok(Line::Truncated { line }) => format!("truncated {line}"),
                Err(error) => error.to_string(),
            })
            .collect()
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = written(&[entry(1), entry(2)]);
        assert_eq!(
            String::from_utf8_lossy(&bytes).lines().next(),
            Some(r#"{"t":1.0,"event":"alarm","detector":"burn","state":"firing"}"#)
        );
        assert_eq!(read(&bytes), ["1s", "2s"]);
    }

    /// Every prefix of a journal can be read: at worst its last line is cut off.
    #[test]
    fn any_truncation_is_told_and_survived() {
        let bytes = written(&[entry(1), entry(2)]);
        let first_line = bytes.iter().position(|b| *b == b'\n').unwrap() + 1;
        for length in first_line + 1..bytes.len() - 1 {
            assert_eq!(read(&bytes[..length]), ["1s", "truncated 2"], "{length} bytes");
        }
    }

    #[test]
    fn a_broken_line_in_the_middle_is_passed_over() {
        let mut bytes = written(&[entry(1)]);
        bytes.extend_from_slice(b"not json\n");
        bytes.extend_from_slice(&written(&[entry(3)]));
        assert_eq!(read(&bytes), ["1s", "broken 2", "3s"]);
    }

    #[test]
    fn a_journal_stops_at_its_limit_and_says_so() {
        let mut journal = JournalWriter::new(io::sink());
        journal.bytes = JOURNAL_BYTES_MAX - 10;
        journal.write(&entry(1), Duration::ZERO);
        assert!(journal.finish().unwrap_err().to_string().contains("JOURNAL_BYTES_MAX"));
    }

    #[test]
    fn a_failing_disk_is_told_at_the_end_and_stops_nothing() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::Error::from(io::ErrorKind::StorageFull))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut journal = JournalWriter::new(Full);
        (0..10_000).for_each(|n| journal.write(&entry(n), Duration::from_secs(n)));
        assert_eq!(journal.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
