//! What the user configured: defaults, then the environment, then flags.

mod file;
pub mod secrets;

pub use file::{Config, ConfigError, DEFAULT};
