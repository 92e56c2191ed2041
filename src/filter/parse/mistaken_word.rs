//! Words that are probably meant as terms in the syntax of other tools.

use crate::filter::error::ParseError;
use crate::filter::field::FilterField;
use crate::filter::json_path::JsonPath;

/// Returns the error for a word such as `type=push`, `$.a:1`, or `/a:1`; none for plain text.
pub(super) fn explain(word: &str) -> Option<ParseError> {
    if let Some((name, value)) = word.split_once('=') {
        let field = name.split_once('.').filter(|(_, suffix)| !suffix.is_empty());
        let field = field.map_or(name, |(field, _)| field);
        let field = if field.eq_ignore_ascii_case("header") { "header." } else { field };
        let is_field = FilterField::named(field).is_some();
        if is_field && !value.is_empty() && !value.starts_with('=') {
            return Some(colon(format!("{name}:{value}")));
        }
    }
    if let Some(path) = word.strip_prefix('$').filter(|path| path.starts_with(['.', '['])) {
        let suggestion = match path.split_once([':', '=']) {
            Some((path, value)) => format!("{path}:{}", value.trim_start_matches('=')),
            None => format!("{path}:exists"),
        };
        let message = "a path into a JSON body begins with a dot; quote it to search for the text";
        return Some(ParseError::new(message).suggest(Some(suggestion)));
    }
    let (pointer, value) = word.strip_prefix('/')?.split_once(':')?;
    if pointer.is_empty() || value.is_empty() {
        return None;
    }
    let steps = pointer.split('/').map(|step| step.replace("~1", "/").replace("~0", "~"));
    let path = JsonPath(steps.collect());
    let message = "a path into a JSON body is written with dots; quote it to search for the text";
    Some(ParseError::new(message).suggest(Some(format!("{path}:{value}"))))
}

fn colon(suggestion: String) -> ParseError {
    let message = "a field and its value are joined by a colon; quote it to search for the text";
    ParseError::new(message).suggest(Some(suggestion))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggestion(word: &str) -> Option<String> {
        explain(word)?.suggestion
    }

    #[test]
    fn terms_of_other_tools_are_recognized() {
        for (word, meant) in [
            ("type=push", "type:push"),
            ("header.x-try=1", "header.x-try:1"),
            ("$.a:1", ".a:1"),
            ("$.a[0].b=1", ".a[0].b:1"),
            ("$.a==1", ".a:1"),
            ("$.a", ".a:exists"),
            ("/a/b:1", ".a.b:1"),
            ("/a/0/b~1c:1", ".a.0.\"b/c\":1"),
        ] {
            assert_eq!(suggestion(word).as_deref(), Some(meant), "{word}");
        }
    }

    #[test]
    fn text_is_left_alone() {
        for word in ["a=b", "type=", "=", "$5", "$", "/hooks", "/a/b", "/:1", "a:1", "==", "id=="] {
            assert_eq!(suggestion(word), None, "{word}");
        }
    }
}
