//! What IRC needs of its server beyond [`Context`]: the seam that the server implements and tests fake.
//!
//! Owns the record of the server's names and texts ([`ServerInfo`]). Does not know sockets.

use crate::{
    chat::{Now, RoomName, ServerBan, SessionId, WallTime, mode::UserModes, watches::Watches},
    protocol::{
        Context,
        flavour::Flavour,
        irc::{
            codec::{numeric::*, ready::ReadyReplies},
            isupport,
            sasl::logins::Logins,
        },
        time::Iso,
    },
};
use std::{rc::Rc, time::Duration};

/// The server's names and texts, and what IRC needs of its configuration.
#[derive(Clone, Debug)]
pub struct ServerInfo {
    /// Its name, one word; the source of its replies.
    pub name: Rc<str>,
    /// A short description.
    pub description: Box<str>,
    /// The name of its network, one word.
    pub network: Box<str>,
    /// The message of the day, or that there is none.
    pub motd: ReadyReplies,
    /// Rooms that a newcomer is in from the start.
    pub join: Rc<[RoomName]>,
    /// The server's password, without which no client may enter.
    pub password: Option<Box<str>>,
    /// Modes that each user has from the start.
    pub default_user_modes: UserModes,
    /// When the process started.
    pub started: Now,
    /// The names of operators, for STATS.
    pub operators: Box<[Box<str>]>,
    /// What a client is sent right after RPL_WELCOME: the server's version, its age and its modes.
    pub greeting: ReadyReplies,
    /// ISUPPORT.
    pub isupport: ReadyReplies,
    /// The policy for clients that connected without TLS (IRCv3 sts).
    pub sts: Option<Sts>,
    /// Bytes of a long reply that are made at once.
    pub page_bytes: usize,
}

impl ServerInfo {
    /// The program and its version, one word.
    pub const VERSION: &'static str = concat!("madang-", env!("CARGO_PKG_VERSION"));

    /// A full read of most clients.
    pub const PAGE_BYTES: usize = 16 * 1024;

    /// A server with these names, and defaults for the rest.
    pub fn new(name: &str, network: &str, started: Now) -> Self {
        Self {
            name: name.into(),
            description: "".into(),
            network: network.into(),
            motd: ready_no_motd(name),
            join: Rc::new([]),
            password: None,
            default_user_modes: UserModes::EMPTY,
            started,
            operators: Box::new([]),
            greeting: ready_greeting(name, started),
            isupport: ready_isupport(name, network, false),
            sts: None,
            page_bytes: Self::PAGE_BYTES,
        }
    }

    /// The same server with history, or without.
    #[must_use]
    pub fn with_history(self, has_history: bool) -> Self {
        let isupport = ready_isupport(&self.name, &self.network, has_history);
        Self { isupport, ..self }
    }

    /// The message of the day with these lines, of the server with this name.
    pub fn ready_motd<'t>(name: &str, lines: impl Iterator<Item = &'t str>) -> ReadyReplies {
        let start = ["- ", name, " Message of the day - "].concat();
        let ready = ReadyReplies::default().add(name, RPL_MOTDSTART, |reply| reply.words(&start));
        let ready = lines.fold(ready, |ready, line| {
            let text = ["- ", line].concat();
            ready.add(name, RPL_MOTD, |reply| reply.words(&text))
        });
        ready.add(name, RPL_ENDOFMOTD, |reply| {
            reply.words(RPL_ENDOFMOTD.words)
        })
    }
}

fn ready_no_motd(name: &str) -> ReadyReplies {
    ReadyReplies::default().add(name, ERR_NOMOTD, |reply| reply.words(ERR_NOMOTD.words))
}

fn ready_greeting(name: &str, started: Now) -> ReadyReplies {
    let version = ServerInfo::VERSION;
    let host = ["Your host is ", name, ", running version ", version].concat();
    let created = format!("This server was created {}", Iso(started.wall));
    let letters = isupport::mode_letters();
    ReadyReplies::default()
        .add(name, RPL_YOURHOST, |reply| reply.words(&host))
        .add(name, RPL_CREATED, |reply| reply.words(&created))
        .add(name, RPL_MYINFO, |reply| {
            let reply = reply.word(name).word(version);
            letters.iter().fold(reply, |reply, part| reply.word(part))
        })
}

