//! The courtyard: the state of the server, and what it does about everything the loop tells.
//!
//! Owns the hub, the sessions and the seats. A line goes from here to its protocol and comes back as commands and answers
//! ([`Exchange`]); what the hub says of it goes out by [`fanout`]. Knows when to do things; the rules of chat, of
//! wire formats and of readiness are elsewhere.

use super::{
    exchange::Exchange,
    fanout::{self, Seats},
    session::{Due, Peer, Protocol, Session, Sessions},
    settings::{ECHO, Settings},
    signals::Signals,
    wall::Wall,
};
use crate::{
    chat::{Command, Hub},
    config::Scheme,
    net::{ConnId, External, Handler, Loss, Poller, Taken, Then, Tick},
    protocol::{
        Frame,
        detect::{self, Detected},
        echo,
        flavour::Flavour,
        telnet::{self, Telnet},
    },
};
use rustc_hash::FxHashMap;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    rc::Rc,
};

/// Lines of one connection handled in one turn; what it sent beyond that is carried over, so that nobody waits long
/// for their turn.
const LINES_PER_TURN: usize = 32;

/// Everything behind the loop.
#[derive(Debug)]
pub(super) struct Court {
    pub(super) hub: Hub,
    pub(super) sessions: Sessions,
    pub(super) seats: Seats,
    pub(super) settings: Settings,
    /// What is spoken at each listener and datagram socket.
    pub(super) doors: FxHashMap<ConnId, Scheme>,
    /// Connections that were let in and have not been told to go. Not those that are only being hung up on: they must
    /// not keep anyone out.
    pub(super) inside: usize,
    /// The same by address, kept only if their number is limited.
    pub(super) by_address: FxHashMap<IpAddr, u32>,
    /// Connections at a time.
    pub(super) clients_max: usize,
    pub(super) signals: Option<Signals>,
    wall: Wall,
    /// Room for the answer to a line, used again for the next.
    answer: Vec<u8>,
}

impl Court {
    pub(super) fn new(hub: Hub, settings: Settings, clients_max: usize) -> Self {
        Self {
            hub,
            sessions: Sessions::default(),
            seats: Seats::default(),
            settings,
            doors: FxHashMap::default(),
            inside: 0,
            by_address: FxHashMap::default(),
            clients_max,
            signals: None,
            wall: Wall::default(),
            answer: Vec::new(),
        }
    }

    /// Lets a caller in, or says why they cannot come in, in words for them.
    fn admit(&mut self, address: IpAddr) -> Result<(), Rc<[u8]>> {
        if self.inside >= self.clients_max {
            return Err(self.settings.full.clone());
        }
        let limit = self.settings.clients_per_address;
        if limit > 0 {
            let count = self.by_address.entry(address).or_default();
            if *count >= limit {
                return Err(self.settings.too_many.clone());
            }
            *count += 1;
        }
        self.inside += 1;
        Ok(())
    }

