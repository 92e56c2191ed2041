//! The dashboard's event loop, terminal, and effects. [`crate::app`] decides what is shown and what
//! a key does.

mod clipboard;
mod editor;
mod effects;
mod feed;
pub mod highlight;
mod input;
mod job_control;
mod terminal;
pub mod view;

use std::io;
use std::path::PathBuf;
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
use crate::hub::HubStatus;
use crate::intake::Controls;
use crate::ops::KnownProviders;
use crate::ops::secrets::{self, SecretReload};
use crate::outbound::Target;
use crate::output;
use crate::secret::{Secret, SecretMask};
use crate::signature::CurrentVerifier;
use crate::store::{Store, StoreError};
use crate::tunnel;
use effects::{Effects, ForTerminal};
use job_control::{JobChange, JobControl, stop_process};
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
    pub verifier: CurrentVerifier,
    /// Reads the configured secrets again.
    pub(crate) reload: SecretReload,
    pub known: KnownProviders,
    /// URL of the listener itself.
    pub own: Target,
    /// Rules, paused requests, and targets.
    pub controls: Controls,
    /// State of the tunnel, if one is configured.
    pub tunnel: Option<watch::Receiver<tunnel::TunnelState>>,
    /// State of the hub, if one is configured.
    pub hub: Option<watch::Receiver<HubStatus>>,
    /// Warnings to show at startup.
    pub notes: Vec<String>,
    pub warnings: Vec<String>,
    /// Set while an editor has the terminal and receives Ctrl-C.
    pub editing: watch::Sender<bool>,
}

/// Reason for a regular end of the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The user quit, or `stop` was canceled.
    Asked,
    /// The terminal was closed.
    TerminalClosed,
}

