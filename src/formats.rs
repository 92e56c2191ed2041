//! Deliveries written down for others: as JSON lines, fixtures, HAR, requests for editors, as
//! commands that send them again, as programs that verify them.
//!
//! Pure: nothing here signs, opens a file or reads a clock.

mod copy;
pub mod curl;
pub mod fixture;
pub mod har;
pub mod http;
mod httpie;
pub mod jsonl;
mod layout;
pub mod loader;
pub mod name;
pub mod read;
mod shell;
mod snippet;
pub mod wire;

pub use copy::{CopyFormat, CopySource, FORMATS, format};
