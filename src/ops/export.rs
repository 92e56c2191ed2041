//! Exports deliveries: fixtures into a folder, or one file of another format.
//!
//! An export is complete or absent: files get their names after the last delivery is written.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use super::KnownProviders;
use super::fixture::{FixtureMaker, MadeFixture, ProofError, holds_secret};
use crate::delivery::{Delivery, DeliveryId};
use crate::formats::fixture::{Fixture, FixtureState};
use crate::formats::loader::{self, LoaderLanguage};
use crate::formats::name::Names;
use crate::formats::{
    Entry, EntryOptions, ExportFormat, ExportLayout, Stream, without_credentials,
};
use crate::private_file::{Existing, FileSet, PrivateFile, WriteError};
use crate::provider::{Algorithm, Encoding, Provider, SecretForm, ValueLocation};
use crate::redact::{Instruction, Redaction, Redactor};
use crate::store::{StoreError, StoreReader};

/// Rows read at a time.
const PAGE: usize = 500;

/// Treatment of signatures and credentials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SignaturePolicy {
    /// Left out, or replaced by those of a test key. JSON Lines keep every byte unless they are
    /// redacted.
    #[default]
    Withhold,
    Keep,
}

/// Redaction, signatures, and the target of an export's requests.
#[derive(Debug, Clone, Default)]
pub struct ExportPolicy {
    /// Fixtures are redacted by default, other formats only if there is an instruction.
    pub redact: Vec<Instruction>,
    pub signatures: SignaturePolicy,
    /// Target of commands and requests: a URL without a path.
    pub base: String,
}

/// Treatment of existing files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// Write nothing.
    Refuse,
    Replace,
    /// Give fixtures the next free name; other formats refuse.
    Rename,
}

/// Deliveries to export, and their format.
#[derive(Debug, Clone, Copy)]
pub struct ExportRequest<'r> {
    pub format: &'static ExportFormat,
    pub ids: &'r [DeliveryId],
    pub on_conflict: OnConflict,
    /// Language of a test that reads the fixtures.
    pub loader: Option<LoaderLanguage>,
}

/// Destination of an export.
pub enum ExportTarget<'t> {
    /// The folder of fixtures, or the file of another format.
    Path(&'t Path),
    Output(&'t mut dyn Write),
}

impl std::fmt::Debug for ExportTarget<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(path) => f.debug_tuple("Path").field(path).finish(),
            Self::Output(_) => f.write_str("Output"),
        }
    }
}

/// Progress of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportEvent {
    /// Number of deliveries done.
    Progress(usize),
    LeftOut {
        id: DeliveryId,
        reason: String,
    },
    /// A fixture, or the test that reads the fixtures.
    Written(PathBuf),
}

/// Result of an export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportSummary {
    pub count: usize,
    /// Number of replaced values, by rule.
    pub redacted: BTreeMap<String, usize>,
    /// Test keys, by provider.
    pub keys: BTreeMap<String, String>,
    /// Number of fixtures without a signature.
    pub unsigned: usize,
}

/// Reason why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{path} already exists{}, and nothing was written", others(*.more))]
    Exists { path: String, more: usize },
    #[error("{0} is a folder, and this format is one file; name a file in it")]
    Folder(String),
    #[error("fixtures are files, so name their folder: --out test/fixtures")]
    NeedsFolder,
    #[error("cannot write {path}")]
    Write { path: String, source: io::Error },
    #[error("cannot write the export")]
    Output(#[source] io::Error),
    #[error("{name} (delivery {id}) is not a sound fixture")]
    Unsound { name: String, id: DeliveryId, source: ProofError },
    #[error("the export was stopped")]
    Stopped,
}

fn others(count: usize) -> String {
    if count == 0 { String::new() } else { format!(" and {count} more do") }
}

impl ExportError {
    fn write(path: &Path, source: io::Error) -> Self {
        let path = path.display().to_string();
        match source.kind() {
            io::ErrorKind::AlreadyExists => Self::Exists { path, more: 0 },
            _ => Self::Write { path, source },
        }
    }
}

impl From<WriteError> for ExportError {
    fn from(error: WriteError) -> Self {
        Self::write(&error.path, error.source)
    }
}

