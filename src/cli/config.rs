//! `hookglass config`: effective configuration and where each value comes from.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::hub;
use super::keyring::ConfigArgs;
use super::place::ChosenFile;
use super::{CliError, StoreArgs};
use crate::app::Preferences;
use crate::app::columns::ListColumn;
use crate::config::{Config, Dashboard, HubSettings, Switches, defaults};
use crate::formats::jsonl;
use crate::output;
use crate::payload::escape;
use crate::provider::Provider;
use crate::units;

#[derive(Debug, Args)]
pub(super) struct ConfigCommandArgs {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    store: StoreArgs,
    /// Print a commented configuration file with all defaults
    #[arg(long)]
    print_default: bool,
    /// Print one JSON object
    #[arg(long, short, conflicts_with = "print_default")]
    json: bool,
}

/// A setting, its value, and its source.
type Row = (String, String, String);

pub(super) fn run(args: &ConfigCommandArgs) -> Result<(), CliError> {
    let mut out = output::stdout();
    if args.print_default {
        out.write_all(defaults::TEXT.as_bytes())?;
        return Ok(());
    }
    let config = args.config.load()?;
    let rows = rows(args, &config);
    if args.json {
        let settings: Vec<_> = rows
            .iter()
            .map(|(name, value, source)| json!({"name": name, "value": value, "source": source}))
            .collect();
        let object = json!({"schema": "hookglass.config/1", "settings": settings});
        return Ok(writeln!(out, "{}", jsonl::value_line(&object))?);
    }
    let wide = |column: fn(&Row) -> &str| {
        rows.iter().map(|row| column(row).chars().count()).max().unwrap_or_default()
    };
    let (name, value) = (wide(|row| &row.0), wide(|row| &row.1));
    for (setting, said, from) in &rows {
        writeln!(out, "{setting:<name$}  {said:<value$}  {from}")?;
    }
    Ok(())
}

fn rows(args: &ConfigCommandArgs, config: &Config) -> Vec<Row> {
    let row = |name: &str, value: &str, from: &str| {
        (escape(name).into_owned(), escape(value).into_owned(), from.to_owned())
    };
    let ChosenFile { path, origin } = args.config.place();
    let shown = path.display().to_string();
    let from = origin.as_str();
    let there = if path.exists() { shown.clone() } else { format!("{shown} (does not exist)") };
    let mut rows = vec![row("configuration", &there, from)];
    let names: Vec<String> = if config.provider.is_empty() {
        rows.push(row("provider", defaults::PROVIDER, "default"));
        vec![defaults::PROVIDER.to_owned()]
    } else {
        rows.push(row("provider", &config.provider.join(", "), &shown));
        config.provider.clone()
    };
    for provider in config.providers() {
        let sources = config.sources(provider);
        let is_named = names.contains(&provider.name) || is_default_sender(&names, provider);
        let is_configured = !sources.variables.is_empty() || !sources.files.is_empty();
        if !is_named && !is_configured {
            continue;
        }
        let from = if is_configured { shown.as_str() } else { "default" };
        let name = format!("{} secret", provider.name);
        let default = (!is_configured).then(|| sources.default_variable.clone());
        for variable in sources.variables.iter().chain(&default) {
            let set = std::env::var_os(variable).is_some_and(|value| !value.is_empty());
            let state = if set { "set" } else { "not set" };
            rows.push(row(&name, &format!("variable {variable} ({state})"), from));
        }
        for file in &sources.files {
            let state = if file.exists() { "there" } else { "not there" };
            rows.push(row(&name, &format!("file {} ({state})", file.display()), from));
        }
    }
    let ChosenFile { path, origin } = args.store.place();
    rows.push(row("store", &path.display().to_string(), origin.as_str()));
    let keep = config.keep.map(|keep| keep.to_string());
    let from = if keep.is_some() { shown.as_str() } else { "default" };
    rows.push(row("keep", keep.as_deref().unwrap_or("all deliveries"), from));
    let held = routing(config).into_iter().chain(dashboard(&config.dashboard));
    rows.extend(held.map(|(name, value, is_usual)| {
        row(&name, &value, if is_usual { "default" } else { &shown })
    }));
    rows.extend(hub(&config.hub, &shown));
    rows
}

/// Of all providers, only the secret of the one that is sent as by default is listed even if it is
/// not set.
fn is_default_sender(names: &[String], provider: &Provider) -> bool {
    let is_set = std::env::var_os(&provider.secret_env).is_some_and(|value| !value.is_empty());
    names == [defaults::PROVIDER] && (provider.name == defaults::SENDER || is_set)
}

