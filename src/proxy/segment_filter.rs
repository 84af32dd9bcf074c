//! Segment filters: the kernel drops segments before its own TCP sees them, so that the peers' kernels really retransmit.
//!
//! A proxy that merely stops reading still lets its kernel acknowledge what arrives: no connect ever times out, no
//! `TCP_USER_TIMEOUT`, no keepalive. A classic BPF program on brownout's own socket (`SO_ATTACH_FILTER`, a safe call of
//! `socket2`) runs before TCP does, and what it drops was never there. Two programs:
//!
//! - [`SegmentFilter::syns`], on a listener: drops pure SYNs, of each bucket its share, hashed from the packet as
//!   [`crate::base::FlowBucket::of`] does it from the address. Nothing else: the handshake's third ACK and whatever waits in the accept
//!   queue pass through the listener's program, too.
//! - [`SegmentFilter::share`], on a connection: all that arrives, FIN and RST included, as on a dark path; or each segment by
//!   a draw of the kernel's own.
//!
//! A filter acts on what arrives at brownout: a client's kernel sees loss to the server as loss, and of the way back only
//! that nothing comes. What is accepted inherits the listener's program; whoever accepts must [`detach`] it.
//!
//! Linux only; elsewhere, and where the kernel does not permit it (recent ones ask for `CAP_NET_ADMIN` on TCP sockets),
//! attaching is an error. Constants and offsets: `linux/filter.h`, `linux/bpf_common.h`; the program of a TCP socket sees the
//! packet from its TCP header on, and reaches the IP header at `SKF_NET_OFF`.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;

use crate::base::BUCKETS;
use crate::base::limits::SYN_SHARES_MAX;
use crate::fault::DropShare;

/// Some buckets, a bit each.
type Buckets = [u32; BUCKETS / 32];

/// A program for a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentFilter(Vec<Step>);

/// One instruction: its code, where it jumps if true and if false, its constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    code: u16,
    if_true: u8,
    if_false: u8,
    k: u32,
}

// Classes, sizes, modes and operations of classic BPF, as far as they are used, put together.
const LOAD_WORD: u16 = 0x20;
const LOAD_HALF: u16 = 0x28;
const LOAD_BYTE: u16 = 0x30;
const LOAD_IMMEDIATE: u16 = 0x00;
const LOAD_MEMORY: u16 = 0x60;
const STORE: u16 = 0x02;
const MULTIPLY: u16 = 0x24;
const AND: u16 = 0x54;
const SHIFT_RIGHT: u16 = 0x74;
const SHIFT_RIGHT_BY_X: u16 = 0x7c;
const XOR_X: u16 = 0xac;
const JUMP: u16 = 0x05;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_AT_LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;
const TO_X: u16 = 0x07;

/// Where the IP header begins, as an offset (`SKF_NET_OFF`).
const IP_HEADER: u32 = (-0x10_0000_i32) as u32;
/// A random word (`SKF_AD_OFF + SKF_AD_RANDOM`).
const RANDOM: u32 = (-0x1000_i32 + 56) as u32;
/// Where the flags are in a TCP header, and which of them matter here.
const FLAGS: u32 = 13;
const SYN: u32 = 0x02;
const SYN_ACK: u32 = 0x12;
/// Verdicts: a program returns how many bytes of the segment are kept.
const KEEP: u32 = u32::MAX;
const DROP: u32 = 0;

// === impl SegmentFilter ===

impl SegmentFilter {
    /// Drops pure SYNs (SYN set, ACK clear): of each bucket this share, by draws of the kernel's own generator.
    pub fn syns(shares: &[DropShare; BUCKETS]) -> Self {
        let mut steps = vec![
            Step::new(LOAD_BYTE, FLAGS),
            Step::new(AND, SYN_ACK),
            Step::jump(JUMP_IF_EQUAL, SYN, 1, 0),
            Step::new(RETURN, KEEP),
        ];
        if shares.iter().all(|share| *share == shares[0]) {
            steps.extend(verdict(shares[0]));
            return Self(steps);
        }
        steps.extend(Self::address());
        steps.extend(Self::bucket());
        steps.push(Step::new(STORE, 1));
        for (share, buckets) in groups(shares) {
            let verdict = verdict(share);
            steps.extend(Self::is_among(&buckets));
            steps.push(Step::jump(JUMP_IF_EQUAL, 0, verdict.len() as u8, 0));
            steps.extend(verdict);
        }
        steps.push(Step::new(RETURN, KEEP));
        Self(steps)
    }

