//! Columns of the list: available ones, selected ones, and their placement.

use super::sort::SortKey as SortBy;
use crate::words::words;

words! {
    /// Column of the list.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum ListColumn {
        Id = "id",
        Time = "time",
        Type = "type",
        Signature = "signature",
        EventId = "event id",
        Provider = "provider",
        Method = "method",
        Path = "path",
        Cause = "cause",
        Source = "source",
        Size = "size",
        Answer = "answer",
    }
}

impl ListColumn {
    /// Default columns.
    pub const USUAL: [Self; 6] =
        [Self::Time, Self::Type, Self::Signature, Self::EventId, Self::Size, Self::Answer];

    /// Finds a column by its name; a hyphen counts as a space.
    pub fn named(name: &str) -> Option<Self> {
        Self::from_word(&name.replace('-', " "))
    }

    /// Returns the preferred width and the order of removal: the largest number is removed first, 0
    /// never.
    fn wants(self) -> (usize, u8) {
        match self {
            Self::Time => (8, 0),
            Self::Type => (14, 0),
            Self::Signature => (11, 1),
            Self::Answer => (6, 2),
            Self::Size => (6, 3),
            Self::EventId => (17, 5),
            Self::Id => (6, 4),
            Self::Provider => (12, 6),
            Self::Method => (6, 7),
            Self::Path => (20, 6),
            Self::Cause => (18, 6),
            Self::Source => (7, 8),
        }
    }

    /// Returns true if the column is right-aligned.
    pub fn is_right(self) -> bool {
        matches!(self, Self::Id | Self::Size | Self::Answer)
    }

    /// Returns the sort key of the column, if it has one.
    pub fn order(self) -> Option<SortBy> {
        match self {
            Self::Time | Self::Id => Some(SortBy::Time),
            Self::Type => Some(SortBy::Type),
            Self::Signature => Some(SortBy::Verdict),
            Self::EventId => Some(SortBy::EventId),
            Self::Size => Some(SortBy::Size),
            Self::Answer => Some(SortBy::Answer),
            Self::Provider | Self::Method | Self::Path | Self::Cause | Self::Source => None,
        }
    }
}

/// Column with its position in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnPlacement {
    pub column: ListColumn,
    pub x: usize,
    pub width: usize,
}

/// Width of the mark and the badges before the first column.
pub const SIGNS: usize = 3;

/// Width of a verdict's symbol without its word.
const SIGN: usize = 1;

/// Width of a day and a time of day.
pub const DAY_AND_TIME: usize = 12;

/// Minimum width of a list that shows the day and the time of day.
const WIDE: usize = 60;

/// Places the selected columns in a list of `width` columns. Those without room are left out. The
/// type gets the remaining width, or else the last text column. With `days`, the time is wide enough
/// for the day as well, if there is room.
pub fn placed(wanted: &[ListColumn], width: usize, days: bool) -> Vec<ColumnPlacement> {
    let room = width.saturating_sub(SIGNS + 1);
    let mut kept: Vec<(ListColumn, usize)> =
        wanted.iter().map(|column| (*column, column.wants().0)).collect();
    let time = kept.iter_mut().find(|(column, _)| *column == ListColumn::Time);
    if let Some((_, time)) = time.filter(|_| days && width >= WIDE) {
        *time = DAY_AND_TIME;
    }
    let used =
        |kept: &[(ListColumn, usize)]| kept.iter().map(|(_, width)| width + 1).sum::<usize>();
    while used(&kept) > room {
        // The verdict's word is dropped before any other column, its symbol never.
        let word = kept
            .iter_mut()
            .find(|(column, width)| *column == ListColumn::Signature && *width > SIGN);
        if let Some((_, width)) = word {
            *width = SIGN;
            continue;
        }
        let last = kept.iter().map(|(column, _)| column.wants().1).max().unwrap_or(0);
        if last <= 1 {
            break;
        }
        kept.retain(|(column, _)| column.wants().1 < last);
    }
    let over = room.saturating_sub(used(&kept));
    let stretched = kept
        .iter()
        .position(|(column, _)| *column == ListColumn::Type)
        .or_else(|| kept.iter().rposition(|(column, _)| !column.is_right()));
    if let Some((_, width)) = stretched.and_then(|at| kept.get_mut(at)) {
        *width += over;
    }
    let mut x = SIGNS;
    let place = |(column, width): (ListColumn, usize)| {
        let placed = ColumnPlacement { column, x, width };
        x += width + 1;
        placed
    };
    kept.into_iter().map(place).collect()
}

/// Returns the column at a position in the line.
pub fn at(placed: &[ColumnPlacement], x: usize) -> Option<ListColumn> {
    placed.iter().find(|one| (one.x..=one.x + one.width).contains(&x)).map(|one| one.column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fit_and_the_least_important_are_dropped_first() {
        for width in 20..240 {
            for wanted in [&ListColumn::USUAL[..], &ListColumn::ALL] {
                let placed = placed(wanted, width, false);
                let end = placed.last().map_or(0, |last| last.x + last.width + 1);
                assert!(end <= width.max(SIGNS + 8 + 14 + 1 + 4), "{width}: {placed:?}");
                assert!(placed.iter().any(|one| one.column == ListColumn::Type));
            }
        }
        let shown = |width| {
            let columns: Vec<ListColumn> =
                placed(&ListColumn::USUAL, width, false).iter().map(|one| one.column).collect();
            columns
        };
        assert_eq!(shown(80), ListColumn::USUAL);
        assert_eq!(
            shown(48),
            [
                ListColumn::Time,
                ListColumn::Type,
                ListColumn::Signature,
                ListColumn::Size,
                ListColumn::Answer
            ]
        );
        assert_eq!(at(&placed(&ListColumn::USUAL, 80, false), 4), Some(ListColumn::Time));
    }

    #[test]
    fn names_parse() {
        assert_eq!(ListColumn::named("event-id"), Some(ListColumn::EventId));
        assert_eq!(ListColumn::named("nope"), None);
    }
}
