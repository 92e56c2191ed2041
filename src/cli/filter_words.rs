//! Filter arguments whose terms may begin with a hyphen.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Arg, Command};

use crate::filter::FIELDS;

/// Moves the words of a filter behind `--`, so that `-type:x` is not parsed as a flag.
///
/// clap's `allow_hyphen_values` does not help: once a filter has begun, it also takes the flags
/// that follow as values.
///
/// Only what cannot be a flag is a negated term: a field, quoted text, or parentheses. A bare word
/// such as `-f` is an error, since other tools have such a flag.
pub(super) fn separate(
    root: &Command,
    args: impl IntoIterator<Item = OsString>,
) -> Result<Vec<OsString>, clap::Error> {
    let mut args = args.into_iter();
    let mut flags: Vec<OsString> = args.by_ref().take(2).collect();
    let name = flags.get(1).and_then(|name| name.to_str());
    let command = name.and_then(|name| root.find_subcommand(name));
    let Some(command) = command.filter(|command| takes_filter(command)) else {
        flags.extend(args);
        return Ok(flags);
    };
    let command = &alone(root, command);
    let mut words = Vec::new();
    while let Some(arg) = args.next() {
        let text = arg.to_str().unwrap_or_default();
        if text == "--" {
            words.extend(args.by_ref());
        } else if !text.starts_with('-') || is_negated_term(text) {
            words.push(arg);
        } else if text.starts_with("--") {
            let known = long(command, text);
            if known.is_none()
                && let Some(error) = field_as_flag(command, text)
            {
                return Err(error);
            }
            let takes_next = !text.contains('=') && known.is_some_and(takes_value);
            flags.push(arg);
            if takes_next {
                flags.extend(args.next());
            }
        } else {
            let takes_next = shorts(command, text)?;
            flags.push(arg);
            if takes_next {
                flags.extend(args.next());
            }
        }
    }
    if !words.is_empty() {
        flags.push("--".into());
        flags.extend(words);
    }
    Ok(flags)
}

/// Returns a command with the flags that all commands take and the name that errors show. Building
/// the whole tree for this would take longer than everything else a short command does.
fn alone(root: &Command, command: &Command) -> Command {
    let global = root.get_arguments().filter(|arg| arg.is_global_set()).cloned();
    let name = format!("{} {}", root.get_name(), command.get_name());
    let mut command = command.clone().args(global).bin_name(name);
    command.build();
    command
}

fn takes_filter(command: &Command) -> bool {
    command.get_positionals().any(|arg| arg.get_id() == "filter")
}

fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

/// Returns whether an argument that begins with a hyphen can only be a term of a filter.
fn is_negated_term(text: &str) -> bool {
    if text.starts_with("--") {
        return false;
    }
    let term = text.strip_prefix('-').unwrap_or_default();
    let is_field = term.split_once(':').is_some_and(|(name, _)| {
        name.len() > 1 && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    });
    is_field || term.starts_with(['"', '(', '.', '#', '/', '!'])
}

/// Returns the flag of `--long` or `--long=value`.
fn long<'c>(command: &'c Command, text: &str) -> Option<&'c Arg> {
    let long = text.strip_prefix("--")?;
    let (name, _) = long.split_once('=').unwrap_or((long, ""));
    let is_named = |arg: &&Arg| {
        arg.get_long() == Some(name)
            || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
    };
    command.get_arguments().find(is_named)
}

/// Checks `-n5`, `-jn 5`, or `-h`, and returns whether the next argument is the value of the last
/// flag.
fn shorts(command: &Command, text: &str) -> Result<bool, clap::Error> {
    let letters = text.strip_prefix('-').unwrap_or_default();
    for (at, letter) in letters.char_indices() {
        let known = command.get_arguments().find(|arg| arg.get_short() == Some(letter));
        let Some(known) = known else { return Err(unknown(command, text, letters)) };
        if takes_value(known) {
            return Ok(at + letter.len_utf8() == letters.len());
        }
    }
    Ok(false)
}

