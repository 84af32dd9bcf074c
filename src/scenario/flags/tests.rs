//! Flags as people write them: the plans they make, and how their mistakes are told.

use insta::assert_snapshot;

use super::*;
use crate::base::SimTime;
use crate::diag::Colour;

/// A command line of words, each of them placed in it.
fn plan(words: &[&str]) -> Result<Plan, LoadError> {
    let line = format!("brownout proxy {}", words.join(" "));
    let mut start = "brownout proxy ".len();
    let mut placed = Vec::new();
    for word in words {
        placed.push(Word::new(&line[start..start + word.len()], start));
        start += word.len() + 1;
    }
    let (services, faults, also) = (Vec::new(), Vec::new(), Vec::new());
    let mut flags =
        FlagScenario { source: "command line", line: &line, lasts: None, seed: None, services, faults, also };
    let mut words = placed.into_iter();
    while let Some(word) = words.next() {
        let Some(flag) = word.text.strip_prefix("--") else {
            flags.services.push(FlagService { listen: word, upstream: None, name: None });
            continue;
        };
        let value = words.next().expect("every flag of these tests has a value");
        let last = flags.services.len().checked_sub(1);
        match flag {
            "to" => flags.services[last.unwrap()].upstream = Some(value),
            "name" => flags.services[last.unwrap()].name = Some(value),
            "for" => flags.lasts = Some(value),
            _ => {
                let key = Word::new(flag, word.span.start + 2);
                flags.faults.push(FlagFault { key, value, service: last });
            }
        }
    }
    load_flags(&flags)
}

/// The mistakes; without the keys that there are, which a new kind adds to.
fn told(words: &[&str]) -> String {
    let told = plan(words).expect_err("it is wrong").render(Colour::Plain);
    let line = |line: &str| match line.split_once("the keys here are ") {
        Some((before, _)) => format!("{before}the keys here are …\n"),
        None => format!("{line}\n"),
    };
    told.lines().map(line).collect()
}

fn faults(plan: &Plan) -> Vec<String> {
    let text = |fault: &Arc<crate::fault::Fault>| {
        let parts = &fault.parts;
        format!("{} {} {}", parts.service, parts.name, fault.kind().summary())
    };
    plan.faults.iter().map(text).collect()
}

#[test]
fn flags_make_the_plan_that_a_file_would() {
    let plan = plan(&[
        "--loss",
        "1%",
        "8080",
        "--to",
        "3000",
        "--latency",
        "80ms~20ms",
        "--blackhole",
        "20%,at=10s,for=30s,every=1m",
        "0",
        "--to",
        "db.internal:5432",
        "--reset",
        "after=5s,probability=30%",
    ])
    .unwrap();
    let services: Vec<String> = plan
        .services
        .iter()
        .map(|service| format!("{} {} {}", service.name, service.listen, service.upstream))
        .collect();
    assert_eq!(services, ["p8080 127.0.0.1:8080 localhost:3000", "db 127.0.0.1:0 db.internal:5432"]);
    assert_eq!(
        faults(&plan),
        [
            "p8080 loss@0s 1% of segments",
            "db loss@0s 1% of segments",
            "p8080 latency@0s 80ms ± 20ms",
            "p8080 blackhole@10s 20% of flows",
            "db reset@0s after 5s",
        ]
    );
    let texts: Vec<&str> = plan.fault_texts.iter().map(|text| &**text).collect();
    assert_eq!(texts[0..3], ["loss 1%", "loss 1%", "latency 80ms~20ms"]);
    assert!(plan.allow_untouched);
}

/// A schedule that would change too often in a year makes the plan shorter, not wrong; with a time of the user's own it is
/// the user's to change.
#[test]
fn a_plan_without_an_end_lasts_as_long_as_it_can() {
    let days = |words: &[&str]| plan(words).unwrap().duration.as_secs() / 86_400;
    assert_eq!(days(&["1", "--to", "2", "--latency", "1s"]), 365);
    assert_eq!(days(&["1", "--to", "2", "--latency", "1s,for=30s,every=1m"]), 30);
    assert_eq!(days(&["1", "--to", "2", "--latency", "1s,for=500ms,every=1s"]), 1);
    assert!(
        told(&["1", "--to", "2", "--for", "300d", "--latency", "1s,for=500ms,every=1s"]).contains("BO-S019")
    );
}

