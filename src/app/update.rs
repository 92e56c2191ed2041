//! Applies events, and the actions that keys are bound to, to the model.

#![deny(clippy::wildcard_enum_match_arm)]

mod copy;
mod counts;
mod diff;
mod document;
mod filter;
mod list;
mod mouse;
mod naming;
mod palette;
mod panes;
mod prompts;
mod resend;
mod rules;
mod settings;

use jiff::{SignedDuration, Timestamp};

use super::action::{Action, FilterAction, ListAction};
use super::columns::ContentWidths;
use super::effect::Effect;
use super::event::Event;
use super::keymap::{Key, KeyCode, KeyContext};
use super::layout::Focus;
use super::model::{Confirm, Menu, Mode, Model};
use super::notice::{Notice, NoticeKind};
use super::palette::Palette;
use super::pane;
use super::which_key;
use crate::delivery::{SignatureStatus, Source, Summary, Verdict};

/// Maximum number of deliveries verified again when secrets change, newest first.
const MOST_VERIFIED_AGAIN: usize = 1000;

/// Applies an event to the model and returns the effects.
pub fn update(model: &mut Model, event: Event) -> Vec<Effect> {
    let mut effects = apply(model, event);
    effects.extend(sync_viewport(model));
    effects
}

fn apply(model: &mut Model, event: Event) -> Vec<Effect> {
    match event {
        Event::Key(key) => return press(model, key),
        Event::Paste(text) => return paste(model, &text),
        Event::Mouse(mouse) => return mouse::point(model, mouse),
        Event::Kept(rows) => return on_stored(model, rows),
        Event::Older(rows) => return on_older(model, &rows),
        Event::Gone(ids) => {
            if model.list.remove(&ids) {
                return model.search.again(&mut model.list, model.now);
            }
        }
        Event::Tick(now) => tick(model, now),
        Event::Resize(size) => {
            model.size = size;
            model.content = ContentWidths::default();
        }
        Event::Loaded(loaded) => model.detail.take(loaded),
        Event::NotLoaded { id, reason } => model.detail.fail(id, reason),
        Event::Diagnosed { id, diagnosis } => {
            if model.detail.wanted() == Some(id) {
                model.detail.diagnosis = Some(diagnosis);
            }
        }
        Event::SecretTried { id, verdict } => {
            if model.detail.wanted() == Some(id) {
                notify(model, tried(&verdict));
                model.detail.typed = Some(verdict);
            }
        }
        Event::SecretsInUse { names, notice } => {
            model.session.secrets = names;
            notify(model, notice);
            let ids = model.list.unverified(MOST_VERIFIED_AGAIN);
            let shown = model.detail.wanted().map(Effect::Load);
            let again = (!ids.is_empty()).then_some(Effect::VerifyAgain(ids));
            return shown.into_iter().chain(again).collect();
        }
        Event::Matched { search, ids, tested } => {
            model.search.matched(search, ids, tested, &mut model.list);
        }
        Event::Found { number, search } => {
            model.detail.read(|document, reading| reading.found(document, number, search));
        }
        Event::Decoded { request, document, search } => {
            let search = model.detail.take_decoded(&request, document, search);
            return search.into_iter().collect();
        }
        Event::Compared { wish, outcome } => model.comparing.take(wish, outcome),
        Event::Removed(ids) => {
            let key = model.keymap.key_of(Action::List(ListAction::Undo));
            let undo = key.map_or_else(String::new, |key| format!(" · {key} undoes"));
            notify(model, Notice::done(format!("Removed {}{undo}", model.removals.name_of(&ids))));
            model.removals.push(ids);
        }
        Event::Restored(ids) => {
            notify(model, Notice::done(format!("Restored {}", model.removals.name_of(&ids))));
        }
        Event::Resend { number, target, event } => resend::progress(model, number, target, event),
        Event::EditSent { origin, outcome } => {
            notify(model, resend::sent(&outcome, Some(format!("edited from delivery {origin}"))));
        }
        Event::Edited { number, id, target, error } => {
            resend::edited(model, number, id, &target, error);
        }
        Event::Mistaken { number, mistakes } => resend::mistaken(model, number, mistakes),
        Event::Routing(routing) => rules::learn(model, *routing),
        Event::RuleAdded(text) => rules::added(model, &text),
        Event::RuleWrong { typed, mistake } => rules::wrong(model, &typed, mistake),
        Event::ViewSaved { name, filter } => {
            notify(model, Notice::done(format!("Saved the view `{name}`")));
            model.views.retain(|(known, _)| *known != name);
            model.views.push((name, filter));
        }
        Event::Trouble(trouble) => model.trouble = trouble,
        Event::Notice(notice) => notify(model, notice),
        Event::Ended => model.flags.done = true,
    }
    Vec::new()
}

/// Inserts pasted text into the open prompt.
fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    if matches!(model.mode, Mode::Palette(_)) {
        palette::change(model, |line| line.insert(text));
        return Vec::new();
    }
    if matches!(model.mode, Mode::Prompt(_)) {
        return prompts::paste(model, text);
    }
    Vec::new()
}

