//! Rules that answer deliveries, senders that are held, and the address for senders.

use super::super::action::{Action, Answering, Copyable, Decision, Move};
use super::super::message::{Effect, Notice};
use super::super::model::{Mode, Model};
use super::super::onward::{Change, Choice, Onward, Public, Ruling};
use super::{browse, tell};

pub(super) fn act(model: &mut Model, what: Answering) -> Vec<Effect> {
    match what {
        Answering::Show => show(model),
        Answering::Add => model.mode = Mode::Rule(Box::default()),
        Answering::Always(script) => return vec![Effect::Change(Change::Add(script.to_owned()))],
        Answering::Remove => return remove(model),
        Answering::Reset => return vec![Effect::Change(Change::Reset)],
        Answering::Release(decision) => return release(model, decision),
    }
    Vec::new()
}

/// Shows rules and held deliveries; the selected delivery is chosen if it is held.
pub(super) fn show(model: &mut Model) {
    let selected = model.list.selected().map(|row| Choice::Held(row.id));
    let choices = model.onward.choices();
    let chosen = choices.iter().position(|choice| Some(*choice) == selected);
    model.mode = Mode::Answers(chosen.unwrap_or(0));
}

/// What a key does on the page.
pub(super) fn page(model: &mut Model, action: Action) -> Vec<Effect> {
    let Mode::Answers(chosen) = &mut model.mode else { return Vec::new() };
    let last = model.onward.choices().len().saturating_sub(1);
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other action has a key there")]
    match action {
        Action::Move(step) => {
            *chosen = match step {
                Move::Up => chosen.saturating_sub(1),
                Move::Down => (*chosen + 1).min(last),
                Move::First | Move::PageUp => 0,
                Move::Last | Move::PageDown => last,
                Move::Left | Move::Right => *chosen,
            };
            Vec::new()
        }
        Action::Cancel => {
            model.mode = Mode::Browse;
            Vec::new()
        }
        other => browse::act(model, other),
    }
}

fn chosen(model: &Model) -> Option<Choice> {
    let Mode::Answers(chosen) = model.mode else { return None };
    model.onward.choices().get(chosen).copied()
}

fn remove(model: &mut Model) -> Vec<Effect> {
    if let Some(Choice::Rule(at)) = chosen(model)
        && let Some(rule) = model.onward.rules.get(at)
    {
        return vec![Effect::Change(Change::Remove { at, text: rule.text.clone() })];
    }
    tell(model, Notice::info("no rule is chosen; ↓ goes to the rules"));
    Vec::new()
}

/// Lets the chosen delivery go, or else the one that has been waiting for longest.
fn release(model: &mut Model, decision: Decision) -> Vec<Effect> {
    let oldest = model.onward.held.first().map(|(id, _)| *id);
    let id = match chosen(model) {
        Some(Choice::Held(id)) => Some(id),
        Some(Choice::Rule(_)) | None => oldest,
    };
    let Some(id) = id else {
        tell(model, Notice::info("no sender is held"));
        return Vec::new();
    };
    vec![Effect::Change(Change::Release { id, decision })]
}

/// Takes the rule that was typed.
pub(super) fn submit(model: &mut Model, ruling: Ruling) -> Vec<Effect> {
    let typed = ruling.prompt.text();
    if typed.trim().is_empty() {
        show(model);
        tell(model, Notice::info("no rule was typed, so the rules are as they were"));
        return Vec::new();
    }
    model.mode = Mode::Rule(Box::new(ruling));
    vec![Effect::Change(Change::Add(typed))]
}

pub(super) fn added(model: &mut Model, text: &str) {
    if matches!(model.mode, Mode::Rule(_)) {
        model.mode = Mode::Answers(model.onward.held.len());
    }
    tell(model, Notice::done(format!("from now on: {text}")));
}

/// What was typed stays to be put right, unless it has been changed since.
pub(super) fn wrong(model: &mut Model, typed: &str, told: String, caret: String) {
    if let Mode::Rule(ruling) = &mut model.mode
        && ruling.prompt.text() == typed
    {
        ruling.error = Some((told, caret));
    } else {
        tell(model, Notice::failed(told));
    }
}

/// Takes in how things are; what has become worse is said.
pub(super) fn learn(model: &mut Model, onward: Onward) {
    let before = std::mem::replace(&mut model.onward, onward);
    if let Mode::Answers(chosen) = &mut model.mode {
        // Whatever comes or goes, the same thing stays chosen.
        let was = before.choices().get(*chosen).copied();
        let now = model.onward.choices();
        let same = now.iter().position(|choice| Some(*choice) == was);
        *chosen = same.unwrap_or(*chosen).min(now.len().saturating_sub(1));
    }
    let was_down =
        |url: &str| before.targets.iter().any(|target| target.url == url && target.down.is_some());
    let mut news = model.onward.targets.iter().filter(|target| !was_down(&target.url));
    let down = news.find_map(|target| {
        target.down.as_ref().map(|why| format!("{} is down: {why}", target.url))
    });
    let no_tunnel = match &model.onward.public {
        Public::Failed(why) if before.public != model.onward.public => {
            Some(format!("there is no tunnel: {why}"))
        }
        Public::Failed(_) | Public::None | Public::Starting | Public::Up(_) => None,
    };
    let came_up = match &model.onward.public {
        Public::Up(url) if before.public == Public::Starting => {
            Some(format!("the tunnel is up: {url}"))
        }
        Public::Up(_) | Public::None | Public::Starting | Public::Failed(_) => None,
    };
    if let Some(text) = no_tunnel.or(down) {
        tell(model, Notice::failed(text));
    } else if let Some(text) = came_up {
        tell(model, Notice::done(text));
    }
}

/// The URL that senders are given.
pub(super) fn copy_address(model: &Model) -> Vec<Effect> {
    let text = model.address().to_owned();
    vec![Effect::CopyText { text, what: Copyable::Address }]
}
