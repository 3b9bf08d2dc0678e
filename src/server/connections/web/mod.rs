//! Browsers and other programs of the web: requests that are answered, and WebSockets that carry IRC.
//!
//! A connection visits by HTTP, request after request; if it asks to be upgraded, it stays as IRC whose lines come in
//! messages. Invariants: an upgraded connection is a chat caller like any other, with the same limits, deadlines and
//! flood control, of which each frame costs a share, a ping too; a WebSocket that we end is told why with a number.
//! Does not know wire formats.

use crate::server::{
    connections::Connections,
    connections::close_reason::CloseReason,
    connections::session::{Protocol, Session},
};
use crate::{
    net::{ConnId, Limits, Net},
    protocol::{
        Decoded,
        irc::Irc,
        web::{
            http::{self, Http, Page, Request, Status},
            upgrade::{Upgrade, upgrade},
            websocket::{Kind, Received, WebSocket},
        },
    },
    server::limits::rate::{Allowance, Rate},
};
use std::{mem, time::Duration};

/// How long a connection may stay between two requests: browsers come back within it for what a page needs.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// The same for one that came by a metrics listener: Prometheus asks every minute unless told otherwise, others every five.
const SCRAPER_KEEP_ALIVE: Duration = Duration::from_secs(360);

/// How long a connection that carries requests may stay in all. Its place is then free for whoever waits for one; a
/// client that comes back pays a handshake in ten minutes. A page that stays open has its WebSocket, which is no such
/// connection.
const LIFETIME: Duration = Duration::from_secs(600);

/// The same for one that came by a metrics listener. Prometheus asks every 15 s or minute on one connection; after its
/// end it calls again, without a scrape missed.
const SCRAPER_LIFETIME: Duration = Duration::from_secs(3_600);

/// The most requests that one connection carries, as nginx has it: more than a page needs in ten minutes, and more than
/// a scraper asks in an hour at any sensible pace.
const REQUESTS_MAX: u16 = 1_000;

/// Requests of one connection: a page and all that belongs to it at once, a reload every second for ever.
pub(crate) const REQUESTS: Rate = Rate {
    per_second: 20,
    burst: 200,
};

/// A visitor is answered further when it has read most of the last page. There is nothing to be let go for: its queue
/// holds one answer more than this at most, and the ceiling of the process is for all.
pub(crate) const HTTP_LIMITS: Limits = Limits {
    high_water: 16 * 1024,
    limit: u32::MAX,
};

/// The longest message. One that is longer than a line of IRC may be is answered so (417) if it can still be a
/// mistake of someone who writes too much; behind this it is none.
const MESSAGE_BYTES_MAX: u32 = 16 * 1024;

/// The same before a name is given: what a client says until then fits into lines of 512 bytes. An unfinished message
/// is kept in memory, for a stranger.
const STRANGERS_MESSAGE_BYTES_MAX: u32 = 2 * 1024;

/// A connection that speaks HTTP.
#[derive(Debug, Default)]
pub(crate) struct HttpConnection {
    http: Http,
    /// The beginning of a request is in.
    begun: bool,
    /// A request was answered.
    served: bool,
    /// Requests that were answered, at most [`REQUESTS_MAX`].
    answered: u16,
    /// It came by a metrics listener, and sees inside.
    is_scraper: bool,
}

impl HttpConnection {
    /// One that came by a metrics listener.
    pub(crate) fn of_scraper() -> Self {
        Self {
            is_scraper: true,
            ..Self::default()
        }
    }

    /// Whether it came by a metrics listener.
    pub(crate) fn is_scraper(&self) -> bool {
        self.is_scraper
    }

    /// Counts a request of a connection of this age, and says whether its answer is the last.
    fn count(&mut self, age: Duration) -> bool {
        let lifetime = match self.is_scraper {
            true => SCRAPER_LIFETIME,
            false => LIFETIME,
        };
        self.answered = self.answered.saturating_add(1);
        self.answered >= REQUESTS_MAX || age >= lifetime
    }

    /// When it has been waited for long enough, counted from the session's mark, and whether for the rest of a request.
    pub(crate) fn patience(&self, registration: Duration) -> (Duration, bool) {
        match self.begun || !self.served {
            true => (registration, self.begun),
            false if self.is_scraper => (SCRAPER_KEEP_ALIVE, false),
            false => (KEEP_ALIVE, false),
        }
    }
}

/// A connection that speaks IRC over WebSocket.
#[derive(Debug)]
pub(crate) struct Socket {
    web: WebSocket,
    pub(crate) irc: Irc,
    /// Of what kind our messages are.
    pub(crate) kind: Kind,
}

