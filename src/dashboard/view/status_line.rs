//! The last line: a notice, or the most relevant keys.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Clear;

use super::text;
use crate::app::keymap::KeyContext;
use crate::app::theme::Theme;
use crate::app::{
    Action, Confirm, Mode, Model, Notice, NoticeKind, ResendAction, StyleClass, StyledLine, counts,
    hints,
};

pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let width = usize::from(area.width);
    if let Some(line) = status(model) {
        draw_status(line, theme, frame, area);
        return;
    }
    match &model.mode {
        Mode::Confirm(confirm) if hints::hints(model, width).is_empty() => {
            draw_question(model, confirm, theme, frame, area);
        }
        _ => {
            let line = hints::line(model, width);
            frame.render_widget(text::clipped(&line, 0, width, theme), area);
        }
    }
}

/// Draws a question. A long one wraps to lines above, with its keys at the end.
fn draw_question(
    model: &Model,
    confirm: &Confirm,
    theme: Theme,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let key = |action| model.keymap.key_in(KeyContext::Confirm, action);
    let question = StyledLine::new(StyleClass::Warn, " ? ")
        .with(StyleClass::Plain, &confirm.question)
        .with(StyleClass::Accent, format!("  {}", key(Action::Submit)))
        .with(StyleClass::Plain, " yes")
        .with(StyleClass::Accent, format!("  {}", key(Action::Cancel)))
        .with(StyleClass::Plain, " no");
    draw_status(question, theme, frame, area);
}

/// Returns a message that is more urgent than the keys.
fn status(model: &Model) -> Option<StyledLine> {
    if matches!(model.mode, Mode::Menu(_) | Mode::Confirm(_)) {
        return None;
    }
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
                .with(StyleClass::Plain, " ends it"),
        );
    }
    let trouble = model.trouble.as_ref()?;
    let text = format!(" deliveries are not kept, senders get 503: {trouble}");
    Some(StyledLine::new(StyleClass::Bad, format!(" ✗{text}")))
}

/// Draws a message. A long one wraps to lines above; returns the number of lines.
pub(super) fn draw_status(
    status: StyledLine,
    theme: Theme,
    frame: &mut Frame<'_>,
    area: Rect,
) -> u16 {
    const MOST: u16 = 4;
    let width = usize::from(area.width);
    let lines = status.wrap(width.saturating_sub(1), 3);
    let height = u16::try_from(lines.len()).unwrap_or(MOST).clamp(1, MOST);
    let place = Rect { y: area.bottom().saturating_sub(height), height, ..area };
    frame.render_widget(Clear, place);
    for (line, row) in lines.iter().zip(place.rows()) {
        frame.render_widget(text::clipped(line, 0, width, theme), row);
    }
    height
}
