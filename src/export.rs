//! Deliveries written down for others: as JSON lines, as a `curl` command.

pub mod curl;
pub mod jsonl;
