//! Colours and letters of the page, light and dark. Detectors have eight colours, then the same dashed; the scale of failure is
//! that of a WAN's picture: in order for whoever can't tell red from green.

/// The style sheet.
pub(super) const CSS: &str = "
:root { color-scheme: light dark; --page:#fcfcfb; --ink:#1b1f24; --dim:#66707b; --rule:#d8dce0; --soft:#f1f3f5; --good:#1f7a4d; --bad:#c81e3a; --warn:#b35c00;
 --c0:#1f6fb2; --c1:#d9590d; --c2:#2b8a5a; --c3:#8a3ffc; --c4:#b5179e; --c5:#8d6e00; --c6:#008b95; --c7:#5c6670;
 --v0:#eceff1; --v1:#fdf0b5; --v2:#fbd57e; --v3:#f9a857; --v4:#f07843; --v5:#d84a48; --v6:#a92360; --v7:#5c0f5e; }
@media (prefers-color-scheme: dark) { :root { --page:#14171b; --ink:#e8eaed; --dim:#98a2ad; --rule:#3a4149; --soft:#1d2126; --good:#5fd39a; --bad:#ff5d73; --warn:#ffa94d;
 --c0:#6fb1f0; --c1:#ff9a5c; --c2:#63d297; --c3:#c29bff; --c4:#ff7ad9; --c5:#e6c34a; --c6:#4dd4dd; --c7:#aab4be;
 --v0:#22272d; --v1:#4a2a5e; --v2:#7d2c6c; --v3:#b0386a; --v4:#db5560; --v5:#f38050; --v6:#fdb55a; --v7:#fdf3a6; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 ui-sans-serif, system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 28px; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 21px; margin: 40px 0 0; overflow-wrap: anywhere; }
h3 { font-size: 17px; margin: 28px 0 4px; } p { margin: 4px 0 12px; max-width: 78ch; } .dim { color: var(--dim); }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
code { font: 13px ui-monospace, 'DejaVu Sans Mono', monospace; background: var(--soft); padding: 2px 5px; border-radius: 4px; overflow-wrap: anywhere; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap; }
.figures { width: 100%; } .figures th, .figures td { padding: 5px 8px; text-align: right; border-bottom: 1px solid var(--rule); }
.figures th:first-child, .figures td:first-child { text-align: left; } th { font-weight: 600; color: var(--dim); font-size: 13px; }
.figures .never td { color: var(--dim); } .figures .monitor td { color: var(--dim); font-size: 13px; padding-top: 12px; }
.figures .range { color: var(--dim); font-size: 12.5px; } td .rule { display: block; color: var(--dim); font-size: 12.5px; white-space: normal; min-width: 180px; }
.bar { display: inline-block; width: 56px; height: 8px; border-radius: 2px; background: var(--v0); vertical-align: 1px; margin-right: 6px; overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--c0); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 18px; padding: 0; margin: 6px 0; font-size: 13.5px; } .legend svg { margin-right: 6px; vertical-align: 1px; }
.legend .never { color: var(--dim); } .plain { list-style: none; padding: 0; }
figure { margin: 8px 0 0; overflow-x: auto; } figure > svg { display: block; width: 100%; min-width: 640px; height: auto; }
svg text { font: 12px ui-sans-serif, system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: var(--ink); }
svg .dim { fill: var(--dim); } svg .small { font-size: 11px; fill: var(--dim); } .end { text-anchor: end; } .mid { text-anchor: middle; }
.tick { stroke: var(--rule); stroke-width: 1; } .frame { stroke: var(--rule); fill: none; } .told { stroke: var(--dim); stroke-dasharray: 4 4; }
.line { fill: none; stroke-width: 2.2; stroke-linejoin: round; } .dash { stroke-dasharray: 6 4; } .thin { stroke-width: 1.2; opacity: .55; }
.s0 { stroke: var(--c0); } .s1 { stroke: var(--c1); } .s2 { stroke: var(--c2); } .s3 { stroke: var(--c3); }
.s4 { stroke: var(--c4); } .s5 { stroke: var(--c5); } .s6 { stroke: var(--c6); } .s7 { stroke: var(--c7); }
.f0 { fill: var(--c0); } .f1 { fill: var(--c1); } .f2 { fill: var(--c2); } .f3 { fill: var(--c3); }
.f4 { fill: var(--c4); } .f5 { fill: var(--c5); } .f6 { fill: var(--c6); } .f7 { fill: var(--c7); }
.hollow { fill: var(--page); stroke-width: 1.6; } .ring { fill: none; stroke-width: 2; } .star { stroke: var(--page); stroke-width: .8; }
.v0 { fill: var(--v0); } .v1 { fill: var(--v1); } .v2 { fill: var(--v2); } .v3 { fill: var(--v3); } .v4 { fill: var(--v4); }
.v5 { fill: var(--v5); } .v6 { fill: var(--v6); } .v7 { fill: var(--v7); }
.maps { display: flex; flex-wrap: wrap; gap: 22px 34px; } .map caption { text-align: left; font-weight: 600; padding-bottom: 4px; white-space: normal; }
.map td { width: 46px; height: 26px; text-align: center; font-size: 13px; border: 2px solid var(--page); border-radius: 5px; }
.map th { text-align: right; padding: 0 6px; font-weight: 400; font-size: 12.5px; } .map thead th { text-align: center; }
.m0 { background: var(--v0); color: var(--dim); } .m1 { background: color-mix(in srgb, var(--c0) 22%, var(--page)); }
.m2 { background: color-mix(in srgb, var(--c0) 45%, var(--page)); } .m3 { background: color-mix(in srgb, var(--c0) 70%, var(--page)); }
.m4 { background: var(--c0); color: var(--page); }
";

/// From which share on a level of the scale of failure begins; the last is everything.
const LEVELS: [f64; 8] = [0.0, 1e-9, 0.01, 0.05, 0.2, 0.4, 0.65, 0.9];

/// What the legend calls them.
pub(super) const LEVEL_LABELS: [&str; 8] = ["0", "> 0", "1%", "5%", "20%", "40%", "65%", "90%"];

/// The level of a share.
pub(super) fn level(share: f64) -> usize {
    LEVELS.iter().rposition(|least| share >= *least).unwrap_or(0)
}
