//! Sends deliveries again: which, where to, and what is said of it.

use std::fmt::Write as _;

use super::notify;
use crate::app::action::{Direction, ResendAction};
use crate::app::message::{Effect, Notice};
use crate::app::model::{Confirm, Mode, Model};
use crate::app::resend::{
    ResendPace, ResendRequest, ResendSummary, TargetPrompt, TargetPurpose, read,
};
use crate::delivery::{Attempt, Comparison, DeliveryId, Outcome, Transition as Became};
use crate::units;

pub(super) fn act(model: &mut Model, what: ResendAction) -> Vec<Effect> {
    match what {
        ResendAction::Again => again(model, TargetPurpose::Resend, false),
        ResendAction::To => again(model, TargetPurpose::Resend, true),
        ResendAction::Edit => again(model, |ids| TargetPurpose::Edit(first(&ids)), false),
        ResendAction::EditTo => again(model, |ids| TargetPurpose::Edit(first(&ids)), true),
        ResendAction::Batch => {
            ask_for_many(model);
            Vec::new()
        }
        ResendAction::Stop => stop(model),
        // It has its place where a target is typed.
        ResendAction::Signing => Vec::new(),
    }
}

fn first(ids: &[DeliveryId]) -> DeliveryId {
    ids.first().copied().unwrap_or(DeliveryId(0))
}

/// Sends the selected delivery to the last target, or asks for one.
fn again(
    model: &mut Model,
    purpose: impl FnOnce(Vec<DeliveryId>) -> TargetPurpose,
    ask: bool,
) -> Vec<Effect> {
    let Some(row) = model.list.selected() else {
        notify(model, Notice::info("there is no delivery to resend yet"));
        return Vec::new();
    };
    if row.refused.is_some() {
        let why = "this delivery was refused, so its bytes were not kept and it cannot be resent";
        notify(model, Notice::failed(why));
        return Vec::new();
    }
    let purpose = purpose(vec![row.id]);
    if let Some(target) = model.target.clone().filter(|_| !ask) {
        return send(model, purpose, target, ResendPace::default());
    }
    self::ask(model, purpose);
    Vec::new()
}

fn ask(model: &mut Model, purpose: TargetPurpose) {
    let targeting = model.sendings.ask(purpose, model.target.as_deref());
    model.mode = Mode::Target(Box::new(targeting));
}

/// Asks where to send the marked deliveries to, or else all that are shown.
fn ask_for_many(model: &mut Model) {
    let marked = model.list.marked_ids();
    let mut ids = if marked.is_empty() { model.list.shown_ids() } else { marked };
    let is_whole = |id: &DeliveryId| model.list.get(*id).is_some_and(|row| row.refused.is_none());
    ids.retain(is_whole);
    if ids.is_empty() {
        notify(model, Notice::info("there is no delivery that can be resent"));
    } else {
        ask(model, TargetPurpose::Resend(ids));
    }
}

/// Changes between a new signature and the one of before.
pub(super) fn toggle_signing(model: &mut Model) {
    if let Mode::Target(targeting) = &mut model.mode {
        targeting.exact = !targeting.exact;
    }
}

/// Goes through the targets of before.
pub(super) fn recall(model: &mut Model, turn: Direction) {
    if let Mode::Target(targeting) = &mut model.mode {
        targeting.recall(turn, model.sendings.targets());
    }
}

/// Takes the target that was typed; one that cannot be read stays to be put right.
pub(super) fn submit(model: &mut Model, mut targeting: TargetPrompt) -> Vec<Effect> {
    let typed = targeting.prompt.text();
    let (target, pace) = match read(&typed) {
        Ok(read) => read,
        Err(wrong) => {
            targeting.error = Some(wrong);
            model.mode = Mode::Target(Box::new(targeting));
            return Vec::new();
        }
    };
    model.sendings.keep(typed.trim());
    model.sendings.exact = targeting.exact;
    model.target = Some(target.clone());
    send(model, targeting.purpose, target, pace)
}

