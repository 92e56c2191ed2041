//! Simulates a receiver that parses a JSON body and serializes it again.
//!
//! The signature of a webhook covers the bytes that were sent. A receiver that hashes the output of
//! its JSON library instead hashes other bytes. This module finds out which library that was, and
//! what it changed.

mod number;
mod read;
mod refusal;
mod write;

use std::ops::Range;

use self::write::{JsonWriter, OutputToken};
use super::json;

/// A language whose usual JSON library parses a body and serializes it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonLibrary {
    JavaScript,
    Python,
    Go,
    Php,
    Ruby,
}

impl JsonLibrary {
    pub const ALL: [Self; 5] = [Self::JavaScript, Self::Python, Self::Go, Self::Php, Self::Ruby];

    /// Returns the language's name as its users write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::JavaScript => "JavaScript",
            Self::Python => "Python",
            Self::Go => "Go",
            Self::Php => "PHP",
            Self::Ruby => "Ruby",
        }
    }

    /// Returns the simulated calls, without options.
    pub fn call(self) -> &'static str {
        match self {
            Self::JavaScript => "JSON.stringify(JSON.parse(body))",
            Self::Python => "json.dumps(json.loads(body))",
            Self::Go => "json.Marshal after json.Unmarshal into any",
            Self::Php => "json_encode(json_decode($body, true))",
            Self::Ruby => "JSON.generate(JSON.parse(body))",
        }
    }
}

/// First difference in the reserialized body, and its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReserializationChange {
    /// Byte of the original body.
    pub offset: usize,
    /// Phrase for the original text, such as "an escaped slash".
    pub what: &'static str,
    /// The language refuses the body, so that nothing is left to hash.
    pub refused: bool,
}

/// Returns the reserialized body; `None` if the body is not JSON, is nested too deeply, or if the
/// language fails.
pub fn rewritten(language: JsonLibrary, body: &[u8]) -> Option<Vec<u8>> {
    Reserialization::new(language, body).map(|rewrite| rewrite.writer.text.into_bytes())
}

/// Returns the first change, or why the language refuses the body; `None` if the bytes stay the
/// same, or the body is not meant to be JSON.
pub fn change(language: JsonLibrary, body: &[u8]) -> Option<ReserializationChange> {
    refusal::change(language, body)
}

/// Returns the first change of a body that every language reads.
fn plain_change(language: JsonLibrary, body: &[u8]) -> Option<ReserializationChange> {
    let rewrite = Reserialization::new(language, body)?;
    let written = rewrite.writer.text.as_bytes();
    let offset = body.iter().zip(written).take_while(|(was, is)| was == is).count();
    let same = offset == body.len() && offset == written.len();
    (!same).then(|| ReserializationChange { offset, what: rewrite.what(), refused: false })
}

/// A body and its reserialized form.
struct Reserialization<'b> {
    body: &'b str,
    tokens: Vec<Range<usize>>,
    writer: JsonWriter,
}

impl<'b> Reserialization<'b> {
    fn new(language: JsonLibrary, body: &'b [u8]) -> Option<Self> {
        let body = std::str::from_utf8(body).ok()?;
        // The grammar is checked here, so the rest need not report errors.
        if !json::is_valid(body.as_bytes()) {
            return None;
        }
        let tokens = read::tokens(body);
        let mut writer = JsonWriter::new(language);
        writer.value(read::value(language, body, &tokens)?)?;
        Some(Self { body, tokens, writer })
    }

    /// Finds the cause of the first difference by comparing both bodies token by token.
    fn what(&self) -> &'static str {
        let (mut body_end, mut written_end) = (0, 0);
        for (index, (token, written)) in self.tokens.iter().zip(&self.writer.tokens).enumerate() {
            let gap = self.body.get(body_end..token.start);
            if gap != self.writer.text.get(written_end..written.range.start) {
                return if index == 0 { AROUND } else { "whitespace between tokens" };
            }
            let was = self.body.get(token.clone()).unwrap_or_default();
            let is = self.writer.text.get(written.range.clone()).unwrap_or_default();
            if was != is {
                return self.reason(index, written, was, is);
            }
            (body_end, written_end) = (token.end, written.range.end);
        }
        AROUND
    }

    fn reason(&self, index: usize, written: &OutputToken, was: &str, is: &str) -> &'static str {
        if written.source != Some(index) {
            // Another token was written here. If this key appears later, it was moved; if not, it
            // was replaced by the last value of its key.
            let moved = self.writer.tokens.iter().any(|written| written.source == Some(index));
            return if moved { "key order" } else { "a repeated key" };
        }
        match was.as_bytes().first() {
            Some(b'{') => {
                let next = self.tokens.get(index + 1).and_then(|next| self.body.get(next.clone()));
                if next == Some("}") { "an empty object" } else { "an object that becomes a list" }
            }
            Some(b'"') => spelling(was, is),
            Some(b'-' | b'0'..=b'9') => "a number",
            _ => "another spelling",
        }
    }
}

