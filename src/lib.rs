//! A looking glass for webhooks: listens, verifies each delivery's signature, keeps it, and shows
//! it live.
//!
//! ```text
//!  sender ─► listener ─► intake: verify ─► store ─► answer to the sender
//!                                            │ progress
//!                       ┌────────────────────┴───────────┐
//!                       ▼                                ▼
//!                  tui (dashboard)               headless (JSON lines)
//!                       │ effects
//!                       └─► resend · copy · sample ─► attempts back into the store
//!
//!  intake asks: handshake? strict? a rule? ─► targets, each with a queue of its own
//! ```
//!
//! Every arrow is a bounded queue or a function call, and nothing in the way of a delivery waits
//! for the screen.
//!
//! The house has six floors. A room names only what stands on a lower floor, or beside it where
//! the table says so; `tests/architecture.rs` holds this.
//!
//! ```text
//!  6  main.rs                parses, and turns failures into exit codes
//!  5  cli/                   what can be asked for, one file a command
//!     tui/                   the shell: loop, terminal, effects, theme, view
//!     headless.rs            the other front end
//!  4  config/                what the user configured
//!     intake.rs              verify → keep → rules and targets → answer
//!     search.rs              deliveries by their bytes, in threads
//!     send/                  requests of our own, and kept deliveries: signed anew, edited
//!     fixture.rs             deliveries for tests: redacted, signed with a test key, proved
//!     replay.rs              fixtures sent to a target, and what is expected of it
//!  3  app/                   the pure core of the dashboard
//!     listener/              HTTP in; knows no store
//!     outbound/              HTTP out; knows no store
//!     tunnel/                the agents that make the listener public
//!     respond/               answers on demand; waits for nothing
//!     store/                 SQLite
//!     signature/             verdicts and signing; pure
//!     export/                deliveries written down for others; pure
//!     import/                deliveries that others wrote down; pure
//!  2  filter/                one grammar; pure
//!     provider/              schemes and samples as data
//!  1  delivery/  payload/  diagnostic.rs  error_chain.rs  secret.rs  task.rs  units.rs
//! ```

pub mod app;
pub mod cli;
pub mod config;
pub mod dashboard;
pub mod delivery;
pub mod diagnostic;
pub mod error_chain;
pub mod filter;
pub mod formats;
pub mod headless;
pub mod intake;
pub mod listener;
pub mod ops;
pub mod outbound;
pub mod payload;
pub mod private_file;
pub mod provider;
pub mod redact;
pub mod respond;
pub mod secret;
pub mod signature;
pub mod store;
pub mod task;
pub mod tunnel;
pub mod units;
