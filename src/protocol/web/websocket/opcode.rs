//! Opcodes of frames, and the two kinds of messages (RFC 6455 section 5.2).

use super::fault::Fault;

/// The kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// The next fragment of a message.
    Continuation = 0,
    /// A text message, or its first fragment.
    Text = 1,
    /// A binary message, or its first fragment.
    Binary = 2,
    /// The end of the connection.
    Close = 8,
    /// Asks for a Pong.
    Ping = 9,
    /// Answers a Ping, or comes unasked.
    Pong = 10,
}

impl Opcode {
    pub(super) fn parse(number: u8) -> Result<Self, Fault> {
        Ok(match number {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return Err(Fault::Opcode),
        })
    }

    /// Whether it may come between the fragments of a message.
    pub(super) fn is_control(self) -> bool {
        self as u8 >= Self::Close as u8
    }

    /// The kind of message that begins with it, if one does.
    pub(super) fn starts(self) -> Option<Kind> {
        match self {
            Self::Text => Some(Kind::Text),
            Self::Binary => Some(Kind::Binary),
            _ => None,
        }
    }
}

/// The two kinds of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// UTF-8, and the receiver checks it.
    Text,
    /// Any bytes.
    Binary,
}

impl Kind {
    /// The opcode that a message of this kind begins with.
    pub fn opcode(self) -> Opcode {
        match self {
            Self::Text => Opcode::Text,
            Self::Binary => Opcode::Binary,
        }
    }
}
