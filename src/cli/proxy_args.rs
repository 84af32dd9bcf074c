//! The arguments of `brownout proxy`: groups of `LISTEN --to UPSTREAM [faults]`, told apart by their order.
//!
//! A flag for every fault that a scenario file can name, made from the loader's own list. What the words mean is the
//! loader's matter, and so are their mistakes; here they are put in order, and into the line that messages show.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::args::{BackendArgs, OutputArgs};
use super::replay::quoted;
use crate::base::Seed;
use crate::diag::{Code, Diagnostic};
use crate::scenario::{
    FaultKey, FlagFault, FlagScenario, FlagService, LoadError, Plan, Word, fault_keys, load_flags,
};

const HEADING: &str = "Faults (a value in its short form, or `key=value,…`; then any of `at=`, `for=`, `every=`, \
                       `repeat=`, `direction=`, `probability=`, `peers=`, `ramp=`, `bursts=`, `name=`)";

/// Arguments of `brownout proxy`.
#[derive(Clone, Debug)]
pub(super) struct ProxyArgs {
    pub(super) fixed: FixedArgs,
    /// What makes the groups, in the order of the command line.
    given: Vec<Given>,
}

/// Arguments whose place means nothing.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct FixedArgs {
    /// End by itself after this time; until Ctrl-C, if not given
    #[arg(long = "for", value_name = "TIME")]
    lasts: Option<String>,
    /// The seed of all draws; the same for all proxies that are given none
    #[arg(long)]
    seed: Option<u64>,
    /// Write a line for each connection instead of the live view, as without a terminal
    #[arg(long)]
    pub(super) no_view: bool,
    #[command(flatten)]
    pub(super) backend: BackendArgs,
    #[arg(long, hide = true, env = "TERM", hide_env = true)]
    term: Option<String>,
    #[command(flatten)]
    pub(super) outputs: OutputArgs,
    /// A command to run meanwhile. It gets BROWNOUT_<SERVICE> (host:port) and BROWNOUT_<SERVICE>_URL in its environment;
    /// the proxy ends with it, and its failure is the proxy's
    #[arg(last = true, value_name = "CMD")]
    pub(super) wrapped: Vec<OsString>,
}

/// An argument whose place says which group it belongs to.
#[derive(Clone, Debug)]
struct Given {
    what: What,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Listen,
    To,
    Name,
    Fault(&'static FaultKey),
}

/// The line that messages show, and where each of its values stands.
struct Line {
    text: String,
    starts: Vec<usize>,
    lasts: Option<usize>,
}

// === impl ProxyArgs ===

impl ProxyArgs {
    /// The plan that they make.
    pub(super) fn plan(&self) -> Result<Plan, LoadError> {
        let line = self.line(self.fixed.seed);
        let word = |place: usize| Word::new(&self.given[place].value, line.starts[place]);
        let mut flags = FlagScenario {
            source: "command line",
            line: &line.text,
            lasts: self.fixed.lasts.as_deref().zip(line.lasts).map(|(text, start)| Word::new(text, start)),
            seed: self.fixed.seed.map(Seed),
            services: Vec::new(),
            faults: Vec::new(),
            also: Vec::new(),
        };
        let mut first = FlagService { listen: Word::new("", 0), upstream: None, name: None };
        for (place, given) in self.given.iter().enumerate() {
            let word = word(place);
            let group = flags.services.len().checked_sub(1);
            let service = flags.services.last_mut().unwrap_or(&mut first);
            let slot = match given.what {
                What::Listen => {
                    flags.services.push(FlagService { listen: word, ..first });
                    continue;
                }
                What::Fault(key) => {
                    let hyphens = line.text[..word.span.start].rfind("--").unwrap_or_default();
                    let key = Word::new(&key.flag, hyphens + 2);
                    flags.faults.push(FlagFault { key, value: word, service: group });
                    continue;
                }
                What::To => &mut service.upstream,
                What::Name => &mut service.name,
            };
            let before = slot.replace(word);
            // What stands before the first group holds for all that say nothing else.
            let inherited = before.is_some() && group.is_some() && before == first_of(&first, given.what);
            if let Some(before) = before.filter(|_| !inherited) {
                let message = "the same group is given this twice: a group begins with where to listen";
                let told = Diagnostic::error(Code::DuplicateName, message).at(word.span, "the second");
                flags.also.push(told.note(before.span, "the first"));
            }
        }
        load_flags(&flags)
    }

    /// Whether there may be a live view: around a command, whose output it would tear, there is none.
    pub(super) fn want_view(&self) -> bool {
        let fixed = &self.fixed;
        !fixed.no_view && fixed.wrapped.is_empty() && fixed.term.as_deref() != Some("dumb")
    }

    /// Whether `--for` says when it ends.
    pub(super) const fn ends_by_flag(&self) -> bool {
        self.fixed.lasts.is_some()
    }

    /// The command line that repeats it.
    pub(super) fn replay(&self, seed: u64) -> String {
        let mut text = self.line(Some(seed)).text;
        for (place, word) in self.fixed.wrapped.iter().enumerate() {
            text.push_str(if place == 0 { " -- " } else { " " });
            text.push_str(&quoted(&word.to_string_lossy()));
        }
        text
    }

