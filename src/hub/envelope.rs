//! A delivery as a message: facts as headers, then the bytes of its head and body.
//!
//! A value has one line of ASCII; every other character is percent-encoded. A message may come from
//! anyone, so texts are bounded, and a fact that is not understood is left out.

use async_nats::HeaderMap;
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use ring::digest::{SHA256, digest};

use super::subject;
use crate::delivery::{
    EventRef, Explanation, Head, HubPlace, NewDelivery, Refusal, RequestFacts, SignatureStatus,
    Source, UNKNOWN_PROVIDER, Verdict,
};

/// Characters that a header value cannot have, and the one that escapes them.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%').add(b' ');

pub(super) const MESSAGE_ID: &str = "Nats-Msg-Id";
const HEAD_SIZE: &str = "Hookglass-Head-Size";
const RECEIVED_AT: &str = "Hookglass-Received-At";
const PEER: &str = "Hookglass-Peer";
const PROVIDER: &str = "Hookglass-Provider";
const EVENT_ID: &str = "Hookglass-Event-Id";
const EVENT_TYPE: &str = "Hookglass-Event-Type";
const VERDICT: &str = "Hookglass-Verdict";
const CAUSE: &str = "Hookglass-Cause";
const EXPLANATION: &str = "Hookglass-Explanation";
const SECRET_NAME: &str = "Hookglass-Secret-Name";
const REFUSED: &str = "Hookglass-Refused";
const REFUSED_REASON: &str = "Hookglass-Refused-Reason";
const BODY_SIZE: &str = "Hookglass-Body-Size";
const RESPONSE: &str = "Hookglass-Response";
const VIA: &str = "Hookglass-Via";
const LISTENER: &str = "Hookglass-Listener";
/// Sequences of the messages with the bytes, if they are too many for one message.
pub(super) const CHUNKS: &str = "Hookglass-Chunks";
/// SHA-256 of those bytes.
const DIGEST: &str = "Hookglass-Digest";

/// Longest texts. The listener has similar limits for what it receives.
const MAX_NAME: usize = 128;
const MAX_TEXT: usize = 16 << 10;

/// Size of a delivery that is published or read.
pub(super) const MAX_SIZE: usize = 128 << 20;

/// Messages that one delivery is split into.
pub(super) const MAX_CHUNKS: usize = 4096;

/// Reason why a message is not a delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    #[error("its headers are malformed")]
    Headers,
    #[error("it has no header `{0}` of hookglass")]
    Absent(&'static str),
    #[error("it has more than {} MiB", MAX_SIZE >> 20)]
    TooLarge,
    #[error("its bytes are not those of its digest")]
    Digest,
    #[error("a part of it was removed by the limits of the stream")]
    MissingPart,
    #[error("it is not a request: {0}")]
    NotARequest(String),
}

/// A delivery ready to be published.
#[derive(Debug, Clone)]
pub struct Envelope {
    pub(super) subject: String,
    pub(super) message: String,
    pub(super) headers: HeaderMap,
    /// Head and body.
    pub(super) payload: Bytes,
}

impl Envelope {
    /// Encodes a delivery. It contains no secret: a verdict only names one.
    pub fn new(new: &NewDelivery, place: &HubPlace) -> Self {
        let NewDelivery { request, head, body, provider, event, signature, response, .. } = new;
        let head = head.with_trailer_lines();
        let mut headers = HeaderMap::new();
        let mut put = |name: &str, value: &str| {
            headers.insert(name, utf8_percent_encode(value, ESCAPED).to_string());
        };
        put(MESSAGE_ID, &place.message);
        put(LISTENER, &place.listener);
        put(HEAD_SIZE, &head.len().to_string());
        put(RECEIVED_AT, &format!("{:.6}", request.received_at));
        put(PROVIDER, provider);
        put(VERDICT, signature.status.as_str());
        put(BODY_SIZE, &request.body_size.to_string());
        let explanation = signature.explanation.as_ref().map(Explanation::to_lines);
        let refused = request.refused.as_ref();
        let optional = [
            (PEER, request.peer.as_deref()),
            (EVENT_ID, event.id.as_deref()),
            (EVENT_TYPE, event.event_type.as_deref()),
            (CAUSE, signature.cause.as_deref()),
            (EXPLANATION, explanation.as_deref()),
            (SECRET_NAME, signature.secret.as_deref()),
            (REFUSED, refused.map(|refusal| refusal.code.as_str())),
            (REFUSED_REASON, refused.map(|refusal| refusal.reason.as_str())),
            (VIA, request.via.as_deref()),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                put(name, cut(value));
            }
        }
        if let Some(status) = response {
            put(RESPONSE, &status.to_string());
        }
        let mut payload = BytesMut::with_capacity(head.len() + body.len());
        payload.extend_from_slice(&head);
        payload.extend_from_slice(body);
        Self {
            subject: subject::delivery(provider, event.event_type.as_deref()),
            message: place.message.clone(),
            headers,
            payload: payload.freeze(),
        }
    }

    /// Returns the headers as they are on the wire.
    pub fn raw_headers(&self) -> Vec<u8> {
        let lines = self.headers.iter().flat_map(|(name, values)| {
            values.iter().map(move |value| format!("{name}: {}\r\n", value.as_str()))
        });
        format!("NATS/1.0\r\n{}\r\n", lines.collect::<String>()).into_bytes()
    }

    /// Returns the bytes of head and body.
    pub fn bytes(&self) -> &Bytes {
        &self.payload
    }

    /// Names the messages that have the bytes instead of this one.
    pub(super) fn refer_to(&mut self, sequences: &[u64]) {
        let sequences: Vec<String> = sequences.iter().map(u64::to_string).collect();
        self.headers.insert(CHUNKS, sequences.join(","));
        self.headers.insert(DIGEST, hex::encode(digest(&SHA256, &self.payload)));
        self.payload = Bytes::new();
    }
}

