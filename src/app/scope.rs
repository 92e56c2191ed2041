//! Scope of an action.

/// Deliveries that an action applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Selected,
    Marked,
    /// All deliveries that pass the current filter.
    Shown,
    All,
}
