//! Rows in and out: each record and its tables.
//!
//! Invariant: what is put is what is loaded. Knows no transactions.

use super::{
    lines, presences,
    statements::{each, run},
};
use crate::store::records::{
    AccountRecord, BanRecord, Change, InvitationRecord, Key, MaskRecord, RankRecord, RoomRecord,
    Row, SettingRecord, SuspensionRecord,
};
use rusqlite::{Connection, Result, params};

/// Makes a change. Statements are prepared once and kept.
pub(super) fn apply(connection: &Connection, change: &Change) -> Result<()> {
    match change {
        Change::Put(Row::Account(row)) => put_account(connection, row),
        Change::Put(Row::Ban(row)) => put_ban(connection, row),
        Change::Put(Row::Presence(row)) => presences::put(connection, row),
        Change::Put(Row::Invitation(row)) => put_invitation(connection, row),
        Change::Put(Row::Room(row)) => put_room(connection, row),
        Change::Put(Row::Setting(row)) => put_setting(connection, row),
        Change::Drop(Key::Invitation(hash)) => run(
            connection,
            "DELETE FROM invitations WHERE hash = ?1",
            [hash],
        ),
        Change::Drop(Key::PairsOf(name)) => lines::forget_account(connection, name),
        Change::Drop(key) => {
            let (sql, name) = match key {
                Key::Account(name) => ("DELETE FROM accounts WHERE name = ?1", name),
                Key::Ban(mask) => ("DELETE FROM server_bans WHERE mask = ?1", mask),
                Key::PairsOf(_) => return Ok(()),
                Key::Presence(account) => ("DELETE FROM presences WHERE account = ?1", account),
                Key::Invitation(_) => return Ok(()),
                Key::Room(name) => ("DELETE FROM rooms WHERE name = ?1", name),
                Key::Setting(name) => ("DELETE FROM settings WHERE name = ?1", name),
            };
            run(connection, sql, [name])
        }
    }
}

fn put_account(connection: &Connection, row: &AccountRecord) -> Result<()> {
    let suspended = row.suspended.as_ref();
    run(
        connection,
        "INSERT INTO accounts (name, salt, rounds, stored_key, server_key, registered_ms, last_seen_ms, suspended,
             suspended_by, suspended_ms, always_on)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (name) DO UPDATE SET salt = ?2, rounds = ?3, stored_key = ?4, server_key = ?5,
             registered_ms = ?6, last_seen_ms = ?7, suspended = ?8, suspended_by = ?9, suspended_ms = ?10,
             always_on = ?11",
        params![
            row.name,
            row.salt,
            row.rounds,
            row.stored_key,
            row.server_key,
            row.registered_ms,
            row.last_seen_ms,
            suspended.map(|it| &it.reason),
            suspended.map(|it| &it.by),
            suspended.map(|it| it.since_ms),
            row.always_on
        ],
    )?;
    run(
        connection,
        "DELETE FROM certificates WHERE account = ?1",
        [&row.name],
    )?;
    for fingerprint in &row.fingerprints {
        let sql = "INSERT OR IGNORE INTO certificates (account, fingerprint) VALUES (?1, ?2)";
        run(connection, sql, [&row.name, fingerprint])?;
    }
    Ok(())
}

fn put_ban(connection: &Connection, row: &BanRecord) -> Result<()> {
    run(
        connection,
        "INSERT OR REPLACE INTO server_bans (mask, reason, by, set_ms, ends_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![row.mask, row.reason, row.by, row.set_ms, row.ends_ms],
    )
}

fn put_invitation(connection: &Connection, row: &InvitationRecord) -> Result<()> {
    run(
        connection,
        "INSERT OR REPLACE INTO invitations (hash, account, by, made_ms, ends_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![row.hash, row.name, row.by, row.made_ms, row.ends_ms],
    )
}

fn put_setting(connection: &Connection, row: &SettingRecord) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)";
    run(connection, sql, params![row.name, row.value])
}

fn put_room(connection: &Connection, row: &RoomRecord) -> Result<()> {
    // The ranks and masks go with the old row.
    run(connection, "DELETE FROM rooms WHERE name = ?1", [&row.name])?;
    run(
        connection,
        "INSERT INTO rooms (name, founder, registered_ms, created_ms, topic, topic_by, topic_ms, modes, key, member_limit, serial)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            row.name,
            row.founder,
            row.registered_ms,
            row.created_ms,
            row.topic,
            row.topic_by,
            row.topic_ms,
            row.modes,
            row.key,
            row.limit,
            row.serial as i64
        ],
    )?;
    for rank in &row.ranks {
        let sql = "INSERT OR IGNORE INTO room_ranks (room, account, letter) VALUES (?1, ?2, ?3)";
        run(
            connection,
            sql,
            params![row.name, rank.account, rank.letter.to_string()],
        )?;
    }
    for (place, mask) in row.masks.iter().enumerate() {
        run(
            connection,
            "INSERT INTO room_masks (room, list, place, mask, by, set_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                row.name,
                mask.list.to_string(),
                place as i64,
                mask.mask,
                mask.by,
                mask.set_ms
            ],
        )?;
    }
    Ok(())
}

