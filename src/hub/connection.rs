//! The connection to a hub and its stream.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::context::{
    CreateStreamErrorKind, GetStreamErrorKind, RequestError, RequestErrorKind,
};
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, Info, LastRawMessageErrorKind, StorageType, Stream,
};
use async_nats::jetstream::{Context, ErrorCode, context::ContextBuilder};
use async_nats::{Client, ConnectError, ConnectErrorKind, ConnectOptions, Event, ServerError};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::error::HubError;
use super::{HubAuth, HubOptions, HubStatus, StreamLimits, subject};
use crate::error_chain;

/// Time to connect to one server.
const CONNECT: Duration = Duration::from_secs(3);

/// Time for a response to a request about the stream.
const REQUEST: Duration = Duration::from_secs(5);

/// Interval of pings. A server that misses two of them is left for another one.
const PING: Duration = Duration::from_secs(2);

/// Longest time between two attempts to connect again.
const MAX_DELAY: Duration = Duration::from_secs(2);

/// Capacity of the queue of messages to write.
const WAITING: usize = 512;

/// Capacity of the queue of messages of one subscription.
const UNREAD: usize = 512;

/// Messages that may wait for an acknowledgement.
pub(super) const MAX_IN_FLIGHT: usize = 4096;

/// Time within which the stream recognizes a message that is published again. Later, readers do.
const DUPLICATES: Duration = Duration::from_mins(30);

/// Oldest server that supports every feature used here.
const OLDEST: (u32, u32) = (2, 9);

/// Refusals that are remembered.
const MAX_REFUSALS: usize = 32;

/// State of the connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HubLink {
    pub is_connected: bool,
    /// Permission errors of the server, as it reports them.
    refusals: Vec<Arc<str>>,
}

impl HubLink {
    /// Returns the refusal of a subject that contains this text.
    pub fn refusal(&self, subject: &str) -> Option<&Arc<str>> {
        self.refusals.iter().find(|reason| reason.contains(subject))
    }
}

/// A connection to a hub whose stream was checked. Clones share it.
#[derive(Debug, Clone)]
pub struct Hub {
    pub(super) client: Client,
    pub(super) context: Context,
    pub(super) options: Arc<HubOptions>,
    link: watch::Receiver<HubLink>,
    status: watch::Sender<HubStatus>,
}

impl Hub {
    /// Connects, and creates the stream if it does not exist.
    pub async fn open_for_publishing(options: HubOptions) -> Result<Self, HubError> {
        let hub = Self::connect(options).await?;
        match hub.unless_refused(hub.find_stream()).await? {
            Ok(stream) => check(stream.cached_info(), &hub.options.stream)?,
            Err(HubError::NoStream { .. }) => {
                hub.unless_refused(hub.create_stream()).await??;
            }
            Err(error) => return Err(error),
        }
        hub.check_publishing().await?;
        Ok(hub)
    }

    /// Connects to a stream that exists.
    pub async fn open_for_reading(options: HubOptions) -> Result<Self, HubError> {
        let hub = Self::connect(options).await?;
        let stream = hub.unless_refused(hub.find_stream()).await??;
        check(stream.cached_info(), &hub.options.stream)?;
        hub.check_reading(&stream).await?;
        Ok(hub)
    }

