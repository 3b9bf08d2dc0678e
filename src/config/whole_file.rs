//! Files that are whole or absent, whatever happens while they are written.
//!
//! New contents go into a temporary file in the same directory, are flushed to the disk, and replace the old file by
//! a rename; then the directory is flushed too. So a full disk, a crash or a power cut leaves the old file or the new
//! one, and never half of one. The next attempt removes a temporary file that a crash has left.
//!
//! Invariants: nothing is ever written to the path itself; if only the owner may read the file, no other user can
//! read a byte at any moment. Knows nothing of the files' contents. Blocks on the disk: for start-up, and for
//! programs without a loop.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

/// The suffix of a file's name while it is being written.
const TEMPORARY: &str = ".new";

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// The owner alone, from the first moment on.
    Owner,
    /// All users whom the process lets read its files (umask).
    Usual,
}

/// A file that is being written. Until that is done, the old file is still at its path. If it is dropped, nothing has
/// changed.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    /// `None` once it is written.
    file: Option<File>,
}

impl WholeFile {
    /// Begins the file for `path`, so that problems with writing it are found early.
    ///
    /// # Errors
    /// The system's error.
    pub fn create(path: &Path, readers: Readers) -> io::Result<Self> {
        let file = Some(begin(&mut System, path, readers)?);
        let path = path.to_owned();
        Ok(Self { path, file })
    }

    /// Writes the contents and moves the file to its path.
    ///
    /// # Errors
    /// The system's error. Then the old file is still there.
    pub fn write(mut self, contents: &[u8]) -> io::Result<()> {
        match self.file.take() {
            Some(file) => finish(&mut System, &self.path, file, contents),
            None => Ok(()),
        }
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = System.remove(&temporary_of(&self.path));
        }
    }
}

/// Replaces the file at `path`, or creates it, with its directory if that is missing too. Only the owner can read
/// either.
///
/// # Errors
/// The system's error, with the path. Then the old file is still there.
pub(super) fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    replace_on(&mut System, path, contents).map_err(|e| {
        let text = e.to_string();
        let text = text.split(" (os error").next().unwrap_or_default();
        io::Error::new(e.kind(), format!("{}: {text}", path.display()))
    })
}

fn replace_on<D: Disk>(disk: &mut D, path: &Path, contents: &[u8]) -> io::Result<()> {
    disk.make_folder(folder_of(path))?;
    let file = begin(disk, path, Readers::Owner)?;
    finish(disk, path, file, contents)
}

/// Creates the temporary file.
fn begin<D: Disk>(disk: &mut D, path: &Path, readers: Readers) -> io::Result<D::File> {
    let temporary = temporary_of(path);
    remove_if_there(disk, &temporary)?;
    disk.create(&temporary, readers)
        .inspect_err(|_| _ = disk.remove(&temporary))
}

/// Fills the temporary file and renames it.
fn finish<D: Disk>(
    disk: &mut D,
    path: &Path,
    mut file: D::File,
    contents: &[u8],
) -> io::Result<()> {
    let temporary = temporary_of(path);
    let written = disk
        .write(&mut file, contents)
        // A rename may reach the disk before the contents do.
        .and_then(|()| disk.sync(&file))
        .and_then(|()| disk.rename(&temporary, path));
    if written.is_err() {
        // Returns the first error: it is more useful than a failure to remove the file.
        let _ = disk.remove(&temporary);
        return written;
    }
    disk.sync_folder(folder_of(path))
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    folder.unwrap_or(Path::new("."))
}

fn temporary_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(TEMPORARY);
    path.with_file_name(name)
}

