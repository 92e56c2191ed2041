//! Exports deliveries: fixtures into a folder, or one file of another format.
//!
//! An export is complete or absent: files get their names after the last delivery is written.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use super::KnownProviders;
use super::fixture::{FixtureMaker, LeftOut, MadeFixture, Review, original_leak, secret_leak};
use crate::delivery::{Delivery, DeliveryId};
use crate::formats::fixture::{Fixture, FixtureState};
use crate::formats::loader::{self, LoaderFile, LoaderLanguage, LoaderPlace};
use crate::formats::name::FileNames;
use crate::formats::{
    Entry, EntryOptions, ExportFormat, ExportLayout, Stream, without_credentials,
};
use crate::private_file::{self, Existing, FileSet, PrivateFile, WriteError};
use crate::provider::{Algorithm, Encoding, Provider, SecretForm, ValueLocation};
use crate::redact::{
    Instruction, KeyGroup, OriginalValue, Redacted, Redaction, Redactor, SensitivePattern,
};
use crate::secret::Secret;
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
    /// Changes to one delivery, of a preview.
    Review {
        id: DeliveryId,
        review: Box<Review>,
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
    /// Number of deliveries left out because they cannot be made safe to share.
    pub left_out_unsafe: usize,
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
    #[error("{0} does not exist; create it, or choose another --out")]
    NoFolder(String),
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

    fn leave_out(
        &self,
        summary: &mut ExportSummary,
        id: DeliveryId,
        LeftOut { reason, is_unsafe }: LeftOut,
    ) -> Result<(), ExportError> {
        summary.left_out_unsafe += usize::from(is_unsafe);
        self.tell(ExportEvent::LeftOut { id, reason })
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
        let mut names = FileNames::default();
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
    // A folder outside of the project is more likely a typo than new.
    let parent = folder.parent().filter(|parent| folder.is_absolute() && !parent.is_dir());
    if let Some(parent) = parent {
        return Err(ExportError::NoFolder(parent.display().to_string()));
    }
    fs::create_dir_all(folder).map_err(|error| ExportError::write(folder, error))
}

/// Returns the rules that redaction has by default, and what each of them redacts.
pub fn redaction_kinds() -> Vec<(&'static str, String)> {
    let groups =
        KeyGroup::ALL.map(|group| (group.as_str(), format!("fields such as {}", group.examples())));
    let patterns =
        SensitivePattern::ALL.map(|pattern| (pattern.as_str(), pattern.description().to_owned()));
    groups.into_iter().chain(patterns).collect()
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

    /// Withholds secrets that came into use later. Known ones are skipped.
    pub fn withhold(&mut self, secrets: &[Secret]) {
        let mut new = secrets.to_vec();
        new.retain(|secret| !self.known.secrets.contains(secret));
        self.known.secrets.extend(new.iter().cloned());
        self.maker.withhold(new);
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
        let loader: Vec<PathBuf> = run.request.loader.map_or_else(Vec::new, |language| {
            language.paths(folder).iter().map(|path| loader_path(folder, path)).collect()
        });
        let checked: Vec<&Path> = paths.iter().chain(&loader).map(PathBuf::as_path).collect();
        run.check(&checked)?;
        prepare(folder)?;
        // Redacted fixtures are committed and read by others; received bytes are not.
        let mut files = match self.signatures {
            SignaturePolicy::Withhold => FileSet::shared(run.existing()),
            SignaturePolicy::Keep => FileSet::new(run.existing()),
        };
        let mut summary = ExportSummary::default();
        let mut written = Vec::new();
        for (at, ((id, name), path)) in names.into_iter().zip(paths).enumerate() {
            run.tell(ExportEvent::Progress(at))?;
            match self.fixture(run.reader, id, &name)?.fixture {
                Ok(fixture) => {
                    files.add(&path, fixture.text().as_bytes())?;
                    summary.note(&fixture);
                    written.push(path);
                }
                Err(left_out) => run.leave_out(&mut summary, id, left_out)?,
            }
        }
        if summary.count == 0 {
            return Ok(summary);
        }
        if let Some(language) = run.request.loader {
            let plain = self.known.providers.iter().filter(|one| is_plain(one));
            let used: Vec<&str> = plain
                .map(|provider| provider.name.as_str())
                .filter(|name| summary.keys.contains_key(*name))
                .collect();
            let package = (language == LoaderLanguage::Go).then(|| go_package(folder)).flatten();
            let place = LoaderPlace { folder, go_package: package.as_deref() };
            for LoaderFile { path, text } in loader::files(language, place, &used) {
                let path = loader_path(folder, &path);
                files.add(&path, text.as_bytes())?;
                written.push(path);
            }
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
        name: &str,
    ) -> Result<MadeFixture, ExportError> {
        Ok(match reader.delivery(id)? {
            Some(delivery) => self.maker.make(&delivery, name),
            None => MadeFixture { fixture: Err(LeftOut::new(GONE)), review: Review::default() },
        })
    }

    /// Reports what an export would change and leave out, without writing anything. Blocks.
    pub fn preview(
        &mut self,
        reader: &StoreReader,
        request: &ExportRequest<'_>,
        events: &mpsc::Sender<ExportEvent>,
    ) -> Result<ExportSummary, ExportError> {
        let run = Run { reader, request, events };
        let mut summary = ExportSummary::default();
        for (at, &id) in request.ids.iter().enumerate() {
            run.tell(ExportEvent::Progress(at))?;
            let made = match &request.format.layout {
                ExportLayout::Folder => {
                    let MadeFixture { fixture, review } =
                        self.fixture(reader, id, "preview.001")?;
                    fixture.map(|fixture| (summary.note(&fixture), review))
                }
                ExportLayout::Stream(stream) => self
                    .entry(reader, stream, id, "preview")?
                    .map(|(_, review)| (summary.count += 1, review)),
            };
            match made {
                Ok(((), review)) => {
                    run.tell(ExportEvent::Review { id, review: Box::new(review) })?;
                }
                Err(left_out) => run.leave_out(&mut summary, id, left_out)?,
            }
        }
        Ok(summary)
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
        let failed = |error| ExportError::write(path, error);
        if let Some(device) = private_file::open_device(path).map_err(failed)? {
            return self.device(run, stream, path, device);
        }
        run.check(&[path])?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            prepare(folder)?;
        }
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

    /// Writes to a device or a pipe, which has no files next to it.
    fn device(
        &mut self,
        run: &Run<'_>,
        stream: &Stream,
        path: &Path,
        device: File,
    ) -> Result<ExportSummary, ExportError> {
        let mut out = BufWriter::new(device);
        let written = self.stream(run, stream, &mut Sink { out: &mut out, beside: None });
        let summary = written.map_err(|error| match error {
            ExportError::Output(error) => ExportError::write(path, error),
            error => error,
        })?;
        out.flush().map_err(|error| ExportError::write(path, error))?;
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
                Ok((entry, _)) if entry.file.is_some() && sink.beside.is_none() => {
                    let reason = "its body needs a file of its own; name the .http file with --out";
                    Err(LeftOut::new(reason))
                }
                entry => entry,
            };
            match entry {
                Ok((entry, _)) => {
                    let before = if summary.count == 0 { stream.begin } else { stream.between };
                    sink.write(before)?;
                    sink.write_entry(&entry)?;
                    summary.count += 1;
                }
                Err(left_out) => run.leave_out(&mut summary, id, left_out)?,
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
    ) -> Result<Result<(Entry, Review), LeftOut>, ExportError> {
        let Some(delivery) = reader.delivery(id)? else { return Ok(Err(LeftOut::new(GONE))) };
        Ok(self.entry_of(delivery, stream, stem))
    }

    fn entry_of(
        &mut self,
        delivery: Delivery,
        stream: &Stream,
        stem: &str,
    ) -> Result<(Entry, Review), LeftOut> {
        if let Some(refusal) = &delivery.summary.request.refused
            && !stream.takes_refused
        {
            return Err(LeftOut::new(refusal.incomplete_reason()));
        }
        let is_redacted = self.redactor.is_some();
        let RedactedDelivery { delivery, originals, review } = self.redacted(delivery)?;
        let withholds = self.signatures == SignaturePolicy::Withhold
            && (is_redacted || !stream.keeps_credentials);
        let delivery = if withholds {
            without_credentials(&delivery, &self.known.providers)
        } else {
            delivery
        };
        let options = EntryOptions { base: &self.base, stem };
        let entry =
            (stream.entry)(&delivery, &options).map_err(|error| LeftOut::new(error.to_string()))?;
        let (head, body) = (&delivery.head, &delivery.body);
        let leak = original_leak(&originals, &entry.text, head, body);
        let secrets = if withholds { self.known.secrets.as_slice() } else { &[] };
        match leak.or_else(|| secret_leak(secrets, &entry.text, head, body)) {
            Some(reason) => Err(LeftOut::unsafe_because(reason)),
            None => Ok((entry, review)),
        }
    }

    fn redacted(&mut self, delivery: Delivery) -> Result<RedactedDelivery, LeftOut> {
        let Some(redactor) = &mut self.redactor else {
            let (originals, review) = (BTreeMap::new(), Review::default());
            return Ok(RedactedDelivery { delivery, originals, review });
        };
        let Delivery { mut summary, head, body, attempts: _ } = delivery;
        let provider = self.known.named(&summary.provider);
        let spare = provider.map(Provider::signature_headers).unwrap_or_default();
        let redacted = redactor.redact(&head, &body, &spare);
        let redacted = redacted.map_err(|error| LeftOut::unsafe_because(error.to_string()))?;
        let Redacted { head, body, originals, replaced, stays, counts: _ } = redacted;
        summary.request.peer = None;
        summary.request.target = head.target_text().into_owned();
        summary.request.body_size = body.len() as u64;
        if let Some(provider) = provider {
            summary.event = provider.event(&head, &body);
        }
        let delivery = Delivery { summary, head, body, attempts: Vec::new() };
        Ok(RedactedDelivery { delivery, originals, review: Review { replaced, stays } })
    }
}

/// A redacted delivery, and the values that were replaced.
struct RedactedDelivery {
    delivery: Delivery,
    originals: BTreeMap<String, OriginalValue>,
    review: Review,
}

/// Destination of the entries of one file.
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

/// Returns the path of a loader's file; one that begins with `..` is in the folder above.
fn loader_path(folder: &Path, path: &Path) -> PathBuf {
    match path.strip_prefix("..") {
        Ok(path) => folder.parent().unwrap_or(Path::new("")).join(path),
        Err(_) => folder.join(path),
    }
}

/// Returns the package of the Go files in the folder above; none if there are none.
fn go_package(folder: &Path) -> Option<String> {
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    let entries = fs::read_dir(above.unwrap_or(Path::new("."))).ok()?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        path.extension().is_some_and(|ending| ending == "go") && !stem.starts_with("hookglass_")
    });
    paths.sort();
    paths.iter().find_map(|path| {
        let text = fs::read_to_string(path).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("package "))?;
        // The tests of a package may be in a package of their own.
        Some(line.split_whitespace().next()?.trim_end_matches("_test").to_owned())
    })
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
        let secrets = vec![Secret::new("TEST", "test-key-not-a-real-one")];
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
