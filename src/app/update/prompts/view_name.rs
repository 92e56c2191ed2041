//! The prompt for the name under which the current filter is saved.

use crate::app::effect::Effect;
use crate::app::model::{Confirm, Mode, Model, OpenPrompt, PromptComment};
use crate::app::notice::Notice;
use crate::app::prompt::Prompt;
use crate::app::update::notify;

#[derive(Debug, Default)]
struct ViewNamePrompt(Prompt);

pub(super) fn open(model: &mut Model) {
    if model.search.is_on() {
        model.mode = Mode::Prompt(Box::<ViewNamePrompt>::default());
    } else {
        notify(model, Notice::info("No filter to save: type one after /"));
    }
}

impl OpenPrompt for ViewNamePrompt {
    fn line(&self) -> &Prompt {
        &self.0
    }

    fn line_mut(&mut self) -> &mut Prompt {
        &mut self.0
    }

    fn label(&self) -> String {
        " name of the view: ".to_owned()
    }

    fn comment(&self, _model: &Model, _width: usize) -> PromptComment {
        PromptComment::hint("  Enter saves the filter, Esc cancels")
    }

    fn submit(self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        let name = self.0.text().trim().to_owned();
        if name.is_empty() {
            notify(model, Notice::info("No name was typed, so nothing was saved"));
            return Vec::new();
        }
        let known = model.views.iter().find(|(known, _)| *known == name);
        let replaced = known.map(|(_, filter)| filter.clone());
        let save = Effect::SaveView { name, filter: model.search.text().to_owned() };
        match (replaced, &save) {
            (Some(old), Effect::SaveView { name, filter }) if old != *filter => {
                let question = format!("Replace the view `{name}` ({old})?");
                model.mode = Mode::Confirm(Confirm { question, yes: vec![save], no: Vec::new() });
                Vec::new()
            }
            _ => vec![save],
        }
    }
}
