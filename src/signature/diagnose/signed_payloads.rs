//! Other payloads that may have been signed: without the time, with another URL, and so on.

use super::search::Search;
use super::{Proved, Question};
use crate::delivery::{Head, header_text};
use crate::provider::TemplatePart;
use crate::provider::template::{OldSpelling, Piece, pieces};
use crate::signature::Cause;
use crate::signature::signed_payload::{Subject, signed_payload};

/// Payloads of other providers.
const TEMPLATES: [&str; 10] = [
    "{{timestamp}}.{{body}}",
    "{{timestamp}}{{body}}",
    "{{timestamp}}:{{body}}",
    "{{body}}{{timestamp}}",
    "{{body}}.{{timestamp}}",
    "v0:{{timestamp}}:{{body}}",
    "v1:{{timestamp}}:{{body}}",
    "{{id}}.{{timestamp}}.{{body}}",
    "{{id}}{{timestamp}}{{body}}",
    "{{id}}.{{body}}",
];

/// Tries other signed payloads.
pub(super) fn other(
    question: &Question<'_>,
    value: &str,
    search: &mut Search<'_>,
) -> Option<Proved> {
    search.family("other signed contents");
    let subject = question.subject;
    if !question.scheme.signed.is_body() && search.fits(subject.body) {
        return Some(Cause::TemplateBodyOnly.into());
    }
    template(question, value, search).or_else(|| url_or_method(question, value, search))
}

/// Tries other providers' templates, with anything that looks like a time or an id in this request.
fn template(question: &Question<'_>, value: &str, search: &mut Search<'_>) -> Option<Proved> {
    let Question { scheme, subject, .. } = *question;
    let times = times(subject, value);
    let ids: Vec<String> = headers_where(subject, |name| name.ends_with("-id"));
    let empty = [String::new()];
    for pieces in TEMPLATES.iter().flat_map(|template| pieces(template, OldSpelling::None)) {
        let has_time = has(&pieces, "timestamp");
        let times = if has_time { times.as_slice() } else { &empty };
        let ids = if has(&pieces, "id") { ids.as_slice() } else { &empty };
        for (time, id) in times.iter().flat_map(|time| ids.iter().map(move |id| (time, id))) {
            if search.fits(&fill(&pieces, time, id, subject.body)) {
                let with_time = has_time && !scheme.signed.has(&TemplatePart::Timestamp);
                let cause = if with_time { Cause::TemplateExtraTimestamp } else { Cause::Template };
                let shown = fill(&pieces, time, id, b"{body}");
                let proof = format!("signed was `{}`", String::from_utf8_lossy(&shown));
                return Some(Proved { cause, proof: Some(proof) });
            }
        }
    }
    None
}

fn has(pieces: &[Piece<'_>], wanted: &str) -> bool {
    pieces.iter().any(|piece| matches!(piece, Piece::Placeholder { name, .. } if *name == wanted))
}

fn fill(pieces: &[Piece<'_>], time: &str, id: &str, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 64);
    for piece in pieces {
        out.extend_from_slice(match *piece {
            Piece::Text(text) => text.as_bytes(),
            Piece::Placeholder { name: "timestamp", .. } => time.as_bytes(),
            Piece::Placeholder { name: "id", .. } => id.as_bytes(),
            Piece::Placeholder { .. } => body,
        });
    }
    out
}

/// Returns texts of the request that may be the time of signing.
fn times(subject: &Subject<'_>, value: &str) -> Vec<String> {
    let mut out = headers_where(subject, |name| name.contains("timestamp") || name == "date");
    let items = value.split([',', ';']).filter_map(|item| item.trim().split_once('='));
    let stamps = items.filter(|(key, _)| ["t", "ts", "timestamp"].contains(key));
    out.extend(stamps.map(|(_, time)| time.to_owned()));
    out
}

fn headers_where(subject: &Subject<'_>, matches: impl Fn(&str) -> bool) -> Vec<String> {
    let headers = subject.head.headers.iter();
    headers
        .filter(|header| matches(&header.name.to_ascii_lowercase()))
        .map(|header| header_text(&header.value).into_owned())
        .collect()
}

/// Tries changes of the URL and the method, if they are signed.
fn url_or_method(question: &Question<'_>, value: &str, search: &mut Search<'_>) -> Option<Proved> {
    let Question { scheme, subject, .. } = *question;
    search.family("other URLs and methods");
    let mut verifies = |variant: &Subject<'_>| {
        signed_payload(scheme, variant, value).is_ok_and(|signed| search.fits(&signed))
    };
    if let Some(url) = subject.url
        && scheme.signed.has(&TemplatePart::Url)
    {
        let variants = url_variants(url, &known_hosts(subject));
        let found =
            variants.iter().find(|(_, url)| verifies(&Subject { url: Some(url), ..*subject }));
        if let Some((cause, url)) = found {
            return Some(Proved { cause: *cause, proof: Some(format!("signed was {url}")) });
        }
    }
    if scheme.signed.has(&TemplatePart::Method) {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let head = Head { method: method.to_owned(), ..subject.head.clone() };
            if method != subject.head.method && verifies(&Subject { head: &head, ..*subject }) {
                let proof = Some(format!("signed was {method}"));
                return Some(Proved { cause: Cause::Method, proof });
            }
        }
    }
    None
}

/// Returns hosts named in headers, by proxies and clients.
fn known_hosts(subject: &Subject<'_>) -> Vec<String> {
    let mut out = headers_where(subject, |name| {
        ["x-forwarded-host", "x-original-host", "host", "origin"].contains(&name)
    });
    for forwarded in headers_where(subject, |name| name == "forwarded") {
        let pairs = forwarded.split([';', ',']).filter_map(|item| item.trim().split_once('='));
        let hosts = pairs.filter(|(key, _)| key.eq_ignore_ascii_case("host"));
        out.extend(hosts.map(|(_, host)| host.trim_matches('"').to_owned()));
    }
    out
}

/// Returns variants of a URL: with one part changed, then with other hosts.
fn url_variants(url: &str, hosts: &[String]) -> Vec<(Cause, String)> {
    let scheme_of = |url: &str| match url.strip_prefix("https:") {
        Some(rest) => format!("http:{rest}"),
        None => url.replacen("http:", "https:", 1),
    };
    let (path, query) =
        url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    let with_query = |path: &str| match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let slash = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
    let mut out = vec![
        (Cause::UrlScheme, scheme_of(url)),
        (Cause::UrlPath, with_query(&slash)),
        (Cause::UrlQuery, path.to_owned()),
    ];
    let path_and_query =
        url.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
    for host in hosts {
        let host = host.split_once("://").map_or(host.as_str(), |(_, host)| host);
        for scheme in ["https", "http"] {
            let whole = format!("{scheme}://{host}{}", path_and_query.unwrap_or_default());
            out.push((Cause::UrlHost, whole));
        }
    }
    out.retain(|(_, variant)| variant != url);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_one_part_of_a_url_at_a_time() {
        let hosts = ["app.example.com".to_owned()];
        let variants = url_variants("http://localhost:4400/hooks?x=1", &hosts);
        let texts: Vec<&str> = variants.iter().map(|(_, url)| url.as_str()).collect();
        assert_eq!(
            texts,
            [
                "https://localhost:4400/hooks?x=1",
                "http://localhost:4400/hooks/?x=1",
                "http://localhost:4400/hooks",
                "https://app.example.com/hooks?x=1",
                "http://app.example.com/hooks?x=1",
            ]
        );
    }
}
