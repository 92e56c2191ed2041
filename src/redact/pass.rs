//! Redacts one request: head, target, and body, each in its format.
//!
//! The first pass finds the values. If any of them can occur in other places, a second pass
//! replaces them there too, so that nothing that was found anywhere is left in the request.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use aho_corasick::{AhoCorasick, MatchKind};
use bytes::Bytes;

use super::keys::{self, Field, KeyGroup, KeyName};
use super::pattern::{self, SensitivePattern};
use super::pseudonym::PseudonymKind;
use super::rule::pointer;
use super::scan::{self, JsonToken};
use super::suspect;
use super::{OriginalValue, RedactionRule, Redactor, Replacement, Stays, shape};
use crate::delivery::{Head, Header};
use crate::payload::form;

/// A shorter value, or a plain word, is not replaced in other places.
const MIN_LENGTH: usize = 6;

/// A shorter value is replaced in other places only as a whole word.
const MIN_PART: usize = 8;

/// JSON in strings is redacted up to this depth.
const MAX_NESTED: usize = 4;

/// Place of a text in a request.
#[derive(Debug, Clone, Copy)]
enum At<'a> {
    Target,
    Header(&'a str),
    Body,
    Field {
        name: &'a str,
        steps: &'a [String],
    },
    /// In JSON, which may be in a string or a form field.
    Json {
        within: Option<&'a At<'a>>,
        steps: &'a [String],
    },
}

impl At<'_> {
    /// Returns the name of the field that contains the text.
    fn key(&self) -> Option<KeyName> {
        match self {
            Self::Target | Self::Body => None,
            Self::Header(name) => Some(KeyName::of(name)),
            Self::Field { steps, .. } | Self::Json { steps, .. } => keys::key_of(steps),
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Json { within: Some(within), .. } => 1 + within.depth(),
            _ => 0,
        }
    }

    /// Returns the field in which JSON is, if it is in one.
    fn form_field(&self) -> Option<&str> {
        match self {
            Self::Field { name, .. } => Some(name),
            Self::Json { within: Some(within), .. } => within.form_field(),
            _ => None,
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target => f.write_str("URL"),
            Self::Header(name) => write!(f, "header {name}"),
            Self::Body => f.write_str("body"),
            Self::Field { name, .. } => write!(f, "field {name}"),
            Self::Json { steps, .. } => match (self.form_field(), steps.split_first()) {
                (Some(name), Some((_, inner))) => write!(f, "field {name}{}", pointer(inner)),
                _ if steps.is_empty() => f.write_str("body"),
                _ => f.write_str(&pointer(steps)),
            },
        }
    }
}

/// A value that was found, for its other places in this request.
struct Found {
    new: String,
    rule: String,
    place: String,
    /// Not a part of a longer word.
    is_bounded: bool,
}

/// State while redacting one request.
pub(super) struct Pass<'r> {
    redactor: &'r mut Redactor,
    counts: BTreeMap<String, usize>,
    replaced: Vec<Replacement>,
    stays: Vec<Stays>,
    found: BTreeMap<String, Found>,
    /// Values that a rule excludes.
    kept: Vec<String>,
    /// In the second pass.
    spread: Option<Spread>,
}

/// A redacted head and body.
pub(super) struct Done {
    pub(super) raw: Vec<u8>,
    pub(super) trailers: Vec<Header>,
    pub(super) body: Bytes,
    pub(super) counts: BTreeMap<String, usize>,
    pub(super) replaced: Vec<Replacement>,
    pub(super) stays: Vec<Stays>,
    pub(super) originals: BTreeMap<String, OriginalValue>,
}

/// A request, and what to do with it.
#[derive(Clone, Copy)]
pub(super) struct Work<'w> {
    pub(super) head: &'w Head,
    pub(super) body: &'w Bytes,
    /// Headers that the caller replaces.
    pub(super) spare: &'w [&'w str],
    pub(super) is_form: bool,
}

