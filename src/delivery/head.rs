//! The head of a request: its bytes as received, and the fields parsed from them.

use std::borrow::Cow;
use std::fmt;
use std::mem::MaybeUninit;

use bytes::Bytes;
use memchr::memmem;

/// Limit on the number of headers, above that of any known sender; a head with more is refused.
const MAX_HEADERS: usize = 256;

/// Headers of a single connection, which are not forwarded (RFC 9110 section 7.6.1).
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Returns whether a header concerns a single connection (RFC 9110 section 7.6.1).
pub fn is_hop_by_hop(name: &str) -> bool {
    HOP_BY_HOP.iter().any(|hop| hop.eq_ignore_ascii_case(name))
}

/// Words in the names of headers that authenticate a sender, whatever the provider.
const CREDENTIAL_WORDS: [&str; 17] = [
    "apikey",
    "assertion",
    "authentication",
    "authorization",
    "cookie",
    "credential",
    "hmac",
    "jwt",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "secret",
    "session",
    "signature",
    "token",
    "x-auth",
];

/// Returns whether a header carries a credential or a signature by its name: `Authorization`,
/// `Cookie`, `X-Api-Key`, and anything with a word such as `token`. What is copied and exported
/// leaves these out.
pub fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // A key of a request, not of its sender.
    let is_key =
        name.ends_with("-key") && !name.contains("idempotency") && name != "sec-websocket-key";
    is_key || name == "key" || CREDENTIAL_WORDS.iter().any(|word| name.contains(word))
}

/// Headers that tunnels, proxies, and CDNs add; a trailing `*` matches any suffix.
const PROXY_HEADERS: [&str; 13] = [
    "via",
    "forwarded",
    "x-forwarded-*",
    "x-real-ip",
    "x-original-*",
    "x-envoy-*",
    "cf-*",
    "cdn-loop",
    "true-client-ip",
    "fly-*",
    "ngrok-*",
    "x-amzn-trace-id",
    "x-cloud-trace-context",
];

/// Returns whether a header was most likely added in transit, not sent by the provider.
pub fn is_added_in_transit(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    PROXY_HEADERS.iter().any(|known| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *known,
    })
}

/// A header as received, with its name's case and its value's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub name: String,
    pub value: Bytes,
}

impl Header {
    pub fn new(name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        Self { name: name.into(), value: value.into() }
    }

    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Returns the value as text, by [`header_text`].
    pub fn text(&self) -> Cow<'_, str> {
        header_text(&self.value)
    }
}

/// Returns whether bytes are valid as a header name or a method (RFC 9110 section 5.6.2).
pub fn is_token(bytes: &[u8]) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !bytes.is_empty() && bytes.iter().all(is_allowed)
}

/// Decodes bytes of a head: as UTF-8 if they are valid, else as Latin-1 (the historical encoding,
/// RFC 9110 section 5.5), so that no byte is lost or replaced.
pub fn header_text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
    }
}

/// Returns the path of a request target, which clients of a proxy write as a whole URL (RFC 9112
/// section 3.2.2).
pub fn target_path(target: &str) -> &str {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    if path.starts_with('/') {
        return path;
    }
    match path.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => path,
    }
}

/// The HTTP version of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    Http10,
    Http11,
}

impl Version {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Error of parsing the head of an HTTP/1 request.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum HeadError {
    #[error("the head is incomplete: it does not end with an empty line")]
    Incomplete,
    #[error("the head is not an HTTP/1 request: {0}")]
    Malformed(#[from] httparse::Error),
}

/// The head of a request.
///
/// `raw` is authoritative, from the first byte of the request line to the empty line; the other
/// fields are views of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub raw: Bytes,
    pub method: String,
    /// The request target, byte for byte.
    pub target: Bytes,
    pub version: Version,
    /// In the order received, including repeated ones.
    pub headers: Vec<Header>,
    /// Fields after the last chunk of the body (RFC 9112 section 7.1.2), which `raw` does not
    /// contain.
    pub trailers: Vec<Header>,
}

impl Head {
    /// Parses a head that ends in its empty line. Bytes after that line are an error of the caller
    /// and are dropped.
    pub fn parse(raw: Bytes) -> Result<Self, HeadError> {
        let mut slots = [const { MaybeUninit::uninit() }; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut []);
        let length = match request.parse_with_uninit_headers(&raw, &mut slots)? {
            httparse::Status::Complete(length) => length,
            httparse::Status::Partial => return Err(HeadError::Incomplete),
        };
        let method = request.method.unwrap_or_default().to_owned();
        let target = raw.slice_ref(request.path.unwrap_or_default().as_bytes());
        let version = if request.version == Some(0) { Version::Http10 } else { Version::Http11 };
        let headers = request
            .headers
            .iter()
            .map(|header| Header::new(header.name, raw.slice_ref(header.value)))
            .collect();
        let trailers = Vec::new();
        Ok(Self { method, target, version, headers, trailers, raw: raw.slice(..length) })
    }

