//! Shared parts of the tests: the program and its listeners, senders and targets on real sockets,
//! deliveries, and a stage for the dashboard.

#![allow(
    clippy::allow_attributes,
    dead_code,
    unused_imports,
    reason = "each test file uses a part of it"
)]

use std::error::Error;

pub(crate) mod deliveries;
pub(crate) mod keys;
pub(crate) mod mcp;
pub(crate) mod nats;
pub(crate) mod program;
pub(crate) mod senders;
pub(crate) mod stage;
pub(crate) mod targets;
#[cfg(unix)]
pub(crate) mod terminal;
pub(crate) mod tools;

pub(crate) use deliveries::delivery;
#[cfg(unix)]
pub(crate) use program::signal;
pub(crate) use program::{Listener, hookglass, json_lines, listed, printed, stderr};
pub(crate) use senders::{event, exchange, read_status, request, sign};
pub(crate) use targets::Target;

pub(crate) type Tested<T = ()> = Result<T, Box<dyn Error>>;

pub(crate) const SECRET: &str = "test-key-current-not-real";
