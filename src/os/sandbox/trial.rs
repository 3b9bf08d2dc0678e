//! Debug builds only: the sandbox is asked to let through what it must not, for the tests.
//!
//! The variable `MADANG_SANDBOX_TRIAL` names what to try: `open:PATH`, `bind`, `exec:PATH`, `socket`. The outcome is
//! logged. Nothing of this is in a release build.

use socket2::{Domain, Socket, Type};
use std::{env, fs, io, net::SocketAddr, process::Command};

/// The variable.
const VARIABLE: &str = "MADANG_SANDBOX_TRIAL";

/// Tries each thing that the variable names, separated by commas.
pub(super) fn run() {
    for what in env::var(VARIABLE).unwrap_or_default().split(',') {
        let outcome = match what.split_once(':').unwrap_or((what, "")) {
            ("open", path) => fs::read(path).map(drop),
            ("bind", _) => bind(),
            ("exec", path) => Command::new(path).status().map(drop),
            ("socket", _) => Socket::new(Domain::IPV4, Type::STREAM, None).map(drop),
            _ => continue,
        };
        match outcome {
            Ok(()) => tracing::error!(%what, "tried in the sandbox: it was let through"),
            Err(error) => tracing::info!(%what, %error, "tried in the sandbox: refused"),
        }
    }
}

fn bind() -> io::Result<()> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
}
