//! `OutFile`: a file that a command will write, opened before the run so that an unwritable path fails in its first second.
//!
//! Opening changes nothing: what the file held goes when the first byte is written. A file that was made for a run that
//! never wrote it is taken away again, so no empty report is mistaken for one.

use std::fs::OpenOptions;
use std::io::{self, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fs_err::File;

/// A file to be written.
#[derive(Debug)]
pub(super) struct OutFile {
    file: File,
    path: PathBuf,
    /// Whether it is there only because it was opened here.
    is_new: bool,
    is_begun: bool,
}

// === impl OutFile ===

impl OutFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let opened = |options: &mut OpenOptions| {
            fs_err::OpenOptions::from_options(options.write(true).clone()).open(path)
        };
        let (file, is_new) = match opened(OpenOptions::new().create_new(true)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                (opened(&mut OpenOptions::new())?, false)
            }
            other => (other?, true),
        };
        Ok(Self { file, path: path.to_owned(), is_new, is_begun: false })
    }

    /// Makes room for what is to come. A pipe or a device has nothing to be removed.
    fn begin(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.is_begun, true) && self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
        }
        Ok(())
    }
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begin()?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for OutFile {
    fn drop(&mut self) {
        if self.is_new && !self.is_begun {
            // Nothing is lost if it stays.
            let _gone = fs_err::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_changes_when_it_is_written_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let [old, new] = ["old", "new"].map(|name| folder.path().join(name));
        fs_err::write(&old, "what was there before").unwrap();
        for path in [&old, &new] {
            drop(OutFile::open(path).unwrap());
        }
        assert_eq!(fs_err::read_to_string(&old).unwrap(), "what was there before");
        assert!(!new.exists());
        for path in [&old, &new] {
            let mut file = OutFile::open(path).unwrap();
            file.write_all(b"a re").unwrap();
            file.write_all(b"port").unwrap();
            drop(file);
            assert_eq!(fs_err::read_to_string(path).unwrap(), "a report");
        }
        let unwritable = OutFile::open(&folder.path().join("no/such/folder")).unwrap_err();
        assert!(unwritable.to_string().contains("no/such/folder"), "{unwritable}");
        let mut device = OutFile::open(Path::new("/dev/null")).unwrap();
        device.write_all(b"a report").unwrap();
    }
}
