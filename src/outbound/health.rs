//! How a target is doing, for whoever shows it.

/// How a target is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    pub condition: TargetCondition,
    /// Deliveries that wait for their turn.
    pub waiting: usize,
    /// Deliveries that were begun and are not answered yet.
    pub under_way: usize,
}

/// What the last sending to a target came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TargetCondition {
    /// Nothing was sent yet.
    #[default]
    Unknown,
    /// It answered, whatever the status.
    Up,
    /// It did not answer; why, in a sentence that names it.
    Down(String),
}

impl Health {
    pub fn is_down(&self) -> bool {
        matches!(self.condition, TargetCondition::Down(_))
    }
}
