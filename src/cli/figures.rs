//! Figures that change while one looks at them: few digits, the same ones in lines and in the live view.

use std::time::Duration;

use crate::event::{BrownoutReason, DialFailure, EndCause, PeerEnd};

/// Bytes in at most four characters and a unit: `0 B`, `1.2 kB`, `34 kB`, `512 MB`. Powers of ten.
pub(super) fn bytes(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        // What would be rounded up to a thousand belongs to the next unit.
        if size < 999.5 || unit == "TB" {
            let digits = usize::from(size < 9.95 && unit != "B");
            return format!("{size:.digits$} {unit}");
        }
        size /= 1_000.0;
    }
    unreachable!("the last unit takes all")
}

/// An age in at most two units: `340ms`, `3.1s`, `42s`, `2m05s`, `3h07m`, `12d`.
pub(super) fn age(age: Duration) -> String {
    let (seconds, millis) = (age.as_secs(), age.subsec_millis());
    match seconds {
        0 => format!("{millis}ms"),
        1..10 => format!("{seconds}.{}s", millis / 100),
        10..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// Who ended a connection, and how: `client (closed)`.
pub(super) fn ended_by(cause: &EndCause) -> String {
    let how = |how: &PeerEnd| match how {
        PeerEnd::Closed => "closed",
        PeerEnd::Reset => "reset",
        PeerEnd::Failed => "failed",
    };
    match cause {
        EndCause::Client { how: end } => format!("client ({})", how(end)),
        EndCause::Server { how: end } => format!("server ({})", how(end)),
        EndCause::Unreachable { why } => {
            let why = match why {
                DialFailure::Refused => "refused",
                DialFailure::TimedOut => "no answer",
                DialFailure::NameNotFound => "name not found",
                DialFailure::Failed => "unreachable",
            };
            format!("server ({why})")
        }
        EndCause::Fault { fault, kind } => format!("fault {fault} ({kind})"),
        EndCause::Brownout { why } => {
            let why = match why {
                BrownoutReason::Drained => "end of the run",
                BrownoutReason::Killed => "killed",
                BrownoutReason::Orphaned => "given up",
            };
            format!("brownout ({why})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_few_digits_and_never_four() {
        let all = [0, 7, 999, 1_000, 9_949, 9_950, 34_000, 999_499, 999_500, 1_250_000, u64::MAX].map(bytes);
        assert_eq!(
            all,
            [
                "0 B",
                "7 B",
                "999 B",
                "1.0 kB",
                "9.9 kB",
                "10 kB",
                "34 kB",
                "999 kB",
                "1.0 MB",
                "1.2 MB",
                "18446744 TB"
            ]
        );
    }

    #[test]
    fn ages_have_two_units_at_most() {
        let all = [0.34, 9.99, 10.0, 125.0, 11_220.0, 1e6].map(|s| age(Duration::from_secs_f64(s)));
        assert_eq!(all, ["340ms", "9.9s", "10s", "2m05s", "3h07m", "11d13h"]);
    }
}
