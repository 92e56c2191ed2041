//! Formats to copy a delivery in: one table for the dashboard's menu, `show --as`, and the docs.

use bytes::Bytes;

use super::credentials::{is_signature, provider_of};
use super::snippet::{self, Snippet};
use super::{curl, httpie, without_credentials};
use crate::delivery::{Delivery, Header};
use crate::payload::Document;
use crate::provider::Provider;

/// What is copied, and how.
#[derive(Debug, Clone, Copy)]
pub struct CopySource<'d> {
    pub delivery: &'d Delivery,
    /// Providers besides those that are built in; they come first.
    pub providers: &'d [Provider],
    /// Where commands send to: a URL without a path.
    pub base: &'d str,
    /// Whether signatures and credentials are copied along. The payload is what it is, and a
    /// program that verifies has the signature in it, since it verifies that.
    pub with_signature: bool,
}

/// A format to copy a delivery in.
#[derive(Debug)]
pub struct CopyFormat {
    /// The word for the command line.
    pub name: &'static str,
    /// The word for a menu.
    pub title: &'static str,
    pub help: &'static str,
    pub needs: CopyNeeds,
    write: Write,
}

/// What a delivery must have to be copied in a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyNeeds {
    Nothing,
    Body,
    EventId,
    /// That it was not refused, since then its body was not kept.
    Whole,
}

#[derive(Debug)]
enum Write {
    Payload,
    Pretty,
    Headers,
    EventId,
    Signature,
    Curl,
    Httpie(&'static str),
    Http,
    Snippet(Snippet),
}

const fn format(
    name: &'static str,
    title: &'static str,
    help: &'static str,
    needs: CopyNeeds,
    write: Write,
) -> CopyFormat {
    CopyFormat { name, title, help, needs, write }
}

/// The format of a program in some language.
macro_rules! verifier {
    ($name:literal, $language:literal, $snippet:expr) => {
        format(
            $name,
            concat!("verify in ", $language),
            concat!("a program for ", $language, " that verifies it"),
            Whole,
            Write::Snippet($snippet),
        )
    };
}

use CopyNeeds::{Body, EventId, Nothing, Whole};

/// Every format, in the order of a menu.
#[rustfmt::skip] // a row is a line
pub const COPY_FORMATS: &[CopyFormat] = &[
    format("payload", "payload", "the body, byte for byte", Body, Write::Payload),
    format("pretty", "payload, formatted", "the body as it is shown", Body, Write::Pretty),
    format("headers", "headers", "the header lines", Nothing, Write::Headers),
    format("event-id", "event id", "the event id", EventId, Write::EventId),
    format("signature", "signature", "the value of the provider's signature header", Nothing, Write::Signature),
    format("curl", "curl command", "a curl command that sends the same bytes", Whole, Write::Curl),
    format("httpie", "HTTPie", "an HTTPie command that sends it", Whole, Write::Httpie("http")),
    format("xh", "xh", "an xh command that sends it", Whole, Write::Httpie("xh")),
    format("http", "raw HTTP", "head and body as on the wire", Whole, Write::Http),
    verifier!("node", "Node", snippet::NODE),
    verifier!("python", "Python", snippet::PYTHON),
    verifier!("go", "Go", snippet::GO),
    verifier!("ruby", "Ruby", snippet::RUBY),
    verifier!("php", "PHP", snippet::PHP),
    verifier!("rust", "Rust", snippet::RUST),
];

/// The copy format of a name.
pub fn copy_format(name: &str) -> Option<&'static CopyFormat> {
    COPY_FORMATS.iter().find(|format| format.name == name)
}

impl CopyFormat {
    /// Whether it is a command, without the line end that a shell wants.
    pub fn is_command(&self) -> bool {
        matches!(self.write, Write::Curl | Write::Httpie(_))
    }

    /// The copy, or the reason why there is none. It is text, except for a payload that is not.
    pub fn write(&self, source: &CopySource<'_>) -> Result<Bytes, String> {
        let delivery = source.delivery;
        if let Some(refusal) = &delivery.summary.request.refused
            && self.needs == Whole
        {
            return Err(refusal.incomplete_reason());
        }
        let text = match &self.write {
            Write::Payload => return Ok(delivery.body.clone()),
            Write::Pretty => pretty(delivery),
            Write::Headers => return Ok(header_lines(&source.shared().head.headers)),
            Write::EventId => {
                delivery.summary.event.id.clone().ok_or("this delivery has no event id")?
            }
            Write::Signature => signature(source)?,
            Write::Curl => curl::command(&source.shared(), source.base),
            Write::Httpie(program) => httpie::command(program, &source.shared(), source.base)?,
            Write::Http => {
                let shared = source.shared();
                return Ok([&shared.head.raw[..], &shared.body].concat().into());
            }
            Write::Snippet(snippet) => {
                let unknown = "the provider of this delivery is not known, so neither is its \
                               signature scheme";
                let provider = provider_of(delivery, source.providers).ok_or(unknown)?;
                snippet.write(delivery, provider)?
            }
        };
        Ok(text.into())
    }
}

impl CopySource<'_> {
    /// The delivery as it may be passed on.
    fn shared(&self) -> Delivery {
        if self.with_signature {
            self.delivery.clone()
        } else {
            without_credentials(self.delivery, self.providers)
        }
    }
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

fn signature(source: &CopySource<'_>) -> Result<String, &'static str> {
    let scheme = provider_of(source.delivery, source.providers).map(|provider| &provider.scheme);
    let headers = source.delivery.head.headers.iter();
    let own = headers.filter(|header| scheme.is_some_and(|scheme| is_signature(scheme, header)));
    let values: Vec<String> = own.map(|header| header.text().into_owned()).collect();
    if values.is_empty() {
        Err("this delivery has no signature header")
    } else {
        Ok(values.join(", "))
    }
}
