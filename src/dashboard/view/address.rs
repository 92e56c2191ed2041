//! The URL for senders, as text and as a QR code.

use qrcode::{Color as Module, EcLevel, QrCode};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use super::{Glyphs, Painter, text};
use crate::app::routing::PublicAddress;
use crate::app::{Model, StyleClass, StyledLine};

/// Quiet zone around a QR code in modules, as ISO/IEC 18004 requires.
const QUIET: usize = 4;

/// Black and white of the 256-color palette, which themes do not change. The terminal's own colors
/// may be too pale for a camera, or inverted.
const BLACK: Color = Color::Indexed(16);
const WHITE: Color = Color::Indexed(231);

pub(super) fn draw(model: &Model, painter: &Painter, frame: &mut Frame<'_>, area: Rect) {
    let theme = painter.theme;
    let address = model.address();
    let width = usize::from(area.width.saturating_sub(2));
    let head = description(model).into_iter().flat_map(|line| line.wrap(width, 2));
    let head: Vec<StyledLine> = head.collect();
    let below = area.height.saturating_sub(u16::try_from(head.len()).unwrap_or(u16::MAX));
    for (line, row) in head.iter().zip(area.rows()) {
        frame.render_widget(text::clipped(line, 0, usize::from(row.width), theme), row);
    }
    let place = Rect { y: area.bottom() - below, height: below, ..area };
    // On a small screen, the code gets the whole page.
    let codes = [(place, QUIET), (place, 2), (area, QUIET), (area, 2)];
    let drawn = codes.into_iter().find_map(|(place, quiet)| {
        let lines = code(address, quiet, painter.glyphs)?;
        let (columns, rows) = (lines.first()?.width(), lines.len());
        let fits = columns <= usize::from(place.width) && rows <= usize::from(place.height);
        fits.then_some((place, lines))
    });
    let Some((place, lines)) = drawn else {
        let why = "the screen is too small for a QR code; y copies the URL";
        let row = Rect { height: place.height.min(1), ..place };
        frame.render_widget(Line::styled(format!(" {why}"), theme.style(StyleClass::Warn)), row);
        return;
    };
    let width = lines.first().map_or(0, Line::width);
    let indent = (usize::from(place.width) - width) / 2;
    for (line, row) in lines.into_iter().zip(place.rows()) {
        let x = row.x + u16::try_from(indent).unwrap_or(0);
        let width = u16::try_from(width).unwrap_or(row.width);
        frame.render_widget(line, Rect { x, width, ..row });
    }
}

/// Returns the URL and where it leads.
fn description(model: &Model) -> Vec<StyledLine> {
    let own = &model.session.url;
    let address = StyledLine::new(StyleClass::Plain, " ").with(StyleClass::Accent, model.address());
    match &model.routing.public {
        PublicAddress::Up(_) => vec![address.with(StyleClass::Dim, format!(" forwards to {own}"))],
        PublicAddress::None => {
            let why = " (no tunnel: reachable only from this machine; --tunnel makes it public)";
            vec![address.with(StyleClass::Dim, why)]
        }
        PublicAddress::Starting => vec![address.with(StyleClass::Dim, " (the tunnel is starting)")],
        PublicAddress::Failed(why) => {
            vec![StyledLine::new(StyleClass::Bad, format!(" ✗ no tunnel: {why}")), address]
        }
    }
}

/// Renders a QR code as lines: with half blocks two modules per character, otherwise two columns
/// per module.
fn code(address: &str, quiet: usize, glyphs: Glyphs) -> Option<Vec<Line<'static>>> {
    let code = QrCode::with_error_correction_level(address, EcLevel::L).ok()?;
    let side = code.width() + 2 * quiet;
    let colour = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(quiet).filter(|at| *at < code.width());
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) if code[(x, y)] == Module::Dark => BLACK,
            _ => WHITE,
        }
    };
    let style = |above, below| Style::new().fg(above).bg(below);
    let lines = match glyphs {
        Glyphs::Unicode => (0..side.div_ceil(2))
            .map(|row| {
                let cell = |x| Span::styled("▀", style(colour(x, 2 * row), colour(x, 2 * row + 1)));
                (0..side).map(cell).collect::<Vec<_>>().into()
            })
            .collect(),
        Glyphs::Ascii => (0..side)
            .map(|y| {
                let cell = |x| Span::styled("  ", style(colour(x, y), colour(x, y)));
                (0..side).map(cell).collect::<Vec<_>>().into()
            })
            .collect(),
    };
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes the modules from the characters.
    fn modules(lines: &[Line<'_>], glyphs: Glyphs) -> Vec<Vec<bool>> {
        let dark = |colour: Option<Color>| colour == Some(BLACK);
        lines
            .iter()
            .flat_map(|line| {
                let row = |of: fn(&Style) -> Option<Color>| -> Vec<bool> {
                    line.spans.iter().map(|span| dark(of(&span.style))).collect()
                };
                match glyphs {
                    Glyphs::Unicode => vec![row(|style| style.fg), row(|style| style.bg)],
                    Glyphs::Ascii => vec![row(|style| style.bg)],
                }
            })
            .collect()
    }

    #[test]
    fn both_forms_show_the_same_code_with_a_quiet_zone() {
        let address = "https://example-tunnel-for-a-test.trycloudflare.com";
        let known = QrCode::with_error_correction_level(address, EcLevel::L).unwrap();
        let side = known.width() + 2 * QUIET;
        for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
            let lines = code(address, QUIET, glyphs).unwrap();
            let shown = modules(&lines, glyphs);
            for (y, row) in shown.iter().enumerate().take(side) {
                for (x, dark) in row.iter().enumerate() {
                    let (at, down) = (x.wrapping_sub(QUIET), y.wrapping_sub(QUIET));
                    let inside = at < known.width() && down < known.width();
                    let wanted = inside && known[(at, down)] == Module::Dark;
                    assert_eq!(*dark, wanted, "{x} {y} {glyphs:?}");
                }
            }
            // Such a URL leaves one line of text on the smallest common screen.
            assert!(glyphs == Glyphs::Ascii || lines.len() <= 21, "{}", lines.len());
        }
    }
}
