//! The columns of the list: which there are, which are wanted, and where each stands.

use super::sort::SortKey as SortBy;

/// A column of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListColumn {
    Id,
    Time,
    Type,
    Signature,
    EventId,
    Provider,
    Method,
    Path,
    Cause,
    Source,
    Size,
    Answer,
}

impl ListColumn {
    pub const ALL: [Self; 12] = [
        Self::Id,
        Self::Time,
        Self::Type,
        Self::Signature,
        Self::EventId,
        Self::Provider,
        Self::Method,
        Self::Path,
        Self::Cause,
        Self::Source,
        Self::Size,
        Self::Answer,
    ];

    /// The columns if nothing else is configured.
    pub const USUAL: [Self; 6] =
        [Self::Time, Self::Type, Self::Signature, Self::EventId, Self::Size, Self::Answer];

    /// The word for it above the list and in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Time => "time",
            Self::Type => "type",
            Self::Signature => "signature",
            Self::EventId => "event id",
            Self::Provider => "provider",
            Self::Method => "method",
            Self::Path => "path",
            Self::Cause => "cause",
            Self::Source => "source",
            Self::Size => "size",
            Self::Answer => "answer",
        }
    }

    /// A column by its name; a hyphen is as good as a blank.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name.replace('-', " "))
    }

    /// Columns that it takes where there is room for all, and how early it goes where there is
    /// not: those with a larger number first, and 0 never.
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

    /// Whether figures stand at its right edge.
    pub fn is_right(self) -> bool {
        matches!(self, Self::Id | Self::Size | Self::Answer)
    }

    /// What the list can be sorted by.
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

/// A column with its place in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnPlacement {
    pub column: ListColumn,
    pub x: usize,
    pub width: usize,
}

/// Columns of the mark on the left and of the signs before the first column.
pub const SIGNS: usize = 3;

/// The sign of a verdict without its word.
const SIGN: usize = 1;

/// Where the wanted columns stand in a list of `width` columns. What has no room is left out; the
/// type has what is left over, or else the last column that is no figure.
pub fn placed(wanted: &[ListColumn], width: usize) -> Vec<ColumnPlacement> {
    let room = width.saturating_sub(SIGNS + 1);
    let mut kept: Vec<(ListColumn, usize)> =
        wanted.iter().map(|column| (*column, column.wants().0)).collect();
    let used =
        |kept: &[(ListColumn, usize)]| kept.iter().map(|(_, width)| width + 1).sum::<usize>();
    while used(&kept) > room {
        // The word of the verdict goes before any other column does, its sign never.
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

/// The column that stands at a place in the line.
pub fn at(placed: &[ColumnPlacement], x: usize) -> Option<ListColumn> {
    placed.iter().find(|one| (one.x..=one.x + one.width).contains(&x)).map(|one| one.column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fit_and_the_least_go_first() {
        for width in 20..240 {
            for wanted in [&ListColumn::USUAL[..], &ListColumn::ALL] {
                let placed = placed(wanted, width);
                let end = placed.last().map_or(0, |last| last.x + last.width + 1);
                assert!(end <= width.max(SIGNS + 8 + 14 + 1 + 4), "{width}: {placed:?}");
                assert!(placed.iter().any(|one| one.column == ListColumn::Type));
            }
        }
        let shown = |width| {
            let columns: Vec<ListColumn> =
                placed(&ListColumn::USUAL, width).iter().map(|one| one.column).collect();
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
        assert_eq!(at(&placed(&ListColumn::USUAL, 80), 4), Some(ListColumn::Time));
    }

    #[test]
    fn names_are_read() {
        assert_eq!(ListColumn::named("event-id"), Some(ListColumn::EventId));
        assert_eq!(ListColumn::named("nope"), None);
    }
}
