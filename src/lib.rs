//! Inspect, verify, and replay webhooks: listens, verifies the signature of each delivery, stores
//! it, and shows it live.
//!
//! ```text
//!  client ─► listener ─► intake: assess ─► store ─► response to the client
//!                                            │ feed: each commit, in memory
//!                       ┌────────────────────┼───────────┐
//!                       ▼                    ▼           ▼
//!                   dashboard         schema drift  headless (JSON lines)
//!                       │ effects
//!                       └─► resend · edit · copy · export ─► attempts into the store
//!
//!  intake decides: handshake? strict? a rule? ─► targets, each with its own queue
//! ```
//!
//! Every arrow is a bounded queue or a function call. Nothing on the response path waits for a
//! front end.
//!
//! Modules are in layers. A module names modules of lower layers, or others of its own layer, and
//! no cycle arises, down to single files. `tests/architecture.rs` computes this from the source.
//!
//! ```text
//!  main.rs           parse, run, exit code
//!  front ends        cli/        one file per command
//!                    dashboard/  event loop, terminal, effects, view
//!                    headless    JSON lines
//!                    mcp/        tools for agents (Model Context Protocol)
//!  configuration     config/     settings of all of the above, and of what is below
//!  dashboard core    app/        pure: Event → update → effects
//!  operations        ops/        resend, edit, fixtures, replay, search
//!  services          intake/     assess, sequence, respond
//!  I/O               listener/   HTTP in
//!                    outbound/   HTTP out
//!                    hub/        a stream that listeners share (NATS JetStream)
//!                    tunnel/     agents that make the listener public
//!                    store/      SQLite
//!                    body_budget, input_file, private_file, task
//!  domain (pure)     signature/  verdicts, signing, diagnosis
//!                    provider/   schemes and samples as data
//!                    respond/    rules and scripts of responses
//!                    formats/    fixture, JSON lines, HAR, .http, curl
//!                    redact/     pseudonyms for secrets and personal data
//!                    filter/     one grammar
//!                    payload/    documents, diff, schema, search
//!                    delivery/   deliveries, heads, verdicts, attempts
//!                    diagnostic, error_chain, secret, units, words
//! ```

pub mod app;
pub(crate) mod body_budget;
pub mod cli;
pub mod config;
pub mod dashboard;
pub mod delivery;
pub mod diagnostic;
pub(crate) mod error_chain;
pub mod filter;
pub mod formats;
pub(crate) mod headless;
pub mod hub;
pub(crate) mod input_file;
pub mod intake;
pub mod listener;
pub(crate) mod mcp;
pub mod ops;
pub mod outbound;
pub(crate) mod output;
pub mod payload;
pub(crate) mod private_file;
pub mod provider;
pub(crate) mod redact;
pub mod respond;
pub mod secret;
pub mod signature;
pub mod store;
pub(crate) mod task;
pub(crate) mod tunnel;
pub(crate) mod units;
mod words;
mod work;
