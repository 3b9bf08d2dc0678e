//! The connections: the state of the server, and what it does about everything the loop tells.
//!
//! Owns the hall and the sessions. Lines are handled in `lines`; this is about who comes, who goes, and when. The
//! rules of chat, of wire formats and of readiness are elsewhere.

pub(crate) mod charge;
pub(crate) mod close_reason;
mod context;
mod input;
mod kept;
mod lines;
pub(crate) mod session;
pub(crate) mod table;
mod web;

use crate::server::{
    SIGNALS,
    connections::charge::Charges,
    connections::close_reason::{CloseCounts, CloseReason},
    connections::session::{Due, Protocol, Security, Session},
    connections::table::Sessions,
    connections::web::{HTTP_LIMITS, HttpConnection},
    limits::admission::Admission,
    limits::cpu_shares::Shares,
    metrics::activity::Activity,
    settings::{ECHO, Settings},
    shared::Shared,
    streams::Streams,
    tls::TlsContext,
    wall_clock::WallClock,
};
use crate::{
    chat::{Command, UserId},
    config::Scheme,
    net::{
        ConnId, Consumed, External, Handler, Loss, Net, Next, Notice, Standing, Tick,
        tls::Fingerprint,
    },
    os::signals::Signals,
    protocol::{
        echo,
        flavour::Flavour,
        irc::Irc,
        telnet::{self, Telnet},
        web::{http::Status, page::Files, websocket::push_ping},
    },
};
use rustc_hash::FxHashMap;
use std::{mem, net::SocketAddr, time::Duration};

/// How long a deadline waits for input that has come in time and was not handed over yet: many turns of a server that is
/// short of time.
const UNHEARD_AT_MOST: Duration = Duration::from_secs(5);

/// And how often one looks meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Everything behind the loop.
#[derive(Debug)]
pub(crate) struct Connections {
    pub(crate) shared: Shared,
    pub(crate) sessions: Sessions,
    pub(crate) settings: Settings,
    /// Certificates, if there are any.
    pub(crate) secrets: Option<TlsContext>,
    /// The certificates that callers proved to have; few do.
    pub(crate) certificates: FxHashMap<ConnId, Fingerprint>,
    /// What is spoken at each listener and datagram socket.
    pub(crate) listeners: FxHashMap<ConnId, Scheme>,
    /// Connections that were let in and have not been told to go. Not those that are only being hung up on: they must
    /// not keep anyone out.
    pub(crate) inside: usize,
    /// How many of them each network has, and how often it calls.
    pub(crate) admission: Admission,
    /// How much of the processor each network has used.
    pub(crate) shares: Shares,
    /// What the input at hand has come to.
    pub(crate) charges: Charges,
    /// Connections at a time.
    pub(crate) clients_max: usize,
    /// Connections that came by a metrics listener. They are not inside.
    pub(crate) scrapers: usize,
    /// The server is stopping.
    pub(crate) stopping: bool,
    /// What was done in the last seconds.
    pub(crate) activity: Activity,
    /// Connections that ended, by reason.
    pub(crate) closes: CloseCounts,
    pub(crate) signals: Option<Signals>,
    /// Where the log goes, and standard output.
    pub(crate) streams: Streams,
    pub(crate) wall_clock: WallClock,
    /// Room for the answer to a line, used again for the next.
    pub(crate) answer: Vec<u8>,
    /// The same for what is no part of it.
    pub(crate) aside: Vec<u8>,
    /// Room for a message that came by WebSocket.
    pub(crate) scratch: Vec<u8>,
    /// The page.
    pub(crate) files: Files,
}

impl Connections {
    pub(crate) fn new(shared: Shared, settings: Settings, clients_max: usize) -> Self {
        Self {
            shared,
            sessions: Sessions::default(),
            settings,
            secrets: None,
            certificates: FxHashMap::default(),
            listeners: FxHashMap::default(),
            inside: 0,
            admission: Admission::default(),
            shares: Shares::default(),
            charges: Charges::default(),
            clients_max,
            scrapers: 0,
            stopping: false,
            activity: Activity::default(),
            closes: CloseCounts::default(),
            signals: None,
            streams: Streams::default(),
            wall_clock: WallClock::default(),
            answer: Vec::new(),
            aside: Vec::new(),
            scratch: Vec::new(),
            files: Files::default(),
        }
    }

