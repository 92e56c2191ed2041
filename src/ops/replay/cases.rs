//! Builds cases from files, each with its key and expectations.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Case, ExpectError, Statuses, default_statuses};
use crate::delivery::SignatureStatus;
use crate::formats::fixture::{Expect, Fixture};
use crate::formats::read::{self, RecordedRequest, RequestFileError};
use crate::ops::input::{self, InputError, InputFile};
use crate::outbound::Request;
use crate::provider::Provider;
use crate::secret::Secret;
use crate::signature::Credentials;

/// Reason why a file contains no cases.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{path}")]
    Malformed { path: String, source: RequestFileError },
    #[error("{name}: expect.status")]
    Expectation { name: String, source: ExpectError },
}

/// Number of cases by the key that signs them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct KeyCounts {
    pub configured: usize,
    /// Signed with a fixture's own test key.
    pub test: usize,
    pub unsigned: usize,
}

/// A request that is not replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOutCase {
    pub name: String,
    pub reason: String,
}

/// Cases of all files, in order.
#[derive(Debug, Default)]
pub(crate) struct LoadedCases {
    pub cases: Vec<Case>,
    pub left_out: Vec<LeftOutCase>,
    pub counts: KeyCounts,
}

/// Builds cases from files.
#[derive(Debug)]
pub(crate) struct CaseReader {
    /// Configured secrets. A single one also signs requests whose file names no provider.
    pub candidates: Vec<Credentials>,
    /// Providers that a fixture's own test key can sign for.
    pub providers: Vec<Arc<Provider>>,
    /// Expected statuses of cases whose fixture has none.
    pub statuses: Option<Statuses>,
    /// Keep all requests as they are, without signing them.
    pub exact: bool,
}

struct Recorded {
    name: String,
    fixture: Option<Fixture>,
    request: RecordedRequest,
}

impl CaseReader {
    /// Reads the cases of files and folders. Blocks.
    pub(crate) fn read(
        &self,
        paths: &[PathBuf],
        standard_input: &mut dyn Read,
    ) -> Result<LoadedCases, CaseError> {
        let mut loaded = LoadedCases::default();
        for InputFile { path, is_found } in input::files(paths)? {
            let found = match read(&path, standard_input) {
                // A folder may contain other JSON, such as a package.json.
                Err(CaseError::Malformed {
                    source: RequestFileError::Unrecognized(reason),
                    ..
                }) if is_found => {
                    let name = path.display().to_string();
                    loaded.left_out.push(LeftOutCase { name, reason });
                    continue;
                }
                found => found?,
            };
            for recorded in found {
                if let Some(refusal) = &recorded.request.refused {
                    let reason = refusal.incomplete_reason();
                    loaded.left_out.push(LeftOutCase { name: recorded.name, reason });
                    continue;
                }
                let case = self.case(recorded, &mut loaded.counts)?;
                loaded.cases.push(case);
            }
        }
        Ok(loaded)
    }

    fn case(&self, recorded: Recorded, counts: &mut KeyCounts) -> Result<Case, CaseError> {
        let Recorded { name, fixture, request: recorded } = recorded;
        let fixture = fixture.as_ref();
        let verdict = recorded.signature.as_ref().map(|verdict| verdict.status);
        let expect = fixture.and_then(|fixture| fixture.expect.clone()).unwrap_or_default();
        let statuses = match (&expect, &self.statuses) {
            (Expect { status: Some(text), .. }, _) => text
                .parse::<Statuses>()
                .map_err(|source| CaseError::Expectation { name: name.clone(), source })?,
            (_, Some(given)) => given.clone(),
            (_, None) => default_statuses(verdict),
        };
        let is_failed = verdict.is_some_and(SignatureStatus::is_failed);
        let signer = if self.exact || is_failed {
            None
        } else {
            self.signer(recorded.provider.as_deref(), fixture, counts)
        };
        let request = Request { head: recorded.head, body: recorded.body };
        let received_at = recorded.received_at;
        Ok(Case { name, request, received_at, signer, statuses, expect })
    }

    /// Returns the configured secret of a provider, or the fixture's own test key.
    fn signer(
        &self,
        provider: Option<&str>,
        fixture: Option<&Fixture>,
        counts: &mut KeyCounts,
    ) -> Option<(Arc<Provider>, Secret)> {
        let configured: Vec<&Credentials> =
            self.candidates.iter().filter(|one| !one.secrets.is_empty()).collect();
        let only = match configured.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
        let named =
            |name: &str| self.candidates.iter().find(|candidate| candidate.provider.name == name);
        if let Some(Credentials { provider, secrets }) = provider.map_or(only, named)
            && let Some(secret) = secrets.first()
        {
            counts.configured += 1;
            return Some((Arc::clone(provider), secret.clone()));
        }
        let key = fixture.and_then(|fixture| fixture.signature.test_key.clone());
        let known = provider.and_then(|name| self.providers.iter().find(|one| one.name == name));
        if let (Some(known), Some(key)) = (known, key) {
            counts.test += 1;
            return Some((Arc::clone(known), Secret::new("the fixture's test key", key)));
        }
        counts.unsigned += 1;
        None
    }
}

fn read(path: &Path, standard_input: &mut dyn Read) -> Result<Vec<Recorded>, CaseError> {
    let bytes = input::bytes(path, standard_input)?;
    let malformed = |source| CaseError::Malformed { path: path.display().to_string(), source };
    let text = std::str::from_utf8(&bytes).ok();
    if let Some(text) = text.filter(|text| read::is_fixture(text)) {
        let (fixture, request) = read::fixture(text).map_err(malformed)?;
        let name = fixture.name.clone();
        return Ok(vec![Recorded { name, fixture: Some(fixture), request }]);
    }
    let found =
        read::read(&bytes, &|name| input::beside(path, name), false).map_err(malformed)?.requests;
    let stem = path.file_name().unwrap_or_default().to_string_lossy();
    let named =
        |(at, request)| Recorded { name: format!("{stem}#{}", at + 1), fixture: None, request };
    Ok(found.into_iter().enumerate().map(named).collect())
}
