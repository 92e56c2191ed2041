//! Instructions for an empty list.

use super::signature::how_to_give_secrets;
use crate::app::model::Session;
use crate::app::style::{StyleClass, StyledLine};

/// Renders the listener's URL, a command that sends to it, and the state of the secrets.
pub(crate) fn lines(session: &Session) -> Vec<StyledLine> {
    let url = &session.url;
    let provider = match session.provider.as_str() {
        "any provider" => "your provider",
        provider => provider,
    };
    let secret = match session.secrets.as_slice() {
        [] => vec![
            StyledLine::new(StyleClass::Warn, "? no secret configured")
                .with(StyleClass::Plain, ": signatures are not verified"),
            StyledLine::new(StyleClass::Dim, "  ")
                .with(StyleClass::Plain, how_to_give_secrets(session)),
        ],
        names => vec![
            StyledLine::new(StyleClass::Good, "✓ signatures are verified")
                .with(StyleClass::Plain, format!(" with {}", names.join(", "))),
        ],
    };
    // Fits one line of 80 columns, so that it can be selected as a whole.
    let body = r#"{"id":"e1","type":"message.created"}"#;
    let mut lines = vec![
        StyledLine::new(StyleClass::Strong, "Listening. No deliveries yet."),
        StyledLine::default(),
        StyledLine::new(
            StyleClass::Dim,
            format!("Register this URL, or a tunnel to it, with {provider}:"),
        ),
        StyledLine::new(StyleClass::Accent, format!("  {url}/")),
        StyledLine::default(),
        StyledLine::new(StyleClass::Dim, "or send a request from another terminal:"),
        StyledLine::new(StyleClass::Plain, format!("  curl {url}/ --json '{body}'")),
        StyledLine::default(),
    ];
    lines.extend(secret);
    lines.push(StyledLine::default());
    lines.push(
        StyledLine::new(StyleClass::Accent, "s")
            .with(StyleClass::Plain, " sends a sample event    ")
            .with(StyleClass::Accent, "?")
            .with(StyleClass::Plain, " shows all keys    ")
            .with(StyleClass::Accent, "q")
            .with(StyleClass::Plain, " quits"),
    );
    lines.push(StyledLine::new(
        StyleClass::Dim,
        format!("Deliveries are stored {}.", session.keeps),
    ));
    lines
}