/// Returns the sequences of the messages that have the bytes of this one, if it does not itself.
pub(super) fn chunks(headers: &HeaderMap) -> Result<Option<Vec<u64>>, MessageError> {
    let Some(list) = headers.get(CHUNKS) else { return Ok(None) };
    let numbers = list.as_str().split(',').take(MAX_CHUNKS + 1).map(|number| number.parse().ok());
    let numbers: Option<Vec<u64>> = numbers.collect();
    let numbers = numbers.ok_or(MessageError::Absent(CHUNKS))?;
    if numbers.len() > MAX_CHUNKS { Err(MessageError::TooLarge) } else { Ok(Some(numbers)) }
}

/// Checks bytes that were put together from several messages.
pub(super) fn check_digest(headers: &HeaderMap, payload: &[u8]) -> Result<(), MessageError> {
    let wanted = headers.get(DIGEST).ok_or(MessageError::Absent(DIGEST))?;
    let found = hex::encode(digest(&SHA256, payload));
    if wanted.as_str() == found { Ok(()) } else { Err(MessageError::Digest) }
}

/// Decodes a message of a stream.
pub(super) fn decode(
    headers: &HeaderMap,
    mut payload: Bytes,
    place: (&str, u64),
) -> Result<NewDelivery, MessageError> {
    let text = |name: &str, max: usize| {
        let value = headers.get(name)?.as_str();
        let value = percent_decode_str(value).decode_utf8().ok()?;
        (value.len() <= max && !value.is_empty()).then(|| value.into_owned())
    };
    let name = |field| text(field, MAX_NAME);
    let (stream, sequence) = place;
    let place = HubPlace {
        message: name(MESSAGE_ID).ok_or(MessageError::Absent(MESSAGE_ID))?,
        stream: stream.to_owned(),
        sequence: Some(sequence),
        listener: name(LISTENER).ok_or(MessageError::Absent(LISTENER))?,
    };
    let head_size: Option<usize> = name(HEAD_SIZE).and_then(|size| size.parse().ok());
    let head_size = head_size.filter(|size| *size <= payload.len());
    let head = payload.split_to(head_size.ok_or(MessageError::Absent(HEAD_SIZE))?);
    let received_at: Option<Timestamp> = name(RECEIVED_AT).and_then(|time| time.parse().ok());
    let received_at = received_at.ok_or(MessageError::Absent(RECEIVED_AT))?;
    let refused = name(REFUSED).map(|code| {
        let reason = text(REFUSED_REASON, MAX_TEXT).unwrap_or_default();
        Refusal { code, reason }
    });
    let head = match Head::parse_with_trailers(head.clone()) {
        Ok(head) => head,
        Err(_) if refused.is_some() => Head::lenient(head),
        Err(error) => return Err(MessageError::NotARequest(error.to_string())),
    };
    let size: Option<u64> = name(BODY_SIZE).and_then(|size| size.parse().ok());
    let body_size = match (&refused, size) {
        (Some(_), Some(size)) => size.min(i64::MAX.unsigned_abs()),
        _ => payload.len() as u64,
    };
    let request = RequestFacts {
        peer: name(PEER),
        refused,
        source: Source::Hub,
        via: text(VIA, MAX_TEXT),
        hub: Some(Box::new(place)),
        ..RequestFacts::new(&head, body_size, received_at)
    };
    let status = name(VERDICT).and_then(|word| SignatureStatus::from_word(&word));
    let signature = Verdict {
        status: status.unwrap_or(SignatureStatus::Unchecked),
        cause: name(CAUSE),
        explanation: text(EXPLANATION, MAX_TEXT).map(|lines| Explanation::from_lines(&lines)),
        secret: name(SECRET_NAME),
    };
    let event = EventRef { id: text(EVENT_ID, MAX_TEXT), event_type: text(EVENT_TYPE, MAX_TEXT) };
    let response = name(RESPONSE).and_then(|status| status.parse().ok());
    Ok(NewDelivery {
        request,
        provider: name(PROVIDER).unwrap_or_else(|| UNKNOWN_PROVIDER.to_owned()),
        event,
        signature,
        response: response.filter(|status| *status == 0 || (100..1000).contains(status)),
        ..NewDelivery::new(head, payload, received_at)
    })
}

