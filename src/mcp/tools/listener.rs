//! `listener_status` and `start_listener`.

use std::sync::Arc;

use rmcp::handler::server::tool::ToolRoute;
use rmcp::schemars;
use rmcp::schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::mcp::tool::{Call, ToolEffect, ToolError, ToolName, route};
use crate::mcp::{Connection, ListenerOptions, Server};
use crate::signature::Credentials;
use crate::store::{self, RuleRequest, StoreReader};
use crate::task;

const STATUS: ToolName = ToolName {
    name: "listener_status",
    title: "Listener status",
    description: "Show whether a listener is running, its URLs, the providers whose secrets are \
        configured (names only), and where requests may be sent. Call this first.",
    effect: ToolEffect::Reads,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NoArguments {}

#[derive(Debug, Serialize, JsonSchema)]
struct StatusResult {
    running: bool,
    /// URL of the listener on this machine.
    url: Option<String>,
    /// URL that the provider sends to, if known.
    public_url: Option<String>,
    /// True if this connection started it. Otherwise it belongs to another process.
    started_here: bool,
    store: String,
    /// Id of the newest delivery, 0 if there is none. Pass it as `after` to `wait_for_delivery`.
    newest_id: i64,
    /// Providers with a secret.
    providers: Vec<ProviderView>,
    /// Number of providers that are recognized and have no secret configured.
    providers_without_secret: u64,
    /// Targets that requests may be sent to, besides loopback addresses.
    allow_send: Vec<String>,
    /// Response rules of the listener; the first match decides.
    rules: Vec<String>,
    /// Warnings, and what hookglass.toml makes the listener do.
    notes: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ProviderView {
    name: String,
    title: String,
    /// Names of the secrets, the current one first. The secrets themselves are never shown.
    secret_names: Vec<String>,
}

pub(super) fn status() -> ToolRoute<Connection> {
    route(STATUS, |call: Call, _: NoArguments| async move { state(&call.server).await })
}

async fn state(server: &Arc<Server>) -> Result<StatusResult, ToolError> {
    let own = server.own.get();
    let own_rules = own.as_ref().map(|own| own.rules.texts());
    let reading = Arc::clone(server);
    let (other, rules, newest) = task::blocking(move || {
        let path = &reading.setup.store;
        let newest = StoreReader::open(path).and_then(|reader| reader.last_id());
        let other = store::listener_of(path);
        let ask = || match &other {
            // An older listener does not answer this.
            Some(_) => store::listener_rules(path, RuleRequest::List).ok().flatten(),
            None => None,
        };
        let rules = own_rules.or_else(ask).unwrap_or_default();
        (other, rules, newest.map_or(0, |id| id.0))
    })
    .await;
    let shield = server.secrets_shield();
    let candidates = server.setup.credentials.iter();
    let has_secret = |one: &&Credentials| !one.secrets.is_empty();
    let providers: Vec<ProviderView> = candidates
        .filter(has_secret)
        .map(|one| ProviderView {
            name: one.provider.name.clone(),
            title: one.provider.title.clone(),
            secret_names: one.secrets.iter().map(|secret| shield.line(secret.name())).collect(),
        })
        .collect();
    let warnings = server.setup.warnings.iter();
    let notes = warnings.chain(own.iter().flat_map(|own| &own.notes));
    Ok(StatusResult {
        running: own.is_some() || other.is_some(),
        started_here: own.is_some(),
        url: own.as_ref().map(|own| own.url.clone()).or(other),
        public_url: own.as_ref().and_then(|own| own.public_url.get()),
        store: shield.line(&server.setup.store.display().to_string()),
        newest_id: newest,
        providers_without_secret: (server.setup.credentials.len() - providers.len()) as u64,
        providers,
        allow_send: server.setup.send_policy.names(),
        rules: rules.iter().map(|rule| shield.line(rule)).collect(),
        notes: notes.map(|note| shield.line(note)).collect(),
    })
}

const START: ToolName = ToolName {
    name: "start_listener",
    title: "Start a listener",
    description: "Start a listener on a loopback address. It verifies and stores every webhook, \
        and stops with this connection.",
    effect: ToolEffect::Adds,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StartArguments {
    /// Port on 127.0.0.1; a free one if absent.
    port: Option<u16>,
    /// Name of the provider; recognized for each delivery if absent.
    provider: Option<String>,
    /// URLs of applications that deliveries are forwarded to. The client gets the response of the
    /// first one.
    #[serde(default)]
    forward: Vec<String>,
    /// Response rules, as for `set_response_rule`.
    #[serde(default)]
    respond: Vec<String>,
    /// URL registered with the provider, for schemes that sign it.
    public_url: Option<String>,
    /// Respond with 401 unless the signature is verified.
    #[serde(default)]
    strict: bool,
}

pub(super) fn start() -> ToolRoute<Connection> {
    route(START, |call: Call, arguments: StartArguments| async move {
        let StartArguments { port, provider, forward, respond, public_url, strict } = arguments;
        let server = &call.server;
        for url in &forward {
            server.setup.send_policy.target(url)?;
        }
        let rules = respond.iter().map(|rule| super::rule::parse(rule).map(Arc::new));
        let rules = rules.collect::<Result<Vec<_>, _>>()?;
        let path = server.setup.store.clone();
        if server.own.get().is_none()
            && let Some(url) = task::blocking(move || store::listener_of(&path)).await
        {
            return Err(format!(
                "a listener of another process already has this store open, at {url}; use that one"
            )
            .into());
        }
        let port = port.unwrap_or(0);
        let options = ListenerOptions { port, provider, forward, rules, public_url, strict };
        server.own.start(Arc::clone(server), options).await?;
        state(server).await
    })
}
