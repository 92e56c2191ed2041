//! What could have become of a body or a secret on its way, one change at a time.

use std::fmt::Write as _;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::Cause;

/// Bodies that may have been signed instead of the one that came.
pub(super) fn bodies(body: &[u8]) -> Vec<(Cause, Vec<u8>)> {
    let mut out = Vec::new();
    let joined = |parts: &[&[u8]]| parts.concat();
    out.push((Cause::BodyNewlineStripped, joined(&[body, b"\n"])));
    out.push((Cause::BodyNewlineStripped, joined(&[body, b"\r\n"])));
    for end in [&b"\r\n"[..], b"\n"] {
        out.extend(body.strip_suffix(end).map(|rest| (Cause::BodyNewlineAdded, rest.to_vec())));
    }
    out.push((Cause::BodyNewlineStyle, replaced(body, b"\r\n", b"\n")));
    out.push((Cause::BodyNewlineStyle, replaced(&replaced(body, b"\r\n", b"\n"), b"\n", b"\r\n")));
    out.push((Cause::BodyWhitespace, body.trim_ascii().to_vec()));
    out.push((Cause::BodyBom, joined(&[b"\xef\xbb\xbf", body])));
    out.extend(body.strip_prefix(b"\xef\xbb\xbf").map(|rest| (Cause::BodyBom, rest.to_vec())));
    if let Ok(text) = std::str::from_utf8(body) {
        texts(text, &mut out);
    }
    out.push((Cause::SigOfEmptyBody, Vec::new()));
    out.retain(|(_, variant)| variant != body);
    out
}

fn texts(text: &str, out: &mut Vec<(Cause, Vec<u8>)>) {
    let mut spelt: Vec<(Option<Cause>, String)> = vec![(None, text.to_owned())];
    spelt.push((Some(Cause::BodyUnicodeUnescaped), escaped(text)));
    spelt.push((Some(Cause::BodyUnicodeEscaped), unescaped(text)));
    spelt.push((Some(Cause::BodySlashEscaping), text.replace("\\/", "/")));
    spelt.push((Some(Cause::BodySlashEscaping), text.replace("\\/", "/").replace('/', "\\/")));
    let is_json = text.trim_start().starts_with(['{', '[']);
    for (cause, spelling) in spelt {
        if is_json {
            for style in STYLES {
                let restyled = restyled(&spelling, style);
                out.push((Cause::BodyReserialised, restyled.clone().into_bytes()));
                out.push((Cause::BodyReserialised, (restyled + "\n").into_bytes()));
            }
        }
        // The single change is the better explanation, so it stands before those with spacing.
        if let Some(cause) = cause {
            let place = out.iter().position(|(known, _)| *known == Cause::BodyReserialised);
            out.insert(place.unwrap_or(out.len()), (cause, spelling.into_bytes()));
        }
    }
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

/// Characters beyond ASCII as `\uXXXX`, as JSON writers that are careful do.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii() {
            out.push(letter);
        } else {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// `\uXXXX` of characters beyond ASCII as the characters themselves.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let unit = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    while let Some(at) = rest.find('\\') {
        let (before, here) = rest.split_at(at);
        out.push_str(before);
        let first = unit(here);
        let second = here.get(6..).and_then(unit);
        let pair = char::decode_utf16(first.into_iter().chain(second)).next().and_then(Result::ok);
        let (length, letter) = match pair {
            Some(letter) if !letter.is_ascii() => (6 * letter.len_utf16(), Some(letter)),
            // An escape of two characters is passed over whole, or `\\u` would be misread.
            _ => (2, None),
        };
        let length = here.char_indices().map(|(at, _)| at).find(|at| *at >= length);
        let length = length.unwrap_or(here.len());
        let (escape, behind) = here.split_at(length);
        match letter {
            Some(letter) => out.push(letter),
            None => out.push_str(escape),
        }
        rest = behind;
    }
    out + rest
}

