//! Multipart bodies (RFC 2046 section 5.1, RFC 7578).

use bytes::Bytes;
use memchr::memmem;

use super::media::Media;

/// Maximum number of parts; bodies with more are displayed as text.
const MAX_PARTS: usize = 10_000;

/// One part as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

/// Parts, and a note about what is unusual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) parts: Vec<Part>,
    pub(super) note: Option<String>,
}

impl Part {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns a title such as `part 2: "avatar", file "me.png", image/png, 5120 bytes`.
    pub(super) fn title(&self, number: usize) -> String {
        let disposition = Media::read(self.header("content-disposition").unwrap_or_default());
        let name = disposition.parameter("name").map(|name| format!("{name:?}"));
        let file = disposition.parameter("filename").map(|file| format!("file {file:?}"));
        let kind = self.header("content-type").map(|kind| Media::read(kind).essence);
        let noun = if self.body.len() == 1 { "byte" } else { "bytes" };
        let size = format!("{} {noun}", self.body.len());
        let said: Vec<String> = name.into_iter().chain(file).chain(kind).chain([size]).collect();
        format!("part {number}: {}", said.join(", "))
    }
}

/// Splits a body at its boundary; `None` if the boundary is absent.
pub(super) fn parts(body: &Bytes, boundary: &str) -> Option<Parts> {
    if boundary.is_empty() {
        return None;
    }
    let delimiter = format!("--{boundary}");
    let mut places = delimiters(body, delimiter.as_bytes());
    let first = places.next()?;
    let mut parts = Vec::new();
    let mut notes = Vec::new();
    if !body.get(..first.start).unwrap_or_default().trim_ascii().is_empty() {
        notes.push(format!("{} bytes before the first part are not shown", first.start));
    }
    let mut open = Some(first).filter(|first| !first.is_last);
    let mut end = None;
    for place in places {
        let Some(begin) = open.take() else { break };
        parts.push(part(&body.slice(begin.end..place.start.max(begin.end))));
        if parts.len() > MAX_PARTS {
            return None;
        }
        if place.is_last {
            end = Some(place.end);
            break;
        }
        open = Some(place);
    }
    if let Some(begin) = open {
        parts.push(part(&body.slice(begin.end..)));
        notes.push("the last part is not closed".to_owned());
    }
    let behind = end.map(|end| body.get(end..).unwrap_or_default());
    if let Some(behind) = behind.filter(|behind| !behind.trim_ascii().is_empty()) {
        notes.push(format!("{} bytes after the last part are not shown", behind.len()));
    }
    Some(Parts { parts, note: (!notes.is_empty()).then(|| notes.join("; ")) })
}

/// Position of a delimiter, including its line ends.
struct Place {
    start: usize,
    end: usize,
    is_last: bool,
}

fn delimiters<'b>(body: &'b [u8], delimiter: &'b [u8]) -> impl Iterator<Item = Place> + 'b {
    memmem::find_iter(body, delimiter).filter_map(move |found| {
        let before = body.get(..found)?;
        let start = match before {
            [] => 0,
            [.., b'\r', b'\n'] => found - 2,
            [.., b'\n'] => found - 1,
            _ => return None,
        };
        let rest = body.get(found + delimiter.len()..)?;
        let is_last = rest.starts_with(b"--");
        let line = memchr::memchr(b'\n', rest);
        let tail = rest.get(if is_last { 2 } else { 0 }..line.unwrap_or(rest.len()))?;
        // Another boundary may begin like this one.
        tail.trim_ascii().is_empty().then(|| {
            let length = line.map_or(rest.len(), |line| line + 1);
            Place { start, end: found + delimiter.len() + length, is_last }
        })
    })
}

fn part(whole: &Bytes) -> Part {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut at = 0;
    while let Some(rest) = whole.get(at..).filter(|rest| !rest.is_empty()) {
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let line = String::from_utf8_lossy(rest.get(..length).unwrap_or_default());
        let line = line.trim_end_matches(['\r', '\n']);
        at += length;
        if line.is_empty() {
            break;
        }
        match (line.split_once(':'), headers.last_mut()) {
            (_, Some((_, value))) if line.starts_with([' ', '\t']) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            (Some((name, value)), _) => {
                headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
            (None, _) => headers.push((String::new(), line.to_owned())),
        }
    }
    Part { headers, body: whole.slice(at.min(whole.len())..) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Option<(Vec<(String, String)>, String)> {
        let found = parts(&Bytes::copy_from_slice(body.as_bytes()), "b")?;
        let text = |part: &Part| String::from_utf8(part.body.to_vec()).unwrap();
        let titled = |(at, part): (usize, &Part)| (part.title(at + 1), text(part));
        let parts = found.parts.iter().enumerate().map(titled).collect();
        Some((parts, found.note.unwrap_or_default()))
    }

    #[test]
    fn parts_have_names_types_and_sizes() {
        let body = "--b\r\nContent-Disposition: form-data; \
        name=\"a\"\r\n\r\nx\r\n--bc\r\n\r\n--b\r\n\
                    content-disposition: form-data;\r\n name=f; filename=\"o\\\"k.png\"\r\n\
                    Content-Type: image/PNG\r\n\r\n\r\n--b--\r\n";
        let (parts, note) = read(body).unwrap();
        assert_eq!(parts[0], ("part 1: \"a\", 9 bytes".to_owned(), "x\r\n--bc\r\n".to_owned()));
        let title = "part 2: \"f\", file \"o\\\"k.png\", image/png, 0 bytes";
        assert_eq!((parts[1].0.as_str(), parts.len(), note.as_str()), (title, 2, ""));
    }

    #[test]
    fn irregular_parts_are_reported() {
        let (parts, note) = read("pre\n--b\nx: y\n\n1\n--b\n\n2").unwrap();
        assert_eq!(parts.iter().map(|part| part.1.as_str()).collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(
            note,
            "3 bytes before the first part are not shown; the last part is not closed"
        );
        let (parts, note) = read("--b\n\n\n--b--\npost").unwrap();
        assert_eq!((parts.len(), note.as_str()), (1, "4 bytes after the last part are not shown"));
        assert_eq!((read("nothing"), read("--b--")), (None, Some((Vec::new(), String::new()))));
    }
}
