//! The output of `ping`: Linux's (iputils, with and without `-D` and `-O`), busybox's, macOS's and the BSDs'.
//!
//! A line of an answer has its sequence number and its time; numbers that are missing, up to the number of packets that the
//! summary says were sent, were lost, and so were those of which a line says that nothing came. The sequence numbers of
//! 16 bits start again after 65,535. With `-D` each answer has the time at which it came; the ping left by as much earlier
//! as it took. A second answer to the same ping (`DUP!`) is left out.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Line, TextMistakes};
use crate::base::Span;
use crate::base::limits::TRACE_ENTRIES_MAX;

/// Pings in the order in which they were sent: nothing for one that was lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pings {
    pub(super) delays: Vec<Option<Duration>>,
    /// When each was sent, since the first was, if the log says so.
    pub(super) sent: Option<Vec<Duration>>,
}

/// Time between two pings, where a log does not say: `ping`'s own default.
pub(super) const PING_INTERVAL: Duration = Duration::from_secs(1);

/// Sequence numbers have 16 bits.
const SEQUENCE_SPACE: u64 = 1 << 16;

/// An answer, or a line that says that there was none.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Seen {
    sequence: u64,
    delay: Option<Duration>,
    /// Wall-clock seconds at which the line was printed.
    stamp: Option<f64>,
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Log {
    seen: BTreeMap<u64, Seen>,
    /// The last sequence number, counted on beyond 16 bits.
    last: Option<u64>,
    /// How many the summary says were sent.
    transmitted: Option<u64>,
}

