//! Why a command was refused, and the limits behind some of the refusals.
//!
//! Owns the sentences for the person who gave the command. Does not know which protocol they used.

use std::fmt::{self, Write as _};

use super::{
    MessageId, NameError, Nick, RoomName,
    mask::CLOAK_END,
    mode::{ListKind, Rank},
};

/// Why there is no room for a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fullness {
    /// The list has as many as it may.
    List,
    /// People from the author's network have as many as they may, on the lists of all rooms together.
    Network,
    /// The lists of all rooms together have as many as they may.
    Server,
}

fn list_full(room: &RoomName, kind: ListKind, of: Fullness) -> String {
    let list = kind.letter();
    match of {
        Fullness::List => format!("the list {list} of {room} is full"),
        Fullness::Network => format!(
            "nothing was added to the list {list} of {room}: there are as many masks from your address as there may \
             be, in all rooms together"
        ),
        Fullness::Server => format!(
            "nothing was added to the list {list} of {room}: the server has as many masks as it may"
        ),
    }
}

/// How much of everything there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest away text, in bytes. A line of IRC must hold it beside two names (AWAYLEN).
    pub away_bytes: usize,
    /// Rooms to which a user is invited at a time; the newest invitation replaces the oldest.
    pub invitations: usize,
    /// Masks on each list of a room (MAXLIST). A user who joins is compared with all of them.
    pub masks: usize,
    /// Masks that users from one network may have on the lists of all rooms together. A network is an IPv4 address or
    /// 64 bits of IPv6.
    pub masks_per_network: usize,
    /// Each list of a room may have so many masks, whatever its setters' network has elsewhere: a neighbour behind the same
    /// address who fills a hundred lists must not keep the others from banning anyone at all.
    pub masks_on_any_list: usize,
    /// Masks on the lists of all rooms together.
    pub masks_total: usize,
    /// Heap bytes that the records of users and rooms may have before nothing is added any more: no mask, no
    /// longer topic, no new room.
    pub kept_bytes: usize,
    /// Longest "real name", in bytes (NAMELEN).
    pub realname_bytes: usize,
    /// Longest reason for leaving, kicking and the like, in bytes (KICKLEN); what is beyond is cut off.
    pub reason_bytes: usize,
    /// Users in all. The server's limit on clients is reached first; this one keeps slots within 32 bits.
    pub users: usize,
    /// Rooms in all. A client with many connections could otherwise fill the memory with them.
    pub rooms: usize,
    /// Registered rooms in all. Each stays without members.
    pub registered_rooms: usize,
    /// Registered rooms of one account.
    pub registered_rooms_per_account: usize,
    /// Accounts that have a rank in a registered room, its founder not included.
    pub room_ranks: usize,
    /// Rooms of one user (CHANLIMIT). A quit walks over all of them.
    pub rooms_per_user: usize,
    /// Longest topic, in bytes; what fits into a line of IRC beside the names (TOPICLEN).
    pub topic_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            away_bytes: 200,
            invitations: 20,
            masks: 100,
            // Ten full lists. One network keeps at most some 200 KiB this way; a community that has more bans than
            // this has several operators, from several networks.
            masks_per_network: 1_000,
            masks_on_any_list: 10,
            // Some 10 MiB, and fifty networks that take all they may.
            masks_total: 50_000,
            kept_bytes: usize::MAX,
            realname_bytes: 150,
            reason_bytes: 300,
            users: 1_000_000,
            rooms: 100_000,
            registered_rooms: 10_000,
            registered_rooms_per_account: 20,
            room_ranks: 50,
            rooms_per_user: 100,
            topic_bytes: 390,
        }
    }
}

