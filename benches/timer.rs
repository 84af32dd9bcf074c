//! The precise timer beside tokio's: how late each wakes a task, and what a deadline costs.
//!
//! Lateness is from a deadline to the moment its task runs: for one task that sleeps again and again, and for 10,000
//! tasks whose deadlines are spread over two seconds. It contains the wake-up of a worker thread, which no timer can
//! save. It is printed once, for it is not a cost that criterion could average. What criterion measures is to set a
//! deadline and to take it back, beside none and beside 10,000 others.
//!
//! Not measured: a machine without load. Lateness is that of this machine, with whatever else it does.

#[path = "support/mode.rs"]
mod mode;

use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use brownout::base::SimTime;
use brownout::proxy::{RunClock, Timer};
use criterion::{BenchmarkId, Criterion};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// Sleeps of the single task, and how long each is: no whole number of milliseconds.
const ALONE: u32 = 400;
const ALONE_FOR: Duration = Duration::from_micros(3_300);

/// Many tasks, and over how long their deadlines are spread.
const MANY: u32 = 10_000;
const SPREAD: Duration = Duration::from_secs(2);

/// Until all tasks are spawned.
const LEAD: Duration = Duration::from_millis(200);

/// A deadline that never comes.
const FAR: SimTime = SimTime::from_secs(1_000_000);

#[derive(Clone)]
enum Subject {
    Ours(Timer, RunClock),
    Tokio(RunClock),
}

// === impl Subject ===

impl Subject {
    const fn name(&self) -> &'static str {
        match self {
            Self::Ours(..) => "brownout",
            Self::Tokio(_) => "tokio",
        }
    }

    const fn clock(&self) -> RunClock {
        match self {
            Self::Ours(_, clock) | Self::Tokio(clock) => *clock,
        }
    }

    /// Sleeps until `deadline`, and says how late it was.
    async fn lateness(&self, deadline: SimTime) -> Duration {
        match self {
            Self::Ours(timer, _) => timer.sleep_until(deadline).await,
            Self::Tokio(clock) => tokio::time::sleep_until(clock.instant(deadline)).await,
        }
        self.clock().now().since(deadline)
    }

    async fn alone(&self) -> Vec<Duration> {
        let mut times = Vec::new();
        for _ in 0..ALONE {
            times.push(self.lateness(self.clock().now().plus(ALONE_FOR)).await);
        }
        times
    }

    async fn many(&self) -> Vec<Duration> {
        let first = self.clock().now().plus(LEAD);
        let mut tasks = JoinSet::new();
        for n in 0..MANY {
            // Neighbouring tasks are not neighbours in time.
            let deadline = first.plus(SPREAD / MANY * (n * 7_919 % MANY));
            let subject = self.clone();
            tasks.spawn(async move { subject.lateness(deadline).await });
        }
        tasks.join_all().await
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark tells its results")]
fn tell_lateness(runtime: &Runtime, subjects: &[Subject]) {
    println!("\nlateness, in µs:");
    for subject in subjects {
        // A task, as everything that sleeps is; not the thread that blocks on the runtime.
        let run = |many: bool| {
            let subject = subject.clone();
            let task =
                runtime.spawn(async move { if many { subject.many().await } else { subject.alone().await } });
            runtime.block_on(task).expect("the task does not panic")
        };
        for (pending, mut times) in [(1, run(false)), (MANY, run(true))] {
            times.sort_unstable();
            let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
            let (median, p99, name) = (at(0.5), at(0.99), subject.name());
            println!("  {name:<9} {pending:>6} pending  median {median:>7.0}  p99 {p99:>7.0}");
        }
    }
}

/// Sets a deadline and takes it back, beside `others`.
fn set_and_cancel(criterion: &mut Criterion, runtime: &Runtime, subjects: &[Subject], others: u32) {
    let mut group = criterion.benchmark_group("set and cancel a deadline");
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(2));
    for subject in subjects {
        let waiting: Vec<_> = (0..others)
            .map(|n| {
                let subject = subject.clone();
                runtime
                    .spawn(async move { subject.lateness(FAR.plus(Duration::from_millis(n.into()))).await })
            })
            .collect();
        // The warm-up is long enough for each of them to be polled once.
        let id = BenchmarkId::new(subject.name(), format!("beside {others}"));
        group.bench_function(id, |bencher| {
            bencher.to_async(runtime).iter(async || {
                let mut sleep = std::pin::pin!(subject.lateness(FAR));
                let set = poll_fn(|cx| Poll::Ready(sleep.as_mut().poll(cx).is_pending())).await;
                assert!(set, "the deadline is far");
            });
        });
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let runtime = Runtime::new().expect("a runtime starts");
    let clock = RunClock::start();
    let timer = {
        let _context = runtime.enter();
        Timer::start(clock).expect("a timer starts")
    };
    let subjects = [Subject::Ours(timer, clock), Subject::Tokio(clock)];
    for others in [0, MANY] {
        set_and_cancel(&mut criterion, &runtime, &subjects, others);
    }
    if mode::measures() {
        tell_lateness(&runtime, &subjects);
    }
    criterion.final_summary();
}
