//! Packed row of the index and its unpacked form for the list.

use std::time::Duration;

use jiff::Timestamp;

use super::texts::Texts;
use crate::delivery::{DeliveryId, SignatureStatus, Source, Summary};
use crate::filter::{self, FilterColumn, FilterRow as _};

/// Fields that filters use most, in 16 bytes, so that evaluating many rows per frame reads little
/// memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hot {
    kind: u32,
    target: u32,
    /// Status, [`NONE_YET`], [`NOT_SENT`], or [`CLIENT_GONE`].
    response: u16,
    status: SignatureStatus,
    source: Source,
    flags: u16,
}

/// The other fields in 56 bytes; the event id is stored separately.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cold {
    received_us: i64,
    body_size: u64,
    /// Time that the client waited; [`NO_TIME`] if unknown.
    waited_us: u64,
    /// Offset of the event id in the page; none if the length is `NONE`.
    event_at: u32,
    event_length: u32,
    cause: u32,
    provider: u32,
    method: u32,
    peer: u32,
    refused: u32,
    via: u32,
}

const NONE: u32 = u32::MAX;
const NO_TIME: u64 = u64::MAX;

const DUPLICATE: u16 = 1;
const DIAGNOSING: u16 = 1 << 1;
const MARKED: u16 = 1 << 2;
const NOTED: u16 = 1 << 3;
/// Set if the row passes the current filter.
const SHOWN: u16 = 1 << 4;
const DIFFERS: u16 = 1 << 5;
const RESHAPED: u16 = 1 << 6;
const RESENT: u16 = 1 << 7;

const NONE_YET: u16 = 0;
/// No response was sent, on purpose.
const NOT_SENT: u16 = u16::MAX;
const CLIENT_GONE: u16 = u16::MAX - 1;

/// Returns the status of the response; 0 if none was sent.
fn response(hot: &Hot) -> Option<u16> {
    match hot.response {
        NONE_YET => None,
        NOT_SENT | CLIENT_GONE => Some(0),
        status => Some(status),
    }
}

impl Hot {
    pub(super) fn new(summary: &Summary, texts: &mut Texts) -> Self {
        let flag = |is: bool, flag: u16| if is { flag } else { 0 };
        Self {
            kind: texts.optional(summary.event.event_type.as_deref()),
            target: texts.number(&summary.request.target),
            response: match summary.response {
                _ if summary.flags.client_gone.is_some() => CLIENT_GONE,
                Some(0) => NOT_SENT,
                Some(status) => status,
                None => NONE_YET,
            },
            status: summary.signature.status,
            source: summary.request.source,
            flags: flag(summary.duplicate_of.is_some(), DUPLICATE)
                | flag(summary.diagnosing, DIAGNOSING)
                | flag(summary.annotations.marked, MARKED)
                | flag(summary.annotations.note.is_some(), NOTED)
                // The user's own edit differs on purpose.
                | flag(summary.flags.differs && summary.request.origin.is_none(), DIFFERS)
                | flag(!summary.flags.schema_changes.is_empty(), RESHAPED)
                | flag(summary.flags.resent, RESENT),
        }
    }

    pub(super) fn is_failed(&self) -> bool {
        self.status.is_failed()
    }

    pub(super) fn is_marked(&self) -> bool {
        self.flags & MARKED != 0
    }

    pub(super) fn is_shown(&self) -> bool {
        self.flags & SHOWN != 0
    }

    /// Returns true if that changed.
    pub(super) fn set_shown(&mut self, shown: bool) -> bool {
        // Skipping the write avoids dirtying the cache line.
        let differs = self.is_shown() != shown;
        if differs {
            self.flags ^= SHOWN;
        }
        differs
    }
}

impl Cold {
    /// Packs a delivery. Its event id is appended, unless an earlier state of the row already
    /// stored it.
    pub(super) fn new(
        summary: &Summary,
        old: Option<&Self>,
        texts: &mut Texts,
        ids: &mut Vec<u8>,
    ) -> Self {
        let event = summary.event.id.as_deref();
        let (event_at, event_length) = match old {
            Some(old) if old.event(ids) == event.map(str::as_bytes) => {
                (old.event_at, old.event_length)
            }
            _ => append(event, ids),
        };
        Self {
            received_us: summary.request.received_at.as_microsecond(),
            body_size: summary.request.body_size,
            waited_us: summary
                .waited()
                .map_or(NO_TIME, |waited| u64::try_from(waited.as_micros()).unwrap_or(NO_TIME - 1)),
            event_at,
            event_length,
            cause: texts.optional(summary.signature.cause.as_deref()),
            provider: texts.number(&summary.provider),
            method: texts.number(&summary.request.method),
            peer: texts.optional(summary.request.peer.as_deref()),
            refused: texts
                .optional(summary.request.refused.as_ref().map(|refusal| refusal.code.as_str())),
            via: texts.optional(summary.request.via.as_deref()),
        }
    }

    fn event<'i>(&self, ids: &'i [u8]) -> Option<&'i [u8]> {
        if self.event_length == NONE {
            return None;
        }
        let at = self.event_at as usize;
        ids.get(at..at + self.event_length as usize)
    }
}

/// Appends an event id and returns its offset and length.
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

/// Packed row with access to its texts.
#[derive(Debug, Clone, Copy)]
pub(in crate::app) struct RowRef<'i> {
    pub(super) id: DeliveryId,
    pub(super) hot: &'i Hot,
    pub(super) cold: &'i Cold,
    pub(super) ids: &'i [u8],
    pub(super) texts: &'i Texts,
}

