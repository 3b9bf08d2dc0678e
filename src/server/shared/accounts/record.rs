//! One account, as the server keeps it: credentials, times, what its owner has set.
//!
//! Owns the record and its way to a row of the store and back. Knows no names.

use crate::{
    auth::Credentials,
    chat::WallTime,
    net::tls::Fingerprint,
    protocol::account::Suspension,
    store::{AccountRecord, SuspensionRecord},
};

/// See the module's documentation.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) credentials: Credentials,
    pub(crate) registered: WallTime,
    pub(crate) last_login: WallTime,
    /// Boxed, for few accounts are.
    pub(crate) suspended: Option<Box<Suspension>>,
    /// Whether its user stays without a connection, if its owner has said so.
    pub(crate) always_on: Option<bool>,
    /// The certificates that log in to it.
    pub(crate) fingerprints: Vec<Fingerprint>,
}

impl Record {
    /// A new account.
    pub(super) fn new(credentials: Credentials, now: WallTime) -> Self {
        Self {
            credentials,
            registered: now,
            last_login: now,
            suspended: None,
            always_on: None,
            fingerprints: Vec::new(),
        }
    }

    /// The account in a row; `None`: the row makes no sense.
    pub(super) fn of_row(row: &AccountRecord) -> Option<Self> {
        let credentials =
            Credentials::from_parts(row.salt, row.rounds, row.stored_key, row.server_key)?;
        let fingerprints = row.fingerprints.iter().filter_map(|text| text.parse().ok());
        Some(Self {
            credentials,
            registered: WallTime::from_unix_ms(row.registered_ms),
            last_login: WallTime::from_unix_ms(row.last_seen_ms),
            suspended: row.suspended.as_ref().map(|it| {
                Box::new(Suspension {
                    reason: it.reason.as_str().into(),
                    by: it.by.as_str().into(),
                    since: WallTime::from_unix_ms(it.since_ms),
                })
            }),
            always_on: row.always_on,
            fingerprints: fingerprints.collect(),
        })
    }

    /// The row of an account.
    pub(super) fn row(&self, name: &str) -> AccountRecord {
        AccountRecord {
            name: name.to_owned(),
            salt: *self.credentials.salt(),
            rounds: self.credentials.rounds(),
            stored_key: *self.credentials.stored_key(),
            server_key: *self.credentials.server_key(),
            registered_ms: self.registered.unix_ms(),
            last_seen_ms: self.last_login.unix_ms(),
            suspended: self.suspended.as_ref().map(|it| SuspensionRecord {
                reason: it.reason.to_string(),
                by: it.by.to_string(),
                since_ms: it.since.unix_ms(),
            }),
            always_on: self.always_on,
            fingerprints: self.fingerprints.iter().map(ToString::to_string).collect(),
        }
    }
}
