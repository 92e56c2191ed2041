//! What could have become of a body or a secret on its way, one change at a time.

mod escape;
mod secret;
mod spacing;

use std::borrow::Cow;
use std::io::Read as _;

use super::Cause;
use crate::payload::form;

pub(super) use secret::secrets;

/// Of larger bodies only single changes are tried: each one costs a digest of all of it.
const LARGE: usize = 128 << 10;

/// What a compressed body may grow to.
const INFLATED: u64 = 32 << 20;

/// Decides of each body whether it is the one that was signed; true ends the search.
pub(super) type Accept<'w> = dyn FnMut(Cause, &[u8]) -> bool + 'w;

/// Shows the bodies that may have been signed instead of the one that came, likely ones first.
/// True if one of them will do.
pub(super) fn bodies(body: &[u8], will_do: &mut Accept<'_>) -> bool {
    let mut unlike = |cause: Cause, varied: &[u8]| varied != body && will_do(cause, varied);
    if ends(body, &mut unlike) || unlike(Cause::SigOfEmptyBody, b"") {
        return true;
    }
    if compressed(body, &mut unlike) || wrapped(body, &mut unlike) {
        return true;
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return charset(body, None, &mut unlike);
    };
    spellings(text, &mut unlike)
        || spacings(text, &mut unlike)
        || charset(body, Some(text), &mut unlike)
        || (text.len() <= LARGE && orders(text, &mut unlike))
}

fn ends(body: &[u8], will_do: &mut Accept<'_>) -> bool {
    let mut added = [&b"\r\n"[..], b"\n"].into_iter().filter_map(|end| body.strip_suffix(end));
    added.any(|rest| will_do(Cause::BodyNewlineAdded, rest))
        || will_do(Cause::BodyNewlineStripped, &[body, b"\n"].concat())
        || will_do(Cause::BodyNewlineStripped, &[body, b"\r\n"].concat())
        || will_do(Cause::BodyNewlineStyle, &replaced(body, b"\r\n", b"\n"))
        || will_do(
            Cause::BodyNewlineStyle,
            &replaced(&replaced(body, b"\r\n", b"\n"), b"\n", b"\r\n"),
        )
        || will_do(Cause::BodyWhitespace, body.trim_ascii())
        || body.strip_prefix(b"\xef\xbb\xbf").is_some_and(|rest| will_do(Cause::BodyBom, rest))
        || will_do(Cause::BodyBom, &[b"\xef\xbb\xbf", body].concat())
}

/// What was compressed behind the one who signed.
fn compressed(body: &[u8], will_do: &mut Accept<'_>) -> bool {
    let inflated = |reader: &mut dyn std::io::Read| {
        let mut out = Vec::new();
        reader.take(INFLATED).read_to_end(&mut out).is_ok().then_some(out)
    };
    let plain = match body {
        [0x1f, 0x8b, ..] => inflated(&mut flate2::read::MultiGzDecoder::new(body)),
        [0x78, ..] => inflated(&mut flate2::read::ZlibDecoder::new(body)),
        _ => None,
    };
    plain.is_some_and(|plain| will_do(Cause::BodyGzip, &plain))
}

/// JSON within a field of a form.
fn wrapped(body: &[u8], will_do: &mut Accept<'_>) -> bool {
    let json = |text: &str| text.starts_with(['{', '[']);
    let is_form = !body.starts_with(b"{") && body.contains(&b'=') && body.len() <= LARGE;
    is_form
        && form::fields(body)
            .iter()
            .any(|(_, value)| json(value) && will_do(Cause::BodyFormWrapped, value.as_bytes()))
}

/// The same JSON with other escapes.
fn spellings(text: &str, will_do: &mut Accept<'_>) -> bool {
    will_do(Cause::BodyUnicodeUnescaped, escape::escaped(text).as_bytes())
        || will_do(Cause::BodyUnicodeEscaped, escape::unescaped(text).as_bytes())
        || will_do(Cause::BodySlashEscaping, text.replace("\\/", "/").as_bytes())
        || will_do(
            Cause::BodySlashEscaping,
            text.replace("\\/", "/").replace('/', "\\/").as_bytes(),
        )
}

/// The same JSON with other spacing; of small bodies also with other escapes besides.
fn spacings(text: &str, will_do: &mut Accept<'_>) -> bool {
    if !text.trim_start().starts_with(['{', '[']) {
        return false;
    }
    let mut spelt = vec![Cow::Borrowed(text)];
    if text.len() <= LARGE {
        spelt.push(escape::escaped(text).into());
        spelt.push(escape::unescaped(text).into());
        spelt.push(text.replace("\\/", "/").into());
        spelt.push(text.replace("\\/", "/").replace('/', "\\/").into());
    }
    spelt.iter().any(|text| {
        spacing::STYLES.into_iter().any(|style| {
            spacing::restyled(text, style).is_some_and(|restyled| {
                will_do(Cause::BodyReserialised, restyled.as_bytes())
                    || will_do(Cause::BodyReserialised, (restyled + "\n").as_bytes())
            })
        })
    })
}

/// The same text in another character set, or read in a wrong one.
fn charset(body: &[u8], text: Option<&str>, will_do: &mut Accept<'_>) -> bool {
    if body.is_ascii() {
        return false;
    }
    [false, true].into_iter().any(|windows| {
        let narrowed = text.and_then(|text| escape::narrowed(text, windows));
        narrowed.is_some_and(|bytes| will_do(Cause::BodyCharset, &bytes))
            || will_do(Cause::BodyCharset, escape::widened(body, windows).as_bytes())
    })
}

/// The same JSON with its keys in another order.
fn orders(text: &str, will_do: &mut Accept<'_>) -> bool {
    let sorted = spacing::sorted(text).unwrap_or_default();
    let mut try_order = |text: &str| will_do(Cause::BodyKeyOrder, text.as_bytes());
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
