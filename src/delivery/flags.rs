//! Facts derived from other deliveries: flags of one delivery, and the deliveries related to it.

use super::Summary;

/// Facts that the store derives by comparing a delivery with others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFlags {
    /// The body differs from that of the event's first delivery.
    pub differs: bool,
    /// Fields added, removed, or of another type compared with earlier bodies of the event type,
    /// one sentence each.
    pub schema_changes: Vec<String>,
    /// The user has resent the delivery.
    pub resent: bool,
}

/// The deliveries related to one, by ascending id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Related {
    /// Deliveries of the same event, this one included; only this one if its event has no id.
    pub of_event: Vec<Summary>,
    /// Number of further deliveries of the event that are not listed.
    pub more: usize,
    /// Deliveries made from it by an edit.
    pub edited: Vec<Summary>,
}
