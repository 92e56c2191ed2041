//! Modes: what the keys mean at the moment.

use std::fmt::Debug;

use super::{HelpPage, Model};
use crate::app::action::{Action, Polarity};
use crate::app::effect::Effect;
use crate::app::keymap::Context;
use crate::app::palette::Palette;
use crate::app::prompt::Prompt;
use crate::app::routing::RulePrompt;
use crate::app::style::StyledLine;

/// What the keys mean at the moment.
#[derive(Debug, Default)]
pub enum Mode {
    #[default]
    Browse,
    /// The next key chooses.
    Menu(Menu),
    /// A line is being typed.
    Prompt(Box<dyn OpenPrompt>),
    Palette(Palette),
    /// Something is to be confirmed.
    Confirm(Confirm),
    /// A text over the panes.
    Page(HelpPage),
    /// Rules and held deliveries; which of them is chosen.
    Answers(usize),
    /// The address for senders, also for cameras.
    Address,
}

/// Keys that choose one of several, and the words in front of them.
#[derive(Debug, Clone, Copy)]
pub struct Menu {
    pub contexts: &'static [Context],
    pub lead: &'static str,
    /// Words for copying with signatures and credentials.
    pub signed_lead: Option<&'static str>,
    /// For facets: which deliveries stay in the list.
    pub polarity: Polarity,
}

impl Menu {
    pub const COPY: Self = Self {
        signed_lead: Some(" copy with the signature:"),
        ..Self::new(&[Context::Copy], " copy:")
    };
    pub const SNIPPET: Self = Self {
        signed_lead: Some(" copy with the signature:"),
        ..Self::new(&[Context::Snippet], " a program in")
    };
    pub const SORT: Self = Self::new(&[Context::Sort], " sort by:");
    pub const EXPORT: Self = Self::new(&[Context::Export], " export as:");

    const fn new(contexts: &'static [Context], lead: &'static str) -> Self {
        Self { contexts, lead, signed_lead: None, polarity: Polarity::With }
    }

    pub fn facets(polarity: Polarity) -> Self {
        let lead = match polarity {
            Polarity::With => " only with the same",
            Polarity::Without => " all but the same",
        };
        Self { polarity, ..Self::new(&[Context::Facet], lead) }
    }
}

/// A line that is being typed, and what it is for. While a method runs, no prompt is open; one
/// that is to stay open after [`Self::submit`] is put back.
pub trait OpenPrompt: Debug + Send {
    fn line(&self) -> &Prompt;

    fn line_mut(&mut self) -> &mut Prompt;

    /// Words in front of the line.
    fn label(&self) -> String;

    /// What is wrong with the line, or what can be done, on a screen of so many columns.
    fn comment(&self, model: &Model, width: usize) -> PromptComment;

    /// Where a key is looked up, nearest first.
    fn contexts(&self) -> &'static [Context] {
        &[Context::Prompt]
    }

    /// Whether signs are shown in the place of what is typed.
    fn is_hidden(&self) -> bool {
        false
    }

    /// The rule, if that is what is being typed.
    fn rule(&self) -> Option<&RulePrompt> {
        None
    }

    fn rule_mut(&mut self) -> Option<&mut RulePrompt> {
        None
    }

    /// Follows an edit of the line.
    fn on_change(&mut self, _model: &mut Model) -> Vec<Effect> {
        Vec::new()
    }

    /// Carries out an action other than editing, submitting, and canceling: completion, history.
    fn on_action(&mut self, _model: &mut Model, _action: Action) -> Vec<Effect> {
        Vec::new()
    }

    /// Takes what was typed.
    fn submit(self: Box<Self>, model: &mut Model) -> Vec<Effect>;

    /// Leaves things as they were.
    fn cancel(self: Box<Self>, _model: &mut Model) -> Vec<Effect> {
        Vec::new()
    }
}

/// Words on a line that is being typed, and where they are.
#[derive(Debug, Clone)]
pub enum PromptComment {
    /// After what is typed.
    Beside(StyledLine),
    /// On lines below it, as many as fit.
    Below(Vec<StyledLine>),
}

impl PromptComment {
    pub fn hint(text: &str) -> Self {
        Self::Beside(StyledLine::new(crate::app::style::StyleClass::Dim, text))
    }

    /// What is wrong, or else a hint.
    pub fn error_or(error: Option<&str>, hint: &str) -> Self {
        let wrong = |error: &str| {
            let text = format!("  ✗ {error}");
            Self::Beside(StyledLine::new(crate::app::style::StyleClass::Bad, text))
        };
        error.map_or_else(|| Self::hint(hint), wrong)
    }
}

/// A question, and what is to be done if the answer is yes, or no.
#[derive(Debug, Clone)]
pub struct Confirm {
    pub question: String,
    pub yes: Vec<Effect>,
    pub no: Vec<Effect>,
}