    /// Returns whether a value of a header passes a test, as in the head that [`Self::parse`] would
    /// return, but without building it.
    pub fn has_value(raw: &[u8], name: &str, mut passes: impl FnMut(&[u8]) -> bool) -> bool {
        let mut slots = [const { MaybeUninit::uninit() }; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut []);
        let parsed = request.parse_with_uninit_headers(raw, &mut slots);
        matches!(parsed, Ok(httparse::Status::Complete(_)))
            && request
                .headers
                .iter()
                .any(|header| header.name.eq_ignore_ascii_case(name) && passes(header.value))
    }

    /// Parses what [`Self::with_trailer_lines`] returned.
    pub fn parse_with_trailers(raw: Bytes) -> Result<Self, HeadError> {
        let mut head = Self::parse(raw.clone())?;
        head.trailers = Self::trailers_in(&raw.slice(head.raw.len()..)).unwrap_or_default();
        Ok(head)
    }

    /// Returns the fields in the lines after a body, which end in an empty line; none if they are
    /// malformed.
    pub fn trailers_in(lines: &Bytes) -> Option<Vec<Header>> {
        if lines.is_empty() {
            return Some(Vec::new());
        }
        let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let Ok(httparse::Status::Complete((_, found))) = httparse::parse_headers(lines, &mut slots)
        else {
            return None;
        };
        let header = |one: &httparse::Header<'_>| Header::new(one.name, lines.slice_ref(one.value));
        Some(found.iter().map(header).collect())
    }

    /// Returns the request with a body: the head as received, and the body in the framing that the
    /// head announces. Of a chunked body, the chunks are one, since their bounds are not kept.
    pub fn with_body(&self, body: &[u8]) -> Bytes {
        let coding = self.joined_text("transfer-encoding").unwrap_or_default();
        if !coding.to_ascii_lowercase().contains("chunked") {
            return [&self.raw, body].concat().into();
        }
        let mut out = self.raw.to_vec();
        if !body.is_empty() {
            out.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
            out.extend_from_slice(body);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"0\r\n");
        self.push_trailers(&mut out);
        out.into()
    }

    /// Returns the bytes of the head, and after its empty line those of the trailers, if there are
    /// any, with an empty line of their own.
    pub fn with_trailer_lines(&self) -> Bytes {
        if self.trailers.is_empty() {
            return self.raw.clone();
        }
        let mut out = self.raw.to_vec();
        self.push_trailers(&mut out);
        out.into()
    }

    /// Appends the trailers and an empty line.
    fn push_trailers(&self, out: &mut Vec<u8>) {
        for Header { name, value } in &self.trailers {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Recovers what it can from a head that [`Head::parse`] refuses: the words of its first line.
    pub fn lenient(raw: Bytes) -> Self {
        let line = raw.split(|&byte| byte == b'\r' || byte == b'\n').next().unwrap_or_default();
        let mut words = line.split(|&byte| byte == b' ');
        let method = header_text(words.next().unwrap_or_default()).into_owned();
        let target = raw.slice_ref(words.next().unwrap_or_default());
        let (headers, trailers) = (Vec::new(), Vec::new());
        Self { method, target, version: Version::Http11, headers, trailers, raw }
    }

    /// Returns the head without the lines of some headers; every other byte is kept.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        if names.is_empty() {
            return self.clone();
        }
        let is_kept = |line: &&[u8]| {
            let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
            !names.iter().any(|one| one.as_bytes().eq_ignore_ascii_case(name))
        };
        let lines = self.raw.split_inclusive(|&byte| byte == b'\n').filter(is_kept);
        let raw: Bytes = lines.flatten().copied().collect();
        let head = Self::parse(raw.clone()).unwrap_or_else(|_| Self::lenient(raw));
        let is_kept = |trailer: &&Header| !names.iter().any(|name| trailer.is(name));
        Self { trailers: self.trailers.iter().filter(is_kept).cloned().collect(), ..head }
    }

