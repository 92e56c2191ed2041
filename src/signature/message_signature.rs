//! HTTP Message Signatures (RFC 9421) with the digest of the body (RFC 9530).
//!
//! The signature itself lists the parts of the request that it covers, so the signed text is built
//! from the request and that list. As with tokens, the digest of the body and the end of validity
//! are checked without a key too.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sfv::{BareItem, Dictionary, FieldType as _, InnerList, Item, List, ListEntry, Parser};
use sha2::{Digest as _, Sha256, Sha512};

use super::keyless::{Inner, KeylessCheck, inner};
use super::public_key::{self, KeyMaterial, PublicKey, PublicKeyAlgorithm};
use super::signed_payload::Subject;
use super::{Cause, digest, public_url};
use crate::delivery::{Explanation, Head, Header, SignatureStatus, Verdict, header_text};
use crate::payload::{escape, form};
use crate::provider::{Algorithm, Encoding, Scheme, SignedTemplate};
use crate::secret::Secret;
use crate::units;

/// Header with the list of covered parts.
const INPUT: &str = "signature-input";
const SIGNATURE: &str = "signature";
const CONTENT_DIGEST: &str = "content-digest";

/// Characters of a query parameter that are percent-encoded (RFC 9421 section 2.2.8).
const QUERY_PARAMETER: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// One of the signatures of a request.
struct MessageSignature {
    label: String,
    input: InnerList,
    signature: Vec<u8>,
}

/// Result of comparing a signature with the keys.
enum KeyCheck {
    Fits(usize),
    Differs,
    Absent,
}

/// Reads a header as a dictionary (RFC 9651 section 3.2).
fn dictionary(subject: &Subject<'_>, name: &str) -> Option<Dictionary> {
    let value = subject.head.joined(name)?;
    Parser::new(&value[..]).parse::<Dictionary>().ok()
}

/// Returns whether a request has a signature of this kind.
pub(super) fn is_well_formed(subject: &Subject<'_>) -> bool {
    !signatures(subject).is_empty()
}

/// Returns the signatures that have both parts.
fn signatures(subject: &Subject<'_>) -> Vec<MessageSignature> {
    let (Some(inputs), Some(values)) = (dictionary(subject, INPUT), dictionary(subject, SIGNATURE))
    else {
        return Vec::new();
    };
    let found = inputs.into_iter().filter_map(|(label, input)| {
        let ListEntry::InnerList(input) = input else { return None };
        let ListEntry::Item(Item { bare_item: BareItem::ByteSequence(signature), .. }) =
            values.get(label.as_str())?
        else {
            return None;
        };
        Some(MessageSignature { label: label.to_string(), input, signature: signature.clone() })
    });
    found.collect()
}

/// Checks the signatures of a request, as of `now`; one that verifies is sufficient.
pub(super) fn check(secrets: &[Secret], subject: &Subject<'_>, now: Timestamp) -> KeylessCheck {
    let found = signatures(subject);
    if found.is_empty() {
        let why = "the signature-input and signature headers have no signature in common: expected \
                   `sig1=(\"@method\" …);created=…` and `sig1=:BASE64:`";
        return KeylessCheck::Failed(Verdict::explained(SignatureStatus::Malformed, why));
    }
    if let Err(why) = check_digest(subject) {
        let code = Cause::BodyHash.code();
        return KeylessCheck::Failed(Verdict::with_cause(SignatureStatus::Mismatch, code, why));
    }
    let mut failed = None;
    for one in &found {
        match one.check(secrets, subject, now) {
            KeylessCheck::Failed(verdict) => {
                failed = failed.or(Some(KeylessCheck::Failed(verdict)));
            }
            other => return other,
        }
    }
    failed.unwrap_or_else(|| {
        KeylessCheck::Failed(Verdict::explained(SignatureStatus::Malformed, "no signature"))
    })
}

