//! Values ignored in comparisons because they differ in every delivery.

use crate::payload::diff::IgnoredPaths;

/// Ignored values: times always, and those the user named.
#[derive(Debug, Clone, Default)]
pub struct Volatile {
    pub muted: IgnoredPaths,
    /// Paths as configured.
    paths: Vec<String>,
    /// Header names in lower case.
    headers: Vec<String>,
}

/// Reason why an ignored path is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VolatileError {
    #[error(
        "invalid entry `{0}`: expected a path such as `.id` or `.items[].etag`, or a header such \
         as `header.x-request-id`"
    )]
    Neither(String),
    #[error("these paths are too long")]
    TooLong,
}

/// Headers that vary with time or connection.
const ALWAYS: [&str; 3] = ["date", "content-length", "x-request-id"];

impl Volatile {
    /// Returns the names as written in the configuration.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        let headers = self.headers.iter().map(|name| format!("header.{name}"));
        self.paths.iter().cloned().chain(headers)
    }

    /// Parses paths in a JSON body, in which `*` matches anything, and `header.NAME`.
    pub fn read(names: &[String]) -> Result<Self, VolatileError> {
        let mut volatile = Self::default();
        volatile.add(names)?;
        Ok(volatile)
    }

    /// Returns a copy with more names.
    pub fn and(&self, names: &[String]) -> Result<Self, VolatileError> {
        let mut volatile = self.clone();
        volatile.add(names)?;
        Ok(volatile)
    }

    fn add(&mut self, names: &[String]) -> Result<(), VolatileError> {
        for name in names {
            match name.strip_prefix("header.").filter(|header| !header.is_empty()) {
                Some(header) => self.headers.push(header.to_ascii_lowercase()),
                None if name.starts_with('.') || name.starts_with("[]") => {
                    self.paths.push(name.clone());
                }
                None => return Err(VolatileError::Neither(name.clone())),
            }
        }
        let paths: Vec<&str> = self.paths.iter().map(String::as_str).collect();
        self.muted = IgnoredPaths::paths(&paths).map_err(|_| VolatileError::TooLong)?;
        Ok(())
    }

    /// Returns true if a header is ignored, regardless of case.
    pub fn has_header(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        ALWAYS.contains(&name.as_str()) || self.headers.contains(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinguishes_paths_and_headers() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let volatile = Volatile::read(&names(&[".id", "header.X-Trace", "[].at"])).unwrap();
        assert!(volatile.has_header("x-tRace") && volatile.has_header("Date"));
        assert!(!volatile.has_header("id"));
        assert!(volatile.and(&names(&["header.id"])).unwrap().has_header("id"));
        for wrong in ["id", "header.", ""] {
            let error = Volatile::read(&names(&[wrong])).unwrap_err();
            assert_eq!(error, VolatileError::Neither(wrong.to_owned()));
        }
    }
}