/// Exports deliveries, with the same pseudonyms in everything that it exports.
#[derive(Debug)]
pub struct Exporter {
    known: KnownProviders,
    maker: FixtureMaker,
    /// None if bytes stay as they are.
    redactor: Option<Redactor>,
    signatures: SignaturePolicy,
    base: String,
}

/// State shared by the steps of one export.
struct Run<'r> {
    reader: &'r StoreReader,
    request: &'r ExportRequest<'r>,
    events: &'r mpsc::Sender<ExportEvent>,
}

impl Run<'_> {
    fn tell(&self, event: ExportEvent) -> Result<(), ExportError> {
        self.events.blocking_send(event).map_err(|_| ExportError::Stopped)
    }

    fn existing(&self) -> Existing {
        match self.request.on_conflict {
            OnConflict::Replace => Existing::Replace,
            OnConflict::Refuse | OnConflict::Rename => Existing::Keep,
        }
    }

    /// Refuses to begin if one of these files exists.
    fn check(&self, paths: &[&Path]) -> Result<(), ExportError> {
        let mut found = paths.iter().filter(|path| fs::symlink_metadata(path).is_ok());
        match (self.existing(), found.next()) {
            (Existing::Replace, _) | (_, None) => Ok(()),
            (Existing::Keep, Some(path)) => {
                let path = path.display().to_string();
                Err(ExportError::Exists { path, more: found.count() })
            }
        }
    }

    /// Returns the name of each fixture, whether or not one can be made. The same deliveries get
    /// the same names in an empty folder.
    fn names(&self, folder: &Path) -> Result<Vec<(DeliveryId, String)>, ExportError> {
        let mut names = Names::default();
        let mut found = Vec::with_capacity(self.request.ids.len());
        for page in self.request.ids.chunks(PAGE) {
            for row in self.reader.summaries(page)? {
                let event_type = row.event.event_type.as_deref();
                let mut name = names.next(&row.provider, event_type);
                while self.request.on_conflict == OnConflict::Rename
                    && fs::symlink_metadata(path_of(folder, &name)).is_ok()
                {
                    name = names.next(&row.provider, event_type);
                }
                found.push((row.id, name));
            }
        }
        Ok(found)
    }
}

fn path_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.json"))
}

fn prepare(folder: &Path) -> Result<(), ExportError> {
    fs::create_dir_all(folder).map_err(|error| ExportError::write(folder, error))
}

/// Reason for a delivery that was deleted from the store.
const GONE: &str = "it is no longer in the store";

impl Exporter {
    pub fn new(known: KnownProviders, policy: ExportPolicy) -> Self {
        let ExportPolicy { redact, signatures, base } = policy;
        let redaction = Redaction::new(&redact);
        let maker =
            FixtureMaker::new(redaction.clone(), known.providers.clone(), known.secrets.clone());
        let maker = match signatures {
            SignaturePolicy::Withhold => maker,
            SignaturePolicy::Keep => maker.keeping_signatures(),
        };
        let wanted = !redact.is_empty() && !redaction.is_none();
        let redactor = wanted.then(|| Redactor::new(redaction));
        Self { known, maker, redactor, signatures, base }
    }

    /// Exports deliveries in their order. Blocks.
    pub fn export(
        &mut self,
        reader: &StoreReader,
        request: &ExportRequest<'_>,
        target: ExportTarget<'_>,
        events: &mpsc::Sender<ExportEvent>,
    ) -> Result<ExportSummary, ExportError> {
        let run = Run { reader, request, events };
        match (&request.format.layout, target) {
            (ExportLayout::Folder, ExportTarget::Path(folder)) => self.folder(&run, folder),
            (ExportLayout::Folder, ExportTarget::Output(_)) => Err(ExportError::NeedsFolder),
            (ExportLayout::Stream(stream), ExportTarget::Path(path)) => {
                self.file(&run, stream, path)
            }
            (ExportLayout::Stream(stream), ExportTarget::Output(out)) => {
                self.stream(&run, stream, &mut Sink { out, beside: None })
            }
        }
    }

