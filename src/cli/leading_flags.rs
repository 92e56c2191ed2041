//! Flags before the name of a command, as in `hookglass --quiet list`.

use std::ffi::OsString;

use clap::{Arg, Command};

/// Moves flags behind the name of the command that they precede, if it knows all of them.
///
/// Without a command, the flags are those of `listen`, so clap would refuse them before a command,
/// even the flags of all commands.
pub(super) fn move_behind(root: &Command, args: Vec<OsString>) -> Vec<OsString> {
    let is_command =
        |arg: &OsString| arg.to_str().is_some_and(|text| root.find_subcommand(text).is_some());
    // Most often the command comes first or is left out. A whole copy would be built for nothing.
    if args.get(1).is_none_or(is_command) || !args.iter().skip(2).any(is_command) {
        return args;
    }
    let mut built = root.clone();
    built.build();
    let root = &built;
    let Some(at) = command_index(root, &args) else { return args };
    let name = args.get(at).and_then(|name| name.to_str());
    let Some(command) = name.and_then(|name| root.find_subcommand(name)) else { return args };
    let flags = args.get(1..at).unwrap_or_default();
    let are_known = (1..at).all(|index| {
        let text = args.get(index).and_then(|arg| arg.to_str()).unwrap_or_default();
        !text.starts_with('-') || takes_value(command, text).is_some()
    });
    if flags.is_empty() || !are_known {
        return args;
    }
    let (program, rest) = (args.iter().take(1), args.iter().skip(at + 1));
    program.chain(args.get(at)).chain(flags).chain(rest).cloned().collect()
}

/// Returns the position of the name of a command that only flags precede.
fn command_index(root: &Command, args: &[OsString]) -> Option<usize> {
    let mut at = 1;
    loop {
        let text = args.get(at)?.to_str()?;
        if !text.starts_with('-') {
            return root.find_subcommand(text).map(|_| at);
        }
        at += if takes_value(root, text)? { 2 } else { 1 };
    }
}

/// Returns whether the value of a flag is the next argument; none if the flag is unknown.
fn takes_value(command: &Command, text: &str) -> Option<bool> {
    let find = |is_it: &dyn Fn(&Arg) -> bool| command.get_arguments().find(|arg| is_it(arg));
    if let Some(long) = text.strip_prefix("--") {
        let (name, value) =
            long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
        let flag = find(&|arg| arg.get_long() == Some(name))?;
        return Some(flag.get_action().takes_values() && value.is_none());
    }
    let mut letters = text.strip_prefix('-')?.chars();
    while let Some(letter) = letters.next() {
        let flag = find(&|arg| arg.get_short() == Some(letter))?;
        if flag.get_action().takes_values() {
            return Some(letters.as_str().is_empty());
        }
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    fn moved(line: &str) -> String {
        let args = line.split(' ').map(OsString::from).collect();
        let args = move_behind(&Cli::command(), args);
        args.iter().map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn flags_that_the_command_knows_are_moved() {
        for (line, expected) in [
            ("hookglass --quiet list x", "hookglass list --quiet x"),
            ("hookglass -q --color never list", "hookglass list -q --color never"),
            ("hookglass --color=never stats", "hookglass stats --color=never"),
            ("hookglass --store list list -n 1", "hookglass list --store list -n 1"),
        ] {
            assert_eq!(moved(line), expected);
        }
    }

    #[test]
    fn other_arguments_stay_in_their_place() {
        for line in [
            "hookglass list --quiet",
            "hookglass --quiet",
            "hookglass --forward 3000 list",
            "hookglass --no-such-flag list",
            "hookglass --store list",
        ] {
            assert_eq!(moved(line), line);
        }
    }
}
