//! Fixes for each cause.

use super::diagnose::sample;
use super::{Cause, secret_key};
use crate::delivery::{SignatureStatus, Verdict};
use crate::provider::{Algorithm, Encoding, Provider, Scheme};
use crate::secret::Secret;

/// Adds the fix, or the next steps, to a verdict that has none. `scheme` is the one that decided, of
/// those that the provider has.
pub(super) fn advise(
    verdict: &mut Verdict,
    provider: &Provider,
    scheme: &Scheme,
    secrets: &[Secret],
) {
    let cause = verdict.cause.as_deref().and_then(Cause::from_code);
    let Some(explanation) = &mut verdict.explanation else { return };
    if explanation.fix().is_some() || !explanation.next().is_empty() {
        return;
    }
    if verdict.status == SignatureStatus::Unchecked {
        if let Some(fix) = key_fix(provider, secrets) {
            explanation.help_mut().fix = Some(fix);
        }
        return;
    }
    let secret = secrets.first().map_or(provider.secret_env.as_str(), Secret::name);
    let advice = Advice { provider, scheme, secret };
    if let Some(cause) = cause {
        explanation.help_mut().fix = Some(advice.fix(cause));
    } else if verdict.status == SignatureStatus::Mismatch {
        explanation.help_mut().next = advice.next_steps();
    }
}

/// Explains how to get the public key of a provider that publishes it, if none is configured.
fn key_fix(provider: &Provider, secrets: &[Secret]) -> Option<String> {
    let scheme = &provider.scheme;
    scheme.key.as_ref()?;
    let has_key = secrets.iter().any(|secret| secret_key::key(scheme, secret).is_some());
    (!has_key).then(|| {
        format!(
            "`hookglass providers fetch-key {0}` downloads the key once; or name a file with it: \
             `secret_file` of [providers.{0}]",
            provider.name
        )
    })
}

struct Advice<'a> {
    provider: &'a Provider,
    scheme: &'a Scheme,
    /// Variable or file of the current secret.
    secret: &'a str,
}