    fn folder(&mut self, run: &Run<'_>, folder: &Path) -> Result<ExportSummary, ExportError> {
        let names = run.names(folder)?;
        let paths: Vec<PathBuf> = names.iter().map(|(_, name)| path_of(folder, name)).collect();
        let loader = run.request.loader.map(|language| folder.join(language.file_name()));
        let checked: Vec<&Path> = paths.iter().chain(&loader).map(PathBuf::as_path).collect();
        run.check(&checked)?;
        prepare(folder)?;
        let mut files = FileSet::new(run.existing());
        let mut summary = ExportSummary::default();
        let mut written = Vec::new();
        for (at, ((id, name), path)) in names.into_iter().zip(paths).enumerate() {
            run.tell(ExportEvent::Progress(at))?;
            match self.fixture(run.reader, id, name)? {
                Ok(fixture) => {
                    files.add(&path, fixture.text().as_bytes())?;
                    summary.note(&fixture);
                    written.push(path);
                }
                Err(reason) => run.tell(ExportEvent::LeftOut { id, reason })?,
            }
        }
        if summary.count == 0 {
            return Ok(summary);
        }
        if let (Some(language), Some(path)) = (run.request.loader, loader) {
            let plain = self.known.providers.iter().filter(|one| is_plain(one));
            let used: Vec<&str> = plain
                .map(|provider| provider.name.as_str())
                .filter(|name| summary.keys.contains_key(*name))
                .collect();
            files.add(&path, loader::text(language, &used).as_bytes())?;
            written.push(path);
        }
        files.finish()?;
        for path in written {
            run.tell(ExportEvent::Written(path))?;
        }
        Ok(summary)
    }

    /// Makes a proved fixture, or returns the reason why there is none.
    fn fixture(
        &mut self,
        reader: &StoreReader,
        id: DeliveryId,
        name: String,
    ) -> Result<Result<Box<Fixture>, String>, ExportError> {
        let Some(delivery) = reader.delivery(id)? else { return Ok(Err(GONE.to_owned())) };
        match self.maker.make(&delivery, &name) {
            Ok(MadeFixture::Fixture(fixture)) => Ok(Ok(fixture)),
            Ok(MadeFixture::Skipped(reason)) => Ok(Err(reason)),
            Err(source) => Err(ExportError::Unsound { name, id, source }),
        }
    }

