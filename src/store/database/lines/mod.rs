//! Lines of history in their tables: added in order, and forgotten.
//!
//! Each buffer has a row that counts its lines and bytes, so that no quota needs a count. Invariant: the sums in a buffer's row
//! are those of its lines. Knows no transactions.

pub(super) mod pages;
pub(super) mod quotas;
#[cfg(test)]
mod tests;

use crate::store::lines::{BufferKey, Gap, LineChange, LineRecord};
use rusqlite::{Connection, OptionalExtension as _, Result, params};
use std::collections::{BTreeMap, BTreeSet};

/// What a transaction has changed, for the quotas.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Buffers that have more lines than before.
    buffers: BTreeSet<i64>,
    bytes: i64,
    pub(in crate::store::database) has_forgotten: bool,
}

/// Makes changes, in order.
pub(super) fn apply(
    connection: &Connection,
    changes: &[LineChange],
    gap: Option<Gap>,
    touched: &mut Touched,
) -> Result<()> {
    let mut sums = Sums::new();
    for change in changes {
        match change {
            LineChange::Add(key, line) => add(connection, key, line, &mut sums)?,
            LineChange::Forget(key) => {
                if let Some(buffer) = find(connection, key)? {
                    forget(connection, buffer)?;
                }
                touched.has_forgotten = true;
            }
            LineChange::ForgetAccount(name) => {
                forget_account(connection, name)?;
                touched.has_forgotten = true;
            }
        }
    }
    for (buffer, (lines, bytes)) in sums {
        count(connection, buffer, lines, bytes)?;
        touched.buffers.insert(buffer);
        touched.bytes += bytes;
    }
    if let Some(gap) = gap {
        let sql = "INSERT INTO gaps (from_ms, to_ms, lines) VALUES (?1, ?2, ?3)";
        let mut insert = connection.prepare_cached(sql)?;
        insert.execute(params![gap.from_ms, gap.to_ms, gap.lines as i64])?;
    }
    Ok(())
}

/// The number of a buffer.
pub(super) fn find(connection: &Connection, key: &BufferKey) -> Result<Option<i64>> {
    match key {
        BufferKey::Room(serial) => {
            let sql = "SELECT buffer FROM buffers WHERE room = ?1";
            let mut select = connection.prepare_cached(sql)?;
            select
                .query_row([*serial as i64], |row| row.get(0))
                .optional()
        }
        BufferKey::Pair(one, other) => {
            let sql = "SELECT buffer FROM buffers WHERE account = ?1 AND other = ?2";
            let mut select = connection.prepare_cached(sql)?;
            select.query_row([one, other], |row| row.get(0)).optional()
        }
    }
}

fn find_or_make(connection: &Connection, key: &BufferKey) -> Result<i64> {
    if let Some(buffer) = find(connection, key)? {
        return Ok(buffer);
    }
    let sql = "INSERT INTO buffers (room, account, other, lines, bytes) VALUES (?1, ?2, ?3, 0, 0)";
    let mut insert = connection.prepare_cached(sql)?;
    match key {
        BufferKey::Room(serial) => {
            insert.insert(params![*serial as i64, None::<&str>, None::<&str>])
        }
        BufferKey::Pair(one, other) => insert.insert(params![None::<i64>, one, other]),
    }
}

/// Lines and bytes to be added to the sums of buffers.
type Sums = BTreeMap<i64, (i64, i64)>;

fn add(connection: &Connection, key: &BufferKey, line: &LineRecord, sums: &mut Sums) -> Result<()> {
    let buffer = find_or_make(connection, key)?;
    let sum = sums.entry(buffer).or_default();
    if let Some(message) = line.message {
        remove(connection, buffer, message, sum)?;
    }
    let sql = "INSERT OR IGNORE INTO messages (buffer, id, time_ms, kind, event, rank, nick, username, host, account, bot,
            target, tags, text, detail, message, bytes)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
    let bytes = line.bytes() as i64;
    let added = connection.prepare_cached(sql)?.execute(params![
        buffer,
        line.id as i64,
        line.time_ms,
        line.kind.name(),
        line.kind.is_event(),
        line.rank,
        line.nick,
        line.username,
        line.host,
        line.account,
        line.is_bot,
        line.target,
        line.tags,
        line.text,
        line.detail,
        line.message.map(|id| id as i64),
        bytes
    ])?;
    // It may have been added by an earlier keeper, which ended before it could say so.
    *sum = (sum.0 + added as i64, sum.1 + added as i64 * bytes);
    Ok(())
}

fn remove(connection: &Connection, buffer: i64, id: u64, sum: &mut (i64, i64)) -> Result<()> {
    let sql = "DELETE FROM messages WHERE buffer = ?1 AND id = ?2 RETURNING bytes";
    let mut delete = connection.prepare_cached(sql)?;
    let bytes: Option<i64> = delete
        .query_row([buffer, id as i64], |row| row.get(0))
        .optional()?;
    if let Some(bytes) = bytes {
        *sum = (sum.0 - 1, sum.1 - bytes);
    }
    Ok(())
}

/// Adds to the sums of a buffer.
pub(super) fn count(connection: &Connection, buffer: i64, lines: i64, bytes: i64) -> Result<()> {
    if lines == 0 {
        return Ok(());
    }
    let sql = "UPDATE buffers SET lines = lines + ?2, bytes = bytes + ?3 WHERE buffer = ?1";
    let mut update = connection.prepare_cached(sql)?;
    update.execute([buffer, lines, bytes]).map(|_| ())
}

/// Nobody finds the buffer any more; its lines are removed piece by piece.
fn forget(connection: &Connection, buffer: i64) -> Result<()> {
    for sql in [
        "INSERT OR IGNORE INTO forgotten (buffer) VALUES (?1)",
        "DELETE FROM buffers WHERE buffer = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([buffer])?;
    }
    Ok(())
}

pub(super) fn forget_account(connection: &Connection, name: &str) -> Result<()> {
    let sql = "SELECT buffer FROM buffers WHERE account = ?1 UNION SELECT buffer FROM buffers WHERE other = ?1";
    let mut select = connection.prepare_cached(sql)?;
    let buffers: Vec<i64> = select
        .query_map([name], |row| row.get(0))?
        .collect::<Result<_>>()?;
    for buffer in buffers {
        forget(connection, buffer)?;
    }
    Ok(())
}

/// Forgets rooms that are not registered: they ended with the server.
pub(super) fn forget_ended_rooms(connection: &Connection) -> Result<()> {
    let sql = "SELECT buffer FROM buffers WHERE room IS NOT NULL AND room NOT IN (SELECT serial FROM rooms)";
    let mut select = connection.prepare(sql)?;
    let buffers: Vec<i64> = select
        .query_map([], |row| row.get(0))?
        .collect::<Result<_>>()?;
    for buffer in buffers {
        forget(connection, buffer)?;
    }
    Ok(())
}

/// The last line of each buffer: its number and time.
pub(super) fn ends(
    connection: &Connection,
    take: &mut dyn FnMut(BufferKey, u64, i64),
) -> Result<()> {
    let mut select = connection.prepare(
        "SELECT b.room, b.account, b.other, m.id, m.time_ms FROM buffers b JOIN messages m
            ON m.buffer = b.buffer AND m.id = (SELECT max(id) FROM messages WHERE buffer = b.buffer)",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let room: Option<i64> = row.get(0)?;
        let key = match room {
            Some(serial) => BufferKey::Room(serial as u64),
            None => BufferKey::Pair(row.get(1)?, row.get(2)?),
        };
        take(key, row.get::<_, i64>(3)? as u64, row.get(4)?);
    }
    Ok(())
}
