//! Platforms: what routers are, and those of the file's own.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::super::mistakes::{Mistakes, exact};
use super::{PLATFORM, ROUTER, SITE};
use crate::base::Span;
use crate::base::limits::{WAN_HELLO_MIN, WAN_PORTS_MAX, WAN_STEP_MAX};
use crate::diag::{Code, Diagnostic, nearest};
use crate::scenario::placed::{Opt, Placed};
use crate::scenario::raw_wan::{RawPlatform, RawScope, RawWan};
use crate::wan::platform::{Bfd, Scope};
use crate::wan::spf::SpfDelay;
use crate::wan::{Platform, Spread, Topology};

/// What a described network's routers are, unless the file says otherwise.
pub(super) const DEFAULT: &str = "generic-ios-xr";

/// BFD packets that must be missing: what routers have by default.
const BFD_MULTIPLIER: u32 = 3;

/// Gives the routers of the network their platforms. The names are checked even if there is no network.
pub(super) fn lower_platforms(
    told: &mut Mistakes<'_>,
    wan: &RawWan,
    topology: Option<Topology>,
) -> Option<Topology> {
    let own = lower_own(told, wan);
    let default = wan.platform.placed().and_then(|name| {
        let name = Placed { value: name.value.as_str(), span: name.span };
        lower_name(told, name, &own)
    });
    let mut of: IndexMap<&str, Arc<Platform>> = IndexMap::new();
    for (name, platform) in wan.platform_of.get().into_iter().flatten() {
        if let Some(topology) = &topology {
            check_owner(told, name, topology);
        }
        let platform = Placed { value: platform.value.as_str(), span: platform.span };
        of.extend(lower_name(told, platform, &own).map(|platform| (name.value.as_str(), platform)));
    }
    let topology = topology?;
    Some(topology.on_platforms(|site, router| {
        of.get(router.name.as_str()).or_else(|| of.get(site.name.as_str())).or(default.as_ref()).cloned()
    }))
}

/// A name that is neither a router's nor a site's.
fn check_owner(told: &mut Mistakes<'_>, name: &Placed<String>, topology: &Topology) {
    if topology.router(&name.value).is_some() || topology.site(&name.value).is_some() {
        return;
    }
    let name = Placed { value: name.value.as_str(), span: name.span };
    let sites = topology.sites().iter().map(|site| site.name.as_str());
    let routers = topology.routers().iter().map(|router| router.name.as_str());
    let sort = if nearest(name.value, sites.clone()).is_some() { SITE } else { ROUTER };
    told.unknown(sort, name, sites.chain(routers));
}

fn lower_name(
    told: &mut Mistakes<'_>,
    name: Placed<&str>,
    own: &IndexMap<String, Arc<Platform>>,
) -> Option<Arc<Platform>> {
    if let Some(own) = own.get(name.value) {
        return Some(Arc::clone(own));
    }
    let names = own.keys().map(String::as_str).chain(Platform::NAMES);
    told.resolve(PLATFORM, name, names)?;
    Platform::named(name.value).map(Arc::new)
}

/// The file's own platforms.
fn lower_own(told: &mut Mistakes<'_>, wan: &RawWan) -> IndexMap<String, Arc<Platform>> {
    let mut own = IndexMap::new();
    for (name, raw) in wan.platforms.get().into_iter().flatten() {
        told.check_name(PLATFORM, Placed { value: &name.value, span: name.span });
        if Platform::NAMES.contains(&name.value.as_str()) {
            let message = format!("`{}` is a built-in platform", name.value);
            let mistake = Diagnostic::error(Code::DuplicateName, message).at(name.span, "");
            told.push(mistake.hint("give yours another name"));
        }
        let base = Placed { value: raw.value.base.value.as_str(), span: raw.value.base.span };
        told.resolve(PLATFORM, base, Platform::NAMES.into_iter());
        // A mistaken base is told once, and not again by everyone who names the platform.
        let base = Platform::named(base.value).or_else(|| Platform::named(DEFAULT)).expect("it is built in");
        let platform = changed(told, &base, &name.value, raw);
        own.insert(name.value.clone(), Arc::new(platform));
    }
    own
}

