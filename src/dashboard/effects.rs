//! Executes the core's effects; their results return as events.

mod annotate;
mod copy;
mod diff;
mod edit;
mod export;
mod load;
mod resend;
mod rules;
mod search;
mod secrets;

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use super::clipboard::Clipboard;
use super::editor::{self, OpenFolder};
use super::{Setup, TuiError, feed};
use crate::app::diff::DiffRequest;
use crate::app::{EditDecision, Effect, Event, Notice, Setting};
use crate::config;
use crate::delivery::{Delivery, DeliveryId, Outcome};
use crate::ops::send::{EventSource, SendEvent, SendRun, random_sample};
use crate::outbound::Client;
use crate::respond::ResponseRule;
use crate::store::{Store, StoreError, StoreReader};
use crate::task;
use edit::TerminalLease;

/// Runs effects outside of the loop.
pub(super) struct Effects {
    context: Arc<Context>,
    tasks: JoinSet<()>,
    wanted: watch::Sender<Option<DeliveryId>>,
    compare: watch::Sender<Option<DiffRequest>>,
    terminal: mpsc::Receiver<ForTerminal>,
    exports: mpsc::Sender<export::ExportJob>,
}

/// Context shared by all effects.
struct Context {
    setup: Setup,
    events: mpsc::Sender<Event>,
    client: Client,
    clipboard: Clipboard,
    /// Number of the latest search; results of earlier ones are dropped.
    search: AtomicU64,
    /// Number of the latest search in a document.
    finding: AtomicU64,
    /// Permits for search threads.
    searching: Arc<Semaphore>,
    to_terminal: mpsc::Sender<ForTerminal>,
    /// Number of the last run stopped by the user.
    stopped: watch::Sender<u64>,
    /// Run number, and the decision to return to the editor.
    decisions: watch::Sender<(u64, EditDecision)>,
    open_folder: OpenFolder,
    rules_of_the_start: Arc<[Arc<ResponseRule>]>,
}

/// Terminal operation that only the loop can perform.
pub(super) enum ForTerminal {
    /// Writes bytes outside of the frame.
    Write(Vec<u8>),
    /// Hands the terminal to another program.
    Lend(TerminalLease),
    CaptureMouse(bool),
    Redraw,
    Suspend,
}

/// Time for effects to end with the dashboard.
const END_TIME: Duration = Duration::from_secs(2);

impl Effects {
    /// Starts the background tasks. Also returns the queue of stored and changed deliveries.
    pub(super) fn start(
        setup: Setup,
        events: &mpsc::Sender<Event>,
    ) -> Result<(Self, mpsc::Receiver<Event>), TuiError> {
        let (rows, pages) = mpsc::channel(feed::WAITING);
        let (to_terminal, terminal) = mpsc::channel(8);
        let (wanted, wishes) = watch::channel(None);
        let clipboard = Clipboard::start(setup.known.secret_variables())?;
        // Before reading the list, so that no delivery is missed between the two.
        let follower = setup.store.follow()?;
        let older = setup.store.reader()?;
        let rules_of_the_start = setup.controls.rules.rules();
        let context = Arc::new(Context {
            setup,
            events: events.clone(),
            client: Client::new(),
            clipboard,
            search: AtomicU64::new(0),
            finding: AtomicU64::new(0),
            searching: Arc::new(Semaphore::new(search::THREADS)),
            to_terminal,
            stopped: watch::Sender::new(0),
            decisions: watch::Sender::new((0, EditDecision::Discard)),
            open_folder: OpenFolder::default(),
            rules_of_the_start,
        });
        context.open_folder.remove_on_panic();
        let mut tasks = JoinSet::new();
        tasks.spawn_blocking(editor::remove_abandoned);
        let (one, older_rows) = (Arc::clone(&context), rows.clone());
        tasks.spawn_blocking(move || one.report_error(feed::send_older(&older, &older_rows)));
        let one = Arc::clone(&context);
        tasks.spawn(async move {
            let news = feed::send_changes(one.setup.store.clone(), follower, rows).await;
            one.say_if_failed(news).await;
        });
        let (latest, loaded) = watch::channel(None);
        tasks.spawn(load::load_wanted(Arc::clone(&context), wishes, latest));
        tasks.spawn(rules::report_changes(Arc::clone(&context)));
        tasks.spawn(load::explain_wanted(Arc::clone(&context), loaded));
        let (compare, wishes) = watch::channel(None);
        tasks.spawn(diff::compare_wanted(Arc::clone(&context), wishes));
        let (exports, jobs) = mpsc::channel(8);
        tasks.spawn(export::work(Arc::clone(&context), jobs));
        Ok((Self { context, tasks, wanted, compare, terminal, exports }, pages))
    }

