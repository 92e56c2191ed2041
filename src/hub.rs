//! The hub: a stream on NATS JetStream that several listeners and dashboards share.
//!
//! A listener publishes each delivery and waits for the stream's acknowledgement; others read the
//! stream. The engine replicates, stores, and orders the messages. What comes from it was written
//! by anyone who may publish, so it is decoded within bounds, like a request.

mod address;
mod connection;
mod envelope;
mod error;
mod presence;
mod publisher;
mod reader;
mod responses;
mod status;
pub mod subject;
mod updates;

pub use address::{HubAuth, HubOptions, HubServers, REPLICAS, StreamLimits, invalid_replicas};
pub use connection::Hub;
pub use envelope::Envelope;
pub use error::HubError;
pub use publisher::{HubPublishError, Publisher, new_instance};
pub use reader::{HubEvent, HubReader, ReadFrom};
pub use responses::{AskError, AskedResponse, HubReply, ResponseRequest, ResponseRequests};
pub use status::HubStatus;
pub use updates::SentUpdate;

/// Default name of the stream.
pub const STREAM: &str = "hookglass";
