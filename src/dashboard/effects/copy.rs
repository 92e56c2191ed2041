//! Parts of a delivery, to the clipboard.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Context, ForTerminal};
use crate::app::{Copyable, Event, Notice};
use crate::dashboard::clipboard::CopyMethod;
use crate::delivery::{Delivery, DeliveryId};
use crate::formats::{self, curl};

impl Context {
    pub(super) fn copy(&self, id: DeliveryId, what: Copyable) {
        let notice = match self.read(id) {
            Err(reason) => Notice::failed(format!("nothing was copied: {reason}")),
            Ok(delivery) if matches!(what, Copyable::As { .. }) => self.copy_as(&delivery, what),
            Ok(delivery) => {
                let (text, remark) = self.text_of(&delivery, what);
                self.place(&text, what.title(), remark)
            }
        };
        self.tell(Event::Notice(notice));
    }

    pub(super) fn copy_text(&self, text: &str, what: Copyable) {
        self.tell(Event::Notice(self.place(text, what.title(), "")));
    }

    /// One of the forms that other tools read.
    fn copy_as(&self, delivery: &Delivery, what: Copyable) -> Notice {
        let Copyable::As { format, signed } = what else { return Notice::info("nothing to copy") };
        let credentials = self.setup.verifier.named(&delivery.summary.provider);
        let base = self.setup.own.to_string();
        let copied = formats::CopySource {
            delivery,
            provider: credentials.map(|credentials| &credentials.provider),
            base: &base,
            with_signature: signed,
        };
        let written = formats::format(format).map(|format| format.write(&copied));
        match written {
            None => Notice::failed(format!("nothing was copied: there is no form `{format}`")),
            Some(Err(why)) => Notice::failed(format!("nothing was copied: {why}")),
            Some(Ok(bytes)) => {
                let with = if signed { " with the signature" } else { "" };
                if let Ok(text) = std::str::from_utf8(&bytes) {
                    return self.place(text, what.title(), with);
                }
                let remark = format!("{with} as base64, since it is not UTF-8");
                self.place(&STANDARD.encode(&bytes), what.title(), &remark)
            }
        }
    }

    /// Puts a text on the clipboard, and says by which way it went.
    fn place(&self, text: &str, title: &str, remark: &str) -> Notice {
        if text.is_empty() {
            return Notice::failed(format!("nothing was copied: this delivery has no {title}"));
        }
        match self.clipboard.copy(text) {
            CopyMethod::By(way) => Notice::done(format!("copied the {title}{remark}, by {way}")),
            CopyMethod::Terminal(bytes) => {
                match self.to_terminal.blocking_send(ForTerminal::Write(bytes)) {
                    Ok(()) => Notice::done(format!(
                        "copied the {title}{remark}, by the terminal (OSC 52), if it allows that"
                    )),
                    Err(_) => Notice::failed("nothing was copied: the terminal has gone"),
                }
            }
            CopyMethod::Failed(why) => Notice::failed(format!("nothing was copied: {why}")),
        }
    }

    /// The text to be copied, and what has to be said of it.
    fn text_of(&self, delivery: &Delivery, what: Copyable) -> (String, &'static str) {
        let credentials = self.setup.verifier.named(&delivery.summary.provider);
        let signatures = credentials
            .map(|credentials| credentials.provider.signature_headers())
            .unwrap_or_default();
        let is_signature = |name: &str| signatures.iter().any(|one| one.eq_ignore_ascii_case(name));
        let headers = delivery.head.headers.iter();
        match what {
            Copyable::Payload => std::str::from_utf8(&delivery.body).map_or_else(
                |_| (STANDARD.encode(&delivery.body), " as base64, since it is not UTF-8"),
                |text| (text.to_owned(), ""),
            ),
            Copyable::Headers => {
                let lines = headers
                    .filter(|header| !is_signature(&header.name))
                    .map(|header| format!("{}: {}\n", header.name, header.text()));
                (lines.collect(), "")
            }
            Copyable::EventId => (delivery.summary.event.id.clone().unwrap_or_default(), ""),
            Copyable::Signature => {
                let values = headers
                    .filter(|header| is_signature(&header.name))
                    .map(|header| header.text().into_owned());
                (values.collect::<Vec<_>>().join(", "), "")
            }
            // Those are at hand where the cursor is.
            Copyable::Value
            | Copyable::Key
            | Copyable::Path
            | Copyable::JqPath
            | Copyable::Subtree
            | Copyable::As { .. }
            | Copyable::Address => (String::new(), ""),
            Copyable::Curl => {
                (curl::command(delivery, &self.setup.own.to_string(), &signatures), "")
            }
        }
    }
}
