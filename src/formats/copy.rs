//! What a delivery can be copied as: one table for the dashboard's menu, `show --as` and the docs.

use bytes::Bytes;

use super::snippet::{self, Snippet};
use super::{curl, httpie};
use crate::delivery::{Delivery, Header};
use crate::payload::{Document, pointer};
use crate::provider::{self, Provider, Scheme, ValueLocation};

/// What is copied, and how.
#[derive(Debug, Clone, Copy)]
pub struct CopySource<'d> {
    pub delivery: &'d Delivery,
    /// Whose it is, where that is known.
    pub provider: Option<&'d Provider>,
    /// Where commands send to: a URL without a path.
    pub base: &'d str,
    /// Whether signatures and credentials are copied along. Payload and headers are what they are,
    /// and a program that verifies has the signature in it, since it verifies that.
    pub with_signature: bool,
}

/// A form to copy a delivery in.
#[derive(Debug)]
pub struct CopyFormat {
    /// The word for the command line.
    pub name: &'static str,
    /// The word for a menu.
    pub title: &'static str,
    pub help: &'static str,
    write: Write,
}

#[derive(Debug)]
enum Write {
    Payload,
    Pretty,
    Headers,
    Curl,
    Httpie(&'static str),
    Http,
    Snippet(Snippet),
}

const fn format_of(
    name: &'static str,
    title: &'static str,
    help: &'static str,
    write: Write,
) -> CopyFormat {
    CopyFormat { name, title, help, write }
}

/// The form of a program in some language.
macro_rules! verifier {
    ($name:literal, $language:literal, $snippet:expr) => {
        format_of(
            $name,
            concat!("verify in ", $language),
            concat!("a program for ", $language, " that verifies it"),
            Write::Snippet($snippet),
        )
    };
}

/// Every form, in the order of a menu.
pub const FORMATS: &[CopyFormat] = &[
    format_of("payload", "payload", "the body, byte for byte", Write::Payload),
    format_of("pretty", "payload, formatted", "the body as it is shown", Write::Pretty),
    format_of("headers", "headers", "the header lines as received", Write::Headers),
    format_of("curl", "curl", "a curl command that sends the same bytes", Write::Curl),
    format_of("httpie", "HTTPie", "an HTTPie command that sends it", Write::Httpie("http")),
    format_of("xh", "xh", "an xh command that sends it", Write::Httpie("xh")),
    format_of("http", "raw HTTP", "head and body as on the wire", Write::Http),
    verifier!("node", "Node", snippet::NODE),
    verifier!("python", "Python", snippet::PYTHON),
    verifier!("go", "Go", snippet::GO),
    verifier!("ruby", "Ruby", snippet::RUBY),
    verifier!("php", "PHP", snippet::PHP),
    verifier!("rust", "Rust", snippet::RUST),
];

/// The form of a name.
pub fn format(name: &str) -> Option<&'static CopyFormat> {
    FORMATS.iter().find(|format| format.name == name)
}

impl CopyFormat {
    /// Whether it is a command, without the line end that a shell wants.
    pub fn is_command(&self) -> bool {
        matches!(self.write, Write::Curl | Write::Httpie(_))
    }

    /// The copy, or why there can be none. Text but for a payload that is not.
    pub fn write(&self, copied: &CopySource<'_>) -> Result<Bytes, String> {
        let delivery = copied.delivery;
        if let Some(refusal) = &delivery.summary.request.refused
            && (self.is_command() || matches!(self.write, Write::Snippet(_)))
        {
            return Err(refusal.incomplete_reason());
        }
        let text = match &self.write {
            Write::Payload => return Ok(delivery.body.clone()),
            Write::Pretty => pretty(delivery),
            Write::Headers => return Ok(header_lines(&delivery.head.headers)),
            Write::Curl => {
                let (shown, leave_out) = copied.shown();
                curl::command(&shown, copied.base, &leave_out)
            }
            Write::Httpie(program) => {
                let (shown, leave_out) = copied.shown();
                httpie::command(program, &shown, copied.base, &leave_out)?
            }
            Write::Http => {
                let (shown, leave_out) = copied.shown();
                return Ok(raw(&shown, &leave_out));
            }
            Write::Snippet(snippet) => {
                let unknown = "it is not known whose delivery this is, so neither is how it is \
                               signed";
                let provider = copied.provider.ok_or(unknown)?;
                snippet.write(delivery, provider)?
            }
        };
        Ok(text.into())
    }
}

impl<'d> CopySource<'d> {
    /// What is copied of it, and the headers that are left out.
    fn shown(&self) -> (Delivery, Vec<&'d str>) {
        let mut shown = self.delivery.clone();
        if self.with_signature {
            return (shown, Vec::new());
        }
        let places = self.provider.iter().flat_map(|provider| &provider.scheme.signature);
        for place in places {
            if let ValueLocation::Json(path) = place
                && let Some(emptied) = pointer::with_string(&shown.body, path, "")
            {
                shown.body = emptied.into();
            }
        }
        let headers = self.delivery.head.headers.iter();
        let secret = headers.filter(|header| self.is_secret(header));
        (shown, secret.map(|header| header.name.as_str()).collect())
    }

    /// Whether a header is a signature of any provider, or credentials.
    fn is_secret(&self, header: &Header) -> bool {
        let mine = self.provider.map(|provider| &provider.scheme);
        let mut schemes = mine.into_iter().chain(provider::all().iter().map(|one| &one.scheme));
        header.is("cookie")
            || header.is("authorization")
            || header.is("proxy-authorization")
            || schemes.any(|scheme| signs_in(scheme, header))
    }
}

fn signs_in(scheme: &Scheme, header: &Header) -> bool {
    scheme
        .signature_headers()
        .any(|name| header.is(name) || scheme.alias(name).is_some_and(|alias| header.is(&alias)))
}

/// The body as it is shown.
fn pretty(delivery: &Delivery) -> String {
    let kind = delivery.head.joined_text("content-type");
    let coding = delivery.head.joined_text("content-encoding");
    Document::new(delivery.body.clone(), kind.as_deref(), coding.as_deref()).text()
}

fn header_lines(headers: &[Header]) -> Bytes {
    let mut out = Vec::new();
    for header in headers {
        out.extend_from_slice(header.name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(&header.value);
        out.push(b'\n');
    }
    out.into()
}

/// Head and body as they came, without the lines of some headers.
fn raw(delivery: &Delivery, leave_out: &[&str]) -> Bytes {
    let kept = |line: &&[u8]| {
        let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
        !leave_out.iter().any(|one| one.as_bytes().eq_ignore_ascii_case(name))
    };
    let lines = delivery.head.raw.split_inclusive(|&byte| byte == b'\n').filter(kept);
    lines.chain([&delivery.body[..]]).flatten().copied().collect()
}
