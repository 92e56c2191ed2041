//! Checks of configured secrets, before the first delivery. Messages never contain a part of the
//! secret.

use super::secret_key::key;
use crate::provider::{Algorithm, Provider, SecretForm};
use crate::secret::Secret;

/// Minimum plausible length in bytes; shorter secrets are guessable, or cut off.
const MIN_LENGTH: usize = 8;

/// Prefixes of API keys, which are not webhook secrets.
const API_KEYS: [(&str, &str); 17] = [
    ("sk_live_", "a secret API key of Stripe"),
    ("sk_test_", "a secret API key of Stripe"),
    ("rk_live_", "a restricted API key of Stripe"),
    ("rk_test_", "a restricted API key of Stripe"),
    ("pk_live_", "a public API key of Stripe"),
    ("pk_test_", "a public API key of Stripe"),
    ("ghp_", "a token of GitHub"),
    ("gho_", "a token of GitHub"),
    ("github_pat_", "a token of GitHub"),
    ("glpat-", "a token of GitLab"),
    ("xoxb-", "a token of Slack"),
    ("xoxp-", "a token of Slack"),
    ("xapp-", "a token of Slack"),
    ("shpat_", "a token of Shopify"),
    ("SG.", "an API key of SendGrid"),
    ("sk-", "an API key of OpenAI"),
    ("AKIA", "an access key of AWS"),
];

/// Returns warnings about a secret that apply to any provider.
pub fn lint(secret: &Secret) -> Vec<String> {
    let (name, bytes) = (secret.name(), secret.expose());
    let mut found = Vec::new();
    let mut warn = |what: String| found.push(format!("{name}: {what}"));
    if bytes.trim_ascii() != bytes {
        warn("there is white space around the secret; providers show secrets without".to_owned());
    }
    let bare = bytes.trim_ascii();
    if let [first @ (b'"' | b'\''), .., last] = bare
        && first == last
    {
        warn("the secret is in quotes; remove them".to_owned());
    }
    let bare = bare.trim_ascii();
    let key = API_KEYS.iter().find(|(start, _)| bare.starts_with(start.as_bytes()));
    if let Some((start, what)) = key {
        warn(format!(
            "it begins with `{start}`, so it is {what}; the webhook secret is another one"
        ));
    }
    if bare.len() < MIN_LENGTH {
        warn(format!("the secret is shorter than {MIN_LENGTH} bytes; was it cut off?"));
    }
    found
}

/// Returns warnings about a secret of a provider.
pub fn lint_under(provider: &Provider, secret: &Secret) -> Vec<String> {
    let (name, bytes, scheme) = (secret.name(), secret.expose(), &provider.scheme);
    let title = &provider.title;
    let mut found = Vec::new();
    let starts = match (&provider.secret_starts, scheme.secret_prefix.as_str()) {
        (Some(start), _) => start.as_str(),
        (None, prefix) => prefix,
    };
    if bytes.starts_with(b"whsec_") && starts != "whsec_" {
        found.push(format!(
            "{name}: it begins with `whsec_`, as secrets of Stripe and Standard Webhooks do, but \
             those of {title} do not"
        ));
    } else if !starts.is_empty() && !bytes.starts_with(starts.as_bytes()) {
        found.push(format!(
            "{name}: secrets of {title} begin with `{starts}`, and this one does not"
        ));
    }
    if scheme.secret == SecretForm::PublicKey {
        // A secret that is not a key is a text that is compared or signed.
        return found;
    }
    if key(scheme, secret).is_none() {
        let form = match scheme.secret {
            SecretForm::Base64 | SecretForm::Base64IfPrefixed => "base64",
            SecretForm::Hex => "hex",
            SecretForm::Utf8
            | SecretForm::Utf8Nfkd
            | SecretForm::Utf8Html
            | SecretForm::PublicKey => "text",
        };
        let what = if scheme.algorithm.is_asymmetric() { "public keys" } else { "secrets" };
        found.push(format!(
            "{name}: {what} of {title} are written in {form}, and this is not; copy it again, whole"
        ));
    } else if scheme.algorithm != Algorithm::Token && scheme.secret == SecretForm::Utf8 {
        // The name of a variable instead of its value.
        let all = |is_match: fn(&u8) -> bool| !bytes.is_empty() && bytes.iter().all(is_match);
        if bytes == name.as_bytes() || (bytes.starts_with(b"$") && all(u8::is_ascii_graphic)) {
            found.push(format!("{name}: the secret is the name of a variable, not its value"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(provider: &str, text: &str) -> Vec<String> {
        let (provider, secret) = (Provider::named(provider).unwrap(), Secret::new("S", text));
        lint(&secret).into_iter().chain(lint_under(&provider, &secret)).collect()
    }

    #[test]
    fn warns_about_implausible_secrets_without_printing_them() {
        for (provider, text, expected) in [
            ("github", "test-key-hush ", "white space"),
            ("github", "\"test-key-hush\"", "quotes"),
            ("stripe", "sk_live_hush", "API key"),
            ("github", "hush", "shorter"),
            ("github", "whsec_hushhush", "whsec_"),
            ("stripe", "test-key-hush", "begin with `whsec_`"),
            ("standard-webhooks", "whsec_hush hush!", "base64"),
            ("adyen", "hush hush hush", "hex"),
            ("github", "$SECRET_hush", "variable"),
        ] {
            let found = of(provider, text);
            assert!(found.iter().any(|one| one.contains(expected)), "{expected}: {found:?}");
            assert!(found.iter().all(|one| !one.contains("hush")), "{found:?}");
        }
        for (provider, text) in [
            ("cribbly", "test-key-not-a-real-one"),
            ("stripe", "whsec_test-key-not-a-real-one"),
            ("standard-webhooks", "whsec_dGVzdC1zZWNyZXQtbm90LXJlYWw="),
            ("adyen", "00112233445566778899aabbccddeeff"),
        ] {
            assert_eq!(of(provider, text), Vec::<String>::new());
        }
    }
}
