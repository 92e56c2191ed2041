//! Health of targets, for front ends.

/// Health of a target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    pub condition: TargetCondition,
    /// Deliveries that wait in the queue.
    pub waiting: usize,
    /// Deliveries in progress.
    pub in_flight: usize,
}

/// Condition of a target after the last request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TargetCondition {
    /// Nothing has been sent yet.
    #[default]
    Unknown,
    /// It responded, with any status.
    Up,
    /// It did not respond; the reason in one sentence that names it.
    Down(String),
}
