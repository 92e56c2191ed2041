//! JSON Web Tokens and JSON Web Signatures (RFC 7515, RFC 7519) that sign a delivery.
//!
//! A token states a lot without its key: which key is needed, when it was signed, and the hash of
//! the body. All of that is checked even if no key is configured, so that a tampered body or an old
//! token is found. Tokens are read here and not by a JWT library, since those refuse a token as a
//! whole and know neither a detached payload nor a hash of the body.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::keyless::{Inner, KeylessCheck, inner};
use super::public_key::{self, KeyMaterial, PublicKey, PublicKeyAlgorithm};
use super::signed_payload::Subject;
use super::{Cause, digest, secret_key, throw_away};
use crate::delivery::{Explanation, SignatureStatus, Verdict};
use crate::payload::escape;
use crate::provider::{
    Algorithm, Encoding, JwtAlgorithm, JwtSpec, Scheme, SecretForm, SignedTemplate,
};
use crate::secret::Secret;
use crate::units;

/// Longest text of a claim that is shown.
const MAX_SHOWN: usize = 120;

/// Claims that are shown, in this order.
const SHOWN: [&str; 7] = ["iss", "aud", "sub", "email", "iat", "exp", "nbf"];

/// A decoded token.
struct Token {
    header: Map<String, Value>,
    /// Empty if the payload is not a JSON object.
    claims: Map<String, Value>,
    /// The signed text.
    signed: Vec<u8>,
    signature: Vec<u8>,
}

/// Result of looking for the key of a token.
enum KeyCheck {
    Fits(usize),
    Differs,
    Absent(String),
}

/// Checks the token of a delivery, as of `now`.
pub(super) fn check(
    scheme: &Scheme,
    jwt: &JwtSpec,
    secrets: &[Secret],
    subject: &Subject<'_>,
    text: &str,
    now: Timestamp,
) -> KeylessCheck {
    let token = match Token::read(text, jwt, subject.body) {
        Ok(token) => token,
        Err(why) => {
            let place = scheme.signature_place();
            let why = format!("the {place} header is not a JSON Web Token: {why}");
            return KeylessCheck::Failed(Verdict::explained(SignatureStatus::Malformed, why));
        }
    };
    let name = text_of(&token.header, "alg").unwrap_or("none");
    let Some(algorithm) = jwt.algorithms.iter().copied().find(|one| one.as_str() == name) else {
        let accepted: Vec<&str> = jwt.algorithms.iter().map(|one| one.as_str()).collect();
        let why = format!(
            "the token is signed with `{}`; the provider signs with {}",
            escape(name),
            accepted.join(" or ")
        );
        return KeylessCheck::Failed(token.failed(
            SignatureStatus::Mismatch,
            Cause::JwtAlgorithm,
            why,
        ));
    };
    let key = token.find_key(algorithm, scheme, secrets);
    if let KeyCheck::Differs = key {
        let names = secrets.iter().map(Secret::name).collect::<Vec<_>>().join(", ");
        let why = format!("the token's own signature is not the {name} of the token with {names}");
        let mut verdict = Verdict::explained(SignatureStatus::Mismatch, why);
        token.describe(&mut verdict);
        return KeylessCheck::Failed(verdict);
    }
    let texts = texts(scheme, secrets);
    let failed = body_hash(&token, jwt, subject.body)
        .or_else(|| claims(&token, jwt, &texts))
        .or_else(|| times(&token, jwt, now));
    if let Some(failed) = failed {
        return KeylessCheck::Failed(failed);
    }
    let has_hash = jwt.body_hash.is_some() || jwt.detached;
    match key {
        KeyCheck::Fits(rank) => {
            let mut notes = Vec::new();
            if !texts_are_compared(jwt, &texts) {
                notes.push(format!(
                    "nothing is configured to compare {} with, so a token that the same issuer made \
                     for somebody else verifies too",
                    jwt.secret_claims.join(" and ")
                ));
            }
            notes.extend(token.lines());
            KeylessCheck::Verified { rank, notes }
        }
        KeyCheck::Differs => {
            KeylessCheck::Failed(Verdict::explained(SignatureStatus::Mismatch, ""))
        }
        KeyCheck::Absent(needs) => {
            let fits = if has_hash { "the body hash fits" } else { "the token is well formed" };
            let sentence = format!("{fits}; the token's own signature needs {needs}");
            KeylessCheck::NoKey(Explanation {
                sentence,
                evidence: token.lines(),
                ..Explanation::default()
            })
        }
    }
}

