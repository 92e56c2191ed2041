//! Carries out what the core asks for; outcomes come back as events.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::clipboard::{Clipboard, Copied};
use super::{Setup, TuiError, feed};
use crate::app::{Copyable, Effect, Event, Loaded, Notice};
use crate::delivery::{AttemptKind, Delivery, DeliveryId};
use crate::export::curl;
use crate::filter::Filter;
use crate::outbound::{Client, Request, Target, attempt};
use crate::payload::Rendered;
use crate::provider::{Sample, Seed};
use crate::send::request;
use crate::store::StoreError;
use crate::task;

/// Matches that are told at a time, so that the first ones are seen at once.
const MATCHES: usize = 64;

/// Runs effects beside the loop.
pub(super) struct Effects {
    world: Arc<World>,
    tasks: JoinSet<()>,
    wanted: watch::Sender<Option<DeliveryId>>,
    terminal: mpsc::Receiver<Vec<u8>>,
}

/// What every effect may need.
struct World {
    setup: Setup,
    events: mpsc::Sender<Event>,
    client: Client,
    clipboard: Clipboard,
    /// The number of the search whose matches are still wanted.
    search: AtomicU64,
    to_terminal: mpsc::Sender<Vec<u8>>,
}

impl Effects {
    pub(super) fn start(setup: Setup, events: &mpsc::Sender<Event>) -> Result<Self, TuiError> {
        let (to_terminal, terminal) = mpsc::channel(8);
        let (wanted, wishes) = watch::channel(None);
        let clipboard = Clipboard::start()?;
        // Before anything is read, so that no delivery falls between the two.
        let tail = setup.store.reader()?.tail()?;
        let older = setup.store.reader()?;
        let world = Arc::new(World {
            setup,
            events: events.clone(),
            client: Client::new(),
            clipboard,
            search: AtomicU64::new(0),
            to_terminal,
        });
        let mut tasks = JoinSet::new();
        let one = Arc::clone(&world);
        tasks.spawn_blocking(move || one.told(feed::tell_older(&older, &one.events)));
        let one = Arc::clone(&world);
        tasks.spawn(async move {
            let news = feed::tell_news(one.setup.store.clone(), tail, one.events.clone()).await;
            one.say_if_failed(news).await;
        });
        tasks.spawn(load_wanted(Arc::clone(&world), wishes));
        Ok(Self { world, tasks, wanted, terminal })
    }

    /// What is to be written to the terminal beside the screen. An effect that panicked ends the
    /// program.
    pub(super) async fn for_terminal(&mut self) -> Vec<u8> {
        loop {
            tokio::select! {
                Some(bytes) = self.terminal.recv() => return bytes,
                Some(ended) = self.tasks.join_next() => drop(task::outcome(ended)),
                else => std::future::pending().await,
            }
        }
    }

    fn start_search(&mut self, search: u64, filter: Filter, ids: Vec<DeliveryId>) {
        self.world.search.store(search, Ordering::Relaxed);
        let world = Arc::clone(&self.world);
        self.tasks.spawn_blocking(move || {
            let searched = world.search(search, &filter, &ids);
            world.told(searched);
        });
    }

    /// Carries an effect out; those that need the terminal itself are the loop's.
    pub(super) fn begin(&mut self, effect: Effect) {
        let world = Arc::clone(&self.world);
        match effect {
            Effect::Load(id) => drop(self.wanted.send(Some(id))),
            Effect::Search { search, filter, ids } | Effect::SearchMore { search, filter, ids } => {
                self.start_search(search, filter, ids);
            }
            Effect::Copy { id, what } => {
                self.tasks.spawn_blocking(move || world.copy(id, what));
            }
            Effect::Resend { id, target } => {
                self.tasks.spawn(async move { world.resend(id, &target).await });
            }
            Effect::SendSample => {
                self.tasks.spawn(async move { world.send_sample().await });
            }
            Effect::CaptureMouse(_) | Effect::Redraw | Effect::Suspend => {}
        }
    }
}