/// A setting, its value, and whether it is the default.
type Setting = (String, String, bool);

/// Settings for responses, rules, and targets.
fn routing(config: &Config) -> Vec<Setting> {
    let (said, usual) = (config.switches, Switches::default());
    let word = |on: bool| if on { "on" } else { "off" }.to_owned();
    let mut found = vec![
        ("strict".to_owned(), word(said.strict), said.strict == usual.strict),
        ("handshakes".to_owned(), word(said.handshakes), said.handshakes == usual.handshakes),
    ];
    found.extend(config.forwards.iter().map(|forward| {
        let target = forward.target();
        let which =
            if forward.filter.is_all() { String::new() } else { format!("{} => ", forward.filter) };
        ("forward".to_owned(), format!("{which}{target}"), false)
    }));
    found.extend(config.rules.iter().map(|rule| ("respond".to_owned(), rule.to_string(), false)));
    found.extend(config.routes.iter().map(|source| {
        let provider = source.provider.as_deref().unwrap_or(defaults::PROVIDER);
        ("source".to_owned(), format!("{} = {provider}", source.path), false)
    }));
    let asked: Vec<String> = config.ngrok_api.iter().map(ToString::to_string).collect();
    let is_usual = config.ngrok_api == Config::default().ngrok_api;
    found.push(("ngrok api".to_owned(), asked.join(", "), is_usual));
    found
}

/// Settings of the hub, and the variables that replace them. Credentials are only named.
fn hub(settings: &HubSettings, shown: &str) -> Vec<Row> {
    let text = |value: &Option<String>| value.clone();
    let file = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let age = |age: Duration| units::format_age(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
    let rows = [
        ("url", Some(hub::URL), settings.url.as_ref().map(ToString::to_string)),
        ("stream", None, text(&settings.stream)),
        ("name", Some(hub::NAME), text(&settings.name)),
        ("creds", Some(hub::CREDS), file(&settings.creds)),
        ("nkey", Some(hub::NKEY), file(&settings.nkey)),
        ("ca", Some(hub::CA), file(&settings.ca)),
        ("cert", Some(hub::CERT), file(&settings.cert)),
        ("key", Some(hub::KEY), file(&settings.key)),
        ("replicas", None, settings.replicas.map(|count| count.to_string())),
        ("max age", None, settings.max_age.map(age)),
        ("max bytes", None, settings.max_bytes.map(units::format_size)),
    ];
    let rows = rows.into_iter().filter_map(|(name, variable, value)| {
        let set = variable.and_then(|variable| Some((hub::variable(variable)?, variable)));
        let (value, from) = set.or_else(|| Some((value?, shown)))?;
        Some((format!("hub {name}"), escape(&value).into_owned(), from.to_owned()))
    });
    let secrets = [("user", hub::USER), ("password", hub::PASSWORD), ("token", hub::TOKEN)];
    let secrets = secrets.into_iter().filter_map(|(name, variable)| {
        hub::variable(variable)?;
        Some((format!("hub {name}"), format!("variable {variable} (set)"), variable.to_owned()))
    });
    rows.chain(secrets).collect()
}

/// Settings of the dashboard; of the keys, only the rebound ones.
fn dashboard(said: &Dashboard) -> Vec<Setting> {
    let usual = Dashboard::default();
    let Preferences { keymap, views, volatile, columns, themes: _, arrangement: _ } =
        &said.preferences;
    let theme = said.theme_name.as_deref().unwrap_or(defaults::THEME);
    let columns = if columns.is_empty() { &ListColumn::USUAL[..] } else { columns };
    let names: Vec<String> =
        columns.iter().map(|column| column.as_str().replace(' ', "-")).collect();
    let mut found = vec![
        ("theme".to_owned(), theme.to_owned(), theme == defaults::THEME),
        ("glyphs".to_owned(), said.glyphs.name().to_owned(), said.glyphs == usual.glyphs),
        ("columns".to_owned(), names.join(", "), columns == ListColumn::USUAL),
    ];
    found.extend(volatile.names().map(|name| ("volatile".to_owned(), name, false)));
    let bound = keymap.rows().filter(|(binding, keys)| binding.keys != *keys);
    found.extend(bound.map(|(binding, keys)| {
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        let keys = if keys.is_empty() { "no key".to_owned() } else { keys.join(", ") };
        (format!("key {}.{}", binding.context.as_str(), binding.name), keys, false)
    }));
    let views = views.iter();
    found.extend(
        views.map(|(name, filter)| ("view".to_owned(), format!("{name}: {filter}"), false)),
    );
    found
}
