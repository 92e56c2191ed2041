//! A delivery as the index keeps it, and as the list reads it.

use jiff::Timestamp;

use super::texts::Texts;
use crate::delivery::{DeliveryId, SignatureStatus, Source, Summary};
use crate::filter::{self, Column};

/// What is known of a delivery, in 72 bytes; the event id stands beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed {
    pub(super) id: DeliveryId,
    received_us: i64,
    body_size: u64,
    /// Where the event id stands among those of the page; none where the length is `NONE`.
    event_at: u32,
    event_length: u32,
    kind: u32,
    cause: u32,
    provider: u32,
    method: u32,
    target: u32,
    peer: u32,
    refused: u32,
    /// 0 while no answer was given.
    response: u16,
    pub(super) status: SignatureStatus,
    source: Source,
    flags: u8,
}

const NONE: u32 = u32::MAX;

const DUPLICATE: u8 = 1;
const DIAGNOSING: u8 = 1 << 1;
const MARKED: u8 = 1 << 2;
const NOTED: u8 = 1 << 3;
/// Whether it passes the filter in force.
const SHOWN: u8 = 1 << 4;

impl Packed {
    /// Packs a delivery; its event id goes behind the others, unless it stands where it stood in
    /// an older state of the same row.
    pub(super) fn new(
        summary: &Summary,
        old: Option<&Self>,
        texts: &mut Texts,
        ids: &mut Vec<u8>,
    ) -> Self {
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        let event = summary.event.id.as_deref();
        let (event_at, event_length) = match old {
            Some(old) if old.event(ids) == event => (old.event_at, old.event_length),
            _ => append(event, ids),
        };
        Self {
            id: summary.id,
            received_us: summary.received_at.as_microsecond(),
            body_size: summary.body_size,
            event_at,
            event_length,
            kind: texts.optional(summary.event.kind.as_deref()),
            cause: texts.optional(summary.signature.cause.as_deref()),
            provider: texts.number(&summary.provider),
            method: texts.number(&summary.method),
            target: texts.number(&summary.target),
            peer: texts.optional(summary.peer.as_deref()),
            refused: texts.optional(summary.refused.as_ref().map(|refusal| refusal.code.as_str())),
            response: summary.response.unwrap_or(0),
            status: summary.signature.status,
            source: summary.source,
            flags: flag(summary.duplicate_of.is_some(), DUPLICATE)
                | flag(summary.diagnosing, DIAGNOSING)
                | flag(summary.marked, MARKED)
                | flag(summary.note.is_some(), NOTED),
        }
    }

    fn event<'i>(&self, ids: &'i [u8]) -> Option<&'i str> {
        if self.event_length == NONE {
            return None;
        }
        let at = self.event_at as usize;
        std::str::from_utf8(ids.get(at..at + self.event_length as usize)?).ok()
    }

    pub(super) fn is_bad(&self) -> bool {
        self.status.is_bad()
    }

    pub(super) fn is_marked(&self) -> bool {
        self.flags & MARKED != 0
    }

    pub(super) fn is_shown(&self) -> bool {
        self.flags & SHOWN != 0
    }

    pub(super) fn set_shown(&mut self, shown: bool) {
        self.flags = if shown { self.flags | SHOWN } else { self.flags & !SHOWN };
    }
}

/// Writes an event id behind the others; returns where it stands.
fn append(id: Option<&str>, ids: &mut Vec<u8>) -> (u32, u32) {
    let place = id.and_then(|id| {
        let at = u32::try_from(ids.len()).ok()?;
        Some((at, u32::try_from(id.len()).ok()?, id))
    });
    let Some((at, length, id)) = place else { return (0, NONE) };
    ids.extend_from_slice(id.as_bytes());
    ids.push(b'\n');
    (at, length)
}

/// A packed row and where its texts are.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Cell<'i> {
    pub(super) packed: &'i Packed,
    pub(super) ids: &'i [u8],
    pub(super) texts: &'i Texts,
}

impl<'i> Cell<'i> {
    pub(in super::super) fn id(&self) -> DeliveryId {
        self.packed.id
    }

    pub(in super::super) fn is_shown(&self) -> bool {
        self.packed.is_shown()
    }

    pub(in super::super) fn is_bad(&self) -> bool {
        self.packed.is_bad()
    }

    pub(in super::super) fn kind_symbol(&self) -> u32 {
        self.packed.kind
    }

    pub(in super::super) fn event(&self) -> Option<&'i str> {
        self.packed.event(self.ids)
    }

    pub(in super::super) fn kind(&self) -> Option<&'i str> {
        self.texts.text(self.packed.kind)
    }

    pub(in super::super) fn row(&self) -> Row<'i> {
        let packed = self.packed;
        let text = |number| self.texts.text(number);
        let is = |flag: u8| packed.flags & flag != 0;
        Row {
            id: packed.id,
            received_at: Timestamp::from_microsecond(packed.received_us).unwrap_or_default(),
            method: text(packed.method).unwrap_or_default(),
            target: text(packed.target).unwrap_or_default(),
            body_size: packed.body_size,
            provider: text(packed.provider).unwrap_or_default(),
            event_id: self.event(),
            kind: self.kind(),
            status: packed.status,
            cause: text(packed.cause),
            response: (packed.response > 0).then_some(packed.response),
            refused: text(packed.refused),
            source: packed.source,
            peer: text(packed.peer),
            badges: Badges {
                duplicate: is(DUPLICATE),
                diagnosing: is(DIAGNOSING),
                marked: is(MARKED),
                noted: is(NOTED),
            },
        }
    }
}

impl filter::Packed for Cell<'_> {
    fn symbol(&self, column: Column) -> u32 {
        match column {
            Column::Type => self.packed.kind,
            Column::Cause => self.packed.cause,
            Column::Provider => self.packed.provider,
            Column::Method => self.packed.method,
            Column::Path => self.packed.target,
            Column::Peer => self.packed.peer,
        }
    }

    fn text(&self, symbol: u32) -> Option<&str> {
        self.texts.text(symbol)
    }

    fn event_id(&self) -> Option<&str> {
        self.event()
    }

    fn received_us(&self) -> i64 {
        self.packed.received_us
    }

    fn body_size(&self) -> u64 {
        self.packed.body_size
    }

    fn response(&self) -> Option<u16> {
        (self.packed.response > 0).then_some(self.packed.response)
    }

    fn status(&self) -> SignatureStatus {
        self.packed.status
    }

    fn source(&self) -> Source {
        self.packed.source
    }

    fn is_duplicate(&self) -> bool {
        self.packed.flags & DUPLICATE != 0
    }

    fn is_marked(&self) -> bool {
        self.packed.is_marked()
    }
}

/// A delivery as a list shows it. What is not here stands in the store alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<'i> {
    pub id: DeliveryId,
    pub received_at: Timestamp,
    pub method: &'i str,
    pub target: &'i str,
    pub body_size: u64,
    pub provider: &'i str,
    pub event_id: Option<&'i str>,
    /// The event type.
    pub kind: Option<&'i str>,
    pub status: SignatureStatus,
    pub cause: Option<&'i str>,
    pub response: Option<u16>,
    /// The code of the refusal.
    pub refused: Option<&'i str>,
    pub source: Source,
    pub peer: Option<&'i str>,
    pub badges: Badges,
}

/// What is or is not so of a delivery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "things that are so or not by themselves")]
pub struct Badges {
    /// Whether its event came before.
    pub duplicate: bool,
    /// Whether the cause of its verdict is still being looked for.
    pub diagnosing: bool,
    pub marked: bool,
    /// Whether there is a note on it.
    pub noted: bool,
}
