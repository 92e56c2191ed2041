//! The response that a service expects to an event.

use serde::Deserialize;

/// Response to an event, where a status of 200 and an empty body are not right.
///
/// Some services repeat a delivery until the body has a certain value; others use the body: Twilio
/// sends its text to the customer as a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedResponse {
    #[serde(default = "ok")]
    pub status: u16,
    /// None for an empty body.
    pub content_type: Option<String>,
    #[serde(default)]
    pub body: String,
}

/// Contradiction between the keys of the table `[response]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResponseMistake {
    #[error("`[response]` has no status from 200 to 299")]
    Status,
    #[error("`[response]` has a body, but no `content_type`")]
    NoContentType,
    #[error("`[response]` has a `content_type`, but no body")]
    NoBody,
}

fn ok() -> u16 {
    200
}

impl Default for ExpectedResponse {
    fn default() -> Self {
        Self { status: ok(), content_type: None, body: String::new() }
    }
}

impl ExpectedResponse {
    /// Checks what each key allows on its own but not together with the others.
    pub(super) fn check(&self) -> Result<(), ResponseMistake> {
        if !(200..=299).contains(&self.status) {
            return Err(ResponseMistake::Status);
        }
        match (&self.content_type, self.body.is_empty()) {
            (None, false) => Err(ResponseMistake::NoContentType),
            (Some(_), true) => Err(ResponseMistake::NoBody),
            _ => Ok(()),
        }
    }
}
