//! Describes the provider of a stored delivery, as a table for the configuration.
//!
//! With a secret, the usual ways to sign are tried until one verifies. Without one, the scheme is a
//! guess from the headers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use crate::delivery::{Delivery, Head, Header, SignatureStatus};
use crate::payload::pointer_set::PointerSet;
use crate::provider::{
    CustomProvider, Provider, RequestValues, ValueLocation, common_places, common_pointers,
};
use crate::secret::Secret;
use crate::signature::{Credentials, Subject, Verifier};

/// Largest number of bytes that are hashed in search of a scheme.
const MAX_HASHED: usize = 512 << 20;

/// Reason why a provider cannot be described.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewProviderError {
    #[error("invalid name `{0}`: expected lowercase letters, digits, and hyphens")]
    Name(String),
    #[error("`{0}` is built in: listen with --provider {0}")]
    BuiltIn(String),
    #[error(
        "none of {tried} usual ways to sign verifies with this secret; compare it with the secret of \
         this webhook, or leave it out for a table to complete by hand"
    )]
    NothingVerifies { tried: usize },
    #[error("cannot describe `{0}`: {1}")]
    Table(String, String),
}

/// A provider as a table of the configuration.
#[derive(Debug, Clone)]
pub(crate) struct NewProvider {
    /// Tables `[providers.NAME]` and below, with comments.
    pub table: String,
    pub provider: Provider,
    /// Description of the scheme, if it was verified with the secret.
    pub verified: Option<String>,
}

/// Returns the variable with the secret of a provider.
pub(crate) fn variable(name: &str) -> String {
    format!("{}_WEBHOOK_SECRET", name.replace('-', "_").to_ascii_uppercase())
}

/// Describes the provider of a delivery. With a secret, only a scheme that verifies is accepted.
pub(crate) fn describe(
    name: &str,
    delivery: &Delivery,
    secret: Option<&Secret>,
) -> Result<NewProvider, NewProviderError> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name == "auto" || !name.bytes().all(is_letter) {
        return Err(NewProviderError::Name(name.to_owned()));
    }
    if crate::provider::names().any(|known| known == name) {
        return Err(NewProviderError::BuiltIn(name.to_owned()));
    }
    let writer = TableWriter::new(name, delivery);
    let mut candidates = candidates(&delivery.head);
    let Some(secret) = secret else {
        // The likeliest scheme, or a place that identifies the deliveries.
        let scheme = candidates.next().map_or_else(|| unsigned(&writer), |one| one.toml());
        let note = format!("from delivery {}; not verified: check `scheme`", delivery.summary.id);
        return writer.provider(&scheme, &note, None);
    };
    let mut tried = 0;
    for candidate in candidates {
        if tried > 0 && tried * delivery.body.len() > MAX_HASHED {
            break;
        }
        tried += 1;
        let scheme = candidate.toml();
        let Some(provider) = parsed(name, &scheme) else { continue };
        if verifies(&provider, secret, delivery) {
            let how = provider.scheme.to_string();
            let note = format!("from delivery {}, which it verifies", delivery.summary.id);
            return writer.provider(&scheme, &note, Some(how));
        }
    }
    Err(NewProviderError::NothingVerifies { tried })
}

fn parsed(name: &str, scheme: &str) -> Option<Provider> {
    let text = format!("[scheme]\n{scheme}");
    let custom: CustomProvider = toml::from_str(&text).ok()?;
    custom.provider(name).ok().flatten()
}

fn verifies(provider: &Provider, secret: &Secret, delivery: &Delivery) -> bool {
    let Delivery { head, body, summary, .. } = delivery;
    let credentials =
        Credentials { provider: provider.clone().into(), secrets: vec![secret.clone()] };
    let subject = Subject::new(head, body);
    let verifier = Verifier::new(vec![credentials]);
    let verdict = verifier.judge(&subject, summary.request.received_at).verdict;
    verdict.status == SignatureStatus::Verified
}

/// Writes the parts of a table that do not depend on the scheme.
struct TableWriter {
    name: String,
    kind: Option<ValueLocation>,
    id: Option<ValueLocation>,
}

