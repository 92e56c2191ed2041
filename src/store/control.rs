//! Requests of other processes to the writer of a store.
//!
//! One process writes to a store. While a listener does, commands such as `import` and `prune` hand
//! their work to it over a Unix socket next to the store, so that it passes through the same queue
//! and reaches the same followers as everything else. Agents set response rules this way too. A
//! request is a line of JSON; an import is followed by a line for each delivery. Only processes of
//! the same user are served.
//!
//! On other systems there is no such socket, and the commands report which process has the store
//! open.

use serde::{Deserialize, Serialize};

use super::Retention;

/// Work for the writer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ControlRequest {
    /// This many lines with deliveries follow.
    Import {
        count: usize,
    },
    Prune {
        retention: Retention,
    },
    Rules(RuleRequest),
}

/// Request about the response rules of a listener. The reply has all rules that are active then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleRequest {
    List,
    /// Add a rule of an agent before the others.
    Add(String),
    /// Remove the rules of agents.
    Remove,
}

/// Outcome of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ControlReply {
    /// Number of deliveries imported or deleted.
    Done {
        count: u64,
    },
    /// All response rules, in the order in which they are tried.
    Rules {
        rules: Vec<String>,
    },
    Failed {
        reason: String,
    },
}

/// Path of the socket of a store.
#[cfg(unix)]
fn socket_path(store: &std::path::Path) -> std::path::PathBuf {
    use super::location;
    /// Longest path of a socket on every Unix, without the final zero.
    const MAX: usize = 103;
    let real = location::with_suffix(&location::real_path(store), ".sock");
    let given = location::with_suffix(store, ".sock");
    // The path relative to the working directory is often shorter, and leads to the same file.
    if real.as_os_str().len() > MAX && given.as_os_str().len() <= MAX { given } else { real }
}

#[cfg(unix)]
mod server {
    use std::fs::{self, Permissions};
    use std::io;
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
    use std::path::{Path, PathBuf};

    use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::{UnixListener, UnixStream};
    use tokio::task::JoinSet;
    use tokio_util::sync::CancellationToken;

    use super::{ControlReply, ControlRequest, RuleRequest, socket_path};
    use crate::delivery::NewDelivery;
    use crate::error_chain;
    use crate::formats::read;
    use crate::respond::{ResponseRule, RuleError, Rulebook};
    use crate::store::{KeepError, Store};

    /// Connections at a time; others wait.
    const MAX_CONNECTIONS: usize = 8;

    /// Length of a line: a body of 25 MiB, escaped.
    const MAX_LINE: u64 = 192 << 20;

    /// Total size of the deliveries of one import, which are in memory until they are stored.
    const MAX_IMPORT: usize = 512 << 20;

    /// The socket, removed when it is dropped.
    #[derive(Debug)]
    pub struct ControlSocket {
        listener: UnixListener,
        path: PathBuf,
    }

    impl ControlSocket {
        /// Creates the socket of a store that this process has locked.
        pub fn bind(store: &Path) -> io::Result<Self> {
            let path = socket_path(store);
            // This process holds the lock, so an existing socket is that of a process that has
            // ended.
            if fs::symlink_metadata(&path).is_ok_and(|found| found.file_type().is_socket()) {
                fs::remove_file(&path)?;
            }
            let listener = UnixListener::bind(&path)?;
            fs::set_permissions(&path, Permissions::from_mode(0o600))?;
            Ok(Self { listener, path })
        }

