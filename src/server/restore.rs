//! What was stored becomes the state of the server again, before it listens.
//!
//! Owns nothing. A row that makes no sense under today's rules is left out, named in the log, and stays in the database.

use super::{
    Error,
    shared::{Shared, accounts::Accounts, history::restore as history_restore, rooms as room_rows},
};
use crate::{
    auth::FalseSalts,
    chat::{Nick, Now, RoomName, ServerBan},
    store::{BanRecord, Change, Key, Loaded, Row, SettingRecord},
};
use std::{collections::HashMap, time::Duration};

/// The names of the server's own values.
const CLOAK_KEY: &str = "cloak key";
const FALSE_SALTS_KEY: &str = "false salts key";

/// Puts all rows into their places.
///
/// # Errors
/// The system has no randomness for a key that is missing.
pub(super) fn restore(shared: &mut Shared, loaded: Loaded, now: Now) -> Result<(), Error> {
    shared.store.is_open = true;
    let mut settings: HashMap<String, Vec<u8>> = HashMap::new();
    let mut invitations = Vec::new();
    let (mut accounts, mut bans, mut rooms) = (Vec::new(), Vec::new(), Vec::new());
    let mut presences = Vec::new();
    for row in loaded.rows {
        match row {
            Row::Setting(SettingRecord { name, value }) => {
                settings.insert(name, value);
            }
            Row::Account(row) => accounts.push(row),
            Row::Ban(row) => bans.push(row),
            Row::Presence(_) if shared.store.leaves_users_out => {}
            Row::Presence(row) => presences.push(row),
            Row::Invitation(row) => invitations.push(row),
            Row::Room(row) => rooms.push(row),
        }
    }
    let cloak_key = key(shared, &mut settings, CLOAK_KEY)?;
    shared.hosts.set_cloak_key(&cloak_key);
    let false_salts = FalseSalts::new(key(shared, &mut settings, FALSE_SALTS_KEY)?);
    let count = accounts.len();
    let (mut accounts, left_out) = Accounts::new(&mut shared.hub, accounts, false_salts);
    accounts.restore_invitations(invitations, &shared.hub);
    shared.accounts = Some(accounts);
    if !left_out.is_empty() {
        let names = left_out.join(" ");
        tracing::warn!(
            names,
            "accounts whose names are not valid, or look like others, under the present settings cannot be used"
        );
    }
    let (rooms_count, bans_count) = (rooms.len(), bans.len());
    for row in rooms {
        let name = row.name.clone();
        if !room_rows::restore(&mut shared.hub, row, now) {
            if let Ok(name) = RoomName::parse(&name, shared.hub.rules()) {
                shared.hub.withhold_room(&name);
            }
            tracing::warn!(
                name,
                "a registered room cannot be used under the present settings, or without its founder"
            );
        }
    }
    for row in bans {
        add_ban(shared, row, now);
    }
    let Shared {
        history,
        hub,
        store,
        ..
    } = &mut *shared;
    history_restore::restore(history, hub, store, loaded.ends, now);
    let mut present = 0;
    for row in presences {
        if shared.restore_presence(&row, now) {
            present += 1;
        } else {
            let key = Key::Presence(row.account);
            shared.store.keep(Change::Drop(key));
        }
    }
    shared.presences.note_all_stored();
    tracing::info!(
        accounts = count,
        bans = bans_count,
        rooms = rooms_count,
        present,
        "read what was kept"
    );
    Ok(())
}

/// A key of the server's own; made and kept if there is none yet.
fn key(
    shared: &mut Shared,
    settings: &mut HashMap<String, Vec<u8>>,
    name: &str,
) -> Result<[u8; 32], Error> {
    if let Some(key) = settings
        .remove(name)
        .and_then(|value| value.try_into().ok())
    {
        return Ok(key);
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key)
        .map_err(|error| Error::Store(format!("the system has no randomness: {error}")))?;
    shared.store.keep(Change::Put(Row::Setting(SettingRecord {
        name: name.to_owned(),
        value: key.to_vec(),
    })));
    Ok(key)
}

/// A ban ends by the wall clock it was set with, however often the server was started in between.
fn add_ban(shared: &mut Shared, row: BanRecord, now: Now) {
    let left = row.ends_ms.map(|ends| ends - now.wall.unix_ms());
    if left.is_some_and(|left| left <= 0) {
        return shared.store.keep(Change::Drop(Key::Ban(row.mask)));
    }
    let lasts = left.map(|left| Duration::from_millis(left.unsigned_abs()));
    let ban = ServerBan {
        mask: row.mask.into(),
        reason: row.reason.into(),
        by: row.by.into(),
        until: lasts.map(|span| now.moment.after(span)),
    };
    shared.hub.add_server_ban(ban, now);
}

/// The change that makes a row as it is now; `None`: another change of it is on its way, or it is not kept in memory.
pub(super) fn current(shared: &Shared, key: &Key, now: Now) -> Option<Change> {
    let row = match key {
        Key::Account(name) => {
            let accounts = shared.accounts.as_ref()?;
            accounts.current_row(name, &shared.hub)?.map(Row::Account)
        }
        Key::Ban(mask) => {
            let ban = shared.hub.server_ban(mask);
            let ban = ban.filter(|ban| *ban.mask == **mask);
            ban.map(|ban| Row::Ban(ban_row(ban, now)))
        }
        Key::Presence(account) => {
            let name = Nick::parse(account, shared.hub.rules()).ok()?;
            let account = shared.hub.accounts().find(&name)?;
            let user = shared.presences.user_of(account);
            let row = user.and_then(|it| shared.presences.row(it, &shared.hub));
            row.map(Row::Presence)
        }
        Key::Invitation(hash) => {
            let accounts = shared.accounts.as_ref()?;
            accounts.current_invitation(*hash)?.map(Row::Invitation)
        }
        Key::Room(name) => room_rows::current_row(&shared.hub, name).map(Row::Room),
        Key::PairsOf(_) | Key::Setting(_) => return None,
    };
    Some(row.map_or_else(|| Change::Drop(key.clone()), Change::Put))
}

/// A ban as it is stored.
pub(super) fn ban_row(ban: &ServerBan, now: Now) -> BanRecord {
    let left_ms = |until: crate::chat::Moment| {
        i64::try_from(until.since(now.moment).as_millis()).unwrap_or(i64::MAX)
    };
    BanRecord {
        mask: ban.mask.to_string(),
        reason: ban.reason.to_string(),
        by: ban.by.to_string(),
        set_ms: now.wall.unix_ms(),
        ends_ms: ban
            .until
            .map(|until| now.wall.unix_ms().saturating_add(left_ms(until))),
    }
}