    /// Takes new settings over, for the connections that are there too.
    pub(crate) fn apply_settings(&mut self, net: &mut Net, settings: Settings) {
        self.settings = settings;
        // The limit for one address may have been switched on, or concern others than before.
        let inside = self.sessions.iter().filter(|(_, session)| session.inside);
        let addresses = inside.map(|(_, session)| session.peer.ip());
        self.admission.recount(addresses, &self.settings);
        for (id, session) in self.sessions.iter() {
            if session.is_chat() {
                net.set_limits(id, self.settings.chat);
            }
        }
    }

    /// Sets the alarm for whatever comes next if the peer stays silent.
    pub(crate) fn set_deadline(&mut self, net: &mut Net, id: ConnId) {
        if let Some(session) = self.sessions.get_mut(id) {
            let due = session.next_due(&self.settings);
            let at = due.map_or(Tick::NEVER, |(at, _)| at);
            let ping_at = session.next_ping(&self.settings, net.now());
            net.set_deadline(id, at.min(ping_at));
        }
    }

    /// Whether a peer whose time is up has said something that nobody has had the time to hear. It is heard first. A person
    /// who speaks is there, however long it is we who do not listen; a caller without a name puts off a deadline by
    /// talking only for a while.
    fn is_unheard(&mut self, net: &Net, id: ConnId, (at, due): (Tick, Due)) -> bool {
        let now = net.now();
        if at > now || !net.has_input_waiting(id) {
            return false;
        }
        // Who does not read is not listened to either, and that is their own doing.
        let speaks = due == Due::PingTimeout && !net.is_backlogged(id);
        let patience = match self.waits_for_share(net, id) {
            Some(_) => UNHEARD_AT_MOST + self.settings.registration,
            None => UNHEARD_AT_MOST,
        };
        speaks || at.until(now) < patience
    }

    /// The connection ends: the person there, if any, quits, and those who knew them are told. There is room for another.
    pub(crate) fn record_end(&mut self, net: &mut Net, id: ConnId, reason: CloseReason) {
        self.dismiss_with(net, id, reason, reason.quit_message());
    }

    /// The same, with other words than the reason's own.
    pub(crate) fn dismiss_with(
        &mut self,
        net: &mut Net,
        id: ConnId,
        why: CloseReason,
        reason: &str,
    ) {
        self.note_end(net, id, why, None);
        let time = self.wall_clock.at(net.now());
        let Some(user) = self.vacate(id) else {
            return;
        };
        let deliveries = net.stats().deliveries;
        let gone = self.shared.hub.apply(user, Command::Quit { reason }, time);
        debug_assert!(gone.is_ok(), "a person may always quit");
        self.shared.audience(net).tell_all(None);
        self.expel(net);
        self.add_work(net, deliveries, 0);
        match why {
            CloseReason::ClientQuit | CloseReason::PeerClosed => self.settle(net, id),
            _ => self.drop_bill(),
        }
    }

    /// Makes the place of the person at this connection free; says who it was. There is room for another.
    fn vacate(&mut self, id: ConnId) -> Option<UserId> {
        self.make_room(id);
        self.shared.password_checks.forget(id);
        let session = self.sessions.get_mut(id)?;
        let user = session.user.take()?;
        if let Some(irc) = session.irc_mut() {
            irc.forget_watched(user, &mut self.shared.watches);
        }
        self.shared.routes.leave(user);
        Some(user)
    }

    /// Tells of people whose connections were ended together, one after the other until the turn is full: of a thousand
    /// in a room, each is told to all who stay. Says whether some are left.
    fn tell_leaving(&mut self, net: &mut Net) -> bool {
        let time = self.wall_clock.at(net.now());
        while let Some((user, reason)) = self.shared.leaving.pop_front() {
            let deliveries = net.stats().deliveries;
            let reason = &*reason;
            // Someone else may have ended their stay meanwhile.
            let _ = self.shared.hub.apply(user, Command::Quit { reason }, time);
            self.shared.audience(net).tell_all(None);
            self.add_work(net, deliveries, 0);
            if net.is_turn_full() {
                break;
            }
        }
        // Nobody pays for it: those who could are gone.
        self.charges = Charges::default();
        !self.shared.leaving.is_empty()
    }

    /// Ends the connections of those whose stay was ended by others. They have quit already, and were told.
    pub(crate) fn expel(&mut self, net: &mut Net) {
        for (id, reason) in mem::take(&mut self.shared.expelled) {
            self.note_end(net, id, reason, None);
            self.vacate(id);
            self.hang_up(net, id);
        }
    }

