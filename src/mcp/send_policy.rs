//! Targets that requests may be sent to.

use super::ToolError;
use crate::outbound::Target;

/// Allows loopback addresses and the targets that the user named.
#[derive(Debug, Clone, Default)]
pub(crate) struct SendPolicy {
    pub(crate) allowed: Vec<Target>,
}

impl SendPolicy {
    /// Parses a target, and refuses one that is not allowed.
    pub(super) fn target(&self, url: &str) -> Result<Target, ToolError> {
        let target: Target = url.parse().map_err(|error| ToolError::new(format!("{error}")))?;
        if self.allows(&target) {
            return Ok(target);
        }
        Err(ToolError::new(format!(
            "`{}` is not a loopback address, so nothing was sent; use http://127.0.0.1:PORT, or ask \
             the user to start the server with `hookglass mcp --allow-send {}`",
            target.origin(),
            target.origin()
        )))
    }

    pub(crate) fn allows(&self, target: &Target) -> bool {
        target.is_loopback() || self.allowed.iter().any(|allowed| target.is_within(allowed))
    }

    /// Returns the allowed targets for display.
    pub(super) fn names(&self) -> Vec<String> {
        self.allowed.iter().map(ToString::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_and_allowed_targets_pass() {
        let policy = SendPolicy { allowed: vec!["https://staging.example/hooks".parse().unwrap()] };
        for url in ["http://127.0.0.1:3000", "http://localhost/x", "https://staging.example/hooks"]
        {
            assert!(policy.target(url).is_ok(), "{url}");
        }
        for url in [
            "https://staging.example/other",
            "http://staging.example/hooks",
            "http://169.254.169.254/latest",
            "http://localhost.evil.example",
            "http://localhost@evil.example",
            "file:///etc/passwd",
        ] {
            assert!(policy.target(url).is_err(), "{url}");
        }
    }
}
