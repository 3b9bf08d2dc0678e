//! The talk with one connection: its lines go to its protocol and come back as commands and answers.
//!
//! Invariants: one turn handles a bounded number of lines of each connection; an answer is sent as one, before anyone
//! is closed; while a connection waits for something that takes long (a long list, the check of a password), its
//! lines wait too. Does not know wire formats.

use super::{
    court::Court,
    exchange::Exchange,
    reason::Reason,
    session::{Doorway, Protocol, Security},
};
use crate::{
    chat::USERNAME_OF_UNASKED,
    net::{ConnId, Poller, Taken, Then, Tick},
    protocol::{
        Context as _, Cut, Entry, Frame, TurnedAway, flavour::Flavour, irc::Backstage as _,
        seconds_to_wait, telnet,
    },
};

/// Lines of one connection handled in one turn; what it sent beyond that is carried over, so that nobody waits long
/// for their turn.
const LINES_PER_TURN: usize = 32;

impl Court {
    /// Handles the lines that are there, within the bounds of a turn, of flood control, and of what the peer leaves
    /// unread.
    pub(super) fn handle_lines(
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
            let is_busy = self.sessions.get_mut(id).is_some_and(|s| s.is_busy());
            if net.is_turn_full() || net.is_backlogged(id) || is_busy {
                break;
            }
            if self.bill.is_high() {
                // Settled now, so that the allowance and the network's share decide about the next line. The turn need
                // not end for it: what is said to a thousand people line after line leaves as one write for each.
                self.settle(net, id);
                if let Some(at) = self.waits_for_share(net, id) {
                    let then = Then::WaitUntil(at);
                    return Taken { bytes, then };
                }
            }
            if let Err(at) = self.has_allowance(net, id) {
                let then = Then::WaitUntil(at);
                return Taken { bytes, then };
            }
            let protocol = self.sessions.get_mut(id).map(|s| &s.protocol);
            let (consumed, whole) = match protocol {
                Some(Protocol::Http(_)) => self.handle_request(net, id, rest, searched),
                Some(Protocol::Web(_)) => self.handle_message(net, id, rest),
                _ => self.handle_frame(net, id, rest, searched),
            };
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
    pub(super) fn has_allowance(&mut self, net: &Poller, id: ConnId) -> Result<(), Tick> {
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
        net: &mut Poller,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> (usize, bool) {
        let cap = self.settings.line;
        let told = self.converse(net, id, |session, exchange| {
            let Cut { frame, consumed } = match session {
                Talker::Irc(irc) => irc.next_frame(input, searched),
                Talker::Telnet(telnet, _) => {
                    telnet.next_frame(input, searched, cap, exchange.answer)
                }
            };
            let whole = frame != Frame::Incomplete;
            match (frame, session) {
                (Frame::Incomplete, _) => {}
                (Frame::Line(line), Talker::Irc(irc)) => irc.handle_line(&line, exchange),
                (Frame::TooLong, Talker::Irc(irc)) => irc.handle_too_long(exchange),
                (Frame::Line(line), Talker::Telnet(telnet, doorway)) => {
                    let is_open = exchange.hall.house.password.is_none();
                    if exchange.user.is_some() {
                        telnet.handle_line(&line, exchange);
                    } else if !is_open && !doorway.is_open() {
                        hear_password(&line, doorway, exchange);
                    } else if !refuse_banned(exchange) {
                        telnet.handle_line(&line, exchange);
                    }
                }
                (Frame::TooLong, Talker::Telnet(telnet, _)) => {
                    telnet.handle_too_long(cap, exchange);
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
    pub(super) fn note_heard(&mut self, now: Tick, id: ConnId, whole: bool) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if whole {
            self.hall.tally.lines += 1;
            self.bill.add_line();
            let rate = session.rate(&self.settings);
            let _ = session.allowance.take(now.0, rate);
        }
        if session.user.is_some() {
            session.mark = now;
            session.probed = false;
        }
    }

    /// Hears a line of IRC that came as a message. `None` if the connection ended with it.
    pub(super) fn hear_message(
        &mut self,
        net: &mut Poller,
        id: ConnId,
        message: &[u8],
    ) -> Option<()> {
        self.converse(net, id, |talker, exchange| {
            if let Talker::Irc(irc) = talker {
                irc.handle_message(message, exchange);
            }
        })
    }

    /// Goes on with what a connection waits for, for one slice.
    pub(super) fn go_on(&mut self, net: &mut Poller, id: ConnId) {
        let _ = self.converse(net, id, |talker, exchange| {
            if let Talker::Irc(irc) = talker {
                irc.go_on(exchange);
            }
        });
        self.settle(net, id);
        self.end_if_all_is_said(net, id);
    }

    /// Tells a connection what came of the password that it gave.
    pub(super) fn tell_checked(&mut self, net: &mut Poller, id: ConnId, is_right: bool) {
        let _ = self.converse(net, id, |talker, exchange| {
            if let Talker::Irc(irc) = talker {
                irc.operator_checked(is_right, exchange);
            }
        });
        self.settle(net, id);
    }

    /// Lets a connection's protocol do something, sends what it answers, and does what it asked for. `None` if the
    /// connection ended with it, or speaks no protocol.
    fn converse<T>(
        &mut self,
        net: &mut Poller,
        id: ConnId,
        act: impl FnOnce(&mut Talker<'_>, &mut Exchange<'_>) -> T,
    ) -> Option<T> {
        let now = self.wall.at(net.now());
        let session = self.sessions.get_mut(id)?;
        let due_before = session.next_due(&self.settings).map(|(_, due)| due);
        let (mut talker, flavour, kind) = match &mut session.protocol {
            Protocol::Irc(irc) => {
                let flavour = irc.flavour();
                (Talker::Irc(irc), flavour, None)
            }
            Protocol::Web(socket) => {
                let flavour = socket.irc.flavour();
                (Talker::Irc(&mut socket.irc), flavour, Some(socket.kind))
            }
            Protocol::Telnet(telnet) => {
                let doorway = &mut session.doorway;
                (Talker::Telnet(telnet, doorway), Flavour::Telnet, None)
            }
            _ => return None,
        };
        self.answer.clear();
        self.aside.clear();
        let deliveries = net.stats().deliveries;
        let mut exchange = Exchange {
            hall: &mut self.hall,
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
        let told = act(&mut talker, &mut exchange);
        let quitting = exchange.quitting.take();
        if !self.answer.is_empty() {
            flavour.in_messages(kind).frame(0, &mut self.answer);
            net.send(id, &self.answer);
        }
        let (is_busy, due) = (
            session.is_busy(),
            session.next_due(&self.settings).map(|(_, due)| due),
        );
        if is_busy && !self.hall.guard.is_checking(id) {
            net.tell_drained(id);
        }
        self.add_work(net, deliveries, self.answer.len());
        let is_expelled = self.hall.expelled.iter().any(|(conn, _)| *conn == id);
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
            self.set_alarm(net, id);
        }
        Some(told)
    }
}

/// Who is at a connection: the part of its session that handles lines.
enum Talker<'a> {
    Irc(&'a mut crate::protocol::irc::Irc),
    /// And how far they are with the server's password, if it has one.
    Telnet(&'a mut telnet::Telnet, &'a mut Doorway),
}

/// Wrong passwords that one telnet connection may give: who does not know it by then does not know it.
const WRONG_PASSWORDS_MAX: u8 = 3;

/// Hears a line of a telnet caller where the server has a password, until it was that.
fn hear_password(line: &[u8], doorway: &mut Doorway, exchange: &mut Exchange<'_>) {
    match exchange.say_password(line) {
        Entry::Right => {
            doorway.open();
            telnet::news(exchange.answer, telnet::QUESTION);
        }
        Entry::Wrong if doorway.note_wrong() < WRONG_PASSWORDS_MAX => {
            telnet::refusal(exchange.answer, "that is not the password; try again");
        }
        Entry::Wrong => {
            telnet::refusal(exchange.answer, Reason::BadPassword.told());
            exchange.turn_away(TurnedAway::BadPassword);
        }
        Entry::TooSoon(wait) => {
            let seconds = seconds_to_wait(wait);
            let words = format!("too many wrong passwords; try again in {seconds} seconds");
            telnet::refusal(exchange.answer, &words);
            exchange.turn_away(TurnedAway::BadPassword);
        }
    }
}

/// Sends a telnet caller away who is banned from the server; says whether they are.
fn refuse_banned(exchange: &mut Exchange<'_>) -> bool {
    let Some(reason) = exchange.ban_of(USERNAME_OF_UNASKED) else {
        return false;
    };
    let word = format!("you are banned from this server: {reason}");
    telnet::refusal(exchange.answer, &word);
    exchange.turn_away(TurnedAway::Banned);
    true
}

#[cfg(test)]
mod tests;
