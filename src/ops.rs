//! Operations on deliveries, each written once: every front end parses its input, calls one of
//! these, and renders the outcome.
//!
//! An operation that takes a while reports its progress as events over a bounded channel
//! (`tokio::sync::mpsc::Sender`): with `send` if it is async, with `blocking_send` if it runs on a
//! thread of its own. The channel slows an operation down to its front end, and a closed one ends
//! it. Operations never print, prompt, or format for a screen.

pub mod annotate;
pub(crate) mod attach;
pub(crate) mod copy;
pub(crate) mod diagnose;
pub mod diff;
pub mod edit;
pub mod export;
pub(crate) mod fetch_key;
pub mod fixture;
pub(crate) mod hub_responses;
pub(crate) mod hub_updates;
pub(crate) mod import;
pub(crate) mod input;
mod known_providers;
pub(crate) mod new_provider;
pub(crate) mod replay;
pub mod resend;
pub mod resign;
pub(crate) mod retention;
pub mod search;
pub(crate) mod secrets;
pub(crate) mod selection;
pub mod send;
pub(crate) mod tail;
pub(crate) mod verify;
pub(crate) mod wait;

pub use known_providers::KnownProviders;
