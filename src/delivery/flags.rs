//! How a delivery stands to others: what the store found by comparing it, and which belong to it.

use super::Summary;

/// What is known of a delivery beside the others in the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFlags {
    /// Its body is another one than that of the first delivery of its event.
    pub differs: bool,
    /// What is new, gone or of another type in its body against the earlier ones of its type, a
    /// sentence each; empty where nothing is, or where nobody looked.
    pub shape: Vec<String>,
    /// It was sent onwards by hand.
    pub resent: bool,
}

/// The deliveries that belong to one, by rising id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Related {
    /// All of the same event, the one itself among them; only the one itself where its event has
    /// no id.
    pub of_event: Vec<Summary>,
    /// How many more there are of the event.
    pub more: usize,
    /// Those that were made from it, by an edit.
    pub made: Vec<Summary>,
}
