//! Facts derived from other deliveries: flags of one delivery, and the deliveries related to it.

use std::time::Duration;

use super::Summary;
use crate::units;

/// Facts found out after a delivery was received.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFlags {
    /// The body differs from that of the event's first delivery.
    pub differs: bool,
    /// Fields added, removed, or of another type compared with earlier bodies of the event type,
    /// one sentence each.
    pub schema_changes: Vec<String>,
    /// The user has resent the delivery.
    pub resent: bool,
    /// Time after which the client had gone without its response.
    pub client_gone: Option<Duration>,
}

impl DeliveryFlags {
    /// Describes the client that left, e.g. `client gone after 1.2 s`.
    pub fn client_gone_text(&self) -> Option<String> {
        self.client_gone.map(|after| format!("client gone after {}", units::format_duration(after)))
    }
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
