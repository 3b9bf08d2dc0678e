//! The talk with one connection: its lines go to its protocol and come back as commands and answers.
//!
//! Invariants: one turn handles a bounded number of lines of each connection; an answer is sent as one, before anyone
//! is closed; while a connection waits for something that takes long (a long list, the check of a password), its
//! lines wait too. Does not know wire formats.

use crate::server::connections::{
    Connections,
    context::CommandContext,
    session::{Protocol, Security},
};
use crate::{
    net::{ConnId, Consumed, Net, Next, Tick},
    protocol::{Decoded, Frame, flavour::Flavour, telnet},
};

/// Lines of one connection handled in one turn; what it sent beyond that is carried over, so that nobody waits long
/// for their turn.
const LINES_PER_TURN: usize = 32;

impl Connections {
    /// Handles the lines that are there, within the bounds of a turn, of flood control, and of what the peer leaves
    /// unread.
    pub(crate) fn handle_lines(
        &mut self,
        net: &mut Net,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> Consumed {
        let mut bytes = 0;
        for _ in 0..LINES_PER_TURN {
            let rest = &input[bytes..];
            if rest.is_empty() {
                let then = Next::ReadMore;
                return Consumed { bytes, next: then };
            }
            let is_busy = self.sessions.get_mut(id).is_some_and(|s| s.is_busy());
            if net.is_turn_full() || net.is_backlogged(id) || is_busy {
                break;
            }
            if self.charges.is_high() {
                // Settled now, so that the allowance and the network's share decide about the next line. The turn need
                // not end for it: what is said to a thousand people line after line leaves as one write for each.
                self.settle(net, id);
                if let Some(at) = self.waits_for_share(net, id) {
                    let then = Next::PauseUntil(at);
                    return Consumed { bytes, next: then };
                }
            }
            if let Err(at) = self.has_allowance(net, id) {
                let then = Next::PauseUntil(at);
                return Consumed { bytes, next: then };
            }
            let protocol = self.sessions.get_mut(id).map(|s| &s.protocol);
            let (consumed, whole) = match protocol {
                Some(Protocol::Http(_)) => self.handle_request(net, id, rest, searched),
                Some(Protocol::Web(_)) => self.handle_message(net, id, rest),
                _ => self.handle_frame(net, id, rest, searched),
            };
            bytes += consumed;
            if !whole {
                let then = Next::ReadMore;
                return Consumed { bytes, next: then };
            }
        }
        let then = Next::Yield;
        Consumed { bytes, next: then }
    }

    /// Whether flood control lets one more line pass; if not, when it will.
    pub(crate) fn has_allowance(&mut self, net: &Net, id: ConnId) -> Result<(), Tick> {
        let Some(session) = self.sessions.get_mut(id) else {
            return Ok(());
        };
        // A copy: the line is paid for when it is whole.
        let mut allowance = session.allowance;
        let taken = allowance.take(net.now().0, session.rate(&self.settings));
        taken.map_err(Tick)
    }

    /// Handles one frame; says how many bytes it took and whether it was whole. A connection that ended with it takes
    /// all the rest.
    fn handle_frame(
        &mut self,
        net: &mut Net,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> (usize, bool) {
        let cap = self.settings.line;
        let told = self.run_protocol(net, id, |session, context| {
            let Decoded {
                item: frame,
                consumed,
            } = match session {
                LineProtocol::Irc(irc) => irc.next_frame(input, searched),
                LineProtocol::Telnet(telnet) => {
                    telnet.next_frame(input, searched, cap, context.answer)
                }
            };
            let whole = frame != Frame::Incomplete;
            match (frame, session) {
                (Frame::Incomplete, _) => {}
                (Frame::Line(line), LineProtocol::Irc(irc)) => irc.handle_line(&line, context),
                (Frame::TooLong, LineProtocol::Irc(irc)) => irc.handle_too_long(context),
                (Frame::Line(line), LineProtocol::Telnet(telnet)) => {
                    telnet.handle_line(&line, context);
                }
                (Frame::TooLong, LineProtocol::Telnet(telnet)) => {
                    telnet.handle_too_long(cap, context);
                }
            }
            (consumed, whole)
        });
        let Some((consumed, whole)) = told else {
            return (input.len(), false);
        };
        self.note_heard(net.now(), id, whole);
        (consumed, whole)
    }

    /// Something was heard from a connection: a sign of life, and if it was whole, something to be paid for.
    pub(crate) fn note_heard(&mut self, now: Tick, id: ConnId, whole: bool) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if whole {
            self.shared.counters.lines += 1;
            self.charges.add_line();
            let rate = session.rate(&self.settings);
            let _ = session.allowance.take(now.0, rate);
        }
        if session.user.is_some() {
            session.last_activity = now;
            session.ping_outstanding = false;
        }
    }

    /// Hears a line of IRC that came as a message. `None` if the connection ended with it.
    pub(crate) fn hear_message(&mut self, net: &mut Net, id: ConnId, message: &[u8]) -> Option<()> {
        self.run_protocol(net, id, |protocol, context| {
            if let LineProtocol::Irc(irc) = protocol {
                irc.handle_message(message, context);
            }
        })
    }

    /// Goes on with what a connection waits for, for one slice.
    pub(crate) fn go_on(&mut self, net: &mut Net, id: ConnId) {
        let _ = self.run_protocol(net, id, |protocol, context| {
            if let LineProtocol::Irc(irc) = protocol {
                irc.go_on(context);
            }
        });
        self.settle(net, id);
        self.end_if_all_is_said(net, id);
    }

    /// Tells a connection what came of the password that it gave.
    pub(crate) fn tell_checked(&mut self, net: &mut Net, id: ConnId, is_right: bool) {
        let _ = self.run_protocol(net, id, |protocol, context| {
            if let LineProtocol::Irc(irc) = protocol {
                irc.operator_checked(is_right, context);
            }
        });
        self.settle(net, id);
    }

    /// Lets a connection's protocol do something, sends what it answers, and does what it asked for. `None` if the
    /// connection ended with it, or speaks no protocol.
    fn run_protocol<T>(
        &mut self,
        net: &mut Net,
        id: ConnId,
        act: impl FnOnce(&mut LineProtocol<'_>, &mut CommandContext<'_>) -> T,
    ) -> Option<T> {
        let now = self.wall_clock.at(net.now());
        let session = self.sessions.get_mut(id)?;
        let due_before = session.next_due(&self.settings).map(|(_, due)| due);
        let (mut protocol, flavour, kind) = match &mut session.protocol {
            Protocol::Irc(irc) => {
                let flavour = irc.flavour();
                (LineProtocol::Irc(irc), flavour, None)
            }
            Protocol::Web(socket) => {
                let flavour = socket.irc.flavour();
                (
                    LineProtocol::Irc(&mut socket.irc),
                    flavour,
                    Some(socket.kind),
                )
            }
            Protocol::Telnet(telnet) => (LineProtocol::Telnet(telnet), Flavour::Telnet, None),
            _ => return None,
        };
        self.answer.clear();
        self.aside.clear();
        let deliveries = net.stats().deliveries;
        let mut context = CommandContext {
            shared: &mut self.shared,
            net,
            id,
            address: session.peer.ip(),
            flavour,
            secure: session.security == Security::Secure,
            certificate: self.certificates.get(&id).copied(),
            kind,
            user: &mut session.user,
            now,
            answer: &mut self.answer,
            aside: &mut self.aside,
            quitting: None,
            verifier: &self.settings.operators,
        };
        let told = act(&mut protocol, &mut context);
        let quitting = context.quitting.take();
        if !self.answer.is_empty() {
            flavour.in_messages(kind).frame(0, &mut self.answer);
            net.send(id, &self.answer);
        }
        let (is_busy, due) = (
            session.is_busy(),
            session.next_due(&self.settings).map(|(_, due)| due),
        );
        if is_busy && !self.shared.password_checks.is_checking(id) {
            net.notify_drained(id);
        }
        self.add_work(net, deliveries, self.answer.len());
        let is_expelled = self.shared.expelled.iter().any(|(conn, _)| *conn == id);
        self.expel(net);
        if let Some((reason, words)) = quitting {
            self.dismiss_with(net, id, reason, &words);
            self.hang_up(net, id);
            return None;
        }
        if is_expelled {
            return None;
        }
        if due != due_before {
            self.set_deadline(net, id);
        }
        Some(told)
    }
}

/// Who is at a connection: the part of its session that handles lines.
enum LineProtocol<'a> {
    Irc(&'a mut crate::protocol::irc::Irc),
    Telnet(&'a mut telnet::Telnet),
}

#[cfg(test)]
mod tests;
