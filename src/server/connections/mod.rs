//! The connections: the table of sessions, and the state that they share.
//!
//! The loop calls `dispatch.rs`. It looks the session up once, lends it with the shared state as a [`Current`], and hands
//! it down: to the protocol through the one `match` of `session.rs`, or to `input.rs`, which takes input apart. Only here
//! can more than one session be reached: for those whose users were expelled by others, and for reports on all.
//!
//! ```text
//! dispatch.rs   the calls of the loop                        table.rs      the sessions by id
//! session.rs    a session: its protocol, its client          protocol.rs   the contract of protocols
//! telnet.rs irc.rs websocket.rs http.rs metrics.rs echo.rs detect.rs refused.rs       one protocol each
//! context/      shared by telnet, IRC and WebSocket          requests.rs   shared by HTTP and metrics
//! input.rs      input on its way to a protocol              logins.rs     logins by SCRAM and certificates
//! tls.rs        the begin of TLS                             charge.rs     the cost of a connection
//! proxied.rs    connections that a proxy forwards            gateway.rs    those of WEBIRC's gateways
//! timers.rs     deadlines                                    ending.rs, close.rs, close_reason.rs   the one way out
//! ```
//!
//! Knows no rules of chat, no wire formats and no readiness.

mod accounts;
mod browsers;
mod charge;
pub(crate) mod client;
mod close;
pub(crate) mod close_reason;
mod context;
mod control;
mod current;
mod detect;
mod dispatch;
mod echo;
mod ending;
mod gateway;
mod hashed;
mod history;
mod http;
mod input;
mod irc;
pub(crate) mod kind;
mod logins;
mod metrics;
mod protocol;
mod proxied;
mod refused;
mod requests;
pub(crate) mod session;
pub(crate) mod table;
mod telnet;
#[cfg(test)]
mod tests;
mod timers;
mod tls;
mod websocket;

use crate::{
    chat::Command,
    net::{ConnId, Net},
    os::signals::Signals,
    protocol::Checked,
    server::{
        control::ControlSocket,
        keeper_link::KeeperLink,
        limits::{admission::Place, bill::Bill},
        listeners::listener::{Adopter, Listeners},
        metrics::census::Census,
        settings::Settings,
        shared::{Shared, accounts::Step, password_checks::Finished, routes::Routes},
        streams::Streams,
    },
};
use client::Input;
use close_reason::CloseReason;
use current::Current;
use ending::Ending;
use hashed::Hashed;
use kind::ProtocolKind;
use session::{ProtocolState, Session};
use std::mem;
use table::Sessions;

/// All connections, and their shared state. The handler of the loop.
#[derive(Debug)]
pub(crate) struct Connections {
    pub(crate) sessions: Sessions,
    pub(crate) shared: Shared,
    pub(crate) listeners: Listeners,
    pub(crate) signals: Option<Signals>,
    /// The log's stream, and standard output.
    pub(crate) streams: Streams,
    /// The host's requests. Before the keeper: its file goes while the directory is locked.
    pub(crate) control: ControlSocket,
    /// The link to the keeper, where there is a store.
    pub(crate) keeper: Option<KeeperLink>,
}

impl Connections {
    pub(crate) fn new(shared: Shared) -> Self {
        Self {
            sessions: Sessions::default(),
            shared,
            listeners: Listeners::default(),
            signals: None,
            streams: Streams::default(),
            control: ControlSocket::default(),
            keeper: None,
        }
    }

