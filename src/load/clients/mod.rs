//! The clients: all connections of the tool, what each of them is doing, and how they began and ended.
//!
//! ```text
//! call ──> Calling ──> Greeting ──> Ready ──> Leaving ──> gone
//!             └───────────┴── failed    └── lost
//! ```
//!
//! Owns a record for each connection, in the order of the loop's slots. Invariants: the counts by state match the
//! records; each call ends in exactly one of failed, lost and left. The [`Observer`] decides what messages mean to
//! the measurement; the scenario decides when to connect and when to leave.

mod client;
mod events;
mod observer;
mod tally;

pub(super) use client::{Client, ClientEvent, Endpoint, Role};
pub(super) use observer::{NoObserver, Observer};

use super::{
    adapter::{Adapter, Identity, RoomName, Run},
    clock::{Clock, Moment},
    dial::Dialer,
    framing::Framing,
    target::Protocol,
};
use crate::{
    net::{ConnId, Limits, Net, Tick},
    os::io_error::plain,
};
use client::State;
use std::time::Duration;
use tally::{Counts, Tally};

/// How long a server may take to close the connection after our command to quit.
const GOODBYE: Duration = Duration::from_secs(10);

/// All clients. See the module's documentation.
#[derive(Debug)]
pub(super) struct Clients<E> {
    pub(super) run: Run,
    pub(super) observer: E,
    pub(super) events: Vec<ClientEvent>,
    pub(super) counts: Counts,
    pub(super) tally: Tally,
    /// Bytes that clients have received so far.
    pub(super) bytes_received: u64,
    pub(super) clock: Clock,
    /// The first one is the run's target.
    endpoints: Vec<(Protocol, Dialer)>,
    /// How long a call and the registration may take together.
    patience: Duration,
    clients: Vec<Option<Client>>,
    /// Scratch buffers: lines that a client sends; the same lines as transported; a message that came in frames.
    out: Vec<u8>,
    wire: Vec<u8>,
    scratch: Vec<u8>,
}

