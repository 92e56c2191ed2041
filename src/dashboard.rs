//! The shell of the dashboard: the loop, the terminal, the effects. What is shown and what a
//! key means is decided in [`crate::app`].

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
use crate::signature::Verifier;
use crate::store::{Store, StoreError};
use crate::tunnel;
use effects::{Effects, ForTerminal};
use terminal::Terminal;
use view::{Glyphs, Painter};

/// Events that may wait for the loop; producers wait behind them, the loop never does.
const WAITING: usize = 1024;

/// Events that are dealt with between two looks at the clock and the keys.
const BATCH: usize = 256;

/// The screen is drawn at most so often.
const FRAME: Duration = Duration::from_millis(16);

/// What the dashboard is given.
#[derive(Debug)]
pub struct Setup {
    pub session: Session,
    pub preferences: Preferences,
    pub theme: Theme,
    /// Nothing where the locale is to decide.
    pub glyphs: Option<Glyphs>,
    /// The configuration, where views are saved.
    pub config: PathBuf,
    pub store: Store,
    pub verifier: Arc<Verifier>,
    pub known: KnownProviders,
    /// The listener itself.
    pub own: Target,
    /// Rules, held deliveries and targets.
    pub controls: Controls,
    /// The tunnel, where one was asked for.
    pub tunnel: Option<watch::Receiver<tunnel::TunnelState>>,
    /// What the user should know from the start.
    pub notes: Vec<String>,
    pub warnings: Vec<String>,
}

/// Why the dashboard ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    #[error("the terminal failed: {0}; use --headless where there is none")]
    Terminal(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Shows the dashboard until the user quits or `stop` is cancelled.
pub async fn run(setup: Setup, stop: CancellationToken) -> Result<(), TuiError> {
    let (events, queue) = mpsc::channel(WAITING);
    let greeting = greeting(&setup);
    let (session, preferences) = (setup.session.clone(), setup.preferences.clone());
    let painter =
        Painter::new(in_colour(setup.theme), setup.glyphs.unwrap_or_else(Glyphs::from_environment));
    let (effects, pages) = Effects::start(setup, &events)?;
    let terminal = Terminal::enter()?;
    let clock = (now(), TimeZone::system());
    let mut model = Model::new(session, preferences, terminal.size()?, clock);
    if let Some(notice) = greeting {
        update(&mut model, Event::Notice(notice));
    }
    let model = Box::new(model);
    Shell { model, painter, terminal, effects, keys: Some(EventStream::new()), lent: None }
        .run(queue, pages, stop)
        .await
}

/// No colour if `NO_COLOR` is set to anything (<https://no-color.org>).
fn in_colour(theme: Theme) -> Theme {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if unwanted { theme.without_colour() } else { theme }
}

fn greeting(setup: &Setup) -> Option<Notice> {
    match (setup.warnings.as_slice(), setup.notes.as_slice()) {
        ([], []) => None,
        ([], notes) => Some(Notice::info(notes.join("; "))),
        (warnings, _) => Some(Notice::failed(warnings.join("; "))),
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
    /// Absent while another program has the terminal: it would eat that program's keys.
    keys: Option<EventStream>,
    /// Answered, or dropped, when that program has ended.
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
                // Above the queue, or a burst of deliveries would starve the screen.
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
                // One at a time: a page is as much work as all the others together.
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

    /// Takes an event in, and starts what it asks for.
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
            // Deliveries are taken in meanwhile; only the drawing rests.
            ForTerminal::Lend(loan) => {
                self.keys = None;
                Terminal::lend();
                self.lent = Some(loan.give());
                Ok(())
            }
        }
    }

    /// Takes the terminal back, whatever size it has by now.
    fn take_back(&mut self) -> io::Result<Option<Event>> {
        self.lent = None;
        self.terminal.take_back(self.model.is_mouse_released())?;
        self.keys = Some(EventStream::new());
        Ok(Some(Event::Resize(self.terminal.size()?)))
    }

    /// Gives the terminal back to the shell until `fg`. The listener stands still meanwhile, as
    /// any stopped process does; senders' connections wait.
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

/// Waits until whoever has the terminal gives it back.
async fn returned(lent: &mut Option<oneshot::Receiver<()>>) {
    match lent {
        None => std::future::pending().await,
        // Dropped or answered, the other program has ended.
        Some(back) => drop(back.await),
    }
}

/// What the terminal says next. A terminal that has gone or failed ends the program, or it would
/// spin on the error for ever.
async fn next_key(keys: &mut Option<EventStream>) -> Option<Event> {
    match keys {
        None => std::future::pending().await,
        Some(keys) => match keys.next().await {
            Some(Ok(event)) => input::translate(event),
            Some(Err(_)) | None => Some(Event::Ended),
        },
    }
}

/// Lets a test see what becomes of the terminal after a panic.
#[cfg(debug_assertions)]
fn panic_for_a_test(event: &Event) {
    let asked =
        matches!(event, Event::Kept(_)) && std::env::var_os("HOOKGLASS_TEST_PANIC").is_some();
    assert!(!asked, "a test asked for this panic");
}

#[cfg(not(debug_assertions))]
fn panic_for_a_test(_event: &Event) {}