fn send(
    model: &mut Model,
    purpose: TargetPurpose,
    target: String,
    pace: ResendPace,
) -> Vec<Effect> {
    let (ids, edited) = match purpose {
        TargetPurpose::Resend(ids) => (ids, false),
        TargetPurpose::Edit(id) => (vec![id], true),
    };
    let number = model.sendings.number();
    let order = ResendRequest { number, ids, target, exact: model.sendings.exact, pace };
    if edited {
        return vec![Effect::Edit(order)];
    }
    if let [id] = order.ids.as_slice() {
        let text = format!("resending delivery {id} to {} {} …", order.target, how(order.exact));
        notify(model, Notice::info(text));
        return vec![Effect::Resend(order)];
    }
    let question = question(model, &order);
    let yes = vec![Effect::Resend(order)];
    model.mode = Mode::Confirm(Confirm { question, yes, no: Vec::new() });
    Vec::new()
}

fn how(exact: bool) -> &'static str {
    if exact { "exactly as it came" } else { "signed anew" }
}

fn question(model: &Model, order: &ResendRequest) -> String {
    let marked = model.list.which(crate::app::removals::Scope::Marked);
    let which = if marked.is_empty() { "shown" } else { "marked" };
    let deliveries = units::format_count(order.ids.len() as u64);
    let how = if order.exact { "exactly as they came" } else { "signed anew" };
    let mut text = format!("Resend the {deliveries} {which} deliveries to {} {how}", order.target);
    if order.pace.times > 1 {
        let (times, total) =
            (units::format_count(order.pace.times), units::format_count(order.total()));
        let _ = write!(text, ", {times} times each: {total} requests");
    }
    if !order.pace.interval.is_zero() {
        let _ = write!(text, ", {} apart", units::format_duration(order.pace.interval));
    }
    text.push('?');
    text
}

fn stop(model: &mut Model) -> Vec<Effect> {
    if let Some(round) = &model.sendings.round {
        return vec![Effect::StopResending(round.number)];
    }
    notify(model, Notice::info("nothing is being resent"));
    Vec::new()
}

/// What was edited cannot be sent as it is: back to the editor, or not.
pub(super) fn mistaken(model: &mut Model, number: u64, mistakes: String) {
    let answer = |again| vec![Effect::EditAgain { number, again }];
    model.mode = Mode::Confirm(Confirm {
        question: format!("{mistakes} Edit again? Otherwise nothing is sent."),
        yes: answer(true),
        no: answer(false),
    });
}

/// What is said of one delivery that was sent again.
pub(super) fn resent(
    attempt: &Attempt,
    compared: Option<Comparison>,
    remark: Option<String>,
) -> Notice {
    let (id, target, took) =
        (attempt.delivery, &attempt.target, units::format_duration(attempt.took));
    let became = compared.map(|compared| format!(": {compared}")).unwrap_or_default();
    let remark = remark.map(|remark| format!("; {remark}")).unwrap_or_default();
    let how = how(attempt.changes.is_none());
    match &attempt.outcome {
        Outcome::Answered(answered) => {
            let status = answered.status;
            let text = format!(
                "delivery {id}, {how}: {target} answered {status} in {took}{became}{remark}"
            );
            let broken = compared.is_some_and(|compared| compared.turn == Became::Broken);
            if status < 400 && !broken { Notice::done(text) } else { Notice::failed(text) }
        }
        Outcome::Failed { reason, .. } => {
            Notice::failed(format!("delivery {id} was not resent: {reason}{became}{remark}"))
        }
    }
}

/// An order of many requests has ended.
pub(super) fn ended(model: &mut Model, tally: &ResendSummary, remark: Option<String>) {
    let this = |round: &ResendSummary| round.number == tally.number;
    if model.sendings.round.as_ref().is_some_and(this) {
        model.sendings.round = None;
    }
    let told = format!("to {}: {}", tally.target, tally.told());
    let good = tally.accepted == tally.total;
    let text = remark.map_or_else(|| told.clone(), |remark| format!("{told}; {remark}"));
    notify(model, if good { Notice::done(text) } else { Notice::failed(text) });
}
