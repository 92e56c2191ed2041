//! Actions of a rule, step by step.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::delivery::{Delivery, Header};
use crate::provider::{Filling, Placeholders};

/// Steps taken one after the other; the last one repeats.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// At least one.
    pub(super) steps: Vec<ScriptStep>,
    /// Original text.
    pub(super) text: String,
}

/// Action for one delivery, or for several.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptStep {
    /// Share of deliveries that get the action, up to 1; the others are passed on.
    pub chance: f64,
    /// Number of deliveries for this step, unless it is the last one.
    pub times: u64,
    pub delay: Duration,
    pub action: ScriptAction,
}

/// Action for a delivery that matches a rule.
#[derive(Debug, Clone, PartialEq)]
pub enum ScriptAction {
    Respond(Canned),
    /// Never respond.
    Timeout,
    /// Close the connection without a response.
    Close,
    /// Pause the request until the user decides.
    Hold,
    /// Continue with the next rule.
    Pass,
    /// Ask a program that is attached to the hub.
    Ask(HubProgram),
}

/// Program that provides a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubProgram {
    /// Its name on the hub; several programs may share it.
    pub name: String,
    /// Time that it has to respond.
    pub timeout: Duration,
}

impl HubProgram {
    /// Time that a program has unless the script sets another one.
    pub const TIMEOUT: Duration = Duration::from_secs(30);
}

/// A fixed response with placeholders for values of the delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canned {
    pub status: u16,
    pub headers: Vec<Header>,
    pub body: ResponseBody,
}

/// Body of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponseBody {
    /// None; with a status of success, the provider's own.
    Own,
    Text(Placeholders),
    /// A path that is not read yet.
    File(String),
}

impl Canned {
    /// Creates a response with only a status.
    pub fn bare(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: ResponseBody::Own }
    }

    /// Returns headers and body for a delivery; none if only the status was chosen.
    pub fn fill(&self, delivery: &Delivery) -> Option<(Vec<Header>, Bytes)> {
        let mut headers = self.headers.clone();
        let (text, kind) = match &self.body {
            _ if matches!(self.status, 204 | 304) => return Some((headers, Bytes::new())),
            ResponseBody::Text(text) if text.is_json() => {
                (filled(text, delivery), "application/json")
            }
            ResponseBody::Text(text) => (filled(text, delivery), "text/plain; charset=utf-8"),
            ResponseBody::Own | ResponseBody::File(_) => return None,
        };
        if !headers.iter().any(|header| header.is("content-type")) {
            headers.push(Header::new("Content-Type", kind));
        }
        Some((headers, text.into()))
    }
}

fn filled(text: &Placeholders, delivery: &Delivery) -> String {
    let summary = &delivery.summary;
    let filling = Filling::new(&delivery.head, &delivery.body, &summary.event, &summary.provider);
    text.fill(&Filling { number: Some(summary.id), ..filling })
}

impl Script {
    /// Creates a script that gives every delivery the same bare response.
    pub fn always(status: u16) -> Self {
        let action = ScriptAction::Respond(Canned::bare(status));
        let steps = vec![ScriptStep { chance: 1.0, times: 1, delay: Duration::ZERO, action }];
        Self { steps, text: status.to_string() }
    }

    /// Returns the step for the delivery that comes after `before` others.
    pub(super) fn step(&self, before: u64) -> Option<&ScriptStep> {
        let mut left = before;
        for step in &self.steps {
            match left.checked_sub(step.times) {
                None => return Some(step),
                Some(rest) => left = rest,
            }
        }
        self.steps.last()
    }

    pub(super) fn answers(&mut self) -> impl Iterator<Item = &mut Canned> {
        self.steps.iter_mut().filter_map(|step| match &mut step.action {
            ScriptAction::Respond(canned) => Some(canned),
            ScriptAction::Timeout
            | ScriptAction::Close
            | ScriptAction::Hold
            | ScriptAction::Pass
            | ScriptAction::Ask(_) => None,
        })
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
