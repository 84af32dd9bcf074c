//! One run: from bound listeners to the last event.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::backend::BackendChoice;
use super::command::{Command, CommandError, Running, reachable};
use super::describe::header;
use super::live::Live;
use super::monitor::Monitor;
use super::paths;
use super::record::{Detectors, Watching, record};
use crate::base::SimTime;
use crate::base::limits::COMMAND_OVERRUN_MAX;
use crate::event::{Event, Outbox, RunEnd, Sink};
use crate::fault::Backend;
use crate::proxy::{Bound, Proxy, RunClock, ServiceConfig, Shared, Timer};
use crate::scenario::{Plan, ServicePlan};

/// What a run needs beside its plan.
#[derive(Debug)]
pub struct RunOptions {
    /// The command to wrap. With one, the run ends when it ends; without, when the plan's time is up.
    pub command: Option<Command>,
    /// The command line that repeats the run.
    pub replay: String,
    /// The wall-clock time, for the journal (RFC 3339).
    pub began: String,
    /// Signals that ask for the end: passed on to the command, then the run drains.
    pub signals: watch::Receiver<Option<Signal>>,
    /// What such a signal means to a run without a command.
    pub signal_means: SignalMeans,
    /// How long connections may take to end by themselves when the run is over.
    pub drain_max: Duration,
    /// Who is to make dropped segments.
    pub backend: BackendChoice,
}

/// What a signal means to a run without a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalMeans {
    /// It is cut short.
    Interruption,
    /// It has gone on for as long as it was wanted.
    End,
}

/// A run under way.
#[derive(Debug)]
pub struct Started<S> {
    plan: Arc<Plan>,
    play: Play,
    options: RunOptions,
    live: Live,
    recorder: std::thread::JoinHandle<S>,
    lost: Arc<std::sync::atomic::AtomicU64>,
    clock: RunClock,
}

/// A run that is over.
#[derive(Debug)]
pub struct Finished<S> {
    /// The sink, which has seen every event.
    pub sink: S,
    /// Why it ended.
    pub reason: RunEnd,
    /// Events that a full queue lost.
    pub events_lost: u64,
    /// When it ended, in scenario time.
    pub ended: SimTime,
}

/// The environment failed the run.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A listener can't be bound.
    #[error("service `{service}` can't listen on {address}: {source}")]
    Bind {
        /// The service.
        service: Arc<str>,
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The command can't be started.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A monitor looks where nothing listens.
    #[error(
        "monitor `{0}` probes pairs of sites, where nothing listens: only `brownout bench` can play that; for a run give it \
         services with a `path` (`via`, or `targets: {{ services }}`)"
    )]
    VirtualOnly(Arc<str>),
    /// A detector that needs series.
    #[error(
        "detector `{0}` is Prometheus rules, and a run has no series to evaluate them on: only `brownout bench` judges them; \
         live, a real Prometheus that scrapes through the proxy does"
    )]
    VirtualRules(Arc<str>),
    /// The kernel was asked for, and may not be.
    #[error(
        "the kernel may not drop segments here: {source}; docs/backends.md tells how to permit it, and `--backend auto` does without"
    )]
    SegmentFilter {
        /// Why.
        source: io::Error,
    },
    /// No timer, no thread: the machine is out of something.
    #[error("can't {what}: {source}")]
    Resource {
        /// What failed.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// Plays `plan` to its end; every event goes to `sink`.
pub async fn run<S: Sink + Send + 'static>(
    plan: Arc<Plan>,
    options: RunOptions,
    sink: S,
) -> Result<Finished<S>, EngineError> {
    Ok(start(plan, options, sink).await?.finish().await)
}

