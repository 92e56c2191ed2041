//! `hookglass providers`: supported providers and how each one signs.

use std::io::Write as _;

use clap::Args;

use super::CliError;
use super::keyring::ConfigArgs;
use crate::output;
use crate::provider::{Provider, Scheme, SecretForm};

#[derive(Debug, Args)]
pub(super) struct ProvidersArgs {
    /// Provider to describe
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn run(args: &ProvidersArgs) -> Result<(), CliError> {
    let config = args.config.load()?;
    let mut out = output::stdout();
    match &args.name {
        Some(name) => write!(out, "{}", explained(&config.named(name)?))?,
        None => {
            for Provider { name, title, scheme, .. } in config.providers() {
                writeln!(out, "{name:<20} {title:<28} {scheme}")?;
            }
        }
    }
    Ok(out.flush()?)
}

/// Describes a provider, including its exact signed payload.
fn explained(provider: &Provider) -> String {
    let scheme = &provider.scheme;
    let mut lines = vec![
        format!("{} ({})", provider.title, provider.name),
        format!("signs      {scheme}"),
        format!("content    {}", scheme.signed),
        format!("secret     {}, from {}", secret(scheme), provider.secret_env),
        format!("time       {}", time(scheme)),
    ];
    if !scheme.covers_body {
        lines.push("warning    the signature says nothing about the body".to_owned());
    }
    let samples: Vec<&str> = provider.samples.iter().map(|sample| sample.kind.as_str()).collect();
    if !samples.is_empty() {
        lines.push(format!("samples    {}", samples.join(", ")));
    }
    lines.join("\n") + "\n"
}

fn secret(scheme: &Scheme) -> String {
    let form = match scheme.secret {
        SecretForm::Utf8 => "its bytes are the key",
        SecretForm::Utf8Nfkd => "its bytes in the form NFKD are the key",
        SecretForm::Base64 => "base64 of the key",
        SecretForm::Base64IfPrefixed => "base64 of the key where it has the prefix, else the key",
        SecretForm::Hex => "hex of the key",
    };
    match scheme.secret_prefix.as_str() {
        "" => form.to_owned(),
        prefix => format!("{form}, behind `{prefix}`"),
    }
}

fn time(scheme: &Scheme) -> String {
    let Some(clock) = &scheme.timestamp else {
        return "none: the same bytes verify for ever".to_owned();
    };
    let limit = |seconds: Option<i64>, word: &str| match seconds {
        Some(seconds) => format!("at most {seconds} s {word}"),
        None => format!("any time {word}"),
    };
    let (old, ahead) = (limit(clock.max_age, "old"), limit(clock.max_ahead, "ahead"));
    format!("in {}, {old}, {ahead}", clock.from)
}
