//! The prompt on the last lines: the typed text and a comment on it.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use unicode_segmentation::UnicodeSegmentation as _;

use super::text;
use crate::app::theme::Theme;
use crate::app::{Mode, Model, Prompt, PromptComment, StyleClass, StyledLine};

/// Draws the open prompt; false if there is none.
pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame<'_>, area: Rect) -> bool {
    let Mode::Prompt(prompt) = &model.mode else { return false };
    let width = usize::from(area.width);
    // One bullet per typed character, with the cursor after them.
    let signs = |line: &Prompt| Prompt::new("•".repeat(line.text().graphemes(true).count()));
    let hidden = prompt.is_hidden().then(|| signs(prompt.line()));
    let line = hidden.as_ref().unwrap_or_else(|| prompt.line());
    let (beside, below) = match prompt.comment(model, width) {
        PromptComment::Beside(comment) => (comment, Vec::new()),
        PromptComment::Below(lines) => (StyledLine::default(), lines),
    };
    draw_line(&prompt.label(), line, &beside, theme, frame, Rect { height: 1, ..area });
    for (line, row) in below.iter().zip(area.rows().skip(1)) {
        frame.render_widget(text::clipped(line, 0, width, theme), row);
    }
    true
}

fn draw_line(
    label: &str,
    prompt: &Prompt,
    comment: &StyledLine,
    theme: Theme,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let width = usize::from(area.width);
    let typed = prompt.text();
    // The typed text keeps at least half of the line, and its end stays visible.
    let left = (label.len() + prompt.cursor() + 1).saturating_sub(width);
    let line = StyledLine::new(StyleClass::Accent, label).with(StyleClass::Plain, typed);
    frame.render_widget(text::clipped(&line, left, width, theme), area);
    let used = line.width().saturating_sub(left).min(width);
    let rest = Rect {
        x: area.x + u16::try_from(used).unwrap_or(area.width),
        width: area.width - u16::try_from(used).unwrap_or(area.width),
        ..area
    };
    let shown: Line<'static> = text::clipped(comment, 0, usize::from(rest.width), theme);
    frame.render_widget(shown, rest);
    let cursor = label.len() + prompt.cursor() - left;
    let x = area.x + u16::try_from(cursor).unwrap_or(0).min(area.width.saturating_sub(1));
    frame.set_cursor_position(Position::new(x, area.y));
}