/// How JSON is spaced: after a comma, after a colon, and how deep each level is indented.
type Style = (&'static str, &'static str, Option<&'static str>);

const STYLES: [Style; 5] = [
    ("", "", None),
    (" ", " ", None),
    ("", " ", Some("  ")),
    ("", " ", Some("    ")),
    ("", " ", Some("\t")),
];

/// The same tokens with other white space between them.
fn restyled(text: &str, (comma, colon, indent): Style) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut letters = text.chars().filter_map(within_strings()).peekable();
    let line = |out: &mut String, depth: usize| {
        if let Some(indent) = indent {
            out.push('\n');
            (0..depth).for_each(|_| out.push_str(indent));
        }
    };
    while let Some((letter, quoted)) = letters.next() {
        if quoted {
            out.push(letter);
            continue;
        }
        let next_closes = matches!(letters.peek(), Some(('}' | ']', false)));
        match letter {
            '{' | '[' => {
                out.push(letter);
                depth += 1;
                if !next_closes {
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !out.ends_with(['{', '[']) {
                    line(&mut out, depth);
                }
                out.push(letter);
            }
            ',' => {
                out.push(',');
                out.push_str(comma);
                line(&mut out, depth);
            }
            ':' => {
                out.push(':');
                out.push_str(colon);
            }
            _ => out.push(letter),
        }
    }
    out
}

/// Drops white space between tokens, and tells which characters stand in strings.
fn within_strings() -> impl FnMut(char) -> Option<(char, bool)> {
    let (mut inside, mut after_backslash) = (false, false);
    move |letter| {
        let was_inside = inside;
        if inside {
            inside = after_backslash || letter != '"';
            after_backslash = !after_backslash && letter == '\\';
        } else if letter == '"' {
            inside = true;
        } else if letter.is_ascii_whitespace() {
            return None;
        }
        Some((letter, was_inside || letter == '"'))
    }
}

/// Secrets that may have been meant instead of the configured one.
pub(super) fn secrets(secret: &[u8]) -> Vec<(Cause, Zeroizing<Vec<u8>>)> {
    use base64::Engine as _;
    let mut out: Vec<(Cause, Vec<u8>)> = vec![
        (Cause::SecretWhitespace, secret.trim_ascii().to_vec()),
        (Cause::SecretWhitespace, [secret, b"\n"].concat()),
        (Cause::SecretWhitespace, [secret, b" "].concat()),
    ];
    for quote in [b'"', b'\''] {
        let inner = secret.strip_prefix(&[quote]).and_then(|rest| rest.strip_suffix(&[quote]));
        out.extend(inner.map(|inner| (Cause::SecretQuoted, inner.to_vec())));
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(secret);
    out.extend(decoded.map(|bytes| (Cause::SecretBase64Encoded, bytes)));
    out.extend(hex::decode(secret).map(|bytes| (Cause::SecretHexEncoded, bytes)));
    if let Ok(text) = std::str::from_utf8(secret) {
        out.push((Cause::SecretCase, text.to_lowercase().into_bytes()));
        out.push((Cause::SecretCase, text.to_uppercase().into_bytes()));
        for form in [text.nfc().collect::<String>(), text.nfd().collect()] {
            out.push((Cause::SecretUnicodeForm, form.into_bytes()));
        }
    }
    out.retain(|(_, variant)| variant != secret);
    out.into_iter().map(|(cause, bytes)| (cause, Zeroizing::new(bytes))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_spaced_as_its_writers_do() {
        let text = "{ \"a\\\"b\" : [1, {} ,\"x, y\"] }";
        let styles = STYLES.map(|style| restyled(text, style));
        assert_eq!(styles[0], r#"{"a\"b":[1,{},"x, y"]}"#);
        assert_eq!(styles[1], r#"{"a\"b": [1, {}, "x, y"]}"#);
        assert_eq!(styles[2], "{\n  \"a\\\"b\": [\n    1,\n    {},\n    \"x, y\"\n  ]\n}");
    }

    #[test]
    fn escapes_go_there_and_back() {
        let text = "a ’ 🐅 \\n \\\\u2019";
        assert_eq!(escaped(text), "a \\u2019 \\ud83d\\udc05 \\n \\\\u2019");
        assert_eq!(unescaped(&escaped(text)), text);
        assert_eq!(unescaped("\\u00"), "\\u00");
        assert_eq!(unescaped("\\’"), "\\’");
    }
}
