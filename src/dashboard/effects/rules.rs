//! Rules, paused requests, targets, and the public address: changes and updates of the screen.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select_all;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::Context;
use crate::app::routing::{
    HubLine, PublicAddress, Routing, RoutingChange, RuleLine, RuleMistake, TargetLine,
};
use crate::app::{Event, Notice, ReleaseDecision};
use crate::delivery::{DeliveryId, Head};
use crate::error_chain;
use crate::input_file;
use crate::intake::ReleaseAction;
use crate::outbound::TargetCondition;
use crate::respond::{MAX_FILE, ResponseRule, RuleChange, RuleError, Rulebook};
use crate::task;
use crate::tunnel;

/// Notice if a rule that was to be changed is another one by now.
const CHANGED: &str = "The rules have changed; select again";

/// Minimum time between two updates of the screen.
const PAUSE: Duration = Duration::from_millis(100);

/// Interval for reading the rules' counts, which change with every delivery.
const COUNTS: Duration = Duration::from_secs(1);

/// Reports the routing state whenever it changes, until the loop ends.
pub(super) async fn report_changes(context: Arc<Context>) {
    let controls = &context.setup.controls;
    let mut rules = vec![controls.rules.changes()];
    let mut held = vec![controls.paused.changes()];
    let mut targets: Vec<_> = controls.targets.iter().map(|(_, health)| health.clone()).collect();
    let mut tunnel: Vec<_> = context.setup.tunnel.iter().cloned().collect();
    let mut hub: Vec<_> = context.setup.hub.iter().cloned().collect();
    let mut counts = tokio::time::interval(COUNTS);
    counts.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reported = Routing::default();
    loop {
        let now = context.routing();
        if now != reported {
            reported = now.clone();
            if context.events.send(Event::Routing(Box::new(now))).await.is_err() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        tokio::select! {
            () = changed(&mut rules) => {}
            () = changed(&mut held) => {}
            () = changed(&mut targets) => {}
            () = changed(&mut tunnel) => {}
            () = changed(&mut hub) => {}
            _ = counts.tick(), if !reported.rules.is_empty() => {}
        }
    }
}

/// Waits until one of them changes and removes the closed ones.
async fn changed<T>(all: &mut Vec<watch::Receiver<T>>) {
    while !all.is_empty() {
        let changes = all.iter_mut().map(|one| Box::pin(one.changed()));
        let (outcome, at, _) = select_all(changes).await;
        if outcome.is_ok() {
            return;
        }
        drop(all.remove(at));
    }
    std::future::pending::<()>().await;
}

impl Context {
    fn routing(&self) -> Routing {
        let controls = &self.setup.controls;
        let rules = controls.rules.rules();
        let rules = rules.iter().map(|rule| RuleLine {
            text: rule.to_string(),
            count: rule.count(),
            holds: rule.holds(),
            is_off: rule.is_off(),
            is_for_all: rule.is_for_all(),
            is_by_agent: rule.is_by_agent(),
        });
        let targets = controls.targets.iter().map(|(url, health)| {
            let health = health.borrow();
            let down = match &health.condition {
                TargetCondition::Down(why) => Some(why.clone()),
                TargetCondition::Up | TargetCondition::Unknown => None,
            };
            TargetLine { url: url.clone(), down, waiting: health.waiting }
        });
        Routing {
            rules: rules.collect(),
            held: controls.paused.list(),
            targets: targets.collect(),
            public: self.public(),
            has_tunnel: self.setup.tunnel.is_some(),
            hub: self.hub(),
        }
    }

    fn hub(&self) -> Option<HubLine> {
        let status = self.setup.hub.as_ref()?.borrow();
        Some(HubLine {
            stream: status.stream.clone(),
            trouble: status.trouble().map(|why| why.to_string()),
            lag: status.lag,
            others: status.others.clone(),
            note: status.notes.back().map(ToString::to_string),
            noted: status.noted,
        })
    }

    fn public(&self) -> PublicAddress {
        match self.setup.tunnel.as_ref().map(|state| state.borrow().clone()) {
            Some(tunnel::TunnelState::Starting) => PublicAddress::Starting,
            Some(tunnel::TunnelState::Up(url)) => PublicAddress::Up(url),
            Some(tunnel::TunnelState::Failed(why)) => PublicAddress::Failed(why),
            None => {
                let root = Head::build("GET", "/", &[]);
                let url = self.setup.verifier.get().url(&root);
                url.map_or(PublicAddress::None, |url| {
                    PublicAddress::Up(url.trim_end_matches('/').to_owned())
                })
            }
        }
    }

    /// Changes rules or releases a paused request.
    pub(super) async fn change(self: Arc<Self>, change: RoutingChange) {
        match change {
            RoutingChange::Add(typed) => task::blocking(move || self.add_rule(typed, None)).await,
            RoutingChange::Replace { at, text, typed } => {
                task::blocking(move || self.add_rule(typed, Some((at, text)))).await;
            }
            RoutingChange::Move { at, to, text } => {
                self.change_rule(at, &text, RuleChange::MoveTo(to)).await;
            }
            RoutingChange::Toggle { at, text } => {
                self.change_rule(at, &text, RuleChange::Toggle).await;
            }
            RoutingChange::Remove { at, text } => self.remove_rule(at, &text).await,
            RoutingChange::Reset => self.reset_rules().await,
            RoutingChange::Release { id, decision } => self.release(id, decision).await,
        }
    }

    /// Inserts a rule at the front, or replaces one. This may read a file.
    fn add_rule(&self, typed: String, replaced: Option<(usize, String)>) {
        let folder = self.setup.config.parent().unwrap_or_else(|| Path::new(""));
        let read_file = |name: &str| input_file::read(&folder.join(name), MAX_FILE);
        self.send(match ResponseRule::read(&typed, &read_file) {
            Ok(rule) => {
                let (text, rules) = (rule.to_string(), &self.setup.controls.rules);
                match replaced {
                    None => rules.put_first(rule),
                    Some((at, old)) => {
                        if !rules.change_at(at, &old, RuleChange::Replace(Arc::new(rule))) {
                            self.send(Event::Notice(Notice::info(CHANGED)));
                            return;
                        }
                    }
                }
                Event::RuleAdded(text)
            }
            Err(error) => wrong(typed, &error),
        });
    }

    async fn remove_rule(&self, at: usize, text: &str) {
        let rules: &Rulebook = &self.setup.controls.rules;
        let is_it = rules.rules().get(at).is_some_and(|rule| rule.to_string() == text);
        let notice = if is_it && rules.remove(at) {
            Notice::done(format!("Removed rule {text}"))
        } else {
            Notice::info(CHANGED)
        };
        self.say(notice).await;
    }

    async fn change_rule(&self, at: usize, text: &str, change: RuleChange) {
        if !self.setup.controls.rules.change_at(at, text, change) {
            self.say(Notice::info(CHANGED)).await;
        }
    }

    async fn reset_rules(&self) {
        self.rules_of_the_start.iter().for_each(|rule| rule.switch(false));
        let rules = self.rules_of_the_start.iter().cloned();
        self.setup.controls.rules.replace(rules);
        let reported = match self.rules_of_the_start.len() {
            0 => "No rules, as at startup".to_owned(),
            1 => "The startup rule is active again".to_owned(),
            many => format!("The {many} startup rules are active again"),
        };
        self.say(Notice::done(reported)).await;
    }

    async fn release(&self, id: DeliveryId, decision: ReleaseDecision) {
        let (release, word) = match decision {
            ReleaseDecision::Respond(status) => {
                (ReleaseAction::Respond(status), format!("answered {status}"))
            }
            ReleaseDecision::Forward => {
                (ReleaseAction::Forward, "forwarded to the targets".to_owned())
            }
            ReleaseDecision::Close => {
                (ReleaseAction::Close, "closed without a response".to_owned())
            }
        };
        let paused = &self.setup.controls.paused;
        let has_left = paused.has_client_closed(id);
        let notice = match (paused.release(id, release), has_left) {
            (true, false) => Notice::done(format!("Delivery {id}: {word}")),
            // It may still read; the list shows the status if it does.
            (true, true) => {
                Notice::info(format!("Delivery {id}: {word}, but its client had hung up"))
            }
            (false, _) => Notice::info(format!("The client of delivery {id} is gone")),
        };
        self.say(notice).await;
    }
}

/// Reports a mistake in a typed rule, with the affected part of the text.
fn wrong(typed: String, error: &RuleError) -> Event {
    let diagnostic = error.diagnostic();
    let message = diagnostic.map_or_else(|| error_chain::with_sources(error), ToString::to_string);
    let span = diagnostic.map(|diagnostic| diagnostic.span.clone());
    Event::RuleWrong { typed, mistake: RuleMistake { message, span } }
}