    fn line(&self, seed: Option<u64>) -> Line {
        let mut line = Line { text: "brownout proxy".to_owned(), starts: Vec::new(), lasts: None };
        if let Some(seed) = seed {
            line.text.push_str(" --seed");
            line.push(&seed.to_string());
        }
        for word in self.fixed.backend.words().into_iter().flatten() {
            line.text.extend([" ", word]);
        }
        if let Some(lasts) = &self.fixed.lasts {
            line.text.push_str(" --for");
            line.lasts = Some(line.push(lasts));
        }
        for given in &self.given {
            match given.what {
                What::Listen => {}
                What::To => line.text.push_str(" --to"),
                What::Name => line.text.push_str(" --name"),
                What::Fault(key) => line.text.extend([" --", key.flag.as_str()]),
            }
            let start = line.push(&given.value);
            line.starts.push(start);
        }
        line
    }
}

fn first_of<'a>(first: &FlagService<'a>, what: What) -> Option<Word<'a>> {
    if what == What::To { first.upstream } else { first.name }
}

impl Args for ProxyArgs {
    fn augment_args(command: Command) -> Command {
        let listen = Arg::new("listen")
            .value_name("LISTEN")
            .required(true)
            .num_args(1..)
            .help("Where to listen: a port of 127.0.0.1, or address:port. Port 0 lets the kernel choose");
        let to = Arg::new("to").long("to").value_name("UPSTREAM").action(ArgAction::Append).help(
            "Where the service is: host:port, or a port of this machine. A LISTEN, its --to and its faults make a \
             group; faults before the first LISTEN hold for all groups",
        );
        let name =
            Arg::new("name").long("name").value_name("NAME").action(ArgAction::Append).help(
                "What to call the service; made from its addresses, if not given (p8080 for port 8080)",
            );
        let command = FixedArgs::augment_args(command.arg(listen).arg(to).arg(name));
        command.next_help_heading(HEADING).args(fault_keys().iter().map(fault_arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ProxyArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let faults = fault_keys().iter().map(|key| (key.name, What::Fault(key)));
        let all =
            [("listen", What::Listen), ("to", What::To), ("name", What::Name)].into_iter().chain(faults);
        let mut given: Vec<(usize, Given)> = Vec::new();
        for (id, what) in all {
            if matches.value_source(id) != Some(ValueSource::CommandLine) {
                continue;
            }
            let values = matches.get_many::<String>(id).into_iter().flatten();
            let placed = matches.indices_of(id).into_iter().flatten().zip(values);
            given.extend(placed.map(|(place, value)| (place, Given { what, value: value.clone() })));
        }
        given.sort_by_key(|(place, _)| *place);
        let given = given.into_iter().map(|(_, given)| given).collect();
        Ok(Self { fixed: FixedArgs::from_arg_matches(matches)?, given })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

// === impl Line ===

impl Line {
    /// Adds a value; says where it begins, within its quotes if it needs them.
    fn push(&mut self, value: &str) -> usize {
        let quoted = quoted(value);
        self.text.push(' ');
        let start = self.text.len() + usize::from(quoted != value);
        self.text.push_str(&quoted);
        start
    }
}

fn fault_arg(key: &'static FaultKey) -> Arg {
    let about = key.about.trim_end_matches('.').to_owned();
    let keys =
        if key.fields.is_empty() { String::new() } else { format!(" [keys: {}]", key.fields.join(", ")) };
    let arg = Arg::new(key.name).long(key.flag.as_str()).help(about + &keys).action(ArgAction::Append);
    let arg = arg.num_args(0..=1).default_missing_value("");
    arg.value_name(key.example.as_deref().unwrap_or("KEY=VALUE,…"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::diag::Colour;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        proxy: ProxyArgs,
    }

    fn args(line: &str) -> ProxyArgs {
        Alone::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{error}")).proxy
    }

    fn described(line: &str) -> String {
        let plan = args(line).plan().unwrap();
        let services = plan.services.iter().map(|s| format!("{} {} {}", s.name, s.listen, s.upstream));
        let faults = plan.faults.iter().map(|f| format!("{} {}", f.parts.service, f.parts.name));
        services.chain(faults).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn order_makes_the_groups() {
        assert_eq!(
            described("brownout --loss 1% 80 --to a:1 --latency 80ms 81 --name web --to b:2 --reset"),
            "a 127.0.0.1:80 a:1; web 127.0.0.1:81 b:2; a loss@0s; web loss@0s; a latency@0s; web reset@0s"
        );
        assert_eq!(
            described("brownout --to 3000 80 81"),
            "p80 127.0.0.1:80 localhost:3000; p81 127.0.0.1:81 localhost:3000"
        );
    }

    #[test]
    fn a_line_can_be_pasted_into_a_shell() {
        let args = args("brownout 80 --to a:1 --for 5m --latency mean=1s,peers=[::1] --seed 7 -- sh -c true");
        assert_eq!(
            args.replay(7),
            "brownout proxy --seed 7 --for 5m 80 --to a:1 --latency mean=1s,peers=[::1] -- sh -c true"
        );
    }

    #[test]
    fn mistakes_of_grouping_are_told_with_the_others() {
        let told = args("brownout 80 --to a:1 --to b:2 --latency 80").plan().unwrap_err();
        let told = told.render(Colour::Plain);
        assert!(told.contains("the same group is given this twice"), "{told}");
        assert!(told.contains(" --> command line:1:33\n"), "{told}");
        assert!(told.contains("expected a duration with a unit, found `80`"), "{told}");
        assert!(told.ends_with("error: 2 mistakes in command line\n"), "{told}");
    }
}
