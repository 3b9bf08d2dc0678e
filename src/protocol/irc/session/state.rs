//! The state of one connection that speaks IRC.
//!
//! Owns the records. Invariant: an idle connection needs no heap memory, for what only some connections need is in one
//! box (`ColdState`) that is freed when it is empty. Knows no commands.

use super::{
    super::{
        caps::{Cap, CapSet},
        codec::frames::Frames,
        paged_reply::PagedReply,
        sasl::exchange::Exchange,
    },
    multiline::Multiline,
};
use crate::{
    chat::{
        AccountId, Nick, RoomId, SessionId,
        watches::{self, Watches},
    },
    protocol::flavour::Flavour,
};
use core::net::SocketAddr;

/// The state of one connection.
#[derive(Debug)]
pub struct Irc {
    pub(super) cold: Option<Box<ColdState>>,
    pub(crate) caps: CapSet,
    last_batch: u16,
    pub(super) frames: Frames,
    pub(crate) registered: bool,
}

// Tens of thousands of these lie in the server's table.
const _: () = assert!(size_of::<Irc>() <= 16);

/// State that only some connections need, and most of those only for a while.
#[derive(Debug, Default)]
pub(crate) struct ColdState {
    registration: Option<Registration>,
    pub(crate) pending: Option<Pending>,
    pub(crate) multiline: Option<Multiline>,
    /// The client is logging in.
    pub(crate) exchange: Option<Box<Exchange>>,
    /// The nicks that this client watches (MONITOR).
    pub(crate) watched: Vec<Nick>,
    /// Rooms that another connection of the user has joined, and whose members this client was not sent yet.
    pub(crate) unshown: Vec<RoomId>,
    /// Rooms that the user has joined, and whose last lines the client is to be sent; the next is the last here.
    pub(crate) replays: Vec<RoomId>,
}

/// A reply that takes more than a moment. Until it is done, no further line is handled.
#[derive(Debug)]
pub(crate) enum Pending {
    /// A reply in pages, as the client reads; with the reference of the batch around it, if it was asked for with a
    /// label.
    Paged {
        reply: PagedReply,
        batch: Option<Box<str>>,
    },
    /// The password of an operator is being checked.
    Oper { label: Option<Box<str>> },
    /// The password of a gateway is being checked, which has connected for this client.
    Gateway(ForwardedClient),
    /// A request about an account is under way.
    Account {
        asked: Asked,
        label: Option<Box<str>>,
    },
    /// A request for history is under way.
    History {
        asked: AskedHistory,
        label: Option<Box<str>>,
    },
}

/// The client for which a gateway has connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ForwardedClient {
    pub(crate) address: SocketAddr,
    /// Whether it spoke TLS with the gateway.
    pub(crate) secure: bool,
}

/// By which way a request about an account came, for its answer goes the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// REGISTER, for an account of this name.
    Register(Nick),
    /// AUTHENTICATE.
    Sasl,
    /// A message to NickServ.
    Service,
}

/// What a request for history was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AskedHistory {
    /// Lines: CHATHISTORY's subcommand and target as the client wrote them.
    Page {
        subcommand: Box<str>,
        target: Box<str>,
    },
    /// The last lines of a room, which the client did not ask for.
    Replay(RoomId),
    /// Targets.
    Targets,
}

impl Pending {
    /// Bytes of memory outside of the record.
    fn memory(&self) -> usize {
        let length = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        match self {
            Self::Paged { reply, batch } => reply.memory() + length(batch),
            Self::History { asked, label } => asked.memory() + length(label),
            Self::Oper { label } | Self::Account { label, .. } => length(label),
            Self::Gateway(_) => 0,
        }
    }
}

impl AskedHistory {
    fn memory(&self) -> usize {
        match self {
            Self::Page { subcommand, target } => subcommand.len() + target.len(),
            Self::Replay(_) | Self::Targets => 0,
        }
    }
}

/// The parameters that a client sent before it is registered.
#[derive(Debug, Default)]
pub(crate) struct Registration {
    pub(super) nick: Option<Nick>,
    pub(super) user: Option<UserParams>,
    /// CAP LS or REQ came, and CAP END did not.
    pub(crate) negotiating: bool,
    pub(super) password: Option<Box<str>>,
    /// AWAY before registration (IRCv3 draft/pre-away).
    pub(super) away: Option<Box<str>>,
    /// The connection that the client resumes, by a token that was right.
    pub(super) resumes: Option<SessionId>,
    /// The account that the client has logged in to.
    pub(crate) account: Option<AccountId>,
    /// A gateway has said whose connection it is.
    gateway: bool,
}

/// The parameters of USER.
#[derive(Debug)]
pub(super) struct UserParams {
    pub(super) username: Box<str>,
    pub(super) realname: Box<str>,
}

impl Registration {
    /// The nick and user name as far as they are known, for a text; `*` for what is not.
    pub(crate) fn shown(&self) -> (&str, &str) {
        let nick = self.nick.as_ref().map_or("*", |nick| nick.as_str());
        let user = self.user.as_ref().map_or("*", |user| &user.username);
        (nick, user)
    }