    /// Waits for the next terminal operation. A panic in an effect ends the program.
    pub(super) async fn for_terminal(&mut self) -> ForTerminal {
        loop {
            tokio::select! {
                Some(asked) = self.terminal.recv() => return asked,
                Some(ended) = self.tasks.join_next() => drop(task::join_or_panic(ended)),
                else => std::future::pending().await,
            }
        }
    }

    /// Ends what is running, so that an editor exits and its file is removed.
    pub(super) async fn end(&mut self) {
        // A search or an export on a thread of its own may take longer.
        let _ = tokio::time::timeout(END_TIME, self.tasks.shutdown()).await;
    }

    /// Starts an effect, or returns the terminal operation for the loop to perform.
    pub(super) fn begin(&mut self, effect: Effect) -> Option<ForTerminal> {
        tracing::debug!(effect = variant_name(&effect), "effect started");
        let context = Arc::clone(&self.context);
        match effect {
            Effect::Load(id) => drop(self.wanted.send(Some(id))),
            Effect::Compare(wish) => drop(self.compare.send(Some(wish))),
            Effect::Search { search, filter, open } => {
                context.search.store(search, Ordering::Relaxed);
                self.start_search(search, filter, open);
            }
            Effect::SearchMore { search, filter, open } => {
                self.start_search(search, filter, open);
            }
            Effect::Annotate(annotation) => drop(self.tasks.spawn(context.annotate(annotation))),
            Effect::Copy { id, what } => {
                self.tasks.spawn_blocking(move || context.copy(id, what));
            }
            Effect::Export { ids, format, to } => {
                let (jobs, job) = (self.exports.clone(), export::ExportJob { ids, format, to });
                // The exporter's queue closes only when the program ends.
                self.tasks.spawn(async move { drop(jobs.send(job).await) });
            }
            Effect::CopyText { text, what } => {
                self.tasks.spawn_blocking(move || context.copy_text(&text, what));
            }
            Effect::Find { number, typed, document } => {
                self.context.finding.store(number, Ordering::Relaxed);
                self.tasks.spawn_blocking(move || context.find(number, &typed, &document));
            }
            Effect::Decode(request) => {
                self.tasks.spawn_blocking(move || context.decode(request));
            }
            Effect::Resend(order) => drop(self.tasks.spawn(context.resend(order))),
            Effect::StopResending(number) => drop(context.stopped.send_replace(number)),
            Effect::Edit { order, asks } => drop(self.tasks.spawn(context.edit(order, asks))),
            Effect::Decide { number, decision } => {
                context.decisions.send_replace((number, decision));
            }
            Effect::Change(change) => drop(self.tasks.spawn(context.change(change))),
            Effect::TrySecret { id, secret } => {
                self.tasks.spawn_blocking(move || context.try_secret(id, secret));
            }
            Effect::UseSecret { id, secret } => {
                self.tasks.spawn_blocking(move || context.use_secret(id, secret));
            }
            Effect::ReloadSecrets => {
                self.tasks.spawn_blocking(move || context.reload_secrets());
            }
            Effect::VerifyAgain(ids) => drop(self.tasks.spawn(context.verify_again(ids))),
            Effect::AddProvider { id, name, secret } => {
                self.tasks.spawn_blocking(move || context.add_provider(id, &name, secret));
            }
            Effect::SaveSetting(setting) => {
                self.tasks.spawn_blocking(move || context.save_setting(&setting));
            }
            Effect::SaveView { name, filter } => {
                self.tasks.spawn_blocking(move || context.save_view(name, filter));
            }
            Effect::SendSample => {
                self.tasks.spawn(async move { context.send_sample().await });
            }
            Effect::CaptureMouse(captured) => return Some(ForTerminal::CaptureMouse(captured)),
            Effect::Redraw => return Some(ForTerminal::Redraw),
            Effect::Suspend => return Some(ForTerminal::Suspend),
            Effect::Quit => {
                let events = context.events.clone();
                // The receiver is gone if the loop has ended.
                self.tasks.spawn(async move { drop(events.send(Event::Ended).await) });
            }
        }
        None
    }
}

