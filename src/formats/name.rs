//! File names from text that a sender wrote; they always stay in their folder.

use std::collections::HashMap;

/// Maximum length of provider and type; with the counter and an extension, the name fits any file
/// system.
const MAX_LENGTH: usize = 100;

/// Names that Windows reserves for devices, whatever follows the first dot.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// Names for deliveries, numbered by provider and type.
#[derive(Debug, Default)]
pub(crate) struct FileNames {
    counts: HashMap<String, usize>,
}

impl FileNames {
    /// Returns the next name for a provider and a type, e.g. `cribbly.message.updated.001`. The
    /// same deliveries in the same order get the same names.
    pub(crate) fn next(&mut self, provider: &str, kind: Option<&str>) -> String {
        let kind = kind.filter(|kind| !kind.trim().is_empty()).unwrap_or("untyped");
        let stem = sanitized(&format!("{provider}.{kind}"));
        // `Ping` and `ping` are one file on case-insensitive file systems.
        let count = self.counts.entry(stem.to_ascii_lowercase()).or_default();
        *count += 1;
        format!("{stem}.{count:03}")
    }
}

/// Replaces everything except letters, digits, `-`, `_`, and single dots. The result is never
/// empty, a device, or a path.
fn sanitized(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_LENGTH));
    for character in text.chars() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => out.push(character),
            '.' if out.is_empty() || out.ends_with('.') => {}
            '.' => out.push('.'),
            _ if out.ends_with('_') => {}
            _ => out.push('_'),
        }
        if out.len() >= MAX_LENGTH {
            break;
        }
    }
    let kept = out.trim_end_matches('.');
    let first = kept.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let first = first.trim_end_matches(|digit: char| digit.is_ascii_digit());
    let odd = kept.is_empty() || DEVICES.contains(&first) || kept.starts_with('-');
    if odd { format!("_{kept}") } else { kept.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_types_cannot_escape_the_folder() {
        for (kind, name) in [
            ("message.updated", "cribbly.message.updated.001"),
            ("../../x", "cribbly._._x.001"),
            ("..", "cribbly.001"),
            ("con", "cribbly.con.001"),
            ("a\nb\u{202e}c", "cribbly.a_b_c.001"),
            ("", "cribbly.untyped.001"),
            ("/etc/passwd", "cribbly._etc_passwd.001"),
            ("C:\\x", "cribbly.C_x.001"),
        ] {
            let found = FileNames::default().next("cribbly", Some(kind));
            assert_eq!(found, name, "{kind:?}");
        }
        let long = FileNames::default().next("cribbly", Some(&"é.x".repeat(300)));
        assert!(long.len() < 120, "{long}");
        assert_eq!(FileNames::default().next("COM1", None), "_COM1.untyped.001");
        assert_eq!(FileNames::default().next("../", None), "_.untyped.001");
        assert_eq!(FileNames::default().next("-rf", None), "_-rf.untyped.001");
    }

    #[test]
    fn names_are_counted_case_insensitively() {
        let mut names = FileNames::default();
        let got = ["ping", "Ping", "pong", "ping"].map(|kind| names.next("x", Some(kind)));
        assert_eq!(got, ["x.ping.001", "x.Ping.002", "x.pong.001", "x.ping.003"]);
        assert_eq!((0..998).map(|_| names.next("x", Some("ping"))).last().unwrap(), "x.ping.1001");
    }
}
