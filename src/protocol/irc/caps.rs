//! Capabilities: extensions that a client can ask for (IRCv3 capability-negotiation).
//!
//! Owns the list: each [`Cap`] beside the name it is published under, and its value. Does not know what follows from
//! having one.

/// One capability. The order is that of the bits in a [`CapSet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cap {
    /// `account-notify`: ACCOUNT when a user logs in or out.
    AccountNotify,
    /// `draft/account-registration`: REGISTER and VERIFY.
    AccountRegistration,
    /// `account-tag`: the `account` tag on messages of users with an account.
    AccountTag,
    /// `away-notify`: AWAY when a neighbour goes away or is back.
    AwayNotify,
    /// `batch`: lines that belong together are marked so.
    Batch,
    /// `cap-notify`: CAP NEW and CAP DEL.
    CapNotify,
    /// `draft/channel-rename`: RENAME instead of PART and JOIN.
    ChannelRename,
    /// `chghost`: CHGHOST instead of QUIT and JOIN.
    ChgHost,
    /// `echo-message`: the client's own messages come back.
    EchoMessage,
    /// `draft/extended-isupport`: ISUPPORT before registration, in a batch.
    ExtendedIsupport,
    /// `extended-join`: account and realname in JOIN.
    ExtendedJoin,
    /// `extended-monitor`: away, account, host and name changes of monitored users.
    ExtendedMonitor,
    /// `invite-notify`: INVITE when others are invited.
    InviteNotify,
    /// `labeled-response`: answers carry the label of what they answer.
    LabeledResponse,
    /// `draft/message-redaction`: REDACT.
    MessageRedaction,
    /// `message-tags`: tags that other clients attached, TAGMSG, message ids.
    MessageTags,
    /// `multi-prefix`: all ranks of a member in NAMES and WHO.
    MultiPrefix,
    /// `draft/multiline`: messages of several lines.
    Multiline,
    /// `no-implicit-names`: no NAMES after JOIN.
    NoImplicitNames,
    /// `madang.chat/own-rooms`: the client chooses its rooms; `[server] join` puts it into none.
    OwnRooms,
    /// `madang.chat/resume`: RESUME, the token with which a client takes its name back.
    Resume,
    /// `draft/pre-away`: AWAY before registration.
    PreAway,
    /// `draft/read-marker`: MARKREAD.
    ReadMarker,
    /// `sasl`: AUTHENTICATE.
    Sasl,
    /// `server-time`: the `time` tag.
    ServerTime,
    /// `setname`: SETNAME.
    SetName,
    /// `standard-replies`: FAIL, WARN and NOTE.
    StandardReplies,
    /// `userhost-in-names`: `nick!user@host` in NAMES.
    UserhostInNames,
    // From here on, none changes the bytes of an event: flavours have no room for more.
    /// `draft/chathistory`: CHATHISTORY, and no history unasked.
    ChatHistory,
    /// `draft/event-playback`: in history, who came and went and what happened, too.
    EventPlayback,
}

/// A published name of a capability.
pub struct Entry {
    /// The capability.
    pub cap: Cap,
    /// As it is published.
    pub name: &'static str,
    /// Its value, for clients that understand version 302; empty for none. Those of accounts depend on the client, and are
    /// made for it (`commands/caps.rs`).
    pub value: &'static str,
}

/// Lines of a message that may be sent as one (draft/multiline).
pub const MULTILINE_LINES_MAX: usize = 32;

/// Bytes of all its lines together.
pub const MULTILINE_BYTES_MAX: usize = 4096;

const fn entry(cap: Cap, name: &'static str) -> Entry {
    let value = "";
    Entry { cap, name, value }
}

