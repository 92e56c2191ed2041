//! The flags of every command as table rows, from the definitions that parse them.

use clap::{Arg, Command, CommandFactory};

/// Returns command, flag, value, and help of every flag. Global flags come first, with an empty
/// command.
pub(super) fn flags<C: CommandFactory>() -> Vec<[String; 4]> {
    let root = C::command();
    let global = root.get_arguments().filter(|arg| arg.is_global_set()).map(|arg| row(arg, ""));
    global.chain(inside(&root, "")).collect()
}

/// Returns the rows of a command's subcommands, under their full names.
fn inside(command: &Command, name: &str) -> Vec<[String; 4]> {
    let commands = command.get_subcommands().filter(|command| command.get_name() != "help");
    let of = |command: &Command| {
        let name = format!("{name} {}", command.get_name()).trim_start().to_owned();
        [rows(command, &name), inside(command, &name)].concat()
    };
    commands.flat_map(of).collect()
}

fn rows(command: &Command, name: &str) -> Vec<[String; 4]> {
    let own = command.get_arguments().filter(|arg| arg.get_id() != "help");
    own.map(|arg| row(arg, name)).collect()
}

fn row(arg: &Arg, name: &str) -> [String; 4] {
    let flag = match arg.get_long() {
        Some(long) => format!("--{long}"),
        None => arg.get_value_names().map(|names| names.join(" ")).unwrap_or_default(),
    };
    let takes_value = arg.get_long().is_some() && arg.get_action().takes_values();
    let names = if takes_value { arg.get_value_names() } else { None };
    let value = names.map(|names| names.join(" "));
    let defaults: Vec<_> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    if takes_value && !defaults.is_empty() {
        help = format!("{help} [default: {}]", defaults.join(", "));
    }
    [name.to_owned(), flag, value.unwrap_or_default(), help]
}
