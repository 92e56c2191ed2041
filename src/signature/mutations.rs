//! Changes to a body or secret that common software makes, one at a time.

mod charset;
mod form;
mod json;
mod key_order;
mod secret;

use std::fmt;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Cause;
use crate::payload::{BOM, form as form_body};

pub(super) use key_order::is_reordered;
pub(super) use secret::{SecretVariant, secrets};

/// Of larger bodies only single changes are tried, since each one costs a digest of the whole body.
const LARGE: usize = 128 << 10;

/// Size limit of a decompressed body.
const INFLATED: u64 = 32 << 20;

/// Gets a cause, a phrase about the change if there is more to say, and the body before it. Returns
/// true for the body that was signed, which ends the search.
pub(super) type Accept<'w> = dyn FnMut(Cause, fmt::Arguments<'_>, &[u8]) -> bool + 'w;

/// Passes bodies that may have been signed instead of the received one to `accept`, the likely ones
/// first. Returns true if one is accepted.
pub(super) fn bodies(body: &[u8], accept: &mut Accept<'_>) -> bool {
    let mut accept_changed = |cause: Cause, how: fmt::Arguments<'_>, changed: &[u8]| {
        changed != body && accept(cause, how, changed)
    };
    let accept = &mut accept_changed;
    if ends(body, accept) || accept(Cause::SigOfEmptyBody, format_args!(""), b"") {
        return true;
    }
    if compressed(body, accept) || wrapped(body, accept) {
        return true;
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return charset::bodies(body, None, accept);
    };
    let is_small = text.len() <= LARGE;
    json::escapes(text, accept)
        || json::styles(text, is_small, accept)
        || charset::bodies(body, Some(text), accept)
        || (is_small && key_order::bodies(text, accept))
        || (is_small && form::bodies(body, accept))
}

/// Passes bodies that the received one may contain as a whole to `accept`. Returns true if one is
/// accepted.
pub(super) fn contents(body: &[u8], accept: &mut Accept<'_>) -> bool {
    compressed(body, accept)
        || wrapped(body, accept)
        || (body.contains(&0) && charset::utf_16(body, accept))
}

/// Most white space removed from an end, a byte at a time.
const MAX_STRIPPED: usize = 8;

/// Tries other white space at the ends, other line ends, and a byte order mark.
fn ends(body: &[u8], accept: &mut Accept<'_>) -> bool {
    let none = || format_args!("");
    let mut added = [&b"\r\n"[..], b"\n"].into_iter().filter_map(|end| body.strip_suffix(end));
    let unix = replaced(body, b"\r\n", b"\n");
    added.any(|rest| accept(Cause::BodyNewlineAdded, none(), rest))
        || accept(Cause::BodyNewlineStripped, none(), &[body, b"\n"].concat())
        || accept(Cause::BodyNewlineStripped, none(), &[body, b"\r\n"].concat())
        || accept(
            Cause::BodyNewlineStyle,
            format_args!("line ends were changed from LF to CRLF after the body was signed"),
            &unix,
        )
        || accept(
            Cause::BodyNewlineStyle,
            format_args!("line ends were changed from CRLF to LF after the body was signed"),
            &replaced(&unix, b"\n", b"\r\n"),
        )
        || surrounding(body, accept)
        || body.strip_prefix(BOM).is_some_and(|rest| {
            let how = format_args!("a byte order mark (BOM) was added before the body");
            accept(Cause::BodyBom, how, rest)
        })
        || accept(
            Cause::BodyBom,
            format_args!("the byte order mark (BOM) before the body was lost"),
            &[BOM, body].concat(),
        )
}

