//! Spellings of paths into JSON.

use std::fmt::{self, Write};

/// Returns whether a key needs no quotes in a path.
pub(crate) fn is_simple(key: &str) -> bool {
    let simple = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-');
    !key.is_empty() && key.chars().all(simple)
}

/// Writes a step of a path in filter syntax: `.contact`, `."odd key"`, `.0`.
pub(crate) fn write_step(out: &mut impl Write, key: &str) -> fmt::Result {
    out.write_char('.')?;
    if is_simple(key) { out.write_str(key) } else { write_quoted(out, key) }
}

/// Writes text in double quotes, with quotes and backslashes escaped.
pub(crate) fn write_quoted(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.write_char('\\')?;
        }
        out.write_char(character)?;
    }
    out.write_char('"')
}

/// One step of a path, outermost first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PathStep {
    /// Unescaped key of an object.
    Key(String),
    Index(usize),
}

/// Position of a value in a JSON text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PayloadPath(pub Vec<PathStep>);

impl PayloadPath {
    /// Returns the path for display: `.payload.items[0]."odd key"`; the root is `.`.
    pub fn breadcrumb(&self) -> String {
        self.spelled(|out, step| match step {
            PathStep::Key(key) => write_step(out, key),
            PathStep::Index(index) => write!(out, "[{index}]"),
        })
    }

    /// Returns the path in `jq` syntax: `.payload.items[0]["odd key"]`; the root is `.`.
    pub fn jq(&self) -> String {
        let out = self.spelled(|out, step| match step {
            PathStep::Key(key) if is_identifier(key) => write!(out, ".{key}"),
            PathStep::Key(key) => {
                write!(out, "[{}]", serde_json::to_string(key).unwrap_or_default())
            }
            PathStep::Index(index) => write!(out, "[{index}]"),
        });
        if out.starts_with('[') { format!(".{out}") } else { out }
    }

    /// Returns the path in filter syntax: `.payload.items.0."odd key"`; the root, which filters
    /// cannot name, is empty.
    pub fn filter(&self) -> String {
        let mut out = String::new();
        for step in &self.0 {
            // Writing to a String cannot fail.
            let _ = match step {
                PathStep::Key(key) => write_step(&mut out, key),
                PathStep::Index(index) => write!(out, ".{index}"),
            };
        }
        out
    }

    fn spelled(&self, write: impl Fn(&mut String, &PathStep) -> fmt::Result) -> String {
        let mut out = String::new();
        for step in &self.0 {
            // Writing to a String cannot fail.
            let _ = write(&mut out, step);
        }
        if out.is_empty() { ".".to_owned() } else { out }
    }
}

fn is_identifier(key: &str) -> bool {
    !key.starts_with(|first: char| first.is_ascii_digit())
        && !key.is_empty()
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_spelled_for_each_reader() {
        let key = |key: &str| PathStep::Key(key.to_owned());
        let path = PayloadPath(vec![
            key("a-b"),
            PathStep::Index(3),
            key("odd \"k/~y"),
            key("c_1"),
            key(""),
        ]);
        assert_eq!(path.breadcrumb(), r#".a-b[3]."odd \"k/~y".c_1."""#);
        assert_eq!(path.jq(), r#".["a-b"][3]["odd \"k/~y"].c_1[""]"#);
        assert_eq!(path.filter(), r#".a-b.3."odd \"k/~y".c_1."""#);
        let root = PayloadPath::default();
        assert_eq!(root.breadcrumb(), ".");
        assert_eq!((root.jq(), root.filter()), (".".to_owned(), String::new()));
        assert_eq!(PayloadPath(vec![PathStep::Index(0), key("0")]).jq(), r#".[0]["0"]"#);
    }
}
