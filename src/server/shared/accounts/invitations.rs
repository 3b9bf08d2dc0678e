//! Invitations: each lets its bearer make one account, within seven days.
//!
//! Owns those that are open, by the hash of their token. Invariants: at most [`OPEN_MAX`] are open; one that makes an account
//! is taken out before the account is there, so that it makes one account, and is put back only if that came to nothing.
//! Does not know who may invite.

use crate::{
    auth::{InvitationHash, InvitationToken},
    chat::{Hub, Nick, WallTime},
    protocol::account::AccountError,
    server::shared::store::Store,
    store::{Change, InvitationRecord, Key, Row},
};
use rustc_hash::FxHashMap;
use std::time::Duration;

/// How many may be open: a class or a club at a time. They take some hundred bytes each.
const OPEN_MAX: usize = 1_000;

/// Long enough for a letter, short enough for a token that lies in some mailbox.
const VALID: Duration = Duration::from_secs(7 * 24 * 3600);

/// An invitation.
#[derive(Clone, Debug)]
pub(crate) struct Invitation {
    hash: InvitationHash,
    /// The only name that may be registered with it.
    name: Option<Nick>,
    by: Box<str>,
    made: WallTime,
    ends: WallTime,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Invitations {
    open: FxHashMap<InvitationHash, Invitation>,
}

impl Invitation {
    pub(super) fn row(&self) -> InvitationRecord {
        InvitationRecord {
            hash: self.hash.0,
            name: self.name.as_ref().map(ToString::to_string),
            by: self.by.to_string(),
            made_ms: self.made.unix_ms(),
            ends_ms: self.ends.unix_ms(),
        }
    }

    pub(super) fn hash(&self) -> InvitationHash {
        self.hash
    }

    fn is_over(&self, now: WallTime) -> bool {
        self.ends.unix_ms() <= now.unix_ms()
    }

    /// Its row is to be there.
    pub(super) fn as_put(&self) -> Change {
        Change::Put(Row::Invitation(self.row()))
    }

    /// Its row is to be gone.
    pub(super) fn as_drop(&self) -> Change {
        Change::Drop(Key::Invitation(self.hash.0))
    }
}

impl Invitations {
    /// Bytes of memory, but for names and nicks.
    pub(super) fn memory(&self) -> usize {
        self.open.capacity() * size_of::<(InvitationHash, Invitation)>()
    }

    /// Takes over what was stored.
    pub(super) fn restore(&mut self, rows: Vec<InvitationRecord>, hub: &Hub) {
        for row in rows {
            let hash = InvitationHash(row.hash);
            let name = row
                .name
                .as_deref()
                .map(|name| Nick::parse(name, hub.rules()));
            // A name that is not valid any more can make no account.
            let Ok(name) = name.transpose() else { continue };
            let invitation = Invitation {
                hash,
                name,
                by: row.by.into(),
                made: WallTime::from_unix_ms(row.made_ms),
                ends: WallTime::from_unix_ms(row.ends_ms),
            };
            self.open.insert(hash, invitation);
        }
    }

    /// Makes one; the caller has it stored.
    ///
    /// # Errors
    /// There are too many, or the system has no randomness.
    pub(super) fn make(
        &mut self,
        name: Option<&Nick>,
        by: &str,
        now: WallTime,
        store: &mut Store,
    ) -> Result<(InvitationToken, &Invitation), AccountError> {
        self.forget_those_over(now, store);
        if self.open.len() >= OPEN_MAX {
            return Err(AccountError::TooManyInvitations { max: OPEN_MAX });
        }
        let mut random = [0; 20];
        getrandom::fill(&mut random).map_err(|_| AccountError::NotStored)?;
        let token = InvitationToken::new(random);
        let hash = token.hash();
        let valid_ms = i64::try_from(VALID.as_millis()).unwrap_or(i64::MAX);
        let invitation = Invitation {
            hash,
            name: name.cloned(),
            by: by.into(),
            made: now,
            ends: WallTime::from_unix_ms(now.unix_ms().saturating_add(valid_ms)),
        };
        Ok((token, self.open.entry(hash).or_insert(invitation)))
    }

    /// The invitation that lets an account of this name be made.
    pub(super) fn find(&self, text: &str, name: &Nick, now: WallTime) -> Option<InvitationHash> {
        let hash = InvitationToken::parse(text)?.hash();
        let invitation = self.open.get(&hash).filter(|it| !it.is_over(now))?;
        let is_for = |wanted: &Nick| wanted.folded() == name.folded();
        invitation.name.as_ref().is_none_or(is_for).then_some(hash)
    }

    /// An open invitation.
    pub(super) fn get(&self, hash: InvitationHash) -> Option<&Invitation> {
        self.open.get(&hash)
    }

    /// Takes an invitation out, for it makes an account, or was not stored.
    pub(super) fn take(&mut self, hash: InvitationHash) -> Option<Invitation> {
        self.open.remove(&hash)
    }

    /// Puts it back, for the account was not stored.
    pub(super) fn put_back(&mut self, invitation: Invitation) {
        self.open.insert(invitation.hash, invitation);
    }

    fn forget_those_over(&mut self, now: WallTime, store: &mut Store) {
        self.open.retain(|_, invitation| {
            let is_over = invitation.is_over(now);
            if is_over {
                store.keep(invitation.as_drop());
            }
            !is_over
        });
    }
}