/// Why a command was refused; `Display` is a sentence for the user who gave it. Nothing has changed then.
///
/// Names in capitals are IRC's numerics for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is an account of that name, or of one that looks like it.
    #[error("there is an account {existing} already")]
    AccountExists {
        /// Its name, as it is spelled.
        existing: Nick,
    },
    /// The user is in the room, so need not be invited, nor knock (`ERR_USERONCHANNEL`, `ERR_KNOCKONCHAN`).
    #[error("{nick} is in {room} already")]
    AlreadyInRoom {
        /// The user in the room.
        nick: Nick,
        /// The room.
        room: RoomName,
    },
    /// The away text is too long.
    #[error("a word of absence may have at most {bytes_max} bytes")]
    AwayTooLong {
        /// How long it may be.
        bytes_max: usize,
    },
    /// The room needs a key, and this is not it (`ERR_BADCHANNELKEY`).
    #[error("{room} needs a key, and you did not say the right one")]
    BadKey {
        /// Which room.
        room: RoomName,
    },
    /// A ban of the room matches the user (`ERR_BANNEDFROMCHAN`).
    #[error("you are banned from {room}")]
    Banned {
        /// Which room.
        room: RoomName,
    },
    /// A user who may not speak in a room may not change its nick there either (`ERR_BANNICKCHANGE`).
    #[error("you cannot change your name while you are banned from {room}")]
    BannedFromRenaming {
        /// Which room.
        room: RoomName,
    },
    /// A ban from the server matches the client (`ERR_YOUREBANNEDCREEP`).
    #[error("you are banned from this server: {reason}")]
    BannedFromServer {
        /// Why, as the operator put it.
        reason: Box<str>,
    },
    /// The room does not take this message (`ERR_CANNOTSENDTOCHAN`).
    #[error("you cannot say that in {room}: {why}")]
    CannotSpeak {
        /// Which room.
        room: RoomName,
        /// Why not.
        why: Silence,
    },
    /// There are as many users as there may be.
    #[error("the server is full, try again later")]
    Full,
    /// There is no user with this id (any more). Only a caller that keeps ids after a quit sees this.
    #[error("you are not here any more")]
    Gone,
    /// The user has as many connections as one may have.
    #[error("you have as many connections as one may have; end one first")]
    TooManySessions,
    /// A text is no mask (`ERR_INVALIDMODEPARAM`).
    #[error("{} is no mask", harmless(.mask))]
    InvalidMask {
        /// The room whose mode was to change.
        room: RoomName,
        /// The list it was meant for.
        kind: ListKind,
        /// The text, as typed.
        mask: Box<str>,
    },
    /// A mask asks for an address, which a list of a room never sees (`ERR_INVALIDMODEPARAM`).
    #[error("{}", HiddenAddress(.mask))]
    HiddenAddress {
        /// Which room.
        room: RoomName,
        /// The list it was meant for.
        kind: ListKind,
        /// The mask, completed.
        mask: Box<str>,
    },
    /// The room needs an invitation (`ERR_INVITEONLYCHAN`).
    #[error("you can enter {room} only if you are invited")]
    InviteOnly {
        /// Which room.
        room: RoomName,
    },
    /// There are enough masks on the room's list, or on all lists (`ERR_BANLISTFULL`).
    #[error("{}", list_full(room, *kind, *of))]
    ListFull {
        /// Which room.
        room: RoomName,
        /// Which list.
        kind: ListKind,
        /// The mask that was not added.
        mask: Box<str>,
        /// Of what there are enough.
        of: Fullness,
    },
    /// The wanted nick looks like one in use.
    #[error("the name {nick} looks like {existing}, who is here already")]
    LooksLike {
        /// The wanted one.
        nick: Nick,
        /// The one in use.
        existing: Nick,
    },
    /// A text is no name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The wanted nick is the name of an account, or looks like one, and the client is not logged in to it
    /// (`ERR_NICKNAMEINUSE`).
    #[error("the name {nick} belongs to an account; log in to use it")]
    NickOwned {
        /// The wanted one.
        nick: Nick,
    },
    /// The wanted nick is reserved: it is, or looks like, that of a service or of the server (`ERR_ERRONEUSNICKNAME`).
    #[error("the name {nick} is reserved, choose another")]
    NickReserved {
        /// The wanted one.
        nick: Nick,
    },
    /// The wanted nick is in use (`ERR_NICKNAMEINUSE`).
    #[error("the name {nick} is taken")]
    NickTaken {
        /// The one in use, as its bearer spells it.
        nick: Nick,
    },
    /// No new room can come into being.
    #[error("there are too many rooms already, enter one of those")]
    NoMoreRooms,
    /// The server keeps as much for its rooms as it may, and has no room for a longer topic.
    #[error("the server has no room for a longer topic now; a shorter one is fine")]
    NoRoomForTopic {
        /// Which room.
        room: RoomName,
    },
    /// The user is not logged in to an account.
    #[error("log in to your account first")]
    NotLoggedIn,
    /// The registered room belongs to another account.
    #[error("{room} is not yours")]
    NotFounder {
        /// Which room.
        room: RoomName,
    },
    /// A founder is not made like another rank.
    #[error("a room has one founder; TRANSFER gives it to another account")]
    FounderIsGiven,
    /// The room is registered already.
    #[error("{room} is registered already")]
    RoomRegistered {
        /// Which room.
        room: RoomName,
    },
    /// The room is not registered.
    #[error("{room} is not registered")]
    RoomNotRegistered {
        /// Which room.
        room: RoomName,
    },
    /// As many accounts have ranks in the room as may.
    #[error("{room} has ranks for {max} accounts already")]
    TooManyRanks {
        /// Which room.
        room: RoomName,
        /// How many there may be.
        max: usize,
    },
    /// The account has as many registered rooms as it may.
    #[error("an account has at most {max} registered rooms")]
    TooManyRegistered {
        /// How many there may be.
        max: usize,
    },
    /// There is no such account, or not any more.
    #[error("there is no such account")]
    NoSuchAccount,
    /// There is no message of this number, or not any more, or not there.
    #[error("there is no such message")]
    NoSuchMessage {
        /// The number that was asked for.
        message: MessageId,
    },
    /// There is no such room (`ERR_NOSUCHCHANNEL`).
    #[error("there is no room {room}")]
    NoSuchRoom {
        /// The name that was asked for.
        room: RoomName,
    },
    /// There is no such user (`ERR_NOSUCHNICK`).
    #[error("there is no one named {}", harmless(.nick))]
    NoSuchUser {
        /// The name that was asked for, as typed: it may be no valid one.
        nick: Box<str>,
    },
    /// The user is not in the room (`ERR_NOTONCHANNEL`).
    #[error("you are not in {room}")]
    NotInRoom {
        /// Which room.
        room: RoomName,
    },
    /// The other user is not logged in to the same account.
    #[error("that is no other connection of your account")]
    NotYours,
    /// Only operators of the room can take back another user's message.
    #[error("you can take back only what you said yourself")]
    NotYourMessage {
        /// Which message.
        message: MessageId,
    },
    /// The user's rank in the room does not suffice (`ERR_CHANOPRIVSNEEDED`).
    #[error("you may not do that in {room}")]
    NotOperator {
        /// Which room.
        room: RoomName,
        /// The least rank that may.
        needed: Rank,
    },
    /// For operators of the server only (`ERR_NOPRIVILEGES`).
    #[error("only an operator of the server may do that")]
    NotServerOperator,
    /// The server has a password, and the client did not give it (`ERR_PASSWDMISMATCH`).
    #[error("this server has a password, and you did not give it")]
    PasswordRequired,
    /// The "real name" is too long.
    #[error("a real name may have at most {bytes_max} bytes")]
    RealnameTooLong {
        /// How long it may be.
        bytes_max: usize,
    },
    /// Only users with an account may join (`ERR_NEEDREGGEDNICK`).
    #[error("you need an account to enter {room}")]
    RegisteredOnly {
        /// Which room.
        room: RoomName,
    },
    /// Another room has the wanted name.
    #[error("there is a room {room} already")]
    RoomExists {
        /// The existing one, as it is spelled.
        room: RoomName,
    },
    /// There is no place left in the room (`ERR_CHANNELISFULL`).
    #[error("{room} is full")]
    RoomFull {
        /// Which room.
        room: RoomName,
    },
    /// The name of the room that was to come into being looks like that of another.
    #[error("the name {room} looks like {existing}, a room that exists already")]
    RoomLooksLike {
        /// The wanted one.
        room: RoomName,
        /// The existing one.
        existing: RoomName,
    },
    /// A knock at a room that every user may join (`ERR_CHANOPEN`).
    #[error("{room} is open, just enter")]
    RoomOpen {
        /// Which room.
        room: RoomName,
    },
    /// The other user is not in the room (`ERR_USERNOTINCHANNEL`).
    #[error("{nick} is not in {room}")]
    TargetNotInRoom {
        /// The other user.
        nick: Nick,
        /// Which room.
        room: RoomName,
    },
    /// The topic is too long.
    #[error("a topic may have at most {bytes_max} bytes")]
    TopicTooLong {
        /// How long it may be.
        bytes_max: usize,
    },
    /// There was a knock at the room a moment ago (`ERR_TOOMANYKNOCK`).
    #[error("someone knocked at {room} a moment ago, wait a little")]
    TooManyKnocks {
        /// Which room.
        room: RoomName,
    },
    /// The user is in as many rooms as it may be (`ERR_TOOMANYCHANNELS`).
    #[error("you may be in at most {max} rooms at once, leave one first")]
    TooManyRooms {
        /// The room that was not entered.
        room: RoomName,
        /// How many are allowed.
        max: usize,
    },
}

