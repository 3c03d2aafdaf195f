//! What proxies say of the requests that they pass on.

use std::net::IpAddr;

use http::header::{FORWARDED, HeaderName};
use http::{HeaderMap, HeaderValue};

use crate::http::syntax::is_host;
use crate::trusted_proxies::TrustedProxies;

/// Whom proxies name as the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    Known(IpAddr),
    /// They name somebody, but not by an address, or not the same. Then it must not pass for the proxy, whom apps may
    /// trust: a client could have it so by a header that the proxy passes on.
    Unknown,
}

/// The request as the client sent it to the outermost of the trusted proxies. What is not known is None.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Forwarded {
    pub(crate) client: Option<Client>,
    pub(crate) is_https: Option<bool>,
    pub(crate) host: Option<String>,
}

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
static X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

impl Forwarded {
    /// What `headers` say, which come from a trusted proxy. None if they say nothing.
    ///
    /// A proxy that sets headers of one kind may pass on those of the other kind as the client sent them. So if there
    /// are both, only that counts in which they agree.
    pub(crate) fn of(headers: &HeaderMap, proxies: &TrustedProxies) -> Option<Box<Self>> {
        let found = match (standard(headers, proxies), de_facto(headers, proxies)) {
            (Some(one), Some(other)) => Self {
                client: if one.client == other.client { one.client } else { Some(Client::Unknown) },
                is_https: one.is_https.filter(|it| other.is_https == Some(*it)),
                host: one.host.filter(|it| other.host.as_ref() == Some(it)),
            },
            (one, other) => one.or(other)?,
        };
        (found != Self::default()).then(|| Box::new(found))
    }
}

/// X-Forwarded-For, -Proto and -Host. None if there is none of them.
fn de_facto(headers: &HeaderMap, proxies: &TrustedProxies) -> Option<Forwarded> {
    let names = [&X_FORWARDED_FOR, &X_FORWARDED_PROTO, &X_FORWARDED_HOST];
    if !names.iter().any(|name| headers.contains_key(*name)) {
        return None;
    }
    let clients = members(headers, &X_FORWARDED_FOR).map(address);
    Some(Forwarded {
        client: outermost(clients.collect(), proxies).map(|(_, client)| client),
        // The nearest proxy has appended, or replaced.
        is_https: members(headers, &X_FORWARDED_PROTO).last().and_then(is_https),
        host: members(headers, &X_FORWARDED_HOST).last().and_then(host),
    })
}

fn members<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or("?"));
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|member| !member.is_empty())
}

/// Forwarded (RFC 7239). None if it is missing.
fn standard(headers: &HeaderMap, proxies: &TrustedProxies) -> Option<Forwarded> {
    let mut elements = Vec::new();
    for value in headers.get_all(FORWARDED) {
        elements.extend(parse_elements(value));
    }
    if !headers.contains_key(FORWARDED) {
        return None;
    }
    let clients = elements.iter().map(|element| element.client.unwrap_or(Client::Unknown)).collect();
    // Each proxy describes the request that it got. So the element that names the client has what the client has said.
    let found = outermost(clients, proxies).and_then(|(index, _)| elements.into_iter().nth(index));
    Some(found.map_or_else(Forwarded::default, |found| Forwarded {
        client: Some(found.client.unwrap_or(Client::Unknown)),
        ..found
    }))
}

/// The client: the last that is no trusted proxy, or the first of all. With its index. Nothing before one that is not
/// known counts.
fn outermost(clients: Vec<Client>, proxies: &TrustedProxies) -> Option<(usize, Client)> {
    let is_proxy = |client: &Client| matches!(client, Client::Known(ip) if proxies.trusts(Some(*ip)));
    let found = clients.iter().rposition(|client| !is_proxy(client));
    let index = found.or((!clients.is_empty()).then_some(0))?;
    Some((index, clients[index]))
}

/// The elements of one line. A malformed line is one element that says nothing, which hides those before it.
fn parse_elements(value: &HeaderValue) -> Vec<Forwarded> {
    let parse = || {
        let text = value.to_str().ok()?;
        let elements = split(text, ',')?.into_iter().filter(|element| !element.trim().is_empty());
        elements.map(parse_element).collect::<Option<Vec<_>>>()
    };
    parse().unwrap_or_else(|| vec![Forwarded::default()])
}

fn parse_element(text: &str) -> Option<Forwarded> {
    let mut element = Forwarded::default();
    for pair in split(text, ';')?.into_iter().map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=')?;
        let value = unquote(value)?;
        match name.to_ascii_lowercase().as_str() {
            "for" => element.client = Some(address(&value)),
            "proto" => element.is_https = is_https(&value),
            "host" => element.host = host(&value),
            _ => {}
        }
    }
    Some(element)
}

/// Splits at each separator that is not within quotes. None if a quote is left open.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut is_quoted, mut is_escaped) = (Vec::new(), 0, false, false);
    for (at, char) in text.char_indices() {
        match char {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if char == separator && !is_quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!is_quoted).then_some(parts)
}

/// A token, or what a quoted string says (RFC 9110 section 5.6.4).
fn unquote(text: &str) -> Option<String> {
    let Some(inner) = text.strip_prefix('"') else { return (!text.contains('"')).then(|| text.to_owned()) };
    let mut out = String::new();
    let mut chars = inner.strip_suffix('"')?.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => out.push(chars.next()?),
            '"' => return None,
            _ => out.push(char),
        }
    }
    Some(out)
}