        /// Serves requests until `stop` is canceled.
        pub async fn serve(self, store: Store, rules: Rulebook, stop: CancellationToken) {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    () = stop.cancelled() => break,
                    Some(_) = connections.join_next() => {}
                    accepted = self.listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                        let Ok((stream, _)) = accepted else { continue };
                        if is_own(&stream) {
                            connections.spawn(answer(stream, store.clone(), rules.clone()));
                        }
                    }
                }
            }
        }
    }

    impl Drop for ControlSocket {
        fn drop(&mut self) {
            // The file may be gone with its folder.
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Returns whether the other process is of the same user.
    fn is_own(stream: &UnixStream) -> bool {
        let user = rustix::process::geteuid().as_raw();
        stream.peer_cred().is_ok_and(|peer| peer.uid() == user)
    }

    async fn answer(mut stream: UnixStream, store: Store, rules: Rulebook) {
        let (reading, mut writing) = stream.split();
        let mut lines = BufReader::new(reading);
        while let Ok(Some(line)) = next_line(&mut lines).await {
            let done = |count| ControlReply::Done { count };
            let reply = match serde_json::from_str(&line) {
                Ok(ControlRequest::Import { count }) => {
                    import(&mut lines, count, &store).await.map(done)
                }
                Ok(ControlRequest::Prune { retention }) => {
                    store.prune(retention).await.map(done).map_err(|error| prune_error(&error))
                }
                Ok(ControlRequest::Rules(request)) => {
                    change(&rules, request).map_err(|error| error_chain::with_sources(&error))
                }
                Err(error) => Err(format!("unknown request: {error}")),
            };
            let reply = reply.unwrap_or_else(|reason| ControlReply::Failed { reason });
            let Ok(mut text) = serde_json::to_string(&reply) else { return };
            text.push('\n');
            if writing.write_all(text.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn change(rules: &Rulebook, request: RuleRequest) -> Result<ControlReply, RuleError> {
        match request {
            RuleRequest::List => {}
            RuleRequest::Add(text) => rules.put_first_of_agent(ResponseRule::from_agent(&text)?)?,
            RuleRequest::Remove => rules.remove_of_agents(),
        }
        Ok(ControlReply::Rules { rules: rules.texts() })
    }

    fn prune_error(error: &KeepError) -> String {
        match error {
            KeepError::Full => "the disk is full; stop the listener and prune again, which then \
                                works in the temporary folder"
                .to_owned(),
            KeepError::NotWritable(_) | KeepError::Failed(_) | KeepError::Stopped => {
                error.to_string()
            }
        }
    }

    type Lines<'s> = BufReader<tokio::net::unix::ReadHalf<'s>>;

    async fn next_line(lines: &mut Lines<'_>) -> io::Result<Option<String>> {
        let mut line = String::new();
        let read = lines.take(MAX_LINE).read_line(&mut line).await?;
        let is_whole = line.ends_with('\n');
        if read > 0 && !is_whole {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok((read > 0).then_some(line))
    }

    async fn import(lines: &mut Lines<'_>, count: usize, store: &Store) -> Result<u64, String> {
        let mut new: Vec<NewDelivery> = Vec::new();
        let mut size = 0;
        for _ in 0..count {
            let line = next_line(lines).await.map_err(|error| error.to_string())?;
            let line = line.ok_or("the command ended before its last delivery")?;
            size += line.len();
            if size > MAX_IMPORT {
                return Err(
                    "the import is larger than 512 MiB; stop the listener for it".to_owned()
                );
            }
            new.push(read::stored_delivery(&line).map_err(|error| error.to_string())?);
        }
        store.keep_all(new).await.map_err(|error| error.to_string())
    }
}

#[cfg(unix)]
pub use server::ControlSocket;

#[cfg(unix)]
mod client {
    use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::time::Duration;

    use super::{ControlReply, ControlRequest, RuleRequest, socket_path};
    use crate::delivery::{DeliveryId, NewDelivery};
    use crate::formats::jsonl;
    use crate::store::{Retention, StoreError};

    /// Time after which a listener that does not reply is given up.
    const PATIENCE: Duration = Duration::from_mins(2);

    /// Connection to the process that writes to a store.
    #[derive(Debug)]
    pub struct ControlClient {
        stream: UnixStream,
        path: String,
    }

    impl ControlClient {
        /// Connects to the listener of a store; none if it has no socket.
        pub fn connect(store: &Path) -> Option<Self> {
            let stream = UnixStream::connect(socket_path(store)).ok()?;
            stream.set_read_timeout(Some(PATIENCE)).ok()?;
            Some(Self { stream, path: store.display().to_string() })
        }

        /// Stores deliveries: all of them, or none.
        pub fn import(&self, new: &[NewDelivery]) -> Result<u64, StoreError> {
            self.count(&ControlRequest::Import { count: new.len() }, new)
        }

        /// Deletes the deliveries beyond a retention, and returns their number.
        pub fn prune(&self, retention: Retention) -> Result<u64, StoreError> {
            self.count(&ControlRequest::Prune { retention }, &[])
        }

        /// Lists or changes the response rules, and returns those that are active then.
        pub fn rules(&self, request: RuleRequest) -> Result<Vec<String>, StoreError> {
            match self.exchange(&ControlRequest::Rules(request), &[])? {
                ControlReply::Rules { rules } => Ok(rules),
                ControlReply::Failed { reason } => Err(self.refused(reason)),
                ControlReply::Done { .. } => Err(self.unexpected()),
            }
        }

        fn count(&self, request: &ControlRequest, new: &[NewDelivery]) -> Result<u64, StoreError> {
            match self.exchange(request, new)? {
                ControlReply::Done { count } => Ok(count),
                ControlReply::Failed { reason } => {
                    Err(StoreError::Failed { path: self.path.clone(), reason })
                }
                ControlReply::Rules { .. } => Err(self.unexpected()),
            }
        }

        fn refused(&self, reason: String) -> StoreError {
            StoreError::Refused { path: self.path.clone(), reason }
        }

        fn unexpected(&self) -> StoreError {
            self.refused("unexpected reply".to_owned())
        }

        fn exchange(
            &self,
            request: &ControlRequest,
            new: &[NewDelivery],
        ) -> Result<ControlReply, StoreError> {
            self.try_exchange(request, new)
                .map_err(|error| self.refused(format!("it does not respond: {error}")))
        }

        fn try_exchange(
            &self,
            request: &ControlRequest,
            new: &[NewDelivery],
        ) -> io::Result<ControlReply> {
            let mut out = BufWriter::new(&self.stream);
            writeln!(out, "{}", serde_json::to_string(request)?)?;
            for delivery in new {
                let delivery = delivery.clone().into_delivery(DeliveryId(0), None);
                writeln!(out, "{}", jsonl::line(&delivery))?;
            }
            out.flush()?;
            let mut line = String::new();
            BufReader::new(&self.stream).read_line(&mut line)?;
            if line.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok(serde_json::from_str(&line)?)
        }
    }
}

#[cfg(unix)]
pub use client::ControlClient;

/// Lists or changes the response rules of the listener that has a store open, and returns those
/// that are active then; none if no listener takes requests.
#[cfg(unix)]
pub fn listener_rules(
    store: &std::path::Path,
    request: RuleRequest,
) -> Result<Option<Vec<String>>, super::StoreError> {
    ControlClient::connect(store).map(|listener| listener.rules(request)).transpose()
}

/// Returns none: no listener takes requests here.
#[cfg(not(unix))]
pub fn listener_rules(
    _store: &std::path::Path,
    _request: RuleRequest,
) -> Result<Option<Vec<String>>, super::StoreError> {
    Ok(None)
}
