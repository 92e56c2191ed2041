//! The prompt for a filter, which narrows the list while it is typed.

use unicode_width::UnicodeWidthStr as _;

use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::filter_prompt::FilterPrompt;
use crate::app::keymap::KeyContext;
use crate::app::model::{Mode, Model, OpenPrompt, PromptComment};
use crate::app::prompt::Prompt;
use crate::app::style::{StyleClass, StyledLine};
use crate::diagnostic::carets;
use crate::units;

const LABEL: &str = " filter: ";

/// Maximum number of lines of an error.
const MOST: usize = 4;

pub(super) fn open(model: &mut Model) {
    // Empty, so that a new filter is not appended to the old one.
    let mut filtering = FilterPrompt::new(model.search.text());
    model.seen.note_paths(model.detail.payload());
    filtering.look(&model.seen);
    model.mode = Mode::Prompt(Box::new(filtering));
}

impl OpenPrompt for FilterPrompt {
    fn line(&self) -> &Prompt {
        &self.prompt
    }

    fn line_mut(&mut self) -> &mut Prompt {
        &mut self.prompt
    }

    fn label(&self) -> String {
        LABEL.to_owned()
    }

    /// Returns the error with its position, the completions, or the number of matches.
    fn comment(&self, model: &Model, width: usize) -> PromptComment {
        let below = if let Some(error) = &self.error {
            let caret = carets(&self.prompt.text(), &error.span);
            let indent = " ".repeat(LABEL.len());
            let text = format!("{indent}{caret} {error}");
            // If the message does not fit after the caret, it names the column instead.
            let text = if text.width() >= width { format!(" ✗ {error}") } else { text };
            StyledLine::new(StyleClass::Bad, text)
        } else if self.offers.is_empty() {
            let (shown, all) = (model.list.shown() as u64, model.list.len() as u64);
            let more = if model.search.is_running() { "+" } else { "" };
            let (shown, all) = (units::format_count(shown), units::format_count(all));
            let text = format!(" {shown}{more} of {all} match; Enter keeps it, Esc cancels");
            StyledLine::new(StyleClass::Dim, text)
        } else {
            offers(self, width)
        };
        let mut lines = below.wrap(width.saturating_sub(1), 3);
        lines.truncate(MOST);
        if !self.changed && !self.before.is_empty() {
            let text = format!(" now {}", self.before);
            lines.push(
                StyledLine::new(StyleClass::Dim, text)
                    .with(StyleClass::Accent, "  Ctrl-e")
                    .with(StyleClass::Dim, " edits it  ")
                    .with(StyleClass::Accent, "Enter")
                    .with(StyleClass::Dim, " keeps it"),
            );
        }
        PromptComment::Below(lines)
    }

    fn contexts(&self) -> &'static [KeyContext] {
        &[KeyContext::Filter, KeyContext::Prompt]
    }

    fn on_change(&mut self, model: &mut Model) -> Vec<Effect> {
        self.changed = true;
        self.look(&model.seen);
        narrow(self, model)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "no other action has a key here")]
    fn on_action(&mut self, model: &mut Model, action: Action) -> Vec<Effect> {
        match action {
            Action::Complete(turn) => self.turn(turn),
            Action::History(turn) => self.recall(turn, &model.history),
            Action::EditCurrent => self.edit_current(&model.history),
            _ => return Vec::new(),
        }
        self.changed = true;
        narrow(self, model)
    }

    fn submit(self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        if self.error.is_some() {
            model.mode = Mode::Prompt(self);
        } else {
            model.history.keep(model.search.text());
        }
        Vec::new()
    }

    fn cancel(self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        // It was applied before, so it parses.
        model.search.apply(&self.before, &mut model.list, model.now).unwrap_or_default()
    }
}

/// Applies the typed filter; one that does not parse leaves the list unchanged.
fn narrow(filtering: &mut FilterPrompt, model: &mut Model) -> Vec<Effect> {
    let text = filtering.prompt.text();
    filtering.error = None;
    if text == model.search.text() {
        return Vec::new();
    }
    match model.search.apply(&text, &mut model.list, model.now) {
        Ok(effects) => effects,
        Err(wrong) => {
            filtering.error = Some(wrong);
            Vec::new()
        }
    }
}

/// Renders the completions, keeping the chosen one visible.
fn offers(filtering: &FilterPrompt, width: usize) -> StyledLine {
    let chosen = filtering.chosen.unwrap_or(0);
    let widths = |from: usize| -> usize {
        let until = filtering.offers.iter().take(chosen + 1).skip(from);
        until.map(|offer| offer.width() + 2).sum()
    };
    let from = (0..=chosen).find(|from| widths(*from) + 8 <= width).unwrap_or(chosen);
    let start = StyledLine::new(StyleClass::Accent, " Tab")
        .with(StyleClass::Dim, if from > 0 { " … " } else { "  " });
    let offers = filtering.offers.iter().enumerate().skip(from);
    offers.fold(start, |line, (at, offer)| {
        let role =
            if filtering.chosen == Some(at) { StyleClass::Accent } else { StyleClass::Plain };
        line.with(role, offer).with(StyleClass::Plain, "  ")
    })
}
