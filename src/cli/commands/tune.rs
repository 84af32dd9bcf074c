//! `brownout tune`: the value of each detector's main parameter that finds soonest within a budget of false alarms.

use std::io::Write as _;
use std::time::Duration;

use super::super::args::TuneArgs;
use super::super::error::CliError;
use super::super::exit;
use super::super::out_file::OutFile;
use super::super::printer::Printer;
use super::bench::{Bar, PROBE_SEEDS};
use crate::base::Seed;
use crate::bench::{BenchOptions, tune};
use crate::report::{tune_json, tune_table};
use crate::scenario::{LoadError, Overrides, Plan, load_detectors, load_scenario};

pub(in crate::cli) fn run(args: &TuneArgs, printer: &mut Printer) -> Result<u8, CliError> {
    let json = args.json.as_deref().map(OutFile::open).transpose()?;
    let probe_seeds = PROBE_SEEDS.min(args.replicas).max(1);
    let options = BenchOptions {
        worlds: args.replicas.div_ceil(probe_seeds).max(1),
        probe_seeds,
        healthy: Duration::from_secs(u64::from(args.healthy_days) * 86_400),
        deadlines: Vec::new(),
        frontier: true,
        sensitivity: false,
    };
    let load = |n: usize, seed: Option<Seed>| -> Result<Plan, LoadError> {
        let seed = seed.or(args.seed.map(Seed));
        let mut plan = load_scenario(&args.scenarios[n], &Overrides { seed, ..Overrides::default() })?;
        if let Some(detectors) = &args.detectors {
            load_detectors(detectors, &mut plan)?;
        }
        Ok(plan)
    };
    let bar = Bar::new("tune", printer);
    let rounds = args.scenarios.len() * 2;
    let report =
        tune(args.scenarios.len(), &options, args.false_alarms.per_day(), load, |round, done, steps| {
            bar.show(round * steps + done, rounds * steps);
        });
    bar.clear();
    let report = report?;
    printer.data(&tune_table(&report, &printer.view()))?;
    if let Some(mut file) = json {
        let text =
            tune_json(&report).map_err(|e| CliError::Report { what: "JSON", reason: e.to_string() })?;
        file.write_all(text.as_bytes())?;
    }
    let found = report.detectors.iter().any(|tuned| tuned.best.is_some());
    Ok(if found { exit::MET } else { exit::NOT_MET })
}
