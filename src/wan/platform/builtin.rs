//! The built-in platforms, with the source of every number.
//!
//! `frr-ospf` and `frr-isis` were measured: `FRRouting` 8.4.4 in network namespaces on Linux 6.18, one number at a time (the
//! time of each step of each router after one event), not by what their sum does to traffic. The `generic-…` platforms have
//! documented defaults of their vendors. `incident-…` are the two kinds of router of 2023-01-25 as the public reports
//! describe them: one that rebuilds in the background, one whose tables are gone until they are rebuilt; what the reports
//! don't say is a choice, and says so.

use std::time::Duration;

use super::{
    Adjacency, Bfd, Bgp, DeadMembers, Fib, Flooding, Forwarding, Handshake, HellosNeed, Meanwhile,
    Origination, Platform, Readdress, Scope, Spf, Spread, Start, Transit, TwoWayCheck,
};
use crate::wan::spf::{Growth, Ietf, SpfDelay, Throttle};

/// RFC 8405's timers, as deployed `spf-delay-ietf` lines have them.
const RFC_8405: SpfDelay = SpfDelay::Ietf(Ietf {
    initial: ms(50),
    short: ms(200),
    long: ms(5_000),
    learn: ms(500),
    holddown: ms(10_000),
});

/// RFC 4271, section 10: hold time 90 s; MRAI 5 s inside an AS. A peer is tried again within its connect-retry time, which
/// implementations jitter; a table of a million prefixes is taken over in under a minute by a current route processor.
const BGP: Bgp = Bgp {
    hold: Duration::from_secs(90),
    connect: Spread::millis(1_000, 15_000),
    mrai: Duration::from_secs(5),
    learn_per_prefix: us(20),
};

/// A local command: the router leaves and comes back, with its tables kept until the new ones are there.
const LOCAL: Readdress = Readdress {
    scope: Scope::Local,
    meanwhile: Meanwhile::OldTables,
    resync: Duration::ZERO,
    rebuild_per_prefix: Spread::fixed(Duration::ZERO),
    transit: Transit::Attracted,
};

/// Carrier tuning: light is missed within a few milliseconds; 50 ms is the usual protection target.
const HARDWARE_CARRIER: Spread = Spread::millis(5, 20);

/// Line cards take 0.1 to 0.25 ms a prefix (2.5 min for 600,000: SWIFT, SIGCOMM 2017).
const LINE_CARD: Spread = Spread::micros(100, 250);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

// === impl Platform ===

impl Platform {
    /// The names that [`Platform::named`] knows.
    pub const NAMES: [&'static str; 8] = [
        "frr-ospf",
        "frr-isis",
        "generic-ios-xr",
        "generic-junos",
        "generic-ios",
        "incident-resilient",
        "incident-cautious",
        "incident-fragile",
    ];

