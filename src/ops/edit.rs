//! A delivery as a text file for the user's editor, and back.
//!
//! ```text
//! # Comments begin with a number sign and a blank.
//! :method: POST
//! :target: /webhooks?x=1
//! Content-Type: application/json
//! X-Odd:: Y2Fm6Q==
//! :body: json
//!
//! {
//!   "id": "a"
//! }
//! ```
//!
//! Everything that is not changed is read back byte for byte. To that end:
//!
//! - Method and target are fields of their own in the head; no header can begin with a colon.
//!   Headers keep their order, case, and repetition.
//! - A value that an editor could not keep (invalid UTF-8, control and invisible characters)
//!   follows two colons in base64, as in LDIF (RFC 2849).
//! - The body begins after the first empty line and ends before the last line end, which editors
//!   may add or not.
//! - `:body:` names its format. `json`: JSON received without white space, indented in the file and
//!   sent compact. `json-as-is`: JSON as it is. `text`: anything as it is, unchecked. `text-crlf`:
//!   text whose lines all end in CR LF when sent, which editors lose. `base64`: binary data, in
//!   lines of any length.
//! - `:encode:` names the content encodings of a body that is decoded in the file. They are applied
//!   again when it is sent.
//! - `Content-Length`, if present, is updated for the new body.

mod check;
mod parse;
mod run;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::delivery::Head;
use crate::payload::json::compact;
use crate::payload::{Document, DocumentForm, escape};
use crate::words::words;

pub use check::{CheckedEdit, check};
pub use parse::read;
pub use run::EditRun;

words! {
    /// Format of a body.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum BodyForm {
        Json = "json",
        JsonAsIs = "json-as-is",
        Text = "text",
        TextCrlf = "text-crlf",
        Base64 = "base64",
    }
}

impl BodyForm {
    fn explained(self) -> &'static str {
        match self {
            Self::Json => "JSON, formatted for editing; sent compact",
            Self::JsonAsIs => "JSON, sent as written",
            Self::Text => "text, sent as written",
            Self::TextCrlf => "text, sent with CRLF line ends",
            Self::Base64 => "base64 of a binary body",
        }
    }
}

/// Something in the file that cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditError {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, if known.
    pub column: Option<usize>,
    pub reason: String,
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some(column) => write!(f, "line {}, column {column}: {}", self.line, self.reason),
            None => write!(f, "line {}: {}", self.line, self.reason),
        }
    }
}

/// Line length of base64, as in mail (RFC 2045 section 6.8).
const BASE64_LINE: usize = 76;

/// Start of a line that reports a mistake.
const MISTAKE: &str = "# ! ";

/// Returns a delivery as a file; `about` is its first line, e.g. what will be re-signed.
pub fn write(head: &Head, body: &[u8], about: &str) -> String {
    write_decoded(head, body, about, None)
}

/// Returns a delivery with its decoded body as a file; `encoding` is applied again when it is read.
fn write_decoded(head: &Head, body: &[u8], about: &str, encoding: Option<&str>) -> String {
    let (form, text) = body_text(body);
    let mut out = String::with_capacity(head.raw.len() + text.len() + 512);
    let forms = format!(
        "The body is {}. Others: {}.",
        form.explained(),
        BodyForm::ALL.map(BodyForm::as_str).join(", ")
    );
    for line in [
        escape(about).as_ref(),
        "The head is above the first empty line, one field per line. Lines like these are",
        "ignored. Leave the file unchanged, or empty it, to send nothing.",
        forms.as_str(),
    ] {
        out.push_str("# ");
        out.push_str(line);
        out.push('\n');
    }
    push_field(&mut out, ":method", head.method.as_bytes());
    push_field(&mut out, ":target", &head.target);
    for header in &head.headers {
        push_field(&mut out, &header.name, &header.value);
    }
    if let Some(encoding) = encoding {
        push_field(&mut out, ":encode", encoding.as_bytes());
    }
    push_field(&mut out, ":body", form.as_str().as_bytes());
    out.push('\n');
    out.push_str(&text);
    out.push('\n');
    out
}

