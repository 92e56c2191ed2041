//! Redacts requests and leaves every other byte as it was.
//!
//! A redactor always replaces a value by the same pseudonym, so that a person stays the same person
//! across the files of an export. Signatures are not updated here: the caller has to re-sign.

mod pass;
mod pattern;
mod pseudonym;
mod rule;
mod scan;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::delivery::{Head, HeadError, header_text};
use crate::payload::form;
use pass::Pass;
use pseudonym::Pseudonyms;

pub(crate) use pattern::SensitivePattern;
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

/// Keys of JSON objects and forms that contain credentials.
const KEYS: [&str; 14] = [
    "password",
    "passwd",
    "passcode",
    "passphrase",
    "secret",
    "client_secret",
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "auth_token",
    "api_key",
    "apikey",
    "private_key",
];

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
            let keys = KEYS.iter().map(|name| RedactionRule::Key((*name).to_owned()));
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
    pub originals: BTreeSet<String>,
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
        let head = Head::parse(head.raw.clone())?;
        if self.redaction.is_none() {
            let (counts, originals) = (BTreeMap::new(), BTreeSet::new());
            return Ok(Redacted { head, body: body.clone(), counts, originals });
        }
        if let Some(coding) = head.joined("content-encoding")
            && !body.is_empty()
            && !coding.eq_ignore_ascii_case(b"identity")
        {
            return Err(RedactError::Compressed(header_text(&coding).into_owned()));
        }
        let form = head
            .joined_text("content-type")
            .is_some_and(|kind| kind.to_ascii_lowercase().starts_with(form::MEDIA_TYPE));
        let mut pass = Pass::new(self);
        let mut done = pass.both(&head, body, (spare, form));
        if pass.has_named() {
            // A value that a rule names late in the request may also occur earlier.
            done = pass.again(&head, body, (spare, form));
        }
        let (counts, originals) = pass.found();
        let (raw, new) = done;
        Ok(Redacted { head: Head::parse(raw.into())?, body: new, counts, originals })
    }
}