    /// Makes the room of a connection free for the next caller.
    fn make_room(&mut self, id: ConnId) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if !std::mem::take(&mut session.inside) {
            return;
        }
        let address = session.peer.ip();
        self.inside -= 1;
        if let Some(count) = self.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
    }

    /// Takes new settings over, for the connections that are there too.
    pub(super) fn apply_settings(&mut self, net: &mut Poller, settings: Settings) {
        self.settings = settings;
        for (id, session) in self.sessions.iter() {
            if session.is_chat() {
                net.set_limits(id, self.settings.chat);
            }
        }
    }

    /// Sets the alarm for whatever comes next if the peer stays silent.
    fn set_alarm(&mut self, net: &mut Poller, id: ConnId) {
        if let Some(session) = self.sessions.get_mut(id) {
            let due = session.next_due(&self.settings);
            net.set_alarm(id, due.map_or(Tick::NEVER, |(at, _)| at));
        }
    }

    /// The first bytes on an `any://` connection: decides what it speaks, if they suffice.
    fn decide(&mut self, net: &mut Poller, id: ConnId, input: &[u8]) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let Protocol::Undecided { greeted } = session.protocol else {
            return;
        };
        match detect::detect(input) {
            Detected::Undecided => {}
            // What is not spoken here yet is told so in telnet's words.
            Detected::Irc | Detected::Telnet | Detected::Tls | Detected::Web => {
                session.protocol = Protocol::Telnet(Telnet::default());
                if !greeted {
                    net.send(id, &self.settings.greeting);
                }
                self.set_alarm(net, id);
            }
        }
    }

    /// Handles the lines that are there, within the bounds of a turn, of flood control, and of what the peer leaves unread.
    fn handle_lines(
        &mut self,
        net: &mut Poller,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> Taken {
        let mut bytes = 0;
        for _ in 0..LINES_PER_TURN {
            let rest = &input[bytes..];
            if rest.is_empty() {
                let then = Then::ReadOn;
                return Taken { bytes, then };
            }
            if net.is_turn_full() || net.is_backlogged(id) {
                break;
            }
            if let Err(at) = self.has_allowance(net, id) {
                let then = Then::WaitUntil(at);
                return Taken { bytes, then };
            }
            let (consumed, whole) = self.handle_frame(net, id, rest, searched);
            bytes += consumed;
            if !whole {
                let then = Then::ReadOn;
                return Taken { bytes, then };
            }
        }
        let then = Then::CarryOver;
        Taken { bytes, then }
    }

    /// Whether flood control lets one more line pass; if not, when it will.
    fn has_allowance(&mut self, net: &Poller, id: ConnId) -> Result<(), Tick> {
        let Some(session) = self.sessions.get_mut(id) else {
            return Ok(());
        };
        // A copy: the line is paid for when it is whole.
        let mut allowance = session.allowance;
        let taken = allowance.take(net.now().0, self.settings.rate);
        taken.map_err(Tick)
    }

    /// Handles one frame; says how many bytes it took and whether it was whole. A connection that ended with it takes
    /// all the rest.
    fn handle_frame(
        &mut self,
        net: &mut Poller,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> (usize, bool) {
        let now = net.now();
        let time = self.wall.at(now);
        let Some(session) = self.sessions.get_mut(id) else {
            return (input.len(), false);
        };
        let Protocol::Telnet(telnet) = &mut session.protocol else {
            return (input.len(), false);
        };
        let spoke_telnet = telnet.speaks_telnet();
        let was_nobody = session.user.is_none();
        self.answer.clear();
        let cap = self.settings.line;
        let cut = telnet.next_frame(input, searched, cap, &mut self.answer);
        let mut exchange = Exchange {
            hub: &mut self.hub,
            seats: &mut self.seats,
            net,
            id,
            flavour: Flavour::Telnet,
            user: &mut session.user,
            now: time,
            answer: &mut self.answer,
            quitting: None,
        };
        let whole = match cut.frame {
            Frame::Incomplete => false,
            Frame::Line(line) => {
                telnet.handle_line(&line, &mut exchange);
                true
            }
            Frame::TooLong => {
                telnet.handle_too_long(cap, &mut exchange);
                true
            }
        };
        let quitting = exchange.quitting.take();
        if whole {
            let _ = session.allowance.take(now.0, self.settings.rate);
        }
        if session.user.is_some() {
            session.mark = now;
            session.probed = false;
        }
        let alarm_changed =
            was_nobody != session.user.is_none() || spoke_telnet != telnet.speaks_telnet();
        if !self.answer.is_empty() {
            net.send(id, &self.answer);
        }
        if let Some(reason) = quitting {
            self.dismiss(net, id, &reason);
            net.close(id);
            return (input.len(), false);
        }
        if alarm_changed {
            self.set_alarm(net, id);
        }
        (cut.consumed, whole)
    }

    /// The person at this connection, if any, quits, and those who knew them are told. There is room for another.
    pub(super) fn dismiss(&mut self, net: &mut Poller, id: ConnId, reason: &str) {
        self.make_room(id);
        let time = self.wall.at(net.now());
        let user = self
            .sessions
            .get_mut(id)
            .and_then(|session| session.user.take());
        let Some(user) = user else {
            return;
        };
        self.seats.leave(user);
        let gone = self.hub.apply(user, Command::Quit { reason }, time);
        debug_assert!(gone.is_ok(), "a person may always quit");
        fanout::tell_all(&mut self.hub, &self.seats, net, None);
    }

    /// Says a last word to the peer, lets the person quit, and ends the connection when all is delivered.
    fn part(&mut self, net: &mut Poller, id: ConnId, word: &str, reason: &str) {
        let mut bytes = Vec::new();
        telnet::refusal(&mut bytes, word);
        net.send(id, &bytes);
        self.dismiss(net, id, reason);
        net.close(id);
    }

    fn peer(&mut self, id: ConnId) -> Option<Peer> {
        self.sessions.get_mut(id).map(|session| session.peer)
    }
}

impl Handler for Court {
    fn handle_accept(&mut self, net: &mut Poller, listener: ConnId, id: ConnId, peer: SocketAddr) {
        let scheme = self.doors.get(&listener).copied().unwrap_or(Scheme::Any);
        let mut session = Session::new(
            match scheme {
                Scheme::Any => Protocol::Undecided { greeted: false },
                Scheme::Telnet => Protocol::Telnet(Telnet::default()),
                Scheme::Echo | Scheme::EchoUdp => Protocol::Echo,
            },
            peer,
            net.now(),
        );
        match self.admit(session.peer.ip()) {
            Ok(()) => session.inside = true,
            Err(word) => {
                if scheme != Scheme::Echo {
                    net.send(id, &word);
                }
                net.close(id);
                session.protocol = Protocol::TurnedAway;
            }
        }
        match session.protocol {
            Protocol::Echo => net.set_limits(id, ECHO),
            _ => net.set_limits(id, self.settings.chat),
        }
        if matches!(session.protocol, Protocol::Telnet(_)) {
            net.send(id, &self.settings.greeting);
        }
        let (peer, inside) = (session.peer, session.inside);
        tracing::debug!(%peer, via = scheme.name(), inside, "accepted");
        self.sessions.insert(id, session);
        self.set_alarm(net, id);
    }

    fn handle_input(
        &mut self,
        net: &mut Poller,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> Taken {
        self.decide(net, id, input);
        let Some(session) = self.sessions.get_mut(id) else {
            return all_of(input);
        };
        match session.protocol {
            Protocol::Undecided { .. } => Taken {
                bytes: 0,
                then: Then::ReadOn,
            },
            Protocol::Telnet(_) => self.handle_lines(net, id, input, searched),
            Protocol::Echo => {
                net.send(id, input);
                all_of(input)
            }
            Protocol::TurnedAway => all_of(input),
        }
    }

    fn handle_end(&mut self, net: &mut Poller, id: ConnId) {
        self.dismiss(net, id, "connection closed");
        net.close(id);
    }

    fn handle_lost(&mut self, net: &mut Poller, id: ConnId, loss: &Loss) {
        let reason = match loss {
            Loss::Io(error) if error.kind() == io::ErrorKind::TimedOut => "Ping timeout",
            Loss::Io(_) => "connection lost",
            Loss::InputTooLong => "too much unfinished input",
            Loss::OverCeiling => "SendQ exceeded",
        };
        if let Some(peer) = self.peer(id) {
            tracing::debug!(%peer, %loss, "lost");
        }
        self.dismiss(net, id, reason);
    }

    fn handle_overflow(&mut self, net: &mut Poller, id: ConnId) {
        let queued = net.queued(id);
        if let Some(peer) = self.peer(id) {
            tracing::info!(%peer, queued, "let go: it does not read");
        }
        self.part(
            net,
            id,
            "you read too slowly; good-bye (SendQ exceeded)",
            "SendQ exceeded",
        );
    }

    fn handle_alarm(&mut self, net: &mut Poller, id: ConnId) {
        let now = net.now();
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        // Traffic moves the deadline without touching the alarm: look again.
        match session.next_due(&self.settings) {
            Some((at, due)) if at <= now => match due {
                Due::Greet => {
                    session.protocol = Protocol::Undecided { greeted: true };
                    net.send(id, &self.settings.greeting);
                }
                Due::NoName => {
                    return self.part(net, id, "you gave no name in time; good-bye", "");
                }
                Due::Probe => {
                    session.probed = true;
                    net.send(id, &telnet::PROBE);
                }
                Due::PingTimeout => {
                    return self.part(net, id, "no sign of life; good-bye", "Ping timeout");
                }
            },
            _ => {}
        }
        self.set_alarm(net, id);
    }

    fn handle_datagram(&mut self, net: &mut Poller, id: ConnId, from: SocketAddr, bytes: &[u8]) {
        if echo::answers_port(from.port()) {
            net.send_datagram(id, from, bytes);
        }
    }

    fn handle_external(&mut self, _net: &mut Poller, _source: External) {
        if let Some(signals) = &mut self.signals {
            signals.note_pending();
        }
    }

    fn handle_reaped(&mut self, net: &mut Poller, id: ConnId) {
        // Whatever ended the connection, nobody is left behind in the hub.
        self.dismiss(net, id, "connection lost");
        let Some(session) = self.sessions.remove(id) else {
            return;
        };
        tracing::debug!(peer = %session.peer, "closed");
    }
}

fn all_of(input: &[u8]) -> Taken {
    Taken {
        bytes: input.len(),
        then: Then::ReadOn,
    }
}