impl MessageSignature {
    fn check(&self, secrets: &[Secret], subject: &Subject<'_>, now: Timestamp) -> KeylessCheck {
        let fail = |status, cause: Option<Cause>, why: String| {
            let mut explanation = Explanation::from(why);
            explanation.evidence = self.lines();
            let cause = cause.map(|cause| cause.code().to_owned());
            let explanation = Some(explanation);
            KeylessCheck::Failed(Verdict { status, cause, explanation, secret: None })
        };
        let bases = match self.bases(subject) {
            Ok(bases) => bases,
            Err(why) => {
                return fail(SignatureStatus::Missing, Some(Cause::HeaderMissing), why);
            }
        };
        let key = self.find_key(secrets, &bases);
        if let KeyCheck::Differs = key {
            let names = secrets.iter().map(Secret::name).collect::<Vec<_>>().join(", ");
            let why = format!(
                "the signature `{}` is not that of the covered parts with {names}",
                self.label
            );
            return fail(SignatureStatus::Mismatch, None, why);
        }
        if let Some(end) = self.time("expires").filter(|end| *end < now) {
            let ago = units::format_age(now.duration_since(end).as_secs());
            let why = format!("the signature expired {ago} ago (`expires`)");
            return fail(SignatureStatus::Expired, Some(Cause::TimestampOld), why);
        }
        let covers_body = self.covers(CONTENT_DIGEST) || subject.body.is_empty();
        match key {
            KeyCheck::Fits(rank) => {
                let mut notes = Vec::new();
                if !covers_body {
                    notes.push(
                        "the signature does not cover the body: content-digest is not signed"
                            .to_owned(),
                    );
                }
                notes.extend(self.lines());
                KeylessCheck::Verified { rank, notes }
            }
            KeyCheck::Absent | KeyCheck::Differs => {
                let fits = if self.covers(CONTENT_DIGEST) {
                    "the body digest fits"
                } else {
                    "the signature is well formed"
                };
                let key = self
                    .text("keyid")
                    .map_or_else(|| "a key".to_owned(), |id| format!("the key {}", escape(id)));
                KeylessCheck::NoKey(Explanation {
                    sentence: format!("{fits}; the signature itself needs {key}"),
                    evidence: self.lines(),
                    ..Explanation::default()
                })
            }
        }
    }

    fn covers(&self, name: &str) -> bool {
        self.input.items.iter().any(|item| component_name(item) == Some(name))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.input.params.get(name)?.as_string().map(sfv::StringRef::as_str)
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        let seconds = self.input.params.get(name)?.as_integer()?;
        Timestamp::from_second(i64::from(seconds)).ok()
    }

    /// Describes the signature for display.
    fn lines(&self) -> Vec<String> {
        let names: Vec<String> = self
            .input
            .items
            .iter()
            .filter_map(component_name)
            .map(|name| escape(name).into_owned())
            .collect();
        let mut line = format!("signature `{}` covers {}", self.label, names.join(", "));
        for name in ["alg", "keyid", "tag"] {
            if let Some(value) = self.text(name) {
                // Writing to a String cannot fail.
                let _ = write!(line, "; {name} {}", escape(value));
            }
        }
        for name in ["created", "expires"] {
            if let Some(time) = self.time(name) {
                let _ = write!(line, "; {name} {time}");
            }
        }
        vec![line]
    }

    /// Returns the signed text under each URL that the request may have been sent to; the error
    /// names a part that is covered and not there.
    fn bases(&self, subject: &Subject<'_>) -> Result<Vec<String>, String> {
        let needs_url = self
            .input
            .items
            .iter()
            .filter_map(component_name)
            .any(|name| matches!(name, "@target-uri" | "@scheme" | "@authority"));
        let urls: Vec<Option<String>> = match subject.url {
            Some(url) => vec![Some(url.to_owned())],
            None if needs_url => public_url::infer(subject.head).into_iter().map(Some).collect(),
            None => vec![None],
        };
        if urls.is_empty() {
            return Err("the Host header is missing, and the address is signed".to_owned());
        }
        urls.iter().map(|url| self.base(subject, url.as_deref())).collect()
    }

    fn base(&self, subject: &Subject<'_>, url: Option<&str>) -> Result<String, String> {
        let mut out = String::new();
        for item in &self.input.items {
            for value in component(item, subject, url)? {
                let _ = writeln!(out, "{}: {value}", item.serialize());
            }
        }
        let list: List = vec![ListEntry::InnerList(self.input.clone())];
        let parameters = list.serialize().unwrap_or_default();
        let _ = write!(out, "\"@signature-params\": {parameters}");
        Ok(out)
    }