/// Returns the error for a filter field that is written as a flag, e.g. `--since 5m`.
fn field_as_flag(command: &Command, text: &str) -> Option<clap::Error> {
    let long = text.strip_prefix("--")?;
    let (name, _) = long.split_once('=').unwrap_or((long, ""));
    let field = FIELDS.iter().find(|field| field.name == name)?;
    let command_name = command.get_name();
    Some(command.clone().error(
        ErrorKind::UnknownArgument,
        format!(
            "unknown flag `--{name}`: `{command_name}` takes filters without dashes, e.g. {}",
            field.example
        ),
    ))
}

fn unknown(command: &Command, text: &str, word: &str) -> clap::Error {
    let name = command.get_name();
    command.clone().error(
        ErrorKind::UnknownArgument,
        format!(
            "unknown flag `{text}` (see `hookglass {name} --help`); to leave out deliveries that \
             contain `{word}`, write `not {word}`"
        ),
    )
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    fn read(line: &str) -> Result<String, clap::Error> {
        let args = line.split(' ').map(OsString::from);
        let args = separate(&Cli::command(), args)?;
        let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
        Ok(args.join(" "))
    }

    fn separated(line: &str) -> String {
        read(line).unwrap()
    }

    #[test]
    fn a_negated_term_is_part_of_the_filter() {
        for term in ["-type:x", "-\"x\"", "-(a", "-.a:1", "-#3", "-/x/", "-header.x-y:z"] {
            assert_eq!(
                separated(&format!("hookglass list {term}")),
                format!("hookglass list -- {term}")
            );
        }
    }

    #[test]
    fn a_negated_bare_word_is_an_unknown_flag() {
        for command in ["list", "wait", "export", "stats"] {
            for word in ["-x", "-ping", "-z5", "-1"] {
                let error = read(&format!("hookglass {command} {word}")).unwrap_err().to_string();
                assert!(error.contains(&format!("unknown flag `{word}`")), "{error}");
            }
        }
    }

    #[test]
    fn flags_may_follow_a_filter() {
        assert_eq!(
            separated("hookglass list a -header.x:y --json b -h"),
            "hookglass list --json -h -- a -header.x:y b"
        );
    }

    #[test]
    fn flag_values_are_not_filter_words() {
        assert_eq!(separated("hookglass list --store -x a"), "hookglass list --store -x -- a");
        assert_eq!(separated("hookglass list --store=x a"), "hookglass list --store=x -- a");
        assert_eq!(separated("hookglass list a -n 5 b"), "hookglass list -n 5 -- a b");
        assert_eq!(separated("hookglass list -n5 a"), "hookglass list -n5 -- a");
        assert_eq!(separated("hookglass list -jn 5 a"), "hookglass list -jn 5 -- a");
    }

    #[test]
    fn everything_after_two_hyphens_is_the_filter() {
        assert_eq!(separated("hookglass list a -- --json"), "hookglass list -- a --json");
        assert_eq!(separated("hookglass list -- -ping"), "hookglass list -- -ping");
    }

    #[test]
    fn a_filter_field_is_not_a_flag() {
        let error = read("hookglass list --type x").unwrap_err().to_string();
        assert!(error.contains("takes filters without dashes, e.g. type:message.*"), "{error}");
        assert_eq!(separated("hookglass wait --since 5m"), "hookglass wait --since 5m");
    }

    #[test]
    fn an_unknown_flag_is_left_to_the_parser() {
        assert_eq!(separated("hookglass list --jsn a"), "hookglass list --jsn -- a");
    }

    #[test]
    fn other_commands_are_unchanged() {
        for line in
            ["hookglass send list -x", "hookglass --store list -x", "hookglass", "hookglass show 1"]
        {
            assert_eq!(separated(line), line);
        }
    }
}