impl<'r> Pass<'r> {
    pub(super) fn new(redactor: &'r mut Redactor) -> Self {
        Self {
            redactor,
            counts: BTreeMap::new(),
            replaced: Vec::new(),
            stays: Vec::new(),
            found: BTreeMap::new(),
            kept: Vec::new(),
            spread: None,
        }
    }

    pub(super) fn run(mut self, work: Work<'_>) -> Done {
        let (mut raw, mut trailers, mut body) = self.all(work);
        self.spread = Spread::new(&self.found);
        if self.spread.is_some() {
            // A value found late in the request may also occur earlier. Counts are not repeated.
            let counts = std::mem::take(&mut self.counts);
            self.replaced.clear();
            self.stays.clear();
            (raw, trailers, body) = self.all(work);
            self.counts = counts;
        }
        let Self { counts, replaced, stays, found, kept, .. } = self;
        let is_kept = |value: &str| kept.iter().any(|kept| kept.contains(value));
        let originals =
            found.into_iter().filter(|(value, _)| !is_kept(value)).map(|(value, found)| {
                let Found { rule, place, is_bounded, new: _ } = found;
                (value, OriginalValue { rule, place, is_bounded })
            });
        Done { raw, trailers, body, counts, replaced, stays, originals: originals.collect() }
    }

    fn all(&mut self, work: Work<'_>) -> (Vec<u8>, Vec<Header>, Bytes) {
        let body = self.body(work.body, work.is_form);
        let raw = self.head(work.head, work.spare);
        let trailers = work.head.trailers.iter().map(|trailer| {
            let new = self.header(trailer);
            new.map_or_else(|| trailer.clone(), |new| Header::new(&trailer.name, new))
        });
        let trailers = trailers.collect();
        (raw, trailers, body)
    }

    /// Returns the pseudonym of a value that a rule or a pattern matched.
    fn named(
        &mut self,
        kind: PseudonymKind,
        value: &str,
        rule: &RedactionRule,
        length: bool,
        at: At<'_>,
    ) -> Option<String> {
        let name = rule.to_string();
        // A pseudonym was replaced earlier, and is counted as such.
        *self.counts.entry(name.clone()).or_default() += 1;
        let new = self.redactor.pseudonyms.of(kind, value, length)?;
        let place = at.to_string();
        self.replaced.push(Replacement {
            shape: shape(value),
            pseudonym: new.clone(),
            place: place.clone(),
            rule: name.clone(),
        });
        if let Some(is_bounded) = spreading(kind, rule, value) {
            self.found.entry(value.to_owned()).or_insert_with(|| Found {
                new: new.clone(),
                rule: name,
                place,
                is_bounded,
            });
        }
        Some(new)
    }

    /// Redacts a text: patterns, and values that were found elsewhere.
    fn text(&mut self, text: &str, at: At<'_>) -> Option<String> {
        let key = at.key();
        let mut now: Option<String> = None;
        for pattern in SensitivePattern::ALL {
            let Some(length) = self.redactor.redaction.pattern(pattern) else { continue };
            let rule = RedactionRule::Pattern(pattern);
            let current = now.as_deref().unwrap_or(text);
            let next = pattern.replaced(current, key.as_ref(), &mut |kind, value| {
                self.named(kind, value, &rule, length, at)
            });
            now = next.or(now);
        }
        if let Some(spread) = &self.spread
            && let Some(next) = spread.replaced(now.as_deref().unwrap_or(text), |hit, value| {
                self.replaced.push(Replacement {
                    shape: shape(value),
                    pseudonym: hit.new.clone(),
                    place: at.to_string(),
                    rule: format!("{}, as at {}", hit.rule, hit.place),
                });
            })
        {
            now = Some(next);
        }
        if now.is_none() {
            self.stays.extend(suspect::look(text, key.as_ref()).map(|looks_like| Stays {
                shape: shape(text),
                place: at.to_string(),
                looks_like,
            }));
        }
        now
    }

