//! A picture for a page or a post: loss of all pairs over time, and the network at one instant. One SVG file, complete in
//! itself, in the light or dark colours of whoever looks at it.
//!
//! - `heat`: a row a pair, a column a stretch of time, a colour for the share of round trips lost in it;
//! - `map`: sites on their coordinates, links and routers in the state of the instant;
//! - `style`: colours and letters.

mod heat;
mod map;
mod style;

use std::fmt::Write;

use super::{Sight, Surveys};
use crate::base::SimTime;
use crate::report::text::escape;

/// The width of the picture, in its own units.
const WIDTH: f64 = 1_280.0;
/// Around everything.
const MARGIN: f64 = 40.0;

/// A text that grows, and how far down it has got.
struct Canvas {
    body: String,
    y: f64,
}

/// Draws the worst `rows` pairs over time, and the network at `at`.
pub fn svg(sight: Sight<'_>, surveys: &Surveys, rows: usize, at: SimTime) -> String {
    let mut canvas = Canvas { body: String::new(), y: MARGIN };
    canvas.title(sight);
    heat::draw(&mut canvas, sight, surveys, rows, at);
    map::draw(&mut canvas, sight, at);
    let height = canvas.y + MARGIN / 2.0;
    let name = escape(sight.name);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" \
         height=\"{height:.0}\" role=\"img\" aria-label=\"What became of the WAN of {name}\">\n<style>{}</style>\n\
         <rect class=\"page\" width=\"100%\" height=\"100%\"/>\n{}</svg>\n",
        style::CSS,
        canvas.body
    )
}

// === impl Canvas ===

impl Canvas {
    fn title(&mut self, sight: Sight<'_>) {
        let wan = sight.history.topology();
        self.y += 10.0;
        self.text("title", MARGIN, self.y, sight.name);
        self.y += 24.0;
        let label = sight.starts_at.map_or(String::new(), |label| format!(" · 0s is {label}"));
        let about = format!(
            "{} sites · {} routers · {} links · {} to {} · seed {}{label}",
            wan.sites().len(),
            wan.routers().len(),
            wan.links().len(),
            sight.from,
            sight.until,
            sight.seed
        );
        self.text("dim", MARGIN, self.y, &about);
        self.y += 34.0;
    }

    /// Adds markup. It is made here; what comes from files has gone through [`escape`].
    fn add(&mut self, markup: std::fmt::Arguments<'_>) {
        self.body.write_fmt(markup).expect("writing into a string does not fail");
        self.body.push('\n');
    }

    fn text(&mut self, class: &str, x: f64, y: f64, text: &str) {
        let text = escape(text);
        self.add(format_args!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>"));
    }
}
