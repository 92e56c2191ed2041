//! Draws the model without changing it. Reads only what is visible.
//!
//! ```text
//! title                          view::title
//! list_head     │ tabs           view::list    │ view::detail
//! list          │ detail
//! notice                         view::status_line
//! prompt or hints                view::prompt or view::status_line
//! ```

mod address;
mod detail;
mod diff;
mod glyphs;
#[cfg(test)]
mod hostile;
mod list;
mod mask;
mod palette;
mod prompt;
mod status_line;
mod text;
mod title;
mod which_key;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Paragraph};

pub use glyphs::Glyphs;

use crate::app::layout::SMALLEST;
use crate::app::theme::Theme;
use crate::app::{HelpPage, Mode, Model, StyleClass, StyledLine, pane};
use crate::dashboard::highlight::Highlighter;
use crate::secret::SecretMask;

/// State for drawing other than the model: the theme and the last highlighted text.
#[derive(Debug)]
pub struct Painter {
    theme: Theme,
    glyphs: Glyphs,
    highlighter: Highlighter,
    /// The last frame has guessed colors, which the next frames correct.
    is_guess: bool,
    /// Themes lose their colors.
    is_colorless: bool,
    secrets: SecretMask,
}

impl Painter {
    pub fn new(theme: Theme, glyphs: Glyphs) -> Self {
        let highlighter = Highlighter::default();
        let secrets = SecretMask::default();
        Self { theme, glyphs, highlighter, is_guess: false, is_colorless: false, secrets }
    }

    /// Masks these secrets from now on.
    pub fn mask_secrets(&mut self, secrets: SecretMask) {
        self.secrets = secrets;
    }

    /// Draws every theme without its colors.
    #[must_use]
    pub fn without_color(self) -> Self {
        Self { theme: self.theme.without_color(), is_colorless: true, ..self }
    }

    /// Returns whether another frame would show more, although nothing has happened.
    pub fn wants_frame(&self) -> bool {
        self.is_guess
    }

    /// Draws a whole frame.
    pub fn draw(&mut self, model: &Model, frame: &mut Frame<'_>) {
        self.is_guess = false;
        if let Some(theme) = model.theme {
            self.theme = if self.is_colorless { theme.without_color() } else { theme };
        }
        let area = frame.area();
        frame.buffer_mut().set_style(area, base(self.theme));
        self.draw_parts(model, frame);
        mask::apply(&self.secrets, frame.buffer_mut());
        self.glyphs.settle(frame.buffer_mut());
    }

    fn draw_parts(&mut self, model: &Model, frame: &mut Frame<'_>) {
        let Some(areas) = model.areas() else {
            self.too_small(frame);
            return;
        };
        title::draw(model, self.theme, frame, areas.title);
        let page = match &model.mode {
            Mode::Page(page) => Some(page),
            Mode::Prompt(prompt) => prompt.page(),
            _ => None,
        };
        let body = areas.body;
        // As far from the edge as the title.
        let indented = Rect { x: body.x + 1, width: body.width.saturating_sub(1), ..body };
        if let Some(page) = page {
            self.help(page, frame, indented);
        } else if let Mode::Answers(chosen) = model.mode {
            self.answers(model, chosen, frame, indented);
        } else if matches!(&model.mode, Mode::Prompt(prompt) if prompt.rule().is_some()) {
            self.answers(model, usize::MAX, frame, indented);
        } else if matches!(model.mode, Mode::Address) {
            address::draw(model, self, frame, areas.body);
        } else if model.list.is_empty() {
            let lines = pane::welcome::lines(&model.session);
            let width = usize::from(areas.body.width.saturating_sub(4));
            let lines: Vec<StyledLine> =
                lines.into_iter().flat_map(|line| line.wrap(width, 4)).collect();
            let place = centred(areas.body, &lines);
            self.page(&lines, 0, frame, place);
        } else {
            list::draw(model, self.theme, frame, &areas);
            detail::draw(model, self, frame, &areas);
            detail::side(model, self.theme, frame, &areas);
        }
        which_key::draw(model, self.theme, frame, &areas);
        if let Mode::Palette(palette) = &model.mode {
            palette::draw(model, palette, self.theme, frame, &areas);
        }
        let below = status_line::messages(model, self.theme, frame, areas.hints);
        if !prompt::draw(model, self.theme, frame, below) {
            status_line::draw(model, self.theme, frame, below);
        }
    }

    fn page(&self, lines: &[StyledLine], top: usize, frame: &mut Frame<'_>, area: Rect) {
        for (line, row) in lines.iter().skip(top).zip(area.rows()) {
            frame.render_widget(text::line(line, self.theme), row);
        }
    }

    fn help(&self, page: &HelpPage, frame: &mut Frame<'_>, area: Rect) {
        let shown = page.shown(usize::from(area.width), usize::from(area.height));
        frame.render_widget(text::line(&shown.head, self.theme), Rect { height: 1, ..area });
        let width = u16::try_from(shown.width).unwrap_or(area.width);
        let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        for (at, lines) in (0_u16..).zip(&shown.columns) {
            let column = Rect { x: area.x + at * width, width, ..below }.intersection(area);
            self.page(lines, 0, frame, column);
        }
    }

    fn answers(&self, model: &Model, chosen: usize, frame: &mut Frame<'_>, area: Rect) {
        let page = pane::responses::page(model, chosen, usize::from(area.width));
        // Keeps the selected line visible, with its context as far as it fits.
        let top = (page.chosen + 2).saturating_sub(usize::from(area.height));
        self.page(&page.lines, top, frame, area);
    }

    fn too_small(&self, frame: &mut Frame<'_>) {
        let (width, height) = (SMALLEST.width, SMALLEST.height);
        let text = format!("hookglass needs {width}x{height}; deliveries are still stored");
        let area = frame.area();
        frame.render_widget(Clear, area);
        let paragraph = Paragraph::new(text)
            .style(self.theme.style(StyleClass::Warn))
            .wrap(ratatui::widgets::Wrap { trim: true });
        frame.render_widget(paragraph, area);
    }
}

/// Returns the base style of the screen.
fn base(theme: Theme) -> Style {
    theme.background().map_or_else(Style::new, |colour| Style::new().bg(colour))
}

/// Returns the area for text that looks centered, slightly above the middle.
fn centred(area: Rect, lines: &[StyledLine]) -> Rect {
    let widest = lines.iter().map(StyledLine::width).max().unwrap_or(0);
    let width = u16::try_from(widest).unwrap_or(u16::MAX).min(area.width);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height);
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) * 2 / 5,
        width,
        height,
    }
}
