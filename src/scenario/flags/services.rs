//! Services from flags: addresses in their short forms, and names for services that are given none.

use super::document::Document;
use super::{FlagService, Word};
use crate::diag::{Code, Diagnostic};

/// Writes the services into the document; gives their names as the document has them.
pub(super) fn compose(
    document: &mut Document,
    told: &mut Vec<Diagnostic>,
    services: &[FlagService<'_>],
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    document.write(", services: {");
    for service in services {
        let upstream = upstream(told, service);
        let name = match service.name {
            Some(name) => quoted(name.text),
            None => free_name(&names, &name_of(service.listen.text, &upstream)),
        };
        match service.name {
            // The quotes are not the user's.
            Some(given) => document.write_scalar(given.text, given.span),
            None => document.write_from(&name, service.listen.span),
        }
        document.write(": {listen: ");
        document.write_scalar(&listen(told, service.listen), service.listen.span);
        document.write(", upstream: ");
        document.write_scalar(&upstream, service.upstream.unwrap_or(service.listen).span);
        document.write("}, ");
        names.push(name);
    }
    document.write("}");
    names
}

/// `8080` is a port of the loopback address: nobody else on the network can connect unless that is asked for.
fn listen(told: &mut Vec<Diagnostic>, word: Word<'_>) -> String {
    let text = word.text;
    if is_port(text) {
        return format!("127.0.0.1:{text}");
    }
    if let Some(port) = text.strip_prefix(':').filter(|port| is_port(port)) {
        let message = format!("`{text}` leaves open who may connect");
        let hint = format!(
            "write `{port}` for this machine alone, or `0.0.0.0:{port}` for everybody who can reach it"
        );
        told.push(Diagnostic::error(Code::BadAddress, message).at(word.span, "").hint(hint));
        return "127.0.0.1:0".to_owned();
    }
    text.to_owned()
}

/// `3000` is a port of this machine. What is told here, and only that, is replaced by an address that is right.
fn upstream(told: &mut Vec<Diagnostic>, service: &FlagService<'_>) -> String {
    const ANY: &str = "localhost:1";
    let Some(word) = service.upstream else {
        let message = format!("`{}` has no upstream", service.listen.text);
        let mistake = Diagnostic::error(Code::MissingKey, message).at(service.listen.span, "");
        told.push(mistake.hint("say where the service is: add `--to localhost:3000`, say"));
        return ANY.to_owned();
    };
    if let Some((scheme, rest)) = word.text.split_once("://") {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let port = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| is_port(port));
        let host = if has_port { host.to_owned() } else { format!("{host}:{port}") };
        let message = format!("expected `host:port`, found the URL `{}`", word.text);
        let mistake = Diagnostic::error(Code::BadAddress, message).at(word.span, "");
        told.push(mistake.hint(format!("bytes are passed on, whatever they mean: write `{host}`")));
        return ANY.to_owned();
    }
    let port = word.text.strip_prefix(':').unwrap_or(word.text);
    if is_port(port) { format!("localhost:{port}") } else { word.text.to_owned() }
}

/// A service is called after the host that it is on (`db.internal:5432` is `db`); on this machine after the port by which
/// its clients know it.
fn name_of(listen: &str, upstream: &str) -> String {
    let (host, port) = upstream.rsplit_once(':').unwrap_or((upstream, ""));
    let label = host.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_name = label.starts_with(|c: char| c.is_ascii_lowercase())
        && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
        && label.len() <= 32;
    if is_name && label != "localhost" {
        return label;
    }
    let known = listen.rsplit(':').next().filter(|port| is_port(port) && *port != "0").unwrap_or(port);
    if is_port(known) { format!("p{known}") } else { "service".to_owned() }
}

fn free_name(taken: &[String], stem: &str) -> String {
    let numbered = (2..).map(|number| format!("{stem}-{number}"));
    let mut free = std::iter::once(stem.to_owned()).chain(numbered);
    free.find(|name| !taken.contains(name)).expect("there are more numbers than services")
}

/// A name as a YAML scalar of its own.
fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_called_after_what_tells_them_apart() {
        for (listen, upstream, name) in [
            ("8080", "localhost:3000", "p8080"),
            ("0.0.0.0:8080", "127.0.0.1:3000", "p8080"),
            ("0", "localhost:3000", "p3000"),
            ("15432", "db.internal:5432", "db"),
            ("15432", "DB-1:5432", "db-1"),
            ("[::1]:0", "[::1]:9", "p9"),
            ("0", "nonsense", "nonsense"),
            ("0", "", "service"),
        ] {
            assert_eq!(name_of(listen, upstream), name, "{listen} --to {upstream}");
        }
        assert_eq!(free_name(&["db".to_owned(), "db-2".to_owned()], "db"), "db-3");
    }
}
