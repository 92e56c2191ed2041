//! Causes of failed signatures: every change that common software makes, for every provider. The
//! cause that is named has to be the change that was made, so that undoing it verifies.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hookglass::delivery::{Head, Header, SignatureStatus, Verdict};
use hookglass::payload::json;
use hookglass::payload::reserialize::{JsonLibrary, rewritten};
use hookglass::provider::{
    self, Algorithm, Encoding, Provider, Scheme, SecretForm, Seed, TemplatePart, ValueLocation,
};
use hookglass::secret::Secret;
use hookglass::signature::{Budget, Cause, Credentials, Draft, Subject, Verifier, sign};
use jiff::Timestamp;

const URL: &str = "https://hooks.example/in/x?b=1&a=%7E2";

/// A request as a provider sends it, and the configuration of its receiver.
#[derive(Clone)]
struct Request {
    provider: Provider,
    secret: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    url: String,
    method: &'static str,
}

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap_or_default()
}

fn scheme(provider: &Provider) -> &Scheme {
    &provider.scheme
}

fn secret(scheme: &Scheme) -> String {
    let key = b"test-key-not-a-real-one-32-bytes";
    let text = match scheme.secret {
        SecretForm::Utf8 | SecretForm::Utf8Nfkd | SecretForm::Utf8Html | SecretForm::PublicKey => {
            "Test-key-not_a-Real-one".to_owned()
        }
        SecretForm::Base64 | SecretForm::Base64IfPrefixed => STANDARD.encode(key),
        SecretForm::Hex => hex::encode(key),
    };
    format!("{}{text}", scheme.secret_prefix)
}