const AROUND: &str = "white space around the value";

/// Describes the change in the spelling of a string.
fn spelling(was: &str, is: &str) -> &'static str {
    let same = was.bytes().zip(is.bytes()).take_while(|(was, is)| was == is).count();
    let mut chars = was.char_indices();
    while let Some((_, char)) = chars.next() {
        let escape = if char == '\\' { chars.next().map(|(_, escape)| escape) } else { None };
        if escape == Some('u') {
            chars.by_ref().take(4).for_each(drop);
        }
        // The first character that ends after the difference began.
        if chars.offset() <= same {
            continue;
        }
        return match (char, escape) {
            (_, Some('/')) => "an escaped slash",
            (_, Some(_)) => "an escape",
            ('/', _) => "a slash",
            ('<' | '>' | '&', _) => "one of <, > and &",
            ('\u{7f}', _) => "the delete character",
            _ if !char.is_ascii() => "characters beyond ASCII",
            _ => "another spelling",
        };
    }
    "another spelling"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bodies, each with the output of Node 20, Python 3.11, Go 1.27, PHP 8.2, and Ruby 3.4.
    const BODIES: &str = r#"
{ "a" : [ 1 , true ] }
{"a":[1,true]}
{"a": [1, true]}
{"a":[1,true]}
{"a":[1,true]}
{"a":[1,true]}

[{"a":-1e400,"a":null}]
[{"a":null}]
[{"a": null}]
error
[{"a":null}]
[{"a":null}]

{"b":1,"10":2,"a":3,"9":4,"01":5}
{"9":4,"10":2,"b":1,"a":3,"01":5}
{"b": 1, "10": 2, "a": 3, "9": 4, "01": 5}
{"01":5,"10":2,"9":4,"a":3,"b":1}
{"b":1,"10":2,"a":3,"9":4,"01":5}
{"b":1,"10":2,"a":3,"9":4,"01":5}

{"4294967295":1,"4294967294":2,"__proto__":3}
{"4294967294":2,"4294967295":1,"__proto__":3}
{"4294967295": 1, "4294967294": 2, "__proto__": 3}
{"4294967294":2,"4294967295":1,"__proto__":3}
{"4294967295":1,"4294967294":2,"__proto__":3}
{"4294967295":1,"4294967294":2,"__proto__":3}

{"a":1,"b":2,"a":3}
{"a":3,"b":2}
{"a": 3, "b": 2}
{"a":3,"b":2}
{"a":3,"b":2}
{"a":3,"b":2}

{"～":1,"😀":2}
{"～":1,"😀":2}
{"\uff5e": 1, "\ud83d\ude00": 2}
{"～":1,"😀":2}
{"\uff5e":1,"\ud83d\ude00":2}
{"～":1,"😀":2}

[{},{"a":{}}]
[{},{"a":{}}]
[{}, {"a": {}}]
[{},{"a":{}}]
[[],{"a":[]}]
[{},{"a":{}}]

[{"0":1,"1":2},{"1":1,"0":2},{"0":1,"0":2}]
[{"0":1,"1":2},{"0":2,"1":1},{"0":2}]
[{"0": 1, "1": 2}, {"1": 1, "0": 2}, {"0": 2}]
[{"0":1,"1":2},{"0":2,"1":1},{"0":2}]
[[1,2],{"1":1,"0":2},[2]]
[{"0":1,"1":2},{"1":1,"0":2},{"0":2}]

["é/\/😀","\u00E9\ud83d\ude00"]
["é//😀","é😀"]
["\u00e9//\ud83d\ude00", "\u00e9\ud83d\ude00"]
["é//😀","é😀"]
["\u00e9\/\/\ud83d\ude00","\u00e9\ud83d\ude00"]
["é//😀","é😀"]

["<a>&'"]
["<a>&'"]
["<a>&'"]
["\u003ca\u003e\u0026'"]
["<a>&'"]
["<a>&'"]

["\b\f\n\r\t\u000B\u0000\"\\\u0041"]
["\b\f\n\r\t\u000b\u0000\"\\A"]
["\b\f\n\r\t\u000b\u0000\"\\A"]
["\b\f\n\r\t\u000b\u0000\"\\A"]
["\b\f\n\r\t\u000b\u0000\"\\A"]
["\b\f\n\r\t\u000b\u0000\"\\A"]

[123456789012345678.5,1234567890123456.7,1747141075413989.2]
[123456789012345680,1234567890123456.8,1747141075413989.2]
[1.2345678901234568e+17, 1234567890123456.8, 1747141075413989.2]
[123456789012345680,1234567890123456.8,1747141075413989.2]
[1.2345678901234568e+17,1234567890123456.8,1747141075413989.2]
[1.2345678901234568e+17,1234567890123456.8,1747141075413989.2]

