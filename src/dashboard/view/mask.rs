//! Masks configured secrets in what was drawn, wherever it is on the screen.

use ratatui::buffer::{Buffer, Cell};

use crate::secret::SecretMask;

/// Signs that end a text in the middle of a row: dividers, and the marks of a cut text.
const ENDS: [&str; 4] = ["│", "▌", "›", "…"];

/// Replaces each cell of a secret by an asterisk.
pub(super) fn apply(secrets: &SecretMask, buffer: &mut Buffer) {
    if secrets.is_empty() {
        return;
    }
    let area = buffer.area;
    for y in area.top()..area.bottom() {
        for text in texts(buffer, y) {
            let found = secrets.find_in_row(&text.bytes).into_iter();
            let columns = found.filter_map(|found| text.columns.get(found)).flatten();
            columns.for_each(|x| hide(buffer, *x, y));
        }
    }
}

fn hide(buffer: &mut Buffer, x: u16, y: u16) {
    if let Some(cell) = buffer.cell_mut((x, y)) {
        cell.set_symbol("*");
    }
}

/// A text in a row, without spaces around it.
#[derive(Default)]
struct RowText {
    bytes: Vec<u8>,
    /// Column of each byte.
    columns: Vec<u16>,
}

/// Returns the texts of a row.
fn texts(buffer: &Buffer, y: u16) -> Vec<RowText> {
    let mut texts = vec![RowText::default()];
    for x in buffer.area.left()..buffer.area.right() {
        let symbol = buffer.cell((x, y)).map_or("", Cell::symbol);
        if ENDS.contains(&symbol) {
            texts.push(RowText::default());
        } else if let Some(text) = texts.last_mut() {
            let is_leading = text.bytes.is_empty() && symbol == " ";
            if !is_leading {
                text.bytes.extend_from_slice(symbol.as_bytes());
                text.columns.resize(text.bytes.len(), x);
            }
        }
    }
    for text in &mut texts {
        text.bytes.truncate(text.bytes.trim_ascii_end().len());
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn masked(rows: &[&str]) -> Vec<String> {
        let mask = SecretMask::new(&[Secret::new("A", "test-key-not-real")]);
        let mut buffer = Buffer::with_lines(rows.iter().copied());
        apply(&mask, &mut buffer);
        let width = usize::from(buffer.area.width);
        let rows = buffer.content.chunks(width);
        rows.map(|row| row.iter().map(Cell::symbol).collect()).collect()
    }

    #[test]
    fn whole_secrets_are_masked() {
        assert_eq!(masked(&["a test-key-not-real b"]), ["a ***************** b"]);
    }

    #[test]
    fn a_secret_that_continues_on_the_next_row_is_masked() {
        let rows = ["1 │ token test-key- │ x", "2 │   not-real      │ y"];
        assert_eq!(masked(&rows), ["1 │ token ********* │ x", "2 │   ********      │ y"]);
    }

    #[test]
    fn a_secret_that_is_cut_is_masked() {
        assert_eq!(masked(&["token test-key-no›│ x"]), ["token ***********›│ x"]);
    }
}
