//! Accounts in the hub: names come and go, users log in and out; and the rule that a nick which is an account's name, or
//! looks like one, is for users of that account alone.
//!
//! Checking a password, and keeping what is registered, is the caller's. Invariant: a user's account exists.

use super::{
    super::{
        AccountId, Body, Nick, Now, Refusal, User, UserId,
        accounts::Accounts,
        room::{Rules, SpeechStatus},
        user::Login,
    },
    state::{Hub, nick_in},
};
use std::mem;

/// How many names are tried for a user who must give up a nick. Each is free but for a user who wants to be in the way.
const GUEST_NAMES_TRIED: u32 = 1_000;

impl Hub {
    /// The accounts' names.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Whether an account of this name may be made by a user, or by a client that is not one yet.
    ///
    /// # Errors
    /// [`Refusal::NickReserved`], [`Refusal::AccountExists`] if the name is that of another account or looks like one,
    /// [`Refusal::NickTaken`] or [`Refusal::LooksLike`] if another user has such a nick.
    pub fn may_register(&self, name: &Nick, by: Option<UserId>) -> Result<(), Refusal> {
        self.may_register_for(name)?;
        self.check_nick_unused(name, by.map(|by| by.slot))
    }

    /// Whether an account of this name may be made for another person. A user who has such a nick is no hindrance: see
    /// [`Hub::strangers_named`].
    ///
    /// # Errors
    /// [`Refusal::NickReserved`], or [`Refusal::AccountExists`] if the name is that of another account or looks like one.
    pub fn may_register_for(&self, name: &Nick) -> Result<(), Refusal> {
        if self.reserved.holds(name) || self.accounts.is_withheld(name) {
            return Err(Refusal::NickReserved { nick: name.clone() });
        }
        if let Some(owner) = self.accounts.owner_of(name) {
            let existing = self.accounts.name(owner).unwrap_or(name).clone();
            return Err(Refusal::AccountExists { existing });
        }
        Ok(())
    }

    /// Adds an account, for instance one that was stored; [`Hub::may_register`] is the check for new ones. `None` if an
    /// account has this name already, or one that looks like it.
    pub fn add_account(&mut self, name: Nick) -> Option<AccountId> {
        match self.accounts.owner_of(&name) {
            None => Some(self.accounts.add(name)),
            Some(_) => None,
        }
    }

    /// From now on no account of this name may be made: one is stored that cannot be used under the present rules, and is its
    /// owner's all the same.
    pub fn withhold_account(&mut self, name: &Nick) {
        self.accounts.withhold(name);
    }

    /// Removes an account to which no user is logged in any more, and the registrations of its rooms; returns whether it was
    /// there.
    pub fn remove_account(&mut self, id: AccountId) -> bool {
        debug_assert!(self.users_of(id).is_empty(), "they were logged out");
        self.forget_rooms_of(id);
        self.accounts.remove(id)
    }

    /// The users who are logged in to an account. A walk over all users: for commands that few may give.
    pub fn users_of(&self, account: AccountId) -> Vec<UserId> {
        let users = self.users();
        let of_account = users.filter(|(_, user)| user.account_id() == Some(account));
        of_account.map(|(id, _)| id).collect()
    }

    /// The users who have the nick of an account, or one that looks like it, and are not logged in to it. There are some
    /// only if the account was made for another person. A walk over all users, as above.
    pub fn strangers_named(&self, account: AccountId) -> Vec<UserId> {
        let is_named = |user: &User| self.accounts.owner_of(user.nick()) == Some(account);
        let users = self.users();
        let strangers = users.filter(|(_, user)| user.account_id() != Some(account));
        let named = strangers.filter(|(_, user)| is_named(user));
        named.map(|(id, _)| id).collect()
    }

    /// Gives a user another nick if its own belongs to an account that it is not logged in to.
    pub fn take_nick_of_another(&mut self, who: UserId, now: Now) {
        self.free_departed();
        if let Some(user) = self.user(who) {
            let account = user.account_id();
            self.give_up_nick(who, account, now);
        }
    }

