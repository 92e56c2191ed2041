//! Patterns of sensitive text.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::{Captures, Regex};

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
        Phone = "phone",
        Ip = "ip",
    }
}

impl SensitivePattern {
    fn expressions(self) -> &'static [Regex] {
        static URL: LazyLock<Vec<Regex>> = LazyLock::new(|| {
            compiled(&[
                r#"(?i)\b[a-z][a-z0-9+.-]*://(?<value>[^/\s@?#"'<>\\]+)@"#,
                r#"(?i)[?&;](?:[a-z_.-]*(?:token|secret|signature|password|credential)|api_?key|key|sig|auth|code|sas)=(?<value>[^&\s"'<>#\\]+)"#,
            ])
        });
        static TOKEN: LazyLock<Vec<Regex>> = LazyLock::new(|| {
            compiled(&[
                // JSON Web Tokens: two parts that begin like JSON in base64, and a signature.
                r"\b(?<value>eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)",
                // Prefixes that services document for their keys.
                r"\b(?<value>(?:[sprk]{2}_(?:live|test)_|whsec_|gh[opsur]_|github_pat_|glpat-|xox[abeoprs]-|xapp-|npm_|pypi-|shp(?:at|ca|pa|ss)_|sk-(?:ant-|proj-)?|SG\.|AIza|ya29\.|dop_v1_|hf_)[A-Za-z0-9_.+/=-]{16,})",
                r"\b(?<value>(?:AKIA|ASIA)[A-Z0-9]{16})\b",
                r"(?i)\b(?:bearer|basic)\s+(?<value>[A-Za-z0-9_.~+/=-]{8,})",
            ])
        });
        static EMAIL: LazyLock<Vec<Regex>> = LazyLock::new(|| {
            compiled(&[
                r"(?<value>[\p{L}\p{N}._%+'-]*[\p{L}\p{N}_+-](?:@|%40)[\p{L}\p{N}](?:[\p{L}\p{N}.-]*[\p{L}\p{N}])?\.\p{L}{2,})",
            ])
        });
        static PHONE: LazyLock<Vec<Regex>> = LazyLock::new(|| {
            compiled(&[
                // E.164 with any punctuation; a number without `+` could be anything.
                r"(?:^|[^\w+])(?<value>\+[1-9](?:[ ().-]{0,2}[0-9]){6,14})(?:$|[^\w])",
                r"(?:^|[^\w.-])(?<value>(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[-.])[2-9][0-9]{2}[-.][0-9]{4})(?:$|[^\w.-])",
            ])
        });
        static IP: LazyLock<Vec<Regex>> = LazyLock::new(|| {
            compiled(&[
                r"(?:^|[^\w.])(?<value>(?:[0-9]{1,3}\.){3}[0-9]{1,3})(?:$|[^\w.]|\.(?:$|\s))",
                r"(?:^|[^\w:.])(?<value>[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.[0-9]{1,3}){0,3})(?:$|[^\w:.])",
            ])
        });
        match self {
            Self::Url => &URL,
            Self::Token => &TOKEN,
            Self::Email => &EMAIL,
            Self::Phone => &PHONE,
            Self::Ip => &IP,
        }
    }

    /// Returns the kind of pseudonym for a match; `None` if it is not sensitive.
    fn kind(self, found: &str) -> Option<PseudonymKind> {
        match self {
            Self::Url | Self::Token => Some(PseudonymKind::Token),
            Self::Email => Some(PseudonymKind::Email),
            Self::Phone => Some(PseudonymKind::Phone),
            Self::Ip => ip(found),
        }
    }

    /// Returns the text with every match replaced; `None` if there is no match.
    pub(super) fn replaced(
        self,
        text: &str,
        replace: &mut impl FnMut(PseudonymKind, &str) -> Option<String>,
    ) -> Option<String> {
        let mut now: Option<String> = None;
        for expression in self.expressions() {
            let current = now.as_deref().unwrap_or(text);
            let Some(next) = self.once(expression, current, replace) else { continue };
            now = Some(next);
        }
        now
    }

    fn once(
        self,
        expression: &Regex,
        text: &str,
        replace: &mut impl FnMut(PseudonymKind, &str) -> Option<String>,
    ) -> Option<String> {
        let mut out = String::new();
        let mut copied = 0;
        let mut at = 0;
        while let Some(found) = expression.captures_at(text, at).and_then(value) {
            // The character after a match may be the one before the next match.
            at = found.end();
            // Credentials in a URL are already replaced, and the rest of it is a host.
            let before = text.get(..found.start()).unwrap_or_default();
            let is_url = self == Self::Email && before.ends_with("://");
            let Some(kind) = self.kind(found.as_str()).filter(|_| !is_url) else { continue };
            let Some(new) = replace(kind, found.as_str()) else { continue };
            out.push_str(text.get(copied..found.start())?);
            out.push_str(&new);
            copied = found.end();
        }
        if copied == 0 {
            return None;
        }
        out.push_str(text.get(copied..)?);
        Some(out)
    }
}

fn value(captures: Captures<'_>) -> Option<regex::Match<'_>> {
    captures.name("value")
}

fn compiled(sources: &[&str]) -> Vec<Regex> {
    // An invalid expression fails this module's tests.
    sources.iter().filter_map(|source| Regex::new(source).ok()).collect()
}

/// Loopback addresses identify nobody.
fn ip(text: &str) -> Option<PseudonymKind> {
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        let is_own = address.is_loopback() || address.is_unspecified();
        return (!is_own).then_some(PseudonymKind::Ipv4);
    }
    let address: Ipv6Addr = text.parse().ok()?;
    // `a::b` is more often a name than an address.
    let groups = text.split(':').filter(|group| !group.is_empty()).count();
    let is_own = address.is_loopback() || address.is_unspecified();
    (!is_own && groups >= 3).then_some(PseudonymKind::Ipv6)
}

/// Returns the kind of a whole text, so that a value has the same pseudonym whether a rule or a
/// pattern matched it.
pub(super) fn whole(text: &str) -> Option<PseudonymKind> {
    [SensitivePattern::Email, SensitivePattern::Phone, SensitivePattern::Ip].into_iter().find_map(
        |pattern| {
            let is_whole = |expression: &Regex| {
                expression
                    .captures(text)
                    .and_then(value)
                    .is_some_and(|found| found.as_str() == text)
            };
            pattern.expressions().iter().any(is_whole).then(|| pattern.kind(text)).flatten()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(pattern: SensitivePattern, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        pattern.replaced(text, &mut |_, value| {
            found.push(value.to_owned());
            Some("x".to_owned())
        });
        found
    }

    #[test]
    fn every_expression_compiles() {
        let counts = SensitivePattern::ALL.map(|pattern| pattern.expressions().len());
        assert_eq!(counts, [2, 4, 1, 2, 2]);
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
