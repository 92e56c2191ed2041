//! Patterns of sensitive text.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::{Captures, Regex};

use super::checksum;
use super::keys::{self, KeyName};
use super::pseudonym::PseudonymKind;
use crate::words::words;

words! {
    /// Kind of text to search for, in the order of the search: text in a URL is not an email
    /// address.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum SensitivePattern {
        Url = "url",
        Token = "token",
        Email = "email",
        Iban = "iban",
        Card = "card",
        Phone = "phone",
        Ip = "ip",
    }
}

/// A sensitive part of a text.
#[derive(Debug, Clone, Copy)]
struct Sensitive {
    kind: PseudonymKind,
    start: usize,
    end: usize,
}

impl SensitivePattern {
    /// Describes its matches for the documentation.
    pub fn description(self) -> &'static str {
        match self {
            Self::Url => {
                "credentials in URLs: user and password, query parameters such as `token` and \
                 `X-Amz-Signature`, webhook addresses of Slack, Discord, Teams, and others"
            }
            Self::Token => {
                "keys and tokens by their form: PEM private keys, JSON Web Tokens, keys of AWS, GitHub, \
                 GitLab, Stripe, Slack, OpenAI, and others, Azure account keys, `Bearer` and `Basic` credentials"
            }
            Self::Email => "email addresses (not `git@host:path`, `logo@2x.png`, or message ids)",
            Self::Iban => "bank account numbers with a valid checksum",
            Self::Card => "card numbers with a valid checksum",
            Self::Phone => {
                "phone numbers: international ones, common national forms, and anything with enough \
                 digits in a field such as `phone`"
            }
            Self::Ip => "IP addresses (not loopback addresses, netmasks, or versions)",
        }
    }

    fn expressions(self) -> &'static [Regex] {
        static URL: LazyLock<Vec<Regex>> = LazyLock::new(|| {
            compiled(&[
                r#"(?i)\b(?<scheme>[a-z][a-z0-9+.-]*)://(?<value>[^/\s@?#"'<>\\]+)@"#,
                r#"[?&;#](?<name>[^=&\s"'<>#?;\\]{1,60})=(?<value>[^&\s"'<>#\\]+)"#,
                // Addresses that let anyone post.
                r"(?i)\bhooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/(?<value>[a-z0-9/_-]{10,})",
                r"(?i)\bdiscord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/(?<value>[0-9]+/[a-z0-9_-]{20,})",
                r#"(?i)\bwebhook\.office\.com/webhookb2/(?<value>[^\s"'<>\\]{20,})"#,
                r"(?i)\bhooks\.zapier\.com/hooks/catch/(?<value>[0-9]+/[a-z0-9]+)",
                r"(?i)\bhook\.(?:[a-z]{2}[0-9]\.)?(?:make|integromat)\.com/(?<value>[a-z0-9]{20,})",
                r"(?i)\bapi\.telegram\.org/bot(?<value>[0-9]+:[a-z0-9_-]{20,})",
            ])
        });
        static TOKEN: LazyLock<Vec<Regex>> = LazyLock::new(|| {
            compiled(&[
                r"(?s)(?<value>-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:.*?-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s]+))",
                // JSON Web Tokens, signed or encrypted, begin like JSON in base64.
                r"\b(?<value>eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,3})",
                // A secret of a Stripe object, whose id stays recognizable.
                r"\b(?:pi|seti|si|src|cs|ek)_[A-Za-z0-9]+_secret_(?<value>[A-Za-z0-9]{8,})",
                // Prefixes that services document for their keys.
                r"\b(?<value>(?<token>(?:[sprk]{2}_(?:live|test|prod)_|whsec_|gh[opsur]_|github_pat_|gl(?:pat|dt|rt|ptt|ft|soat|cbt|agent|oas|ffct|imt)-|xox[abeoprs]-|xapp-|npm_|pypi-|shp(?:at|ca|pa|ss)_|sk-(?:ant-|proj-|svcacct-|or-)?|SG\.|AIza|GOCSPX-|ya29\.|do[opr]_v1_|hf_|sq0(?:atp|csp|idp)-|lin_api_|ntn_|secret_|PMAK-|glsa_|glc_|dp\.(?:pt|st|ct|sa)\.|hv[bs]\.|pul-|pscale_(?:tkn|pw|oauth)_|nfp_|fo1_|NRAK-|sntry[su]_|dckr_(?:pat|oat)_|rubygems_|aio_|figd_|sbp_|sb_secret_|ATATT3|ATCTT3|AGE-SECRET-KEY-1|EAAA|EZ[AT]K|rnd_|re_|phx_|phc_|tfp_|gsk_|r8_|pat(?:[A-Za-z0-9]{14})\.|CFPAT-|HRKU-|sl\.|dapi|lsv2_(?:pt|sk)_|tskey-|vercel_|ops_eyJ)[A-Za-z0-9_.+/=-]{16,}))",
                r"\b(?<value>(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16})\b",
                r"\b(?<value>key-[0-9a-f]{32}|[0-9a-f]{32}-us[0-9]{1,2}|SK[0-9a-f]{32}|access-(?:sandbox|development|production)-[0-9a-f-]{36}|access_token\$(?:sandbox|production)\$[0-9a-z]{16}\$[0-9a-f]{32})\b",
                r"(?:^|[^0-9])(?<value>[0-9]{8,10}:AA[A-Za-z0-9_-]{32,34})",
                r"\b(?<value>[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40})",
                r#"(?i)\b(?:AccountKey|SharedAccessKey|SharedAccessSignature)=(?<value>[^;\s"'&<>\\]{6,})"#,
                r"(?i)\b(?<scheme>bearer|basic|token)\s+(?<value>[A-Za-z0-9_.~+/=-]{8,})",
                // The password of `curl -u user:password`.
                r#"\bcurl\b[^\n|;]*?\s(?:-u|--user)[ =]*["']?[^\s:"']+:(?<value>[^\s"'$]{4,})"#,
                // `password=…` and `api key: …` in connection strings, logs, and messages.
                r#"(?i)(?:^|[^\w?&-])(?<name>[a-z_-]*(?:password|passwd|pwd|secret|token|api[ _-]?key|access[ _-]?key|private[ _-]?key|secret[ _-]?key))\s*(?:=|:|\bis\b)\s*["'`]?(?<value>[^\s"'`,;&<>\\]{6,})"#,
            ])
        });
        static EMAIL: LazyLock<Vec<Regex>> = LazyLock::new(|| {
            compiled(&[
                r"(?<value>[\p{L}\p{N}._%+'-]*[\p{L}\p{N}_+-](?:@|%40)[\p{L}\p{N}](?:[\p{L}\p{N}.-]*[\p{L}\p{N}])?\.\p{L}{2,})",
            ])
        });
        static IBAN: LazyLock<Vec<Regex>> = LazyLock::new(|| {
            compiled(&[
                r"\b(?<value>[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{4}){2,8}(?:[ -]?[A-Z0-9]{1,4})?)\b",
            ])
        });
        static CARD: LazyLock<Vec<Regex>> = LazyLock::new(|| {
            compiled(&[
                r"(?:^|[^\w.+-])(?<value>[0-9]{4}(?:[ -][0-9]{4}){3}|[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5}|[0-9]{14,16})(?:$|[^\w.-]|\.(?:$|\s))",
            ])
        });
        static PHONE: LazyLock<Vec<Regex>> = LazyLock::new(|| {
            compiled(&[
                // E.164 with any punctuation; a number without `+` could be anything.
                r"(?:^|[^\w+])(?<value>(?:\+|%2[Bb])[1-9](?:[ ().-]{0,2}[0-9]){7,14})(?:$|[^\w])",
                r"(?:^|[^\w.-])(?<value>(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[-.])[2-9][0-9]{2}[-.][0-9]{4})(?:$|[^\w.-]|\.(?:$|\s))",
                // National forms of other countries, which begin with 0.
                r"(?:^|[^\w./-])(?<value>(?:\(0[1-9][0-9]{1,4}\)|0[1-9][0-9]{1,4})[ /-]{1,3}[0-9]{3,8}(?:[ -][0-9]{2,5}){0,2})(?:$|[^\w./-]|\.(?:$|\s))",
                r"(?:^|[^\w./-])(?<value>0[1-9](?:[ .-][0-9]{2}){4})(?:$|[^\w./-]|\.(?:$|\s))",
            ])
        });
        static IP: LazyLock<Vec<Regex>> = LazyLock::new(|| {
            compiled(&[
                r"(?:^|[^\w.])(?<value>(?:[0-9]{1,3}\.){3}[0-9]{1,3})(?:$|[^\w.-]|\.(?:$|\s))",
                r"(?:^|[^\w:.])(?<value>[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.[0-9]{1,3}){0,3})(?:$|[^\w:.])",
            ])
        });
        match self {
            Self::Url => &URL,
            Self::Token => &TOKEN,
            Self::Email => &EMAIL,
            Self::Iban => &IBAN,
            Self::Card => &CARD,
            Self::Phone => &PHONE,
            Self::Ip => &IP,
        }
    }

    /// Returns whether a text can contain a match, which is cheaper than to search it.
    fn may_be_in(self, text: &str) -> bool {
        let digits = || text.bytes().filter(u8::is_ascii_digit);
        match self {
            Self::Url => {
                text.contains(['=', '@']) || text.contains(".com/") || text.contains(".org/")
            }
            Self::Token => text.len() >= 12,
            Self::Email => text.contains('@') || text.contains("%40"),
            Self::Iban => {
                digits().nth(8).is_some() && text.bytes().any(|byte| byte.is_ascii_uppercase())
            }
            Self::Card => digits().nth(13).is_some(),
            Self::Phone => digits().nth(7).is_some(),
            Self::Ip => text.contains(['.', ':']) && digits().next().is_some(),
        }
    }

    /// Returns the sensitive part of a match; none if it only resembles one.
    fn sensitive(
        self,
        text: &str,
        found: &Captures<'_>,
        key: Option<&KeyName>,
    ) -> Option<Sensitive> {
        let value = found.name("value")?;
        let before = text.get(..value.start()).unwrap_or_default();
        let after = text.get(value.end()..).unwrap_or_default();
        let whole = |kind| Sensitive { kind, start: value.start(), end: value.end() };
        let named = |name: &str| found.name(name).map(|found| found.as_str());
        match self {
            Self::Url => {
                let is_secret = match (named("scheme"), named("name")) {
                    (Some(scheme), _) => is_user_info(scheme, value.as_str()),
                    (None, Some(name)) => is_secret_parameter(name, value.as_str()),
                    (None, None) => true,
                };
                is_secret.then(|| whole(PseudonymKind::Token))
            }
            Self::Token => {
                let is_secret = match (named("scheme"), named("name")) {
                    (Some(scheme), _) => is_authorization(scheme, value.as_str()),
                    (None, Some(name)) => {
                        keys::is_credential_name(&KeyName::of(name)) && is_mixed(value.as_str())
                    }
                    (None, None) => named("token").is_none_or(is_generated),
                };
                is_secret.then(|| whole(PseudonymKind::Token))
            }
            Self::Email => {
                let is_id = key.is_some_and(keys::is_message_id_name);
                // Credentials in a URL are already replaced, and the rest of it is a host.
                let is_address =
                    !is_id && !before.ends_with("://") && is_email(value.as_str(), after);
                is_address.then(|| whole(PseudonymKind::Email))
            }
            Self::Iban => {
                let length = checksum::iban(value.as_str())?;
                let end = value.start() + length;
                Some(Sensitive { kind: PseudonymKind::Iban, start: value.start(), end })
            }
            Self::Card => {
                // Ids have 15 or 16 digits too, and one in ten has a valid check digit.
                let is_bare = value.as_str().bytes().all(|byte| byte.is_ascii_digit());
                let is_id = is_bare && key.is_some_and(keys::is_id_name);
                (!is_id && checksum::is_card(value.as_str())).then(|| whole(PseudonymKind::Card))
            }
            Self::Phone => {
                let digits = value.as_str().bytes().filter(u8::is_ascii_digit).count();
                (8..=16).contains(&digits).then(|| whole(PseudonymKind::Phone))
            }
            Self::Ip => ip(value.as_str(), before, key).map(whole),
        }
    }

    /// Returns the text with every match replaced; `None` if there is no match. The key is the
    /// name of the field that contains the text.
    pub(super) fn replaced(
        self,
        text: &str,
        key: Option<&KeyName>,
        replace: &mut impl FnMut(PseudonymKind, &str) -> Option<String>,
    ) -> Option<String> {
        if !self.may_be_in(text) {
            return None;
        }
        let mut now: Option<String> = None;
        for expression in self.expressions() {
            let current = now.as_deref().unwrap_or(text);
            let Some(next) = self.once(expression, current, key, replace) else { continue };
            now = Some(next);
        }
        now
    }

    fn once(
        self,
        expression: &Regex,
        text: &str,
        key: Option<&KeyName>,
        replace: &mut impl FnMut(PseudonymKind, &str) -> Option<String>,
    ) -> Option<String> {
        let mut out = String::new();
        let mut copied = 0;
        let mut at = 0;
        while let Some(captures) = expression.captures_at(text, at) {
            // The character after a match may be the one before the next match.
            at = captures.name("value")?.end();
            let Some(found) = self.sensitive(text, &captures, key) else { continue };
            at = found.end;
            let value = text.get(found.start..found.end)?;
            let Some(new) = replace(found.kind, value) else { continue };
            out.push_str(text.get(copied..found.start)?);
            out.push_str(&new);
            copied = found.end;
        }
        if copied == 0 {
            return None;
        }
        out.push_str(text.get(copied..)?);
        Some(out)
    }
}

