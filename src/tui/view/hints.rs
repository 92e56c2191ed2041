//! The last line: a prompt, a notice, or the keys that matter now.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Clear;
use unicode_segmentation::UnicodeSegmentation as _;

use super::super::theme::Theme;
use super::text;
use crate::app::keymap::hints;
use crate::app::{Marked, Mode, Model, Notice, NoticeKind, Prompt, Role};

pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    match &model.mode {
        Mode::Filter { prompt, error, .. } => {
            let comment = match error {
                Some(error) => Marked::new(Role::Bad, format!("  ✗ {error}")),
                None => Marked::new(Role::Dim, "  Enter keeps it, Esc goes back"),
            };
            draw_prompt((" filter: ", prompt, &comment), theme, frame, area);
        }
        Mode::Target { prompt } => {
            let comment = Marked::new(Role::Dim, "  Enter sends the exact bytes, Esc goes back");
            draw_prompt((" resend to: ", prompt, &comment), theme, frame, area);
        }
        Mode::Secret { prompt } => {
            let comment =
                Marked::new(Role::Dim, "  Enter tries it on this delivery, Esc goes back");
            // As many signs as were typed; the cursor stands behind them.
            let hidden = Prompt::new("•".repeat(prompt.text().graphemes(true).count()));
            draw_prompt((" secret: ", &hidden, &comment), theme, frame, area);
        }
        Mode::Browse | Mode::Copy | Mode::Help { .. } => {
            let width = usize::from(area.width);
            match status(model) {
                Some(line) => draw_status(line, theme, frame, area),
                None => {
                    frame.render_widget(text::clipped(&keys(model, width), 0, width, theme), area);
                }
            }
        }
    }
}

/// What is more urgent than the keys.
fn status(model: &Model) -> Option<Marked> {
    if model.mode == Mode::Copy {
        return None;
    }
    if let Some(Notice { kind, text }) = model.notice() {
        let (sign, role) = match kind {
            NoticeKind::Done => ("✓", Role::Good),
            NoticeKind::Info => ("•", Role::Accent),
            NoticeKind::Failed => ("✗", Role::Bad),
        };
        return Some(Marked::new(role, format!(" {sign} ")).with(Role::Plain, text));
    }
    let trouble = model.trouble.as_ref()?;
    let text = format!(" deliveries are not kept, senders get 503: {trouble}");
    Some(Marked::new(Role::Bad, format!(" ✗{text}")))
}

/// A sentence that is too long for the line takes lines above it.
fn draw_status(status: Marked, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    const MOST: u16 = 4;
    let width = usize::from(area.width);
    let lines = status.wrap(width.saturating_sub(1), 3);
    let height = u16::try_from(lines.len()).unwrap_or(MOST).clamp(1, MOST);
    let place = Rect { y: area.bottom().saturating_sub(height), height, ..area };
    frame.render_widget(Clear, place);
    for (line, row) in lines.iter().zip(place.rows()) {
        frame.render_widget(text::clipped(line, 0, width, theme), row);
    }
}

/// As many hints as fit; those of the least priority go first, the order stays.
fn keys(model: &Model, width: usize) -> Marked {
    let mut all: Vec<_> = hints(model.contexts()).collect();
    let lead = match model.mode {
        Mode::Copy => " copy:".to_owned(),
        // What keeps deliveries out of the list should be in sight.
        Mode::Browse if model.search.is_on() => format!(" filter {} ", model.search.text()),
        _ => String::new(),
    };
    let line = |all: &[(crate::app::keymap::Key, &str, u8)]| {
        let start = Marked::new(Role::Strong, &lead);
        all.iter().fold(start, |line, (key, word, _)| {
            line.with(Role::Accent, format!(" {key}")).with(Role::Plain, format!(" {word} "))
        })
    };
    while line(&all).width() > width {
        let Some(least) = all.iter().map(|(_, _, priority)| *priority).max() else { break };
        all.retain(|(_, _, priority)| *priority < least);
    }
    line(&all)
}

fn draw_prompt(
    (label, prompt, comment): (&str, &Prompt, &Marked),
    theme: Theme,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let width = usize::from(area.width);
    let typed = prompt.text();
    // What is typed keeps at least half of the line; its end stays in sight.
    let left = (label.len() + prompt.cursor() + 1).saturating_sub(width);
    let line = Marked::new(Role::Accent, label).with(Role::Plain, typed);
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
