//! Active rules, which can change while deliveries are received.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use super::{ResponseRule, RuleError, ScriptStep};
use crate::delivery::Delivery;
use crate::filter::BodyResults;

/// Rules of agents at a time; each delivery is compared with all of them.
const MAX_OF_AGENTS: usize = 100;

/// Results of the rules on the body of a delivery.
#[derive(Debug, Default)]
pub struct JudgedRules(Vec<(Arc<ResponseRule>, BodyResults)>);

/// Change of one rule.
#[derive(Debug)]
pub enum RuleChange {
    Replace(Arc<ResponseRule>),
    /// Switches it off or on.
    Toggle,
    /// Exchanges it with the rule at another index.
    MoveTo(usize),
}

/// Rules in the order in which they are tried. Clones share them.
#[derive(Debug, Clone)]
pub struct Rulebook(watch::Sender<Arc<[Arc<ResponseRule>]>>);

impl Rulebook {
    pub fn new(rules: impl IntoIterator<Item = Arc<ResponseRule>>) -> Self {
        Self(watch::Sender::new(rules.into_iter().collect()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// Returns the active rules.
    pub fn rules(&self) -> Arc<[Arc<ResponseRule>]> {
        Arc::clone(&self.0.borrow())
    }

    /// Returns the active rules as written.
    pub fn texts(&self) -> Vec<String> {
        self.rules().iter().map(ToString::to_string).collect()
    }

    /// Returns the active rules and all later changes.
    pub fn changes(&self) -> watch::Receiver<Arc<[Arc<ResponseRule>]>> {
        self.0.subscribe()
    }

    /// Replaces the rules. A rule that is kept continues at its current step.
    pub fn replace(&self, rules: impl IntoIterator<Item = Arc<ResponseRule>>) {
        self.0.send_replace(rules.into_iter().collect());
    }

    /// Adds a rule before the others.
    pub fn put_first(&self, rule: ResponseRule) {
        let rule = Arc::new(rule);
        self.0.send_modify(|rules| {
            *rules = [&rule].into_iter().chain(rules.iter()).cloned().collect();
        });
    }

    /// Adds a rule of an agent before the others.
    pub fn put_first_of_agent(&self, rule: ResponseRule) -> Result<(), RuleError> {
        let count = self.rules().iter().filter(|rule| rule.is_by_agent()).count();
        if count >= MAX_OF_AGENTS {
            return Err(RuleError::TooMany { limit: MAX_OF_AGENTS });
        }
        self.put_first(rule);
        Ok(())
    }

    /// Removes the rules of agents.
    pub fn remove_of_agents(&self) {
        let rules = self.rules();
        self.replace(rules.iter().filter(|rule| !rule.is_by_agent()).cloned());
    }

    /// Changes the rules if the one at an index has this text; returns false if it has not.
    pub fn change_at(&self, at: usize, text: &str, change: RuleChange) -> bool {
        self.0.send_if_modified(|rules| {
            let mut all = rules.to_vec();
            let Some(rule) = all.get_mut(at).filter(|rule| rule.to_string() == text) else {
                return false;
            };
            match change {
                RuleChange::Replace(new) => *rule = new,
                RuleChange::Toggle => rule.switch(!rule.is_off()),
                RuleChange::MoveTo(to) if to < all.len() => all.swap(at, to),
                RuleChange::MoveTo(_) => return false,
            }
            *rules = all.into();
            true
        })
    }

    /// Removes the rule at an index; returns false if there is none.
    pub fn remove(&self, at: usize) -> bool {
        self.0.send_if_modified(|rules| {
            let there = at < rules.len();
            let others = rules.iter().enumerate().filter(|(place, _)| *place != at);
            *rules = others.map(|(_, rule)| Arc::clone(rule)).collect();
            there
        })
    }

    /// Returns whether a rule reads bodies.
    pub fn reads_body(&self) -> bool {
        self.rules().iter().any(|rule| rule.reads_body())
    }

    /// Evaluates the active rules on the body of a delivery that the store has not numbered yet.
    pub fn judge_body(&self, delivery: &Delivery) -> JudgedRules {
        let rules = self.rules();
        let reading = rules.iter().filter(|rule| !rule.is_off() && rule.reads_body());
        JudgedRules(reading.map(|rule| (Arc::clone(rule), rule.judge_body(delivery))).collect())
    }

    /// Returns the action for a delivery, from the first rule that matches and does not pass it on.
    /// A rule that is newer than the results reads the body.
    pub fn decide(
        &self,
        delivery: &Delivery,
        judged: &JudgedRules,
        now: Timestamp,
    ) -> Option<ScriptStep> {
        let none = BodyResults::default();
        let results = |rule| {
            let found = judged.0.iter().find(|(one, _)| Arc::ptr_eq(one, rule));
            found.map_or(&none, |(_, results)| results)
        };
        self.rules()
            .iter()
            .find_map(|rule| rule.decide(delivery, results(rule), now, fastrand::f64()).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{DeliveryId, Head, NewDelivery};

    fn rule(text: &str) -> ResponseRule {
        ResponseRule::read(text, &|_| Err(std::io::ErrorKind::NotFound.into())).unwrap()
    }

    fn book() -> Rulebook {
        Rulebook::new(["type:a => 201", "202"].map(|text| Arc::new(rule(text))))
    }

    fn decided(book: &Rulebook) -> Option<String> {
        let head = Head::build("POST", "/", &[]);
        let new = NewDelivery::new(head, "{}".into(), Timestamp::UNIX_EPOCH);
        let delivery = new.into_delivery(DeliveryId(1), None);
        let step = book.decide(&delivery, &JudgedRules::default(), Timestamp::UNIX_EPOCH)?;
        Some(format!("{:?}", step.action))
    }

    #[test]
    fn a_rule_that_is_off_is_passed_over() {
        let book = book();
        assert!(book.change_at(1, "202", RuleChange::Toggle));
        assert_eq!(decided(&book), None);
        assert!(book.change_at(1, "202", RuleChange::Toggle));
        assert!(decided(&book).is_some());
    }

    #[test]
    fn a_rule_is_replaced_in_its_place() {
        let book = book();
        assert!(book.change_at(0, "type:a => 201", RuleChange::Replace(Arc::new(rule("203")))));
        assert_eq!(book.texts(), ["203", "202"]);
    }

    #[test]
    fn a_rule_changes_places() {
        let book = book();
        assert!(book.change_at(1, "202", RuleChange::MoveTo(0)));
        assert_eq!(book.texts(), ["202", "type:a => 201"]);
    }

    #[test]
    fn a_rule_that_is_another_one_by_now_is_not_changed() {
        let book = book();
        assert!(!book.change_at(0, "202", RuleChange::Replace(Arc::new(rule("203")))));
        assert!(!book.change_at(0, "type:a => 201", RuleChange::MoveTo(2)));
        assert_eq!(book.texts(), ["type:a => 201", "202"]);
    }
}
