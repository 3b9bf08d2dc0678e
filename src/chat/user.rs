//! One user: nick, origin, rooms, modes, away text.
//!
//! Owns a compact record, for a server holds tens of thousands of them and most are idle: at most 120 bytes, and one
//! small allocation for user name and "real name" where these are long; an [`Origin`] is shared by all
//! who have it, and what few users have is in one box (a test keeps it so).
//!
//! Invariant, kept by the hub: `rooms` and the rooms' member lists name each other. Does not know the user's
//! connection, nor its protocol.

use super::{
    Moment, Nick, Now, WallTime, cut,
    ids::{AccountId, RoomId, UserId},
    mask::{RealSubject, Subject},
    mode::{UserMode, UserModes},
    persona::{Origin, Persona, USERNAME_BYTES_MAX, USERNAME_OF_UNASKED},
    whowas::Was,
};
use smallvec::SmallVec;
use std::{fmt, rc::Rc};

/// How many rooms fit into a record; most users are in one or two.
const ROOMS_INLINE: usize = 2;

/// What is known of a client beside the nick, when it becomes a user.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// IRC's user name, shown between `!` and `@`; at most [`USERNAME_BYTES_MAX`] bytes count. Empty: the client was asked
    /// neither for it nor for a "real name", and has those of [`USERNAME_OF_UNASKED`].
    pub username: Box<str>,
    /// IRC's "real name".
    pub realname: Box<str>,
    /// Where it comes from. Share it among the users of one address.
    pub origin: Rc<Origin>,
    /// Whether the connection is encrypted.
    pub secure: bool,
    /// The fingerprint of the certificate by which the client proves who it is.
    pub certificate: Option<Box<str>>,
    /// The account that it is logged in to.
    pub account: Option<AccountId>,
    /// Modes that are on from the beginning.
    pub modes: UserModes,
    /// Whether the client gave the server's password.
    pub password: ServerPassword,
}

impl Profile {
    /// What decides whether the client may become a user, whatever its nick.
    pub fn entrant(&self) -> Entrant<'_> {
        let username = match cut(&self.username, USERNAME_BYTES_MAX) {
            "" => USERNAME_OF_UNASKED,
            username => username,
        };
        Entrant {
            username,
            host: &self.origin.host,
            address: &self.origin.address,
            password: self.password,
        }
    }
}

/// Whether a client gave the server's password, where the server has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerPassword {
    /// It gave none, or a wrong one.
    #[default]
    Missing,
    /// It gave the right one, or the server has none.
    Correct,
}

/// A client that wants to become a user.
#[derive(Clone, Copy, Debug)]
pub struct Entrant<'a> {
    /// Its user name, as it will be shown.
    pub username: &'a str,
    /// The host that is shown.
    pub host: &'a str,
    /// The real address.
    pub address: &'a str,
    /// Whether it gave the server's password.
    pub password: ServerPassword,
}

/// One user.
#[derive(Debug)]
pub struct User {
    pub(super) id: UserId,
    pub(super) nick: Nick,
    persona: Persona,
    pub(super) cold: Option<Box<ColdFields>>,
    pub(super) entered: WallTime,
    pub(super) last_spoke: Moment,
    /// In the order in which the user joined them.
    pub(super) rooms: SmallVec<[Membership; ROOMS_INLINE]>,
    /// The last walk over neighbours that came by; see `Hub::neighbours`.
    pub(super) visit: u32,
    pub(super) modes: UserModes,
    secure: bool,
}

/// What few users have.
#[derive(Debug, Default)]
pub(super) struct ColdFields {
    pub(super) away: Option<Box<str>>,
    pub(super) certificate: Option<Box<str>>,
    pub(super) account: Option<Login>,
    /// The oldest first; some may be to rooms that have vanished.
    pub(super) invitations: Vec<Invitation>,
}

/// An account that a user is logged in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) id: AccountId,
    pub(super) name: Nick,
}

