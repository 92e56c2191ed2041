//! The table of causes: proved reasons for a verdict.

macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident $code:literal $meaning:literal,)*) => {
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
        }
    };
}

causes! {
    HeaderMissing "header-missing" "the signature header is not there",
    HeaderEmpty "header-empty" "the signature header is there and blank",
    WrongHeader "wrong-header" "the signature is right, but it stands in another header than the provider's",
    LegacyHeaderOnly "legacy-header-only" "only an older SHA-1 signature is there; the header with the provider's own is missing",
    OtherProvider "other-provider" "it is a delivery of another provider",
    HeaderDuplicate "header-duplicate" "the signature header came twice",
    SigMultiple "sig-multiple" "one of several values in the header is right; the provider sends one",
    SigPrefix "sig-prefix" "the digest is right, but what should stand before it is missing or another",
    SigQuoted "sig-quoted" "the signature is right, but wrapped in quotes",
    SigEncoding "sig-encoding" "the digest is right, but written in another encoding than the provider's",
    SigCase "sig-case" "the signature is right but in upper-case hex",
    SigNotHex "sig-not-hex" "the signature holds characters outside hex",
    SigTruncated "sig-truncated" "the signature is the beginning of the right one; it was cut off",
    SigTampered "sig-tampered" "the signature differs from the right one in one or two bytes",
    AlgSha1 "alg-sha1" "signed with HMAC-SHA1 instead of the provider's algorithm",
    AlgSha256 "alg-sha256" "signed with HMAC-SHA256 instead of the provider's algorithm",
    AlgSha512 "alg-sha512" "signed with HMAC-SHA512 instead of the provider's algorithm",
    AlgNoKey "alg-no-key" "a plain hash was sent; the secret was not used as an HMAC key",
    AlgConcat "alg-concat" "the hash of secret and content put together was sent, instead of an HMAC",
    AlgSwapped "alg-swapped" "key and content of the HMAC are swapped",
    SigDouble "sig-double" "the digest was digested once more: the HMAC of a hex text was sent",
    SecretWhitespace "secret-whitespace" "the secret is right but for white space around it; trim it",
    SecretQuoted "secret-quoted" "the configured secret is wrapped in quotes; take them away",
    SecretNotDecoded "secret-not-decoded" "the sender used the text of the secret as the key, without decoding it",
    SecretBase64Encoded "secret-base64-encoded" "the configured secret is the base64 of the right one",
    SecretHexEncoded "secret-hex-encoded" "the configured secret is the hex of the right one",
    SecretCase "secret-case" "the secret is right but for the case of its letters",
    SecretUnicodeForm "secret-unicode-form" "the secret is right but in another Unicode normalization form",
    SecretUrlEncoded "secret-url-encoded" "the configured secret is URL-encoded; the right one has its %xx decoded",
    OtherEndpointSecret "other-endpoint-secret" "the secret of another endpoint was used",
    PreviousSecret "previous-secret" "verified, with a secret that is not the first one",
    BodyNewlineAdded "body-trailing-newline-added" "a newline was added at the end of the body on its way",
    BodyNewlineStripped "body-trailing-newline-stripped" "the newline at the end of the body was lost on its way",
    BodyNewlineStyle "body-newline-style" "line ends of the body were changed between CRLF and LF",
    BodyWhitespace "body-whitespace" "white space around the body was changed",
    BodyBom "body-bom" "a byte order mark was added to the body or lost",
    BodyReserialized "body-reserialised" "the JSON was parsed and written again: another spacing of it is signed; hash the raw bytes",
    BodyKeyOrder "body-key-order" "the JSON was parsed and written again with its keys in another order; hash the raw bytes",
    BodyCharset "body-charset" "the body was written in another character set than the signed one",
    BodyGzip "body-gzip" "the body was compressed after it was signed; the signature is that of the plain bytes",
    BodyFormWrapped "body-form-wrapped" "the JSON was put into a form field after it was signed",
    BodyUnicodeEscaped "body-unicode-escaped" "characters of the body were written as \\u escapes; the signed body has them as they are",
    BodyUnicodeUnescaped "body-unicode-unescaped" "\\u escapes of the body were written out; the signed body has them as escapes",
    BodySlashEscaping "body-slash-escaping" "slashes of the body were escaped or unescaped",
    SigOfEmptyBody "sig-of-empty-body" "the signature is that of an empty body; the sender's body was read before",
    TemplateBodyOnly "template-body-only" "the body alone was signed; the provider signs more",
    TemplateExtraTimestamp "template-extra-timestamp" "a time was signed with the body; the provider signs none",
    Template "template" "what was signed is put together as another provider does it",
    UrlScheme "url-scheme" "another scheme of the URL (http or https) was signed",
    UrlPath "url-path" "the URL was signed with or without a slash at its end",
    UrlQuery "url-query" "the URL was signed without its query",
    UrlHost "url-host" "the URL was signed with another host",
    Method "method" "another request method was signed",
    TimestampMissing "timestamp-missing" "the time of signing is not there",
    TimestampUnit "timestamp-unit" "the time of signing counts in another unit, seconds or milliseconds",
    TimestampMalformed "timestamp-malformed" "the time of signing is no time",
    TimestampOld "timestamp-old" "signed longer ago than the provider allows",
    TimestampFuture "timestamp-future" "signed further ahead than the provider allows",
}
