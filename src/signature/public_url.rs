//! The public URL registered with providers.

use tokio::sync::watch;

use crate::delivery::Head;
use crate::provider::Scheme;

/// The public URL, once it is known: a tunnel reports its own only after a while, and another one
/// after a restart. Clones share it.
#[derive(Debug, Clone)]
pub struct PublicUrl(watch::Sender<Option<String>>);

impl PublicUrl {
    pub fn new(url: Option<String>) -> Self {
        Self(watch::Sender::new(url))
    }

    /// Sets the URL.
    pub fn set(&self, url: Option<String>) {
        self.0.send_replace(url);
    }

    pub fn get(&self) -> Option<String> {
        self.0.borrow().clone()
    }

    /// Returns the URL of a delivery as its sender knows it.
    pub(super) fn of(&self, target: &str) -> Option<String> {
        self.0.borrow().as_deref().map(|url| with_target(url, target))
    }
}

impl Default for PublicUrl {
    fn default() -> Self {
        Self::new(None)
    }
}

/// Combines the public URL with the request target of a delivery.
fn with_target(public_url: &str, target: &str) -> String {
    let after_scheme = public_url.split_once("://").map_or(public_url, |(_, rest)| rest);
    match after_scheme.find('/') {
        // A URL with a path is complete, except for the query of the delivery.
        Some(at) if at + 1 < after_scheme.len() && !public_url.contains('?') => {
            let query = target.split_once('?').map(|(_, query)| format!("?{query}"));
            format!("{public_url}{}", query.unwrap_or_default())
        }
        Some(at) if at + 1 < after_scheme.len() => public_url.to_owned(),
        _ => format!("{}{target}", public_url.trim_end_matches('/')),
    }
}

/// Returns up to four URLs that a request may have been sent to, inferred from its head, the
/// likeliest first. Only a signature that covers it proves one of them right.
pub(super) fn infer(head: &Head) -> Vec<String> {
    let target = head.target_text();
    if target.contains("://") {
        return vec![target.into_owned()];
    }
    // With several proxies the first value comes from the sender's side.
    let first = |name: &str| {
        let text = head.joined_text(name)?;
        let first = text.split(',').next().unwrap_or_default().trim();
        let is_plain = first.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/');
        (is_plain && !first.is_empty()).then(|| first.to_owned())
    };
    let mut schemes: Vec<String> = first("x-forwarded-proto").into_iter().collect();
    schemes.extend(["http", "https"].map(str::to_owned));
    let mut hosts: Vec<String> = first("x-forwarded-host").into_iter().collect();
    hosts.extend(first("host"));
    let mut urls = Vec::new();
    for host in &hosts {
        for scheme in schemes.iter().map(|scheme| scheme.to_ascii_lowercase()) {
            let url = format!("{scheme}://{host}{target}");
            if matches!(scheme.as_str(), "http" | "https") && !urls.contains(&url) {
                urls.push(url);
            }
        }
    }
    urls
}

/// Returns the path and query of a URL.
pub(super) fn target(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.find('/').and_then(|at| rest.get(at..))
}

/// Returns the forms in which a provider may have signed a URL, the one it documents first.
pub(super) fn forms(scheme: &Scheme, url: &str) -> Vec<String> {
    let mut forms = Vec::new();
    if !scheme.url_decoded.is_empty() {
        forms.push(decoded(url, &scheme.url_decoded));
    }
    forms.push(url.to_owned());
    if scheme.url_ports {
        forms.extend(with_other_port(url));
    }
    forms.dedup();
    forms
}

/// Decodes the percent-encoding of certain characters.
fn decoded(url: &str, characters: &str) -> String {
    let mut out = String::with_capacity(url.len());
    let mut rest = url;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let code = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let known = code.map(char::from).filter(|found| characters.contains(*found));
        out.push(known.unwrap_or('%'));
        rest = if known.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    out.push_str(rest);
    out
}

/// Returns the URL without its port, or with the usual port if it has none.
fn with_other_port(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    // The colons of an IPv6 address are inside its brackets.
    let after_address = authority.rfind(']').map_or(0, |at| at + 1);
    let port = authority.get(after_address..)?.rfind(':').map(|at| at + after_address);
    let authority = match port {
        Some(at) => authority.get(..at)?.to_owned(),
        None if scheme.eq_ignore_ascii_case("https") => format!("{authority}:443"),
        None => format!("{authority}:80"),
    };
    Some(format!("{scheme}://{authority}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Header;

    #[test]
    fn infers_urls_from_the_head() {
        let of = |headers: &[(&str, &str)]| {
            let headers: Vec<Header> = headers
                .iter()
                .map(|(name, value)| Header::new(*name, value.as_bytes().to_vec()))
                .collect();
            infer(&Head::build("POST", "/a?b=1", &headers))
        };
        assert_eq!(of(&[("Host", "h:80")]), ["http://h:80/a?b=1", "https://h:80/a?b=1"]);
        assert_eq!(
            of(&[("Host", "h"), ("X-Forwarded-Proto", "HTTPS, http")]),
            ["https://h/a?b=1", "http://h/a?b=1"]
        );
        assert_eq!(
            of(&[
                ("Host", "h"),
                ("X-Forwarded-Host", "x.example, y"),
                ("x-forwarded-proto", "ftp")
            ]),
            ["http://x.example", "https://x.example", "http://h", "https://h"]
                .map(|base| format!("{base}/a?b=1"))
        );
        assert_eq!(of(&[]), [""; 0]);
        assert_eq!(of(&[("Host", "a b"), ("X-Forwarded-Host", "x/y")]), [""; 0]);
        let absolute = Head::build("POST", "http://x.example/a", &[Header::new("Host", "h")]);
        assert_eq!(infer(&absolute), ["http://x.example/a"]);
    }

    #[test]
    fn a_port_is_added_or_removed() {
        let other = |url| with_other_port(url).unwrap();
        assert_eq!(other("https://h.example/a?b=1:2"), "https://h.example:443/a?b=1:2");
        assert_eq!(other("http://h.example"), "http://h.example:80");
        assert_eq!(other("https://h.example:8443/a"), "https://h.example/a");
        assert_eq!(other("http://[::1]:80/a"), "http://[::1]/a");
        assert_eq!(other("http://[::1]/a"), "http://[::1]:80/a");
    }

    #[test]
    fn only_the_listed_characters_are_decoded() {
        assert_eq!(decoded("/a?b=%40%3a%25%2&c=%20é%", "@:"), "/a?b=@:%25%2&c=%20é%");
    }

    #[test]
    fn adds_the_path_to_a_public_url_without_one() {
        assert_eq!(with_target("https://x.example", "/a?b=1"), "https://x.example/a?b=1");
        assert_eq!(with_target("https://x.example/", "/a"), "https://x.example/a");
        assert_eq!(with_target("https://x.example/in", "/a?b=1"), "https://x.example/in?b=1");
        assert_eq!(with_target("https://x.example/in?c=2", "/a?b=1"), "https://x.example/in?c=2");
    }
}
