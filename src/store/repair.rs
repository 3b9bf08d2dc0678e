//! Repair of a damaged database: what can be read of it becomes a new one, and the damaged file stays beside it.
//!
//! Works on a copy, so that the damaged file is as it was found. Invariant: whenever the machine ends, the directory has the
//! damaged database or the new one under its name, and never none.

pub use super::database::TableRepair;

use super::{
    DATABASE, DirectoryError, Lock,
    database::{Database, DatabaseError},
    directory::KeeperLock,
};
use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// The copy that is read, and the new database before it is complete.
const COPY: &str = "madang.db.copy";
const NEW: &str = "madang.db.new";

/// What SQLite appends to the names of the files beside a database.
const LOG: &str = "-wal";
const INDEX: &str = "-shm";

/// Why nothing was repaired; `Display` names the remedy. The damaged file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// The directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The new database cannot be made, or the old one is of a later version of madang.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A file cannot be read, written or renamed.
    #[error("cannot use {}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
    /// There is nothing to save.
    #[error("nothing in {} can be read ({why}); restore a backup, or move the file away to begin anew", path.display())]
    Nothing {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The damaged file.
    pub aside: PathBuf,
    /// Each table.
    pub tables: Vec<TableRepair>,
}

/// Repairs the database of a directory that no server uses; `None`: it is whole, and nothing was changed.
///
/// # Errors
/// Nothing was changed.
pub fn repair(directory: &Path) -> Result<Option<Repair>, RepairError> {
    let _lock = Lock::take(directory)?;
    // The keeper of a server that was killed may be writing still.
    let _keeper = KeeperLock::wait(directory).map_err(io_at(directory))?;
    let (path, copy) = (directory.join(DATABASE), directory.join(COPY));
    let result = copy_to(&path, &copy).and_then(|()| repair_from(&copy, directory));
    // Of no use any more, whatever came of it.
    remove(&copy);
    remove(&directory.join(NEW));
    result
}

fn repair_from(copy: &Path, directory: &Path) -> Result<Option<Repair>, RepairError> {
    let path = directory.join(DATABASE);
    let nothing = |why: &dyn std::fmt::Display| RepairError::Nothing {
        path: path.clone(),
        why: why.to_string(),
    };
    let damaged = match Database::open_file(copy.to_owned()) {
        Ok(database) => database,
        Err(error @ DatabaseError::Newer { .. }) => return Err(error.into()),
        Err(DatabaseError::Damaged { why, .. } | DatabaseError::Unusable { why, .. }) => {
            return Err(nothing(&why));
        }
    };
    let is_whole = damaged.check().is_ok_and(|problems| problems.is_empty());
    if is_whole && damaged.load(&mut |_| {}).is_ok() {
        return Ok(None);
    }
    let new = directory.join(NEW);
    remove(&new);
    let mut database = Database::open_file(new.clone())?;
    let tables = database.salvage(&damaged)?;
    if tables.iter().all(|table| table.saved == 0) {
        return Err(nothing(&"every table is damaged"));
    }
    // What was read where a page is damaged may be anything; a server must be able to start from it.
    database.load(&mut |_| {})?;
    let stamp = database.date()?;
    // Closing it moves its log into it.
    drop(database);
    let synced = File::open(&new).and_then(|file| file.sync_all());
    synced.map_err(io_at(&new))?;
    let aside = put_in_place(directory, &stamp)?;
    Ok(Some(Repair { aside, tables }))
}

/// Gives the damaged database another name, and the new one its own.
fn put_in_place(directory: &Path, stamp: &str) -> Result<PathBuf, RepairError> {
    let path = directory.join(DATABASE);
    let aside = directory.join(format!("{DATABASE}.damaged-{stamp}"));
    // A second name first: there is no moment without a database.
    fs::hard_link(&path, &aside).map_err(io_at(&aside))?;
    let log = beside(&path, LOG);
    match fs::rename(&log, beside(&aside, LOG)) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(io_at(&log)(error)),
        // It must not be read into the new one.
        _ => {}
    }
    let _ = fs::remove_file(beside(&path, INDEX));
    fs::rename(directory.join(NEW), &path).map_err(io_at(&path))?;
    let synced = File::open(directory).and_then(|file| file.sync_all());
    synced.map_err(io_at(directory))?;
    Ok(aside)
}

fn copy_to(path: &Path, copy: &Path) -> Result<(), RepairError> {
    remove(copy);
    fs::copy(path, copy).map_err(io_at(path))?;
    let log = beside(path, LOG);
    match fs::copy(&log, beside(copy, LOG)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io_at(&log)(error)),
        _ => Ok(()),
    }
}

