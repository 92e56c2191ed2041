//! Names of fields whose values are sensitive whatever they look like.
//!
//! A name is split into words, so that `clientSecret`, `client-secret`, and `CLIENT_SECRET` are one
//! name, and `secretary` contains no secret.

use crate::words::words;

words! {
    /// Kind of field, recognized by its name.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum KeyGroup {
        Credential = "credential",
        Name = "name",
        Address = "address",
        Identity = "identity",
    }
}

/// A value, and the keys and indexes that lead to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'f> {
    pub(super) steps: &'f [String],
    pub(super) value: &'f str,
    /// Name next to the value, as in `{"name":"API_SECRET","value":…}`.
    pub(super) label: Option<&'f str>,
}

impl KeyGroup {
    /// Returns examples of the names, for the documentation.
    pub fn examples(self) -> &'static str {
        match self {
            Self::Credential => {
                "`password`, `clientSecret`, `access_token`, `api-key`, `aws_secret_access_key`, `session_id`, \
                 `otp`, `cvv`"
            }
            Self::Name => {
                "`first_name`, `lastName`, `cardholder_name`, `name` in `customer` or `author`"
            }
            Self::Address => {
                "`street`, `address_line1`, `postal_code`, `zip`, `city` in `shipping_address`"
            }
            Self::Identity => "`ssn`, `tax_id`, `passport_number`, `date_of_birth`",
        }
    }

    /// Returns whether the field is of this kind.
    pub(super) fn has(self, field: Field<'_>) -> bool {
        let value = field.value.trim();
        let (key, parent) = names(field.steps);
        let Some(key) = key else { return false };
        let key = match field.label {
            Some(label) if LABELED.contains(&key.squashed().as_str()) => KeyName::of(label),
            _ => key,
        };
        match self {
            Self::Credential => {
                let is_under = WRAPPERS.contains(&key.last())
                    && parent.as_ref().is_some_and(is_credential_name);
                // `auth` is also the name of a method.
                let is_auth = key.squashed() == "auth" && is_generated(value);
                !is_placeholder(value) && (is_credential_name(&key) || is_under || is_auth)
            }
            Self::Name => is_name(&key, owner(field.steps).as_ref(), value),
            Self::Address => is_address(&key, parent.as_ref(), value),
            Self::Identity => {
                value.bytes().any(|byte| byte.is_ascii_digit())
                    && IDENTITY.contains(&key.squashed().as_str())
            }
        }
    }
}

/// A name as its lowercase words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyName {
    words: Vec<String>,
}

impl KeyName {
    pub(super) fn of(text: &str) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut word = String::new();
        let characters: Vec<char> = text.chars().collect();
        for (at, &character) in characters.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| characters.get(at));
            let after = characters.get(at + 1);
            // `accessToken` has two words, and so has `APIKey`.
            let begins = character.is_uppercase()
                && (before.is_some_and(|before| before.is_lowercase() || before.is_ascii_digit())
                    || (before.is_some_and(|before| before.is_uppercase())
                        && after.is_some_and(|after| after.is_lowercase())));
            if (begins || !character.is_alphanumeric()) && !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            if character.is_alphanumeric() {
                word.extend(character.to_lowercase());
            }
        }
        if !word.is_empty() {
            words.push(word);
        }
        Self { words }
    }

    fn last(&self) -> &str {
        self.words.last().map(String::as_str).unwrap_or_default()
    }

    /// Returns the word before the last one.
    fn qualifier(&self) -> &str {
        let at = self.words.len().checked_sub(2);
        at.and_then(|at| self.words.get(at)).map(String::as_str).unwrap_or_default()
    }

    pub(super) fn squashed(&self) -> String {
        self.words.concat()
    }

    pub(super) fn has_word(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.as_str()))
    }

    /// Returns the name without its last word.
    fn without_last(&self) -> Self {
        let count = self.words.len().saturating_sub(1);
        Self { words: self.words.iter().take(count).cloned().collect() }
    }

    /// Returns the name without the digits at its end: `secret2` is a `secret`.
    fn without_number(&self) -> Self {
        let mut name = self.clone();
        if let Some(last) = name.words.last_mut() {
            last.truncate(last.trim_end_matches(|one: char| one.is_ascii_digit()).len());
        }
        name
    }

    /// Returns whether the name ends in one of the squashed texts, at the start of a word.
    fn ends_in(&self, texts: &[&str]) -> bool {
        (0..self.words.len()).any(|at| {
            let end = self.words.get(at..).unwrap_or_default().concat();
            texts.contains(&end.as_str())
        })
    }
}

