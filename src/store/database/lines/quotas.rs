//! Quotas: the oldest lines go, a bounded number at a time, so that no request waits long for it.
//!
//! A step looks at forgotten buffers first, then at those that have got lines and are over their own quota, then at all others
//! if the quotas have changed, then at the sum of all. The keeper calls [`Sweeper::step`] after a commit, and again as long as
//! there is more. Owns what it knows of the sums. Invariant: what it knows is never less than what there is, or it counts
//! anew.

use super::{Touched, count};
use crate::store::lines::Quotas;
use rusqlite::{Connection, OptionalExtension as _, Result, params};
use std::collections::BTreeSet;

/// Lines that a step removes.
const LINES_PER_STEP: i64 = 256;

/// Buffers that a step looks at.
const BUFFERS_PER_STEP: usize = 16;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(in crate::store::database) struct Sweeper {
    quotas: Quotas,
    /// Buffers that have got lines since they were looked at.
    touched: BTreeSet<i64>,
    /// Bytes of all; `None`: to be counted.
    total: Option<i64>,
    /// All buffers are to be looked at, for the quotas are others than before.
    is_pass_due: bool,
    has_forgotten: bool,
}

impl Sweeper {
    /// Notes what a commit has changed.
    pub(in crate::store::database) fn note(&mut self, mut touched: Touched) {
        self.touched.append(&mut touched.buffers);
        self.total = self.total.map(|total| total + touched.bytes);
        if touched.has_forgotten {
            (self.has_forgotten, self.total) = (true, None);
        }
    }

    /// Whether there may be something to remove.
    pub(in crate::store::database) fn is_due(&mut self, quotas: Quotas) -> bool {
        if quotas != self.quotas {
            self.quotas = quotas;
            (self.is_pass_due, self.has_forgotten) = (true, true);
        }
        let is_over = |total: i64| quotas.bytes_total > 0 && total > limit(quotas.bytes_total);
        self.has_forgotten
            || self.is_pass_due
            || !self.touched.is_empty()
            || self.total.is_none_or(is_over)
    }

    /// Removes some lines, if there are too many; whether there may be more to remove.
    pub(in crate::store::database) fn step(&mut self, connection: &Connection) -> Result<bool> {
        if self.has_forgotten {
            self.has_forgotten = forgotten(connection)?;
            return Ok(true);
        }
        for _ in 0..BUFFERS_PER_STEP {
            let Some(&buffer) = self.touched.first() else {
                break;
            };
            if self.trim(connection, buffer)? {
                return Ok(true);
            }
            self.touched.remove(&buffer);
        }
        if !self.touched.is_empty() {
            return Ok(true);
        }
        if self.is_pass_due {
            match self.next_over(connection)? {
                Some(buffer) if self.trim(connection, buffer)? => {}
                _ => self.is_pass_due = false,
            }
            return Ok(true);
        }
        self.trim_all(connection)
    }

    /// Removes the first lines of a buffer that is over its quota, or has lines that are too old; whether it removed any.
    fn trim(&mut self, connection: &Connection, buffer: i64) -> Result<bool> {
        let sql = "SELECT lines, bytes FROM buffers WHERE buffer = ?1";
        let mut select = connection.prepare_cached(sql)?;
        let found = select.query_row([buffer], |row| Ok((row.get(0)?, row.get(1)?)));
        let (lines, bytes): (i64, i64) = found.optional()?.unwrap_or_default();
        let over_lines = lines - limit(self.quotas.lines);
        let over_bytes = bytes - limit(self.quotas.bytes);
        let (count_max, before_ms) = if over_lines > 0 {
            (over_lines.min(LINES_PER_STEP), i64::MAX)
        } else if over_bytes > 0 {
            // By the mean length of its lines; the next step sees what is left.
            let mean = (bytes / lines.max(1)).max(1);
            (
                ((over_bytes + mean - 1) / mean).min(LINES_PER_STEP),
                i64::MAX,
            )
        } else if self.quotas.since_ms > 0 {
            (LINES_PER_STEP, self.quotas.since_ms)
        } else {
            return Ok(false);
        };
        let (lines, bytes) = remove_first(connection, buffer, count_max, before_ms)?;
        self.note_removed(connection, buffer, (lines, bytes))?;
        Ok(lines > 0)
    }

    fn note_removed(
        &mut self,
        connection: &Connection,
        buffer: i64,
        (lines, bytes): (i64, i64),
    ) -> Result<()> {
        self.total = self.total.map(|total| total - bytes);
        count(connection, buffer, -lines, -bytes)
    }

