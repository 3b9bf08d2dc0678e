//! `madang man`: one manual page in roff with all subcommands, made from the clap types.

use std::io;

use clap::Command;
use clap_mangen::Man;

use super::{failure::Failure, stdout::print};

/// Print the manual page
///
/// Prints the manual page in roff, all subcommands included, to standard output.
///
/// Example: madang man | man -l -
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Prints the page of a program.
///
/// # Errors
/// Stdout cannot be written to.
pub(super) fn run(_args: &Args, program: Command) -> Result<(), Failure> {
    let page = page(program).map_err(|e| Failure::Runtime(format!("cannot make the page: {e}")))?;
    print(page)
}

fn page(program: Command) -> io::Result<Vec<u8>> {
    let mut program = program.disable_help_subcommand(true);
    program.build();
    let mut page = Vec::new();
    let man = Man::new(program.clone()).manual("User Commands");
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    add_subcommands(&program, &mut page)?;
    man.render_extra_section(&mut page)?;
    man.render_version_section(&mut page)?;
    Ok(page)
}

/// Each subcommand is a section of the one page; the sections that clap_mangen makes for it become subsections.
fn add_subcommands(parent: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    for command in parent.get_subcommands() {
        let title = command.get_bin_name().unwrap_or(command.get_name());
        let man = Man::new(command.clone());
        let mut sections = Vec::new();
        man.render_synopsis_section(&mut sections)?;
        man.render_description_section(&mut sections)?;
        man.render_options_section(&mut sections)?;
        if command.get_after_long_help().is_some() {
            man.render_extra_section(&mut sections)?;
        }
        let sections = String::from_utf8_lossy(&sections).replace(".SH ", ".SS ");
        page.extend(format!(".SH \"{}\"\n{sections}", title.to_uppercase()).bytes());
        add_subcommands(command, page)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::program, *};

    #[test]
    fn the_manual_page() {
        let page = String::from_utf8(page(program::command()).unwrap()).unwrap();
        // The version would change the snapshot with every release.
        let page = page.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        insta::assert_snapshot!(page);
    }
}