fn compiled(sources: &[&str]) -> Vec<Regex> {
    // An invalid expression fails this module's tests.
    sources.iter().filter_map(|source| Regex::new(source).ok()).collect()
}

/// The user of a repository's URL is the same for everybody.
fn is_user_info(scheme: &str, value: &str) -> bool {
    let is_shell =
        scheme.to_ascii_lowercase().contains("ssh") || scheme.eq_ignore_ascii_case("sftp");
    let is_placeholder = value.starts_with(['{', '<', '$', '[']);
    value.contains(':') && !value.ends_with(':') && !is_placeholder
        || !is_shell && !is_placeholder && !is_service_user(value)
}

fn is_service_user(user: &str) -> bool {
    ["git", "hg", "svn", "ssh", "anonymous", "ftp", "gitea", "gogs"]
        .iter()
        .any(|known| user.eq_ignore_ascii_case(known))
}

/// Returns whether a parameter of a URL is a credential. Names such as `key` and `code` are more
/// often something else, so that their value has to look like one.
fn is_secret_parameter(name: &str, value: &str) -> bool {
    let name = KeyName::of(name);
    let squashed = name.squashed();
    if value.starts_with(['{', '$', '%']) && value.ends_with(['}', 'D', 'd']) {
        return false;
    }
    if keys::is_placeholder(value) {
        return false;
    }
    let is_signature = squashed.ends_with("signature") || squashed.ends_with("credential");
    if is_signature || keys::is_credential_name(&name) {
        return true;
    }
    let is_weak = [
        "key", "sig", "auth", "code", "sas", "hash", "hmac", "secret", "access", "t", "state",
        "nonce",
    ]
    .contains(&squashed.as_str());
    is_weak && is_random(value)
}