    /// Looks for the key that one of the texts was signed with.
    fn find_key(&self, secrets: &[Secret], bases: &[String]) -> KeyCheck {
        let mut is_tried = false;
        for (rank, secret) in secrets.iter().enumerate() {
            match self.fits(secret, bases) {
                Some(true) => return KeyCheck::Fits(rank),
                Some(false) => is_tried = true,
                None => {}
            }
        }
        if is_tried { KeyCheck::Differs } else { KeyCheck::Absent }
    }

    /// Returns whether one of the texts was signed with a secret; none if the secret has no key for
    /// this signature.
    fn fits(&self, secret: &Secret, bases: &[String]) -> Option<bool> {
        let (id, named) = (self.text("keyid"), self.text("alg"));
        if !is_key_file(secret) && named.is_none_or(|name| name == "hmac-sha256") {
            let key = secret.expose();
            return Some(bases.iter().any(|base| {
                digest::fits(Algorithm::HmacSha256, key, base.as_bytes(), &self.signature)
            }));
        }
        let is_other =
            |key: &PublicKey| matches!((id, &key.id), (Some(id), Some(other)) if id != other);
        let keys = public_key::read(secret.expose()).into_iter().filter(|key| !is_other(key));
        let pairs: Vec<(PublicKey, KeyAlgorithm)> = keys
            .flat_map(|key| {
                algorithms(&key, named).into_iter().map(move |algorithm| (key.clone(), algorithm))
            })
            .collect();
        let verifies = |(key, algorithm): &(PublicKey, KeyAlgorithm)| {
            bases.iter().any(|base| algorithm.fits(key, base, &self.signature))
        };
        (!pairs.is_empty()).then(|| pairs.iter().any(verifies))
    }
}

/// Returns whether a secret is a file with keys and not a shared secret.
fn is_key_file(secret: &Secret) -> bool {
    let text = secret.expose().trim_ascii_start();
    text.starts_with(b"-----BEGIN") || text.starts_with(b"{")
}

/// Computation with one key.
#[derive(Clone, Copy)]
enum KeyAlgorithm {
    Public(PublicKeyAlgorithm),
    Hmac,
}

impl KeyAlgorithm {
    fn fits(self, key: &PublicKey, base: &str, signature: &[u8]) -> bool {
        match (self, &key.material) {
            (Self::Public(algorithm), _) => key.verifies(algorithm, base.as_bytes(), signature),
            (Self::Hmac, KeyMaterial::Secret(bytes)) => {
                digest::fits(Algorithm::HmacSha256, bytes, base.as_bytes(), signature)
            }
            (Self::Hmac, _) => false,
        }
    }
}

/// Returns the algorithms of a key, or the named one if the key can be used with it.
fn algorithms(key: &PublicKey, named: Option<&str>) -> Vec<KeyAlgorithm> {
    use PublicKeyAlgorithm as P;
    let all: &[(&str, KeyAlgorithm)] = match &key.material {
        KeyMaterial::Rsa { .. } => &[
            ("rsa-pss-sha512", KeyAlgorithm::Public(P::RsaPssSha512)),
            ("rsa-v1_5-sha256", KeyAlgorithm::Public(P::RsaSha256)),
        ],
        KeyMaterial::Ec(_) => &[
            ("ecdsa-p256-sha256", KeyAlgorithm::Public(P::EcdsaSha256Fixed)),
            ("ecdsa-p384-sha384", KeyAlgorithm::Public(P::EcdsaSha384Fixed)),
        ],
        KeyMaterial::Ed25519(_) => &[("ed25519", KeyAlgorithm::Public(P::Ed25519))],
        KeyMaterial::Secret(_) => &[("hmac-sha256", KeyAlgorithm::Hmac)],
    };
    let is_meant = |name: &str| named.is_none_or(|named| named == name);
    all.iter().filter(|(name, _)| is_meant(name)).map(|(_, algorithm)| *algorithm).collect()
}

