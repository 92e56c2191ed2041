//! Formats for copying a delivery: one table for the dashboard's menu, `show --as`, and the docs.

use std::sync::Arc;

use bytes::Bytes;

use super::credentials::{is_signature, provider_of, sends_secret};
use super::httpie::{self, CommandError};
use super::snippet::{self, Snippet, SnippetError};
use super::{curl, shell, without_credentials};
use crate::delivery::{Delivery, Head, Header};
use crate::payload::Document;
use crate::provider::Provider;

/// Delivery to copy, and the options for it.
#[derive(Debug, Clone, Copy)]
pub struct CopySource<'d> {
    pub delivery: &'d Delivery,
    /// Custom providers, which come before the built-in ones.
    pub providers: &'d [Arc<Provider>],
    /// Target of commands: a URL without a path.
    pub base: &'d str,
    /// Include signatures and credentials. A payload is copied unchanged, and a program that
    /// verifies always includes the signature it verifies.
    pub with_signature: bool,
}

/// A format for copying a delivery.
#[derive(Debug)]
pub struct CopyFormat {
    /// Name on the command line.
    pub name: &'static str,
    /// Title in a menu.
    pub title: &'static str,
    pub help: &'static str,
    pub needs: CopyNeeds,
    write: Write,
}

/// Requirement on a delivery to be copied in a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyNeeds {
    Nothing,
    Body,
    EventId,
    /// Not refused, because the body of a refused delivery is not stored.
    Whole,
}

