//! The state that connections share: the chat, the routes to its users, the settings in force, the limits, the counts.
//!
//! A protocol is lent this while it handles the input of one connection. Knows no sessions and no protocols' state.

pub(crate) mod accounts;
mod always_on;
mod audit;
pub(crate) mod cloak;
pub(crate) mod fanout;
pub(crate) mod gateways;
pub(crate) mod history;
pub(crate) mod hosts;
pub(crate) mod lifecycle;
pub(crate) mod password_checks;
pub(crate) mod presences;
pub(crate) mod read_markers;
pub(crate) mod resume;
pub(crate) mod rooms;
pub(crate) mod routes;
mod server_bans;
mod session_notes;
pub(crate) mod sessions;
pub(crate) mod store;
mod watchers;

use super::{
    certificates::Certificates,
    connections::close_reason::{CloseCounts, CloseReason},
    limits::{admission::Admission, bill::Bill, cpu_shares::CpuShares},
    listeners::listener::Listener,
    metrics::activity::{Activity, Counters},
    settings::Settings,
    wall_clock::WallClock,
};
use crate::{
    chat::{Hub, RoomId, UserId, watches::Watches},
    net::{ConnId, Net, tls::Fingerprint},
    os::sandbox::Granted,
    protocol::{
        flavour::Flavour,
        history::{HistoryError, HistoryRequest},
        irc::ServerInfo,
        web::{http::Page, page::Files},
    },
};
use accounts::Accounts;
use fanout::{EventSender, LastFanOut, Own};
use gateways::Gateways;
use history::History;
use hosts::Hosts;
use lifecycle::{Control, Lifecycle};
use password_checks::PasswordChecks;
use presences::Presences;
use read_markers::ReadMarkers;
use resume::ResumeTokens;
use routes::Routes;
use rustc_hash::FxHashMap;
use session_notes::SessionNotes;
use std::{collections::VecDeque, io, rc::Rc};
use store::Store;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) hub: Hub,
    pub(crate) routes: Routes,
    pub(crate) watches: Watches,
    pub(crate) hosts: Hosts,
    pub(crate) server_info: ServerInfo,
    pub(crate) settings: Settings,
    pub(crate) limits: Limits,
    pub(crate) password_checks: PasswordChecks,
    pub(crate) resume_tokens: ResumeTokens,
    pub(crate) session_notes: SessionNotes,
    pub(crate) presences: Presences,
    pub(crate) store: Store,
    pub(crate) history: History,
    pub(crate) read_markers: ReadMarkers,
    /// Accounts, where there is a store for them.
    pub(crate) accounts: Option<Accounts>,
    /// Certificates, if there are any.
    pub(crate) tls: Option<Certificates>,
    /// The certificates that clients proved to have; few do.
    pub(crate) certificates: FxHashMap<ConnId, Fingerprint>,
    pub(crate) gateways: Gateways,
    /// The listeners of connections that came from proxies, as long as these may say whose they are.
    pub(crate) proxied: FxHashMap<ConnId, Listener>,
    /// What the process may still do.
    pub(crate) sandbox: Granted,
    pub(crate) wall_clock: WallClock,
    pub(crate) lifecycle: Lifecycle,
    /// The request of an operator of the server, to be followed at the end of the turn.
    pub(crate) pending: Option<Control>,
    /// Connections on which a user may chat, whether they have a name or not.
    pub(crate) clients: usize,
    /// Connections of users whose stay was ended by others. They are closed when the line at hand is done.
    pub(crate) expelled: Vec<(ConnId, CloseReason)>,
    /// Connections that are to be shown a room that another connection of their user joined.
    pub(crate) joined_elsewhere: Vec<(ConnId, RoomId)>,
    /// Users whose connection was closed together with many others, and their quit messages. They have no route any
    /// more, and quit in pieces.
    pub(crate) leaving: VecDeque<(UserId, Rc<str>)>,
    pub(crate) last_fan_out: LastFanOut,
    pub(crate) counters: Counters,
    /// The activity of the last seconds.
    pub(crate) activity: Activity,
    /// Connections that ended, by reason.
    pub(crate) closes: CloseCounts,
    pub(crate) buffers: Buffers,
    /// The page.
    pub(crate) files: Files,
    /// The report that the request at hand asked for.
    pub(crate) report: Option<Page<'static>>,
}

/// The limits over all connections, and the bill of the input at hand.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    pub(crate) admission: Admission,
    pub(crate) cpu_shares: CpuShares,
    pub(crate) bill: Bill,
}

/// Buffers that every line uses again.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    /// The answer to a line.
    pub(crate) answer: Vec<u8>,
    /// Bytes for the same client that are no part of the answer.
    pub(crate) deferred: Vec<u8>,
    /// A message that came by WebSocket.
    pub(crate) message: Vec<u8>,
}

