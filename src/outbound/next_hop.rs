//! Head of a forwarded request.

use bytes::Bytes;

use super::Target;
use crate::delivery::{Head, Header, header_text, is_hop_by_hop};

/// Rewrites the head for the target: as received, except for what concerns the connection. `Host`
/// becomes the target's unless it is preserved, headers of the previous hop are removed (RFC 9110
/// section 7.6.1), the length is that of the body, or chunks if it has trailers, and the connection
/// closes after the response.
pub fn next_hop_head(head: &Head, body_len: usize, target: &Target) -> Head {
    let connection_options = head.joined("connection").unwrap_or_default();
    let connection_options = header_text(&connection_options).to_ascii_lowercase();
    let is_of_previous_hop = |header: &Header| {
        let name = header.name.to_ascii_lowercase();
        // The body is sent without waiting for 100 Continue.
        is_hop_by_hop(&name)
            || name == "expect"
            || connection_options.split(',').any(|one| one.trim() == name)
    };
    let authority = Bytes::copy_from_slice(target.authority.as_str().as_bytes());
    let length = Bytes::from(body_len.to_string());
    let (mut has_host, mut has_length) = (false, false);
    let trailers: Vec<&str> =
        sent_trailers(&head.trailers).map(|trailer| trailer.name.as_str()).collect();
    let has_trailers = !trailers.is_empty();
    let mut headers = Vec::with_capacity(head.headers.len() + 3);
    for header in head.headers.iter().filter(|header| !is_of_previous_hop(header)) {
        let (seen, value) = if header.is("host") {
            let preserve = target.options.preserve_host;
            (&mut has_host, if preserve { &header.value } else { &authority })
        } else if header.is("content-length") {
            // Only chunks can have trailers.
            if has_trailers {
                continue;
            }
            (&mut has_length, &length)
        } else {
            headers.push(header.clone());
            continue;
        };
        if !std::mem::replace(seen, true) {
            headers.push(Header { name: header.name.clone(), value: value.clone() });
        }
    }
    if !has_host {
        headers.insert(0, Header { name: "Host".to_owned(), value: authority });
    }
    let bodiless = matches!(head.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "DELETE");
    if has_trailers {
        headers.push(Header::new("Transfer-Encoding", "chunked"));
        headers.push(Header::new("Trailer", trailers.join(", ")));
    } else if !has_length && (body_len > 0 || !bodiless) {
        headers.push(Header { name: "Content-Length".to_owned(), value: length });
    }
    headers.extend_from_slice(&target.options.add_headers);
    headers.push(Header::new("Connection", "close"));
    match &target.path {
        Some(path) => Head::build(&head.method, path, &headers),
        None => Head::build(&head.method, &head.target, &headers),
    }
}

/// Fields that must not be sent as trailers (RFC 9110 section 6.5.1); hyper omits them.
const NEVER_TRAILERS: [&str; 12] = [
    "authorization",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "host",
    "max-forwards",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
];

/// Returns the trailers that are sent to the next hop.
pub(super) fn sent_trailers(trailers: &[Header]) -> impl Iterator<Item = &Header> {
    trailers.iter().filter(|trailer| !NEVER_TRAILERS.iter().any(|name| trailer.is(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::ForwardOptions;

    fn sent(raw: &'static str, body_len: usize, target: &str) -> String {
        let head = Head::parse(Bytes::from_static(raw.as_bytes())).unwrap();
        let head = next_hop_head(&head, body_len, &target.parse().unwrap());
        assert_eq!(Head::parse(head.raw.clone()).unwrap(), head);
        header_text(&head.raw).into_owned()
    }

    #[test]
    fn drops_headers_of_the_previous_hop() {
        let raw = "POST /a%20b?x HTTP/1.1\r\nhOST: me\r\nX-b: 1\r\nConnection: close, x-gone\r\n\
                   x-B: 2\r\nX-Gone: 1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n";
        assert_eq!(
            sent(raw, 3, "http://127.0.0.1:3000"),
            "POST /a%20b?x HTTP/1.1\r\nhOST: 127.0.0.1:3000\r\nX-b: 1\r\nx-B: 2\r\n\
             Content-Length: 3\r\nConnection: close\r\n\r\n"
        );
    }

    #[test]
    fn announces_only_trailers_that_are_sent() {
        let raw = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        let head = |names: &[&str]| Head {
            trailers: names.iter().map(|name| Header::new(*name, "1")).collect(),
            ..Head::parse(Bytes::from_static(raw.as_bytes())).unwrap()
        };
        let sent = |head: &Head| {
            header_text(&next_hop_head(head, 1, &"http://h".parse().unwrap()).raw).into_owned()
        };
        let mixed = head(&["X-Sum", "Content-Length", "transfer-encoding"]);
        assert!(sent(&mixed).contains("\r\nTrailer: X-Sum\r\n"), "{}", sent(&mixed));
        let framing = head(&["Content-Length"]);
        assert!(!sent(&framing).contains("Trailer"), "{}", sent(&framing));
    }

    #[test]
    fn preserves_the_host_and_adds_headers_as_configured() {
        let options = ForwardOptions {
            preserve_host: true,
            add_headers: vec![Header::new("X-A", "1"), Header::new("x-a", "2")],
            insecure: false,
        };
        let target: Target = "http://t:1".parse().unwrap();
        let target = target.with(options);
        let head = |raw: &'static str| Head::parse(Bytes::from_static(raw.as_bytes())).unwrap();
        let sent = |raw| header_text(&next_hop_head(&head(raw), 0, &target).raw).into_owned();
        assert_eq!(
            sent("GET / HTTP/1.1\r\nhost: me\r\nX-A: 0\r\n\r\n"),
            "GET / HTTP/1.1\r\nhost: me\r\nX-A: 0\r\nX-A: 1\r\nx-a: 2\r\nConnection: close\r\n\r\n"
        );
        assert!(sent("GET / HTTP/1.0\r\n\r\n").contains("Host: t:1\r\n"));
    }

    #[test]
    fn replaces_the_path_by_that_of_the_target() {
        let raw = "GET /old HTTP/1.0\r\n\r\n";
        assert_eq!(
            sent(raw, 0, "http://h/new?y"),
            "GET /new?y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        );
    }
}
