//! Goes through JSON token by token, so that what is not replaced stays as it was written.

/// Where a token stands.
pub(super) struct JsonToken<'t> {
    /// The keys and indexes that lead to it.
    pub(super) steps: &'t [String],
    /// As it is written, quotes included.
    pub(super) raw: &'t str,
    pub(super) is_key: bool,
}

/// Steps behind this one are not told: no rule is that long, and hostile depth costs nothing.
const DEEPEST: usize = 256;

enum Frame {
    Object,
    Array(usize),
}

/// Valid JSON with some of its strings, numbers and keys replaced.
pub(super) fn replaced(
    text: &str,
    replace: &mut impl FnMut(&JsonToken<'_>) -> Option<String>,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut frames: Vec<Frame> = Vec::new();
    let mut steps: Vec<String> = Vec::new();
    let mut is_key = false;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (raw, behind) = rest.split_at_checked(length(rest)).unwrap_or((rest, ""));
        rest = behind;
        match first {
            '{' => {
                frames.push(Frame::Object);
                steps.push(String::new());
                is_key = true;
            }
            '[' => {
                frames.push(Frame::Array(0));
                steps.push("0".to_owned());
                is_key = false;
            }
            '}' | ']' => {
                frames.pop();
                steps.pop();
                is_key = false;
            }
            ',' => match frames.last_mut() {
                Some(Frame::Array(index)) => {
                    *index += 1;
                    set(&mut steps, index.to_string());
                }
                Some(Frame::Object) => is_key = true,
                None => {}
            },
            ':' => is_key = false,
            ' ' | '\t' | '\n' | '\r' => {}
            _ => {
                if is_key {
                    set(&mut steps, serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned()));
                }
                let known = steps.get(..DEEPEST).unwrap_or(&steps);
                let token = JsonToken { steps: known, raw, is_key };
                if let Some(new) = replace(&token) {
                    out.push_str(&new);
                    continue;
                }
            }
        }
        out.push_str(raw);
    }
    out
}

fn set(steps: &mut [String], step: String) {
    if let Some(last) = steps.last_mut() {
        *last = step;
    }
}

/// Bytes of the token, or of the white space, that a text begins with.
fn length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let found = match bytes.first() {
        Some(b'"') => {
            let mut escaped = false;
            let inside = bytes.iter().skip(1).take_while(|&&byte| {
                let ends = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                !ends
            });
            inside.count() + 2
        }
        Some(b'{' | b'}' | b'[' | b']' | b',' | b':') | None => 1,
        Some(first) if blank(first) => bytes.iter().take_while(|byte| blank(byte)).count(),
        Some(_) => bytes
            .iter()
            .take_while(|byte| !blank(byte) && !matches!(byte, b',' | b':' | b'}' | b']'))
            .count(),
    };
    found.clamp(1, bytes.len().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_every_token_is_known_and_the_rest_untouched() {
        let text = "\u{a0}{ \"a\" : [ {\"b\\u0063\":\"x\\\"y\"}, 1.0, [true] ] ,\n\"d\":{} , \"e/f\":-1e5}";
        let text = text.trim_start_matches('\u{a0}');
        let mut seen = Vec::new();
        let same = replaced(text, &mut |token| {
            if !token.is_key {
                seen.push(format!("{}={}", token.steps.join("/"), token.raw));
            }
            None
        });
        assert_eq!(same, text);
        assert_eq!(seen, ["a/0/bc=\"x\\\"y\"", "a/1=1.0", "a/2/0=true", "e/f=-1e5"]);
        let new = replaced(text, &mut |token| (token.raw == "1.0").then(|| "2".to_owned()));
        assert_eq!(new, text.replace("1.0", "2"));
    }

    #[test]
    fn depth_is_no_matter() {
        let deep = "[".repeat(50_000) + &"]".repeat(50_000);
        assert_eq!(replaced(&deep, &mut |_| None), deep);
    }
}
