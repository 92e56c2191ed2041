//! Redaction rules as given on the command line.

use std::fmt;
use std::str::FromStr;

use super::NO_CREDENTIALS;
use super::keys::{Field, KeyGroup};
use super::pattern::SensitivePattern;

/// Condition for a value to be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedactionRule {
    /// A header by name; `*` matches anything.
    Header(String),
    /// A value under this key of a JSON object or a form, at any depth.
    Key(String),
    /// A value at a JSON pointer (RFC 6901); a step `*` matches any key or index.
    Json(Vec<String>),
    /// A value whose key is of this kind, at any depth.
    Group(KeyGroup),
    /// A part of any text that matches a pattern.
    Pattern(SensitivePattern),
}

/// One `--redact`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// The default rules.
    Default,
    /// Disables the default rules.
    None,
    Redact {
        rule: RedactionRule,
        keeps_length: bool,
    },
    Keep(RedactionRule),
}

/// Reason why a text is not a rule.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error(
    "invalid rule `{0}`: expected header:NAME, key:NAME, json:/path, credential, name, address, \
     identity, url, token, email, iban, card, phone, or ip (append `,length` to keep the length, prefix \
     `keep:` to exclude), `default`, or `none`"
)]
pub struct RedactionRuleError(String);

impl FromStr for Instruction {
    type Err = RedactionRuleError;

    fn from_str(text: &str) -> Result<Self, RedactionRuleError> {
        let wrong = || RedactionRuleError(text.to_owned());
        if let Some(rule) = text.strip_prefix("keep:") {
            return rule.parse().map(Self::Keep).map_err(|RedactionRuleError(_)| wrong());
        }
        match (text, text.strip_suffix(",length")) {
            ("none", _) => Ok(Self::None),
            ("default", _) => Ok(Self::Default),
            (_, Some(rule)) => Ok(Self::Redact {
                rule: rule.parse().map_err(|RedactionRuleError(_)| wrong())?,
                keeps_length: true,
            }),
            (rule, None) => Ok(Self::Redact { rule: rule.parse()?, keeps_length: false }),
        }
    }
}

impl FromStr for RedactionRule {
    type Err = RedactionRuleError;

    fn from_str(text: &str) -> Result<Self, RedactionRuleError> {
        if let Some(pattern) = SensitivePattern::from_word(text) {
            return Ok(Self::Pattern(pattern));
        }
        if let Some(group) = KeyGroup::from_word(text) {
            return Ok(Self::Group(group));
        }
        match text.split_once(':') {
            Some(("header", name)) if !name.is_empty() => {
                Ok(Self::Header(name.to_ascii_lowercase()))
            }
            Some(("key", name)) if !name.is_empty() => Ok(Self::Key(name.to_owned())),
            Some(("json", path)) if path.starts_with('/') => {
                let step = |step: &str| step.replace("~1", "/").replace("~0", "~");
                Ok(Self::Json(path.split('/').skip(1).map(step).collect()))
            }
            _ => Err(RedactionRuleError(text.to_owned())),
        }
    }
}

impl RedactionRule {
    pub(super) fn is_header(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        // The globs of the default rules are wide.
        let fits_name = |glob: &str| {
            fits(glob, &name) && !(glob.contains('*') && NO_CREDENTIALS.contains(&name.as_str()))
        };
        matches!(self, Self::Header(glob) if fits_name(glob))
    }

    /// Returns whether the rule matches a value, or a container of it.
    pub(super) fn is_value(&self, field: Field<'_>) -> bool {
        let Field { steps, .. } = field;
        match self {
            Self::Key(name) => steps.iter().any(|step| step.eq_ignore_ascii_case(name)),
            Self::Json(path) => {
                let step = |(wanted, step): (&String, &String)| wanted == "*" || wanted == step;
                path.len() <= steps.len() && path.iter().zip(steps).all(step)
            }
            Self::Group(group) => group.has(field),
            Self::Header(_) | Self::Pattern(_) => false,
        }
    }
}

impl fmt::Display for RedactionRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Key(name) => write!(f, "key:{name}"),
            Self::Json(steps) => write!(f, "json:{}", pointer(steps)),
            Self::Group(group) => f.write_str(group.as_str()),
            Self::Pattern(pattern) => f.write_str(pattern.as_str()),
        }
    }
}

/// Returns steps as a JSON pointer (RFC 6901).
pub(super) fn pointer(steps: &[String]) -> String {
    let step = |step: &String| format!("/{}", step.replace('~', "~0").replace('/', "~1"));
    steps.iter().map(step).collect()
}

/// Returns whether a name matches a glob with `*`.
fn fits(glob: &str, name: &str) -> bool {
    let mut parts = glob.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_parsed_and_errors_name_the_expected_forms() {
        let path = ["payload", "*", "a/b"].map(str::to_owned).to_vec();
        for (text, expected) in [
            ("none", Instruction::None),
            ("keep:email", Instruction::Keep(RedactionRule::Pattern(SensitivePattern::Email))),
            (
                "json:/payload/*/a~1b,length",
                Instruction::Redact { rule: RedactionRule::Json(path), keeps_length: true },
            ),
            (
                "header:X-Own",
                Instruction::Redact {
                    rule: RedactionRule::Header("x-own".into()),
                    keeps_length: false,
                },
            ),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for wrong in ["", "e-mail", "header:", "json:a", "keep:none", "key:", "emails"] {
            let error = wrong.parse::<Instruction>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{wrong}`")) && error.contains("json:/path"));
        }
    }

    #[test]
    fn stars_match_anything() {
        for (glob, name, is_it) in [
            ("cookie", "cookie", true),
            ("cookie", "cookies", false),
            ("*-token", "x-own-token", true),
            ("x-*-id", "x-a-b-id", true),
            ("x-*-id", "x-id", false),
            ("*", "any", true),
        ] {
            assert_eq!(fits(glob, name), is_it, "{glob} {name}");
        }
    }
}
