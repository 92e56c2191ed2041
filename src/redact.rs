//! Redacts requests and leaves every other byte as it was.
//!
//! A redactor always replaces a value by the same pseudonym, so that a person stays the same person
//! across the files of an export. Signatures are not updated here: the caller has to re-sign.

mod checksum;
mod keys;
mod pass;
mod pattern;
mod place;
mod pseudonym;
mod rule;
mod scan;
mod suspect;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;

use crate::delivery::{Head, HeadError, header_text};
use crate::payload::form;
use pass::{Done, Pass, Work};
use pseudonym::Pseudonyms;

pub(crate) use keys::KeyGroup;
pub(crate) use pass::is_whole_word;
pub(crate) use pattern::SensitivePattern;
pub(crate) use place::find as find_place;
pub(crate) use rule::{Instruction, RedactionRule};

/// Headers with credentials, addresses, or names of machines.
const HEADERS: [&str; 23] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "*-key",
    "*api-key*",
    "*apikey*",
    "*token*",
    "*secret*",
    "*password*",
    "*passcode*",
    "*credential*",
    "*jwt*",
    "x-auth*",
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-original-*",
    "*-client-ip",
    "*-connecting-ip",
    "x-real-ip",
    "host",
];

/// Headers that only look like credentials by their name.
const NO_CREDENTIALS: [&str; 2] = ["idempotency-key", "x-idempotency-key"];

/// Reason why a request cannot be redacted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedactError {
    #[error("the body is compressed ({0}) and cannot be redacted; `--redact none` exports it")]
    Compressed(String),
    #[error(transparent)]
    Head(#[from] HeadError),
}

/// Rules for what is replaced.
#[derive(Debug, Clone, Default)]
pub struct Redaction {
    rules: Vec<(RedactionRule, bool)>,
    keep: Vec<RedactionRule>,
}

impl Redaction {
    /// Combines the instructions; they add to the defaults unless one of them is `none`.
    pub fn new(instructions: &[Instruction]) -> Self {
        let mut redaction = Self::default();
        let is_bare = instructions.contains(&Instruction::None);
        for instruction in instructions {
            match instruction {
                Instruction::Redact { rule, keeps_length } => {
                    redaction.rules.push((rule.clone(), *keeps_length));
                }
                Instruction::Keep(rule) => redaction.keep.push(rule.clone()),
                Instruction::Default | Instruction::None => {}
            }
        }
        // The user's rules come first, so that they decide whether the length is kept.
        if !is_bare || instructions.contains(&Instruction::Default) {
            let headers = HEADERS.iter().map(|name| RedactionRule::Header((*name).to_owned()));
            let keys = KeyGroup::ALL.into_iter().map(RedactionRule::Group);
            let patterns = SensitivePattern::ALL.into_iter().map(RedactionRule::Pattern);
            redaction.rules.extend(headers.chain(keys).chain(patterns).map(|rule| (rule, false)));
        }
        redaction.rules.retain(|(rule, _)| !redaction.keep.contains(rule));
        redaction
    }

    /// Returns whether every byte stays as it is.
    pub fn is_none(&self) -> bool {
        self.rules.is_empty()
    }

    /// Returns whether a rule excludes a value.
    fn keeps(&self, picks: impl Fn(&RedactionRule) -> bool) -> bool {
        self.keep.iter().any(picks)
    }

    /// Returns the first matching rule, and whether it keeps the length.
    fn picks(&self, picks: impl Fn(&RedactionRule) -> bool) -> Option<(&RedactionRule, bool)> {
        if self.keep.iter().any(&picks) {
            return None;
        }
        self.rules.iter().find(|(rule, _)| picks(rule)).map(|(rule, length)| (rule, *length))
    }

    fn pattern(&self, pattern: SensitivePattern) -> Option<bool> {
        self.picks(|rule| *rule == RedactionRule::Pattern(pattern)).map(|(_, length)| length)
    }
}

