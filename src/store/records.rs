//! Rows of the store as plain values, and the changes to them.
//!
//! A change replaces a whole row or removes it, so making it twice is the same as once. Times are milliseconds of Unix
//! time. Knows no tables and no rules.

use serde::{Deserialize, Serialize};

/// An account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRecord {
    /// As it is shown; the key.
    pub name: String,
    /// Of the hash of the password.
    pub salt: [u8; 16],
    /// Rounds of the hash.
    pub rounds: u32,
    /// SCRAM's StoredKey (RFC 5802 section 3).
    pub stored_key: [u8; 32],
    /// SCRAM's ServerKey.
    pub server_key: [u8; 32],
    /// When it was made.
    pub registered_ms: i64,
    /// When somebody logged in to it last, as far as it was written.
    pub last_seen_ms: i64,
    /// Whether an operator has suspended it.
    pub suspended: Option<SuspensionRecord>,
    /// Fingerprints of the certificates that log in to it, in hexadecimal.
    pub fingerprints: Vec<String>,
    /// Whether its user stays without a connection, if its owner has said so.
    pub always_on: Option<bool>,
}

/// That an account is suspended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuspensionRecord {
    /// Why.
    pub reason: String,
    /// The nick of the operator.
    pub by: String,
    /// When.
    pub since_ms: i64,
}

/// A registered room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRecord {
    /// As it is shown, with its `#`; the key.
    pub name: String,
    /// Its number, by which its history is found; 0: it has none yet.
    pub serial: u64,
    /// The account that it belongs to.
    pub founder: String,
    /// When it was registered.
    pub registered_ms: i64,
    /// When it came into being.
    pub created_ms: i64,
    /// Its topic; may be empty.
    pub topic: String,
    /// Who set the topic.
    pub topic_by: String,
    /// When.
    pub topic_ms: i64,
    /// Letters of its modes without parameters.
    pub modes: String,
    /// Its key.
    pub key: Option<String>,
    /// How many members it may have.
    pub limit: Option<u32>,
    /// Ranks that accounts have in it.
    pub ranks: Vec<RankRecord>,
    /// Masks on its lists.
    pub masks: Vec<MaskRecord>,
}

/// The rank of an account in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankRecord {
    /// The account's name.
    pub account: String,
    /// The letter of the rank.
    pub letter: char,
}

/// A mask on a list of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskRecord {
    /// The letter of the list.
    pub list: char,
    /// The mask.
    pub mask: String,
    /// Who set it, as `nick!user@host`.
    pub by: String,
    /// When.
    pub set_ms: i64,
}

/// A ban from the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanRecord {
    /// `user@host`; the key.
    pub mask: String,
    /// Why.
    pub reason: String,
    /// The nick of the operator who set it.
    pub by: String,
    /// When.
    pub set_ms: i64,
    /// When it ends; `None`: never.
    pub ends_ms: Option<i64>,
}

/// A user who stays without a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceRecord {
    /// The account; the key.
    pub account: String,
    /// Its nick.
    pub nick: String,
    /// IRC's user name.
    pub username: String,
    /// IRC's "real name".
    pub realname: String,
    /// The host that is shown.
    pub host: String,
    /// Letters of its modes.
    pub modes: String,
    /// Its away text; `None`: it is not away.
    pub away: Option<String>,
    /// Since when it has no connection; `None`: it had one when this was written.
    pub absent_since_ms: Option<i64>,
    /// The rooms that it is in.
    pub rooms: Vec<PresenceRoomRecord>,
}

/// A room that such a user is in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceRoomRecord {
    /// The room's name, as it is shown.
    pub name: String,
    /// Letters of the user's ranks in it.
    pub ranks: String,
    /// Letters of the room's modes, in case nobody opens it before the user comes back.
    pub modes: String,
    /// The room's key.
    pub key: Option<String>,
}

/// A value of the server's own, such as the key of its cloaks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingRecord {
    /// Its name; the key.
    pub name: String,
    /// Its value.
    pub value: Vec<u8>,
}

/// The right to make an account, for who has its token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationRecord {
    /// The hash of the token; the key.
    pub hash: [u8; 32],
    /// The only name that may be registered with it.
    pub name: Option<String>,
    /// The nick of the operator who made it.
    pub by: String,
    /// When.
    pub made_ms: i64,
    /// When it ends.
    pub ends_ms: i64,
}

/// A row of any table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    /// Of the accounts.
    Account(AccountRecord),
    /// Of the bans from the server.
    Ban(BanRecord),
    /// Of the users who stay without a connection.
    Presence(PresenceRecord),
    /// Of the invitations.
    Invitation(InvitationRecord),
    /// Of the registered rooms.
    Room(RoomRecord),
    /// Of the server's own values.
    Setting(SettingRecord),
}

/// Names a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Key {
    /// The account of this name.
    Account(String),
    /// The ban of this mask.
    Ban(String),
    /// All that was said between the account of this folded name and others. It goes with the account, in one transaction.
    PairsOf(String),
    /// The user of this account.
    Presence(String),
    /// The invitation with this hash.
    Invitation([u8; 32]),
    /// The room of this name.
    Room(String),
    /// The value of this name.
    Setting(String),
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// The row is this from now on, whether it was there or not.
    Put(Row),
    /// The row is not there any more.
    Drop(Key),
}

impl Row {
    /// The name of the row.
    pub fn key(&self) -> Key {
        match self {
            Self::Account(row) => Key::Account(row.name.clone()),
            Self::Ban(row) => Key::Ban(row.mask.clone()),
            Self::Presence(row) => Key::Presence(row.account.clone()),
            Self::Invitation(row) => Key::Invitation(row.hash),
            Self::Room(row) => Key::Room(row.name.clone()),
            Self::Setting(row) => Key::Setting(row.name.clone()),
        }
    }
}

impl Change {
    /// Whether lines of history go with it.
    pub(super) fn forgets_lines(&self) -> bool {
        matches!(self, Self::Drop(Key::PairsOf(_)))
    }

    /// The name of the row that it changes.
    pub fn key(&self) -> Key {
        match self {
            Self::Put(row) => row.key(),
            Self::Drop(key) => key.clone(),
        }
    }
}
