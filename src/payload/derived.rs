//! Content that a string carries in encoded form: JSON, base64, gzip in base64, a JSON Web Token,
//! or URL-encoded text. It is decoded on demand and within limits; the body never changes.

use std::borrow::Cow;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use regex::bytes::Regex;

use super::content_encoding::{MAX_SIZE, decoded_whole};
use super::pointer::{raw, scalar};
use super::{form, json};

/// Maximum number of encodings around a content.
const MAX_LAYERS: usize = 5;

/// Minimum lengths of base64 that is decoded, as JSON and as text: short words are base64, too.
const SHORTEST: usize = 8;
const SHORTEST_TEXT: usize = 16;

/// Content decoded from a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Derived {
    /// Names of the encodings, outermost first, and the form of the content:
    /// `base64 → gzip → JSON`.
    pub label: String,
    /// The content; several fields become a JSON object.
    pub content: Bytes,
    /// The content is a JSON object or array.
    pub is_json: bool,
}

const DECODING: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, DECODING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, DECODING);

/// Maximum size of a string that [`hint`] decodes.
pub(super) const HINTED: usize = 2 << 10;

/// One decoding step.
enum Step {
    /// The content is decoded as far as it will be.
    Done { label: &'static str, content: String, is_json: bool },
    /// Encodings were removed; what remains may be encoded again.
    Further(&'static str, String),
}

/// Decodes a string; `None` if it has no encoded content.
pub(crate) fn derived(text: &str) -> Option<Derived> {
    decode(text, true)
}

/// Returns the label of the content of a string, at low cost: compressed content and long strings
/// are judged by their start.
pub(crate) fn hint(text: &str) -> Option<String> {
    if text.len() > HINTED {
        return hint_of_long(text);
    }
    decode(text, false).map(|found| found.label)
}

/// Returns the label of a long string by its start and its end. It may have the escapes of JSON.
pub(super) fn hint_of_long(text: &str) -> Option<String> {
    let start = text.get(..text.floor_char_boundary(HINTED))?;
    let end = text.get(text.ceil_char_boundary(text.len().saturating_sub(HINTED))..)?;
    let end = end.trim_end().as_bytes().last();
    let label = match (start.trim_start().as_bytes().first(), end) {
        (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')) => "JSON",
        _ => {
            // PHP escapes slashes, which are digits of base64.
            let digits = start.replace("\\/", "/");
            let digits = digits.get(..digits.len() / 4 * 4)?;
            if digits.contains(['\r', '\n']) {
                return None;
            }
            let bytes = STANDARD.decode(digits).or_else(|_| URL_SAFE.decode(digits)).ok()?;
            match bytes.as_slice() {
                [0x1f, 0x8b, ..] => "base64 → gzip",
                [b'{' | b'[', ..] => "base64 → JSON",
                bytes if std::str::from_utf8(bytes).is_ok_and(is_printable) => "base64",
                _ => return None,
            }
        }
    };
    Some(label.to_owned())
}

fn decode(text: &str, inflates: bool) -> Option<Derived> {
    let mut labels: Vec<&str> = Vec::new();
    let mut current = Cow::Borrowed(text);
    for _ in 0..MAX_LAYERS {
        match step(&current, inflates) {
            Some(Step::Done { label, content, is_json }) => {
                labels.push(label);
                return Some(finished(&labels, content, is_json));
            }
            Some(Step::Further(label, content)) => {
                labels.push(label);
                current = Cow::Owned(content);
            }
            None => break,
        }
    }
    (!labels.is_empty()).then(|| {
        labels.push("text");
        finished(&labels, current.into_owned(), false)
    })
}

fn finished(labels: &[&str], content: String, is_json: bool) -> Derived {
    Derived { label: labels.join(" → "), content: content.into(), is_json }
}

fn step(text: &str, inflates: bool) -> Option<Step> {
    let trimmed = text.trim();
    if trimmed.len() > MAX_SIZE {
        return None;
    }
    let json = |label, content| Step::Done { label, content, is_json: true };
    match trimmed.as_bytes().first()? {
        b'{' | b'[' => {
            let is_json = json::is_valid(trimmed.as_bytes());
            return is_json.then(|| json("JSON", trimmed.to_owned()));
        }
        _ => {}
    }
    token(trimmed)
        .map(|claims| json("JWT", claims))
        .or_else(|| base64(trimmed, inflates))
        .or_else(|| fields(trimmed).map(|fields| json("URL-encoded", fields)))
        .or_else(|| percent(trimmed).map(|text| Step::Further("URL-encoded", text)))
}

/// Returns the header and the claims of a JSON Web Token (RFC 7519), not verified.
fn token(text: &str) -> Option<String> {
    let mut parts = text.split('.');
    let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !header.starts_with("ey") {
        return None;
    }
    let part = |part: &str| String::from_utf8(URL_SAFE.decode(part).ok()?).ok();
    let (header, claims) = (part(header)?, part(claims)?);
    let is_object = |text: &str| text.starts_with('{') && json::is_valid(text.as_bytes());
    let is_token = is_object(&header)
        && is_object(claims.trim())
        && raw(header.as_bytes(), &["alg".to_owned()]).is_some();
    is_token.then(|| format!("{{\"header\":{header},\"claims\":{claims}}}"))
}

fn base64(text: &str, inflates: bool) -> Option<Step> {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte);
    // Most strings are not base64, which their first characters show.
    if text.len() < SHORTEST
        || !text.bytes().take(64).all(|byte| is_digit(&byte) || byte == b'\r' || byte == b'\n')
    {
        return None;
    }
    let digits: Cow<'_, str> = if text.contains(['\r', '\n']) {
        text.chars().filter(|one| !matches!(one, '\r' | '\n')).collect::<String>().into()
    } else {
        text.into()
    };
    let bytes = STANDARD.decode(&*digits).or_else(|_| URL_SAFE.decode(&*digits)).ok()?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let label = "base64 → gzip";
        if !inflates {
            return Some(Step::Done { label, content: String::new(), is_json: false });
        }
        let content = decoded_whole(&bytes.into(), "gzip")?;
        let content = String::from_utf8(content.to_vec()).ok()?;
        return Some(Step::Further(label, content));
    }
    let content = String::from_utf8(bytes).ok()?;
    let is_json =
        content.trim_start().starts_with(['{', '[']) && json::is_valid(content.as_bytes());
    let is_text = digits.len() >= SHORTEST_TEXT && is_printable(&content);
    (is_json || is_text).then_some(Step::Further("base64", content))
}