fn on_older(model: &mut Model, rows: &[Summary]) -> Vec<Effect> {
    for row in rows {
        model.seen.note(row);
        model.newest = model.newest.max(Some(row.id));
    }
    model.search.take_older(rows, &mut model.list, model.now)
}

fn on_stored(model: &mut Model, rows: Vec<Summary>) -> Vec<Effect> {
    for row in &rows {
        model.seen.note(row);
        // A restored or imported delivery did not arrive now.
        if Some(row.id) > model.newest && row.request.source != Source::Import {
            model.rate.count(row.request.received_at);
        }
        model.newest = model.newest.max(Some(row.id));
    }
    let watched = model.detail.wanted();
    let (mut effects, touched) = model.search.take(&rows, &mut model.list, model.now, watched);
    if touched {
        effects.extend(watched.map(Effect::Load));
    }
    effects
}

fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    let contexts = model.contexts();
    // A notice ends when it has been read.
    let had_notice = model.notice.take().is_some();
    let resolved = model.keymap.resolve(contexts, key);
    if matches!(model.mode, Mode::Browse)
        && let Some(effects) = counts::press(model, key, resolved)
    {
        return effects;
    }
    match (resolved, key.typed()) {
        (Some(Action::Back), _) if had_notice => Vec::new(),
        (Some(action), _) => act(model, action),
        (None, Some(character)) if contexts.contains(&KeyContext::Prompt) => {
            paste(model, character.encode_utf8(&mut [0; 4]))
        }
        (None, _) if scroll_menu(model, key) => Vec::new(),
        (None, _) if matches!(model.mode, Mode::Menu(_)) => {
            model.mode = Mode::Browse;
            notify(model, Notice::info(format!("{key} is not in this menu")));
            Vec::new()
        }
        (None, _) => Vec::new(),
    }
}

/// Scrolls the popup of a menu that is taller than its pane; false for any other key.
fn scroll_menu(model: &mut Model, key: Key) -> bool {
    let popup = model.areas().and_then(|areas| which_key::popup(model, &areas));
    let Some(popup) = popup.filter(which_key::MenuPopup::scrolls) else { return false };
    let Mode::Menu(menu) = &mut model.mode else { return false };
    let down = [KeyCode::Down, KeyCode::PageDown, KeyCode::Tab].map(Key::plain);
    let up = [KeyCode::Up, KeyCode::PageUp, KeyCode::BackTab].map(Key::plain);
    if down.contains(&key) {
        menu.top = popup.top + 1;
    } else if up.contains(&key) {
        menu.top = popup.top.saturating_sub(1);
    }
    down.contains(&key) || up.contains(&key)
}

fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match &model.mode {
        Mode::Browse => act_on_panes(model, action),
        Mode::Confirm(confirm) => {
            let Confirm { yes, no, .. } = confirm.clone();
            model.mode = Mode::Browse;
            if action == Action::Submit { yes } else { no }
        }
        Mode::Menu(menu) => {
            let polarity = menu.polarity;
            model.mode = Mode::Browse;
            if let Action::Narrow(FilterAction::Facet(facet)) = action {
                return filter::by_facet(model, facet, polarity);
            }
            act_on_panes(model, action)
        }
        Mode::Address => {
            model.mode = Mode::Browse;
            act_on_panes(model, action)
        }
        Mode::Page(_) => {
            panes::scroll_page(model, action);
            Vec::new()
        }
        Mode::Answers(_) => {
            if rules::page(model, action) {
                Vec::new()
            } else {
                act_on_panes(model, action)
            }
        }
        Mode::Palette(_) => palette::act(model, action),
        Mode::Prompt(_) => prompts::act(model, action),
    }
}

