//! Accounts are made, get another password, and end: the change is handed to the store.
//!
//! Used for what clients ask for, when their password is hashed, and for what the host asks for. Invariant: of one account
//! one change is being written at a time. Does not know how a request began.

use super::{
    record::Record,
    requests::{Asker, Rules, refusal},
    state::{Accounts, By, New, Storing, Whose},
};
use crate::{
    auth::{Credentials, InvitationHash},
    chat::{AccountId, Hub, Nick, Now, UserId},
    protocol::account::{AccountError, Registration},
    server::shared::{password_checks::PasswordChecks, rooms, store::Store},
    store::{Change, Key, Row},
};

impl Accounts {
    /// Whether a client may make an account, as far as invitations go; with the one that it uses up.
    ///
    /// # Errors
    /// It needs one, or has a wrong one, or has tried too many.
    pub(super) fn admit(
        &self,
        name: &Nick,
        invitation: Option<&str>,
        rules: &Rules,
        asker: Asker<'_>,
        checks: &mut PasswordChecks,
    ) -> Result<Option<InvitationHash>, AccountError> {
        if rules.known.registration != Registration::Invited {
            return Ok(None);
        }
        let text = invitation.ok_or(AccountError::InvitationNeeded)?;
        let found = self.invitations.find(text, name, asker.now.wall);
        checks
            .check_invitation(&name.folded(), found.is_some(), asker.guesser, asker.now)
            .map_err(refusal)?;
        found.map(Some).ok_or(AccountError::WrongInvitation)
    }

    /// Makes an invitation, and has it stored.
    ///
    /// # Errors
    /// The server takes none, or there are too many.
    pub(super) fn invite(
        &mut self,
        name: Option<&Nick>,
        by: &str,
        (asker, now): (By, Now),
        rules: &Rules,
        store: &mut Store,
    ) -> Result<(), AccountError> {
        if rules.known.registration != Registration::Invited {
            return Err(AccountError::NoInvitations);
        }
        let (token, invitation) = self.invitations.make(name, by, now.wall, store)?;
        let write = store.write(vec![invitation.as_put()]);
        self.storing.insert(write, Storing::Invite(asker, token));
        Ok(())
    }

    /// Makes an account, and has it stored.
    ///
    /// # Errors
    /// Its name is not free, or its invitation was used meanwhile.
    pub(super) fn make(
        &mut self,
        new: New,
        credentials: Credentials,
        (by, user): (By, Option<UserId>),
        now: Now,
        hub: &mut Hub,
        store: &mut Store,
    ) -> Result<(), AccountError> {
        let counted = new.counted;
        let made = self.begin_make(new, credentials, (by, user), now, hub, store);
        made.inspect_err(|_| self.uncount(counted))
    }

    fn begin_make(
        &mut self,
        new: New,
        credentials: Credentials,
        (by, user): (By, Option<UserId>),
        now: Now,
        hub: &mut Hub,
        store: &mut Store,
    ) -> Result<(), AccountError> {
        let New {
            name,
            whose,
            invitation,
            counted,
        } = new;
        match whose {
            Whose::Own => hub.may_register(&name, user)?,
            Whose::Another => hub.may_register_for(&name)?,
        }
        let invitation = match invitation {
            None => None,
            Some(hash) => {
                let taken = self.invitations.take(hash);
                Some(Box::new(taken.ok_or(AccountError::WrongInvitation)?))
            }
        };
        let shown = name.to_string();
        let account = hub.add_account(name);
        let account = account.expect("its name was found to be free a moment ago");
        let record = Record::new(credentials, now.wall);
        let mut changes = vec![Change::Put(Row::Account(record.row(&shown)))];
        // In one write, or one invitation could make two accounts.
        changes.extend(invitation.as_ref().map(|it| it.as_drop()));
        self.insert(account, record);
        let write = store.write(changes);
        let storing = Storing::Register(by, account, whose, invitation, counted);
        self.storing.insert(write, storing);
        Ok(())
    }

    /// Gives an account another password, when that is stored.
    ///
    /// # Errors
    /// It is gone, or being changed.
    pub(super) fn set_password(
        &mut self,
        account: AccountId,
        credentials: Credentials,
        by: By,
        hub: &Hub,
        store: &mut Store,
    ) -> Result<(), AccountError> {
        let name = hub.accounts().name(account).ok_or(AccountError::Wrong)?;
        let mut changed = self.get(account).ok_or(AccountError::Wrong)?.clone();
        if self.is_being_written(account) {
            return Err(AccountError::BeingChanged);
        }
        changed.credentials = credentials.clone();
        let put = Change::Put(Row::Account(changed.row(name.as_str())));
        let write = store.write(vec![put]);
        let storing = Storing::SetPassword(by, account, credentials);
        self.storing.insert(write, storing);
        Ok(())
    }

    /// Ends an account, when that is stored.
    ///
    /// # Errors
    /// It is gone, or being changed.
    pub(super) fn begin_drop(
        &mut self,
        account: AccountId,
        by: By,
        hub: &Hub,
        store: &mut Store,
    ) -> Result<(), AccountError> {
        let name = hub.accounts().name(account).ok_or(AccountError::Wrong)?;
        if self.is_being_written(account) {
            return Err(AccountError::BeingChanged);
        }
        // With the account goes what it has said to others: nobody who takes its name later may read that.
        let mut changes = vec![
            Change::Drop(Key::PairsOf(name.folded())),
            Change::Drop(Key::Account(name.to_string())),
        ];
        changes.extend(rooms::changes_with_account(hub, account));
        let write = store.write(changes);
        self.storing.insert(write, Storing::Drop(by, account));
        Ok(())
    }
}
