//! `madang completions SHELL`: made from the clap types, so that they cannot disagree with the parser.

use clap::Command;
use clap_complete::Shell;

use super::{failure::Failure, stdout::print};

/// Print a completion script for a shell
///
/// Prints a completion script for a shell to standard output.
///
/// Example: madang completions bash > /etc/bash_completion.d/madang
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Prints the script for a program.
///
/// # Errors
/// Stdout cannot be written to.
pub(super) fn run(args: &Args, program: Command) -> Result<(), Failure> {
    print(script(args.shell, program))
}

fn script(shell: Shell, mut program: Command) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program, "madang", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use super::{super::program, *};
    use clap::ValueEnum;

    #[test]
    fn every_shell_learns_the_flags() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell, program::command())).unwrap();
            for word in ["listen", "completions", "check"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }
}
