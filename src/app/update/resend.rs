//! Resends deliveries: selection, target, confirmation, progress, and result.

use std::fmt::Write as _;

use super::{naming, notify};
use crate::app::action::ResendAction;
use crate::app::effect::Effect;
use crate::app::model::{Confirm, Mode, Model};
use crate::app::notice::Notice;
use crate::app::resend::{
    EditDecision, ResendProgress, ResendRequest, SUGGESTED, TargetPurpose, counts,
};
use crate::app::scope::Scope;
use crate::delivery::{DeliveryId, Outcome, Transition};
use crate::ops::resend::{Recorded, ResendEvent, ResendOutcome, ResendPace, ResendSummary, RunEnd};
use crate::units;

pub(super) fn act(model: &mut Model, what: ResendAction) -> Vec<Effect> {
    match what {
        ResendAction::Again => again(model, false),
        ResendAction::To => again(model, true),
        ResendAction::Edit => edit(model, false),
        ResendAction::EditTo => edit(model, true),
        ResendAction::Batch => {
            ask_for_many(model);
            Vec::new()
        }
        ResendAction::Stop => stop(model),
        // Handled by the target prompt.
        ResendAction::Signing => Vec::new(),
    }
}

/// Returns the selected delivery if it can be resent; otherwise shows the reason.
fn resendable(model: &mut Model) -> Option<DeliveryId> {
    let Some(row) = model.list.selected() else {
        notify(model, Notice::info("No delivery to resend yet"));
        return None;
    };
    if row.refused.is_some() {
        let why = "This delivery was refused, so it has no stored bytes and cannot be resent";
        notify(model, Notice::failed(why));
        return None;
    }
    Some(row.id)
}

/// Edits the selected delivery, to be sent to the last target or to one that is typed afterwards.
fn edit(model: &mut Model, asks: bool) -> Vec<Effect> {
    let Some(id) = resendable(model) else { return Vec::new() };
    let asks = asks || model.target.is_none();
    let target = model.target.clone().unwrap_or_else(|| SUGGESTED.to_owned());
    let (number, exact) = (model.sendings.number(), model.sendings.exact);
    let order = ResendRequest { number, ids: vec![id], target, exact, pace: ResendPace::default() };
    vec![Effect::Edit { order, asks }]
}

/// Prompts for the target of an edited delivery.
pub(super) fn edited(
    model: &mut Model,
    number: u64,
    id: DeliveryId,
    target: &str,
    error: Option<String>,
) {
    let mut prompt = model.sendings.ask(TargetPurpose::Edited { number, id }, Some(target));
    prompt.error = error;
    model.mode = Mode::Prompt(Box::new(prompt));
}

/// Resends the selected delivery to the last target, or prompts for one.
fn again(model: &mut Model, ask: bool) -> Vec<Effect> {
    let Some(id) = resendable(model) else { return Vec::new() };
    let purpose = TargetPurpose::Resend(vec![id]);
    if !ask && let Some(target) = model.target.clone() {
        return send(model, purpose, target, ResendPace::default());
    }
    open_target_prompt(model, purpose);
    Vec::new()
}

/// Prompts for the target of the marked deliveries or, if none are marked, of all that are shown.
fn ask_for_many(model: &mut Model) {
    let marked = model.list.marked_ids();
    let mut ids = if marked.is_empty() { model.list.shown_ids() } else { marked };
    let is_whole = |id: &DeliveryId| model.list.get(*id).is_some_and(|row| row.refused.is_none());
    ids.retain(is_whole);
    if ids.is_empty() {
        notify(model, Notice::info("No delivery can be resent"));
    } else {
        open_target_prompt(model, TargetPurpose::Resend(ids));
    }
}

fn open_target_prompt(model: &mut Model, purpose: TargetPurpose) {
    let prompt = model.sendings.ask(purpose, model.target.as_deref());
    model.mode = Mode::Prompt(Box::new(prompt));
}

/// Sends immediately, or asks for confirmation if it takes more than one request.
pub(super) fn send(
    model: &mut Model,
    purpose: TargetPurpose,
    target: String,
    pace: ResendPace,
) -> Vec<Effect> {
    let ids = match purpose {
        TargetPurpose::Resend(ids) => ids,
        TargetPurpose::Edited { number, .. } => {
            let decision = EditDecision::Send { target, exact: model.sendings.exact };
            return vec![Effect::Decide { number, decision }];
        }
    };
    let number = model.sendings.number();
    let order = ResendRequest { number, ids, target, exact: model.sendings.exact, pace };
    if let [id] = order.ids.as_slice() {
        let what = naming::delivery(model, *id);
        let text = format!("Resending {what} to {} {} …", order.target, how(order.exact));
        notify(model, Notice::info(text));
        return vec![Effect::Resend(order)];
    }
    let question = question(model, &order);
    let yes = vec![Effect::Resend(order)];
    model.mode = Mode::Confirm(Confirm { question, yes, no: Vec::new() });
    Vec::new()
}