    /// Says a last word to the peer, lets the person quit, and ends the connection when all is delivered.
    /// `words` are for those who knew them, if there is something better to say than the reason.
    pub(crate) fn part(
        &mut self,
        net: &mut Net,
        id: ConnId,
        why: CloseReason,
        words: Option<&str>,
    ) {
        self.note_end(net, id, why, None);
        let reason = words.unwrap_or(why.quit_message());
        let mut bytes = Vec::new();
        let hearing = self.sessions.get_mut(id).filter(|s| s.hears());
        match hearing.and_then(|s| s.flavour()) {
            Some(Flavour::Telnet) => telnet::refusal(&mut bytes, why.peer_text()),
            Some(flavour) => flavour.push_farewell(reason, &mut bytes),
            None => {}
        }
        net.send(id, &bytes);
        self.dismiss_with(net, id, why, reason);
        self.hang_up(net, id);
    }
}

impl Handler for Connections {
    fn handle_accept(&mut self, net: &mut Net, listener: ConnId, id: ConnId, peer: SocketAddr) {
        let scheme = self
            .listeners
            .get(&listener)
            .copied()
            .unwrap_or(Scheme::Any);
        let mut session = Session::new(
            match scheme {
                Scheme::Any => Protocol::Undecided {
                    greeted: false,
                    begun: false,
                },
                Scheme::Telnet => Protocol::Telnet(Telnet::default()),
                Scheme::Irc | Scheme::Ircs => Protocol::Irc(Irc::default()),
                Scheme::Http | Scheme::Https => Protocol::Http(HttpConnection::default()),
                Scheme::Metrics => Protocol::Http(HttpConnection::of_scraper()),
                Scheme::Echo | Scheme::EchoUdp => Protocol::Echo,
            },
            peer,
            net.now(),
        );
        if scheme.is_secure() {
            session.security = Security::Awaited;
        }
        let admitted = match scheme {
            Scheme::Metrics => self.admit_scraper(),
            _ => self.admit(session.peer.ip(), net.now()),
        };
        match admitted {
            Ok(()) if scheme == Scheme::Metrics => {}
            Ok(()) => {
                session.inside = true;
                if session.is_chat() {
                    self.shared.clients += 1;
                }
            }
            Err(reason) => {
                let word = self.settings.word(reason).clone();
                match scheme {
                    Scheme::Echo | Scheme::EchoUdp => {}
                    Scheme::Irc => net.send(id, &word.irc),
                    Scheme::Http | Scheme::Metrics => net.send(id, &word.web),
                    // It costs a handshake, for words in the clear would be taken for a broken server. Those who have
                    // cost too much get none.
                    Scheme::Ircs | Scheme::Https if self.is_in_debt(peer.ip(), net.now()) => {}
                    Scheme::Ircs | Scheme::Https => {
                        let is_web = scheme == Scheme::Https;
                        self.wrap(net, id, &[], is_web);
                        net.send(id, if is_web { &word.web } else { &word.irc });
                    }
                    Scheme::Any | Scheme::Telnet => net.send(id, &word.plain),
                }
                net.close(id);
                session.protocol = Protocol::TurnedAway;
            }
        }
        match session.protocol {
            Protocol::Echo => net.set_limits(id, ECHO),
            Protocol::Http(_) => net.set_limits(id, HTTP_LIMITS),
            _ => net.set_limits(id, self.settings.chat),
        }
        if matches!(session.protocol, Protocol::Telnet(_)) {
            net.send(id, &self.settings.greeting);
        }
        let (peer, inside) = (session.peer, session.inside);
        tracing::debug!(%peer, via = scheme.name(), inside, "accepted");
        self.sessions.insert(id, session);
        self.charge_call(net, id);
        if let Err(reason) = admitted {
            self.note_end(net, id, reason, None);
        }
        self.set_deadline(net, id);
    }