/// Whether a text is a log of pings, by any line of it.
pub(super) fn is_ping(lines: &[Line<'_>]) -> bool {
    lines.iter().any(|line| line.text.starts_with("PING") || (sequence(line.text).is_some()))
}

/// Reads a log.
pub(super) fn read(lines: &[Line<'_>]) -> Result<Pings, TextMistakes> {
    let (mut log, mut mistakes, mut summary) = (Log::default(), TextMistakes::default(), false);
    for line in lines {
        summary |= line.text.starts_with("---");
        if summary {
            log.read_summary(line.text);
        } else if let Err(message) = log.read(line.text) {
            mistakes.push(*line, message);
        }
    }
    mistakes.or(())?;
    log.pings()
}

// === impl Log ===

impl Log {
    fn read(&mut self, line: &str) -> Result<(), String> {
        let told_by_ping = ["PING", "ping: ", "WARNING", "Warning"].iter().any(|head| line.starts_with(head));
        if line.is_empty() || told_by_ping {
            return Ok(());
        }
        let Some(number) = sequence(line) else {
            return Err(format!("expected a line of ping's output, found `{line}`"));
        };
        let number: u64 = number.parse().map_err(|_| format!("`{number}` is no sequence number"))?;
        if number >= SEQUENCE_SPACE {
            return Err(format!("a sequence number has 16 bits, and `{number}` is beyond them"));
        }
        let sequence = self.unwrapped(number);
        let delay = delay(line)?;
        let seen = Seen { sequence, delay, stamp: stamp(line)? };
        let known = self.seen.entry(sequence).or_insert(seen);
        if known.delay.is_none() {
            *known = seen;
        }
        self.last = Some(self.last.map_or(sequence, |last| last.max(sequence)));
        Ok(())
    }

    /// `5 packets transmitted, 4 received, …`.
    fn read_summary(&mut self, line: &str) {
        if let Some((count, _)) = line.split_once(" packets transmitted") {
            self.transmitted = count.parse().ok();
        }
    }

    /// The number counted on beyond 16 bits: the one next to the last.
    fn unwrapped(&self, number: u64) -> u64 {
        let Some(last) = self.last else { return number };
        let round = last / SEQUENCE_SPACE * SEQUENCE_SPACE;
        let near = |candidate: &u64| candidate.abs_diff(last);
        let before = round.checked_sub(SEQUENCE_SPACE).map(|round| round + number);
        before
            .into_iter()
            .chain([round + number, round + SEQUENCE_SPACE + number])
            .min_by_key(near)
            .unwrap_or(number)
    }

    fn pings(self) -> Result<Pings, TextMistakes> {
        if !self.seen.values().any(|seen| seen.delay.is_some()) {
            return Err(TextMistakes::whole("no ping of this log was answered: there is no delay in it"));
        }
        let (Some(lowest), Some(highest)) = (self.seen.keys().next(), self.seen.keys().last()) else {
            return Err(TextMistakes::whole("there is no ping in this log"));
        };
        // Linux counts from 1, busybox and macOS from 0.
        let first = (*lowest).min(1);
        let sent = self.transmitted.unwrap_or_default().min(TRACE_ENTRIES_MAX as u64);
        let end = (highest + 1).max(first + sent);
        if end - first > TRACE_ENTRIES_MAX as u64 {
            let told = format!("a trace has at most {TRACE_ENTRIES_MAX} entries (`TRACE_ENTRIES_MAX`)");
            return Err(TextMistakes::whole(told));
        }
        let delays = (first..end).map(|n| self.seen.get(&n).and_then(|seen| seen.delay)).collect();
        Ok(Pings { delays, sent: self.sent_times(first, end) })
    }

    /// When each ping was sent, if every answer bears its time; between two answers, and beyond them, evenly.
    fn sent_times(&self, first: u64, end: u64) -> Option<Vec<Duration>> {
        let answered = self.seen.values().filter_map(|seen| Some((seen, seen.delay?)));
        let mut known: Vec<(f64, f64)> = Vec::new();
        for (seen, delay) in answered {
            let sent = seen.stamp? - delay.as_secs_f64();
            // A clock that was set back does not turn the order around.
            let sent = known.last().map_or(sent, |(_, last)| sent.max(*last));
            known.push((seen.sequence as f64, sent));
        }
        let (from, until) = (*known.first()?, *known.last()?);
        let pace = (until.1 - from.1) / (until.0 - from.0);
        let pace = if pace.is_finite() && pace > 0.0 { pace } else { PING_INTERVAL.as_secs_f64() };
        let mut place = 0;
        let sent_at = |n: u64| {
            let n = n as f64;
            while place + 2 < known.len() && known[place + 1].0 <= n {
                place += 1;
            }
            match (known[place], known.get(place + 1)) {
                (a, Some(b)) if n >= a.0 && n <= b.0 => a.1 + (b.1 - a.1) * (n - a.0) / (b.0 - a.0),
                _ if n < from.0 => from.1 - (from.0 - n) * pace,
                _ => until.1 + (n - until.0) * pace,
            }
        };
        let times: Vec<f64> = (first..end).map(sent_at).collect();
        let begin = *times.first()?;
        times.iter().map(|time| Duration::try_from_secs_f64((time - begin).max(0.0)).ok()).collect()
    }
}

/// The digits behind `seq=`, `icmp_seq=` or `icmp_seq `.
fn sequence(line: &str) -> Option<&str> {
    let rest = ["icmp_seq=", " seq=", "icmp_seq "].iter().find_map(|key| Some(line.split_once(key)?.1))?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    (end > 0).then_some(&rest[..end])
}

/// What stands behind `time=`; nothing, if the line tells of a ping without an answer.
fn delay(line: &str) -> Result<Option<Duration>, String> {
    let Some((_, rest)) = line.split_once("time=").or_else(|| line.split_once("time<")) else {
        return Ok(None);
    };
    let mut words = rest.split(' ');
    let number = words.next().unwrap_or_default();
    let unit = if number.ends_with("ms") { "" } else { "ms" };
    let span: Result<Span, _> = format!("{number}{unit}").parse();
    span.map(|span| Some(span.get()))
        .map_err(|_| format!("expected `time=` and milliseconds, found `time={number}`"))
}

/// `[1674630000.123456]` at the beginning of a line of `ping -D`.
fn stamp(line: &str) -> Result<Option<f64>, String> {
    let Some(rest) = line.strip_prefix('[') else { return Ok(None) };
    let text = rest.split_once(']').map_or(rest, |(stamp, _)| stamp);
    let stamp = text.parse().ok().filter(|stamp| (0.0..1e12).contains(stamp));
    stamp.map(Some).ok_or_else(|| format!("expected a time such as `[1674630000.123456]`, found `[{text}]`"))
}

#[cfg(test)]
mod tests {
    use super::super::lines;
    use super::*;

    fn pings(text: &str) -> Pings {
        read(&lines(text).unwrap()).unwrap()
    }

    fn millis(pings: &Pings) -> Vec<Option<f64>> {
        pings.delays.iter().map(|delay| delay.map(|delay| delay.as_secs_f64() * 1e3)).collect()
    }

    #[test]
    fn linux_with_a_loss_in_the_middle_and_at_the_end() {
        let log = "\
PING example.net (192.0.2.1) 56(84) bytes of data.
64 bytes from 192.0.2.1: icmp_seq=1 ttl=57 time=12.5 ms
64 bytes from 192.0.2.1: icmp_seq=1 ttl=57 time=13.5 ms (DUP!)
64 bytes from 192.0.2.1: icmp_seq=4 ttl=57 time=11 ms
64 bytes from 192.0.2.1: icmp_seq=3 ttl=57 time=2000 ms
From 10.0.0.1 icmp_seq=5 Destination Host Unreachable

--- example.net ping statistics ---
6 packets transmitted, 3 received, 50% packet loss, time 5007ms
rtt min/avg/max/mdev = 11.000/674.500/2000.000/937.000 ms
";
        let pings = pings(log);
        assert!(is_ping(&lines(log).unwrap()));
        assert_eq!(millis(&pings), [Some(12.5), None, Some(2_000.0), Some(11.0), None, None]);
        assert_eq!(pings.sent, None);
    }

    /// With `-D` a ping left by its delay before its answer came; a lost one left evenly between its neighbours.
    #[test]
    fn stamps_say_when_a_ping_left() {
        let log = "\
[1674630000.100000] 64 bytes from 192.0.2.1: icmp_seq=1 ttl=57 time=100 ms
[1674630000.550000] no answer yet for icmp_seq=2
[1674630001.050000] 64 bytes from 192.0.2.1: icmp_seq=3 ttl=57 time=50.0 ms
[1674630001.520000] 64 bytes from 192.0.2.1: icmp_seq=4 ttl=57 time=20.0 ms
";
        let pings = pings(log);
        assert_eq!(millis(&pings), [Some(100.0), None, Some(50.0), Some(20.0)]);
        let sent: Vec<u128> = pings.sent.unwrap().iter().map(|t| (t.as_micros() + 500) / 1_000).collect();
        assert_eq!(sent, [0, 500, 1_000, 1_500]);
    }

    #[test]
    fn busybox_and_macos_count_from_zero() {
        let busybox = "64 bytes from 192.0.2.1: seq=0 ttl=57 time=12.345 ms\n64 bytes from 192.0.2.1: seq=2 ttl=57 time=9 ms\n";
        assert_eq!(millis(&pings(busybox)), [Some(12.345), None, Some(9.0)]);
        let macos = "\
PING example.net (192.0.2.1): 56 data bytes
64 bytes from 192.0.2.1: icmp_seq=0 ttl=57 time=12.0 ms
Request timeout for icmp_seq 1
64 bytes from 192.0.2.1: icmp_seq=2 ttl=57 time=9.0 ms
";
        assert_eq!(millis(&pings(macos)), [Some(12.0), None, Some(9.0)]);
    }

    #[test]
    fn sequence_numbers_start_again() {
        let line = |n: u64| format!("64 bytes from 192.0.2.1: icmp_seq={} ttl=57 time=1 ms\n", n % 65_536);
        let log: String = (1..=65_540).map(line).collect();
        assert_eq!(pings(&log).delays.len(), 65_540);
    }

    #[test]
    fn what_is_no_ping_is_told() {
        let told = |text: &str| read(&lines(text).unwrap()).unwrap_err();
        let answer = "64 bytes from 192.0.2.1: icmp_seq=1 ttl=57 time=1 ms\n";
        let mistakes = told(&format!(
            "{answer}hello\n{answer}64 bytes: icmp_seq=99999 time=1 ms\nicmp_seq=2 time=soon ms\n"
        ));
        let messages: Vec<&str> = mistakes.first.iter().map(|mistake| mistake.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "expected a line of ping's output, found `hello`",
                "a sequence number has 16 bits, and `99999` is beyond them",
                "expected `time=` and milliseconds, found `time=soon`",
            ]
        );
        assert_eq!(mistakes.first[0].start, answer.len());
        assert!(told("Request timeout for icmp_seq 1\n").first[0].message.contains("no ping"));
    }
}
