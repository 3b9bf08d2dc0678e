//! The loop's events on the connections of clients.

use super::{ClientEvent, Clients, Observer, State, tally::words};
use crate::{
    load::{
        adapter::{Adapter, Incoming},
        clock::Moment,
        framing::Unit,
    },
    net::{ConnId, Consumed, Loss, Net, Next, Phase},
    os::io_error::plain,
};
use std::time::Duration;

/// What the lines of one read ask for.
#[derive(Debug, Default)]
struct Turn {
    is_open: bool,
    is_ready: bool,
    /// The connection is over, and why.
    over: Option<String>,
}

fn all(input: &[u8]) -> Consumed {
    Consumed {
        bytes: input.len(),
        next: Next::ReadMore,
    }
}

impl<E: Observer> Clients<E> {
    pub(in crate::load) fn handle_connected(&mut self, net: &mut Net, id: ConnId) {
        let now = self.clock.now();
        self.wire.clear();
        let slot = self.clients.get_mut(id.slot as usize);
        let Some(client) = slot.and_then(Option::as_mut).filter(|m| m.id == id) else {
            return;
        };
        let took = now.since(client.since);
        client.since = now;
        let (_, dialer) = &self.endpoints[usize::from(client.endpoint.0)];
        let must_wait = client.framing.open(dialer.host(), &mut self.wire);
        if must_wait {
            net.send(id, &self.wire);
        }
        self.tally.connected += 1;
        self.tally.connect.note(took);
        self.set_state(id, State::Greeting);
        if !must_wait {
            self.greet(net, id, now);
        }
    }

    /// Lines can be sent from now on: the client sends its first ones.
    fn greet(&mut self, net: &mut Net, id: ConnId, now: Moment) {
        self.out.clear();
        let slot = self.clients.get_mut(id.slot as usize);
        let Some(client) = slot.and_then(Option::as_mut).filter(|m| m.id == id) else {
            return;
        };
        let is_ready = client.adapter.greet(client.identity, &mut self.out);
        self.send_lines(net, id);
        if is_ready {
            self.become_ready(net, id, now);
        }
    }

    pub(in crate::load) fn handle_input(
        &mut self,
        net: &mut Net,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> Consumed {
        let now = self.clock.now();
        self.bytes_received += input.len() as u64;
        let slot = self.clients.get_mut(id.slot as usize);
        let Some(client) = slot.and_then(Option::as_mut).filter(|m| m.id == id) else {
            return all(input);
        };
        if let Some(until) = self.observer.paused_until(client, now) {
            let wait = now.until(until) + Duration::from_millis(1);
            return Consumed {
                bytes: 0,
                next: Next::PauseUntil(net.now().after(wait)),
            };
        }
        self.out.clear();
        if let Adapter::Silent = client.adapter {
            self.observer
                .bytes_received(client, input, now, &mut self.out);
            if !self.out.is_empty() {
                net.send(id, &self.out);
            }
            return all(input);
        }
        self.wire.clear();
        let mut taken = 0;
        let mut turn = Turn::default();
        loop {
            let rest = &input[taken..];
            let (consumed, unit) =
                client
                    .framing
                    .next(rest, searched, &mut self.scratch, &mut self.wire);
            taken += consumed;
            match unit {
                Unit::Line(line) => {
                    self.observer
                        .line_received(client, &line, now, &mut self.out);
                    match client
                        .adapter
                        .receive(client.identity, &line, &mut self.out)
                    {
                        Incoming::Nothing => {}
                        Incoming::Message(text) => self.observer.text_received(client, text, now),
                        Incoming::UserQuit(name) => self.observer.user_quit(client, name, now),
                        Incoming::Ready => turn.is_ready = true,
                        Incoming::Refused(why) => {
                            turn.over = Some(format!("the server said: {}", words(why)));
                        }
                    }
                }
                Unit::Opened => turn.is_open = true,
                Unit::Other => {}
                Unit::Incomplete => break,
                Unit::Over(why) => {
                    turn.over = Some(why);
                    break;
                }
            }
        }
        // Answers that belong to the framing come first, then those to lines.
        client.framing.wrap(&self.out, &mut self.wire);
        if !self.wire.is_empty() {
            net.send(id, &self.wire);
        }
        self.finish_turn(net, id, now, turn);
        Consumed {
            bytes: taken,
            next: Next::ReadMore,
        }
    }

    /// Does what the lines asked for, once all of them are handled.
    fn finish_turn(&mut self, net: &mut Net, id: ConnId, now: Moment, turn: Turn) {
        if turn.is_open {
            self.greet(net, id, now);
        }
        if turn.is_ready {
            self.become_ready(net, id, now);
        }
        if let Some(why) = turn.over {
            self.give_up(net, id, || why);
        }
    }

    pub(in crate::load) fn handle_datagram(&mut self, net: &mut Net, id: ConnId, bytes: &[u8]) {
        let now = self.clock.now();
        self.out.clear();
        let slot = self.clients.get(id.slot as usize);
        let Some(client) = slot.and_then(Option::as_ref).filter(|m| m.id == id) else {
            return;
        };
        self.observer
            .datagram_received(client, bytes, now, &mut self.out);
        if !self.out.is_empty() {
            net.send_datagram(id, self.endpoints[0].1.address(), &self.out);
        }
    }

    pub(in crate::load) fn handle_end(&mut self, net: &mut Net, id: ConnId) {
        self.give_up(net, id, || "the server hung up".into());
        net.abort(id);
    }

    pub(in crate::load) fn handle_lost(&mut self, net: &mut Net, id: ConnId, loss: &Loss) {
        self.give_up(net, id, || match loss {
            Loss::Io(error) => plain(error),
            other => other.to_string(),
        });
    }

    pub(in crate::load) fn handle_deadline(&mut self, net: &mut Net, id: ConnId) {
        let patience = self.patience;
        let calling = net.phase(id) == Phase::Connecting;
        self.give_up(net, id, || {
            let what = if calling { "no answer" } else { "not done" };
            format!("{what} within {} s", patience.as_secs_f64())
        });
    }

    pub(in crate::load) fn handle_reaped(&mut self, id: ConnId) {
        let slot = self.clients.get_mut(id.slot as usize);
        let Some(client) = slot.and_then(|m| m.take_if(|client| client.id == id)) else {
            return;
        };
        *self.counts.of(client.state) -= 1;
        self.events.push(ClientEvent::Gone {
            number: client.identity.number,
            in_order: client.in_order,
        });
    }
}
