//! The wrapped command: started with the proxies' addresses in its environment, ended with all that it started.
//!
//! It gets `BROWNOUT_<SERVICE>` (`host:port`) and `BROWNOUT_<SERVICE>_URL` for every service. Signals are passed on to it.
//! When it is over, whatever it left behind is ended as well: first SIGTERM, after [`COMMAND_GRACE`] SIGKILL. On Linux that
//! includes descendants that went into sessions of their own: brownout becomes the reaper of its orphans for the time.

use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::Child;

use crate::base::limits::COMMAND_GRACE;

/// A command to run under a plan.
#[derive(Clone, Debug)]
pub struct Command {
    /// The program and its arguments; at least the program.
    pub words: Vec<OsString>,
    /// Whose process group it joins.
    pub grouping: Grouping,
    /// Where what it writes goes.
    pub output: Output,
}

/// Where what a command writes goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// To brownout's own stdout and stderr; it reads what brownout reads.
    Shared,
    /// To brownout's stderr; it has nothing to read.
    Stderr,
    /// Nowhere; it has nothing to read.
    Discarded,
}

/// Whose process group a command joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// One of its own: brownout passes every signal on to it.
    Own,
    /// brownout's: a command that reads from the terminal must be in its foreground group, and gets Ctrl-C from there.
    Shared,
}

/// A command can't be started.
#[derive(Debug, thiserror::Error)]
#[error("can't start `{program}`: {source}", program = .program.display())]
pub struct CommandError {
    program: OsString,
    source: io::Error,
}

/// A command that runs.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    pid: Pid,
    grouping: Grouping,
    /// Our descendants from before it.
    before: Vec<Pid>,
}

/// The descendants of this process at some time.
#[derive(Clone, Debug)]
pub struct Descendants(Vec<Pid>);

// === impl Command ===

impl Command {
    /// Starts it with the services' variables and addresses in its environment.
    pub(crate) fn start(&self, services: &[(String, SocketAddr)]) -> Result<Running, CommandError> {
        let (program, arguments) = self.words.split_first().expect("a command has at least its program");
        let error = |source| CommandError { program: program.clone(), source };
        let before = descendants();
        adopt_orphans(true);
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).kill_on_drop(true);
        for (variable, address) in services {
            let address = reachable(*address);
            command.env(format!("{variable}_URL"), format!("http://{address}"));
            command.env(variable, address.to_string());
        }
        match self.output {
            Output::Shared => {}
            Output::Stderr => {
                command.stdin(Stdio::null()).stdout(io::stderr());
            }
            Output::Discarded => {
                command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            }
        }
        if self.grouping == Grouping::Own {
            command.process_group(0);
        }
        let child = command.spawn().map_err(error)?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let pid = pid.expect("a child that was just started has an id");
        Ok(Running { child, pid, grouping: self.grouping, before })
    }
}

// === impl Running ===

impl Running {
    pub(super) fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Passes a signal on to it and its group.
    pub(crate) fn signal(&self, signal: Signal) {
        // It may be over already.
        let _gone = match self.grouping {
            Grouping::Own => kill_process_group(self.pid, signal),
            Grouping::Shared => kill_process(self.pid, signal),
        };
    }

    /// Ends it, politely first.
    pub(crate) async fn end(&mut self) -> io::Result<ExitStatus> {
        if let Ok(ended) = tokio::time::timeout(COMMAND_GRACE, self.ended()).await {
            return ended;
        }
        self.signal(Signal::KILL);
        self.ended().await
    }