/// Returns the file with its mistakes at the top, in place of earlier ones.
pub fn with_mistakes(file: &str, mistakes: &[EditError]) -> String {
    let is_report = |line: &&str| line.starts_with(MISTAKE);
    let reports = file.lines().take_while(is_report).count();
    let mut out = String::with_capacity(file.len() + 256);
    for mistake in mistakes {
        let line = mistake.line + mistakes.len() - reports.min(mistake.line);
        let moved = EditError { line, ..mistake.clone() };
        out.push_str(MISTAKE);
        out.push_str(&escape(&moved.to_string()));
        out.push('\n');
    }
    out.extend(file.split_inclusive('\n').skip(reports));
    out
}

fn push_field(out: &mut String, name: &str, value: &[u8]) {
    out.push_str(name);
    match std::str::from_utf8(value) {
        Ok(text) if escape(text) == text && text.trim() == text => {
            out.push_str(": ");
            out.push_str(text);
        }
        _ => {
            out.push_str(":: ");
            out.push_str(&STANDARD.encode(value));
        }
    }
    out.push('\n');
}

fn body_text(body: &[u8]) -> (BodyForm, String) {
    let Some(text) = std::str::from_utf8(body).ok().filter(|text| is_editable(text)) else {
        let digits = STANDARD.encode(body).into_bytes();
        let lines = digits.chunks(BASE64_LINE).map(String::from_utf8_lossy);
        return (BodyForm::Base64, lines.collect::<Vec<_>>().join("\n"));
    };
    if text.contains('\r') {
        return (BodyForm::TextCrlf, text.replace("\r\n", "\n"));
    }
    let document = Document::new(Bytes::copy_from_slice(body), None, None);
    if document.form() != DocumentForm::Json || document.note().is_some() {
        return (BodyForm::Text, text.to_owned());
    }
    let laid_out = document.text();
    if compact(&laid_out) == text {
        (BodyForm::Json, laid_out)
    } else {
        (BodyForm::JsonAsIs, text.to_owned())
    }
}

