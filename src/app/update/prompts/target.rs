//! The prompt for the URL that deliveries are resent to.

use std::fmt::Write as _;

use crate::app::action::{Action, ResendAction};
use crate::app::effect::Effect;
use crate::app::keymap::KeyContext;
use crate::app::model::{Confirm, Mode, Model, OpenPrompt, PromptComment};
use crate::app::notice::Notice;
use crate::app::prompt::Prompt;
use crate::app::resend::{ResendRequest, TargetPrompt, TargetPurpose, read};
use crate::app::scope::Scope;
use crate::app::style::{StyleClass, StyledLine};
use crate::app::update::{naming, notify};
use crate::delivery::DeliveryId;
use crate::ops::resend::ResendPace;
use crate::units;

pub(in crate::app::update) fn open(model: &mut Model, purpose: TargetPurpose) {
    let targeting = model.sendings.ask(purpose, model.target.as_deref());
    model.mode = Mode::Prompt(Box::new(targeting));
}

impl OpenPrompt for TargetPrompt {
    fn line(&self) -> &Prompt {
        &self.prompt
    }

    fn line_mut(&mut self) -> &mut Prompt {
        &mut self.prompt
    }

    fn label(&self) -> String {
        match &self.purpose {
            TargetPurpose::Edit(id) => format!(" edit delivery {id}, send to: "),
            TargetPurpose::Resend(ids) if ids.len() == 1 => {
                let id = ids.first().copied().unwrap_or(DeliveryId(0));
                format!(" resend delivery {id} to: ")
            }
            TargetPurpose::Resend(ids) => {
                format!(" resend {} to: ", units::format_count(ids.len() as u64))
            }
        }
    }

    fn comment(&self, _model: &Model, _width: usize) -> PromptComment {
        if let Some(error) = &self.error {
            let wrong = StyledLine::new(StyleClass::Bad, format!(" ✗ {error}"));
            return PromptComment::Below(vec![wrong]);
        }
        let other = if self.exact { "re-signs it" } else { "sends it exactly" };
        let line = StyledLine::new(StyleClass::Strong, format!(" {}", how(self.exact)))
            .with(StyleClass::Accent, "  Tab")
            .with(StyleClass::Dim, format!(" {other}  "))
            .with(StyleClass::Accent, "↑")
            .with(StyleClass::Dim, " earlier  URL x3 500ms: 3 times");
        PromptComment::Below(vec![line])
    }

    fn contexts(&self) -> &'static [KeyContext] {
        &[KeyContext::Target, KeyContext::Prompt]
    }

    fn on_change(&mut self, _model: &mut Model) -> Vec<Effect> {
        self.error = None;
        Vec::new()
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "no other action has a key here")]
    fn on_action(&mut self, model: &mut Model, action: Action) -> Vec<Effect> {
        match action {
            Action::History(turn) => self.recall(turn, model.sendings.targets()),
            Action::Sending(ResendAction::Signing) => self.exact = !self.exact,
            _ => {}
        }
        Vec::new()
    }

    /// An invalid target stays in the prompt to be corrected.
    fn submit(mut self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        let typed = self.prompt.text();
        let (target, pace) = match read(&typed) {
            Ok(read) => read,
            Err(wrong) => {
                self.error = Some(wrong);
                model.mode = Mode::Prompt(self);
                return Vec::new();
            }
        };
        model.sendings.keep(typed.trim());
        model.sendings.exact = self.exact;
        model.target = Some(target.clone());
        send(model, self.purpose, target, pace)
    }
}

/// Sends immediately, or asks for confirmation if it takes more than one request.
pub(in crate::app::update) fn send(
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

pub(in crate::app::update) fn how(exact: bool) -> &'static str {
    if exact { "exactly as received" } else { "re-signed" }
}
