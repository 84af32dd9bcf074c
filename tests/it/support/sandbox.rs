//! `Sandbox`: a temporary folder, and programs that run in it without outliving the test.
//!
//! A program runs in a process group of its own; the whole group is killed when patience ends or the test does. Its
//! output is collected while it runs, so that a test can wait for a line of it.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process_group};

use super::wait_for;

/// A temporary folder to run programs in.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
}

/// A program that ended by itself.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Its exit code; `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it wrote to stdout.
    pub(crate) stdout: String,
    /// What it wrote to stderr.
    pub(crate) stderr: String,
}

/// A program that runs. Dropping it kills its group.
pub(crate) struct Running {
    child: Child,
    /// Whether its group has been killed; afterwards its number may belong to others.
    gone: bool,
    name: String,
    stdout: Collected,
    stderr: Collected,
}

/// What one pipe has brought so far.
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

/// The binary under test.
pub(crate) fn brownout() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_brownout"));
    // Output must not depend on where the tests run.
    for name in [
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "GITHUB_ACTIONS",
        "GITHUB_STEP_SUMMARY",
        "BROWNOUT_LOG",
        "RUST_LOG",
        "CI",
    ] {
        command.env_remove(name);
    }
    command
}

// === impl Sandbox ===

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, with the folders that it needs.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs_err::create_dir_all(path.parent().expect("inside the sandbox")).expect("a folder");
        fs_err::write(&path, bytes).expect("a file");
        path
    }

    /// Starts `command` here, without input.
    pub(crate) fn spawn(&self, command: &mut Command) -> Running {
        use std::os::unix::process::CommandExt;
        let name = format!("{command:?}");
        command.current_dir(self.path()).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("can't start {name}: {error}"));
        let stdout = Collected::from(child.stdout.take().expect("stdout is piped"));
        let stderr = Collected::from(child.stderr.take().expect("stderr is piped"));
        Running { child, gone: false, name, stdout, stderr }
    }

    /// Runs `command` here until it ends.
    pub(crate) fn run(&self, command: &mut Command) -> Ran {
        self.spawn(command).wait()
    }
}

// === impl Running ===

impl Running {
    /// Waits until stderr contains `text`, and gives all of it so far.
    pub(crate) fn wait_for_stderr(&mut self, text: &str) -> String {
        let what = format!("{text:?} from {}", self.name);
        wait_for(&what, || {
            let ended = self.ended();
            let stderr = self.stderr.text();
            if stderr.contains(text) {
                return Some(stderr);
            }
            assert!(ended.is_none(), "{} ended before it said {text:?}: {stderr}", self.name);
            None
        })
    }

    /// Sends a signal to the program alone.
    pub(crate) fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is our child")
    }

    /// Waits until it ends.
    pub(crate) fn wait(mut self) -> Ran {
        let what = format!("the end of {}", self.name);
        let status = wait_for(&what, || self.ended());
        // What it left behind would keep the pipes open.
        self.kill_group();
        Ran { code: status.code(), stdout: self.stdout.finish(), stderr: self.stderr.finish() }
    }

    fn kill_group(&mut self) {
        if !std::mem::replace(&mut self.gone, true) {
            // It fails when nobody is left, which is what is wanted.
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill_group();
        let _ = self.child.wait();
    }
}

// === impl Collected ===

impl Collected {
    fn from(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&bytes);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                shared.lock().expect("no holder panics").extend_from_slice(&buffer[..count]);
            }
        });
        Self { bytes, reader: Some(reader) }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().expect("no holder panics")).into_owned()
    }

    /// Everything, once the pipe is closed.
    fn finish(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            // A process that escaped the group would keep the pipe open for as long as it lives.
            wait_for("the end of a program's output", || reader.is_finished().then_some(()));
            reader.join().expect("the reader does not panic");
        }
        self.text()
    }
}
