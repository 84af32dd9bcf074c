//! The SYNs of a service: the filter of its listener, swapped as faults come and go, and the kernel's count of what it drops.
//!
//! A connect whose SYN is dropped never reaches brownout: only the kernel knows of it. It counts what a socket's filter has
//! dropped, and tells by `sock_diag` (netlink, which asks for no privilege); the count is journaled with the faults that were
//! dropping, at every change of theirs and now and then between. (Drops for a full accept queue are in that count as well.)

use std::io;
use std::sync::Arc;

use super::door::Door;
use super::segment_filter::{SegmentFilter, detach};
use super::session::Service;
use crate::base::SimTime;
use crate::base::limits::SYN_COUNT_EVERY;
use crate::event::Event;
use crate::fault::{Program, SynDrops};

/// The filter of a listener.
#[derive(Debug)]
pub(super) struct Syns {
    attached: SynDrops,
    /// What the kernel had counted when it was last asked.
    counted: u32,
    /// The program that was looked at last, and until when nothing changes under it.
    looked: Option<(Arc<Program>, Option<SimTime>)>,
}

// === impl Syns ===

impl Syns {
    /// That of a listener which has none yet.
    pub(super) const fn new() -> Self {
        Self { attached: SynDrops::NONE, counted: 0, looked: None }
    }

    /// Attaches what the program drops now; says when to look again.
    pub(super) fn poll(
        &mut self,
        program: &Arc<Program>,
        door: &Door,
        service: &Service,
    ) -> io::Result<Option<SimTime>> {
        let now = service.shared.clock.now();
        if let Some((known, until)) = &self.looked
            && Arc::ptr_eq(known, program)
            && until.is_none_or(|until| now < until)
        {
            return Ok(*until);
        }
        self.looked = None;
        let (drops, until) = program.syn_drops(now);
        self.tell(door, service);
        if drops.shares != self.attached.shares {
            if drops.shares == SynDrops::NONE.shares {
                detach(door.socket())?;
            } else {
                SegmentFilter::syns(&drops.shares).attach(door.socket())?;
            }
        }
        self.attached = drops;
        let count_at = (!self.attached.faults.is_empty()).then(|| now.plus(SYN_COUNT_EVERY));
        let until = [until, count_at].into_iter().flatten().min();
        self.looked = Some((Arc::clone(program), until));
        Ok(until)
    }

    /// Tells what was dropped since it last did.
    pub(super) fn tell(&mut self, door: &Door, service: &Service) {
        if self.attached.faults.is_empty() {
            return;
        }
        let Ok(counted) = sock_diag::drops(door.socket()) else { return };
        let count = counted.wrapping_sub(self.counted);
        self.counted = counted;
        if count > 0 {
            let service_name = Arc::clone(&service.config.name);
            let faults = self.attached.faults.clone();
            let dropped = Event::SynsDropped { service: service_name, faults, count: count.into() };
            service.shared.outbox.put(service.shared.clock.now(), dropped);
        }
    }
}

/// Asks the kernel for a listener's count. Layouts: `linux/netlink.h`, `linux/inet_diag.h`, `linux/sock_diag.h`.
#[cfg(target_os = "linux")]
mod sock_diag {
    use std::io;
    use std::net::{IpAddr, TcpListener};

    use rustix::net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
    };

    /// `SOCK_DIAG_BY_FAMILY`, `NLM_F_REQUEST`, `NLMSG_ERROR`.
    const BY_FAMILY: u16 = 20;
    const REQUEST: u16 = 1;
    const ERROR: u16 = 2;
    /// `INET_DIAG_SKMEMINFO`: its attribute, whose ninth word counts drops (`SK_MEMINFO_DROPS`).
    const MEMINFO: u16 = 7;
    const DROPS: usize = 8;
    const TCP: u8 = 6;
    const HEADER: usize = 16;
    const REQUEST_BYTES: usize = HEADER + 56;
    const ANSWER_BYTES: usize = HEADER + 72;

    /// How many segments the socket has dropped.
    pub(super) fn drops(listener: &TcpListener) -> io::Result<u32> {
        let address = listener.local_addr()?;
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let mut request = Vec::with_capacity(REQUEST_BYTES);
        request.extend((REQUEST_BYTES as u32).to_ne_bytes());
        request.extend([BY_FAMILY.to_ne_bytes(), REQUEST.to_ne_bytes()].concat());
        request.extend([0; 8]);
        request.extend([family.as_raw() as u8, TCP, 1 << (MEMINFO - 1), 0]);
        request.extend(u32::MAX.to_ne_bytes());
        request.extend(address.port().to_be_bytes());
        request.extend([0; 2]);
        match address.ip() {
            IpAddr::V4(v4) => request.extend([&v4.octets()[..], &[0; 12]].concat()),
            IpAddr::V6(v6) => request.extend(v6.octets()),
        }
        // No peer, no interface, no cookie.
        request.extend([0; 20]);
        request.extend([u8::MAX; 8]);
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(netlink::SOCK_DIAG))?;
        send(&socket, &request, SendFlags::empty())?;
        // The kernel answers before the request returns.
        let mut answer = [0; 1_024];
        let (length, _) = recv(&socket, &mut answer[..], RecvFlags::DONTWAIT)?;
        read(&answer[..length]).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn read(answer: &[u8]) -> Option<u32> {
        let half = |at: usize| Some(u16::from_ne_bytes(answer.get(at..at + 2)?.try_into().ok()?));
        let word = |at: usize| Some(u32::from_ne_bytes(answer.get(at..at + 4)?.try_into().ok()?));
        let mut at = ANSWER_BYTES;
        while half(4)? != ERROR {
            let length = usize::from(half(at)?);
            if half(at + 2)? == MEMINFO {
                return word(at + 4 + DROPS * 4);
            }
            at += length.max(4).next_multiple_of(4);
        }
        None
    }
}

/// Only Linux has segment filters.
#[cfg(not(target_os = "linux"))]
mod sock_diag {
    pub(super) fn drops(_listener: &std::net::TcpListener) -> std::io::Result<u32> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}
