//! Sort orders of the list.

/// Column to sort by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortKey {
    /// Time received.
    #[default]
    Time,
    Type,
    Verdict,
    EventId,
    Size,
    Answer,
    Latency,
}

impl SortKey {
    pub fn title(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Type => "type",
            Self::Verdict => "verdict",
            Self::EventId => "event id",
            Self::Size => "size",
            Self::Answer => "status",
            Self::Latency => "latency",
        }
    }
}

/// Sort order of rows. Rows with equal values keep the order received, and absent values come
/// first. Descending is the exact reverse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SortOrder {
    pub by: SortKey,
    pub descending: bool,
}
