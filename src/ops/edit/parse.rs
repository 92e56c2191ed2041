//! Parses the file back to a request, and reports every mistake in the head at once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::IgnoredAny;

use super::{BodyForm, EditError};
use crate::delivery::{Head, Header, is_token};
use crate::outbound::Request;
use crate::payload::encoded;
use crate::payload::json::compact;

/// Reads a file in the format of [`super::write`].
pub fn read(file: &[u8]) -> Result<Request, Vec<EditError>> {
    let file = file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file);
    let mut fields = Fields::default();
    let mut rest = file;
    let mut number = 0;
    let mut windows = false;
    let body = loop {
        number += 1;
        let Some(end) = memchr::memchr(b'\n', rest) else {
            let why = "no empty line between head and body";
            fields.mistakes.push(mistake(number, why));
            break &b""[..];
        };
        let (line, behind) = rest.split_at_checked(end).unwrap_or((rest, b""));
        rest = behind.get(1..).unwrap_or_default();
        let bare = line.strip_suffix(b"\r").unwrap_or(line);
        windows |= bare.len() < line.len();
        if bare.is_empty() {
            break rest;
        }
        fields.take(bare, number);
    };
    // Line end that editors add after the last line.
    let last: &[u8] = if windows { b"\r\n" } else { b"\n" };
    let body = body.strip_suffix(last).unwrap_or(body);
    let body = fields.body(body, number);
    fields.request(body)
}

fn mistake(line: usize, reason: impl Into<String>) -> EditError {
    EditError { line, column: None, reason: reason.into() }
}

/// Fields of the head.
#[derive(Default)]
struct Fields {
    method: Option<String>,
    target: Option<Vec<u8>>,
    form: Option<BodyForm>,
    /// Content encodings to apply to the body.
    encoding: Option<String>,
    headers: Vec<Header>,
    mistakes: Vec<EditError>,
}

impl Fields {
    fn take(&mut self, line: &[u8], number: usize) {
        if line == b"#" || line.starts_with(b"# ") {
            return;
        }
        if let Err(reason) = self.field(line) {
            self.mistakes.push(mistake(number, reason));
        }
    }

    fn field(&mut self, line: &[u8]) -> Result<(), String> {
        let expected =
            "expected `Name: value`, `Name:: base64`, or a comment that begins with `# `";
        // The very first colon may belong to the name.
        let colon = line.iter().skip(1).position(|&byte| byte == b':').ok_or(expected)? + 1;
        let (name, value) = line.split_at_checked(colon).ok_or(expected)?;
        let name = std::str::from_utf8(name).map_err(|_| expected)?;
        let value = match value.strip_prefix(b"::") {
            Some(digits) => STANDARD
                .decode(digits.trim_ascii())
                .map_err(|error| format!("invalid base64 after `::`: {error}"))?,
            None => value.get(1..).unwrap_or_default().trim_ascii().to_vec(),
        };
        match name {
            ":method" => self.method = Some(method(value)?),
            ":target" => self.target = Some(target(value)?),
            ":body" => self.form = Some(form(&value)?),
            ":encode" => self.encoding = Some(encoding(value)?),
            name => self.headers.push(header(name, value)?),
        }
        Ok(())
    }

    fn body(&mut self, body: &[u8], head_lines: usize) -> Bytes {
        let read = match self.form.unwrap_or(BodyForm::Text) {
            BodyForm::Text => Ok(body.to_vec()),
            BodyForm::TextCrlf => Ok(with_crlf(body)),
            BodyForm::JsonAsIs => json(body, head_lines).map(|text| text.as_bytes().to_vec()),
            BodyForm::Json => json(body, head_lines).map(|text| compact(text).into_bytes()),
            BodyForm::Base64 => {
                let digits: Vec<u8> =
                    body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
                STANDARD.decode(digits).map_err(|error| {
                    mistake(head_lines + 1, format!("the body is not base64: {error}"))
                })
            }
        };
        let read = read.unwrap_or_else(|mistake| {
            self.mistakes.push(mistake);
            Vec::new()
        });
        let encoding = self.encoding.as_deref();
        encoding.and_then(|encoding| encoded(&read, encoding)).unwrap_or_else(|| read.into())
    }

    fn request(mut self, body: Bytes) -> Result<Request, Vec<EditError>> {
        for (name, there) in [
            (":method", self.method.is_some()),
            (":target", self.target.is_some()),
            (":body", self.form.is_some()),
        ] {
            if !there && self.mistakes.is_empty() {
                self.mistakes.push(mistake(1, format!("the head has no `{name}:`")));
            }
        }
        let (Some(method), Some(target), true) =
            (self.method, self.target, self.mistakes.is_empty())
        else {
            return Err(self.mistakes);
        };
        for header in self.headers.iter_mut().filter(|header| header.is("content-length")) {
            header.value = body.len().to_string().into();
        }
        Ok(Request { head: Head::build(&method, target, &self.headers), body })
    }
}

fn method(value: Vec<u8>) -> Result<String, String> {
    let word = String::from_utf8(value).ok().filter(|word| is_token(word.as_bytes()));
    word.ok_or_else(|| "the method must be one word, e.g. POST".to_owned())
}