impl TableWriter {
    fn new(name: &str, delivery: &Delivery) -> Self {
        let pointers = PointerSet::new(common_pointers());
        let values = RequestValues::new(&delivery.head, &delivery.body, &pointers);
        let (kind, id) = common_places(&values);
        let place = |found: Option<(ValueLocation, String)>| found.map(|(place, _)| place);
        Self { name: name.to_owned(), kind: place(kind), id: place(id) }
    }

    /// Returns the provider with its table.
    fn provider(
        &self,
        scheme: &str,
        note: &str,
        verified: Option<String>,
    ) -> Result<NewProvider, NewProviderError> {
        #[derive(Deserialize)]
        struct Tables {
            providers: BTreeMap<String, CustomProvider>,
        }
        let table = self.table(scheme, note);
        let wrong = |reason: String| NewProviderError::Table(self.name.clone(), reason);
        let tables: Tables = toml::from_str(&table).map_err(|error| wrong(error.to_string()))?;
        let described = tables.providers.into_values().next();
        let described = described.map(|one| one.provider(&self.name)).transpose();
        let provider = described.map_err(|error| wrong(error.to_string()))?.flatten();
        let provider = provider.ok_or_else(|| wrong("it has no scheme".to_owned()))?;
        Ok(NewProvider { table, provider, verified })
    }

    fn table(&self, scheme: &str, note: &str) -> String {
        let name = &self.name;
        let variable = variable(name);
        let mut text = format!(
            "# Written by `hookglass providers new` {note}.\n[providers.{name}]\nsecret_env = \
             \"{variable}\"\n\n[providers.{name}.scheme]\n{scheme}"
        );
        let places = [("type", &self.kind), ("id", &self.id)];
        if places.iter().any(|(_, place)| place.is_some()) {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n[providers.{name}.event]\n");
        }
        for (key, place) in places {
            if let Some(place) = place {
                let _ = writeln!(text, "{key} = \"{}\"", spelled(place));
            }
        }
        text
    }
}

/// Returns a place as it is written in a file.
fn spelled(place: &ValueLocation) -> String {
    match place {
        ValueLocation::Header(name) => format!("header:{}", name.to_ascii_lowercase()),
        ValueLocation::Query(name) => format!("query:{name}"),
        ValueLocation::Json(path) => format!("json:{path}"),
        ValueLocation::Form(field) => format!("form:{field}"),
        ValueLocation::Xml(path) => format!("xml:{path}"),
        ValueLocation::Pair(key) => format!("pair:{key}"),
    }
}

/// Returns the scheme of a delivery without anything that looks like a signature.
fn unsigned(writer: &TableWriter) -> String {
    let place = writer.kind.as_ref().or(writer.id.as_ref());
    let place = place.map_or_else(|| "header:x-signature".to_owned(), spelled);
    format!("signature = \"{place}\"\nunchecked = \"no signature was found in the delivery\"\n")
}