/// Error that ended the dashboard early.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    #[error("terminal error: {0}; use --headless without a terminal")]
    Terminal(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs the dashboard until the user quits, `stop` is canceled, or the terminal is closed.
pub async fn run(setup: Setup, stop: CancellationToken) -> Result<Ended, TuiError> {
    let (events, queue) = mpsc::channel(WAITING);
    let greeting = greeting(&setup);
    let (session, preferences) = (setup.session.clone(), setup.preferences.clone());
    let editing = setup.editing.clone();
    let glyphs = setup.glyphs.unwrap_or_else(Glyphs::from_environment);
    let painter = respecting_color_mode(Painter::new(setup.theme, glyphs));
    let secrets = (setup.known.secrets.clone(), setup.verifier.clone());
    let (effects, pages) = Effects::start(setup, &events)?;
    let job_control = JobControl::new()?;
    let terminal = Terminal::enter()?;
    let size = Terminal::size()?;
    let mut model = Model::new(session, preferences, size, now(), TimeZone::system());
    if let Some(notice) = greeting {
        update(&mut model, Event::Notice(notice));
    }
    let model = Box::new(model);
    let mut shell = Shell {
        model,
        painter,
        secrets,
        terminal,
        effects,
        keys: Some(EventStream::new()),
        holder: Holder::Dashboard,
        job_control,
        editing,
    };
    shell.mask_secrets();
    let ended = shell.run(queue, pages, stop).await;
    // Before the terminal is restored, because an editor may still be using it.
    shell.effects.end().await;
    match ended {
        // The window was closed, and a frame was drawn before the signal arrived.
        Err(TuiError::Terminal(error)) if is_closed(&error) || Terminal::ensure_open().is_err() => {
            Ok(Ended::TerminalClosed)
        }
        ended => ended.map(|()| Ended::Asked),
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
fn respecting_color_mode(painter: Painter) -> Painter {
    if output::has_color() { painter } else { painter.without_color() }
}

fn greeting(setup: &Setup) -> Option<Notice> {
    let all: Vec<&str> = setup.warnings.iter().chain(&setup.notes).map(String::as_str).collect();
    match (all.join("; "), setup.warnings.is_empty()) {
        (text, _) if text.is_empty() => None,
        (text, true) => Some(Notice::info(text)),
        (text, false) => Some(Notice::failed(text)),
    }
}

#[expect(clippy::disallowed_methods, reason = "time enters the core here")]
fn now() -> Timestamp {
    Timestamp::now()
}

struct Shell {
    model: Box<Model>,
    painter: Painter,
    /// The configured secrets at the start, and those in use now.
    secrets: (Vec<Secret>, CurrentVerifier),
    terminal: Terminal,
    effects: Effects,
    /// `None` while another program uses the terminal, because the stream would swallow its keys.
    keys: Option<EventStream>,
    holder: Holder,
    job_control: JobControl,
    editing: watch::Sender<bool>,
}

/// The program that has the terminal.
enum Holder {
    Dashboard,
    /// Completes, or is dropped, when the editor has exited.
    Editor(oneshot::Receiver<()>),
    /// A shell, until the process continues.
    Shell,
}

impl Shell {
    async fn run(
        &mut self,
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
                _ = frame.tick(), if stale && self.may_draw() => {
                    self.draw()?;
                    stale = self.painter.wants_frame();
                }
                () = stop.cancelled() => batch.push(Event::Ended),
                written = self.terminal.written() => written?,
                change = self.job_control.next() => batch.extend(self.change_state(change)?),
                key = next_key(&mut self.keys) => batch.extend(key?),
                _ = second.tick() => {
                    Terminal::ensure_open()?;
                    batch.push(Event::Tick(now()));
                }
                asked = self.effects.for_terminal(), if self.has_terminal() => self.serve(asked)?,
                () = returned(&mut self.holder) => batch.extend(self.take_back()?),
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

    fn has_terminal(&self) -> bool {
        matches!(self.holder, Holder::Dashboard)
    }

    /// Returns whether the next frame can be drawn. A terminal that is not read gets none.
    fn may_draw(&self) -> bool {
        self.has_terminal() && self.terminal.is_idle()
    }

    fn draw(&mut self) -> io::Result<()> {
        let Self { model, painter, terminal, .. } = self;
        terminal.draw(|frame| painter.draw(model, frame))
    }

    /// Masks the secrets on the screen, as of now.
    fn mask_secrets(&mut self) {
        let (configured, verifier) = &self.secrets;
        let in_use = secrets::all(&verifier.get());
        let all = [configured.as_slice(), &in_use].concat();
        self.painter.mask_secrets(SecretMask::new(&all));
    }

    /// Applies an event to the model and starts its effects.
    fn happen(&mut self, event: Event) -> io::Result<()> {
        if matches!(event, Event::SecretsInUse { .. }) {
            self.mask_secrets();
        }
        for effect in update(&mut self.model, event) {
            if let Some(asked) = self.effects.begin(effect) {
                self.serve(asked)?;
            }
        }
        Ok(())
    }

    fn serve(&mut self, asked: ForTerminal) -> io::Result<()> {
        match asked {
            ForTerminal::Write(bytes) => self.terminal.write(&bytes),
            ForTerminal::CaptureMouse(captured) => self.terminal.capture_mouse(captured)?,
            ForTerminal::Redraw => self.terminal.clear()?,
            ForTerminal::Suspend => self.suspend()?,
            // Deliveries are still processed; only drawing pauses.
            ForTerminal::Lend(loan) => {
                self.keys = None;
                self.terminal.give_back();
                self.editing.send_replace(true);
                self.holder = Holder::Editor(loan.give());
            }
        }
        Ok(())
    }

    /// Takes the terminal back and reads its current size.
    fn take_back(&mut self) -> io::Result<Option<Event>> {
        self.holder = Holder::Dashboard;
        self.editing.send_replace(false);
        // A new stream waits for the lock of one that is still reading.
        self.keys = None;
        self.terminal.take_back(self.model.is_mouse_released())?;
        self.keys = Some(EventStream::new());
        Ok(Some(Event::Resize(Terminal::size()?)))
    }

    /// Suspends the process until `fg`. The listener stops as well, so clients' connections wait.
    fn suspend(&mut self) -> io::Result<()> {
        self.keys = None;
        self.terminal.give_back();
        self.holder = Holder::Shell;
        if stop_process() { Ok(()) } else { self.take_back().map(drop) }
    }

    fn change_state(&mut self, change: JobChange) -> io::Result<Option<Event>> {
        match (change, &self.holder) {
            (JobChange::Stop, Holder::Dashboard) => self.suspend().map(|()| None),
            (JobChange::Stop, Holder::Editor(_)) => {
                stop_process();
                Ok(None)
            }
            // This also covers SIGSTOP, which the program cannot detect until it continues.
            (JobChange::Continued, Holder::Dashboard | Holder::Shell) => self.take_back(),
            (JobChange::Stop, Holder::Shell) | (JobChange::Continued, Holder::Editor(_)) => {
                Ok(None)
            }
        }
    }
}

fn interval_of(period: Duration) -> Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Waits until the editor returns the terminal.
async fn returned(holder: &mut Holder) {
    match holder {
        Holder::Dashboard | Holder::Shell => std::future::pending().await,
        // Completed or dropped: either way, the editor has exited.
        Holder::Editor(back) => drop(back.await),
    }
}

/// Returns the next terminal event. A closed or failed terminal ends the program, because reading
/// it again would loop on the error.
async fn next_key(keys: &mut Option<EventStream>) -> io::Result<Option<Event>> {
    match keys {
        None => std::future::pending().await,
        Some(keys) => match keys.next().await {
            Some(Ok(event)) => Ok(input::translate(event)),
            Some(Err(_)) | None => Err(io::ErrorKind::BrokenPipe.into()),
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
