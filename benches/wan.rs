//! The WAN simulator: how long a routing storm takes, from 10 to 1,000 routers, and what a look-up costs after it.
//!
//! `incident` is the whole of 2023-01-25 on the built-in backbone (112 routers, six hours), read from its scenario, with and without
//! the timelines of ten pairs of sites more. `storm` is a domain-wide recomputation of a grid of routers, all of which purge their databases and
//! rebuild their tables at once: the work grows with the square of the routers, for every LSP reaches every router.
//!
//! Not measured: what a proxy or a modelled probe does with a timeline.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use brownout::base::{FlowBucket, Seed, SimTime};
use brownout::scenario::{load_text, shipped};
use brownout::wan::topology::BlockKind;
use brownout::wan::{
    Happening, History, LinkSpec, Platform, RouterId, Script, Topology, TopologyBuilder, simulate,
};
use criterion::{BenchmarkId, Criterion};

const SIX_HOURS: SimTime = SimTime::from_secs(6 * 3_600);

const PAIRS: [(&str, &str); 10] = [
    ("seattle", "singapore"),
    ("seattle", "ashburn"),
    ("london", "dublin"),
    ("london", "frankfurt"),
    ("london", "new-york"),
    ("atlanta", "miami"),
    ("madrid", "dubai"),
    ("tokyo", "sydney"),
    ("paris", "mumbai"),
    ("chicago", "toronto"),
];

/// A grid of `rows` x `columns` routers, four of them a site.
fn grid(rows: usize, columns: usize) -> Arc<Topology> {
    let platform = Arc::new(Platform::incident_fragile());
    let mut wan = TopologyBuilder::new();
    let name = |row: usize, column: usize| format!("r{}", row * columns + column);
    for router in 0..rows * columns {
        let site = format!("s{}", router / 4);
        if router % 4 == 0 {
            wan.site(&site, None);
        }
        wan.router(&format!("r{router}"), &site, &platform);
    }
    for row in 0..rows {
        for column in 0..columns {
            let here = name(row, column);
            let right = (column + 1 < columns).then(|| name(row, column + 1));
            let below = (row + 1 < rows).then(|| name(row + 1, column));
            for there in right.into_iter().chain(below) {
                let spec = LinkSpec::new(Duration::from_millis(2), 10);
                wan.link(&format!("{here}/{there}"), &here, &there, spec);
            }
        }
    }
    Arc::new(wan.block_for_each_site(1_000, BlockKind::Bgp).build().expect("a grid is connected"))
}

/// The whole scenario, read: parsed, simulated, and the paths of its services computed.
fn incident() -> Arc<History> {
    let scenario = shipped("azure-wan-2023-01-25").expect("it is in the library");
    load_text(scenario.name, scenario.text).expect("it is sound").wan.expect("it has a WAN")
}

fn timelines(history: &History) -> usize {
    let site = |name: &str| history.topology().site(name).expect("a city of the backbone");
    let flows =
        PAIRS.iter().flat_map(|(a, b)| history.flows(site(a), site(b), 0).expect("every city has addresses"));
    flows.map(|flow| history.paths(&flow).expect("few changes").shared().count()).sum()
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("incident");
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    group.bench_function("scenario", |bencher| bencher.iter(|| black_box(incident().events())));
    group.bench_function("with ten pairs more", |bencher| bencher.iter(|| timelines(&incident())));
    let history = incident();
    let site = |name: &str| history.topology().site(name).expect("a city of the backbone");
    let flows = history.flows(site("seattle"), site("singapore"), 0).expect("every city has addresses");
    group.bench_function("256 buckets of a pair", |bencher| {
        bencher.iter(|| flows.map(|flow| black_box(history.paths(&flow)).is_ok()));
    });
    let paths = history.paths(&flows[0]).expect("few changes");
    let mut at = 0;
    group.bench_function("look-up", |bencher| {
        bencher.iter(|| {
            at = (at + 7_919_000_003) % SIX_HOURS.as_nanos();
            let line = paths.bucket(FlowBucket(at as u8));
            let now = SimTime::from_nanos(at);
            black_box((line.at(now), line.next_change(now)))
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("storm");
    group.sample_size(10).warm_up_time(Duration::from_millis(1)).measurement_time(Duration::from_secs(1));
    for (rows, columns) in [(2, 5), (10, 10), (25, 40)] {
        let wan = grid(rows, columns);
        let script = Script::new().at(SimTime::from_secs(60), Happening::Readdress(RouterId(0)));
        group.bench_function(BenchmarkId::new("routers", rows * columns), |bencher| {
            bencher.iter(|| {
                simulate(&wan, &script, Seed(1), SimTime::MAX).expect("a bounded simulation").events()
            });
        });
    }
    group.finish();
    criterion.final_summary();
}
