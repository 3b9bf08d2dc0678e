//! `madang config print` and `madang config check`.

use std::path::PathBuf;

use super::{failure::Failure, stdout::print};
use crate::config::{Sources, default_text};

/// Print the default configuration, or check a file
#[derive(Debug, clap::Subcommand)]
// To be called without its own subcommand is an error like any other, not a call for help.
#[command(arg_required_else_help = false)]
pub(super) enum Command {
    /// Print the whole default configuration, commented
    ///
    /// Prints the whole default configuration in TOML, every key with its meaning and its range: a file to start from.
    ///
    /// Example: madang config print > madang.toml
    Print,
    /// Check a configuration file without starting the server
    ///
    /// Reads a configuration file and the texts it names, as the server would. Prints `FILE: ok` and ends with 0, or
    /// prints every error with its line on standard error and ends with 2. Addresses are not bound and names not
    /// looked up.
    ///
    /// Example: madang config check madang.toml
    Check {
        /// Configuration file in TOML
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Prints or checks.
///
/// # Errors
/// The file is wrong, or stdout cannot be written to.
pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Print => print(default_text()),
        Command::Check { file } => {
            let sources = Sources {
                file: Some(file.clone()),
                ..Sources::default()
            };
            sources.load()?;
            print(format!("{}: ok\n", file.display()))
        }
    }
}
