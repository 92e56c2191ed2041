//! Bodies that only some languages accept: invalid ones, byte order marks, halves of surrogate
//! pairs, and numbers out of range.

use super::{JsonLibrary, ReserializationChange, number, plain_change};
use crate::payload::BOM;
use crate::payload::json::{self, Lexer, TokenKind};

/// Maximum nesting of Ruby's parser.
const RUBY_DEPTH: usize = 100;

/// Returns the first change that a language makes, or why it refuses the body.
pub(super) fn change(language: JsonLibrary, body: &[u8]) -> Option<ReserializationChange> {
    use JsonLibrary::{Go, JavaScript, Php, Python, Ruby};
    let found = |offset, what, refused| Some(ReserializationChange { offset, what, refused });
    let text = body.strip_prefix(BOM).unwrap_or(body);
    if text.len() < body.len() {
        return found(0, "a byte order mark", language != Python);
    }
    if !body.trim_ascii_start().starts_with(b"{") && !json::is_valid(body) {
        let is_list = body.trim_ascii_start().starts_with(b"[");
        if !is_list {
            return None;
        }
    }
    if let Err(error) = std::str::from_utf8(body) {
        let refused = matches!(language, Python | Php | Ruby);
        return found(error.valid_up_to(), "bytes that are not UTF-8", refused);
    }
    if let Some(error) = json::JsonReader::new(body).find_map(Result::err) {
        // Python reads these, although JSON does not have them.
        let rest = body.get(error.at..).unwrap_or_default();
        let is_python = language == Python
            && [&b"NaN"[..], b"Infinity"].iter().any(|word| rest.starts_with(word));
        return if is_python { None } else { found(error.at, "an error in the JSON", true) };
    }
    let mut depth = 0_usize;
    let mut halves = Vec::new();
    for token in Lexer::new(body).map_while(Result::ok) {
        let text = body.get(token.range()).and_then(|bytes| std::str::from_utf8(bytes).ok())?;
        match token.kind {
            TokenKind::ObjectStart | TokenKind::ArrayStart => {
                depth += 1;
                if language == Ruby && depth > RUBY_DEPTH {
                    return found(token.start, "nesting deeper than 100 levels", true);
                }
            }
            TokenKind::ObjectEnd | TokenKind::ArrayEnd => depth = depth.saturating_sub(1),
            TokenKind::Number => {
                if number::refused(language, text) || number::written(language, text).is_none() {
                    return found(token.start, "a number out of range", true);
                }
            }
            TokenKind::String => {
                halves.extend(half_pairs(text).into_iter().map(|at| token.start + at));
            }
            TokenKind::Comma | TokenKind::Colon | TokenKind::Literal => {}
        }
    }
    let Some(first) = halves.first().copied() else { return plain_change(language, body) };
    let what = "half of a surrogate pair";
    match language {
        Php | Ruby => found(first, what, true),
        Go => earlier(found(first, what, false), plain_change(language, &without(body, &halves))),
        JavaScript | Python => {
            // Both keep the escape, with its digits in lowercase.
            let upper = halves.iter().copied().find(|at| {
                body.get(*at..at + 6)
                    .is_some_and(|escape| escape.iter().any(u8::is_ascii_uppercase))
            });
            let upper = upper.and_then(|at| found(at, what, false));
            earlier(upper, plain_change(language, &without(body, &halves)))
        }
    }
}

fn earlier(
    one: Option<ReserializationChange>,
    other: Option<ReserializationChange>,
) -> Option<ReserializationChange> {
    one.into_iter().chain(other).min_by_key(|change| change.offset)
}

/// Replaces escapes by one of the same length that every language keeps.
fn without(body: &[u8], escapes: &[usize]) -> Vec<u8> {
    let mut out = body.to_vec();
    for at in escapes {
        if let Some(escape) = out.get_mut(*at..at + 6) {
            escape.copy_from_slice(b"\\u0001");
        }
    }
    out
}

/// Returns where the string has escapes of half a surrogate pair.
fn half_pairs(string: &str) -> Vec<usize> {
    let unit = |at: usize| {
        let digits = string.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(next) = string.get(at..).and_then(|rest| rest.find('\\')) {
        at += next;
        at += match unit(at) {
            Some(0xd800..=0xdbff) if matches!(unit(at + 6), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                out.push(at);
                6
            }
            Some(_) => 6,
            None => 2,
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_differ_between_languages() {
        use JsonLibrary::{Go, JavaScript, Php, Python, Ruby};
        let deep = "[".repeat(101) + &"]".repeat(101);
        for (body, offset, refusing, changing) in [
            (&b"\xef\xbb\xbf{\"a\":1}"[..], 0, &[JavaScript, Go, Php, Ruby][..], &[Python][..]),
            (b"{\"a\":\"\xff\"}", 6, &[Python, Php, Ruby], &[JavaScript, Go]),
            (b"{\"a\":", 5, &[JavaScript, Python, Go, Php, Ruby], &[]),
            (b"{\"a\":\"x\\ud800\"}", 7, &[Php, Ruby], &[Go]),
            (b"{\"a\":1e400}", 5, &[Go, Php, Ruby], &[]),
            (deep.as_bytes(), 100, &[Ruby], &[]),
        ] {
            for language in JsonLibrary::ALL {
                let found = change(language, body).filter(|found| found.offset == offset);
                let refused = found.is_some_and(|found| found.refused);
                assert_eq!(refused, refusing.contains(&language), "{language:?} {body:?}");
                let changed = found.is_some_and(|found| !found.refused && language != JavaScript);
                let expected = changing.contains(&language) && language != JavaScript;
                assert!(changed || !expected, "{language:?} {body:?}");
            }
        }
    }

    #[test]
    fn pairs_are_no_halves() {
        assert_eq!(half_pairs(r#""\ud83d\udc05\\ud800\udc05""#), [20]);
        assert_eq!(change(JsonLibrary::JavaScript, br#"{"a":"\ud800"}"#), None);
        let upper = change(JsonLibrary::JavaScript, br#"{"a":"\uD800"}"#);
        assert_eq!(upper.map(|change| change.offset), Some(6));
    }
}
