//! What can still be read of a damaged database, row by row, past the places that cannot be read; written to a new one.
//!
//! Knows no table by name: it saves the tables of today's schema. A table whose rows have numbers is read in their order;
//! where a page is damaged, one number after the other is looked up until a row is found behind it. A table that is ordered
//! by its key is read from both ends, and then for each row that it belongs to. The damaged database is not changed.

use rusqlite::{Connection, ErrorCode, Result, Row, Statement, params_from_iter, types::Value};

/// So many numbers are looked up behind the last row that could be read, if the database does not say where its end is.
const BEHIND_MAX: i64 = 100_000;

/// What became of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRepair {
    /// Its name.
    pub name: String,
    /// Rows that are in the new database.
    pub saved: u64,
    /// In how many places something could not be read or saved.
    pub damaged: u64,
}

/// A table of the schema.
struct Table {
    name: String,
    columns: Vec<String>,
    /// The columns of its key, in order; none if its rows have numbers.
    key: Vec<String>,
    /// Which column refers to which table and column.
    references: Vec<(String, String, String)>,
}

/// Saves what can be read.
///
/// # Errors
/// The new database cannot be written. What cannot be read of the old one is no error.
pub(super) fn salvage(old: &Connection, new: &mut Connection) -> Result<Vec<TableRepair>> {
    let transaction = new.transaction()?;
    let mut done = Vec::new();
    for table in tables(&transaction)? {
        let mut rows = Rows::new(&transaction, &table)?;
        let read = match table.key.is_empty() {
            true => by_number(old, &table, &mut rows),
            false => by_key(old, &transaction, &table, &mut rows),
        };
        let mut damaged = rows.damaged;
        if let Some(error) = rows.failure.take() {
            return Err(error);
        }
        // The table itself may not be found.
        damaged += u64::from(read.is_err());
        drop(rows);
        let count = format!("SELECT count(*) FROM {}", table.name);
        let saved = transaction.query_row(&count, [], |row| row.get::<_, i64>(0))?;
        done.push(TableRepair {
            name: table.name,
            saved: saved.unsigned_abs(),
            damaged,
        });
    }
    transaction.commit()?;
    Ok(done)
}

/// The tables, each after those that it refers to.
fn tables(new: &Connection) -> Result<Vec<Table>> {
    let sql = "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%'";
    let mut statement = new.prepare(sql)?;
    let named = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let named: Vec<(String, bool)> = named.collect::<Result<_>>()?;
    let described = named.into_iter().map(|(name, has_key)| {
        let info = "SELECT name FROM pragma_table_info(?1) ORDER BY cid";
        let key = "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk";
        // A reference without a column is one to the key, which has one column here.
        let references = "SELECT \"from\", \"table\",
            coalesce(\"to\", (SELECT name FROM pragma_table_info(\"table\") WHERE pk = 1)) FROM pragma_foreign_key_list(?1)";
        let mut references = new.prepare(references)?;
        let references = references.query_map([&name], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        Ok(Table {
            columns: texts(new, info, &name)?,
            key: if has_key { texts(new, key, &name)? } else { Vec::new() },
            references: references.collect::<Result<_>>()?,
            name,
        })
    });
    let mut waiting: Vec<Table> = described.collect::<Result<_>>()?;
    let mut ordered: Vec<Table> = Vec::new();
    while !waiting.is_empty() {
        let is_ready = |table: &Table| {
            let mut parents = table.references.iter().map(|(_, parent, _)| parent);
            parents.all(|parent| ordered.iter().any(|table| table.name == *parent))
        };
        // Tables that refer to each other in a circle come in any order.
        let next = waiting.iter().position(is_ready).unwrap_or(0);
        ordered.push(waiting.remove(next));
    }
    Ok(ordered)
}

fn texts(connection: &Connection, sql: &str, name: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let texts = statement.query_map([name], |row| row.get(0))?;
    texts.collect()
}

/// The rows of a table on their way.
struct Rows<'a> {
    insert: Statement<'a>,
    columns: usize,
    damaged: u64,
    /// Why the new database cannot be written.
    failure: Option<rusqlite::Error>,
}

impl<'a> Rows<'a> {
    fn new(new: &'a Connection, table: &Table) -> Result<Self> {
        let columns = table.columns.len();
        let places: Vec<&str> = (0..columns).map(|_| "?").collect();
        let (name, names, places) = (&table.name, table.columns.join(", "), places.join(", "));
        let sql = format!("INSERT OR REPLACE INTO {name} ({names}) VALUES ({places})");
        Ok(Self {
            insert: new.prepare(&sql)?,
            columns,
            damaged: 0,
            failure: None,
        })
    }

    fn take(&mut self, row: &Row<'_>) {
        let values = (0..self.columns).map(|at| row.get::<_, Value>(at));
        let Ok(values) = values.collect::<Result<Vec<Value>>>() else {
            self.damaged += 1;
            return;
        };
        if let Err(error) = self.insert.execute(params_from_iter(values)) {
            // What does not fit its column, or belongs to a row that is lost.
            match error.sqlite_error_code() {
                Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch) => self.damaged += 1,
                _ => self.failure = Some(error),
            }
        }
    }

    /// Takes all that a statement finds.
    fn take_all(
        &mut self,
        statement: &mut Statement<'_>,
        params: impl rusqlite::Params,
    ) -> Result<()> {
        let mut found = statement.query(params)?;
        while let Some(row) = found.next()? {
            self.take(row);
        }
        Ok(())
    }
}

