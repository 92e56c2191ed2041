//! Which deliveries an action is about.

/// Which deliveries an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Selected,
    Marked,
    /// All that pass the filter in force.
    Shown,
    All,
}
