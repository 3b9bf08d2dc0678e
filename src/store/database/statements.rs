//! Statements of SQL: run one, or walk over its rows.
//!
//! Knows no tables.

use rusqlite::{Connection, Result};

/// Runs a statement. It is prepared once and kept.
pub(super) fn run(connection: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<()> {
    connection.prepare_cached(sql)?.execute(params).map(|_| ())
}

/// Calls for each row of a query.
pub(super) fn each(
    connection: &Connection,
    sql: &str,
    mut take: impl FnMut(&rusqlite::Row<'_>) -> Result<()>,
) -> Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        take(row)?;
    }
    Ok(())
}
