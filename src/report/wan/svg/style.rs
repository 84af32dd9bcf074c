//! Colours and letters of the picture, light and dark. The scale of loss goes from the page's own tone through yellow and red
//! to violet (dark pages: to the brightest), so that it is in order for whoever can't tell red from green.

/// From which share on a level of the scale begins; the last is everything.
pub(super) const LEVELS: [f64; 8] = [0.0, 1e-9, 0.01, 0.05, 0.2, 0.4, 0.65, 0.9];

/// What the legend calls them.
pub(super) const LEVEL_LABELS: [&str; 8] = ["0", "> 0", "1%", "5%", "20%", "40%", "65%", "90%"];

/// The style sheet.
pub(super) const CSS: &str = "
svg { --page:#fcfcfb; --ink:#1b1f24; --dim:#66707b; --rule:#d8dce0; --good:#4b7f9e; --bad:#c81e3a; --warn:#d9730d; --hurt:#8a3ffc;
 --v0:#eceff1; --v1:#fdf0b5; --v2:#fbd57e; --v3:#f9a857; --v4:#f07843; --v5:#d84a48; --v6:#a92360; --v7:#5c0f5e; --site:#ffffff; --mark:#1b1f24; }
@media (prefers-color-scheme: dark) { svg { --page:#14171b; --ink:#e8eaed; --dim:#98a2ad; --rule:#3a4149; --good:#6fb1d6; --bad:#ff5d73; --warn:#ffa94d; --hurt:#c29bff;
 --v0:#22272d; --v1:#4a2a5e; --v2:#7d2c6c; --v3:#b0386a; --v4:#db5560; --v5:#f38050; --v6:#fdb55a; --v7:#fdf3a6; --site:#14171b; --mark:#ffffff; } }
text { font: 12px ui-sans-serif, system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: var(--ink); }
.title { font-size: 24px; font-weight: 650; } .head { font-size: 15px; font-weight: 600; } .dim { fill: var(--dim); }
.small { font-size: 10.5px; fill: var(--dim); } .end { text-anchor: end; } .mid { text-anchor: middle; }
.num { font-variant-numeric: tabular-nums; text-anchor: end; }
.page { fill: var(--page); } .rule { stroke: var(--rule); stroke-width: 1; fill: none; } .frame { stroke: var(--rule); fill: none; }
.tick { stroke: var(--rule); stroke-width: 1; } .event { stroke: var(--hurt); stroke-width: 1.2; stroke-dasharray: 3 3; fill: none; }
.eventdot { fill: var(--hurt); } .at { stroke: var(--mark); stroke-width: 1.5; fill: none; } .atdot { fill: var(--mark); }
.v0 { fill: var(--v0); } .v1 { fill: var(--v1); } .v2 { fill: var(--v2); } .v3 { fill: var(--v3); } .v4 { fill: var(--v4); }
.v5 { fill: var(--v5); } .v6 { fill: var(--v6); } .v7 { fill: var(--v7); }
.link { stroke: var(--good); stroke-width: 1.6; fill: none; opacity: .75; } .link.part { stroke: var(--warn); stroke-width: 2; opacity: 1; }
.link.down { stroke: var(--bad); stroke-width: 2; stroke-dasharray: 5 4; opacity: 1; }
.link.hurt { stroke: var(--hurt); stroke-width: 2; stroke-dasharray: 1.5 3.5; stroke-linecap: round; opacity: 1; }
.ring { fill: var(--site); stroke: var(--dim); stroke-width: 1.2; }
.r-whole { fill: var(--good); } .r-busy { fill: var(--warn); } .r-hurt { fill: var(--hurt); } .r-down { fill: var(--bad); }
.halo { stroke: var(--page); stroke-width: 3.5; paint-order: stroke; stroke-linejoin: round; font-size: 11.5px; }
";

/// The level of a share.
pub(super) fn level(share: f64) -> usize {
    LEVELS.iter().rposition(|least| share >= *least).unwrap_or(0)
}
