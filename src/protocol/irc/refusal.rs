//! Refusals of the hub as numerics: each as the one that "Modern IRC" has for it.
//!
//! Owns the table. Does not know which command was refused.

use super::{
    codec::reply::ReplyPrefix,
    codec::{line::Line, numeric::*, text::Msgid},
};
use crate::chat::{Fullness, Refusal, Silence, mode::Letter as _};

/// Appends the reply to a refusal.
pub(super) fn write(refusal: &Refusal, prefix: ReplyPrefix<'_>, out: &mut Vec<u8>) {
    let room = |numeric: Numeric, room: &dyn std::fmt::Display, out: &mut Vec<u8>| {
        let line = prefix.numeric(numeric, out).param(room);
        line.text(numeric.words).end();
    };
    match refusal {
        Refusal::AlreadyInRoom { nick, room } => prefix
            .numeric(ERR_USERONCHANNEL, out)
            .param(nick)
            .param(room)
            .text(ERR_USERONCHANNEL.words)
            .end(),
        // These are answered where they are asked for (draft/account-registration, ChanServ); this is for the rest.
        Refusal::AccountExists { .. }
        | Refusal::FounderIsGiven
        | Refusal::NoSuchAccount
        | Refusal::NotFounder { .. }
        | Refusal::NotLoggedIn
        | Refusal::NotYours
        | Refusal::RoomNotRegistered { .. }
        | Refusal::RoomRegistered { .. }
        | Refusal::TooManyRanks { .. }
        | Refusal::TooManyRegistered { .. } => {
            let notice = Line::new(out).source(prefix.server).command("NOTICE");
            notice.param(prefix.client).text(refusal).end();
        }
        Refusal::BadKey { room: name } => room(ERR_BADCHANNELKEY, name, out),
        Refusal::Banned { room: name } => room(ERR_BANNEDFROMCHAN, name, out),
        Refusal::BannedFromServer { reason } => prefix
            .numeric(ERR_YOUREBANNEDCREEP, out)
            .text(format_args!("You are banned from this server: {reason}"))
            .end(),
        Refusal::CannotSpeak { room: name, why } => prefix
            .numeric(ERR_CANNOTSENDTOCHAN, out)
            .param(name)
            .text(words_of(*why))
            .end(),
        Refusal::InvalidMask {
            room: name,
            kind,
            mask,
        } => prefix
            .numeric(ERR_INVALIDMODEPARAM, out)
            .param(name)
            .param(kind.letter())
            .param(mask)
            .text("Not a mask")
            .end(),
        Refusal::HiddenAddress {
            room: name,
            kind,
            mask,
        } => prefix
            .numeric(ERR_INVALIDMODEPARAM, out)
            .param(name)
            .param(kind.letter())
            .param(mask)
            .text(refusal)
            .end(),
        Refusal::InviteOnly { room: name } => room(ERR_INVITEONLYCHAN, name, out),
        Refusal::ListFull {
            room: name,
            kind,
            of,
            ..
        } => {
            let line = prefix.numeric(ERR_BANLISTFULL, out);
            let line = line.param(name).param(kind.letter());
            match of {
                Fullness::List => line.text(ERR_BANLISTFULL.words).end(),
                Fullness::Network => line.text("Too many masks from your address").end(),
                Fullness::Server => line.text("Too many masks on this server").end(),
            }
        }
        // RFC 2812 section 5.2: "nick/channel is temporarily unavailable", for want of resources.
        Refusal::NoRoomForTopic { room: name } => prefix
            .numeric(ERR_UNAVAILRESOURCE, out)
            .param(name)
            .text(refusal)
            .end(),
        Refusal::NickReserved { nick } => {
            let line = prefix.numeric(ERR_ERRONEUSNICKNAME, out).param(nick);
            line.text(refusal).end();
        }
        Refusal::NickOwned { nick } => {
            room(ERR_NICKNAMEINUSE, nick, out);
            let notice = Line::new(out).source(prefix.server).command("NOTICE");
            notice
                .param(prefix.client)
                .text(format_args!(
                    "{refusal}: by SASL, or with /msg NickServ IDENTIFY {nick} <password>"
                ))
                .end();
        }
        Refusal::LooksLike { nick, .. } | Refusal::NickTaken { nick } => {
            room(ERR_NICKNAMEINUSE, nick, out);
        }
        Refusal::NoSuchMessage { message } => {
            fail_redact("UNKNOWN_MSGID", &Msgid(*message), refusal, prefix, out);
        }
        Refusal::NotYourMessage { message } => {
            fail_redact("REDACT_FORBIDDEN", &Msgid(*message), refusal, prefix, out);
        }
        Refusal::NoSuchRoom { room: name } => room(ERR_NOSUCHCHANNEL, name, out),
        Refusal::NoSuchUser { nick } => room(ERR_NOSUCHNICK, nick, out),
        Refusal::NotInRoom { room: name } => room(ERR_NOTONCHANNEL, name, out),
        Refusal::NotOperator { room: name, needed } => prefix
            .numeric(ERR_CHANOPRIVSNEEDED, out)
            .param(name)
            .text(format_args!(
                "You're not channel operator (+{} is needed)",
                needed.letter()
            ))
            .end(),
        Refusal::NotServerOperator => prefix
            .numeric(ERR_NOPRIVILEGES, out)
            .text(ERR_NOPRIVILEGES.words)
            .end(),
        Refusal::PasswordRequired => prefix
            .numeric(ERR_PASSWDMISMATCH, out)
            .text(ERR_PASSWDMISMATCH.words)
            .end(),
        Refusal::RegisteredOnly { room: name } => room(ERR_NEEDREGGEDNICK, name, out),
        Refusal::RoomFull { room: name } => room(ERR_CHANNELISFULL, name, out),
        Refusal::RoomLooksLike { room: name, .. } => prefix
            .numeric(ERR_BADCHANMASK, out)
            .param(name)
            .text(refusal)
            .end(),
        Refusal::RoomOpen { room: name } => room(ERR_CHANOPEN, name, out),
        Refusal::TargetNotInRoom { nick, room: name } => prefix
            .numeric(ERR_USERNOTINCHANNEL, out)
            .param(nick)
            .param(name)
            .text(ERR_USERNOTINCHANNEL.words)
            .end(),
        Refusal::TooManyKnocks { room: name } => room(ERR_TOOMANYKNOCK, name, out),
        Refusal::TooManyRooms { room: name, .. } => room(ERR_TOOMANYCHANNELS, name, out),
        // Refusals without a numeric of their own: the reason is in the text.
        Refusal::AwayTooLong { .. }
        | Refusal::BannedFromRenaming { .. }
        | Refusal::Full
        | Refusal::TooManySessions
        | Refusal::Gone
        | Refusal::Name(_)
        | Refusal::NoMoreRooms
        | Refusal::RealnameTooLong { .. }
        | Refusal::RoomExists { .. }
        | Refusal::TopicTooLong { .. } => prefix
            .numeric(ERR_UNKNOWNERROR, out)
            .param("*")
            .text(refusal)
            .end(),
    }
}

/// IRCv3 draft/message-redaction has standard replies in place of numerics.
fn fail_redact(
    code: &str,
    message: &Msgid,
    refusal: &Refusal,
    prefix: ReplyPrefix<'_>,
    out: &mut Vec<u8>,
) {
    Line::new(out)
        .source(prefix.server)
        .command("FAIL")
        .param("REDACT")
        .param(code)
        .param(message)
        .text(refusal)
        .end();
}

fn words_of(why: Silence) -> &'static str {
    match why {
        Silence::Banned => "Cannot send to channel (you are banned)",
        Silence::Moderated => "Cannot send to channel (+m)",
        Silence::Muted => "Cannot send to channel (you are muted)",
        Silence::NoCtcp => "Cannot send to channel (+C)",
        Silence::NoNotices => "Cannot send to channel (+T)",
        Silence::Outside => "Cannot send to channel (+n)",
        Silence::Unregistered => "Cannot send to channel (+M)",
    }
}
