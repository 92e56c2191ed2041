//! The prompt for a text to find in the document, with matches shown while it is typed.

use crate::app::document_view::DocumentView;
use crate::app::effect::Effect;
use crate::app::model::{Mode, Model, OpenPrompt, PromptComment};
use crate::app::notice::Notice;
use crate::app::prompt::Prompt;
use crate::app::update::notify;

#[derive(Debug)]
struct FindPrompt {
    line: Prompt,
    error: Option<String>,
    /// Cursor position and search from before the prompt.
    before: DocumentView,
}

pub(super) fn open(model: &mut Model) {
    let Some((_, reading)) = model.detail.reading() else { return };
    let before = reading.clone();
    let prompt = FindPrompt { line: Prompt::default(), error: None, before };
    model.mode = Mode::Prompt(Box::new(prompt));
}

impl OpenPrompt for FindPrompt {
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
        let hint = "  Enter keeps the hits, n N go on, Esc goes back";
        PromptComment::error_or(self.error.as_deref(), hint)
    }

    fn on_change(&mut self, model: &mut Model) -> Vec<Effect> {
        let typed = self.line.text();
        model.searches += 1;
        let number = model.searches;
        let searched = model.detail.read(|document, reading| {
            *reading = self.before.clone();
            if typed.is_empty() {
                reading.finding = None;
                return Ok(false);
            }
            reading.find(document, &typed, number)
        });
        let more = matches!(searched, Some(Ok(true)));
        self.error = searched.and_then(Result::err).map(|wrong| wrong.to_string());
        let document = model.detail.reading().map(|(document, _)| document.clone());
        let document = if more { document } else { None };
        document.map(|document| Effect::Find { number, typed, document }).into_iter().collect()
    }

    fn submit(self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        if self.error.is_some() {
            model.mode = Mode::Prompt(self);
            return Vec::new();
        }
        let finding = model.detail.reading().and_then(|(_, reading)| reading.finding.as_ref());
        if let Some(finding) = finding.filter(|finding| finding.search.is_done())
            && finding.search.count() == 0
        {
            let text = format!("No match for `{}`", finding.typed);
            notify(model, Notice::info(text));
        }
        Vec::new()
    }

    fn cancel(self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        model.detail.read(|_, reading| *reading = self.before);
        Vec::new()
    }
}
