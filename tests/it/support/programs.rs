//! Programs of others that tests drive: whether they are here, and how they are run.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::sandbox::{Ran, Sandbox};

/// Where Debian keeps servers, which is not on everybody's `PATH`.
const SERVER_FOLDERS: [&str; 2] = ["/usr/sbin", "/usr/local/sbin"];

/// Where `program` is. Without it the test has to skip: `None`, said on stderr, unless tests must run.
#[expect(
    clippy::print_stderr,
    reason = "cargo shows it with `--nocapture`, and a person who asks why sees it"
)]
pub(crate) fn require(program: &str) -> Option<PathBuf> {
    let found = find(program);
    assert!(
        found.is_some() || !must_run(),
        "`{program}` is not installed, and BROWNOUT_TESTS_MUST_RUN=1 forbids to skip this test"
    );
    if found.is_none() {
        eprintln!("skipped: `{program}` is not installed (tests/bring-packages brings it)");
    }
    found
}

/// Runs curl in the sandbox, silent but for errors.
pub(crate) fn curl(sandbox: &Sandbox, args: &[&str]) -> Option<Ran> {
    let mut command = Command::new(require("curl")?);
    // `-q` leaves the person's own settings out; a proxy of the environment is none of the test's.
    command.args(["-q", "-sS", "--noproxy", "*"]).args(args);
    Some(sandbox.run(&mut command))
}

/// Runs a snippet of Python in the sandbox, for clients that need sockets down to their options.
pub(crate) fn python(sandbox: &Sandbox, snippet: &str, args: &[&str]) -> Option<Ran> {
    let mut command = Command::new(require("python3")?);
    command.args(["-c", snippet]).args(args);
    Some(sandbox.run(&mut command))
}

/// The system's Python with the library `requests`: that of Debian's packages, whatever other Python is first on the `PATH`.
#[expect(clippy::print_stderr, reason = "as above")]
pub(crate) fn python_with_requests() -> Option<PathBuf> {
    let python = Path::new("/usr/bin/python3");
    let mut import = Command::new(python);
    let found = import.args(["-c", "import requests"]).output().is_ok_and(|ran| ran.status.success());
    assert!(
        found || !must_run(),
        "Python's `requests` is not installed, and BROWNOUT_TESTS_MUST_RUN=1 forbids to skip"
    );
    if !found {
        eprintln!("skipped: Python's `requests` is not installed (tests/bring-packages brings it)");
    }
    found.then(|| python.to_owned())
}

pub(super) fn find(program: &str) -> Option<PathBuf> {
    let path = env_var("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(SERVER_FOLDERS.iter().map(PathBuf::from));
    folders.map(|folder: PathBuf| folder.join(program)).find(|file: &PathBuf| Path::is_file(file))
}

fn must_run() -> bool {
    env_var("BROWNOUT_TESTS_MUST_RUN").is_some_and(|value| value == "1")
}

#[expect(clippy::disallowed_methods, reason = "tests have no command line of their own")]
fn env_var(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}