fn component_name(item: &Item) -> Option<&str> {
    item.bare_item.as_string().map(sfv::StringRef::as_str)
}

/// Returns the values of a covered part, each of which is a line of the signed text.
fn component(item: &Item, subject: &Subject<'_>, url: Option<&str>) -> Result<Vec<String>, String> {
    let name = component_name(item).ok_or("a covered part is not a string")?;
    if ["req", "tr"].iter().any(|flag| item.params.contains_key(*flag)) {
        let shown = escape(name);
        return Err(format!(
            "`{shown}` is covered in a response or a trailer, which is not supported"
        ));
    }
    let head = subject.head;
    let target = head.target_text();
    let url = url.unwrap_or(&target);
    let (scheme, rest) = url.split_once("://").unwrap_or(("", ""));
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default().to_ascii_lowercase();
    let origin = rest.get(end..).unwrap_or_default();
    let path_and_query = if rest.is_empty() { &*target } else { origin };
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let one = |text: String| Ok(vec![text]);
    match name {
        "@method" => one(head.method.clone()),
        "@target-uri" => one(url.to_owned()),
        "@authority" => one(without_usual_port(scheme, &authority)),
        "@scheme" => one(scheme.to_ascii_lowercase()),
        "@request-target" => one(target.to_string()),
        "@path" => one(if path.is_empty() { "/".to_owned() } else { path.to_owned() }),
        "@query" => one(format!("?{query}")),
        "@query-param" => {
            let wanted = item.params.get("name").and_then(BareItem::as_string);
            let wanted = wanted.ok_or("`@query-param` has no `name`")?.as_str();
            let encode = |text: &str| utf8_percent_encode(text, QUERY_PARAMETER).to_string();
            let values: Vec<String> = form::fields(query.as_bytes())
                .into_iter()
                .filter(|(name, _)| encode(name) == wanted)
                .map(|(_, value)| encode(&value))
                .collect();
            if values.is_empty() {
                return Err(format!("the query has no `{}`, which is signed", escape(wanted)));
            }
            Ok(values)
        }
        _ if name.starts_with('@') => Err(format!("unknown covered part `{}`", escape(name))),
        _ => header(item, name, subject).map(|value| vec![value]),
    }
}

fn without_usual_port(scheme: &str, authority: &str) -> String {
    let port = if scheme.eq_ignore_ascii_case("http") { ":80" } else { ":443" };
    authority.strip_suffix(port).unwrap_or(authority).to_owned()
}

/// Returns the value of a covered header.
fn header(item: &Item, name: &str, subject: &Subject<'_>) -> Result<String, String> {
    let values: Vec<&[u8]> = subject.head.values(name).map(|value| value.trim_ascii()).collect();
    if values.is_empty() {
        return Err(format!("the {} header is missing, and it is signed", escape(name)));
    }
    if item.params.contains_key("bs") {
        let texts = values.iter().map(|value| format!(":{}:", STANDARD.encode(value)));
        return Ok(texts.collect::<Vec<_>>().join(", "));
    }
    let joined: Vec<String> = values.iter().map(|value| header_text(value).into_owned()).collect();
    let joined = joined.join(", ");
    if let Some(key) = item.params.get("key").and_then(BareItem::as_string) {
        let found = Parser::new(&joined).parse::<Dictionary>().ok();
        let member = found.as_ref().and_then(|found| found.get(key.as_str())).cloned();
        let text = member.and_then(|member| vec![member].serialize());
        return text.ok_or_else(|| {
            format!("the {} header has no `{}`", escape(name), escape(key.as_str()))
        });
    }
    if item.params.contains_key("sf") {
        let parse = || Parser::new(&joined);
        let text = parse().parse::<Dictionary>().ok().and_then(|found| found.serialize());
        let text = text.or_else(|| parse().parse::<List>().ok()?.serialize());
        return text
            .ok_or_else(|| format!("the {} header is not a structured field", escape(name)));
    }
    Ok(joined)
}

