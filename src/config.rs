//! User configuration: defaults, then the environment, then flags.

mod dashboard;
pub(crate) mod defaults;
mod edit_file;
mod file;
mod hub;
mod keyring;
mod mistakes;
mod routing;
pub(crate) mod secrets;
mod source;
mod value_reader;

pub use dashboard::{Dashboard, GlyphChoice};
pub use edit_file::{add_provider, save_setting, save_view};
pub use file::{Config, ConfigError, DEFAULT};
pub use hub::HubSettings;
pub use keyring::{Keyring, KeyringError};
pub use routing::{ForwardTo, Switches};
pub use source::SourceConfig;
