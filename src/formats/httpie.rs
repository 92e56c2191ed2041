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

/// Reason why a program cannot send a delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("{program} cannot send the request target `{target}`; copy it as curl")]
    Target { program: &'static str, target: String },
    #[error("{program} cannot send the method {method}")]
    Method { program: &'static str, method: String },
    #[error("{program} cannot send the header {name}: {why}")]
    Header { program: &'static str, name: String, why: &'static str },
}

/// Returns a command of `program` that sends the delivery to `base`.
pub(super) fn command(
    program: &'static str,
    delivery: &Delivery,
    base: &str,
) -> Result<String, CommandError> {
    let head = &delivery.head;
    let path = shell::path(&head.target);
    if path.as_bytes() != &head.target[..] {
        let target = escape(&head.target_text()).into_owned();
        return Err(CommandError::Target { program, target });
    }
    // Anything else would be read as the URL, so that the delivery would choose the host.
    if head.method.is_empty() || !head.method.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        let method = escape(&head.method).into_owned();
        return Err(CommandError::Method { program, method });
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
fn item(program: &'static str, header: &Header) -> Result<String, CommandError> {
    let cannot = |why| Err(CommandError::Header { program, name: header.name.clone(), why });
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
