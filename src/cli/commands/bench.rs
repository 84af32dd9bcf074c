//! `brownout bench`: how soon the detectors of scenarios find what happens, and how often they cry wolf, in virtual time.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::args::{BenchArgs, PrometheusVersion};
use super::super::error::CliError;
use super::super::exit;
use super::super::out_file::OutFile;
use super::super::printer::{Printer, columns_of, redraw_line};
use super::super::replay::of_bench;
use crate::base::Seed;
use crate::base::limits::RULE_FILE_BYTES_MAX;
use crate::bench::{BenchOptions, bench, dead_rules_of, export_openmetrics};
use crate::event::BenchScores;
use crate::report::{
    frontier_csv, frontier_table, scores_csv, scores_html, scores_json, scores_junit, scores_table,
    sensitivity_csv, sensitivity_table,
};
use crate::rules::{RuleFile, RuleFileError, Semantics};
use crate::scenario::{LoadError, Overrides, Plan, RulePlan, load_detectors, load_scenario};

/// Probe seeds of one world: its timelines cost more than its probes.
pub(super) const PROBE_SEEDS: usize = 10;

/// Parts of the progress bar.
const BAR: usize = 30;

/// The files to write when all is done, opened before anything is played.
struct Files {
    json: Option<OutFile>,
    csv: Option<OutFile>,
    frontier: Option<OutFile>,
    sensitivity: Option<OutFile>,
    html: Option<OutFile>,
    junit: Option<OutFile>,
}

pub(in crate::cli) fn run(args: &BenchArgs, printer: &mut Printer) -> Result<u8, CliError> {
    let files = Files::open(args)?;
    let rules = args.rules.as_deref().map(read_rules).transpose()?;
    let semantics = match args.prometheus {
        PrometheusVersion::V2 => Semantics::V2,
        PrometheusVersion::V3 => Semantics::V3,
    };
    let mut export = args.export.as_deref().map(open_export).transpose()?;
    let probe_seeds = PROBE_SEEDS.min(args.replicas).max(1);
    let options = BenchOptions {
        worlds: args.replicas.div_ceil(probe_seeds).max(1),
        probe_seeds,
        healthy: Duration::from_secs(u64::from(args.healthy_days) * 86_400),
        deadlines: args.deadlines.iter().map(|deadline| deadline.get()).collect(),
        frontier: args.frontier,
        sensitivity: args.sensitivity,
    };
    let mut all: Vec<BenchScores> = Vec::new();
    for (n, scenario) in args.scenarios.iter().enumerate() {
        let load = |seed| load_scenario(scenario, &Overrides { seed: Some(seed), ..Overrides::default() });
        let overrides = Overrides { seed: args.seed.map(Seed), ..Overrides::default() };
        let mut plan = load_scenario(scenario, &overrides)?;
        if let Some(detectors) = &args.detectors {
            load_detectors(detectors, &mut plan)?;
        }
        if let Some(file) = &rules {
            let interval = args.evaluation_interval.get();
            let on = |monitor| RulePlan::each_alert(monitor, Arc::clone(file), semantics, interval);
            plan.rules.extend((0..plan.monitors.len()).map(on));
        }
        for (file, told) in dead_rules_of(&plan)? {
            printer.diagnostics(&file, &told);
        }
        if let Some(export) = export.take() {
            write_openmetrics(&plan, export, printer)?;
        }
        let bar = Bar::new(&plan.name, printer);
        let scores = bench(&plan, &options, load, |done, steps| bar.show(done, steps));
        bar.clear();
        let scores = scores?;
        let gap = if n > 0 { "\n" } else { "" };
        let view = printer.view();
        printer.data(&format!("{gap}{}", scores_table(&scores, &view)))?;
        printer.data(&frontier_table(&scores, &view))?;
        printer.data(&sensitivity_table(&scores, &view))?;
        all.push(scores);
    }
    files.write(args, &all)?;
    let failed = all.iter().flat_map(|scores| &scores.verdicts).any(|verdict| verdict.state.fails());
    Ok(if failed { exit::NOT_MET } else { exit::MET })
}

// === impl Files ===