/// Compares the digests of the body in the request with the body.
fn check_digest(subject: &Subject<'_>) -> Result<(), String> {
    if subject.head.values(CONTENT_DIGEST).next().is_none() {
        return Ok(());
    }
    let found = dictionary(subject, CONTENT_DIGEST)
        .ok_or_else(|| "the content-digest header is not a dictionary of digests".to_owned())?;
    for (name, member) in &found {
        let expected = match name.as_str() {
            "sha-256" => Sha256::digest(subject.body).to_vec(),
            "sha-512" => Sha512::digest(subject.body).to_vec(),
            _ => continue,
        };
        let ListEntry::Item(Item { bare_item: BareItem::ByteSequence(received), .. }) = member
        else {
            return Err(format!("the {name} in content-digest is not base64 between colons"));
        };
        if !digest::equal(&expected, received) {
            return Err(format!("the body is not the one whose {name} is in content-digest"));
        }
    }
    Ok(())
}

/// Returns the digest of the body in a request, as the signature of a scheme.
pub(super) fn digest_as_signature(scheme: &Scheme, subject: &Subject<'_>) -> Option<Inner> {
    let found = dictionary(subject, CONTENT_DIGEST)?;
    let digest = |name: &str| match found.get(name)? {
        ListEntry::Item(Item { bare_item: BareItem::ByteSequence(digest), .. }) => Some(digest),
        _ => None,
    };
    let (algorithm, digest) = match (digest("sha-256"), digest("sha-512")) {
        (Some(digest), _) => (Algorithm::Sha256, digest),
        (None, Some(digest)) => (Algorithm::Sha512, digest),
        (None, None) => return None,
    };
    let scheme = inner(scheme, algorithm, Encoding::Base64, SignedTemplate::default());
    Some(Inner { scheme, value: STANDARD.encode(digest), is_plain: true })
}

/// Returns the HMAC of a request, as the signature of a scheme.
pub(super) fn hmac_as_signature(scheme: &Scheme, subject: &Subject<'_>) -> Option<Inner> {
    let found = signatures(subject);
    let is_hmac = |one: &&MessageSignature| {
        one.text("alg").map_or(one.signature.len() == 32, |name| name == "hmac-sha256")
    };
    let one = found.iter().find(is_hmac)?;
    let base = one.bases(subject).ok()?.into_iter().next()?;
    let signed = SignedTemplate::literal(&base);
    let scheme = inner(scheme, Algorithm::HmacSha256, Encoding::Base64, signed);
    Some(Inner { scheme, value: STANDARD.encode(&one.signature), is_plain: false })
}

/// Returns the headers of a new signature under a shared secret, which covers method and body: what
/// a tunnel or proxy does not change.
pub(super) fn sign(
    secret: &Secret,
    subject: &Subject<'_>,
    now: Timestamp,
) -> Result<Vec<Header>, String> {
    let digest = STANDARD.encode(Sha256::digest(subject.body));
    let digest = Header::new("Content-Digest", format!("sha-256=:{digest}:"));
    let parameters = format!(
        "(\"@method\" \"content-digest\");created={};\
         keyid=\"hookglass-test-key\";alg=\"hmac-sha256\"",
        now.as_second()
    );
    let input = Header::new("Signature-Input", format!("sig1={parameters}"));
    let others =
        subject.head.headers.iter().filter(|header| {
            !header.is(CONTENT_DIGEST) && !header.is(INPUT) && !header.is(SIGNATURE)
        });
    let headers: Vec<Header> = others.cloned().chain([digest.clone(), input.clone()]).collect();
    let head = Head::build(&subject.head.method, &subject.head.target, &headers);
    let list = Parser::new(&parameters).parse::<List>().map_err(|error| error.to_string())?;
    let Some(ListEntry::InnerList(list)) = list.into_iter().next() else {
        return Err("no list of covered parts".to_owned());
    };
    let draft = MessageSignature { label: "sig1".to_owned(), input: list, signature: Vec::new() };
    let subject = Subject { head: &head, body: subject.body, url: subject.url };
    let base = draft.bases(&subject)?.into_iter().next().unwrap_or_default();
    let signature = digest::compute(Algorithm::HmacSha256, secret.expose(), base.as_bytes());
    let value = format!("sig1=:{}:", STANDARD.encode(signature));
    Ok(vec![digest, input, Header::new("Signature", value)])
}