    /// The built-in platform of this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "frr-ospf" => Self::frr_ospf(),
            "frr-isis" => Self::frr_isis(),
            "generic-ios-xr" => Self::ios_xr(),
            "generic-junos" => Self::junos(),
            "generic-ios" => Self::ios(),
            "incident-resilient" => Self::incident_resilient(),
            "incident-cautious" => Self::incident_cautious(),
            "incident-fragile" => Self::incident_fragile(),
            _ => return None,
        })
    }

    /// `FRRouting`'s ospfd and zebra on Linux: hello 1 s, dead interval 4 s, otherwise its defaults.
    ///
    /// zebra's work queue waits 10 ms after its first entry; ospfd computes external routes 1 s after an SPF; a refused LSA
    /// comes again at the first look of a 5 s timer that finds it 5 s old. Where kernel next-hop objects are on, an ECMP
    /// member without carrier is skipped within 0.1 ms: set [`DeadMembers::Skipped`] for that.
    pub fn frr_ospf() -> Self {
        Self {
            name: "frr-ospf".to_owned(),
            adjacency: Adjacency {
                carrier: Spread::micros(300, 1_600),
                hello: ms(1_000),
                hold: ms(4_000),
                drift: Spread::millis(0, 5),
                bfd: None,
                handshake: Handshake::Scheduled,
                hellos_need: HellosNeed::Addresses,
                exchange: Spread::micros(2_000, 4_000),
                loading: Spread::micros(0, 2_000),
            },
            origination: Origination {
                delay: Spread::micros(300, 1_000),
                interval: Duration::ZERO,
                interval_at_start: Duration::ZERO,
            },
            flooding: Flooding {
                process: Spread::micros(600, 2_400),
                pacing: Duration::ZERO,
                batch: 10,
                min_arrival: ms(1_000),
                retransmit: ms(5_000),
            },
            spf: Spf {
                delay: SpfDelay::Throttle(Throttle {
                    initial: Duration::ZERO,
                    hold: ms(50),
                    max: ms(5_000),
                    growth: Growth::Linear,
                }),
                run: Spread::micros(300, 1_200),
                run_per_router: us(60),
                two_way_check: TwoWayCheck::Both,
            },
            fib: Fib {
                calculate_per_prefix: Spread::micros(5, 18),
                hold: ms(10),
                first: Spread::micros(100, 900),
                write_per_prefix: Spread::micros(27, 60),
                external_delay: ms(1_000),
            },
            forwarding: Forwarding { hop: us(8), ecmp_max: 64, dead_members: DeadMembers::Used },
            readdress: LOCAL,
            bgp: BGP,
            start: Start {
                farewell: Spread::micros(1_000, 5_000),
                process: Spread::millis(1_050, 2_300),
                boot: Spread::millis(5_000, 15_000),
            },
        }
    }

    /// `FRRouting`'s isisd and zebra on Linux: level 2, hello 1 s, hold time 4 s, RFC 8405 timers, `lsp-gen-interval 1`.
    ///
    /// isisd gathers changes for 100 ms before it makes an LSP, answers a new neighbour within 50 ms, jitters its hellos, and
    /// computes by one end's word. After a start it keeps to the default 30 s between LSPs.
    pub fn frr_isis() -> Self {
        let ospf = Self::frr_ospf();
        Self {
            name: "frr-isis".to_owned(),
            adjacency: Adjacency {
                // The process hears of light later than ospfd does; hellos come 10 % early at random.
                carrier: Spread::micros(6_000, 11_500),
                hello: ms(950),
                drift: Spread::millis(0, 250),
                handshake: Handshake::Triggered(Spread::millis(36, 42)),
                hellos_need: HellosNeed::Nothing,
                exchange: Spread::micros(200, 1_000),
                loading: Spread::micros(0, 500),
                ..ospf.adjacency
            },
            origination: Origination {
                delay: Spread::micros(101_000, 103_500),
                interval: ms(1_000),
                interval_at_start: ms(30_000),
            },
            flooding: Flooding {
                process: Spread::micros(100, 1_000),
                min_arrival: Duration::ZERO,
                ..ospf.flooding
            },
            spf: Spf { delay: RFC_8405, two_way_check: TwoWayCheck::OneEnd, ..ospf.spf },
            fib: Fib {
                calculate_per_prefix: Spread::micros(14, 24),
                external_delay: Duration::ZERO,
                ..ospf.fib
            },
            ..ospf
        }
    }

    /// A tuned IOS XR of a backbone: IS-IS, BFD 50 ms x 3, SPF throttle 50/200/5000 ms, one LSP each 33 ms on a link.
    pub fn ios_xr() -> Self {
        Self {
            name: "generic-ios-xr".to_owned(),
            adjacency: Adjacency {
                carrier: HARDWARE_CARRIER,
                hello: ms(10_000),
                hold: ms(30_000),
                drift: Spread::millis(0, 2_500),
                bfd: Some(Bfd { interval: ms(50), multiplier: 3 }),
                handshake: Handshake::Triggered(Spread::millis(10, 50)),
                hellos_need: HellosNeed::Nothing,
                exchange: Spread::millis(5, 50),
                loading: Spread::millis(0, 5),
            },
            origination: Origination {
                delay: Spread::millis(20, 50),
                interval: ms(200),
                interval_at_start: ms(200),
            },
            flooding: Flooding {
                process: Spread::millis(1, 5),
                pacing: ms(33),
                batch: 10,
                min_arrival: Duration::ZERO,
                retransmit: ms(5_000),
            },
            spf: Spf {
                delay: SpfDelay::Throttle(Throttle {
                    initial: ms(50),
                    hold: ms(200),
                    max: ms(5_000),
                    growth: Growth::Double,
                }),
                run: Spread::millis(1, 4),
                run_per_router: us(60),
                two_way_check: TwoWayCheck::Both,
            },
            fib: Fib {
                calculate_per_prefix: Spread::micros(5, 10),
                hold: ms(10),
                first: Spread::millis(5, 20),
                write_per_prefix: LINE_CARD,
                external_delay: Duration::ZERO,
            },
            forwarding: Forwarding {
                hop: us(20),
                ecmp_max: 64,
                dead_members: DeadMembers::Skipped(Spread::millis(1, 10)),
            },
            readdress: LOCAL,
            bgp: BGP,
            start: Start {
                farewell: Spread::millis(10, 100),
                process: Spread::millis(5_000, 20_000),
                boot: Spread::millis(240_000, 600_000),
            },
        }
    }

    /// Junos: IS-IS, hello 9 s x 3, 200 ms before each of three rapid SPF runs, then 5 s.
    pub fn junos() -> Self {
        let xr = Self::ios_xr();
        Self {
            name: "generic-junos".to_owned(),
            adjacency: Adjacency { hello: ms(9_000), hold: ms(27_000), ..xr.adjacency },
            spf: Spf {
                delay: SpfDelay::Throttle(Throttle {
                    initial: ms(200),
                    hold: ms(5_000),
                    max: ms(5_000),
                    growth: Growth::After(3),
                }),
                ..xr.spf
            },
            ..xr
        }
    }

    /// An old IOS with its defaults: OSPF, hello 10 s, dead interval 40 s, SPF after 5 s, then at least 10 s apart.
    pub fn ios() -> Self {
        let xr = Self::ios_xr();
        Self {
            name: "generic-ios".to_owned(),
            adjacency: Adjacency {
                hello: ms(10_000),
                hold: ms(40_000),
                drift: Spread::millis(0, 5),
                bfd: None,
                handshake: Handshake::Scheduled,
                hellos_need: HellosNeed::Addresses,
                ..xr.adjacency
            },
            origination: Origination { interval: ms(5_000), interval_at_start: ms(5_000), ..xr.origination },
            flooding: Flooding { min_arrival: ms(1_000), ..xr.flooding },
            spf: Spf {
                delay: SpfDelay::Throttle(Throttle {
                    initial: ms(5_000),
                    hold: ms(10_000),
                    max: ms(10_000),
                    growth: Growth::Double,
                }),
                ..xr.spf
            },
            forwarding: Forwarding { ecmp_max: 4, dead_members: DeadMembers::Used, ..xr.forwarding },
            ..xr
        }
    }

    /// The routers that a domain-wide purge hits but does not blind: old tables until new ones are there, no computing
    /// before the database is whole again (20 s: VRP's default wait after a purge).
    ///
    /// Rebuilding takes what a line card takes: 0.25 ms a prefix (SWIFT's worst case).
    pub fn incident_resilient() -> Self {
        Self {
            name: "incident-resilient".to_owned(),
            readdress: Readdress {
                scope: Scope::Domain,
                meanwhile: Meanwhile::OldTables,
                resync: ms(20_000),
                rebuild_per_prefix: Spread::micros(200, 300),
                transit: Transit::Attracted,
            },
            ..Self::ios_xr()
        }
    }

    /// The same, configured to be the last resort of transit while it rebuilds (overload on start-up): others take a detour
    /// around it, which costs them time but no packets.
    pub fn incident_cautious() -> Self {
        let resilient = Self::incident_resilient();
        Self {
            name: "incident-cautious".to_owned(),
            readdress: Readdress { transit: Transit::LastResort, ..resilient.readdress },
            ..resilient
        }
    }

    /// The routers that it blinds: tables cleared, adjacencies back long before routes, and every internet prefix validated
    /// and advertised anew: some 400 a second (a choice: one million in about 40 min; reports say that the last prefixes
    /// were reachable 100 min after the first command, and a second one came 33 min after it).
    pub fn incident_fragile() -> Self {
        Self {
            name: "incident-fragile".to_owned(),
            readdress: Readdress {
                scope: Scope::Domain,
                meanwhile: Meanwhile::NoTables,
                resync: ms(20_000),
                rebuild_per_prefix: Spread::micros(2_300, 2_600),
                transit: Transit::Attracted,
            },
            ..Self::ios_xr()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_names_its_platform() {
        for name in Platform::NAMES {
            assert_eq!(Platform::named(name).expect("a built-in platform").name, name);
        }
        assert_eq!(Platform::named("frr"), None);
    }
}