#[test]
fn all_mistakes_are_told_at_once_where_they_are() {
    assert_snapshot!(told(&[
        ":8080",
        "--to",
        "http://localhost:3000/x",
        "--latency",
        "80",
        "--blackhole",
        "20%,fro=10s",
        "--loss",
        "1%,every=1m",
        "--reset",
        "after=1s,after_bytes=1kB",
        "8081",
    ]));
}

#[test]
fn times_are_held_against_the_flag_for() {
    assert_snapshot!(told(&[
        "1",
        "--to",
        "2",
        "--for",
        "5m",
        "--latency",
        "1s,at=10m",
        "--loss",
        "1%,at=4m,for=2m"
    ]));
}

#[test]
fn services_that_cannot_be_are_told() {
    assert_snapshot!(told(&[
        "8080",
        "--to",
        "3000",
        "8080",
        "--to",
        "localhost:8080",
        "9000",
        "--name",
        "My API",
        "--to",
        "a:b:c",
    ]));
}

fn live(text: &str, others: &[Arc<crate::fault::Fault>], now: u64) -> Result<LiveFaults, LoadError> {
    let plan = plan(&["8080", "--to", "3000", "--for", "10m"]).unwrap();
    let replaces = others.last().map(|fault| &**fault);
    let context = LiveContext {
        plan: &plan,
        service: "p8080",
        now: SimTime::from_secs(now),
        first_id: 7,
        others: &[],
        replaces,
    };
    read_live_fault(text, &context)
}

#[test]
fn a_live_fault_counts_from_now() {
    let added = live("latency 80ms,at=10s,for=5s", &[], 60).unwrap();
    let fault = &added.faults[0];
    assert_eq!((&*fault.parts.name, fault.parts.id.0), ("latency@1m10s", 7));
    let level = |seconds| fault.parts.level.at(SimTime::from_secs(seconds)).is_full();
    assert_eq!([level(10), level(69), level(70), level(74), level(75)], [false, false, true, true, false]);
    assert_eq!(&*added.text, "latency 80ms,at=10s,for=5s");
}

/// Its name is what its draws follow from: a change of kind is another fault.
#[test]
fn a_change_keeps_the_name_while_the_kind_stays() {
    let old = live("latency 80ms", &[], 0).unwrap().faults;
    let name = |text: &str| live(text, &old, 60).unwrap().faults[0].parts.name.to_string();
    assert_eq!(name("latency 100ms"), "latency@0s");
    assert_eq!(name("latency 100ms,name=slow"), "slow");
    assert_eq!(name("loss 1%"), "loss@1m");
}

#[test]
fn mistakes_in_a_live_fault_are_told_in_its_text() {
    let told = |text: &str, now| live(text, &[], now).unwrap_err().render(Colour::Plain);
    assert_snapshot!(told("latency 80ms,for=20m", 60));
    assert!(told("latency 80ms", 600).contains("the run's time is up"));
}

/// Words that stand for several faults are flags as well, and a fault that replaces one keeps the name of its item.
#[test]
fn sugar_has_its_flags() {
    let words =
        ["8080", "--to", "3000", "--rtt", "80ms~10ms", "--link", "lossy-wifi", "--partition", "at=1m"];
    let made = plan(&words).unwrap();
    let names: Vec<&str> = made.faults.iter().map(|fault| &*fault.parts.name).collect();
    assert_eq!(names, ["rtt@0s", "link@0s/latency", "link@0s/loss", "partition@1m"]);
    assert_eq!(made.fault_texts.iter().map(|text| &**text).collect::<Vec<_>>()[1..3], ["link lossy-wifi"; 2]);
    let context = |replaces| LiveContext {
        plan: &made,
        service: "p8080",
        now: SimTime::from_secs(5),
        first_id: 9,
        others: &made.faults[..1],
        replaces: Some(replaces),
    };
    let other = read_live_fault("link lte", &context(&made.faults[1])).unwrap();
    assert_eq!(&*other.faults[0].parts.name, "link@0s/latency");
    let renamed = read_live_fault("latency 40ms", &context(&made.faults[1])).unwrap();
    assert_eq!(&*renamed.faults[0].parts.name, "latency@5s");
    let file =
        read_live_fault("latency samples={file=/etc/hostname}", &context(&made.faults[0])).unwrap_err();
    assert!(file.to_string().contains("can name none"), "{file}");
    let missing = told(&["8080", "--to", "3000", "--latency", "samples={file=none.txt}"]);
    assert!(missing.contains("the name is relative to the current folder"), "{missing}");
}
