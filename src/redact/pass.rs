//! Redacts one request: head, target, and body, each in its format.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use bytes::Bytes;

use super::pattern::{self, SensitivePattern};
use super::pseudonym::PseudonymKind;
use super::scan::{self, JsonToken};
use super::{RedactionRule, Redactor};
use crate::delivery::Head;
use crate::payload::form;

/// A shorter value, or a plain word, is not replaced in other places.
const MIN_LENGTH: usize = 6;

/// State while redacting one request.
pub(super) struct Pass<'r> {
    redactor: &'r mut Redactor,
    counts: BTreeMap<String, usize>,
    originals: BTreeSet<String>,
    /// Values matched by rules, and their pseudonyms for other places of this request.
    named: Vec<(String, String)>,
}

impl<'r> Pass<'r> {
    pub(super) fn new(redactor: &'r mut Redactor) -> Self {
        Self { redactor, counts: BTreeMap::new(), originals: BTreeSet::new(), named: Vec::new() }
    }

    /// Returns the redacted head and body.
    pub(super) fn both(
        &mut self,
        head: &Head,
        body: &Bytes,
        (spare, is_form): (&[&str], bool),
    ) -> (Vec<u8>, Bytes) {
        let body = self.body(body, is_form);
        (self.head(head, spare), body)
    }

    /// Returns whether rules matched values that may occur in other places too.
    pub(super) fn has_named(&self) -> bool {
        !self.named.is_empty()
    }

    /// Redacts once more with all values known; counts are not repeated.
    pub(super) fn again(
        &mut self,
        head: &Head,
        body: &Bytes,
        how: (&[&str], bool),
    ) -> (Vec<u8>, Bytes) {
        let counts = std::mem::take(&mut self.counts);
        let done = self.both(head, body, how);
        self.counts = counts;
        done
    }

    /// Returns the number of replaced values by rule, and the distinctive ones.
    pub(super) fn found(self) -> (BTreeMap<String, usize>, BTreeSet<String>) {
        (self.counts, self.originals)
    }

    /// Returns the pseudonym of a value that a rule matched.
    fn named(
        &mut self,
        kind: PseudonymKind,
        value: &str,
        (rule, length): (String, bool),
    ) -> Option<String> {
        // A pseudonym was replaced earlier, and is counted as such.
        *self.counts.entry(rule).or_default() += 1;
        let new = self.redactor.pseudonyms.of(kind, value, length)?;
        if is_distinct(value) && self.originals.insert(value.to_owned()) {
            self.named.push((value.to_owned(), new.clone()));
        }
        Some(new)
    }

    /// Redacts a text: patterns, and values that a rule matched elsewhere.
    fn text(&mut self, text: &str) -> Option<String> {
        let mut now: Option<String> = None;
        for pattern in SensitivePattern::ALL {
            let Some(length) = self.redactor.redaction.pattern(pattern) else { continue };
            let names = &mut self.redactor.pseudonyms;
            let (mut found, mut count) = (Vec::new(), 0);
            let next = pattern.replaced(now.as_deref().unwrap_or(text), &mut |kind, value| {
                count += 1;
                let new = names.of(kind, value, length)?;
                found.push(value.to_owned());
                Some(new)
            });
            *self.counts.entry(pattern.as_str().to_owned()).or_default() += count;
            self.originals.extend(found.into_iter().filter(|value| is_distinct(value)));
            now = next.or(now);
        }
        for (value, new) in &self.named {
            let current = now.as_deref().unwrap_or(text);
            if current.contains(value.as_str()) {
                now = Some(current.replace(value.as_str(), new));
            }
        }
        self.counts.retain(|_, count| *count > 0);
        now
    }

    fn head(&mut self, head: &Head, spare: &[&str]) -> Vec<u8> {
        let mut edits = Vec::new();
        if let Ok(target) = std::str::from_utf8(&head.target) {
            edits.extend(self.text(target).map(|new| (&head.target, new)));
        }
        for header in head.headers.iter().filter(|one| !spare.iter().any(|name| one.is(name))) {
            let value = header.text();
            let picked = self.redactor.redaction.picks(|rule| rule.is_header(&header.name));
            let kept = self.redactor.redaction.keep.iter().any(|rule| rule.is_header(&header.name));
            let new = match picked {
                _ if kept || value.is_empty() => None,
                Some((rule, length)) => {
                    let kind = if header.is("host") || header.is("x-forwarded-host") {
                        PseudonymKind::Host
                    } else {
                        pattern::whole(&value).unwrap_or(PseudonymKind::Text)
                    };
                    self.named(kind, &value, (rule_text(rule), length))
                }
                None => self.text(&value),
            };
            edits.extend(new.map(|new| (&header.value, new)));
        }
        spliced(&head.raw, edits)
    }

    fn body(&mut self, body: &Bytes, is_form: bool) -> Bytes {
        match std::str::from_utf8(body) {
            Ok(text) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => {
                scan::replaced(text, &mut |token| self.token(token)).into()
            }
            Ok(text) if is_form => self.form(text).into(),
            Ok(text) => self.text(text).map_or_else(|| body.clone(), Bytes::from),
            Err(_) => self.chunks(body),
        }
    }