    /// Drops this share of segments, each by a draw of the kernel's own generator: it does not repeat.
    pub fn share(share: DropShare) -> Self {
        Self(verdict(share))
    }

    /// Leaves 1 in the accumulator if the bucket in M[1] is among these, 0 otherwise.
    fn is_among(buckets: &Buckets) -> Vec<Step> {
        let mut steps = vec![Step::new(LOAD_MEMORY, 1), Step::new(SHIFT_RIGHT, 5)];
        // Its word: a jump for each of the eight.
        for (place, word) in buckets.iter().enumerate() {
            // The words that are left, three steps each.
            let left = (buckets.len() - 1 - place) as u32;
            steps.push(Step::jump(JUMP_IF_EQUAL, place as u32, 0, 2));
            steps.push(Step::new(LOAD_IMMEDIATE, *word));
            steps.push(Step::new(JUMP, left * 3));
        }
        steps.extend([
            Step::new(STORE, 2),
            Step::new(LOAD_MEMORY, 1),
            Step::new(AND, 31),
            Step::new(TO_X, 0),
            Step::new(LOAD_MEMORY, 2),
            Step::new(SHIFT_RIGHT_BY_X, 0),
            Step::new(AND, 1),
        ]);
        steps
    }

    /// Leaves the client's address in M[0]: the IPv4 address, or the XOR of an IPv6 address's words.
    fn address() -> Vec<Step> {
        let ipv6_words: Vec<Step> =
            [8, 12, 16, 20].map(|offset| Step::new(LOAD_WORD, IP_HEADER + offset)).into();
        let mut ipv6 = vec![ipv6_words[0]];
        for word in &ipv6_words[1..] {
            ipv6.extend([Step::new(TO_X, 0), *word, Step::new(XOR_X, 0)]);
        }
        let mut steps = vec![
            Step::new(LOAD_BYTE, IP_HEADER),
            Step::new(SHIFT_RIGHT, 4),
            Step::jump(JUMP_IF_EQUAL, 4, 0, 2),
            Step::new(LOAD_WORD, IP_HEADER + 12),
            Step::new(JUMP, ipv6.len() as u32),
        ];
        steps.extend(ipv6);
        steps.push(Step::new(STORE, 0));
        steps
    }

    /// Leaves in the accumulator the bucket of the client whose address is in M[0]: the formula of [`FlowBucket::of`].
    fn bucket() -> [Step; 14] {
        [
            Step::new(LOAD_HALF, 0),
            Step::new(MULTIPLY, 0x0001_0001),
            Step::new(TO_X, 0),
            Step::new(LOAD_MEMORY, 0),
            Step::new(XOR_X, 0),
            Step::new(MULTIPLY, 0x9E37_79B1),
            Step::new(TO_X, 0),
            Step::new(SHIFT_RIGHT, 15),
            Step::new(XOR_X, 0),
            Step::new(MULTIPLY, 0x85EB_CA6B),
            Step::new(TO_X, 0),
            Step::new(SHIFT_RIGHT, 13),
            Step::new(XOR_X, 0),
            Step::new(SHIFT_RIGHT, 24),
        ]
    }

    /// Puts it in the place of the socket's program, if it has one; no segment meets neither.
    #[cfg(target_os = "linux")]
    pub fn attach(&self, socket: &impl AsFd) -> io::Result<()> {
        let native = |step: &Step| socket2::SockFilter::new(step.code, step.if_true, step.if_false, step.k);
        let program: Vec<_> = self.0.iter().map(native).collect();
        socket2::SockRef::from(socket).attach_filter(&program)
    }

