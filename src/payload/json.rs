//! JSON for the eye: white space is laid anew, every token stays as it was sent.

use serde::de::IgnoredAny;

/// Deeper levels are not indented further, or deep nesting would grow with its square.
const MAX_INDENT: usize = 64;

/// Whether a body that is text should be read as JSON.
pub(super) fn is_likely(text: &str, content_type: Option<&str>) -> bool {
    content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("json"))
        || text.trim_start().starts_with(['{', '['])
}

/// Whether text is JSON; the error says line and column. Bounded in depth by nothing, since
/// ignored values are skipped without recursion.
pub(super) fn check(text: &str) -> Result<(), serde_json::Error> {
    serde_json::from_str::<IgnoredAny>(text).map(drop)
}

/// Lays valid JSON out with two blanks a level.
pub(super) fn reformat(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 2);
    let mut depth = 0_usize;
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let token = token_length(rest);
        let (token, after) = rest.split_at_checked(token).unwrap_or((rest, ""));
        rest = after.trim_start();
        match first {
            '{' | '[' => {
                out.push_str(token);
                if rest.starts_with(['}', ']']) {
                    let (close, after) = rest.split_at_checked(1).unwrap_or((rest, ""));
                    out.push_str(close);
                    rest = after.trim_start();
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push_str(token);
            }
            ',' => {
                out.push(',');
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => out.push_str(token),
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth.min(MAX_INDENT) {
        out.push_str("  ");
    }
}

/// Bytes of the token that `text` begins with.
fn token_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    match bytes.first() {
        Some(b'"') => string_length(bytes),
        Some(b'{' | b'}' | b'[' | b']' | b',' | b':') => 1,
        _ => {
            let ends = |byte: &u8| {
                matches!(byte, b',' | b':' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')
            };
            bytes.iter().position(ends).unwrap_or(bytes.len())
        }
    }
}

/// Bytes of the string literal that `bytes` begins with, quotes included.
fn string_length(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if bytes.get(at) == Some(&b'"') {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}
