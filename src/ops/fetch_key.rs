//! Downloads the public keys of a provider at the user's request.
//!
//! This is the only place that opens an address found in a delivery, and only if its host is one of
//! the provider's.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::delivery::{Delivery, Head, Header};
use crate::outbound::{Client, Request, Response, SendError, Target, TargetError};
use crate::provider::{KeySource, Provider, Scheme, SecretForm, ValueLocation};
use crate::signature;
use crate::store::StoreReader;

/// Characters of a file's name; others become hyphens.
const NAME: fn(char) -> bool = |one| one.is_ascii_alphanumeric() || "._-".contains(one);

/// Deliveries that are searched for the address of a key.
const MAX_ROWS: usize = 10_000;

/// A key file that was downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FetchedKey {
    pub url: String,
    pub path: PathBuf,
    /// Keys in the file.
    pub count: usize,
}

/// Reason why no key was downloaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchKeyError {
    #[error("{0} signs with a secret, which is not published; set {1} to it")]
    Secret(String, String),
    #[error(
        "{0} does not publish its keys at a known address; set `secret_file` to a file with the key"
    )]
    NoSource(String),
    #[error(
        "no stored delivery of {0} names a key; receive one first, or give the address with --url"
    )]
    NoAddress(String),
    #[error("`{url}` is not one of {title}'s addresses; expected HTTPS on {hosts}")]
    Foreign { url: String, title: String, hosts: String },
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error("cannot download {url}: {source}")]
    Failed { url: String, source: SendError },
    #[error("{url} responded with {status}, expected 200; redirects are not followed")]
    Status { url: String, status: u16 },
    #[error("{0} has no public key, certificate, or JSON Web Key")]
    NoKey(String),
    #[error("cannot write {path}: {source}")]
    Unwritable { path: String, source: io::Error },
}

/// Returns the address of a provider's keys: the given one, the fixed one, or the one that a
/// delivery names.
pub(crate) fn key_address(
    provider: &Provider,
    given: Option<&str>,
    delivery: impl FnOnce() -> Option<(Head, Bytes)>,
) -> Result<String, FetchKeyError> {
    let title = &provider.title;
    let sources = || provider.scheme.iter().filter_map(|scheme| scheme.key.as_ref());
    let takes_secret = |scheme: &Scheme| {
        !scheme.algorithm.is_asymmetric() && scheme.secret != SecretForm::PublicKey
    };
    let source = sources().next().ok_or_else(|| {
        if provider.scheme.iter().all(takes_secret) {
            FetchKeyError::Secret(title.clone(), provider.secret_env.clone())
        } else {
            FetchKeyError::NoSource(title.clone())
        }
    })?;
    let url = match (given, &source.url) {
        (Some(given), _) => given.to_owned(),
        (None, Some(url)) => url.clone(),
        (None, None) => {
            let named = delivery().and_then(|(head, body)| {
                source.from.as_ref().and_then(|place| place.find(&head, &body))
            });
            named.ok_or_else(|| FetchKeyError::NoAddress(title.clone()))?
        }
    };
    if source.allows(&url) {
        return Ok(url);
    }
    let KeySource { url: fixed, hosts, .. } = source;
    let hosts: Vec<&str> = fixed.iter().chain(hosts).map(String::as_str).collect();
    let (title, hosts) = (title.clone(), hosts.join(" or "));
    Err(FetchKeyError::Foreign { url, title, hosts })
}

/// Returns the newest stored delivery of a provider that names a key, among the latest ones.
pub(crate) fn newest_with_key(reader: &StoreReader, provider: &Provider) -> Option<(Head, Bytes)> {
    let places: Vec<&ValueLocation> =
        provider.scheme.iter().filter_map(|scheme| scheme.key.as_ref()?.from.as_ref()).collect();
    let rows = reader.newest(None, MAX_ROWS).ok()?;
    rows.iter().filter(|row| row.provider == provider.name).find_map(|row| {
        let Delivery { head, body, .. } = reader.delivery(row.id).ok()??;
        let is_named = places.iter().any(|place| place.find(&head, &body).is_some());
        is_named.then_some((head, body))
    })
}

