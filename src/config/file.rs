//! `hookglass.toml`: custom providers, locations of secrets, routing, and responses.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

use super::dashboard::{self, Dashboard, SettingMistake};
use super::hub::HubSettings;
use super::mistakes::{self, ConfigMistake, Found};
use super::routing::{ForwardTo, RespondWith, Switches};
use super::secrets::Sources;
use super::source::{SourceConfig, SourceTable};
use crate::error_chain;
use crate::input_file;
use crate::outbound::Target;
use crate::private_file;
use crate::provider::{self, CustomProvider, Provider, ProviderError, SecretForm};
use crate::respond::ResponseRule;
use crate::store::Keep;
use crate::tunnel;

/// Default file in the current folder, read if it exists.
pub const DEFAULT: &str = "hookglass.toml";

/// Contents of the file.
#[derive(Debug)]
pub struct Config {
    /// Providers to listen for unless a flag names others.
    pub provider: Vec<String>,
    pub dashboard: Dashboard,
    /// Targets, in the order in which they are tried.
    pub forwards: Vec<ForwardTo>,
    /// Rules, in the order in which they are tried.
    pub rules: Vec<ResponseRule>,
    pub switches: Switches,
    /// Deliveries that a listener keeps.
    pub keep: Option<Keep>,
    /// APIs of running ngrok agents, which list their tunnels.
    pub ngrok_api: Vec<Target>,
    /// Paths with their own provider and secrets.
    pub routes: Vec<SourceConfig>,
    pub hub: HubSettings,
    /// Custom providers.
    own: Vec<Arc<Provider>>,
    /// Locations of the secrets, by provider.
    sources: BTreeMap<String, Sources>,
    /// Folder of the file.
    folder: PathBuf,
}

/// Size limit of a configuration.
const MAX_SIZE: u64 = 4 << 20;

/// Folder with the downloaded keys of providers, next to the configuration.
const KEY_FOLDER: &str = ".hookglass/keys";

/// Reason why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration {path}: {source}")]
    Unreadable { path: String, source: io::Error },
    /// All mistakes, in the order of lines.
    #[error("{}", mistake_list(path, mistakes))]
    Mistakes { path: String, mistakes: Vec<ConfigMistake> },
}

/// Returns the header of the first dashboard table.
fn dashboard_span(text: &str) -> Range<usize> {
    let header = "[dashboard";
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let blank = line.len() - line.trim_start().len();
        if line.trim_start().starts_with(header) {
            return start + blank..start + blank + header.len();
        }
        start += line.len();
    }
    0..0
}

fn mistake_list(path: &str, mistakes: &[ConfigMistake]) -> String {
    let lines: Vec<String> = mistakes.iter().map(|mistake| format!("{path}, {mistake}")).collect();
    lines.join("\n")
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, deserialize_with = "provider::one_or_more")]
    provider: Vec<String>,
    #[serde(default)]
    providers: BTreeMap<String, Spanned<CustomProvider>>,
    #[serde(default)]
    dashboard: dashboard::DashboardTable,
    #[serde(default)]
    forward: Vec<ForwardTo>,
    #[serde(default)]
    respond: Vec<Spanned<RespondWith>>,
    #[serde(default)]
    source: Vec<Spanned<SourceTable>>,
    handshakes: Option<bool>,
    strict: Option<bool>,
    #[serde(default)]
    tunnel: TunnelTable,
    #[serde(default)]
    store: StoreTable,
    #[serde(default)]
    hub: HubSettings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StoreTable {
    #[serde(deserialize_with = "limit")]
    keep: Option<Keep>,
}

fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Keep>, D::Error> {
    deserializer.deserialize_any(LimitVisitor).map(Some)
}

/// Reads a limit as text or as a number of deliveries.
struct LimitVisitor;