    async fn connect(options: HubOptions) -> Result<Self, HubError> {
        let (state, link) = watch::channel(HubLink::default());
        let stream = options.stream.clone();
        let status = watch::Sender::new(HubStatus { stream, ..HubStatus::default() });
        let reported = status.clone();
        let servers = options.servers.to_string();
        let settings = settings(&options)?.event_callback(move |event| {
            let refusal = note(&state, &event);
            let is_connected = state.borrow().is_connected;
            reported.send_if_modified(|status| {
                if let Some(reason) = &refusal {
                    status.note(format!("the hub has refused a request: {reason}"));
                }
                let before = std::mem::replace(&mut status.is_connected, is_connected);
                before != is_connected || refusal.is_some()
            });
            std::future::ready(())
        });
        let connected = settings.connect(options.servers.urls()).await;
        let client = connected.map_err(|error| {
            let (servers, reason) = (servers.clone(), error_chain::with_sources(&error));
            match error.kind() {
                ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                    HubError::Unauthorized { servers, reason }
                }
                _ if is_tls(&error) => HubError::Untrusted { servers, reason },
                _ => HubError::Unreachable { servers, reason },
            }
        })?;
        let version = client.server_info().version;
        if version_of(&version).is_none_or(|version| version < OLDEST) {
            return Err(HubError::TooOld { servers, version });
        }
        let context = ContextBuilder::new()
            .timeout(REQUEST)
            .ack_timeout(REQUEST)
            .max_ack_inflight(MAX_IN_FLIGHT)
            .build(client.clone());
        tracing::info!(servers, stream = options.stream, "connected to the hub");
        Ok(Self { client, context, options: Arc::new(options), link, status })
    }

    /// Watches the connection.
    pub fn link(&self) -> watch::Receiver<HubLink> {
        self.link.clone()
    }

    /// Watches the status for display.
    pub fn status(&self) -> watch::Receiver<HubStatus> {
        self.status.subscribe()
    }

    /// Changes the status for display.
    pub fn report(&self, change: impl FnOnce(&mut HubStatus)) {
        self.status.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            *status != before
        });
    }

    pub fn name(&self) -> &str {
        &self.options.name
    }

    pub fn stream_name(&self) -> &str {
        &self.options.stream
    }

    pub fn servers(&self) -> String {
        self.options.servers.to_string()
    }

    /// Returns the time at which the stream was created, which identifies it.
    pub async fn stream_created(&self) -> Result<String, HubError> {
        let created = self.find_stream().await?.cached_info().created;
        Ok(created.unix_timestamp_nanos().to_string())
    }

    /// Returns the sequence of the last message.
    pub(crate) async fn last_sequence(&self) -> Result<u64, HubError> {
        Ok(self.find_stream().await?.cached_info().state.last_sequence)
    }

    pub(super) async fn find_stream(&self) -> Result<Stream, HubError> {
        let name = &self.options.stream;
        self.context.get_stream(name).await.map_err(|error| match error.kind() {
            GetStreamErrorKind::JetStream(reason) => self.refused(&reason),
            GetStreamErrorKind::InvalidStreamName | GetStreamErrorKind::EmptyName => {
                let reason = "a name has no spaces, dots, `*`, `>`, or slashes".to_owned();
                HubError::Unusable { stream: name.clone(), reason }
            }
            GetStreamErrorKind::Request => {
                let source = std::error::Error::source(&error);
                self.unanswered(source.and_then(|source| source.downcast_ref()), &error)
            }
        })
    }

    async fn create_stream(&self) -> Result<(), HubError> {
        let name = self.options.stream.clone();
        let StreamLimits { replicas, max_age, max_bytes } = self.options.limits;
        let max_bytes = max_bytes.and_then(|bytes| i64::try_from(bytes).ok()).unwrap_or(-1);
        let duplicate_window = max_age.map_or(DUPLICATES, |age| age.min(DUPLICATES));
        let config = Config {
            name: name.clone(),
            subjects: subject::STREAM_SUBJECTS.map(str::to_owned).to_vec(),
            storage: StorageType::File,
            discard: DiscardPolicy::Old,
            num_replicas: replicas,
            max_age: max_age.unwrap_or_default(),
            max_bytes,
            duplicate_window,
            description: Some("Webhook deliveries of hookglass".to_owned()),
            ..Config::default()
        };
        match self.context.create_stream(config).await {
            Ok(_) => {
                tracing::info!(stream = name, replicas, "stream created");
                Ok(())
            }
            Err(error) => match error.kind() {
                CreateStreamErrorKind::JetStream(reason) => match reason.error_code() {
                    ErrorCode::STREAM_SUBJECT_OVERLAP => Err(HubError::Overlap { stream: name }),
                    ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED => {
                        let reason = reason.to_string();
                        Err(HubError::Replicas { stream: name, replicas, reason })
                    }
                    // Another listener has just created it, with other limits.
                    ErrorCode::STREAM_NAME_EXIST => {
                        check(self.find_stream().await?.cached_info(), &name)
                    }
                    _ => Err(self.refused(&reason)),
                },
                CreateStreamErrorKind::JetStreamUnavailable => Err(self.no_jetstream()),
                _ => Err(self.unanswered(None, &error)),
            },
        }
    }

    /// Returns the message id at a sequence; none if there is no message, or it has no id.
    pub(crate) async fn message_id(&self, sequence: u64) -> Result<Option<String>, HubError> {
        let stream = self.find_stream().await?;
        match stream.get_raw_message(sequence).await {
            Ok(message) => {
                let id = message.headers.get(async_nats::header::NATS_MESSAGE_ID);
                Ok(id.map(|id| id.as_str().trim().to_owned()))
            }
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(self.unanswered(None, &error)),
        }
    }

    /// Checks that this user may read. The server drops a request without permission, so that it
    /// would only time out.
    async fn check_reading(&self, stream: &Stream) -> Result<(), HubError> {
        let name = &self.options.stream;
        let nothing = json!({});
        let request =
            self.context.request::<_, _, Value>(format!("STREAM.MSG.GET.{name}"), &nothing);
        // An error response also shows that the request was permitted.
        let get = self.unless_refused(request).await?.err();
        let config = pull::Config {
            deliver_policy: DeliverPolicy::New,
            ack_policy: AckPolicy::None,
            inactive_threshold: Duration::from_secs(1),
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let consumer = self.unless_refused(stream.create_consumer(config)).await?;
        let consumer = consumer.map_err(|error| {
            let reason = error_chain::with_sources(&error);
            HubError::Unusable { stream: name.clone(), reason }
        })?;
        let next = format!("$JS.API.CONSUMER.MSG.NEXT.{name}.{}", consumer.cached_info().name);
        let request = self.client.request(next, r#"{"batch":1,"no_wait":true}"#.into());
        let next = self.unless_refused(request).await?.err();
        let [get, next] = [get.map(|it| it.to_string()), next.map(|it| it.to_string())];
        tracing::debug!(get, next, "permissions of a reader checked");
        Ok(())
    }

    /// Waits for a response, or until the server refuses a request.
    async fn unless_refused<T>(&self, response: impl Future<Output = T>) -> Result<T, HubError> {
        let mut link = self.link.clone();
        let refused = async {
            let refused = link.wait_for(|link| !link.refusals.is_empty()).await;
            let first = refused.ok().and_then(|link| link.refusals.first().cloned());
            match first {
                Some(reason) => reason,
                // The connection has ended; the request fails as well.
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            reason = refused => Err(HubError::NoPermission { reason: reason.to_string() }),
            response = response => Ok(response),
        }
    }

    /// Publishes a message that the stream rejects, which shows that this user may publish.
    async fn check_publishing(&self) -> Result<(), HubError> {
        let probe = async_nats::jetstream::message::PublishMessage::build()
            .expected_stream(format!("{}-", self.options.stream));
        let subject = subject::delivery("probe", None);
        let publish = async {
            match self.context.send_publish(subject, probe).await {
                Ok(response) => response.await.err(),
                Err(error) => Some(error),
            }
        };
        let failed = self.unless_refused(publish).await?;
        tracing::debug!(response = failed.map(|error| error.to_string()), "hub checked");
        Ok(())
    }

    fn refused(&self, reason: &async_nats::jetstream::Error) -> HubError {
        let stream = self.options.stream.clone();
        match reason.error_code() {
            ErrorCode::STREAM_NOT_FOUND => HubError::NoStream { stream },
            ErrorCode::JETSTREAM_NOT_ENABLED
            | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT
            | ErrorCode::CLUSTER_NOT_ACTIVE => self.no_jetstream(),
            _ => HubError::Unusable { stream, reason: reason.to_string() },
        }
    }

    fn no_jetstream(&self) -> HubError {
        HubError::NoJetStream { servers: self.servers() }
    }

    /// Explains why a request got no response. A request without permission is dropped, and the
    /// server reports that separately.
    fn unanswered(
        &self,
        request: Option<&RequestError>,
        error: &(dyn std::error::Error + 'static),
    ) -> HubError {
        let refused = {
            let link = self.link.borrow();
            link.refusal("$JS.API").or_else(|| link.refusal("_INBOX")).cloned()
        };
        if let Some(reason) = refused {
            return HubError::NoPermission { reason: reason.to_string() };
        }
        if request.is_some_and(|request| request.kind() == RequestErrorKind::NoResponders) {
            return self.no_jetstream();
        }
        HubError::Failed { reason: error_chain::with_sources(error) }
    }
}

/// Returns the settings of a connection.
fn settings(options: &HubOptions) -> Result<ConnectOptions, HubError> {
    let delay = |attempt: usize| {
        let millis = 50_u64.saturating_mul(1 << attempt.min(6));
        Duration::from_millis(millis).min(MAX_DELAY)
    };
    let mut settings = ConnectOptions::new()
        .name(format!("hookglass {}", options.name))
        .connection_timeout(CONNECT)
        .request_timeout(Some(REQUEST))
        .ping_interval(PING)
        .client_capacity(WAITING)
        .subscription_capacity(UNREAD)
        .reconnect_delay_callback(delay)
        .max_reconnects(None);
    let HubAuth { creds, nkey, user, token, ca, certificate } = &options.auth;
    if let Some(path) = creds {
        let text = read(path)?;
        let failed = |error: io::Error| unreadable(path, &error);
        settings = settings.credentials(&text).map_err(failed)?;
    }
    if let Some(path) = nkey {
        settings = settings.nkey(read(path)?.trim().to_owned());
    }
    if let Some((user, password)) = user {
        settings = settings.user_and_password(user.clone(), text_of(password));
    }
    if let Some(token) = token {
        settings = settings.token(text_of(token));
    }
    if let Some(path) = ca {
        read(path)?;
        settings = settings.add_root_certificates(path.clone());
    }
    if let Some((certificate, key)) = certificate {
        read(certificate)?;
        read(key)?;
        settings = settings.add_client_certificate(certificate.clone(), key.clone());
    }
    Ok(settings)
}

/// Returns whether a connection failed because of TLS.
fn is_tls(error: &ConnectError) -> bool {
    let source = std::error::Error::source(error).and_then(|it| it.downcast_ref::<io::Error>());
    let handshake = source.and_then(io::Error::get_ref);
    error.kind() == ConnectErrorKind::Tls
        || handshake.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
}

fn text_of(secret: &crate::secret::Secret) -> String {
    String::from_utf8_lossy(secret.expose()).into_owned()
}

fn read(path: &Path) -> Result<String, HubError> {
    fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> HubError {
    HubError::Credentials { path: path.display().to_string(), reason: error.to_string() }
}

/// Notes an event of the connection, and returns a refusal that is new.
fn note(state: &watch::Sender<HubLink>, event: &Event) -> Option<Arc<str>> {
    match event {
        Event::Connected => {
            tracing::info!("connection to the hub established");
            state.send_modify(|link| *link = HubLink { is_connected: true, refusals: Vec::new() });
        }
        Event::Disconnected | Event::Closed => {
            tracing::warn!("connection to the hub lost");
            state.send_modify(|link| link.is_connected = false);
        }
        Event::ServerError(ServerError::Other(reason)) => {
            tracing::warn!(reason, "error of the hub");
            let is_known = {
                let link = state.borrow();
                link.refusals.len() == MAX_REFUSALS
                    || link.refusals.iter().any(|known| **known == **reason)
            };
            if !is_known && reason.to_ascii_lowercase().contains("permissions violation") {
                let reason: Arc<str> = reason.as_str().into();
                state.send_modify(|link| link.refusals.push(Arc::clone(&reason)));
                return Some(reason);
            }
        }
        other => tracing::debug!(%other, "event of the hub"),
    }
    None
}

/// Parses the first two numbers of a version.
fn version_of(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim_start_matches('v').split(['.', '-']).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Checks that a stream has the subjects of hookglass and keeps its messages.
fn check(info: &Info, name: &str) -> Result<(), HubError> {
    let config = &info.config;
    let has = |wanted: &&str| config.subjects.iter().any(|known| subject::covers(known, wanted));
    let missing: Vec<&str> =
        subject::STREAM_SUBJECTS.into_iter().filter(|wanted| !has(wanted)).collect();
    if !missing.is_empty() {
        return Err(HubError::OtherSubjects {
            stream: name.to_owned(),
            found: config.subjects.join(", "),
            missing: missing.join(", "),
        });
    }
    let reason = if config.no_ack {
        "it acknowledges nothing (no_ack)"
    } else if config.sealed {
        "it is sealed"
    } else if config.retention != async_nats::jetstream::stream::RetentionPolicy::Limits {
        "its retention is not `limits`, so messages are deleted once one program has read them"
    } else {
        return Ok(());
    };
    Err(HubError::Unusable { stream: name.to_owned(), reason: reason.to_owned() })
}