fn question(model: &Model, order: &ResendRequest) -> String {
    let marked = model.list.which(Scope::Marked);
    let which = if marked.is_empty() { Scope::Shown } else { Scope::Marked };
    let what = naming::deliveries(model, &order.ids, which);
    let how = if order.exact { "exactly as received" } else { "re-signed" };
    let mut text = format!("Resend {what} to {} {how}", order.target);
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

pub(super) fn how(exact: bool) -> &'static str {
    if exact { "exactly as received" } else { "re-signed" }
}

fn stop(model: &mut Model) -> Vec<Effect> {
    if let Some(round) = &model.sendings.round {
        return vec![Effect::StopResending(round.number)];
    }
    notify(model, Notice::info("Nothing is being resent"));
    Vec::new()
}

/// The edited delivery cannot be sent: asks whether to return to the editor.
pub(super) fn mistaken(model: &mut Model, number: u64, mistakes: String) {
    let answer = |decision| vec![Effect::Decide { number, decision }];
    model.mode = Mode::Confirm(Confirm {
        question: format!("{mistakes} Edit again? Otherwise nothing is sent."),
        yes: answer(EditDecision::Again),
        no: answer(EditDecision::Discard),
    });
}

/// Applies the progress of a run: one request as a notice, several in the status line.
pub(super) fn progress(model: &mut Model, number: u64, target: String, event: ResendEvent) {
    match event {
        ResendEvent::Started(summary) => {
            if summary.total > 1 {
                round(model, number, target).summary = summary;
            }
        }
        ResendEvent::Sent { outcome, summary } if summary.total > 1 => {
            let round = round(model, number, target);
            round.summary = summary;
            if let Some(why) = unrecorded(&outcome) {
                round.remark = Some(why);
            }
        }
        ResendEvent::Sent { outcome, .. } => notify(model, sent(&outcome, None)),
        ResendEvent::Skipped { id, reason } => {
            let why = format!("delivery {id} was not sent: {reason}");
            match model.sendings.round.as_mut().filter(|round| round.number == number) {
                Some(round) => {
                    round.summary.skipped += 1;
                    round.remark = Some(why);
                }
                None => notify(model, Notice::failed(why)),
            }
        }
        ResendEvent::Finished(summary) if summary.total > 1 => {
            let round = model.sendings.round.take_if(|round| round.number == number);
            ended(model, &target, &summary, round.and_then(|round| round.remark));
        }
        ResendEvent::Finished(_) => {}
    }
}

/// Returns the run of this number, replacing an earlier one.
fn round(model: &mut Model, number: u64, target: String) -> &mut ResendProgress {
    let round = model.sendings.round.take().filter(|round| round.number == number);
    model.sendings.round.insert(round.unwrap_or_else(|| ResendProgress {
        number,
        target,
        summary: ResendSummary::default(),
        remark: None,
    }))
}

fn unrecorded(outcome: &ResendOutcome) -> Option<String> {
    match &outcome.recorded {
        Recorded::Failed(error) => Some(format!("attempt not recorded: {error}")),
        Recorded::Yes | Recorded::No => None,
    }
}

/// Describes one request and its response.
pub(super) fn sent(outcome: &ResendOutcome, origin: Option<String>) -> Notice {
    let ResendOutcome { attempt, comparison, unsigned, .. } = outcome;
    let (id, target, took) =
        (attempt.delivery, &attempt.target, units::format_duration(attempt.took));
    let compared = comparison.map(|compared| format!(": {compared}")).unwrap_or_default();
    let unsigned = unsigned.as_ref().map(|why| format!("not re-signed: {why}"));
    let remarks = appended([origin, unsigned, unrecorded(outcome)]);
    let how = how(attempt.changes.is_none());
    match &attempt.outcome {
        Outcome::Responded(answered) => {
            let status = answered.status;
            let text = format!(
                "delivery {id}, {how}: {target} answered {status} in {took}{compared}{remarks}"
            );
            let broken =
                comparison.is_some_and(|compared| compared.transition == Transition::Broken);
            if status < 400 && !broken { Notice::done(text) } else { Notice::failed(text) }
        }
        Outcome::Failed { reason, .. } => {
            Notice::failed(format!("Delivery {id} was not resent: {reason}{compared}{remarks}"))
        }
    }
}

/// Joins the remarks to the end of a sentence.
fn appended<const N: usize>(remarks: [Option<String>; N]) -> String {
    remarks.into_iter().flatten().flat_map(|remark| ["; ".to_owned(), remark]).collect()
}

/// Describes a finished run of several requests.
fn ended(model: &mut Model, target: &str, summary: &ResendSummary, remark: Option<String>) {
    let end = match &summary.end {
        RunEnd::Complete => None,
        RunEnd::Stopped => Some("stopped".to_owned()),
        RunEnd::Unreached(reason) => Some(format!("the rest was not sent: {reason}")),
    };
    let remarks = appended([end, remark]);
    let text = format!("to {target}: {}{remarks}", counts(summary));
    let good = summary.accepted == summary.total;
    notify(model, if good { Notice::done(text) } else { Notice::failed(text) });
}
