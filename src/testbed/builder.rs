//! `Builder`: services and faults, one line each, composed as the flags of `brownout proxy` are.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::observed::Record;
use super::proxy::Proxy;
use super::{Testbed, TestbedError};
use crate::base::limits::TESTBED_DRAIN_MAX;
use crate::base::{Seed, Span};
use crate::engine::{self, BackendChoice, RunOptions, SignalMeans};
use crate::scenario::{FlagFault, FlagScenario, FlagService, Plan, Word, load_flags};

/// Describes a testbed. Nothing is checked before [`Self::start`], which tells all mistakes at once.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    /// What was given, line by line: mistakes are shown in it.
    text: String,
    services: Vec<[Stretch; 3]>,
    faults: Vec<(Stretch, Option<usize>)>,
    lasts: Option<Stretch>,
    seed: Option<Seed>,
}

/// A stretch of the text: where it starts and ends.
type Stretch = (usize, usize);

// === impl Builder ===

impl Builder {
    /// Adds a service: a name, and where it is (`host:port`, a socket address, or a port of this machine). brownout listens
    /// for it on a port of 127.0.0.1 that the kernel chooses.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "`to(listener_address)` reads better than with an ampersand"
    )]
    pub fn service(mut self, name: &str, upstream: impl ToString) -> Self {
        let name = self.write("service ", name);
        let upstream = self.write(" at ", &upstream.to_string());
        let listen = self.write(" behind ", "127.0.0.1:0");
        self.text.push('\n');
        self.services.push([name, upstream, listen]);
        self
    }

    /// Adds a fault of the service given last; of all services, if none is given yet. It is written as a flag of
    /// `brownout proxy` is: `latency 80ms~20ms`, `blackhole 20%,at=2s,for=1s`, `reset after_bytes=1kB`.
    #[must_use]
    pub fn fault(mut self, fault: &str) -> Self {
        let fault = self.write("", fault);
        self.text.push('\n');
        self.faults.push((fault, self.services.len().checked_sub(1)));
        self
    }

    /// Makes the draws follow from another seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(Seed(seed));
        self
    }

    /// Lets [`Testbed::finish`] end it after this time.
    #[must_use]
    pub fn lasts(mut self, time: Duration) -> Self {
        self.lasts = Some(self.write("lasts ", &Span(time).to_string()));
        self.text.push('\n');
        self
    }

    /// Starts it: when this returns, every proxy accepts connections.
    pub async fn start(self) -> Result<Testbed, TestbedError> {
        play(self.plan()?).await
    }

    fn plan(&self) -> Result<Plan, TestbedError> {
        let word = |(start, end): Stretch| Word::new(&self.text[start..end], start);
        let service = |&[name, upstream, listen]: &[Stretch; 3]| FlagService {
            listen: word(listen),
            upstream: Some(word(upstream)),
            name: Some(word(name)),
        };
        let fault = |&(fault, service): &(Stretch, Option<usize>)| FlagFault::of(word(fault), service);
        Ok(load_flags(&FlagScenario {
            source: "testbed",
            line: &self.text,
            lasts: self.lasts.map(word),
            seed: self.seed,
            services: self.services.iter().map(service).collect(),
            faults: self.faults.iter().map(fault).collect(),
            also: Vec::new(),
        })?)
    }

    fn write(&mut self, before: &str, text: &str) -> Stretch {
        self.text.push_str(before);
        let start = self.text.len();
        self.text.push_str(text);
        (start, self.text.len())
    }
}

/// Starts to play a plan.
pub(super) async fn play(plan: Plan) -> Result<Testbed, TestbedError> {
    let (ender, signals) = watch::channel(None);
    let options = RunOptions {
        command: None,
        replay: String::new(),
        began: jiff::Timestamp::now().to_string(),
        signals,
        signal_means: SignalMeans::End,
        drain_max: TESTBED_DRAIN_MAX,
        backend: BackendChoice::UserSpace,
    };
    let record = Record::new(&plan.expectations);
    let started = engine::start(Arc::new(plan), options, record).await?;
    let live = started.live();
    let proxies = live.services().into_iter().map(|service| Proxy::new(live.clone(), &service)).collect();
    Ok(Testbed { started, proxies, ender })
}
