//! What the loop tells, and to whom it goes: the crew, the question for metrics; signals and the timer are noted.

use super::TIMER;
use crate::{
    load::{
        clock::Moment,
        crew::{Crew, Ear},
        probe::{Probe, metrics::Scrape},
    },
    net::{ConnId, Consumed, External, Handler, Loss, Net, Next},
};
use std::net::SocketAddr;

/// Everyone in the house of the loop.
#[derive(Debug)]
pub(super) struct House<E> {
    pub(super) crew: Crew<E>,
    pub(super) probe: Probe,
    pub(super) signalled: bool,
    pub(super) rang: bool,
    /// When the first call of this turn came.
    pub(super) woke: Option<Moment>,
}

impl<E: Ear> House<E> {
    /// Who asks the server for its metrics, if this connection is theirs.
    fn scrape_of(&mut self, id: ConnId) -> Option<&mut Scrape> {
        self.probe.scrape().filter(|scrape| scrape.owns(id))
    }

    fn note_waking(&mut self) {
        if self.woke.is_none() {
            self.woke = Some(self.crew.clock.now());
        }
    }
}

impl<E: Ear> Handler for House<E> {
    fn handle_accept(&mut self, _: &mut Net, _: ConnId, _: ConnId, _: SocketAddr) {}

    fn handle_connected(&mut self, net: &mut Net, id: ConnId) {
        self.note_waking();
        // Ours of the metrics has its request queued.
        self.crew.handle_connected(net, id);
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
            None => self.crew.handle_input(net, id, input, searched),
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
            None => self.crew.handle_end(net, id),
            Some(scrape) => scrape.handle_end(net),
        }
    }

    fn handle_lost(&mut self, net: &mut Net, id: ConnId, loss: &Loss) {
        match self.scrape_of(id) {
            None => self.crew.handle_lost(net, id, loss),
            Some(scrape) => scrape.give_up(net),
        }
    }

    fn handle_deadline(&mut self, net: &mut Net, id: ConnId) {
        match self.scrape_of(id) {
            None => self.crew.handle_deadline(net, id),
            Some(scrape) => scrape.give_up(net),
        }
    }

    fn handle_reaped(&mut self, _: &mut Net, id: ConnId) {
        self.crew.handle_reaped(id);
    }

    fn handle_datagram(&mut self, net: &mut Net, id: ConnId, _: SocketAddr, bytes: &[u8]) {
        self.note_waking();
        self.crew.handle_datagram(net, id, bytes);
    }

    fn handle_external(&mut self, _: &mut Net, source: External) {
        match source {
            TIMER => self.rang = true,
            _ => self.signalled = true,
        }
    }
}
