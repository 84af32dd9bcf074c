//! `brownout doctor`: what this machine can do, what that means for a test, and how to get the rest.
//!
//! Every answer is tried, not inferred from a version: a filter is attached, a port bound, a timer waited for. Nothing of the machine is
//! changed.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::time::Duration;

use serde::Serialize;

use super::super::args::DoctorArgs;
use super::super::error::CliError;
use super::super::exit;
use super::super::out_file::OutFile;
use super::super::printer::Printer;
use super::run::runtime;
use crate::base::format_duration;
use crate::proxy::{RunClock, Timer, segment_filter};

/// What was found out about one thing.
#[derive(Debug, Serialize)]
struct Finding {
    /// What was tried.
    subject: &'static str,
    state: State,
    /// What was seen.
    seen: String,
    /// What that means for a test.
    means: String,
    /// How to get the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
}

/// How good it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// As it should be.
    Good,
    /// brownout does without, and tests less.
    Limited,
    /// brownout can't work.
    Broken,
}

/// Sleeps that the timer is judged by, and how long each is: no whole number of milliseconds.
const SLEEPS: u32 = 50;
const SLEEP: Duration = Duration::from_micros(3_300);
/// A timer that is later is not precise.
const LATE: Duration = Duration::from_millis(1);
/// Fewer open files hold fewer than some 2,000 connections, each of which has two.
const FILES: u64 = 4_096;
/// Where an answer begins.
const COLUMN: usize = 18;

pub(in crate::cli) fn run(args: &DoctorArgs, printer: &mut Printer) -> Result<u8, CliError> {
    let json = args.json.as_deref().map(OutFile::open).transpose()?;
    let findings =
        [loopback(), ipv6(), filters(), timer(), files(), ports(), retransmission(), table(), cores()];
    printer.data(&text(&findings))?;
    if let Some(mut file) = json {
        let text = serde_json::to_string_pretty(&findings);
        let text = text.map_err(|e| CliError::Report { what: "JSON", reason: e.to_string() })?;
        file.write_all((text + "\n").as_bytes())?;
    }
    let broken = findings.iter().any(|finding| finding.state == State::Broken);
    Ok(if broken { exit::ENVIRONMENT } else { exit::MET })
}

fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { subject, state, seen, means, remedy } in findings {
        let word = match state {
            State::Good => "good",
            State::Limited => "limited",
            State::Broken => "BROKEN",
        };
        let _ = writeln!(text, "{subject:COLUMN$}{word:9}{seen}");
        let _ = writeln!(text, "{:COLUMN$}         {means}", "");
        if let Some(remedy) = remedy {
            let _ = writeln!(text, "{:COLUMN$}         to get it: {remedy}", "");
        }
    }
    text
}

impl Finding {
    fn good(subject: &'static str, seen: impl Into<String>, means: impl Into<String>) -> Self {
        Self { subject, state: State::Good, seen: seen.into(), means: means.into(), remedy: None }
    }

    fn limited(
        subject: &'static str,
        seen: impl Into<String>,
        means: impl Into<String>,
        remedy: Option<&'static str>,
    ) -> Self {
        Self { state: State::Limited, remedy, ..Self::good(subject, seen, means) }
    }

    fn broken(subject: &'static str, seen: impl Into<String>, means: impl Into<String>) -> Self {
        Self { state: State::Broken, ..Self::good(subject, seen, means) }
    }
}

fn loopback() -> Finding {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, 0)) {
        Ok(_) => Finding::good("loopback", "127.0.0.1 takes listeners", "proxies can listen"),
        Err(error) => Finding::broken("loopback", error.to_string(), "no proxy can listen on 127.0.0.1"),
    }
}

fn ipv6() -> Finding {
    match TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) {
        Ok(_) => Finding::good("IPv6", "::1 takes listeners", "proxies can listen on both families"),
        Err(error) => Finding::limited("IPv6", error.to_string(), "proxies listen on IPv4 alone", None),
    }
}

/// Whether the kernel may drop segments on brownout's own sockets.
fn filters() -> Finding {
    const SUBJECT: &str = "segment filters";
    match segment_filter::permitted() {
        Ok(()) if cfg!(target_os = "linux") => Finding::good(
            SUBJECT,
            "a filter was attached to a socket",
            "`--backend kernel`: SYNs go unanswered, clients retransmit, TCP_USER_TIMEOUT and keepalive do their work",
        ),
        other => Finding::limited(
            SUBJECT,
            other.err().map_or_else(|| "only Linux has them".to_owned(), |error| error.to_string()),
            "`--backend userspace` alone: a blackhole is an accepted connection and silence, loss is a delay",
            cfg!(target_os = "linux").then_some(
                "be root, or `setcap cap_net_admin+ep` on this binary, or run all parties in `unshare -rn` with `lo` up",
            ),
        ),
    }
}

