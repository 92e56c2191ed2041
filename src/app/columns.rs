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
        Via = "via",
        Size = "size",
        Answer = "answer",
        Latency = "latency",
    }
}

impl ListColumn {
    /// Default columns.
    pub const USUAL: [Self; 9] = [
        Self::Id,
        Self::Time,
        Self::Signature,
        Self::Type,
        Self::Via,
        Self::EventId,
        Self::Size,
        Self::Answer,
        Self::Latency,
    ];

    /// Finds a column by its name or its heading; a hyphen counts as a space.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "status" => Some(Self::Answer),
            name => Self::from_word(&name.replace('-', " ")),
        }
    }

    /// Returns the smallest and the largest width, and the order of removal: the largest number is
    /// removed first, 0 never.
    fn bounds(self) -> (usize, usize, u8) {
        match self {
            Self::Time => (8, DATE_AND_TIME, 0),
            Self::Type => (10, 32, 0),
            Self::Signature => (SIGN, 28, 0),
            Self::Answer => (3, 6, 2),
            Self::Id => (2, 9, 3),
            Self::Via => (4, 20, 4),
            Self::EventId => (12, 36, EVENT_ID),
            Self::Size => (4, 7, SIZE),
            Self::Provider => (4, 16, 7),
            Self::Path => (8, 40, 7),
            Self::Cause => (8, 28, 7),
            Self::Method => (3, 7, 8),
            Self::Source => (4, 7, 9),
            Self::Latency => (6, 7, 10),
        }
    }

    /// Returns the name above the column.
    pub fn header(self) -> &'static str {
        match self {
            Self::Id => "#",
            Self::Answer => "status",
            Self::Signature => "signature",
            other => other.as_str(),
        }
    }

    /// Returns true if the column is right-aligned.
    pub fn is_right(self) -> bool {
        matches!(self, Self::Id | Self::Size | Self::Answer | Self::Latency)
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
            Self::Latency => Some(SortBy::Latency),
            Self::Provider | Self::Method | Self::Path | Self::Cause | Self::Source | Self::Via => {
                None
            }
        }
    }
}

/// Column with its position in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ColumnPlacement {
    pub column: ListColumn,
    pub x: usize,
    pub width: usize,
}

/// Order of removal of columns that give way to a longer verdict.
const EVENT_ID: u8 = 5;
const SIZE: u8 = 6;

/// Width of the mark and the badges before the first column.
pub(crate) const SIGNS: usize = 3;

/// Width of a verdict's symbol without its word.
const SIGN: usize = 1;

/// Width of a verdict that shows a word after its symbol.
const SIGN_AND_WORD: usize = 10;

/// Width of a verdict that shows most causes.
const SIGN_AND_CAUSE: usize = 20;

/// Width of a day without its year, and a time of day.
pub(crate) const DAY_AND_TIME: usize = 12;

/// Width of a date and a time of day.
pub(crate) const DATE_AND_TIME: usize = 16;

/// Widths of the cells on the screen, by column. They only grow while one scrolls, so that columns
/// do not jump.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContentWidths([usize; ListColumn::ALL.len()]);

impl ContentWidths {
    /// Notes the width of a cell.
    pub fn note(&mut self, column: ListColumn, width: usize) {
        if let Some(known) = self.0.get_mut(column as usize) {
            *known = width.max(*known);
        }
    }

    fn of(&self, column: ListColumn) -> usize {
        self.measured(column).max(column.header().len())
    }

    /// Returns the width of the cells alone.
    fn measured(&self, column: ListColumn) -> usize {
        self.0.get(column as usize).copied().unwrap_or(0)
    }

    /// Returns true if a column has something to show. Most deliveries have no source, and hookglass
    /// responds to most at once.
    fn shows(&self, column: ListColumn) -> bool {
        let is_often_empty = matches!(column, ListColumn::Via | ListColumn::Latency);
        !is_often_empty || self.measured(column) > 0
    }
}

/// Columns in the order in which they grow, each up to a width.
const GROWTH: [(ListColumn, usize); 21] = [
    (ListColumn::Signature, SIGN_AND_WORD),
    (ListColumn::Type, 13),
    (ListColumn::Signature, SIGN_AND_CAUSE),
    (ListColumn::Type, 16),
    (ListColumn::Time, DAY_AND_TIME),
    (ListColumn::Answer, usize::MAX),
    (ListColumn::Type, 20),
    (ListColumn::Size, usize::MAX),
    (ListColumn::Id, usize::MAX),
    (ListColumn::Via, usize::MAX),
    (ListColumn::EventId, 18),
    (ListColumn::Type, usize::MAX),
    (ListColumn::Signature, usize::MAX),
    (ListColumn::EventId, usize::MAX),
    (ListColumn::Time, usize::MAX),
    (ListColumn::Latency, usize::MAX),
    (ListColumn::Cause, usize::MAX),
    (ListColumn::Provider, usize::MAX),
    (ListColumn::Path, usize::MAX),
    (ListColumn::Method, usize::MAX),
    (ListColumn::Source, usize::MAX),
];

