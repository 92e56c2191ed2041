//! What to do when nothing has come yet.

use super::super::model::Session;
use super::super::role::{Marked, Role};
use super::signature::how_to_give_secrets;

/// The listener's URL, a command that sends to it, and what is known of secrets.
pub fn lines(session: &Session) -> Vec<Marked> {
    let url = &session.url;
    let provider = &session.provider;
    let secret = match session.secrets.as_slice() {
        [] => vec![
            Marked::new(Role::Warn, "? no secret is configured")
                .with(Role::Plain, ", so signatures are not checked"),
            Marked::new(Role::Dim, "  ").with(Role::Plain, how_to_give_secrets(session)),
        ],
        names => vec![
            Marked::new(Role::Good, "✓ signatures are checked")
                .with(Role::Plain, format!(" with {}", names.join(", "))),
        ],
    };
    // Short enough for one line of 80 columns, so that it can be selected whole.
    let body = r#"{"id":"e1","type":"message.created"}"#;
    let mut lines = vec![
        Marked::new(Role::Strong, "Listening. Nothing has come yet."),
        Marked::default(),
        Marked::new(Role::Dim, format!("Give {provider} this address, or a tunnel to it:")),
        Marked::new(Role::Accent, format!("  {url}/")),
        Marked::default(),
        Marked::new(Role::Dim, "or send something from another terminal:"),
        Marked::new(Role::Plain, format!("  curl {url}/ -d '{body}'")),
        Marked::default(),
    ];
    lines.extend(secret);
    lines.push(Marked::default());
    lines.push(
        Marked::new(Role::Accent, "s")
            .with(Role::Plain, " sends a sample event now    ")
            .with(Role::Accent, "?")
            .with(Role::Plain, " shows all keys    ")
            .with(Role::Accent, "q")
            .with(Role::Plain, " quits"),
    );
    lines.push(Marked::new(Role::Dim, format!("Deliveries are kept {}.", session.keeps)));
    lines
}