impl Files {
    fn open(args: &BenchArgs) -> Result<Self, CliError> {
        let beside = |wanted: bool, ending: &str| {
            let path = args.csv.as_deref().filter(|_| wanted);
            path.map(|path| OutFile::open(&path.with_extension(ending))).transpose()
        };
        Ok(Self {
            json: args.json.as_deref().map(OutFile::open).transpose()?,
            csv: args.csv.as_deref().map(OutFile::open).transpose()?,
            frontier: beside(args.frontier, "frontier.csv")?,
            sensitivity: beside(args.sensitivity, "sensitivity.csv")?,
            html: args.html.as_deref().map(OutFile::open).transpose()?,
            junit: args.junit.as_deref().map(OutFile::open).transpose()?,
        })
    }

    fn write(self, args: &BenchArgs, all: &[BenchScores]) -> Result<(), CliError> {
        let put = |file: Option<OutFile>, text: &dyn Fn() -> Result<String, CliError>| {
            file.map_or(Ok(()), |mut file| Ok(file.write_all(text()?.as_bytes())?))
        };
        let failed = |what| move |reason: String| CliError::Report { what, reason };
        put(self.json, &|| scores_json(all).map_err(|e| failed("JSON")(e.to_string())))?;
        put(self.csv, &|| Ok(scores_csv(all)))?;
        put(self.frontier, &|| Ok(frontier_csv(all)))?;
        put(self.sensitivity, &|| Ok(sensitivity_csv(all)))?;
        let replay = |(file, scores): (&PathBuf, &BenchScores)| of_bench(file, scores.seed, args);
        let replays: Vec<String> = args.scenarios.iter().zip(all).map(replay).collect();
        let again = || all.iter().zip(replays.iter().map(String::as_str));
        put(self.html, &|| Ok(scores_html(again())))?;
        put(self.junit, &|| scores_junit(again()).map_err(|e| failed("JUnit")(e.to_string())))
    }
}

/// Reads a rules file, or tells everything that is wrong with it.
fn read_rules(path: &Path) -> Result<Arc<RuleFile>, CliError> {
    let mut bytes = Vec::new();
    let file = fs_err::File::open(path)?;
    file.take(RULE_FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let rules = RuleFile::parse(&path.display().to_string(), &text);
    let told = |RuleFileError { file, diagnostics }| LoadError { file, diagnostics, traces: Vec::new() };
    Ok(Arc::new(rules.map_err(told)?))
}

/// Opens the file of `--export FORMAT FILE`.
fn open_export(words: &[PathBuf]) -> Result<(OutFile, &Path), CliError> {
    match words {
        [format, file] if format.as_os_str() == "openmetrics" => Ok((OutFile::open(file)?, file)),
        words => Err(CliError::NoSuch {
            what: "format for `--export`",
            name: words.first().map(|word| word.display().to_string()).unwrap_or_default(),
            hint: "write `--export openmetrics FILE`".to_owned(),
        }),
    }
}

fn write_openmetrics(
    plan: &Plan,
    (file, path): (OutFile, &Path),
    printer: &mut Printer,
) -> Result<(), CliError> {
    let mut out = std::io::BufWriter::new(file);
    let began = export_openmetrics(plan, &mut out)?;
    out.flush()?;
    let (name, seed) = (path.display(), plan.seed.0);
    printer.note(&format!(
        "{name}: the series of the first replica (seed {seed}, the first set of probes); {began}"
    ));
    Ok(())
}

/// A bar on stderr, where that is a terminal and somebody wants it.
pub(super) struct Bar {
    name: String,
    shown: bool,
    percent: AtomicUsize,
    line: Mutex<()>,
}

// === impl Bar ===

impl Bar {
    pub(super) fn new(name: &str, printer: &Printer) -> Self {
        let shown = std::io::stderr().is_terminal() && !printer.is_quiet();
        Self { name: name.to_owned(), shown, percent: AtomicUsize::new(0), line: Mutex::new(()) }
    }

    pub(super) fn show(&self, done: usize, steps: usize) {
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

    pub(super) fn clear(&self) {
        if self.shown {
            redraw_line("");
        }
    }
}
