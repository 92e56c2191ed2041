//! `hookglass providers`: supported providers and how each one signs.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::keyring::ConfigArgs;
use super::selection::DeliveryRef;
use super::{CliError, StoreArgs, help};
use crate::config::secrets::{self, Sources};
use crate::config::{Config, add_provider};
use crate::formats::jsonl;
use crate::ops::fetch_key::{FetchedKey, fetch_key, key_address, newest_with_key};
use crate::ops::new_provider::{self, NewProvider, NewProviderError};
use crate::output;
use crate::provider::{Provider, Scheme, SecretForm};
use crate::store::StoreReader;
use crate::units;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct ProvidersArgs {
    #[command(subcommand)]
    command: Option<ProvidersCommand>,
    /// Provider to describe
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Print one JSON object
    #[arg(long, short)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Subcommand)]
enum ProvidersCommand {
    /// Download a provider's public keys, so that its signatures can be verified
    #[command(after_help = help::footer("providers fetch-key"))]
    FetchKey(FetchKeyArgs),
    /// Add a provider to the configuration, described from a stored delivery
    #[command(after_help = help::footer("providers new"))]
    New(NewArgs),
}

#[derive(Debug, Args)]
struct NewArgs {
    /// Name of the provider: lowercase letters, digits, and hyphens
    #[arg(value_name = "NAME")]
    name: String,
    /// Stored delivery: a number, or `last`
    #[arg(long, value_name = "DELIVERY")]
    from: DeliveryRef,
    /// Environment variable with the secret; the usual ways to sign are tried until one verifies
    /// [default: `NAME_WEBHOOK_SECRET`, if it is set]
    #[arg(long, value_name = "VAR")]
    secret_env: Option<String>,
    /// File with the secret, or - for standard input
    #[arg(long, value_name = "PATH", conflicts_with = "secret_env")]
    secret_file: Option<PathBuf>,
    /// Print the table without saving it
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Args)]
struct FetchKeyArgs {
    /// Provider that publishes its keys
    #[arg(value_name = "NAME")]
    name: String,
    /// Address of the key [default: the provider's, or that in its newest stored delivery]; it must
    /// be on one of the provider's hosts
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) fn run(args: &ProvidersArgs) -> Result<(), CliError> {
    match &args.command {
        Some(ProvidersCommand::FetchKey(args)) => fetch(args),
        Some(ProvidersCommand::New(args)) => new(args),
        None => describe(args),
    }
}

fn fetch(args: &FetchKeyArgs) -> Result<(), CliError> {
    let config = args.config.load()?;
    let provider = config.named(&args.name)?;
    let url = key_address(&provider, args.url.as_deref(), || {
        // Without a store, no delivery names a key.
        let reader = StoreReader::open(&args.store.path()).ok()?;
        newest_with_key(&reader, &provider)
    });
    let url = url.map_err(|error| CliError::usage(error.to_string()))?;
    let mut stderr = output::notes();
    writeln!(stderr, "downloading {url}")?;
    let folder = config.key_folder(&provider);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = runtime.block_on(fetch_key(&url, &folder)).map_err(CliError::environment)?;
    let FetchedKey { path, count, .. } = found;
    let noun = if count == 1 { "key" } else { "keys" };
    let mut out = output::stdout();
    writeln!(out, "{}: {count} {noun} of {}", path.display(), provider.title)?;
    Ok(out.flush()?)
}

/// Describes a provider from a delivery, and adds it to the configuration.
fn new(args: &NewArgs) -> Result<(), CliError> {
    let reader = StoreReader::open(&args.store.path()).map_err(CliError::environment)?;
    let id = args.from.one(&reader)?;
    let delivery = reader
        .delivery(id)
        .map_err(CliError::environment)?
        .ok_or_else(|| CliError::negative(format!("no delivery {id} (see `hookglass list`)")))?;
    let sources = Sources {
        variables: args.secret_env.iter().cloned().collect(),
        files: args.secret_file.iter().cloned().collect(),
        default_variable: new_provider::variable(&args.name),
        ..Sources::default()
    };
    let found = secrets::load(&sources).map_err(|error| CliError::usage(error.to_string()))?;
    let secret = found.secrets.first();
    let NewProvider { table, verified, .. } =
        new_provider::describe(&args.name, &delivery, secret).map_err(refused)?;
    let mut out = output::stdout();
    write!(out, "{table}")?;
    out.flush()?;
    let mut notes = output::notes();
    match verified {
        Some(how) => writeln!(notes, "hookglass: delivery {id} verifies: {how}")?,
        None => {
            writeln!(notes, "hookglass: nothing was verified; give the secret with --secret-env")?;
        }
    }
    if !args.dry_run {
        let path = args.config.path();
        add_provider(&path, &args.name, &table)
            .map_err(|error| CliError::usage(error.to_string()))?;
        writeln!(notes, "hookglass: added [providers.{}] to {}", args.name, path.display())?;
    }
    Ok(())
}

fn refused(error: NewProviderError) -> CliError {
    match error {
        NewProviderError::NothingVerifies { .. } => CliError::negative(error.to_string()),
        NewProviderError::Name(_) | NewProviderError::BuiltIn(_) | NewProviderError::Table(..) => {
            CliError::usage(error.to_string())
        }
    }
}

