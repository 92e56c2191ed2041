//! Converts styled text to ratatui's, clipped to the available columns.

use ratatui::style::Style;
use ratatui::text::{Line, Span as Styled};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::app::theme::Theme;
use crate::app::{StyleClass, StyledLine, StyledSpan};

/// Converts a whole line.
pub(super) fn line(marked: &StyledLine, theme: Theme) -> Line<'_> {
    let spans = marked.spans().iter();
    spans.map(|span| Styled::styled(span.text(), theme.style(span.role))).collect()
}

/// Converts `width` columns of a line, starting at `left`. A wide character cut in two by the left
/// edge becomes a space; a line that continues after the right edge ends in `›`.
pub(super) fn clipped(
    marked: &StyledLine,
    left: usize,
    width: usize,
    theme: Theme,
) -> Line<'static> {
    let is_cut = width > 1 && is_wider(marked, left + width);
    let right = left + width - usize::from(is_cut);
    let mut out = Vec::new();
    let mut column = 0;
    for span in marked.spans() {
        if column >= right {
            break;
        }
        let style: Style = theme.style(span.role);
        let text = window(span, &mut column, left, right);
        if !text.is_empty() {
            out.push(Styled::styled(text, style));
        }
    }
    if is_cut {
        // A wide character may leave its first column free.
        let free = (right - left).saturating_sub(out.iter().map(Styled::width).sum());
        let sign = format!("{}›", " ".repeat(free));
        out.push(Styled::styled(sign, theme.style(StyleClass::Dim)));
    }
    Line::from(out)
}

/// Returns whether a line has more than `columns` columns, without measuring the rest of it.
fn is_wider(marked: &StyledLine, columns: usize) -> bool {
    let graphemes = marked.spans().iter().flat_map(|span| span.text().graphemes(true));
    let mut left = columns;
    for grapheme in graphemes {
        match left.checked_sub(grapheme.width()) {
            Some(rest) => left = rest,
            None => return true,
        }
    }
    false
}

/// Returns the part of a span between two columns. `column` is the start of the span and is
/// advanced to its end.
fn window(span: &StyledSpan, column: &mut usize, left: usize, right: usize) -> String {
    let mut text = String::new();
    for grapheme in span.text().graphemes(true) {
        let width = grapheme.width();
        if *column >= right {
            break;
        }
        if *column >= left && *column + width <= right {
            text.push_str(grapheme);
        } else if *column < left && *column + width > left {
            text.push(' ');
        }
        *column += width;
    }
    text
}

/// Pads a text with spaces or truncates it with an ellipsis to exactly `width` columns.
pub(super) fn fit(text: &str, width: usize) -> String {
    fit_with(text, width, '…')
}

/// Pads a text with spaces or truncates it to exactly `width` columns, with a sign at its end.
pub(super) fn fit_with(text: &str, width: usize, sign: char) -> String {
    let taken = text.width();
    if taken <= width {
        return format!("{text}{}", " ".repeat(width - taken));
    }
    let mut out = String::new();
    let mut column = 0;
    for grapheme in text.graphemes(true) {
        if column + grapheme.width() + 1 > width {
            break;
        }
        column += grapheme.width();
        out.push_str(grapheme);
    }
    if width > 0 {
        out.push(sign);
        column += 1;
    }
    out.push_str(&" ".repeat(width.saturating_sub(column)));
    out
}

/// Truncates a text to at most `width` columns, keeping its end.
pub(super) fn fit_end(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = "";
    for (at, _) in text.grapheme_indices(true).rev() {
        let end = text.get(at..).unwrap_or_default();
        if end.width() + 1 > width {
            break;
        }
        kept = end;
    }
    if width > 0 { format!("…{kept}") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::StyleClass;

    #[test]
    fn fits_and_cuts_by_columns() {
        assert_eq!(fit("ab", 4), "ab  ");
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("漢字漢", 4), "漢… ");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(fit_end("abcdef", 4), "…def");
        assert_eq!((fit_end("漢字", 2), fit_end("abc", 0)), ("…".to_owned(), String::new()));
    }

    #[test]
    fn clips_through_spans_and_wide_characters() {
        let marked = StyledLine::new(StyleClass::Name, "ab漢").with(StyleClass::Text, "cd");
        let text = |left, width| {
            let line = clipped(&marked, left, width, Theme::default());
            line.spans.iter().map(|span| span.content.to_string()).collect::<String>()
        };
        assert_eq!(text(0, 9), "ab漢cd");
        assert_eq!(text(1, 3), "b ›");
        assert_eq!(text(1, 5), "b漢cd");
        assert_eq!(text(3, 9), " cd");
        assert_eq!(text(0, 3), "ab›");
        assert_eq!(text(9, 3), "");
    }
}