/// Returns whether a text of letters and digits looks generated.
fn is_random(value: &str) -> bool {
    let has = |is: fn(&u8) -> bool| value.bytes().any(|byte| is(&byte));
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    let is_date = value.bytes().filter(|byte| *byte == b'-').count() == 2 && value.len() <= 10;
    value.len() >= 8 && is_mixed && !is_date
}

/// Returns whether a text with the prefix of a key is one, and not a name such as
/// `npm_config_cache_dir`.
fn is_generated(value: &str) -> bool {
    let has = |is: fn(&u8) -> bool| value.bytes().any(|byte| is(&byte));
    has(u8::is_ascii_digit) || (has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase))
}

/// Returns whether a text is not a plain word.
fn is_mixed(value: &str) -> bool {
    let has = |is: fn(char) -> bool| value.chars().any(is);
    let is_url = value.contains("://") && !value.contains('@');
    !is_url
        && has(|one| one.is_ascii_digit())
        && has(|one| one.is_alphabetic() || "!#$%^*_".contains(one))
        && !value.starts_with(['{', '<', '[', '$', '('])
}

/// Returns whether a word after `Bearer` or `Basic` is a credential and not the next word of a
/// text.
fn is_authorization(scheme: &str, value: &str) -> bool {
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = STANDARD.decode(value).unwrap_or_default();
        return decoded.contains(&b':') && std::str::from_utf8(&decoded).is_ok();
    }
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let is_mixed_case = value.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
        && value.bytes().any(|byte| byte.is_ascii_lowercase());
    let is_token = digits > 0 || (is_mixed_case && value.len() >= 16);
    match scheme {
        _ if scheme.eq_ignore_ascii_case("bearer") => is_token,
        // `token` is an ordinary word.
        _ => value.len() >= 20 && digits >= 3,
    }
}

