//! Imports deliveries from files into a store.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::input::{self, InputError, InputFile};
use crate::delivery::{NewDelivery, RequestFacts, Source};
use crate::formats::read::{self, FileRequests, RecordedRequest};
use crate::provider::Provider;
use crate::signature::{Subject, Verifier, verify_as};
use crate::store::{SharedWriter, StoreError};

/// Reason why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("cannot import {path}; nothing was imported")]
    Malformed { path: String, source: read::RequestFileError },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("no request to import")]
    Empty,
    #[error("the import was stopped; nothing was imported")]
    Stopped,
}

/// Progress of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ImportEvent {
    /// A file was read, with this many requests.
    Read { path: PathBuf, count: usize },
    /// Something was rebuilt, or is not part of a request.
    Warning { path: PathBuf, text: String },
    /// A request or a file was skipped.
    Skipped { path: PathBuf, reason: String },
    /// Number of requests verified so far, of all.
    Verified { count: usize, total: usize },
}

/// Result of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ImportSummary {
    pub count: usize,
    /// Number of requests and files skipped.
    pub skipped: usize,
}

/// Stores recorded requests, and verifies those that have no verdict in their file.
#[derive(Debug)]
pub(crate) struct Importer {
    pub verifier: Verifier,
    /// For the events of requests whose file names the provider.
    pub providers: Vec<Arc<Provider>>,
    /// The time of requests whose file has none.
    pub now: Timestamp,
    /// Skip invalid requests instead of importing nothing.
    pub skips_invalid: bool,
}

impl Importer {
    /// Stores the requests of all files in their order, or none if one of them cannot be read or
    /// stored. Blocks.
    pub(crate) fn import(
        &self,
        files: &[InputFile],
        standard_input: &mut dyn Read,
        store: &Path,
        events: &mpsc::Sender<ImportEvent>,
    ) -> Result<ImportSummary, ImportError> {
        let report = |event| events.blocking_send(event).map_err(|_| ImportError::Stopped);
        let mut recorded = Vec::new();
        let mut skipped = 0;
        for InputFile { path, is_found } in files {
            let found = match self.read(path, standard_input) {
                // A folder may contain other JSON, such as a package.json.
                Err(ImportError::Malformed {
                    source: read::RequestFileError::Unrecognized(reason),
                    ..
                }) if *is_found => {
                    skipped += 1;
                    report(ImportEvent::Skipped { path: path.clone(), reason })?;
                    continue;
                }
                found => found?,
            };
            let FileRequests { requests, warnings, skipped: reasons } = found;
            for text in warnings {
                report(ImportEvent::Warning { path: path.clone(), text })?;
            }
            skipped += reasons.len();
            for reason in reasons {
                report(ImportEvent::Skipped { path: path.clone(), reason })?;
            }
            report(ImportEvent::Read { path: path.clone(), count: requests.len() })?;
            recorded.extend(requests);
        }
        if recorded.is_empty() {
            return Err(ImportError::Empty);
        }
        let total = recorded.len();
        let mut new = Vec::with_capacity(total);
        for (count, recorded) in (1..).zip(recorded) {
            new.push(self.delivery(recorded));
            report(ImportEvent::Verified { count, total })?;
        }
        SharedWriter::open(store, "an import", true)?.keep_all(&new)?;
        Ok(ImportSummary { count: total, skipped })
    }

    fn read(
        &self,
        path: &Path,
        standard_input: &mut dyn Read,
    ) -> Result<FileRequests, ImportError> {
        let bytes = input::bytes(path, standard_input)?;
        let read = read::read(&bytes, &|name| input::beside(path, name), self.skips_invalid);
        read.map_err(|source| ImportError::Malformed { path: path.display().to_string(), source })
    }

    fn delivery(&self, recorded: RecordedRequest) -> NewDelivery {
        let RecordedRequest { head, body, url, .. } = recorded;
        let received_at = recorded.received_at.unwrap_or(self.now);
        let subject = Subject { head: &head, body: &body, url: url.as_deref() };
        let found = self.verifier.identify(&subject, received_at);
        let named = recorded.provider.is_some();
        let provider = recorded.provider.unwrap_or(found.provider);
        let known = self.providers.iter().find(|one| one.name == provider);
        let verdict = match known {
            Some(known) if named => {
                let credentials = self.verifier.named(&provider);
                let secrets = credentials
                    .map(|credentials| credentials.secrets.as_slice())
                    .unwrap_or_default();
                verify_as(known, secrets, &subject, received_at)
            }
            _ => found.verdict,
        };
        let event = recorded.event.unwrap_or_else(|| match known {
            Some(known) if named => known.event(&head, &body),
            _ => found.event,
        });
        let request = RequestFacts {
            peer: recorded.peer,
            refused: recorded.refused,
            source: Source::Import,
            via: recorded.via,
            ..RequestFacts::new(&head, recorded.body_size, received_at)
        };
        NewDelivery {
            request,
            head,
            body,
            provider,
            event,
            signature: recorded.signature.unwrap_or(verdict),
            diagnosing: false,
            response: recorded.response,
            latency: recorded.latency,
        }
    }
}