/// Returns the configured texts that are not keys.
fn texts<'s>(scheme: &Scheme, secrets: &'s [Secret]) -> Vec<&'s str> {
    if scheme.secret != SecretForm::PublicKey {
        return Vec::new();
    }
    let texts = secrets.iter().filter(|secret| secret_key::key(scheme, secret).is_none());
    texts.filter_map(|secret| std::str::from_utf8(secret.expose()).ok()).collect()
}

fn texts_are_compared(jwt: &JwtSpec, texts: &[&str]) -> bool {
    jwt.secret_claims.is_empty() || !texts.is_empty()
}

impl Token {
    /// Decodes a token; the error states what is wrong with it.
    fn read(text: &str, jwt: &JwtSpec, body: &[u8]) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else {
            return Err(format!("it has {} parts, not 3 separated by dots", parts.len()));
        };
        let part = |part: &str, name: &str| {
            let decoded = URL_SAFE_NO_PAD.decode(part);
            decoded.map_err(|_| format!("its {name} is not base64url"))
        };
        let decoded = part(header, "header")?;
        let header_map: Map<String, Value> = serde_json::from_slice(&decoded)
            .map_err(|_| "its header is not a JSON object".to_owned())?;
        let is_detached = jwt.detached && payload.is_empty();
        let is_encoded = header_map.get("b64").is_none_or(|value| *value != Value::Bool(false));
        let mut signed = format!("{header}.").into_bytes();
        let claims = if is_detached {
            // RFC 7797 signs the payload as it is.
            let encoded = is_encoded.then(|| URL_SAFE_NO_PAD.encode(body).into_bytes());
            signed.extend_from_slice(encoded.as_deref().unwrap_or(body));
            Map::new()
        } else {
            signed.extend_from_slice(payload.as_bytes());
            let decoded = part(payload, "payload")?;
            serde_json::from_slice(&decoded)
                .map_err(|_| "its payload is not a JSON object".to_owned())?
        };
        let signature = part(signature, "signature")?;
        Ok(Self { header: header_map, claims, signed, signature })
    }

    fn key_id(&self) -> Option<&str> {
        text_of(&self.header, "kid")
    }

    /// Looks for the key that the token was signed with.
    fn find_key(&self, algorithm: JwtAlgorithm, scheme: &Scheme, secrets: &[Secret]) -> KeyCheck {
        let needed = || match self.key_id() {
            Some(id) => format!("the key {}", escape(&shortened(id))),
            None if algorithm.is_symmetric() => "the secret".to_owned(),
            None => "the public key".to_owned(),
        };
        if algorithm.is_symmetric() {
            let fits = |secret: &Secret| {
                // A public key must never become the key of an HMAC.
                let is_public = secret.expose().trim_ascii_start().starts_with(b"-----BEGIN");
                !is_public
                    && secret_key::key(scheme, secret).is_some_and(|key| {
                        digest::fits(hmac(algorithm), &key, &self.signed, &self.signature)
                    })
            };
            return match secrets.iter().position(fits) {
                Some(rank) => KeyCheck::Fits(rank),
                None if secrets.is_empty() => KeyCheck::Absent(needed()),
                None => KeyCheck::Differs,
            };
        }
        let keys: Vec<(usize, PublicKey)> = secrets
            .iter()
            .enumerate()
            .flat_map(|(rank, secret)| {
                public_key::read_for(scheme, secret.expose())
                    .into_iter()
                    .map(move |key| (rank, key))
            })
            .filter(|(_, key)| is_usable(algorithm, key))
            .collect();
        let may_be = |key: &PublicKey| match (self.key_id(), &key.id) {
            (Some(needed), Some(id)) => needed == id,
            _ => true,
        };
        let fitting: Vec<&(usize, PublicKey)> =
            keys.iter().filter(|(_, key)| may_be(key)).collect();
        if keys.is_empty() {
            return KeyCheck::Absent(needed());
        }
        if fitting.is_empty() {
            let known: Vec<String> = keys
                .iter()
                .filter_map(|(_, key)| key.id.as_deref())
                .map(|id| escape(&shortened(id)).into_owned())
                .collect();
            return KeyCheck::Absent(format!("{}; known are {}", needed(), known.join(", ")));
        }
        let with = public_algorithm(algorithm);
        let verifies = |(_, key): &&&(usize, PublicKey)| {
            with.is_some_and(|with| key.verifies(with, &self.signed, &self.signature))
        };
        match fitting.iter().find(verifies) {
            Some((rank, _)) => KeyCheck::Fits(*rank),
            None => KeyCheck::Differs,
        }
    }

    /// Returns the time in a claim.
    fn time(&self, name: &str) -> Option<Timestamp> {
        let number = self.claims.get(name)?;
        let seconds = number.as_i64().or_else(|| {
            let text = number.as_f64()?.trunc().to_string();
            text.parse().ok()
        })?;
        Timestamp::from_second(seconds).ok()
    }

    /// Describes the token for display.
    fn lines(&self) -> Vec<String> {
        let alg = text_of(&self.header, "alg").unwrap_or("none");
        let key = self.key_id().map(|id| format!(", key {}", escape(&shortened(id))));
        let mut lines = vec![format!("token: {}{}", escape(alg), key.unwrap_or_default())];
        let claims: Vec<String> = SHOWN
            .iter()
            .filter_map(|name| Some((name, self.claims.get(*name)?)))
            .map(|(name, value)| {
                let shown = match self.time(name) {
                    Some(time) if value.is_number() => time.to_string(),
                    _ => shortened(&claim_text(value)),
                };
                format!("{name} {}", escape(&shown))
            })
            .collect();
        if !claims.is_empty() {
            lines.push(format!("claims: {}", claims.join(", ")));
        }
        lines
    }

    fn describe(&self, verdict: &mut Verdict) {
        if let Some(explanation) = &mut verdict.explanation {
            explanation.evidence.extend(self.lines());
        }
    }

    fn failed(&self, status: SignatureStatus, cause: Cause, why: String) -> Verdict {
        let mut verdict = Verdict::with_cause(status, cause.code(), why);
        self.describe(&mut verdict);
        verdict
    }
}

