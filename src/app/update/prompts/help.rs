//! The prompt that searches the help, which then shows only the lines that contain the words.

use crate::app::effect::Effect;
use crate::app::model::{HelpPage, Mode, Model, OpenPrompt, PromptComment};
use crate::app::prompt::Prompt;

#[derive(Debug)]
struct HelpPrompt {
    line: Prompt,
    whole: HelpPage,
    shown: HelpPage,
}

pub(super) fn open(model: &mut Model) {
    if let Mode::Page(page) = &model.mode {
        let (whole, shown) = (page.whole(), page.whole());
        model.mode = Mode::Prompt(Box::new(HelpPrompt { line: Prompt::default(), whole, shown }));
    }
}

impl OpenPrompt for HelpPrompt {
    fn line(&self) -> &Prompt {
        &self.line
    }

    fn line_mut(&mut self) -> &mut Prompt {
        &mut self.line
    }

    fn label(&self) -> String {
        " search: ".to_owned()
    }

    fn comment(&self, _model: &Model, _width: usize) -> PromptComment {
        let none = self.shown.lines.is_empty().then_some("no match");
        PromptComment::error_or(none, "  Enter keeps the matches, Esc shows everything")
    }

    fn page(&self) -> Option<&HelpPage> {
        Some(&self.shown)
    }

    fn on_change(&mut self, _model: &mut Model) -> Vec<Effect> {
        self.shown = self.whole.matching(&self.line.text());
        Vec::new()
    }

    fn submit(self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        let found = !self.shown.lines.is_empty();
        model.mode = Mode::Page(if found { self.shown } else { self.whole });
        Vec::new()
    }

    fn cancel(self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        model.mode = Mode::Page(self.whole);
        Vec::new()
    }
}