/// Adds members to a JSON object that every library writes differently.
fn enriched(body: &str) -> String {
    let rest = body.trim_start().strip_prefix('{').unwrap_or(body);
    let rest: String = rest.chars().filter(char::is_ascii).collect();
    let rest = rest.replace('?', "");
    format!(r#"{{"x_note":"Zoë <b>&'x' https://x.example/a","x_amount":10.0,{rest}"#)
}

/// A provider, the secret to sign with, and the headers and body of a sample.
type Sender = (Arc<Provider>, String, Vec<(String, String)>, String);

/// A sample of every provider.
fn senders() -> Vec<Sender> {
    let mut seed = Seed { now: now(), random: fastrand::Rng::with_seed(7) };
    let mut out = Vec::new();
    // The damage assumes a keyed digest in lowercase hex or padded base64, and a prefix without
    // blanks.
    let is_usual = |provider: &&Arc<Provider>| {
        let scheme = &provider.scheme;
        !matches!(scheme.encoding, Encoding::HexUpper | Encoding::Base64Url)
            && !scheme.prefix.ends_with(' ')
    };
    for provider in provider::all().iter().filter(is_usual) {
        let json = provider.samples.iter().find(|sample| {
            let body = sample.body(&mut seed);
            body.trim_start().starts_with('{') && sample.content_type.contains("json")
        });
        let Some(sample) = json else { continue };
        let body = enriched(&sample.body(&mut seed));
        let mut headers = vec![("Content-Type".to_owned(), sample.content_type.clone())];
        headers.extend(sample.headers(&mut seed));
        out.push((Arc::clone(provider), secret(scheme(provider)), headers, body));
    }
    out
}

impl Request {
    /// Signs a body; returns none if the provider's requests cannot be signed.
    fn signed(
        provider: &Provider,
        secret: &str,
        headers: &[(String, String)],
        body: &[u8],
        url: &str,
    ) -> Option<Self> {
        let key = Secret::new("TEST_SECRET", secret);
        let own: Vec<Header> =
            headers.iter().map(|(name, value)| Header::new(name, value.clone())).collect();
        let draft = Draft {
            body,
            headers: &own,
            method: "POST",
            url: Some(url),
            id: "msg_1",
            now: now(),
            like: None,
        };
        let signed = sign(scheme(provider), &key, &draft).ok()?;
        let added = signed.headers.iter();
        let added = added.map(|header| (header.name.clone(), header.text().into_owned()));
        Some(Self {
            provider: provider.clone(),
            secret: secret.to_owned(),
            headers: headers.iter().cloned().chain(added).collect(),
            body: signed.body.unwrap_or_else(|| body.to_vec()),
            url: URL.to_owned(),
            method: "POST",
        })
    }

    fn verdict(&self) -> Verdict {
        let headers: Vec<Header> =
            self.headers.iter().map(|(name, value)| Header::new(name, value.clone())).collect();
        let target = self.url.split_once("://").map_or("/", |(_, rest)| rest);
        let target = target.find('/').and_then(|at| target.get(at..)).unwrap_or("/");
        let head = Head::build(self.method, target, &headers);
        let subject = Subject { head: &head, body: &self.body, url: Some(&self.url) };
        let secrets = vec![Secret::new("TEST_SECRET", self.secret.clone())];
        let credentials = Credentials { provider: self.provider.clone().into(), secrets };
        let verifier = Verifier::new(vec![credentials]);
        let budget = Budget { bytes: Budget::BYTES, go_on: &|| true };
        verifier.explain(&verifier.judge(&subject, now()), &subject, now(), budget).verdict
    }

    fn header(&mut self) -> Option<&mut (String, String)> {
        let name = scheme(&self.provider).signature_headers().next()?.to_owned();
        self.headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name))
    }

    /// Returns the digest in the signature header.
    fn digest(&self) -> Option<String> {
        let scheme = scheme(&self.provider);
        let name = scheme.signature_headers().next()?;
        let (_, value) = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        let is_part = |text: &str| text.len() >= 20;
        let value = value.trim_end_matches('=');
        let is_hex = scheme.encoding == Encoding::Hex;
        let run = value.rsplit(|c: char| {
            let is_base64 = c.is_ascii_alphanumeric() || "+/".contains(c);
            if is_hex { !c.is_ascii_hexdigit() } else { !is_base64 }
        });
        let run = run.into_iter().find(|text| is_part(text))?;
        let (_, whole) = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        let at = whole.rfind(run)?;
        let end = whole.get(at + run.len()..)?.bytes().take_while(|byte| *byte == b'=').count();
        whole.get(at..at + run.len() + end).map(str::to_owned)
    }

    fn with_value(mut self, change: impl FnOnce(&str) -> String) -> Option<Self> {
        let (_, value) = self.header()?;
        *value = change(value);
        Some(self)
    }

    fn with_digest(self, change: impl FnOnce(&str) -> String) -> Option<Self> {
        let digest = self.digest()?;
        let changed = change(&digest);
        (changed != digest).then_some(())?;
        self.with_value(|value| value.replacen(&digest, &changed, 1))
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        let digest = self.digest()?;
        match scheme(&self.provider).encoding {
            Encoding::Base64 => STANDARD.decode(digest).ok(),
            _ => hex::decode(digest).ok(),
        }
    }
}

/// Counts of the causes found for the changes made.
#[derive(Default)]
struct Tally {
    tried: usize,
    wrong: Vec<String>,
}

impl Tally {
    /// Checks that the verdict has one of the causes; without causes, that nothing was proved.
    fn check(&mut self, what: &str, request: Option<Request>, causes: &[Cause]) {
        let Some(request) = request else { return };
        self.tried += 1;
        let verdict = request.verdict();
        let found = verdict.cause.as_deref();
        let right = match found {
            Some(found) => causes.iter().any(|cause| cause.code() == found),
            None => causes.is_empty(),
        };
        let is_failed = verdict.status != SignatureStatus::Verified;
        if !right || !is_failed {
            let says = verdict.explanation.map(|explanation| explanation.to_lines());
            self.wrong.push(format!(
                "{}, {what}: {} {found:?}, expected {causes:?}; {says:?}",
                request.provider.name, verdict.status
            ));
        }
    }

    fn finish(self, fewest: usize) {
        let Self { tried, wrong } = self;
        assert!(wrong.is_empty(), "{} of {tried} wrong:\n{}", wrong.len(), wrong.join("\n"));
        assert!(tried >= fewest, "only {tried} tried");
    }
}

