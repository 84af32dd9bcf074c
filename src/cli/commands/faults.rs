//! `brownout faults`: lists the kinds of faults, and shows one with its keys and an example.

use super::super::args::FaultsArgs;
use super::super::error::CliError;
use super::super::exit;
use super::super::printer::Printer;
use crate::diag::did_you_mean;
use crate::scenario::{FaultReference, Key, fault_references, faults_markdown};

const HOW_TO: &str = "
brownout faults NAME     its keys, what a client sees of it, an example
docs/scenario.md         when a fault is in force and whom it takes: the same for all kinds
";

pub(in crate::cli) fn run(args: &FaultsArgs, printer: &mut Printer) -> Result<u8, CliError> {
    if args.markdown {
        printer.data(&faults_markdown())?;
        return Ok(exit::MET);
    }
    let all = fault_references();
    let Some(name) = &args.name else {
        printer.data(&(list(&all) + HOW_TO))?;
        return Ok(exit::MET);
    };
    let known = || all.iter().map(|kind| kind.info.name);
    let Some(kind) = all.iter().find(|kind| kind.info.name == name) else {
        let listed = || format!("the kinds are {}", known().collect::<Vec<_>>().join(", "));
        let hint = did_you_mean(name, known()).unwrap_or_else(listed);
        return Err(CliError::NoSuch { what: "kind of fault", name: name.clone(), hint });
    };
    printer.data(&show(kind))?;
    Ok(exit::MET)
}

fn list(all: &[FaultReference]) -> String {
    let columns = all.iter().map(|kind| kind.info.name.len()).max().unwrap_or_default();
    let mut lines = Vec::new();
    let mut layer = "";
    for kind in all {
        if kind.layer() != layer {
            layer = kind.layer();
            lines.push(if lines.is_empty() { layer.to_owned() } else { format!("\n{layer}") });
        }
        lines.push(format!("  {:columns$}  {}", kind.info.name, kind.info.about));
    }
    lines.join("\n") + "\n"
}

fn show(kind: &FaultReference) -> String {
    let FaultReference { info, short_form, direction, ramps, keys } = kind;
    let acts_on = format!("the {}, {direction} unless `direction` says otherwise", kind.layer());
    let facts = [
        ("a client sees", Some(info.client_sees)),
        ("acts on", Some(acts_on.as_str())),
        ("made by", Some(kind.made_by())),
        ("ramps", Some(if *ramps { "yes" } else { "no" })),
        ("its value", short_form.as_deref()),
    ];
    let mut lines = vec![format!("{}\n{}\n", info.name, info.about)];
    lines.extend(facts.iter().filter_map(|(name, fact)| fact.map(|fact| format!("{name:14}  {fact}"))));
    if !keys.is_empty() {
        lines.push("\nkeys".to_owned());
    }
    let columns = keys.iter().map(|key| key.name.len()).max().unwrap_or_default();
    for key in keys {
        lines.push(format!("  {:columns$}  {}", key.name, key.about));
        lines.push(format!("  {:columns$}  {}", "", value(key)));
    }
    lines.push(format!("\nfaults:\n  {}\n", kind.example()));
    lines.join("\n")
}

/// What a key's value is, and what happens without it: `time, needed`.
pub(super) fn value(key: &Key) -> String {
    let otherwise = match key.otherwise.as_str() {
        "" => String::new(),
        "needed" => ", needed".to_owned(),
        default => format!("; {default} if left out"),
    };
    format!("{}{otherwise}", key.value).replace('`', "")
}
