//! Deliveries related to one: of its event, edited from it, or earlier ones of its type.

use bytes::Bytes;
use rusqlite::params;

use super::events::service_json;
use super::read::limit_of;
use super::{StoreError, StoreReader, rows};
use crate::delivery::{Delivery, DeliveryId, Head, Related, Summary};

/// Limit on listed deliveries of an event, and on those edited from one.
const MAX_LISTED: usize = 200;

/// Range of ids searched for deliveries of a family of types.
const MAX_ID_DISTANCE: i64 = 20_000;

/// Total body size read in search of one delivery.
const MAX_BYTES: usize = 64 << 20;

/// Deliveries of an event from the providers in a JSON array.
const OF_EVENT: &str = "SELECT delivery_id FROM event_deliveries \
    WHERE event_id = ?2 AND provider IN (SELECT value FROM json_each(?1))";

/// Event types that match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeMatch<'k> {
    /// This event type.
    Type(&'k str),
    /// Event types with this prefix.
    Family(&'k str),
}

impl StoreReader {
    /// Returns the deliveries of the same event and those edited from this one; if there are very
    /// many, the newest.
    pub fn related(&self, of: &Summary) -> Result<Related, StoreError> {
        let mut related = Related { of_event: vec![of.clone()], ..Related::default() };
        if let (Some(event), Some(service)) = (&of.event.id, service_json(&of.provider)) {
            let sql = format!(
                "SELECT {} FROM deliveries d WHERE d.id IN ({OF_EVENT}) AND NOT d.removed \
                 ORDER BY d.id DESC LIMIT ?3",
                *rows::SUMMARY
            );
            let listed = params![service, event, limit_of(MAX_LISTED)];
            let mut found = self.all(&sql, listed, rows::summary)?;
            found.reverse();
            if found.len() >= MAX_LISTED {
                let sql = format!(
                    "SELECT count(*) FROM deliveries d WHERE d.id IN ({OF_EVENT}) AND NOT d.removed"
                );
                let count = self.all(&sql, params![service, event], |row| row.get::<_, i64>(0))?;
                let count = count.first().copied().unwrap_or(0);
                related.more = usize::try_from(count).unwrap_or(0).saturating_sub(found.len());
            }
            related.of_event = found;
        }
        let sql = format!(
            "SELECT {} FROM deliveries d WHERE d.origin = ?1 AND NOT d.removed \
             ORDER BY d.id LIMIT ?2",
            *rows::SUMMARY
        );
        related.edited = self.all(&sql, params![of.id.0, limit_of(MAX_LISTED)], rows::summary)?;
        Ok(related)
    }

    /// Finds the newest earlier delivery of the same provider and matching type that `fits`,
    /// without refused ones. Examines at most `limit`, fewer if they are large.
    pub fn find_earlier(
        &self,
        of: &Summary,
        types: TypeMatch<'_>,
        limit: usize,
        mut fits: impl FnMut(DeliveryId, &Head, &[u8]) -> bool,
    ) -> Result<Option<DeliveryId>, StoreError> {
        let mut read = 0;
        for id in self.ids_before(of, types, limit)? {
            let Some((head, body)) = self.bytes_of(id)? else { continue };
            read += body.len();
            if fits(id, &head, &body) {
                return Ok(Some(id));
            }
            if read > MAX_BYTES {
                break;
            }
        }
        Ok(None)
    }

    /// Returns the newest `limit` complete deliveries of the same provider and type before one,
    /// oldest first.
    pub fn earlier_of_type(&self, of: &Summary, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        let Some(kind) = &of.event.event_type else { return Ok(Vec::new()) };
        let mut ids = self.ids_before(of, TypeMatch::Type(kind), limit)?;
        ids.reverse();
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(self.delivery(id)?);
        }
        Ok(found)
    }

    fn ids_before(
        &self,
        of: &Summary,
        types: TypeMatch<'_>,
        limit: usize,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        let (before, limit) = (of.id.0, limit_of(limit));
        let id = |row: &rusqlite::Row<'_>| row.get(0).map(DeliveryId);
        match types {
            TypeMatch::Type(kind) => {
                let sql = "SELECT id FROM deliveries WHERE provider = ?1 AND event_type = ?2 \
                           AND id < ?3 AND NOT removed AND refused_code IS NULL \
                           ORDER BY id DESC LIMIT ?4";
                self.all(sql, params![of.provider, kind, before, limit], id)
            }
            // By id alone: a family is spread over the index by type.
            TypeMatch::Family(start) => {
                let sql = "SELECT id FROM deliveries WHERE id < ?3 AND id >= ?3 - ?5 \
                           AND +provider = ?1 AND substr(event_type, 1, length(?2)) = ?2 \
                           AND NOT removed AND refused_code IS NULL ORDER BY id DESC LIMIT ?4";
                self.all(sql, params![of.provider, start, before, limit, MAX_ID_DISTANCE], id)
            }
        }
    }

    fn bytes_of(&self, id: DeliveryId) -> Result<Option<(Head, Bytes)>, StoreError> {
        let sql = "SELECT head, body FROM wire WHERE delivery_id = ?1";
        let read = |row: &rusqlite::Row<'_>| {
            let raw = Bytes::from(row.get::<_, Vec<u8>>(0)?);
            let head = Head::parse(raw.clone()).unwrap_or_else(|_| Head::lenient(raw));
            Ok((head, Bytes::from(row.get::<_, Vec<u8>>(1)?)))
        };
        Ok(self.all(sql, params![id.0], read)?.into_iter().next())
    }
}