fn text_of<'m>(map: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    map.get(name).and_then(Value::as_str)
}

/// Returns whether a key is of the kind that an algorithm needs.
fn is_usable(algorithm: JwtAlgorithm, key: &PublicKey) -> bool {
    use JwtAlgorithm as A;
    match algorithm {
        A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512 => {
            matches!(key.material, KeyMaterial::Rsa { .. })
        }
        A::Es256 | A::Es384 => matches!(key.material, KeyMaterial::Ec(_)),
        A::EdDsa => matches!(key.material, KeyMaterial::Ed25519(_)),
        A::Hs256 | A::Hs384 | A::Hs512 => matches!(key.material, KeyMaterial::Secret(_)),
    }
}

fn public_algorithm(algorithm: JwtAlgorithm) -> Option<PublicKeyAlgorithm> {
    use PublicKeyAlgorithm as P;
    Some(match algorithm {
        JwtAlgorithm::Rs256 => P::RsaSha256,
        JwtAlgorithm::Rs384 => P::RsaSha384,
        JwtAlgorithm::Rs512 => P::RsaSha512,
        JwtAlgorithm::Ps256 => P::RsaPssSha256,
        JwtAlgorithm::Ps384 => P::RsaPssSha384,
        JwtAlgorithm::Ps512 => P::RsaPssSha512,
        JwtAlgorithm::Es256 => P::EcdsaSha256Fixed,
        JwtAlgorithm::Es384 => P::EcdsaSha384Fixed,
        JwtAlgorithm::EdDsa => P::Ed25519,
        JwtAlgorithm::Hs256 | JwtAlgorithm::Hs384 | JwtAlgorithm::Hs512 => return None,
    })
}

