//! Questions about lines: pages, searches, and which buffers have lines.
//!
//! Each question touches a bounded number of rows, whatever a room has in it. What a page is, is defined by
//! `history::answer`; a test compares the two.

use super::find;
use crate::store::lines::{BufferKey, LineKind, LineRecord, Point, Question, Range, Reply, View};
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

/// Lines that a page has at most, and bytes.
const LINES_MAX: u32 = 1000;
const BYTES_MAX: usize = 512 * 1024;

/// Messages that a search looks at.
const SEARCHED_MAX: usize = 20_000;

/// Answers a question.
pub(in crate::store::database) fn answer(
    connection: &Connection,
    question: &Question,
) -> Result<Reply> {
    match question {
        Question::Page {
            buffer,
            range,
            limit,
            view,
        } => {
            let lines = match find(connection, buffer)? {
                Some(buffer) => Pages::new(connection, buffer, view)?.page(*range, *limit)?,
                None => Vec::new(),
            };
            Ok(Reply::Lines(lines))
        }
        Question::Search {
            buffer,
            words,
            author,
            after,
            before,
            limit,
            view,
        } => {
            let Some(buffer) = find(connection, buffer)? else {
                return Ok(Reply::Lines(Vec::new()));
            };
            let pages = Pages::new(connection, buffer, view)?;
            let from = after.map_or(Ok(0), |point| pages.upper(point))?;
            let to = before.map_or(Ok(i64::MAX), |point| pages.lower(point))?;
            let is_wanted = |line: &LineRecord| is_found(line, words, author.as_deref());
            Ok(Reply::Lines(pages.backward(from, to, *limit, is_wanted)?))
        }
        Question::Targets { rooms, account } => Ok(Reply::Targets(targets(
            connection,
            rooms,
            account.as_deref(),
        )?)),
    }
}

fn is_found(line: &LineRecord, words: &[String], author: Option<&str>) -> bool {
    let is_by = |author: &str| {
        let account = line.account.as_deref().unwrap_or_default();
        line.nick.to_lowercase() == author || account.to_lowercase() == author
    };
    if !author.is_none_or(is_by) {
        return false;
    }
    let text = line.text.to_lowercase();
    words.iter().all(|word| text.contains(word.as_str()))
}

/// The lines of one buffer, as a reader sees them.
struct Pages<'a> {
    connection: &'a Connection,
    buffer: i64,
    view: &'a View,
    /// The first line that is not too early for the reader.
    first: i64,
}

impl<'a> Pages<'a> {
    fn new(connection: &'a Connection, buffer: i64, view: &'a View) -> Result<Self> {
        let mut pages = Self {
            connection,
            buffer,
            view,
            first: 0,
        };
        if let Some(since) = view.since_ms {
            pages.first = pages.lower(Point::Time(since))?;
        }
        Ok(pages)
    }

    /// Lines before a point have lower numbers than this.
    fn lower(&self, point: Point) -> Result<i64> {
        match point {
            Point::Id(id) => Ok(id as i64),
            Point::Time(time) => self.first_at("time_ms >= ?2", time),
        }
    }

    /// Lines after a point have this number or higher ones.
    fn upper(&self, point: Point) -> Result<i64> {
        match point {
            Point::Id(id) => Ok((id as i64).saturating_add(1)),
            Point::Time(time) => self.first_at("time_ms > ?2", time),
        }
    }

    fn first_at(&self, condition: &str, time: i64) -> Result<i64> {
        let sql = format!(
            "SELECT id FROM messages INDEXED BY messages_time WHERE buffer = ?1 AND {condition}
             ORDER BY time_ms, id LIMIT 1"
        );
        let mut select = self.connection.prepare_cached(&sql)?;
        let found = select.query_row([self.buffer, time], |row| row.get(0));
        Ok(found.optional()?.unwrap_or(i64::MAX))
    }

