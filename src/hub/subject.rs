//! Subjects: `hookglass.deliveries.<provider>.<event type>`.
//!
//! A token has letters, digits, `-`, and `_`; every other byte is written as `=` and two
//! hexadecimal digits, so that nothing in a delivery becomes a wildcard or a further token. Letters
//! are in lower case, since most filters ignore the case.

use crate::filter::{Bounds, TypeBound};

/// Subjects of a hub's stream.
pub const STREAM_SUBJECTS: [&str; 3] = [DELIVERIES, CHUNKS, ATTEMPTS];

pub(super) const DELIVERIES: &str = "hookglass.deliveries.>";
const CHUNKS: &str = "hookglass.chunks.>";
/// Subjects of changes.
pub const ATTEMPTS: &str = "hookglass.attempts.>";

/// Token of an absent or empty text.
const EMPTY: &str = "=";

/// Limits of an event type in a subject, which servers limit as well; the rest is left out.
const MAX_TOKENS: usize = 8;
const MAX_TOKEN: usize = 64;

/// Returns the subject of a delivery.
pub fn delivery(provider: &str, event_type: Option<&str>) -> String {
    let event_type = tokens(event_type.unwrap_or_default()).join(".");
    format!("hookglass.deliveries.{}.{event_type}", token(provider))
}

pub(super) fn chunk(message: &str) -> String {
    format!("hookglass.chunks.{}", token(message))
}

/// Returns the subject of changes by one program.
pub(super) fn attempts(name: &str) -> String {
    format!("hookglass.attempts.{}", token(name))
}

/// Returns the subject on which a program reports its presence.
pub(super) fn presence(name: &str) -> String {
    format!("hookglass.presence.{}", token(name))
}

/// Returns the subject of requests for a response by the programs of a name.
pub(super) fn responses(name: &str) -> String {
    format!("hookglass.responses.{}", token(name))
}

pub(super) const ALL_PRESENCE: &str = "hookglass.presence.>";

/// Returns the narrowest subject with wildcards that all these deliveries have.
pub fn of_bounds(bounds: &Bounds) -> String {
    let provider = bounds.provider.as_deref().map(token);
    let event_type = match &bounds.event_type {
        None => None,
        Some(TypeBound::Exact(name)) => Some(tokens(name).join(".")),
        Some(TypeBound::Prefix(prefix)) => {
            // The last token is not complete.
            let (whole, _) = prefix.rsplit_once('.').unwrap_or_default();
            let whole = if prefix.contains('.') { tokens(whole) } else { Vec::new() };
            let is_cut = whole.len() >= MAX_TOKENS;
            (!whole.is_empty() && !is_cut).then(|| format!("{}.>", whole.join(".")))
        }
    };
    match (provider, event_type) {
        (None, None) => DELIVERIES.to_owned(),
        (provider, event_type) => format!(
            "hookglass.deliveries.{}.{}",
            provider.as_deref().unwrap_or("*"),
            event_type.as_deref().unwrap_or(">")
        ),
    }
}

/// Splits an event type into tokens.
fn tokens(event_type: &str) -> Vec<String> {
    event_type.split('.').take(MAX_TOKENS).map(token).collect()
}

fn token(text: &str) -> String {
    if text.is_empty() {
        return EMPTY.to_owned();
    }
    let mut token = String::with_capacity(text.len());
    for byte in text.bytes() {
        if token.len() >= MAX_TOKEN {
            break;
        }
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => token.push(char::from(byte)),
            b'A'..=b'Z' => token.push(char::from(byte.to_ascii_lowercase())),
            other => {
                token.push('=');
                token.push_str(&hex::encode([other]));
            }
        }
    }
    token
}

/// Returns whether a subject of a stream includes all of another one.
pub(crate) fn covers(known: &str, wanted: &str) -> bool {
    let mut wanted = wanted.split('.');
    for token in known.split('.') {
        match (token, wanted.next()) {
            (">", Some(_)) => return true,
            ("*", Some(other)) if other != ">" => {}
            (token, Some(other)) if token == other => {}
            _ => return false,
        }
    }
    wanted.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Filter;

    #[test]
    fn nothing_in_a_delivery_becomes_a_wildcard_or_a_token() {
        for (provider, event_type, subject) in [
            ("stripe", Some("Charge.refunded"), "hookglass.deliveries.stripe.charge.refunded"),
            ("stripe", None, "hookglass.deliveries.stripe.="),
            ("unknown", Some(""), "hookglass.deliveries.unknown.="),
            ("x", Some("a.*.>"), "hookglass.deliveries.x.a.=2a.=3e"),
            ("x", Some("orders/create"), "hookglass.deliveries.x.orders=2fcreate"),
            ("x", Some("..a b\r\n"), "hookglass.deliveries.x.=.=.a=20b=0d=0a"),
            ("x", Some("$JS.API"), "hookglass.deliveries.x.=24js.api"),
            ("é", Some("="), "hookglass.deliveries.=c3=a9.=3d"),
        ] {
            assert_eq!(delivery(provider, event_type), subject);
        }
    }

    #[test]
    fn a_subject_is_bounded() {
        let long = "ü.".repeat(10_000) + &"x".repeat(10_000);
        assert!(delivery(&long, Some(&long)).len() < 1024);
    }

    #[test]
    fn a_filter_selects_by_subject_as_far_as_it_can() {
        for (filter, subject) in [
            ("", "hookglass.deliveries.>"),
            ("provider:stripe", "hookglass.deliveries.stripe.>"),
            ("type:message.*", "hookglass.deliveries.*.message.>"),
            ("type:mess*", "hookglass.deliveries.>"),
            ("type:a.b*", "hookglass.deliveries.*.a.>"),
            ("type:order.paid provider:x", "hookglass.deliveries.x.order.paid"),
            ("sig:failed", "hookglass.deliveries.>"),
        ] {
            let filter: Filter = filter.parse().unwrap();
            assert_eq!(of_bounds(&filter.bounds()), subject, "{filter}");
        }
    }

    #[test]
    fn wider_subjects_of_a_stream_are_enough() {
        for (known, expected) in [
            ("hookglass.deliveries.>", true),
            ("hookglass.>", true),
            (">", true),
            ("*.deliveries.>", true),
            ("hookglass.deliveries.*", false),
            ("hookglass.deliveries.stripe.>", false),
            ("hookglass.deliveries", false),
            ("orders.>", false),
        ] {
            assert_eq!(covers(known, "hookglass.deliveries.>"), expected, "{known}");
        }
    }
}
