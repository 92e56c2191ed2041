//! A looking glass for webhooks.

pub mod delivery;
pub mod filter;
pub mod listener;
pub mod payload;
pub mod provider;
pub mod secret;
pub mod signature;
pub mod store;
pub mod units;
