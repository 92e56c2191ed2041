//! The prompt for a rule that responds to deliveries.

use crate::app::effect::Effect;
use crate::app::model::{Mode, Model, OpenPrompt, PromptComment};
use crate::app::notice::Notice;
use crate::app::prompt::Prompt;
use crate::app::routing::{RoutingChange, RulePrompt};
use crate::app::style::{StyleClass, StyledLine};
use crate::app::update::notify;
use crate::diagnostic::carets;
use crate::filter::term;

const LABEL: &str = " rule: ";
const EDIT_LABEL: &str = " edit: ";

const REPLACES: &str = " Enter replaces the rule, which counts from 0 again";

const EXAMPLE: &str = " e.g. 500x2,200 or type:a.* => 503:delay=2s or hold; Enter adds it first";

pub(super) fn open(model: &mut Model) {
    model.mode = Mode::Prompt(Box::<RulePrompt>::default());
}

/// Prompts for a rule for deliveries of the selected one's type, or else of its path.
pub(in crate::app::update) fn open_for_row(model: &mut Model) {
    let term = model.list.selected().map(|row| match row.kind {
        Some(kind) => term("type", kind, false),
        None => term("path", row.target.split('?').next().unwrap_or_default(), false),
    });
    let prompt = Prompt::new(term.map_or_else(String::new, |term| format!("{term} => ")));
    model.mode = Mode::Prompt(Box::new(RulePrompt { prompt, ..RulePrompt::default() }));
}

/// Prompts for a new text of a rule.
pub(in crate::app::update) fn open_for_edit(model: &mut Model, at: usize, text: String) {
    let prompt = Prompt::new(text.clone());
    let replaces = Some((at, text));
    model.mode = Mode::Prompt(Box::new(RulePrompt { prompt, replaces, ..RulePrompt::default() }));
}

impl OpenPrompt for RulePrompt {
    fn line(&self) -> &Prompt {
        &self.prompt
    }

    fn line_mut(&mut self) -> &mut Prompt {
        &mut self.prompt
    }

    fn label(&self) -> String {
        if self.replaces.is_some() { EDIT_LABEL.to_owned() } else { LABEL.to_owned() }
    }

    /// Returns a caret below the mistake and the message below that.
    fn comment(&self, _model: &Model, width: usize) -> PromptComment {
        let Some(mistake) = &self.error else {
            let help = if self.replaces.is_some() { REPLACES } else { EXAMPLE };
            return PromptComment::Below(vec![StyledLine::new(StyleClass::Dim, help)]);
        };
        let caret = mistake.span.as_ref().map(|span| carets(&self.prompt.text(), span));
        let caret = format!("{}{}", " ".repeat(LABEL.len()), caret.unwrap_or_default());
        // Scroll the line to keep its cursor visible.
        let left = (LABEL.len() + self.prompt.cursor() + 1).saturating_sub(width);
        let caret: String = caret.chars().skip(left).collect();
        let message = StyledLine::new(StyleClass::Bad, format!(" ✗ {}", mistake.message));
        let mut lines = vec![StyledLine::new(StyleClass::Bad, caret)];
        lines.extend(message.wrap(width.saturating_sub(1), 3));
        PromptComment::Below(lines)
    }

    fn rule(&self) -> Option<&RulePrompt> {
        Some(self)
    }

    fn rule_mut(&mut self) -> Option<&mut RulePrompt> {
        Some(self)
    }

    fn on_change(&mut self, _model: &mut Model) -> Vec<Effect> {
        self.error = None;
        Vec::new()
    }

    fn submit(self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        let typed = self.prompt.text();
        if typed.trim().is_empty() {
            model.show_responses();
            notify(model, Notice::info("No rule typed; rules unchanged"));
            return Vec::new();
        }
        let change = match &self.replaces {
            Some((at, text)) => RoutingChange::Replace { at: *at, text: text.clone(), typed },
            None => RoutingChange::Add(typed),
        };
        model.mode = Mode::Prompt(self);
        vec![Effect::Change(change)]
    }

    fn cancel(self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        model.show_responses();
        Vec::new()
    }
}