/// A platform with the numbers of the file.
fn changed(told: &mut Mistakes<'_>, base: &Platform, name: &str, raw: &Placed<RawPlatform>) -> Platform {
    let mut time = |key: &Opt<Span>, least: Duration| {
        let value = key.placed()?;
        let time = value.value.get();
        if time < least || time > WAN_STEP_MAX {
            let message = format!(
                "expected a time from {} to {}, found {}",
                exact(least),
                exact(WAN_STEP_MAX),
                exact(time)
            );
            told.push(Diagnostic::error(Code::BadValue, message).at(value.span, ""));
        }
        Some(time.clamp(least, WAN_STEP_MAX))
    };
    let raw_platform = &raw.value;
    let mut platform = Platform { name: name.to_owned(), ..base.clone() };
    let spread = |slot: &mut Spread, time: Option<Duration>| *slot = time.map_or(*slot, Spread::fixed);
    let zero = Duration::ZERO;
    spread(&mut platform.adjacency.carrier, time(&raw_platform.carrier, zero));
    let adjacency = &mut platform.adjacency;
    adjacency.hello = time(&raw_platform.hello, WAN_HELLO_MIN).unwrap_or(adjacency.hello);
    adjacency.hold = time(&raw_platform.hold, WAN_HELLO_MIN).unwrap_or(adjacency.hold);
    if raw_platform.bfd.get().is_some_and(|bfd| bfd.get().is_zero()) {
        adjacency.bfd = None;
    } else if let Some(interval) = time(&raw_platform.bfd, WAN_HELLO_MIN) {
        adjacency.bfd = Some(Bfd { interval, multiplier: BFD_MULTIPLIER });
    }
    spread(&mut platform.flooding.process, time(&raw_platform.flood, zero));
    if let Some(delay) = time(&raw_platform.spf_delay, zero) {
        match &mut platform.spf.delay {
            SpfDelay::Ietf(timers) => timers.initial = delay,
            SpfDelay::Throttle(throttle) => throttle.initial = delay,
        }
    }
    if let Some(run) = time(&raw_platform.spf_run, zero) {
        platform.spf.run = Spread::fixed(run);
        platform.spf.run_per_router = zero;
    }
    spread(&mut platform.fib.write_per_prefix, time(&raw_platform.fib_per_prefix, zero));
    spread(&mut platform.start.boot, time(&raw_platform.boot, zero));
    spread(&mut platform.readdress.rebuild_per_prefix, time(&raw_platform.rebuild_per_prefix, zero));
    if let Some(scope) = raw_platform.readdress.get() {
        platform.readdress.scope = match scope {
            RawScope::Local => Scope::Local,
            RawScope::Domain => Scope::Domain,
        };
    }
    check_numbers(told, &mut platform, raw);
    platform
}

fn check_numbers(told: &mut Mistakes<'_>, platform: &mut Platform, raw: &Placed<RawPlatform>) {
    let adjacency = &platform.adjacency;
    if adjacency.hold <= adjacency.hello {
        let message = format!(
            "a neighbour would be gone after {}, before its next hello after {}",
            exact(adjacency.hold),
            exact(adjacency.hello)
        );
        let place = raw.value.hold.span().or(raw.value.hello.span()).unwrap_or(raw.span);
        told.push(Diagnostic::error(Code::Contradiction, message).at(place, ""));
    }
    if let Some(ecmp) = raw.value.ecmp_max.placed() {
        if (1..=WAN_PORTS_MAX as u32).contains(ecmp.value) {
            platform.forwarding.ecmp_max = *ecmp.value;
        } else {
            let message = format!("expected 1 to {WAN_PORTS_MAX} next hops, found `{}`", ecmp.value);
            told.push(Diagnostic::error(Code::BadValue, message).at(ecmp.span, ""));
        }
    }
}