fn target(value: Vec<u8>) -> Result<Vec<u8>, String> {
    let odd = |byte: &u8| *byte <= b' ' || *byte == 0x7f;
    if value.is_empty() || value.iter().any(odd) {
        return Err("the target must be a path without spaces, e.g. /webhooks?x=1".to_owned());
    }
    Ok(value)
}

fn form(value: &[u8]) -> Result<BodyForm, String> {
    let known = std::str::from_utf8(value).ok().and_then(BodyForm::from_word);
    known.ok_or_else(|| {
        let names = BodyForm::ALL.map(BodyForm::as_str).join(", ");
        format!("unknown body form: expected one of {names}")
    })
}

fn encoding(value: Vec<u8>) -> Result<String, String> {
    let known = String::from_utf8(value).ok().filter(|names| encoded(b"", names).is_some());
    known.ok_or_else(|| {
        "unknown content encoding: expected gzip, deflate, br, or zstd; or remove this line to send \
         the body as written"
            .to_owned()
    })
}

fn header(name: &str, value: Vec<u8>) -> Result<Header, String> {
    if name.starts_with(':') {
        return Err("unknown field: expected :method, :target, :encode, or :body".to_owned());
    }
    if !is_token(name.as_bytes()) {
        return Err(format!("invalid header name `{name}`"));
    }
    if value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return Err(format!("the value of {name} contains a line break"));
    }
    Ok(Header::new(name, value))
}

/// Returns the same lines, each ended by CR LF.
fn with_crlf(body: &[u8]) -> Vec<u8> {
    let lines = body.split(|&byte| byte == b'\n');
    let bare = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    bare.collect::<Vec<_>>().join(&b"\r\n"[..])
}

/// Returns the body as text if it is JSON.
fn json(body: &[u8], head_lines: usize) -> Result<&str, EditError> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let before = body.get(..error.valid_up_to()).unwrap_or_default();
        let line = head_lines + 1 + memchr::memchr_iter(b'\n', before).count();
        mistake(line, "the body is not UTF-8, so it is not JSON")
    })?;
    let checked = serde_json::from_str::<IgnoredAny>(text).map(drop);
    checked.map(|()| text).map_err(|error| {
        let (line, column) = place(text, &error);
        let reason = without_place(&error.to_string());
        let way_out = "to send it anyway, write `:body: text` in the head";
        EditError {
            line: head_lines + line,
            column: Some(column),
            reason: format!("{reason}; {way_out}"),
        }
    })
}

/// Returns the line and column of an error. An error at a line end belongs to the line it ends.
fn place(text: &str, error: &serde_json::Error) -> (usize, usize) {
    match (error.line(), error.column()) {
        (line, 0) if line > 1 => {
            let ended = text.lines().nth(line - 2).unwrap_or_default();
            (line - 1, ended.len() + 1)
        }
        (line, column) => (line.max(1), column.max(1)),
    }
}

/// Returns the message of a JSON error without its position, which counts from the start of the
/// body.
fn without_place(text: &str) -> String {
    text.split(" at line ").next().unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(file: &str) -> Vec<String> {
        read(file.as_bytes()).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_mistake_has_its_line() {
        let file = "# x\n:method: PO ST\n:target: /a b\nno colon\nX(: 1\nX-Y:: ???\n:body: xml\n\
                    :other: 1\nX-Z:: YQpi\n\nbody";
        let lines: Vec<_> =
            messages(file).iter().map(|one| one.split(':').next().unwrap().to_owned()).collect();
        assert_eq!(
            lines,
            ["line 2", "line 3", "line 4", "line 5", "line 6", "line 7", "line 8", "line 9"]
        );
        assert_eq!(messages(":method: POST\n"), ["line 2: no empty line between head and body"]);
        assert_eq!(messages(":method: POST\n:target: /\n\n"), ["line 1: the head has no `:body:`"]);
        assert_eq!(messages("\n"), ["line 1: the head has no `:method:`",]);
    }

    #[test]
    fn json_errors_have_their_line_in_the_file() {
        let file = ":method: POST\n:target: /\n:body: json\n\n{\n  \"a\": 1,\n  \"b\": tru\n}\n";
        let [mistake] = &read(file.as_bytes()).unwrap_err()[..] else { panic!("not one") };
        assert_eq!((mistake.line, mistake.column), (7, Some(11)), "{mistake}");
        assert!(mistake.reason.contains(":body: text") && !mistake.reason.contains("at line"));
        let unchecked = file.replace("json", "text");
        assert!(read(unchecked.as_bytes()).unwrap().body.ends_with(b"tru\n}"));
    }

    #[test]
    fn an_unknown_encoding_is_reported() {
        let file = ":method: POST\n:target: /\n:encode: lzma\n:body: text\n\nx\n";
        assert!(messages(file)[0].starts_with("line 3: unknown content encoding"));
    }

    #[test]
    fn files_with_crlf_are_read() {
        let file = "\u{feff}:method: POST\r\n:target: /\r\nX-A: 1\r\n:body: text\r\n\r\na\r\nb\r\n";
        let request = read(file.as_bytes()).unwrap();
        assert_eq!(
            (&request.body[..], request.head.joined("x-a").unwrap()),
            (&b"a\r\nb"[..], "1".into())
        );
    }
}
