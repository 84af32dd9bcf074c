//! A scene for tests: a service with three faults and a few connections, two minutes into a run of ten.

use std::sync::Arc;
use std::time::Duration;

use super::scene::{ConnectionRow, ConnectionState, Scene, ServiceScene};
use crate::base::{SimTime, Timeline};
use crate::engine::{FaultNow, ServiceNow};
use crate::fault::{Blackhole, Fault, FaultKind, Latency, Level, Reset, testing};

const NOW: SimTime = SimTime::from_secs(133);

fn fault(
    name: &str,
    kind: impl Into<FaultKind>,
    windows: &[(u64, u64)],
    text: &str,
    touched: u64,
) -> FaultNow {
    let mut parts = testing::parts(name, kind.into(), 0, 1);
    let seconds = |second: &u64| SimTime::from_secs(*second);
    let changes = windows
        .iter()
        .flat_map(|(from, until)| [(seconds(from), Level::FULL), (seconds(until), Level::ZERO)]);
    parts.level = Timeline::new(Level::ZERO, changes.collect()).unwrap();
    let fault = Arc::new(Fault::new(parts, testing::SEED));
    let (level, next_change) = (*fault.parts.level.at(NOW), fault.parts.level.next_change(NOW));
    FaultNow { fault, text: Some(text.into()), paused: false, level, next_change, touched }
}

fn connection(ordinal: u64, seconds: u64, state: ConnectionState) -> ConnectionRow {
    ConnectionRow {
        ordinal,
        client: ([127, 0, 0, 1], 40_000 + u16::try_from(ordinal).unwrap()).into(),
        age: Duration::from_secs(seconds),
        delivered: [ordinal * 81, ordinal * 34_000],
        bucket: (ordinal * 37 % 256) as u8,
        faults: vec!["latency@0s".into()],
        state,
    }
}

/// The scene.
pub(super) fn scene() -> Scene {
    let ended = |who: &str| ConnectionState::Ended(who.to_owned());
    let windows: Vec<(u64, u64)> = (0..5).map(|n| (150 + 90 * n, 180 + 90 * n)).collect();
    let mut paused = fault(
        "reset@10s",
        serde_json::from_str::<Reset>(r#"{"after": "5s"}"#).unwrap(),
        &[(10, 600)],
        "reset after=5s",
        3,
    );
    paused.paused = true;
    let faults = vec![
        fault("latency@0s", "80ms~20ms".parse::<Latency>().unwrap(), &[(0, 600)], "latency 80ms~20ms", 1_204),
        fault(
            "dark",
            "20%".parse::<Blackhole>().unwrap(),
            &windows,
            "blackhole 20%,at=2m30s,for=30s,every=1m30s",
            0,
        ),
        paused,
    ];
    let service = ServiceNow {
        name: "api".into(),
        listen: ([127, 0, 0, 1], 8_080).into(),
        upstream: "localhost:3000".parse().unwrap(),
        generation: 1,
        accepted: 1_205,
        open: 2,
        delivered: [97_605, 40_970_000],
        faults,
    };
    let rates = [vec![100, 300, 900, 1_200], vec![0, 250_000, 900_000, 340_000]];
    let connections = vec![
        connection(1_204, 0, ConnectionState::Dialling),
        connection(1_203, 2, ConnectionState::Open),
        connection(1_202, 1, ended("client (closed)")),
        connection(1_201, 5, ended("fault reset@10s (reset)")),
        connection(1_200, 61, ended("server (refused)")),
    ];
    Scene {
        now: NOW,
        until: Some(SimTime::from_secs(600)),
        ending: false,
        services: vec![ServiceScene { now: service, rates, connections }],
        logs: vec![
            "WARN its limit of 10000 connections is reached: more wait in the kernel's backlog".to_owned(),
        ],
    }
}
