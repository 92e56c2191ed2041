//! Definition of a tool: its schemas, its arguments, and its result.

use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::handler::server::tool::{ToolCallContext, ToolRoute};
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, Tool, ToolAnnotations};
use rmcp::schemars::JsonSchema;
use rmcp::service::RequestContext;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::shield::MAX_MESSAGE_TEXT;
use super::{Connection, Server, schema};
use crate::error_chain;
use crate::formats::CopyError;
use crate::store::StoreError;
use crate::units;

/// Reason why a tool did nothing, and what the caller can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ToolError(String);

impl ToolError {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl From<String> for ToolError {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for ToolError {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<CopyError> for ToolError {
    fn from(error: CopyError) -> Self {
        Self(error.to_string())
    }
}

impl From<StoreError> for ToolError {
    fn from(error: StoreError) -> Self {
        Self(match error {
            StoreError::Absent { path } => format!(
                "no store at {path}; call start_listener, or ask the user to start `hookglass` there"
            ),
            error => error_chain::with_sources(&error),
        })
    }
}

/// Name and description of a tool.
#[derive(Debug, Clone, Copy)]
pub(super) struct ToolName {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) effect: ToolEffect,
}

/// Side effect of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ToolEffect {
    /// None.
    Reads,
    /// It adds something on this machine, such as a file or a rule.
    Adds,
    /// It sends requests.
    Sends,
}

impl ToolEffect {
    fn annotations(self) -> ToolAnnotations {
        ToolAnnotations::new()
            .read_only(self == Self::Reads)
            .destructive(false)
            .open_world(self == Self::Sends)
    }
}

/// One call of a tool.
pub(super) struct Call {
    pub(super) server: Arc<Server>,
    pub(super) context: RequestContext<RoleServer>,
}

impl Call {
    /// Waits until the call may run. Few run at a time, because each may hold a large body.
    pub(super) async fn permit(&self) -> Result<SemaphorePermit<'_>, ToolError> {
        permit(&self.server.calls).await
    }

    /// Waits until the call may wait for deliveries.
    pub(super) async fn waiting_permit(&self) -> Result<SemaphorePermit<'_>, ToolError> {
        permit(&self.server.waits).await
    }
}

async fn permit(semaphore: &Semaphore) -> Result<SemaphorePermit<'_>, ToolError> {
    semaphore.acquire().await.map_err(|_| ToolError::new("the server is shutting down"))
}

/// Creates the route of a tool. Mistakes in the arguments are results that the model sees, unlike
/// errors of the protocol.
pub(super) fn route<A, O, F>(
    name: ToolName,
    run: impl Fn(Call, A) -> F + Send + Sync + Clone + 'static,
) -> ToolRoute<Connection>
where
    A: DeserializeOwned + JsonSchema + Send + 'static,
    O: Serialize + JsonSchema + 'static,
    F: Future<Output = Result<O, ToolError>> + Send + 'static,
{
    let ToolName { name, title, description, effect } = name;
    let tool = Tool::new(name, description, schema::of_arguments::<A>())
        .with_title(title)
        .with_raw_output_schema(schema::of_results::<O>())
        .with_annotations(effect.annotations());
    ToolRoute::new_dyn(tool, move |context: ToolCallContext<'_, Connection>| {
        let server = Arc::clone(&context.service.server);
        let arguments = context.arguments.unwrap_or_default();
        let call = Call { server: Arc::clone(&server), context: context.request_context };
        let run = run.clone();
        Box::pin(async move {
            let outcome = match parse::<A>(arguments, name) {
                Ok(arguments) => run(call, arguments).await,
                Err(error) => Err(error),
            };
            tracing::info!(tool = name, ok = outcome.is_ok(), "tool called");
            Ok(result(&server, outcome).into())
        })
    })
}

fn parse<A: DeserializeOwned>(arguments: JsonObject, name: &str) -> Result<A, ToolError> {
    serde_json::from_value(arguments.into()).map_err(|error| {
        ToolError::new(format!("invalid arguments of {name}: {error}; see the tool's input schema"))
    })
}

/// Size limit of a result as JSON. The parts of a result have limits of their own.
const MAX_RESULT: usize = 1 << 20;

fn within_limit(value: Value) -> Result<Value, ToolError> {
    let size = value.to_string().len();
    if size <= MAX_RESULT {
        return Ok(value);
    }
    Err(ToolError::new(format!(
        "the result has {} bytes, and the limit is {} MiB; ask for less, with `limit`, `max_bytes`, \
         or `select`",
        units::format_count(size as u64),
        MAX_RESULT >> 20
    )))
}

fn result<O: Serialize>(server: &Server, outcome: Result<O, ToolError>) -> CallToolResult {
    let value = outcome.and_then(|output| {
        serde_json::to_value(output)
            .map_err(|error| ToolError::new(format!("cannot write the result: {error}")))
    });
    match value.and_then(within_limit) {
        Ok(value) => CallToolResult::structured(value),
        Err(error) => {
            // It may quote an argument or received data.
            let text = server.secrets_shield().lines(error.text(), MAX_MESSAGE_TEXT);
            CallToolResult::error(vec![ContentBlock::text(text)])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_above_the_limit_is_an_error_that_says_how_to_get_less() {
        let error = within_limit(Value::String("x".repeat(MAX_RESULT))).unwrap_err();
        assert!(error.text().contains("ask for less, with `limit`"), "{}", error.text());
    }

    #[test]
    fn a_result_of_the_limit_passes() {
        let value = Value::String("x".repeat(MAX_RESULT - 2));
        assert_eq!(within_limit(value.clone()), Ok(value));
    }
}
