//! WebSocket (RFC 6455) as a codec, for either end: bytes to messages, messages to frames, and what the handshake computes.
//!
//! [`WebSocket`] is what is remembered of one connection. It takes bytes as they come: the payload of a frame is unmasked,
//! checked and moved to the message at once, so the caller never has to keep more of its input than an unfinished header or
//! an unfinished control frame, 131 bytes at most. Control frames between the fragments of a message are answered on the
//! way. Functions without state make the bytes to send ([`push_frame`] and its like).
//!
//! Invariants: however the input is cut, the same messages come out and the same answers are given; a byte that cannot be
//! UTF-8 ends the connection as soon as it is in, not when its message is whole; memory follows the bytes that came, never
//! the length a peer claims; no more than the limit is kept of a message, and nothing at all between messages.
//!
//! Extensions are not negotiated, so their bits and opcodes are faults. Knows no sockets, no HTTP beyond the upgrade, and
//! nothing of what is in a message.

mod close;
mod fault;
pub mod handshake;
mod header;
mod mask;
mod message;
mod opcode;
#[cfg(test)]
mod tests;
mod write;

pub use close::is_close_code;
pub use fault::Fault;
pub use opcode::{Kind, Opcode};
pub use write::{frame_lines, push_close, push_frame, push_masked_frame, push_ping};

use crate::protocol::decoded::Decoded;
use header::{Header, Masking};
use message::Unfinished;

/// Memory that a scratch area keeps from one call of [`WebSocket::next`] to the next: what one read brings at most.
const SCRATCH_KEPT: usize = 64 * 1024;

/// One thing that the peer sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// Nothing whole yet: ask again when more has come.
    Incomplete,
    /// A text message, whole.
    Text(&'a str),
    /// A binary message, whole.
    Binary(&'a [u8]),
    /// A frame that does not end its message is complete. It is reported so that endless frames can be charged for.
    Fragment,
    /// A Ping; the Pong is among the replies.
    Ping,
    /// A Pong, asked for or not.
    Pong,
    /// The peer ends the connection. If we had not done so before, the replies end with our Close. A server now sends what
    /// it owes and closes, a client waits for the server's end of stream (RFC 6455 section 7.1.1).
    Closed {
        /// Its reason as a number (RFC 6455 section 7.4), if it gave one.
        code: Option<u16>,
        /// Its reason as a text; mostly empty.
        reason: &'a str,
    },
    /// The peer broke a rule or passed a limit. If we had not closed before, the replies end with a Close that names it:
    /// send it and close.
    Failed(Fault),
}

/// One connection after its handshake.
///
/// A small record, and no heap memory unless a message is unfinished.
///
/// ```
/// use madang::protocol::web::websocket::{Opcode, WebSocket, Received, push_masked_frame};
///
/// let mut socket = WebSocket::server(1024);
/// let mut input = Vec::new();
/// push_masked_frame(Opcode::Text, b"hello", [1, 2, 3, 4], &mut input);
///
/// let (mut scratch, mut replies) = (Vec::new(), Vec::new());
/// let step = socket.next(&input, &mut scratch, &mut replies);
/// assert_eq!(step.item, Received::Text("hello"));
/// assert_eq!(step.consumed, input.len());
/// ```
#[derive(Debug)]
pub struct WebSocket {
    /// The message that is arriving.
    unfinished: Option<Box<Unfinished>>,
    /// The longest message in bytes.
    limit: u32,
    role: Role,
    phase: Phase,
}

/// Which end this is.
#[derive(Clone, Copy, Debug)]
enum Role {
    Server,
    /// With its next masking key, see [`WebSocket::client`].
    Client(u32),
}

/// How far the closing handshake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nobody has closed.
    Open,
    /// Our Close is sent; the peer's is not in. Messages before it are still taken.
    Closing,
    /// The peer's Close is in, or it broke the rules: whatever follows is discarded.
    Over,
}

/// The result of taking a frame, or a part of it. Its bytes are in the scratch area.
enum Taken {
    /// More input is needed.
    Nothing,
    /// The beginning of a frame; the input may hold more.
    Piece,
    /// The rest of a frame that does not end its message.
    Fragment,
    Message(Kind),
    Ping,
    Pong,
    Close(Option<u16>),
}

