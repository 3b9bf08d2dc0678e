//! The dispatch of the loop's calls to the connection that each is about.
//!
//! Each call looks its session up once and hands it down as a [`Current`], to its protocol or to the file of the subject.
//! Decides nothing that a protocol can decide.

use super::{
    Connections, charge,
    client::{self, Client, Input},
    close,
    close_reason::CloseReason,
    current::Current,
    ending::Ending,
    input::{self, Offered, Step},
    kind::ProtocolKind,
    session::{self, ProtocolState, Session},
    timers::Due,
    tls,
};
use crate::{
    net::{ConnId, Consumed, External, Handler, Loss, Net, Next, Notice, Standing, Tick},
    protocol::echo::answers_port,
    server::{
        limits::admission::Place,
        listeners::listener::Listener,
        streams::{KEEPER, SIGNALS},
    },
};
use std::{net::SocketAddr, time::Duration};

/// How long a deadline waits for input that has come in time and was not handed over yet: many turns of a server that is
/// short of time.
const UNHEARD_AT_MOST: Duration = Duration::from_secs(5);

/// How often such a deadline is looked at meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Whether a client whose deadline has come has sent input that was not handled yet. That is handled first. Input of a user
/// shows that the client is there, however long the server takes to handle it; a client without a name puts off its
/// deadline only for a while.
fn is_unheard(at: &mut Current<'_>, (due_at, due): (Tick, Due)) -> bool {
    let now = at.net.now();
    if due_at > now || !at.net.has_input_waiting(at.id) {
        return false;
    }
    // The server does not read from a client that does not read, and that is the client's own doing.
    let speaks = due == Due::PingTimeout && !at.net.is_backlogged(at.id);
    let patience = match charge::waits_for_share(at) {
        Some(_) => UNHEARD_AT_MOST + at.shared.settings.registration,
        None => UNHEARD_AT_MOST,
    };
    speaks || due_at.until(now) < patience
}

impl Handler for Connections {
    fn handle_accept(&mut self, net: &mut Net, listener: ConnId, id: ConnId, peer: SocketAddr) {
        let listener = self.listeners.at(listener);
        let now = net.now();
        let proxies = listener.proxies_with(peer.ip());
        let place = match listener.admission {
            Place::Client if proxies.is_some() => Place::Proxied,
            place => place,
        };
        let admission = &mut self.shared.limits.admission;
        let admitted = admission.admit(place, peer.ip(), &self.shared.settings, now);
        let kind = match (admitted, proxies) {
            (Err(_), _) => ProtocolKind::Refused,
            (Ok(_), Some(proxies)) if proxies.has_header => ProtocolKind::ProxyHeader,
            (Ok(_), _) => listener.kind,
        };
        let is_proxied = proxies.is_some() && admitted.is_ok();
        if is_proxied {
            self.shared.proxied.insert(id, listener.clone());
        }
        let mut client = Client::new(kind, listener.security, peer, now);
        client.place = admitted.unwrap_or(Place::None);
        let inside = client.place.is_client();
        self.shared.clients += usize::from(inside && kind.is_chat());
        let Session { protocol, client } = self.sessions.insert(id, Session::new(client));
        let shared = &mut self.shared;
        let mut at = Current {
            id,
            client,
            shared,
            net,
        };
        at.net.set_limits(id, at.shared.settings.queue_limits(kind));
        let peer = at.client.peer;
        tracing::debug!(%peer, via = listener.scheme.name(), inside, "accepted");
        match admitted {
            Ok(_) => protocol.as_mut().accept(&mut at),
            Err(reason) => refuse(&mut at, &listener, reason),
        }
        if !is_proxied {
            charge::charge_accept(&mut at);
        }
        if let Err(reason) = admitted {
            close::close(protocol, &mut at, &Ending::silent(reason));
        }
        session::arm(protocol, &mut at);
    }

