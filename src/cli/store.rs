//! `madang store`: look after a data directory.
//!
//! Owns nothing. Does not know what is stored.

use super::{failure::Failure, stdout::print};
use crate::store::{self, DATABASE, TableRepair, database::Database};
use std::path::{Path, PathBuf};

/// Look after a server's data directory
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Check(CheckArgs),
    Repair(RepairArgs),
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

/// Save what can be read of a damaged database
///
/// Only while no server runs, and if there is no backup that is new enough: what a damaged page held is lost. The damaged file is
/// kept beside the new one, as madang.db.damaged-DATE. Says of each table what was saved.
///
/// Example: madang store repair /var/lib/madang
#[derive(Debug, clap::Args)]
pub(super) struct RepairArgs {
    /// The data directory ([server] data, or --data)
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Does what was asked for.
///
/// # Errors
/// The database is damaged, or cannot be read.
pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Check(args) => check(&args.directory),
        Command::Repair(args) => repair(&args.directory),
    }
}

fn check(directory: &Path) -> Result<(), Failure> {
    let problems = open(directory)?.check().map_err(failure)?;
    if problems.is_empty() {
        return print("the database is whole\n");
    }
    let list = problems.join("\n  ");
    Err(Failure::Runtime(format!(
        "the database in {} is damaged; restore a backup, or save what can be read by `madang store repair`:\n  {list}",
        directory.display()
    )))
}

fn repair(directory: &Path) -> Result<(), Failure> {
    require_database(directory)?;
    let Some(repair) = store::repair(directory).map_err(failure)? else {
        return print("the database is whole; nothing was changed\n");
    };
    let mut text = format!("the damaged file is kept as {}\n", repair.aside.display());
    for TableRepair {
        name,
        saved,
        damaged,
    } in repair.tables
    {
        let lost = match damaged {
            0 => "whole".to_owned(),
            places => format!("damaged in {places} places, and what was there is lost"),
        };
        text += &format!("{name}: {saved} rows saved; {lost}\n");
    }
    print(text)
}

/// Opens the database of a directory; it is not made if it is not there.
pub(super) fn open(directory: &Path) -> Result<Database, Failure> {
    require_database(directory)?;
    Database::open_beside(directory).map_err(failure)
}

fn require_database(directory: &Path) -> Result<(), Failure> {
    if directory.join(DATABASE).exists() {
        return Ok(());
    }
    Err(Failure::Runtime(format!(
        "there is no {DATABASE} in {}; name the directory that [server] data or --data names",
        directory.display()
    )))
}

fn failure(error: impl std::fmt::Display) -> Failure {
    Failure::Runtime(error.to_string())
}