fn is_printable(text: &str) -> bool {
    !text.contains(|letter: char| letter.is_control() && !matches!(letter, '\t' | '\n' | '\r'))
}

/// Returns the fields of a form, or of the query of a URL, as a JSON object.
fn fields(text: &str) -> Option<String> {
    if text.contains(|letter: char| letter.is_whitespace() || letter == '"') {
        return None;
    }
    let query = match text.split_once("://") {
        Some((_, rest)) => rest.split_once('?')?.1.split('#').next()?,
        None => text,
    };
    let parts = query.split('&');
    let is_form = parts.clone().all(|part| {
        part.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && !name.contains(['/', '?', ':', ',', ';', '{'])
        })
    });
    // A single pair may be any text with an equals sign, such as base64 with padding.
    let is_many = parts.clone().count() > 1;
    if !is_form || !(is_many || has_escapes(query) || query.len() < text.len()) {
        return None;
    }
    let quoted = |text: &str| serde_json::to_string(text).ok();
    let fields = form::fields(query.as_bytes());
    let fields =
        fields.iter().map(|(name, value)| Some(format!("{}:{}", quoted(name)?, quoted(value)?)));
    let fields: Vec<String> = fields.collect::<Option<_>>()?;
    Some(format!("{{{}}}", fields.join(",")))
}

fn has_escapes(text: &str) -> bool {
    memchr::memchr_iter(b'%', text.as_bytes()).any(|at| {
        let digits = text.as_bytes().get(at + 1..at + 3).unwrap_or_default();
        digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit)
    })
}