    fn page(&self, range: Range, limit: u32) -> Result<Vec<LineRecord>> {
        let (limit, all) = (limit.min(LINES_MAX), |_: &LineRecord| true);
        match range {
            Range::Latest(None) => self.backward(0, i64::MAX, limit, all),
            Range::Latest(Some(point)) => self.backward(self.upper(point)?, i64::MAX, limit, all),
            Range::Before(point) => self.backward(0, self.lower(point)?, limit, all),
            Range::After(point) => self.forward(self.upper(point)?, i64::MAX, limit),
            Range::Between(one, other) => match self.lower(one)? <= self.lower(other)? {
                true => self.forward(self.upper(one)?, self.lower(other)?, limit),
                false => self.backward(self.upper(other)?, self.lower(one)?, limit, all),
            },
            Range::Around(point) => {
                let at = self.lower(point)?;
                let mut before = self.backward(0, at, limit / 2, all)?;
                let mut after = self.forward(at, i64::MAX, limit - before.len() as u32)?;
                let short = limit - after.len() as u32;
                if short > before.len() as u32 {
                    before = self.backward(0, at, short, all)?;
                }
                before.append(&mut after);
                Ok(before)
            }
        }
    }

    fn forward(&self, from: i64, to: i64, limit: u32) -> Result<Vec<LineRecord>> {
        self.walk("ASC", from, to, limit, |_| true)
    }

    fn backward(
        &self,
        from: i64,
        to: i64,
        limit: u32,
        is_wanted: impl Fn(&LineRecord) -> bool,
    ) -> Result<Vec<LineRecord>> {
        let mut lines = self.walk("DESC", from, to, limit, is_wanted)?;
        lines.reverse();
        Ok(lines)
    }

    fn walk(
        &self,
        order: &str,
        from: i64,
        to: i64,
        limit: u32,
        is_wanted: impl Fn(&LineRecord) -> bool,
    ) -> Result<Vec<LineRecord>> {
        let (index, condition) = match self.view.with_events {
            true => ("", ""),
            // Without it a room with many events and few messages would be read as a whole.
            false => ("INDEXED BY messages_said", "AND event = 0"),
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM messages {index} WHERE buffer = ?1 AND id >= ?2 AND id < ?3 {condition}
                AND (rank <= ?4 OR account = ?5) ORDER BY id {order}"
        );
        let mut select = self.connection.prepare_cached(&sql)?;
        let (from, view) = (from.max(self.first), self.view);
        let mut rows = select.query(params![self.buffer, from, to, view.rank, view.account])?;
        let (mut lines, mut bytes, mut looked_at) = (Vec::new(), 0, 0);
        while lines.len() < limit as usize && bytes < BYTES_MAX && looked_at < SEARCHED_MAX {
            let Some(row) = rows.next()? else { break };
            looked_at += 1;
            let line = line_of(row)?;
            if is_wanted(&line) {
                bytes += line.bytes();
                lines.push(line);
            }
        }
        Ok(lines)
    }
}

const COLUMNS: &str = "id, time_ms, kind, rank, nick, username, host, account, bot, target, tags, text, detail, message";

fn line_of(row: &Row<'_>) -> Result<LineRecord> {
    let kind: String = row.get(2)?;
    Ok(LineRecord {
        id: row.get::<_, i64>(0)? as u64,
        time_ms: row.get(1)?,
        kind: LineKind::from_name(&kind).unwrap_or_default(),
        rank: row.get(3)?,
        nick: row.get(4)?,
        username: row.get(5)?,
        host: row.get(6)?,
        account: row.get(7)?,
        is_bot: row.get(8)?,
        target: row.get(9)?,
        tags: row.get(10)?,
        text: row.get(11)?,
        detail: row.get(12)?,
        message: row.get::<_, Option<i64>>(13)?.map(|id| id as u64),
    })
}

fn targets(
    connection: &Connection,
    rooms: &[u64],
    account: Option<&str>,
) -> Result<Vec<(BufferKey, i64)>> {
    let sql = "SELECT time_ms FROM messages WHERE buffer = ?1 ORDER BY id DESC LIMIT 1";
    let mut last = connection.prepare_cached(sql)?;
    let mut last = |buffer: i64| last.query_row([buffer], |row| row.get(0)).optional();
    let mut found = Vec::new();
    for &room in rooms {
        let key = BufferKey::Room(room);
        let time = find(connection, &key)?.map_or(Ok(None), &mut last)?;
        found.extend(time.map(|time| (key, time)));
    }
    let Some(account) = account else {
        return Ok(found);
    };
    let sql = "SELECT buffer, account, other FROM buffers WHERE account = ?1
        UNION SELECT buffer, account, other FROM buffers WHERE other = ?1";
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query([account])?;
    while let Some(row) = rows.next()? {
        if let Some(time) = last(row.get(0)?)? {
            found.push((BufferKey::Pair(row.get(1)?, row.get(2)?), time));
        }
    }
    Ok(found)
}