/// A way to sign.
#[derive(Debug, Clone)]
struct SchemeCandidate {
    header: String,
    algorithm: &'static str,
    encoding: &'static str,
    prefix: String,
    /// Separators and key, if the header has several items.
    pairs: Option<String>,
    list: Option<&'static str>,
    secret: &'static str,
    signed: String,
    /// Location and unit.
    timestamp: Option<(String, &'static str)>,
    id: Option<String>,
}

impl SchemeCandidate {
    fn toml(&self) -> String {
        let mut text = format!("signature = \"header:{}\"\n", self.header);
        let mut key = |name: &str, value: &str, default: &str| {
            if value != default {
                let _ = writeln!(text, "{name} = {}", toml::Value::from(value));
            }
        };
        key("algorithm", self.algorithm, "hmac-sha256");
        key("encoding", self.encoding, "hex");
        key("prefix", &self.prefix, "");
        key("list", self.list.unwrap_or_default(), "");
        key("secret", self.secret, "utf8");
        if self.secret == "base64-if-prefixed" {
            key("secret_prefix", "whsec_", "");
        }
        if self.algorithm != "token" {
            key("signed", &self.signed, "{{body}}");
        }
        key("id", self.id.as_deref().unwrap_or_default(), "");
        if let Some(pairs) = &self.pairs {
            let _ = writeln!(text, "pairs = {pairs}");
        }
        if let Some((from, unit)) = &self.timestamp {
            let _ = writeln!(text, "timestamp = {{ from = \"{from}\", unit = \"{unit}\" }}");
        }
        text
    }
}

/// A digest in a header: the text around it, and its size in bytes.
#[derive(Debug, Clone, Default)]
struct DigestText {
    header: String,
    prefix: String,
    pairs: Option<String>,
    list: Option<&'static str>,
    /// Location of a time in the same header, and its unit.
    clock: Option<(String, &'static str)>,
    encoding: &'static str,
    size: usize,
}

/// Template of a signed text, with the location and unit of its time, and the location of its id.
type SignedText<'h> = (&'static str, Option<&'h (String, &'static str)>, Option<&'h String>);

/// Iterates over the ways in which a request can be signed, the likeliest first.
fn candidates(head: &Head) -> impl Iterator<Item = SchemeCandidate> {
    let clocks: Vec<(String, &str)> = head.headers.iter().filter_map(clock).collect();
    let ids: Vec<String> = head.headers.iter().filter_map(id).collect();
    let tokens: Vec<SchemeCandidate> = likely_headers(head).map(token).collect();
    let digests = likely_headers(head).flat_map(digests);
    let signed = digests.flat_map(move |digest| signed(&digest, &clocks, &ids));
    signed.chain(tokens)
}

/// Iterates over headers that can carry a signature, those named so first.
fn likely_headers(head: &Head) -> impl Iterator<Item = &Header> {
    let is_named = |header: &&Header| {
        let name = header.name.to_ascii_lowercase();
        ["signature", "hmac", "digest", "sign", "token", "secret", "authorization"]
            .iter()
            .any(|word| name.contains(word))
    };
    let named = head.headers.iter().filter(is_named);
    named.chain(head.headers.iter().filter(move |header| {
        header.name.to_ascii_lowercase().starts_with("x-") && !is_named(header)
    }))
}

/// Returns the digests in a header.
fn digests(header: &Header) -> Vec<DigestText> {
    let text = header.text();
    let text = text.trim();
    let name = header.name.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut add = |digest: DigestText, value: &str| {
        if let Some((encoding, size)) = digest_form(value) {
            found.push(DigestText { header: name.clone(), encoding, size, ..digest });
        }
    };
    add(DigestText::default(), text);
    // `t=1790000000,v1=ab…`
    for between in [",", ";"] {
        let items: Vec<(&str, &str)> =
            text.split(between).filter_map(|item| item.trim().split_once('=')).collect();
        if items.len() < 2 {
            continue;
        }
        let mut times = items.iter().filter(|(key, _)| key.starts_with(['t', 'T']));
        let clock = times.find_map(|(key, value)| Some((format!("pair:{key}"), unit(value)?)));
        for (key, value) in &items {
            let pairs = Some(format!("[\"{between}\", \"=\", \"{key}\"]"));
            add(DigestText { pairs, clock: clock.clone(), ..DigestText::default() }, value);
        }
    }
    // `v1,ab… v1,cd…` and `sha256=ab…`
    for sign in [',', '=', ' ', ':'] {
        let first = text.split(' ').next().unwrap_or_default();
        let (whole, list) = if sign == ',' { (first, Some(" ")) } else { (text, None) };
        if let Some((before, value)) = whole.split_once(sign) {
            add(
                DigestText { prefix: format!("{before}{sign}"), list, ..DigestText::default() },
                value,
            );
        }
    }
    found
}

/// Returns encoding and size of a text that has the form of a digest.
fn digest_form(text: &str) -> Option<(&'static str, usize)> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
    let size =
        |bytes: Vec<u8>| Some(bytes.len()).filter(|size| [16, 20, 32, 48, 64].contains(size));
    if let Some(size) = hex::decode(text).ok().and_then(size) {
        let is_upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
        return Some((if is_upper { "hex-upper" } else { "hex" }, size));
    }
    let standard = STANDARD.decode(text).ok().and_then(size).map(|size| ("base64", size));
    let url_safe = || {
        let bytes = URL_SAFE.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).ok()?;
        Some(("base64url", size(bytes)?))
    };
    standard.or_else(url_safe)
}

