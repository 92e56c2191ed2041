//! Changes of deliveries as messages: attempts and notes of people, and later findings of
//! listeners.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::delivery::{
    Attempt, AttemptKind, DeliveryId, Explanation, Header, Outcome, ResponseRecord,
    SignatureStatus, Timing, Verdict, is_credential,
};
use crate::store::{HubChange, HubUpdate};

/// Longest message and longest texts in it.
const MAX_MESSAGE: usize = 256 << 10;
const MAX_TEXT: usize = 16 << 10;
const MAX_NAME: usize = 128;

/// An update with its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentUpdate {
    /// Name of the program.
    pub by: String,
    /// Identifies the program and its store.
    pub instance: String,
    pub update: HubUpdate,
}

#[derive(Debug, Serialize, Deserialize)]
struct UpdateMessage {
    by: String,
    instance: String,
    /// Message of the delivery.
    delivery: String,
    #[serde(flatten)]
    change: ChangeFields,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
enum ChangeFields {
    Attempt(Box<AttemptFields>),
    Response { status: u16, latency_us: Option<u64> },
    Verdict { status: String, cause: Option<String>, explanation: Option<String> },
    Note { note: Option<String> },
}

#[derive(Debug, Serialize, Deserialize)]
struct AttemptFields {
    kind: String,
    target: String,
    #[serde(with = "crate::formats::wire::moment")]
    at: Timestamp,
    took_us: u64,
    status: Option<u16>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// Base64.
    #[serde(default)]
    body: String,
    #[serde(default)]
    body_size: u64,
    failure: Option<String>,
    #[serde(default)]
    timed_out: bool,
    changes: Option<String>,
}

impl SentUpdate {
    /// Encodes an update. Credentials in the response of a target stay here.
    pub fn to_message(&self) -> Vec<u8> {
        let change = match &self.update.change {
            HubChange::Attempt(attempt) => ChangeFields::Attempt(Box::new(fields(attempt))),
            HubChange::Response(status, latency) => {
                let latency_us =
                    latency.map(|it| u64::try_from(it.as_micros()).unwrap_or(u64::MAX));
                ChangeFields::Response { status: *status, latency_us }
            }
            HubChange::Note(note) => ChangeFields::Note { note: note.clone() },
            HubChange::Verdict(verdict) => ChangeFields::Verdict {
                status: verdict.status.as_str().to_owned(),
                cause: verdict.cause.clone(),
                explanation: verdict.explanation.as_ref().map(Explanation::to_lines),
            },
        };
        let (by, instance) = (self.by.clone(), self.instance.clone());
        let message = UpdateMessage { by, instance, delivery: self.update.message.clone(), change };
        // Texts and numbers always serialize.
        serde_json::to_vec(&message).unwrap_or_default()
    }

