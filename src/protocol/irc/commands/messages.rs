//! Messages: PRIVMSG, NOTICE, TAGMSG, REDACT.

use super::nickserv;
use crate::{
    chat::{Command, MessageId, Refusal, RoomName, Speech, Target, mode::Rank},
    protocol::irc::{
        caps::Cap,
        codec::{
            message::Message,
            numeric::*,
            text::{Msgid, Source, TargetName, room_for_text, verb},
        },
        isupport::RECIPIENTS_MAX,
        session::request::Request,
    },
};

/// The text of 417 for a line that was short enough as it came. The usual text would send its author looking for a
/// mistake that is not there.
const TOO_LONG_TO_RELAY: &str = "Your text is too long: others get your name in front of it, and that line would pass 512 bytes";

/// PRIVMSG.
pub(crate) fn privmsg(request: &mut Request<'_>, message: &Message<'_>) {
    say(request, message, Speech::Message);
}

/// NOTICE. It is never answered (RFC 2812 section 3.3.2), unless a line is too long.
pub(crate) fn notice(request: &mut Request<'_>, message: &Message<'_>) {
    say(request, message, Speech::Notice);
}

fn say(request: &mut Request<'_>, message: &Message<'_>, speech: Speech) {
    let answers = speech != Speech::Notice;
    let text = message.params.at(1);
    let Some(targets) = message.params.get(0) else {
        if answers {
            request.reply(ERR_NORECIPIENT, &[]);
        }
        return;
    };
    if text.is_empty() {
        if answers {
            request.reply(ERR_NOTEXTTOSEND, &[]);
        }
        return;
    }
    let tags = message.tags.client_only();
    let (speech, text) = speech_of(speech, text);
    for (index, target) in targets.split(',').enumerate() {
        if index == RECIPIENTS_MAX {
            if answers {
                request.reply(ERR_TOOMANYTARGETS, &[target]);
            }
            return;
        }
        if nickserv::is_to_service(request, target, text, answers) {
            continue;
        }
        if !fits(request, target, speech, text) {
            request.reply_words(ERR_INPUTTOOLONG, &[], TOO_LONG_TO_RELAY);
            continue;
        }
        let mut room = None;
        let told = target_of(request, target, &mut room).and_then(|to| {
            request.apply(Command::Say {
                to,
                speech,
                text,
                tags: &tags,
            })
        });
        match told {
            Ok(()) if answers => tell_away(request, target),
            Err(refusal) if answers => request.refuse(&refusal),
            _ => {}
        }
    }
}

/// `/me` is a kind of message in the chat, and a CTCP message in IRC.
fn speech_of(speech: Speech, text: &str) -> (Speech, &str) {
    if speech != Speech::Message {
        return (speech, text);
    }
    let action = text.strip_prefix("\x01ACTION ");
    let action = action.map(|action| action.strip_suffix('\x01').unwrap_or(action));
    match action.filter(|action| !action.is_empty() && !action.contains('\x01')) {
        Some(action) => (Speech::Action, action),
        None => (speech, text),
    }
}

/// The target that a word names; a room's name is kept in `room`.
pub(crate) fn target_of<'t>(
    request: &Request<'_>,
    word: &'t str,
    room: &'t mut Option<RoomName>,
) -> Result<Target<'t>, Refusal> {
    let no_such = || Refusal::NoSuchUser { nick: word.into() };
    if word.starts_with('#') {
        let name = room.insert(request.room_name(word).ok_or_else(no_such)?);
        return Ok(Target::Room(name));
    }
    let rank = word.chars().next().and_then(Rank::from_prefix);
    if let (Some(rank), Some(name)) = (rank, word.get(1..).filter(|name| name.starts_with('#'))) {
        let name = room.insert(request.room_name(name).ok_or_else(no_such)?);
        return Ok(Target::Ranked(rank, name));
    }
    Ok(Target::User(word))
}

/// Whether the text fits into the line that others get, which begins with its author.
pub(crate) fn fits(request: &mut Request<'_>, target: &str, speech: Speech, text: &str) -> bool {
    let Some((_, _, _, _, author)) = request.split_with_user() else {
        return false;
    };
    let target = TargetName {
        prefix: None,
        name: target,
    };
    text.len() <= room_for_text(Source::of(author), verb(speech), &target, speech)
}

/// Tells the author of a message that its recipient is away.
pub(super) fn tell_away(request: &mut Request<'_>, target: &str) {
    if target.starts_with('#') {
        return;
    }
    let (prefix, hub, out) = request.split();
    let user = hub.find_user(target).and_then(|id| hub.user(id));
    if let Some((user, text)) = user.and_then(|user| Some((user, user.away()?))) {
        let line = prefix.numeric(RPL_AWAY, out);
        line.param(user.nick()).text(text).end();
    }
}

/// TAGMSG (IRCv3 message-tags).
pub(crate) fn tagmsg(request: &mut Request<'_>, message: &Message<'_>) {
    if !request.irc.caps.has(Cap::MessageTags) {
        return request.reply(ERR_UNKNOWNCOMMAND, &["TAGMSG"]);
    }
    let tags = message.tags.client_only();
    if tags.is_empty() {
        return;
    }
    for (index, target) in message.params.at(0).split(',').enumerate() {
        if index == RECIPIENTS_MAX {
            return request.reply(ERR_TOOMANYTARGETS, &[target]);
        }
        let mut room = None;
        let told = target_of(request, target, &mut room).and_then(|to| {
            let tags = &tags;
            request.apply(Command::Tag { to, tags })
        });
        if let Err(refusal) = told {
            request.refuse(&refusal);
        }
    }
}

/// REDACT (IRCv3 draft/message-redaction), which has standard replies in place of numerics.
pub(crate) fn redact(request: &mut Request<'_>, message: &Message<'_>) {
    if !request.irc.caps.has(Cap::MessageRedaction) {
        return request.reply(ERR_UNKNOWNCOMMAND, &["REDACT"]);
    }
    let params = &message.params;
    let (target, msgid, reason) = (params.at(0), params.at(1), params.at(2));
    let mut room = None;
    let outcome = target_of(request, target, &mut room).and_then(|from| {
        // A text that is no id names no message; but the target is checked first.
        let message = Msgid::parse(msgid).unwrap_or(MessageId(u64::MAX));
        request.apply(Command::Redact {
            from,
            message,
            reason,
        })
    });
    let Err(refusal) = outcome else { return };
    let words = refusal.to_string();
    match refusal {
        Refusal::NoSuchMessage { .. } => {
            request.fail("REDACT", "UNKNOWN_MSGID", &[target, msgid], &words);
        }
        Refusal::NotYourMessage { .. } => {
            request.fail("REDACT", "REDACT_FORBIDDEN", &[target, msgid], &words);
        }
        _ => request.fail("REDACT", "INVALID_TARGET", &[target], &words),
    }
}
