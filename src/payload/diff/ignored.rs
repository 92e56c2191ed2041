//! Expected differences: times, and paths that change each time.

use jiff::Timestamp;
use regex::RegexSet;

use crate::payload::json_tree::{JsonKind, Node};
use crate::payload::path::{PathStep, PayloadPath};

/// Maximum nesting of values that are checked: deeper paths would be longer than the text.
const MAX_DEPTH: usize = 200;

/// Rules for ignored differences.
#[derive(Debug, Clone)]
pub struct IgnoredPaths {
    paths: RegexSet,
}

/// Reason why a list of paths is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("these paths are too long")]
pub struct IgnoredPathsError;

impl Default for IgnoredPaths {
    /// Ignores times that changed to other times.
    fn default() -> Self {
        Self { paths: RegexSet::empty() }
    }
}

impl IgnoredPaths {
    /// Ignores times, and paths such as `.id`, `.payload.*_at`, and `.items[].etag`; `*` matches
    /// anything, dots included.
    pub fn paths(globs: &[&str]) -> Result<Self, IgnoredPathsError> {
        let expressions = globs.iter().map(|glob| {
            let parts: Vec<String> = glob.split('*').map(regex::escape).collect();
            format!("(?s)^(?:{})$", parts.join(".*"))
        });
        let paths = RegexSet::new(expressions).map_err(|_| IgnoredPathsError)?;
        Ok(Self { paths })
    }

    /// Returns whether the change of a scalar is ignored.
    pub(super) fn change(&self, old: Option<Node<'_>>, new: Option<Node<'_>>) -> bool {
        let (Some(old), Some(new)) = (old, new) else { return false };
        (is_time(old) && is_time(new)) || self.path(new)
    }

    /// Returns whether the path of a value is ignored.
    pub(super) fn path(&self, node: Node<'_>) -> bool {
        !self.paths.is_empty()
            && node.depth() < MAX_DEPTH
            && self.paths.is_match(&general(&node.path()))
    }
}

/// Returns the path with `[]` for any index.
fn general(path: &PayloadPath) -> String {
    let mut out = String::new();
    for step in &path.0 {
        match step {
            PathStep::Key(_) => out.push_str(&PayloadPath(vec![step.clone()]).breadcrumb()),
            PathStep::Index(_) => out.push_str("[]"),
        }
    }
    out
}

/// Returns whether a value is a Unix time or an RFC 3339 time.
fn is_time(node: Node<'_>) -> bool {
    match node.kind() {
        JsonKind::Number => node.instant().is_some(),
        JsonKind::String => node.string().is_some_and(|text| {
            (10..=40).contains(&text.len())
                && text.starts_with(|first: char| first.is_ascii_digit())
                && (text.parse::<Timestamp>().is_ok()
                    || text.parse::<jiff::civil::DateTime>().is_ok())
        }),
        _ => false,
    }
}
