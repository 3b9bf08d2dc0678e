//! `madang backup`: a copy of the data directory's database, while the server runs.
//!
//! Owns nothing. Does not know what is stored.

use super::{failure::Failure, store};
use std::path::PathBuf;

/// Copy what a server keeps in its data directory to one file
///
/// The server may be running: the copy is of one moment. To restore it, stop the server, put the file into the data directory
/// as madang.db, delete madang.db-wal and madang.db-shm there, and start the server again.
///
/// Example: madang backup /var/lib/madang madang-backup.db
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The data directory ([server] data, or --data)
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// The new file; one that exists is not written over
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Makes the copy.
///
/// # Errors
/// The database cannot be read, or the file cannot be written.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    store::open(&args.directory)?
        .back_up(&args.file)
        .map_err(|error| Failure::Runtime(error.to_string()))
}