/// Returns whether a text that looks like an email address is a person's.
fn is_email(value: &str, after: &str) -> bool {
    const FILES: [&str; 32] = [
        "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "bmp", "ico", "css", "scss", "js",
        "mjs", "cjs", "jsx", "tsx", "json", "html", "htm", "xml", "yml", "yaml", "txt", "pdf",
        "gz", "tgz", "lock", "vue", "php", "woff", "woff2", "ttf",
    ];
    const NOBODY: [&str; 7] = [
        "noreply",
        "no-reply",
        "donotreply",
        "do-not-reply",
        "mailer-daemon",
        "postmaster",
        "nobody",
    ];
    let Some((local, domain)) = value.split_once('@').or_else(|| value.split_once("%40")) else {
        return false;
    };
    let local = local.to_lowercase();
    let domain = domain.to_lowercase();
    let mut labels = domain.split('.');
    let (first, second) = (labels.next().unwrap_or_default(), labels.next().unwrap_or_default());
    let ending = domain.rsplit('.').next().unwrap_or_default();
    let is_number =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    let is_density = first.strip_suffix('x').is_some_and(is_number);
    let is_version = is_number(first.trim_start_matches('v'))
        && second.starts_with(|one: char| one.is_ascii_digit());
    // `user@host:path/of/repository.git`
    let is_repository = after.starts_with(':')
        && after
            .split_whitespace()
            .next()
            .is_some_and(|path| path.len() > 1 && (path.contains('/') || path.contains(".git")));
    let is_nobody = NOBODY.contains(&local.as_str()) || is_service_user(&local);
    !FILES.contains(&ending) && !is_density && !is_version && !is_repository && !is_nobody
}

