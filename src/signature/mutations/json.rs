//! The same JSON with other escapes, spacing, or numbers, as other libraries write it.

use std::fmt::{self, Write as _};

use super::Accept;
use crate::payload::json::{Lexer, TokenKind};
use crate::payload::pointer;
use crate::payload::reserialize::{JsonLibrary, rewritten};
use crate::signature::Cause;

/// Characters that a library escapes, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EscapeStyle {
    pub(super) name: &'static str,
    /// Escapes characters outside ASCII.
    non_ascii: bool,
    /// Writes `\/`.
    slash: bool,
    /// Other characters that are escaped.
    also: &'static str,
    digits: DigitCase,
}

/// Case of the hex digits of escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DigitCase {
    Lower,
    Upper,
    /// Uppercase for the characters of [`EscapeStyle::also`] only.
    UpperAlso,
}

const PLAIN: EscapeStyle = EscapeStyle {
    name: "without escapes",
    non_ascii: false,
    slash: false,
    also: "",
    digits: DigitCase::Lower,
};

const ESCAPES: [EscapeStyle; 11] = [
    PLAIN,
    EscapeStyle {
        name: "with \\u escapes, as Python's json.dumps",
        non_ascii: true,
        also: "\u{7f}",
        ..PLAIN
    },
    EscapeStyle {
        name: "with \\/ and \\u escapes, as PHP's json_encode",
        non_ascii: true,
        slash: true,
        ..PLAIN
    },
    EscapeStyle { name: "with \\/", slash: true, ..PLAIN },
    EscapeStyle {
        name: "with \\u escapes in uppercase",
        non_ascii: true,
        digits: DigitCase::Upper,
        ..PLAIN
    },
    EscapeStyle {
        name: "with <, > and & escaped, as Go's json.Marshal",
        also: "<>&\u{2028}\u{2029}",
        ..PLAIN
    },
    EscapeStyle { name: "with <, >, &, = and ' escaped, as Gson", also: "<>&='", ..PLAIN },
    EscapeStyle {
        name: "with \\u escapes in uppercase, as .NET's System.Text.Json",
        non_ascii: true,
        also: "<>&'+`\"\u{7f}",
        digits: DigitCase::Upper,
        ..PLAIN
    },
    EscapeStyle {
        name: "with \\u escapes of <, >, & and ', as Newtonsoft.Json",
        non_ascii: true,
        also: "<>&'\"",
        ..PLAIN
    },
    EscapeStyle {
        name: "with \\u escapes of <, >, & and ' in uppercase",
        non_ascii: true,
        also: "<>&'",
        digits: DigitCase::Upper,
        ..PLAIN
    },
    EscapeStyle {
        name: "as PHP's json_encode with JSON_HEX_TAG",
        non_ascii: true,
        slash: true,
        also: "<>&'",
        digits: DigitCase::UpperAlso,
    },
];

/// Removes every escape that JSON does not need.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (before, here) = rest.split_at(at);
        out.push_str(before);
        let first = escaped_unit(here);
        let second = here.get(6..).and_then(escaped_unit);
        let read = char::decode_utf16(first.into_iter().chain(second)).next().and_then(Result::ok);
        let length = match (here.as_bytes().get(1), read) {
            (Some(b'/'), _) => {
                out.push('/');
                2
            }
            (_, Some(letter)) if letter >= ' ' && !matches!(letter, '"' | '\\') => {
                out.push(letter);
                6 * letter.len_utf16()
            }
            (_, Some(letter @ ('"' | '\\'))) => {
                out.extend(['\\', letter]);
                6
            }
            // Other escapes are copied whole, or `\\u` would be misread.
            _ => {
                let end = here.char_indices().nth(2).map_or(here.len(), |(end, _)| end);
                out.push_str(here.get(..end).unwrap_or_default());
                end
            }
        };
        rest = here.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Reads the code unit of an escape `\uXXXX` at the start of the text.
fn escaped_unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

