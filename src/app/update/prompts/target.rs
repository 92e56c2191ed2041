//! The prompt for the URL that deliveries are resent to.

use crate::app::action::{Action, ResendAction};
use crate::app::effect::Effect;
use crate::app::keymap::KeyContext;
use crate::app::model::{Mode, Model, OpenPrompt, PromptComment};
use crate::app::prompt::Prompt;
use crate::app::resend::{EditDecision, TargetPrompt, TargetPurpose, read};
use crate::app::style::{StyleClass, StyledLine};
use crate::app::update::resend;
use crate::delivery::DeliveryId;
use crate::units;

impl OpenPrompt for TargetPrompt {
    fn line(&self) -> &Prompt {
        &self.prompt
    }

    fn line_mut(&mut self) -> &mut Prompt {
        &mut self.prompt
    }

    fn label(&self) -> String {
        match &self.purpose {
            TargetPurpose::Edited { id, .. } => format!(" send edited delivery {id} to: "),
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
        let line = StyledLine::new(StyleClass::Strong, format!(" {}", resend::how(self.exact)))
            .with(StyleClass::Accent, "  Tab")
            .with(StyleClass::Dim, format!(" {other}  "))
            .with(StyleClass::Accent, "↑")
            .with(StyleClass::Dim, " earlier  ")
            .with(
                StyleClass::Dim,
                match &self.purpose {
                    TargetPurpose::Resend(_) => "URL x3 500ms: 3 times",
                    TargetPurpose::Edited { .. } => "Esc discards the edit",
                },
            );
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

    fn cancel(self: Box<Self>, _model: &mut Model) -> Vec<Effect> {
        match self.purpose {
            TargetPurpose::Resend(_) => Vec::new(),
            TargetPurpose::Edited { number, .. } => {
                vec![Effect::Decide { number, decision: EditDecision::Discard }]
            }
        }
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
        resend::send(model, self.purpose, target, pace)
    }
}
