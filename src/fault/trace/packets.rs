//! `PacketTrace`: when packets may leave, as mahimahi records it and plays it.
//!
//! Each line of a file is an opportunity, in whole milliseconds since the beginning, for 1,500 bytes; several lines may bear
//! the same time. The last line is the period after which the trace begins again. Mahimahi's own rules hold: no empty line,
//! no time before the one above it, a trace that lasts.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::{TextMistakes, lines};
use crate::base::limits::DURATION_MAX;
use crate::base::{DeliveryTrace, DeliveryTraceError, Span, format_duration};

/// When packets may leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketTrace {
    source: Source,
    /// Whether both a file and deliveries were given.
    twofold: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// Nowhere: neither was given.
    Missing,
    /// In a file that was not read yet.
    File(String),
    /// Here, or what is wrong with it.
    Here(Result<Arc<DeliveryTrace>, DeliveryTraceError>),
}

/// A trace of packet deliveries: those of a `file`, or `deliveries` given here.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PacketTrace")]
pub struct PacketTraceFields {
    /// A file beside the scenario's, in mahimahi's form: a line for each packet of 1,500 bytes, its time in milliseconds.
    file: Option<String>,
    /// The times at which a packet of 1,500 bytes may leave; the last one ends the trace, which begins again.
    deliveries: Option<Vec<Span>>,
}

impl From<PacketTraceFields> for PacketTrace {
    fn from(PacketTraceFields { file, deliveries }: PacketTraceFields) -> Self {
        let twofold = file.is_some() && deliveries.is_some();
        let here = |times: Vec<Span>| {
            let times: Vec<Duration> = times.into_iter().map(Span::get).collect();
            Source::Here(DeliveryTrace::new(&times).map(Arc::new))
        };
        Self { source: file.map(Source::File).or(deliveries.map(here)).unwrap_or(Source::Missing), twofold }
    }
}

// === impl PacketTrace ===

impl PacketTrace {
    /// The file that was not read yet.
    pub fn file(&self) -> Option<&str> {
        match &self.source {
            Source::File(name) => Some(name),
            Source::Missing | Source::Here(_) => None,
        }
    }

    /// Takes the text of that file.
    pub fn read(&mut self, text: &str) -> Result<(), TextMistakes> {
        self.source = Source::Here(Ok(Arc::new(read(text)?)));
        Ok(())
    }

    /// What contradicts itself.
    pub fn contradictions(&self) -> Vec<String> {
        let source = match &self.source {
            Source::Missing => Some("a trace needs a `file`, or `deliveries`".to_owned()),
            Source::Here(Err(error)) => Some(error.to_string()),
            Source::Here(Ok(_)) | Source::File(_) => None,
        };
        let twofold = self.twofold.then(|| "a trace is either a `file` or `deliveries`".to_owned());
        twofold.into_iter().chain(source).collect()
    }

    /// The trace, once it is there.
    pub fn deliveries(&self) -> Option<&Arc<DeliveryTrace>> {
        match &self.source {
            Source::Here(Ok(trace)) => Some(trace),
            Source::Here(Err(_)) | Source::Missing | Source::File(_) => None,
        }
    }

    /// `trace of 83000 packets in 1m, 2.07MB/s on average`.
    pub fn summary(&self) -> String {
        let Some(trace) = self.deliveries() else { return "trace".to_owned() };
        let (count, period) = (trace.count(), format_duration(trace.period()));
        let plural = if count == 1 { "" } else { "s" };
        format!("trace of {count} packet{plural} in {period}, {} on average", trace.mean_rate())
    }
}

fn read(text: &str) -> Result<DeliveryTrace, TextMistakes> {
    let (mut times, mut mistakes) = (Vec::new(), TextMistakes::default());
    let mut last = 0_u64;
    for line in lines(text)? {
        let number = line.text.bytes().all(|byte| byte.is_ascii_digit()) && !line.text.is_empty();
        let millis = line.text.parse().unwrap_or(u64::MAX);
        if !number {
            mistakes.push(line, told(line.text));
        } else if Duration::from_millis(millis) > DURATION_MAX {
            mistakes
                .push(line, format!("`{}` ms are longer than {}", line.text, format_duration(DURATION_MAX)));
        } else if millis < last {
            mistakes.push(
                line,
                format!("the time falls from {last} to {millis}: deliveries are in the order of time"),
            );
        } else {
            last = millis;
            times.push(Duration::from_millis(millis));
        }
    }
    mistakes.or(())?;
    DeliveryTrace::new(&times).map_err(|error| TextMistakes::whole(error.to_string()))
}

fn told(text: &str) -> String {
    if text.is_empty() {
        return "nothing stands on this line: each one is a delivery".to_owned();
    }
    format!("expected a whole number of milliseconds, found `{text}`")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn given(text: &str) -> PacketTrace {
        serde_json::from_str::<PacketTraceFields>(text).unwrap().into()
    }

    #[test]
    fn a_file_and_the_scenario_mean_the_same() {
        let here = given(r#"{"deliveries": ["0s", "3ms", "3ms", "7ms"]}"#);
        let mut file = given(r#"{"file": "x"}"#);
        assert_eq!(file.file(), Some("x"));
        file.read("0\r\n3\n3\n7\n").unwrap();
        assert_eq!((file.deliveries(), file.file()), (here.deliveries(), None));
        assert_eq!(file.summary(), "trace of 4 packets in 7ms, 857kB/s on average");
    }

    #[test]
    fn mistakes_have_their_places() {
        let told = |text: &str| -> Vec<(usize, String)> {
            read(text)
                .unwrap_err()
                .first
                .into_iter()
                .map(|mistake| (mistake.start, mistake.message))
                .collect()
        };
        assert_eq!(
            told("5\n\nx\n-1\n4\n99999999999999999999\n6\n"),
            [
                (2, "nothing stands on this line: each one is a delivery".to_owned()),
                (3, "expected a whole number of milliseconds, found `x`".to_owned()),
                (5, "expected a whole number of milliseconds, found `-1`".to_owned()),
                (8, "the time falls from 5 to 4: deliveries are in the order of time".to_owned()),
                (10, "`99999999999999999999` ms are longer than 366d".to_owned()),
            ]
        );
        assert_eq!(told("0\n0\n")[0].1, "the last delivery is the end of the trace, and it lasts no time");
        assert_eq!(told("")[0].1, "the file is empty");
    }

    #[test]
    fn what_contradicts_itself_is_told() {
        for text in [
            "{}",
            r#"{"deliveries": []}"#,
            r#"{"deliveries": ["0s"]}"#,
            r#"{"deliveries": ["2ms", "1ms"]}"#,
            r#"{"file": "x", "deliveries": ["1ms"]}"#,
        ] {
            assert_eq!(given(text).contradictions().len(), 1, "{text}");
        }
        assert_eq!(given(r#"{"deliveries": ["1ms"]}"#).contradictions().len(), 0);
    }

    proptest! {
        #[test]
        fn any_text_is_judged(text in prop_oneof![any::<String>(), "([0-9]{0,4}\n){0,20}"]) {
            match read(&text) {
                Ok(trace) => prop_assert!(trace.mean_rate().bytes_per_second() > 0),
                Err(mistakes) => prop_assert!(mistakes.first.iter().all(|m| m.end <= text.len()) && mistakes.count > 0),
            }
        }
    }
}