    /// Returns the bytes of the head with another target and other header values, where there are
    /// any; every other byte is kept. `values` are those of [`Self::headers`], in their order.
    pub fn with_values(&self, target: Option<&str>, values: &[Option<String>]) -> Vec<u8> {
        let mut rest = &self.raw[..];
        let mut out = Vec::with_capacity(rest.len());
        let mut put = |name: &[u8], old: &[u8], new: Option<&str>| {
            // One byte separates a name from its value, and the method from the target.
            let start = memmem::find(rest, name).map(|at| at + name.len() + 1);
            let found = start.and_then(|start| {
                let (before, value) = rest.split_at_checked(start)?;
                let at = before.len() + memmem::find(value, old)?;
                let (before, value) = rest.split_at_checked(at)?;
                Some((before, value.get(old.len()..)?))
            });
            if let Some((before, after)) = found {
                out.extend_from_slice(before);
                out.extend_from_slice(new.map_or(old, str::as_bytes));
                rest = after;
            }
        };
        put(self.method.as_bytes(), &self.target, target);
        put(b"HTTP/", b"\n", None);
        for (header, value) in self.headers.iter().zip(values) {
            put(header.name.as_bytes(), &header.value, value.as_deref());
        }
        out.extend_from_slice(rest);
        out
    }

    /// Builds a head from its parts, for requests that hookglass itself creates.
    pub fn build(method: &str, target: impl AsRef<[u8]>, headers: &[Header]) -> Self {
        let target = target.as_ref();
        let mut raw = [method.as_bytes(), b" ", target, b" HTTP/1.1\r\n"].concat();
        for header in headers {
            raw.extend_from_slice(header.name.as_bytes());
            raw.extend_from_slice(b": ");
            raw.extend_from_slice(&header.value);
            raw.extend_from_slice(b"\r\n");
        }
        raw.extend_from_slice(b"\r\n");
        Self {
            raw: raw.into(),
            method: method.to_owned(),
            target: Bytes::copy_from_slice(target),
            version: Version::Http11,
            headers: headers.to_vec(),
            trailers: Vec::new(),
        }
    }

    /// Returns the target as text, by [`header_text`].
    pub fn target_text(&self) -> Cow<'_, str> {
        header_text(&self.target)
    }