/// Returns the width of a list in which no selected column is cut, as far as their bounds allow.
pub(crate) fn needed(wanted: &[ListColumn], content: &ContentWidths) -> usize {
    let widths = wanted.iter().filter(|column| content.shows(**column)).map(|column| {
        let (_, most, _) = column.bounds();
        content.of(*column).min(most) + 1
    });
    SIGNS + 1 + widths.sum::<usize>()
}

/// Places the selected columns in a list of `width` columns, each as wide as its content within
/// bounds. Those without room are left out, but never the verdict.
pub(crate) fn placed(
    wanted: &[ListColumn],
    width: usize,
    content: &ContentWidths,
) -> Vec<ColumnPlacement> {
    let room = width.saturating_sub(SIGNS + 1);
    // A text column takes no more than its longest text needs, but ids grow while the list is
    // shown.
    let least = |column: ListColumn| match column {
        ListColumn::Id => column.bounds().0,
        // A word such as `paused` is never cut.
        ListColumn::Answer => content.measured(column).clamp(3, 6),
        _ => column.bounds().0.min(content.of(column)),
    };
    let want = |column: ListColumn| content.of(column).min(column.bounds().1).max(least(column));
    let shown = wanted.iter().filter(|column| content.shows(**column));
    let mut kept: Vec<(ListColumn, usize)> =
        shown.map(|column| (*column, least(*column))).collect();
    let used =
        |kept: &[(ListColumn, usize)]| kept.iter().map(|(_, width)| width + 1).sum::<usize>();
    let cause = want(ListColumn::Signature).min(SIGN_AND_CAUSE) - SIGN;
    let word = cause.min(SIGN_AND_WORD - SIGN);
    let kind = want(ListColumn::Type).min(16).saturating_sub(ListColumn::Type.bounds().0);
    // The cause of a failure, the type, and an uncut heading matter more than the size, and the
    // verdict as a word matters more than the event id.
    let status = want(ListColumn::Answer) - least(ListColumn::Answer);
    for (wish, least) in [(cause + kind + status, SIZE), (word, EVENT_ID), (0, 1)] {
        while used(&kept) + wish > room {
            let rank = kept.iter().map(|(column, _)| column.bounds().2).max().unwrap_or(0);
            if rank < least {
                break;
            }
            kept.retain(|(column, _)| column.bounds().2 < rank);
        }
    }
    // On a very narrow list, narrow the columns that would push the verdict off the screen.
    while used(&kept) > room
        && let Some((_, width)) = kept.iter_mut().find(|(column, width)| {
            matches!(column, ListColumn::Type | ListColumn::Time) && *width > 1
        })
    {
        *width -= 1;
    }
    let mut left = room.saturating_sub(used(&kept));
    for (column, most) in GROWTH {
        if let Some((_, width)) = kept.iter_mut().find(|(one, _)| *one == column) {
            let more = want(column).min(most).saturating_sub(*width).min(left);
            if column == ListColumn::Signature && *width + more < SIGN_AND_WORD {
                continue;
            }
            *width += more;
            left -= more;
        }
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
pub(crate) fn at(placed: &[ColumnPlacement], x: usize) -> Option<ListColumn> {
    placed.iter().find(|one| (one.x..=one.x + one.width).contains(&x)).map(|one| one.column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(widths: &[(ListColumn, usize)]) -> ContentWidths {
        let mut content = ContentWidths::default();
        for (column, width) in widths {
            content.note(*column, *width);
        }
        content
    }

    #[test]
    fn columns_fit_and_the_verdict_is_never_dropped() {
        let content = measured(&ListColumn::ALL.map(|column| (column, 99)));
        for width in 20..240 {
            for wanted in [&ListColumn::USUAL[..], &ListColumn::ALL] {
                let placed = placed(wanted, width, &content);
                let end = placed.last().map_or(0, |last| last.x + last.width + 1);
                assert!(end <= width, "{width}: {placed:?}");
                for needed in [ListColumn::Type, ListColumn::Signature] {
                    assert!(placed.iter().any(|one| one.column == needed), "{width}: {placed:?}");
                }
            }
        }
    }

    #[test]
    fn a_wide_list_cuts_no_type_and_no_event_id() {
        let content = measured(&[(ListColumn::Type, 40), (ListColumn::EventId, 36)]);
        let placed = placed(&ListColumn::USUAL, 120, &content);
        let width = |wanted| placed.iter().find(|one| one.column == wanted).map(|one| one.width);
        assert_eq!((width(ListColumn::Type), width(ListColumn::EventId)), (Some(32), Some(36)));
        assert_eq!(at(&placed, 4), Some(ListColumn::Id));
    }

    #[test]
    fn a_latency_is_shown_only_if_there_is_one_and_room() {
        let shows = |width, content: &ContentWidths| {
            let placed = placed(&ListColumn::USUAL, width, content);
            placed.iter().any(|one| one.column == ListColumn::Latency)
        };
        let content = measured(&[(ListColumn::Type, 20), (ListColumn::Latency, 6)]);
        let without = measured(&[(ListColumn::Type, 20)]);
        let found = [shows(120, &content), shows(60, &content), shows(120, &without)];
        assert_eq!(found, [true, false, false]);
    }

    #[test]
    fn names_parse() {
        assert_eq!(ListColumn::named("event-id"), Some(ListColumn::EventId));
        assert_eq!(ListColumn::named("nope"), None);
    }
}
