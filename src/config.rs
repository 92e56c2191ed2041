//! What the user configured: defaults, then the environment, then flags.

mod file;
mod onward;
pub mod secrets;

pub use file::{Config, ConfigError, DEFAULT, Switches};
pub use onward::ForwardTo;