fn hmac(algorithm: JwtAlgorithm) -> Algorithm {
    match algorithm {
        JwtAlgorithm::Hs384 => Algorithm::HmacSha384,
        JwtAlgorithm::Hs512 => Algorithm::HmacSha512,
        _ => Algorithm::HmacSha256,
    }
}

fn body_hash(token: &Token, jwt: &JwtSpec, body: &[u8]) -> Option<Verdict> {
    let name = jwt.body_hash.as_ref()?;
    let status = SignatureStatus::Mismatch;
    let Some(received) = text_of(&token.claims, name) else {
        let why = format!("the token has no claim `{name}`, which is the hash of the body");
        return Some(token.failed(status, Cause::JwtClaim, why));
    };
    let expected = encoded_hash(jwt.body_hash_encoding, body);
    let is_same = if jwt.body_hash_encoding.is_hex() {
        expected.eq_ignore_ascii_case(received)
    } else {
        expected.trim_end_matches('=') == received.trim_end_matches('=')
    };
    (!is_same).then(|| {
        let why = format!("the body is not the one whose SHA-256 the token contains (`{name}`)");
        token.failed(status, Cause::BodyHash, why)
    })
}

fn encoded_hash(encoding: Encoding, body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    match encoding {
        Encoding::Base64 => STANDARD.encode(hash),
        Encoding::Base64Url => URL_SAFE_NO_PAD.encode(hash),
        Encoding::HexUpper => hex::encode_upper(hash),
        Encoding::Hex | Encoding::HexAny => hex::encode(hash),
    }
}

fn claims(token: &Token, jwt: &JwtSpec, texts: &[&str]) -> Option<Verdict> {
    let fail = |why: String| Some(token.failed(SignatureStatus::Mismatch, Cause::JwtClaim, why));
    let values = |name: &str| match token.claims.get(name) {
        Some(Value::Array(items)) => items.iter().map(claim_text).collect(),
        Some(value) => vec![claim_text(value)],
        None => Vec::new(),
    };
    let shown = |name: &str| match values(name).as_slice() {
        [] => "is missing".to_owned(),
        found => format!("is `{}`", escape(&shortened(&found.join(", ")))),
    };
    for (name, accepted) in [("iss", &jwt.issuer), ("aud", &jwt.audience)] {
        let found: Vec<String> = values(name);
        if !accepted.is_empty() && !found.iter().any(|value| accepted.contains(value)) {
            let expected = accepted.join("` or `");
            return fail(format!("the token's `{name}` {}, not `{expected}`", shown(name)));
        }
    }
    for claim in &jwt.claims {
        let found: Vec<String> = values(&claim.name);
        if !found.contains(&claim.value) {
            let name = &claim.name;
            return fail(format!("the token's `{name}` {}, not `{}`", shown(name), claim.value));
        }
    }
    let is_claimed = |text: &&&str| {
        jwt.secret_claims.iter().any(|name| {
            let found: Vec<String> = values(name);
            found.iter().any(|value| value == **text)
        })
    };
    if !jwt.secret_claims.is_empty()
        && let Some(text) = texts.iter().find(|text| !is_claimed(text))
    {
        let found: Vec<String> =
            jwt.secret_claims.iter().map(|name| format!("`{name}` {}", shown(name))).collect();
        return fail(format!(
            "the token is not for `{}`: its {}",
            escape(&shortened(text)),
            found.join(", its ")
        ));
    }
    None
}

fn times(token: &Token, jwt: &JwtSpec, now: Timestamp) -> Option<Verdict> {
    let status = SignatureStatus::Expired;
    let ago = |time: Timestamp| units::format_age(now.duration_since(time).as_secs());
    if let Some(end) = token.time("exp").filter(|end| *end < now) {
        let why = format!("the token expired {} ago (`exp`)", ago(end));
        return Some(token.failed(status, Cause::TimestampOld, why));
    }
    if let Some(start) = token.time("nbf").filter(|start| *start > now) {
        let ahead = units::format_age(start.duration_since(now).as_secs());
        let why = format!("the token is not valid for another {ahead} (`nbf`)");
        return Some(token.failed(status, Cause::TimestampFuture, why));
    }
    let limit = jwt.max_age?;
    let Some(signed_at) = token.time("iat") else {
        let why = "the token has no time of signing (`iat`)".to_owned();
        return Some(token.failed(SignatureStatus::Malformed, Cause::TimestampMissing, why));
    };
    (now.duration_since(signed_at).as_secs() > limit).then(|| {
        let why = format!(
            "the token was signed {} ago (`iat`); the provider's verifiers accept up to {}",
            ago(signed_at),
            units::format_age(limit)
        );
        token.failed(status, Cause::TimestampOld, why)
    })
}