fn percent(text: &str) -> Option<String> {
    if text.contains(char::is_whitespace) || !has_escapes(text) {
        return None;
    }
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// Returns the JSON text of the value that keys and indexes lead to, through strings that carry
/// JSON. Values of the body itself take precedence.
pub(crate) fn raw_through<'b>(body: &'b [u8], steps: &[String]) -> Option<Cow<'b, str>> {
    through(body, steps, 0)
}

fn through<'b>(body: &'b [u8], steps: &[String], layers: usize) -> Option<Cow<'b, str>> {
    if let Some(found) = raw(body, steps) {
        return Some(Cow::Borrowed(found));
    }
    if layers >= MAX_LAYERS {
        return None;
    }
    // The string is where the path of the body itself ends.
    for (at, _) in steps.iter().enumerate().skip(1) {
        let (outer, inner) = steps.split_at_checked(at)?;
        let found = raw(body, outer)?;
        if found.starts_with('"') {
            let content = derived(&scalar(found)?).filter(|content| content.is_json)?.content;
            return through(&content, inner, layers + 1)
                .map(|found| Cow::Owned(found.into_owned()));
        }
    }
    None
}

/// Returns whether a body may have strings that carry JSON whose keys and values are not in its
/// bytes as they are: base64 of `{` or `[` before a quote or white space, gzip, or URL-encoded
/// text.
pub(crate) fn may_carry(body: &[u8]) -> bool {
    static BASE64: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new("(?-u)\"(?:ey[A-DI-L]|ew[k-r0-3]|e30|W[wyz3]|H4sI)").ok());
    memchr::memchr2(b'%', b'\\', body).is_some()
        || BASE64.as_ref().is_none_or(|pattern| pattern.is_match(body))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn shown(text: &str) -> String {
        match derived(text) {
            Some(found) => {
                format!("{}: {}", found.label, String::from_utf8_lossy(&found.content))
            }
            None => "none".to_owned(),
        }
    }

    fn encoded(bytes: &[u8]) -> String {
        base64::engine::general_purpose::STANDARD.encode(bytes)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn each_encoding_is_recognized() {
        let header = URL_SAFE.encode(r#"{"alg":"HS256"}"#);
        let claims = URL_SAFE.encode(r#"{"sub":"k1","exp":1800000000}"#);
        for (text, expected) in [
            (r#"{"a": 1}"#.to_owned(), r#"JSON: {"a": 1}"#),
            (encoded(br#"{"a":1}"#), r#"base64 → JSON: {"a":1}"#),
            (encoded(br#"{"a":1}"#).trim_end_matches('=').to_owned(), r#"base64 → JSON: {"a":1}"#),
            (URL_SAFE.encode(r#"{"a":"???>>>"}"#), r#"base64 → JSON: {"a":"???>>>"}"#),
            (encoded(&gzip(b"[1,2]")), "base64 → gzip → JSON: [1,2]"),
            (encoded(b"It's the tiger"), "base64 → text: It's the tiger"),
            (
                encoded(encoded(b"[\"x\",\"yz\"]").as_bytes()),
                "base64 → base64 → JSON: [\"x\",\"yz\"]",
            ),
            ("a=1&b=x+y%26&a=2".to_owned(), r#"URL-encoded: {"a":"1","b":"x y&","a":"2"}"#),
            ("https://x.example/a?b=1".to_owned(), r#"URL-encoded: {"b":"1"}"#),
            ("%7B%22a%22%3A1%7D".to_owned(), r#"URL-encoded → JSON: {"a":1}"#),
            ("caf%C3%A9".to_owned(), "URL-encoded → text: café"),
            (
                format!("{header}.{claims}.c2ln"),
                r#"JWT: {"header":{"alg":"HS256"},"claims":{"sub":"k1","exp":1800000000}}"#,
            ),
        ] {
            assert_eq!(shown(&text), expected, "{text}");
        }
    }

    #[test]
    fn a_long_string_is_judged_by_its_start() {
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(9000));
        for (text, expected) in [
            (long.clone(), Some("JSON")),
            (encoded(long.as_bytes()), Some("base64 → JSON")),
            (encoded(&gzip(b"x")), Some("base64 → gzip")),
            (encoded(br#"{"a":1}"#), Some("base64 → JSON")),
            ("word ".repeat(2000), None),
            (encoded(&[0x80; 4000]), None),
        ] {
            assert_eq!(hint(&text).as_deref(), expected, "{text:.20}");
        }
    }

    #[test]
    fn ordinary_strings_carry_nothing() {
        for text in [
            "",
            "message.created",
            "verified",
            "a056V7R7NmNRjl70",
            "deadbeefdeadbeefdeadbeef",
            "customer_subscription_updated",
            "2026-11-23T17:06:48.123456Z",
            "100% sure",
            "x=1",
            "https://x.example/a/b",
            "{not json}",
            "It’s the tiger 🐅",
            "aGVsbG8=.aGVsbG8=.x",
        ] {
            assert_eq!(shown(text), "none", "{text}");
        }
    }

    #[test]
    fn paths_lead_through_carried_json() {
        let inner = encoded(br#"{"user":{"name":"Kevin","tags":[7]}}"#);
        let json = serde_json::to_string(r#"{"token":"x","n":1.50}"#).unwrap();
        let body = format!(r#"{{"data":"{inner}","text":{json},"list":["{inner}"]}}"#);
        let find = |path: &str| {
            let steps: Vec<String> = path.split('.').map(ToOwned::to_owned).collect();
            raw_through(body.as_bytes(), &steps).map(Cow::into_owned)
        };
        assert_eq!(find("data.user.name").as_deref(), Some("\"Kevin\""));
        assert_eq!(find("data.user.tags.0").as_deref(), Some("7"));
        assert_eq!(find("list.0.user.name").as_deref(), Some("\"Kevin\""));
        assert_eq!(find("text.n").as_deref(), Some("1.50"));
        assert_eq!(find("data").as_deref(), Some(format!("\"{inner}\"").as_str()));
        for absent in ["data.none", "text.token.x", "list.1.user", "none.user"] {
            assert_eq!(find(absent), None, "{absent}");
        }
    }

    #[test]
    fn a_bomb_in_base64_is_not_decoded() {
        let bomb = encoded(&gzip(&vec![b' '; MAX_SIZE + 1]));
        assert_eq!(shown(&bomb), "none");
    }

    #[test]
    fn deep_nesting_ends_at_the_limit() {
        let mut text = "{\"a\":1}".to_owned();
        for _ in 0..20 {
            text = encoded(text.as_bytes());
        }
        assert!(derived(&text).is_some_and(|found| !found.is_json));
    }

    #[test]
    fn bodies_that_may_carry_json_are_recognized() {
        for inner in ["{\"a\":1}", "{ \"a\":1}", "{\n}", "[{}]", "[\"a\"]", "[1]", "{}", "[ 1]"] {
            let body = format!(r#"{{"a":"{}"}}"#, encoded(inner.as_bytes()));
            assert!(may_carry(body.as_bytes()), "{inner}");
        }
        let body = format!(r#"{{"a":"{}"}}"#, encoded(&gzip(b"x")));
        assert!(may_carry(body.as_bytes()));
        assert!(!may_carry(br#"{"event":"message.created","external":"yes","Why":1}"#));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_decoded_or_left_alone(text in "\\PC{0,80}") {
            let _ = derived(&text);
        }

        #[test]
        fn whatever_is_carried_may_be(json in "\\{\"[a-z]{1,5}\":[1-9][0-9]{0,5}\\}") {
            let body = format!(r#"{{"a":"{}"}}"#, encoded(json.as_bytes()));
            proptest::prop_assert!(may_carry(body.as_bytes()));
            let key = json.split('"').nth(1).unwrap_or_default();
            let steps = vec!["a".to_owned(), key.to_owned()];
            proptest::prop_assert!(raw_through(body.as_bytes(), &steps).is_some());
        }
    }
}
