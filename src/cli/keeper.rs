//! `madang keeper`: the process that writes what must last. The server starts it; it is not for people.
//!
//! Owns nothing. Does not know what is written.

use super::failure::Failure;
use crate::{
    config::Sandbox,
    os::sandbox::{self, Mode, Role},
    store,
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ},
    flag,
};
use std::{
    io,
    os::{fd::AsFd as _, unix::net::UnixStream},
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
};

/// Keep the data directory of a running server (the server starts this by itself)
///
/// Standard input is a socket to the server. It ends with the server.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The data directory
    directory: PathBuf,

    /// The server's [server] sandbox
    #[arg(long, default_value = "off")]
    sandbox: Sandbox,
}

/// Runs until the server closes its end.
///
/// # Errors
/// Standard input is no socket, or is broken.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    // A service manager asks every process of a service to end. This one ends after the server, which has last changes.
    let ignored = Arc::new(AtomicBool::new(false));
    // And a limit on the size of files is an error of a write like a full disk, not an end.
    for signal in [SIGHUP, SIGINT, SIGTERM, SIGXFSZ] {
        flag::register(signal, ignored.clone()).map_err(failure)?;
    }
    let mode = match args.sandbox {
        Sandbox::Off => None,
        Sandbox::On => Some(Mode::On),
        Sandbox::Strict => Some(Mode::Strict),
    };
    if let Some(mode) = mode {
        let data = args.directory.clone();
        sandbox::enter(&Role::Keeper { data }, mode).map_err(failure)?;
    }
    let stdin = io::stdin().as_fd().try_clone_to_owned().map_err(failure)?;
    let mut stream = UnixStream::from(stdin);
    store::run(&args.directory, &mut stream).map_err(failure)
}

fn failure(error: io::Error) -> Failure {
    Failure::Runtime(format!(
        "the keeper cannot go on: {error}; `madang --data DIR` starts it by itself"
    ))
}