/// An invitation to a room.
#[derive(Clone, Copy, Debug)]
pub(super) struct Invitation {
    pub(super) room: RoomId,
    /// Whether it opens the room whatever its modes: it came from a user who could change them.
    pub(super) opens: bool,
}

/// A user's membership of a room, as the user lists it. The member's ranks are on the room's side, in
/// [`Member`](super::room::Member), where the fan-out and the lists of names come by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Membership {
    /// Slot of the room; no generation is needed, for the room lives at least as long as its member.
    pub(super) room: u32,
    /// The user's index in the room's list of members, so that leaving need not search it.
    pub(super) index: u32,
}

impl User {
    pub(super) fn new(
        id: UserId,
        nick: Nick,
        profile: Profile,
        account: Option<Login>,
        now: Now,
    ) -> Self {
        let persona = Persona::new(&profile.username, &profile.realname, profile.origin);
        Self {
            id,
            nick,
            persona,
            cold: (profile.certificate.is_some() || account.is_some()).then(|| {
                Box::new(ColdFields {
                    certificate: profile.certificate,
                    account,
                    ..ColdFields::default()
                })
            }),
            entered: now.wall,
            last_spoke: now.moment,
            rooms: SmallVec::new(),
            visit: 0,
            modes: profile.modes,
            secure: profile.secure,
        }
    }

    /// Bytes of the names that it gave outside of the record.
    pub(super) fn names_heap_bytes(&self) -> usize {
        self.persona.heap_bytes()
    }

    pub(super) fn set_realname(&mut self, realname: &str) {
        self.persona.set_realname(realname);
    }

    pub(super) fn set_away(&mut self, text: Option<&str>) {
        if text.is_some() || self.cold.is_some() {
            self.cold.get_or_insert_default().away = text.map(Into::into);
            self.tidy();
        }
    }

    /// Notes to which account the user is logged in.
    pub(super) fn set_account(&mut self, account: Option<Login>) {
        if account.is_some() || self.cold.is_some() {
            self.cold.get_or_insert_default().account = account;
            self.tidy();
        }
    }

    /// Remembers an invitation; the oldest makes room for it if there are `max`.
    pub(super) fn invite(&mut self, invitation: Invitation, max: usize) {
        let invitations = &mut self.cold.get_or_insert_default().invitations;
        invitations.retain(|other| other.room != invitation.room);
        if invitations.len() >= max.max(1) {
            invitations.remove(0);
        }
        invitations.push(invitation);
    }

    /// Forgets an invitation, for it was used.
    pub(super) fn use_invitation(&mut self, room: RoomId) {
        if let Some(cold) = &mut self.cold {
            cold.invitations.retain(|other| other.room != room);
            self.tidy();
        }
    }

    /// The invitation to a room.
    pub(super) fn invitation(&self, room: RoomId) -> Option<Invitation> {
        let invitations = &self.cold.as_ref()?.invitations;
        invitations.iter().find(|other| other.room == room).copied()
    }

    /// Gives back what is not needed any more.
    fn tidy(&mut self) {
        let is_empty = |cold: &ColdFields| {
            cold.away.is_none()
                && cold.certificate.is_none()
                && cold.account.is_none()
                && cold.invitations.is_empty()
        };
        if self.cold.as_deref().is_some_and(is_empty) {
            self.cold = None;
        }
    }

    /// Forgets a room. The others keep their order; a list that was moved to the heap comes back when it fits again.
    pub(super) fn forget_room(&mut self, position: usize) -> Membership {
        let membership = self.rooms.remove(position);
        if self.rooms.spilled() && self.rooms.len() <= ROOMS_INLINE {
            self.rooms.shrink_to_fit();
        }
        membership
    }

    /// Where in `rooms` a room is.
    pub(super) fn position_of(&self, room: u32) -> Option<usize> {
        // A walk: the list is short, and `Limits::rooms_per_user` bounds it.
        self.rooms.iter().position(|m| m.room == room)
    }

    /// The id.
    pub fn id(&self) -> UserId {
        self.id
    }

