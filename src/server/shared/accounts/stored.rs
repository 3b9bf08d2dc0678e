//! The last station of a request: its change was written, or could not be.
//!
//! What holds in memory and what is on the disk agree afterwards, or a write that makes them agree is on its way. Does not
//! know who is called with the outcome.

use super::{
    invitations::Invitation,
    requests::find,
    state::{Accounts, By, Storing, Whose},
};
use crate::{
    auth::InvitationHash,
    chat::{AccountId, Hub},
    protocol::account::{AccountError, AccountOutcome},
    server::shared::store::Store,
    store::{AccountRecord, Change, InvitationRecord, Key, Row, WriteId},
};

/// What came of a change.
#[derive(Debug)]
pub(crate) struct Stored {
    /// Who asked for it.
    pub(crate) by: By,
    pub(crate) outcome: Result<AccountOutcome, AccountError>,
    /// What is to be done to the users of an account.
    pub(crate) concerned: Option<Concerned>,
}

/// The users of an account who are concerned by a change that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Concerned {
    /// The account is still there: log its users out, then call [`Accounts::finish_drop`].
    OfDropped(AccountId),
    /// Log out those who are not the one that asked: they may have come in by the former password.
    OfNewPassword(AccountId),
}

/// Whether an account is there after a change of it has failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Registered {
    NotAnyMore,
    Still,
}

impl Accounts {
    /// The store has written a change, or could not; `None` if it is none of an account. What is to be done then to the users
    /// of an account comes with it.
    pub(crate) fn stored(
        &mut self,
        write: WriteId,
        is_stored: bool,
        hub: &mut Hub,
        store: &mut Store,
    ) -> Option<Stored> {
        let storing = self.storing.remove(&write)?;
        let by = storing.asker();
        let not_stored = Err(AccountError::NotStored);
        let (outcome, concerned) = match (storing, is_stored) {
            (Storing::Register(_, account, Whose::Own, ..), true) => {
                (Ok(AccountOutcome::Registered(account)), None)
            }
            (Storing::Register(_, account, Whose::Another, ..), true) => {
                (Ok(AccountOutcome::RegisteredFor(account)), None)
            }
            (Storing::Register(_, account, _, invitation, counted), false) => {
                self.uncount(counted);
                if let Some(invitation) = invitation {
                    store.keep(invitation.as_put());
                    self.invitations.put_back(*invitation);
                }
                self.write_what_holds(account, Registered::NotAnyMore, hub, store);
                self.remove(account);
                hub.remove_account(account);
                (not_stored, None)
            }
            (Storing::SetPassword(_, account, credentials), true) => {
                if let Some(record) = self.get_mut(account) {
                    record.credentials = credentials;
                }
                let concerned = Concerned::OfNewPassword(account);
                (Ok(AccountOutcome::PasswordSet), Some(concerned))
            }
            (Storing::Certificates(_, account, certificates), true) => {
                self.set_certificates(account, certificates);
                (Ok(AccountOutcome::CertificatesChanged), None)
            }
            (Storing::Drop(_, account), true) => {
                let concerned = Concerned::OfDropped(account);
                (Ok(AccountOutcome::Dropped), Some(concerned))
            }
            (Storing::Drop(_, account), false) => {
                self.write_what_holds(account, Registered::Still, hub, store);
                // The rows of its rooms would have gone with it.
                let mut rooms = hub.rooms_of_account(account);
                rooms.extend(hub.rooms_with_rank_of(account));
                for room in rooms {
                    hub.touch_room(room);
                }
                (not_stored, None)
            }
            (Storing::Certificates(_, account, _) | Storing::SetPassword(_, account, _), false) => {
                self.write_what_holds(account, Registered::Still, hub, store);
                (not_stored, None)
            }
            (Storing::AlwaysOn(_, _, stays), true) => {
                (Ok(AccountOutcome::AlwaysOnSet(stays)), None)
            }
            (Storing::AlwaysOn(_, account, stays), false) => {
                if let Some(record) = self.get_mut(account) {
                    record.always_on = Some(!stays);
                }
                self.write_what_holds(account, Registered::Still, hub, store);
                (not_stored, None)
            }
            (Storing::Suspension(_, account), true) => (Ok(self.suspension_stored(account)), None),
            (Storing::Suspension(_, account), false) => {
                self.write_what_holds(account, Registered::Still, hub, store);
                (Err(AccountError::NotStoredYet), None)
            }
            (Storing::Invite(_, token), true) => (Ok(AccountOutcome::Invited(token)), None),
            (Storing::Invite(_, token), false) => {
                if let Some(invitation) = self.invitations.take(token.hash()) {
                    store.keep(invitation.as_drop());
                }
                (not_stored, None)
            }
            (Storing::RegisterRoom(..), true) => (Ok(AccountOutcome::RoomRegistered), None),
            (Storing::RegisterRoom(_, room), false) => {
                if let Some(room) = hub.room(room) {
                    store.keep(Change::Drop(Key::Room(room.name().to_string())));
                }
                hub.unregister_room(room);
                (not_stored, None)
            }
            (Storing::DropRoom(_, room), true) => {
                hub.unregister_room(room);
                (Ok(AccountOutcome::RoomDropped), None)
            }
            (Storing::DropRoom(_, room), false) => {
                hub.touch_room(room);
                (not_stored, None)
            }
        };
        Some(Stored {
            by,
            outcome,
            concerned,
        })
    }

    /// After a change that failed: it may be on the disk all the same, if the keeper ended before it could say so. So the
    /// row is written as it holds.
    fn write_what_holds(&self, account: AccountId, is: Registered, hub: &Hub, store: &mut Store) {
        let name = hub.accounts().name(account);
        let (Some(name), Some(record)) = (name, self.get(account)) else {
            return;
        };
        store.keep(match is {
            Registered::Still => Change::Put(Row::Account(record.row(name.as_str()))),
            Registered::NotAnyMore => Change::Drop(Key::Account(name.to_string())),
        });
    }

    /// The row of an account as it is now. The outer `None`: a change of it is being written, which decides what holds.
    #[allow(clippy::option_option)] // No row is an answer too.
    pub(crate) fn current_row(&self, name: &str, hub: &Hub) -> Option<Option<AccountRecord>> {
        let account = find(hub, name).filter(|&id| {
            // Another spelling of the name is another row.
            hub.accounts()
                .name(id)
                .is_some_and(|it| it.as_str() == name)
        });
        let Some(account) = account else {
            return Some(None);
        };
        if self.is_being_written(account) {
            return None;
        }
        Some(self.get(account).map(|record| record.row(name)))
    }

    /// The row of an invitation as it is now. The outer `None`: an account that uses it up is being written.
    #[allow(clippy::option_option)] // No row is an answer too.
    pub(crate) fn current_invitation(&self, hash: [u8; 32]) -> Option<Option<InvitationRecord>> {
        let hash = InvitationHash(hash);
        let is_used_up = |it: &Storing| match it {
            Storing::Register(_, _, _, Some(invitation), _) => invitation.hash() == hash,
            _ => false,
        };
        if self.storing.values().any(is_used_up) {
            return None;
        }
        Some(self.invitations.get(hash).map(Invitation::row))
    }

    /// Removes an account to which no user is logged in any more.
    pub(crate) fn finish_drop(&mut self, account: AccountId, hub: &mut Hub) {
        self.remove(account);
        hub.remove_account(account);
    }
}