    fn file(
        &mut self,
        run: &Run<'_>,
        stream: &Stream,
        path: &Path,
    ) -> Result<ExportSummary, ExportError> {
        if path.is_dir() {
            return Err(ExportError::Folder(path.display().to_string()));
        }
        run.check(&[path])?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            prepare(folder)?;
        }
        let failed = |error| ExportError::write(path, error);
        let mut file = PrivateFile::create(path, run.existing()).map_err(failed)?;
        let mut files = FileSet::new(run.existing());
        let beside = Some((path, &mut files));
        let summary = self.stream(run, stream, &mut Sink { out: &mut file, beside })?;
        if summary.count > 0 {
            files.add_file(file).map_err(failed)?;
            files.finish()?;
        }
        Ok(summary)
    }

    fn stream(
        &mut self,
        run: &Run<'_>,
        stream: &Stream,
        sink: &mut Sink<'_>,
    ) -> Result<ExportSummary, ExportError> {
        let mut summary = ExportSummary::default();
        let stem = sink.stem();
        for (at, &id) in run.request.ids.iter().enumerate() {
            run.tell(ExportEvent::Progress(at))?;
            let entry = match self.entry(run.reader, stream, id, &stem)? {
                Ok(entry) if entry.file.is_some() && sink.beside.is_none() => {
                    let reason = "its body needs a file of its own; name the .http file with --out";
                    Err(reason.to_owned())
                }
                entry => entry,
            };
            match entry {
                Ok(entry) => {
                    let before = if summary.count == 0 { stream.begin } else { stream.between };
                    sink.write(before)?;
                    sink.write_entry(&entry)?;
                    summary.count += 1;
                }
                Err(reason) => run.tell(ExportEvent::LeftOut { id, reason })?,
            }
        }
        if summary.count > 0 {
            sink.write(stream.end)?;
        }
        Ok(summary)
    }

    /// Returns a delivery as an entry, or the reason why it is left out.
    fn entry(
        &mut self,
        reader: &StoreReader,
        stream: &Stream,
        id: DeliveryId,
        stem: &str,
    ) -> Result<Result<Entry, String>, ExportError> {
        let Some(delivery) = reader.delivery(id)? else { return Ok(Err(GONE.to_owned())) };
        if let Some(refusal) = &delivery.summary.request.refused
            && !stream.takes_refused
        {
            return Ok(Err(refusal.incomplete_reason()));
        }
        let is_redacted = self.redactor.is_some();
        let delivery = match self.redacted(delivery) {
            Ok(delivery) => delivery,
            Err(reason) => return Ok(Err(reason)),
        };
        let withholds = self.signatures == SignaturePolicy::Withhold
            && (is_redacted || !stream.keeps_credentials);
        let delivery = if withholds {
            without_credentials(&delivery, &self.known.providers)
        } else {
            delivery
        };
        let entry = match (stream.entry)(&delivery, &EntryOptions { base: &self.base, stem }) {
            Ok(entry) => entry,
            Err(reason) => return Ok(Err(reason)),
        };
        let places = [entry.text.as_bytes(), &delivery.head.raw, &delivery.body];
        if withholds && holds_secret(&self.known.secrets, &places) {
            let reason = "a configured secret is in it; --keep-signature exports it as received";
            return Ok(Err(reason.to_owned()));
        }
        Ok(Ok(entry))
    }

    fn redacted(&mut self, delivery: Delivery) -> Result<Delivery, String> {
        let Some(redactor) = &mut self.redactor else { return Ok(delivery) };
        let Delivery { mut summary, head, body, attempts: _ } = delivery;
        let provider = self.known.named(&summary.provider);
        let spare = provider.map(Provider::signature_headers).unwrap_or_default();
        let redacted = redactor.redact(&head, &body, &spare).map_err(|error| error.to_string())?;
        let (head, body) = (redacted.head, redacted.body);
        summary.request.peer = None;
        summary.request.target = head.target_text().into_owned();
        summary.request.body_size = body.len() as u64;
        if let Some(provider) = provider {
            summary.event = provider.event(&head, &body);
        }
        Ok(Delivery { summary, head, body, attempts: Vec::new() })
    }
}

/// Destination of the entries of a stream.
struct Sink<'s> {
    out: &'s mut dyn Write,
    /// File that is written, and the files next to it.
    beside: Option<(&'s Path, &'s mut FileSet)>,
}

impl Sink<'_> {
    fn stem(&self) -> String {
        let path = self.beside.as_ref().map(|(path, _)| *path);
        path.and_then(Path::file_stem).unwrap_or_default().to_string_lossy().into_owned()
    }

    fn write(&mut self, text: &str) -> Result<(), ExportError> {
        self.out.write_all(text.as_bytes()).map_err(|error| match &self.beside {
            Some((path, _)) => ExportError::write(path, error),
            None => ExportError::Output(error),
        })
    }

    fn write_entry(&mut self, entry: &Entry) -> Result<(), ExportError> {
        if let (Some((name, body)), Some((path, files))) = (&entry.file, &mut self.beside) {
            files.add(&path.with_file_name(name), body)?;
        }
        self.write(&entry.text)
    }
}

impl ExportSummary {
    fn note(&mut self, fixture: &Fixture) {
        self.count += 1;
        for (rule, count) in &fixture.redacted {
            *self.redacted.entry(rule.clone()).or_default() += count;
        }
        match (&fixture.signature.test_key, fixture.signature.state) {
            (Some(key), FixtureState::ReSigned) => {
                self.keys.insert(fixture.provider.clone(), key.clone());
            }
            (_, FixtureState::None) => self.unsigned += 1,
            (_, FixtureState::ReSigned | FixtureState::Kept) => {}
        }
    }
}