fn begin(text: &str, length: usize) -> String {
    text.chars().take(length).collect()
}

fn without(text: &str, length: usize) -> String {
    text.chars().skip(length).collect()
}

fn is_computed(provider: &Provider) -> bool {
    let scheme = scheme(provider);
    scheme.algorithm != Algorithm::Token && scheme.unchecked.is_none()
}

fn signs_body(provider: &Provider) -> bool {
    let scheme = scheme(provider);
    is_computed(provider) && scheme.covers_body && scheme.signed.has(&TemplatePart::Body)
}

/// A name, the signed body, the received body, and the causes that describe the change.
type BodyChange = (&'static str, Vec<u8>, Vec<u8>, Vec<Cause>);

fn body_changes(body: &str) -> Vec<BodyChange> {
    use Cause::*;
    let escapes =
        || vec![BodyReserialized, BodyUnicodeEscaped, BodyUnicodeUnescaped, BodySlashEscaping];
    let compact = rewritten(JsonLibrary::JavaScript, body.as_bytes()).unwrap_or_default();
    let compact = String::from_utf8(compact).unwrap_or_default();
    let bytes = |text: &str| text.as_bytes().to_vec();
    let in_language = |language| rewritten(language, compact.as_bytes()).unwrap_or_default();
    let python = String::from_utf8(in_language(JsonLibrary::Python)).unwrap_or_default();
    let dot_net = compact.replace('ë', "\\u00EB").replace('<', "\\u003C").replace('>', "\\u003E");
    let dot_net = dot_net.replace('&', "\\u0026").replace('\'', "\\u0027");
    let go = compact.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let php = compact.replace('/', "\\/").replace('ë', "\\u00eb");
    let parsed: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let lf = serde_json::to_string_pretty(&parsed).unwrap_or_default();
    let crlf = lf.replace('\n', "\r\n");
    let latin: Vec<u8> = body.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let mut out = vec![
        ("newline added", bytes(body), bytes(&format!("{body}\n")), vec![BodyNewlineAdded]),
        ("newline lost", bytes(&format!("{body}\n")), bytes(body), vec![BodyNewlineStripped]),
        ("newlines lost", bytes(&format!("{body}\n\n")), bytes(body), vec![BodyWhitespace]),
        ("blanks added", bytes(body), bytes(&format!(" {body}  ")), vec![BodyWhitespace]),
        (
            "blank after newline",
            bytes(&format!("{body}\n")),
            bytes(&format!("{body}\n ")),
            vec![BodyWhitespace],
        ),
        ("BOM added", bytes(body), bytes(&format!("\u{feff}{body}")), vec![BodyBom]),
        ("BOM lost", bytes(&format!("\u{feff}{body}")), bytes(body), vec![BodyBom]),
        ("python of signed", bytes(&compact), bytes(&python), escapes()),
        ("python signed", bytes(&python), bytes(&compact), escapes()),
        ("numbers of Python", python.clone().into_bytes(), bytes(body), escapes()),
        ("php received", bytes(&compact), bytes(&php), escapes()),
        ("php signed", bytes(&php), bytes(&compact), escapes()),
        ("go received", bytes(&compact), bytes(&go), escapes()),
        ("go signed", bytes(&go), bytes(&compact), escapes()),
        (".NET received", bytes(&compact), bytes(&dot_net), escapes()),
        (".NET signed", bytes(&dot_net), bytes(&compact), escapes()),
        ("Latin-1 received", bytes(body), latin.clone(), vec![BodyCharset]),
        (
            "mojibake",
            bytes(body),
            {
                let text: String = body.bytes().map(char::from).collect();
                text.into_bytes()
            },
            vec![BodyCharset],
        ),
        ("a byte lost", latin, bytes(&body.replace('ë', "\u{fffd}")), vec![BodyCharset]),
        (
            "two bytes lost",
            bytes(body),
            bytes(&body.replace('ë', "\u{fffd}\u{fffd}")),
            vec![BodyCharset],
        ),
        ("question mark", bytes(body), bytes(&body.replace('ë', "?")), vec![BodyCharset]),
        ("base64", bytes(body), STANDARD.encode(body).into_bytes(), vec![BodyBase64]),
        (
            "string",
            bytes(body),
            serde_json::to_string(body).unwrap_or_default().into_bytes(),
            vec![BodyDoubleEncoded],
        ),
        ("empty signed", Vec::new(), bytes(body), vec![SigOfEmptyBody]),
        ("changed", bytes(body), bytes(&body.replace("10.0", "11.0")), vec![]),
        ("cut off", bytes(body), bytes(body.get(..body.len() / 3).unwrap_or_default()), vec![]),
    ];
    out.push(("CRLF", bytes(&lf), bytes(&crlf), vec![BodyNewlineStyle]));
    out.push(("LF", bytes(&crlf), bytes(&lf), vec![BodyNewlineStyle]));
    out.push(("compact", bytes(&lf), bytes(&json::compact(&lf)), vec![BodyReserialized]));
    out.push(("indented", bytes(&json::compact(&lf)), bytes(&lf), vec![BodyReserialized]));

    out
}

/// Returns whether time, id, and signature are read from places outside of the body.
fn is_readable(provider: &Provider) -> bool {
    let scheme = scheme(provider);
    let places = scheme.timestamp.iter().map(|clock| &clock.from).chain(&scheme.id);
    let mut places = places.chain(&scheme.signature);
    !places.any(|place| matches!(place, ValueLocation::Json(_) | ValueLocation::Form(_)))
}

#[test]
fn changes_of_the_body_are_named_for_every_provider() {
    let mut tally = Tally::default();
    for (at, (provider, secret, headers, body)) in senders().into_iter().enumerate() {
        if !signs_body(&provider) || !is_readable(&provider) {
            continue;
        }
        for (what, signed, received, causes) in body_changes(&body) {
            // A search that finds nothing takes long.
            if causes.is_empty() && at % 4 > 0 {
                continue;
            }
            let request = Request::signed(&provider, &secret, &headers, &signed, URL);
            let request = request.map(|request| Request { body: received, ..request });
            // A token or a digest header has the hash of the body, which proves any other change.
            let has_hash = matches!(
                provider.scheme.algorithm,
                Algorithm::Jwt | Algorithm::HttpMessageSignature
            );
            let of_hash = (causes.is_empty() && has_hash).then(|| vec![Cause::BodyHash]);
            tally.check(what, request, &of_hash.unwrap_or(causes));
        }
    }
    tally.finish(1000);
}

#[test]
fn key_orders_are_named_for_every_provider() {
    let orders = [
        (r#"{"b":2,"a":1}"#, r#"{"a":1,"b":2}"#),
        (r#"{"a": 1, "b": 2, "c": {"d": [3]}}"#, r#"{"c": {"d": [3]}, "a": 1, "b": 2}"#),
        (r#"{"a":1,"b":2,"c":3}"#, r#"{"c": 3, "b": 2, "a": 1}"#),
        (r#"{"a":"ë","b":2,"c":3}"#, "{\n  \"c\": 3,\n  \"a\": \"ë\",\n  \"b\": 2\n}"),
    ];
    let mut tally = Tally::default();
    for (provider, secret, headers, _) in senders() {
        if !signs_body(&provider) || !is_readable(&provider) {
            continue;
        }
        for (received, signed) in orders {
            let request = Request::signed(&provider, &secret, &headers, signed.as_bytes(), URL);
            let body = received.as_bytes().to_vec();
            tally.check(
                received,
                request.map(|request| Request { body, ..request }),
                &[Cause::BodyKeyOrder],
            );
        }
    }
    tally.finish(100);
}

#[test]
fn damage_of_the_signature_is_named_for_every_provider() {
    use Cause::*;
    let mut tally = Tally::default();
    for (provider, secret, headers, body) in senders() {
        if !is_computed(&provider) || scheme(&provider).algorithm.is_asymmetric() {
            continue;
        }
        let signed = Request::signed(&provider, &secret, &headers, body.as_bytes(), URL);
        let Some(signed) = signed.filter(|signed| signed.digest().is_some()) else { continue };
        let own = scheme(&provider);
        let is_hex = own.encoding == Encoding::Hex;
        let mut check = |what: &str, request: Option<Request>, causes: &[Cause]| {
            tally.check(what, request, causes);
        };
        let with = |change: &dyn Fn(&str) -> String| signed.clone().with_digest(change);
        if is_hex {
            check("uppercase", with(&|digest| digest.to_uppercase()), &[SigCase]);
            let bytes = signed.bytes().unwrap_or_default();
            check("base64", with(&|_| STANDARD.encode(&bytes)), &[SigEncoding]);
            check("base64url", with(&|_| URL_SAFE_NO_PAD.encode(&bytes)), &[SigEncoding]);
            check("not hex", with(&|digest| format!("zz{}", without(digest, 2))), &[SigNotHex]);
            check("cut by one", with(&|digest| begin(digest, digest.len() - 1)), &[SigTruncated]);
            check(
                "one digit",
                with(&|digest| {
                    let first = if digest.starts_with('0') { "1" } else { "0" };
                    format!("{first}{}", without(digest, 1))
                }),
                &[SigTampered],
            );
        } else {
            let bytes = signed.bytes().unwrap_or_default();
            check("hex", with(&|_| hex::encode(&bytes)), &[SigEncoding]);
            check(
                "unpadded",
                with(&|digest| digest.trim_end_matches('=').to_owned()),
                &[SigEncoding],
            );
            check("base64url", with(&|_| URL_SAFE_NO_PAD.encode(&bytes)), &[SigEncoding]);
            check(
                "not base64",
                with(&|digest| format!("!!{}", without(digest, 2))),
                &[SigNotBase64],
            );
            check("percent", with(&|digest| digest.replace('=', "%3D")), &[SigEncoding]);
        }
        check("half", with(&|digest| begin(digest, digest.len() / 2)), &[SigTruncated]);
        check("extended", with(&|digest| format!("{digest}ab")), &[SigLength]);
        check("full stop", with(&|digest| format!("{digest}.")), &[SigLength]);
        check("0x", with(&|digest| format!("0x{digest}")), &[SigPrefix]);
        let value = |change: &dyn Fn(&str) -> String| signed.clone().with_value(change);
        if own.pairs.is_none() && own.list.is_none() {
            check("Bearer", value(&|value| format!("Bearer {value}")), &[SigPrefix]);
            let digest = signed.digest().unwrap_or_default();
            check("sha-256=", value(&|_| format!("sha-256={digest}")), &[SigPrefix]);
            check("colon", value(&|_| format!("sha256:{digest}")), &[SigPrefix]);
            check("spaces", value(&|_| format!("sha256 = {digest}")), &[SigPrefix]);
            let other = "0".repeat(digest.len());
            check(
                "two",
                value(&|value| format!("{}, {value}", value.replace(&digest, &other))),
                &[SigMultiple],
            );
        }
        check("quoted", value(&|value| format!("\"{value}\"")), &[SigQuoted]);
        check("brackets", value(&|value| format!("<{value}>")), &[SigQuoted]);
        check("empty", value(&|_| String::new()), &[HeaderEmpty]);
        if !own.prefix.is_empty() && !own.prefix.contains('*') {
            check("prefix only", value(&|_| own.prefix.clone()), &[SigTruncated]);
        }
        let mut elsewhere = signed.clone();
        if let Some((name, _)) = elsewhere.header() {
            *name = "X-Somewhere-Else".to_owned();
        }
        check("elsewhere", Some(elsewhere.clone()), &[WrongHeader, OtherProvider]);
        elsewhere.headers.retain(|(name, _)| name != "X-Somewhere-Else");
        check("missing", Some(elsewhere), &[HeaderMissing]);
    }
    tally.finish(900);
}

#[test]
fn forms_of_the_secret_are_named_for_every_provider() {
    use Cause::*;
    let mut tally = Tally::default();
    for (provider, secret, headers, body) in senders() {
        if !is_computed(&provider) || scheme(&provider).algorithm.is_asymmetric() {
            continue;
        }
        let Some(signed) = Request::signed(&provider, &secret, &headers, body.as_bytes(), URL)
        else {
            continue;
        };
        let is_text = matches!(scheme(&provider).secret, SecretForm::Utf8 | SecretForm::Utf8Nfkd);
        let mut check = |what: &str, secret: String, causes: &[Cause]| {
            let request = Request { secret, ..signed.clone() };
            tally.check(what, Some(request), causes);
        };
        if is_text {
            for end in ["\n", " ", "\r\n", "\u{a0}", "\u{200b}", "\u{feff}", "\\n"] {
                check("end", format!("{secret}{end}"), &[SecretWhitespace]);
            }
            check("BOM", format!("\u{feff}{secret}"), &[SecretWhitespace]);
            for [open, close] in [
                ["\"", "\""],
                ["'", "'"],
                ["`", "`"],
                ["“", "”"],
                ["<", ">"],
                ["", ","],
                ["\"", ""],
            ] {
                check("quotes", format!("{open}{secret}{close}"), &[SecretQuoted]);
            }
            check("assignment", format!("{}={secret}", provider.secret_env), &[SecretAssignment]);
            check("base64", STANDARD.encode(&secret), &[SecretBase64Encoded]);
            let bare = STANDARD.encode(&secret).trim_end_matches('=').to_owned();
            check("bare base64", bare, &[SecretBase64Encoded]);
            check("hex", hex::encode(&secret), &[SecretHexEncoded]);
            check("encoded", secret.replace('_', "%5F"), &[SecretUrlEncoded]);
        }
    }
    tally.finish(500);
}

#[test]
fn urls_are_named_for_every_provider_that_signs_them() {
    use Cause::*;
    let mut tally = Tally::default();
    for (provider, secret, headers, body) in senders() {
        if !scheme(&provider).signed.has(&TemplatePart::Url) {
            continue;
        }
        for (signed, cause) in [
            ("http://hooks.example/in/x?b=1&a=%7E2", UrlScheme),
            ("https://hooks.example/in/x/?b=1&a=%7E2", UrlPath),
            ("https://hooks.example/in//x?b=1&a=%7E2", UrlPath),
            ("https://hooks.example/in/x", UrlQuery),
            ("https://hooks.example/in/x?a=%7E2&b=1", UrlQuery),
            ("https://HOOKS.EXAMPLE/in/x?b=1&a=%7E2", UrlHost),
            ("https://hooks.example/in/x?b=1&a=~2", UrlEncoding),
            ("https://hooks.example/in/x?b=1&a=%7e2", UrlEncoding),
        ] {
            let request = Request::signed(&provider, &secret, &headers, body.as_bytes(), signed);
            tally.check(signed, request, &[cause]);
        }
    }
    tally.finish(8);
}

#[test]
fn nothing_is_claimed_about_a_wrong_secret() {
    let mut tally = Tally::default();
    for (provider, secret, headers, body) in senders() {
        if !is_computed(&provider) {
            continue;
        }
        let signed = Request::signed(&provider, &secret, &headers, body.as_bytes(), URL);
        let other = match scheme(&provider).secret {
            SecretForm::Utf8
            | SecretForm::Utf8Nfkd
            | SecretForm::Utf8Html
            | SecretForm::PublicKey => "another-secret-altogether".to_owned(),
            SecretForm::Hex => "ab".repeat(32),
            SecretForm::Base64 | SecretForm::Base64IfPrefixed => {
                format!("{}{}", scheme(&provider).secret_prefix, STANDARD.encode([7; 32]))
            }
        };
        let is_asymmetric = scheme(&provider).algorithm.is_asymmetric();
        let request = signed.filter(|_| !is_asymmetric);
        tally.check("wrong", request.map(|request| Request { secret: other, ..request }), &[]);
    }
    tally.finish(40);
}
