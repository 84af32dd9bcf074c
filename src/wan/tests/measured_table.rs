//! What a real routing stack did, event by event.
//!
//! Measured on `FRRouting` 8.4.4 (zebra with ospfd or isisd, bfdd where BFD is named) on Linux 6.18: a network namespace per
//! router, veth links without delay, forwarding by the kernel, UDP probes of 8 flows (32 on the ladder) every 2 ms each. Of
//! every event: repetitions, how many of them lost a packet; least, median and greatest share of flows hit (percent); of the
//! lossy ones the window from first to last lost packet of the worst flow, and the loss of each flow that was hit (ms);
//! packets whose TTL ran out.
//!
//! Settings: `Ospf` hello 1 s, dead interval 4 s; `SlowHello` 10 s and 40 s; `Bfd` 3 x 300 ms; `Isis` hello 1 s x 4, RFC 8405
//! timers, `lsp-gen-interval 1`; `IsisDefault` SPF interval 1 s, `lsp-gen-interval 30`. `Repair`: kernel next-hop objects.

use self::Event::*;
use self::Setting::*;

/// Topology and routers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Setting {
    RingOspf,
    RingIsis,
    LadderOspfRepair,
    LadderIsisRepair,
    LadderOspf,
    LadderIsis,
    RingOspfSlowHello,
    RingOspfBfd,
    RingIsisDefault,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Event {
    LinkDownFar,
    LinkUpFar,
    LinkDownNear,
    Silent,
    SilentRepair,
    MetricUp,
    MetricRestore,
    Series5OtherThenDown,
    IfaddrReaddGap1s,
    DaemonSigkillRestart,
    IfaddrReaddGap0,
    DaemonSigtermRestart,
    Series5SameThenDown,
    Flap5,
    LoopbackReaddGap1s,
    FirsthopLinkDownFar,
    FirsthopLinkUpFar,
    SilentBfd,
    Fib1000LinkDownFar,
    Fib1000LinkUpFar,
    Fib10000LinkDownFar,
    Fib10000LinkUpFar,
    Fib10000LinkDownFarWithinHolddown,
    Fib50000LinkDownFar,
    Fib50000LinkUpFar,
    TwoFailuresFirst,
}

/// One event, measured several times: least, median, greatest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) setting: Setting,
    pub(super) event: Event,
    pub(super) reps: u32,
    pub(super) lossy: u32,
    pub(super) hit: [f64; 3],
    pub(super) window: Option<[f64; 3]>,
    pub(super) per_flow: Option<[f64; 3]>,
    pub(super) looped: [f64; 3],
}