    /// The fingerprint of the client's certificate.
    pub fn certificate(&self) -> Option<&str> {
        self.cold.as_ref()?.certificate.as_deref()
    }

    /// The nick.
    pub fn nick(&self) -> &Nick {
        &self.nick
    }

    /// IRC's user name.
    pub fn username(&self) -> &str {
        self.persona.username()
    }

    /// IRC's "real name".
    pub fn realname(&self) -> &str {
        self.persona.realname(self.nick.as_str())
    }

    /// The host that is shown.
    pub fn host(&self) -> &str {
        &self.persona.origin.host
    }

    /// The real address, for operators.
    pub fn address(&self) -> &str {
        &self.persona.origin.address
    }

    /// The name of the account that the user is logged in to.
    pub fn account(&self) -> Option<&str> {
        Some(self.login()?.name.as_str())
    }

    /// The account that the user is logged in to.
    pub fn account_id(&self) -> Option<AccountId> {
        Some(self.login()?.id)
    }

    fn login(&self) -> Option<&Login> {
        self.cold.as_ref()?.account.as_ref()
    }

    /// Whether the connection is encrypted.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Modes.
    pub fn modes(&self) -> UserModes {
        self.modes
    }

    /// Whether the user is an operator of the server.
    pub fn is_operator(&self) -> bool {
        self.modes.contains(UserMode::Operator)
    }

    /// `nick!user@host`, with the host that is shown.
    pub fn mask(&self) -> impl fmt::Display + '_ {
        ShownMask(self)
    }

    /// To be compared with masks that anyone may write.
    pub fn subject(&self) -> Subject {
        let account = self.login().map(|login| login.name.name().fold());
        Subject::of_folded(self.nick.name().fold(), self.username(), self.host())
            .with_account(account)
    }

    /// To be compared with bans from the server, which only its operators write.
    pub fn real_subject(&self) -> RealSubject {
        let nick = self.nick.name().fold();
        RealSubject::of_folded(&nick, self.username(), self.host(), self.address())
    }

    /// The away text, while the user is away.
    pub fn away(&self) -> Option<&str> {
        self.cold.as_ref()?.away.as_deref()
    }

    /// When the user entered the hub.
    pub fn entered(&self) -> WallTime {
        self.entered
    }

    /// When the user last sent a message, or entered.
    pub fn last_spoke(&self) -> Moment {
        self.last_spoke
    }

    /// How many rooms the user is in.
    pub fn room_count(&self) -> usize {
        self.rooms.len()
    }

    /// What is remembered of the user after it has quit.
    pub(super) fn farewell(&self, nick: Nick, at: WallTime) -> Was {
        Was {
            nick,
            at,
            persona: self.persona.clone(),
        }
    }
}

/// See [`User::mask`].
struct ShownMask<'a>(&'a User);

impl fmt::Display for ShownMask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.0;
        write!(f, "{}!{}@{}", user.nick, user.username(), user.host())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::NameRules;
    use std::num::NonZeroU32;

    #[test]
    fn a_client_that_was_not_asked_has_names_all_the_same() {
        let id = UserId {
            slot: 0,
            generation: NonZeroU32::MIN,
        };
        let nick: Nick = Nick::parse("alice", NameRules { unicode: true }).unwrap();
        let mut user = User::new(id, nick, Profile::default(), None, Now::default());
        assert_eq!(user.names_heap_bytes(), 0, "an idle person pays for it");
        assert_eq!((user.username(), user.realname()), ("~telnet", "alice"));
        user.set_realname("Alice");
        assert_eq!((user.username(), user.realname()), ("~telnet", "Alice"));
    }

    #[test]
    fn a_record_stays_small() {
        assert!(size_of::<User>() <= 120, "{}", size_of::<User>());
        assert_eq!(size_of::<Membership>(), 8);
        // What the slab makes of it: being vacant must hide in a niche.
        assert_eq!(size_of::<Option<User>>(), size_of::<User>());
    }
}