    /// Looks a session up, and lends it with the state that it may touch.
    fn find<'a>(
        &'a mut self,
        net: &'a mut Net,
        id: ConnId,
    ) -> Option<(&'a mut ProtocolState, Current<'a>)> {
        let Session { protocol, client } = self.sessions.get_mut(id)?;
        let shared = &mut self.shared;
        Some((
            protocol,
            Current {
                id,
                client,
                shared,
                net,
            },
        ))
    }

    /// Ends a connection.
    pub(crate) fn close(&mut self, net: &mut Net, id: ConnId, ending: &Ending) {
        if let Some((protocol, mut at)) = self.find(net, id) {
            close::close(protocol, &mut at, ending);
        }
    }

    /// Ends all connections but those of scrapers, because the server stops.
    pub(crate) fn close_for_shutdown(&mut self, net: &mut Net) {
        while self.shared.presences.has_more() {
            self.shared.keep_presences();
        }
        self.shared.presences.freeze();
        for id in self.sessions.ids() {
            let is_scraper = |session: &Session| session.client.kind == ProtocolKind::Metrics;
            if !self.sessions.get(id).is_some_and(is_scraper) {
                self.close(net, id, &Ending::text(CloseReason::Shutdown));
            }
        }
        // Each client was sent its own farewell: quits need not be sent to the others, each to each.
        self.shared.routes = Routes::default();
    }

    /// Ends all connections at once: nothing more is sent.
    pub(crate) fn close_for_second_signal(&mut self, net: &mut Net) {
        self.shared.presences.freeze();
        for id in self.sessions.ids() {
            self.close(net, id, &Ending::silent(CloseReason::SecondSignal));
        }
    }

    /// Does what a line has left to do on other connections: closes those of users whose stay was ended, who have quit
    /// already and were sent why; and shows those of a user who has joined a room who is there.
    fn attend_others(&mut self, net: &mut Net) {
        for (id, reason) in mem::take(&mut self.shared.expelled) {
            self.close(net, id, &Ending::silent(reason));
        }
        for (id, room) in mem::take(&mut self.shared.joined_elsewhere) {
            let Some((protocol, mut at)) = self.find(net, id) else {
                continue;
            };
            if at.client.closing.is_none() {
                if let Some(ending) = protocol.as_mut().joined_elsewhere(&mut at, room) {
                    close::close(protocol, &mut at, &ending);
                }
            }
        }
    }

    /// Finishes a call in which a protocol has acted outside of its input: ends the connection if that was asked for, or if
    /// its client's input ended while it was busy.
    fn finish(&mut self, net: &mut Net, id: ConnId, ending: Option<Ending>) {
        self.attend_others(net);
        let Some((protocol, mut at)) = self.find(net, id) else {
            return;
        };
        if let Some(ending) = ending {
            close::close(protocol, &mut at, &ending);
        }
        charge::settle(&mut at);
        if at.client.input == Input::Ended && !protocol.as_ref().is_busy() {
            close::close(protocol, &mut at, &Ending::silent(CloseReason::PeerClosed));
        }
    }

    /// Takes a piece of the password check whose turn it is. The server calls it once a turn.
    pub(crate) fn check_passwords(&mut self, net: &mut Net) {
        for (id, is_right) in self.shared.gateways.take_settled() {
            if let Some((protocol, mut at)) = self.find(net, id) {
                let ending = protocol
                    .as_mut()
                    .password_checked(&mut at, Checked::Gateway { is_right });
                self.finish(net, id, ending);
            }
        }
        let now = self.shared.wall_clock.at(net.now());
        let Some(Finished { id, checked }) = self.shared.password_checks.advance(now) else {
            return;
        };
        let Some((protocol, mut at)) = self.find(net, id) else {
            return;
        };
        at.shared
            .password_checks
            .note_checked(&checked, at.client.peer.ip());
        let ending = match hashed::hashed(&mut at, checked) {
            Hashed::Protocol(checked) => protocol.as_mut().password_checked(&mut at, checked),
            Hashed::Account(Step::Done(outcome)) => {
                protocol.as_mut().account_done(&mut at, outcome)
            }
            Hashed::Account(Step::Storing) => return,
        };
        self.finish(net, id, ending);
    }

    /// Lets users quit whose connections were closed together, one after the other until the turn is full: of a thousand
    /// in a room, each quit is sent to all members who stay. Whether some are left.
    fn quit_leaving(&mut self, net: &mut Net) -> bool {
        let shared = &mut self.shared;
        let now = shared.wall_clock.at(net.now());
        while let Some((user, reason)) = shared.leaving.pop_front() {
            let reason = &*reason;
            // Another user may have ended their stay meanwhile.
            let _ = shared.hub.apply(user, Command::Quit { reason }, now);
            let deliveries = net.stats().deliveries;
            shared.send_events(net, None);
            charge::add_work(shared, net, deliveries, 0);
            if net.is_turn_full() {
                break;
            }
        }
        // No client pays for it: those that could are gone.
        shared.limits.bill = Bill::default();
        !shared.leaving.is_empty()
    }

    /// Takes new settings over, for the connections that are there too.
    pub(crate) fn apply_settings(&mut self, net: &mut Net, settings: Settings) {
        let now = self.shared.wall_clock.at(net.now());
        let Shared { history, hub, .. } = &mut self.shared;
        history.set_rules(settings.history, hub, now);
        self.shared.settings = settings;
        self.shared.review_absent();
        self.shared.gateways.forget_right();
        // The limit for one address may have been switched on, or concern others than before.
        let held = self
            .sessions
            .iter()
            .filter(|(_, session)| session.client.place == Place::Client);
        let addresses = held.map(|(_, session)| session.client.peer.ip());
        let Shared {
            limits, settings, ..
        } = &mut self.shared;
        limits.admission.recount(addresses, settings);
        for (id, session) in self.sessions.iter() {
            if session.client.kind.is_chat() {
                net.set_limits(id, settings.queue_limits(session.client.kind));
            }
        }
    }

    /// Bytes that users make the server keep beside what belongs to single connections: records, rooms, lists, hosts.
    /// A few additions, so it may be asked every turn.
    pub(crate) fn kept(&self) -> usize {
        self.sessions.memory() + self.shared.kept()
    }

    /// Lends the parts that adding a listener needs.
    pub(crate) fn adopter<'a>(&'a mut self, net: &'a mut Net) -> Adopter<'a> {
        Adopter {
            net,
            listeners: &mut self.listeners,
            settings: &self.shared.settings,
        }
    }

    /// Lends everything that a report counts.
    pub(crate) fn census<'a>(&'a self, net: &'a Net) -> Census<'a> {
        Census {
            sessions: &self.sessions,
            shared: &self.shared,
            missing: self.streams.missing(),
            net,
        }
    }
}