impl Shared {
    pub(crate) fn new(
        mut hub: Hub,
        server_info: ServerInfo,
        settings: Settings,
    ) -> io::Result<Self> {
        hub.require_password(server_info.password.is_some());
        let history = History::new(settings.history);
        Ok(Self {
            hub,
            routes: Routes::default(),
            watches: Watches::default(),
            hosts: Hosts::new()?,
            server_info,
            settings,
            limits: Limits::default(),
            password_checks: PasswordChecks::default(),
            resume_tokens: ResumeTokens::default(),
            session_notes: SessionNotes::default(),
            presences: Presences::default(),
            store: Store::default(),
            history,
            read_markers: ReadMarkers::default(),
            accounts: None,
            tls: None,
            certificates: FxHashMap::default(),
            gateways: Gateways::new()?,
            proxied: FxHashMap::default(),
            sandbox: Granted::default(),
            wall_clock: WallClock::default(),
            lifecycle: Lifecycle::default(),
            pending: None,
            clients: 0,
            expelled: Vec::new(),
            joined_elsewhere: Vec::new(),
            leaving: VecDeque::new(),
            last_fan_out: LastFanOut::new(),
            counters: Counters::default(),
            activity: Activity::default(),
            closes: CloseCounts::default(),
            buffers: Buffers::default(),
            files: Files::default(),
            report: None,
        })
    }

    /// Whether the line at hand has left something to do on other connections.
    pub(crate) fn concerns_others(&self) -> bool {
        !self.expelled.is_empty() || !self.joined_elsewhere.is_empty()
    }

    /// Whether the server has not answered yet what this connection asked for.
    pub(crate) fn keeps_waiting(&self, id: ConnId) -> bool {
        let accounts = self.accounts.as_ref();
        self.password_checks.is_checking(id)
            || self.gateways.is_waiting(id)
            || accounts.is_some_and(|it| it.is_waiting(id))
            || self.history.is_waiting(id)
    }

    /// Whether passwords are being checked, or results are to be reported.
    pub(crate) fn has_checks(&self) -> bool {
        self.password_checks.waiting() > 0 || self.gateways.has_settled()
    }

    /// Takes a user's request for history.
    ///
    /// # Errors
    /// It is refused.
    pub(crate) fn begin_history(
        &mut self,
        id: ConnId,
        user: UserId,
        request: HistoryRequest<'_>,
    ) -> Result<(), HistoryError> {
        let asked = (&self.hub, &mut self.store);
        self.history.begin(id, user, request, asked)
    }

    /// Replaces the server's description, after the configuration was read again.
    pub(crate) fn set_server_info(&mut self, server_info: ServerInfo) {
        self.hub.require_password(server_info.password.is_some());
        self.server_info = server_info;
    }

    /// Sends all events that the hub has left. The events of the user at hand, who gets them in this flavour, go into
    /// the answer.
    pub(crate) fn send_events(&mut self, net: &mut Net, own: Option<(UserId, ConnId, Flavour)>) {
        let (mut sender, buffers) = self.event_sender(net);
        sender.send_all(own.map(|(user, conn, flavour)| Own {
            user,
            conn,
            flavour,
            answer: &mut buffers.answer,
            deferred: &mut buffers.deferred,
        }));
    }

    /// Sends the arrival of a user to those who watch their name.
    pub(crate) fn send_arrival(&mut self, net: &mut Net, newcomer: UserId) {
        self.event_sender(net).0.send_arrival(newcomer);
    }

    fn event_sender<'a>(&'a mut self, net: &'a mut Net) -> (EventSender<'a>, &'a mut Buffers) {
        let sender = EventSender {
            hub: &mut self.hub,
            routes: &mut self.routes,
            net,
            watches: &self.watches,
            history: &mut self.history.recorder,
            server: &self.server_info.name,
            expelled: &mut self.expelled,
            joined_elsewhere: &mut self.joined_elsewhere,
            presences: &mut self.presences,
            last_fan_out: &mut self.last_fan_out,
            counters: &mut self.counters,
        };
        (sender, &mut self.buffers)
    }

    /// Bytes that users make the server keep here beside what belongs to single connections.
    pub(crate) fn kept(&self) -> usize {
        let Buffers {
            answer,
            deferred,
            message,
        } = &self.buffers;
        self.hub.memory()
            + self.routes.memory()
            + self.hosts.memory()
            + self.limits.admission.memory()
            + self.resume_tokens.memory()
            + self.gateways.memory()
            + self.proxied.capacity() * size_of::<(ConnId, Listener)>()
            + self.session_notes.memory()
            + self.history.recorder.memory()
            + self.read_markers.memory()
            + self.presences.memory()
            + answer.capacity()
            + deferred.capacity()
            + message.capacity()
    }
}
