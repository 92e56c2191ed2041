//! What becomes of deliveries beside being kept: rules that answer them, senders that are held,
//! targets, and the public address they come by.

use std::ops::Range;

use jiff::Timestamp;

use super::action::ReleaseDecision;
use super::prompt::Prompt;
use crate::delivery::DeliveryId;

/// A rule that answers deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleLine {
    /// As it was written.
    pub text: String,
    /// Deliveries that it was for so far.
    pub count: u64,
    /// Whether somebody has to let deliveries go.
    pub holds: bool,
}

/// Where deliveries are sent on to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetLine {
    pub url: String,
    /// Why it does not answer.
    pub down: Option<String>,
    /// Deliveries that wait for their turn.
    pub waiting: usize,
}

/// By which address the world reaches the listener.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PublicAddress {
    /// No other than its own.
    #[default]
    None,
    Starting,
    Up(String),
    /// Why there is none, and what to do.
    Failed(String),
}

/// All of it, as it is now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routing {
    pub rules: Vec<RuleLine>,
    /// Whose senders wait, and since when; the longest first.
    pub held: Vec<(DeliveryId, Timestamp)>,
    /// In the order in which they are asked.
    pub targets: Vec<TargetLine>,
    pub public: PublicAddress,
}

/// Something on the page of answers that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoutingChoice {
    Held(DeliveryId),
    /// The place of a rule.
    Rule(usize),
}

impl Routing {
    pub fn is_held(&self, id: DeliveryId) -> bool {
        self.held.iter().any(|(held, _)| *held == id)
    }

    /// How long the longest has been waiting, in seconds.
    pub fn longest(&self, now: Timestamp) -> Option<i64> {
        let (_, since) = self.held.first()?;
        Some(now.duration_since(*since).as_secs().max(0))
    }

    /// What can be chosen, from above.
    pub fn choices(&self) -> Vec<RoutingChoice> {
        let held = self.held.iter().map(|(id, _)| RoutingChoice::Held(*id));
        held.chain((0..self.rules.len()).map(RoutingChoice::Rule)).collect()
    }
}

/// A change of what becomes of deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoutingChange {
    /// Puts a rule first, as it was typed.
    Add(String),
    /// Removes the rule at this place, if it still is this one.
    Remove { at: usize, text: String },
    /// The rules of the start hold again.
    Reset,
    /// Lets a held delivery go.
    Release { id: DeliveryId, decision: ReleaseDecision },
}

/// A rule that is being typed.
#[derive(Debug, Clone, Default)]
pub struct RulePrompt {
    pub prompt: Prompt,
    pub error: Option<RuleMistake>,
}

/// Reason why a typed rule was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleMistake {
    pub message: String,
    /// Bytes of the typed text that the message is about, if it is about a part of it.
    pub span: Option<Range<usize>>,
}