/// How late the timer of faults wakes.
fn timer() -> Finding {
    const SUBJECT: &str = "precise timer";
    let measured = runtime().and_then(|runtime| {
        runtime.block_on(async {
            let clock = RunClock::start();
            let timer = Timer::start(clock)?;
            let mut late = Vec::new();
            for _ in 0..SLEEPS {
                let until = clock.now().plus(SLEEP);
                timer.sleep_until(until).await;
                late.push(clock.now().since(until));
            }
            late.sort_unstable();
            Ok((late[late.len() / 2], late[late.len() - 1]))
        })
    });
    match measured {
        Err(error) => Finding::broken(SUBJECT, error.to_string(), "no delay can be made"),
        Ok((median, worst)) => {
            let seen = format!(
                "late by {} (median of {SLEEPS}), {} at worst",
                format_duration(median),
                format_duration(worst)
            );
            if median < LATE {
                Finding::good(SUBJECT, seen, "delays are as asked to a fraction of a millisecond")
            } else {
                Finding::limited(
                    SUBJECT,
                    seen,
                    "delays come late by as much: the machine is loaded, or has no timerfd",
                    None,
                )
            }
        }
    }
}

fn files() -> Finding {
    const SUBJECT: &str = "open files";
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let Some(limit) = limit else {
        return Finding::good(SUBJECT, "without a limit", "connections have no limit but memory");
    };
    // Two sockets for each connection, and some for listeners and files.
    let connections = limit.saturating_sub(64) / 2;
    let (seen, means) = (format!("{limit} at most"), format!("some {connections} connections at once"));
    if limit >= FILES {
        Finding::good(SUBJECT, seen, means)
    } else {
        Finding::limited(SUBJECT, seen, means, Some("`ulimit -n 65536` in the shell that starts brownout"))
    }
}

/// The ports that clients of this machine can connect from: each is a flow.
fn ports() -> Finding {
    const SUBJECT: &str = "ports of clients";
    let range = fs_err::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let mut ends = range.split_ascii_whitespace().map_while(|end| end.parse::<u32>().ok());
    let (Some(first), Some(last)) = (ends.next(), ends.next()) else {
        return Finding::limited(
            SUBJECT,
            "not known here",
            "nothing is known of how many flows a client can make",
            None,
        );
    };
    let count = last.saturating_sub(first) + 1;
    let seen = format!("{first} to {last}");
    let means = format!("{count} connections at once from one address to one service, over all 256 buckets");
    if count >= 4_096 {
        Finding::good(SUBJECT, seen, means)
    } else {
        Finding::limited(SUBJECT, seen, means, Some("widen `net.ipv4.ip_local_port_range`"))
    }
}

/// Whether clients of this machine send SYNs again as modelled probes do.
fn retransmission() -> Finding {
    const SUBJECT: &str = "retransmission";
    let linear = fs_err::read_to_string("/proc/sys/net/ipv4/tcp_syn_linear_timeouts");
    match linear.ok().and_then(|text| text.trim().parse::<u32>().ok()) {
        Some(4) => Finding::good(
            SUBJECT,
            "SYNs after 1, 2, 3, 4 s, then doubling (tcp_syn_linear_timeouts = 4)",
            "clients of this host connect as the probes of `bench` do",
        ),
        seen => Finding::limited(
            SUBJECT,
            seen.map_or_else(
                || "no tcp_syn_linear_timeouts here".to_owned(),
                |seen| format!("tcp_syn_linear_timeouts = {seen}"),
            ),
            "clients of this host repeat SYNs otherwise than the probes of `bench`, which do as Linux since 6.5 does by itself",
            None,
        ),
    }
}

fn table() -> Finding {
    const SUBJECT: &str = "TCP table";
    match fs_err::metadata("/proc/net/tcp") {
        Ok(_) => Finding::good(SUBJECT, "/proc/net/tcp is there", "`audit` sees what clients do in silence"),
        Err(_) => Finding::limited(
            SUBJECT,
            "no /proc/net/tcp here",
            "`audit` knows of `connect` and `pooled` only when the command ends",
            None,
        ),
    }
}

fn cores() -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    Finding::good(
        "cores",
        format!("{cores}"),
        "`bench` and `tune` use all; results do not depend on how many",
    )
}