/// Begins to play `plan`; every event goes to `sink`.
pub async fn start<S: Sink + Send + 'static>(
    plan: Arc<Plan>,
    options: RunOptions,
    sink: S,
) -> Result<Started<S>, EngineError> {
    if let Some(monitor) = plan.virtual_monitor() {
        return Err(EngineError::VirtualOnly(Arc::clone(&monitor.name)));
    }
    if let Some(detector) = plan.virtual_detector() {
        return Err(EngineError::VirtualRules(Arc::clone(detector)));
    }
    let chosen = options.backend.choose()?;
    let bound = bind_all(&plan)?;
    let addresses: Vec<SocketAddr> = bound.iter().map(Bound::address).collect();
    let mut opening = header(&plan, &addresses, &options.replay, &options.began, &chosen);
    opening.command = options
        .command
        .as_ref()
        .map(|command| command.words.iter().map(|word| word.to_string_lossy().into()).collect());

    let clock = RunClock::start();
    let timer =
        Timer::start(clock).map_err(|source| EngineError::Resource { what: "start a timer", source })?;
    let scenario_clock = plan.clock;
    let (outbox, entries) = Outbox::new(Arc::new(move |run| scenario_clock.to_scenario(run)));
    let lost = outbox.lost();
    outbox.put(SimTime::ZERO, Event::RunStarted(Box::new(opening)));
    let watching = Watching::until(scenario_clock.until);
    let detectors = Detectors::new(&plan, watching.clone());
    let recorder = std::thread::Builder::new()
        .name("recorder".into())
        .spawn(move || record(&entries, detectors, sink, || scenario_clock.to_scenario(clock.now())))
        .map_err(|source| EngineError::Resource { what: "start the recorder's thread", source })?;

    let shared = Shared { clock, timer, outbox: outbox.clone() };
    let play = match Play::start(&plan, bound, chosen.backend, &options, shared, watching) {
        Ok(play) => play,
        Err(error) => {
            drop(outbox);
            join(recorder).await;
            return Err(error);
        }
    };
    let controls = play.proxies.iter().map(Proxy::control).collect();
    let live = Live::new(&plan, clock, outbox, controls, &addresses);
    Ok(Started { plan, play, options, live, recorder, lost, clock })
}

/// Waits for the recorder, which ends when all outboxes are gone.
async fn join<S: Send + 'static>(recorder: std::thread::JoinHandle<S>) -> S {
    tokio::task::spawn_blocking(move || recorder.join())
        .await
        .expect("waiting for a thread does not panic")
        .expect("the recorder does not panic")
}

fn bind_all(plan: &Plan) -> Result<Vec<Bound>, EngineError> {
    let bind = |service: &crate::scenario::ServicePlan| {
        let config = ServiceConfig {
            name: Arc::clone(&service.name),
            listen: service.listen,
            host: Arc::clone(&service.upstream.host),
            port: service.upstream.port,
            connections_max: service.connections_max,
        };
        Bound::bind(config).map_err(|source| EngineError::Bind {
            service: Arc::clone(&service.name),
            address: service.listen,
            source,
        })
    };
    plan.services.iter().map(bind).collect()
}

/// What runs.
#[derive(Debug)]
struct Play {
    shared: Shared,
    proxies: Vec<Proxy>,
    /// Monitors, and what tells of paths.
    monitors: JoinSet<()>,
    stop_monitors: CancellationToken,
    watching: Watching,
    command: Option<Running>,
}

// === impl Started ===

impl<S: Send + 'static> Started<S> {
    /// A hand on it.
    pub fn live(&self) -> Live {
        self.live.clone()
    }

    /// Waits for its end, and ends everything that it started.
    pub async fn finish(self) -> Finished<S> {
        let Self { plan, play, options, live, recorder, lost, clock } = self;
        let reason = play.until_the_end(&plan, options).await;
        live.close();
        let sink = join(recorder).await;
        let ended = plan.clock.to_scenario(clock.now());
        Finished { sink, reason, events_lost: lost.load(Ordering::Relaxed), ended }
    }
}

// === impl Play ===