impl<E: Observer> Clients<E> {
    pub(super) fn new(
        run: Run,
        protocol: Protocol,
        dialer: Dialer,
        patience: Duration,
        clock: Clock,
        observer: E,
    ) -> Self {
        Self {
            run,
            observer,
            events: Vec::new(),
            counts: Counts::default(),
            tally: Tally::default(),
            bytes_received: 0,
            clock,
            endpoints: vec![(protocol, dialer)],
            patience,
            clients: Vec::new(),
            out: Vec::new(),
            wire: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Adds an address to connect to, for the roles that name it.
    pub(super) fn add_endpoint(&mut self, protocol: Protocol, dialer: Dialer) -> Endpoint {
        let endpoint =
            u8::try_from(self.endpoints.len()).expect("a scenario has a handful of endpoints");
        self.endpoints.push((protocol, dialer));
        Endpoint(endpoint)
    }

    fn is_datagrams(&self) -> bool {
        // Only the scenario echo uses datagrams, and it has one endpoint.
        self.endpoints[0].0.is_datagrams()
    }

    /// Begins the connection of one more client. A failure at once is counted like a later one.
    pub(super) fn connect(&mut self, net: &mut Net, role: Role) {
        self.tally.called += 1;
        let is_datagrams = self.is_datagrams();
        let (_, dialer) = &mut self.endpoints[usize::from(role.endpoint.0)];
        let placed = if is_datagrams {
            dialer
                .datagrams()
                .and_then(|socket| net.add_datagrams(socket))
        } else {
            let stream = dialer.call(role.manner);
            stream.and_then(|stream| net.add_connecting(stream))
        };
        match placed {
            Ok(id) => {
                net.set_deadline(id, net.now().after(self.patience));
                // The load that a schedule or a size demands is sent, however slowly the server reads. The ceiling of
                // the whole loop still holds.
                let limits = Limits {
                    high_water: u32::MAX,
                    limit: u32::MAX,
                };
                net.set_limits(id, limits);
                self.insert(id, role);
                if self.is_datagrams() {
                    // There is no answer to wait for.
                    self.handle_connected(net, id);
                }
            }
            Err(error) => {
                self.tally.failed += 1;
                self.tally
                    .note_reason(format!("cannot call: {}", plain(&error)));
                self.events.push(ClientEvent::Gone {
                    number: role.number,
                    in_order: false,
                });
            }
        }
    }

    fn insert(&mut self, id: ConnId, role: Role) {
        let slot = id.slot as usize;
        let protocol = self.endpoints[usize::from(role.endpoint.0)].0;
        if self.clients.len() <= slot {
            self.clients.resize_with(slot + 1, || None);
        }
        self.clients[slot] = Some(Client {
            id,
            identity: Identity {
                run: self.run,
                number: role.number,
                room: role.room,
            },
            index: role.index,
            endpoint: role.endpoint,
            state: State::Calling,
            in_order: false,
            adapter: Adapter::new(protocol, role.mode),
            framing: Framing::new(protocol, role.number, role.mode),
            since: self.clock.now(),
        });
        self.counts.calling += 1;
    }

    /// All clients, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Client> {
        self.clients.iter().flatten()
    }

    /// All clients that are ready.
    pub(super) fn ready(&self) -> impl Iterator<Item = ConnId> {
        let ready = self.iter().filter(|m| m.state == State::Ready);
        ready.map(|client| client.id)
    }

    pub(super) fn get(&self, id: ConnId) -> Option<&Client> {
        let client = self.clients.get(id.slot as usize)?.as_ref();
        client.filter(|client| client.id == id)
    }

    fn get_mut(&mut self, id: ConnId) -> Option<&mut Client> {
        let client = self.clients.get_mut(id.slot as usize)?.as_mut();
        client.filter(|client| client.id == id)
    }

    /// Sends a text to a client's room; `text` writes it. Does nothing if the client is gone.
    pub(super) fn send_text(&mut self, net: &mut Net, id: ConnId, text: impl FnOnce(&mut Vec<u8>)) {
        let Some((identity, adapter)) = self.get(id).map(|m| (m.identity, m.adapter)) else {
            return;
        };
        self.out.clear();
        let room = RoomName(self.run, identity.room.unwrap_or_default());
        adapter.say(room, &mut self.out, text);
        self.send_lines(net, id);
    }

    /// Sends lines for a client, each with its CR LF; `write` writes them. Does nothing if the client is gone.
    pub(super) fn send_with(
        &mut self,
        net: &mut Net,
        id: ConnId,
        write: impl FnOnce(&mut E, &mut Vec<u8>),
    ) {
        self.out.clear();
        write(&mut self.observer, &mut self.out);
        if self.get(id).is_some() {
            self.send_lines(net, id);
        }
    }

    /// Sends the lines in `out` in transported form.
    fn send_lines(&mut self, net: &mut Net, id: ConnId) {
        self.wire.clear();
        let client = self.clients.get(id.slot as usize);
        if let Some(client) = client.and_then(Option::as_ref) {
            client.framing.wrap(&self.out, &mut self.wire);
            net.send(id, &self.wire);
        }
    }

    /// Sends bytes for a client as they are.
    pub(super) fn send_bytes(&mut self, net: &mut Net, id: ConnId, bytes: &[u8]) {
        if self.is_datagrams() {
            net.send_datagram(id, self.endpoints[0].1.address(), bytes);
        } else {
            net.send(id, bytes);
        }
    }

    /// Ends a client's session as planned: with the command to quit, after which the server closes the connection.
    pub(super) fn leave(&mut self, net: &mut Net, id: ConnId) {
        let Some(client) = self.get(id) else {
            return;
        };
        let (state, adapter) = (client.state, client.adapter);
        if state == State::Leaving {
            return;
        }
        self.set_state(id, State::Leaving);
        if self.is_datagrams() {
            // The loop does not report the end of a socket without a connection.
            net.close(id);
            return self.handle_reaped(id);
        }
        if state == State::Ready && adapter.can_leave() {
            self.out.clear();
            adapter.leave(&mut self.out);
            self.send_lines(net, id);
            net.set_deadline(id, net.now().after(GOODBYE));
        } else {
            net.close(id);
        }
    }

    /// Ends a client's connection at once.
    pub(super) fn abort(&mut self, net: &mut Net, id: ConnId) {
        self.set_state(id, State::Leaving);
        net.abort(id);
    }

    fn set_state(&mut self, id: ConnId, state: State) {
        let Some(client) = self.get_mut(id) else {
            return;
        };
        let before = std::mem::replace(&mut client.state, state);
        *self.counts.of(before) -= 1;
        *self.counts.of(state) += 1;
    }

    fn set_order(&mut self, id: ConnId, in_order: bool) {
        if let Some(client) = self.get_mut(id) {
            client.in_order = in_order;
        }
    }

    fn become_ready(&mut self, net: &mut Net, id: ConnId, now: Moment) {
        let Some(client) = self.get(id).filter(|m| m.state == State::Greeting) else {
            return;
        };
        let took = now.since(client.since);
        self.tally.arrived += 1;
        self.tally.handshake.note(took);
        self.set_order(id, true);
        self.set_state(id, State::Ready);
        net.set_deadline(id, Tick::NEVER);
        self.events.push(ClientEvent::Ready(id));
    }

    /// A client's connection is over, or is to be: counts it and its reason, unless the client was leaving.
    fn give_up(&mut self, net: &mut Net, id: ConnId, reason: impl FnOnce() -> String) {
        let Some(client) = self.get(id) else {
            return;
        };
        let state = client.state;
        match state {
            State::Calling | State::Greeting if self.observer.may_be_refused(client) => {
                self.tally.let_go += 1
            }
            State::Calling | State::Greeting => {
                let step = match state {
                    State::Calling => "cannot connect",
                    _ => "handshake",
                };
                self.tally.failed += 1;
                self.tally.note_reason(format!("{step}: {}", reason()));
            }
            State::Ready if self.observer.may_be_closed(client) => self.tally.let_go += 1,
            State::Ready => {
                self.tally.lost += 1;
                self.tally.note_reason(format!("lost: {}", reason()));
            }
            State::Leaving => {}
        }
        if state != State::Leaving {
            self.set_order(id, false);
        }
        self.set_state(id, State::Leaving);
        net.abort(id);
    }
}
