//! A folder of fixtures.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{CliError, Job};
use crate::cli::atomic_file;
use crate::cli::progress::Progress;
use crate::delivery::{Delivery, DeliveryId, Summary};
use crate::formats::fixture::{Fixture, FixtureState};
use crate::formats::loader;
use crate::formats::name::Names;
use crate::ops::fixture::{FixtureMaker, MadeFixture, prove};
use crate::payload::escape;
use crate::provider::{Algorithm, Encoding, Provider, SecretForm, ValueLocation};
use crate::redact::Redaction;

/// Rows read at a time.
const PAGE: usize = 500;

pub(super) fn run(job: &Job<'_>) -> Result<(), CliError> {
    let Some(folder) = &job.args.out else {
        return Err(CliError::usage(
            "fixtures are files, so name their folder: --out test/fixtures".to_owned(),
        ));
    };
    let names = names(job)?;
    let paths: Vec<PathBuf> = names.iter().map(|(_, name)| path(folder, name)).collect();
    let test = job.args.with.map(|language| folder.join(language.file_name()));
    atomic_file::check(&paths, job.args.existing())?;
    atomic_file::check(test.as_slice(), job.args.existing())?;
    let mut stderr = io::stderr();
    if job.args.keep_signature {
        writeln!(
            stderr,
            "hookglass: nothing is redacted, and the signatures are those of your real secret: \
             keep these files to yourself"
        )?;
    }
    let providers: Vec<Provider> = job.config.providers().cloned().collect();
    let redaction = Redaction::new(&job.args.redact);
    let mut maker = FixtureMaker::new(redaction, providers.clone(), job.secrets());
    if job.args.keep_signature {
        maker = maker.keeping_signatures();
    }
    fs::create_dir_all(folder).map_err(|error| atomic_file::cannot_write(folder, error))?;
    let mut done = Done::default();
    let mut progress = Progress::new("exporting", names.len());
    for ((id, name), path) in names.iter().zip(&paths) {
        progress.step();
        let found = job.reader.delivery(*id).map_err(CliError::environment)?;
        // One that has been deleted since is no longer there to be exported.
        let Some(delivery) = found else { continue };
        match one(&mut maker, &providers, &delivery, (name, path))? {
            Ok(fixture) => {
                writeln!(io::stdout(), "{}", path.display())?;
                done.note(&fixture);
            }
            Err(reason) => {
                progress.clear();
                writeln!(stderr, "hookglass: left out delivery {id}: {}", escape(&reason))?;
            }
        }
    }
    drop(progress);
    if let (Some(language), Some(path)) = (job.args.with, test) {
        let plain = providers.iter().filter(|one| is_plain(one)).map(name);
        let used: Vec<&str> = plain.filter(|name| done.keys.contains_key(*name)).collect();
        atomic_file::replace(&path, loader::text(language, &used).as_bytes())?;
        writeln!(io::stdout(), "{}", path.display())?;
        writeln!(stderr, "hookglass: `{}` runs {}", language.runner(), path.display())?;
    }
    done.tell(folder)
}

fn name(provider: &Provider) -> &str {
    &provider.name
}

/// Whether a provider signs the body alone, with HMAC-SHA256 as hex under the text of its secret.
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

/// The name of each delivery, whatever becomes of it.
fn names(job: &Job<'_>) -> Result<Vec<(DeliveryId, String)>, CliError> {
    let mut names = Names::default();
    let mut found = Vec::with_capacity(job.ids.len());
    for page in job.ids.chunks(PAGE) {
        let rows = job.reader.summaries(page).map_err(CliError::environment)?;
        let name =
            |row: Summary| (row.id, names.next(&row.provider, row.event.event_type.as_deref()));
        found.extend(rows.into_iter().map(name));
    }
    Ok(found)
}

fn path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.json"))
}

/// Makes a fixture, writes it, reads it back and verifies it; or says why there is none.
fn one(
    maker: &mut FixtureMaker,
    providers: &[Provider],
    delivery: &Delivery,
    (name, path): (&str, &Path),
) -> Result<Result<Fixture, String>, CliError> {
    let unproved = |reason: String| {
        let id = delivery.summary.id;
        CliError::environment(format!("{name} (delivery {id}) is no sound fixture: {reason}"))
    };
    let made = maker.make(delivery, name).map_err(|error| unproved(error.to_string()))?;
    let fixture = match made {
        MadeFixture::Fixture(fixture) => fixture,
        MadeFixture::Skipped(reason) => return Ok(Err(reason)),
    };
    atomic_file::replace(path, fixture.text().as_bytes())?;
    let text = fs::read_to_string(path).map_err(|error| unproved(error.to_string()))?;
    let back = Fixture::read(&text).map_err(|error| unproved(error.to_string()))?;
    prove(&back, providers).map_err(|error| unproved(error.to_string()))?;
    Ok(Ok(back))
}

/// What was written.
#[derive(Default)]
struct Done {
    count: usize,
    redacted: BTreeMap<String, usize>,
    keys: BTreeMap<String, String>,
    unsigned: usize,
}

impl Done {
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

    fn tell(self, folder: &Path) -> Result<(), CliError> {
        let mut stderr = io::stderr();
        if self.count == 0 {
            return Err(CliError::negative(
                "there is no delivery that a fixture can be made of".to_owned(),
            ));
        }
        let noun = if self.count == 1 { "fixture" } else { "fixtures" };
        writeln!(
            stderr,
            "hookglass: wrote {} {noun} to {}, each read back and verified",
            self.count,
            folder.display()
        )?;
        if !self.redacted.is_empty() {
            let counts: Vec<String> =
                self.redacted.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
            writeln!(stderr, "hookglass: redacted: {}", escape(&counts.join(", ")))?;
        }
        if self.unsigned > 0 {
            writeln!(stderr, "hookglass: {} of them carry no signature", self.unsigned)?;
        }
        for (provider, key) in &self.keys {
            writeln!(stderr, "hookglass: the test key of {provider} is {key}")?;
        }
        Ok(())
    }
}
