//! The network: a built-in one, a plain shape, one that a file draws, or sites, routers and links one by one.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::super::mistakes::Mistakes;
use super::{BLOCK, LINK, ROUTER, SITE};
use crate::base::limits::WAN_ROUTERS_MAX;
use crate::diag::{Code, Diagnostic, SourceSpan, did_you_mean};
use crate::scenario::files::TraceFiles;
use crate::scenario::placed::{Opt, Placed};
use crate::scenario::raw_wan::{
    RawDescription, RawLearned, RawLink, RawMetrics, RawSite, RawTopology, RawWan,
};
use crate::scenario::read::listed;
use crate::wan::topology::zoo::{self, Metrics, Recipe};
use crate::wan::topology::{BlockKind, Place, Shape};
use crate::wan::{LinkSpec, Platform, Topology, TopologyBuilder, TopologyError};

/// What joins the routers of a plain shape, unless the file says otherwise.
const SHAPE_DELAY: Duration = Duration::from_millis(5);
const SHAPE_METRIC: u32 = 10;

/// How much longer a fibre is than the great circle: single links are straighter than whole paths, which are some 1.7 times
/// as long (see [`Place::fibre_delay`]).
const DETOUR: f64 = 1.3;
/// Most routers of a site in a drawn network: backbones have two, or four.
const PLANES_MAX: u32 = 8;

/// Longest detour that is taken for one: five times around is a mistyped number.
const DETOUR_MAX: f64 = 5.0;

/// The keys that say what a described network is.
const FORMS: [&str; 6] = ["links", "line", "ring", "grid", "ladder", "graph"];

/// What a description says the network is.
#[derive(Clone, Debug)]
enum Form {
    OneByOne,
    Shape(Shape, Box<LinkSpec>),
    /// In a file.
    Graph,
}