/// Returns the name of a value and of what contains it; indexes have no name.
fn names(steps: &[String]) -> (Option<KeyName>, Option<KeyName>) {
    let is_index =
        |step: &&String| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    let mut named =
        steps.iter().rev().filter(|step| !is_index(step)).flat_map(|step| form_steps(step));
    let name = |step: &str| KeyName::of(step);
    (named.next().map(name), named.next().map(name))
}

/// Returns the name of what a value belongs to. In a record of changes, `from` and `to` are values
/// of a field and not people: `changes.category.from.name` is the name of a category.
fn owner(steps: &[String]) -> Option<KeyName> {
    let parent = names(steps).1?;
    let is_change = ["from", "to"].contains(&parent.squashed().as_str())
        && steps.iter().any(|step| KeyName::of(step).has_word(&["changes", "changelog"]));
    match steps.split_last() {
        Some((_, outer)) if is_change => names(outer).1,
        _ => Some(parent),
    }
}

/// Splits the name of a form field, `card[cvc]`, innermost first.
fn form_steps(step: &str) -> Vec<&str> {
    let is_part = |part: &&str| !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit());
    if !step.ends_with(']') {
        return vec![step];
    }
    let mut parts: Vec<&str> = step.split(['[', ']']).filter(is_part).collect();
    parts.reverse();
    parts
}

/// Returns the name of the innermost named step.
pub(super) fn key_of(steps: &[String]) -> Option<KeyName> {
    names(steps).0
}

/// Names of a value that has its name next to it.
const LABELED: &[&str] = &["value", "val", "stringvalue"];

/// Names inside a credential that contain the credential itself.
const WRAPPERS: &[&str] = &["value", "key", "data", "raw", "plain", "plaintext", "text", "content"];

/// Names that end in one of these are credentials.
const CREDENTIALS: &[&str] = &[
    "password",
    "passwd",
    "passwort",
    "pwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "jwt",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "authkey",
    "accountkey",
    "masterkey",
    "servicekey",
    "sharedkey",
    "sharedaccesskey",
    "licensekey",
    "sessionkey",
    "webhookkey",
    "deploykey",
    "hmackey",
    "aeskey",
    "sshkey",
    "storagekey",
    "securitykey",
    "clientkey",
    "serverkey",
    "subscriptionkey",
    "primarykeysecret",
    "accesskeyid",
    "cvv",
    "cvv2",
    "cvc",
    "cvc2",
    "csc",
    "otp",
    "totp",
    "otpcode",
    "mfacode",
    "pincode",
    "cardpin",
    "securitycode",
    "verificationcode",
    "verifycode",
    "resetcode",
    "authcode",
    "authorizationcode",
    "accesscode",
    "recoverycode",
    "recoverycodes",
    "backupcode",
    "backupcodes",
    "smscode",
    "logincode",
    "activationcode",
    "unlockcode",
    "doorcode",
    "gatecode",
    "pairingcode",
    "devicecode",
    "onetimecode",
    "onetimepassword",
    "sessionid",
    "phpsessid",
    "jsessionid",
    "sessid",
    "credential",
    "credentials",
    "connectionstring",
    "connectionurl",
    "sastoken",
    "databaseurl",
    "dsn",
    "seedphrase",
    "mnemonic",
    "recoveryphrase",
    "accesstokensecret",
    "consumerkey",
    "appkey",
    "appsecret",
    "bottoken",
    "authorization",
    "userpass",
    "dbpass",
];

/// Names that are credentials only as a whole.
const WHOLE_CREDENTIALS: &[&str] = &[
    "pass",
    "pin",
    "cookie",
    "cookies",
    "setcookie",
    "bearer",
    "userpassword",
    "smtppass",
    "session",
    "pw",
];

