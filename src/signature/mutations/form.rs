//! The same form, encoded by another library.

use std::fmt::Write as _;

use super::Accept;
use crate::payload::form;
use crate::signature::Cause;

/// An encoder of forms, as common libraries differ.
#[derive(Clone, Copy)]
struct Encoder {
    name: &'static str,
    /// Text of a space.
    space: &'static str,
    /// Characters left as they are, besides letters and digits.
    plain: &'static [u8],
    lower_case: bool,
}

const ENCODERS: [Encoder; 6] = [
    Encoder { name: "URLSearchParams", space: "+", plain: b"*-._", lower_case: false },
    Encoder { name: "Python's urlencode", space: "+", plain: b"-._~", lower_case: false },
    Encoder { name: "PHP's http_build_query", space: "+", plain: b"-._", lower_case: false },
    Encoder { name: "RFC 3986", space: "%20", plain: b"-._~", lower_case: false },
    Encoder {
        name: "JavaScript's encodeURIComponent",
        space: "%20",
        plain: b"-._~!*'()",
        lower_case: false,
    },
    Encoder { name: ".NET's UrlEncode", space: "+", plain: b"-._!*()", lower_case: true },
];

/// Tries the same fields in other encodings, and sorted.
pub(super) fn bodies(body: &[u8], accept: &mut Accept<'_>) -> bool {
    let is_form = body.contains(&b'=') && body.iter().all(u8::is_ascii_graphic);
    if !is_form || body.starts_with(b"{") {
        return false;
    }
    let fields = form::fields(body);
    let mut sorted = fields.clone();
    sorted.sort();
    for encoder in ENCODERS {
        let how =
            format_args!("the form was decoded and encoded again; {} was signed", encoder.name);
        if accept(Cause::BodyFormEncoding, how, encoder.encode(&fields).as_bytes()) {
            return true;
        }
        let how = format_args!("the fields of the form were reordered; they were signed sorted");
        if accept(Cause::BodyFormEncoding, how, encoder.encode(&sorted).as_bytes()) {
            return true;
        }
    }
    false
}

impl Encoder {
    fn encode(self, fields: &[(String, String)]) -> String {
        let mut out = String::new();
        for (name, value) in fields {
            if !out.is_empty() {
                out.push('&');
            }
            self.push(&mut out, name);
            out.push('=');
            self.push(&mut out, value);
        }
        out
    }

    fn push(self, out: &mut String, text: &str) {
        for byte in text.bytes() {
            // Writing to a String cannot fail.
            let _ = match byte {
                b' ' => out.write_str(self.space),
                _ if byte.is_ascii_alphanumeric() || self.plain.contains(&byte) => {
                    out.write_char(char::from(byte))
                }
                _ if self.lower_case => write!(out, "%{byte:02x}"),
                _ => write!(out, "%{byte:02X}"),
            };
        }
    }
}