#[derive(Debug)]
enum Write {
    Payload,
    Pretty,
    Headers,
    EventId,
    Signature,
    Url,
    ConfirmationUrl,
    Curl,
    Httpie(&'static str),
    Http,
    Snippet(Snippet),
}

/// Reason why a delivery has no copy in a format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CopyError {
    #[error("{0}")]
    Refused(String),
    #[error("this delivery has no event id")]
    NoEventId,
    #[error("this delivery has no URL to open: it is not a handshake with such a URL")]
    NoLink,
    #[error("`{url}` is not HTTPS on {hosts}: do not open it")]
    ForeignLink { url: String, hosts: String },
    #[error("this delivery has no signature header")]
    NoSignature,
    #[error("its provider sends the secret itself, which is copied only with credentials")]
    SecretIsSent,
    #[error("it contains a configured secret ({name}), which is copied only with credentials")]
    ContainsSecret { name: String },
    #[error("the provider of this delivery is not known, so neither is its signature scheme")]
    UnknownProvider,
    #[error(transparent)]
    Command(#[from] CommandError),
    #[error(transparent)]
    Snippet(#[from] SnippetError),
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

/// Defines the format of a verification program in a language.
macro_rules! verifier {
    ($name:literal, $language:literal, $snippet:expr) => {
        format(
            $name,
            concat!("verify in ", $language),
            concat!($language, " program that verifies it"),
            Whole,
            Write::Snippet($snippet),
        )
    };
}

use CopyNeeds::{Body, EventId, Nothing, Whole};

/// All formats, in the order of the menu.
#[rustfmt::skip] // a row is a line
pub const COPY_FORMATS: &[CopyFormat] = &[
    format("payload", "payload", "body, byte for byte", Body, Write::Payload),
    format("pretty", "payload, formatted", "body, formatted", Body, Write::Pretty),
    format("headers", "headers", "header lines", Nothing, Write::Headers),
    format("event-id", "event id", "event id", EventId, Write::EventId),
    format("signature", "signature", "value of the signature header", Nothing, Write::Signature),
    format("url", "URL", "request URL", Nothing, Write::Url),
    format("confirm-url", "URL to confirm", "URL that confirms a subscription, e.g. the SubscribeURL of Amazon SNS", Body, Write::ConfirmationUrl),
    format("curl", "curl command", "curl command that sends the same bytes", Whole, Write::Curl),
    format("httpie", "HTTPie", "HTTPie command", Whole, Write::Httpie("http")),
    format("xh", "xh", "xh command", Whole, Write::Httpie("xh")),
    format("http", "raw HTTP", "head and body as received", Whole, Write::Http),
    verifier!("node", "Node", snippet::NODE),
    verifier!("python", "Python", snippet::PYTHON),
    verifier!("go", "Go", snippet::GO),
    verifier!("ruby", "Ruby", snippet::RUBY),
    verifier!("php", "PHP", snippet::PHP),
    verifier!("rust", "Rust", snippet::RUST),
];

/// Returns the copy format of a name.
pub fn copy_format(name: &str) -> Option<&'static CopyFormat> {
    COPY_FORMATS.iter().find(|format| format.name == name)
}

impl CopyFormat {
    /// Returns whether it is a command, without the line end that a shell needs.
    pub fn is_command(&self) -> bool {
        matches!(self.write, Write::Curl | Write::Httpie(_))
    }

    /// Returns the copy. It is text, except for a binary payload.
    pub fn write(&self, source: &CopySource<'_>) -> Result<Bytes, CopyError> {
        let delivery = source.delivery;
        if let Some(refusal) = &delivery.summary.request.refused
            && self.needs == Whole
        {
            return Err(CopyError::Refused(refusal.incomplete_reason()));
        }
        let text = match &self.write {
            Write::Payload => return Ok(source.body()),
            Write::Pretty => pretty(delivery, source.body()),
            Write::Headers => return Ok(header_lines(&source.shared().head.headers)),
            Write::EventId => delivery.summary.event.id.clone().ok_or(CopyError::NoEventId)?,
            Write::Signature => signature(source)?,
            Write::Url => url(&delivery.head, source.base),
            Write::ConfirmationUrl => confirmation_url(source)?,
            Write::Curl => curl::command(&source.shared(), source.base),
            Write::Httpie(program) => httpie::command(program, &source.shared(), source.base)?,
            Write::Http => {
                let shared = source.shared();
                return Ok(shared.head.with_body(&shared.body));
            }
            Write::Snippet(snippet) => {
                let provider = provider_of(delivery, source.providers);
                let provider = provider.ok_or(CopyError::UnknownProvider)?;
                snippet.write(delivery, provider)?
            }
        };
        Ok(text.into())
    }
}

impl CopySource<'_> {
    /// Returns the body, with the secret that a provider sends in it only on request. A signature
    /// in a body stays, because it does not verify any other body.
    fn body(&self) -> Bytes {
        let provider = provider_of(self.delivery, self.providers);
        if provider.is_some_and(|provider| sends_secret(&provider.scheme)) {
            return self.shared().body;
        }
        self.delivery.body.clone()
    }

    /// Returns the delivery in the form that may be shared.
    fn shared(&self) -> Delivery {
        if self.with_signature {
            self.delivery.clone()
        } else {
            without_credentials(self.delivery, self.providers)
        }
    }
}

/// Returns the URL of a request at `base`, percent-encoded where a URL needs that. A request to a
/// proxy names the whole URL in its target.
fn url(head: &Head, base: &str) -> String {
    let path = shell::path(&head.target);
    if head.target.starts_with(b"/") { base.to_owned() + &path } else { path.replacen('/', "", 1) }
}

/// Returns the address that a handshake asks the user to open.
fn confirmation_url(source: &CopySource<'_>) -> Result<String, CopyError> {
    let Delivery { head, body, .. } = source.delivery;
    let provider = provider_of(source.delivery, source.providers);
    let found = provider.and_then(|provider| provider.link(head, body));
    let (url, link) = found.ok_or(CopyError::NoLink)?;
    if link.allows(&url) {
        return Ok(url);
    }
    Err(CopyError::ForeignLink { url, hosts: link.hosts.join(" or ") })
}

/// Returns the body as displayed.
fn pretty(delivery: &Delivery, body: Bytes) -> String {
    let kind = delivery.head.joined_text("content-type");
    let coding = delivery.head.joined_text("content-encoding");
    Document::new(body, kind.as_deref(), coding.as_deref()).text()
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

fn signature(source: &CopySource<'_>) -> Result<String, CopyError> {
    let scheme = provider_of(source.delivery, source.providers).map(|provider| &*provider.scheme);
    if scheme.is_some_and(sends_secret) && !source.with_signature {
        return Err(CopyError::SecretIsSent);
    }
    let headers = source.delivery.head.headers.iter();
    let own = headers.filter(|header| scheme.is_some_and(|scheme| is_signature(scheme, header)));
    let values: Vec<String> = own.map(|header| header.text().into_owned()).collect();
    if values.is_empty() { Err(CopyError::NoSignature) } else { Ok(values.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_the_target_at_the_base() {
        for (target, expected) in [
            ("/hooks?x=%20&y", "http://h:1/hooks?x=%20&y"),
            ("/caf\u{e9}#a", "http://h:1/caf%C3%A9%23a"),
            ("https://example.com/hooks", "https://example.com/hooks"),
            ("*", "*"),
        ] {
            let head = Head::build("POST", target, &[]);
            assert_eq!(url(&head, "http://h:1"), expected, "{target}");
        }
    }
}