    fn head(&mut self, head: &Head, spare: &[&str]) -> Vec<u8> {
        let target = std::str::from_utf8(&head.target).ok();
        let target = target.and_then(|target| self.text(target, At::Target));
        let is_spared = |header: &Header| spare.iter().any(|name| header.is(name));
        let new = |header| if is_spared(header) { None } else { self.header(header) };
        let values: Vec<Option<String>> = head.headers.iter().map(new).collect();
        head.with_values(target.as_deref(), &values)
    }

    /// Returns the new value of a header or trailer, if it changes.
    fn header(&mut self, header: &Header) -> Option<String> {
        let value = header.text();
        let redaction = &self.redactor.redaction;
        let picked = redaction.picks(|rule| rule.is_header(&header.name));
        let picked = picked.map(|(rule, length)| (rule.clone(), length));
        if value.is_empty() {
            None
        } else if redaction.keeps(|rule| rule.is_header(&header.name)) {
            self.kept.push(value.into_owned());
            None
        } else if let Some((rule, length)) = picked {
            let kind = if header.is("host") || header.is("x-forwarded-host") {
                PseudonymKind::Host
            } else {
                pattern::whole(&value).unwrap_or(PseudonymKind::Text)
            };
            self.named(kind, &value, &rule, length, At::Header(&header.name))
        } else {
            self.text(&value, At::Header(&header.name))
        }
    }

    fn body(&mut self, body: &Bytes, is_form: bool) -> Bytes {
        match std::str::from_utf8(body) {
            Ok(text) if is_json(text) => self.json(text, None).into(),
            Ok(text) if is_form => self.form(text).into(),
            Ok(text) if is_json_lines(text) => text
                .split_inclusive('\n')
                .map(|line| self.json_line(line))
                .collect::<String>()
                .into(),
            Ok(text) if text.trim_start().starts_with('<') => self.xml(text).into(),
            Ok(text) => self.text(text, At::Body).map_or_else(|| body.clone(), Bytes::from),
            Err(_) => self.chunks(body),
        }
    }

    fn json_line(&mut self, line: &str) -> String {
        if line.trim().is_empty() { line.to_owned() } else { self.json(line, None) }
    }

    /// Redacts the valid UTF-8 parts of other bytes.
    fn chunks(&mut self, body: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(body.len());
        for chunk in body.utf8_chunks() {
            let new = self.text(chunk.valid(), At::Body);
            out.extend_from_slice(new.as_deref().unwrap_or(chunk.valid()).as_bytes());
            out.extend_from_slice(chunk.invalid());
        }
        out.into()
    }

    /// Redacts the texts of elements as fields of their names, and everything else as text.
    fn xml(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((name, start, end)) = next_element(rest) {
            let (Some(before), Some(value)) = (rest.get(..start), rest.get(start..end)) else {
                break;
            };
            let new = self.text(before, At::Body);
            out.push_str(new.as_deref().unwrap_or(before));
            let steps = [name.to_owned()];
            let at = At::Field { name, steps: &steps };
            let field = Field { steps: &steps, value, label: None };
            out.push_str(self.value(field, at).as_deref().unwrap_or(value));
            rest = rest.get(end..).unwrap_or_default();
        }
        let new = self.text(rest, At::Body);
        out.push_str(new.as_deref().unwrap_or(rest));
        out
    }

    fn json(&mut self, text: &str, within: Option<(&At<'_>, &[String])>) -> String {
        scan::replaced(text, &mut |token| {
            let Some((within, outer)) = within else {
                return self.token(
                    token,
                    token.steps,
                    At::Json { within: None, steps: token.steps },
                );
            };
            let steps = [outer, token.steps].concat();
            self.token(token, &steps, At::Json { within: Some(within), steps: &steps })
        })
    }

    fn token(&mut self, token: &JsonToken<'_>, steps: &[String], at: At<'_>) -> Option<String> {
        // Half of a surrogate pair is valid JSON but not text; then the escaped text is redacted.
        let Ok(value) = serde_json::from_str::<String>(token.raw) else {
            return match token.raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) {
                Some(inside) => self.text(inside, at).map(|new| format!("\"{new}\"")),
                None => self.number(Field { steps, value: token.raw, label: token.label }, at),
            };
        };
        let field = Field { steps, value: &value, label: token.label };
        let new = if token.is_key { self.text(&value, at) } else { self.value(field, at) };
        new.map(|new| quoted(&new, token.raw))
    }

