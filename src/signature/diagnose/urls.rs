//! Other URLs and methods that may have been signed.

use super::Question;
use super::finding::Finding;
use super::search::Search;
use super::signed_payloads::headers_where;
use crate::delivery::{Head, ProofRow};
use crate::payload::escape;
use crate::provider::TemplatePart;
use crate::signature::Cause;
use crate::signature::signed_payload::{Subject, payload_with_slot};

/// Most orders of a query that are tried.
const MAX_QUERY_FIELDS: usize = 4;

/// Tries changes of the URL and the method, if they are signed.
pub(super) fn other(
    question: &Question<'_>,
    value: &str,
    search: &mut Search<'_>,
) -> Option<Finding> {
    let Question { scheme, subject, .. } = *question;
    search.family("other URLs and methods");
    let mut verifies = |variant: &Subject<'_>| {
        payload_with_slot(scheme, variant, value).is_ok_and(|signed| search.fits(&signed))
    };
    if let Some(url) = subject.url
        && signs_url(&scheme.signed.parts)
    {
        let variants = variants(url, &known_hosts(subject));
        let found =
            variants.iter().find(|(_, url)| verifies(&Subject { url: Some(url), ..*subject }));
        if let Some((cause, signed)) = found {
            let row = |label, url| ProofRow::new(label, escape(url));
            return Some(
                Finding::from(*cause)
                    .rows(row("checked", url), row("signed", signed))
                    .fix(fix(*cause, signed)),
            );
        }
    }
    if scheme.signed.has(&TemplatePart::Method) {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let head = Head { method: method.to_owned(), ..subject.head.clone() };
            let received = &subject.head.method;
            if method != received && verifies(&Subject { head: &head, ..*subject }) {
                let says = format!("the method {method} was signed, and {received} was received");
                let row = |label, method: &str| ProofRow::new(label, escape(method));
                let finding = Finding::from(Cause::Method).says(says);
                return Some(finding.rows(row("received", received), row("signed", method)));
            }
        }
    }
    None
}

/// Returns true if any part of the signed payload comes from the URL.
fn signs_url(parts: &[TemplatePart]) -> bool {
    parts.iter().any(|part| {
        !matches!(
            part,
            TemplatePart::Text(_)
                | TemplatePart::Body
                | TemplatePart::Timestamp
                | TemplatePart::Id
                | TemplatePart::Method
                | TemplatePart::Form
                | TemplatePart::Headers(_)
                | TemplatePart::Place(_)
        )
    })
}

fn fix(cause: Cause, signed: &str) -> String {
    let base = signed.split('?').next().unwrap_or_default();
    let base = if cause == Cause::UrlQuery { signed } else { base };
    format!(
        "set --public-url to `{}`, or correct the URL registered with the provider",
        escape(base)
    )
}

/// Returns hosts named in headers, by proxies and clients.
fn known_hosts(subject: &Subject<'_>) -> Vec<String> {
    let mut out = headers_where(subject, |name| {
        ["x-forwarded-host", "x-original-host", "host", "origin", "x-forwarded-server"]
            .contains(&name)
    });
    for forwarded in headers_where(subject, |name| name == "forwarded") {
        let pairs = forwarded.split([';', ',']).filter_map(|item| item.trim().split_once('='));
        let hosts = pairs.filter(|(key, _)| key.eq_ignore_ascii_case("host"));
        out.extend(hosts.map(|(_, host)| host.trim_matches('"').to_owned()));
    }
    out
}

/// Parts of a URL. `host` includes the port, `path` begins with a slash or is empty.
#[derive(Clone, Copy)]
struct Parts<'u> {
    scheme: &'u str,
    host: &'u str,
    path: &'u str,
    query: Option<&'u str>,
}

impl<'u> Parts<'u> {
    fn of(url: &'u str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (before, query) =
            rest.split_once('?').map_or((rest, None), |(before, query)| (before, Some(query)));
        let (host, path) = before.split_at(before.find('/').unwrap_or(before.len()));
        Some(Self { scheme, host, path, query })
    }

    fn join(self) -> String {
        let Self { scheme, host, path, query } = self;
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        format!("{scheme}://{host}{path}{query}")
    }

