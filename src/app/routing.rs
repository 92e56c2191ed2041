//! Routing state: rules, paused requests, targets, and the public address.

use std::ops::Range;

use jiff::Timestamp;

use super::action::ReleaseDecision;
use super::prompt::Prompt;
use crate::delivery::DeliveryId;

/// Rule that responds to deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent properties")]
pub struct RuleLine {
    /// Rule as written.
    pub text: String,
    /// Number of deliveries matched so far.
    pub count: u64,
    /// Set if the rule pauses requests.
    pub holds: bool,
    /// Set if the rule is switched off.
    pub is_off: bool,
    /// Set if the rule has no filter.
    pub is_for_all: bool,
    /// Set if an agent set the rule.
    pub is_by_agent: bool,
}

/// Forwarding target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetLine {
    pub url: String,
    /// Reason why the target is down.
    pub down: Option<String>,
    /// Number of queued deliveries.
    pub waiting: usize,
}

/// Public address of the listener.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PublicAddress {
    /// Only the listener's own address.
    #[default]
    None,
    Starting,
    Up(String),
    /// Reason for the failure, and what to do.
    Failed(String),
}

/// The whole routing state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routing {
    pub rules: Vec<RuleLine>,
    /// Paused requests and their start times, the longest pause first.
    pub held: Vec<(DeliveryId, Timestamp)>,
    /// Targets in matching order.
    pub targets: Vec<TargetLine>,
    pub public: PublicAddress,
    /// Set if the public address ends with this process.
    pub has_tunnel: bool,
    /// The hub that deliveries are published to or read from.
    pub hub: Option<HubLine>,
}

/// State of a hub.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HubLine {
    pub stream: String,
    /// Current failure.
    pub trouble: Option<String>,
    /// Messages that were not read yet.
    pub lag: u64,
    /// Names of the others on the hub.
    pub others: Vec<String>,
    /// Last message that was lost or skipped, and the number of all of them.
    pub note: Option<String>,
    pub noted: u64,
}

/// Selectable entry on the responses page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoutingChoice {
    Held(DeliveryId),
    /// Index of a rule.
    Rule(usize),
}

impl Routing {
    pub fn is_held(&self, id: DeliveryId) -> bool {
        self.held.iter().any(|(held, _)| *held == id)
    }

    /// Returns the longest pause in seconds.
    pub fn longest(&self, now: Timestamp) -> Option<i64> {
        let (_, since) = self.held.first()?;
        Some(now.duration_since(*since).as_secs().max(0))
    }

    /// Returns the selectable entries from top to bottom.
    pub fn choices(&self) -> Vec<RoutingChoice> {
        let held = self.held.iter().map(|(id, _)| RoutingChoice::Held(*id));
        held.chain((0..self.rules.len()).map(RoutingChoice::Rule)).collect()
    }
}

/// Change of the routing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoutingChange {
    /// Inserts a rule at the front, as typed.
    Add(String),
    /// Replaces the rule at this position with another one, as typed, if it is still the same.
    Replace { at: usize, text: String, typed: String },
    /// Exchanges the rule at this position with another one if it is still the same.
    Move { at: usize, to: usize, text: String },
    /// Switches the rule at this position off or on if it is still the same.
    Toggle { at: usize, text: String },
    /// Removes the rule at this position if it is still the same.
    Remove { at: usize, text: String },
    /// Restores the rules from startup.
    Reset,
    /// Releases a paused request.
    Release { id: DeliveryId, decision: ReleaseDecision },
}

/// Rule being typed.
#[derive(Debug, Clone, Default)]
pub struct RulePrompt {
    pub prompt: Prompt,
    pub error: Option<RuleMistake>,
    /// Position and text of the rule to replace; if absent, a new one is added.
    pub replaces: Option<(usize, String)>,
}

/// Reason why a typed rule is invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleMistake {
    pub message: String,
    /// Byte range of the mistake in the typed text, if it is about a part of it.
    pub span: Option<Range<usize>>,
}