fn describe(args: &ProvidersArgs) -> Result<(), CliError> {
    let config = args.config.load()?;
    let mut out = output::stdout();
    if args.json {
        let providers = match &args.name {
            Some(name) => vec![object(&config, &*config.named(name)?)],
            None => config.providers().map(|provider| object(&config, provider)).collect(),
        };
        let object = json!({"schema": "hookglass.providers/1", "providers": providers});
        return Ok(writeln!(out, "{}", jsonl::value_line(&object))?);
    }
    match &args.name {
        Some(name) => {
            let provider = config.named(name)?;
            let variables = config.sources(&provider).variables;
            write!(out, "{}", explained(&provider, &variables))?;
        }
        None => {
            for provider in config.providers() {
                let Provider { name, title, scheme, .. } = &**provider;
                writeln!(out, "{name:<20} {title:<28} {}", **scheme)?;
            }
        }
    }
    Ok(out.flush()?)
}

/// Returns a provider as JSON.
fn object(config: &Config, provider: &Provider) -> Value {
    let schemes = provider.scheme.iter().map(|scheme| {
        let headers: Vec<&str> = scheme.signature_headers().collect();
        json!({
            "description": scheme.to_string(),
            "headers": headers,
            "signed": scheme.unchecked.is_none().then(|| scheme.signed.to_string()),
            "covers_body": scheme.covers_body,
        })
    });
    let variables = config.sources(provider).variables;
    let samples: Vec<&str> = provider.samples.iter().map(|sample| sample.kind.as_str()).collect();
    json!({
        "name": provider.name,
        "title": provider.title,
        "secret_variables":
            if variables.is_empty() { vec![provider.secret_env.clone()] } else { variables },
        "schemes": schemes.collect::<Vec<_>>(),
        "samples": samples,
        "docs": provider.docs,
    })
}

/// Describes a provider, including its exact signed payload.
fn explained(provider: &Provider, variables: &[String]) -> String {
    let mut lines = vec![format!("{} ({})", provider.title, provider.name)];
    let variables = match variables {
        [] => provider.secret_env.clone(),
        names => names.join(", "),
    };
    let many = provider.scheme.iter().count() > 1;
    for (number, scheme) in provider.scheme.iter().enumerate() {
        if many {
            lines.push(format!("scheme {}   {}", number + 1, selected_by(scheme)));
        }
        lines.push(format!("signs      {scheme}"));
        if scheme.unchecked.is_none() {
            lines.push(format!("content    {}", scheme.signed));
            lines.push(format!("secret     {}, from {variables}", secret(scheme)));
            lines.push(format!("time       {}", time(scheme)));
        }
        if let Some(sentence) = scheme.uncovered() {
            lines.push(format!("warning    {sentence}"));
        }
    }
    for (what, places) in provider.event_places() {
        if !places.is_empty() {
            lines.push(format!("{what:<10} {places}"));
        }
    }
    for handshake in &provider.handshakes {
        lines.push(format!("handshake  {} ({})", handshake.kind, handshake.method.join(", ")));
    }
    if let (Some(kind), body) = (&provider.response.content_type, &provider.response.body) {
        lines.push(format!("response   {} {kind}: {body}", provider.response.status));
    }
    let samples: Vec<&str> = provider.samples.iter().map(|sample| sample.kind.as_str()).collect();
    if !samples.is_empty() {
        lines.push(format!("samples    {}", samples.join(", ")));
    }
    if let Some(docs) = &provider.docs {
        lines.push(format!("docs       {docs}"));
    }
    lines.join("\n") + "\n"
}

/// Describes which requests are signed by a scheme.
fn selected_by(scheme: &Scheme) -> String {
    let kind = scheme.content_type.iter().map(|kind| format!("content type {kind}"));
    let when = scheme.when.iter().map(ToString::to_string);
    let all: Vec<String> = kind.chain(when).collect();
    if all.is_empty() {
        return format!("if {} is there", scheme.signature_place());
    }
    format!("if {}", all.join(" and "))
}

fn secret(scheme: &Scheme) -> String {
    let is_public = scheme.algorithm.is_asymmetric();
    let form = match scheme.secret {
        SecretForm::Base64 if is_public => "base64 of the public key",
        SecretForm::Hex if is_public => "hex of the public key",
        SecretForm::Utf8 => "its bytes are the key",
        SecretForm::Utf8Html => "its bytes are the key, with HTML entities decoded",
        SecretForm::Utf8Nfkd => "its bytes in the form NFKD are the key",
        SecretForm::Base64 => "base64 of the key",
        SecretForm::Base64IfPrefixed => "base64 of the key if it has the prefix, else the key",
        SecretForm::Hex => "hex of the key",
        SecretForm::PublicKey => {
            "the public key or certificate: PEM, JSON Web Keys, or base64 of DER"
        }
    };
    match scheme.secret_prefix.as_str() {
        "" => form.to_owned(),
        prefix => format!("{form}, after `{prefix}`"),
    }
}

fn time(scheme: &Scheme) -> String {
    let Some(clock) = &scheme.timestamp else {
        return "none: the same bytes verify at any time".to_owned();
    };
    let age = |seconds: i64| units::format_age(seconds);
    let tolerance = match (clock.max_age, clock.max_ahead) {
        (None, None) => "any time is accepted".to_owned(),
        (Some(old), None) => format!("at most {} old; a time in the future is accepted", age(old)),
        (None, Some(ahead)) => format!("at most {} in the future; any age is accepted", age(ahead)),
        (Some(old), Some(ahead)) if old == ahead => {
            format!("at most {} old or in the future", age(old))
        }
        (Some(old), Some(ahead)) => {
            format!("at most {} old, or {} in the future", age(old), age(ahead))
        }
    };
    format!("in {}, {tolerance}", clock.from)
}
