//! Input finds its protocol: TLS, what an `any://` connection turns out to speak, and browsers that are sent to ports
//! where no HTTP is spoken.
//!
//! Lines are handled in `lines`, requests and messages in `web`. Does not know what input costs (`charge`).

use crate::server::{
    connections::Connections, connections::close_reason::CloseReason,
    connections::session::Protocol,
};
use crate::{
    net::{ConnId, Consumed, Net, Next},
    protocol::{
        detect::{self, Detected},
        irc::Irc,
        telnet::Telnet,
    },
};

impl Connections {
    /// Does what a connection's input says, whatever is spoken there.
    pub(crate) fn take_input(
        &mut self,
        net: &mut Net,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> Consumed {
        if self.meets_tls(net, id, input) {
            return all_of(input);
        }
        self.decide(net, id, input);
        let Some(session) = self.sessions.get_mut(id) else {
            return all_of(input);
        };
        // A page can make any browser that looks at it send a form to any port, with lines of any protocol in it. It
        // cannot keep the browser from saying first that it speaks HTTP.
        let is_line_door = matches!(session.protocol, Protocol::Irc(_) | Protocol::Telnet(_));
        if is_line_door && session.user.is_none() && detect::detect(input) == Detected::Web {
            self.part(net, id, CloseReason::HttpNotHere, None);
            return all_of(input);
        }
        match session.protocol {
            Protocol::Undecided { .. } => Consumed {
                bytes: 0,
                next: Next::ReadMore,
            },
            Protocol::Irc(_) | Protocol::Telnet(_) | Protocol::Http(_) | Protocol::Web(_) => {
                self.handle_lines(net, id, input, searched)
            }
            Protocol::Echo => {
                net.send(id, input);
                all_of(input)
            }
            Protocol::TurnedAway => all_of(input),
        }
    }

    /// The first bytes on an `any://` connection: decides what it speaks, if they suffice.
    fn decide(&mut self, net: &mut Net, id: ConnId, input: &[u8]) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let Protocol::Undecided { greeted, .. } = session.protocol else {
            return;
        };
        match detect::detect(input) {
            Detected::Undecided => {
                let begun = true;
                session.protocol = Protocol::Undecided { greeted, begun };
                self.set_deadline(net, id);
            }
            // A caller greeted as telnet may be IRC after all: its client passes over lines that it does not
            // understand.
            Detected::Irc => session.protocol = Protocol::Irc(Irc::default()),
            Detected::Web => self.begin_visit(net, id),
            // TLS was dealt with before.
            Detected::Telnet | Detected::Tls => {
                session.protocol = Protocol::Telnet(Telnet::default());
                if !greeted {
                    net.send(id, &self.settings.greeting);
                }
                self.set_deadline(net, id);
            }
        }
    }
}

fn all_of(input: &[u8]) -> Consumed {
    Consumed {
        bytes: input.len(),
        next: Next::ReadMore,
    }
}