fn by_number(old: &Connection, table: &Table, rows: &mut Rows<'_>) -> Result<()> {
    let (name, columns) = (&table.name, table.columns.join(", "));
    let select = format!("SELECT {columns}, rowid FROM {name} NOT INDEXED WHERE rowid");
    let mut behind = old.prepare(&format!("{select} > ?1 ORDER BY rowid"))?;
    let mut at = old.prepare(&format!("{select} = ?1"))?;
    let mut last = 0;
    while scan(&mut behind, &mut last, rows).is_err() {
        rows.damaged += 1;
        let end = old.query_row(&format!("SELECT max(rowid) FROM {name}"), [], |row| {
            row.get::<_, Option<i64>>(0)
        });
        let end = match end {
            Ok(end) => end.unwrap_or_default(),
            Err(_) => last.saturating_add(BEHIND_MAX),
        };
        let next = (last.saturating_add(1)..=end).find(|number| {
            // Where there is none, and where it cannot be read, the search goes on.
            let found = at.query_row([number], |row| {
                rows.take(row);
                Ok(())
            });
            found.is_ok()
        });
        match next {
            Some(number) => last = number,
            None => break,
        }
    }
    Ok(())
}

/// Reads on behind the row with the number `last`, which it raises.
fn scan(statement: &mut Statement<'_>, last: &mut i64, rows: &mut Rows<'_>) -> Result<()> {
    let number = statement.column_count() - 1;
    let mut found = statement.query([*last])?;
    while let Some(row) = found.next()? {
        let here: i64 = row.get(number)?;
        if here <= *last {
            // Damage leads back.
            return Ok(());
        }
        *last = here;
        rows.take(row);
    }
    Ok(())
}

fn by_key(old: &Connection, new: &Connection, table: &Table, rows: &mut Rows<'_>) -> Result<()> {
    let (name, columns) = (&table.name, table.columns.join(", "));
    for direction in ["ASC", "DESC"] {
        let order: Vec<String> = table
            .key
            .iter()
            .map(|it| format!("{it} {direction}"))
            .collect();
        let sql = format!("SELECT {columns} FROM {name} ORDER BY {}", order.join(", "));
        if rows.take_all(&mut old.prepare(&sql)?, []).is_ok() {
            return Ok(());
        }
        rows.damaged += 1;
    }
    // Between two places that are damaged: the rows of each row that was saved of the table that it refers to.
    let first = table.key.first();
    let mut references = table.references.iter();
    if let Some((from, parent, to)) = references.find(|(from, ..)| Some(from) == first) {
        let mut of_one = old.prepare(&format!("SELECT {columns} FROM {name} WHERE {from} = ?1"))?;
        for key in keys(new, parent, to)? {
            // The damaged places were counted.
            let _ = rows.take_all(&mut of_one, [key]);
        }
    }
    Ok(())
}

fn keys(new: &Connection, table: &str, column: &str) -> Result<Vec<Value>> {
    let mut statement = new.prepare(&format!("SELECT {column} FROM {table}"))?;
    let keys = statement.query_map([], |row| row.get(0))?;
    keys.collect()
}