fn remove_if_there<D: Disk>(disk: &mut D, path: &Path) -> io::Result<()> {
    match disk.remove(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// The operations on the file system that are used here. Tests have a file system that fails.
trait Disk {
    type File;
    /// Creates a directory and its parents so that only the owner can enter them; an existing directory stays as it
    /// is.
    fn make_folder(&mut self, path: &Path) -> io::Result<()>;
    /// Creates a file; fails if it exists.
    fn create(&mut self, path: &Path, readers: Readers) -> io::Result<Self::File>;
    fn write(&mut self, file: &mut Self::File, contents: &[u8]) -> io::Result<()>;
    fn sync(&mut self, file: &Self::File) -> io::Result<()>;
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&mut self, path: &Path) -> io::Result<()>;
    fn sync_folder(&mut self, path: &Path) -> io::Result<()>;
}

/// The system's file system.
struct System;

impl Disk for System {
    type File = File;

    fn make_folder(&mut self, path: &Path) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)
    }

    fn create(&mut self, path: &Path, readers: Readers) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if readers == Readers::Owner {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        options.open(path)
    }

    fn write(&mut self, file: &mut File, contents: &[u8]) -> io::Result<()> {
        file.write_all(contents)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&mut self, path: &Path) -> io::Result<()> {
        match File::open(path)?.sync_all() {
            // Some network file systems cannot flush a directory.
            Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
                Ok(())
            }
            result => result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory that is removed at the end of its test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let name = format!("madang-whole-{}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            let _ = fs::remove_dir_all(&path);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<_> = names.collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// How one operation fails.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Fault {
        /// It fails, and nothing was done. Later operations work.
        Refused,
        /// It fails half way, as a write does on a full disk.
        Half,
        /// The process ends before it: later operations are not done.
        CrashBefore,
        /// The process ends half way through it.
        CrashWithin,
    }

    /// The system's file system, with one operation that fails.
    struct Faulty {
        /// Operations until the fault.
        left: usize,
        fault: Fault,
        crashed: bool,
    }

    impl Faulty {
        /// Does an operation; `half` is what an interrupted one does.
        fn step<T>(
            &mut self,
            whole: impl FnOnce() -> io::Result<T>,
            half: impl FnOnce(),
        ) -> io::Result<T> {
            let full = || Err(io::Error::from(ErrorKind::StorageFull));
            if self.crashed {
                return full();
            }
            if self.left > 0 {
                self.left -= 1;
                return whole();
            }
            let fault = self.fault;
            self.left = usize::MAX;
            self.crashed = matches!(fault, Fault::CrashBefore | Fault::CrashWithin);
            if matches!(fault, Fault::Half | Fault::CrashWithin) {
                half();
            }
            full()
        }
    }

    impl Disk for Faulty {
        type File = File;

        fn make_folder(&mut self, path: &Path) -> io::Result<()> {
            self.step(|| System.make_folder(path), || {})
        }

        fn create(&mut self, path: &Path, readers: Readers) -> io::Result<File> {
            let half = || drop(System.create(path, readers));
            self.step(|| System.create(path, readers), half)
        }

        fn write(&mut self, file: &mut File, contents: &[u8]) -> io::Result<()> {
            let mut other = file.try_clone().unwrap();
            let half = || other.write_all(&contents[..contents.len() / 2]).unwrap();
            self.step(|| System.write(file, contents), half)
        }

        fn sync(&mut self, file: &File) -> io::Result<()> {
            self.step(|| System.sync(file), || {})
        }

        fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
            let half = || System.rename(from, to).unwrap();
            self.step(|| System.rename(from, to), half)
        }

        fn remove(&mut self, path: &Path) -> io::Result<()> {
            self.step(|| System.remove(path), || {})
        }

        fn sync_folder(&mut self, path: &Path) -> io::Result<()> {
            self.step(|| System.sync_folder(path), || {})
        }
    }

    #[test]
    fn whatever_fails_the_file_is_old_or_new() {
        let faults = [
            Fault::Refused,
            Fault::Half,
            Fault::CrashBefore,
            Fault::CrashWithin,
        ];
        for fault in faults {
            for old in [None, Some("the old one")] {
                let mut steps = 0;
                loop {
                    let folder = Folder::new(&format!("{fault:?}-{}-{steps}", old.is_some()));
                    let path = folder.0.join("file");
                    if let Some(old) = old {
                        fs::write(&path, old).unwrap();
                    }
                    let mut disk = Faulty {
                        left: steps,
                        fault,
                        crashed: false,
                    };
                    let ended = replace_on(&mut disk, &path, b"the new one");
                    let case = format!("{fault:?} at step {steps}: {ended:?}");
                    let found = fs::read_to_string(&path).ok();
                    let is_new = found.as_deref() == Some("the new one");
                    assert!(is_new || found.as_deref() == old, "{case}: {found:?}");
                    assert!(is_new || ended.is_err(), "{case}");
                    // The next attempt succeeds, whatever was left.
                    replace(&path, b"the next one").unwrap();
                    assert_eq!(fs::read_to_string(&path).unwrap(), "the next one", "{case}");
                    assert_eq!(folder.names(), ["file"], "{case}");
                    if ended.is_ok() {
                        break;
                    }
                    steps += 1;
                }
                assert!(steps > 4, "the fault came at too few steps: {steps}");
            }
        }
    }

    #[test]
    fn a_failure_without_a_crash_leaves_nothing_behind() {
        for steps in 0..6 {
            let folder = Folder::new(&format!("clean-{steps}"));
            let mut disk = Faulty {
                left: steps,
                fault: Fault::Half,
                crashed: false,
            };
            let _ = replace_on(&mut disk, &folder.0.join("file"), b"text");
            assert!(
                folder.names().iter().all(|name| name == "file"),
                "{steps}: {:?}",
                folder.names()
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = Folder::new("mode");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let path = folder.0.join("new").join("file");
        replace(&path, b"secret").unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        // Also where every user could read the old file.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        replace(&path, b"secret").unwrap();
        assert_eq!(mode(&path), 0o600);
        let made = System
            .create(&folder.0.join("file.new"), Readers::Owner)
            .unwrap();
        let mode = made.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "from the first moment on");
    }

    #[test]
    fn a_file_that_is_never_finished_was_never_there() {
        let folder = Folder::new("unfinished");
        let path = folder.0.join("file");
        fs::write(&path, "the old one").unwrap();
        let begun = WholeFile::create(&path, Readers::Usual).unwrap();
        assert_eq!(folder.names(), ["file", "file.new"]);
        drop(begun);
        assert_eq!(folder.names(), ["file"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), "the old one");
        let begun = WholeFile::create(&path, Readers::Usual).unwrap();
        begun.write(b"the new one").unwrap();
        assert_eq!(folder.names(), ["file"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), "the new one");
    }

    #[test]
    fn an_obstacle_at_the_path_is_named() {
        let folder = Folder::new("in-the-way");
        let path = folder.0.join("file");
        fs::create_dir(&path).unwrap();
        let said = replace(&path, b"text").unwrap_err().to_string();
        assert!(said.starts_with(&path.display().to_string()), "{said}");
        assert_eq!(folder.names(), ["file"]);
    }
}
