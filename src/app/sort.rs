//! The orders that the list can have.

/// A column that a list can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortKey {
    /// The order in which the deliveries came.
    #[default]
    Time,
    Type,
    Verdict,
    EventId,
    Size,
    Answer,
}

impl SortKey {
    pub const ALL: [Self; 6] =
        [Self::Time, Self::Type, Self::Verdict, Self::EventId, Self::Size, Self::Answer];

    pub fn title(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Type => "type",
            Self::Verdict => "verdict",
            Self::EventId => "event id",
            Self::Size => "size",
            Self::Answer => "answer",
        }
    }
}

/// An order of rows. Those that are equal in the column stand as they came; what has no value
/// comes first. Descending is that order from its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SortOrder {
    pub by: SortKey,
    pub descending: bool,
}