    /// Only Linux has segment filters.
    #[cfg(not(target_os = "linux"))]
    pub fn attach(&self, _socket: &impl AsFd) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Step {
    const fn new(code: u16, k: u32) -> Self {
        Self { code, if_true: 0, if_false: 0, k }
    }

    const fn jump(code: u16, k: u32, if_true: u8, if_false: u8) -> Self {
        Self { code, if_true, if_false, k }
    }
}

/// Drops a share, and keeps the rest.
fn verdict(share: DropShare) -> Vec<Step> {
    match share {
        DropShare::ALL => vec![Step::new(RETURN, DROP)],
        DropShare::NONE => vec![Step::new(RETURN, KEEP)],
        _ => vec![
            Step::new(LOAD_WORD, RANDOM),
            Step::jump(JUMP_IF_AT_LEAST, share.below(), 0, 1),
            Step::new(RETURN, KEEP),
            Step::new(RETURN, DROP),
        ],
    }
}

/// The buckets of each share of which something is dropped. A program has at most 4,096 steps, so beyond
/// [`SYN_SHARES_MAX`] shares they are rounded.
fn groups(shares: &[DropShare; BUCKETS]) -> Vec<(DropShare, Buckets)> {
    let grouped = |rounded: bool| {
        let mut groups: BTreeMap<DropShare, Buckets> = BTreeMap::new();
        for (bucket, share) in shares.iter().enumerate().filter(|(_, share)| **share != DropShare::NONE) {
            let share = if rounded { share.rounded() } else { *share };
            groups.entry(share).or_default()[bucket / 32] |= 1 << (bucket % 32);
        }
        groups
    };
    let exact = grouped(false);
    let groups = if exact.len() > SYN_SHARES_MAX { grouped(true) } else { exact };
    groups.into_iter().collect()
}

/// Whether this process may attach programs to its TCP sockets.
pub fn permitted() -> io::Result<()> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    SegmentFilter::share(DropShare::NONE).attach(&socket)
}

