//! The loop's handler: passes each event on to the clients or to the connection that reads metrics; notes signals and the
//! timer.

use crate::{
    load::{
        clients::{Clients, Observer},
        clock::Moment,
        probe::{Probe, metrics::Scrape},
    },
    net::{ConnId, Consumed, External, Handler, Loss, Net, Next},
};
use std::net::SocketAddr;

/// The signals' name in the loop.
pub(super) const SIGNALS: External = External(0);

/// The timer's name in the loop.
pub(super) const TIMER: External = External(1);

/// The handler of the tool's loop.
#[derive(Debug)]
pub(super) struct Driver<E> {
    pub(super) clients: Clients<E>,
    pub(super) probe: Probe,
    pub(super) signalled: bool,
    pub(super) rang: bool,
    /// When the first event of this turn was handled.
    pub(super) woke: Option<Moment>,
}

impl<E: Observer> Driver<E> {
    /// The connection that reads metrics, if it has this id.
    fn scrape_of(&mut self, id: ConnId) -> Option<&mut Scrape> {
        self.probe.scrape().filter(|scrape| scrape.owns(id))
    }

    fn note_waking(&mut self) {
        if self.woke.is_none() {
            self.woke = Some(self.clients.clock.now());
        }
    }
}

impl<E: Observer> Handler for Driver<E> {
    fn handle_accept(&mut self, _: &mut Net, _: ConnId, _: ConnId, _: SocketAddr) {}

    fn handle_connected(&mut self, net: &mut Net, id: ConnId) {
        self.note_waking();
        // The connection that reads metrics has its request queued already.
        self.clients.handle_connected(net, id);
    }

    fn handle_input(
        &mut self,
        net: &mut Net,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> Consumed {
        self.note_waking();
        match self.scrape_of(id) {
            None => self.clients.handle_input(net, id, input, searched),
            Some(scrape) => {
                scrape.handle_input(net, input);
                Consumed {
                    bytes: input.len(),
                    next: Next::ReadMore,
                }
            }
        }
    }

    fn handle_end(&mut self, net: &mut Net, id: ConnId) {
        match self.scrape_of(id) {
            None => self.clients.handle_end(net, id),
            Some(scrape) => scrape.handle_end(net),
        }
    }

    fn handle_lost(&mut self, net: &mut Net, id: ConnId, loss: &Loss) {
        match self.scrape_of(id) {
            None => self.clients.handle_lost(net, id, loss),
            Some(scrape) => scrape.give_up(net),
        }
    }

    fn handle_deadline(&mut self, net: &mut Net, id: ConnId) {
        match self.scrape_of(id) {
            None => self.clients.handle_deadline(net, id),
            Some(scrape) => scrape.give_up(net),
        }
    }

    fn handle_reaped(&mut self, _: &mut Net, id: ConnId) {
        self.clients.handle_reaped(id);
    }

    fn handle_datagram(&mut self, net: &mut Net, id: ConnId, _: SocketAddr, bytes: &[u8]) {
        self.note_waking();
        self.clients.handle_datagram(net, id, bytes);
    }

    fn handle_external(&mut self, _: &mut Net, source: External) {
        match source {
            TIMER => self.rang = true,
            _ => self.signalled = true,
        }
    }
}
