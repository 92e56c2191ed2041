//! File and text formats of deliveries: JSON Lines, fixtures, HAR, requests for editors, commands
//! that send a delivery again, and programs that verify it.
//!
//! Pure: nothing here signs, opens a file, or reads a clock. A new export format is a module here
//! and a row of [`EXPORT_FORMATS`].

mod copy;
mod credentials;
pub(crate) mod curl;
pub mod fixture;
pub(crate) mod har;
pub(crate) mod http;
mod httpie;
pub mod jsonl;
mod layout;
pub(crate) mod loader;
pub(crate) mod name;
pub mod read;
mod shell;
mod snippet;
pub(crate) mod wire;

use bytes::Bytes;

pub use copy::{COPY_FORMATS, CopyError, CopyFormat, CopyNeeds, CopySource, copy_format};
pub use credentials::without_credentials;
pub use snippet::SnippetError;

use crate::delivery::Delivery;
use crate::payload::escape;

/// A format for exporting deliveries.
#[derive(Debug)]
pub struct ExportFormat {
    /// Name on the command line.
    pub name: &'static str,
    /// Title in the dashboard's prompt.
    pub title: &'static str,
    pub help: &'static str,
    /// Path that the dashboard suggests.
    pub default_path: &'static str,
    pub layout: ExportLayout,
}

/// Layout of an export.
#[derive(Debug)]
pub enum ExportLayout {
    /// A folder with a proved fixture for each delivery.
    Folder,
    /// One file, or standard output, with an entry for each delivery.
    Stream(Stream),
}

/// A format of one file.
#[derive(Debug)]
pub struct Stream {
    /// Text before the first entry.
    pub begin: &'static str,
    /// Text between two entries.
    pub between: &'static str,
    /// Text after the last entry.
    pub end: &'static str,
    /// Set if an entry can state that its delivery was refused. In other formats it would look like
    /// a delivery with an empty body.
    pub takes_refused: bool,
    /// Set if entries are meant to be imported again, so that they keep every byte.
    pub keeps_credentials: bool,
    pub entry: fn(&Delivery, &EntryOptions<'_>) -> Result<Entry, EntryError>,
}

/// Reason why a format cannot express a delivery: an editor would misread a part of it, such as the
/// method as a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    #[error("editors do not support the method {0}")]
    Method(String),
    #[error("an editor would misread the header {0}")]
    Header(String),
}

/// Options of an entry other than its delivery.
#[derive(Debug, Clone, Copy)]
pub struct EntryOptions<'o> {
    /// Target of commands and requests: a URL without a path.
    pub base: &'o str,
    /// Prefix of the names of files that belong to the entry.
    pub stem: &'o str,
}

/// A delivery in a file with several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub text: String,
    /// Name and content of a file next to it, for a body that the text cannot contain.
    pub file: Option<(String, Bytes)>,
}

impl Entry {
    fn of(text: String) -> Self {
        Self { text, file: None }
    }
}

/// All formats, in the order of the help.
pub static EXPORT_FORMATS: &[ExportFormat] = &[
    ExportFormat {
        name: "fixture",
        title: "fixtures, redacted and re-signed, into the folder",
        help: "A file for each delivery, for tests: redacted, signed with a test key, verified",
        default_path: "fixtures",
        layout: ExportLayout::Folder,
    },
    ExportFormat {
        name: "jsonl",
        title: "JSON lines, every byte as received, to the file",
        help: "A JSON line for each delivery, every byte as received",
        default_path: "deliveries.jsonl",
        layout: ExportLayout::Stream(Stream {
            begin: "",
            between: "",
            end: "",
            takes_refused: true,
            keeps_credentials: true,
            entry: |delivery, _| Ok(Entry::of(format!("{}\n", jsonl::line(delivery)))),
        }),
    },
    ExportFormat {
        name: "har",
        title: "HTTP Archive to the file",
        help: "An HTTP Archive (1.2)",
        default_path: "deliveries.har",
        layout: ExportLayout::Stream(Stream {
            begin: har::BEGIN,
            between: ",\n",
            end: har::END,
            takes_refused: false,
            keeps_credentials: false,
            entry: |delivery, _| Ok(Entry::of(har::entry(delivery))),
        }),
    },
    ExportFormat {
        name: "http",
        title: ".http requests to the file",
        help: "Requests for editors (.http)",
        default_path: "deliveries.http",
        layout: ExportLayout::Stream(Stream {
            begin: "",
            between: "",
            end: "",
            takes_refused: false,
            keeps_credentials: false,
            entry: http::request,
        }),
    },
    ExportFormat {
        name: "curl",
        title: "curl commands to the file",
        help: "Shell commands",
        default_path: "deliveries.sh",
        layout: ExportLayout::Stream(Stream {
            begin: "#!/bin/sh\n",
            between: "",
            end: "",
            takes_refused: false,
            keeps_credentials: false,
            entry: |delivery, options| {
                let trailers: Vec<&str> =
                    delivery.head.trailers.iter().map(|trailer| trailer.name.as_str()).collect();
                let lost = if trailers.is_empty() {
                    String::new()
                } else {
                    format!("# curl cannot send its trailers: {}\n", escape(&trailers.join(", ")))
                };
                Ok(Entry::of(format!("{lost}{}\n", curl::command(delivery, options.base))))
            },
        }),
    },
];

/// Returns the export format of a name.
pub fn export_format(name: &str) -> Option<&'static ExportFormat> {
    EXPORT_FORMATS.iter().find(|format| format.name == name)
}

/// Formats are rows of one table, so their names identify them.
impl PartialEq for ExportFormat {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ExportFormat {}