/// Replaces values and remembers their pseudonyms.
#[derive(Debug, Default)]
pub(crate) struct Redactor {
    redaction: Redaction,
    pseudonyms: Pseudonyms,
}

/// A redacted request, no longer signed.
#[derive(Debug)]
pub(crate) struct Redacted {
    pub head: Head,
    pub body: Bytes,
    /// Number of replaced values by rule.
    pub counts: BTreeMap<String, usize>,
    /// Replaced values that are distinctive enough to search for.
    pub originals: BTreeMap<String, OriginalValue>,
    pub replaced: Vec<Replacement>,
    pub stays: Vec<Stays>,
}

/// Origin of a value that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OriginalValue {
    pub rule: String,
    pub place: String,
    /// As a part of a longer word it is another value.
    pub is_bounded: bool,
}

/// A replaced value, without the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replacement {
    /// Form of the value, without its characters.
    pub shape: String,
    pub pseudonym: String,
    pub place: String,
    pub rule: String,
}

/// A value that looks personal but is not replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stays {
    pub shape: String,
    pub place: String,
    pub looks_like: &'static str,
}

/// Returns the form of a value: `kevin@example.org` is `aaa…@aaa….aaa`.
fn shape(value: &str) -> String {
    const MAX: usize = 40;
    let class = |one: char| match one {
        _ if one.is_uppercase() => 'A',
        _ if one.is_alphabetic() => 'a',
        _ if one.is_numeric() => '9',
        _ if one.is_ascii_graphic() || one == ' ' => one,
        _ => '·',
    };
    let mut out = String::new();
    let (mut last, mut run) = (None, 0usize);
    for one in value.chars().map(class) {
        run = if last == Some(one) { run + 1 } else { 1 };
        last = Some(one);
        match run {
            1..=3 => out.push(one),
            4 => out.push('…'),
            _ => {}
        }
        if out.chars().count() >= MAX {
            out.push('…');
            break;
        }
    }
    out
}

impl Redactor {
    pub(crate) fn new(redaction: Redaction) -> Self {
        Self { redaction, pseudonyms: Pseudonyms::default() }
    }

