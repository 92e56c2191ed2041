//! What is asked for on the last lines: a target, a rule, a yes or no.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Clear;

use super::status_line::{draw_prompt, draw_status};
use super::text;
use crate::app::keymap::Context;
use crate::app::routing::RulePrompt;
use crate::app::theme::Theme;
use crate::app::{Action, Confirm, Model, StyleClass, StyledLine, TargetPrompt, TargetPurpose};
use crate::diagnostic::carets;
use crate::units;

/// A question that is too long for the line takes lines above it, its keys at the end.
pub(super) fn draw_question(
    model: &Model,
    confirm: &Confirm,
    theme: Theme,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let key = |action| model.keymap.key_in(Context::Confirm, action);
    let told = StyledLine::new(StyleClass::Warn, " ? ")
        .with(StyleClass::Plain, &confirm.question)
        .with(StyleClass::Accent, format!("  {}", key(Action::Submit)))
        .with(StyleClass::Plain, " yes")
        .with(StyleClass::Accent, format!("  {}", key(Action::Cancel)))
        .with(StyleClass::Plain, " no");
    draw_status(told, theme, frame, area);
}

/// Where to send to, with a line above it that says how.
pub(super) fn draw_target(
    targeting: &TargetPrompt,
    theme: Theme,
    frame: &mut Frame<'_>,
    area: Rect,
) {
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
pub(super) fn draw_rule(ruling: &RulePrompt, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
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
