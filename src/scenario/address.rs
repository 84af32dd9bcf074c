//! Addresses as people write them: where a service is (`host:port`), and where brownout listens (`address:port`).
//!
//! Each mistake says what would have been right. Names are not resolved here: a plan is a pure function of its file.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use super::plan::Upstream;

/// Longest host name (RFC 1035).
const HOST_CHARS_MAX: usize = 253;

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Something with `://`.
    #[error("expected `host:port`, found the URL `{0}`; leave out the scheme and the path")]
    Url(String),
    /// A port alone.
    #[error("expected `host:port`, found `{0}`; write `127.0.0.1:{0}`")]
    PortOnly(String),
    /// A host alone.
    #[error("expected `host:port`, found `{0}`: the port is missing")]
    NoPort(String),
    /// An IPv6 address without brackets.
    #[error("expected `host:port`, found `{0}`; an IPv6 address stands in brackets: `[::1]:8080`")]
    NoBrackets(String),
    /// Not a port.
    #[error("expected a port from 1 to 65535, found `{port}` in `{text}`")]
    Port {
        /// The port as written.
        port: String,
        /// The whole text.
        text: String,
    },
    /// Not a host.
    #[error("expected a host name or an address, found `{host}` in `{text}`")]
    Host {
        /// The host as written.
        host: String,
        /// The whole text.
        text: String,
    },
    /// A name where brownout listens.
    #[error(
        "expected an address of this machine such as `127.0.0.1:18080`, found the name `{host}` in `{text}`"
    )]
    ListenName {
        /// The name.
        host: String,
        /// The whole text.
        text: String,
    },
    /// `=HOST:PORT`.
    #[error("expected `NAME=HOST:PORT`, or `HOST:PORT` alone for the only service, found `{0}`")]
    NoName(String),
}

/// Where brownout listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen(pub SocketAddr);

/// `NAME=ADDRESS`, or `ADDRESS` alone, as flags have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<T> {
    /// The service; the only one of the scenario, if not given.
    pub name: Option<Arc<str>>,
    /// Its address.
    pub address: T,
}

// === impl Upstream ===

impl FromStr for Upstream {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (host, port) = split(text)?;
        if port == 0 {
            return Err(AddressError::Port { port: "0".to_owned(), text: text.to_owned() });
        }
        Ok(Self { host: host.into(), port })
    }
}

impl Upstream {
    /// Its address, if it is one that needs no resolving.
    pub fn literal(&self) -> Option<SocketAddr> {
        let ip = if &*self.host == "localhost" {
            Ok(Ipv4Addr::LOCALHOST.into())
        } else {
            self.host.parse::<IpAddr>()
        };
        ip.ok().map(|ip| SocketAddr::new(ip, self.port))
    }
}

// === impl Listen ===

impl Default for Listen {
    /// The loopback address and a port of the kernel's choice.
    fn default() -> Self {
        Self(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }
}

impl FromStr for Listen {
    type Err = AddressError;

    /// `localhost` is 127.0.0.1; other names would need resolving.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (host, port) = split(text)?;
        if host == "localhost" {
            return Ok(Self(SocketAddr::from((Ipv4Addr::LOCALHOST, port))));
        }
        let ip = host.parse::<IpAddr>();
        let name = |_| AddressError::ListenName { host: host.to_owned(), text: text.to_owned() };
        ip.map(|ip| Self(SocketAddr::new(ip, port))).map_err(name)
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

// === impl Named ===

impl<T> Named<T> {
    /// Whether it is about this service; `only` says that the scenario has no other.
    pub(super) fn is_about(&self, service: &str, only: bool) -> bool {
        self.name.as_deref().map_or(only, |name| name == service)
    }
}

impl<T: FromStr<Err = AddressError>> FromStr for Named<T> {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.split_once('=') {
            None => Ok(Self { name: None, address: text.parse()? }),
            Some(("", _)) => Err(AddressError::NoName(text.to_owned())),
            Some((name, address)) => Ok(Self { name: Some(name.into()), address: address.parse()? }),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Named<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name}={}", self.address),
            None => self.address.fmt(f),
        }
    }
}

/// A host without its brackets, and a port.
fn split(text: &str) -> Result<(&str, u16), AddressError> {
    let whole = || text.to_owned();
    if text.contains("://") {
        return Err(AddressError::Url(whole()));
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        return Err(if digits { AddressError::PortOnly(whole()) } else { AddressError::NoPort(whole()) });
    };
    let bad_host = || AddressError::Host { host: host.to_owned(), text: whole() };
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host = match inner {
        Some(v6) if v6.parse::<Ipv6Addr>().is_ok() => v6,
        None if text.parse::<Ipv6Addr>().is_ok() || host.contains(':') => {
            return Err(AddressError::NoBrackets(whole()));
        }
        None if is_host(host) => host,
        _ => return Err(bad_host()),
    };
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(port) if digits => Ok((host, port)),
        _ => Err(AddressError::Port { port: port.to_owned(), text: whole() }),
    }
}

/// Letters, digits, `-`, `_` and dots between; what looks like an IPv4 address must be one.
fn is_host(host: &str) -> bool {
    let numeric = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if numeric {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    host.len() <= HOST_CHARS_MAX && host.strip_suffix('.').unwrap_or(host).split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_read_and_written() {
        for text in ["127.0.0.1:80", "[::1]:8080", "shop.internal:443", "my_svc-1:9"] {
            assert_eq!(text.parse::<Upstream>().unwrap().to_string(), text);
        }
        assert_eq!("localhost:80".parse::<Listen>().unwrap().0.to_string(), "127.0.0.1:80");
        assert_eq!("[::]:0".parse::<Listen>().unwrap().0.to_string(), "[::]:0");
        let named: Named<Upstream> = "portal=localhost:3000".parse().unwrap();
        assert_eq!((named.name.as_deref(), named.address.port), (Some("portal"), 3000));
        for text in ["portal=localhost:3000", "[::1]:80"] {
            assert_eq!(text.parse::<Named<Upstream>>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn mistakes_say_what_would_be_right() {
        let upstream = |text: &str| text.parse::<Upstream>().unwrap_err().to_string();
        assert_eq!(upstream("8080"), "expected `host:port`, found `8080`; write `127.0.0.1:8080`");
        assert!(upstream("http://a:80/x").contains("leave out the scheme"));
        assert!(upstream("localhost").contains("the port is missing"));
        assert!(upstream("::1:80").contains("brackets"));
        assert!(upstream("a:70000").contains("from 1 to 65535, found `70000`"));
        assert!(upstream("a:0").contains("found `0`"));
        assert!(upstream("a:+8").contains("found `+8`"));
        for text in ["", ":80", "a b:80", "1.2.3:80", "999.1.1.1:80", "[x]:80", "a..b:80"] {
            assert!(text.parse::<Upstream>().is_err(), "{text}");
        }
        assert!("shop:80".parse::<Listen>().unwrap_err().to_string().contains("the name `shop`"));
        assert!("=a:80".parse::<Named<Upstream>>().is_err());
    }
}
