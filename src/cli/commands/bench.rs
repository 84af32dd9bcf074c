//! `brownout bench`: how soon the detectors of scenarios find what happens, and how often they cry wolf, in virtual time.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::super::args::BenchArgs;
use super::super::error::CliError;
use super::super::exit;
use super::super::out_file::OutFile;
use super::super::printer::{Printer, columns_of, redraw_line};
use super::super::replay::of_bench;
use crate::base::Seed;
use crate::bench::{BenchOptions, bench};
use crate::event::BenchScores;
use crate::report::{scores_csv, scores_json, scores_junit, scores_table};
use crate::scenario::{Overrides, load_detectors, load_scenario};

/// Probe seeds of one world: its timelines cost more than its probes.
const PROBE_SEEDS: usize = 10;

/// Parts of the progress bar.
const BAR: usize = 30;

pub(in crate::cli) fn run(args: &BenchArgs, printer: &mut Printer) -> Result<u8, CliError> {
    let json = args.json.as_deref().map(OutFile::open).transpose()?;
    let csv = args.csv.as_deref().map(OutFile::open).transpose()?;
    let junit = args.junit.as_deref().map(OutFile::open).transpose()?;
    let probe_seeds = PROBE_SEEDS.min(args.replicas).max(1);
    let options = BenchOptions {
        worlds: args.replicas.div_ceil(probe_seeds).max(1),
        probe_seeds,
        healthy: Duration::from_secs(u64::from(args.healthy_days) * 86_400),
        deadlines: args.deadlines.iter().map(|deadline| deadline.get()).collect(),
    };
    let mut all: Vec<BenchScores> = Vec::new();
    for (n, scenario) in args.scenarios.iter().enumerate() {
        let load = |seed| load_scenario(scenario, &Overrides { seed: Some(seed), ..Overrides::default() });
        let overrides = Overrides { seed: args.seed.map(Seed), ..Overrides::default() };
        let mut plan = load_scenario(scenario, &overrides)?;
        if let Some(detectors) = &args.detectors {
            plan.detectors = load_detectors(detectors, &plan)?;
        }
        let bar = Bar::new(&plan.name, printer);
        let scores = bench(&plan, &options, load, |done, steps| bar.show(done, steps));
        bar.clear();
        let scores = scores?;
        let gap = if n > 0 { "\n" } else { "" };
        printer.data(&format!("{gap}{}", scores_table(&scores, &printer.view())))?;
        all.push(scores);
    }
    if let Some(mut file) = json {
        let text = scores_json(&all).map_err(|e| CliError::Report { what: "JSON", reason: e.to_string() })?;
        file.write_all(text.as_bytes())?;
    }
    if let Some(mut file) = csv {
        file.write_all(scores_csv(&all).as_bytes())?;
    }
    if let Some(mut file) = junit {
        let replays: Vec<String> =
            args.scenarios.iter().zip(&all).map(|(file, scores)| of_bench(file, scores.seed, args)).collect();
        let text = scores_junit(all.iter().zip(replays.iter().map(String::as_str)))
            .map_err(|e| CliError::Report { what: "JUnit", reason: e.to_string() })?;
        file.write_all(text.as_bytes())?;
    }
    let failed = all.iter().flat_map(|scores| &scores.verdicts).any(|verdict| verdict.state.fails());
    Ok(if failed { exit::NOT_MET } else { exit::MET })
}

/// A bar on stderr, where that is a terminal and somebody wants it.
struct Bar {
    name: String,
    shown: bool,
    percent: AtomicUsize,
    line: Mutex<()>,
}

// === impl Bar ===

impl Bar {
    fn new(name: &str, printer: &Printer) -> Self {
        let shown = std::io::stderr().is_terminal() && !printer.is_quiet();
        Self { name: name.to_owned(), shown, percent: AtomicUsize::new(0), line: Mutex::new(()) }
    }

    fn show(&self, done: usize, steps: usize) {
        let percent = done * 100 / steps.max(1);
        if !self.shown || self.percent.fetch_max(percent, Ordering::Relaxed) >= percent {
            return;
        }
        // Another thread draws: it will do.
        if let Ok(_drawing) = self.line.try_lock() {
            let full = percent * BAR / 100;
            let bar = format!("{}{}", "█".repeat(full), "░".repeat(BAR - full));
            let line = format!("{bar} {percent:3}%  {}", self.name);
            let columns = usize::from(columns_of(std::io::stderr())).saturating_sub(1);
            redraw_line(&line.chars().take(columns).collect::<String>());
        }
    }

    fn clear(&self) {
        if self.shown {
            redraw_line("");
        }
    }
}
