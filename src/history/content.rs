//! What is kept of an event: the content of a line, and of its tags those that are for later readers too.
//!
//! Owns the white list of tags. Does not know where the line goes.

use super::line::{Author, Content};
use crate::chat::{Body, Event, Hub, Speech, User, mode::SpelledModes, mode::UserMode};

/// Client-only tags that are kept. The others are about the moment, such as `+typing`, or nobody knows what they are.
const KEPT_TAGS: [&str; 5] = [
    PERSIST,
    "+draft/react",
    "+draft/reply",
    "+draft/unreact",
    "+reply",
];

/// Bytes of tags that are kept of one line; reactions and replies take less than a tenth of that.
const TAG_BYTES_MAX: usize = 1024;

/// A message with this tag keeps the others too, but for one that is about the moment whatever its author says.
const PERSIST: &str = "+draft/persist";
const NEVER_KEPT: &str = "+typing";

/// Those of an event's tags that are kept, in their order.
pub(super) fn kept_tags(event: &Event) -> Box<str> {
    let Some(tags) = event.tags.as_deref() else {
        return "".into();
    };
    let key = |tag: &str| tag.split_once('=').map_or(tag, |(key, _)| key).to_owned();
    let persists = tags.split(';').any(|tag| key(tag) == PERSIST);
    let mut kept = String::new();
    for tag in tags.split(';') {
        let key = key(tag);
        let is_kept = KEPT_TAGS.contains(&&*key) || persists && key != NEVER_KEPT;
        if is_kept && kept.len() + tag.len() < TAG_BYTES_MAX {
            kept.extend([if kept.is_empty() { "" } else { ";" }, tag]);
        }
    }
    kept.into()
}

/// The content of a line about what happened in a room, or was said there or to a user; `None` if it is not kept. `tags` are
/// those that are kept of the event.
pub(super) fn content_of(event: &Event, hub: &Hub, tags: &str) -> Option<Content> {
    // Questions of programs to programs (CTCP), which concern the moment.
    let is_ctcp = |text: &str| text.starts_with('\x01');
    Some(match &event.body {
        Body::Said { speech, text, .. } => {
            if is_ctcp(text) && *speech != Speech::Action {
                return None;
            }
            let (speech, text) = (*speech, text.clone());
            Content::Said { speech, text }
        }
        Body::SaidLines { speech, lines, .. } => {
            if lines.iter().any(|line| is_ctcp(&line.text)) {
                return None;
            }
            let (speech, lines) = (*speech, lines.clone());
            Content::SaidLines { speech, lines }
        }
        Body::Tagged { .. } if !tags.is_empty() => Content::Tagged,
        Body::Redacted {
            message, reason, ..
        } => Content::Redacted {
            message: *message,
            reason: reason.clone(),
        },
        Body::Kicked { user, reason, .. } => Content::Kicked {
            nick: hub.user(*user)?.nick().as_str().into(),
            reason: reason.clone(),
        },
        Body::ModesChanged { changes, .. } => {
            let spelled = SpelledModes::of_room(changes, |user| hub.nick_of(user));
            let parameters = spelled.parameters.into_iter();
            Content::ModesChanged {
                letters: spelled.letters.into(),
                parameters: parameters.map(Into::into).collect(),
            }
        }
        Body::TopicChanged { room } => {
            let topic = hub.room(*room)?.topic();
            let text = topic.map_or("".into(), |topic| topic.text.clone());
            Content::TopicChanged { text }
        }
        Body::RoomRenamed { old, reason, .. } => Content::RoomRenamed {
            old: old.as_str().into(),
            reason: reason.clone(),
        },
        _ => return None,
    })
}

/// The same about users who come and go, which is kept where the host wants it.
pub(super) fn content_of_presence(event: &Event, author: &User) -> Option<Content> {
    Some(match &event.body {
        Body::Joined { .. } => Content::Joined {
            realname: author.realname().into(),
        },
        Body::Left { reason, .. } => Content::Left {
            reason: reason.clone(),
        },
        Body::Quit { reason, .. } => Content::Quit {
            reason: reason.clone(),
        },
        Body::Renamed { .. } => Content::Renamed {
            nick: author.nick().as_str().into(),
        },
        _ => return None,
    })
}

/// The author of an event, as it was before it.
pub(super) fn author_of(event: &Event, user: &User) -> Author {
    let nick = match &event.body {
        Body::Renamed { old } => old.as_str(),
        _ => user.nick().as_str(),
    };
    Author {
        nick: nick.into(),
        username: user.username().into(),
        host: user.host().into(),
        account: user.account().map(Into::into),
        is_bot: user.modes().contains(UserMode::Bot),
    }
}

/// Whether an event's author is the same as one that is known.
pub(super) fn is_by(author: &Author, event: &Event, user: &User) -> bool {
    !matches!(event.body, Body::Renamed { .. })
        && *author.nick == *user.nick().as_str()
        && *author.username == *user.username()
        && *author.host == *user.host()
        && author.account.as_deref() == user.account()
        && author.is_bot == user.modes().contains(UserMode::Bot)
}