/// A description on its way into a builder.
struct Described<'t, 'a> {
    told: &'t mut Mistakes<'a>,
    raw: &'t RawDescription,
    builder: TopologyBuilder,
    /// What stands in for each router's platform until platforms are named.
    platform: Arc<Platform>,
    /// Where each thing is described, by sort and name.
    places: IndexMap<(&'static str, String), SourceSpan>,
    /// The routers of each site.
    routers: IndexMap<String, Vec<String>>,
}

/// The network, on the platforms of its preset, or all on the default one; none, if there is a mistake in it.
pub(super) fn lower_topology(
    told: &mut Mistakes<'_>,
    wan: &RawWan,
    files: &mut TraceFiles,
) -> Option<Topology> {
    let span = wan.topology.span;
    match &wan.topology.value {
        RawTopology::Preset(name) => lower_preset(told, name, span),
        RawTopology::Described(raw) => lower_description(told, raw, span, files),
    }
}

fn lower_preset(told: &mut Mistakes<'_>, name: &str, span: SourceSpan) -> Option<Topology> {
    let Some(preset) = Topology::preset(name) else {
        let message = format!("there is no built-in network `{name}`");
        let hint = did_you_mean(name, Topology::PRESETS)
            .unwrap_or_else(|| format!("there is {}", listed(&Topology::PRESETS)));
        told.push(Diagnostic::error(Code::UnknownName, message).at(span, "").hint(hint));
        return None;
    };
    Some(preset.expect("a built-in network is sound: a test builds them all"))
}

fn lower_description(
    told: &mut Mistakes<'_>,
    raw: &RawDescription,
    span: SourceSpan,
    files: &mut TraceFiles,
) -> Option<Topology> {
    let before = told.count();
    let form = lower_form(told, raw, span)?;
    let platform = Arc::new(Platform::named(super::platforms::DEFAULT).expect("a built-in platform"));
    let mut described = Described {
        told,
        raw,
        builder: TopologyBuilder::new(),
        platform,
        places: IndexMap::new(),
        routers: IndexMap::new(),
    };
    match form {
        Form::OneByOne => described.one_by_one(),
        Form::Shape(shape, link) => described.shape(shape, &link),
        Form::Graph => described.graph(files)?,
    }
    described.blocks();
    let Described { mut builder, places, .. } = described;
    if told.count() > before {
        return None;
    }
    let tell = |error: TopologyError| tell_topology(told, &error, &places, span);
    builder.build().map_err(|errors| errors.into_iter().for_each(tell)).ok()
}

/// Tells what is wrong with the network as a whole, where the thing is described that it is about.
fn tell_topology(
    told: &mut Mistakes<'_>,
    error: &TopologyError,
    places: &IndexMap<(&'static str, String), SourceSpan>,
    whole: SourceSpan,
) {
    let (code, hint) = match error {
        TopologyError::TooMany { .. } | TopologyError::Busy(..) => (Code::TooMany, None),
        TopologyError::Disconnected(..) => (Code::BadTopology, Some("join them by a link")),
        _ => (Code::BadTopology, None),
    };
    let place = error.about().and_then(|(sort, name)| places.get(&(sort, name.to_owned())));
    let mistake = Diagnostic::error(code, error.to_string()).at(told.item(*place.unwrap_or(&whole)), "");
    told.push(mistake.maybe_hint(hint.map(str::to_owned)));
}

fn lower_form(told: &mut Mistakes<'_>, raw: &RawDescription, span: SourceSpan) -> Option<Form> {
    let link = |delay: &Opt<crate::base::Span>, metric: &Opt<u32>| {
        let delay = delay.get().map_or(SHAPE_DELAY, |delay| delay.get());
        Box::new(LinkSpec::new(delay, metric.get().copied().unwrap_or(SHAPE_METRIC)))
    };
    let mut forms = Vec::new();
    let one_by_one = raw.links.span().or(raw.sites.span()).or(raw.routers.span());
    forms.extend(one_by_one.map(|span| ("links", Placed { value: Form::OneByOne, span })));
    forms.extend(raw.line.placed().map(|row| {
        let shape = Shape::Line(row.value.routers.value);
        ("line", row.map(|row| Form::Shape(shape, link(&row.delay, &row.metric))))
    }));
    forms.extend(raw.ring.placed().map(|row| {
        let shape = Shape::Ring(row.value.routers.value);
        ("ring", row.map(|row| Form::Shape(shape, link(&row.delay, &row.metric))))
    }));
    forms.extend(raw.grid.placed().map(|grid| {
        let shape = Shape::Grid(grid.value.rows.value, grid.value.columns.value);
        ("grid", grid.map(|grid| Form::Shape(shape, link(&grid.delay, &grid.metric))))
    }));
    forms.extend(raw.ladder.placed().map(|ladder| {
        let shape = Shape::Grid(2, ladder.value.rungs.value);
        ("ladder", ladder.map(|ladder| Form::Shape(shape, link(&ladder.delay, &ladder.metric))))
    }));
    forms.extend(raw.graph.placed().map(|graph| ("graph", graph.map(|_| Form::Graph))));
    let form = told.exactly_one("a network", span, forms, &FORMS)?;
    if !matches!(form.value, Form::OneByOne) {
        tell_needless_detour(told, raw);
    }
    if let Form::Shape(shape, _) = &form.value {
        let routers = shape.routers();
        if routers == 0 || routers > WAN_ROUTERS_MAX as u64 {
            let message =
                format!("a network of {routers} routers, where 1 to {WAN_ROUTERS_MAX} are possible");
            let code = if routers == 0 { Code::BadValue } else { Code::TooMany };
            told.push(Diagnostic::error(code, message).at(told.item(form.span), ""));
            return None;
        }
    }
    Some(form.value)
}

fn tell_needless_detour(told: &mut Mistakes<'_>, raw: &RawDescription) {
    if let Some(detour) = raw.detour.span() {
        let message = "the links of this network have a delay of their own: there is no detour";
        told.push(Diagnostic::error(Code::Contradiction, message).at(detour, "").hint("leave it out"));
    }
}

// === impl Described ===

impl Described<'_, '_> {
    fn shape(&mut self, shape: Shape, link: &LinkSpec) {
        self.builder.shape(shape, &self.platform, link);
        for number in 1..=shape.routers() {
            self.routers.insert(format!("s{number}"), vec![format!("r{number}")]);
        }
    }

    /// The network of a file; none, if there is a mistake in it.
    fn graph(&mut self, files: &mut TraceFiles) -> Option<()> {
        let graph = self.raw.graph.placed()?;
        let planes = graph.value.planes.get().copied().unwrap_or(1);
        if !(1..=PLANES_MAX).contains(&planes) {
            let span = graph.value.planes.span().unwrap_or(graph.span);
            let message = format!("expected 1 to {PLANES_MAX} planes, found {planes}");
            self.told.push(Diagnostic::error(Code::BadValue, message).at(span, ""));
            return None;
        }
        let metrics = match graph.value.metrics.get().copied().unwrap_or_default() {
            RawMetrics::Delay => Metrics::Delay,
            RawMetrics::Speed => Metrics::Speed,
        };
        let name = &graph.value.file;
        let file = match files.read(&name.value) {
            Ok(file) => file,
            Err(mistake) => {
                self.told.push(mistake.at(name.span, ""));
                return None;
            }
        };
        let recipe = Recipe { platform: Arc::clone(&self.platform), planes, metrics };
        match zoo::read(&file.text, &recipe) {
            Ok(reading) => {
                for (site, routers) in reading.wan.routers_by_site() {
                    self.routers.insert(site, routers);
                }
                self.builder = reading.wan;
                files.warned.push((file, reading.warnings));
                Some(())
            }
            Err(mistakes) => {
                files.mistaken.push((file, mistakes));
                None
            }
        }
    }

    fn one_by_one(&mut self) {
        let raw = self.raw;
        if raw.sites.get().is_none_or(IndexMap::is_empty) {
            let place = raw.links.span().or(raw.routers.span()).unwrap_or_default();
            let mistake =
                Diagnostic::error(Code::MissingKey, "a network needs `sites`: traffic has to enter it");
            let place = self.told.item(place);
            self.told.push(mistake.at(place, "").hint("write `sites: { london: {}, paris: {} }`, say"));
        }
        for (name, site) in raw.sites.get().into_iter().flatten() {
            self.told.check_name(SITE, Placed { value: &name.value, span: name.span });
            let place = self.place(&site.value);
            self.builder.site(&name.value, place);
            self.places.insert((SITE.one, name.value.clone()), name.span);
            self.routers.insert(name.value.clone(), Vec::new());
        }
        for (name, router) in raw.routers.get().into_iter().flatten() {
            self.told.check_name(ROUTER, Placed { value: &name.value, span: name.span });
            let site = &router.value.site;
            let sites = self.routers.keys().map(String::as_str);
            if self.told.resolve(SITE, Placed { value: &site.value, span: site.span }, sites).is_some() {
                self.router(&site.value, name.value.clone(), name.span);
            }
        }
        for (name, site) in raw.sites.get().into_iter().flatten() {
            self.routers_of(&name.value, name.span, &site.value);
        }
        for link in raw.links.get().into_iter().flatten() {
            self.link(link);
        }
    }

    fn place(&mut self, site: &RawSite) -> Option<Place> {
        let (latitude, longitude) = site.place.get()?;
        for (degrees, most, what) in [(latitude, 90.0, "latitude"), (longitude, 180.0, "longitude")] {
            if !(-most..=most).contains(&degrees.value) {
                let message = format!("expected a {what} from -{most} to {most}, found `{}`", degrees.value);
                self.told.push(Diagnostic::error(Code::BadValue, message).at(degrees.span, ""));
            }
        }
        Some(Place { longitude: longitude.value, latitude: latitude.value })
    }

    /// The routers that a site counts.
    fn routers_of(&mut self, site: &str, span: SourceSpan, raw: &RawSite) {
        let named = self.routers[site].len();
        let count = raw.routers.get().copied().unwrap_or(u32::from(named == 0));
        if count as usize > WAN_ROUTERS_MAX {
            let span = raw.routers.span().unwrap_or(span);
            let message = format!("{count} routers, more than {WAN_ROUTERS_MAX} (`WAN_ROUTERS_MAX`)");
            self.told.push(Diagnostic::error(Code::TooMany, message).at(span, ""));
            return;
        }
        for number in 1..=count {
            self.router(site, format!("{site}-{number}"), span);
        }
    }

    fn router(&mut self, site: &str, name: String, span: SourceSpan) {
        self.builder.router(&name, site, &self.platform);
        self.routers[site].push(name.clone());
        self.places.insert((ROUTER.one, name), span);
    }

    fn link(&mut self, link: &Placed<RawLink>) {
        let raw = &link.value;
        let (a, b) = (self.end(&raw.ends.0), self.end(&raw.ends.1));
        let (Some(a), Some(b)) = (a, b) else { return };
        let name = self.link_name(raw, &a, &b);
        let Some(delay) = raw.delay.get().map(|delay| delay.get()).or_else(|| self.fibre(link, &a, &b))
        else {
            return;
        };
        if let Some(metrics) = raw.metrics.span().filter(|_| raw.metric.get().is_some()) {
            let message = "a link has either a `metric` or two `metrics`";
            self.told.push(Diagnostic::error(Code::Contradiction, message).at(self.told.item(metrics), ""));
        }
        let usual = (delay.as_secs_f64() * 1e3).round().max(1.0) as u32;
        let metric = raw.metric.get().copied().unwrap_or(usual);
        let mut spec = LinkSpec::new(delay, metric);
        if let Some((near, far)) = raw.metrics.get() {
            spec.metrics = [near.value, far.value];
        }
        for risk in raw.risk.names().into_iter().flatten() {
            spec = spec.at_risk(risk.value);
        }
        spec.load = raw.load.get().copied().unwrap_or(spec.load);
        spec.buffer = raw.buffer.get().map_or(spec.buffer, |buffer| buffer.get());
        self.builder.link(&name, &a, &b, spec);
        self.places.insert((LINK.one, name), link.span);
    }

    /// The name of a link: its own, or the next free one of its ends.
    fn link_name(&mut self, raw: &RawLink, a: &str, b: &str) -> String {
        if let Some(name) = raw.name.placed() {
            self.told.check_name(LINK, Placed { value: name.value, span: name.span });
            return name.value.clone();
        }
        let stem = format!("{a}/{b}");
        let numbered = (2..).map(|n| format!("{stem}#{n}"));
        let free = |name: &String| !self.places.contains_key(&(LINK.one, name.clone()));
        std::iter::once(stem.clone()).chain(numbered).find(free).expect("numbers don't end")
    }

    /// The router that a name stands for: its own, or that of a site's only one.
    fn end(&mut self, name: &Placed<String>) -> Option<String> {
        let router = |name: &str| self.places.contains_key(&(ROUTER.one, name.to_owned()));
        if router(&name.value) {
            return Some(name.value.clone());
        }
        match self.routers.get(&name.value).map(Vec::as_slice) {
            Some([only]) => Some(only.clone()),
            Some(several) => {
                let message = format!("site `{}` has {} routers", name.value, several.len());
                let hint = several.first().map(|first| format!("name one of them, such as `{first}`"));
                let mistake = Diagnostic::error(Code::UnknownName, message).at(name.span, "");
                self.told.push(mistake.maybe_hint(hint));
                None
            }
            None => {
                let routers = self.routers.values().flatten().map(String::as_str);
                let names = routers.chain(self.routers.keys().map(String::as_str));
                self.told.unknown(ROUTER, Placed { value: &name.value, span: name.span }, names);
                None
            }
        }
    }

    /// The delay of a fibre between the places of two routers; told, if one of them has none.
    fn fibre(&mut self, link: &Placed<RawLink>, a: &str, b: &str) -> Option<Duration> {
        let detour = self.detour();
        let sites = self.raw.sites.get()?;
        let mut places = Vec::new();
        for router in [a, b] {
            let (site, _) = self.routers.iter().find(|(_, routers)| routers.iter().any(|r| r == router))?;
            let found = sites.iter().find(|(name, _)| name.value == *site)?;
            let Some((latitude, longitude)) = found.1.value.place.get() else {
                let message =
                    format!("the link has no `delay`, and site `{site}` no `place` to compute it from");
                let mistake = Diagnostic::error(Code::MissingKey, message);
                let mistake = mistake.at(self.told.item(link.span), "").note(found.0.span, "no `place` here");
                self.told.push(mistake.hint("add `delay: 5ms`, say"));
                return None;
            };
            places.push(Place { longitude: longitude.value, latitude: latitude.value });
        }
        Some(places[0].fibre_delay(places[1], detour))
    }

    fn detour(&self) -> f64 {
        // What is out of range is told once, with the blocks.
        let finite = self.raw.detour.get().filter(|detour| detour.is_finite());
        finite.map_or(DETOUR, |detour| detour.clamp(1.0, DETOUR_MAX))
    }

    fn blocks(&mut self) {
        let raw = self.raw;
        if let Some(detour) = raw.detour.placed().filter(|it| !(1.0..=DETOUR_MAX).contains(it.value)) {
            let message = format!("expected a detour from 1 to {DETOUR_MAX}, found `{}`", detour.value);
            self.told.push(Diagnostic::error(Code::BadValue, message).at(detour.span, ""));
        }
        for (name, block) in raw.blocks.get().into_iter().flatten() {
            self.told.check_name(BLOCK, Placed { value: &name.value, span: name.span });
            let site = &block.value.site;
            let sites = self.routers.keys().map(String::as_str);
            if self.told.resolve(SITE, Placed { value: &site.value, span: site.span }, sites).is_none() {
                continue;
            }
            let all = || self.routers.values().flatten().map(String::as_str);
            let mut origins: Vec<&str> = Vec::new();
            match block.value.router.names() {
                None => origins.extend(self.routers[&site.value].iter().map(String::as_str)),
                Some(names) => {
                    for router in names {
                        if self.told.resolve(ROUTER, router, all()).is_some() {
                            origins.push(router.value);
                        }
                    }
                }
            }
            let prefixes = block.value.prefixes.get().copied().unwrap_or(1);
            let kind = kind_of(block.value.learned.get());
            self.builder.block(&name.value, &site.value, &origins, prefixes, kind);
            self.places.insert((BLOCK.one, name.value.clone()), name.span);
        }
        let prefixes = raw.prefixes.get().copied().unwrap_or(1);
        self.builder.block_for_each_site(prefixes, kind_of(raw.learned.get()));
    }
}

fn kind_of(learned: Option<&RawLearned>) -> BlockKind {
    match learned.copied().unwrap_or_default() {
        RawLearned::Internal => BlockKind::Internal,
        RawLearned::External => BlockKind::External,
        RawLearned::Bgp => BlockKind::Bgp,
    }
}
