//! Rules, paused requests, and the URL for senders.

use super::{notify, prompts};
use crate::app::action::{Action, Copyable, Direction, Move, ReleaseDecision, ResponseAction};
use crate::app::effect::Effect;
use crate::app::model::{Menu, Mode, Model};
use crate::app::notice::Notice;
use crate::app::routing::{
    HubLine, PublicAddress, Routing, RoutingChange, RoutingChoice, RuleLine, RuleMistake,
};

pub(super) fn act(model: &mut Model, what: ResponseAction) -> Vec<Effect> {
    match what {
        ResponseAction::Show => model.show_responses(),
        ResponseAction::Always(script) => {
            return vec![Effect::Change(RoutingChange::Add(script.to_owned()))];
        }
        ResponseAction::Remove => return remove(model),
        ResponseAction::Reset => return vec![Effect::Change(RoutingChange::Reset)],
        ResponseAction::ReleaseMenu => release_menu(model),
        ResponseAction::Release(decision) => return release(model, decision),
        ResponseAction::RuleFromRow => prompts::rule::open_for_row(model),
        ResponseAction::EditRule => {
            if let Some((at, text)) = chosen_rule(model) {
                prompts::rule::open_for_edit(model, at, text);
            }
        }
        ResponseAction::MoveRule(turn) => return move_rule(model, turn),
        ResponseAction::ToggleRule => {
            let toggle = |(at, text)| Effect::Change(RoutingChange::Toggle { at, text });
            return chosen_rule(model).map(toggle).into_iter().collect();
        }
    }
    Vec::new()
}

/// Moves on the page, or leaves it; false for any other action.
pub(super) fn page(model: &mut Model, action: Action) -> bool {
    let Mode::Answers(chosen) = &mut model.mode else { return false };
    let last = model.routing.choices().len().saturating_sub(1);
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other action is about the page")]
    match action {
        Action::Move(step) => {
            *chosen = match step {
                Move::Up => chosen.saturating_sub(1),
                Move::Down => (*chosen + 1).min(last),
                Move::First | Move::PageUp | Move::HalfPageUp => 0,
                Move::Last | Move::PageDown | Move::HalfPageDown => last,
                Move::Left | Move::Right => *chosen,
            };
        }
        Action::Cancel => model.mode = Mode::Browse,
        _ => return false,
    }
    true
}

fn chosen(model: &Model) -> Option<RoutingChoice> {
    let Mode::Answers(chosen) = model.mode else { return None };
    model.routing.choices().get(chosen).copied()
}

fn remove(model: &mut Model) -> Vec<Effect> {
    let remove = |(at, text)| Effect::Change(RoutingChange::Remove { at, text });
    chosen_rule(model).map(remove).into_iter().collect()
}

/// Returns the position and the text of the chosen rule; if there is none, shows how to choose one.
fn chosen_rule(model: &mut Model) -> Option<(usize, String)> {
    let rule = match chosen(model) {
        Some(RoutingChoice::Rule(at)) => model.routing.rules.get(at).map(|rule| (at, rule)),
        Some(RoutingChoice::Held(_)) | None => None,
    };
    let rule = rule.map(|(at, rule)| (at, rule.text.clone()));
    if rule.is_none() {
        notify(model, Notice::info("No rule selected; ↓ goes to the rules"));
    }
    rule
}

/// Exchanges the chosen rule with the one above or below.
fn move_rule(model: &mut Model, turn: Direction) -> Vec<Effect> {
    let Some((at, text)) = chosen_rule(model) else { return Vec::new() };
    let to = match turn {
        Direction::Previous => at.checked_sub(1),
        Direction::Next => Some(at + 1).filter(|to| *to < model.routing.rules.len()),
    };
    let Some(to) = to else { return Vec::new() };
    // Shown at once, so that the next key moves it on.
    model.routing.rules.swap(at, to);
    if let Mode::Answers(chosen) = &mut model.mode {
        *chosen = model.routing.held.len() + to;
    }
    vec![Effect::Change(RoutingChange::Move { at, to, text })]
}

/// Opens the menu of responses to the selected request, or else to the one paused for longest,
/// which is selected.
fn release_menu(model: &mut Model) {
    let Some((oldest, _)) = model.routing.held.first().copied() else {
        notify(model, Notice::info("No paused requests"));
        return;
    };
    let is_held = model.list.selected().is_some_and(|row| model.routing.is_held(row.id));
    if !is_held && model.list.count_hidden(&[oldest]) > 0 {
        // The page also shows deliveries that the filter hides.
        model.show_responses();
        return;
    }
    if !is_held {
        model.list.jump_to_id(oldest);
    }
    model.mode = Mode::Menu(Menu::RELEASE);
}

