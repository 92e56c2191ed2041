//! A looking glass for webhooks.

pub mod delivery;
pub mod secret;
