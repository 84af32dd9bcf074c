//! Flow buckets: the one hash from a client's address to a class of flows that share one fate.
//!
//! Real WANs spread flows over equal-cost paths by hashing the 5-tuple; when some paths are dark, some flows are, and all
//! packets of a flow with it. brownout hashes the client's address and port into 256 buckets. A new connection has a new
//! port, so another bucket: that is why retrying on a new connection may help where retransmission does not.
//!
//! The hash is part of the product's contract: a classic BPF program computes the same in 32-bit arithmetic from a raw
//! SYN, so it may use only what such a program can do (multiply, shift, xor). Linux gives `connect()` even ports, which
//! the multiplication by 65,537 and the mixing spread over all buckets.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

/// How many buckets there are.
pub const BUCKETS: usize = 256;

/// One of [`BUCKETS`] classes of flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FlowBucket(pub u8);

// === impl FlowBucket ===

impl FlowBucket {
    /// The bucket of a client's address: `mix(a ^ port * 0x10001) >> 24`, where `a` is the IPv4 address, or the XOR of an
    /// IPv6 address's four words. An IPv4 address mapped into IPv6 counts as IPv4.
    pub fn of(client: SocketAddr) -> Self {
        let address = match client.ip() {
            IpAddr::V4(v4) => u32::from(v4),
            IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(|| words_xored(v6), u32::from),
        };
        let port = u32::from(client.port()).wrapping_mul(0x0001_0001);
        Self((mix(address ^ port) >> 24) as u8)
    }

    /// All of them, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).map(Self)
    }
}

impl fmt::Display for FlowBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn words_xored(address: Ipv6Addr) -> u32 {
    let bits = address.to_bits();
    (0..4).fold(0, |xored, word| xored ^ (bits >> (32 * word)) as u32)
}

/// A 32-bit finaliser: two rounds of multiply and xor-shift.
fn mix(mut h: u32) -> u32 {
    h = h.wrapping_mul(0x9E37_79B1);
    h ^= h >> 15;
    h = h.wrapping_mul(0x85EB_CA6B);
    h ^ (h >> 13)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(address: &str) -> u8 {
        FlowBucket::of(address.parse().unwrap()).0
    }

    /// Computed once, apart from this code, in Python with the formula of the design; a change of the hash is a change
    /// of every dark share anybody has measured.
    #[test]
    fn golden_vectors() {
        for (address, expected) in GOLDEN {
            assert_eq!(bucket(address), expected, "{address}");
        }
    }

    const GOLDEN: [(&str, u8); 6] = [
        ("127.0.0.1:40000", 48),
        ("127.0.0.1:40002", 78),
        ("10.1.2.3:65535", 199),
        ("0.0.0.0:0", 0),
        ("[::1]:40000", 53),
        ("[2001:db8::dead:beef]:443", 59),
    ];

    #[test]
    fn a_mapped_ipv4_address_counts_as_ipv4() {
        assert_eq!(bucket("[::ffff:127.0.0.1]:40000"), bucket("127.0.0.1:40000"));
    }

    /// Even ports only, as Linux hands out: every bucket is still reached about equally (expected 55 in each).
    #[test]
    fn even_ports_reach_every_bucket() {
        let mut hits = [0u32; BUCKETS];
        for port in (32_768..60_928u16).step_by(2) {
            hits[usize::from(bucket(&format!("127.0.0.1:{port}")))] += 1;
        }
        assert!(hits.iter().all(|&n| (20..110).contains(&n)), "{hits:?}");
    }
}