    fn handle_input(
        &mut self,
        net: &mut Net,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> Consumed {
        if let Some(until) = self.waits_for_share(net, id) {
            let then = Next::PauseUntil(until);
            return Consumed {
                bytes: 0,
                next: then,
            };
        }
        let taken = self.take_input(net, id, input, searched);
        self.charge_input(net, id, input.len(), taken)
    }

    fn handle_overhead(&mut self, net: &mut Net, id: ConnId, bytes: usize) {
        self.charge_overhead(net, id, bytes);
    }

    fn handle_end(&mut self, net: &mut Net, id: ConnId) {
        let session = self.sessions.get_mut(id);
        if let Some(session) = session.filter(|session| session.is_busy()) {
            // What it asked for is still being answered.
            session.speech_ended = true;
            return;
        }
        self.record_end(net, id, CloseReason::PeerClosed);
        self.hang_up(net, id);
    }

    fn handle_lost(&mut self, net: &mut Net, id: ConnId, loss: &Loss) {
        let reason = CloseReason::from(loss);
        self.note_loss(net, id, reason, loss);
        self.record_end(net, id, reason);
    }

    fn handle_overflow(&mut self, net: &mut Net, id: ConnId) {
        self.part(net, id, CloseReason::SendqExceeded, None);
    }

    fn handle_deadline(&mut self, net: &mut Net, id: ConnId) {
        let now = net.now();
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if self.shared.password_checks.is_checking(id) {
            // It is we who keep it waiting.
            session.last_activity = now;
        }
        // Traffic moves the deadline without touching the alarm: look again.
        let next_due = session.next_due(&self.settings);
        if next_due.is_some_and(|(at, due)| due.ends() && self.is_unheard(net, id, (at, due))) {
            return net.set_deadline(id, now.after(LOOK_AGAIN));
        }
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        match next_due {
            Some((at, due)) if at <= now => match due {
                Due::Greet => {
                    session.protocol = Protocol::Undecided {
                        greeted: true,
                        begun: false,
                    };
                    net.send(id, &self.settings.greeting);
                }
                Due::NoHandshake => return self.part(net, id, CloseReason::TlsTimeout, None),
                Due::NoName => return self.part(net, id, CloseReason::RegistrationTimeout, None),
                Due::NoRequest => {
                    self.record_end(net, id, CloseReason::HttpIdle);
                    return net.close(id);
                }
                Due::SlowRequest => {
                    let status = Status::RequestTimeout;
                    return self.turn_down(net, id, status, CloseReason::RequestTimeout);
                }
                Due::Probe => {
                    session.ping_outstanding = true;
                    session.last_activity = now;
                    match session.protocol {
                        Protocol::Irc(_) => net.send(id, &self.settings.irc_ping),
                        // Browsers answer by themselves, and proxies see that the connection is used.
                        Protocol::Web(_) => net.write(id, |out| push_ping(b"", out)),
                        _ => net.send(id, &telnet::PROBE),
                    }
                }
                Due::PingTimeout => {
                    let silence = session.last_activity.until(now).as_secs();
                    let reason = CloseReason::PingTimeout;
                    let words = format!("{}: {silence} seconds", reason.quit_message());
                    return self.part(net, id, reason, Some(&words));
                }
            },
            Some((_, Due::PingTimeout)) if matches!(session.protocol, Protocol::Web(_)) => {
                net.write(id, |out| push_ping(b"", out));
            }
            _ => {}
        }
        self.set_deadline(net, id);
    }

    fn handle_notice(&mut self, net: &mut Net, id: ConnId, notice: &Notice) {
        self.heed_notice(net, id, notice);
    }

    fn handle_pending(&mut self, net: &mut Net) -> bool {
        self.tell_leaving(net)
    }

    fn handle_drained(&mut self, net: &mut Net, id: ConnId) {
        self.go_on(net, id);
    }

    fn held_for(&self, id: ConnId) -> usize {
        let session = self.sessions.get(id);
        session.map_or(0, |session| session.protocol.memory())
    }

    fn standing(&self, id: ConnId) -> Standing {
        self.standing_of(id)
    }

    fn handle_pressure(&mut self, net: &mut Net) {
        self.shared.hub.forget_whowas();
        net.set_kept_elsewhere(self.kept());
    }

    fn handle_datagram(&mut self, net: &mut Net, id: ConnId, from: SocketAddr, bytes: &[u8]) {
        if echo::answers_port(from.port()) {
            net.send_datagram(id, from, bytes);
        }
    }

    fn handle_external(&mut self, _net: &mut Net, source: External) {
        match &mut self.signals {
            Some(signals) if source == SIGNALS => signals.note_pending(),
            _ => self.streams.note_room(source),
        }
    }

    fn handle_reaped(&mut self, net: &mut Net, id: ConnId) {
        // Whatever ended the connection, nobody is left behind in the hub.
        self.record_end(net, id, CloseReason::IoError);
        self.certificates.remove(&id);
        let session = self.sessions.remove(id);
        if session.is_some_and(|session| session.is_scraper()) {
            self.scrapers -= 1;
        }
    }
}
