//! `set_response_rule`.

use std::path::Path;

use rmcp::handler::server::tool::ToolRoute;
use rmcp::schemars;
use rmcp::schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error_chain;
use crate::mcp::Connection;
use crate::mcp::tool::{Call, ToolEffect, ToolError, ToolName, route};
use crate::respond::{ResponseRule, RuleError};
use crate::store::{self, RuleRequest};
use crate::task;

const SET: ToolName = ToolName {
    name: "set_response_rule",
    title: "Set a response rule",
    description: "Choose the responses of the running listener, e.g. to test retries: `500`, \
        `503;retry-after=5`, `500x2,200`, `timeout`, `type:message.* => 500`, `pass` to forward. \
        The rule comes before the others, and the user sees it in the dashboard. Without a rule, \
        those that were set here are removed.",
    effect: ToolEffect::Adds,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetArguments {
    /// `[FILTER =>] SCRIPT`; absent to remove the rules that were set here.
    rule: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct SetResult {
    /// All rules; the first match decides.
    rules: Vec<String>,
}

pub(super) fn set() -> ToolRoute<Connection> {
    route(SET, |call: Call, arguments: SetArguments| async move {
        let server = &call.server;
        let rule = arguments.rule.as_deref().map(parse).transpose()?;
        let rules = if let Some(own) = server.own.get() {
            match rule {
                Some(rule) => own.rules.put_first_of_agent(rule).map_err(mistake)?,
                None => own.rules.remove_of_agents(),
            }
            own.rules.texts()
        } else {
            let request = arguments.rule.map_or(RuleRequest::Remove, RuleRequest::Add);
            let path = server.setup.store.clone();
            task::blocking(move || of_other_process(&path, request)).await?
        };
        let shield = server.secrets_shield();
        Ok(SetResult { rules: rules.iter().map(|rule| shield.line(rule)).collect() })
    })
}

/// Changes the rules of the listener of another process.
fn of_other_process(path: &Path, request: RuleRequest) -> Result<Vec<String>, ToolError> {
    if let Some(rules) = store::listener_rules(path, request)? {
        return Ok(rules);
    }
    Err(match store::listener_of(path) {
        Some(url) => ToolError::new(format!(
            "the listener at {url} takes no rules from here; ask the user to set the rule in its \
             dashboard or with --respond"
        )),
        None => ToolError::new("no listener has this store open; call start_listener"),
    })
}

/// Parses a rule. One that reads a file or waits for the dashboard is refused.
pub(super) fn parse(text: &str) -> Result<ResponseRule, ToolError> {
    ResponseRule::from_agent(text).map_err(mistake)
}

fn mistake(error: RuleError) -> ToolError {
    ToolError::new(error_chain::with_sources(&error))
}