impl Socket {
    /// Bytes of memory behind the record.
    pub(crate) fn memory(&self) -> usize {
        self.irc.memory() + self.web.heap_bytes()
    }
}

impl Connections {
    /// From here on, a connection speaks HTTP.
    pub(crate) fn begin_visit(&mut self, net: &mut Net, id: ConnId) {
        if let Some(session) = self.sessions.get_mut(id) {
            let was_chat = session.is_chat();
            session.protocol = Protocol::Http(HttpConnection::default());
            if was_chat && session.inside {
                self.shared.clients -= 1;
            }
        }
        net.set_limits(id, HTTP_LIMITS);
        self.set_deadline(net, id);
    }

    /// Handles one request; says how many bytes it took and whether it was whole.
    pub(crate) fn handle_request(
        &mut self,
        net: &mut Net,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> (usize, bool) {
        let now = net.now();
        let Some(session) = self.sessions.get_mut(id) else {
            return (input.len(), false);
        };
        let age = Duration::from_secs(session.age_s(now).into());
        let Session {
            protocol,
            last_activity,
            ..
        } = session;
        let Protocol::Http(visit) = protocol else {
            return (input.len(), false);
        };
        let Decoded {
            item: step,
            consumed,
        } = visit.http.next(input, searched);
        let goes_on = match step {
            http::Step::Incomplete => {
                let begun = consumed < input.len();
                if mem::replace(&mut visit.begun, begun) != begun {
                    if visit.served {
                        *last_activity = now;
                    }
                    self.set_deadline(net, id);
                }
                return (consumed, false);
            }
            http::Step::Request(mut request) => {
                if visit.count(age) {
                    request.end_with_it();
                }
                (visit.begun, visit.served, *last_activity) = (false, true, now);
                self.answer_request(net, id, &request)
            }
            http::Step::Refused(status) => {
                self.turn_down(net, id, status, CloseReason::HttpRefused);
                false
            }
        };
        if !goes_on {
            return (input.len(), false);
        }
        self.note_heard(now, id, true);
        self.set_deadline(net, id);
        (consumed, true)
    }

    /// Answers a request; says whether the connection goes on.
    fn answer_request(&mut self, net: &mut Net, id: ConnId, request: &Request<'_>) -> bool {
        let now = self.wall_clock.at(net.now()).wall;
        let mut answer = Vec::new();
        let is_scraper = self.sessions.get(id).is_some_and(Session::is_scraper);
        let asked = match is_scraper {
            // Before anything else, and at every door: a stranger's page may not even read what is refused here.
            _ if !self.settings.hosts.admit(request.host) => {
                Upgrade::Refused(Status::MisdirectedRequest)
            }
            // Metrics listeners accept no WebSockets.
            true => Upgrade::NotAsked,
            false => upgrade(request, &self.settings.origins, &mut answer),
        };
        let keep = match asked {
            Upgrade::Accepted(kind) => {
                net.send(id, &answer);
                self.begin_messages(net, id, kind);
                return true;
            }
            Upgrade::Refused(status) => {
                match status {
                    Status::Forbidden => self.log_stranger(id, request),
                    Status::MisdirectedRequest => self.log_unknown_host(id, request),
                    _ => {}
                }
                http::refuse(request, status, now, &mut answer)
            }
            Upgrade::NotAsked if is_scraper => self.answer_scraper(net, id, request, now),
            Upgrade::NotAsked => {
                let page = self.page_at(net, request.path);
                let mut keep = false;
                // Straight into the queue: a page is too much to be copied twice.
                net.write(id, |out| {
                    keep = http::respond(request, page.as_ref(), now, out)
                });
                keep
            }
        };
        net.send(id, &answer);
        if !keep {
            self.record_end(net, id, CloseReason::HttpDone);
            net.close(id);
        }
        keep
    }

    /// What is served at a path.
    fn page_at(&self, net: &Net, path: &str) -> Option<Page<'_>> {
        match path {
            "/status" => self.public_status(net),
            _ => self.files.at(path),
        }
    }

    /// Refuses what came, or what did not come, and ends the connection.
    pub(crate) fn turn_down(
        &mut self,
        net: &mut Net,
        id: ConnId,
        status: Status,
        reason: CloseReason,
    ) {
        let now = self.wall_clock.at(net.now()).wall;
        self.note_end(net, id, reason, Some(&status.line()));
        net.write(id, |out| http::respond_early(status, now, out));
        self.record_end(net, id, reason);
        net.close(id);
    }

    /// A page of another site tried to open a WebSocket here. Whoever runs the server may want to allow it.
    fn log_stranger(&mut self, id: ConnId, request: &Request<'_>) {
        let origin = request.header("origin").unwrap_or_default();
        let origin = beginning(&String::from_utf8_lossy(origin));
        if let Some(session) = self.sessions.get_mut(id) {
            let peer = session.peer;
            tracing::info!(%peer, ?origin, "refused: a page of this origin is not in [web] origins");
        }
    }