/// Purpose of a token that is not a credential.
const PAGES: &[&str] = &[
    "next",
    "page",
    "continuation",
    "continue",
    "prev",
    "previous",
    "pagination",
    "sync",
    "cursor",
    "scroll",
    "resume",
    "start",
    "max",
    "min",
    "idempotency",
    "total",
    "lexer",
    "stop",
];

/// Words after a credential that do not change what it is.
const SUFFIXES: &[&str] = &[
    "value",
    "hash",
    "digest",
    "encrypted",
    "plain",
    "plaintext",
    "pem",
    "base64",
    "b64",
    "old",
    "new",
    "confirmation",
];

/// Returns whether a field of this name contains a credential.
pub(super) fn is_credential_name(name: &KeyName) -> bool {
    let squashed = name.squashed();
    if WHOLE_CREDENTIALS.contains(&squashed.as_str()) {
        return true;
    }
    if SUFFIXES.contains(&name.last()) && name.words.len() > 1 {
        return is_credential_name(&name.without_last());
    }
    let is_counter = name.last().bytes().all(|byte| byte.is_ascii_digit()) && name.words.len() > 1;
    if is_counter {
        return is_credential_name(&name.without_last());
    }
    if name.last() == "token" && PAGES.contains(&name.qualifier()) {
        return false;
    }
    if name.has_word(&["has", "is", "requires", "needs", "public", "publishable"]) {
        return false;
    }
    name.ends_in(CREDENTIALS) || name.without_number().ends_in(CREDENTIALS)
}

/// Returns whether a value has letters and digits and no space.
fn is_generated(value: &str) -> bool {
    let has = |is: fn(char) -> bool| value.chars().any(is);
    value.len() >= 10
        && has(|one| one.is_ascii_digit())
        && has(char::is_alphabetic)
        && !has(char::is_whitespace)
}

/// Returns whether a value is a placeholder for a credential.
pub(super) fn is_placeholder(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "none",
        "null",
        "nil",
        "undefined",
        "bearer",
        "basic",
        "digest",
        "required",
        "optional",
        "true",
        "false",
        "yes",
        "no",
        "hidden",
        "masked",
        "redacted",
        "filtered",
        "[filtered]",
        "[redacted]",
        "password",
        "token",
        "enabled",
        "disabled",
    ];
    let is_word = WORDS.iter().any(|word| value.eq_ignore_ascii_case(word));
    is_word || !value.chars().any(char::is_alphanumeric)
}

/// Names of people, whatever contains them.
const NAMES: &[&str] = &[
    "firstname",
    "lastname",
    "givenname",
    "familyname",
    "middlename",
    "maidenname",
    "surname",
    "forename",
    "fullname",
    "realname",
    "fname",
    "lname",
    "nickname",
    "preferredname",
    "cardholdername",
    "cardholder",
    "accountholder",
    "accountholdername",
    "nameoncard",
    "profilename",
    "callername",
    "recipient",
    "consignee",
];

/// Roles of people, whose `name`, or name in `ROLE_name`, is a person's.
const PEOPLE: &[&str] = &[
    "customer",
    "client",
    "contact",
    "sender",
    "recipient",
    "receiver",
    "author",
    "committer",
    "pusher",
    "owner",
    "creator",
    "user",
    "buyer",
    "payer",
    "payee",
    "guest",
    "patient",
    "member",
    "employee",
    "attendee",
    "invitee",
    "person",
    "profile",
    "billing",
    "shipping",
    "cardholder",
    "holder",
    "reporter",
    "assignee",
    "requester",
    "subscriber",
    "lead",
    "applicant",
    "candidate",
    "donor",
    "signer",
    "organizer",
    "participant",
    "reviewer",
    "student",
    "teacher",
    "doctor",
    "driver",
    "passenger",
    "beneficiary",
    "debtor",
    "creditor",
    "caller",
    "actor",
    "sponsor",
    "agent",
    "manager",
    "maintainer",
    "submitter",
    "respondent",
    "visitor",
    "voter",
    "traveler",
    "tenant",
    "host",
    "from",
    "to",
    "cc",
];

/// Services that appear in the place of a person, e.g. as the committer of a merge.
const SERVICES: &[&str] = &["GitHub", "GitLab", "Bitbucket", "Gitea", "Azure DevOps"];

