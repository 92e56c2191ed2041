//! `hookglass man` and `hookglass completions`, generated from the argument definitions.

use std::io::{self, Write as _};

use clap::{Args, Command, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, CliError};

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// For which shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "hookglass", &mut script);
    io::stdout().write_all(&script)?;
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
    for command in root.get_subcommands().filter(|one| one.get_name() != "help") {
        section(&mut page, command, command.get_name())?;
    }
    page.extend_from_slice(EXIT_STATUS.as_bytes());
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
    for inner in command.get_subcommands().filter(|one| one.get_name() != "help") {
        section(page, inner, &format!("{name} {}", inner.get_name()))?;
    }
    Ok(())
}

const EXIT_STATUS: &str = ".SH \"EXIT STATUS\"\n0 done; 1 the answer is no (not verified, timed \
    out, an expectation failed); 2 wrong usage, filter or configuration; 3 the world failed (port \
    taken, store unreadable, target unreachable).\n";

pub(super) fn run() -> Result<(), CliError> {
    io::stdout().write_all(&page()?)?;
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
