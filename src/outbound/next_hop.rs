//! The head of a request that is sent on.

use bytes::Bytes;

use super::Target;
use crate::delivery::{Head, Header, header_text, is_hop_by_hop};

/// The head as the target gets it: as it came, but for what speaks of the connection. `Host`
/// becomes the target's unless it is to be kept, headers of the old hop go (RFC 9110 section 7.6.1), the length is that
/// of the body, and the connection ends with the answer.
pub fn next_hop_head(head: &Head, body_len: usize, target: &Target) -> Head {
    let named = head.joined("connection").unwrap_or_default();
    let named = header_text(&named).to_ascii_lowercase();
    let of_the_hop = |header: &Header| {
        let name = header.name.to_ascii_lowercase();
        // 100-continue would have to be waited for; the body goes out at once instead.
        is_hop_by_hop(&name) || name == "expect" || named.split(',').any(|one| one.trim() == name)
    };
    let authority = Bytes::copy_from_slice(target.authority.as_str().as_bytes());
    let length = Bytes::from(body_len.to_string());
    let (mut has_host, mut has_length) = (false, false);
    let mut headers = Vec::with_capacity(head.headers.len() + 3);
    for header in head.headers.iter().filter(|header| !of_the_hop(header)) {
        let (seen, value) = if header.is("host") {
            let kept = target.manner.preserve_host;
            (&mut has_host, if kept { &header.value } else { &authority })
        } else if header.is("content-length") {
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
    if !has_length && (body_len > 0 || !bodiless) {
        headers.push(Header { name: "Content-Length".to_owned(), value: length });
    }
    headers.extend_from_slice(&target.manner.add_headers);
    headers.push(Header::new("Connection", "close"));
    match &target.path {
        Some(path) => Head::build(&head.method, path, &headers),
        None => Head::build(&head.method, &head.target, &headers),
    }
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
    fn keeps_what_came_and_drops_what_was_of_the_hop() {
        let raw = "POST /a%20b?x HTTP/1.1\r\nhOST: me\r\nX-b: 1\r\nConnection: close, x-gone\r\n\
                   x-B: 2\r\nX-Gone: 1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n";
        assert_eq!(
            sent(raw, 3, "http://127.0.0.1:3000"),
            "POST /a%20b?x HTTP/1.1\r\nhOST: 127.0.0.1:3000\r\nX-b: 1\r\nx-B: 2\r\n\
             Content-Length: 3\r\nConnection: close\r\n\r\n"
        );
    }

    #[test]
    fn the_host_is_kept_and_headers_are_added_where_that_is_wanted() {
        let manner = ForwardOptions {
            preserve_host: true,
            add_headers: vec![Header::new("X-A", "1"), Header::new("x-a", "2")],
            insecure: false,
        };
        let target: Target = "http://t:1".parse().unwrap();
        let target = target.with(manner);
        let head = |raw: &'static str| Head::parse(Bytes::from_static(raw.as_bytes())).unwrap();
        let sent = |raw| header_text(&next_hop_head(&head(raw), 0, &target).raw).into_owned();
        assert_eq!(
            sent("GET / HTTP/1.1\r\nhost: me\r\nX-A: 0\r\n\r\n"),
            "GET / HTTP/1.1\r\nhost: me\r\nX-A: 0\r\nX-A: 1\r\nx-a: 2\r\nConnection: close\r\n\r\n"
        );
        assert!(sent("GET / HTTP/1.0\r\n\r\n").contains("Host: t:1\r\n"));
    }

    #[test]
    fn a_path_of_the_target_replaces_the_deliverys() {
        let raw = "GET /old HTTP/1.0\r\n\r\n";
        assert_eq!(
            sent(raw, 0, "http://h/new?y"),
            "GET /new?y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        );
    }
}
