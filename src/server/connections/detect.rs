//! `any://`: the first bytes decide the protocol; a client that stays silent is greeted as telnet.
//!
//! Owns the progress of that. The rule for the bytes is in `protocol::detect`.

use super::{
    client::Client,
    current::Current,
    ending::{Ending, LastText},
    kind::ProtocolKind,
    protocol::{Look, Outcome, Protocol, TlsInput},
    telnet,
    timers::{self, Due},
};
use crate::{
    net::Tick,
    protocol::detect::{self, Detected},
    server::settings::Settings,
};

/// The progress of the detection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Detecting {
    /// Nothing has come.
    #[default]
    Silent,
    /// Too few bytes to decide have come. Such a client is not silent.
    Started,
    /// The client was silent and was sent the telnet greeting.
    Greeted,
}

impl Protocol for Detecting {
    fn tls(&self) -> TlsInput {
        match self {
            Self::Silent | Self::Started => TlsInput::Offered,
            Self::Greeted => TlsInput::TooLate,
        }
    }

    fn look(&mut self, at: &mut Current<'_>, input: &[u8]) -> Look {
        match detect::detect(input) {
            Detected::Undecided => {
                if *self == Self::Silent {
                    *self = Self::Started;
                }
                Look::Wait
            }
            // A client greeted as telnet may be IRC after all: IRC clients pass over lines that they do not understand.
            Detected::Irc => Look::Become(ProtocolKind::Irc),
            Detected::Web => Look::Become(ProtocolKind::Http),
            // TLS was dealt with before.
            Detected::Telnet | Detected::Tls => {
                if *self != Self::Greeted {
                    telnet::greet(at);
                }
                Look::Become(ProtocolKind::Telnet)
            }
        }
    }

    fn input(&mut self, _: &mut Current<'_>, _: &[u8], _: &mut usize) -> Outcome {
        // `look` has decided, or waits.
        Outcome::NeedMore(0)
    }

    fn next_due(&self, client: &Client, settings: &Settings) -> Option<(Tick, Due)> {
        match self {
            Self::Silent => Some((client.last_activity.after(detect::SILENCE), Due::Greet)),
            Self::Started | Self::Greeted => {
                Some(timers::registration(client, settings, Due::NoName))
            }
        }
    }

    fn timer(&mut self, at: &mut Current<'_>, due: Due) -> Option<Ending> {
        if due == Due::Greet {
            *self = Self::Greeted;
            telnet::greet(at);
            return None;
        }
        timers::chat_timer(at, due, |_| {})
    }

    fn close(&mut self, last: &LastText<'_>, settings: &Settings, out: &mut Vec<u8>) {
        telnet::push_farewell(last, settings, out);
    }
}
