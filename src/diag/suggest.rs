//! Suggestions: which of the known names was meant.
//!
//! Names are compared by optimal string alignment (Damerau-Levenshtein in which no stretch is edited twice): the least
//! number of insertions, deletions, substitutions and swaps of neighbours. Capitals, and the choice between `-`, `_` and
//! a space, cost nothing; they only decide ties. A wrong suggestion is worse than none, so few edits are allowed, by
//! length.

use std::cmp::min;

/// Longest name that is compared: the work is its square, and nobody mistypes so much.
const NAME_CHARS_MAX: usize = 64;

/// The candidate nearest to `wanted`, if one is near enough. Of equally near ones, the first.
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(wanted)?;
    let allowed = edits_allowed(folded.len());
    let mut best: Option<((usize, usize), &'a str)> = None;
    for candidate in candidates {
        let Some(other) = fold(candidate) else { continue };
        let edits = distance(&folded, &other);
        // A name of which every letter was replaced is another name.
        if edits > allowed || edits >= min(folded.len(), other.len()) {
            continue;
        }
        let spelling = wanted.chars().zip(candidate.chars()).filter(|(a, b)| a != b).count();
        let rank = (edits, if edits == 0 { spelling } else { 0 });
        if best.is_none_or(|(least, _)| rank < least) {
            best = Some((rank, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// ``did you mean `latency`?``, if a candidate is near enough.
pub fn did_you_mean<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(wanted, candidates).map(|name| format!("did you mean `{name}`?"))
}

/// How many edits a name of so many letters may be away: one in three, at most three.
fn edits_allowed(letters: usize) -> usize {
    match letters {
        0 => 0,
        1..=5 => 1,
        6..=8 => 2,
        _ => 3,
    }
}

fn fold(name: &str) -> Option<Vec<char>> {
    let folded: Vec<char> = name
        .trim()
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| if matches!(c, '-' | ' ') { '_' } else { c })
        .take(NAME_CHARS_MAX + 1)
        .collect();
    (folded.len() <= NAME_CHARS_MAX).then_some(folded)
}

/// Three rows of the usual table: the swap of neighbours looks two rows back.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let substituted = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = min(substituted, min(last[j], row[j - 1]) + 1);
            let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if swapped {
                row[j] = min(row[j], before_last[j - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [&str; 8] =
        ["latency", "loss", "blackhole", "bandwidth", "reset", "slow_close", "half_open", "http_abort"];

    #[test]
    fn usual_slips_are_recognised() {
        for (wanted, meant) in [
            ("latencey", "latency"),
            ("latnecy", "latency"),
            ("Latency", "latency"),
            ("los", "loss"),
            ("blackhoel", "blackhole"),
            ("band-width", "bandwidth"),
            ("slow-close", "slow_close"),
            ("SlowClose", "slow_close"),
            ("half open", "half_open"),
            ("abort_http", "<nothing>"),
            ("", "<nothing>"),
            ("x", "<nothing>"),
            ("delay", "<nothing>"),
        ] {
            assert_eq!(nearest(wanted, KINDS).unwrap_or("<nothing>"), meant, "{wanted}");
        }
        assert_eq!(did_you_mean("rest", KINDS).unwrap(), "did you mean `reset`?");
        assert_eq!(did_you_mean("shark", KINDS), None);
    }

    #[test]
    fn ties_go_to_the_first_and_spelling_breaks_them() {
        assert_eq!(nearest("cart", ["card", "care"]), Some("card"));
        assert_eq!(nearest("cart", ["care", "card"]), Some("care"));
        assert_eq!(nearest("a_bee", ["A-bee", "a-bee"]), Some("a-bee"));
    }

    #[test]
    fn distances_by_hand() {
        let of = |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        assert_eq!(of("", "abc"), 3);
        assert_eq!(of("kitten", "sitting"), 3);
        assert_eq!(of("ab", "ba"), 1);
        assert_eq!(of("ca", "abc"), 3, "optimal string alignment, where the unrestricted distance is 2");
    }

    proptest! {
        /// The distance is symmetric, zero only for equals, and at most the longer length; an exact name finds itself.
        #[test]
        fn the_distance_behaves(a in "[abc]{0,8}", b in "[abc]{0,8}") {
            let (x, y): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            prop_assert_eq!(distance(&x, &y), distance(&y, &x));
            prop_assert_eq!(distance(&x, &y) == 0, a == b);
            prop_assert!(distance(&x, &y) <= x.len().max(y.len()));
            if !a.is_empty() {
                prop_assert_eq!(nearest(&a, [b.as_str(), a.as_str()]), Some(a.as_str()));
            }
        }

        /// Whatever is written, asking costs little and does not panic.
        #[test]
        fn any_text_may_be_asked_for(wanted in any::<String>(), candidate in any::<String>()) {
            let _ = nearest(&wanted, [candidate.as_str(), ""]);
        }
    }
}
