//! The URL that providers were given.

use tokio::sync::watch;

/// The URL that providers were given, as far as it is known by now: a tunnel tells its own late,
/// and another one when it comes up again. Clones see the same.
#[derive(Debug, Clone)]
pub struct PublicUrl(watch::Sender<Option<String>>);

impl PublicUrl {
    pub fn new(url: Option<String>) -> Self {
        Self(watch::Sender::new(url))
    }

    /// From now on providers know this one.
    pub fn set(&self, url: Option<String>) {
        self.0.send_replace(url);
    }

    pub fn get(&self) -> Option<String> {
        self.0.borrow().clone()
    }

    /// The URL that a delivery was sent to, as its sender knows it.
    pub(super) fn of(&self, target: &str) -> Option<String> {
        self.0.borrow().as_deref().map(|url| with_target(url, target))
    }
}

impl Default for PublicUrl {
    fn default() -> Self {
        Self::new(None)
    }
}

/// The URL that the sender was given, for a delivery to a target.
fn with_target(public_url: &str, target: &str) -> String {
    let behind = public_url.split_once("://").map_or(public_url, |(_, rest)| rest);
    match behind.find('/') {
        // One with a path of its own is the whole of it; its query is the delivery's.
        Some(at) if at + 1 < behind.len() && !public_url.contains('?') => {
            let query = target.split_once('?').map(|(_, query)| format!("?{query}"));
            format!("{public_url}{}", query.unwrap_or_default())
        }
        Some(at) if at + 1 < behind.len() => public_url.to_owned(),
        _ => format!("{}{target}", public_url.trim_end_matches('/')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_url_gets_the_path_that_it_does_not_have() {
        assert_eq!(with_target("https://x.example", "/a?b=1"), "https://x.example/a?b=1");
        assert_eq!(with_target("https://x.example/", "/a"), "https://x.example/a");
        assert_eq!(with_target("https://x.example/in", "/a?b=1"), "https://x.example/in?b=1");
        assert_eq!(with_target("https://x.example/in?c=2", "/a?b=1"), "https://x.example/in?c=2");
    }
}
