//! Who enters the sandbox, and how strict it is.
//!
//! Plain values. Knows no kernel.

use std::path::PathBuf;

/// What is done about system calls that no row of the table allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They fail as if they did not exist. What the kernel cannot enforce is left out.
    On,
    /// They end the process. It does not start if the kernel has no Landlock or no seccomp.
    Strict,
}

impl Mode {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Strict => "strict",
        }
    }
}

/// Which process enters, and what it works with.
#[derive(Clone, Debug)]
pub enum Role {
    /// The server.
    Server {
        /// Files that it reads again when it is asked to, with their directories, because others take their place.
        configured: Vec<PathBuf>,
        /// The data directory, for which a keeper may have to be started again.
        data: Option<PathBuf>,
        /// Files of its Unix sockets, which it removes at the end.
        sockets: Vec<PathBuf>,
    },
    /// The keeper of a data directory.
    Keeper {
        /// The directory.
        data: PathBuf,
    },
}
