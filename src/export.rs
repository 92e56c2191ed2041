//! Deliveries written down for others: as JSON lines, as commands that send them again, as
//! programs that verify them.

mod copy;
pub mod curl;
mod httpie;
pub mod jsonl;
mod shell;
mod snippet;

pub use copy::{Copied, CopyFormat, FORMATS, format};
