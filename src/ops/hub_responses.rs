//! Matches requests for responses with the deliveries that a program reads from the stream.
//!
//! A request and its delivery take different routes, so either may arrive first, and the response
//! may be ready before it is requested.

use std::collections::{HashSet, VecDeque};

use crate::hub::{HubReply, ResponseRequest, subject};
use crate::listener::Reply;

/// Requests that may wait for their deliveries.
const MAX_WAITING: usize = 256;

/// Limits on the number and total body size of responses kept for requests that arrive later.
const MAX_REMEMBERED: usize = 256;
const MAX_BYTES: usize = 4 << 20;

/// Requests with the addresses of their replies (`A`), and the responses of this program.
#[derive(Debug)]
pub(crate) struct HubResponses<A> {
    /// Subject that this program reads.
    subject: String,
    /// Sequence of the last delivery that was read.
    position: u64,
    /// Messages of the deliveries whose responses are being produced.
    running: HashSet<String>,
    waiting: VecDeque<(ResponseRequest, A)>,
    remembered: VecDeque<(String, HubReply)>,
    bytes: usize,
}

impl<A> HubResponses<A> {
    pub(crate) fn new(subject: String) -> Self {
        Self {
            subject,
            position: 0,
            running: HashSet::new(),
            waiting: VecDeque::new(),
            remembered: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Adds a request. Returns a reply that can be sent at once, and its address.
    pub(crate) fn ask(&mut self, request: ResponseRequest, asker: A) -> Option<(A, HubReply)> {
        let known = self.remembered.iter().find(|(message, _)| *message == request.message);
        if let Some((_, reply)) = known {
            return Some((asker, reply.clone()));
        }
        let is_running = self.running.contains(&request.message);
        let declined = if !subject::covers(&self.subject, &request.subject) {
            "its filter leaves this delivery out"
        } else if !is_running && request.sequence <= self.position {
            "it read this delivery too long ago"
        } else {
            self.waiting.push_back((request, asker));
            if self.waiting.len() <= MAX_WAITING {
                return None;
            }
            let (_, oldest) = self.waiting.pop_front()?;
            return Some((oldest, HubReply::Declined("too many requests are waiting".to_owned())));
        };
        Some((asker, HubReply::Declined(declined.to_owned())))
    }

    /// Notes that the response to a delivery is being produced.
    pub(crate) fn start(&mut self, message: &str, sequence: u64) {
        self.position = self.position.max(sequence);
        self.running.insert(message.to_owned());
    }

    /// Stores a response, and returns the addresses to reply to.
    pub(crate) fn finish(&mut self, message: &str, reply: &HubReply) -> Vec<A> {
        self.running.remove(message);
        self.bytes += size(reply);
        self.remembered.push_back((message.to_owned(), reply.clone()));
        while (self.remembered.len() > MAX_REMEMBERED || self.bytes > MAX_BYTES)
            && let Some((_, oldest)) = self.remembered.pop_front()
        {
            self.bytes -= size(&oldest);
        }
        let (asked, others) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition::<Vec<_>, _>(|(request, _)| request.message == message);
        self.waiting = others.into();
        asked.into_iter().map(|(_, asker)| asker).collect()
    }
}

fn size(reply: &HubReply) -> usize {
    match reply {
        HubReply::Reply(Reply::Response(response)) => response.body.len(),
        HubReply::Reply(Reply::Silence | Reply::Close) | HubReply::Declined(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listener::ClientResponse;

    fn responses() -> HubResponses<u32> {
        HubResponses::new("hookglass.deliveries.stripe.>".to_owned())
    }

    fn request(sequence: u64) -> ResponseRequest {
        ResponseRequest {
            message: format!("m{sequence}"),
            sequence,
            subject: "hookglass.deliveries.stripe.charge".to_owned(),
        }
    }

    fn reply(size: usize) -> HubReply {
        HubReply::Reply(ClientResponse::plain_text(200, "x".repeat(size)).into())
    }

    fn is_declined(replied: Option<(u32, HubReply)>) -> bool {
        matches!(replied, Some((_, HubReply::Declined(_))))
    }

    #[test]
    fn a_request_waits_for_its_delivery_and_response() {
        let mut responses = responses();
        assert_eq!(responses.ask(request(7), 1), None);
        responses.start("m7", 7);
        assert_eq!(responses.ask(request(7), 2), None);
        assert_eq!(responses.finish("m7", &reply(1)), [1, 2]);
    }

    #[test]
    fn a_response_waits_for_its_request() {
        let mut responses = responses();
        responses.start("m7", 7);
        assert!(responses.finish("m7", &reply(1)).is_empty());
        assert_eq!(responses.ask(request(7), 1), Some((1, reply(1))));
    }

    #[test]
    fn a_delivery_that_this_program_does_not_read_is_declined() {
        let mut responses = responses();
        let subject = "hookglass.deliveries.github.push".to_owned();
        assert!(is_declined(responses.ask(ResponseRequest { subject, ..request(7) }, 1)));
    }

    #[test]
    fn a_request_that_was_read_and_forgotten_is_declined() {
        let mut responses = responses();
        for sequence in 1..=2 {
            responses.start(&format!("m{sequence}"), sequence);
            responses.finish(&format!("m{sequence}"), &reply(MAX_BYTES));
        }
        assert!(is_declined(responses.ask(request(1), 1)));
        assert_eq!(responses.ask(request(2), 2), Some((2, reply(MAX_BYTES))));
    }

    #[test]
    fn the_oldest_of_too_many_requests_is_declined() {
        let mut responses = responses();
        for asker in 0..MAX_WAITING {
            let asker = u32::try_from(asker).unwrap();
            assert_eq!(responses.ask(request(u64::from(asker) + 1), asker), None);
        }
        let declined = responses.ask(request(9999), 9999);
        assert!(matches!(declined, Some((0, HubReply::Declined(_)))), "{declined:?}");
    }
}