/// Loopback addresses and netmasks identify nobody, and versions look like addresses.
fn ip(text: &str, before: &str, key: Option<&KeyName>) -> Option<PseudonymKind> {
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        let octets = address.octets();
        let is_own = address.is_loopback() || address.is_unspecified() || address.is_broadcast();
        let is_mask = octets.first() == Some(&255);
        let is_small = octets.iter().all(|octet| *octet < 10);
        let is_version = key.is_some_and(keys::is_version_name) || is_after_version(before);
        return (!is_own && !is_mask && !is_small && !is_version).then_some(PseudonymKind::Ipv4);
    }
    let address: Ipv6Addr = text.parse().ok()?;
    // `a::b` is more often a name than an address.
    let groups = text.split(':').filter(|group| !group.is_empty()).count();
    let is_own = address.is_loopback() || address.is_unspecified();
    (!is_own && groups >= 3).then_some(PseudonymKind::Ipv6)
}

/// Returns true if the text before a number marks it as a version: `Chrome/`, `version `, `v`.
fn is_after_version(before: &str) -> bool {
    let is_product = before.ends_with('/') && !before.ends_with("//");
    let trimmed = before.trim_end_matches([' ', ':', '=', '"']).to_ascii_lowercase();
    let is_named = ["version", "ver", "release", "build", "firmware", "v."]
        .iter()
        .any(|word| trimmed.ends_with(word));
    is_product || before.ends_with('-') || before.ends_with('@') || is_named
}

