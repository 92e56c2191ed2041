//! From bytes to lines that can be shown. Colour is not decided here, and no byte is changed:
//! what is shown is derived, what is kept stays as it came.

pub mod form;
mod hex_view;
mod json;
pub mod pointer;
pub mod rewrite;
mod visible;

pub use visible::{around, push_visible, visible, visible_bytes};

/// In which form a body is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Empty,
    Json,
    Text,
    Hex,
}

impl Form {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Json => "JSON",
            Self::Text => "text",
            Self::Hex => "binary",
        }
    }
}

/// A body made ready to be shown, line by line.
///
/// The text may hold anything that the body held; whoever shows a line passes it through
/// [`visible()`] first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub form: Form,
    /// What the reader should know of the form: why JSON is shown as text, for instance.
    pub note: Option<String>,
    text: String,
    /// The byte offset at which each line begins.
    starts: Vec<usize>,
}

impl Rendered {
    /// Shows JSON reformatted (tokens untouched), other text as it is, and the rest as hex.
    pub fn new(body: &[u8], content_type: Option<&str>) -> Self {
        if body.is_empty() {
            return Self::from_text(Form::Empty, String::new(), Some("no body".to_owned()));
        }
        let Ok(text) = std::str::from_utf8(body) else {
            let note = "the body is not UTF-8; shown as hex".to_owned();
            return Self::from_text(Form::Hex, hex_view::render(body), Some(note));
        };
        if !json::is_likely(text, content_type) {
            return Self::from_text(Form::Text, text.to_owned(), None);
        }
        match json::check(text) {
            Ok(()) => Self::from_text(Form::Json, json::reformat(text), None),
            Err(error) => {
                let note = format!("not valid JSON: {error}; shown as it came");
                Self::from_text(Form::Text, text.to_owned(), Some(note))
            }
        }
    }

    fn from_text(form: Form, text: String, note: Option<String>) -> Self {
        let newlines = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        let mut starts: Vec<usize> = std::iter::once(0).chain(newlines).collect();
        if starts.last() == Some(&text.len()) {
            starts.pop();
        }
        Self { form, note, text, starts }
    }

    pub fn line_count(&self) -> usize {
        self.starts.len()
    }

    /// A line without its line end; nothing behind the last one.
    pub fn line(&self, index: usize) -> Option<&str> {
        let start = *self.starts.get(index)?;
        let end = self.starts.get(index + 1).copied().unwrap_or(self.text.len());
        let line = self.text.get(start..end)?;
        let line = line.strip_suffix('\n').unwrap_or(line);
        Some(line.strip_suffix('\r').unwrap_or(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(body: &str) -> Vec<String> {
        let rendered = Rendered::new(body.as_bytes(), None);
        (0..rendered.line_count()).map(|at| rendered.line(at).unwrap().to_owned()).collect()
    }

    #[test]
    fn json_keeps_numbers_keys_and_escapes() {
        let body = r#"{"b":1.0,"a":12345678901234567890,"b":"\/é","c":[],"d":[1,{}]}"#;
        assert_eq!(
            lines(body),
            [
                "{",
                "  \"b\": 1.0,",
                "  \"a\": 12345678901234567890,",
                "  \"b\": \"\\/é\",",
                "  \"c\": [],",
                "  \"d\": [",
                "    1,",
                "    {}",
                "  ]",
                "}"
            ]
        );
    }

    #[test]
    fn broken_json_is_shown_as_it_came_and_says_where() {
        let rendered = Rendered::new(b"{\"a\":1,}", Some("application/json"));
        assert_eq!((rendered.form, rendered.line(0)), (Form::Text, Some("{\"a\":1,}")));
        assert!(rendered.note.unwrap().contains("line 1 column 8"));
    }

    #[test]
    fn line_ends_do_not_count_as_text() {
        assert_eq!(lines("a\r\n\nb\n"), ["a", "", "b"]);
        assert_eq!(lines("a"), ["a"]);
        assert_eq!(Rendered::new(b"", None).line_count(), 0);
    }

    #[test]
    fn deep_nesting_neither_overflows_nor_explodes() {
        let body = "[".repeat(100_000) + &"]".repeat(100_000);
        let rendered = Rendered::new(body.as_bytes(), None);
        assert_eq!(rendered.form, Form::Json);
        assert!(rendered.text.len() < 100_000 * 2 * 140);
    }
}