/// Returns the hash of the body in a token, as the signature of a scheme.
pub(super) fn hash_as_signature(scheme: &Scheme, jwt: &JwtSpec, text: &str) -> Option<Inner> {
    let token = Token::read(text, jwt, b"").ok()?;
    let value = text_of(&token.claims, jwt.body_hash.as_ref()?)?.to_owned();
    let signed = SignedTemplate::default();
    let algorithm = Algorithm::Sha256;
    Some(Inner {
        scheme: inner(scheme, algorithm, jwt.body_hash_encoding, signed),
        value,
        is_plain: true,
    })
}

/// Returns the HMAC of a token, as the signature of a scheme.
pub(super) fn hmac_as_signature(scheme: &Scheme, jwt: &JwtSpec, text: &str) -> Option<Inner> {
    if jwt.detached {
        return None;
    }
    let token = Token::read(text, jwt, b"").ok()?;
    let name = text_of(&token.header, "alg")?;
    let algorithm = jwt.algorithms.iter().find(|one| one.as_str() == name && one.is_symmetric())?;
    let (signed, value) = text.rsplit_once('.')?;
    let signed = SignedTemplate::literal(signed);
    let scheme = inner(scheme, hmac(*algorithm), Encoding::Base64Url, signed);
    Some(Inner { scheme, value: value.to_owned(), is_plain: false })
}

fn claim_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Signs a body with a new token; none if the secret cannot sign one.
pub(super) fn sign(
    scheme: &Scheme,
    jwt: &JwtSpec,
    secret: &Secret,
    body: &[u8],
    now: Timestamp,
) -> Option<String> {
    let algorithm = jwt.algorithms.first().copied()?;
    let header = serde_json::json!({
        "alg": algorithm.as_str(), "typ": "JWT", "kid": "hookglass-test-key",
    });
    let mut claims = Map::new();
    let second = now.as_second();
    claims.insert("iat".to_owned(), second.into());
    claims.insert("exp".to_owned(), second.saturating_add(LIFETIME).into());
    let fixed = [("iss", jwt.issuer.first()), ("aud", jwt.audience.first())];
    let fixed = fixed.into_iter().filter_map(|(name, value)| Some((name, value?.as_str())));
    let own = jwt.claims.iter().map(|claim| (claim.name.as_str(), claim.value.as_str()));
    for (name, value) in fixed.chain(own) {
        let value = match value {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            text => text.into(),
        };
        claims.insert(name.to_owned(), value);
    }
    if let Some(name) = &jwt.body_hash {
        claims.insert(name.clone(), encoded_hash(jwt.body_hash_encoding, body).into());
    }
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    let payload = if jwt.detached {
        URL_SAFE_NO_PAD.encode(body)
    } else {
        URL_SAFE_NO_PAD.encode(Value::Object(claims).to_string())
    };
    let signed = format!("{header}.{payload}");
    let signature = match throw_away::key_algorithm(algorithm) {
        Some(algorithm) => {
            let signature = throw_away::sign(algorithm, secret, signed.as_bytes())?;
            match algorithm {
                Algorithm::EcdsaP256 => {
                    let signature = p256::ecdsa::Signature::from_der(&signature).ok()?;
                    signature.to_bytes().to_vec()
                }
                _ => signature,
            }
        }
        None if algorithm.is_symmetric() => {
            let key = secret_key::key(scheme, secret)?;
            digest::compute(hmac(algorithm), &key, signed.as_bytes())
        }
        None => return None,
    };
    let shown = if jwt.detached { "" } else { &payload };
    Some(format!("{header}.{shown}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Seconds for which a new token is valid.
const LIFETIME: i64 = 3600;