fn ready_isupport(name: &str, network: &str, has_history: bool) -> ReadyReplies {
    let lines = isupport::lines(network, has_history);
    lines.iter().fold(ReadyReplies::default(), |ready, tokens| {
        ready.add(name, RPL_ISUPPORT, |reply| {
            reply.params(tokens).words(RPL_ISUPPORT.words)
        })
    })
}

/// A policy of strict transport security (IRCv3 sts).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sts {
    /// The port where TLS is spoken from the first byte.
    pub port: u16,
    /// How long clients remember it, in seconds.
    pub duration: u64,
}

/// Why a password is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryAgain {
    /// There were too many wrong ones; the next may come after this span.
    After(Duration),
    /// Too many are being checked.
    Busy,
}

/// Something that the server does in its own time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeferredRequest {
    /// Stop the server.
    Die,
    /// Read the configuration again.
    Rehash,
}

/// Whether a client may say for whom it has connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayCheck {
    /// No gateway connects from its address.
    NoGateway,
    /// The password is being checked; then [`Irc::password_checked`](super::Irc::password_checked) is called.
    Pending,
    /// The password is right.
    Right,
    /// It is not looked at.
    TryAgain(TryAgain),
}

/// The actions of IRC beyond [`Context`].
pub trait ServerContext: Context + Logins {
    /// The server's names and texts.
    fn server_info(&self) -> &ServerInfo;
    /// Whether this connection is encrypted.
    fn is_secure(&self) -> bool;
    /// The host by which this connection is shown.
    fn host(&self) -> Box<str>;
    /// Bans from the server, and closes the connections of the users concerned; returns whether the mask is new.
    fn add_ban(&mut self, ban: ServerBan) -> bool;
    /// Lifts the ban with this mask; returns whether there was one.
    fn remove_ban(&mut self, mask: &str) -> bool;
    /// Changes the flavour in which this connection gets events.
    fn set_flavour(&mut self, flavour: Flavour);
    /// Events that this client's own message brings it as the recipient: sent after the answer, and no part of it.
    fn deferred(&mut self) -> &mut Vec<u8>;
    /// Which user watches which nick.
    fn watches(&mut self) -> &mut Watches;
    /// Connections of clients that are no users yet.
    fn nameless_count(&self) -> usize;
    /// Begins to see whether this is an operator's password; then [`Irc::password_checked`](super::Irc::password_checked)
    /// is called.
    ///
    /// # Errors
    /// It is not looked at.
    fn check_operator(&mut self, name: &str, password: &str) -> Result<(), TryAgain>;
    /// Begins to see whether this is the password of a gateway that connects from this client's address.
    fn check_gateway(&mut self, password: &str) -> GatewayCheck;
    /// Gives this connection the address of the client for which a gateway has made it. If there is no place for that
    /// client, the connection ends.
    fn become_client(&mut self, address: core::net::SocketAddr, secure: bool);
    /// Up to when this user has read a target, by the key of that.
    fn read_marker(&self, target: &str) -> Option<WallTime>;
    /// Notes up to when this user has read a target, and sends it to the user's other connections that show such, with the
    /// target's name as it is shown. The time that is noted, which never goes back; `None`: there is no room for it.
    fn mark_read(&mut self, target: &str, shown: &str, time: WallTime) -> Option<WallTime>;
    /// A token with which this connection can be resumed by another; an earlier one is void.
    fn resume_token(&mut self) -> Option<String>;
    /// The connection whose resume token this is.
    ///
    /// # Errors
    /// It is not looked at.
    fn check_resume_token(&mut self, token: &str) -> Result<Option<SessionId>, TryAgain>;
    /// Closes a connection, because this one resumes it; its user quits if it has no other.
    fn end_resumed(&mut self, session: SessionId);
    /// Asks for something that is done later.
    fn defer(&mut self, request: DeferredRequest);
}
