//! `hookglass import`: deliveries from files.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;

use super::keyring::{Keyring, ProviderArgs};
use super::{CliError, StoreArgs};
use crate::delivery::{NewDelivery, RequestFacts, Source, UNKNOWN_PROVIDER};
use crate::formats::read::{self, RecordedRequest};
use crate::signature::{Subject, Verifier, verify};
use crate::store::Maintenance;

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// Fixtures, JSON lines, HAR, `.http`, raw requests, or folders of these; - is standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    provider: ProviderArgs,
}

pub(super) fn run(args: &ImportArgs) -> Result<(), CliError> {
    let mut recorded = Vec::new();
    let files = files(&args.paths)?;
    if files.iter().any(|path| path.as_os_str() == "-") {
        args.provider.secrets.leave_standard_input("PATH")?;
    }
    for path in &files {
        recorded.extend(read(path)?);
    }
    let judge = Judge::new(&args.provider)?;
    let new: Vec<NewDelivery> = recorded.into_iter().map(|one| judge.delivery(one)).collect();
    let path = args.store.path();
    let store = Maintenance::open(&path, "an import", true).map_err(CliError::environment)?;
    store.keep_all(&new).map_err(CliError::environment)?;
    let (count, noun) = (new.len(), if new.len() == 1 { "delivery" } else { "deliveries" });
    writeln!(io::stderr(), "hookglass: imported {count} {noun} into {}", path.display())?;
    Ok(())
}

/// Resolves paths to files, with the files of a folder sorted by name.
pub(super) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let unreadable = |error: io::Error| CliError::usage_in(path.display().to_string(), error);
        let mut inside = Vec::new();
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            let ending = file.extension().and_then(|ending| ending.to_str());
            if matches!(ending, Some("json" | "jsonl" | "ndjson" | "har" | "http" | "rest")) {
                inside.push(file);
            }
        }
        if inside.is_empty() {
            let what = "no .json, .jsonl, .har or .http file is in this folder";
            return Err(CliError::usage(format!("{}: {what}", path.display())));
        }
        inside.sort_by_cached_key(|path| numbered(path));
        found.extend(inside);
    }
    Ok(found)
}

/// Natural sort key: `x.999` before `x.1000`, and `Ping.1` before `ping.2`.
fn numbered(path: &Path) -> (String, u64, PathBuf) {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let before = stem.trim_end_matches(|digit: char| digit.is_ascii_digit()).to_owned();
    let number = stem.get(before.len()..).and_then(|digits| digits.parse().ok());
    (before.to_lowercase(), number.unwrap_or_default(), path.to_owned())
}

/// Reads a file or standard input.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, CliError> {
    let unreadable = |error: io::Error| CliError::usage_in(path.display().to_string(), error);
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map_err(unreadable)?;
        return Ok(bytes);
    }
    fs::read(path).map_err(unreadable)
}

fn read(path: &Path) -> Result<Vec<RecordedRequest>, CliError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let beside = |name: &str| fs::read(folder.join(name));
    read::read(&bytes(path)?, &beside).map_err(|error| {
        CliError::usage_in(format!("nothing was imported from {}", path.display()), error)
    })
}

/// Verifies imported deliveries that have no verdict in their file.
struct Judge {
    verifier: Verifier,
    /// For the events of requests whose file names the provider.
    providers: Vec<crate::provider::Provider>,
    now: Timestamp,
}

impl Judge {
    fn new(args: &ProviderArgs) -> Result<Self, CliError> {
        let Keyring { candidates, notes, warnings } = args.keyring()?;
        let mut stderr = io::stderr();
        for line in notes.iter().chain(&warnings) {
            writeln!(stderr, "hookglass: {line}")?;
        }
        let providers = args.config.load()?.providers().cloned().collect();
        #[expect(clippy::disallowed_methods, reason = "what has no time of its own came now")]
        let now = Timestamp::now();
        Ok(Self { verifier: Verifier::new(candidates), providers, now })
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
                verify(&known.scheme, secrets, &subject, received_at)
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