/// Returns the name of an enum's variant without its fields, which may contain text the user typed.
fn variant_name(value: &impl fmt::Debug) -> String {
    struct Name(String);
    impl fmt::Write for Name {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let end = text.find(|letter: char| !letter.is_ascii_alphanumeric());
            self.0.push_str(text.get(..end.unwrap_or(text.len())).unwrap_or_default());
            if end.is_none() { Ok(()) } else { Err(fmt::Error) }
        }
    }
    let mut name = Name(String::new());
    // The writer returns an error to stop after the name.
    let _ = write!(name, "{value:?}");
    name.0
}

impl Context {
    /// Sends an event to the loop, which may have ended.
    fn send(&self, event: Event) {
        let _ = self.events.blocking_send(event);
    }

    fn report_error(&self, outcome: Result<(), StoreError>) {
        if let Err(error) = outcome {
            self.send(Event::Notice(Notice::failed(error.to_string())));
        }
    }

    async fn say(&self, notice: Notice) {
        let _ = self.events.send(Event::Notice(notice)).await;
    }

    async fn say_if_failed(&self, outcome: Result<(), StoreError>) {
        if let Err(error) = outcome {
            self.say(Notice::failed(error.to_string())).await;
        }
    }

    async fn fetch(&self, id: DeliveryId) -> Result<Delivery, LoadError> {
        let store = self.setup.store.clone();
        task::blocking(move || read(&store, id)).await
    }

    fn read(&self, id: DeliveryId) -> Result<Delivery, LoadError> {
        read(&self.setup.store, id)
    }

    fn save_setting(&self, setting: &Setting) {
        let saved = config::save_setting(&self.setup.config, setting);
        let file = self.setup.config.display();
        self.send(Event::Notice(match saved {
            Ok(()) => {
                let what = match setting {
                    Setting::Theme(name) => format!("theme `{name}`"),
                    Setting::Columns(_) => "columns".to_owned(),
                    Setting::Layout(_) => "layout".to_owned(),
                };
                Notice::done(format!("Saved the {what} in {file}"))
            }
            Err(error) => Notice::failed(format!("Setting not saved: {error}")),
        }));
    }

    fn save_view(&self, name: String, filter: String) {
        self.send(match config::save_view(&self.setup.config, &name, &filter) {
            Ok(()) => Event::ViewSaved { name, filter },
            Err(error) => Event::Notice(Notice::failed(format!("View not saved: {error}"))),
        });
    }

    async fn send_sample(&self) {
        let verifier = self.setup.verifier.get();
        let Some((credentials, sample)) = random_sample(verifier.candidates()) else {
            return self.say(Notice::failed("This provider has no sample events")).await;
        };
        let run = SendRun {
            credentials,
            source: EventSource::Sample(sample),
            headers: Vec::new(),
            target: self.setup.own.clone(),
            tamper: None,
            count: 1,
            period: Duration::ZERO,
        };
        let (events, mut progress) = mpsc::channel(2);
        let first = async move { progress.recv().await };
        let kind = &sample.kind;
        let notice = match tokio::join!(run.run(&self.client, events), first).1 {
            Some(SendEvent::Sent { attempt, .. }) => match attempt.outcome {
                Outcome::Responded(response) => {
                    Notice::done(format!("Sent {kind}: {}", response.status))
                }
                Outcome::Failed { reason, .. } => {
                    Notice::failed(format!("No sample sent: {reason}"))
                }
            },
            Some(SendEvent::Finished(Err(error))) => {
                Notice::failed(format!("No sample sent: {error}"))
            }
            Some(SendEvent::Finished(Ok(_))) | None => return,
        };
        self.say(notice).await;
    }
}

/// Reason why a delivery was not loaded.
#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error("delivery {0} is no longer in the store")]
    Gone(DeliveryId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn read(store: &Store, id: DeliveryId) -> Result<Delivery, LoadError> {
    read_from(&store.reader()?, id)
}

fn read_from(reader: &StoreReader, id: DeliveryId) -> Result<Delivery, LoadError> {
    reader.delivery(id)?.ok_or(LoadError::Gone(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variant_name_omits_the_fields() {
        let effect = Effect::SaveView { name: "a".to_owned(), filter: "hidden".to_owned() };
        assert_eq!(variant_name(&effect), "SaveView");
        assert_eq!(variant_name(&Effect::Load(DeliveryId(7))), "Load");
        assert_eq!(variant_name(&Effect::SendSample), "SendSample");
    }
}
