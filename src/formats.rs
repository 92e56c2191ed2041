//! File and text formats of deliveries: JSON lines, fixtures, HAR, requests for editors, commands
//! that send a delivery again, and programs that verify it.
//!
//! Pure: nothing here signs, opens a file, or reads a clock.

mod copy;
mod credentials;
pub mod curl;
pub mod fixture;
pub mod har;
pub mod http;
mod httpie;
pub mod jsonl;
mod layout;
pub mod loader;
pub mod name;
pub mod read;
mod shell;
mod snippet;
pub mod wire;

pub use copy::{COPY_FORMATS, CopyFormat, CopyNeeds, CopySource, copy_format};
pub use credentials::without_credentials;
