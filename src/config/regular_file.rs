//! Reading files: they must be regular and bounded in size, and reading never waits for another process.

use super::{error::Invalid, missing_right::MissingRight, units::show_size};
use rustix::fs::OFlags;
use std::{
    fs::{File, Metadata},
    io::{self, ErrorKind, Read},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// The bytes of a regular file, unless there are more than `bytes_max`. Errors are predicates: the caller puts the
/// path before them.
pub(super) fn read_bounded(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Invalid> {
    let mut bytes = Vec::new();
    let limit = bytes_max as u64 + 1;
    open_regular(path)?
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|e| cannot_read(path, &e))?;
    if bytes.len() > bytes_max {
        let most = show_size(bytes_max as u64);
        return Err(Invalid::new(format!("is longer than {most}")));
    }
    Ok(bytes)
}

/// Opens a regular file for reading and refuses everything else: opening or reading a FIFO or a terminal can block,
/// and the loop that reads its configuration again must not block; a device or a directory holds no configuration.
fn open_regular(path: &Path) -> Result<File, Invalid> {
    let check = |metadata: io::Result<Metadata>| match metadata {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(_) => Err(Invalid::new("is not a regular file")),
        Err(error) => Err(cannot_read(path, &error)),
    };
    // Before it is opened, because opening a device can already change it (a tape is rewound)...
    check(path.metadata())?;
    let mut options = File::options();
    // ...and once it is open, because the path may name something else by then. Without these flags, opening a FIFO
    // waits for a writer, and opening a terminal can make it ours.
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    options.read(true).custom_flags(flags as i32);
    let file = options.open(path).map_err(|e| cannot_read(path, &e))?;
    check(file.metadata())?;
    Ok(file)
}

/// `cannot be read: No such file or directory`, without the "(os error 2)", which does not help the user. If a right is
/// missing: whose, which, where, and the remedy.
pub(super) fn cannot_read(path: &Path, error: &io::Error) -> Invalid {
    let text = error.to_string();
    let cause = text.split(" (os error").next().unwrap_or_default();
    let missing = match error.kind() {
        ErrorKind::PermissionDenied => MissingRight::find(path),
        _ => None,
    };
    Invalid::new(match missing {
        Some(missing) => format!(
            "cannot be read: {cause}: {missing}; grant that right, or copy the file to where this user can read it \
             (docs/OPERATIONS.md, \"systemd\")"
        ),
        None => format!("cannot be read: {cause}"),
    })
}
