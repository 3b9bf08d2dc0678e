//! The data directory: its rights, and the lock that keeps a second server out.
//!
//! Does not know what is in it.

use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// The file that the server locks. It stays when the server ends; the lock does not.
const LOCK: &str = "lock";

/// The file that the keeper locks: it may outlive a server that was killed, with requests that it has not written yet.
const KEEPER_LOCK: &str = "keeper.lock";

/// Why the directory cannot be used; `Display` names the remedy.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// It cannot be made, or nothing can be written to it.
    #[error("cannot use the data directory {}: {error}; it must belong to the user that runs madang", path.display())]
    Io {
        /// The directory, or a file in it.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// Another process has locked it.
    #[error("another madang uses the data directory {}; stop that one first, or choose another directory", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
}

/// The right to use a directory, until it is dropped or the process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Makes the directory if it is not there, keeps others from reading it, and locks it.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn take(directory: &Path) -> Result<Self, DirectoryError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |error| DirectoryError::Io { path, error }
        };
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(directory);
        made.map_err(io(directory))?;
        let mode = directory.metadata().map_err(io(directory))?.permissions();
        if mode.mode() & 0o077 != 0 {
            // It may have been made by hand. Hashes of passwords are in it.
            let private = Permissions::from_mode(mode.mode() & 0o700);
            std::fs::set_permissions(directory, private).map_err(io(directory))?;
        }
        let path = directory.join(LOCK);
        let file = open(&path).map_err(io(&path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { _file: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(DirectoryError::InUse {
                path: directory.to_owned(),
            }),
            Err(error) => Err(io(&path)(error.into())),
        }
    }
}

/// The keeper's right to the database: there is one keeper at a time, whatever became of the server of the last one.
#[derive(Debug)]
pub(super) struct KeeperLock {
    _file: File,
}

impl KeeperLock {
    /// Waits until the last keeper has written what it was given, and has ended.
    ///
    /// # Errors
    /// The file cannot be made or locked.
    pub(super) fn wait(directory: &Path) -> io::Result<Self> {
        let file = open(&directory.join(KEEPER_LOCK))?;
        flock(&file, FlockOperation::LockExclusive)?;
        Ok(Self { _file: file })
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_private_and_has_one_user_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b");
        let lock = Lock::take(&path).unwrap();
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let second = Lock::take(&path);
        assert!(matches!(second, Err(DirectoryError::InUse { .. })));
        drop(lock);
        assert!(Lock::take(&path).is_ok());
    }
}
