//! Services: addresses, listeners that don't overlap, names that become environment variables.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::mistakes::{Mistakes, SERVICE};
use crate::base::limits::CONNECTIONS_MAX;
use crate::diag::{Code, Diagnostic, SourceSpan};
use crate::scenario::address::{Listen, Named};
use crate::scenario::load::Overrides;
use crate::scenario::placed::Placed;
use crate::scenario::plan::{ServicePlan, Upstream, variable};
use crate::scenario::raw::{RawProtocol, RawScenario, RawService};

/// A listener, its service, and where it is declared.
struct Listener<'a> {
    service: &'a str,
    address: SocketAddr,
    span: SourceSpan,
}

pub(super) fn lower_services(
    told: &mut Mistakes<'_>,
    raw: &RawScenario,
    overrides: &Overrides,
) -> Vec<ServicePlan> {
    if raw.services.value.is_empty() {
        let mistake = Diagnostic::error(Code::MissingKey, "a scenario needs at least one service");
        told.push(mistake.at(raw.services.span, "").hint("write `api: { upstream: 127.0.0.1:8080 }`, say"));
    }
    check_overridden(told, raw, "--service", &overrides.services);
    check_overridden(told, raw, "--listen", &overrides.listens);
    let mut services = Vec::new();
    let mut listeners = Vec::new();
    let only = raw.services.value.len() == 1;
    for (name, service) in &raw.services.value {
        told.check_name(SERVICE, Placed { value: &name.value, span: name.span });
        check_protocol(told, &service.value);
        let listen = lower_listen(told, name, &service.value, overrides, only);
        let upstream = lower_upstream(told, name, &service.value, overrides, only);
        let connections_max = lower_connections(told, &service.value);
        let (Some(listen), Some(upstream)) = (listen, upstream) else { continue };
        check_loop(told, &upstream, &listen, service.value.upstream.span);
        services.push(ServicePlan {
            name: Arc::from(name.value.as_str()),
            listen: listen.address,
            upstream,
            connections_max,
            path: None,
        });
        listeners.push(listen);
    }
    check_overlaps(told, &listeners);
    check_variables(told, raw);
    services
}

fn check_overridden<T>(told: &mut Mistakes<'_>, raw: &RawScenario, flag: &str, named: &[Named<T>]) {
    for (place, one) in named.iter().enumerate() {
        let known = raw.services.value.keys().map(|name| name.value.as_str());
        let given = match &one.name {
            Some(name) => format!("{flag} {name}=…"),
            None => flag.to_owned(),
        };
        if known.clone().all(|name| !one.is_about(name, known.len() == 1)) {
            let (message, hint) = match &one.name {
                Some(name) => (
                    format!("`{given}`: the scenario has no service `{name}`"),
                    crate::diag::did_you_mean(name, known),
                ),
                None => (
                    format!("`{given}` names no service, and the scenario has more than one"),
                    known.clone().next().map(|name| format!("write `{flag} {name}=…`, say")),
                ),
            };
            told.push(Diagnostic::error(Code::UnknownName, message).maybe_hint(hint));
        }
        if named[..place].iter().any(|other| other.name == one.name) {
            told.push(Diagnostic::error(Code::DuplicateName, format!("`{given}` is given twice")));
        }
    }
}

fn check_protocol(told: &mut Mistakes<'_>, service: &RawService) {
    let Some(protocol) = service.protocol.placed().filter(|protocol| *protocol.value != RawProtocol::Tcp)
    else {
        return;
    };
    let message = format!("`protocol: {}` is not in this version yet", told.text(protocol.span));
    let hint = "leave it out: HTTP passes through as TCP, and every fault of this version acts on it";
    told.push(Diagnostic::error(Code::BadValue, message).at(protocol.span, "").hint(hint));
}

fn lower_listen<'a>(
    told: &mut Mistakes<'_>,
    name: &'a Placed<String>,
    service: &RawService,
    overrides: &Overrides,
    only: bool,
) -> Option<Listener<'a>> {
    let span = service.listen.span().unwrap_or(name.span);
    let listener = |listen: Listen| Listener { service: &name.value, address: listen.0, span };
    if let Some(named) = overrides.listens.iter().find(|named| named.is_about(&name.value, only)) {
        return Some(listener(named.address));
    }
    let Some(text) = service.listen.placed() else { return Some(listener(Listen::default())) };
    match text.value.parse() {
        Ok(listen) => Some(listener(listen)),
        Err(error) => {
            told.push(Diagnostic::error(Code::BadAddress, error.to_string()).at(text.span, ""));
            None
        }
    }
}