    /// Returns the values of a header in the order received, ignoring the case of its name.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Bytes> {
        self.headers.iter().filter(move |header| header.is(name)).map(|header| &header.value)
    }

    /// Like [`Self::joined`], as text; invalid UTF-8 becomes replacement characters.
    pub fn joined_text(&self, name: &str) -> Option<String> {
        self.joined(name).map(|value| String::from_utf8_lossy(&value).into_owned())
    }

    /// Joins the values of a header with `, `, as RFC 9110 section 5.3 defines for repeated lines.
    pub fn joined(&self, name: &str) -> Option<Bytes> {
        let mut values = self.values(name);
        let first = values.next()?.clone();
        let rest: Vec<&Bytes> = values.collect();
        if rest.is_empty() {
            return Some(first);
        }
        let mut joined = first.to_vec();
        for value in rest {
            joined.extend_from_slice(b", ");
            joined.extend_from_slice(value);
        }
        Some(joined.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &'static str) -> Head {
        Head::parse(Bytes::from_static(text.as_bytes())).unwrap()
    }

    #[test]
    fn new_values_leave_every_other_byte() {
        let head = head("POST /a HTTP/1.1\r\nT: :\r\nCookie:a\r\nCookie: \t a \r\nE:\r\n\r\n");
        let values = [Some("c".to_owned()), None, Some("b".to_owned()), None];
        let expected = "POST /b HTTP/1.1\r\nT: c\r\nCookie:a\r\nCookie: \t b \r\nE:\r\n\r\n";
        assert_eq!(head.with_values(Some("/b"), &values), expected.as_bytes());
    }

    #[test]
    fn a_built_head_gets_new_values() {
        let head = Head::build("POST", "/", &[Header::new("Cookie", "a")]);
        let values = [Some("b".to_owned())];
        assert_eq!(head.with_values(None, &values), b"POST / HTTP/1.1\r\nCookie: b\r\n\r\n");
    }

    #[test]
    fn the_path_of_a_target_has_neither_query_nor_host() {
        for target in ["/a/b", "/a/b?x=1", "http://h.example/a/b?x=http://y/"] {
            assert_eq!(target_path(target), "/a/b", "{target}");
        }
    }

    #[test]
    fn recognizes_headers_added_in_transit() {
        for added in ["Via", "X-Forwarded-Proto", "CF-Ray", "forwarded"] {
            assert!(is_added_in_transit(added), "{added}");
        }
        for sent in ["Host", "X-Forward", "X-Hub-Signature", "Content-Type"] {
            assert!(!is_added_in_transit(sent), "{sent}");
        }
    }

    #[test]
    fn credentials_are_found_by_their_names() {
        for name in [
            "Authorization",
            "Proxy-Authorization",
            "Cookie",
            "Set-Cookie",
            "X-Api-Key",
            "ApiKey",
            "X-Auth-Token",
            "X-Amz-Security-Token",
            "X-Hub-Signature-256",
            "Ocp-Apim-Subscription-Key",
            "Cf-Access-Jwt-Assertion",
            "X-Shopify-Hmac-Sha256",
        ] {
            assert!(is_credential(name), "{name}");
        }
        for name in
            ["Host", "Content-Type", "Idempotency-Key", "X-Request-Id", "User-Agent", "ETag"]
        {
            assert!(!is_credential(name), "{name}");
        }
    }

    #[test]
    fn keeps_order_case_and_repetition() {
        let head = head("POST /a?b=%20 HTTP/1.1\r\nX-B: 1\r\nx-a: 2\r\nX-b: 3\r\n\r\n");
        let names: Vec<&str> = head.headers.iter().map(|header| header.name.as_str()).collect();
        assert_eq!(names, ["X-B", "x-a", "X-b"]);
        assert_eq!(head.target, "/a?b=%20");
        assert_eq!(head.joined("x-b").unwrap(), "1, 3");
        assert_eq!(head.joined("x-c"), None);
    }

    #[test]
    fn finds_a_value_as_a_parsed_head_has_it() {
        let raws: [&[u8]; 4] = [
            b"POST / HTTP/1.1\r\nX-B:  1 \r\nx-a: 2\r\nX-b:3\r\n\r\n",
            b"POST / HTTP/1.1\r\nX-B: 3\r\n",
            b"PO ST /x\r\nX-B: 3\r\n\r\n",
            b"X-B: 3",
        ];
        for raw in raws {
            let parsed = Head::parse(Bytes::from_static(raw));
            for wanted in ["1", "2", "3"] {
                let expected = parsed
                    .as_ref()
                    .is_ok_and(|head| head.values("x-B").any(|value| value == wanted));
                let found = Head::has_value(raw, "x-B", |value| value == wanted.as_bytes());
                assert_eq!(found, expected, "{wanted} in {:?}", raw.escape_ascii());
            }
        }
    }

    #[test]
    fn a_head_without_a_header_keeps_every_other_byte() {
        let head = head("POST /a:b HTTP/1.0\r\nX-B:  1\r\ncookie: c\r\nx-c:2\r\nCookie: d\r\n\r\n");
        let kept = "POST /a:b HTTP/1.0\r\nX-B:  1\r\nx-c:2\r\n\r\n";
        assert_eq!(head.without(&["Cookie"]).raw, kept);
    }

    #[test]
    fn reads_values_that_are_not_utf8_as_latin_1() {
        let raw = Bytes::from_static(b"GET / HTTP/1.0\r\nName: caf\xe9\r\n\r\n");
        let head = Head::parse(raw).unwrap();
        assert_eq!(head.headers[0].text(), "café");
        assert_eq!(head.version, Version::Http10);
    }

    #[test]
    fn recovers_the_first_line_of_a_malformed_head() {
        let raw = Bytes::from_static(b"PO ST /x\r\n: y\r\n\r\n");
        assert!(Head::parse(raw.clone()).is_err());
        let head = Head::lenient(raw.clone());
        assert_eq!((head.method.as_str(), &head.raw), ("PO", &raw));
    }

    #[test]
    fn parses_the_head_that_it_builds() {
        let headers = [Header::new("Host", "h"), Header::new("X-Y", "z")];
        let built = Head::build("POST", "/p?q", &headers);
        assert_eq!(Head::parse(built.raw.clone()).unwrap(), built);
    }
}