/// Takes a socket's program away; a socket without one is none the worse for it.
#[cfg(target_os = "linux")]
pub fn detach(socket: &impl AsFd) -> io::Result<()> {
    match socket2::SockRef::from(socket).detach_filter() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Only Linux has segment filters.
#[cfg(not(target_os = "linux"))]
pub fn detach(_socket: &impl AsFd) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use proptest::prelude::*;

    use super::*;
    use crate::base::{FaultId, FlowBucket, LossTerm, PathState, Ratio};

    fn share(numerator: u64, denominator: u64) -> DropShare {
        let ratio = Ratio::new(numerator, denominator).unwrap();
        let losses = vec![LossTerm { fault: FaultId(1), ratio }];
        DropShare::of(&PathState { losses, ..PathState::CLEAR })
    }

    /// A machine that runs programs as the kernel does: what is tested here is our programs, not the kernel.
    fn run(filter: &SegmentFilter, ip: &[u8], tcp: &[u8], random: u32) -> u32 {
        let (mut a, mut x, mut memory, mut at) = (0_u32, 0_u32, [0_u32; 16], 0_usize);
        let load = |k: u32, bytes: usize| -> u32 {
            if k == RANDOM {
                return random;
            }
            let (from, offset) = if k >= IP_HEADER { (ip, k - IP_HEADER) } else { (tcp, k) };
            let bytes = &from[offset as usize..offset as usize + bytes];
            bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte))
        };
        loop {
            let Step { code, if_true, if_false, k } = filter.0[at];
            at += 1;
            let mut branch = |taken: bool| at += usize::from(if taken { if_true } else { if_false });
            match code {
                LOAD_WORD => a = load(k, 4),
                LOAD_HALF => a = load(k, 2),
                LOAD_BYTE => a = load(k, 1),
                LOAD_IMMEDIATE => a = k,
                LOAD_MEMORY => a = memory[k as usize],
                STORE => memory[k as usize] = a,
                MULTIPLY => a = a.wrapping_mul(k),
                AND => a &= k,
                SHIFT_RIGHT => a >>= k,
                SHIFT_RIGHT_BY_X => a >>= x,
                XOR_X => a ^= x,
                TO_X => x = a,
                JUMP => at += k as usize,
                JUMP_IF_EQUAL => branch(a == k),
                JUMP_IF_AT_LEAST => branch(a >= k),
                RETURN => return k,
                other => panic!("no such instruction: {other:#x}"),
            }
        }
    }

    /// The beginnings of the headers of a segment from `client`.
    fn headers(client: SocketAddr, flags: u8) -> (Vec<u8>, Vec<u8>) {
        let ip = match client {
            SocketAddr::V4(v4) => {
                let mut ip = vec![0; 20];
                ip[0] = 0x45;
                ip[12..16].copy_from_slice(&v4.ip().octets());
                ip
            }
            SocketAddr::V6(v6) => {
                let mut ip = vec![0; 40];
                ip[0] = 0x60;
                ip[8..24].copy_from_slice(&v6.ip().octets());
                ip
            }
        };
        let mut tcp = vec![0; 20];
        tcp[..2].copy_from_slice(&client.port().to_be_bytes());
        tcp[13] = flags;
        (ip, tcp)
    }

    proptest! {
        /// The kernel hashes as user space does: a SYN is dropped if, and only if, its bucket is dark, or the
        /// kernel's word is below the share of its bucket.
        #[test]
        fn a_syn_is_dropped_where_its_bucket_is_dark(
            v4 in any::<Option<[u8; 4]>>(),
            v6 in any::<[u8; 16]>(),
            port in any::<u16>(),
            dark in prop::collection::vec(any::<u8>(), 0..300),
            more in 0_u8..=0xff,
            random in any::<u32>(),
            kinds in prop_oneof![Just(1_u64), 2_u64..100],
        ) {
            let client = SocketAddr::new(v4.map_or_else(|| v6.into(), Into::into), port);
            prop_assume!(!matches!(client, SocketAddr::V6(v6) if v6.ip().to_ipv4_mapped().is_some()));
            let bucket = FlowBucket::of(client);
            let mut shares = [DropShare::NONE; BUCKETS];
            for (place, bucket) in dark.iter().enumerate() {
                shares[usize::from(*bucket)] = share(place as u64 % kinds + 1, kinds);
            }
            let filter = SegmentFilter::syns(&shares);
            prop_assert!(filter.0.len() <= 4_096, "{}", filter.0.len());
            let verdict = |flags: u8| {
                let (ip, tcp) = headers(client, flags);
                run(&filter, &ip, &tcp, random)
            };
            let distinct: std::collections::BTreeSet<_> = shares.iter().collect();
            let mut own = shares[usize::from(bucket.0)];
            if distinct.len() > SYN_SHARES_MAX + usize::from(distinct.contains(&DropShare::NONE)) {
                own = own.rounded();
            }
            let drops = own == DropShare::ALL || random < own.below();
            let expected = if drops { DROP } else { KEEP };
            // ECN flags on a SYN, and what else may stand there, change nothing.
            prop_assert_eq!(verdict(more & !0x10 | 0x02), expected);
            prop_assert_eq!(verdict(more & !0x02), KEEP, "no SYN");
            prop_assert_eq!(verdict(more | 0x12), KEEP, "a SYN-ACK");
        }
    }

    #[test]
    fn a_share_is_drawn_from_the_kernels_word() {
        let filter = SegmentFilter::share(share(1, 4));
        let (ip, tcp) = headers("127.0.0.1:40000".parse().unwrap(), 0x10);
        let verdicts =
            [0, u32::MAX / 4 - 1, u32::MAX / 4 + 1, u32::MAX].map(|word| run(&filter, &ip, &tcp, word));
        assert_eq!(verdicts, [DROP, DROP, KEEP, KEEP]);
        assert_eq!(run(&SegmentFilter::share(DropShare::NONE), &ip, &tcp, 0), KEEP);
        assert_eq!(run(&SegmentFilter::share(DropShare::ALL), &ip, &tcp, u32::MAX), DROP);
    }
}