    fn number(&mut self, field: Field<'_>, at: At<'_>) -> Option<String> {
        let raw = field.value;
        if !raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return None;
        }
        if self.keep(field) {
            return None;
        }
        let picked = self.redactor.redaction.picks(|rule| rule.is_value(field));
        let picked = picked.map(|(rule, length)| (rule.clone(), length));
        if let Some((rule, length)) = picked {
            return self.named(PseudonymKind::Number, raw, &rule, length, at);
        }
        if self.is_phone(field) {
            let rule = RedactionRule::Pattern(SensitivePattern::Phone);
            return self.named(PseudonymKind::Number, raw, &rule, false, at);
        }
        let known = self.spread.as_ref().and_then(|spread| spread.hit(raw))?;
        let rule = format!("{}, as at {}", known.rule, known.place);
        let new = self.redactor.pseudonyms.of(PseudonymKind::Number, raw, false)?;
        let (shape, place) = (shape(raw), at.to_string());
        self.replaced.push(Replacement { shape, pseudonym: new.clone(), place, rule });
        Some(new)
    }

    /// Returns whether a rule excludes a value.
    fn keep(&mut self, field: Field<'_>) -> bool {
        let is_kept = self.redactor.redaction.keeps(|rule| rule.is_value(field));
        if is_kept {
            self.kept.push(field.value.to_owned());
        }
        is_kept
    }

    fn is_phone(&self, field: Field<'_>) -> bool {
        self.redactor.redaction.pattern(SensitivePattern::Phone).is_some()
            && pattern::is_phone(field.value)
            && keys::key_of(field.steps).is_some_and(|key| keys::is_phone_name(&key))
    }

    /// Redacts the value of a field.
    fn value(&mut self, field: Field<'_>, at: At<'_>) -> Option<String> {
        let Field { steps, value, .. } = field;
        if value.is_empty() || self.keep(field) {
            return None;
        }
        let redaction = &self.redactor.redaction;
        let picked = redaction.picks(|rule| rule.is_value(field));
        let picked = picked.map(|(rule, length)| (rule.clone(), length));
        if let Some((rule, length)) = picked {
            return self.named(kind(value), value, &rule, length, at);
        }
        if self.is_phone(field) {
            let rule = RedactionRule::Pattern(SensitivePattern::Phone);
            let length = self.redactor.redaction.pattern(SensitivePattern::Phone);
            return self.named(PseudonymKind::Phone, value, &rule, length.unwrap_or_default(), at);
        }
        if at.depth() < MAX_NESTED && value.trim_start().starts_with(['{', '[']) && is_json(value) {
            let new = self.json(value, Some((&at, steps)));
            return (new != value).then_some(new);
        }
        self.text(value, at)
    }

    fn form(&mut self, text: &str) -> String {
        let mut field = |item: &str| {
            let Some((name, value)) = item.split_once('=') else { return item.to_owned() };
            let (decoded, shown) = (form::decoded(value), form::decoded(name));
            let steps = [shown.clone()];
            let at = At::Field { name: &shown, steps: &steps };
            let new = self.value(Field { steps: &steps, value: &decoded, label: None }, at);
            new.map_or_else(|| item.to_owned(), |new| format!("{name}={}", encoded(&new)))
        };
        text.split('&').map(&mut field).collect::<Vec<_>>().join("&")
    }
}

/// Values that are replaced wherever they occur.
struct Spread {
    automaton: AhoCorasick,
    hits: Vec<Hit>,
}

struct Hit {
    value: String,
    new: String,
    rule: String,
    place: String,
    is_bounded: bool,
}

