//! Collects the bytes of a frame, of a bounded size and without asking the terminal anything.

use std::io;

use crossterm::Command;
use crossterm::QueueableCommand as _;
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

use crate::app::layout;

/// Largest screen that is drawn. A program can set any size, and every cell takes memory twice.
const MAX_COLUMNS: u16 = 4_000;
const MAX_CELLS: u32 = 400_000;

/// Reduces a size to what is drawn.
pub(super) fn clamped(layout::Size { width, height }: layout::Size) -> layout::Size {
    let width = width.min(MAX_COLUMNS);
    let rows = MAX_CELLS / u32::from(width.max(1));
    layout::Size { width, height: height.min(u16::try_from(rows).unwrap_or(u16::MAX)) }
}

/// Returns the size of the terminal.
pub(super) fn size() -> io::Result<layout::Size> {
    let (width, height) = crossterm::terminal::size()?;
    Ok(clamped(layout::Size { width, height }))
}

/// Backend whose output is taken by the writer.
#[derive(Debug, Default)]
pub(super) struct Screen {
    pub(super) bytes: Vec<u8>,
}

impl Screen {
    /// Adds a command to the output.
    pub(super) fn queue(&mut self, command: impl Command) -> io::Result<()> {
        self.bytes.queue(command).map(drop)
    }

    fn crossterm(&mut self) -> CrosstermBackend<&mut Vec<u8>> {
        CrosstermBackend::new(&mut self.bytes)
    }
}

impl Backend for Screen {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.crossterm().draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.crossterm().hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.crossterm().show_cursor()
    }

    /// Returns a fixed position: the terminal's response would be read as keys.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.crossterm().set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.crossterm().clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.crossterm().clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        let layout::Size { width, height } = size()?;
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::ZERO })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_sizes_are_reduced() {
        for (size, drawn) in [
            ((80, 24), (80, 24)),
            ((0, 0), (0, 0)),
            ((1, 65_535), (1, 65_535)),
            ((65_535, 1), (4_000, 1)),
            ((65_535, 65_535), (4_000, 100)),
        ] {
            let (width, height) = size;
            let layout::Size { width, height } = clamped(layout::Size { width, height });
            assert_eq!((width, height), drawn);
        }
    }
}
