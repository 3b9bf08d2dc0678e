//! `madang store`: look after a data directory.
//!
//! Owns nothing. Does not know what is stored.

use super::{failure::Failure, stdout::print};
use crate::store::{DATABASE, database::Database};
use std::path::{Path, PathBuf};

/// Look after a server's data directory
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Check(CheckArgs),
}

/// Look for damage in a data directory's database
///
/// Reads all of it; the server may be running. Exits with status 1 if something is wrong.
///
/// Example: madang store check /var/lib/madang
#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    /// The data directory ([server] data, or --data)
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Does what was asked for.
///
/// # Errors
/// The database is damaged, or cannot be read.
pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let Command::Check(args) = command;
    let problems = open(&args.directory)?.check().map_err(failure)?;
    if problems.is_empty() {
        return print("the database is whole\n");
    }
    let list = problems.join("\n  ");
    Err(Failure::Runtime(format!(
        "the database in {} is damaged; restore a backup:\n  {list}",
        args.directory.display()
    )))
}

/// Opens the database of a directory; it is not made if it is not there.
pub(super) fn open(directory: &Path) -> Result<Database, Failure> {
    if !directory.join(DATABASE).exists() {
        return Err(Failure::Runtime(format!(
            "there is no {DATABASE} in {}; name the directory that [server] data or --data names",
            directory.display()
        )));
    }
    Database::open_beside(directory).map_err(failure)
}

fn failure(error: impl std::fmt::Display) -> Failure {
    Failure::Runtime(error.to_string())
}
