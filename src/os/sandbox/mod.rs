//! The sandbox: from a certain moment on, this process can open and call nothing but what it needs.
//!
//! Two parts of Linux do it, and neither can be taken back: Landlock for files and for TCP (bind, connect), seccomp for
//! system calls. `paths.rs` and `calls.rs` have one table each, every row with its reason; nothing else decides. The
//! server enters it after its listeners are bound and before it accepts; the keeper, its child, at once. A child inherits
//! what its parent may not do. The keeper that the server starts first is older than the server's sandbox, but one that is
//! started later is not: so a server with a data directory may do what starting a keeper and being one takes.
//!
//! Invariant: in [`Mode::On`] whatever the kernel cannot do is left out, and nothing fails for it. On other systems than
//! Linux there is no sandbox. Does not know the configuration.

#[cfg(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
))]
mod calls;
#[cfg(all(
    target_os = "linux",
    not(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    ))
))]
#[path = "no_calls.rs"]
mod calls;
#[cfg(target_os = "linux")]
mod paths;
mod role;
#[cfg(debug_assertions)]
mod trial;

pub use role::{Mode, Role};

use std::{fmt, io};

/// What the kernel has granted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    /// The version of Landlock that is in force (its ABI); 0 is none.
    pub landlock: u32,
    /// What happens to other system calls; `None`: all are allowed.
    pub calls: Option<Mode>,
}

impl Granted {
    /// The treatment of other system calls, in a word.
    pub fn calls_name(self) -> &'static str {
        self.calls.map_or("off", Mode::name)
    }
}

impl fmt::Display for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.landlock {
            0 => f.write_str("no Landlock")?,
            abi => write!(f, "Landlock {abi}")?,
        }
        write!(f, ", system calls {}", self.calls_name())
    }
}

/// Enters the sandbox, for good.
///
/// # Errors
/// In [`Mode::Strict`]: the kernel lacks a part of it. Some of it may be in force already.
#[cfg(target_os = "linux")]
pub fn enter(role: &Role, mode: Mode) -> io::Result<Granted> {
    // Paths first: the calls that this takes are not allowed later.
    let landlock = match paths::restrict(role) {
        Ok(abi) => abi,
        Err(error) => {
            tracing::warn!(%error, "Landlock is not in force");
            0
        }
    };
    if landlock == 0 && mode == Mode::Strict {
        return Err(io::Error::other("this kernel has no Landlock"));
    }
    let calls = match calls::restrict(role, mode) {
        Ok(()) => Some(mode),
        Err(error) if mode == Mode::Strict => return Err(error),
        Err(error) => {
            tracing::warn!(%error, "system calls are not filtered");
            None
        }
    };
    #[cfg(debug_assertions)]
    trial::run();
    Ok(Granted { landlock, calls })
}

/// There is no sandbox on this system.
///
/// # Errors
/// In [`Mode::Strict`].
#[cfg(not(target_os = "linux"))]
pub fn enter(_: &Role, mode: Mode) -> io::Result<Granted> {
    match mode {
        Mode::On => Ok(Granted::default()),
        Mode::Strict => Err(io::Error::other("there is no sandbox on this system")),
    }
}