    /// Ends what it left behind, politely first.
    pub(crate) async fn end_descendants(&self) {
        let left =
            || -> Vec<Pid> { descendants().into_iter().filter(|pid| !self.before.contains(pid)).collect() };
        let group = |signal| {
            if self.grouping == Grouping::Own {
                let _gone = kill_process_group(self.pid, signal);
            }
        };
        group(Signal::TERM);
        signal_all(&left(), Signal::TERM);
        let all_gone = async {
            while !left().is_empty() {
                reap(&left());
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(COMMAND_GRACE, all_gone).await.is_err() {
            group(Signal::KILL);
            signal_all(&left(), Signal::KILL);
            reap(&left());
        }
        adopt_orphans(false);
    }
}

// === impl Descendants ===

impl Descendants {
    /// Those that there are now.
    pub fn now() -> Self {
        Self(descendants())
    }

    /// Kills those that have come since, at once: for an end that waits for nothing.
    pub fn kill_newer(&self) {
        // Whoever was starting a child while it was killed is gone by the second turn.
        for _ in 0..2 {
            let newer: Vec<Pid> = descendants().into_iter().filter(|pid| !self.0.contains(pid)).collect();
            signal_all(&newer, Signal::KILL);
        }
    }
}

/// Where a client on this machine reaches a listener: `0.0.0.0` is a place to listen, not one to connect to.
pub(super) fn reachable(listener: SocketAddr) -> SocketAddr {
    let ip = match listener.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listener.port())
}

#[cfg(target_os = "linux")]
fn adopt_orphans(adopt: bool) {
    let reaper = adopt.then(rustix::process::getpid);
    // Without it, descendants that daemonise escape: nothing worse.
    let _escape = rustix::process::set_child_subreaper(reaper);
}

#[cfg(not(target_os = "linux"))]
fn adopt_orphans(_adopt: bool) {}

fn signal_all(processes: &[Pid], signal: Signal) {
    for pid in processes {
        let _gone = kill_process(*pid, signal);
    }
}

/// Takes the exit status of adopted orphans, so that they don't stay as zombies.
fn reap(orphans: &[Pid]) {
    for pid in orphans {
        let _not_ours = rustix::process::waitpid(Some(*pid), rustix::process::WaitOptions::NOHANG);
    }
}

/// All descendants of this process, as `/proc` shows them; none where there is no `/proc`.
fn descendants() -> Vec<Pid> {
    let Ok(processes) = fs_err::read_dir("/proc") else { return Vec::new() };
    let parents: Vec<(Pid, Pid)> = processes
        .flatten()
        .filter_map(|process| {
            let pid = Pid::from_raw(process.file_name().to_str()?.parse().ok()?)?;
            let stat = fs_err::read_to_string(process.path().join("stat")).ok()?;
            // `pid (name) state parent …`: the name may hold anything, so count from its last parenthesis.
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            Some((pid, Pid::from_raw(parent)?))
        })
        .collect();
    let mut found = vec![rustix::process::getpid()];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        next += 1;
        found.extend(parents.iter().filter(|(_, p)| *p == parent).map(|(pid, _)| *pid));
    }
    found.split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_all_addresses_is_reached_on_loopback() {
        let address = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(address("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(address("[::]:80"), "[::1]:80");
        assert_eq!(address("10.1.2.3:80"), "10.1.2.3:80");
    }

    /// A grandchild that has left for a session of its own ends with the command. One test for all of it, because who
    /// adopts orphans is a property of the whole process.
    #[tokio::test]
    async fn what_it_left_behind_ends_with_it() {
        let script = "setsid sh -c 'echo $$ >$BROWNOUT_WEB.pid; exec sleep 60' & sleep 0.3; exit 7";
        let folder = tempfile::tempdir().unwrap();
        let script = format!("cd {}; {script}", folder.path().display());
        let words = ["sh", "-c", &script].map(OsString::from).to_vec();
        let command = Command { words, grouping: Grouping::Own, output: Output::Shared };
        let mut running = command.start(&[("BROWNOUT_WEB".into(), "127.0.0.1:80".parse().unwrap())]).unwrap();
        assert_eq!(running.ended().await.unwrap().code(), Some(7));
        let pid = fs_err::read_to_string(folder.path().join("127.0.0.1:80.pid")).unwrap();
        assert!(fs_err::metadata(format!("/proc/{}", pid.trim())).is_ok(), "the grandchild is there");
        running.end_descendants().await;
        assert!(fs_err::metadata(format!("/proc/{}", pid.trim())).is_err(), "the grandchild is gone");
    }

    #[test]
    fn a_command_that_is_not_there_is_told() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _inside = runtime.enter();
        let command = Command {
            words: vec!["no-such-program".into()],
            grouping: Grouping::Own,
            output: Output::Shared,
        };
        let error = command.start(&[]).err().unwrap().to_string();
        assert!(error.starts_with("can't start `no-such-program`: "), "{error}");
    }
}