/// Returns the kind of a whole text, so that a value has the same pseudonym whether a rule or a
/// pattern matched it.
pub(super) fn whole(text: &str) -> Option<PseudonymKind> {
    let kinds = [
        SensitivePattern::Email,
        SensitivePattern::Iban,
        SensitivePattern::Card,
        SensitivePattern::Phone,
        SensitivePattern::Ip,
    ];
    kinds.into_iter().find_map(|pattern| {
        pattern.expressions().iter().find_map(|expression| {
            let captures = expression.captures(text)?;
            let found = pattern.sensitive(text, &captures, None)?;
            (found.start == 0 && found.end == text.len()).then_some(found.kind)
        })
    })
}

/// Returns whether a text can be a phone number in any form, if its field is named so.
pub(super) fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_punctuated = text.chars().all(|one| one.is_ascii_digit() || " +().-/x#".contains(one));
    (6..=16).contains(&digits) && is_punctuated
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(pattern: SensitivePattern, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        pattern.replaced(text, None, &mut |_, value| {
            found.push(value.to_owned());
            Some("x".to_owned())
        });
        found
    }

    #[test]
    fn every_expression_compiles() {
        let counts = SensitivePattern::ALL.map(|pattern| pattern.expressions().len());
        assert_eq!(counts, [8, 12, 1, 1, 1, 4, 2]);
    }

    #[test]
    fn patterns_match_only_sensitive_text() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2ln";
        for (pattern, text, expected) in [
            (
                SensitivePattern::Email,
                "Kevin <kevin.b+x@mail.example.org>, ü@ö.de.",
                &["kevin.b+x@mail.example.org", "ü@ö.de"][..],
            ),
            (
                SensitivePattern::Email,
                "?to=kevin%40example.org&x@y and @handle",
                &["kevin%40example.org"],
            ),
            (
                SensitivePattern::Phone,
                "+15550100007, +49 (30) 1234-567",
                &["+15550100007", "+49 (30) 1234-567"],
            ),
            (
                SensitivePattern::Phone,
                "call 202-555-0143 or (202) 555-0143",
                &["202-555-0143", "(202) 555-0143"],
            ),
            (
                SensitivePattern::Phone,
                "1700000000 12345678 2026-11-24 1+12345678 550e8400-e29b-41d4-a716-446655440000",
                &[],
            ),
            (
                SensitivePattern::Ip,
                "203.0.113.9, 10.0.0.1; 2001:db8::1:2 x",
                &["203.0.113.9", "10.0.0.1", "2001:db8::1:2"],
            ),
            (SensitivePattern::Ip, "127.0.0.1 ::1 1.2.3.4.5 999.1.1.1 12:30:45 a::b std::fmt", &[]),
            (
                SensitivePattern::Url,
                "https://me:pass@host/x?token=abc&a=1&X-Amz-Signature=ff",
                &["me:pass", "abc", "ff"],
            ),
            (SensitivePattern::Url, "https://host/a@b?page=2&monkey=3", &[]),
            (SensitivePattern::Token, "Bearer abcdefgh123", &["abcdefgh123"]),
            (SensitivePattern::Token, &format!("x {jwt} y"), &[jwt]),
            (
                SensitivePattern::Token,
                "sk_test_notarealkey1234567 sk_ whsec_ ghp_short",
                &["sk_test_notarealkey1234567"],
            ),
        ] {
            assert_eq!(finds(pattern, text), expected, "{pattern:?} in {text}");
        }
    }

    #[test]
    fn a_whole_text_is_distinguished_from_a_part() {
        assert_eq!(whole("a@b.org"), Some(PseudonymKind::Email));
        assert_eq!(whole("+15550100007"), Some(PseudonymKind::Phone));
        assert_eq!(whole("mail a@b.org"), None);
    }
}
