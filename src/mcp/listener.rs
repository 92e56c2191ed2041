//! The listener that a connection started, if any.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::ToolError;
use crate::respond::{ResponseRule, Rulebook};
use crate::signature::PublicUrl;
use crate::task;

/// Options of a listener that a client starts. It listens on a loopback address.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListenerOptions {
    /// 0 for a free port.
    pub(crate) port: u16,
    pub(crate) provider: Option<String>,
    pub(crate) forward: Vec<String>,
    /// Rules that come before those of the configuration.
    pub(crate) rules: Vec<Arc<ResponseRule>>,
    pub(crate) public_url: Option<String>,
    pub(crate) strict: bool,
}

/// A listener in this process.
#[derive(Debug, Clone)]
pub(crate) struct RunningListener {
    pub(crate) url: String,
    pub(crate) public_url: PublicUrl,
    pub(crate) rules: Rulebook,
    /// Targets, rules, and secret files of the configuration, and warnings.
    pub(crate) notes: Vec<String>,
    pub(crate) stop: CancellationToken,
    /// Canceled when it has ended.
    pub(crate) ended: CancellationToken,
}

/// Starts listeners for the server, which does not depend on the command line.
pub(crate) trait StartListener: fmt::Debug + Send + Sync {
    /// Blocks until the listener accepts requests; the error states why it does not.
    fn start(&self, options: &ListenerOptions) -> Result<RunningListener, String>;
}

/// The listener of a connection.
#[derive(Debug)]
pub(super) struct OwnListener {
    running: watch::Sender<Option<RunningListener>>,
    /// One start at a time.
    starting: Semaphore,
}

impl Default for OwnListener {
    fn default() -> Self {
        Self { running: watch::Sender::new(None), starting: Semaphore::new(1) }
    }
}

impl OwnListener {
    /// Returns the listener while it runs.
    pub(super) fn get(&self) -> Option<RunningListener> {
        self.running.borrow().clone().filter(|listener| !listener.ended.is_cancelled())
    }

    pub(super) async fn start(
        &self,
        server: Arc<super::Server>,
        options: ListenerOptions,
    ) -> Result<RunningListener, ToolError> {
        let _permit = self.starting.acquire().await.map_err(|error| error.to_string())?;
        if let Some(listener) = self.get() {
            return Err(ToolError::new(format!(
                "a listener already runs at {}; it stops with this connection. \
                 set_response_rule changes its responses",
                listener.url
            )));
        }
        let started = task::blocking(move || server.setup.starter.start(&options)).await?;
        self.running.send_replace(Some(started.clone()));
        Ok(started)
    }

    /// Stops the listener, and waits until its last delivery is stored.
    pub(super) async fn stop(&self) {
        let running = self.running.borrow().clone();
        if let Some(listener) = running {
            listener.stop.cancel();
            listener.ended.cancelled().await;
        }
    }
}
