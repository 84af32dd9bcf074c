//! `TraceFiles`: the files that a scenario names, read for the kinds that ask for them.
//!
//! A file is named relative to the scenario's own; a scenario that has no file (a text, one that is compiled in) can name
//! none. Only regular files are read, up to a limit each and a limit for all together, so a pipe that never ends can't hang
//! the loader. What is wrong inside a file is collected here, to be told with the file's own name, line and column.

use std::io::Read;
use std::path::PathBuf;

use crate::base::limits::{TRACE_BYTES_MAX, TRACES_BYTES_MAX};
use crate::diag::{Code, Diagnostic, SourceFile};
use crate::fault::TextMistakes;

/// Files beside a scenario.
#[derive(Debug, Default)]
pub(super) struct TraceFiles {
    /// The folder of the scenario's file.
    folder: Option<PathBuf>,
    /// Whether flags name them, and no file.
    flags: bool,
    /// How many bytes were read.
    read: u64,
    /// Files that are mistaken, each with what is wrong.
    pub(super) mistaken: Vec<(SourceFile, Vec<Diagnostic>)>,
    /// Files that were read in a way that is worth telling.
    pub(super) warned: Vec<(SourceFile, Vec<Diagnostic>)>,
}

// === impl TraceFiles ===

impl TraceFiles {
    /// Files in this folder; none at all, without one.
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, ..Self::default() }
    }

    /// Files that flags name: relative to where the command is given.
    pub(super) fn of_flags() -> Self {
        Self { flags: true, ..Self::new(Some(PathBuf::new())) }
    }

    /// Reads the file of this name, or says why not.
    pub(super) fn read(&mut self, name: &str) -> Result<SourceFile, Box<Diagnostic>> {
        let flags = self.flags;
        let told = |message: String| {
            let mistake = Diagnostic::error(Code::Unreadable, format!("`{name}`: {message}"));
            let to = if flags { "the current folder" } else { "the scenario's file" };
            Box::new(mistake.hint(format!("the name is relative to {to}")))
        };
        let Some(folder) = &self.folder else {
            let mistake = told("what has no file of its own can name none".to_owned());
            return Err(Box::new(mistake.hint("give the values in the scenario itself")));
        };
        let path = folder.join(name);
        let io = |error: std::io::Error| told(super::load::io_message(&error));
        if !fs_err::metadata(&path).map_err(io)?.is_file() {
            return Err(told("this is no regular file".to_owned()));
        }
        let mut bytes = Vec::new();
        let file = fs_err::File::open(&path).map_err(io)?;
        file.take(TRACE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(io)?;
        let size = bytes.len() as u64;
        self.read += size;
        for (bytes, limit, what, constant) in [
            (size, TRACE_BYTES_MAX, "a trace", "TRACE_BYTES_MAX"),
            (
                self.read,
                TRACES_BYTES_MAX,
                "all traces together, as often as they are named,",
                "TRACES_BYTES_MAX",
            ),
        ] {
            if bytes > limit {
                let message = format!("{what} may have {} MiB (`{constant}`)", limit >> 20);
                return Err(Box::new(Diagnostic::error(Code::TooMany, format!("`{name}`: {message}"))));
            }
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = before.split(|byte| *byte == b'\n').count();
            told(format!("the file is not UTF-8: its line {line} has bytes that are no characters"))
        })?;
        Ok(SourceFile::new(path.display().to_string(), text))
    }

    /// Notes what is wrong in a file that line `line` of the scenario names.
    pub(super) fn tell(&mut self, file: SourceFile, mistakes: TextMistakes, scenario: &str, line: usize) {
        let shown = mistakes.first.len();
        let by_file = format!("line {line} of {scenario} names this file");
        let named = if self.flags { "a flag names this file".to_owned() } else { by_file };
        let mut told: Vec<Diagnostic> = mistakes
            .first
            .into_iter()
            .map(|mistake| {
                Diagnostic::error(Code::BadValue, mistake.message).at(mistake.start..mistake.end, "")
            })
            .collect();
        if mistakes.count > shown {
            let message = format!("{} more lines of this file are mistaken", mistakes.count - shown);
            told.push(Diagnostic::error(Code::TooMany, message).at(file.text.len()..file.text.len(), ""));
        }
        if let Some(last) = told.last_mut() {
            last.hint = Some(named);
        }
        self.mistaken.push((file, told));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_file_of_a_sensible_size_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &[u8]| fs_err::write(folder.path().join(name), text).unwrap();
        write("good", b"12\n");
        write("bytes", b"12\n\xff\n");
        write("large", &vec![b'1'; TRACE_BYTES_MAX as usize + 1]);
        let mut files = TraceFiles::new(Some(folder.path().to_owned()));
        assert_eq!(&*files.read("good").unwrap().text, "12\n");
        let mut told = |name: &str| files.read(name).unwrap_err().message;
        assert!(
            told("none").ends_with("the file can't be read: no such file or directory"),
            "{}",
            told("none")
        );
        assert_eq!(told("."), "`.`: this is no regular file");
        assert!(told("bytes").contains("its line 2 has bytes"));
        assert_eq!(told("large"), "`large`: a trace may have 16 MiB (`TRACE_BYTES_MAX`)");
        let mut nowhere = TraceFiles::new(None);
        assert!(nowhere.read("good").unwrap_err().message.contains("can name none"));
    }

    /// A file counts as often as it is named: what it becomes is held as often.
    #[test]
    fn all_files_together_have_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let most = vec![b'1'; TRACE_BYTES_MAX as usize];
        fs_err::write(folder.path().join("most"), most).unwrap();
        let mut files = TraceFiles::new(Some(folder.path().to_owned()));
        (0..TRACES_BYTES_MAX / TRACE_BYTES_MAX).for_each(|_| drop(files.read("most").unwrap()));
        assert!(files.read("most").unwrap_err().message.contains("TRACES_BYTES_MAX"));
    }
}
