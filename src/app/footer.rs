//! Lines at the bottom of the screen: messages, and below them a prompt, a question, a menu, or key
//! hints. The panes above shrink, so that the footer never covers the row that it is about.

use super::action::{Action, ResendAction};
use super::columns;
use super::hints;
use super::layout::{Areas, Needs, areas};
use super::model::{Mode, Model, PromptComment};
use super::notice::{Notice, NoticeKind};
use super::resend::counts;
use super::style::{StyleClass, StyledLine};

/// Maximum number of lines of a notice.
const MOST: usize = 4;

impl Model {
    /// Returns the areas of the screen; `None` if it is too small.
    pub fn areas(&self) -> Option<Areas> {
        let list = columns::needed(&self.columns, &self.content);
        let list = u16::try_from(list).unwrap_or(u16::MAX);
        areas(self.size, self.focus, self.arrangement, Needs { footer: height(self), list })
    }
}

/// Returns the number of lines of the footer.
fn height(model: &Model) -> u16 {
    let width = usize::from(model.size.width);
    let lines = match &model.mode {
        Mode::Prompt(prompt) => match prompt.comment(model, width) {
            PromptComment::Beside(_) => 1,
            PromptComment::Below(lines) => 1 + lines.len(),
        },
        Mode::Browse
        | Mode::Menu(_)
        | Mode::Palette(_)
        | Mode::Confirm(_)
        | Mode::Page(_)
        | Mode::Answers(_)
        | Mode::Address => hints::lines(model, width).len(),
    };
    let lines = lines + messages(model, width).len();
    u16::try_from(lines).unwrap_or(u16::MAX).clamp(1, (model.size.height / 2).max(1))
}

/// Returns the lines above the keys or the prompt: the notice, or else a running resend, or else
/// the reason why deliveries are not stored.
pub(crate) fn messages(model: &Model, width: usize) -> Vec<StyledLine> {
    let Some(message) = message(model) else { return Vec::new() };
    let mut lines = message.wrap(width.saturating_sub(1), 3);
    lines.truncate(MOST);
    lines
}

/// Returns the lines below the messages, without a prompt.
pub(crate) fn keys(model: &Model, width: usize) -> Vec<StyledLine> {
    hints::lines(model, width)
}

fn message(model: &Model) -> Option<StyledLine> {
    if let Some(Notice { kind, text }) = model.notice() {
        let (sign, role) = match kind {
            NoticeKind::Done => ("✓", StyleClass::Good),
            NoticeKind::Info => ("•", StyleClass::Accent),
            NoticeKind::Failed => ("✗", StyleClass::Bad),
        };
        return Some(StyledLine::new(role, format!(" {sign} ")).with(StyleClass::Plain, text));
    }
    if let Some(round) = &model.sendings.round {
        let stop = model.keymap.key_of(Action::Sending(ResendAction::Stop));
        let stop = stop.map(|key| format!("  {key}")).unwrap_or_default();
        return Some(
            StyledLine::new(StyleClass::Accent, " → ")
                .with(StyleClass::Plain, format!("{}: {}", round.target, counts(&round.summary)))
                .with(StyleClass::Accent, stop)
                .with(StyleClass::Plain, " stops"),
        );
    }
    let trouble = model.trouble.as_ref()?;
    let text = format!(" Deliveries are not stored, clients get 503: {trouble}");
    Some(StyledLine::new(StyleClass::Bad, format!(" ✗{text}")))
}
