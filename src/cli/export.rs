//! `hookglass export`: deliveries written down, as fixtures or for other tools.

mod fixtures;
mod stream;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::keyring::ConfigArgs;
use super::selection::FilterArgs;
use super::{CliError, StoreArgs};
use crate::config::{Config, secrets};
use crate::delivery::DeliveryId;
use crate::formats::loader::LoaderLanguage;
use crate::private_file::Existing;
use crate::redact::Instruction;
use crate::secret::Secret;
use crate::store::StoreReader;

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    config: ConfigArgs,
    /// In what form
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Format,
    /// The folder of fixtures, or the file of another format [default: standard output for those]
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// What to replace: `header:NAME`, `key:NAME`, `json:/path`, `email`, `phone`, `token`, `url` or
    /// `ip`; `,length` behind it keeps the length, `keep:` before it leaves such values; `none` is
    /// nothing but what is named. Fixtures are redacted in any case, other formats if this is given
    /// (`default` for the defaults)
    #[arg(long, value_name = "RULE")]
    redact: Vec<Instruction>,
    /// Write bytes and signatures as they came
    #[arg(long)]
    keep_signature: bool,
    /// Write a test beside the fixtures that reads them: node, python, rust, go, ruby or php
    #[arg(long, value_name = "LANGUAGE", value_parser = parse_language)]
    with: Option<LoaderLanguage>,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
    /// Where `http` and `curl` send to
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:4400")]
    base: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A file a delivery for tests: redacted, signed with a test key, verified
    Fixture,
    /// A JSON line a delivery, every byte as it came
    Jsonl,
    /// An HTTP Archive (1.2)
    Har,
    /// Requests for editors (.http)
    Http,
    /// Shell commands
    Curl,
}

fn parse_language(word: &str) -> Result<LoaderLanguage, String> {
    LoaderLanguage::from_word(word).ok_or_else(|| {
        let known = LoaderLanguage::ALL.map(LoaderLanguage::as_str).join(", ");
        format!("there is no test for `{word}`; known are {known}")
    })
}

impl ExportArgs {
    fn existing(&self) -> Existing {
        if self.force { Existing::Replace } else { Existing::Keep }
    }
}

pub(super) fn run(args: &ExportArgs) -> Result<(), CliError> {
    if args.keep_signature && !args.redact.is_empty() && args.redact != [Instruction::None] {
        return Err(CliError::usage(
            "--keep-signature writes bytes as they came, so nothing can be redacted; leave \
             --redact out"
                .to_owned(),
        ));
    }
    if args.with.is_some() && args.format != Format::Fixture {
        return Err(CliError::usage("--with reads fixtures; add --format fixture".to_owned()));
    }
    let config = args.config.load()?;
    let picking = args.filter.picking()?;
    let path = args.store.path();
    let reader = StoreReader::open(&path).map_err(CliError::environment)?;
    let ids = picking.ids(&reader, None)?;
    if ids.is_empty() {
        return Err(CliError::negative(format!(
            "no delivery in {} passes, so there is nothing to export",
            path.display()
        )));
    }
    let job = Job { args, config, reader, ids };
    match args.format {
        Format::Fixture => fixtures::run(&job),
        Format::Jsonl | Format::Har | Format::Http | Format::Curl => stream::run(&job),
    }
}

/// What is to be exported.
struct Job<'a> {
    args: &'a ExportArgs,
    config: Config,
    reader: StoreReader,
    ids: Vec<DeliveryId>,
}

impl Job<'_> {
    /// Every secret that is configured, to make sure that none is written. One that cannot be read
    /// is not in our hands, so it cannot be written either.
    fn secrets(&self) -> Vec<Secret> {
        let sources = self.config.providers().map(|provider| self.config.sources(provider));
        let found = sources.filter_map(|sources| secrets::load(&sources).ok());
        found.flat_map(|found| found.secrets).collect()
    }
}