impl WebSocket {
    /// The server's end. A message of more bytes than this ends the connection with code 1009.
    pub fn server(message_bytes_max: u32) -> Self {
        Self {
            unfinished: None,
            limit: message_bytes_max,
            role: Role::Server,
            phase: Phase::Open,
        }
    }

    /// The client's end. Its answers to pings and closes are masked with keys that follow from `seed`; they are as hard to
    /// guess as the seed is, which matters where proxies that know no WebSocket are in the way (RFC 6455 section 10.3).
    pub fn client(message_bytes_max: u32, seed: u32) -> Self {
        Self {
            // From zero the generator of keys would give zeros alone.
            role: Role::Client(seed.max(1)),
            ..Self::server(message_bytes_max)
        }
    }

    /// Takes what comes first in `input`.
    ///
    /// A message lies in `scratch`, which all connections may share: nothing in it has to be kept. Answers to pings and
    /// closes are appended to `replies`; give the buffer to which your own frames go, so that their order is kept.
    ///
    /// Whatever the answer, drop the bytes that were consumed. Then ask again with the rest, unless it was
    /// [`Received::Incomplete`].
    pub fn next<'a>(
        &mut self,
        input: &[u8],
        scratch: &'a mut Vec<u8>,
        replies: &mut Vec<u8>,
    ) -> Decoded<Received<'a>> {
        // The last message may have been a long one.
        scratch.clear();
        scratch.shrink_to(SCRATCH_KEPT);
        let mut consumed = 0;
        let taken = loop {
            if self.phase == Phase::Over {
                consumed = input.len();
                break Ok(Taken::Nothing);
            }
            match self.take(&input[consumed..], &mut consumed, scratch) {
                Ok(Taken::Piece) => {}
                taken => break taken,
            }
        };
        let item = match taken {
            Ok(taken) => self.tell(taken, scratch, replies),
            Err(fault) => self.fail(fault, replies),
        };
        Decoded { item, consumed }
    }

    /// Ends the connection from our side: appends a Close, once. The peer's answer comes as [`Received::Closed`]; a server need
    /// not wait for it longer than it likes. The reason is cut to the 123 bytes that fit.
    pub fn close(&mut self, code: u16, reason: &str, out: &mut Vec<u8>) {
        if self.phase == Phase::Open {
            self.phase = Phase::Closing;
            self.reply(Opcode::Close, &close::payload(Some(code), reason), out);
        }
    }

    /// Changes how long a message may be, in bytes.
    pub fn set_limit(&mut self, message_bytes_max: u32) {
        self.limit = message_bytes_max;
    }

    /// Whether neither side has closed: only then may messages be sent.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Bytes of heap memory held.
    pub fn heap_bytes(&self) -> usize {
        self.unfinished
            .as_ref()
            .map_or(0, |message| size_of::<Unfinished>() + message.heap_bytes())
    }

    /// Takes the next frame, or as much of it as is there, and counts what it took.
    fn take(
        &mut self,
        input: &[u8],
        consumed: &mut usize,
        scratch: &mut Vec<u8>,
    ) -> Result<Taken, Fault> {
        if let Some(message) = &mut self.unfinished {
            if message.is_in_frame() {
                *consumed += message.append(input)?;
                return Ok(self.finish_message(scratch));
            }
        }
        let Some((header, size)) = Header::parse(input, self.expected())? else {
            return Ok(Taken::Nothing);
        };
        let payload = &input[size..];
        // A claimed length may not fit `usize`; it is cast only after this check.
        let whole = usize::try_from(header.length)
            .ok()
            .and_then(|length| payload.get(..length));
        if header.opcode.is_control() {
            // At most 125 bytes: not worth taking in pieces.
            let Some(payload) = whole else {
                return Ok(Taken::Nothing);
            };
            *consumed += size + payload.len();
            mask::append(payload, header.key, 0, scratch);
            return control(header.opcode, scratch);
        }
        let kind = self.kind_of(&header)?;
        if let (true, None, Some(payload)) = (header.is_final, &self.unfinished, whole) {
            // The common case: it came whole, and needs no memory of ours.
            *consumed += size + payload.len();
            mask::append(payload, header.key, 0, scratch);
            return Ok(Taken::Message(kind));
        }
        *consumed += size;
        let message = self
            .unfinished
            .get_or_insert_with(|| Box::new(Unfinished::new(kind)));
        message.begin_frame(&header);
        Ok(Taken::Piece)
    }

    /// The kind of message that a data frame belongs to.
    ///
    /// # Errors
    /// It does not belong here, or its message would be too long.
    fn kind_of(&self, header: &Header) -> Result<Kind, Fault> {
        let (kind, before) = match (&self.unfinished, header.opcode.starts()) {
            (None, Some(kind)) => (kind, 0),
            (Some(message), None) => (message.kind(), message.len() as u64),
            (None, None) => return Err(Fault::NothingToContinue),
            (Some(_), Some(_)) => return Err(Fault::Interleaved),
        };
        // Decided by the header, before any of it is kept. The length is below 2^63, so the sum does not overflow.
        if before + header.length > u64::from(self.limit) {
            return Err(Fault::TooLong);
        }
        Ok(kind)
    }

    /// After a piece was taken: hands the message over if that was its last.
    fn finish_message(&mut self, scratch: &mut Vec<u8>) -> Taken {
        match self.unfinished.take_if(|message| message.is_whole()) {
            Some(mut message) => {
                std::mem::swap(scratch, message.bytes_mut());
                Taken::Message(message.kind())
            }
            None if self.unfinished.as_ref().is_some_and(|m| m.is_in_frame()) => Taken::Nothing,
            None => Taken::Fragment,
        }
    }

    /// Makes what was taken into what the caller gets, and answers it if the protocol wants that.
    fn tell<'a>(&mut self, taken: Taken, bytes: &'a [u8], replies: &mut Vec<u8>) -> Received<'a> {
        match taken {
            Taken::Nothing | Taken::Piece => Received::Incomplete,
            Taken::Fragment => Received::Fragment,
            Taken::Message(Kind::Binary) => Received::Binary(bytes),
            Taken::Message(Kind::Text) => match std::str::from_utf8(bytes) {
                Ok(text) => Received::Text(text),
                Err(_) => self.fail(Fault::NotUtf8, replies),
            },
            Taken::Ping => {
                self.reply(Opcode::Pong, bytes, replies);
                Received::Ping
            }
            Taken::Pong => Received::Pong,
            Taken::Close(code) => {
                self.end(&close::payload(code, ""), replies);
                Received::Closed {
                    code,
                    reason: close::reason(bytes),
                }
            }
        }
    }

    fn fail<'a>(&mut self, fault: Fault, replies: &mut Vec<u8>) -> Received<'a> {
        let words = fault.to_string();
        self.end(&close::payload(Some(fault.close_code()), &words), replies);
        Received::Failed(fault)
    }

    /// No more is read of the peer; it gets a Close, unless it has ours already.
    fn end(&mut self, payload: &[u8], replies: &mut Vec<u8>) {
        if self.phase == Phase::Open {
            self.reply(Opcode::Close, payload, replies);
        }
        self.phase = Phase::Over;
        self.unfinished = None;
    }

    fn reply(&mut self, opcode: Opcode, payload: &[u8], replies: &mut Vec<u8>) {
        match &mut self.role {
            Role::Server => push_frame(opcode, payload, replies),
            Role::Client(key) => {
                push_masked_frame(opcode, payload, key.to_ne_bytes(), replies);
                *key = mask::next_key(*key);
            }
        }
    }

    /// How the peer's payloads come.
    fn expected(&self) -> Masking {
        match self.role {
            Role::Server => Masking::Masked,
            Role::Client(_) => Masking::Unmasked,
        }
    }
}

/// The meaning of a whole control frame.
fn control(opcode: Opcode, payload: &[u8]) -> Result<Taken, Fault> {
    Ok(match opcode {
        Opcode::Ping => Taken::Ping,
        Opcode::Close => Taken::Close(close::parse(payload)?),
        _ => Taken::Pong,
    })
}
