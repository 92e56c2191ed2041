//! Terminal setup, restored however the dashboard ends.

mod screen;
mod writer;

use std::io;

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Frame;

use crate::app::layout::Size;
use screen::Screen;
use writer::TerminalWriter;

/// Bytes outside of frames that wait for a terminal that is not read; more are dropped.
const MAX_WAITING: usize = 4 << 20;

/// Terminal in raw mode on the alternate screen.
pub(super) struct Terminal {
    screen: ratatui::Terminal<Screen>,
    writer: TerminalWriter,
    /// Set while this program, and no editor or shell, has the terminal.
    taken: bool,
}

impl Terminal {
    /// Sets the terminal up. Any panic restores it before the report is printed.
    pub(super) fn enter() -> io::Result<Self> {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let mut screen = Screen::default();
            // Collecting bytes does not fail.
            let _ = restore(&mut screen);
            writer::write_at_once(screen.bytes);
            let _ = disable_raw_mode();
            report(panic);
        }));
        let screen = ratatui::Terminal::new(Screen::default())?;
        let mut terminal = Self { screen, writer: TerminalWriter::start()?, taken: false };
        terminal.take_back(false)?;
        Ok(terminal)
    }

    pub(super) fn size() -> io::Result<Size> {
        screen::size()
    }

    /// Reduces a reported size to the part that is drawn.
    pub(super) fn clamped(size: Size) -> Size {
        screen::clamped(size)
    }

    /// Fails if the terminal was closed, which reading it does not distinguish from a lack of keys.
    pub(super) fn ensure_open() -> io::Result<()> {
        #[cfg(unix)]
        {
            use rustix::event::{PollFd, PollFlags, poll};
            let out = io::stdout();
            let mut polled = [PollFd::new(&out, PollFlags::empty())];
            poll(&mut polled, Some(&rustix::event::Timespec::default()))?;
            if polled.iter().any(|fd| fd.revents().contains(PollFlags::HUP)) {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
        Ok(())
    }

    /// Returns true if the terminal has taken everything, so that the next frame can be drawn.
    pub(super) fn is_idle(&self) -> bool {
        self.writer.is_idle()
    }

    /// Waits until the terminal has taken more.
    pub(super) async fn written(&mut self) -> io::Result<()> {
        self.writer.written().await?;
        self.send();
        Ok(())
    }

    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.screen.draw(draw)?;
        self.send();
        Ok(())
    }

    /// Forces a full redraw with the next frame.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.screen.clear()
    }

    pub(super) fn capture_mouse(&mut self, captured: bool) -> io::Result<()> {
        let screen = self.screen.backend_mut();
        if captured {
            screen.queue(EnableMouseCapture)?;
        } else {
            screen.queue(DisableMouseCapture)?;
        }
        self.send();
        Ok(())
    }

    /// Writes bytes outside of the frame.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let waiting = &mut self.screen.backend_mut().bytes;
        if waiting.len() + bytes.len() <= MAX_WAITING {
            waiting.extend_from_slice(bytes);
        }
        self.send();
    }

    /// Sends the collected bytes, unless the terminal has not taken the last ones yet.
    fn send(&mut self) {
        let bytes = &mut self.screen.backend_mut().bytes;
        if self.writer.is_idle() && !bytes.is_empty() {
            self.writer.send(std::mem::take(bytes));
        }
    }

    /// Restores the terminal for another program, or the shell. Blocks for a moment at most.
    pub(super) fn give_back(&mut self) {
        if !std::mem::take(&mut self.taken) {
            return;
        }
        let screen = self.screen.backend_mut();
        // Collecting bytes does not fail.
        let _ = restore(screen);
        let bytes = std::mem::take(&mut screen.bytes);
        self.writer.finish(bytes);
        // A closed terminal needs no restoring.
        let _ = disable_raw_mode();
    }

    /// Sets the terminal up, also if another program or a shell has changed its modes.
    pub(super) fn take_back(&mut self, mouse_released: bool) -> io::Result<()> {
        // crossterm skips modes that it has already set, although a shell may have changed them.
        disable_raw_mode()?;
        enable_raw_mode()?;
        self.taken = true;
        let screen = self.screen.backend_mut();
        screen.queue(EnterAlternateScreen)?;
        screen.queue(EnableBracketedPaste)?;
        if !mouse_released {
            screen.queue(EnableMouseCapture)?;
        }
        self.clear()?;
        self.send();
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn restore(screen: &mut Screen) -> io::Result<()> {
    screen.queue(DisableMouseCapture)?;
    screen.queue(DisableBracketedPaste)?;
    screen.queue(LeaveAlternateScreen)?;
    screen.queue(Show)
}