impl Spread {
    /// Returns none if there are no values.
    fn new(found: &BTreeMap<String, Found>) -> Option<Self> {
        let mut hits = Vec::new();
        for (value, found) in found {
            let mut add = |value: String, new: String| {
                let Found { rule, place, is_bounded, .. } = found;
                let (rule, place) = (rule.clone(), place.clone());
                hits.push(Hit { value, new, rule, place, is_bounded: *is_bounded });
            };
            add(value.clone(), found.new.clone());
            // As it is written in a URL.
            let written = encoded(value);
            if written != *value {
                add(written.replace('+', "%20"), encoded(&found.new));
                if written.contains('+') {
                    add(written, encoded(&found.new));
                }
            }
        }
        if hits.is_empty() {
            return None;
        }
        let values = hits.iter().map(|hit| hit.value.as_bytes());
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(values);
        Some(Self { automaton: automaton.ok()?, hits })
    }

    fn hit(&self, value: &str) -> Option<&Hit> {
        self.hits.iter().find(|hit| hit.value == value)
    }

    fn replaced(&self, text: &str, mut report: impl FnMut(&Hit, &str)) -> Option<String> {
        let mut out = String::new();
        let mut copied = 0;
        for found in self.automaton.find_iter(text) {
            let Some(hit) = self.hits.get(found.pattern().as_usize()) else { continue };
            if hit.is_bounded && !is_whole_word(text.as_bytes(), found.start(), found.end()) {
                continue;
            }
            out.push_str(text.get(copied..found.start())?);
            out.push_str(&hit.new);
            copied = found.end();
            report(hit, &hit.value);
        }
        if copied == 0 {
            return None;
        }
        out.push_str(text.get(copied..)?);
        Some(out)
    }
}

/// Returns true if a part of a text is a whole word, given the bytes around it.
pub(crate) fn is_whole_word(text: &[u8], start: usize, end: usize) -> bool {
    let is_word =
        |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    !is_word(start.checked_sub(1)) && !is_word(Some(end))
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Returns whether every line is a JSON object or array.
fn is_json_lines(text: &str) -> bool {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    lines().next().is_some()
        && lines().all(|line| line.trim_start().starts_with(['{', '[']) && is_json(line))
}

/// Returns the next element that contains only text: its name, and the range of the text.
fn next_element(xml: &str) -> Option<(&str, usize, usize)> {
    let mut from = 0;
    loop {
        let open = from + xml.get(from..)?.find('<')?;
        let close = open + xml.get(open..)?.find('>')?;
        let tag = xml.get(open + 1..close)?;
        let end = close + 1 + xml.get(close + 1..)?.find('<')?;
        let is_leaf = xml.get(end..).is_some_and(|rest| rest.starts_with("</"));
        let is_tag = tag.starts_with(|one: char| one.is_alphabetic()) && !tag.ends_with('/');
        let is_text = xml.get(close + 1..end).is_some_and(|text| !text.trim().is_empty());
        if is_leaf && is_tag && is_text {
            let name = tag.split_whitespace().next()?;
            return Some((name.rsplit(':').next()?, close + 1, end));
        }
        from = close + 1;
    }
}

fn kind(value: &str) -> PseudonymKind {
    let is_url = || value.starts_with("https://") || value.starts_with("http://");
    pattern::whole(value)
        .unwrap_or_else(|| if is_url() { PseudonymKind::Url } else { PseudonymKind::Text })
}

/// Returns true if the value has to be a whole word in other places, and none if it is not
/// distinctive enough to be replaced there.
fn spreading(kind: PseudonymKind, rule: &RedactionRule, value: &str) -> Option<bool> {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    let has_space = value.contains(char::is_whitespace);
    let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
    match rule {
        // A first name is often a word too.
        RedactionRule::Group(KeyGroup::Name) => has_space.then_some(true),
        RedactionRule::Group(KeyGroup::Address) => (has_space && has_digit).then_some(true),
        _ if value.len() < MIN_LENGTH => None,
        _ if is_number || kind == PseudonymKind::Number => {
            (value.len() >= MIN_PART).then_some(true)
        }
        _ if value.bytes().all(|byte| byte.is_ascii_lowercase()) => None,
        _ => Some(value.len() < MIN_PART),
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
