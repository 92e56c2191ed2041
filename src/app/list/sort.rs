//! Sort order of the rows.

use std::cmp::Ordering;

use crate::app::index::{Index, RowClass, RowRef};
use crate::app::sort::SortKey;
use crate::delivery::DeliveryId;
use crate::filter::FilterRow as _;

/// Compares two rows in ascending order.
pub(super) fn compare(by: SortKey, one: &RowRef<'_>, other: &RowRef<'_>) -> Ordering {
    let differ = match by {
        SortKey::Time => Ordering::Equal,
        SortKey::Type => one.kind().cmp(&other.kind()),
        SortKey::Verdict => (one.status() as u8).cmp(&(other.status() as u8)),
        SortKey::EventId => one.event_bytes().cmp(&other.event_bytes()),
        SortKey::Size => one.body_size().cmp(&other.body_size()),
        SortKey::Answer => one.response().cmp(&other.response()),
        SortKey::Latency => one.waited_us().cmp(&other.waited_us()),
    };
    differ.then(one.id().cmp(&other.id()))
}

/// Returns the ids of all shown rows, ascending by a column.
pub(super) fn sorted(by: SortKey, index: &Index) -> Vec<DeliveryId> {
    let shown = index.cells(RowClass::Any).filter(RowRef::is_shown);
    match by {
        SortKey::Time => shown.map(|cell| cell.id()).collect(),
        SortKey::Type => {
            let ranks = ranks(index);
            by_number(shown, |cell| {
                ranks.get(cell.kind_symbol() as usize).map_or(0, |rank| u64::from(*rank))
            })
        }
        SortKey::Verdict => by_number(shown, |cell| cell.status() as u64),
        SortKey::Size => by_number(shown, RowRef::body_size),
        SortKey::Answer => by_number(shown, |cell| u64::from(cell.response().unwrap_or(0))),
        SortKey::Latency => by_number(shown, |cell| cell.waited_us().map_or(0, |us| us + 1)),
        SortKey::EventId => by_text(index),
    }
}

/// Returns the rank of each symbol among all texts, 0 for no text.
fn ranks(index: &Index) -> Vec<u32> {
    let mut symbols: Vec<u32> = (0..u32::try_from(index.symbols()).unwrap_or(u32::MAX)).collect();
    symbols.sort_unstable_by_key(|symbol| index.text(*symbol));
    let mut ranks = vec![0; symbols.len()];
    for (rank, symbol) in (0..).zip(symbols) {
        if let Some(place) = ranks.get_mut(symbol as usize) {
            *place = rank;
        }
    }
    ranks
}

fn by_number<'i>(
    cells: impl Iterator<Item = RowRef<'i>>,
    number: impl Fn(&RowRef<'i>) -> u64,
) -> Vec<DeliveryId> {
    let mut keys: Vec<(u64, DeliveryId)> = cells.map(|cell| (number(&cell), cell.id())).collect();
    keys.sort_unstable();
    keys.into_iter().map(|(_, id)| id).collect()
}

/// Compares prefixes as numbers first, and the texts only if those are equal.
fn by_text(index: &Index) -> Vec<DeliveryId> {
    let mut keys: Vec<(u128, Option<&[u8]>, DeliveryId)> = index
        .cells(RowClass::Any)
        .filter(RowRef::is_shown)
        .map(|cell| {
            let text = cell.event_bytes();
            let mut beginning = [0; 16];
            for (to, from) in beginning.iter_mut().zip(text.unwrap_or_default()) {
                *to = *from;
            }
            (u128::from_be_bytes(beginning), text, cell.id())
        })
        .collect();
    keys.sort_unstable();
    keys.into_iter().map(|(.., id)| id).collect()
}