impl Advice<'_> {
    /// Returns three steps towards a cause that is not known.
    fn next_steps(&self) -> Vec<String> {
        let (title, name, secret) = (&self.provider.title, &self.provider.name, self.secret);
        if self.scheme.algorithm == Algorithm::Token {
            return vec![
                format!("copy the token from {title}'s webhook settings into {secret} again"),
                "check that it is the token of this endpoint, not of another one".to_owned(),
                format!("send a test delivery from {title} and compare"),
            ];
        }
        let key = if self.scheme.algorithm.is_asymmetric() { "public key" } else { "secret" };
        vec![
            format!(
                "compare {secret} with the {key} of this endpoint in {title}'s webhook settings; \
                 test and live endpoints have different ones"
            ),
            format!(
                "send the same body with `hookglass send FILE --provider {name}`: if that \
                 verifies, the sender signs something else"
            ),
            "look for a proxy, tunnel, or middleware that changes the body before it gets here"
                .to_owned(),
        ]
    }

    fn fix(&self, cause: Cause) -> String {
        self.header_fix(cause)
            .or_else(|| self.secret_fix(cause))
            .or_else(|| self.payload_fix(cause))
            .unwrap_or_else(|| self.body_fix(cause))
    }

    fn header_fix(&self, cause: Cause) -> Option<String> {
        let title = &self.provider.title;
        let place = self.scheme.signature_place();
        Some(match cause {
            Cause::HeaderMissing if self.scheme.signature_headers().next().is_none() => {
                format!("check that this webhook has a secret in {title}'s settings")
            }
            Cause::HeaderMissing => format!(
                "check that this webhook has a secret in {title}'s settings, and that no proxy \
                 removes the header"
            ),
            Cause::HeaderEmpty => {
                format!("find the code or proxy that sets {place} without a value")
            }
            Cause::WrongHeader => format!("send the signature in the {place} header"),
            Cause::LegacyHeaderOnly => {
                format!("send the {} signature in the {place} header", self.scheme.algorithm)
            }
            Cause::OtherProvider => "start with `--provider auto`".to_owned(),
            Cause::HeaderDuplicate => {
                format!("find the proxy or code that adds {place} a second time, and send it once")
            }
            Cause::SigMultiple => "send only the signature made with the current secret".to_owned(),
            Cause::SigPrefix | Cause::SigNotHex | Cause::SigNotBase64 | Cause::SigLength => {
                format!("write the value of {place} as `{}`", self.value_form())
            }
            Cause::SigQuoted => format!("send the value of {place} without quotes or brackets"),
            Cause::SigEncoding | Cause::SigCase => match self.scheme.encoding {
                Encoding::Base64 => "encode the digest as padded base64: `.digest('base64')` in \
                                     Node.js, `base64.b64encode(digest)` in Python"
                    .to_owned(),
                Encoding::Base64Url => "encode the digest as base64url without padding: \
                                        `.digest('base64url')` in Node.js"
                    .to_owned(),
                Encoding::HexUpper => "encode the digest as uppercase hex: \
                                       `.digest('hex').toUpperCase()` in Node.js, \
                                       `.hexdigest().upper()` in Python"
                    .to_owned(),
                Encoding::Hex | Encoding::HexAny => {
                    "encode the digest as lowercase hex: `.digest('hex')` in Node.js, \
                      `.hexdigest()` in Python"
                        .to_owned()
                }
            },
            Cause::SigTruncated => "find what cuts the signature off: a column, a variable, or a \
                                    copy by hand; then send all of it"
                .to_owned(),
            Cause::SigTampered => "copy the signature again; if nobody typed it, something \
                                   changes the header in transit"
                .to_owned(),
            Cause::AlgSha1
            | Cause::AlgSha256
            | Cause::AlgSha512
            | Cause::AlgNoKey
            | Cause::AlgConcat
            | Cause::AlgSwapped => self.algorithm_call(),
            Cause::SigDouble => "send the first digest; do not sign its hex text again".to_owned(),
            _ => return None,
        })
    }

    fn secret_fix(&self, cause: Cause) -> Option<String> {
        let (title, secret) = (&self.provider.title, self.secret);
        Some(match cause {
            Cause::SecretWhitespace => format!(
                "set {secret} to the secret exactly as {title} shows it, without white space; in \
                 your own sender, trim the secret"
            ),
            Cause::SecretQuoted => {
                format!(
                    "set {secret} to the secret alone, without quotes, brackets, or punctuation"
                )
            }
            Cause::SecretAssignment => {
                format!("set {secret} to the part after the `=` only")
            }
            Cause::SecretPrefix | Cause::SecretPadding | Cause::SecretCase => {
                format!(
                    "copy the secret from {title}'s webhook settings into {secret} again, whole"
                )
            }
            Cause::SecretNotDecoded => {
                format!("decode the secret before it is used as the key in the sender ({secret})")
            }
            Cause::SecretBase64Encoded => format!(
                "base64-decode the configured secret ({secret}); if the sender decodes it, use \
                 its text as the key there"
            ),
            Cause::SecretHexEncoded => format!(
                "hex-decode the configured secret ({secret}); if the sender decodes it, use its \
                 text as the key there"
            ),
            Cause::SecretUnicodeForm => {
                "use a secret of ASCII characters, which has one Unicode form only".to_owned()
            }
            Cause::SecretUrlEncoded => format!("URL-decode the configured secret ({secret})"),
            Cause::OtherEndpointSecret => format!(
                "send to the endpoint that this secret belongs to, or copy the secret of this \
                 endpoint from {title}'s webhook settings"
            ),
            Cause::PreviousSecret => {
                "let the sender use the current secret; then remove the previous one".to_owned()
            }
            _ => return None,
        })
    }

    fn payload_fix(&self, cause: Cause) -> Option<String> {
        let title = &self.provider.title;
        Some(match cause {
            Cause::TemplateBodyOnly | Cause::TemplateExtraTimestamp | Cause::Template => {
                format!("sign {}", self.scheme.signed)
            }
            Cause::UrlScheme
            | Cause::UrlPort
            | Cause::UrlPath
            | Cause::UrlQuery
            | Cause::UrlEncoding
            | Cause::UrlHost => {
                format!("set --public-url to the URL registered with {title}")
            }
            Cause::JwtAlgorithm => {
                "refuse such tokens: an attacker chooses the algorithm, the provider does not"
                    .to_owned()
            }
            Cause::JwtClaim => format!(
                "compare the claims with the settings of this endpoint at {title}; a token for another \
                 endpoint must not verify"
            ),
            Cause::KeyUrl => format!(
                "do not fetch this key; if {title} has a new host for keys, report it to hookglass"
            ),
            Cause::Method => "sign the method that the request is sent with".to_owned(),
            Cause::TimestampMissing => format!("send the time of signing, as {title} does"),
            Cause::TimestampUnit | Cause::TimestampMalformed => self.time_call(),
            Cause::TimestampOld => {
                "if this is a replay, sign it again with `hookglass resend`; if \
                                    every delivery is old, set the clocks of both machines"
                    .to_owned()
            }
            Cause::TimestampFuture => {
                "set the clocks of both machines, for example with NTP".to_owned()
            }
            _ => return None,
        })
    }

    fn body_fix(&self, cause: Cause) -> String {
        match cause {
            Cause::BodyGzip => {
                "decompress the body before you verify it, or turn off compression between sender \
                 and receiver"
                    .to_owned()
            }
            Cause::BodyBase64 => "base64-decode the body before it is passed on; with AWS Lambda, \
                                  if `isBase64Encoded` is true"
                .to_owned(),
            Cause::BodyFormWrapped => format!(
                "send the JSON itself with `Content-Type: application/json`; in {}, choose \
                 JSON as the content type of this webhook",
                self.provider.title
            ),
            Cause::BodyDoubleEncoded => {
                "serialize the event once: pass the object, not its JSON text, to the HTTP client"
                    .to_owned()
            }
            Cause::BodyHash => "hash the bytes that are sent, and send them unchanged; nothing in \
                                between may parse the body"
                .to_owned(),
            Cause::SigOfEmptyBody => "read the body once, keep the bytes, and sign them: a \
                                      request stream is empty when it is read again"
                .to_owned(),
            // The remaining causes are changes of the body.
            _ => "sign the bytes that are sent, and send them unchanged: serialize once, sign \
                  that, send that; nothing in between may parse the body"
                .to_owned(),
        }
    }

    /// Returns the value that a scheme expects.
    fn value_form(&self) -> String {
        let digest = sample(self.scheme);
        match &self.scheme.pairs {
            Some(pairs) => {
                let key = pairs.keys.first().map_or("", String::as_str);
                let time = match self.scheme.timestamp.as_ref().map(|clock| &clock.from) {
                    Some(crate::provider::ValueLocation::Pair(key)) => {
                        format!("{key}{}1700000000{}", pairs.equals, pairs.between)
                    }
                    _ => String::new(),
                };
                format!("{time}{key}{}{digest}", pairs.equals)
            }
            None => format!("{}{digest}", self.scheme.prefix),
        }
    }

    /// Names the functions for the scheme's algorithm.
    fn algorithm_call(&self) -> String {
        let hash = match self.scheme.algorithm {
            Algorithm::HmacSha1 => "sha1",
            Algorithm::HmacSha512 => "sha512",
            Algorithm::Sha256SecretFirst => {
                return "use the plain hash: `createHash('sha256').update(secret + content)` in \
                        Node.js, `hashlib.sha256(secret + content)` in Python"
                    .to_owned();
            }
            _ => "sha256",
        };
        format!(
            "use {}: `createHmac('{hash}', secret).update(content)` in Node.js, \
             `hmac.new(secret, content, hashlib.{hash})` in Python",
            self.scheme.algorithm
        )
    }

    /// Names the functions for the time in the scheme's unit.
    fn time_call(&self) -> String {
        use crate::provider::Unit;
        match self.scheme.timestamp.as_ref().map(|clock| clock.unit) {
            Some(Unit::Milliseconds) => "send Unix time in milliseconds: `Date.now()` in \
                                         JavaScript, `time.time_ns() // 10**6` in Python"
                .to_owned(),
            Some(Unit::Rfc3339) => "send the time in RFC 3339: `new Date().toISOString()` in \
                                    JavaScript"
                .to_owned(),
            _ => "send Unix time in seconds: `Math.floor(Date.now() / 1000)` in JavaScript, \
                  `int(time.time())` in Python"
                .to_owned(),
        }
    }
}
