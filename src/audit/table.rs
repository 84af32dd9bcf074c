//! The TCP table of this host: what packets can't tell, because brownout has made sure that there are none.
//!
//! A client whose SYN is not answered, or whose connection has died, is seen only by its own kernel. Linux shows its sockets in
//! `/proc/net/tcp` to everybody in the same network namespace; elsewhere, or for a client in a container, nothing is seen.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use indexmap::IndexMap;

use crate::base::SimTime;

/// How often the table is read: what it tells is known to so much. The kernel walks all its sockets for it, which takes some
/// milliseconds.
pub(super) const EVERY: std::time::Duration = std::time::Duration::from_millis(25);

/// `SYN_SENT`, as the kernel numbers it (`include/net/tcp_states.h`).
const SYN_SENT: u8 = 2;
/// `FIN_WAIT1`: it has sent a FIN, which nobody has acknowledged.
const FIN_WAIT1: u8 = 4;

/// A socket of the client, as its kernel sees it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    local: SocketAddr,
    remote: SocketAddr,
    state: u8,
    unacknowledged: bool,
}

/// What was seen of one socket of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// When it was first seen.
    pub(super) first: SimTime,
    /// Whether it was ever seen to wait for the answer to its SYN.
    pub(super) connecting: bool,
    /// Since when it has had bytes that nobody has acknowledged.
    pub(super) unheard: Option<SimTime>,
    /// When it was first seen to have sent a FIN that nobody has acknowledged.
    pub(super) fin: Option<SimTime>,
    /// When it was first not there any more.
    pub(super) gone: Option<SimTime>,
}

/// What was seen of all sockets that lead to one address, by their own.
#[derive(Debug)]
pub(super) struct Watched {
    to: SocketAddr,
    sockets: IndexMap<SocketAddr, Seen>,
}

// === impl Watched ===

impl Watched {
    pub(super) fn new(to: SocketAddr) -> Self {
        Self { to, sockets: IndexMap::new() }
    }

    /// Reads the table of this host. False, if there is none.
    pub(super) fn look(&mut self, now: SimTime) -> bool {
        let Ok(four) = fs_err::read_to_string("/proc/net/tcp") else { return false };
        // A kernel without IPv6 has no such file.
        let six = fs_err::read_to_string("/proc/net/tcp6").unwrap_or_default();
        self.note([four.as_str(), six.as_str()], now);
        true
    }

    pub(super) fn sockets(&self) -> &IndexMap<SocketAddr, Seen> {
        &self.sockets
    }

    fn note(&mut self, tables: [&str; 2], now: SimTime) {
        let rows = tables.iter().flat_map(|table| table.lines()).filter_map(row);
        let rows: Vec<Row> = rows.filter(|row| row.remote == self.to).collect();
        for row in &rows {
            let seen = self.sockets.entry(row.local).or_insert(Seen {
                first: now,
                connecting: false,
                unheard: None,
                fin: None,
                gone: None,
            });
            seen.connecting |= row.state == SYN_SENT;
            seen.unheard = row.unacknowledged.then(|| seen.unheard.unwrap_or(now));
            if row.state == FIN_WAIT1 {
                seen.fin.get_or_insert(now);
            }
        }
        for (local, seen) in &mut self.sockets {
            if !rows.iter().any(|row| row.local == *local) {
                seen.gone.get_or_insert(now);
            }
        }
    }
}

/// A line of the table: `sl local rem st tx:rx …`, everything in hexadecimal. None for its heading.
fn row(line: &str) -> Option<Row> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let (local, remote) = (address(fields.next()?)?, address(fields.next()?)?);
    let state = u8::from_str_radix(fields.next()?, 16).ok()?;
    let unsent = fields.next()?.split_once(':')?.0;
    let unacknowledged = u32::from_str_radix(unsent, 16).ok()? > 0;
    Some(Row { local, remote, state, unacknowledged })
}

/// `0100007F:1F90`: words of 32 bits in the order of the host's bytes, the port as it is read. Addresses that are mapped are
/// those that they map.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| u32::from_str_radix(ip.get(at * 8..at * 8 + 8)?, 16).ok().map(u32::to_ne_bytes);
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let words = [word(0)?, word(1)?, word(2)?, word(3)?];
            let octets: [u8; 16] = words.concat().try_into().ok()?;
            IpAddr::from(octets).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;

    const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt";

    fn line(local: &str, state: &str, queue: &str) -> String {
        format!("   0: {local} 0100007F:1F90 {state} {queue}:00000000 01:00000014 00000000  1000 0 1")
    }

    /// A SYN that is given up; a request that nobody acknowledges, and the FIN after it.
    #[test]
    fn what_becomes_of_sockets_is_told() {
        let mut watched = Watched::new("127.0.0.1:8080".parse().unwrap());
        let at = SimTime::from_millis;
        let tables = [
            (vec![line("0100007F:9C40", "02", "00000001"), line("0100007F:9C41", "01", "00000000")], 10),
            (vec![line("0100007F:9C40", "02", "00000001"), line("0100007F:9C41", "01", "00000054")], 20),
            (vec![line("0100007F:9C41", "04", "00000055")], 30),
            (vec![], 40),
        ];
        for (lines, now) in tables {
            watched.note([&format!("{HEAD}\n{}", lines.join("\n")), ""], at(now));
        }
        let seen: Vec<Seen> = watched.sockets().values().copied().collect();
        let syn =
            Seen { first: at(10), connecting: true, unheard: Some(at(10)), fin: None, gone: Some(at(30)) };
        let (first, unheard) = (at(10), Some(at(20)));
        let dead = Seen { first, connecting: false, unheard, fin: Some(at(30)), gone: Some(at(40)) };
        assert_eq!(seen, [syn, dead]);
    }

    #[test]
    fn addresses_of_both_families_are_read() {
        let read = |text: &str| address(text).map(|address| address.to_string());
        assert_eq!(read("0100007F:1F90").as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(read("0000000000000000FFFF00000100007F:0050").as_deref(), Some("127.0.0.1:80"));
        assert_eq!(read("00000000000000000000000001000000:0050").as_deref(), Some("[::1]:80"));
        assert_eq!((read("local_address"), read("0100:1"), read("é00007F:1")), (None, None, None));
    }
}