    /// Any buffer that is over its quota, or has lines that are too old.
    fn next_over(&self, connection: &Connection) -> Result<Option<i64>> {
        let sql = "SELECT buffer FROM buffers b WHERE lines > ?1 OR bytes > ?2 OR EXISTS
            (SELECT 1 FROM messages INDEXED BY messages_time WHERE buffer = b.buffer AND time_ms < ?3) LIMIT 1";
        let Quotas {
            lines,
            bytes,
            since_ms,
            ..
        } = self.quotas;
        let mut select = connection.prepare_cached(sql)?;
        let found = select.query_row([limit(lines), limit(bytes), since_ms], |row| row.get(0));
        found.optional()
    }

    /// Removes the oldest lines of all.
    fn trim_all(&mut self, connection: &Connection) -> Result<bool> {
        let total = match self.total {
            Some(total) => total,
            None => {
                let sql = "SELECT coalesce(sum(bytes), 0) FROM buffers";
                connection.query_row(sql, [], |row| row.get(0))?
            }
        };
        self.total = Some(total);
        let mut excess = total - limit(self.quotas.bytes_total);
        if excess <= 0 {
            return Ok(false);
        }
        let sql =
            "SELECT buffer, (SELECT min(id) FROM messages m WHERE m.buffer = b.buffer) AS first
            FROM buffers b WHERE lines > 0 ORDER BY first LIMIT ?1";
        let mut select = connection.prepare_cached(sql)?;
        let wanted = BUFFERS_PER_STEP as i64 + 1;
        let oldest: Vec<(i64, i64)> = select
            .query_map([wanted], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_>>()?;
        // Of each, what is older than the first line of the next one.
        for (place, (buffer, _)) in oldest.iter().take(BUFFERS_PER_STEP).enumerate() {
            let until = oldest.get(place + 1).map_or(i64::MAX, |(_, first)| *first);
            let removed = remove_oldest(connection, *buffer, until)?;
            self.note_removed(connection, *buffer, removed)?;
            excess -= removed.1;
            if excess <= 0 {
                break;
            }
        }
        Ok(!oldest.is_empty())
    }
}

/// A quota as SQL has it; 0 is none.
fn limit(quota: u64) -> i64 {
    match quota {
        0 => i64::MAX,
        quota => i64::try_from(quota).unwrap_or(i64::MAX),
    }
}

/// Lines of a buffer that nobody finds any more.
fn forgotten(connection: &Connection) -> Result<bool> {
    let sql = "SELECT buffer FROM forgotten LIMIT 1";
    let mut select = connection.prepare_cached(sql)?;
    let buffer: Option<i64> = select.query_row([], |row| row.get(0)).optional()?;
    let Some(buffer) = buffer else {
        return Ok(false);
    };
    if remove_first(connection, buffer, LINES_PER_STEP, i64::MAX)?.0 < LINES_PER_STEP {
        let sql = "DELETE FROM forgotten WHERE buffer = ?1";
        connection.prepare_cached(sql)?.execute([buffer])?;
    }
    Ok(true)
}

/// Removes a few lines that are older than another; lines and bytes.
fn remove_oldest(connection: &Connection, buffer: i64, until: i64) -> Result<(i64, i64)> {
    const FEW: i64 = 16;
    let sql = "DELETE FROM messages WHERE buffer = ?1 AND id IN
        (SELECT id FROM messages WHERE buffer = ?1 AND id < ?2 ORDER BY id LIMIT ?3) RETURNING bytes";
    sum(connection, sql, [buffer, until, FEW])
}

/// Removes the first lines of a buffer, as far as they are older than a time; lines and bytes.
fn remove_first(
    connection: &Connection,
    buffer: i64,
    lines: i64,
    before_ms: i64,
) -> Result<(i64, i64)> {
    let sql = "DELETE FROM messages WHERE buffer = ?1 AND id IN
        (SELECT id FROM messages WHERE buffer = ?1 AND time_ms < ?2 ORDER BY id LIMIT ?3) RETURNING bytes";
    sum(connection, sql, [buffer, before_ms, lines])
}

fn sum(connection: &Connection, sql: &str, parameters: [i64; 3]) -> Result<(i64, i64)> {
    let [one, other, third] = parameters;
    let mut delete = connection.prepare_cached(sql)?;
    let mut rows = delete.query(params![one, other, third])?;
    let (mut lines, mut bytes) = (0, 0);
    while let Some(row) = rows.next()? {
        lines += 1;
        bytes += row.get::<_, i64>(0)?;
    }
    Ok((lines, bytes))
}
