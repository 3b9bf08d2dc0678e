//! The files for the forms of a report: regular files, which are whole or absent, and pipes.

use crate::{
    cli::failure::Failure,
    config::{Readers, WholeFile},
    os::io_error::plain,
};
use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

/// A file for one form of the report.
pub(super) struct Output {
    path: PathBuf,
    sink: Sink,
}

enum Sink {
    /// A file that exists and is not regular: a pipe, `/dev/stdout`.
    Open(File),
    /// A new or regular file. The report of an earlier run stays until this one is written as a whole.
    Whole(WholeFile),
}

impl Output {
    /// Begins a file before the run, so that a file that cannot be written is found early.
    pub(super) fn create(path: PathBuf) -> Result<Self, Failure> {
        let is_special = fs::metadata(&path).is_ok_and(|there| !there.is_file());
        // If the path is a link, the file it leads to is replaced.
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

    /// Writes the contents.
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