/// Tries the body with less white space at its ends, then with more.
fn surrounding(body: &[u8], accept: &mut Accept<'_>) -> bool {
    let added = || format_args!("white space was added at the end of the body");
    let leading = || format_args!("white space was added before the body");
    let is_space = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
    let (mut start, mut end) = (body, body);
    for _ in 0..MAX_STRIPPED {
        if is_space(end.last()) {
            end = end.split_last().map_or(end, |(_, rest)| rest);
            if accept(Cause::BodyWhitespace, added(), end) {
                return true;
            }
        }
        if is_space(start.first()) {
            start = start.split_first().map_or(start, |(_, rest)| rest);
            if accept(Cause::BodyWhitespace, leading(), start) {
                return true;
            }
        }
    }
    let around = format_args!("white space was added around the body");
    if accept(Cause::BodyWhitespace, around, body.trim_ascii()) {
        return true;
    }
    let lost = || format_args!("white space at the end of the body was lost");
    [&b"\n\n"[..], b" ", b"\r\n\r\n", b"\n\n\n", b" \n", b"\n ", b"  ", b"\r", b"\t"]
        .into_iter()
        .any(|end| accept(Cause::BodyWhitespace, lost(), &[body, end].concat()))
        || [&b"\n"[..], b" ", b"\r\n"].into_iter().any(|start| {
            let lost = format_args!("white space before the body was lost");
            accept(Cause::BodyWhitespace, lost, &[start, body].concat())
        })
}

/// Tries a body that was compressed or base64-encoded after it was signed.
fn compressed(body: &[u8], accept: &mut Accept<'_>) -> bool {
    let inflated = |reader: &mut dyn std::io::Read| {
        let mut out = Vec::new();
        reader.take(INFLATED).read_to_end(&mut out).is_ok().then_some(out)
    };
    let plain = match body {
        [0x1f, 0x8b, ..] => inflated(&mut flate2::read::MultiGzDecoder::new(body)),
        [0x78, ..] => inflated(&mut flate2::read::ZlibDecoder::new(body)),
        _ => None,
    };
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let text = body.trim_ascii();
    let decoded = (!text.is_empty() && text.iter().all(is_base64)).then(|| STANDARD.decode(text));
    let decoded = decoded.and_then(Result::ok);
    if plain.is_some_and(|plain| accept(Cause::BodyGzip, format_args!(""), &plain))
        || decoded.is_some_and(|plain| accept(Cause::BodyBase64, format_args!(""), &plain))
    {
        return true;
    }
    let how = format_args!("the base64 of the body was signed");
    body.len() <= LARGE && accept(Cause::BodyBase64, how, STANDARD.encode(body).as_bytes())
}

/// Tries the JSON in each field of a form, and the JSON in a string of JSON.
fn wrapped(body: &[u8], accept: &mut Accept<'_>) -> bool {
    if body.len() > LARGE {
        return false;
    }
    let json = |text: &str| text.starts_with(['{', '[']);
    let is_form = !body.starts_with(b"{") && body.contains(&b'=');
    if is_form {
        let fields = form_body::fields(body);
        let mut values = fields.iter().filter(|(_, value)| json(value));
        if values.any(|(name, value)| {
            let how = format_args!("the signed JSON was put into the form field `{name}`");
            accept(Cause::BodyFormWrapped, how, value.as_bytes())
        }) {
            return true;
        }
    }
    let Ok(text) = std::str::from_utf8(body) else { return false };
    if let Ok(inner) = serde_json::from_str::<String>(text) {
        let how = format_args!("the body is a JSON string that contains the signed JSON");
        if accept(Cause::BodyDoubleEncoded, how, inner.as_bytes()) {
            return true;
        }
    }
    if !json(text) {
        return false;
    }
    let encoded: String = form_urlencoded::byte_serialize(body).collect();
    let how = format_args!("the JSON was signed inside the form field `payload`");
    if accept(Cause::BodyFormWrapped, how, format!("payload={encoded}").as_bytes()) {
        return true;
    }
    let how = format_args!("a JSON string that contains this JSON was signed");
    let string = serde_json::to_string(text).unwrap_or_default();
    accept(Cause::BodyDoubleEncoded, how, string.as_bytes())
}

fn replaced(body: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut last = 0;
    for at in memchr::memmem::find_iter(body, from) {
        out.extend_from_slice(body.get(last..at).unwrap_or_default());
        out.extend_from_slice(to);
        last = at + from.len();
    }
    out.extend_from_slice(body.get(last..).unwrap_or_default());
    out
}