/// Why a room does not take a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// A ban (`b`) matches the sender.
    #[error("you are banned there")]
    Banned,
    /// Mode `m`, and the sender has no voice.
    #[error("only those with a voice may speak (+m)")]
    Moderated,
    /// A mute (`b m:`) matches the sender.
    #[error("you are muted there")]
    Muted,
    /// Mode `C`, and it was a CTCP.
    #[error("no CTCP there (+C)")]
    NoCtcp,
    /// Mode `T`, and it was a notice.
    #[error("no notices there (+T)")]
    NoNotices,
    /// Mode `n`, and the sender is no member.
    #[error("you are not in (+n)")]
    Outside,
    /// Mode `M`, and the sender has no account.
    #[error("only people with an account may speak (+M)")]
    Unregistered,
}

/// Why a mask of an address matches no user, and what to write instead.
pub(crate) struct HiddenAddress<'a>(pub(crate) &'a str);

impl fmt::Display for HiddenAddress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mask = harmless(self.0);
        write!(
            f,
            "{mask} would match nobody: addresses are not shown here; to ban a network, use the end of a host as it is \
             shown, like *!*@*.xxxxxxxx.{CLOAK_END}"
        )
    }
}

/// A text that was typed where a name belongs, cut and without control characters, fit for a sentence.
fn harmless(text: &str) -> String {
    const CHARS_MAX: usize = 40;
    let mut harmless = String::new();
    for c in text.chars().take(CHARS_MAX) {
        if c.escape_debug().len() == 1 || c.is_alphanumeric() {
            harmless.push(c);
        } else {
            // Also quotes and combining marks; the reader still recognises what was typed.
            write!(harmless, "{}", c.escape_debug()).expect("writing into a String does not fail");
        }
    }
    if text.chars().nth(CHARS_MAX).is_some() {
        harmless.push('…');
    }
    harmless
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, sentence: &str) {
        let refusal = Refusal::NoSuchUser { nick: typed.into() };
        assert_eq!(refusal.to_string(), sentence);
    }

    #[test]
    fn typed_text_is_repeated_harmlessly() {
        check("bob", "there is no one named bob");
        check("길동", "there is no one named 길동");
        check(
            "\x1b[2J\u{202e}",
            "there is no one named \\u{1b}[2J\\u{202e}",
        );
        let long = format!("there is no one named {}…", "x".repeat(40));
        check(&"x".repeat(5_000), &long);
    }
}