/// Removes a database of ours, with what is beside it.
fn remove(path: &Path) {
    for file in [path.to_owned(), beside(path, LOG), beside(path, INDEX)] {
        let _ = fs::remove_file(file);
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> RepairError {
    let path = path.to_owned();
    move |error| RepairError::Io { path, error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::records::{AccountRecord, Change, Key, Row, SettingRecord};
    use std::{
        collections::HashSet,
        io::{Seek as _, SeekFrom, Write as _},
    };

    const ACCOUNTS: usize = 3_000;

    const PAGE: usize = 4096;

    fn name(n: usize) -> String {
        format!("user{n:05}")
    }

    /// A directory with many accounts, each with a certificate, and two settings.
    fn directory() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let mut database = Database::open(directory.path()).unwrap();
        let settings = ["a", "b"].map(|name| {
            vec![Change::Put(Row::Setting(SettingRecord {
                name: name.into(),
                value: vec![1; 32],
            }))]
        });
        assert!(database.write_all(&settings).iter().all(Result::is_ok));
        let accounts = (0..ACCOUNTS).map(|n| {
            vec![Change::Put(Row::Account(AccountRecord {
                name: name(n),
                rounds: 4096,
                fingerprints: vec![format!("{n:064x}")],
                ..AccountRecord::default()
            }))]
        });
        let accounts: Vec<_> = accounts.collect();
        assert!(database.write_all(&accounts).iter().all(Result::is_ok));
        directory
    }

    /// Overwrites pages.
    fn damage(directory: &Path, pages: impl IntoIterator<Item = usize>) {
        let mut file = fs::OpenOptions::new();
        let mut file = file.write(true).open(directory.join(DATABASE)).unwrap();
        for page in pages {
            let at = u64::try_from(page * PAGE).unwrap();
            file.seek(SeekFrom::Start(at)).unwrap();
            file.write_all(&[0xa5; PAGE]).unwrap();
        }
    }

    fn accounts(directory: &Path) -> HashSet<String> {
        let database = Database::open(directory).unwrap();
        assert_eq!(database.check().unwrap(), [""; 0]);
        let mut names = HashSet::new();
        database
            .load(&mut |row| {
                if let Row::Account(row) = row {
                    names.insert(row.name);
                }
            })
            .unwrap();
        names
    }

    fn files(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn a_database_that_is_whole_is_left_alone() {
        let directory = directory();
        let before = fs::read(directory.path().join(DATABASE)).unwrap();
        assert_eq!(repair(directory.path()).unwrap(), None);
        assert_eq!(fs::read(directory.path().join(DATABASE)).unwrap(), before);
        assert_eq!(files(directory.path()), ["keeper.lock", "lock", DATABASE]);
    }

    #[test]
    fn whichever_page_is_damaged_the_others_are_saved() {
        let whole = directory();
        let pages = fs::metadata(whole.path().join(DATABASE)).unwrap().len() as usize / PAGE;
        assert!(pages > 150, "{pages}");
        // Each 23rd, for the sake of the time; the first page has the schema, without which nothing is found.
        for page in (1..pages).step_by(23) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join(DATABASE);
            fs::copy(whole.path().join(DATABASE), &path).unwrap();
            damage(directory.path(), [page]);
            let damaged = fs::read(&path).unwrap();
            let repair = repair(directory.path());
            let repair = match repair {
                Ok(Some(repair)) => repair,
                other => panic!("page {page}: {other:?}"),
            };
            assert_eq!(fs::read(&repair.aside).unwrap(), damaged, "page {page}");
            let saved = accounts(directory.path());
            let told = repair.tables.iter().find(|table| table.name == "accounts");
            assert_eq!(told.map(|table| table.saved), Some(saved.len() as u64));
            // An index is made anew, and nothing is lost with it.
            let is_told = repair.tables.iter().any(|table| table.damaged > 0);
            assert!(is_told || saved.len() == ACCOUNTS, "page {page}");
            // A leaf has some twenty rows; an inner page leads to many leaves, which are lost with it.
            assert!(
                saved.len() > ACCOUNTS - 60 || is_inner(&whole, page),
                "page {page}: {}",
                saved.len()
            );
            let names: Vec<String> = files(directory.path());
            assert!(
                names
                    .iter()
                    .all(|name| !name.contains("copy") && !name.contains("new"))
            );
        }
    }

    /// Whether a page of the whole database is an inner page of a tree of rows or of keys, or begins a table.
    fn is_inner(whole: &tempfile::TempDir, page: usize) -> bool {
        let bytes = fs::read(whole.path().join(DATABASE)).unwrap();
        matches!(bytes[page * PAGE], 2 | 5)
    }

    #[test]
    fn what_is_no_database_is_left_alone_and_named() {
        let directory = directory();
        damage(directory.path(), [0]);
        let before = fs::read(directory.path().join(DATABASE)).unwrap();
        let error = repair(directory.path()).unwrap_err();
        assert!(error.to_string().contains("restore a backup"), "{error}");
        assert_eq!(fs::read(directory.path().join(DATABASE)).unwrap(), before);
        assert_eq!(files(directory.path()), ["keeper.lock", "lock", DATABASE]);
    }

    #[test]
    fn what_is_in_the_log_alone_is_saved_too() {
        let directory = directory();
        let path = directory.path().join(DATABASE);
        let mut database = Database::open(directory.path()).unwrap();
        let put = Change::Put(Row::Account(AccountRecord {
            name: "late".into(),
            rounds: 4096,
            ..AccountRecord::default()
        }));
        let drop_one = Change::Drop(Key::Account(name(0)));
        assert_eq!(database.write_all(&[vec![put, drop_one]]), [Ok(())]);
        // As a process that was killed leaves it: the files as they are now.
        let killed = tempfile::tempdir().unwrap();
        for end in ["", LOG] {
            let (from, to) = (beside(&path, end), killed.path().join(DATABASE));
            fs::copy(from, beside(&to, end)).unwrap();
        }
        drop(database);
        damage(killed.path(), 60..66);
        let repair = repair(killed.path()).unwrap().unwrap();
        assert!(beside(&repair.aside, LOG).exists());
        let saved = accounts(killed.path());
        assert!(saved.contains("late") && !saved.contains(&name(0)));
    }

    #[test]
    fn a_directory_in_use_is_refused() {
        let directory = directory();
        let _lock = Lock::take(directory.path()).unwrap();
        let error = repair(directory.path()).unwrap_err();
        assert!(error.to_string().contains("another madang"), "{error}");
    }
}