    fn handle_input(
        &mut self,
        net: &mut Net,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> Consumed {
        let mut offered = Offered::new(input, searched);
        let Some((mut protocol, mut at)) = self.find(net, id) else {
            return offered.all();
        };
        if let Some(until) = charge::waits_for_share(&mut at) {
            return offered.consumed(Next::PauseUntil(until));
        }
        let mut step = input::begin(protocol, &mut at, &mut offered);
        loop {
            match step {
                Step::Done(next) => {
                    return charged(protocol, &mut at, &offered, offered.consumed(next));
                }
                Step::Close(ending) => {
                    close::close(protocol, &mut at, &ending);
                    let consumed = charged(protocol, &mut at, &offered, offered.all());
                    self.attend_others(net);
                    return consumed;
                }
                Step::Others => self.attend_others(net),
                Step::NeedReport(report) => {
                    self.shared.report = Some(self.census(net).page(report))
                }
            }
            let Some(found) = self.find(net, id) else {
                return offered.all();
            };
            (protocol, at) = found;
            step = match at.client.closing {
                // The client has expelled itself.
                Some(_) => return charged(protocol, &mut at, &offered, offered.all()),
                None => input::go_on(protocol, &mut at, &mut offered),
            };
        }
    }

    fn handle_overhead(&mut self, net: &mut Net, id: ConnId, bytes: usize) {
        let Some((protocol, mut at)) = self.find(net, id) else {
            return;
        };
        if let Err(ending) = charge::charge_overhead(&mut at, bytes) {
            close::close(protocol, &mut at, &ending);
        }
    }

    fn handle_end(&mut self, net: &mut Net, id: ConnId) {
        let Some((protocol, mut at)) = self.find(net, id) else {
            return;
        };
        match protocol.as_ref().is_busy() {
            // A reply to it is still being made.
            true => at.client.input = Input::Ended,
            false => close::close(protocol, &mut at, &Ending::silent(CloseReason::PeerClosed)),
        }
    }

    fn handle_lost(&mut self, net: &mut Net, id: ConnId, loss: &Loss) {
        let remedy = self.shared.tls.as_ref().and_then(|tls| tls.remedy(loss));
        let detail = remedy.unwrap_or_else(|| loss.to_string());
        self.close(net, id, &Ending::lost(loss.into()).with_detail(detail));
    }

    fn handle_overflow(&mut self, net: &mut Net, id: ConnId) {
        self.close(net, id, &Ending::text(CloseReason::SendqExceeded));
    }

    fn handle_deadline(&mut self, net: &mut Net, id: ConnId) {
        let Some((protocol, mut at)) = self.find(net, id) else {
            return;
        };
        let now = at.net.now();
        if at.shared.keeps_waiting(id) {
            // It is the server that keeps it waiting.
            at.client.last_activity = now;
        }
        // Traffic moves the deadline without touching the loop's timer: look again.
        let next = session::next_due(protocol, at.client, &at.shared.settings);
        if next.is_some_and(|(_, due)| due.ends())
            && next.is_some_and(|next| is_unheard(&mut at, next))
        {
            return at.net.set_deadline(id, now.after(LOOK_AGAIN));
        }
        let ending = match next {
            Some((due_at, Due::NoHandshake)) if due_at <= now => {
                Some(Ending::text(CloseReason::TlsTimeout))
            }
            Some((due_at, due)) if due_at <= now => protocol.as_mut().timer(&mut at, due),
            Some((_, due)) => {
                protocol.as_mut().early(&mut at, due);
                None
            }
            None => None,
        };
        match ending {
            Some(ending) => close::close(protocol, &mut at, &ending),
            None => session::arm(protocol, &mut at),
        }
    }

    fn handle_notice(&mut self, net: &mut Net, id: ConnId, notice: &Notice) {
        if let Some((protocol, mut at)) = self.find(net, id) {
            tls::note(&mut at, notice);
            if matches!(notice, Notice::Secured(_)) {
                session::arm(protocol, &mut at);
            }
        }
    }

    fn handle_pending(&mut self, net: &mut Net) -> bool {
        self.answer_history(net);
        self.quit_leaving(net)
    }

    fn handle_drained(&mut self, net: &mut Net, id: ConnId) {
        let Some((protocol, mut at)) = self.find(net, id) else {
            return;
        };
        let ending = protocol.as_mut().drained(&mut at);
        self.finish(net, id, ending);
    }

    fn held_for(&self, id: ConnId) -> usize {
        let session = self.sessions.get(id);
        session.map_or(0, |session| session.protocol.memory())
    }

    /// Clients without a name are shed before users, and before scrapers, which must be able to connect when the server is in
    /// trouble.
    fn standing(&self, id: ConnId) -> Standing {
        match self.sessions.get(id).map(|session| &session.client) {
            Some(client) if client.user().is_some() || client.kind == ProtocolKind::Metrics => {
                Standing::Known
            }
            _ => Standing::Stranger,
        }
    }

    fn handle_pressure(&mut self, net: &mut Net) {
        self.shared.hub.forget_whowas();
        net.set_kept_elsewhere(self.kept());
    }

    fn handle_datagram(&mut self, net: &mut Net, id: ConnId, from: SocketAddr, bytes: &[u8]) {
        if answers_port(from.port()) {
            net.send_datagram(id, from, bytes);
        }
    }

    fn handle_external(&mut self, _net: &mut Net, source: External) {
        match &mut self.signals {
            Some(signals) if source == SIGNALS => signals.note_pending(),
            _ if self.control.note_ready(source) => {}
            _ => match &mut self.keeper {
                Some(keeper) if source == KEEPER => keeper.note_ready(),
                _ => self.streams.note_room(source),
            },
        }
    }

    fn handle_reaped(&mut self, net: &mut Net, id: ConnId) {
        // However the connection ended, no user stays in the hub without one.
        self.close(net, id, &Ending::silent(CloseReason::IoError));
        self.shared.certificates.remove(&id);
        self.shared.proxied.remove(&id);
        let session = self.sessions.remove(id);
        if session.is_some_and(|session| session.client.place == Place::Scraper) {
            self.shared.limits.admission.free_scraper();
        }
    }
}

/// Charges for input that was handled; all of it is taken if the client has sent too much without a name.
fn charged(
    protocol: &mut ProtocolState,
    at: &mut Current<'_>,
    offered: &Offered<'_>,
    consumed: Consumed,
) -> Consumed {
    let inspects_each_byte = protocol.as_ref().inspects_each_byte();
    match charge::charge_input(at, consumed, inspects_each_byte) {
        Ok(()) => consumed,
        Err(ending) => {
            close::close(protocol, at, &ending);
            offered.all()
        }
    }
}

/// Sends a refusal in the protocol of the listener.
fn refuse(at: &mut Current<'_>, listener: &Listener, reason: CloseReason) {
    let text = at.shared.settings.refusal(reason, listener.refusal);
    if text.is_empty() {
        return;
    }
    if listener.security == client::Security::Awaited {
        // It costs a handshake, for text in the clear would be taken for a broken server. A network that has cost too
        // much gets none.
        if charge::is_in_debt(at, at.client.peer.ip()) {
            return;
        }
        if let Some(tls) = &at.shared.tls {
            tls.wrap(at.net, at.id, &[], listener.kind.is_requests());
        }
    }
    at.send(&text);
}