/// Returns the unit of a time, if a text is one.
fn unit(text: &str) -> Option<&'static str> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.len() {
        10 if is_number => Some("s"),
        13 if is_number => Some("ms"),
        _ => text.parse::<jiff::Timestamp>().ok().map(|_| "rfc3339"),
    }
}

fn clock(header: &Header) -> Option<(String, &'static str)> {
    Some((format!("header:{}", header.name.to_ascii_lowercase()), unit(header.text().trim())?))
}

fn id(header: &Header) -> Option<String> {
    let name = header.name.to_ascii_lowercase();
    (name.ends_with("-id") || name.ends_with("nonce")).then(|| format!("header:{name}"))
}

fn token(header: &Header) -> SchemeCandidate {
    let text = header.text();
    let prefix = ["Bearer ", "Basic "].into_iter().find(|word| text.starts_with(word));
    SchemeCandidate {
        header: header.name.to_ascii_lowercase(),
        algorithm: "token",
        encoding: "hex",
        prefix: prefix.unwrap_or_default().to_owned(),
        pairs: None,
        list: None,
        secret: "utf8",
        signed: String::new(),
        timestamp: None,
        id: None,
    }
}

/// Returns the schemes that can have made a digest.
fn signed(
    digest: &DigestText,
    clocks: &[(String, &'static str)],
    ids: &[String],
) -> Vec<SchemeCandidate> {
    let algorithms: &[&str] = match digest.size {
        16 => &["hmac-md5"],
        20 => &["hmac-sha1"],
        32 => &["hmac-sha256", "sha256"],
        48 => &["hmac-sha384"],
        _ => &["hmac-sha512"],
    };
    let all: Vec<&(String, &str)> = digest.clock.iter().chain(clocks).collect();
    let mut payloads: Vec<SignedText<'_>> = Vec::new();
    // A signature with a time or an id in the same header usually covers it.
    let timed = all.iter().flat_map(|clock| {
        let with_id = ids.iter().flat_map(move |id| {
            [
                "{{id}}.{{timestamp}}.{{body}}",
                "{{id}}{{timestamp}}{{body}}",
                "{{timestamp}}{{id}}{{body}}",
            ]
            .map(|text| (text, Some(*clock), Some(id)))
        });
        let alone = [
            "{{timestamp}}.{{body}}",
            "{{timestamp}}{{body}}",
            "{{timestamp}}:{{body}}",
            "v0:{{timestamp}}:{{body}}",
            "v1.{{timestamp}}.{{body}}",
            "{{timestamp}}|{{body}}",
            "{{timestamp}}\n{{body}}",
            "{{body}}{{timestamp}}",
            "{{body}}.{{timestamp}}",
            "{{method}}{{path}}{{timestamp}}{{body}}",
        ];
        alone.map(|text| (text, Some(*clock), None)).into_iter().chain(with_id)
    });
    let plain = ["{{body}}", "{{decoded}}", "{{sha256:body}}", "{{method}}{{path}}{{body}}"];
    let plain = plain.map(|text| (text, None, None));
    if digest.clock.is_some() {
        payloads.extend(timed.chain(plain));
    } else {
        payloads.extend(plain.into_iter().chain(timed));
    }
    let mut out = Vec::new();
    for (text, clock, id) in payloads {
        for algorithm in algorithms {
            for secret in ["utf8", "base64", "hex", "base64-if-prefixed"] {
                let forms: &[String] = &match *algorithm {
                    "sha256" => {
                        vec![format!("{{{{secret}}}}{text}"), format!("{text}{{{{secret}}}}")]
                    }
                    _ => vec![text.to_owned()],
                };
                out.extend(forms.iter().map(|signed| SchemeCandidate {
                    header: digest.header.clone(),
                    algorithm,
                    encoding: digest.encoding,
                    prefix: digest.prefix.clone(),
                    pairs: digest.pairs.clone(),
                    list: digest.list,
                    secret,
                    signed: signed.clone(),
                    timestamp: clock.map(|(from, unit)| (from.clone(), *unit)),
                    id: id.cloned(),
                }));
            }
        }
    }
    out
}
