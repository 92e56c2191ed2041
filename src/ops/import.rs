//! Imports deliveries from files into a store.

use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::input::{self, InputError};
use crate::delivery::{NewDelivery, RequestFacts, Source, UNKNOWN_PROVIDER};
use crate::formats::read::{self, RecordedRequest};
use crate::provider::Provider;
use crate::signature::{Subject, Verifier, verify_as};
use crate::store::{Maintenance, StoreError};

/// Why files cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("cannot import {path}; nothing was imported")]
    Malformed { path: String, source: read::ImportError },
}

/// Result of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportSummary {
    pub count: usize,
}

/// Reads the requests of files in their order. Blocks.
pub fn read(
    files: &[PathBuf],
    standard_input: &mut dyn Read,
) -> Result<Vec<RecordedRequest>, ImportError> {
    let mut recorded = Vec::new();
    for path in files {
        let bytes = input::bytes(path, standard_input)?;
        let found = read::read(&bytes, &|name| input::beside(path, name)).map_err(|source| {
            ImportError::Malformed { path: path.display().to_string(), source }
        })?;
        recorded.extend(found);
    }
    Ok(recorded)
}

/// Stores recorded requests, and verifies those that have no verdict in their file.
#[derive(Debug)]
pub struct Importer {
    pub verifier: Verifier,
    /// For the events of requests whose file names the provider.
    pub providers: Vec<Provider>,
    /// The time of requests whose file has none.
    pub now: Timestamp,
}

impl Importer {
    /// Stores all requests, or none if one of them cannot be stored. Blocks.
    pub fn import(
        &self,
        recorded: Vec<RecordedRequest>,
        store: &Path,
    ) -> Result<ImportSummary, StoreError> {
        let new: Vec<NewDelivery> = recorded.into_iter().map(|one| self.delivery(one)).collect();
        Maintenance::open(store, "an import", true)?.keep_all(&new)?;
        Ok(ImportSummary { count: new.len() })
    }

    fn delivery(&self, recorded: RecordedRequest) -> NewDelivery {
        let RecordedRequest { head, body, .. } = recorded;
        let received_at = recorded.received_at.unwrap_or(self.now);
        let subject = Subject { head: &head, body: &body, url: None };
        let judged = self.verifier.judge(&subject, received_at);
        let recognised = judged.credentials.map(|credentials| credentials.provider.name.clone());
        let named = recorded.provider.is_some();
        let provider =
            recorded.provider.or(recognised).unwrap_or_else(|| UNKNOWN_PROVIDER.to_owned());
        let known = self.providers.iter().find(|one| one.name == provider);
        let verdict = match known.filter(|_| named) {
            Some(known) => {
                let credentials = self.verifier.named(&provider);
                let secrets = credentials
                    .map(|credentials| credentials.secrets.as_slice())
                    .unwrap_or_default();
                verify_as(known, secrets, &subject, received_at)
            }
            None => judged.verdict,
        };
        let event = recorded.event.or_else(|| known.map(|known| known.event(&head, &body)));
        let request = RequestFacts {
            peer: recorded.peer,
            refused: recorded.refused,
            source: Source::Import,
            ..RequestFacts::new(&head, recorded.body_size, received_at)
        };
        NewDelivery {
            request,
            head,
            body,
            provider,
            event: event.unwrap_or_default(),
            signature: recorded.signature.unwrap_or(verdict),
            diagnosing: false,
            response: recorded.response,
        }
    }
}
