//! The placeholder syntax of every template: `{{name}}`.
//!
//! Signed payloads, responses, handshakes, samples, and copied programs share it, and each defines
//! its names. Older spellings keep working where users may have written them: `{name}` in signed
//! payloads and `@name@` in samples.

/// A piece of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Text(&'t str),
    /// The trimmed name of a placeholder, and the byte where the placeholder starts.
    Placeholder {
        name: &'t str,
        at: usize,
    },
}

/// An older spelling that is accepted next to `{{name}}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OldSpelling {
    None,
    /// `{name}`
    Braces,
    /// `@name@`
    At,
}

/// A placeholder without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unclosed {
    pub(crate) at: usize,
}

/// Splits a template into text and placeholders. Empty texts are left out.
pub(crate) fn pieces(text: &str, old: OldSpelling) -> Result<Vec<Piece<'_>>, Unclosed> {
    let mut pieces = Vec::new();
    let mut done = 0;
    while let Some((at, open, close)) = next(text, done, old) {
        let inside = text.get(at + open..).unwrap_or_default();
        let length = inside.find(close).ok_or(Unclosed { at })?;
        push_text(&mut pieces, text.get(done..at));
        let name = inside.get(..length).unwrap_or_default().trim();
        pieces.push(Piece::Placeholder { name, at });
        done = at + open + length + close.len();
    }
    push_text(&mut pieces, text.get(done..));
    Ok(pieces)
}

fn push_text<'t>(pieces: &mut Vec<Piece<'t>>, text: Option<&'t str>) {
    pieces.extend(text.filter(|text| !text.is_empty()).map(Piece::Text));
}

/// Returns where the next placeholder starts, the length of its opening, and its closing.
fn next(text: &str, from: usize, old: OldSpelling) -> Option<(usize, usize, &'static str)> {
    let rest = text.get(from..)?;
    // Of more than two braces the last two count: `{{{uuid}}}` is a UUID in braces.
    let more = |at: usize| rest.bytes().skip(at).take_while(|byte| *byte == b'{').count() - 2;
    let braces = rest.find("{{").map(|at| (from + at + more(at), 2, "}}"));
    let other = match old {
        OldSpelling::None => None,
        OldSpelling::Braces => rest.find('{').map(|at| (from + at, 1, "}")),
        OldSpelling::At => between_at_signs(rest).map(|at| (from + at, 1, "@")),
    };
    match (braces, other) {
        (Some(braces), Some(other)) => Some(if other.0 < braces.0 { other } else { braces }),
        (braces, other) => braces.or(other),
    }
}

/// Finds an `@name@`; other `@` are text, as in an address.
fn between_at_signs(text: &str) -> Option<usize> {
    let is_name = |name: &str| {
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !name.is_empty() && name.bytes().all(is_plain)
    };
    let name_after = |at: usize| text.get(at + 1..).and_then(|rest| rest.split_once('@'));
    let mut signs = text.match_indices('@').map(|(at, _)| at);
    signs.find(|at| name_after(*at).is_some_and(|(name, _)| is_name(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the template with placeholders in angle brackets.
    fn shown(text: &str, old: OldSpelling) -> String {
        let show = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => (*text).to_owned(),
            Piece::Placeholder { name, .. } => format!("<{name}>"),
        };
        pieces(text, old).unwrap().iter().map(show).collect()
    }

    #[test]
    fn placeholders_are_in_double_braces() {
        for old in [OldSpelling::None, OldSpelling::Braces, OldSpelling::At] {
            assert_eq!(shown("a{{b}}.{{ json:/c }}", old), "a<b>.<json:/c>");
            assert_eq!(shown("", old), "");
        }
        assert_eq!(shown("{{{uuid}}}", OldSpelling::At), "{<uuid>}");
        assert_eq!(shown(r#"{"a":{"b":{{now}}}}"#, OldSpelling::None), r#"{"a":{"b":<now>}}"#);
    }

    #[test]
    fn old_spellings_are_still_accepted() {
        assert_eq!(shown("{t}.{{b}}{c}", OldSpelling::Braces), "<t>.<b><c>");
        assert_eq!(shown("@now-60@ {{id}}@id@", OldSpelling::At), "<now-60> <id><id>");
        assert_eq!(shown("{t} @now@", OldSpelling::None), "{t} @now@");
    }

    #[test]
    fn an_address_is_text() {
        let text = "ada@example.com, bob@example.com";
        assert_eq!(shown(text, OldSpelling::At), text);
    }

    #[test]
    fn an_open_placeholder_is_an_error_with_its_place() {
        assert_eq!(pieces("ab{{c}", OldSpelling::None), Err(Unclosed { at: 2 }));
        assert_eq!(pieces("ab{c", OldSpelling::Braces), Err(Unclosed { at: 2 }));
    }
}
