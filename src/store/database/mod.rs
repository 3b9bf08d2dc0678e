//! The database: one file of SQLite, which a host may read with `sqlite3` (docs/STORE.md has the tables).
//!
//! Owns the connection. A commit with rows in it is on the disk before it is acknowledged (`synchronous = FULL`): they change
//! rarely, and someone waits for it. One with lines of history alone outlives any process, and may be lost with the last
//! second before a power cut (`NORMAL`). Knows no sockets and no processes.

mod lines;
mod presences;
mod rows;
mod salvage;
mod schema;
mod statements;

pub use salvage::TableRepair;

use super::{
    DATABASE,
    lines::{BufferKey, Gap, LineChange, Question, Quotas, Reply},
    records::{Change, Row},
};
use lines::{Touched, quotas::Sweeper};
use rusqlite::{Connection, ErrorCode, OpenFlags, backup::Backup};
use std::{
    fs::{OpenOptions, Permissions},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

/// How long a statement waits for another process, such as one that makes a backup.
const BUSY: Duration = Duration::from_secs(5);

/// Why the database cannot be used; `Display` names the remedy.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Its pages contradict each other.
    #[error(
        "{} is damaged: {why}; `madang store check` shows where; restore a backup, or save what can be read by \
         `madang store repair` (docs/STORE.md)",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// It was written by a later version of madang.
    #[error(
        "{} has schema {found}, and this madang knows {known} at most; use the newer madang, or restore a backup",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The latest schema that is known.
        known: u32,
    },
    /// It cannot be opened, read or written.
    #[error("cannot use {}: {why}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
}

