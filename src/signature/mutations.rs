//! Changes to a body or secret that common software makes, one at a time.

mod escape;
mod secret;
mod spacing;

use std::borrow::Cow;
use std::io::Read as _;

use super::Cause;
use crate::payload::form;

pub(super) use secret::secrets;

/// Of larger bodies only single changes are tried, since each one costs a digest of the whole body.
const LARGE: usize = 128 << 10;

/// Size limit of a decompressed body.
const INFLATED: u64 = 32 << 20;

/// Returns true for the body that was signed, which ends the search.
pub(super) type Accept<'w> = dyn FnMut(Cause, &[u8]) -> bool + 'w;

/// Passes bodies that may have been signed instead of the received one to `accept`, the likely ones
/// first. Returns true if one is accepted.
pub(super) fn bodies(body: &[u8], accept: &mut Accept<'_>) -> bool {
    let mut accept_changed =
        |cause: Cause, changed: &[u8]| changed != body && accept(cause, changed);
    if ends(body, &mut accept_changed) || accept_changed(Cause::SigOfEmptyBody, b"") {
        return true;
    }
    if compressed(body, &mut accept_changed) || wrapped(body, &mut accept_changed) {
        return true;
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return charset(body, None, &mut accept_changed);
    };
    escapes(text, &mut accept_changed)
        || spacing_styles(text, &mut accept_changed)
        || charset(body, Some(text), &mut accept_changed)
        || (text.len() <= LARGE && key_orders(text, &mut accept_changed))
}

fn ends(body: &[u8], accept: &mut Accept<'_>) -> bool {
    let mut added = [&b"\r\n"[..], b"\n"].into_iter().filter_map(|end| body.strip_suffix(end));
    added.any(|rest| accept(Cause::BodyNewlineAdded, rest))
        || accept(Cause::BodyNewlineStripped, &[body, b"\n"].concat())
        || accept(Cause::BodyNewlineStripped, &[body, b"\r\n"].concat())
        || accept(Cause::BodyNewlineStyle, &replaced(body, b"\r\n", b"\n"))
        || accept(
            Cause::BodyNewlineStyle,
            &replaced(&replaced(body, b"\r\n", b"\n"), b"\n", b"\r\n"),
        )
        || accept(Cause::BodyWhitespace, body.trim_ascii())
        || body.strip_prefix(b"\xef\xbb\xbf").is_some_and(|rest| accept(Cause::BodyBom, rest))
        || accept(Cause::BodyBom, &[b"\xef\xbb\xbf", body].concat())
}

/// Tries a body that was compressed after it was signed.
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
    plain.is_some_and(|plain| accept(Cause::BodyGzip, &plain))
}

/// Tries the JSON in each field of a form.
fn wrapped(body: &[u8], accept: &mut Accept<'_>) -> bool {
    let json = |text: &str| text.starts_with(['{', '[']);
    let is_form = !body.starts_with(b"{") && body.contains(&b'=') && body.len() <= LARGE;
    is_form
        && form::fields(body)
            .iter()
            .any(|(_, value)| json(value) && accept(Cause::BodyFormWrapped, value.as_bytes()))
}

/// Tries the same JSON with other escapes.
fn escapes(text: &str, accept: &mut Accept<'_>) -> bool {
    accept(Cause::BodyUnicodeUnescaped, escape::escaped(text).as_bytes())
        || accept(Cause::BodyUnicodeEscaped, escape::unescaped(text).as_bytes())
        || accept(Cause::BodySlashEscaping, text.replace("\\/", "/").as_bytes())
        || accept(Cause::BodySlashEscaping, text.replace("\\/", "/").replace('/', "\\/").as_bytes())
}

/// Tries the same JSON with other spacing, and of small bodies with other escapes too.
fn spacing_styles(text: &str, accept: &mut Accept<'_>) -> bool {
    if !text.trim_start().starts_with(['{', '[']) {
        return false;
    }
    let mut variants = vec![Cow::Borrowed(text)];
    if text.len() <= LARGE {
        variants.push(escape::escaped(text).into());
        variants.push(escape::unescaped(text).into());
        variants.push(text.replace("\\/", "/").into());
        variants.push(text.replace("\\/", "/").replace('/', "\\/").into());
    }
    variants.iter().any(|text| {
        spacing::STYLES.into_iter().any(|style| {
            spacing::restyled(text, style).is_some_and(|restyled| {
                accept(Cause::BodyReserialized, restyled.as_bytes())
                    || accept(Cause::BodyReserialized, (restyled + "\n").as_bytes())
            })
        })
    })
}

/// Tries the same text in another character set, or decoded with a wrong one.
fn charset(body: &[u8], text: Option<&str>, accept: &mut Accept<'_>) -> bool {
    if body.is_ascii() {
        return false;
    }
    [false, true].into_iter().any(|windows| {
        let narrowed = text.and_then(|text| escape::encode_latin(text, windows));
        narrowed.is_some_and(|bytes| accept(Cause::BodyCharset, &bytes))
            || accept(Cause::BodyCharset, escape::decode_latin(body, windows).as_bytes())
    })
}

/// Tries the same JSON with its keys in another order.
fn key_orders(text: &str, accept: &mut Accept<'_>) -> bool {
    let sorted = spacing::sorted(text).unwrap_or_default();
    let mut try_order = |text: &str| accept(Cause::BodyKeyOrder, text.as_bytes());
    let spaced = spacing::restyled(&sorted, (" ", " ", None)).unwrap_or_default();
    if try_order(&sorted) || try_order(&spaced) {
        return true;
    }
    [false, true].into_iter().any(|spaced| spacing::orders(text, spaced, &mut try_order))
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
