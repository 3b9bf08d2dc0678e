//! The commands that a user can give to the [`Hub`](super::Hub), already parsed and valid in form.
//!
//! Owns nothing: texts are borrowed from the line they came in. Does not know which protocol it came by, nor whether
//! it will be granted; the hub decides that and answers with events or a [`Refusal`](super::Refusal).
//!
//! No text holds a line end or NUL.

use super::{
    AccountId, MessageId, Nick, RoomName,
    event::Speech,
    mode::{ModeChange, Rank, RoomFlags, Sign, UserModeChange},
};

/// One command of one user.
#[derive(Clone, Debug)]
pub enum Command<'a> {
    /// Have the rank that the own account has in a registered room, or make a member an operator of it.
    ClaimRank {
        /// The room.
        room: RoomName,
        /// The member, as typed; `None`: the user itself.
        nick: Option<&'a str>,
    },
    /// Disconnect another user who is logged in to the same account.
    EndOwn {
        /// That user's nick, as typed.
        nick: &'a str,
    },
    /// Give a registered room to another account.
    GiveRoom {
        /// The room.
        room: RoomName,
        /// The account's name, as typed.
        account: &'a str,
    },
    /// Invite a user into a room (Modern IRC, "INVITE message").
    Invite {
        /// The room.
        room: RoomName,
        /// The user's nick, as typed.
        nick: &'a str,
    },
    /// Join a room; the first member creates it. Being in it already is no error and no event.
    Join {
        /// The room to join.
        room: RoomName,
        /// The key, if the client gave one.
        key: Option<&'a str>,
        /// The flags of the room if this creates it: protocols differ in what their users
        /// expect. [`RoomFlags::usual`] is what IRC's do.
        flags: RoomFlags,
    },
    /// Remove a user from a room (Modern IRC, "KICK message").
    Kick {
        /// The room.
        room: RoomName,
        /// The user's nick, as typed.
        nick: &'a str,
        /// The reason; if empty, the kicker's nick takes its place.
        reason: &'a str,
    },
    /// Disconnect a user (Modern IRC, "KILL message"); operators of the server only.
    Kill {
        /// The user's nick, as typed.
        nick: &'a str,
        /// Why.
        reason: &'a str,
    },
    /// Ask the members of an invite-only room for an invitation (KNOCK, as solanum has it).
    Knock {
        /// Which room.
        room: RoomName,
        /// Why; may be empty.
        text: &'a str,
    },
    /// Leave a room; it vanishes with its last member.
    Leave {
        /// The room to leave.
        room: RoomName,
        /// The reason; may be empty.
        reason: &'a str,
    },
    /// Be logged in to an account. The caller has checked the password or the certificate.
    LogIn {
        /// Which account.
        account: AccountId,
    },
    /// Be logged in no more. A nick that belongs to the account is replaced by one that does not.
    LogOut,
    /// Become an operator of the server. The caller has checked the password.
    MakeOperator,
    /// Leave every room and the server. The user's id is invalid afterwards, but for the events of this command.
    Quit {
        /// The reason, as others see it; may be empty.
        reason: &'a str,
    },
    /// Take a message back (IRCv3 draft/message-redaction). The clients that kept it decide what they do about it.
    Redact {
        /// The destination to which it was sent.
        from: Target<'a>,
        /// Which message.
        message: MessageId,
        /// Why; may be empty.
        reason: &'a str,
    },
    /// Register a room for the user's account, so that it outlives its last member; operators of the room only.
    RegisterRoom {
        /// The room.
        room: RoomName,
    },
    /// Take another nick.
    Rename {
        /// The new nick. The user's present nick is never in the way, so a change of case is granted (but for the rare
        /// name beyond ASCII whose other case imitates someone else); the very same name is no event.
        nick: Nick,
    },
    /// Give a room another name (IRCv3 draft/channel-rename); operators of the room only.
    RenameRoom {
        /// Which room.
        room: RoomName,
        /// Its new name; a change of case is granted, the very same name is no event.
        to: RoomName,
        /// Why; may be empty.
        reason: &'a str,
    },
    /// Send a message to a room or to one user.
    Say {
        /// The destination.
        to: Target<'a>,
        /// The kind of message.
        speech: Speech,
        /// The text; not empty.
        text: &'a str,
        /// Client-only tags (IRCv3 message-tags) as they were on the line, without `@`; empty for none.
        tags: &'a str,
    },
    /// Send several lines as one message (IRCv3 draft/multiline).
    SayLines {
        /// The destination.
        to: Target<'a>,
        /// The kind of message.
        speech: Speech,
        /// The lines; at least one, and not all of them empty.
        lines: &'a [Line<'a>],
        /// Client-only tags; empty for none.
        tags: &'a str,
    },
    /// Go away (with a text), or come back (`None`).
    SetAway {
        /// The text, never empty.
        text: Option<&'a str>,
    },
    /// Change the user's "real name" (IRCv3 setname).
    SetRealname {
        /// The new one.
        text: &'a str,
    },
    /// Change a room's modes (Modern IRC, "MODE message"). Each change is tried by itself; the hub answers what cannot be done
    /// with [`Body::Refused`](super::Body::Refused).
    SetRoomModes {
        /// Which room.
        room: RoomName,
        /// The changes, in order; from [`parse_room_changes`](super::mode::parse_room_changes).
        changes: &'a [ModeChange<'a>],
    },
    /// Give an account a rank in a registered room for good, or take it; its founder only.
    SetRoomRank {
        /// The room.
        room: RoomName,
        /// The account's name, as typed.
        account: &'a str,
        /// Give or take.
        sign: Sign,
        /// Which rank.
        rank: Rank,
    },
    /// Change a room's topic; empty text clears it.
    SetTopic {
        /// The room.
        room: RoomName,
        /// The new topic; the very same one is no event.
        text: &'a str,
    },
    /// Change the user's own modes. This makes no user an operator: such a change is skipped.
    SetUserModes {
        /// The changes, in order.
        changes: &'a [UserModeChange],
    },
    /// Send tags without a text (IRCv3 message-tags, TAGMSG).
    Tag {
        /// The destination.
        to: Target<'a>,
        /// Client-only tags, at least one.
        tags: &'a str,
    },
    /// Send a text to every user with mode `w` (Modern IRC, "WALLOPS message"); operators of the server only.
    Wallops {
        /// The text; not empty.
        text: &'a str,
    },
}

/// To whom a message goes.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// The members of a room with at least this rank (ISUPPORT's STATUSMSG).
    Ranked(Rank, &'a RoomName),
    /// All members of a room but the sender.
    Room(&'a RoomName),
    /// One user, by nick as it was typed.
    User(&'a str),
}

/// One line of a message of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The text; may be empty.
    pub text: &'a str,
    /// Whether it continues the line before, without a line end between (draft/multiline-concat).
    pub concat: bool,
}
