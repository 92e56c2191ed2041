//! Header values of the shape `type/subtype; name="value"` (RFC 9110 section 8.3, RFC 7578).

/// A media type or a disposition with its parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Media {
    /// Lowercase.
    pub(super) essence: String,
    parameters: Vec<(String, String)>,
}

impl Media {
    pub(crate) fn read(value: &str) -> Self {
        let (essence, mut rest) = value.split_once(';').unwrap_or((value, ""));
        let mut parameters = Vec::new();
        while let Some((name, after)) = rest.split_once('=') {
            let (value, after) = parameter(after.trim_start());
            let name = name.trim_matches([';', ' ', '\t']).to_ascii_lowercase();
            parameters.push((name, value));
            rest = after.split_once(';').map_or("", |(_, rest)| rest);
        }
        Self { essence: essence.trim().to_ascii_lowercase(), parameters }
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns whether the type is `application/json`, `application/vnd.github+json`, or another
    /// type with JSON in its name.
    pub(super) fn is_json(&self) -> bool {
        self.essence.contains("json")
    }

    pub(super) fn is_json_lines(&self) -> bool {
        ["ndjson", "jsonl", "json-lines", "jsonlines", "json-seq"]
            .iter()
            .any(|name| self.essence.contains(name))
    }

    pub(super) fn is_xml(&self) -> bool {
        self.essence.ends_with("/xml") || self.essence.ends_with("+xml")
    }

    pub(super) fn is_html(&self) -> bool {
        self.essence == "text/html" || self.essence == "application/xhtml+xml"
    }

    /// Returns the file extension of the language that the type names; empty if it names none.
    pub(super) fn language(&self) -> &'static str {
        const ENDINGS: &[(&[&str], &str)] = &[
            (&["text/css"], "css"),
            (&["text/javascript", "application/javascript", "application/ecmascript"], "js"),
            (&["application/x-javascript", "text/ecmascript", "text/x-javascript"], "js"),
            (&["application/yaml", "text/yaml", "application/x-yaml", "text/x-yaml"], "yaml"),
            (&["text/markdown", "text/x-markdown"], "md"),
            (&["application/sql", "text/sql", "text/x-sql"], "sql"),
            (&["application/x-sh", "text/x-sh", "text/x-shellscript"], "sh"),
            (&["text/x-python", "application/x-python"], "py"),
            (&["text/x-ruby", "application/x-ruby"], "rb"),
            (&["application/x-httpd-php", "text/x-php"], "php"),
            (&["text/x-diff", "text/x-patch"], "diff"),
            (&["application/x-perl", "text/x-perl"], "pl"),
        ];
        let named = ENDINGS.iter().find(|(types, _)| types.contains(&self.essence.as_str()));
        named.map_or("", |(_, ending)| ending)
    }

    pub(super) fn is_text(&self) -> bool {
        self.essence.starts_with("text/") || self.is_xml() || self.is_json()
    }
}

/// Returns a value and the rest after it; in a quoted value, a backslash escapes the next
/// character.
fn parameter(text: &str) -> (String, &str) {
    let Some(inside) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        return (value.trim().to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            // Browsers do not escape backslashes in file names.
            '\\' if characters.as_str().starts_with(['"', '\\']) => value.extend(characters.next()),
            _ => value.push(character),
        }
    }
    (value, characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_parameters_with_and_without_quotes() {
        let media = Media::read("Text/Plain ;Charset = utf-8; x=\"a;\\\"b\\c\" ; boundary=--1=2");
        assert_eq!(media.essence, "text/plain");
        assert_eq!(media.parameter("charset"), Some("utf-8"));
        assert_eq!(media.parameter("x"), Some("a;\"b\\c"));
        assert_eq!((media.parameter("boundary"), media.parameter("y")), (Some("--1=2"), None));
        assert_eq!(Media::read("").essence, "");
        assert!(Media::read("application/vnd.api+json").is_json());
    }
}
