//! Operations on deliveries, each written once: every front end parses its input, calls one of
//! these, and renders the outcome.

pub mod edit;
pub mod fixture;
pub mod replay;
pub mod resend;
pub mod resign;
pub mod search;
pub mod send;
