//! Terminal setup, restored however the dashboard ends.

use std::io::{self, Stdout, Write as _};
use std::mem::ManuallyDrop;

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::execute;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;

use crate::app::layout::Size;

/// Terminal in raw mode on the alternate screen.
pub(super) struct Terminal {
    /// Never dropped: that would show the cursor, and panics if the terminal is gone.
    screen: ManuallyDrop<ratatui::Terminal<CrosstermBackend<Stdout>>>,
}

impl Terminal {
    /// Sets the terminal up. Any panic restores it before the report is printed.
    pub(super) fn enter() -> io::Result<Self> {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            report(panic);
        }));
        take(true)?;
        let screen = ratatui::Terminal::new(CrosstermBackend::new(io::stdout()))?;
        Ok(Self { screen: ManuallyDrop::new(screen) })
    }

    pub(super) fn size(&self) -> io::Result<Size> {
        let size = self.screen.size()?;
        Ok(Size { width: size.width, height: size.height })
    }

    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.screen.draw(draw).map(drop)
    }

    /// Forces a full redraw. (ratatui's own method queries the cursor position, and the response
    /// would be read as a key.)
    pub(super) fn clear(&mut self) -> io::Result<()> {
        execute!(io::stdout(), Clear(ClearType::All))?;
        let screen = ratatui::Terminal::new(CrosstermBackend::new(io::stdout()))?;
        self.screen = ManuallyDrop::new(screen);
        Ok(())
    }

    pub(super) fn capture_mouse(captured: bool) -> io::Result<()> {
        if captured {
            execute!(io::stdout(), EnableMouseCapture)
        } else {
            execute!(io::stdout(), DisableMouseCapture)
        }
    }

    /// Writes bytes outside of the frame.
    pub(super) fn write(bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout();
        out.write_all(bytes)?;
        out.flush()
    }

    /// Restores the terminal for another program.
    pub(super) fn lend() {
        give_back();
    }

    pub(super) fn take_back(&mut self, mouse_released: bool) -> io::Result<()> {
        take(!mouse_released)?;
        self.clear()
    }

    /// Stops the process as Ctrl-Z does, and sets the terminal up again when it continues.
    pub(super) fn suspend(&mut self, mouse_released: bool) -> io::Result<()> {
        give_back();
        stop_process()?;
        take(!mouse_released)?;
        self.clear()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn take(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    if mouse { execute!(io::stdout(), EnableMouseCapture) } else { Ok(()) }
}

/// Runs each step even if an earlier one failed; a closed terminal needs no restoring.
fn give_back() {
    let mut out = io::stdout();
    let _ = execute!(out, DisableMouseCapture, DisableBracketedPaste);
    let _ = execute!(out, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

#[cfg(unix)]
fn stop_process() -> io::Result<()> {
    signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "other systems can fail here")]
fn stop_process() -> io::Result<()> {
    Ok(())
}
