//! What the user configured: defaults, then the environment, then flags.

pub mod secrets;