[9007199254740993,9223372036854775807,12345678901234567890,-9223372036854775809]
[9007199254740992,9223372036854776000,12345678901234567000,-9223372036854776000]
[9007199254740993, 9223372036854775807, 12345678901234567890, -9223372036854775809]
[9007199254740992,9223372036854776000,12345678901234567000,-9223372036854776000]
[9007199254740993,9223372036854775807,1.2345678901234567e+19,-9.223372036854776e+18]
[9007199254740993,9223372036854775807,12345678901234567890,-9223372036854775809]
"#;

    fn text(language: JsonLibrary, body: &str) -> Option<String> {
        rewritten(language, body.as_bytes()).map(|written| String::from_utf8(written).unwrap())
    }

    #[test]
    fn bodies_are_reserialized_as_by_the_languages() {
        for block in BODIES.trim().split("\n\n") {
            let (body, expected) = block.split_once('\n').unwrap();
            assert_eq!(expected.lines().count(), JsonLibrary::ALL.len());
            for (language, expected) in JsonLibrary::ALL.into_iter().zip(expected.lines()) {
                let written = text(language, body);
                let written = written.as_deref().unwrap_or("error");
                assert_eq!(written, expected, "{language:?} of {body}");
            }
        }
    }

    #[test]
    fn invisible_characters_are_reserialized() {
        for language in JsonLibrary::ALL {
            let delete = if language == JsonLibrary::Python { "\"\\u007f\"" } else { "\"\u{7f}\"" };
            assert_eq!(text(language, "\"\u{7f}\"").as_deref(), Some(delete), "{language:?}");
            let raw = matches!(language, JsonLibrary::JavaScript | JsonLibrary::Ruby);
            let separator = if raw { "\"\u{2028}\"" } else { "\"\\u2028\"" };
            assert_eq!(text(language, r#""\u2028""#).as_deref(), Some(separator), "{language:?}");
        }
    }

    #[test]
    fn invalid_and_deep_bodies_are_not_reserialized() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        for language in JsonLibrary::ALL {
            for body in ["", "{", "[1,]", "01", r#""\ud800""#, "{} {}", &nested(128)] {
                assert_eq!(text(language, body), None, "{language:?} of {body}");
            }
            assert_eq!(rewritten(language, b"\"\xff\""), None);
            assert!(text(language, &nested(100)).is_some());
            assert_eq!(text(language, &nested(127)).is_none(), language == JsonLibrary::Ruby);
        }
    }

    #[test]
    fn the_first_change_has_a_reason() {
        use JsonLibrary::{Go, JavaScript, Php, Python, Ruby};
        for (language, body, offset, what) in [
            (JavaScript, r#"{"a": 1}"#, 5, "whitespace between tokens"),
            (Python, r#"{"a":1}"#, 5, "whitespace between tokens"),
            (Ruby, "[1]\n", 3, "white space around the value"),
            (Go, " 1", 0, "white space around the value"),
            (Php, r#"["aé"]"#, 3, "characters beyond ASCII"),
            (Go, "[\"\u{2028}\"]", 2, "characters beyond ASCII"),
            (Ruby, r#"["a\/b"]"#, 3, "an escaped slash"),
            (Php, r#"["a\/b/"]"#, 6, "a slash"),
            (Go, r#"["a<b"]"#, 3, "one of <, > and &"),
            (JavaScript, r#"["\n\u00e9"]"#, 4, "an escape"),
            (Python, r#"["\u00E9"]"#, 6, "an escape"),
            (Python, "[\"\u{7f}\"]", 2, "the delete character"),
            (JavaScript, "[0,1.0]", 4, "a number"),
            (Python, "1e400", 0, "a number"),
            (JavaScript, r#"{"b":1,"2":1}"#, 2, "key order"),
            (Go, r#"{"b":1,"a":1,"b":2}"#, 2, "key order"),
            (Ruby, r#"{"a":1,"a":2}"#, 5, "a repeated key"),
            (Ruby, r#"{"a":1,"b":1,"a":1}"#, 12, "a repeated key"),
            (Php, r#"{"x":{"a":1},"x":{"b":1}}"#, 7, "a repeated key"),
            (Ruby, r#"{"x":{"a":1},"x":{"a":1,"b":1}}"#, 11, "a repeated key"),
            (Php, r#"{"a":{}}"#, 5, "an empty object"),
            (Php, r#"{"0":1}"#, 0, "an object that becomes a list"),
        ] {
            let expected = ReserializationChange { offset, what, refused: false };
            assert_eq!(change(language, body.as_bytes()), Some(expected), "{language:?} of {body}");
        }
        for language in JsonLibrary::ALL {
            assert_eq!(change(language, br#"{"a":"b"}"#).is_none(), language != Python);
            assert_eq!(change(language, b"a=b"), None);
        }
    }
}
