//! What the user configured: defaults, then the environment, then flags.

mod dashboard;
pub mod defaults;
mod file;
mod mistakes;
mod onward;
mod saving;
pub mod secrets;

pub use dashboard::{Dashboard, GlyphChoice};
pub use file::{Config, ConfigError, DEFAULT};
pub use onward::{ForwardTo, Switches};
pub use saving::{SaveError, save_view};
