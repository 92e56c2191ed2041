//! Operations on deliveries, each written once: every front end parses its input, calls one of
//! these, and renders the outcome.
//!
//! An operation that takes a while reports its progress as events over a bounded channel
//! (`tokio::sync::mpsc::Sender`): with `send` if it is async, with `blocking_send` if it runs on a
//! thread of its own. The channel slows an operation down to its front end, and a closed one ends
//! it. Operations never print, prompt, or format for a screen.

pub mod annotate;
pub mod attach;
pub mod copy;
pub mod diagnose;
pub mod diff;
pub mod edit;
pub mod export;
pub mod fetch_key;
pub mod fixture;
pub mod hub_updates;
pub mod import;
pub mod input;
mod known_providers;
pub mod new_provider;
pub mod replay;
pub mod resend;
pub mod resign;
pub mod retention;
pub mod search;
pub mod selection;
pub mod send;
pub mod tail;
pub mod verify;
pub mod wait;

pub use known_providers::KnownProviders;