impl de::Visitor<'_> for LimitVisitor {
    type Value = Keep;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a limit, e.g. \"100k\", \"10GiB\", or \"30d\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Keep, E> {
        Keep::for_listener(text).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, count: i64) -> Result<Keep, E> {
        self.visit_str(&count.to_string())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TunnelTable {
    #[serde(deserialize_with = "targets")]
    ngrok_api: Vec<Target>,
}

impl Default for TunnelTable {
    fn default() -> Self {
        Self { ngrok_api: tunnel::NGROK_API.parse().into_iter().collect() }
    }
}

fn targets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Target>, D::Error> {
    let texts = provider::one_or_more::<D, String>(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(de::Error::custom)).collect()
}

impl Default for Config {
    fn default() -> Self {
        Self {
            provider: Vec::new(),
            dashboard: Dashboard::default(),
            forwards: Vec::new(),
            rules: Vec::new(),
            switches: Switches::default(),
            ngrok_api: TunnelTable::default().ngrok_api,
            keep: None,
            routes: Vec::new(),
            hub: HubSettings::default(),
            own: Vec::new(),
            sources: BTreeMap::new(),
            folder: PathBuf::new(),
        }
    }
}

/// Reads the text of a configuration.
fn text_of(file: fs::File) -> io::Result<String> {
    let bytes = input_file::read_all(file, MAX_SIZE)?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

impl Config {
    /// Reads the given file, or the default one if it exists.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let shown = path.unwrap_or(Path::new(DEFAULT));
        let opened = match path {
            Some(path) => fs::File::open(path),
            None => private_file::open_regular(shown),
        };
        match (opened.and_then(text_of), path) {
            (Ok(text), _) => Self::read(&text, shown),
            (Err(error), None) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            (Err(source), _) => {
                Err(ConfigError::Unreadable { path: shown.display().to_string(), source })
            }
        }
    }

    /// Reads a file that was found, not named: someone else may have put it there.
    pub fn load_found(path: &Path) -> Result<Self, ConfigError> {
        let text = private_file::open_regular(path).and_then(text_of).map_err(|source| {
            ConfigError::Unreadable { path: path.display().to_string(), source }
        })?;
        Self::read(&text, path)
    }

    /// Adds sources with their targets and rules, which take precedence over those for all
    /// deliveries. Returns the providers that they name.
    fn read_sources(
        &mut self,
        tables: Vec<Spanned<SourceTable>>,
        text: &str,
        folder: &Path,
        mistakes: &mut Vec<ConfigMistake>,
    ) -> Vec<(Range<usize>, String)> {
        let mut named = Vec::new();
        let mut forwards = Vec::new();
        for table in tables {
            let span = table.span();
            match table.into_inner().read(folder) {
                Ok(read) => {
                    let path = &read.source.path;
                    if self.routes.iter().any(|known| known.path == *path) {
                        let reason = format!("the path `{path}` has a source already; remove one");
                        mistakes.push(ConfigMistake::at(text, span.clone(), "source", reason));
                    }
                    let provider = read.source.provider.iter();
                    named.extend(provider.map(|name| (span.clone(), name.clone())));
                    self.routes.push(read.source);
                    forwards.extend(read.forwards);
                    self.rules.extend(read.rules);
                }
                Err(error) => {
                    let reason = error_chain::with_sources(&error);
                    mistakes.push(ConfigMistake::at(text, span, "source", reason));
                }
            }
        }
        self.forwards.splice(0..0, forwards);
        named
    }

    fn read(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let Found { value, mut mistakes } = mistakes::read::<File>(text);
        let file = value.unwrap_or_default();
        let dashboard = file.dashboard.read().unwrap_or_else(|found| {
            mistakes.extend(found.into_iter().map(|SettingMistake { span, reason }| {
                ConfigMistake::at(text, span.unwrap_or_else(|| dashboard_span(text)), "", reason)
            }));
            Dashboard::default()
        });
        let usual = Switches::default();
        let mut config = Self {
            provider: file.provider,
            dashboard,
            forwards: file.forward,
            switches: Switches {
                handshakes: file.handshakes.unwrap_or(usual.handshakes),
                strict: file.strict.unwrap_or(usual.strict),
            },
            ngrok_api: file.tunnel.ngrok_api,
            keep: file.store.keep,
            ..Self::default()
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        folder.clone_into(&mut config.folder);
        config.hub = file.hub.below(folder);
        let named = config.read_sources(file.source, text, folder, &mut mistakes);
        for respond in file.respond {
            let span = respond.span();
            match respond.into_inner().rule(folder) {
                Ok(rule) => config.rules.push(rule),
                Err(error) => {
                    let reason = error_chain::with_sources(&error);
                    mistakes.push(ConfigMistake::at(text, span, "respond", reason));
                }
            }
        }
        config.read_providers(file.providers, text, folder, &mut mistakes);
        let has_broken = mistakes.iter().any(|known| known.place.starts_with("providers."));
        // A source may name one of the broken providers.
        let checked = if has_broken { Vec::new() } else { named };
        for (span, name) in checked {
            if let Err(error) = config.named(&name) {
                mistakes.push(ConfigMistake::at(text, span, "source", error.to_string()));
            }
        }
        if mistakes.is_empty() {
            return Ok(config);
        }
        mistakes.sort_by_key(|mistake| mistake.diagnostic.line());
        Err(ConfigError::Mistakes { path: path.display().to_string(), mistakes })
    }

    /// Adds custom providers, and the locations of secrets.
    fn read_providers(
        &mut self,
        tables: BTreeMap<String, Spanned<CustomProvider>>,
        text: &str,
        folder: &Path,
        mistakes: &mut Vec<ConfigMistake>,
    ) {
        let mut parents = Vec::new();
        for (name, declared) in tables {
            let span = declared.span();
            let declared = declared.into_inner();
            let files = declared.secret_file.iter().map(|file| folder.join(file));
            let sources = Sources {
                variables: declared.secret_env.clone(),
                files: files.collect::<Vec<PathBuf>>(),
                default_variable: String::new(),
                key_folder: None,
                table: Some(format!("providers.{name}")),
            };
            if !sources.variables.is_empty() || !sources.files.is_empty() {
                self.sources.insert(name.clone(), sources);
            }
            let place = format!("providers.{name}");
            // A mistake inside a table may be the table's only one.
            if mistakes.iter().any(|known| known.place.starts_with(&place)) {
                continue;
            }
            match declared.provider(&name) {
                Ok(own) => {
                    let relatives = own.iter().flat_map(|own| [&own.alias_of, &own.weaker_than]);
                    let relatives = relatives.flatten().cloned();
                    parents.extend(relatives.map(|other| (name.clone(), span.clone(), other)));
                    self.own.extend(own.map(Arc::new));
                }
                Err(reason) => {
                    mistakes.push(ConfigMistake::at(text, span, place, reason.to_string()));
                }
            }
        }
        for (name, span, parent) in parents {
            let known: Vec<&str> = self.provider_names().collect();
            if !known.contains(&parent.as_str()) {
                let error = ProviderError::unknown(&parent, &known);
                let place = format!("providers.{name}");
                mistakes.push(ConfigMistake::at(text, span, place, error.to_string()));
            }
        }
    }

    /// Iterates over all providers, custom ones first. A custom provider hides a built-in one of
    /// the same name.
    pub fn providers(&self) -> impl Iterator<Item = &Arc<Provider>> {
        let hidden = |name: &str| self.own.iter().any(|own| own.name == name);
        let known = provider::all().iter().filter(move |one| !hidden(&one.name));
        self.own.iter().chain(known)
    }

    /// Iterates over the names of all providers without reading their files.
    pub fn provider_names<'c>(&'c self) -> impl Iterator<Item = &'c str> {
        let hidden = |name: &str| self.own.iter().any(|own| own.name == name);
        let known = provider::names().filter(move |name| !hidden(name));
        self.own.iter().map(|own| own.name.as_str()).chain(known.map(|name| -> &'c str { name }))
    }

    /// Returns a provider by name.
    pub fn named(&self, name: &str) -> Result<Arc<Provider>, ProviderError> {
        let own = self.own.iter().find(|own| own.name == name);
        let known = || {
            Provider::named(name).map(Arc::new).map_err(|error| match error {
                ProviderError::Unknown { .. } => {
                    let known: Vec<&str> = self.provider_names().collect();
                    ProviderError::unknown(name, &known)
                }
                error => error,
            })
        };
        own.cloned().map_or_else(known, Ok)
    }

    /// Returns the locations of a provider's secrets.
    pub fn sources(&self, provider: &Provider) -> Sources {
        let bare =
            || Sources { default_variable: provider.secret_env.clone(), ..Sources::default() };
        let sources = self.sources.get(&provider.name).cloned().unwrap_or_else(bare);
        let takes_keys = provider.scheme.iter().any(|one| one.secret == SecretForm::PublicKey);
        Sources { key_folder: takes_keys.then(|| self.key_folder(provider)), ..sources }
    }

    /// Returns the folder for the public keys of a provider.
    pub fn key_folder(&self, provider: &Provider) -> PathBuf {
        self.folder.join(KEY_FOLDER).join(&provider.name)
    }

    /// Iterates over the files that secrets are read from.
    pub fn secret_files(&self) -> impl Iterator<Item = &Path> {
        let of_routes = self.routes.iter().filter_map(|route| route.secrets.as_ref());
        let all = self.sources.values().chain(of_routes);
        all.flat_map(|sources| &sources.files).map(PathBuf::as_path)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::outbound::ResponseTimeout;

    fn read(text: &str) -> Result<Config, String> {
        Config::read(text, Path::new("folder/hookglass.toml")).map_err(|error| error.to_string())
    }

    const OWN: &str = "provider = [\"my-shop\", \"github\"]\n\n[providers.my-shop.scheme]\n\
                       signature = \"header:x-my-shop-signature\"\n\n\
                       [providers.github]\nsecret_env = [\"NEW\", \"OLD\"]\nsecret_file = \"k\"\n";

    #[test]
    fn providers_and_secrets_are_read() {
        let config = read(OWN).unwrap();
        assert_eq!(config.provider, ["my-shop", "github"]);
        let own = config.named("my-shop").unwrap();
        assert_eq!(
            (own.title.as_str(), own.secret_env.as_str()),
            ("my-shop", "MY_SHOP_WEBHOOK_SECRET")
        );
        assert_eq!(config.sources(&own).default_variable, "MY_SHOP_WEBHOOK_SECRET");
        let github = config.sources(&config.named("github").unwrap());
        assert_eq!(github.variables, ["NEW", "OLD"]);
        assert_eq!(github.files, [Path::new("folder/k")]);
        assert_eq!(config.providers().count(), provider::all().len() + 1);
    }

    #[test]
    fn one_provider_needs_no_array() {
        assert_eq!(read("provider = \"github\"").unwrap().provider, ["github"]);
    }

    #[test]
    fn a_number_of_deliveries_to_keep_needs_no_quotes() {
        assert_eq!(read("[store]\nkeep = 3").unwrap().keep, Some(Keep::Count(3)));
    }

    #[test]
    fn targets_and_rules_are_read() {
        let config = read(
            "handshakes = false\nstrict = true\n[tunnel]\nngrok_api = [\"http://127.0.0.1:4041\"]\n\
             [[forward]]\nfilter = \"type:message.*\"\nurl = \"https://h/x\"\npreserve_host = true\n\
             add_headers = [\"X-A: b\"]\ninsecure = true\ntimeout = \"2s\"\nconcurrency = 1\nqueue = 9\n\
             [[respond]]\nfilter = \"type:x\"\nanswer = \"500x2,200\"\nbody = \"{{id}}\"\ndelay = \"1s\"\n\
             [[respond]]\nanswer = \"hold\"\n",
        )
        .unwrap();
        let [forward] = config.forwards.as_slice() else { panic!("{:?}", config.forwards) };
        assert_eq!(forward.filter.to_string(), "type:message.*");
        assert_eq!((forward.pace().at_once, forward.pace().waiting), (1, 9));
        assert!(forward.target().is_insecure());
        assert_eq!(forward.timeout, ResponseTimeout(Some(Duration::from_secs(2))));
        let rules: Vec<String> = config.rules.iter().map(ToString::to_string).collect();
        assert_eq!(rules, ["type:x => 500x2,200", "hold"]);
        assert_eq!(config.switches, Switches { handshakes: false, strict: true });
        assert_eq!(config.ngrok_api[0].to_string(), "http://127.0.0.1:4041");
        assert_eq!(read("").unwrap().ngrok_api[0].to_string(), tunnel::NGROK_API);
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let text = "provider = 1\ncolour = 2\n[providers.x]\ntitle = 3\n[providers.x.scheme]\n\
                    signature = \"header:x\"\nencodign = \"hex\"\n\
                    [providers.nobody]\nsecret_env = \"A\"\n";
        let error = read(text).expect_err(text);
        let lines: Vec<&str> = error.lines().collect();
        assert_eq!(lines.len(), 5, "{error}");
        for (line, parts) in lines.iter().zip([
            ["line 1,", "provider:"],
            ["line 2,", "colour:"],
            ["line 4,", "providers.x.title:"],
            ["line 7,", "did you mean `encoding`?"],
            ["line 8,", "`nobody` is not built in"],
        ]) {
            assert!(parts.iter().all(|part| line.contains(part)), "{parts:?}: {line}");
        }
        let each = "[[forward]]\nurl = \"x\"\n[[forward]]\n[[forward]]\nqueue = 0\n\
                    url = \"http://h\"\n";
        let error = read(each).unwrap_err();
        let lines: Vec<&str> = error.lines().collect();
        assert_eq!(lines.len(), 3, "{error}");
        for (line, part) in lines.iter().zip([
            "line 2, forward.url",
            "line 3, forward: missing",
            "line 5, forward.queue",
        ]) {
            assert!(line.contains(part), "{part}: {line}");
        }
        let broken = read("a = \nb = [1\n[x\n").unwrap_err();
        assert!(broken.contains("line 1"), "{broken}");
    }

    #[test]
    fn a_mistake_names_file_line_key_and_expected_value() {
        let scheme = "[providers.x.scheme]\nsignature = \"header:x-sig\"\n";
        for (text, says) in [
            ("[providers.x]\ntitle = 1", &["line 2", "title", "expected a text"][..]),
            (&format!("{scheme}encodign = \"hex\""), &["line 3", "encodign", "`encoding`"]),
            (&format!("{scheme}encoding = \"hexx\""), &["line 3", "hexx", "`hex`"]),
            (&format!("{scheme}signed = \"{{bdy}}\""), &["line 3", "{bdy}", "{body}"]),
            (
                &format!("{scheme}signed = \"{{timestamp}}\""),
                &["line 1", "providers.x", "timestamp"],
            ),
            ("\n[providers.acme]\nsecret_env = \"A\"", &["line 2", "scheme"]),
            ("[providers.github]\ntitle = \"G\"", &["line 1", "secret_env"]),
            ("[provider]\n", &["line 1", "expected a text, or an array of texts"]),
            ("\n[provider.acme]\ntitle = \"A\"", &["line 2", "write [providers.acme]"]),
            (
                "provider = [\"x\"]\n[provider.acme]\ntitle = \"A\"",
                &["line 2", "write [providers.acme]"],
            ),
            (
                &format!("{scheme}list = \",\"\npairs = [\",\", \"=\", \"v\"]"),
                &["`list` and `pairs`"],
            ),
            (&format!("{scheme}signed = \"${{body}}\""), &["line 3", "dollar sign"]),
            (
                &format!(
                    "{scheme}timestamp = {{ from = \"header:t\", unit = \"s\", max_age = -5 }}"
                ),
                &["`max_age = -5`", "0 or more"],
            ),
            (
                &format!(
                    "{scheme}timestamp = {{ from = \"header:t\", unit = \"s\", max_age = \"5m\" }}"
                ),
                &["line 3", "expected a whole number, found a text `5m`"],
            ),
            (&format!("{scheme}algorithm = \"md5\""), &["{{secret}}"]),
            (
                "[providers.x]\nalias_of = \"strype\"\n[providers.x.scheme]\nsignature = \
                 \"header:s\"",
                &["line 1", "unknown provider `strype`", "did you mean `stripe`?"],
            ),
            (
                "[providers.\"my shop\".scheme]\nsignature = \"header:s\"",
                &["line 1", "invalid name `my shop`"],
            ),
            (
                "[providers.x.scheme]\nsignature = \"header:s\"\n[providers.x.event]\n\
                 type = \"json:/t\"\n[[providers.x.sample]]\ntype = \"a\"\nbody = '{\"t\":\"b\"}'",
                &["the sample `a`", "`b`"],
            ),
            ("colour = 1", &["line 1", "colour", "`provider`"]),
            ("[[forward]]\nfilter = \"x\"", &["line 1", "url"]),
            ("[[forward]]\nurl = \"x\"", &["line 2", "invalid URL"]),
            (
                "[[forward]]\nurl = \"http://h\"\nfilter = \"typ:x\"",
                &["line 3", "did you mean `type:`"],
            ),
            (
                "[[forward]]\nurl = \"http://h\"\ntimeout = \"soon\"",
                &["line 3", "invalid duration `soon`"],
            ),
            ("[[forward]]\nurl = \"http://h\"\nconcurrency = 0", &["line 3", "1 or more"]),
            (
                "[[forward]]\nurl = \"http://h\"\nconcurrency = -1",
                &["line 3", "expected a whole number of 0 or more, found a whole number `-1`"],
            ),
            ("strict = 1", &["line 1", "expected true or false, found a whole number `1`"]),
            ("[dashboard]\n\ntheme = \"nihgt\"", &["line 3", "`nihgt`"]),
            ("[dashboard.views]\na = \"type:x\"\nb = \"typ:x\"", &["line 3", "`typ:`"]),
            ("[dashboard]\ncolumns = [\n\"time\",\n\"tyme\"]", &["line 4", "`tyme`"]),
            ("[dashboard.keys.list]\ndown = \"x\"\nup = \"hyper-x\"", &["line 3", "`hyper-x`"]),
            ("[dashboard.keys.anywhere]\nsuspend = []\nfilter = \"?\"", &["line 3", "`?` in"]),
            ("[dashboard.themes.t]\nbda = \"red\"", &["line 1", "`bda`"]),
            (
                "[[forward]]\nurl = \"http://h\"\nadd_headers = [\"Host: x\"]",
                &["line 3", "preserve-host"],
            ),
            ("\n[[respond]]\nanswer = \"500x\"", &["line 3", "column 5", "expected a count"]),
            ("\n[[respond]]\nheaders = [\"X\"]", &["line 3", "Name: value"]),
            ("\n[[respond]]\nbody = \"{{evnt}}\"", &["line 3", "{{event.id}}"]),
            ("\n[[respond]]\nfile = \"absent.json\"", &["line 2", "respond", "absent.json"]),
            ("[[respond]]\nfile = \"a\"\nbody = \"b\"", &["line 1", "exclude each other"]),
            ("[tunnel]\nngrok_api = \"ngrok\"", &["line 2", "ngrok", "invalid URL"]),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.starts_with("folder/hookglass.toml"), "{error}");
            for word in says {
                assert!(error.contains(word), "{word} is not in: {error}");
            }
        }
    }
}
