//! Builds requests from files, each with its key and expectations.

use std::io::{self, Write as _};
use std::path::Path;

use super::{CliError, ReplayArgs};
use crate::cli::keyring::Keyring;
use crate::config::Config;
use crate::error_chain::BoxError;
use crate::formats::fixture::{Expect, Fixture};
use crate::formats::read::{self, RecordedRequest};
use crate::ops::input;
use crate::ops::replay::{Case, Statuses, default_statuses};
use crate::outbound::Request;
use crate::payload::escape;
use crate::provider::Provider;
use crate::secret::Secret;
use crate::signature::Credentials;

/// Available keys and how each was used.
struct Keys {
    config: Config,
    keyring: Keyring,
    configured: usize,
    test: usize,
    unsigned: usize,
}

/// Loads the cases from the files, in order.
pub(super) fn load(args: &ReplayArgs) -> Result<Vec<Case>, CliError> {
    if args.paths.iter().any(|path| input::is_standard_input(path)) {
        args.provider.secrets.leave_standard_input("PATH")?;
    }
    let config = args.provider.config.load()?;
    let keyring = args.provider.keyring()?;
    let mut stderr = io::stderr();
    for line in keyring.notes.iter().chain(&keyring.warnings) {
        writeln!(stderr, "hookglass: {line}")?;
    }
    let mut keys = Keys { config, keyring, configured: 0, test: 0, unsigned: 0 };
    let mut cases = Vec::new();
    for path in input::files(&args.paths)? {
        for (name, fixture, recorded) in read(&path)? {
            if let Some(refusal) = &recorded.refused {
                let (name, reason) = (escape(&name), refusal.incomplete_reason());
                writeln!(stderr, "hookglass: left out {name}: {reason}")?;
                continue;
            }
            cases.push(keys.case(args, name, fixture.as_ref(), recorded)?);
        }
    }
    if cases.is_empty() {
        return Err(CliError::negative("there is no delivery that can be sent".to_owned()));
    }
    if !args.exact {
        keys.report()?;
    }
    Ok(cases)
}

type Read = (String, Option<Fixture>, RecordedRequest);

fn read(path: &Path) -> Result<Vec<Read>, CliError> {
    let bytes = input::bytes(path, &mut io::stdin())?;
    let shown = path.display();
    let unreadable = |error: BoxError| CliError::usage_in(shown.to_string(), error);
    let text = std::str::from_utf8(&bytes).ok();
    if let Some(text) = text.filter(|text| read::is_fixture(text)) {
        let (fixture, recorded) = read::fixture(text).map_err(|error| unreadable(error.into()))?;
        return Ok(vec![(fixture.name.clone(), Some(fixture), recorded)]);
    }
    let beside = |name: &str| input::beside(path, name);
    let found = read::read(&bytes, &beside).map_err(|error| unreadable(error.into()))?;
    let stem = path.file_name().unwrap_or_default().to_string_lossy();
    let named = |(at, recorded)| (format!("{stem}#{}", at + 1), None, recorded);
    Ok(found.into_iter().enumerate().map(named).collect())
}

impl Keys {
    fn case(
        &mut self,
        args: &ReplayArgs,
        name: String,
        fixture: Option<&Fixture>,
        recorded: RecordedRequest,
    ) -> Result<Case, CliError> {
        let verdict = recorded.signature.as_ref().map(|verdict| verdict.status);
        let expect = fixture.and_then(|fixture| fixture.expect.clone()).unwrap_or_default();
        let statuses = match (&expect, &args.expect) {
            (Expect { status: Some(text), .. }, _) => text
                .parse::<Statuses>()
                .map_err(|error| CliError::usage_in(format!("{name}: expect.status"), error))?,
            (_, Some(given)) => given.clone(),
            (_, None) => default_statuses(verdict),
        };
        let is_failed = verdict.is_some_and(crate::delivery::SignatureStatus::is_failed);
        let signer = if args.exact || is_failed {
            None
        } else {
            self.signer(recorded.provider.as_deref(), fixture)
        };
        let request = Request { head: recorded.head, body: recorded.body };
        let received_at = recorded.received_at;
        Ok(Case { name, request, received_at, signer, statuses, expect })
    }

    /// Returns the configured secret of a provider, or the fixture's own test key.
    fn signer(
        &mut self,
        provider: Option<&str>,
        fixture: Option<&Fixture>,
    ) -> Option<(Provider, Secret)> {
        let Self { config, keyring, .. } = self;
        let only = match keyring.candidates.as_slice() {
            [only] => Some(only),
            _ => None,
        };
        let named = |name: &str| {
            keyring.candidates.iter().find(|credentials| credentials.provider.name == name)
        };
        let credentials = provider.map_or(only, named);
        if let Some(Credentials { provider, secrets }) = credentials
            && let Some(secret) = secrets.first()
        {
            self.configured += 1;
            return Some((provider.clone(), secret.clone()));
        }
        let key = fixture.and_then(|fixture| fixture.signature.test_key.clone());
        let known = provider.and_then(|name| config.named(name).ok());
        if let (Some(known), Some(key)) = (known, key) {
            self.test += 1;
            return Some((known, Secret::new("the fixture's test key", key)));
        }
        self.unsigned += 1;
        None
    }

    fn report(&self) -> Result<(), CliError> {
        let mut stderr = io::stderr();
        for (count, how) in [
            (self.configured, "signed anew with the configured secret"),
            (self.test, "signed anew with the fixtures' own test keys"),
            (self.unsigned, "sent as they are, since there is no key for them"),
        ] {
            if count > 0 {
                writeln!(stderr, "hookglass: {count} {how}")?;
            }
        }
        Ok(())
    }
}
