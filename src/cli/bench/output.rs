//! Files that forms of a report go into: whole or absent, and pipes.

use crate::{
    cli::failure::Failure,
    config::{Readers, WholeFile},
    server::plain,
};
use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

/// A file that a form of the report goes into.
pub(super) struct Output {
    path: PathBuf,
    sink: Sink,
}

enum Sink {
    /// What is there already and is no regular file: a pipe, `/dev/stdout`.
    Open(File),
    /// A report of an earlier run stays until the whole of this one is there.
    Whole(WholeFile),
}

impl Output {
    /// Begins a file, so that what cannot be written is found out before a run and not after it.
    pub(super) fn create(path: PathBuf) -> Result<Self, Failure> {
        let is_special = fs::metadata(&path).is_ok_and(|there| !there.is_file());
        // The file that a link leads to is the one to be replaced.
        let target = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let sink = match is_special {
            true => File::create(&path).map(Sink::Open),
            false => WholeFile::create(&target, Readers::Usual).map(Sink::Whole),
        };
        match sink {
            Ok(sink) => Ok(Self { path, sink }),
            Err(error) => Err(Failure::Usage(cannot_write(&path, &error))),
        }
    }

    /// Gives it its contents.
    pub(super) fn write(self, text: &str) -> Result<(), Failure> {
        let written = match self.sink {
            Sink::Open(mut file) => file.write_all(text.as_bytes()),
            Sink::Whole(file) => file.write(text.as_bytes()),
        };
        written.map_err(|error| Failure::Runtime(cannot_write(&self.path, &error)))
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> String {
    format!("cannot write {}: {}", path.display(), plain(error))
}