#[rustfmt::skip]
pub(super) const MEASURED: [Case; 59] = [
    Case { setting: RingOspf, event: LinkDownFar, reps: 10, lossy: 10, hit: [100.0, 100.0, 100.0], window: Some([14.0, 15.0, 20.0]), per_flow: Some([12.0, 14.0, 20.0]), looped: [0.0, 11.0, 30.0] },
    Case { setting: RingOspf, event: LinkUpFar, reps: 10, lossy: 2, hit: [0.0, 0.0, 100.0], window: Some([2.0, 27.0, 52.0]), per_flow: Some([2.0, 50.0, 52.0]), looped: [0.0, 0.0, 201.0] },
    Case { setting: RingOspf, event: LinkDownNear, reps: 10, lossy: 10, hit: [100.0, 100.0, 100.0], window: Some([14.0, 16.0, 22.0]), per_flow: Some([12.0, 14.0, 22.0]), looped: [7.0, 12.0, 35.0] },
    Case { setting: RingOspf, event: Silent, reps: 10, lossy: 10, hit: [100.0, 100.0, 100.0], window: Some([3118.2, 3271.0, 3718.0]), per_flow: Some([3116.0, 3271.0, 3718.0]), looped: [0.0, 5.0, 15.0] },
    Case { setting: RingOspf, event: SilentRepair, reps: 10, lossy: 4, hit: [0.0, 0.0, 100.0], window: Some([2.0, 49.0, 52.0]), per_flow: Some([2.0, 48.0, 52.0]), looped: [0.0, 0.0, 206.0] },
    Case { setting: RingOspf, event: MetricUp, reps: 10, lossy: 7, hit: [0.0, 50.0, 100.0], window: Some([2.0, 2.0, 4.0]), per_flow: Some([2.0, 2.0, 4.0]), looped: [0.0, 4.0, 12.0] },
    Case { setting: RingOspf, event: MetricRestore, reps: 10, lossy: 0, hit: [0.0, 0.0, 0.0], window: None, per_flow: None, looped: [0.0, 0.0, 0.0] },
    Case { setting: RingOspf, event: Series5OtherThenDown, reps: 8, lossy: 8, hit: [100.0, 100.0, 100.0], window: Some([12.1, 14.1, 16.1]), per_flow: Some([10.0, 14.0, 16.0]), looped: [2.0, 8.0, 17.0] },
    Case { setting: RingOspf, event: IfaddrReaddGap1s, reps: 10, lossy: 10, hit: [87.5, 100.0, 100.0], window: Some([2.0, 7143.0, 8720.0]), per_flow: Some([2.0, 4.0, 10.0]), looped: [7.0, 13.5, 30.0] },
    Case { setting: RingOspf, event: DaemonSigkillRestart, reps: 10, lossy: 10, hit: [100.0, 100.0, 100.0], window: Some([1274.0, 1770.0, 2518.0]), per_flow: Some([1272.0, 1769.0, 2518.0]), looped: [0.0, 0.0, 0.0] },
    Case { setting: RingOspf, event: IfaddrReaddGap0, reps: 6, lossy: 6, hit: [75.0, 100.0, 100.0], window: Some([2.0, 6.0, 14.0]), per_flow: Some([2.0, 4.0, 14.0]), looped: [6.0, 19.0, 56.0] },
    Case { setting: RingOspf, event: DaemonSigtermRestart, reps: 6, lossy: 4, hit: [0.0, 100.0, 100.0], window: Some([2.0, 30.0, 10008.0]), per_flow: Some([2.0, 12.0, 38.0]), looped: [0.0, 0.0, 152.0] },
    Case { setting: RingOspf, event: Series5SameThenDown, reps: 6, lossy: 6, hit: [100.0, 100.0, 100.0], window: Some([14.1, 14.2, 16.1]), per_flow: Some([12.0, 14.0, 16.0]), looped: [4.0, 8.0, 12.0] },
    Case { setting: RingOspf, event: Flap5, reps: 6, lossy: 6, hit: [100.0, 100.0, 100.0], window: Some([12.0, 14.2, 24.2]), per_flow: Some([12.0, 14.0, 24.0]), looped: [0.0, 8.0, 16.0] },
    Case { setting: RingOspf, event: LoopbackReaddGap1s, reps: 4, lossy: 0, hit: [0.0, 0.0, 0.0], window: None, per_flow: None, looped: [0.0, 0.0, 0.0] },
    Case { setting: RingIsis, event: LinkDownFar, reps: 10, lossy: 10, hit: [100.0, 100.0, 100.0], window: Some([168.0, 174.0, 182.0]), per_flow: Some([168.0, 173.0, 182.0]), looped: [0.0, 0.0, 5.0] },
    Case { setting: RingIsis, event: LinkUpFar, reps: 10, lossy: 2, hit: [0.0, 0.0, 37.5], window: Some([2.0, 2.0, 2.0]), per_flow: Some([2.0, 2.0, 2.0]), looped: [0.0, 0.0, 3.0] },
    Case { setting: RingIsis, event: Silent, reps: 5, lossy: 5, hit: [100.0, 100.0, 100.0], window: Some([3760.0, 3950.0, 4020.0]), per_flow: Some([3758.0, 3950.0, 4020.0]), looped: [0.0, 834.0, 1036.0] },
    Case { setting: RingIsis, event: SilentRepair, reps: 5, lossy: 1, hit: [0.0, 0.0, 100.0], window: Some([6.0, 6.0, 6.0]), per_flow: Some([4.0, 4.0, 6.0]), looped: [0.0, 0.0, 18.0] },
    Case { setting: RingIsis, event: IfaddrReaddGap1s, reps: 6, lossy: 0, hit: [0.0, 0.0, 0.0], window: None, per_flow: None, looped: [0.0, 0.0, 0.0] },
    Case { setting: RingIsis, event: DaemonSigkillRestart, reps: 6, lossy: 6, hit: [100.0, 100.0, 100.0], window: Some([1420.0, 1840.0, 2422.0]), per_flow: Some([1420.0, 1978.0, 2422.0]), looped: [0.0, 0.0, 0.0] },
    Case { setting: RingIsis, event: LinkDownNear, reps: 4, lossy: 4, hit: [100.0, 100.0, 100.0], window: Some([168.0, 174.0, 179.9]), per_flow: Some([168.0, 174.0, 180.0]), looped: [0.0, 0.0, 0.0] },
    Case { setting: RingIsis, event: MetricUp, reps: 5, lossy: 4, hit: [0.0, 50.0, 100.0], window: Some([2.0, 2.0, 4.0]), per_flow: Some([2.0, 2.0, 4.0]), looped: [0.0, 4.0, 12.0] },
    Case { setting: RingIsis, event: MetricRestore, reps: 5, lossy: 0, hit: [0.0, 0.0, 0.0], window: None, per_flow: None, looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderOspfRepair, event: LinkDownFar, reps: 10, lossy: 1, hit: [0.0, 0.0, 6.2], window: Some([2.0, 2.0, 2.0]), per_flow: Some([2.0, 2.0, 2.0]), looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderOspfRepair, event: LinkUpFar, reps: 10, lossy: 0, hit: [0.0, 0.0, 0.0], window: None, per_flow: None, looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderOspfRepair, event: FirsthopLinkDownFar, reps: 4, lossy: 1, hit: [0.0, 0.0, 21.9], window: Some([2.0, 2.0, 2.0]), per_flow: Some([2.0, 2.0, 2.0]), looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderOspfRepair, event: FirsthopLinkUpFar, reps: 3, lossy: 0, hit: [0.0, 0.0, 0.0], window: None, per_flow: None, looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderIsisRepair, event: LinkDownFar, reps: 8, lossy: 1, hit: [0.0, 0.0, 6.2], window: Some([2.0, 2.0, 2.0]), per_flow: Some([2.0, 2.0, 2.0]), looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderIsisRepair, event: LinkUpFar, reps: 8, lossy: 0, hit: [0.0, 0.0, 0.0], window: None, per_flow: None, looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderIsisRepair, event: FirsthopLinkDownFar, reps: 2, lossy: 1, hit: [0.0, 4.7, 9.4], window: Some([2.0, 2.0, 2.0]), per_flow: Some([2.0, 2.0, 2.0]), looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderIsisRepair, event: FirsthopLinkUpFar, reps: 1, lossy: 0, hit: [0.0, 0.0, 0.0], window: None, per_flow: None, looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderOspf, event: LinkDownFar, reps: 10, lossy: 10, hit: [18.8, 18.8, 18.8], window: Some([12.0, 12.1, 20.0]), per_flow: Some([10.0, 12.0, 20.0]), looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderOspf, event: LinkUpFar, reps: 10, lossy: 0, hit: [0.0, 0.0, 0.0], window: None, per_flow: None, looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderOspf, event: FirsthopLinkDownFar, reps: 10, lossy: 10, hit: [43.8, 43.8, 43.8], window: Some([12.0, 14.0, 14.0]), per_flow: Some([10.0, 12.0, 14.0]), looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderOspf, event: FirsthopLinkUpFar, reps: 10, lossy: 0, hit: [0.0, 0.0, 0.0], window: None, per_flow: None, looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderOspf, event: MetricUp, reps: 10, lossy: 0, hit: [0.0, 0.0, 0.0], window: None, per_flow: None, looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderOspf, event: MetricRestore, reps: 10, lossy: 0, hit: [0.0, 0.0, 0.0], window: None, per_flow: None, looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderOspf, event: Silent, reps: 5, lossy: 5, hit: [18.8, 18.8, 18.8], window: Some([3022.0, 3842.0, 3974.0]), per_flow: Some([3020.0, 3842.0, 3974.0]), looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderOspf, event: SilentRepair, reps: 5, lossy: 0, hit: [0.0, 0.0, 0.0], window: None, per_flow: None, looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderIsis, event: LinkDownFar, reps: 8, lossy: 8, hit: [18.8, 18.8, 18.8], window: Some([172.0, 176.0, 194.0]), per_flow: Some([172.0, 176.0, 194.0]), looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderIsis, event: LinkUpFar, reps: 8, lossy: 0, hit: [0.0, 0.0, 0.0], window: None, per_flow: None, looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderIsis, event: FirsthopLinkDownFar, reps: 8, lossy: 8, hit: [43.8, 43.8, 43.8], window: Some([172.0, 175.0, 188.1]), per_flow: Some([170.0, 174.0, 188.0]), looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderIsis, event: FirsthopLinkUpFar, reps: 8, lossy: 0, hit: [0.0, 0.0, 0.0], window: None, per_flow: None, looped: [0.0, 0.0, 0.0] },
    Case { setting: LadderIsis, event: Flap5, reps: 4, lossy: 4, hit: [18.8, 18.8, 18.8], window: Some([90.0, 91.1, 96.0]), per_flow: Some([88.0, 90.0, 96.0]), looped: [0.0, 0.0, 0.0] },
    Case { setting: RingOspfSlowHello, event: Silent, reps: 4, lossy: 4, hit: [100.0, 100.0, 100.0], window: Some([30142.0, 35153.0, 37102.0]), per_flow: Some([30140.0, 35152.0, 37102.0]), looped: [0.0, 0.0, 1.0] },
    Case { setting: RingOspfSlowHello, event: SilentRepair, reps: 4, lossy: 1, hit: [0.0, 0.0, 12.5], window: Some([2.0, 2.0, 2.0]), per_flow: Some([2.0, 2.0, 2.0]), looped: [0.0, 0.0, 1.0] },
    Case { setting: RingOspfBfd, event: SilentBfd, reps: 10, lossy: 10, hit: [100.0, 100.0, 100.0], window: Some([618.0, 714.0, 870.0]), per_flow: Some([616.0, 713.0, 870.0]), looped: [0.0, 1.5, 14.0] },
    Case { setting: RingOspfBfd, event: SilentRepair, reps: 10, lossy: 3, hit: [0.0, 0.0, 100.0], window: Some([2.0, 2.0, 52.0]), per_flow: Some([2.0, 50.0, 52.0]), looped: [0.0, 0.0, 203.0] },
    Case { setting: RingOspf, event: Fib1000LinkDownFar, reps: 6, lossy: 6, hit: [100.0, 100.0, 100.0], window: Some([1056.0, 1091.9, 1194.0]), per_flow: Some([1030.0, 1078.0, 1194.0]), looped: [10.0, 36.5, 463.0] },
    Case { setting: RingOspf, event: Fib1000LinkUpFar, reps: 6, lossy: 3, hit: [0.0, 6.2, 100.0], window: Some([2.0, 6.2, 194.0]), per_flow: Some([2.0, 185.0, 194.0]), looped: [0.0, 0.5, 759.0] },
    Case { setting: RingOspf, event: Fib10000LinkDownFar, reps: 5, lossy: 5, hit: [100.0, 100.0, 100.0], window: Some([1356.0, 1661.4, 2240.0]), per_flow: Some([1064.0, 1505.0, 2240.0]), looped: [0.0, 224.0, 862.0] },
    Case { setting: RingOspf, event: Fib10000LinkUpFar, reps: 5, lossy: 4, hit: [0.0, 87.5, 100.0], window: Some([58.0, 229.0, 298.0]), per_flow: Some([10.0, 194.0, 298.0]), looped: [0.0, 550.0, 951.0] },
    Case { setting: RingIsis, event: Fib10000LinkDownFarWithinHolddown, reps: 1, lossy: 1, hit: [100.0, 100.0, 100.0], window: Some([5554.0, 5554.0, 5554.0]), per_flow: Some([5274.0, 5386.0, 5554.0]), looped: [51.0, 51.0, 51.0] },
    Case { setting: RingIsis, event: Fib10000LinkUpFar, reps: 4, lossy: 3, hit: [0.0, 93.8, 100.0], window: Some([56.0, 72.0, 110.0]), per_flow: Some([2.0, 36.0, 110.0]), looped: [0.0, 134.0, 245.0] },
    Case { setting: RingIsis, event: Fib10000LinkDownFar, reps: 3, lossy: 3, hit: [100.0, 100.0, 100.0], window: Some([721.8, 834.0, 1260.0]), per_flow: Some([386.0, 693.0, 1260.0]), looped: [0.0, 157.0, 296.0] },
    Case { setting: RingOspf, event: Fib50000LinkDownFar, reps: 3, lossy: 3, hit: [100.0, 100.0, 100.0], window: Some([2687.6, 2851.7, 2958.0]), per_flow: Some([1264.0, 2166.0, 2958.0]), looped: [11.0, 415.0, 527.0] },
    Case { setting: RingOspf, event: Fib50000LinkUpFar, reps: 3, lossy: 2, hit: [0.0, 50.0, 50.0], window: Some([204.0, 231.0, 258.0]), per_flow: Some([6.0, 109.0, 258.0]), looped: [0.0, 210.0, 312.0] },
    Case { setting: RingIsisDefault, event: TwoFailuresFirst, reps: 4, lossy: 4, hit: [100.0, 100.0, 100.0], window: Some([128.2, 625.2, 1144.2]), per_flow: Some([128.0, 624.0, 1144.0]), looped: [4.0, 2006.0, 4060.0] },
];
