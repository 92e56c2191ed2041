//! Prompts on the last lines: what is typed, and a comment on it.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Clear;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::status_line::draw_status;
use super::text;
use crate::app::routing::RulePrompt;
use crate::app::theme::Theme;
use crate::app::{
    FilterPrompt, Mode, Model, Prompt, StyleClass, StyledLine, TargetPrompt, TargetPurpose,
};
use crate::diagnostic::carets;
use crate::units;

/// Draws the prompt that is open; false if there is none.
pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame<'_>, area: Rect) -> bool {
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
        Mode::Target(targeting) => draw_target(targeting, theme, frame, area),
        Mode::Rule(ruling) => draw_rule(ruling, theme, frame, area),
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
        | Mode::Page(_) => return false,
    }
    true
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

/// Where to send to, with a line above it that says how.
fn draw_target(targeting: &TargetPrompt, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let above = Rect { y: area.y.saturating_sub(1), ..area };
    frame.render_widget(Clear, above);
    frame.render_widget(Clear, area);
    let many = match &targeting.purpose {
        TargetPurpose::Edit(_) => " edit, and send to: ".to_owned(),
        TargetPurpose::Resend(ids) if ids.len() == 1 => " resend to: ".to_owned(),
        TargetPurpose::Resend(ids) => {
            format!(" resend {} to: ", units::format_count(ids.len() as u64))
        }
    };
    draw_prompt((&many, &targeting.prompt, &StyledLine::default()), theme, frame, above);
    let (now, other) = if targeting.exact {
        ("exactly as it came", "signs it anew")
    } else {
        ("signed anew", "sends it exactly")
    };
    let below = targeting
        .error
        .as_ref()
        .map(|error| StyledLine::new(StyleClass::Bad, format!(" ✗ {error}")));
    let below = below.unwrap_or_else(|| {
        StyledLine::new(StyleClass::Strong, format!(" {now}"))
            .with(StyleClass::Accent, "  Tab")
            .with(StyleClass::Dim, format!(" {other}  "))
            .with(StyleClass::Accent, "↑")
            .with(StyleClass::Dim, " earlier  URL x3 500ms: 3 times")
    });
    frame.render_widget(text::clipped(&below, 0, usize::from(area.width), theme), area);
}

/// A rule with lines below it: the caret, and what is wrong there.
fn draw_rule(ruling: &RulePrompt, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    const LABEL: &str = " rule: ";
    let width = usize::from(area.width);
    let Some(mistake) = &ruling.error else {
        let above = Rect { y: area.y.saturating_sub(1), ..area };
        frame.render_widget(Clear, above);
        frame.render_widget(Clear, area);
        draw_prompt((LABEL, &ruling.prompt, &StyledLine::default()), theme, frame, above);
        let example =
            " for instance 500x2,200 or type:a.* => 503:delay=2s or hold; Enter puts it first";
        let comment = StyledLine::new(StyleClass::Dim, example);
        frame.render_widget(text::clipped(&comment, 0, width, theme), area);
        return;
    };
    let told = StyledLine::new(StyleClass::Bad, format!(" ✗ {}", mistake.message))
        .wrap(width.saturating_sub(1), 3);
    let height = u16::try_from(told.len()).unwrap_or(1).min(area.y.saturating_sub(2));
    let prompt = Rect { y: area.bottom().saturating_sub(height + 2), height: 1, ..area };
    for back in 0..height + 2 {
        frame.render_widget(Clear, Rect { y: prompt.y + back, height: 1, ..area });
    }
    draw_prompt((LABEL, &ruling.prompt, &StyledLine::default()), theme, frame, prompt);
    let used = LABEL.len() + ruling.prompt.cursor() + 1;
    let left = used.saturating_sub(width);
    let caret = mistake.span.as_ref().map(|span| carets(&ruling.prompt.text(), span));
    let caret = caret.unwrap_or_default();
    let caret = StyledLine::new(StyleClass::Bad, format!("{}{caret}", " ".repeat(LABEL.len())));
    let place = Rect { y: prompt.y + 1, ..prompt };
    frame.render_widget(text::clipped(&caret, left, width, theme), place);
    for (line, back) in told.iter().zip(0..height) {
        let place = Rect { y: prompt.y + 2 + back, ..prompt };
        frame.render_widget(text::clipped(line, 0, width, theme), place);
    }
}

fn draw_prompt(
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