impl EscapeStyle {
    /// Writes plain JSON with this style's escapes. Outside of strings JSON has none of the
    /// characters concerned.
    fn apply(self, plain: &str) -> String {
        let mut out = String::with_capacity(plain.len() + 16);
        let mut chars = plain.chars();
        while let Some(letter) = chars.next() {
            let also = self.also.contains(letter);
            match letter {
                '\\' => match chars.next() {
                    Some('"') if self.also.contains('"') => self.push(&mut out, '"', true),
                    Some(escaped) => out.extend(['\\', escaped]),
                    None => out.push('\\'),
                },
                // An unescaped quote begins or ends a string.
                '"' => out.push('"'),
                '/' if self.slash => out.push_str("\\/"),
                _ if also || (self.non_ascii && !letter.is_ascii()) => {
                    self.push(&mut out, letter, also);
                }
                _ => out.push(letter),
            }
        }
        out
    }

    fn push(self, out: &mut String, letter: char, also: bool) {
        for unit in letter.encode_utf16(&mut [0; 2]) {
            let upper = match self.digits {
                DigitCase::Lower => false,
                DigitCase::Upper => true,
                DigitCase::UpperAlso => also,
            };
            // Writing to a String cannot fail.
            let _ = if upper { write!(out, "\\u{unit:04X}") } else { write!(out, "\\u{unit:04x}") };
        }
    }
}

/// White space of a library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spacing {
    pub(super) name: &'static str,
    pub(super) comma: &'static str,
    pub(super) colon: &'static str,
    /// Line end and indentation per level.
    pub(super) indent: Option<(&'static str, &'static str)>,
    /// Arrays stay in one line.
    inline_arrays: bool,
}

const fn spacing(
    name: &'static str,
    comma: &'static str,
    colon: &'static str,
    indent: Option<(&'static str, &'static str)>,
) -> Spacing {
    Spacing { name, comma, colon, indent, inline_arrays: false }
}

pub(super) const SPACINGS: [Spacing; 10] = [
    spacing("without white space", ",", ":", None),
    spacing("with a space after each comma and colon", ", ", ": ", None),
    spacing("indented by 2 spaces", ",", ": ", Some(("\n", "  "))),
    spacing("indented by 4 spaces", ",", ": ", Some(("\n", "    "))),
    spacing("indented by tabs", ",", ": ", Some(("\n", "\t"))),
    spacing("indented by 2 spaces, with CRLF", ",", ": ", Some(("\r\n", "  "))),
    spacing("with a space after each colon", ",", ": ", None),
    spacing("with a space after each comma", ", ", ":", None),
    Spacing {
        inline_arrays: true,
        ..spacing("indented as by Jackson", ",", " : ", Some(("\n", "  ")))
    },
    spacing("indented by 3 spaces", ",", ": ", Some(("\n", "   "))),
];

impl Spacing {
    /// Writes the same tokens with this white space between them; `None` if one is invalid.
    pub(super) fn apply(self, text: &str, outer: usize) -> Option<String> {
        let mut out = String::with_capacity(text.len() + text.len() / 2);
        let mut inline: Vec<bool> = Vec::new();
        let mut tokens = Lexer::new(text.as_bytes()).peekable();
        while let Some(token) = tokens.next() {
            let token = token.ok()?;
            let was_inline = inline.last().copied().unwrap_or_default();
            if matches!(token.kind, TokenKind::ObjectEnd | TokenKind::ArrayEnd) {
                inline.pop();
                if !out.ends_with(['{', '[']) {
                    self.line(&mut out, outer + inline.len(), was_inline);
                }
            }
            match token.kind {
                TokenKind::Comma => {
                    out.push_str(self.comma);
                    self.line(&mut out, outer + inline.len(), was_inline);
                }
                TokenKind::Colon => out.push_str(self.colon),
                _ => out.push_str(text.get(token.range())?),
            }
            if matches!(token.kind, TokenKind::ObjectStart | TokenKind::ArrayStart) {
                let is_inline = self.inline_arrays && token.kind == TokenKind::ArrayStart;
                inline.push(is_inline);
                let next = tokens.peek().and_then(|next| next.as_ref().ok()).map(|next| next.kind);
                if !matches!(next, Some(TokenKind::ObjectEnd | TokenKind::ArrayEnd)) {
                    self.line(&mut out, outer + inline.len(), is_inline);
                }
            }
        }
        Some(out)
    }

