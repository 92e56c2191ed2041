//! The command palette: a box over the panes with the matching commands.

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::widgets::{Block, Clear};
use unicode_width::UnicodeWidthStr as _;

use super::text;
use crate::app::layout::Areas;
use crate::app::palette::{Palette, entries};
use crate::app::theme::Theme;
use crate::app::{Model, StyleClass, StyledLine};
use crate::payload::escape;

/// Largest width of a command's name; its description follows.
const NAME: usize = 28;

pub(super) fn draw(
    model: &Model,
    palette: &Palette,
    theme: Theme,
    frame: &mut Frame<'_>,
    areas: &Areas,
) {
    let area = areas.palette();
    frame.render_widget(Clear, area);
    let block = Block::bordered()
        .border_style(theme.style(StyleClass::Accent))
        .title(" commands ")
        .style(super::base(theme));
    frame.render_widget(block, area);
    let inside = area.inner(Margin::new(1, 1));
    let typed = palette.prompt.text();
    let prompt = StyledLine::new(StyleClass::Accent, "> ").with(StyleClass::Plain, &typed);
    let width = usize::from(inside.width);
    frame.render_widget(text::clipped(&prompt, 0, width, theme), Rect { height: 1, ..inside });
    let column = u16::try_from(palette.prompt.cursor() + 2).unwrap_or(0);
    let last = inside.width.saturating_sub(1);
    frame.set_cursor_position(Position::new(inside.x + column.min(last), inside.y));
    let top = palette.top(areas.palette_height());
    let found = entries(&model.keymap, model.palette_offers(), &typed);
    if found.is_empty() {
        let none = StyledLine::new(StyleClass::Dim, "  No command matches");
        let row = Rect { y: inside.y + 1, height: inside.height.min(2) / 2, ..inside };
        frame.render_widget(text::clipped(&none, 0, width, theme), row);
    }
    let rows = inside.rows().skip(1);
    let visible = found.iter().skip(top).take(usize::from(inside.height));
    let names = visible.clone().map(|entry| escape(&entry.title).width()).max().unwrap_or(0);
    let names = names.min(NAME);
    let keys = visible.map(|entry| entry.keys.width()).max().unwrap_or(0);
    for ((at, entry), row) in found.iter().enumerate().skip(top).zip(rows) {
        let help = width.saturating_sub(names + keys + 6);
        let sign = if at == palette.chosen { "▌ " } else { "  " };
        let name = if at == palette.chosen { StyleClass::Strong } else { StyleClass::Plain };
        let line = StyledLine::new(StyleClass::Accent, sign)
            .with(name, text::fit(&escape(&entry.title), names))
            .with(StyleClass::Plain, "  ")
            .with(StyleClass::Dim, text::fit(&escape(&entry.help), help))
            .with(StyleClass::Accent, format!(" {:>keys$} ", entry.keys));
        frame.render_widget(text::clipped(&line, 0, width, theme), row);
    }
}