/// An IP address, with or without port, IPv6 with or without brackets. Not a name that hides it (RFC 7239 section 6.3).
fn address(text: &str) -> Client {
    let parsed = || {
        let (ip, port) = match text.strip_prefix('[') {
            Some(rest) => rest
                .split_once(']')
                .map(|(ip, port)| (ip, port.strip_prefix(':').or(port.is_empty().then_some("0"))))?,
            // More than one colon is IPv6 without brackets.
            None => match text.split_once(':') {
                Some((ip, port)) if !port.contains(':') => (ip, Some(port)),
                _ => (text, Some("0")),
            },
        };
        port?.parse::<u16>().ok()?;
        ip.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
    };
    parsed().map_or(Client::Unknown, Client::Known)
}

fn is_https(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "https" | "wss" => Some(true),
        "http" | "ws" => Some(false),
        _ => None,
    }
}

/// A host with or without port.
fn host(text: &str) -> Option<String> {
    is_host(text.as_bytes()).then(|| text.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn proxies() -> TrustedProxies {
        TrustedProxies { networks: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()], unix: false }
    }

    fn of(lines: &[(&'static str, &str)]) -> Forwarded {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        Forwarded::of(&headers, &proxies()).map_or_else(Forwarded::default, |found| *found)
    }

    fn client(lines: &[(&'static str, &str)]) -> Option<String> {
        of(lines).client.map(|client| match client {
            Client::Known(ip) => ip.to_string(),
            Client::Unknown => "unknown".to_owned(),
        })
    }

    #[test]
    fn the_client_is_the_last_that_is_no_trusted_proxy() {
        for (given, expected) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("192.0.2.1, 10.0.0.1", Some("192.0.2.1")),
            ("6.6.6.6, 192.0.2.1, 10.0.0.1,10.0.0.2", Some("192.0.2.1")),
            ("10.0.0.1, 10.0.0.2", Some("10.0.0.1")),
            ("192.0.2.1:4711", Some("192.0.2.1")),
            ("[2001:db8::1]:80", Some("2001:db8::1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            // Whoever is hidden, or unreadable, may have made up what is before.
            ("192.0.2.1, unknown", Some("unknown")),
            ("192.0.2.1, 10.0.0.1 10.0.0.2", Some("unknown")),
            ("192.0.2.1:port", Some("unknown")),
            ("[::1]80", Some("unknown")),
            ("192.0.2.1, fe80::1%eth0", Some("unknown")),
            (", ,", None),
        ] {
            assert_eq!(client(&[("x-forwarded-for", given)]).as_deref(), expected, "{given}");
        }
        let lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "192.0.2.1, 10.0.0.1")];
        assert_eq!(client(&lines).as_deref(), Some("192.0.2.1"));
    }

    #[test]
    fn the_nearest_proxy_says_the_scheme_and_the_host() {
        let of = |proto, host| {
            let Forwarded { is_https, host, .. } = of(&[("x-forwarded-proto", proto), ("x-forwarded-host", host)]);
            (is_https, host)
        };
        assert_eq!(of("https", "a.example:8080"), (Some(true), Some("a.example:8080".to_owned())));
        assert_eq!(of("https, http", "evil, a.example"), (Some(false), Some("a.example".to_owned())));
        assert_eq!(of("HTTPS", "[::1]:80"), (Some(true), Some("[::1]:80".to_owned())));
        assert_eq!(of("gopher", "a b"), (None, None));
        assert_eq!(of("", "user@a.example"), (None, None));
        assert_eq!(of("wss", "a/b"), (Some(true), None));
        assert_eq!(of("", "a:99999"), (None, None));
    }

    #[test]
    fn the_standard_header_says_all_of_it() {
        let line =
            r#"for=6.6.6.6;host=evil, For="[2001:db8::1]:4711";Proto=https;HOST="a.example", for=10.0.0.1;proto=http"#;
        let expected = Forwarded {
            client: Some(Client::Known("2001:db8::1".parse().unwrap())),
            is_https: Some(true),
            host: Some("a.example".to_owned()),
        };
        assert_eq!(of(&[("forwarded", line)]), expected);
        for (line, expected) in [
            ("for=192.0.2.1", Some("192.0.2.1")),
            (r#"for="192.0.2.1:80""#, Some("192.0.2.1")),
            (r#"for="192.0.2\.1""#, Some("192.0.2.1")),
            ("for=192.0.2.1, for=_hidden", Some("unknown")),
            ("for=192.0.2.1, for=unknown, for=10.0.0.1", Some("unknown")),
            // A quote that is left open may hide anything.
            (r#"for=192.0.2.1, for="10.0.0.1"#, Some("unknown")),
            (r#"for=192.0.2.1, by=x"y, for=10.0.0.1"#, Some("unknown")),
            ("for 192.0.2.1", Some("unknown")),
            ("proto=https", Some("unknown")),
        ] {
            assert_eq!(client(&[("forwarded", line)]).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn of_both_kinds_only_that_counts_in_which_they_agree() {
        let both = |standard, client| {
            of(&[("forwarded", standard), ("x-forwarded-for", client), ("x-forwarded-proto", "https")])
        };
        let agreed = both("for=192.0.2.1;proto=https;host=evil", "192.0.2.1");
        assert_eq!(agreed.client, Some(Client::Known("192.0.2.1".parse().unwrap())));
        assert_eq!((agreed.is_https, agreed.host), (Some(true), None));
        // Neither of them, and not the proxy either.
        for standard in ["for=6.6.6.6;proto=http", "x", "", "proto=https"] {
            assert_eq!(both(standard, "192.0.2.1").client, Some(Client::Unknown), "{standard}");
        }
    }
}
