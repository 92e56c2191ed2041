//! A hash of the shape of a JSON text: its keys and types, regardless of values.

use std::hash::BuildHasher;

use crate::payload::json::{Lexer, TokenKind};

/// Deeper texts have no fingerprint.
const MAX_DEPTH: usize = 64;

/// A container around the current value.
struct Frame {
    is_array: bool,
    /// Hash of the key in front of the container.
    key: u64,
    hash: u64,
    /// The last item of an array. Equal ones in a row count once, so that arrays of different
    /// lengths have the same fingerprint.
    last: Option<u64>,
}

/// Returns the fingerprint of a JSON text. Texts with the same one have the same schema; the
/// opposite does not hold, e.g. if keys are in another order. `None` if it cannot be JSON.
/// The order of tokens is not checked.
pub fn fingerprint(text: &[u8], hasher: &impl BuildHasher) -> Option<u64> {
    let mut frames: Vec<Frame> = Vec::new();
    let mut root = Frame { is_array: true, key: 0, hash: 0, last: None };
    // A string is a key if a colon follows.
    let mut string: Option<&[u8]> = None;
    let mut key = 0;
    for token in Lexer::new(text) {
        let token = token.ok()?;
        let top = frames.last_mut().unwrap_or(&mut root);
        if token.kind == TokenKind::Colon {
            key = hasher.hash_one(string.take()?);
            continue;
        }
        if string.take().is_some() {
            top.add(hasher, key, b's');
        }
        match token.kind {
            TokenKind::Colon | TokenKind::Comma => {}
            TokenKind::String => string = text.get(token.range()),
            TokenKind::Number => top.add(hasher, key, b'#'),
            TokenKind::Literal => {
                let is_null = text.get(token.start) == Some(&b'n');
                top.add(hasher, key, if is_null { b'n' } else { b'b' });
            }
            TokenKind::ArrayStart | TokenKind::ObjectStart if frames.len() >= MAX_DEPTH => {
                return None;
            }
            TokenKind::ArrayStart | TokenKind::ObjectStart => {
                let is_array = token.kind == TokenKind::ArrayStart;
                frames.push(Frame { is_array, key, hash: 0, last: None });
            }
            TokenKind::ArrayEnd | TokenKind::ObjectEnd => {
                let closed = frames.pop()?;
                let parent = frames.last_mut().unwrap_or(&mut root);
                parent.add(hasher, closed.key, (closed.is_array, closed.hash));
            }
        }
    }
    if string.is_some() {
        root.add(hasher, key, b's');
    }
    frames.is_empty().then_some(root.hash)
}

impl Frame {
    /// Adds a value, behind its key in an object.
    fn add(&mut self, hasher: &impl BuildHasher, key: u64, value: impl std::hash::Hash) {
        let value = hasher.hash_one(value);
        if self.is_array {
            if self.last == Some(value) {
                return;
            }
            self.last = Some(value);
            self.hash = hasher.hash_one((self.hash, value));
        } else {
            self.hash = hasher.hash_one((self.hash, key, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        let hasher = hashbrown::DefaultHashBuilder::default();
        let [one, other] = [one, other].map(|text| fingerprint(text.as_bytes(), &hasher));
        assert!(one.is_some() && other.is_some());
        one == other
    }

    #[test]
    fn values_do_not_matter() {
        assert!(same(
            r#"{"a":1,"b":"x","c":[{"d":null,"e":true}],"f":{}}"#,
            r#"{ "a" : -2.5 , "b":"yy" ,"c":[{"d":null,"e":false},{"d":null,"e":true}], "f":{}}"#
        ));
    }

    #[test]
    fn keys_and_types_matter() {
        let text = r#"{"a":1,"b":"x","c":[{"d":null}],"e":[]}"#;
        for other in [
            r#"{"a":1,"b":"x","c":[{"d":null}]}"#,
            r#"{"a":1,"b":"x","c":[{"d":0}],"e":[]}"#,
            r#"{"a":1,"b":"x","c":[{"d":null},{"f":1}],"e":[]}"#,
            r#"{"a":1,"b":"x","c":[{"d":null}],"e":[1]}"#,
            r#"{"a":1,"b":"x","c":{"d":null},"e":[]}"#,
            r#"{"a":"1","b":"x","c":[{"d":null}],"e":[]}"#,
            r#"{"a":1,"b":{"x":1},"c":[{"d":null}],"e":[]}"#,
            r#"{"z":1,"b":"x","c":[{"d":null}],"e":[]}"#,
        ] {
            assert!(!same(text, other), "{other}");
        }
    }

    #[test]
    fn nesting_matters() {
        assert!(!same("[[1],2]", "[[1,2]]"));
        assert!(!same(r#"{"a":{"b":1},"c":2}"#, r#"{"a":{"b":1,"c":2}}"#));
        assert!(!same(r#""x""#, "[]"));
    }

    #[test]
    fn other_texts_have_none() {
        let hasher = hashbrown::DefaultHashBuilder::default();
        for text in ["a=1&b=2", "<a/>", "{\"a\":", "[1", "]", &"[".repeat(100)] {
            assert_eq!(fingerprint(text.as_bytes(), &hasher), None, "{text}");
        }
    }
}