fn lower_upstream(
    told: &mut Mistakes<'_>,
    name: &Placed<String>,
    service: &RawService,
    overrides: &Overrides,
    only: bool,
) -> Option<Upstream> {
    let written = service.upstream.value.parse::<Upstream>();
    if let Err(error) = &written {
        told.push(Diagnostic::error(Code::BadAddress, error.to_string()).at(service.upstream.span, ""));
    }
    let named = overrides.services.iter().find(|named| named.is_about(&name.value, only));
    named.map(|named| named.address.clone()).or(written.ok())
}

fn lower_connections(told: &mut Mistakes<'_>, service: &RawService) -> usize {
    let Some(max) = service.max_connections.placed() else { return CONNECTIONS_MAX };
    if *max.value == 0 {
        let mistake = Diagnostic::error(Code::BadValue, "`max_connections: 0` admits nobody");
        told.push(mistake.at(max.span, "").hint("to let nobody through use the fault `blackhole`"));
    }
    *max.value as usize
}

fn check_loop(told: &mut Mistakes<'_>, upstream: &Upstream, listen: &Listener<'_>, span: SourceSpan) {
    let own = upstream.literal().is_some_and(|address| address.port() != 0 && address == listen.address);
    if own {
        let message = format!("service `{}` dials its own listener", listen.service);
        let mistake =
            Diagnostic::error(Code::Contradiction, message).at(span, "every connection would come back");
        told.push(mistake.note(listen.span, "it listens here"));
    }
}

fn check_overlaps(told: &mut Mistakes<'_>, listeners: &[Listener<'_>]) {
    for (place, second) in listeners.iter().enumerate() {
        if let Some(first) = listeners[..place].iter().find(|first| overlap(first.address, second.address)) {
            let message =
                format!("services `{}` and `{}` listen at the same address", first.service, second.service);
            let label = if first.address == second.address {
                format!("`{}` again", second.address)
            } else {
                format!("`{}` and `{}` take the same connections", first.address, second.address)
            };
            let mistake = Diagnostic::error(Code::ListenerOverlap, message).at(second.span, label);
            told.push(mistake.note(first.span, "the first").hint("give one of them another port, or port 0"));
        }
    }
}

/// Whether two listeners compete: the same port, and one address, or one that stands for all. `[::]` takes IPv4 as well.
fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let takes_all = |all: IpAddr, other: IpAddr| all.is_unspecified() && (all.is_ipv6() || other.is_ipv4());
    let (ip, other) = (a.ip(), b.ip());
    a.port() != 0
        && a.port() == b.port()
        && (ip.to_canonical() == other.to_canonical() || takes_all(ip, other) || takes_all(other, ip))
}

/// A wrapped command finds each service in an environment variable: two services must not share one.
fn check_variables(told: &mut Mistakes<'_>, raw: &RawScenario) {
    let names: Vec<&Placed<String>> = raw.services.value.keys().collect();
    for (place, second) in names.iter().enumerate() {
        let twin = names[..place].iter().find(|first| variable(&first.value) == variable(&second.value));
        if let Some(first) = twin {
            let message =
                format!("services `{}` and `{}` differ only in their hyphens", first.value, second.value);
            let label =
                format!("both would be `{}` in the environment of a command", variable(&second.value));
            let mistake = Diagnostic::error(Code::DuplicateName, message).at(second.span, label);
            told.push(mistake.note(first.span, "the first").hint("rename one of them"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_that_compete_are_found() {
        let both = |a: &str, b: &str| overlap(a.parse().unwrap(), b.parse().unwrap());
        assert!(both("127.0.0.1:80", "127.0.0.1:80"));
        assert!(both("0.0.0.0:80", "127.0.0.1:80"));
        assert!(both("127.0.0.1:80", "[::]:80"));
        assert!(both("[::ffff:127.0.0.1]:80", "127.0.0.1:80"));
        assert!(!both("0.0.0.0:80", "[::1]:80"));
        assert!(!both("127.0.0.1:80", "127.0.0.2:80"));
        assert!(!both("127.0.0.1:0", "127.0.0.1:0"), "the kernel chooses two ports");
    }
}
