//! The popup of a menu.

use ratatui::Frame;
use ratatui::widgets::{Block, Clear};

use super::text;
use crate::app::layout::Areas;
use crate::app::theme::Theme;
use crate::app::{Model, StyleClass, StyledLine, which_key};

pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame<'_>, areas: &Areas) {
    let Some(popup) = which_key::popup(model, areas) else { return };
    frame.render_widget(Clear, popup.area);
    let block = Block::bordered()
        .border_style(theme.style(StyleClass::Accent))
        .title(popup.title.as_str())
        .title_bottom(if popup.scrolls() { " ↑↓ more " } else { "" })
        .style(super::base(theme));
    frame.render_widget(block, popup.area);
    for (entry, place) in popup.places() {
        let line = StyledLine::new(StyleClass::Accent, format!(" {:<2}", entry.key.to_string()))
            .with(StyleClass::Plain, format!(" {}", entry.text));
        let width = usize::from(place.width);
        frame.render_widget(text::clipped(&line, 0, width, theme), place);
    }
}
