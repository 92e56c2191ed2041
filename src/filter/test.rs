//! Holds terms against deliveries.

use jiff::Timestamp;

use super::expression::Term;
use super::field::Key;
use super::json;
use super::value::{Choice, Value};
use crate::delivery::{Delivery, Summary};

/// Whether a term fits, if the summary alone can tell.
pub(super) fn summary(term: &Term, summary: &Summary, now: Timestamp) -> Option<bool> {
    match term {
        Term::Word(pattern) => {
            let event = &summary.event;
            let texts = [event.kind.as_deref(), event.id.as_deref(), Some(&summary.target)];
            let is_found =
                texts.into_iter().flatten().any(|text| pattern.is_match(text.as_bytes()));
            is_found.then_some(true)
        }
        Term::Field(key, value) => field(*key, value, summary, now),
        Term::Header(..) | Term::Json(..) => None,
    }
}

/// Whether a term fits.
pub(super) fn delivery(term: &Term, delivery: &Delivery, now: Timestamp) -> bool {
    if let Some(verdict) = summary(term, &delivery.summary, now) {
        return verdict;
    }
    match term {
        Term::Word(pattern) => pattern.is_match(&delivery.body),
        Term::Field(_, value) => value.passes(|choice| match choice {
            Choice::Text(pattern) => pattern.is_match(&delivery.body),
            Choice::Compare(..)
            | Choice::Range(..)
            | Choice::Moment(_)
            | Choice::Between(..)
            | Choice::Empty
            | Choice::Exists => false,
        }),
        Term::Header(name, value) => value.passes(|choice| {
            delivery
                .head
                .headers
                .iter()
                .any(|header| header.is(name) && choice.fits(&header.text()))
        }),
        Term::Json(path, value) => {
            let raw = path.find(&delivery.body);
            value.passes(|choice| raw.is_some_and(|raw| fits_json(choice, raw)))
        }
    }
}

fn fits_json(choice: &Choice, raw: &str) -> bool {
    match choice {
        Choice::Exists => true,
        Choice::Empty => json::is_empty(raw),
        Choice::Text(_)
        | Choice::Compare(..)
        | Choice::Range(..)
        | Choice::Moment(_)
        | Choice::Between(..) => {
            crate::payload::pointer::scalar(raw).is_some_and(|text| choice.fits(&text))
        }
    }
}

fn field(key: Key, value: &Value, summary: &Summary, now: Timestamp) -> Option<bool> {
    let text = |text: Option<&str>| value.passes(|choice| text.is_some_and(|it| choice.fits(it)));
    let either =
        |whole: &str, part: &str| value.passes(|choice| choice.fits(whole) || choice.fits(part));
    let time =
        |is_since| value.passes(|choice| is_then(choice, summary.received_at, now, is_since));
    Some(match key {
        Key::Type => text(summary.event.kind.as_deref()),
        Key::Signature => text(Some(summary.signature.status.as_str())),
        Key::Cause => text(summary.signature.cause.as_deref()),
        Key::Provider => text(Some(&summary.provider)),
        Key::Method => text(Some(&summary.method)),
        Key::Path => {
            let path = summary.target.split('?').next().unwrap_or_default();
            either(&summary.target, path)
        }
        Key::Status => text(summary.response.map(|status| status.to_string()).as_deref()),
        Key::Body => return None,
        Key::Id => text(summary.event.id.as_deref()),
        Key::Size => text(Some(&summary.body_size.to_string())),
        Key::Since => time(true),
        Key::Until => time(false),
        Key::Duplicate => text(Some(if summary.duplicate_of.is_some() { "yes" } else { "no" })),
        Key::Source => text(Some(summary.source.as_str())),
        Key::Peer => match summary.peer.as_deref() {
            Some(peer) => either(peer, address(peer)),
            None => text(None),
        },
    })
}

/// The address without its port, and an IPv6 address without its brackets.
fn address(peer: &str) -> &str {
    let address = peer.rsplit_once(':').map_or(peer, |(address, _)| address);
    let inside = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inside.unwrap_or(address)
}

/// Whether `at` is not before (or not after) a moment. What no calendar holds fits nothing.
fn is_then(choice: &Choice, at: Timestamp, now: Timestamp, is_since: bool) -> bool {
    match choice {
        Choice::Moment(moment) if is_since => moment.start(now).is_some_and(|start| at >= start),
        Choice::Moment(moment) => moment.end(now).is_some_and(|end| at <= end),
        Choice::Between(from, to) => from.start(now).is_some_and(|start| {
            at >= start && to.end_after(start, now).is_some_and(|end| at <= end)
        }),
        Choice::Text(_)
        | Choice::Compare(..)
        | Choice::Range(..)
        | Choice::Empty
        | Choice::Exists => false,
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_has_neither_port_nor_brackets() {
        assert_eq!(address("127.0.0.1:51234"), "127.0.0.1");
        assert_eq!(address("[::1]:80"), "::1");
        assert_eq!(address("pipe"), "pipe");
    }
}
