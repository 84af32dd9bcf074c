//! `Code`: the stable names of mistakes.
//!
//! A code is what a person searches for and what a tool matches; once released, it keeps its meaning, and a retired one
//! is not given again. A new code is one line in the table below: `BO-S` for scenarios and for files in general, `BO-R`
//! for what is wrong in Prometheus rules alone. Tests elsewhere assert that each code has a file that provokes it. What
//! is wrong in a given file is the message's matter, not the code's.

use std::fmt;

macro_rules! codes {
    ($($variant:ident = $text:literal, $about:literal;)+) => {
        /// The stable name of one kind of mistake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $about] $variant,)+
        }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code as it is printed, such as `BO-S001`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// What the code stands for, in one sentence.
            pub const fn about(self) -> &'static str {
                match self {
                    $(Self::$variant => $about,)+
                }
            }
        }
    };
}

codes! {
    Unreadable = "BO-S001", "The file can't be read, is too large, or is not UTF-8.";
    Syntax = "BO-S002", "The text is not valid YAML, or a topology file neither GraphML nor GML.";
    UnknownKey = "BO-S003", "A key that the format does not have.";
    MissingKey = "BO-S004", "A key that must be there is missing.";
    WrongType = "BO-S005", "A value of another type than its key takes.";
    BadValue = "BO-S006", "A value with a wrong unit or outside its range.";
    BadName = "BO-S007", "A name with characters that names may not have.";
    BadAddress = "BO-S008", "An address or a port that can't be one.";
    UnknownName = "BO-S009", "A name that nothing in the file bears.";
    DuplicateName = "BO-S010", "A name given twice.";
    NoKind = "BO-S011", "An item without a key that names its kind.";
    TwoKinds = "BO-S012", "An item with more than one key that names a kind.";
    OutsideScenario = "BO-S013", "A time outside the scenario.";
    ScheduleConflict = "BO-S014", "A schedule that contradicts itself, such as an interval shorter than what it repeats.";
    ListenerOverlap = "BO-S015", "Two services that listen at the same address.";
    Contradiction = "BO-S016", "A value that contradicts another.";
    NoCheck = "BO-S017", "An expectation that checks nothing.";
    CheckMismatch = "BO-S018", "An expectation whose check doesn't fit its subject.";
    TooMany = "BO-S019", "More of something than the limit allows.";
    BadTopology = "BO-S020", "A network that can't be, such as one that is not connected.";
    BadHappening = "BO-S021", "Something that can't happen to a WAN after what has happened to it before.";
    NotInWan = "BO-S022", "Something in a topology file that a WAN can't have, left out or replaced.";
    RuleSyntax = "BO-R001", "A PromQL expression or a template of a rule that can't be read.";
    RuleUnsupported = "BO-R002", "Something of PromQL that brownout doesn't evaluate itself.";
    RuleDead = "BO-R003", "A rule that can never fire on the series it is given.";
}

// === impl Code ===

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers rise without gaps or repetition, so that a new code finds its place by itself.
    #[test]
    fn the_table_is_numbered() {
        for family in ["BO-S", "BO-R"] {
            let codes = Code::ALL.iter().filter(|code| code.as_str().starts_with(family));
            for (index, code) in codes.enumerate() {
                assert_eq!(code.as_str(), format!("{family}{:03}", index + 1), "{code:?}");
            }
        }
        for code in Code::ALL {
            assert!(code.as_str().starts_with("BO-S") || code.as_str().starts_with("BO-R"), "{code}");
            assert!(code.about().ends_with('.'), "{code}: {}", code.about());
        }
    }
}