/// Something to be written, as a whole or not at all.
#[derive(Clone, Copy, Debug)]
pub enum Work<'a> {
    /// Rows.
    Rows(&'a [Change]),
    /// Lines of history, and what was not handed over.
    Lines(&'a [LineChange], Option<Gap>),
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
    path: PathBuf,
    sweeper: Sweeper,
}

impl Database {
    /// Opens the database of a directory, makes it if it is not there, and brings its schema up to date.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn open(directory: &Path) -> Result<Self, DatabaseError> {
        Self::open_file(directory.join(DATABASE))
    }

    /// The same for a file of another name.
    ///
    /// # Errors
    /// It cannot be used.
    pub(super) fn open_file(path: PathBuf) -> Result<Self, DatabaseError> {
        let unusable = |error: &dyn std::fmt::Display| DatabaseError::Unusable {
            path: path.clone(),
            why: error.to_string(),
        };
        // SQLite gives its other files the rights of this one.
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(|error| unusable(&error))?;
        let private = Permissions::from_mode(0o600);
        file.set_permissions(private)
            .map_err(|error| unusable(&error))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags);
        let connection = connection.map_err(|error| unusable(&error))?;
        let sweeper = Sweeper::default();
        let mut database = Self {
            connection,
            path,
            sweeper,
        };
        database.prepare()?;
        Ok(database)
    }

    /// Opens the database of a directory to read it, beside a server that may be running. Its schema stays as it is.
    ///
    /// # Errors
    /// It is not there, or it cannot be used.
    pub fn open_beside(directory: &Path) -> Result<Self, DatabaseError> {
        let path = directory.join(DATABASE);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags);
        let connection = connection.map_err(|error| DatabaseError::Unusable {
            path: path.clone(),
            why: error.to_string(),
        })?;
        let sweeper = Sweeper::default();
        let database = Self {
            connection,
            path,
            sweeper,
        };
        let patient = database.connection.busy_timeout(BUSY);
        patient.map_err(|error| database.explain(&error))?;
        database.check_version()?;
        Ok(database)
    }

    /// Refuses a schema of a later version of madang; the schema's version.
    fn check_version(&self) -> Result<u32, DatabaseError> {
        let found = schema::version(&self.connection).map_err(|error| self.explain(&error))?;
        if found > schema::VERSION {
            return Err(DatabaseError::Newer {
                path: self.path.clone(),
                found,
                known: schema::VERSION,
            });
        }
        Ok(found)
    }

    fn prepare(&mut self) -> Result<(), DatabaseError> {
        // What SQLite puts aside for a statement stays in memory: the keeper may open no file elsewhere, and nothing that was
        // said belongs there.
        let pragmas = "PRAGMA journal_mode = WAL; PRAGMA temp_store = MEMORY; \
            PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;";
        let prepared = self.connection.execute_batch(pragmas);
        prepared.map_err(|error| self.explain(&error))?;
        self.connection
            .busy_timeout(BUSY)
            .map_err(|error| self.explain(&error))?;
        let found = self.check_version()?;
        let migrated = schema::migrate(&mut self.connection, found);
        migrated.map_err(|error| self.explain(&error))
    }

    fn explain(&self, error: &rusqlite::Error) -> DatabaseError {
        let path = self.path.clone();
        let why = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                DatabaseError::Damaged { path, why }
            }
            _ => DatabaseError::Unusable { path, why },
        }
    }

    /// Hands over every row.
    ///
    /// # Errors
    /// It cannot be read, or what it holds makes no sense.
    pub fn load(&self, take: &mut dyn FnMut(Row)) -> Result<(), DatabaseError> {
        rows::load(&self.connection, take).map_err(|error| self.explain(&error))
    }

    /// Makes the changes of several writes in one transaction. A write that fails is left out as a whole; the result has one
    /// entry for each, in order.
    pub fn write_all(&mut self, writes: &[Vec<Change>]) -> Vec<Result<(), String>> {
        let work: Vec<Work<'_>> = writes.iter().map(|changes| Work::Rows(changes)).collect();
        self.commit(&work)
    }

    /// The same for work of any kind.
    pub fn commit(&mut self, work: &[Work<'_>]) -> Vec<Result<(), String>> {
        let mut touched = Touched::default();
        match self.try_commit(work, &mut touched) {
            Ok(results) => {
                self.sweeper.note(touched);
                results
            }
            // Nothing of the transaction is on the disk.
            Err(error) => work.iter().map(|_| Err(error.to_string())).collect(),
        }
    }

    fn try_commit(
        &mut self,
        work: &[Work<'_>],
        touched: &mut Touched,
    ) -> rusqlite::Result<Vec<Result<(), String>>> {
        let has_rows = work.iter().any(|it| matches!(it, Work::Rows(_)));
        let synchronous = if has_rows { "FULL" } else { "NORMAL" };
        self.connection
            .pragma_update(None, "synchronous", synchronous)?;
        let mut transaction = self.connection.transaction()?;
        let mut results = Vec::with_capacity(work.len());
        for work in work {
            let savepoint = transaction.savepoint()?;
            let made = match work {
                Work::Rows(changes) => {
                    touched.has_forgotten |= changes.iter().any(Change::forgets_lines);
                    let mut changes = changes.iter();
                    changes.try_for_each(|change| rows::apply(&savepoint, change))
                }
                Work::Lines(changes, gap) => lines::apply(&savepoint, changes, *gap, touched),
            };
            match made {
                Ok(()) => savepoint.commit()?,
                // After a full disk or an I/O error SQLite may have taken the whole transaction back.
                Err(error) if savepoint.is_autocommit() => return Err(error),
                // Dropping the savepoint takes its changes back.
                Err(_) => drop(savepoint),
            }
            results.push(made.map_err(|error| error.to_string()));
        }
        transaction.commit()?;
        Ok(results)
    }

    /// Removes some lines that are over the quotas; whether there may be more. If it cannot, there is nothing more to be
    /// done now.
    pub fn sweep(&mut self, quotas: Quotas) -> bool {
        self.try_sweep(quotas).unwrap_or(false)
    }

    fn try_sweep(&mut self, quotas: Quotas) -> rusqlite::Result<bool> {
        if !self.sweeper.is_due(quotas) {
            return Ok(false);
        }
        let transaction = self.connection.transaction()?;
        let has_more = self.sweeper.step(&transaction)?;
        transaction.commit()?;
        Ok(has_more)
    }

    /// Answers a question about lines.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn answer(&self, question: &Question) -> Result<Reply, String> {
        lines::pages::answer(&self.connection, question).map_err(|error| error.to_string())
    }

    /// Forgets the history of rooms that are not registered, and hands over the last line of each other buffer.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn load_ends(
        &self,
        take: &mut dyn FnMut(BufferKey, u64, i64),
    ) -> Result<(), DatabaseError> {
        lines::forget_ended_rooms(&self.connection)
            .and_then(|()| lines::ends(&self.connection, take))
            .map_err(|error| self.explain(&error))
    }

    /// Looks for damage; the problems that were found, in SQLite's words. Takes long for a big file.
    ///
    /// # Errors
    /// It cannot be read at all.
    pub fn check(&self) -> Result<Vec<String>, DatabaseError> {
        let look = || {
            let mut statement = self.connection.prepare("PRAGMA integrity_check")?;
            let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
            rows.collect::<rusqlite::Result<Vec<String>>>()
        };
        let mut found = look().map_err(|error| self.explain(&error))?;
        found.retain(|line| line != "ok");
        Ok(found)
    }

    /// Writes to this database, which is new, what can still be read of a damaged one.
    ///
    /// # Errors
    /// This one cannot be written.
    pub(super) fn salvage(&mut self, damaged: &Self) -> Result<Vec<TableRepair>, DatabaseError> {
        let saved = salvage::salvage(&damaged.connection, &mut self.connection);
        saved.map_err(|error| self.explain(&error))
    }

    /// Today, for the name of a file.
    ///
    /// # Errors
    /// SQLite's.
    pub(super) fn date(&self) -> Result<String, DatabaseError> {
        let sql = "SELECT strftime('%Y%m%d-%H%M%S', 'now')";
        let date = self.connection.query_row(sql, [], |row| row.get(0));
        date.map_err(|error| self.explain(&error))
    }

    /// Copies the database to a new file while it is in use.
    ///
    /// # Errors
    /// The file cannot be written, or the database cannot be read.
    pub fn back_up(&self, to: &Path) -> Result<(), DatabaseError> {
        let unusable = |why: String| DatabaseError::Unusable {
            path: to.to_owned(),
            why,
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        options
            .open(to)
            .map_err(|error| unusable(error.to_string()))?;
        let copy = || {
            let mut copy = Connection::open(to)?;
            let backup = Backup::new(&self.connection, &mut copy)?;
            // In one step: in several, each write of the server in between would begin it anew.
            backup.run_to_completion(i32::MAX, Duration::ZERO, None)
        };
        copy().map_err(|error| {
            // Half a backup is worse than none.
            let _ = std::fs::remove_file(to);
            unusable(error.to_string())
        })
    }
}

#[cfg(test)]
mod tests;