/// Returns true if editors keep a text unchanged: no control characters except tabs and line ends
/// of one kind, and no byte order mark.
fn is_editable(text: &str) -> bool {
    let odd = |letter: char| letter.is_control() && !matches!(letter, '\t' | '\n' | '\r');
    let crlf = || text.split("\r\n").all(|line| !line.contains(['\r', '\n']));
    let one_kind = !text.contains('\r') || crlf();
    !text.contains(odd) && one_kind && !text.contains('\u{feff}')
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::delivery::Header;

    fn head(target: &str, headers: &[(&str, &[u8])]) -> Head {
        let header = |(name, value): &(&str, &[u8])| Header::new(*name, value.to_vec());
        Head::build("POST", target, &headers.iter().map(header).collect::<Vec<_>>())
    }

    fn back(head: &Head, body: &[u8]) {
        let file = write(head, body, "about\nit");
        let request =
            read(file.as_bytes()).unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{file}"));
        let parts = (&request.head.method, &request.head.target, &request.head.headers);
        assert_eq!(parts, (&head.method, &head.target, &head.headers), "{file}");
        assert_eq!(request.body, body, "{file}");
    }

    #[test]
    fn a_decoded_body_is_encoded_again() {
        let head = head("/", &[("Content-Encoding", b"gzip"), ("Content-Length", b"9")]);
        let file = write_decoded(&head, b"{\"a\":1}", "about", Some("gzip"));
        let request = read(file.replace("\"a\": 1", "\"a\": 2").as_bytes()).unwrap();
        let decoded = crate::payload::decoded_whole(&request.body, "gzip");
        assert_eq!(decoded.as_deref(), Some(&b"{\"a\":2}"[..]));
        let length = request.head.joined_text("content-length").unwrap();
        assert_eq!(length, request.body.len().to_string());
    }

    #[test]
    fn an_unchanged_file_round_trips() {
        let head = head(
            "/a?b=\u{202e}",
            &[
                ("X-b", b"1"),
                ("x-B", b""),
                ("#x", b"# y"),
                ("X-Odd", b"caf\xe9"),
                ("X-Tab", b"a\tb"),
            ],
        );
        for body in [
            &b""[..],
            b"\n",
            b"\r\n\r\n",
            b"a\rb",
            b"a\r\nb\nc",
            b"{\r\n}\r\n",
            b"# no comment\n\n\nend\n",
            b"{\"a\":[1.0,{}],\"a\":\"\\/ \"}",
            b"{ \"a\" : 1 }\n",
            b"[]",
            b"{\"a\":",
            b"\x00\xff",
            b"\x1b[31m",
            "\u{feff}{}".as_bytes(),
            "’🐅 \u{202e}".as_bytes(),
        ] {
            back(&head, body);
        }
    }

    #[test]
    fn compact_json_is_indented_and_sent_compact() {
        let file = write(&head("/", &[]), br#"{"a":[1,2]}"#, "");
        assert!(file.ends_with(":body: json\n\n{\n  \"a\": [\n    1,\n    2\n  ]\n}\n"), "{file}");
        let changed = file.replace("    2\n", "    2.50,\n\t\"x y\"\n");
        assert_eq!(read(changed.as_bytes()).unwrap().body, r#"{"a":[1,2.50,"x y"]}"#);
    }

    #[test]
    fn content_length_is_updated_for_the_new_body() {
        let file = write(&head("/", &[("content-LENGTH", b"2")]), b"ab", "");
        assert!(file.contains("content-LENGTH: 2"), "{file}");
        let request = read(file.replace("\nab\n", "\nabcd\n").as_bytes()).unwrap();
        assert_eq!(request.head.joined("content-length").unwrap(), "4");
    }

    #[test]
    fn mistakes_at_the_top_have_the_lines_of_the_annotated_file() {
        let file = write(&head("/", &[("X-A", b"1")]), br#"{"a":1}"#, "").replace("X-A:", "X A:");
        let mistakes = read(file.as_bytes()).unwrap_err();
        let once = with_mistakes(&file, &mistakes);
        let again = with_mistakes(&once, &read(once.as_bytes()).unwrap_err());
        assert_eq!(once, again);
        let line = read(once.as_bytes()).unwrap_err()[0].line;
        assert!(once.lines().nth(line - 1).unwrap().starts_with("X A:"));
        assert!(once.starts_with(&format!("# ! line {line}")), "{once}");
        assert_eq!(with_mistakes(&once, &[]), file);
    }

    proptest! {
        #[test]
        fn any_delivery_round_trips(
            body in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..200),
                "[ -~\r\n\t]{0,200}".prop_map(String::into_bytes),
                r#"[\[{"a:,1\\ \n}\]]{0,40}"#.prop_map(String::into_bytes),
            ],
            value in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            // Bytes that a header value can contain (RFC 9110 section 5.5).
            let value: Vec<u8> = value.into_iter().filter(|byte| *byte >= b' ' && *byte != 0x7f).collect();
            let value = Bytes::copy_from_slice(value.trim_ascii());
            back(&Head::build("POST", "/", &[Header::new("X-Any", value)]), &body);
        }

        #[test]
        fn no_file_makes_it_panic(file in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&file);
        }

        #[test]
        fn a_parsed_file_round_trips(
            head in "(:method: [A-Z]{1,5}\n)(:target: /[a-z%?]{0,6}\n)([A-Za-z-]{1,6}::? ?[ -~]{0,8}\n){0,4}",
            form in "(:body: (json|json-as-is|text|text-crlf|base64)\n)?",
            body in "[\\[\\]{}\":,0-9aA= \n\r\t]{0,30}",
        ) {
            let file = format!("{head}{form}\n{body}");
            if let Ok(request) = read(file.as_bytes()) {
                let again = read(write(&request.head, &request.body, "").as_bytes()).unwrap();
                prop_assert_eq!(&again.head.headers, &request.head.headers, "{:?}", file);
                prop_assert_eq!(again.head.target, request.head.target, "{:?}", file);
                prop_assert_eq!(again.body, request.body, "{:?}", file);
            }
        }
    }
}
