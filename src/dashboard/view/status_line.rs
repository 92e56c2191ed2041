//! The last line: a prompt, a notice, or the keys that matter now.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Clear;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::{prompt, text};
use crate::app::theme::Theme;
use crate::app::{
    Action, FilterPrompt, Mode, Model, Notice, NoticeKind, Prompt, ResendAction, StyleClass,
    StyledLine, counts, hints,
};
use crate::diagnostic::carets;
use crate::units;

pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    match &model.mode {
        Mode::Filter(filtering) => draw_filtering(model, filtering, theme, frame, area),
        Mode::Export { prompt, form, ids } => {
            let count = units::format_count(ids.len() as u64);
            let label = format!(" export {count} as {}: ", form.title());
            let comment = StyledLine::new(StyleClass::Dim, "  Enter writes");
            draw_prompt((&label, prompt, &comment), theme, frame, area);
        }
        Mode::Note { prompt } => {
            let comment = StyledLine::new(StyleClass::Dim, "  Enter keeps it, empty takes it away");
            draw_prompt((" note: ", prompt, &comment), theme, frame, area);
        }
        Mode::Jump { prompt, error } => {
            let comment = comment(error.as_deref(), "  a number, or a time such as 17:06");
            draw_prompt((" go to: ", prompt, &comment), theme, frame, area);
        }
        Mode::View { prompt } => {
            let comment =
                StyledLine::new(StyleClass::Dim, "  Enter saves the filter, Esc goes back");
            draw_prompt((" name of the view: ", prompt, &comment), theme, frame, area);
        }
        Mode::Target(targeting) => prompt::draw_target(targeting, theme, frame, area),
        Mode::Rule(ruling) => prompt::draw_rule(ruling, theme, frame, area),
        Mode::Confirm(confirm) if hints::hints(model, usize::from(area.width)).is_empty() => {
            prompt::draw_question(model, confirm, theme, frame, area);
        }
        Mode::Secret { prompt } => {
            let comment = StyledLine::new(
                StyleClass::Dim,
                "  Enter tries it on this delivery, Esc goes back",
            );
            // As many signs as were typed; the cursor stands behind them.
            let hidden = Prompt::new("•".repeat(prompt.text().graphemes(true).count()));
            draw_prompt((" secret: ", &hidden, &comment), theme, frame, area);
        }
        Mode::Find { prompt, error, .. } => {
            let comment =
                comment(error.as_deref(), "  Enter keeps the hits, n N go on, Esc goes back");
            draw_prompt((" search: ", prompt, &comment), theme, frame, area);
        }
        Mode::Browse
        | Mode::Copy
        | Mode::Snippet
        | Mode::Answers(_)
        | Mode::Address
        | Mode::Facet(_)
        | Mode::Sort
        | Mode::ExportMenu
        | Mode::Confirm(_)
        | Mode::Palette(_)
        | Mode::Page(_) => {
            let width = usize::from(area.width);
            if let Some(line) = status(model) {
                draw_status(line, theme, frame, area);
            } else {
                let line = hints::line(model, width);
                frame.render_widget(text::clipped(&line, 0, width, theme), area);
            }
        }
    }
}

/// What stands behind a line that is being typed: what is wrong with it, or what can be done.
fn comment(error: Option<&str>, hint: &str) -> StyledLine {
    match error {
        Some(error) => StyledLine::new(StyleClass::Bad, format!("  ✗ {error}")),
        None => StyledLine::new(StyleClass::Dim, hint),
    }
}

/// The filter with a line below it: what is wrong and where, what could follow, or what matches.
fn draw_filtering(
    model: &Model,
    filtering: &FilterPrompt,
    theme: Theme,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    const LABEL: &str = " filter: ";
    let width = usize::from(area.width);
    let below = if let Some(error) = &filtering.error {
        let typed = filtering.prompt.text();
        let caret = carets(&typed, &error.span);
        let indent = " ".repeat(LABEL.len());
        let told = format!("{indent}{caret} {error}");
        // Where there is no room behind the caret, the sentence names the column.
        if told.width() >= width {
            StyledLine::new(StyleClass::Bad, format!(" ✗ {error}"))
        } else {
            StyledLine::new(StyleClass::Bad, told)
        }
    } else if filtering.offers.is_empty() {
        let (shown, all) = (model.list.shown() as u64, model.list.len() as u64);
        let more = if model.search.is_running() { "+" } else { "" };
        let (shown, all) = (units::format_count(shown), units::format_count(all));
        StyledLine::new(
            StyleClass::Dim,
            format!(" {shown}{more} of {all} match; Enter keeps it, Esc goes back"),
        )
    } else {
        offers(filtering, width)
    };
    let height = draw_status(below, theme, frame, area);
    let above = Rect { y: area.bottom().saturating_sub(height + 1), height: 1, ..area };
    frame.render_widget(Clear, above);
    draw_prompt((LABEL, &filtering.prompt, &StyledLine::default()), theme, frame, above);
}

/// What could follow, the chosen one in sight.
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

/// What is more urgent than the keys.
fn status(model: &Model) -> Option<StyledLine> {
    if matches!(
        model.mode,
        Mode::Copy
            | Mode::Snippet
            | Mode::Facet(_)
            | Mode::Sort
            | Mode::ExportMenu
            | Mode::Confirm(_)
    ) {
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

/// A sentence that is too long for the line takes lines above it; returns how many it has.
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

pub(super) fn draw_prompt(
    (label, prompt, comment): (&str, &Prompt, &StyledLine),
    theme: Theme,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let width = usize::from(area.width);
    let typed = prompt.text();
    // What is typed keeps at least half of the line; its end stays in sight.
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