    /// Returns the host without its port, and the port.
    fn port(self) -> (&'u str, Option<&'u str>) {
        match self.host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                (host, Some(port))
            }
            _ => (self.host, None),
        }
    }
}

/// Returns variants of a URL: with one part changed, then with other hosts.
fn variants(url: &str, hosts: &[String]) -> Vec<(Cause, String)> {
    let Some(parts) = Parts::of(url) else { return Vec::new() };
    let mut out = Vec::new();
    let mut add = |cause, parts: Parts<'_>| out.push((cause, parts.join()));
    let other = if parts.scheme.eq_ignore_ascii_case("https") { "http" } else { "https" };
    add(Cause::UrlScheme, Parts { scheme: other, ..parts });
    for path in paths(parts.path) {
        add(Cause::UrlPath, Parts { path: &path, ..parts });
    }
    add(Cause::UrlQuery, Parts { query: None, ..parts });
    if parts.query.is_none() {
        add(Cause::UrlQuery, Parts { query: Some(""), ..parts });
    }
    for query in parts.query.map(queries).unwrap_or_default() {
        add(Cause::UrlQuery, Parts { query: Some(&query), ..parts });
    }
    let (host, port) = parts.port();
    if port.is_some() {
        add(Cause::UrlPort, Parts { host, ..parts });
    }
    for port in ["443", "80", "8080", "8443", "3000"] {
        add(Cause::UrlPort, Parts { host: &format!("{host}:{port}"), ..parts });
    }
    let lower = parts.host.to_lowercase();
    add(Cause::UrlHost, Parts { host: &lower, ..parts });
    add(Cause::UrlHost, Parts { host: &parts.host.to_uppercase(), ..parts });
    let (bare, www) = (host.strip_prefix("www."), format!("www.{}", parts.host));
    add(Cause::UrlHost, Parts { host: bare.unwrap_or(&www), ..parts });
    for (path, query) in encodings(parts.path, parts.query) {
        add(Cause::UrlEncoding, Parts { path: &path, query: query.as_deref(), ..parts });
    }
    // TLS and a port, or a slash, often change together with the scheme.
    for host in [host, &format!("{host}:443"), &format!("{host}:80")] {
        add(Cause::UrlScheme, Parts { scheme: other, host, ..parts });
    }
    for host in hosts {
        let host = host.split_once("://").map_or(host.as_str(), |(_, host)| host);
        for scheme in ["https", "http"] {
            add(Cause::UrlHost, Parts { scheme, host, ..parts });
        }
    }
    let mut seen = std::collections::HashSet::from([url.to_owned()]);
    out.retain(|(_, variant)| seen.insert(variant.clone()));
    out
}

/// Returns paths that differ in slashes.
fn paths(path: &str) -> Vec<String> {
    let other = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
    let mut out = vec![other];
    let mut single = path.to_owned();
    while single.contains("//") {
        single = single.replace("//", "/");
    }
    out.push(single.clone());
    // A base URL that ends with a slash, joined with a path that begins with one.
    let slashes = single.match_indices('/').map(|(at, _)| at);
    out.extend(slashes.filter_map(|at| {
        let (before, after) = single.split_at_checked(at)?;
        Some(format!("{before}/{after}"))
    }));
    out.push(path.to_lowercase());
    out
}

/// Returns queries with their fields in other orders, or without an empty end.
fn queries(query: &str) -> Vec<String> {
    let fields: Vec<&str> = query.split('&').collect();
    let mut sorted = fields.clone();
    sorted.sort_unstable();
    let mut reversed = fields.clone();
    reversed.reverse();
    let filled: Vec<&str> = fields.iter().copied().filter(|field| !field.is_empty()).collect();
    let mut out: Vec<String> =
        [sorted, reversed, filled].iter().map(|fields| fields.join("&")).collect();
    if fields.len() <= MAX_QUERY_FIELDS {
        permute(&mut fields.clone(), 0, &mut out);
    }
    // Only one of the fields, in case a proxy added the others.
    out.extend((1..fields.len()).filter_map(|end| Some(fields.get(..end)?.join("&"))));
    out
}