impl<'i> RowRef<'i> {
    pub(in crate::app) fn id(&self) -> DeliveryId {
        self.id
    }

    pub(in crate::app) fn is_shown(&self) -> bool {
        self.hot.is_shown()
    }

    pub(in crate::app) fn is_failed(&self) -> bool {
        self.hot.is_failed()
    }

    pub(in crate::app) fn kind_symbol(&self) -> u32 {
        self.hot.kind
    }

    pub(in crate::app) fn event(&self) -> Option<&'i str> {
        std::str::from_utf8(self.event_bytes()?).ok()
    }

    /// Returns the event id as bytes, which sort like the text.
    pub(in crate::app) fn event_bytes(&self) -> Option<&'i [u8]> {
        self.cold.event(self.ids)
    }

    pub(in crate::app) fn kind(&self) -> Option<&'i str> {
        self.texts.text(self.hot.kind)
    }

    pub(in crate::app) fn row(&self) -> ListRow<'i> {
        let Self { id, hot, cold, .. } = *self;
        let text = |number| self.texts.text(number);
        let is = |flag: u16| hot.flags & flag != 0;
        ListRow {
            id,
            received_at: Timestamp::from_microsecond(cold.received_us).unwrap_or_default(),
            method: text(cold.method).unwrap_or_default(),
            target: text(hot.target).unwrap_or_default(),
            body_size: cold.body_size,
            provider: text(cold.provider).unwrap_or_default(),
            event_id: self.event(),
            kind: self.kind(),
            status: hot.status,
            cause: text(cold.cause),
            response: response(hot),
            waited: self.waited_us().map(Duration::from_micros),
            client_gone: hot.response == CLIENT_GONE,
            refused: text(cold.refused),
            source: hot.source,
            peer: text(cold.peer),
            via: text(cold.via),
            badges: RowBadges {
                duplicate: is(DUPLICATE),
                diagnosing: is(DIAGNOSING),
                marked: is(MARKED),
                noted: is(NOTED),
                differs: is(DIFFERS),
                reshaped: is(RESHAPED),
                resent: is(RESENT),
            },
        }
    }
}

impl filter::FilterRow for RowRef<'_> {
    fn number(&self) -> u64 {
        u64::try_from(self.id().0).unwrap_or_default()
    }

    fn symbol(&self, column: FilterColumn) -> u32 {
        match column {
            FilterColumn::Type => self.hot.kind,
            FilterColumn::Cause => self.cold.cause,
            FilterColumn::Provider => self.cold.provider,
            FilterColumn::Method => self.cold.method,
            FilterColumn::Path => self.hot.target,
            FilterColumn::Via => self.cold.via,
            FilterColumn::Peer => self.cold.peer,
        }
    }

    fn text(&self, symbol: u32) -> Option<&str> {
        self.texts.text(symbol)
    }

    fn event_id(&self) -> Option<&[u8]> {
        self.event_bytes()
    }

    fn received_us(&self) -> i64 {
        self.cold.received_us
    }

    fn body_size(&self) -> u64 {
        self.cold.body_size
    }

    fn waited_us(&self) -> Option<u64> {
        (self.cold.waited_us != NO_TIME).then_some(self.cold.waited_us)
    }

    fn response(&self) -> Option<u16> {
        response(self.hot)
    }

    fn status(&self) -> SignatureStatus {
        self.hot.status
    }

    fn source(&self) -> Source {
        self.hot.source
    }

    fn is_duplicate(&self) -> bool {
        self.hot.flags & DUPLICATE != 0
    }

    fn is_marked(&self) -> bool {
        self.hot.is_marked()
    }

    fn differs(&self) -> bool {
        self.hot.flags & DIFFERS != 0
    }

    fn is_reshaped(&self) -> bool {
        self.hot.flags & RESHAPED != 0
    }

    fn is_resent(&self) -> bool {
        self.hot.flags & RESENT != 0
    }
}

/// Delivery as shown in the list. All other data is in the store only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ListRow<'i> {
    pub id: DeliveryId,
    pub received_at: Timestamp,
    pub method: &'i str,
    pub target: &'i str,
    pub body_size: u64,
    pub provider: &'i str,
    pub event_id: Option<&'i str>,
    /// Event type.
    pub kind: Option<&'i str>,
    pub status: SignatureStatus,
    pub cause: Option<&'i str>,
    pub response: Option<u16>,
    pub client_gone: bool,
    /// Time that the client waited for the response of a rule or a target, or until it left.
    pub waited: Option<Duration>,
    /// Code of the refusal.
    pub refused: Option<&'i str>,
    pub source: Source,
    pub peer: Option<&'i str>,
    /// Path of the source that it came through.
    pub via: Option<&'i str>,
    pub badges: RowBadges,
}

/// Properties that the list shows as badges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent properties")]
pub struct RowBadges {
    /// Set if its event was received before.
    pub duplicate: bool,
    /// Set while its cause is being searched for.
    pub diagnosing: bool,
    pub marked: bool,
    /// Set if it has a note.
    pub noted: bool,
    /// Set if its body differs from the first delivery of its event.
    pub differs: bool,
    /// Set if its schema differs from earlier deliveries of its type.
    pub reshaped: bool,
    pub resent: bool,
}