/// Shortens a text to what readers accept.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or(text)
}

/// Parses headers as they are in a stream, for messages that the client library refuses.
pub(super) fn parse_headers(raw: &[u8]) -> Result<HeaderMap, MessageError> {
    let text = std::str::from_utf8(raw).map_err(|_| MessageError::Headers)?;
    let rest = text.strip_prefix("NATS/1.0\r\n").ok_or(MessageError::Headers)?;
    let mut headers = HeaderMap::new();
    for line in rest.split("\r\n").filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').ok_or(MessageError::Headers)?;
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || !name.bytes().all(is_token) || value.contains(['\r', '\n']) {
            return Err(MessageError::Headers);
        }
        headers.append(name, value.trim());
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery() -> NewDelivery {
        let raw = "POST /a?b HTTP/1.1\r\nX-One: \u{1}\r\nx-ONE:2\r\n\r\n".replace('\u{1}', "é");
        let head = Head::parse(Bytes::from(raw)).unwrap();
        let body = Bytes::from_static(b"\0\xff\r\n{}");
        let mut new = NewDelivery::new(head, body, Timestamp::UNIX_EPOCH);
        new.request.source = Source::Hub;
        new.request.peer = Some("127.0.0.1:1".to_owned());
        new.event.event_type = Some("a\r\nNats-Msg-Id: evil\n.*".to_owned());
        new.event.id = Some("100% é \u{202e}".to_owned());
        new.signature = Verdict::explained(SignatureStatus::Mismatch, "one\ntwo");
        new.request.hub = Some(Box::new(HubPlace {
            message: "m-1".to_owned(),
            stream: "s".to_owned(),
            sequence: Some(7),
            listener: "l 1".to_owned(),
        }));
        new
    }

    fn sent(new: &NewDelivery) -> Envelope {
        Envelope::new(new, new.request.hub.as_ref().unwrap())
    }

    #[test]
    fn a_delivery_is_the_same_after_a_stream() {
        let new = delivery();
        let Envelope { headers, payload, .. } = sent(&new);
        let read = decode(&headers, payload, ("s", 7)).unwrap();
        assert_eq!((&read.request, &read.head, &read.body), (&new.request, &new.head, &new.body));
        assert_eq!((read.event, read.provider), (new.event, new.provider));
        assert_eq!(read.signature, Verdict::explained(SignatureStatus::Mismatch, "one two"));
    }

    #[test]
    fn a_header_has_one_line() {
        let Envelope { headers, .. } = sent(&delivery());
        for value in headers.iter().flat_map(|(_, values)| values) {
            let is_plain = |byte: u8| (b'!'..=b'~').contains(&byte);
            assert!(value.as_str().bytes().all(is_plain), "{value:?}");
        }
    }

    #[test]
    fn other_messages_are_refused() {
        let Envelope { headers, payload, .. } = sent(&delivery());
        let with = |name: &str, value: &str| {
            let mut headers = headers.clone();
            headers.insert(name, value);
            decode(&headers, payload.clone(), ("s", 1))
        };
        let refused = |name: &str, value: &str| with(name, value).unwrap_err();
        assert_eq!(refused(HEAD_SIZE, "99999"), MessageError::Absent(HEAD_SIZE));
        assert_eq!(refused(HEAD_SIZE, "-1"), MessageError::Absent(HEAD_SIZE));
        assert!(matches!(refused(HEAD_SIZE, "3"), MessageError::NotARequest(_)));
        assert_eq!(refused(RECEIVED_AT, "soon"), MessageError::Absent(RECEIVED_AT));
        assert_eq!(refused(LISTENER, &"x".repeat(500)), MessageError::Absent(LISTENER));
        assert_eq!(with(VERDICT, "good").unwrap().signature.status, SignatureStatus::Unchecked);
        assert_eq!(with(RESPONSE, "70000").unwrap().response, None);
        assert_eq!(with(PROVIDER, "%ff").unwrap().provider, UNKNOWN_PROVIDER);
    }

    #[test]
    fn raw_headers_are_parsed_strictly() {
        let parsed = parse_headers(b"NATS/1.0\r\nA: b\r\nA:c\r\n\r\n").unwrap();
        assert_eq!(parsed.get("A").unwrap().as_str(), "b");
        for wrong in
            [&b""[..], b"A: b\r\n\r\n", b"NATS/1.0\r\nA\r\n\r\n", b"NATS/1.0\r\n\xff: b\r\n"]
        {
            assert_eq!(parse_headers(wrong), Err(MessageError::Headers));
        }
    }

    #[test]
    fn parts_are_bounded() {
        let mut headers = HeaderMap::new();
        headers.insert(CHUNKS, vec!["1"; MAX_CHUNKS + 1].join(","));
        assert_eq!(chunks(&headers), Err(MessageError::TooLarge));
        headers.insert(CHUNKS, "1,x");
        assert_eq!(chunks(&headers), Err(MessageError::Absent(CHUNKS)));
        headers.insert(CHUNKS, "1,2");
        assert_eq!(chunks(&headers), Ok(Some(vec![1, 2])));
    }
}
