//! The prompt for the name under which the filter in force is saved.

use crate::app::effect::Effect;
use crate::app::model::{Mode, Model, OpenPrompt, PromptComment};
use crate::app::notice::Notice;
use crate::app::prompt::Prompt;
use crate::app::update::notify;

#[derive(Debug, Default)]
struct ViewNamePrompt(Prompt);

pub(super) fn open(model: &mut Model) {
    if model.search.is_on() {
        model.mode = Mode::Prompt(Box::<ViewNamePrompt>::default());
    } else {
        notify(model, Notice::info("there is no filter to save; / types one"));
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
        PromptComment::hint("  Enter saves the filter, Esc goes back")
    }

    fn submit(self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        let name = self.0.text().trim().to_owned();
        if name.is_empty() {
            notify(model, Notice::info("no name was given, so nothing was saved"));
            return Vec::new();
        }
        vec![Effect::SaveView { name, filter: model.search.text().to_owned() }]
    }
}
