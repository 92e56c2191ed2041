//! The rules that hold now; they can be changed while deliveries come.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use super::{ResponseRule, ScriptStep};
use crate::delivery::Delivery;

/// Rules in the order in which they are asked. Clones share them.
#[derive(Debug, Clone)]
pub struct Rulebook(watch::Sender<Arc<[Arc<ResponseRule>]>>);

impl Rulebook {
    pub fn new(rules: impl IntoIterator<Item = Arc<ResponseRule>>) -> Self {
        Self(watch::Sender::new(rules.into_iter().collect()))
    }

    /// The rules that hold now.
    pub fn rules(&self) -> Arc<[Arc<ResponseRule>]> {
        Arc::clone(&self.0.borrow())
    }

    /// The rules of now and of every time they change.
    pub fn changes(&self) -> watch::Receiver<Arc<[Arc<ResponseRule>]>> {
        self.0.subscribe()
    }

    /// From now on these hold. One that held before goes on where it was in its script.
    pub fn replace(&self, rules: impl IntoIterator<Item = Arc<ResponseRule>>) {
        self.0.send_replace(rules.into_iter().collect());
    }

    /// From now on this one is asked first.
    pub fn put_first(&self, rule: ResponseRule) {
        let rule = Arc::new(rule);
        self.0.send_modify(|rules| {
            *rules = [&rule].into_iter().chain(rules.iter()).cloned().collect();
        });
    }

    /// From now on the rule at this place does not hold; false if there is none.
    pub fn remove(&self, at: usize) -> bool {
        self.0.send_if_modified(|rules| {
            let there = at < rules.len();
            let others = rules.iter().enumerate().filter(|(place, _)| *place != at);
            *rules = others.map(|(_, rule)| Arc::clone(rule)).collect();
            there
        })
    }

    /// What happens to a delivery: the first rule that is for it, and does not pass it on.
    pub fn decide(&self, delivery: &Delivery, now: Timestamp) -> Option<ScriptStep> {
        let rules = self.rules();
        rules.iter().find_map(|rule| rule.decide(delivery, now, fastrand::f64()).cloned())
    }
}
