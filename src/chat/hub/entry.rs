//! How a client becomes a user: the server's password, bans from the server, the limit on users, and the nick.
//!
//! Every protocol lets its clients in by [`Hub::enter`], which refuses those that may not come in; [`Hub::may_enter`] is the
//! same question before a client has chosen a nick. Checking a password is the caller's; the hub takes the result.

use super::{
    super::{
        Nick, Now, Profile, Refusal, User, UserId,
        bans::ServerBan,
        effort,
        mask::RealSubject,
        mode::UserModes,
        user::{Entrant, ServerPassword},
    },
    state::{Hub, nick_in, slot_of},
};

impl Hub {
    /// Requires the server's password of each client that enters from now on, or no longer does. Users who are in stay in.
    pub fn require_password(&mut self, is_required: bool) {
        self.password_required = is_required;
    }

    /// Whether a client may become a user, as far as that does not depend on its nick.
    ///
    /// # Errors
    /// [`Refusal::PasswordRequired`] or [`Refusal::BannedFromServer`].
    pub fn may_enter(&self, entrant: &Entrant<'_>, now: Now) -> Result<(), Refusal> {
        if self.password_required && entrant.password != ServerPassword::Correct {
            return Err(Refusal::PasswordRequired);
        }
        let bans = self.server_bans().len();
        if bans == 0 {
            return Ok(());
        }
        self.charge_each(bans, effort::MASK);
        // A ban from the server has no nick: any will do.
        let subject = RealSubject::new("*", entrant.username, entrant.host, entrant.address);
        match self.bans.find(&subject, now.moment) {
            None => Ok(()),
            Some(ban) => Err(Refusal::BannedFromServer {
                reason: ban.reason.clone(),
            }),
        }
    }

    /// Makes a client a user, who is in no room yet. There is no event, for no other user sees it.
    ///
    /// # Errors
    /// Those of [`Hub::may_enter`], [`Refusal::Full`], [`Refusal::NickReserved`], [`Refusal::NickOwned`],
    /// [`Refusal::NickTaken`] or [`Refusal::LooksLike`].
    pub fn enter(&mut self, nick: Nick, profile: Profile, now: Now) -> Result<UserId, Refusal> {
        self.free_departed();
        self.charge(effort::COMMAND);
        self.may_enter(&profile.entrant(), now)?;
        if self.users.len() >= self.limits.users.min(u32::MAX as usize) {
            return Err(Refusal::Full);
        }
        self.check_nick_free(&nick, None, profile.account)?;
        let login = profile.account.and_then(|id| self.login(id));
        let generation = self.next_generation();
        let entry = self.users.vacant_entry();
        let id = UserId {
            slot: slot_of(entry.key()),
            generation,
        };
        let modes = profile.modes;
        let kept = entry
            .insert(User::new(id, nick.clone(), profile, login, now))
            .kept();
        self.note_kept(kept);
        let users = &self.users;
        self.nicks
            .insert(id.slot, nick.name(), |slot| nick_in(users, slot));
        self.count_modes(UserModes::EMPTY, modes);
        self.counts.peak = self.counts.peak.max(self.nicks.len());
        Ok(id)
    }

    /// All bans from the server, the oldest first.
    pub fn server_bans(&self) -> &[ServerBan] {
        self.bans.all()
    }

    /// The ban from the server with this mask, however it is spelled.
    pub fn server_ban(&self, mask: &str) -> Option<&ServerBan> {
        self.bans.get(mask)
    }

    /// Bans from the server, in place of a ban with the same mask; returns whether the mask is new. Users who match
    /// stay until the caller ends their connections: see [`Hub::banned_users`].
    pub fn add_server_ban(&mut self, ban: ServerBan, now: Now) -> bool {
        self.bans.add(ban, now.moment)
    }

    /// Lifts the ban from the server with this mask; returns whether there was one.
    pub fn remove_server_ban(&mut self, mask: &str) -> bool {
        self.bans.remove(mask)
    }

    /// The users who match a ban from the server. Operators of the server are exempt. Walks over all users and bans,
    /// which only operators can ask for.
    pub fn banned_users(&self, now: Now) -> Vec<UserId> {
        self.charge_each(self.user_count() * self.server_bans().len(), effort::MASK);
        self.users()
            .filter(|(_, user)| !user.is_operator())
            .filter(|(_, user)| self.bans.find(&user.real_subject(), now.moment).is_some())
            .map(|(id, _)| id)
            .collect()
    }
}
