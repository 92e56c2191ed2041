//! A delivery as a `curl` command for a POSIX shell that sends the same bytes again.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::delivery::{Delivery, Header, is_hop_by_hop};

/// Headers that curl adds by itself, and that have to be forbidden where they did not come.
const CURLS_OWN: [&str; 3] = ["User-Agent", "Accept", "Content-Type"];

/// A command that sends the delivery to `base`, without the headers in `leave_out`. It holds
/// nothing but printable characters, and nothing that the shell would act on.
pub fn command(delivery: &Delivery, base: &str, leave_out: &[&str]) -> String {
    let head = &delivery.head;
    let mut out = String::new();
    let text = std::str::from_utf8(&delivery.body).ok().filter(|text| is_plain(text));
    if text.is_none() {
        // The shell's own words cannot carry such bytes.
        let _ = write!(out, "printf %s {} | base64 -d | ", STANDARD.encode(&delivery.body));
    }
    // -g takes brackets, --path-as-is takes dots as they are.
    let _ = write!(out, "curl -g --path-as-is -X {}", quote(&head.method));
    if head.method == "HEAD" {
        out.push_str(" -I");
    }
    let left_out = |header: &&Header| {
        !header.is("host")
            && !header.is("content-length")
            && !header.is("expect")
            && !is_hop_by_hop(&header.name)
            && !leave_out.iter().any(|name| header.is(name))
    };
    for header in head.headers.iter().filter(left_out) {
        let value = header.text();
        let line = match value.trim() {
            "" => format!("{};", header.name),
            value => format!("{}: {value}", header.name),
        };
        let _ = write!(out, " -H {}", quote(&line));
    }
    for name in CURLS_OWN {
        if head.values(name).next().is_none() {
            let _ = write!(out, " -H '{name}:'");
        }
    }
    match text {
        Some("") if matches!(head.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "DELETE") => {}
        Some(text) => {
            let _ = write!(out, " --data-binary '{}'", text.replace('\'', r"'\''"));
        }
        None => out.push_str(" --data-binary @-"),
    }
    let _ =
        write!(out, " {}", quote(&format!("{}{}", base.trim_end_matches('/'), path(&head.target))));
    out
}

/// Whether text can stand on the command line: nothing that a terminal would act on, and no `@`
/// in front, which curl takes for the name of a file.
fn is_plain(text: &str) -> bool {
    const LONGEST: usize = 100_000;
    let shown = |line: &str| crate::payload::visible(line) == line;
    !text.starts_with('@') && text.len() <= LONGEST && text.split(['\n', '\t']).all(shown)
}

/// A word that the shell takes as it is. Control characters have no business in a header line; a
/// visible escape stands for them.
fn quote(text: &str) -> String {
    let kept: String = crate::payload::visible(text).replace('\'', r"'\''");
    format!("'{kept}'")
}

/// The request target as a URL may hold it; an absolute or `*` target becomes a path.
fn path(target: &[u8]) -> String {
    let mut out = String::from(if target.starts_with(b"/") { "" } else { "/" });
    for &byte in target {
        if byte.is_ascii_graphic() {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