/// Loads the delivery that is wanted last; those wanted meanwhile are passed over.
async fn load_wanted(world: Arc<World>, mut wishes: watch::Receiver<Option<DeliveryId>>) {
    while wishes.changed().await.is_ok() {
        let Some(id) = *wishes.borrow_and_update() else { continue };
        let one = Arc::clone(&world);
        let loading = tokio::task::spawn_blocking(move || one.load(id)).await;
        let event = match loading {
            Ok(event) => event,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        if world.events.send(event).await.is_err() {
            return;
        }
    }
}

impl World {
    /// Tells an event. The loop has ended if nobody takes it.
    fn tell(&self, event: Event) {
        let _ = self.events.blocking_send(event);
    }

    fn told(&self, outcome: Result<(), StoreError>) {
        if let Err(error) = outcome {
            self.tell(Event::Notice(Notice::failed(error.to_string())));
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

    fn read(&self, id: DeliveryId) -> Result<Delivery, String> {
        let found = self.setup.store.reader().and_then(|reader| reader.delivery(id));
        match found {
            Ok(Some(delivery)) => Ok(delivery),
            Ok(None) => Err(format!("delivery {id} is no longer in the store")),
            Err(error) => Err(error.to_string()),
        }
    }

    fn load(&self, id: DeliveryId) -> Event {
        match self.read(id) {
            Ok(delivery) => {
                let content_type = delivery.head.joined("content-type");
                let content_type = content_type.as_deref().map(String::from_utf8_lossy);
                let rendered = Rendered::new(&delivery.body, content_type.as_deref());
                Event::Loaded(Arc::new(Loaded { delivery, rendered }))
            }
            Err(reason) => Event::NotLoaded { id, reason },
        }
    }

    fn search(&self, search: u64, filter: &Filter, ids: &[DeliveryId]) -> Result<(), StoreError> {
        let reader = self.setup.store.reader()?;
        #[expect(clippy::disallowed_methods, reason = "since: and until: are told from now")]
        let now = Timestamp::now();
        let mut found = Vec::new();
        for id in ids {
            if self.search.load(Ordering::Relaxed) != search {
                return Ok(());
            }
            if reader.delivery(*id)?.is_some_and(|delivery| filter.matches(&delivery, now)) {
                found.push(*id);
            }
            if found.len() == MATCHES {
                let ids = std::mem::take(&mut found);
                self.tell(Event::Matched { search, ids, done: false });
            }
        }
        self.tell(Event::Matched { search, ids: found, done: true });
        Ok(())
    }

    fn copy(&self, id: DeliveryId, what: Copyable) {
        let notice = match self.read(id) {
            Err(reason) => Notice::failed(format!("nothing was copied: {reason}")),
            Ok(delivery) => {
                let (text, remark) = self.text_of(&delivery, what);
                self.place(&text, what.title(), remark)
            }
        };
        self.tell(Event::Notice(notice));
    }

    /// Puts a text on the clipboard, and says by which way it went.
    fn place(&self, text: &str, title: &str, remark: &str) -> Notice {
        if text.is_empty() {
            return Notice::failed(format!("nothing was copied: this delivery has no {title}"));
        }
        match self.clipboard.copy(text) {
            Copied::By(way) => Notice::done(format!("copied the {title}{remark}, by {way}")),
            Copied::Terminal(bytes) => match self.to_terminal.blocking_send(bytes) {
                Ok(()) => Notice::done(format!(
                    "copied the {title}{remark}, by the terminal (OSC 52), if it allows that"
                )),
                Err(_) => Notice::failed("nothing was copied: the terminal has gone"),
            },
            Copied::Failed(why) => Notice::failed(format!("nothing was copied: {why}")),
        }
    }

    /// The text to be copied, and what has to be said of it.
    fn text_of(&self, delivery: &Delivery, what: Copyable) -> (String, &'static str) {
        let signatures = self.setup.provider.signature_headers();
        let is_signature = |name: &str| signatures.iter().any(|one| one.eq_ignore_ascii_case(name));
        let headers = delivery.head.headers.iter();
        match what {
            Copyable::Payload => std::str::from_utf8(&delivery.body).map_or_else(
                |_| (STANDARD.encode(&delivery.body), " as base64, since it is not UTF-8"),
                |text| (text.to_owned(), ""),
            ),
            Copyable::Headers => {
                let lines = headers
                    .filter(|header| !is_signature(&header.name))
                    .map(|header| format!("{}: {}\n", header.name, header.text()));
                (lines.collect(), "")
            }
            Copyable::EventId => (delivery.summary.event.id.clone().unwrap_or_default(), ""),
            Copyable::Signature => {
                let values = headers
                    .filter(|header| is_signature(&header.name))
                    .map(|header| header.text().into_owned());
                (values.collect::<Vec<_>>().join(", "), "")
            }
            Copyable::Curl => {
                (curl::command(delivery, &self.setup.own.to_string(), &signatures), "")
            }
        }
    }

    async fn resend(self: Arc<Self>, id: DeliveryId, target: &str) {
        let target: Target = match target.parse() {
            Ok(target) => target,
            Err(error) => {
                return self.say(Notice::failed(format!("nothing was resent: {error}"))).await;
            }
        };
        let one = Arc::clone(&self);
        let delivery = match tokio::task::spawn_blocking(move || one.read(id)).await {
            Ok(Ok(delivery)) => delivery,
            Ok(Err(reason)) => {
                return self.say(Notice::failed(format!("nothing was resent: {reason}"))).await;
            }
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        let request = Request { head: delivery.head, body: delivery.body };
        let sent = self.client.send(&target, &request).await;
        let attempt = attempt(AttemptKind::Resend, id, &target, &sent);
        let kept = self.setup.store.attempted(attempt.clone()).await;
        // The loop has ended if nobody takes it.
        let _ = self.events.send(Event::Resent(attempt)).await;
        if let Err(error) = kept {
            self.say(Notice::failed(format!(
                "it was resent, but the answer was not kept: {error}"
            )))
            .await;
        }
    }

    async fn send_sample(&self) {
        let samples: Vec<&Sample> = Sample::of(&self.setup.provider.name).collect();
        let Some(sample) = fastrand::choice(samples) else {
            return self.say(Notice::failed("this provider has no sample events")).await;
        };
        #[expect(clippy::disallowed_methods, reason = "a sample tells the time of sending")]
        let now = Timestamp::now();
        let body = sample.body(&mut Seed { now, random: fastrand::Rng::new() });
        let request = match request(&self.setup.provider, self.setup.secret.as_ref(), body, None) {
            Ok(request) => request,
            Err(error) => {
                return self.say(Notice::failed(format!("no sample was sent: {error}"))).await;
            }
        };
        let notice = match self.client.send(&self.setup.own, &request).await.outcome {
            Ok(response) => {
                Notice::done(format!("sent a {}, answered {}", sample.kind, response.status))
            }
            Err(error) => Notice::failed(format!("no sample was sent: {error}")),
        };
        self.say(notice).await;
    }
}