    /// A request called us by a name that is not known to be ours. If it is, whoever runs the server must say so.
    fn log_unknown_host(&mut self, id: ConnId, request: &Request<'_>) {
        let host = beginning(request.host.unwrap_or_default());
        if let Some(session) = self.sessions.get_mut(id) {
            let peer = session.peer;
            tracing::info!(%peer, ?host, "refused: this host is neither the server's name nor in [web] hosts");
        }
    }

    /// From here on, a connection carries IRC in messages.
    fn begin_messages(&mut self, net: &mut Net, id: ConnId, kind: Kind) {
        let now = net.now();
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        session.protocol = Protocol::Web(Box::new(Socket {
            web: WebSocket::server(STRANGERS_MESSAGE_BYTES_MAX),
            irc: Irc::default(),
            kind,
        }));
        session.last_activity = now;
        session.allowance = Allowance::default();
        if session.inside {
            self.shared.clients += 1;
        }
        net.set_limits(id, self.settings.chat);
    }

    /// Handles one message, or what stands for one; says how many bytes it took and whether it was whole. A connection
    /// that ended with it takes all the rest.
    pub(crate) fn handle_message(
        &mut self,
        net: &mut Net,
        id: ConnId,
        input: &[u8],
    ) -> (usize, bool) {
        // Not borrowed: the message lies in it while the court is busy with it.
        let mut scratch = mem::take(&mut self.scratch);
        let taken = self.take_message(net, id, input, &mut scratch);
        self.scratch = scratch;
        self.note_heard(net.now(), id, taken.1);
        taken
    }

    fn take_message(
        &mut self,
        net: &mut Net,
        id: ConnId,
        input: &[u8],
        scratch: &mut Vec<u8>,
    ) -> (usize, bool) {
        let session = self.sessions.get_mut(id);
        let Some((Protocol::Web(socket), user)) = session.map(|s| (&mut s.protocol, s.user)) else {
            return (input.len(), false);
        };
        if user.is_some() {
            socket.web.set_limit(MESSAGE_BYTES_MAX);
        }
        let mut replies = Vec::new();
        let Decoded {
            consumed,
            item: what,
        } = socket.web.next(input, scratch, &mut replies);
        if !replies.is_empty() && !matches!(what, Received::Failed(_)) {
            net.send(id, &replies);
        }
        let message = match what {
            Received::Incomplete => return (consumed, false),
            Received::Fragment | Received::Ping | Received::Pong => return (consumed, true),
            Received::Text(text) => text.as_bytes(),
            Received::Binary(bytes) => bytes,
            Received::Closed { .. } => {
                self.record_end(net, id, CloseReason::PeerClosed);
                self.hang_up(net, id);
                return (input.len(), false);
            }
            Received::Failed(fault) => {
                self.note_end(net, id, CloseReason::WebsocketFault, Some(&fault));
                net.send(id, &replies);
                self.record_end(net, id, CloseReason::WebsocketFault);
                self.hang_up(net, id);
                return (input.len(), false);
            }
        };
        match self.hear_message(net, id, message) {
            Some(()) => (consumed, true),
            None => (input.len(), false),
        }
    }

    /// Ends a connection once all that is queued is delivered. A WebSocket is told why first.
    pub(crate) fn hang_up(&mut self, net: &mut Net, id: ConnId) {
        if let Some(session) = self.sessions.get_mut(id) {
            let reason = session.ended_for.unwrap_or(CloseReason::PeerClosed);
            if let Protocol::Web(socket) = &mut session.protocol {
                let mut bytes = Vec::new();
                socket
                    .web
                    .close(close_code(reason), reason.quit_message(), &mut bytes);
                net.send(id, &bytes);
            }
        }
        net.close(id);
    }
}

/// The beginning of what a peer wrote, for the log.
fn beginning(text: &str) -> String {
    const CHARS_MAX: usize = 100;
    text.chars().take(CHARS_MAX).collect()
}

/// The number that says why we end a WebSocket (RFC 6455 section 7.4.1, and the registry that it opened).
fn close_code(reason: CloseReason) -> u16 {
    match reason {
        // It was the peer's own wish.
        CloseReason::ClientQuit | CloseReason::PeerClosed => 1000,
        // Going away.
        CloseReason::Shutdown | CloseReason::SecondSignal => 1001,
        // Try again later.
        CloseReason::ServerFull | CloseReason::TooManyFromAddress | CloseReason::TooSoon => 1013,
        // Policy.
        _ => 1008,
    }
}

#[cfg(test)]
mod tests;