impl Play {
    fn start(
        plan: &Plan,
        bound: Vec<Bound>,
        backend: Backend,
        options: &RunOptions,
        shared: Shared,
        watching: Watching,
    ) -> Result<Self, EngineError> {
        let addresses: Vec<SocketAddr> = bound.iter().map(Bound::address).collect();
        let proxies: Vec<Proxy> = bound
            .into_iter()
            .enumerate()
            .map(|(service, bound)| bound.start(plan.program(service).made_by(backend), shared.clone()))
            .collect();
        let named = || plan.services.iter().map(ServicePlan::variable).zip(addresses.iter().copied());
        let command = match &options.command {
            Some(command) => Some(command.start(&named().collect::<Vec<_>>())?),
            None => None,
        };
        if let Some(command) = &command {
            shared.outbox.put(shared.clock.now(), Event::CommandStarted { pid: command.id() });
        }
        let end = SimTime::after_start(plan.run_time());
        let (mut monitors, stop_monitors) = (JoinSet::new(), CancellationToken::new());
        for service in &plan.services {
            if let Some(path) = &service.path {
                let (name, health) = (Arc::clone(&service.name), path.health.clone());
                monitors.spawn(paths::tell(name, health, shared.clone(), end, stop_monitors.clone()));
            }
        }
        for monitor in &plan.monitors {
            for (n, service) in monitor.targets.iter().enumerate() {
                let upstream = &plan.services[*service].upstream;
                let target = (n as u32, reachable(addresses[*service]));
                let monitor = Monitor::new(monitor, upstream, target, plan.seed);
                monitors.spawn(monitor.watch(shared.clone(), end, stop_monitors.clone()));
            }
        }
        Ok(Self { shared, proxies, monitors, stop_monitors, watching, command })
    }

    /// Waits for the end, then ends everything: the command, the monitors, the connections.
    async fn until_the_end(mut self, plan: &Plan, options: RunOptions) -> RunEnd {
        let RunOptions { mut signals, signal_means: means, drain_max, .. } = options;
        let time_up = SimTime::after_start(plan.run_time());
        let reason = match &mut self.command {
            None => tokio::select! {
                () = self.shared.timer.sleep_until(time_up) => RunEnd::Completed,
                _ = signalled(&mut signals) => means.run_end(),
            },
            Some(command) => {
                let overrun = time_up.plus(COMMAND_OVERRUN_MAX);
                let (status, reason) = tokio::select! {
                    status = command.ended() => (status, RunEnd::CommandEnded),
                    signal = signalled(&mut signals) => {
                        command.signal(signal);
                        (command.end().await, RunEnd::Interrupted)
                    }
                    () = self.shared.timer.sleep_until(overrun) => {
                        tracing::warn!("the command still runs long after the scenario: COMMAND_OVERRUN_MAX is reached");
                        command.signal(Signal::TERM);
                        (command.end().await, RunEnd::CommandEnded)
                    }
                };
                self.put_command_end(status);
                reason
            }
        };
        self.stop_monitors.cancel();
        self.watching.stop(self.shared.outbox.scenario_time(self.shared.clock.now()));
        if let Some(command) = &self.command {
            command.end_descendants().await;
        }
        // Probes under way end by their own timeouts. Who interrupts does not want to wait for them: they are given up,
        // and count for nothing.
        if !matches!(reason, RunEnd::Interrupted | RunEnd::Stopped) {
            let all_probed = async { while self.monitors.join_next().await.is_some() {} };
            let _given_up = tokio::time::timeout(longest_timeout(plan) + drain_max, all_probed).await;
        }
        self.monitors.shutdown().await;
        let mut drains: JoinSet<()> = self.proxies.into_iter().map(|proxy| proxy.drain(drain_max)).collect();
        while drains.join_next().await.is_some() {}
        reason
    }

    fn put_command_end(&self, status: io::Result<std::process::ExitStatus>) {
        let (status, signal) = match status {
            Ok(status) => (status.code(), std::os::unix::process::ExitStatusExt::signal(&status)),
            Err(error) => {
                tracing::error!(%error, "can't wait for the command");
                (None, None)
            }
        };
        self.shared.outbox.put(self.shared.clock.now(), Event::CommandEnded { status, signal });
    }
}

// === impl SignalMeans ===

impl SignalMeans {
    const fn run_end(self) -> RunEnd {
        match self {
            Self::Interruption => RunEnd::Interrupted,
            Self::End => RunEnd::Stopped,
        }
    }
}

/// The next signal; never, if nobody can send one any more.
async fn signalled(signals: &mut watch::Receiver<Option<Signal>>) -> Signal {
    loop {
        if let Some(signal) = *signals.borrow_and_update() {
            return signal;
        }
        if signals.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

fn longest_timeout(plan: &Plan) -> Duration {
    plan.monitors.iter().map(|monitor| monitor.timeout).max().unwrap_or_default()
}