    /// Whether the client has sent nothing that counts.
    fn is_untouched(&self) -> bool {
        let Self {
            nick,
            user,
            negotiating,
            password,
            away,
            resumes,
            account,
            gateway,
        } = self;
        nick.is_none()
            && user.is_none()
            && !negotiating
            && password.is_none()
            && away.is_none()
            && resumes.is_none()
            && account.is_none()
            && !gateway
    }

    /// The nick that the client has asked for.
    pub(crate) fn nick(&self) -> Option<&Nick> {
        self.nick.as_ref()
    }

    /// Bytes of memory outside of the record.
    fn memory(&self) -> usize {
        let length = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        let user = self.user.as_ref();
        let user = user.map_or(0, |user| user.username.len() + user.realname.len());
        user + length(&self.password) + length(&self.away)
    }
}

/// Capabilities that change the bytes of events.
const EVENT_CAPS: CapSet = CapSet::of(&[
    Cap::AccountNotify,
    Cap::AccountTag,
    Cap::AwayNotify,
    Cap::Batch,
    Cap::ChannelRename,
    Cap::EchoMessage,
    Cap::ExtendedJoin,
    Cap::ExtendedMonitor,
    Cap::InviteNotify,
    Cap::MessageRedaction,
    Cap::MessageTags,
    Cap::Multiline,
    Cap::ReadMarker,
    Cap::ServerTime,
    Cap::SetName,
]);

// Beyond these bits, a flavour's number says in which messages its lines are.
const _: () = assert!(EVENT_CAPS.number() < (1 << 29) - 1);

impl Default for Irc {
    fn default() -> Self {
        let cold = ColdState {
            registration: Some(Registration::default()),
            ..ColdState::default()
        };
        Self {
            cold: Some(Box::new(cold)),
            caps: CapSet::NONE,
            last_batch: 0,
            frames: Frames::default(),
            registered: false,
        }
    }
}

impl Irc {
    /// Bytes of memory outside of the record. Asked after each read, so it walks over nothing that can be long.
    pub fn memory(&self) -> usize {
        let Some(cold) = self.cold.as_deref() else {
            return 0;
        };
        // A watched nick counts twice: here, and in the table of all watches.
        size_of::<ColdState>()
            + cold.watched.capacity() * (size_of::<Nick>() + watches::ENTRY_BYTES)
            + cold.registration.as_ref().map_or(0, Registration::memory)
            + cold.multiline.as_ref().map_or(0, Multiline::memory)
            + cold.pending.as_ref().map_or(0, Pending::memory)
            + cold.exchange.as_ref().map_or(0, |it| it.memory())
            + (cold.unshown.capacity() + cold.replays.capacity()) * size_of::<RoomId>()
    }

    /// In which form this connection gets events.
    pub fn flavour(&self) -> Flavour {
        Flavour::Irc(self.caps.and(EVENT_CAPS))
    }

    /// Whether a reply is still being made; until it is done no line is to be handed in, and
    /// [`go_on`](Self::go_on) called in each turn in which the client has read enough.
    pub fn is_busy(&self) -> bool {
        self.cold
            .as_ref()
            .is_some_and(|cold| cold.pending.is_some())
    }

    /// The user of this connection has left it: it watches no nick any more.
    pub fn forget_watched(&mut self, session: SessionId, watches: &mut Watches) {
        if let Some(cold) = &mut self.cold {
            for target in cold.watched.drain(..) {
                watches.forget(session, &target);
            }
        }
    }

    pub(crate) fn next_batch(&mut self) -> String {
        // 65,536 batches of one client are never open at once.
        self.last_batch = self.last_batch.wrapping_add(1);
        self.last_batch.to_string()
    }

    pub(crate) fn cold(&mut self) -> &mut ColdState {
        self.cold.get_or_insert_default()
    }

    /// Whether the client is in the middle of a login or the registration of an account.
    pub(super) fn is_logging_in(&self) -> bool {
        let cold = self.cold.as_ref();
        cold.is_some_and(|cold| cold.exchange.is_some() || cold.pending.is_some())
    }

    pub(crate) fn registration(&mut self) -> Option<&mut Registration> {
        self.cold.as_mut()?.registration.as_mut()
    }

    /// Whether the client has sent nothing that counts, and no gateway has said whose connection it is.
    pub(crate) fn is_untouched(&self) -> bool {
        let registration = self
            .cold
            .as_ref()
            .and_then(|cold| cold.registration.as_ref());
        registration.is_some_and(Registration::is_untouched) && !self.is_logging_in()
    }

    /// A gateway has said whose connection it is.
    pub(crate) fn note_gateway(&mut self) {
        if let Some(registration) = self.registration() {
            registration.gateway = true;
        }
    }

    pub(super) fn finish_registration(&mut self) -> Option<Registration> {
        self.registered = true;
        self.cold.as_mut()?.registration.take()
    }

    /// Frees the cold state when there is nothing in it.
    pub(super) fn tidy(&mut self) {
        let is_empty = |cold: &ColdState| {
            cold.registration.is_none()
                && cold.pending.is_none()
                && cold.multiline.is_none()
                && cold.exchange.is_none()
                && cold.watched.is_empty()
                && cold.unshown.is_empty()
                && cold.replays.is_empty()
        };
        if self.cold.as_deref().is_some_and(is_empty) {
            self.cold = None;
        }
    }
}
