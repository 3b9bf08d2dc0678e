//! What the loop tells, for the connections that are members.

use super::{
    Crew, Ear, News, State,
    tally::{plain, words},
};
use crate::{
    load::speaker::{Heard, Speaker},
    net::{ConnId, Loss, Phase, Poller, Taken, Then},
    protocol::Frame,
};
use std::time::Duration;

/// The longest line that is understood. Servers keep to 512 or a few thousand; a longer one is skipped.
const LINE_BYTES_MAX: usize = 16 * 1024;

impl<E: Ear> Crew<E> {
    pub(in crate::load) fn handle_connected(&mut self, net: &mut Poller, id: ConnId) {
        let now = self.clock.now();
        self.out.clear();
        let mut out = std::mem::take(&mut self.out);
        let Some(member) = self.member_mut(id) else {
            return;
        };
        let took = now.since(member.since);
        member.since = now;
        let is_ready = member.speaker.greet(member.who, &mut out);
        self.tally.connected += 1;
        self.tally.connect.note(took);
        self.set_state(id, State::Greeting);
        if !out.is_empty() {
            net.send(id, &out);
        }
        self.out = out;
        if is_ready {
            self.become_ready(net, id, now);
        }
    }

    pub(in crate::load) fn handle_input(
        &mut self,
        net: &mut Poller,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> Taken {
        let now = self.clock.now();
        let slot = self.members.get_mut(id.slot as usize);
        let Some(member) = slot.and_then(Option::as_mut).filter(|m| m.id == id) else {
            return Taken {
                bytes: input.len(),
                then: Then::ReadOn,
            };
        };
        if let Some(until) = self.ear.deaf_until(member) {
            let wait = now.until(until) + Duration::from_millis(1);
            return Taken {
                bytes: 0,
                then: Then::WaitUntil(net.now().after(wait)),
            };
        }
        self.out.clear();
        let mut taken = input.len();
        let (mut is_ready, mut refused) = (false, None);
        if let Speaker::Silent = member.speaker {
            self.ear.bytes(member, input, now, &mut self.out);
        } else {
            taken = 0;
            loop {
                let cut = member.lines.next(&input[taken..], searched, LINE_BYTES_MAX);
                taken += cut.consumed;
                match cut.frame {
                    Frame::Line(line) => {
                        match member.speaker.hear(member.who, &line, &mut self.out) {
                            Heard::Nothing => {}
                            Heard::Said(text) => self.ear.said(member, text, now),
                            Heard::Left(name) => self.ear.left(member, name, now),
                            Heard::Ready => is_ready = true,
                            Heard::Refused(why) => refused = Some(words(why)),
                        }
                    }
                    Frame::TooLong => {}
                    Frame::Incomplete => break,
                }
            }
        }
        if !self.out.is_empty() {
            net.send(id, &self.out);
        }
        if is_ready {
            self.become_ready(net, id, now);
        }
        if let Some(why) = refused {
            self.give_up(net, id, || format!("the server said: {why}"));
        }
        Taken {
            bytes: taken,
            then: Then::ReadOn,
        }
    }

    pub(in crate::load) fn handle_end(&mut self, net: &mut Poller, id: ConnId) {
        self.give_up(net, id, || "the server hung up".into());
        net.abort(id);
    }

    pub(in crate::load) fn handle_lost(&mut self, net: &mut Poller, id: ConnId, loss: &Loss) {
        self.give_up(net, id, || match loss {
            Loss::Io(error) => plain(error),
            other => other.to_string(),
        });
    }

    pub(in crate::load) fn handle_alarm(&mut self, net: &mut Poller, id: ConnId) {
        let patience = self.patience;
        let calling = net.phase(id) == Phase::Connecting;
        self.give_up(net, id, || {
            let what = if calling { "no answer" } else { "not done" };
            format!("{what} within {} s", patience.as_secs_f64())
        });
    }

    pub(in crate::load) fn handle_reaped(&mut self, id: ConnId) {
        let slot = self.members.get_mut(id.slot as usize);
        let Some(member) = slot.and_then(|m| m.take_if(|member| member.id == id)) else {
            return;
        };
        *self.counts.of(member.state) -= 1;
        self.news.push(News::Gone {
            number: member.who.number,
            in_order: member.in_order,
        });
    }
}
