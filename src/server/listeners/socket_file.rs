//! The file of a Unix socket: what is done with one that is there at the start, and its removal at the end.
//!
//! A socket's file outlives its process. One at which nobody answers is left over from a server that was killed, and is
//! removed; one at which a program answers is in use, and anything else is not ours to remove. Invariant: a file is
//! removed only by the server that made it. Does not know what is spoken there.

use rustix::io::Errno;
use socket2::{Domain, SockAddr, Socket, Type};
use std::{
    fs::{self, Metadata},
    io,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

/// The file of a socket that listens; it is removed with this value.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    /// Device and number of the file: another server may have put its own in the same place.
    identity: (u64, u64),
}

impl SocketFile {
    /// The file at a path where our own socket was just bound.
    ///
    /// # Errors
    /// The system's: it is gone already.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        let identity = identity(&fs::symlink_metadata(path)?);
        let path = path.to_owned();
        Ok(Self { path, identity })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let there = fs::symlink_metadata(&self.path);
        if there.is_ok_and(|there| identity(&there) == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// Makes room for a socket: removes the file of one at which nobody answers.
///
/// # Errors
/// A program answers there, or it is another kind of file, or the system refuses.
pub(super) fn remove_stale(path: &Path) -> io::Result<()> {
    let file = match fs::symlink_metadata(path) {
        Ok(file) => file,
        // Nothing is there, or `bind` reports what is wrong with the directory.
        Err(_) => return Ok(()),
    };
    if !file.file_type().is_socket() {
        let message = "there is a file that is no socket; remove it, or choose another path";
        return Err(io::Error::other(message));
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // A server whose backlog is full would let us wait.
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::unix(path)?) {
        Err(error) if Errno::from_io_error(&error) == Some(Errno::CONNREFUSED) => {
            tracing::info!(path = %path.display(), "removed the socket that a server left behind");
            fs::remove_file(path)
        }
        Err(error) if Errno::from_io_error(&error) == Some(Errno::ACCESS) => Err(error),
        _ => Err(io::Error::other("a program answers there already")),
    }
}