/// Words after a role that do not change who it is.
const DETAILS: &[&str] = &["details", "detail", "info", "data", "address", "object"];

fn is_person(name: &KeyName) -> bool {
    if DETAILS.contains(&name.last()) {
        return name.words.len() == 1 && name.last() == "address"
            || is_person(&name.without_last());
    }
    let last = name.last();
    let is_role = |role: &&str| *role == last || last.strip_suffix('s') == Some(role);
    PEOPLE.iter().any(is_role)
}

fn is_name(key: &KeyName, parent: Option<&KeyName>, value: &str) -> bool {
    // `full_name` is a repository at GitHub, and bots are not people.
    let is_text = value.chars().any(char::is_alphabetic)
        && !value.contains(['/', '@', '[', '{', '<', '\n'])
        && value.chars().count() <= 80;
    if !is_text || SERVICES.iter().any(|service| value.eq_ignore_ascii_case(service)) {
        return false;
    }
    if key.ends_in(NAMES) {
        return true;
    }
    let is_plain = !value.contains('_') && !value.chars().any(|one| one.is_ascii_digit());
    let is_named = key.last() == "name" && is_plain;
    match key.words.len() {
        1 => is_named && parent.is_some_and(is_person),
        _ if key.squashed() == "displayname" => is_named && parent.is_some_and(is_person),
        // `user_name` is a handle, and `host_name` a machine.
        _ => {
            let role = key.without_last();
            is_named
                && !["user", "host", "client", "agent", "profile"].contains(&role.last())
                && is_person(&role)
        }
    }
}

/// Parts of a postal address, whatever contains them.
const ADDRESSES: &[&str] = &[
    "street",
    "streetaddress",
    "streetname",
    "streetline",
    "street1",
    "street2",
    "address1",
    "address2",
    "address3",
    "addressline",
    "addressline1",
    "addressline2",
    "addressline3",
    "addressline4",
    "housenumber",
    "postalcode",
    "postcode",
    "zipcode",
    "zip",
    "plz",
    "mailingaddress",
    "homeaddress",
    "shippingaddress",
    "billingaddress",
    "deliveryaddress",
    "fulladdress",
    "formattedaddress",
    "postaladdress",
    "streetnumber",
    "residentialaddress",
    "apartment",
];

/// Parts of a postal address if they are in one.
const ADDRESS_PARTS: &[&str] = &[
    "line",
    "line1",
    "line2",
    "line3",
    "line4",
    "city",
    "town",
    "locality",
    "suburb",
    "village",
    "district",
    "neighborhood",
    "postal",
    "addressee",
    "company",
    "dependentlocality",
];

fn is_address(key: &KeyName, parent: Option<&KeyName>, value: &str) -> bool {
    if !value.chars().any(char::is_alphanumeric) || value.contains("://") || value.contains('@') {
        return false;
    }
    let squashed = key.squashed();
    let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
    let has_letter = value.chars().any(char::is_alphabetic);
    if key.ends_in(&[
        "zip",
        "zipcode",
        "postalcode",
        "postcode",
        "plz",
        "housenumber",
        "streetnumber",
    ]) {
        // A file or a flag can be a `zip` too.
        return has_digit && value.chars().count() <= 12 && !value.contains('.');
    }
    if squashed == "address" || key.ends_in(&["address"]) {
        let is_postal = has_digit && has_letter && value.contains(' ');
        return is_postal || (key.ends_in(ADDRESSES) && has_letter && value.contains(' '));
    }
    if key.ends_in(ADDRESSES) {
        return true;
    }
    let is_in_address = parent.is_some_and(|parent| {
        parent.has_word(&["address", "addresses", "billing", "shipping", "delivery", "addr"])
    });
    is_in_address && ADDRESS_PARTS.contains(&squashed.as_str()) && squashed != "company"
}

/// Numbers that identify a person, and birth dates.
const IDENTITY: &[&str] = &[
    "ssn",
    "socialsecuritynumber",
    "taxid",
    "taxidentificationnumber",
    "vatnumber",
    "vatid",
    "nationalid",
    "nationalidnumber",
    "passport",
    "passportnumber",
    "passportno",
    "driverslicense",
    "driverslicensenumber",
    "driverlicense",
    "driverlicensenumber",
    "licensenumber",
    "dob",
    "dateofbirth",
    "birthdate",
    "birthday",
    "bankaccountnumber",
    "accountnumber",
];