/// Runs an action while the panes have the focus.
fn act_on_panes(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Move(step) => return panes::travel(model, step),
        Action::PreviousDelivery => model.list.move_by(-1),
        Action::NextDelivery => model.list.move_by(1),
        Action::Follow => panes::follow(model, !model.list.is_following()),
        Action::SwitchFocus => {
            model.focus = if model.focus == Focus::List { Focus::Detail } else { Focus::List };
        }
        Action::OpenDetail => model.focus = Focus::Detail,
        Action::Back => return panes::back(model),
        Action::Show(tab) => model.detail.show(tab),
        Action::PreviousTab => model.detail.show(model.detail.tab.previous()),
        Action::NextTab => model.detail.show(model.detail.tab.next()),
        Action::Zoom => model.arrangement.zoomed = !model.arrangement.zoomed,
        Action::ThirdPane => panes::third(model),
        Action::SaveLayout => return settings::layout(model),
        Action::Arrange => {
            let stacked = model.arrangement.is_stacked(model.size.width);
            (model.arrangement.stacked, model.arrangement.list) = (Some(!stacked), None);
        }
        Action::Document(what) => return document::act(model, what),
        Action::Differ(what) => diff::act(model, what),
        Action::Resize(grow) => panes::resize(model, grow),
        Action::Privacy => panes::privacy(model),
        Action::Palette => model.mode = Mode::Palette(Palette::default()),
        Action::Narrow(narrow) => return filter::act(model, narrow),
        Action::Sending(what) => return resend::act(model, what),
        Action::Answering(what) => return rules::act(model, what),
        Action::Ask(what) => prompts::open(model, what),
        Action::Copy(what) => return copy::copy(model, what),
        Action::CopyMenu => with_selected(model, |model| {
            model.flags.copy_signed = false;
            model.mode = Mode::Menu(Menu::COPY);
        }),
        Action::CopySigned => {
            model.flags.copy_signed = !model.flags.copy_signed;
            model.mode = Mode::Menu(Menu::COPY);
        }
        Action::SnippetMenu => with_selected(model, |model| model.mode = Mode::Menu(Menu::SNIPPET)),
        Action::CopyAddress => return rules::copy_address(model),
        Action::ShowAddress => model.mode = Mode::Address,
        Action::List(what) => return list::act(model, what),
        Action::ExportMenu => with_selected(model, |model| model.mode = Mode::Menu(Menu::EXPORT)),
        Action::Export(form, which) => prompts::export_target::open(model, form, which),
        Action::ReloadSecrets => return vec![Effect::ReloadSecrets],
        Action::SendSample => return vec![Effect::SendSample],
        Action::ToggleMouse => return panes::toggle_mouse(model),
        Action::Help => {
            let page = pane::help::page(&model.keymap, model.contexts());
            model.mode = Mode::Page(page);
        }
        Action::Redraw => return vec![Effect::Redraw],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Quit => panes::quit(model),
        // Other modes handle these.
        Action::Submit
        | Action::Cancel
        | Action::Edit(_)
        | Action::Complete(_)
        | Action::History(_)
        | Action::EditCurrent => {}
    }
    Vec::new()
}

fn tick(model: &mut Model, now: Timestamp) {
    model.now = now;
    counts::tick(model);
    model.rate.forget(now);
    if model.notice.as_ref().is_some_and(|(_, until)| *until <= now) {
        model.notice = None;
    }
}

/// Shows a notice for a while; longer if something failed.
fn notify(model: &mut Model, notice: Notice) {
    let seconds = match notice.kind {
        NoticeKind::Done | NoticeKind::Info => 6,
        NoticeKind::Failed => 20,
    };
    let until = model.now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(model.now);
    model.notice = Some((notice, until));
}

/// Runs a function if a delivery is selected.
fn with_selected(model: &mut Model, go: impl FnOnce(&mut Model)) {
    if model.list.selected().is_some() {
        go(model);
    } else {
        notify(model, Notice::info("No delivery is selected"));
    }
}

fn tried(verdict: &Verdict) -> Notice {
    match verdict.status {
        SignatureStatus::Verified | SignatureStatus::Expired => {
            let status = verdict.status;
            Notice::done(format!(
                "With the typed secret: {status} · `:set secret` to keep using it"
            ))
        }
        SignatureStatus::Missing
        | SignatureStatus::Malformed
        | SignatureStatus::Mismatch
        | SignatureStatus::Unchecked => {
            Notice::info(format!("With the typed secret, not verified: {}", verdict.status))
        }
    }
}

/// Clamps viewports and selection after any change, and loads a newly selected delivery.
fn sync_viewport(model: &mut Model) -> Vec<Effect> {
    let Some(areas) = model.areas() else { return Vec::new() };
    // A new delivery must not replace the selected one while a menu or a prompt acts on it.
    let is_acting = match &model.mode {
        Mode::Menu(_) | Mode::Prompt(_) | Mode::Palette(_) | Mode::Confirm(_) => true,
        Mode::Browse | Mode::Page(_) | Mode::Answers(_) | Mode::Address => false,
    };
    model.list.hold(is_acting);
    model.list.settle(usize::from(areas.list.height));
    let mut content = model.content;
    pane::cells::measure(model, usize::from(areas.list.height), &mut content);
    model.content = content;
    let is_filtering = matches!(&model.mode, Mode::Prompt(prompt)
        if prompt.contexts().contains(&KeyContext::Filter));
    if !is_filtering && !model.search.is_running() {
        model.list.settle_pointer();
    }
    let selected = model.list.selected().map(|row| row.id);
    let load = model.detail.want(selected);
    if let Some(window) = pane::viewport(model) {
        model.detail.fit_hex(window.width);
        model.detail.read(|document, reading| reading.settle(document, window));
    }
    model.comparing.fit(usize::from(areas.detail.width));
    model.comparing.settle(usize::from(areas.detail.height));
    if let Mode::Page(page) = &mut model.mode {
        let body = areas.body;
        page.settle(usize::from(body.width.saturating_sub(1)), usize::from(body.height));
    }
    let mut effects: Vec<Effect> =
        if load { selected.map(Effect::Load).into_iter().collect() } else { Vec::new() };
    effects.extend(selected.and_then(|id| diff::wanted(model, id)).map(Effect::Compare));
    effects
}