    /// Begins a line of a depth.
    pub(super) fn line(self, out: &mut String, depth: usize, inline: bool) {
        match self.indent {
            Some(_) if inline => out.push(' '),
            Some((end, indent)) => {
                out.push_str(end);
                (0..depth).for_each(|_| out.push_str(indent));
            }
            None => {}
        }
    }
}

/// Tries the same JSON with other escapes.
pub(super) fn escapes(text: &str, accept: &mut Accept<'_>) -> bool {
    let plain = plain(text);
    let mut accept = |how: &str, changed: &str| {
        accept(
            escape_cause(text, changed),
            format_args!("the body was signed {how}"),
            changed.as_bytes(),
        )
    };
    // Only one kind of escapes removed or added, for bodies with several kinds.
    let unescaped = text.replace("\\/", "/");
    accept("without \\/", &unescaped)
        || accept("with \\/", &unescaped.replace('/', "\\/"))
        || ESCAPES.into_iter().any(|style| accept(style.name, &style.apply(&plain)))
        || (text.contains("\\/") && {
            let kept = text.replace("\\/", "\u{0}");
            let kept = self::plain(&kept).replace('\u{0}', "\\/");
            accept("without \\u escapes", &kept)
        })
}

/// Names the kind of escapes that differ.
fn escape_cause(received: &str, signed: &str) -> Cause {
    let count = |text: &str, escape: &str| {
        memchr::memmem::find_iter(text.as_bytes(), escape.as_bytes()).count()
    };
    let unicode = count(received, "\\u").cmp(&count(signed, "\\u"));
    let slashes = count(received, "\\/") != count(signed, "\\/");
    match (unicode, slashes) {
        (std::cmp::Ordering::Greater, false) => Cause::BodyUnicodeEscaped,
        (std::cmp::Ordering::Less, false) => Cause::BodyUnicodeUnescaped,
        (std::cmp::Ordering::Equal, true) => Cause::BodySlashEscaping,
        _ => Cause::BodyReserialized,
    }
}

/// Tries the JSON as other libraries write it: other spacing, and of small bodies other escapes,
/// and the numbers and keys of each language.
pub(super) fn styles(text: &str, is_small: bool, accept: &mut Accept<'_>) -> bool {
    if !text.trim_start().starts_with(['{', '[', '"']) {
        return false;
    }
    let mut seen: Vec<String> = vec![text.to_owned()];
    if spacings(None, text, "", accept) || items_on_lines(text, accept) {
        return true;
    }
    if !is_small {
        return false;
    }
    let received = plain(text);
    let compact = SPACINGS[0].apply(&received, 0);
    let mut bases = vec![(None, received)];
    for language in JsonLibrary::ALL {
        let written = rewritten(language, text.as_bytes());
        let written = written.and_then(|bytes| String::from_utf8(bytes).ok());
        let written = written.and_then(|text| SPACINGS[0].apply(&plain(&text), 0));
        let is_new = |known: &(Option<JsonLibrary>, String)| Some(&known.1) != written.as_ref();
        if written != compact
            && bases.iter().all(is_new)
            && let Some(written) = written
        {
            bases.push((Some(language), written));
        }
    }
    for (language, base) in bases {
        for style in ESCAPES {
            let styled = style.apply(&base);
            if seen.contains(&styled) {
                continue;
            }
            if spacings(language, &styled, style.name, accept) {
                return true;
            }
            seen.push(styled);
        }
    }
    false
}