/// Every name, in the order of CAP LS. A capability that was published under two names is here twice, its present
/// name first.
pub static CAPS: [Entry; 32] = [
    entry(Cap::AccountNotify, "account-notify"),
    entry(Cap::AccountTag, "account-tag"),
    entry(Cap::AwayNotify, "away-notify"),
    entry(Cap::Batch, "batch"),
    entry(Cap::CapNotify, "cap-notify"),
    entry(Cap::ChgHost, "chghost"),
    entry(Cap::AccountRegistration, "draft/account-registration"),
    entry(Cap::ChannelRename, "draft/channel-rename"),
    entry(Cap::ChatHistory, "draft/chathistory"),
    entry(Cap::EventPlayback, "draft/event-playback"),
    entry(Cap::ExtendedIsupport, "draft/extended-isupport"),
    entry(Cap::MessageRedaction, "draft/message-redaction"),
    Entry {
        cap: Cap::Multiline,
        name: "draft/multiline",
        value: "max-bytes=4096,max-lines=32",
    },
    entry(Cap::PreAway, "draft/pre-away"),
    entry(Cap::ReadMarker, "draft/read-marker"),
    entry(Cap::EchoMessage, "echo-message"),
    entry(Cap::ExtendedJoin, "extended-join"),
    entry(Cap::ExtendedMonitor, "extended-monitor"),
    entry(Cap::ExtendedMonitor, "draft/extended-monitor"),
    entry(Cap::InviteNotify, "invite-notify"),
    entry(Cap::LabeledResponse, "labeled-response"),
    entry(Cap::OwnRooms, "madang.chat/own-rooms"),
    entry(Cap::Resume, "madang.chat/resume"),
    entry(Cap::MessageTags, "message-tags"),
    entry(Cap::MultiPrefix, "multi-prefix"),
    entry(Cap::NoImplicitNames, "no-implicit-names"),
    entry(Cap::NoImplicitNames, "draft/no-implicit-names"),
    entry(Cap::Sasl, "sasl"),
    entry(Cap::ServerTime, "server-time"),
    entry(Cap::SetName, "setname"),
    entry(Cap::StandardReplies, "standard-replies"),
    entry(Cap::UserhostInNames, "userhost-in-names"),
];

/// Finds a capability by a name; names are case-sensitive.
pub fn find(name: &str) -> Option<&'static Entry> {
    CAPS.iter().find(|entry| entry.name == name)
}

/// Some of the capabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CapSet(u32);

impl CapSet {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// These.
    pub const fn of(caps: &[Cap]) -> Self {
        let (mut bits, mut index) = (0, 0);
        while index < caps.len() {
            bits |= 1 << caps[index] as u32;
            index += 1;
        }
        Self(bits)
    }

    /// Whether this one is among them.
    pub const fn has(self, cap: Cap) -> bool {
        self.0 & (1 << cap as u32) != 0
    }

    /// Adds or removes one.
    pub fn set(&mut self, cap: Cap, present: bool) {
        let bit = 1 << cap as u32;
        if present {
            self.0 |= bit;
        } else {
            self.0 &= !bit;
        }
    }

    /// Those that are in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// A number that is different for each set.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The set that has this number.
    pub(crate) const fn of_number(number: u32) -> Self {
        Self(number)
    }

    /// Their present names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let mut left = self;
        CAPS.iter().filter_map(move |entry| {
            let shown = left.has(entry.cap);
            left.set(entry.cap, false);
            shown.then_some(entry.name)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_capability_and_names_are_listed_once() {
        let mut all = CapSet::NONE;
        for entry in &CAPS {
            assert_eq!(find(entry.name).map(|found| found.cap), Some(entry.cap));
            all.set(entry.cap, true);
        }
        assert!(find("Batch").is_none() && find("").is_none());
        assert_eq!(all.names().count(), 30);
        assert!(all.names().all(|name| name != "draft/no-implicit-names"));
    }

    #[test]
    fn the_value_of_multiline_is_true() {
        let value = format!("max-bytes={MULTILINE_BYTES_MAX},max-lines={MULTILINE_LINES_MAX}");
        let entry = CAPS.iter().find(|entry| entry.cap == Cap::Multiline);
        assert_eq!(entry.unwrap().value, value);
    }
}