    /// An account as a user's record has it.
    pub(super) fn login(&self, id: AccountId) -> Option<Login> {
        let name = self.accounts.name(id)?.clone();
        Some(Login { id, name })
    }

    /// Logs a user in, after its password or certificate was checked.
    pub(super) fn log_in(&mut self, who: UserId, id: AccountId, now: Now) -> Result<(), Refusal> {
        let login = self.login(id).ok_or(Refusal::NoSuchAccount)?;
        let user = &self.users[who.slot as usize];
        if user.account_id() != Some(id) {
            self.give_up_nick(who, Some(id), now);
            self.set_account(who, Some(login), now);
            self.claim_ranks(who, id, now);
        }
        Ok(())
    }

    /// Logs a user out. A nick of the account's is given up, for it belongs to the account.
    pub(super) fn log_out(&mut self, who: UserId, now: Now) {
        if self.users[who.slot as usize].account_id().is_none() {
            return;
        }
        self.give_up_nick(who, None, now);
        self.set_account(who, None, now);
    }

    /// Gives a user another nick if its own belongs to an account other than the one it is in from now on.
    fn give_up_nick(&mut self, who: UserId, account: Option<AccountId>, now: Now) {
        let owner = self.accounts.owner_of(&self.users[who.slot as usize].nick);
        if owner.is_none() || owner == account {
            return;
        }
        if let Some(nick) = self.guest_nick() {
            self.replace_nick(who, nick, now);
        }
    }

    /// Disconnects another user of the same account.
    pub(super) fn end_own(&mut self, who: UserId, nick: &str, now: Now) -> Result<(), Refusal> {
        let other = self.find_user_or_refuse(nick)?;
        let account = self.users[who.slot as usize].account_id();
        let is_own = account.is_some() && self.users[other.slot as usize].account_id() == account;
        if !is_own || other == who {
            return Err(Refusal::NotYours);
        }
        self.quit(other, Some(who), "Ended by its owner", now);
        Ok(())
    }

    fn set_account(&mut self, who: UserId, login: Option<Login>, now: Now) {
        self.counting(Some(who.slot), None, |hub| {
            hub.users[who.slot as usize].set_account(login);
        });
        self.forget_speech_status(who, |_| true);
        self.emit_around(who, Body::AccountChanged, now);
    }

    /// A nick that is free, for a user who must give up its own.
    fn guest_nick(&mut self) -> Option<Nick> {
        let first = self.last_generation;
        (0..GUEST_NAMES_TRIED).find_map(|tried| {
            let number = first.wrapping_add(tried) % 1_000_000;
            let nick = Nick::parse(&format!("guest{number}"), self.rules).ok()?;
            self.check_nick_free(&nick, None, None)
                .is_ok()
                .then_some(nick)
        })
    }

    /// Gives a user another nick, which is free.
    pub(super) fn replace_nick(&mut self, who: UserId, nick: Nick, now: Now) {
        let user = &self.users[who.slot as usize];
        self.nicks.remove(who.slot, user.nick.name());
        let users = &self.users;
        self.nicks
            .insert(who.slot, nick.name(), |slot| nick_in(users, slot));
        let old = self.counting(Some(who.slot), None, |hub| {
            mem::replace(&mut hub.users[who.slot as usize].nick, nick)
        });
        let user = &self.users[who.slot as usize];
        if user.nick != old {
            self.whowas.remember(user.farewell(old.clone(), now.wall));
        }
        // Judgements by host stay true.
        self.forget_speech_status(who, |rules| rules.is_about_nicks());
        self.emit_around(who, Body::Renamed { old }, now);
    }

    /// What is remembered of a user's right to speak is to be found out anew, in rooms with such rules.
    fn forget_speech_status(&mut self, who: UserId, concerns: impl Fn(&Rules) -> bool) {
        for membership in &self.users[who.slot as usize].rooms {
            let room = &mut self.rooms[membership.room as usize];
            if room.rules.as_deref().is_some_and(&concerns) {
                room.members[membership.index as usize].speech_status = SpeechStatus::Unknown;
            }
        }
    }
}
