//! A delivery as a command of `HTTPie` or of xh, which has the same syntax
//! (<https://httpie.io/docs/cli/request-items>).

use std::fmt::Write as _;

use super::{curl, shell};
use crate::delivery::{Delivery, Header};
use crate::payload::escape;

/// Headers that both add by default, and that have to be disabled if the delivery lacks them.
const DEFAULT_HEADERS: [&str; 4] = ["User-Agent", "Accept", "Accept-Encoding", "Content-Type"];

/// Characters that end the name of an item, or mark a file name after it.
const SPECIAL: [char; 4] = [':', '=', '@', ';'];

/// Returns a command of `program` that sends the delivery to `base`, or the reason why there is
/// none.
pub(super) fn command(program: &str, delivery: &Delivery, base: &str) -> Result<String, String> {
    let head = &delivery.head;
    let path = shell::path(&head.target);
    if path.as_bytes() != &head.target[..] {
        let target = head.target_text();
        return Err(format!("{program} sends no such request target: {}", escape(&target)));
    }
    // Anything else would be read as the URL, so that the delivery would choose the host.
    if head.method.is_empty() || !head.method.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err(format!("{program} cannot send the method {}", escape(&head.method)));
    }
    let mut out = String::new();
    let ignored = if delivery.body.is_empty() {
        " --ignore-stdin"
    } else {
        let _ = write!(out, "{} | ", shell::printing(&delivery.body));
        ""
    };
    let as_is = if program == "http" { " --path-as-is" } else { "" };
    let method = shell::word(head.method.as_bytes());
    let url = format!("{}{path}", base.trim_end_matches('/'));
    let _ = write!(out, "{program}{ignored}{as_is} -- {method} {}", shell::word(url.as_bytes()));
    for header in curl::sent(delivery) {
        let _ = write!(out, " {}", shell::word(item(program, header)?.as_bytes()));
    }
    for name in DEFAULT_HEADERS {
        if head.values(name).next().is_none() {
            let _ = write!(out, " '{name}:'");
        }
    }
    Ok(out)
}

/// Returns a header as an item. Escapes a first character that would make it a file name or JSON;
/// after the separator, only a backslash before such a character has a meaning.
fn item(program: &str, header: &Header) -> Result<String, String> {
    let cannot =
        |why: &str| Err(format!("{program} cannot send the header {}: {why}", header.name));
    let Ok(value) = std::str::from_utf8(&header.value) else {
        return cannot("its value is not UTF-8");
    };
    let value = value.trim();
    let escaped = value.split('\\').skip(1).any(|rest| rest.starts_with(SPECIAL));
    if escaped {
        return cannot("its value has a backslash where that would be an escape");
    }
    Ok(match value.chars().next() {
        None => format!("{};", header.name),
        Some(first) if SPECIAL.contains(&first) => format!("{}:\\{value}", header.name),
        Some(_) => format!("{}:{value}", header.name),
    })
}