/// Downloads a key file into a folder.
pub(crate) async fn fetch_key(url: &str, folder: &Path) -> Result<FetchedKey, FetchKeyError> {
    let target: Target = url.parse()?;
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let at = rest.find('/').unwrap_or(rest.len());
    let (host, path_and_query) = rest.split_at_checked(at).unwrap_or((rest, ""));
    let path_and_query = if path_and_query.is_empty() { "/" } else { path_and_query };
    let headers = [
        Header::new("Host", host.to_owned()),
        Header::new("Accept", "*/*"),
        Header::new("User-Agent", concat!("hookglass/", env!("CARGO_PKG_VERSION"))),
    ];
    let head = Head::build("GET", path_and_query, &headers);
    let sent = Client::new().send(&target, &Request { head, body: Bytes::new() }).await;
    let Response { status, body, .. } =
        sent.outcome.map_err(|source| FetchKeyError::Failed { url: url.to_owned(), source })?;
    if status != 200 {
        return Err(FetchKeyError::Status { url: url.to_owned(), status });
    }
    let count = signature::public_keys_in(&body);
    if count == 0 {
        return Err(FetchKeyError::NoKey(url.to_owned()));
    }
    let path = folder.join(file_name(url));
    write(folder, &path, &body)
        .map_err(|source| FetchKeyError::Unwritable { path: path.display().to_string(), source })?;
    Ok(FetchedKey { url: url.to_owned(), path, count })
}

/// Returns the last part of an address as the name of a file.
fn file_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    let name: String =
        last.chars().map(|one| if NAME(one) { one } else { '-' }).take(100).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "key".to_owned() } else { name.to_owned() }
}

fn write(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(name: &str, url: Option<&str>, body: &str) -> Result<String, FetchKeyError> {
        let provider = Provider::named(name).unwrap();
        let delivery = (Head::build("POST", "/", &[]), Bytes::from(body.to_owned()));
        key_address(&provider, url, || Some(delivery))
    }

    #[test]
    fn the_address_comes_from_the_provider_the_user_or_a_delivery() {
        let google = address("google-pubsub", None, "{}").unwrap();
        assert_eq!(google, "https://www.googleapis.com/oauth2/v3/certs");
        let own = "https://sns.eu-west-1.amazonaws.com/a.pem";
        assert_eq!(address("aws-sns", Some(own), "{}").unwrap(), own);
        let body = format!(r#"{{"SigningCertURL":"{own}"}}"#);
        assert_eq!(address("aws-sns", None, &body).unwrap(), own);
    }

    #[test]
    fn an_address_of_somebody_else_is_refused() {
        let body = r#"{"SigningCertURL":"https://evil.example/a.pem"}"#;
        assert!(matches!(address("aws-sns", None, body), Err(FetchKeyError::Foreign { .. })));
        let given = Some("http://sns.eu-west-1.amazonaws.com/a.pem");
        assert!(matches!(address("aws-sns", given, "{}"), Err(FetchKeyError::Foreign { .. })));
    }

    #[test]
    fn a_provider_without_published_keys_is_named() {
        assert!(matches!(address("stripe", None, "{}"), Err(FetchKeyError::Secret(..))));
        assert!(matches!(address("wise", None, "{}"), Err(FetchKeyError::NoSource(_))));
        assert!(matches!(address("aws-sns", None, "{}"), Err(FetchKeyError::NoAddress(_))));
    }

    #[test]
    fn the_name_of_the_file_stays_in_its_folder() {
        assert_eq!(file_name("https://h/certs/CERT-1?x=/y"), "CERT-1");
        assert_eq!(file_name("https://h/a/.."), "key");
        assert_eq!(file_name("https://h/a/.x%2f..\\b"), "x-2f..-b");
        assert_eq!(file_name("https://h/"), "h");
    }
}