/// Hands over every row, table by table.
pub(super) fn load(connection: &Connection, take: &mut dyn FnMut(Row)) -> Result<()> {
    each(connection, "SELECT name, value FROM settings", |row| {
        let (name, value) = (row.get(0)?, row.get(1)?);
        take(Row::Setting(SettingRecord { name, value }));
        Ok(())
    })?;
    load_accounts(connection, take)?;
    let sql = "SELECT hash, account, by, made_ms, ends_ms FROM invitations";
    each(connection, sql, |row| {
        take(Row::Invitation(InvitationRecord {
            hash: row.get(0)?,
            name: row.get(1)?,
            by: row.get(2)?,
            made_ms: row.get(3)?,
            ends_ms: row.get(4)?,
        }));
        Ok(())
    })?;
    load_rooms(connection, take)?;
    presences::load(connection, take)?;
    let sql = "SELECT mask, reason, by, set_ms, ends_ms FROM server_bans ORDER BY set_ms";
    each(connection, sql, |row| {
        take(Row::Ban(BanRecord {
            mask: row.get(0)?,
            reason: row.get(1)?,
            by: row.get(2)?,
            set_ms: row.get(3)?,
            ends_ms: row.get(4)?,
        }));
        Ok(())
    })
}

fn load_accounts(connection: &Connection, take: &mut dyn FnMut(Row)) -> Result<()> {
    let fingerprints = "SELECT fingerprint FROM certificates WHERE account = ?1";
    let mut fingerprints = connection.prepare(fingerprints)?;
    let sql = "SELECT name, salt, rounds, stored_key, server_key, registered_ms, last_seen_ms, suspended, suspended_by,
        suspended_ms, always_on FROM accounts";
    each(connection, sql, |row| {
        let name: String = row.get(0)?;
        let of_account = fingerprints.query_map([&name], |row| row.get(0))?;
        take(Row::Account(AccountRecord {
            fingerprints: of_account.collect::<Result<_>>()?,
            name,
            salt: row.get(1)?,
            rounds: row.get(2)?,
            stored_key: row.get(3)?,
            server_key: row.get(4)?,
            registered_ms: row.get(5)?,
            last_seen_ms: row.get(6)?,
            suspended: suspension(row)?,
            always_on: row.get(10)?,
        }));
        Ok(())
    })
}

/// Whether the account of a row is suspended. By whom and since when is not known of the first ones.
fn suspension(row: &rusqlite::Row<'_>) -> Result<Option<SuspensionRecord>> {
    let Some(reason) = row.get(7)? else {
        return Ok(None);
    };
    let (by, since_ms): (Option<String>, Option<i64>) = (row.get(8)?, row.get(9)?);
    let (by, since_ms) = (by.unwrap_or_default(), since_ms.unwrap_or_default());
    Ok(Some(SuspensionRecord {
        reason,
        by,
        since_ms,
    }))
}

fn load_rooms(connection: &Connection, take: &mut dyn FnMut(Row)) -> Result<()> {
    let mut ranks = connection.prepare("SELECT account, letter FROM room_ranks WHERE room = ?1")?;
    let masks = "SELECT list, mask, by, set_ms FROM room_masks WHERE room = ?1 ORDER BY place";
    let mut masks = connection.prepare(masks)?;
    let letter = |text: String| text.chars().next().unwrap_or('?');
    let sql = "SELECT name, founder, registered_ms, created_ms, topic, topic_by, topic_ms, modes, key, member_limit, serial
        FROM rooms";
    each(connection, sql, |row| {
        let name: String = row.get(0)?;
        let ranks = ranks.query_map([&name], |row| {
            let (account, text) = (row.get(0)?, row.get(1)?);
            Ok(RankRecord {
                account,
                letter: letter(text),
            })
        })?;
        let masks = masks.query_map([&name], |row| {
            Ok(MaskRecord {
                list: letter(row.get(0)?),
                mask: row.get(1)?,
                by: row.get(2)?,
                set_ms: row.get(3)?,
            })
        })?;
        take(Row::Room(RoomRecord {
            ranks: ranks.collect::<Result<_>>()?,
            masks: masks.collect::<Result<_>>()?,
            name,
            founder: row.get(1)?,
            registered_ms: row.get(2)?,
            created_ms: row.get(3)?,
            topic: row.get(4)?,
            topic_by: row.get(5)?,
            topic_ms: row.get(6)?,
            modes: row.get(7)?,
            key: row.get(8)?,
            limit: row.get(9)?,
            serial: row.get::<_, i64>(10)? as u64,
        }));
        Ok(())
    })
}
