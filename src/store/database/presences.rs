//! The users who stay without a connection: their rows in and out.
//!
//! Invariant: what is put is what is loaded. Knows no transactions.

use super::statements::{each, run};
use crate::store::records::{PresenceRecord, PresenceRoomRecord, Row};
use rusqlite::{Connection, Result, params};

pub(super) fn put(connection: &Connection, row: &PresenceRecord) -> Result<()> {
    // The rooms go with the old row.
    let sql = "DELETE FROM presences WHERE account = ?1";
    run(connection, sql, [&row.account])?;
    run(
        connection,
        "INSERT INTO presences (account, nick, username, realname, host, modes, away, absent_since_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            row.account,
            row.nick,
            row.username,
            row.realname,
            row.host,
            row.modes,
            row.away,
            row.absent_since_ms
        ],
    )?;
    for room in &row.rooms {
        let sql = "INSERT OR IGNORE INTO presence_rooms (account, room, ranks, modes, key) VALUES (?1, ?2, ?3, ?4, ?5)";
        run(
            connection,
            sql,
            params![row.account, room.name, room.ranks, room.modes, room.key],
        )?;
    }
    Ok(())
}

pub(super) fn load(connection: &Connection, take: &mut dyn FnMut(Row)) -> Result<()> {
    let rooms = "SELECT room, ranks, modes, key FROM presence_rooms WHERE account = ?1";
    let mut rooms = connection.prepare(rooms)?;
    let sql = "SELECT account, nick, username, realname, host, modes, away, absent_since_ms FROM presences";
    each(connection, sql, |row| {
        let account: String = row.get(0)?;
        let rooms = rooms.query_map([&account], |row| {
            Ok(PresenceRoomRecord {
                name: row.get(0)?,
                ranks: row.get(1)?,
                modes: row.get(2)?,
                key: row.get(3)?,
            })
        })?;
        take(Row::Presence(PresenceRecord {
            rooms: rooms.collect::<Result<_>>()?,
            account,
            nick: row.get(1)?,
            username: row.get(2)?,
            realname: row.get(3)?,
            host: row.get(4)?,
            modes: row.get(5)?,
            away: row.get(6)?,
            absent_since_ms: row.get(7)?,
        }));
        Ok(())
    })
}