    /// Redacts the valid UTF-8 parts of other bytes.
    fn chunks(&mut self, body: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(body.len());
        for chunk in body.utf8_chunks() {
            let new = self.text(chunk.valid());
            out.extend_from_slice(new.as_deref().unwrap_or(chunk.valid()).as_bytes());
            out.extend_from_slice(chunk.invalid());
        }
        out.into()
    }

    fn token(&mut self, token: &JsonToken<'_>) -> Option<String> {
        if !token.is_key
            && self.redactor.redaction.keep.iter().any(|rule| rule.is_value(token.steps))
        {
            return None;
        }
        let picked = self.redactor.redaction.picks(|rule| rule.is_value(token.steps));
        let picked =
            picked.filter(|_| !token.is_key).map(|(rule, length)| (rule_text(rule), length));
        if !token.raw.starts_with('"') {
            let is_number = token.raw.starts_with(['-', '0', '1', '2', '3', '4', '5'])
                || token.raw.starts_with(['6', '7', '8', '9']);
            return picked
                .filter(|_| is_number)
                .and_then(|picked| self.named(PseudonymKind::Number, token.raw, picked));
        }
        // Half of a surrogate pair is valid JSON but not text; then the escaped text is redacted.
        let Ok(value) = serde_json::from_str::<String>(token.raw) else {
            let inside = token.raw.strip_prefix('"')?.strip_suffix('"')?;
            return self.text(inside).map(|new| format!("\"{new}\""));
        };
        let new = match picked {
            Some(_) if value.is_empty() => None,
            Some(picked) => self.named(kind(&value), &value, picked),
            None => self.text(&value),
        };
        new.map(|new| quoted(&new, token.raw))
    }

    fn form(&mut self, text: &str) -> String {
        let field = |item: &str| {
            let Some((name, value)) = item.split_once('=') else { return item.to_owned() };
            let decoded = form::decoded(value);
            let steps = [form::decoded(name)];
            let redaction = &self.redactor.redaction;
            if value.is_empty() || redaction.keep.iter().any(|rule| rule.is_value(&steps)) {
                return item.to_owned();
            }
            let picked = redaction.picks(|rule| rule.is_value(&steps));
            let new = match picked.map(|(rule, length)| (rule_text(rule), length)) {
                Some(picked) => self.named(kind(&decoded), &decoded, picked),
                None => self.text(&decoded),
            };
            new.map_or_else(|| item.to_owned(), |new| format!("{name}={}", encoded(&new)))
        };
        text.split('&').map(field).collect::<Vec<_>>().join("&")
    }
}

fn kind(value: &str) -> PseudonymKind {
    let is_url = || value.starts_with("https://") || value.starts_with("http://");
    pattern::whole(value)
        .unwrap_or_else(|| if is_url() { PseudonymKind::Url } else { PseudonymKind::Text })
}

/// Returns whether a value is distinctive enough to search for in other places.
fn is_distinct(value: &str) -> bool {
    value.len() >= MIN_LENGTH && !value.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Returns a rule as typed.
fn rule_text(rule: &RedactionRule) -> String {
    match rule {
        RedactionRule::Header(name) => format!("header:{name}"),
        RedactionRule::Key(name) => format!("key:{name}"),
        RedactionRule::Json(steps) => {
            let step = |step: &String| format!("/{}", step.replace('~', "~0").replace('/', "~1"));
            format!("json:{}", steps.iter().map(step).collect::<String>())
        }
        RedactionRule::Pattern(pattern) => pattern.as_str().to_owned(),
    }
}

/// Returns a text as JSON, escaped like the original.
fn quoted(text: &str, like: &str) -> String {
    let mut out = serde_json::to_string(text).unwrap_or_default();
    if like.contains("\\/") {
        out = out.replace('/', "\\/");
    }
    if !like.is_ascii() || out.is_ascii() {
        return out;
    }
    let mut escaped = String::with_capacity(out.len() * 2);
    for character in out.chars() {
        if character.is_ascii() {
            escaped.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    escaped
}

/// Returns a value as encoded in a form.
fn encoded(value: &str) -> String {
    let write = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
            char::from(byte).to_string()
        }
        b' ' => "+".to_owned(),
        byte => format!("%{byte:02X}"),
    };
    value.bytes().map(write).collect()
}

/// Returns the bytes with parts replaced. The parts are views of the bytes, in ascending order.
fn spliced(raw: &Bytes, edits: Vec<(&Bytes, String)>) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut copied = 0;
    for (old, new) in edits {
        let start = (old.as_ptr() as usize).wrapping_sub(raw.as_ptr() as usize);
        let Some(before) = raw.get(copied..start) else { continue };
        out.extend_from_slice(before);
        out.extend_from_slice(new.as_bytes());
        copied = start + old.len();
    }
    out.extend_from_slice(raw.get(copied..).unwrap_or_default());
    out
}
