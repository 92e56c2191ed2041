//! Filter arguments whose terms may begin with a hyphen.

use std::ffi::OsString;

use clap::{Arg, Command};

/// Moves the words of a filter behind `--`, so that `-term` is not parsed as a flag.
///
/// clap's `allow_hyphen_values` does not help: once a filter has begun, it also takes the flags
/// that follow as values.
pub(super) fn separate(
    mut root: Command,
    args: impl IntoIterator<Item = OsString>,
) -> Vec<OsString> {
    let mut args = args.into_iter();
    let mut flags: Vec<OsString> = args.by_ref().take(2).collect();
    root.build();
    let name = flags.get(1).and_then(|name| name.to_str());
    let command = name.and_then(|name| root.find_subcommand(name));
    let Some(command) = command.filter(|command| takes_filter(command)) else {
        flags.extend(args);
        return flags;
    };
    let mut words = Vec::new();
    while let Some(arg) = args.next() {
        let text = arg.to_str().unwrap_or_default();
        if text == "--" {
            words.extend(args.by_ref());
        } else if let Some(known) = flag(command, text) {
            let takes_next = known.get_action().takes_values() && !text.contains('=');
            flags.push(arg);
            if takes_next {
                flags.extend(args.next());
            }
        } else if text.starts_with("--") {
            // An invalid flag; the parser reports it.
            flags.push(arg);
        } else {
            words.push(arg);
        }
    }
    if !words.is_empty() {
        flags.push("--".into());
        flags.extend(words);
    }
    flags
}

fn takes_filter(command: &Command) -> bool {
    command.get_positionals().any(|arg| arg.get_id() == "filter")
}

/// Returns the flag that an argument names: `--long`, `--long=value`, or `-s`.
fn flag<'c>(command: &'c Command, text: &str) -> Option<&'c Arg> {
    if let Some(long) = text.strip_prefix("--") {
        let (name, _) = long.split_once('=').unwrap_or((long, ""));
        let is_named = |arg: &&Arg| {
            arg.get_long() == Some(name)
                || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
        };
        return command.get_arguments().find(is_named);
    }
    let short = text.strip_prefix('-')?.parse().ok();
    command.get_arguments().find(|arg| short.is_some() && arg.get_short() == short)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    fn separated(line: &str) -> String {
        let args = line.split(' ').map(OsString::from);
        let args = separate(Cli::command(), args);
        let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
        args.join(" ")
    }

    #[test]
    fn a_negated_term_is_part_of_the_filter() {
        assert_eq!(separated("hookglass list -type:x"), "hookglass list -- -type:x");
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
        assert_eq!(separated("hookglass list --store -x -a"), "hookglass list --store -x -- -a");
        assert_eq!(separated("hookglass list --store=x -a"), "hookglass list --store=x -- -a");
    }

    #[test]
    fn everything_after_two_hyphens_is_the_filter() {
        assert_eq!(separated("hookglass list a -- --json"), "hookglass list -- a --json");
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
