//! Registered rooms between the hub and the store: a room as a row, a row as a room, and the requests that wait for a write.
//!
//! Owns nothing. Does not know who may change a room; the hub does.

use super::{
    accounts::{Accounts, By},
    store::Store,
};
use crate::{
    chat::{
        AccountId, Hub, Nick, Now, RoomId, RoomName, RoomSerial, Topic, WallTime,
        hub::RoomSettings,
        mode::{Letter, ListKind, Rank, RoomFlag},
        registered::{Registration, RoomChanges},
    },
    net::ConnId,
    protocol::account::AccountError,
    store::{Change, Key, MaskRecord, RankRecord, RoomRecord, Row},
};

/// Has the store keep what became of registered rooms in this turn: one row for each, however often it changed.
pub(crate) fn keep_changes(hub: &mut Hub, store: &mut Store) {
    let RoomChanges { gone, changed } = hub.take_room_changes();
    for name in gone {
        store.keep(Change::Drop(Key::Room(name.to_string())));
    }
    for room in changed {
        if let Some(row) = row(hub, room) {
            store.keep(Change::Put(Row::Room(row)));
        }
    }
}

/// Has a room written that was registered just now.
///
/// # Errors
/// There are no accounts.
pub(crate) fn begin_register(
    accounts: Option<&mut Accounts>,
    (hub, store): (&Hub, &mut Store),
    asker: ConnId,
    room: RoomId,
) -> Result<(), AccountError> {
    let accounts = accounts.ok_or(AccountError::NoAccounts)?;
    let row = row(hub, room).ok_or(AccountError::NotStored)?;
    let write = store.write(vec![Change::Put(Row::Room(row))]);
    accounts.wait_to_register_room(write, By::Client(asker), room);
    Ok(())
}

/// Has the row of a room removed; its registration ends with that.
///
/// # Errors
/// There are no accounts.
pub(crate) fn begin_drop(
    accounts: Option<&mut Accounts>,
    (hub, store): (&Hub, &mut Store),
    asker: ConnId,
    room: RoomId,
) -> Result<(), AccountError> {
    let accounts = accounts.ok_or(AccountError::NoAccounts)?;
    let record = hub.room(room).ok_or(AccountError::NotStored)?;
    let key = Key::Room(record.name().to_string());
    let write = store.write(vec![Change::Drop(key)]);
    accounts.wait_to_drop_room(write, By::Client(asker), room);
    Ok(())
}

/// What is to be written of rooms together with the end of an account: its rooms go with it, and so do its ranks. A later
/// account of that name must find neither, even if the server ends between two writes.
pub(crate) fn changes_with_account(hub: &Hub, account: AccountId) -> Vec<Change> {
    let mut changes = Vec::new();
    for room in hub.rooms_of_account(account) {
        if let Some(record) = hub.room(room) {
            changes.push(Change::Drop(Key::Room(record.name().to_string())));
        }
    }
    let name = hub.accounts().name(account).map(ToString::to_string);
    for room in hub.rooms_with_rank_of(account) {
        if let Some(mut row) = row(hub, room) {
            row.ranks
                .retain(|rank| Some(&rank.account) != name.as_ref());
            changes.push(Change::Put(Row::Room(row)));
        }
    }
    changes
}

/// The row of a room as it is now; `None`: there is none.
pub(crate) fn current_row(hub: &Hub, name: &str) -> Option<RoomRecord> {
    let room = hub.find_room(&RoomName::parse(name, hub.rules()).ok()?)?;
    // Another spelling of the name is another row.
    row(hub, room).filter(|row| row.name == name)
}

/// A registered room as it is stored.
fn row(hub: &Hub, id: RoomId) -> Option<RoomRecord> {
    let (room, registration) = (hub.room(id)?, hub.registration(id)?);
    let account = |id| hub.accounts().name(id).map(ToString::to_string);
    let ranks = registration.ranks.iter().filter_map(|&(id, rank)| {
        Some(RankRecord {
            account: account(id)?,
            letter: rank.letter(),
        })
    });
    let lists = ListKind::ALL.into_iter();
    let masks = lists.flat_map(|kind| {
        room.list(kind).iter().map(move |entry| MaskRecord {
            list: kind.letter(),
            mask: entry.mask.as_str().to_owned(),
            by: entry.by.name.to_string(),
            set_ms: entry.at.unix_ms(),
        })
    });
    let topic = room.topic();
    Some(RoomRecord {
        name: room.name().to_string(),
        serial: room.serial().0,
        founder: account(registration.founder)?,
        registered_ms: registration.since.unix_ms(),
        created_ms: room.created().wall.unix_ms(),
        topic: topic.map_or(String::new(), |topic| topic.text.to_string()),
        topic_by: topic.map_or(String::new(), |topic| topic.by.to_string()),
        topic_ms: topic.map_or(0, |topic| topic.at.wall.unix_ms()),
        modes: room.flags().to_string(),
        key: room.key().map(ToOwned::to_owned),
        limit: room.limit(),
        ranks: ranks.collect(),
        masks: masks.collect(),
    })
}

/// Makes a room of a row; whether that could be done under the present rules.
pub(crate) fn restore(hub: &mut Hub, row: RoomRecord, now: Now) -> bool {
    let rules = hub.rules();
    let account = |hub: &Hub, name: &str| {
        let nick = Nick::parse(name, rules).ok()?;
        hub.accounts().find(&nick)
    };
    let name = RoomName::parse(&row.name, rules).ok();
    let (Some(name), Some(founder)) = (name, account(hub, &row.founder)) else {
        return false;
    };
    let ranks = row.ranks.iter().filter_map(|rank| {
        let letter = Rank::from_letter(rank.letter)?;
        Some((account(hub, &rank.account)?, letter))
    });
    let registration = Registration {
        founder,
        since: WallTime::from_unix_ms(row.registered_ms),
        ranks: ranks.collect(),
    };
    // A nick that is not valid any more does not cost the room its topic.
    let by = Nick::parse(&row.topic_by, rules).ok();
    let by = by.or_else(|| hub.accounts().name(founder).cloned());
    let topic = by.filter(|_| !row.topic.is_empty()).map(|by| Topic {
        text: row.topic.into(),
        by,
        at: Now {
            wall: WallTime::from_unix_ms(row.topic_ms),
            ..now
        },
    });
    let masks = row.masks.into_iter().filter_map(|mask| {
        let mut kinds = ListKind::ALL.into_iter();
        let kind = kinds.find(|kind| kind.letter() == mask.list)?;
        let at = WallTime::from_unix_ms(mask.set_ms);
        Some((kind, mask.mask.into(), mask.by.into(), at))
    });
    let settings = RoomSettings {
        serial: (row.serial > 0).then_some(RoomSerial(row.serial)),
        created: WallTime::from_unix_ms(row.created_ms),
        flags: row
            .modes
            .chars()
            .filter_map(RoomFlag::from_letter)
            .collect(),
        topic,
        key: row.key.map(Into::into),
        limit: row.limit,
        masks: masks.collect(),
    };
    hub.restore_room(name, registration, settings, now).is_ok()
}