    /// Decodes a message, which may come from anyone; none if it is not an update.
    pub fn from_message(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_MESSAGE {
            return None;
        }
        let message: UpdateMessage = serde_json::from_slice(bytes).ok()?;
        let UpdateMessage { by, instance, delivery, change } = message;
        if [&by, &instance, &delivery].iter().any(|name| name.is_empty() || name.len() > MAX_NAME) {
            return None;
        }
        let is_short = |text: &Option<String>| text.as_ref().is_none_or(|it| it.len() <= MAX_TEXT);
        let change = match change {
            ChangeFields::Attempt(fields) => {
                HubChange::Attempt(Box::new(attempt(*fields, by.clone())?))
            }
            ChangeFields::Response { status, latency_us } if status < 1000 => {
                HubChange::Response(status, latency_us.map(Duration::from_micros))
            }
            ChangeFields::Note { note } if is_short(&note) => HubChange::Note(note),
            ChangeFields::Verdict { status, cause, explanation }
                if is_short(&cause) && is_short(&explanation) =>
            {
                HubChange::Verdict(Box::new(Verdict {
                    status: SignatureStatus::from_word(&status)?,
                    cause,
                    explanation: explanation.map(|lines| Explanation::from_lines(&lines)),
                    secret: None,
                }))
            }
            _ => return None,
        };
        Some(Self { by, instance, update: HubUpdate { message: delivery, change } })
    }
}

fn fields(attempt: &Attempt) -> AttemptFields {
    // A query may have a token.
    let target = attempt.target.split('?').next().unwrap_or_default().to_owned();
    let (answered, failure, timed_out) = match &attempt.outcome {
        Outcome::Responded(answered) => (Some(answered), None, false),
        Outcome::Failed { reason, timed_out } => (None, Some(reason.clone()), *timed_out),
    };
    let headers = answered.iter().flat_map(|answered| &answered.headers);
    let headers = headers.filter(|header| !is_credential(&header.name) && !header.is("set-cookie"));
    AttemptFields {
        kind: attempt.kind.as_str().to_owned(),
        target,
        at: attempt.at,
        took_us: u64::try_from(attempt.took.as_micros()).unwrap_or(u64::MAX),
        status: answered.map(|answered| answered.status),
        headers: headers.map(|one| (one.name.clone(), one.text().into_owned())).collect(),
        body: answered.map(|answered| BASE64_STANDARD.encode(&answered.body)).unwrap_or_default(),
        body_size: answered.map(|answered| answered.body_size).unwrap_or_default(),
        failure,
        timed_out,
        changes: attempt.changes.clone(),
    }
}

fn attempt(fields: AttemptFields, sender: String) -> Option<Attempt> {
    let AttemptFields { kind, target, at, took_us, status, headers, body, .. } = fields;
    if target.len() > MAX_TEXT || fields.changes.as_ref().is_some_and(|it| it.len() > MAX_TEXT) {
        return None;
    }
    let outcome = match (status, fields.failure) {
        (Some(status @ 100..1000), _) => Outcome::Responded(ResponseRecord {
            status,
            headers: headers.into_iter().map(|(name, value)| Header::new(name, value)).collect(),
            body: BASE64_STANDARD.decode(body).ok()?.into(),
            body_size: fields.body_size.min(i64::MAX.unsigned_abs()),
        }),
        (None, Some(reason)) if reason.len() <= MAX_TEXT => {
            Outcome::Failed { reason, timed_out: fields.timed_out }
        }
        _ => return None,
    };
    Some(Attempt {
        // Known once the delivery is found.
        delivery: DeliveryId(0),
        kind: AttemptKind::from_word(&kind)?,
        target,
        at,
        took: Duration::from_micros(took_us.min(i64::MAX.unsigned_abs())),
        timing: Timing::default(),
        changes: fields.changes,
        sender: Some(sender),
        outcome,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(change: HubChange) -> SentUpdate {
        let update = HubUpdate { message: "m".to_owned(), change };
        SentUpdate { by: "ann".to_owned(), instance: "i".to_owned(), update }
    }

    #[test]
    fn an_update_is_the_same_after_a_stream() {
        let outcome = Outcome::Responded(ResponseRecord {
            status: 200,
            headers: vec![Header::new("X-A", "b")],
            body: "body".into(),
            body_size: 9,
        });
        let attempt = Attempt {
            delivery: DeliveryId(0),
            kind: AttemptKind::Resend,
            target: "http://h/x".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            took: Duration::from_micros(7),
            timing: Timing::default(),
            changes: Some("c".to_owned()),
            sender: Some("ann".to_owned()),
            outcome,
        };
        for change in [
            HubChange::Attempt(Box::new(attempt)),
            HubChange::Response(503, None),
            HubChange::Response(200, Some(Duration::from_micros(1_204))),
            HubChange::Note(Some("see #3".to_owned())),
            HubChange::Note(None),
            HubChange::Verdict(Box::new(Verdict::explained(SignatureStatus::Expired, "why"))),
        ] {
            let update = sent(change);
            assert_eq!(SentUpdate::from_message(&update.to_message()), Some(update));
        }
    }

    #[test]
    fn credentials_of_a_target_do_not_travel() {
        let outcome = Outcome::Responded(ResponseRecord {
            status: 200,
            headers: vec![Header::new("Set-Cookie", "id=1"), Header::new("Authorization", "x")],
            body: "".into(),
            body_size: 0,
        });
        let attempt = Attempt {
            delivery: DeliveryId(0),
            kind: AttemptKind::Forward,
            target: "http://h/x?token=hunter2".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            took: Duration::ZERO,
            timing: Timing::default(),
            changes: None,
            sender: None,
            outcome,
        };
        let message = sent(HubChange::Attempt(Box::new(attempt))).to_message();
        let text = String::from_utf8(message).unwrap();
        assert!(!text.contains("hunter2") && !text.contains("id=1") && !text.contains("Auth"));
    }

    #[test]
    fn other_messages_are_no_updates() {
        let long = "x".repeat(MAX_TEXT + 1);
        for text in [
            "",
            "{}",
            "[]",
            r#"{"by":"","instance":"i","delivery":"m","change":"note","note":null}"#,
            r#"{"by":"a","instance":"i","delivery":"m","change":"response","status":60000}"#,
            r#"{"by":"a","instance":"i","delivery":"m","change":"verdict","status":"fine"}"#,
            &format!(
                r#"{{"by":"a","instance":"i","delivery":"m","change":"note","note":"{long}"}}"#
            ),
        ] {
            assert_eq!(SentUpdate::from_message(text.as_bytes()), None, "{text}");
        }
    }
}
