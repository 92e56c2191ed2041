//! A delivery as a `curl` command for a POSIX shell that sends the same bytes again.

use std::fmt::Write as _;

use super::shell;
use crate::delivery::{Delivery, Header, is_hop_by_hop};

/// Headers that curl adds by default, which have to be disabled if the delivery lacks them.
const DEFAULT_HEADERS: [&str; 3] = ["User-Agent", "Accept", "Content-Type"];

/// Size above which curl sends `Expect: 100-continue` and waits.
const EXPECT_CONTINUE_SIZE: usize = 1024;

/// Returns a command that sends the delivery to `base`. It contains only printable characters, and
/// none that the shell interprets.
pub(crate) fn command(delivery: &Delivery, base: &str) -> String {
    let head = &delivery.head;
    let mut out = String::new();
    // curl reads a leading `@` as a file name.
    let text = shell::plain(&delivery.body).filter(|text| !text.starts_with('@'));
    if text.is_none() {
        let _ = write!(out, "{} | ", shell::printing(&delivery.body));
    }
    // `-g` keeps brackets, `--path-as-is` keeps dots.
    let _ = write!(out, "curl -g --path-as-is -X {}", shell::word(head.method.as_bytes()));
    if head.method == "HEAD" {
        out.push_str(" -I");
    }
    let path = shell::path(&head.target);
    if path.as_bytes() != &head.target[..] {
        let _ = write!(out, " --request-target {}", shell::word(&head.target));
    }
    for header in sent(delivery) {
        let line = match header.value.trim_ascii() {
            b"" => [header.name.as_bytes(), b";"].concat(),
            value => [header.name.as_bytes(), b": ", value].concat(),
        };
        let _ = write!(out, " -H {}", shell::word(&line));
    }
    for name in DEFAULT_HEADERS {
        if head.values(name).next().is_none() {
            let _ = write!(out, " -H '{name}:'");
        }
    }
    if delivery.body.len() > EXPECT_CONTINUE_SIZE {
        out.push_str(" -H 'Expect:'");
    }
    match text {
        Some("") if matches!(head.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "DELETE") => {}
        Some(text) => {
            let _ = write!(out, " --data-binary '{}'", text.replace('\'', r"'\''"));
        }
        None => out.push_str(" --data-binary @-"),
    }
    let url = format!("{}{path}", base.trim_end_matches('/'));
    let _ = write!(out, " {}", shell::word(url.as_bytes()));
    out
}

/// Iterates over the headers that a command sends; the client adds those of the connection.
pub(super) fn sent(delivery: &Delivery) -> impl Iterator<Item = &Header> {
    delivery.head.headers.iter().filter(|header| {
        !header.is("host")
            && !header.is("content-length")
            && !header.is("expect")
            && !is_hop_by_hop(&header.name)
    })
}
