//! The dashboard's event loop, terminal, and effects. [`crate::app`] decides what is shown and what
//! a key does.

mod clipboard;
mod editor;
mod effects;
mod feed;
pub mod highlight;
mod input;
mod terminal;
pub mod view;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::EventStream;
use futures_util::StreamExt as _;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::app::theme::Theme;
use crate::app::{Event, Model, Notice, Preferences, Session, update};
use crate::intake::Controls;
use crate::ops::KnownProviders;
use crate::outbound::Target;
use crate::output;
use crate::signature::Verifier;
use crate::store::{Store, StoreError};
use crate::tunnel;
use effects::{Effects, ForTerminal};
use terminal::Terminal;
use view::{Glyphs, Painter};

/// Capacity of the loop's event queue. When it is full, producers wait; the loop never does.
const WAITING: usize = 1024;

/// Events handled before the loop checks the clock and the keys again.
const BATCH: usize = 256;

/// Minimum time between two frames.
const FRAME: Duration = Duration::from_millis(16);

/// Everything the dashboard needs to start.
#[derive(Debug)]
pub struct Setup {
    pub session: Session,
    pub preferences: Preferences,
    pub theme: Theme,
    /// Glyph set; if none, the locale decides.
    pub glyphs: Option<Glyphs>,
    /// Path of the configuration, where views are saved.
    pub config: PathBuf,
    pub store: Store,
    pub verifier: Arc<Verifier>,
    pub known: KnownProviders,
    /// URL of the listener itself.
    pub own: Target,
    /// Rules, paused requests, and targets.
    pub controls: Controls,
    /// State of the tunnel, if one is configured.
    pub tunnel: Option<watch::Receiver<tunnel::TunnelState>>,
    /// Warnings to show at startup.
    pub notes: Vec<String>,
    pub warnings: Vec<String>,
}

/// Error that ended the dashboard early.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    #[error("terminal error: {0}; use --headless without a terminal")]
    Terminal(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs the dashboard until the user quits or `stop` is canceled.
pub async fn run(setup: Setup, stop: CancellationToken) -> Result<(), TuiError> {
    let (events, queue) = mpsc::channel(WAITING);
    let greeting = greeting(&setup);
    let (session, preferences) = (setup.session.clone(), setup.preferences.clone());
    let painter = Painter::new(
        respecting_color_mode(setup.theme),
        setup.glyphs.unwrap_or_else(Glyphs::from_environment),
    );
    let (effects, pages) = Effects::start(setup, &events)?;
    let terminal = Terminal::enter()?;
    let clock = (now(), TimeZone::system());
    let mut model = Model::new(session, preferences, terminal.size()?, clock);
    if let Some(notice) = greeting {
        update(&mut model, Event::Notice(notice));
    }
    let model = Box::new(model);
    let shell =
        Shell { model, painter, terminal, effects, keys: Some(EventStream::new()), lent: None };
    match shell.run(queue, pages, stop).await {
        // The window was closed, and a frame was drawn before the signal arrived.
        Err(TuiError::Terminal(error)) if is_closed(&error) => Ok(()),
        ended => ended,
    }
}

/// Returns whether an error means that the terminal is gone.
fn is_closed(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) {
        return true;
    }
    error.kind() == io::ErrorKind::BrokenPipe
}

/// Removes colors with `--color never` or `NO_COLOR`.
fn respecting_color_mode(theme: Theme) -> Theme {
    if output::has_color() { theme } else { theme.without_color() }
}

fn greeting(setup: &Setup) -> Option<Notice> {
    let all: Vec<&str> = setup.warnings.iter().chain(&setup.notes).map(String::as_str).collect();
    match (all.join("; "), setup.warnings.is_empty()) {
        (text, _) if text.is_empty() => None,
        (text, true) => Some(Notice::info(text)),
        (text, false) => Some(Notice::failed(text)),
    }
}

#[expect(clippy::disallowed_methods, reason = "here the time enters the core")]
fn now() -> Timestamp {
    Timestamp::now()
}

struct Shell {
    model: Box<Model>,
    painter: Painter,
    terminal: Terminal,
    effects: Effects,
    /// `None` while another program uses the terminal, because the stream would swallow its keys.
    keys: Option<EventStream>,
    /// Completes, or is dropped, when that program has exited.
    lent: Option<oneshot::Receiver<()>>,
}