fn permute(fields: &mut [&str], from: usize, out: &mut Vec<String>) {
    if from == fields.len() {
        out.push(fields.join("&"));
    }
    for at in from..fields.len() {
        fields.swap(from, at);
        permute(fields, from + 1, out);
        fields.swap(from, at);
    }
}

/// Returns path and query with other characters percent-encoded.
fn encodings(path: &str, query: Option<&str>) -> Vec<(String, Option<String>)> {
    let changes: [&dyn Fn(&str) -> String; 8] = [
        &|text| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned(),
        &|text| with_case(text, false),
        &|text| with_case(text, true),
        &|text| text.replace('+', "%20"),
        &|text| text.replace("%20", "+"),
        &|text| encoded(text, b"/?:@!$'()*,;=&-._~+"),
        &|text| encoded(text, b"/=&-._~"),
        &|text| encoded(text, b"/=&-._"),
    ];
    let of = |change: &dyn Fn(&str) -> String| {
        let query = query.map(change);
        [(change(path), query.clone()), (path.to_owned(), query)]
    };
    changes.into_iter().flat_map(of).collect()
}

/// Writes the digits of percent-escapes in one case.
fn with_case(text: &str, upper: bool) -> String {
    let mut pieces = text.split('%');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2).unwrap_or((piece, ""));
        out.push('%');
        out.push_str(&if upper { digits.to_uppercase() } else { digits.to_lowercase() });
        out.push_str(rest);
    }
    out
}

/// Decodes a text and encodes all but letters, digits, and some other characters again.
fn encoded(text: &str, plain: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(text).collect();
    for byte in decoded {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(percent_encoding::percent_encode_byte(byte));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(signed: &str, checked: &str) -> Option<Cause> {
        let hosts = ["app.example.com".to_owned()];
        let found = variants(checked, &hosts).into_iter().find(|(_, url)| url == signed);
        found.map(|(cause, _)| cause)
    }

    #[test]
    fn changes_one_part_of_a_url() {
        let checked = "https://a.example/hooks?b=1&a=2";
        for (signed, expected) in [
            ("http://a.example/hooks?b=1&a=2", Cause::UrlScheme),
            ("https://a.example/hooks/?b=1&a=2", Cause::UrlPath),
            ("https://a.example//hooks?b=1&a=2", Cause::UrlPath),
            ("https://a.example/hooks", Cause::UrlQuery),
            ("https://a.example/hooks?a=2&b=1", Cause::UrlQuery),
            ("https://a.example:443/hooks?b=1&a=2", Cause::UrlPort),
            ("https://app.example.com/hooks?b=1&a=2", Cause::UrlHost),
        ] {
            assert_eq!(cause(signed, checked), Some(expected), "{signed}");
        }
        for (checked, signed, expected) in [
            ("https://a.example/h", "https://a.example/h?", Cause::UrlQuery),
            ("https://a.example/h?", "https://a.example/h", Cause::UrlQuery),
            ("https://a.example:8443/h", "https://a.example/h", Cause::UrlPort),
            ("https://A.example/h", "https://a.example/h", Cause::UrlHost),
            ("https://a.example/h?x=%7Ea", "https://a.example/h?x=~a", Cause::UrlEncoding),
            ("https://a.example/h?x=%3a", "https://a.example/h?x=%3A", Cause::UrlEncoding),
            ("https://a.example/h?x=a+b", "https://a.example/h?x=a%20b", Cause::UrlEncoding),
            ("https://a.example//h", "https://a.example/h", Cause::UrlPath),
        ] {
            assert_eq!(cause(signed, checked), Some(expected), "{checked} {signed}");
        }
    }

    #[test]
    fn never_tries_the_same_url_twice() {
        let found = variants("https://a.example/", &["a.example".to_owned()]);
        let mut urls: Vec<&str> = found.iter().map(|(_, url)| url.as_str()).collect();
        assert!(!urls.contains(&"https://a.example/"));
        let count = urls.len();
        urls.sort_unstable();
        urls.dedup();
        assert_eq!(urls.len(), count);
    }
}
