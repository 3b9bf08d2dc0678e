//! `madang completions SHELL`: made from the clap types, so that they cannot disagree with the parser.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Failure, print};

/// Print a completion script for a shell
///
/// Prints a completion script for a shell to standard output.
///
/// Example: madang completions bash > /etc/bash_completion.d/madang
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// Stdout cannot be written to.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    print(script(args.shell))
}

fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "madang", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_learns_the_flags() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell)).unwrap();
            for word in ["listen", "completions", "check"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }
}