impl Shell {
    async fn run(
        mut self,
        mut queue: mpsc::Receiver<Event>,
        mut pages: mpsc::Receiver<Event>,
        stop: CancellationToken,
    ) -> Result<(), TuiError> {
        let mut frame = interval_of(FRAME);
        let mut second = interval_of(Duration::from_secs(1));
        let mut stale = true;
        let mut batch = Vec::with_capacity(BATCH);
        while !self.model.is_done() {
            tokio::select! {
                biased;
                // Before the queue, or a burst of deliveries would starve the screen.
                _ = frame.tick(), if stale && self.lent.is_none() => {
                    self.draw()?;
                    stale = false;
                }
                () = stop.cancelled() => batch.push(Event::Ended),
                key = next_key(&mut self.keys) => batch.extend(key),
                _ = second.tick() => batch.push(Event::Tick(now())),
                asked = self.effects.for_terminal(), if self.lent.is_none() => self.serve(asked)?,
                () = returned(&mut self.lent) => batch.extend(self.take_back()?),
                _ = queue.recv_many(&mut batch, BATCH) => {}
                // One page at a time: it is as much work as all the other events together.
                Some(page) = pages.recv() => batch.push(page),
            }
            stale |= !batch.is_empty();
            for event in batch.drain(..) {
                panic_for_a_test(&event);
                self.happen(event)?;
            }
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        let Self { model, painter, terminal, .. } = self;
        terminal.draw(|frame| painter.draw(model, frame))
    }

    /// Applies an event to the model and starts its effects.
    fn happen(&mut self, event: Event) -> io::Result<()> {
        for effect in update(&mut self.model, event) {
            if let Some(asked) = self.effects.begin(effect) {
                self.serve(asked)?;
            }
        }
        Ok(())
    }

    fn serve(&mut self, asked: ForTerminal) -> io::Result<()> {
        match asked {
            ForTerminal::Write(bytes) => Terminal::write(&bytes),
            ForTerminal::CaptureMouse(captured) => Terminal::capture_mouse(captured),
            ForTerminal::Redraw => self.terminal.clear(),
            ForTerminal::Suspend => self.suspend(),
            // Deliveries are still processed; only drawing pauses.
            ForTerminal::Lend(loan) => {
                self.keys = None;
                Terminal::lend();
                self.lent = Some(loan.give());
                Ok(())
            }
        }
    }

    /// Takes the terminal back and reads its current size.
    fn take_back(&mut self) -> io::Result<Option<Event>> {
        self.lent = None;
        self.terminal.take_back(self.model.is_mouse_released())?;
        self.keys = Some(EventStream::new());
        Ok(Some(Event::Resize(self.terminal.size()?)))
    }

    /// Suspends the process until `fg`. The listener stops as well, so clients' connections wait.
    fn suspend(&mut self) -> io::Result<()> {
        self.keys = None;
        self.terminal.suspend(self.model.is_mouse_released())?;
        self.keys = Some(EventStream::new());
        Ok(())
    }
}

fn interval_of(period: Duration) -> Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Waits until the other program returns the terminal.
async fn returned(lent: &mut Option<oneshot::Receiver<()>>) {
    match lent {
        None => std::future::pending().await,
        // Either way, the other program has exited.
        Some(back) => drop(back.await),
    }
}

/// Returns the next terminal event. A closed or failed terminal ends the program, because reading
/// it again would loop on the error.
async fn next_key(keys: &mut Option<EventStream>) -> Option<Event> {
    match keys {
        None => std::future::pending().await,
        Some(keys) => match keys.next().await {
            Some(Ok(event)) => input::translate(event),
            Some(Err(_)) | None => Some(Event::Ended),
        },
    }
}

/// Lets a test check the state of the terminal after a panic.
#[cfg(debug_assertions)]
fn panic_for_a_test(event: &Event) {
    let asked =
        matches!(event, Event::Kept(_)) && std::env::var_os("HOOKGLASS_TEST_PANIC").is_some();
    assert!(!asked, "a test asked for this panic");
}

#[cfg(not(debug_assertions))]
fn panic_for_a_test(_event: &Event) {}