/// Tries an array with a line for each item, as `SendGrid` signs it.
fn items_on_lines(text: &str, accept: &mut Accept<'_>) -> bool {
    let Some(compact) = SPACINGS[0].apply(text, 0) else { return false };
    let items = pointer::items(compact.as_bytes(), "");
    if items.is_empty() {
        return false;
    }
    let signed = [b"[", items.join(&b",\r\n"[..]).as_slice(), b"]\r\n"].concat();
    let how = format_args!(
        "the JSON was parsed and serialized again: it was signed with CRLF after each item of the \
         array"
    );
    accept(Cause::BodyReserialized, how, &signed)
}

/// Tries a text in every spacing, with and without a final newline.
fn spacings(
    language: Option<JsonLibrary>,
    text: &str,
    escapes: &str,
    accept: &mut Accept<'_>,
) -> bool {
    let mut accept = |name: &str, signed: &str| {
        let how = How { language, spacing: name, escapes };
        accept(Cause::BodyReserialized, format_args!("{how}"), signed.as_bytes())
    };
    SPACINGS.into_iter().any(|spacing| {
        let Some(mut styled) = spacing.apply(text, 0) else { return false };
        accept(spacing.name, &styled) || {
            styled.push('\n');
            accept(spacing.name, &styled)
        }
    })
}

/// Describes a reserialized body.
struct How<'h> {
    language: Option<JsonLibrary>,
    spacing: &'h str,
    escapes: &'h str,
}

impl fmt::Display for How<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the JSON was parsed and serialized again; it was signed ")?;
        if let Some(language) = self.language {
            write!(f, "with numbers and keys as {} writes them, ", language.title())?;
        }
        f.write_str(self.spacing)?;
        if self.escapes.is_empty() { Ok(()) } else { write!(f, " and {}", self.escapes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_every_escape_that_is_not_needed() {
        let text = r#"{"a\/b":"\u00e9\u003C\ud83d\udc05 \n \\u2019 \u0022 \u000b \ud800"}"#;
        assert_eq!(plain(text), r#"{"a/b":"é<🐅 \n \\u2019 \" \u000b \ud800"}"#);
        assert_eq!(plain("\\u00"), "\\u00");
        assert_eq!(plain("\\’"), "\\’");
        assert_eq!(plain("\\"), "\\");
    }

    #[test]
    fn escapes_as_libraries_do() {
        let plain = r#"["é/<b>&'\"+"]"#;
        let styles = ESCAPES.map(|style| style.apply(plain));
        assert_eq!(styles[1], r#"["\u00e9/<b>&'\"+"]"#);
        assert_eq!(styles[2], r#"["\u00e9\/<b>&'\"+"]"#);
        assert_eq!(styles[5], r#"["é/\u003cb\u003e\u0026'\"+"]"#);
        assert_eq!(styles[7], r#"["\u00E9/\u003Cb\u003E\u0026\u0027\u0022\u002B"]"#);
        assert_eq!(styles[10], r#"["\u00e9\/\u003Cb\u003E\u0026\u0027\"+"]"#);
    }

    #[test]
    fn spaces_json_like_common_writers() {
        let text = "{ \"a\\\"b\" : [1, {} ,\"x, y\"] }";
        let styles = SPACINGS.map(|style| style.apply(text, 0).unwrap());
        assert_eq!(styles[0], r#"{"a\"b":[1,{},"x, y"]}"#);
        assert_eq!(styles[1], r#"{"a\"b": [1, {}, "x, y"]}"#);
        assert_eq!(styles[2], "{\n  \"a\\\"b\": [\n    1,\n    {},\n    \"x, y\"\n  ]\n}");
        assert_eq!(styles[8], "{\n  \"a\\\"b\" : [ 1, {}, \"x, y\" ]\n}");
    }

    #[test]
    fn rejects_text_that_is_not_json() {
        assert_eq!(SPACINGS[0].apply("{ \"a", 0), None);
    }
}