/// Releases the chosen request, or the one paused for longest.
fn release(model: &mut Model, decision: ReleaseDecision) -> Vec<Effect> {
    let oldest = model.routing.held.first().map(|(id, _)| *id);
    let id = match chosen(model) {
        Some(RoutingChoice::Held(id)) => Some(id),
        Some(RoutingChoice::Rule(_)) => oldest,
        None => {
            let selected = model.list.selected().map(|row| row.id);
            selected.filter(|id| model.routing.is_held(*id)).or(oldest)
        }
    };
    let Some(id) = id else {
        notify(model, Notice::info("No paused requests"));
        return Vec::new();
    };
    vec![Effect::Change(RoutingChange::Release { id, decision })]
}

pub(super) fn added(model: &mut Model, text: &str) {
    if let Mode::Prompt(prompt) = &model.mode
        && prompt.rule().is_some()
    {
        let replaced = prompt.rule().and_then(|rule| rule.replaces.as_ref()).map(|(at, _)| *at);
        model.mode = Mode::Answers(model.routing.held.len() + replaced.unwrap_or(0));
    }
    notify(model, Notice::done(format!("From now on: {text}")));
}

/// Puts the rule back into the prompt with its mistake, unless it has been edited since.
pub(super) fn wrong(model: &mut Model, typed: &str, mistake: RuleMistake) {
    if let Mode::Prompt(prompt) = &mut model.mode
        && let Some(ruling) = prompt.rule_mut()
        && ruling.prompt.text() == typed
    {
        ruling.error = Some(mistake);
    } else {
        notify(model, Notice::failed(mistake.message));
    }
}

/// Applies the routing state and reports new problems.
pub(super) fn learn(model: &mut Model, routing: Routing) {
    let before = std::mem::replace(&mut model.routing, routing);
    if let Mode::Answers(chosen) = &mut model.mode {
        // The same entry stays chosen when others appear or disappear.
        let was = before.choices().get(*chosen).copied();
        let now = model.routing.choices();
        let same = now.iter().position(|choice| Some(*choice) == was);
        *chosen = same.unwrap_or(*chosen).min(now.len().saturating_sub(1));
    }
    let was_down =
        |url: &str| before.targets.iter().any(|target| target.url == url && target.down.is_some());
    let mut news = model.routing.targets.iter().filter(|target| !was_down(&target.url));
    let down = news.find_map(|target| {
        target.down.as_ref().map(|why| format!("{} is down: {why}", target.url))
    });
    let no_tunnel = match &model.routing.public {
        PublicAddress::Failed(why) if before.public != model.routing.public => {
            Some(format!("no tunnel: {why}"))
        }
        PublicAddress::Failed(_)
        | PublicAddress::None
        | PublicAddress::Starting
        | PublicAddress::Up(_) => None,
    };
    let came_up = match &model.routing.public {
        PublicAddress::Up(url) if before.public == PublicAddress::Starting => {
            Some(format!("the tunnel is up: {url}"))
        }
        PublicAddress::Up(_)
        | PublicAddress::None
        | PublicAddress::Starting
        | PublicAddress::Failed(_) => None,
    };
    let is_new = |rule: &&RuleLine| {
        rule.is_by_agent && !before.rules.iter().any(|one| one.is_by_agent && one.text == rule.text)
    };
    let by_agent = model.routing.rules.iter().find(is_new);
    let by_agent = by_agent.map(|rule| format!("An agent set the rule {}", rule.text));
    let hub = hub_news(before.hub.as_ref(), model.routing.hub.as_ref());
    if let Some(notice) = hub {
        notify(model, notice);
    }
    if let Some(text) = no_tunnel.or(down) {
        notify(model, Notice::failed(text));
    } else if let Some(text) = by_agent {
        notify(model, Notice::info(text));
    } else if let Some(text) = came_up {
        notify(model, Notice::done(text));
    }
}

/// Copies the URL that senders are given.
pub(super) fn copy_address(model: &Model) -> Vec<Effect> {
    let text = model.address().to_owned();
    vec![Effect::CopyText { text, what: Copyable::Address }]
}

/// Describes what changed at the hub.
fn hub_news(before: Option<&HubLine>, now: Option<&HubLine>) -> Option<Notice> {
    let now = now?;
    let was = before.map(|before| (before.trouble.is_some(), before.noted)).unwrap_or_default();
    match (&now.trouble, &now.note) {
        (_, Some(note)) if now.noted > was.1 => Some(Notice::failed(note.clone())),
        (Some(why), _) if !was.0 => Some(Notice::failed(format!("hub: {why}"))),
        (None, _) if was.0 => Some(Notice::done("The hub is back")),
        _ => None,
    }
}