    /// Redacts a request except the headers in `spare`, which the caller replaces.
    pub(crate) fn redact(
        &mut self,
        head: &Head,
        body: &Bytes,
        spare: &[&str],
    ) -> Result<Redacted, RedactError> {
        let head = Head { trailers: head.trailers.clone(), ..Head::parse(head.raw.clone())? };
        if self.redaction.is_none() {
            return Ok(Redacted {
                head,
                body: body.clone(),
                counts: BTreeMap::new(),
                originals: BTreeMap::new(),
                replaced: Vec::new(),
                stays: Vec::new(),
            });
        }
        if let Some(coding) = head.joined("content-encoding")
            && !body.is_empty()
            && !coding.eq_ignore_ascii_case(b"identity")
        {
            return Err(RedactError::Compressed(header_text(&coding).into_owned()));
        }
        let is_form = head
            .joined_text("content-type")
            .is_some_and(|kind| kind.to_ascii_lowercase().starts_with(form::MEDIA_TYPE));
        let done = Pass::new(self).run(Work { head: &head, body, spare, is_form });
        let Done { raw, trailers, body, counts, replaced, stays, originals } = done;
        let head = Head { trailers, ..Head::parse(raw.into())? };
        Ok(Redacted { head, body, counts, originals, replaced, stays })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::delivery::Header;

    /// A value, labeled by hand.
    #[derive(Deserialize)]
    struct Labeled {
        kind: String,
        expect: String,
        value: String,
        body: String,
        content_type: Option<String>,
    }

    impl Labeled {
        fn is_redacted(&self) -> bool {
            let kind = self.content_type.clone().unwrap_or_else(|| "application/json".to_owned());
            let head = Head::build("POST", "/", &[Header::new("Content-Type", kind)]);
            let body = Bytes::from(self.body.clone());
            let mut redactor = Redactor::new(Redaction::new(&[]));
            let done = redactor.redact(&head, &body, &[]).unwrap();
            let text = String::from_utf8(done.body.to_vec()).unwrap();
            let escaped = serde_json::to_string(&self.value).unwrap();
            !text.contains(&self.value) && !text.contains(escaped.trim_matches('"'))
        }
    }

    fn labeled() -> Vec<Labeled> {
        let text = include_str!("../tests/data/redaction.jsonl");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Returns the share of values with a label that are treated as labeled, and the others.
    fn measured(label: &str) -> (f64, Vec<String>) {
        let all: Vec<Labeled> = labeled().into_iter().filter(|one| one.expect == label).collect();
        let is_wrong = |one: &&Labeled| one.is_redacted() != (label == "redact");
        let wrong: Vec<String> =
            all.iter().filter(is_wrong).map(|one| format!("{} {}", one.kind, one.body)).collect();
        let count = |length: usize| f64::from(u32::try_from(length).unwrap());
        (1.0 - count(wrong.len()) / count(all.len()), wrong)
    }

    #[test]
    fn the_labeled_set_is_large_enough() {
        assert!(labeled().len() >= 300);
    }

    #[test]
    fn at_least_95_percent_of_sensitive_values_are_redacted() {
        let (recall, missed) = measured("redact");
        assert!(recall >= 0.95, "recall {recall:.3}, missed: {missed:#?}");
    }

    #[test]
    fn at_least_98_percent_of_other_values_are_kept() {
        let (kept, wrong) = measured("keep");
        assert!(kept >= 0.98, "kept {kept:.3}, redacted: {wrong:#?}");
    }

    fn redacted(body: &str) -> (String, Redacted) {
        let head = Head::build("POST", "/", &[]);
        let mut redactor = Redactor::new(Redaction::new(&[]));
        let done = redactor.redact(&head, &Bytes::from(body.to_owned()), &[]).unwrap();
        (String::from_utf8(done.body.to_vec()).unwrap(), done)
    }

    #[test]
    fn a_value_found_by_a_pattern_is_replaced_everywhere() {
        let (body, _) = redacted(
            r#"{"reset":"abcdef123456","n":"x abcdef123456 y","url":"https://shop.example.com/?token=abcdef123456"}"#,
        );
        assert!(!body.contains("abcdef123456"), "{body}");
    }

    #[test]
    fn a_value_is_replaced_in_its_url_encoded_form() {
        let (body, _) = redacted(r#"{"password":"p@ss w/rd9","back":"/x?p=p%40ss%20w%2Frd9"}"#);
        assert!(!body.contains("p%40ss"), "{body}");
    }

    #[test]
    fn one_value_has_one_pseudonym_whatever_found_it() {
        let (body, _) = redacted(
            r#"{"password":"abcdef123456","url":"https://shop.example.com/?token=abcdef123456"}"#,
        );
        assert_eq!(body.matches("redacted-1").count(), 2, "{body}");
    }

    #[test]
    fn a_replacement_names_its_place_and_rule_but_not_the_value() {
        let (_, done) = redacted(r#"{"a":[{"clientSecret":"Kq7-not-real"}]}"#);
        let expected = Replacement {
            shape: "Aa9-aaa-aaa…".to_owned(),
            pseudonym: "redacted-1".to_owned(),
            place: "/a/0/clientSecret".to_owned(),
            rule: "credential".to_owned(),
        };
        assert_eq!(done.replaced, [expected]);
    }

    #[test]
    fn json_in_a_string_is_redacted_by_its_keys() {
        let (body, _) = redacted(r#"{"payload":"{\"login\":{\"password\":\"hunter2-9\"}}"}"#);
        assert!(!body.contains("hunter2-9"), "{body}");
    }

    #[test]
    fn a_number_equal_to_a_redacted_value_stays_a_number() {
        let (body, _) = redacted(r#"{"u":"https://x.example/?token=1234567890","n":1234567890}"#);
        let value: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert!(value["n"].is_number() && !body.contains("1234567890"), "{body}");
    }
}