/// Returns whether a provider signs only the body, with HMAC-SHA256 in hex and the text of its
/// secret as key.
fn is_plain(provider: &Provider) -> bool {
    let scheme = &provider.scheme;
    scheme.algorithm == Algorithm::HmacSha256
        && scheme.encoding == Encoding::Hex
        && scheme.secret == SecretForm::Utf8
        && scheme.signed.is_body()
        && scheme.pairs.is_none()
        && scheme.list.is_none()
        && matches!(scheme.signature.first(), Some(ValueLocation::Header(_)))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::delivery::{Head, Header, NewDelivery, Refusal, SignatureStatus, Verdict};
    use crate::formats::export_format;
    use crate::provider;
    use crate::store::Maintenance;

    fn new(headers: &[Header]) -> NewDelivery {
        let head = Head::build("POST", "/", headers);
        let mut new =
            NewDelivery::new(head, Bytes::from_static(b"{}"), jiff::Timestamp::UNIX_EPOCH);
        "cribbly".clone_into(&mut new.provider);
        new.event.event_type = Some("../x".to_owned());
        new.signature = Verdict::explained(SignatureStatus::Verified, "why");
        new
    }

    /// Exports everything in a folder's store to `to` in the same folder.
    fn export(
        folder: &Path,
        all: &[NewDelivery],
        format: &str,
        to: &str,
    ) -> Result<(ExportSummary, Vec<ExportEvent>), ExportError> {
        let store = folder.join("deliveries.db");
        if fs::symlink_metadata(&store).is_err() {
            Maintenance::open(&store, "a test", true)?.keep_all(all)?;
        }
        let reader = StoreReader::open(&store)?;
        let ids: Vec<DeliveryId> = (1..).map(DeliveryId).take(all.len()).collect();
        let secrets = vec![crate::secret::Secret::new("TEST", "test-key-not-a-real-one")];
        let known = KnownProviders { providers: provider::all().to_vec(), secrets };
        let mut exporter = Exporter::new(known, ExportPolicy::default());
        let request = ExportRequest {
            format: export_format(format).unwrap(),
            ids: &ids,
            on_conflict: OnConflict::Rename,
            loader: None,
        };
        let (events, mut queue) = mpsc::channel(64);
        let path = folder.join(to);
        let summary = exporter.export(&reader, &request, ExportTarget::Path(&path), &events)?;
        drop(events);
        let mut events = Vec::new();
        while let Some(event) = queue.blocking_recv() {
            events.push(event);
        }
        Ok((summary, events))
    }

    #[test]
    fn a_fixture_gets_the_next_free_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["cribbly._x.001.json", "cribbly._x.002.json"] {
            let (_, events) = export(folder.path(), &[new(&[])], "fixture", "out").unwrap();
            let path = folder.path().join("out").join(name);
            assert!(events.contains(&ExportEvent::Written(path)), "{events:?}");
        }
    }

    #[test]
    fn a_refused_delivery_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut refused = new(&[]);
        let reason = "too large".to_owned();
        refused.request.refused = Some(Refusal { code: "body-too-large".to_owned(), reason });
        let (summary, events) = export(folder.path(), &[refused], "har", "x.har").unwrap();
        assert_eq!(summary.count, 0);
        let is_left_out = |event: &ExportEvent| matches!(event, ExportEvent::LeftOut { .. });
        assert!(events.iter().any(is_left_out), "{events:?}");
    }

    #[test]
    fn an_export_of_nothing_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let secret = [Header::new("X-Odd", "test-key-not-a-real-one")];
        export(folder.path(), &[new(&secret)], "har", "x.har").unwrap();
        assert!(!folder.path().join("x.har").exists());
    }

    #[test]
    fn a_secret_in_a_delivery_is_not_exported() {
        let folder = tempfile::tempdir().unwrap();
        let secret = [Header::new("X-Odd", "test-key-not-a-real-one")];
        let all = [new(&secret), new(&[])];
        let (summary, _) = export(folder.path(), &all, "curl", "x.sh").unwrap();
        assert_eq!(summary.count, 1);
    }

    #[test]
    fn an_existing_file_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.har"), "mine").unwrap();
        let error = export(folder.path(), &[new(&[])], "har", "x.har").unwrap_err();
        assert!(matches!(error, ExportError::Exists { .. }), "{error}");
    }
}
