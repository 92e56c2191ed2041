//! `hookglass man` and `hookglass completions`, generated from the argument definitions.

use std::io::{self, Write as _};

use clap::{Args, Command, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, CliError, help};
use crate::output;

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// Shell to generate the script for
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "hookglass", &mut script);
    output::raw_stdout().write_all(&script)?;
    Ok(())
}

/// Renders the manual page in roff: the program first, then each command.
pub(super) fn page() -> io::Result<Vec<u8>> {
    let mut root = Cli::command();
    root.build();
    let mut page = Vec::new();
    let manual = clap_mangen::Man::new(root.clone());
    manual.render_title(&mut page)?;
    manual.render_name_section(&mut page)?;
    manual.render_synopsis_section(&mut page)?;
    manual.render_description_section(&mut page)?;
    manual.render_options_section(&mut page)?;
    let is_command = |one: &&Command| one.get_name() != "help" && !one.is_hide_set();
    for command in root.get_subcommands().filter(is_command) {
        section(&mut page, command, command.get_name())?;
    }
    for (title, topic) in [("FILTERS", help::filters()), ("RESPONSE SCRIPTS", help::RESPOND.into())]
    {
        write!(page, ".SH \"{title}\"\n.nf\n{}\n.fi\n", literal(&topic))?;
    }
    list(&mut page, "ENVIRONMENT", help::ENVIRONMENT)?;
    list(&mut page, "FILES", help::FILES)?;
    list(&mut page, "EXIT STATUS", help::EXIT_STATUS)?;
    examples(&mut page, ".SH EXAMPLES", "")?;
    Ok(page)
}

fn section(page: &mut Vec<u8>, command: &Command, name: &str) -> io::Result<()> {
    writeln!(page, ".SH \"{}\"", name.to_uppercase().replace('-', "\\-"))?;
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    writeln!(page, "{}", about.replace('-', "\\-"))?;
    let mut options = Vec::new();
    clap_mangen::Man::new(command.clone()).render_options_section(&mut options)?;
    // The options are a subsection of the command, not a section of their own.
    let options = String::from_utf8_lossy(&options).replace(".SH OPTIONS", ".SS Options");
    page.extend_from_slice(options.as_bytes());
    examples(page, ".SS Examples", name)?;
    for inner in command.get_subcommands().filter(|one| one.get_name() != "help") {
        section(page, inner, &format!("{name} {}", inner.get_name()))?;
    }
    Ok(())
}

/// Writes a section of terms and their descriptions.
fn list(page: &mut Vec<u8>, title: &str, entries: &[(&str, &str)]) -> io::Result<()> {
    writeln!(page, ".SH \"{title}\"")?;
    for (term, text) in entries {
        write!(page, ".TP\n\\fB{}\\fR\n{}\n", literal(term), literal(text))?;
    }
    Ok(())
}

/// Writes the examples of a command, if it has any, under a heading.
fn examples(page: &mut Vec<u8>, heading: &str, command: &str) -> io::Result<()> {
    let examples = help::examples(command);
    if !examples.is_empty() {
        writeln!(page, "{heading}")?;
    }
    for (task, line) in examples {
        write!(page, ".TP\n{}\n\\fB{}\\fR\n", literal(task), literal(line))?;
    }
    Ok(())
}

/// Escapes text for roff: backslashes, hyphens, and a control character at the start of a line.
fn literal(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    let lines = text.lines().map(|line| {
        if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() }
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub(super) fn run() -> Result<(), CliError> {
    output::raw_stdout().write_all(&page()?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_lists_every_command_and_flag() {
        let page = String::from_utf8(page().unwrap()).unwrap().replace("\\-", "-");
        for [command, flag, ..] in crate::cli::flags() {
            assert!(page.contains(&command.to_uppercase()), "{command}");
            assert!(page.contains(&flag), "{command} {flag}");
        }
        assert!(page.contains("EXIT STATUS"));
    }
}
