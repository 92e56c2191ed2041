//! The table of causes: proved reasons for a verdict.

macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident $code:literal $meaning:literal $example:literal,)*) => {
        /// A proved cause. The code appears in JSON lines, filters, and the store.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Cause {
            $($(#[$doc])* $name,)*
        }

        impl Cause {
            pub const ALL: &[Self] = &[$(Self::$name),*];

            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// Returns the cause with exactly this code.
            pub fn from_code(code: &str) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// Returns true if the cause is a change of the body.
            pub(super) fn is_body_change(self) -> bool {
                self.code().starts_with("body-")
            }

            /// Returns the meaning as a sentence without its period.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning,)*
                }
            }

            /// Returns an example of what leads to this cause, in Markdown.
            pub fn example(self) -> &'static str {
                match self {
                    $(Self::$name => $example,)*
                }
            }
        }
    };
}

causes! {
    HeaderMissing "header-missing" "the signature header, or another one that is signed, is missing"
        "no `X-Hub-Signature-256` in a GitHub delivery",
    HeaderEmpty "header-empty" "the signature header is empty"
        "`X-Hub-Signature-256:` without a value",
    WrongHeader "wrong-header" "the signature is right, but it is in another header than the provider's"
        "the right digest in `X-Signature`",
    LegacyHeaderOnly "legacy-header-only" "there is only an older SHA-1 signature; the header that the provider verifies is missing"
        "`X-Hub-Signature: sha1=…` without `X-Hub-Signature-256`",
    OtherProvider "other-provider" "it is a delivery of another provider, signed with the configured secret"
        "a Stripe delivery, listened for as GitHub's",
    HeaderDuplicate "header-duplicate" "the signature header was sent more than once"
        "a proxy adds a second `X-Hub-Signature-256`",
    SigMultiple "sig-multiple" "one of several signatures in the header is right; the provider sends one"
        "`<old digest>, <right digest>`",
    SigPrefix "sig-prefix" "the digest is right, but the text before it is missing or different"
        "`SHA256=…`, `0x…`, or no prefix, where `sha256=…` is expected",
    SigQuoted "sig-quoted" "the signature is right, but in quotes or brackets"
        "`\"sha256=…\"`",
    SigEncoding "sig-encoding" "the digest is right, but in another encoding than the provider's"
        "base64 or base64url in place of hex; base64 without its `=`",
    SigCase "sig-case" "the digest is right, but in uppercase hex"
        "`2C73D3…` in place of `2c73d3…`",
    SigNotHex "sig-not-hex" "the signature has the right length, but characters other than hex digits"
        "`zz73d3…`",
    SigNotBase64 "sig-not-base64" "the signature has characters that base64 does not have"
        "`!!TptjLq…`",
    SigLength "sig-length" "the right digest with extra characters, or with one missing in the middle"
        "`sha256=<digest>.`",
    SigTruncated "sig-truncated" "only a part of the right signature was received; the rest was cut off"
        "`sha256=153fe9b632`, or `sha256=` alone",
    SigTampered "sig-tampered" "the signature differs from the right one in one or two bytes"
        "one digit mistyped",
    AlgSha1 "alg-sha1" "signed with HMAC-SHA1 in place of the provider's algorithm"
        "`createHmac('sha1', secret)`",
    AlgSha256 "alg-sha256" "signed with HMAC-SHA256 in place of the provider's algorithm"
        "`createHmac('sha256', secret)`",
    AlgSha512 "alg-sha512" "signed with HMAC-SHA512 in place of the provider's algorithm"
        "`createHmac('sha512', secret)`",
    AlgNoKey "alg-no-key" "a plain hash of the content was sent; the secret was not used"
        "`createHash('sha256').update(body)`",
    AlgConcat "alg-concat" "a hash of secret and content joined was sent in place of an HMAC"
        "`sha256(secret + body)`",
    AlgSwapped "alg-swapped" "the secret and the content are swapped in the HMAC"
        "`createHmac('sha256', body).update(secret)`",
    SigDouble "sig-double" "the digest was signed again: an HMAC of its hex text was sent"
        "`hmac(secret, hex(hmac(secret, body)))`",
    SecretWhitespace "secret-whitespace" "the secret is right except for white space or an invisible character around it"
        "a newline, a no-break space, a BOM, or a literal `\\n` after the secret",
    SecretQuoted "secret-quoted" "the configured secret is in quotes, in brackets, or has punctuation at its ends"
        "`\"…\"`, `“…”`, `<…>`, or a comma at the end, from a .env or JSON file",
    SecretAssignment "secret-assignment" "the configured secret is a whole line `NAME=value`"
        "`GITHUB_WEBHOOK_SECRET=…` as the value",
    SecretPrefix "secret-prefix" "the configured secret lacks the prefix that is part of it, or has one that is not"
        "a Stripe secret without its `whsec_`",
    SecretPadding "secret-padding" "the configured secret is right except for the `=` at its end"
        "`c2VjcmV0` in place of `c2VjcmV0==`",
    SecretNotDecoded "secret-not-decoded" "the sender used the text of the secret as the key, without decoding it"
        "`whsec_…` passed to the HMAC as text",
    SecretBase64Encoded "secret-base64-encoded" "the key is the base64-decoded secret, not its text"
        "the secret of a Kubernetes manifest, copied without decoding it",
    SecretHexEncoded "secret-hex-encoded" "the key is the hex-decoded secret, not its text"
        "`Buffer.from(secret, 'hex')` in the sender",
    SecretCase "secret-case" "the secret is right except for the case of its letters"
        "a secret in lowercase, configured in uppercase",
    SecretUnicodeForm "secret-unicode-form" "the secret is right, but in another Unicode normalization form"
        "`é` as one character or as two",
    SecretUrlEncoded "secret-url-encoded" "the configured secret is URL-encoded"
        "`a%2Bb` in place of `a+b`",
    OtherEndpointSecret "other-endpoint-secret" "signed with the secret of another endpoint"
        "the test mode's secret, for a live delivery",
    PreviousSecret "previous-secret" "verified with a secret other than the current one"
        "a delivery signed before the secret was rotated",
    BodyNewlineAdded "body-trailing-newline-added" "a newline was added at the end of the body after it was signed"
        "`echo \"$body\" | curl --data-binary @-`",
    BodyNewlineStripped "body-trailing-newline-stripped" "the newline at the end of the body was lost after it was signed"
        "`curl -d @file`, which drops newlines",
    BodyNewlineStyle "body-newline-style" "line ends of the body were changed between CRLF and LF"
        "a body saved by a Windows editor",
    BodyWhitespace "body-whitespace" "white space at the start or end of the body was changed after it was signed"
        "`body.trim()`",
    BodyBom "body-bom" "a byte order mark (BOM) was added to the body or lost"
        "`EF BB BF` before the JSON",
    BodyReserialized "body-reserialised" "the JSON was parsed and serialized again between signing and receipt"
        "`JSON.stringify(req.body)`, pretty-printing, `10.0` written as `10`",
    BodyKeyOrder "body-key-order" "the keys of the JSON were reordered between signing and receipt"
        "`json.dumps(body, sort_keys=True)`",
    BodyCharset "body-charset" "the body was converted to another character set, or characters were lost"
        "UTF-8 read as Latin-1; `é` replaced by U+FFFD or `?`",
    BodyUnicodeForm "body-unicode-form" "the body was converted to another Unicode normalization form"
        "`é` as one character or as two",
    BodyGzip "body-gzip" "the body was compressed after it was signed"
        "a proxy adds `Content-Encoding: gzip`",
    BodyBase64 "body-base64" "the body was base64-encoded after it was signed"
        "AWS Lambda with `isBase64Encoded`",
    BodyFormWrapped "body-form-wrapped" "the JSON was put into a form field, or taken out of one, after it was signed"
        "`payload=%7B…%7D`",
    BodyFormEncoding "body-form-encoding" "the form was parsed and encoded again between signing and receipt"
        "`%20` in place of `+`, or fields in another order",
    BodyDoubleEncoded "body-double-encoded" "the JSON was serialized twice: it is a string that contains JSON, or the reverse"
        "`JSON.stringify(JSON.stringify(event))`",
    BodyUnicodeEscaped "body-unicode-escaped" "characters were written as `\\u` escapes after the body was signed"
        "`Zo\\u00eb` in place of `Zoë`",
    BodyUnicodeUnescaped "body-unicode-unescaped" "`\\u` escapes were replaced by their characters after the body was signed"
        "`Zoë` in place of `Zo\\u00eb`",
    BodySlashEscaping "body-slash-escaping" "slashes were escaped, or their escapes removed, after the body was signed"
        "`https:\\/\\/` in place of `https://`, from PHP's `json_encode`",
    BodyHash "body-hash" "the body is not the one whose hash was signed"
        "a body that changed after `request_body_sha256` was put into the token",
    JwtAlgorithm "jwt-algorithm" "the token is signed with an algorithm that the provider does not use"
        "`\"alg\":\"none\"`",
    JwtClaim "jwt-claim" "a claim of the token is missing or has another value than expected"
        "`aud` of another endpoint",
    KeyUrl "key-url" "the delivery names a key at an address that is not the provider's"
        "`SigningCertURL` on another host than `sns.REGION.amazonaws.com`",
    SigOfEmptyBody "sig-of-empty-body" "an empty body was signed"
        "the sender's body stream was read before it signed",
    TemplateBodyOnly "template-body-only" "only the body was signed; the provider signs more"
        "`{{body}}` in place of `{{timestamp}}.{{body}}`",
    TemplateExtraTimestamp "template-extra-timestamp" "a timestamp was signed with the body; the provider signs none"
        "`{{timestamp}}.{{body}}` in place of `{{body}}`",
    Template "template" "the right parts were signed, but joined differently or without one of them"
        "`{{timestamp}}.{{body}}` in place of `{{timestamp}}:{{body}}`",
    UrlScheme "url-scheme" "the URL was signed with the other scheme, http or https"
        "TLS ends at a proxy",
    UrlPort "url-port" "the URL was signed with another port, or with none"
        "`:443` in the signed URL",
    UrlPath "url-path" "the URL was signed with another path: a slash more or less"
        "`/hooks/` in place of `/hooks`",
    UrlQuery "url-query" "the URL was signed with another query: none, an empty one, or another order"
        "`/hooks` in place of `/hooks?x=1`",
    UrlEncoding "url-encoding" "the URL was signed with other characters percent-encoded"
        "`%7E` in place of `~`",
    UrlHost "url-host" "the URL was signed with another host"
        "a tunnel's host in place of the registered one",
    Method "method" "another request method was signed"
        "POST signed, PUT sent",
    TimestampMissing "timestamp-missing" "the time of signing is missing"
        "no `X-Slack-Request-Timestamp`, or no `t=`",
    TimestampUnit "timestamp-unit" "the time of signing is in another unit, seconds or milliseconds"
        "`Date.now()`, where seconds are expected",
    TimestampMalformed "timestamp-malformed" "the time of signing is not a time in the provider's format"
        "`t=2026-01-01T00:00:00Z`, where Unix seconds are expected",
    TimestampOld "timestamp-old" "signed longer ago than the provider allows"
        "a replayed delivery, or a wrong clock",
    TimestampFuture "timestamp-future" "signed further in the future than the provider allows"
        "a wrong clock",
}