/// Names of fields that contain a phone number in any form.
pub(super) fn is_phone_name(name: &KeyName) -> bool {
    const PHONES: &[&str] = &[
        "phone",
        "mobile",
        "tel",
        "telephone",
        "cell",
        "cellphone",
        "fax",
        "msisdn",
        "whatsapp",
        "landline",
    ];
    let plain = match name.last() {
        "number" | "no" | "nr" | "formatted" | "raw" => name.without_last(),
        _ => name.clone(),
    };
    PHONES.contains(&plain.last())
}

/// Names of fields that contain versions, which look like addresses.
pub(super) fn is_version_name(name: &KeyName) -> bool {
    name.has_word(&[
        "version", "versions", "ver", "release", "build", "firmware", "tag", "revision",
    ])
}

/// Names of fields that contain message ids, which look like email addresses.
pub(super) fn is_message_id_name(name: &KeyName) -> bool {
    ["messageid", "inreplyto", "references", "msgid", "contentid"]
        .iter()
        .any(|known| name.squashed().ends_with(known))
}

/// Names of fields that contain ids, which can look like the number of a card.
pub(super) fn is_id_name(name: &KeyName) -> bool {
    ["id", "ids", "uid", "sid", "gid", "ref", "reference", "timestamp", "ts", "time"]
        .contains(&name.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(group: KeyGroup, path: &str, value: &str) -> bool {
        let steps: Vec<String> = path.split('/').map(str::to_owned).collect();
        group.has(Field { steps: &steps, value, label: None })
    }

    #[test]
    fn credentials_are_recognized_by_the_words_of_their_name() {
        for name in [
            "clientSecret",
            "accessToken",
            "refresh-token",
            "SECRET_KEY",
            "x_api_key",
            "APIKey",
            "pwd",
            "aws_secret_access_key",
            "session_id",
            "otp",
            "cvv",
            "password_hash",
            "webhookSecret2",
            "card[cvc]",
            "secret/value",
            "backup_codes/0",
        ] {
            assert!(has(KeyGroup::Credential, name, "a1"), "{name}");
        }
    }

    #[test]
    fn names_that_only_resemble_credentials_are_not_recognized() {
        for name in [
            "secretary",
            "next_page_token",
            "token_type",
            "public_key",
            "monkey",
            "author",
            "passenger",
            "has_password",
            "idempotency_key",
            "key",
            "code",
            "cookie_consent",
            "tokens",
            "secret/type",
        ] {
            assert!(!has(KeyGroup::Credential, name, "a1"), "{name}");
        }
    }

    #[test]
    fn a_name_is_a_persons_if_the_field_or_its_parent_says_so() {
        for (path, value, is_it) in [
            ("first_name", "Kevin", true),
            ("customer/name", "Kevin B.", true),
            ("commits/0/author/name", "Kevin", true),
            ("customer_details/name", "Kevin", true),
            ("billingName", "Kevin", true),
            ("from/name", "Kevin", true),
            ("changes/assignee/from/name", "Kevin", true),
            ("changes/category/from/name", "General", false),
            ("commits/0/committer/name", "GitHub", false),
            ("repository/full_name", "kevin/tools", false),
            ("product/name", "Pro plan", false),
            ("user_name", "kevin", false),
            ("name", "release", false),
        ] {
            assert_eq!(has(KeyGroup::Name, path, value), is_it, "{path}");
        }
    }

    #[test]
    fn a_city_is_a_part_of_an_address_only_in_one() {
        for (path, value, is_it) in [
            ("shipping_address/city", "Berlin", true),
            ("address/line1", "12 Main Street", true),
            ("postalCode", "10115", true),
            ("zip", "logs.zip", false),
            ("weather/city", "Berlin", false),
            ("address", "0x52908400098527886E0F7030069857D2E4169EE7", false),
            ("email_address", "kevin", false),
        ] {
            assert_eq!(has(KeyGroup::Address, path, value), is_it, "{path}");
        }
    }
}
