//! `brownout detectors`: lists the kinds of detectors, and shows one with its keys, its presets and an example.

use super::super::args::DetectorsArgs;
use super::super::error::CliError;
use super::super::exit;
use super::super::printer::Printer;
use super::faults::value;
use crate::diag::did_you_mean;
use crate::scenario::{DetectorReference, detector_references, detectors_markdown};

const HOW_TO: &str = "
brownout detectors NAME  its keys, presets with their numbers and sources, an example
docs/scenario.md         where a detector stands in a scenario
";

pub(in crate::cli) fn run(args: &DetectorsArgs, printer: &mut Printer) -> Result<u8, CliError> {
    if args.markdown {
        printer.data(&detectors_markdown())?;
        return Ok(exit::MET);
    }
    let all = detector_references();
    let Some(name) = &args.name else {
        printer.data(&(list(&all) + HOW_TO))?;
        return Ok(exit::MET);
    };
    let known = || all.iter().map(|kind| kind.info.name);
    let Some(kind) = all.iter().find(|kind| kind.info.name == name) else {
        let listed = || format!("the kinds are {}", known().collect::<Vec<_>>().join(", "));
        let hint = did_you_mean(name, known()).unwrap_or_else(listed);
        return Err(CliError::NoSuch { what: "kind of detector", name: name.clone(), hint });
    };
    printer.data(&show(kind))?;
    Ok(exit::MET)
}

fn list(all: &[DetectorReference]) -> String {
    let columns = all.iter().map(|kind| kind.info.name.len()).max().unwrap_or_default();
    let mut lines: Vec<String> =
        all.iter().map(|kind| format!("{:columns$}  {}", kind.info.name, kind.info.about)).collect();
    lines.push(String::new());
    lines.join("\n")
}

fn show(kind: &DetectorReference) -> String {
    let mut lines = vec![
        format!("{}\n{}\n", kind.info.name, kind.info.about),
        format!("from: {}", kind.info.source),
        "\nkeys".to_owned(),
    ];
    let columns = kind.keys.iter().map(|key| key.name.len()).max().unwrap_or_default();
    for key in &kind.keys {
        lines.push(format!("  {:columns$}  {}", key.name, key.about));
        lines.push(format!("  {:columns$}  {}", "", value(key)));
    }
    if !kind.info.presets.is_empty() {
        lines.push("\npresets".to_owned());
    }
    for (name, parameters, source) in kind.presets() {
        lines.push(format!("  {name}  {parameters}\n    {source}"));
    }
    lines.push(format!("\ndetectors:\n  {}\n", kind.example()));
    lines.join("\n")
}
