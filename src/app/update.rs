//! What an event does to the model.

#![deny(clippy::wildcard_enum_match_arm)]

mod browse;
mod prompts;

use jiff::{SignedDuration, Timestamp};

use super::action::Action;
use super::detail::Tab;
use super::keymap::{Context, Key, KeyCode, resolve};
use super::message::{Effect, Event, Mouse, MouseKind, Notice, NoticeKind};
use super::model::{Focus, Mode, Model};
use super::pane;
use crate::delivery::{Attempt, Outcome, SignatureStatus, Verdict};
use crate::units;

/// How many lines the wheel moves.
const WHEEL: isize = 3;

/// Changes the model by what happened, and says what is to be done.
pub fn update(model: &mut Model, event: Event) -> Vec<Effect> {
    let mut effects = match event {
        Event::Key(key) => press(model, key),
        Event::Paste(text) => prompts::paste(model, &text),
        Event::Mouse(mouse) => point(model, mouse),
        Event::Resize(size) => {
            model.size = size;
            Vec::new()
        }
        Event::Tick(now) => tick(model, now),
        Event::Kept(rows) => {
            for row in &rows {
                if model.list.get(row.id).is_none() {
                    model.rate.count(row.received_at);
                }
            }
            let watched = model.detail.wanted();
            let (mut effects, touched) =
                model.search.take(&rows, &mut model.list, model.now, watched);
            effects.extend(watched.filter(|_| touched).map(Effect::Load));
            effects
        }
        Event::Gone(ids) => {
            model.list.remove(&ids);
            Vec::new()
        }
        Event::Older(rows) => model.search.take_older(&rows, &mut model.list, model.now),
        Event::Loaded(_)
        | Event::NotLoaded { .. }
        | Event::Diagnosed { .. }
        | Event::SecretTried { .. } => {
            learn(model, event);
            Vec::new()
        }
        Event::Matched { search, ids, tested } => {
            model.search.matched(search, ids, tested, &mut model.list);
            Vec::new()
        }
        Event::Removed(ids) => {
            model.removals.push(ids);
            Vec::new()
        }
        Event::Resent(attempt) => {
            tell(model, resent(&attempt));
            Vec::new()
        }
        Event::Trouble(trouble) => {
            model.trouble = trouble;
            Vec::new()
        }
        Event::Notice(notice) => {
            tell(model, notice);
            Vec::new()
        }
        Event::Ended => {
            model.flags.done = true;
            Vec::new()
        }
    };
    effects.extend(settle(model));
    effects
}

/// Takes in what was found out about the delivery that is shown.
fn learn(model: &mut Model, event: Event) {
    let wanted = model.detail.wanted();
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller has dealt with the others")]
    match event {
        Event::Loaded(loaded) => model.detail.take(loaded),
        Event::NotLoaded { id, reason } => model.detail.fail(id, reason),
        Event::Diagnosed { id, diagnosis } if wanted == Some(id) => {
            model.detail.diagnosis = Some(diagnosis);
        }
        Event::SecretTried { id, verdict } if wanted == Some(id) => {
            tell(model, tried(&verdict));
            model.detail.typed = Some(verdict);
        }
        _ => {}
    }
}

fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    let contexts = model.contexts();
    let action = resolve(contexts, key);
    match (action, key.code) {
        (Some(action), _) => act(model, action),
        (None, KeyCode::Char(character)) if contexts == [Context::Prompt] && !key.ctrl => {
            prompts::paste(model, character.encode_utf8(&mut [0; 4]))
        }
        (None, _) if model.mode == Mode::Copy => {
            model.mode = Mode::Browse;
            tell(model, Notice::info(format!("{key} copies nothing")));
            Vec::new()
        }
        (None, _) => Vec::new(),
    }
}

fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match &model.mode {
        Mode::Browse => browse::act(model, action),
        Mode::Copy => {
            model.mode = Mode::Browse;
            browse::copy(model, action)
        }
        Mode::Help { .. } => {
            browse::help(model, action);
            Vec::new()
        }
        Mode::Filter { .. } | Mode::Target { .. } | Mode::Secret { .. } => {
            prompts::act(model, action)
        }
    }
}

fn point(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    let at = ratatui::layout::Position::new(mouse.column, mouse.row);
    let Some(areas) = model.areas() else { return Vec::new() };
    let step = match mouse.kind {
        MouseKind::WheelUp => -WHEEL,
        MouseKind::WheelDown => WHEEL,
        MouseKind::Click => 0,
    };
    if let Mode::Help { top } = &mut model.mode {
        *top = top.saturating_add_signed(step);
    } else if model.mode != Mode::Browse {
        // A prompt keeps what it has; the mouse waits.
    } else if areas.list.contains(at) {
        model.focus = Focus::List;
        if step == 0 {
            model.list.select_line(usize::from(mouse.row - areas.list.y));
        } else {
            model.list.move_by(step);
        }
    } else if areas.detail.contains(at) {
        model.focus = Focus::Detail;
        browse::scroll(model, step);
    } else if let Some((tab, _)) = Tab::places(areas.tabs).find(|(_, place)| place.contains(at)) {
        model.detail.show(tab);
    }
    Vec::new()
}

fn tick(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    model.now = now;
    model.rate.forget(now);
    if model.notice.as_ref().is_some_and(|(_, until)| *until <= now) {
        model.notice = None;
    }
    Vec::new()
}

/// Shows a sentence for a while; longer if something went wrong.
fn tell(model: &mut Model, notice: Notice) {
    let seconds = match notice.kind {
        NoticeKind::Done | NoticeKind::Info => 6,
        NoticeKind::Failed => 20,
    };
    let until = model.now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(model.now);
    model.notice = Some((notice, until));
}

fn tried(verdict: &Verdict) -> Notice {
    match verdict.status {
        SignatureStatus::Verified | SignatureStatus::Expired => {
            Notice::done(format!("with the typed secret it is {}", verdict.status))
        }
        SignatureStatus::Missing
        | SignatureStatus::Malformed
        | SignatureStatus::Mismatch
        | SignatureStatus::Unchecked => {
            Notice::info(format!("with the typed secret it is not verified: {}", verdict.status))
        }
    }
}

fn resent(attempt: &Attempt) -> Notice {
    let took = units::took(attempt.took);
    match &attempt.outcome {
        Outcome::Answered(answered) => {
            let (id, target, status) = (attempt.delivery, &attempt.target, answered.status);
            let text = format!("resent delivery {id}: {target} answered {status} in {took}");
            if status < 400 { Notice::done(text) } else { Notice::failed(text) }
        }
        Outcome::Failed { reason, .. } => {
            Notice::failed(format!("delivery {} was not resent: {reason}", attempt.delivery))
        }
    }
}

/// Puts windows and selection right after any change; loads what is newly selected.
fn settle(model: &mut Model) -> Vec<Effect> {
    let Some(areas) = model.areas() else { return Vec::new() };
    model.list.settle(usize::from(areas.list.height));
    let selected = model.list.selected().map(|row| row.id);
    let load = model.detail.want(selected);
    let lines = pane::line_count(model, usize::from(areas.detail.width));
    model.detail.scroll(0, lines, usize::from(areas.detail.height));
    if let Mode::Help { top } = &mut model.mode {
        let last = pane::help::lines().len().saturating_sub(usize::from(areas.body.height));
        *top = (*top).min(last);
    }
    selected.filter(|_| load).map(Effect::Load).into_iter().collect()
}
