//! Text in columns: fitted, aligned, never wider than asked, so that nothing jumps when figures change.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Eight heights of a bar.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// `text` in exactly so many columns, from the left; what is cut off is marked by an ellipsis.
pub(super) fn left(text: &str, columns: usize) -> String {
    let text = fit(text, columns);
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// The same, from the right: for figures.
pub(super) fn right(text: &str, columns: usize) -> String {
    let text = fit(text, columns);
    format!("{}{text}", " ".repeat(columns.saturating_sub(text.width())))
}

/// `text` in at most so many columns.
pub(super) fn fit(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let (mut cut, mut used) = (String::new(), 0);
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used + 1 > columns {
            break;
        }
        cut.push(c);
    }
    if columns > 0 {
        cut.push('…');
    }
    cut
}

/// The newest values as bars, the last one at the right end; the highest of them fills its height.
pub(super) fn sparkline(values: &[u64], columns: usize) -> String {
    let shown = &values[values.len().saturating_sub(columns)..];
    let highest = shown.iter().copied().max().unwrap_or(0).max(1);
    let bar = |value: &u64| match value {
        0 => ' ',
        value => BARS[((value.saturating_mul(8)).div_ceil(highest) as usize).clamp(1, 8) - 1],
    };
    right(&shown.iter().map(bar).collect::<String>(), columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_as_wide_as_it_says() {
        for columns in 0..12 {
            for text in ["", "latency@0s", "日本語", "80ms ± 20ms"] {
                assert_eq!(left(text, columns).width(), columns, "{text}");
                assert_eq!(right(text, columns).width(), columns, "{text}");
            }
        }
        assert_eq!((left("latency", 5), right("12", 4)), ("late…".to_owned(), "  12".to_owned()));
    }

    #[test]
    fn a_sparkline_shows_the_newest_at_the_right() {
        assert_eq!(sparkline(&[9, 0, 1, 4, 8], 4), " ▁▄█");
        assert_eq!(sparkline(&[1], 3), "  █");
        assert_eq!(sparkline(&[], 2), "  ");
    }
}
