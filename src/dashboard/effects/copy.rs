//! Copies parts of a delivery to the clipboard.

use super::{Context, ForTerminal, LoadError};
use crate::app::{Copyable, Event, Notice};
use crate::dashboard::clipboard::CopyMethod;
use crate::delivery::DeliveryId;
use crate::formats::{CopyError, copy_format};
use crate::ops::copy::{CopiedText, CopyRequest, copy};
use crate::ops::diagnose::signed_payload;

/// Reason why there is no text to copy.
#[derive(Debug, thiserror::Error)]
enum TextError {
    #[error("unknown format `{0}`")]
    Format(&'static str),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Copy(#[from] CopyError),
}

impl Context {
    pub(super) fn copy(&self, id: DeliveryId, what: Copyable) {
        let notice = match self.text_of(id, what) {
            Err(error) => Notice::failed(format!("Nothing was copied: {error}")),
            Ok((text, remark)) => self.place(&text, what.title(), remark),
        };
        self.send(Event::Notice(notice));
    }

    pub(super) fn copy_text(&self, text: &str, what: Copyable) {
        self.send(Event::Notice(self.place(text, what.title(), "")));
    }

    /// Returns the text to copy and a remark for the notice.
    fn text_of(&self, id: DeliveryId, what: Copyable) -> Result<(String, &'static str), TextError> {
        if what == Copyable::SignedPayload {
            let bytes =
                signed_payload(&self.setup.verifier.get(), &self.read(id)?).unwrap_or_default();
            return Ok(match CopiedText::from(bytes) {
                CopiedText::Plain(text) => (text, ""),
                CopiedText::Base64(text) => (text, " as base64, since it is not UTF-8"),
            });
        }
        let Copyable::As { format, signed } = what else { return Ok((String::new(), "")) };
        let format = copy_format(format).ok_or(TextError::Format(format))?;
        let delivery = self.read(id)?;
        let base = self.setup.own.to_string();
        let known = self.setup.known.clone().with(&self.setup.verifier.get());
        let secrets = &*known.secrets;
        let request = CopyRequest { format, base: &base, secrets, with_signature: signed };
        let copied = copy(&delivery, &known.providers, &request)?;
        Ok(match (copied.into_text(), signed) {
            (CopiedText::Plain(text), false) => (text, ""),
            (CopiedText::Plain(text), true) => (text, " with the signature"),
            (CopiedText::Base64(text), false) => (text, " as base64, since it is not UTF-8"),
            (CopiedText::Base64(text), true) => {
                (text, " with the signature as base64, since it is not UTF-8")
            }
        })
    }

    /// Copies a text to the clipboard and describes the method used.
    fn place(&self, text: &str, title: &str, remark: &str) -> Notice {
        if text.is_empty() {
            return Notice::failed(format!("Nothing was copied: this delivery has no {title}"));
        }
        match self.clipboard.copy(text) {
            CopyMethod::By(way) => Notice::done(format!("Copied {title}{remark} (by {way})")),
            CopyMethod::Terminal(bytes) => {
                match self.to_terminal.blocking_send(ForTerminal::Write(bytes)) {
                    Ok(()) => Notice::done(format!("Copied {title}{remark} (via OSC 52)")),
                    Err(_) => Notice::failed("Nothing was copied: the terminal has gone"),
                }
            }
            CopyMethod::Failed(why) => Notice::failed(format!("Nothing was copied: {why}")),
        }
    }
}
