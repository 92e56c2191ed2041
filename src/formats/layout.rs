//! JSON for people and for `git diff`: one value per line, except pairs, and without characters
//! that a terminal interprets.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use crate::payload::escape;

/// Returns a value as indented JSON with a line end.
pub(super) fn pretty(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut out, Lines::default());
    // Text, numbers, and lists always serialize.
    let _ = value.serialize(&mut serializer);
    out.push(b'\n');
    let text = String::from_utf8(out).unwrap_or_default();
    text.split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => format!("{}\n", escape_unsafe(line.to_owned())),
            None => escape_unsafe(line.to_owned()),
        })
        .collect()
}

/// Escapes characters that a terminal interprets or hides. They occur only in strings, because the
/// rest of JSON is ASCII.
pub(super) fn escape_unsafe(line: String) -> String {
    if matches!(escape(&line), Cow::Borrowed(_)) {
        return line;
    }
    let mut out = String::with_capacity(line.len() + 64);
    for character in line.chars() {
        let shown = escape(character.encode_utf8(&mut [0; 4])).len() == character.len_utf8();
        if shown {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// Like `PrettyFormatter`, but an array in an array stays on one line.
#[derive(Default)]
struct Lines {
    pretty: PrettyFormatter<'static>,
    arrays: usize,
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.arrays += 1;
        if self.arrays > 1 { out.write_all(b"[") } else { self.pretty.begin_array(out) }
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.arrays -= 1;
        if self.arrays > 0 { out.write_all(b"]") } else { self.pretty.end_array(out) }
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        match (self.arrays > 1, first) {
            (false, _) => self.pretty.begin_array_value(out, first),
            (true, true) => Ok(()),
            (true, false) => out.write_all(b", "),
        }
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        if self.arrays > 1 { Ok(()) } else { self.pretty.end_array_value(out) }
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.begin_object(out)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.end_object(out)
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.pretty.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pairs_stay_on_a_line_and_invisible_characters_are_escaped() {
        let text = pretty(&json!({"a": [["x", "\u{202e}"], ["y", "2"]], "b": "\u{1b}"}));
        let expected = "{\n  \"a\": [\n    [\"x\", \"\\u202e\"],\n    [\"y\", \"2\"]\n  ],\n  \
                        \"b\": \"\\u001b\"\n}\n";
        assert_eq!(text, expected);
    }
}
