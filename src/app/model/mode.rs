//! Modes of the dashboard, which determine the meaning of keys.

use std::fmt::Debug;

use super::{HelpPage, Model};
use crate::app::action::{Action, Polarity};
use crate::app::effect::Effect;
use crate::app::keymap::KeyContext;
use crate::app::palette::Palette;
use crate::app::prompt::Prompt;
use crate::app::routing::RulePrompt;
use crate::app::style::StyledLine;

/// Mode that determines the meaning of keys.
#[derive(Debug, Default)]
pub enum Mode {
    #[default]
    Browse,
    /// Menu in which the next key chooses.
    Menu(Menu),
    /// A line is being typed.
    Prompt(Box<dyn OpenPrompt>),
    Palette(Palette),
    /// A confirmation is pending.
    Confirm(Confirm),
    /// Text over the panes.
    Page(HelpPage),
    /// Page of rules and paused requests, with the index of the selected one.
    Answers(usize),
    /// Page with the URL for senders, also as a QR code.
    Address,
}

/// Keys to choose from, shown in a popup.
#[derive(Debug, Clone, Copy)]
pub struct Menu {
    pub contexts: &'static [KeyContext],
    /// Title of the popup, without the delivery.
    pub lead: &'static str,
    /// Label if signatures and credentials are copied.
    pub signed_lead: Option<&'static str>,
    /// For facets: include or exclude the value.
    pub polarity: Polarity,
    /// First visible row if the popup scrolls.
    pub top: usize,
}

impl Menu {
    pub const COPY: Self = Self {
        signed_lead: Some("Copy with the signature"),
        ..Self::new(&[KeyContext::Copy], "Copy")
    };
    pub const SNIPPET: Self = Self {
        signed_lead: Some("Copy a verifier with the signature"),
        ..Self::new(&[KeyContext::Snippet], "Copy a verifier")
    };
    pub const SORT: Self = Self::new(&[KeyContext::Sort], "Sort");
    pub const EXPORT: Self = Self::new(&[KeyContext::Export], "Export");
    pub const RELEASE: Self = Self::new(&[KeyContext::Release], "Respond");

    const fn new(contexts: &'static [KeyContext], lead: &'static str) -> Self {
        Self { contexts, lead, signed_lead: None, polarity: Polarity::With, top: 0 }
    }

    pub fn facets(polarity: Polarity) -> Self {
        let lead = match polarity {
            Polarity::With => "Show only the same",
            Polarity::Without => "Exclude the same",
        };
        Self { polarity, ..Self::new(&[KeyContext::Facet], lead) }
    }
}

/// A typed line and its purpose. While a method runs, no prompt is open. To stay open after
/// [`Self::submit`], a prompt is put back.
pub trait OpenPrompt: Debug + Send {
    fn line(&self) -> &Prompt;

    fn line_mut(&mut self) -> &mut Prompt;

    /// Returns the label in front of the line.
    fn label(&self) -> String;

    /// Returns the mistake in the line or a hint, for a screen of `width` columns.
    fn comment(&self, model: &Model, width: usize) -> PromptComment;

    /// Returns the contexts for looking up a key, nearest first.
    fn contexts(&self) -> &'static [KeyContext] {
        &[KeyContext::Prompt]
    }

    /// Returns true if the typed text is masked.
    fn is_hidden(&self) -> bool {
        false
    }

    /// Returns the page that the prompt is about, which is shown instead of the panes.
    fn page(&self) -> Option<&HelpPage> {
        None
    }

    /// Returns the rule prompt, if it is one.
    fn rule(&self) -> Option<&RulePrompt> {
        None
    }

    fn rule_mut(&mut self) -> Option<&mut RulePrompt> {
        None
    }

    /// Handles an edit of the line.
    fn on_change(&mut self, _model: &mut Model) -> Vec<Effect> {
        Vec::new()
    }

    /// Handles an action other than editing, submitting, and canceling: completion, history.
    fn on_action(&mut self, _model: &mut Model, _action: Action) -> Vec<Effect> {
        Vec::new()
    }

    /// Submits the line.
    fn submit(self: Box<Self>, model: &mut Model) -> Vec<Effect>;

    /// Restores the state from before the prompt.
    fn cancel(self: Box<Self>, _model: &mut Model) -> Vec<Effect> {
        Vec::new()
    }
}

/// Comment on a typed line, and its position.
#[derive(Debug, Clone)]
pub enum PromptComment {
    /// After the typed text.
    Beside(StyledLine),
    /// On the lines below, as many as fit.
    Below(Vec<StyledLine>),
}

impl PromptComment {
    pub fn hint(text: &str) -> Self {
        Self::Beside(StyledLine::new(crate::app::style::StyleClass::Dim, text))
    }

    /// Shows the error, or a hint if there is none.
    pub fn error_or(error: Option<&str>, hint: &str) -> Self {
        let wrong = |error: &str| {
            let text = format!("  ✗ {error}");
            Self::Beside(StyledLine::new(crate::app::style::StyleClass::Bad, text))
        };
        error.map_or_else(|| Self::hint(hint), wrong)
    }
}

/// Question with the effects of yes and no.
#[derive(Debug, Clone)]
pub struct Confirm {
    pub question: String,
    pub yes: Vec<Effect>,
    pub no: Vec<Effect>,
}
