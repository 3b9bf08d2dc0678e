//! Telnet's commands (RFC 854, RFC 855): taken out of the bytes wherever they are, and answered.
//!
//! A peer that never sends IAC costs nothing here: its lines are cut straight from the input. The
//! first IAC brings a boxed [`Negotiation`]; from there to the end of the line at hand bytes go one
//! by one through a state machine into a buffer of clean data, from which the same line cutter
//! takes the line.
//!
//! Every option is refused, each once in either direction, so that no negotiation goes on without an end. The server
//! itself offers ECHO, while it asks for the password of an account.
//!
//! Invariants: no byte of a command ever shows up in a line; any cut of the input gives the same
//! lines; the buffer holds one line at most and is given back with it; time is linear in the input.
//!
//! It asks the owner of the socket to leave urgent data in the stream (`SO_OOBINLINE`). A
//! Synch (RFC 854, page 8) marks one byte of `IAC DM` as urgent, which programs disagree on, and a
//! DM whose IAC was taken out looks like a stray byte of text.
//!
//! Does not know what lines mean.

use super::encode;
use crate::protocol::{
    Decoded, Frame,
    lines::{LINE_END_BYTES_MAX, Lines},
};
use command::{AYT, DO, DONT, EC, EL, EOF, IAC, SB, SE, WILL, WONT};
use memchr::{memchr, memchr3};
use std::borrow::Cow;

/// Commands by their published names (RFC 854, page 14). Below `EOF`, a byte after IAC is none.
mod command {
    /// The lowest command: end of file (RFC 1184).
    pub(super) const EOF: u8 = 236;
    pub(super) const SE: u8 = 240;
    pub(super) const AYT: u8 = 246;
    pub(super) const EC: u8 = 247;
    pub(super) const EL: u8 = 248;
    pub(super) const SB: u8 = 250;
    pub(super) const WILL: u8 = 251;
    pub(super) const WONT: u8 = 252;
    pub(super) const DO: u8 = 253;
    pub(super) const DONT: u8 = 254;
    pub(super) const IAC: u8 = 255;
}

/// Option TIMING-MARK (RFC 860).
const TIMING_MARK: u8 = 6;

/// Option ECHO (RFC 857).
const ECHO: u8 = 1;

/// Asks a telnet program not to show what is typed: `IAC WILL ECHO`, a server's offer to show it instead, which it does not
/// do. A program that does not know telnet shows three stray bytes.
pub(super) const HIDE_INPUT: [u8; 3] = [IAC, WILL, ECHO];

/// Takes that back: `IAC WONT ECHO`.
pub(super) const SHOW_INPUT: [u8; 3] = [IAC, WONT, ECHO];

/// The longest subnegotiation that is skipped. Nothing was agreed to, so none should come at all;
/// the longest that clients are known to send (NEW-ENVIRON) take some hundred bytes. Past this the
/// peer has lost its SE: it is informed, and what follows is text again.
const SUBNEGOTIATION_BYTES_MAX: u16 = 512;

/// The text that informs it, for some lines of its user may be among what was skipped.
const UNENDED: &str =
    "your program began a telnet subnegotiation and did not end it; what it held is lost";

/// Asks a telnet program for an answer that its user does not see: `IAC DO TIMING-MARK`, which
/// it must answer with WILL or WONT (RFC 860). For those who
/// [speak telnet](super::Telnet::speaks_telnet) only; others would see three stray bytes.
pub const PROBE: [u8; 3] = [IAC, DO, TIMING_MARK];

/// Takes the first line off the input, and appends the answers to the commands before it to
/// `replies`. The contract is that of [`Lines::next`].
///
/// `hides_input`: [`HIDE_INPUT`] is in force.
///
/// `lines` and `negotiation` are the two parts of one connection's state, and are side by side in
/// [`Telnet`](super::Telnet) because together in a struct they would cost it eight bytes of
/// padding.
pub(super) fn next_frame<'a>(
    lines: &mut Lines,
    negotiation: &mut Option<Box<Negotiation>>,
    hides_input: bool,
    input: &'a [u8],
    searched: &mut usize,
    cap: usize,
    replies: &mut Vec<u8>,
) -> Decoded<Frame<'a>> {
    let is_in_the_middle = negotiation.as_ref().is_some_and(|n| n.is_in_the_middle());
    if !is_in_the_middle {
        let (mut trial, mut looked) = (*lines, *searched);
        let cut = trial.next(input, &mut looked, cap);
        let seen = match cut.item {
            Frame::Incomplete => input.len(),
            Frame::Line(_) | Frame::TooLong => cut.consumed,
        };
        // IAC does not occur in UTF-8, so this is the rule and the rest the exception.
        if memchr(IAC, &input[*searched..seen]).is_none() {
            (*lines, *searched) = (trial, looked);
            return cut;
        }
    }
    *searched = 0;
    let negotiation = negotiation.get_or_insert_default();
    negotiation.hides_input = hides_input;
    negotiation.next(lines, input, cap, replies)
}

/// The state of a peer that has sent IAC: it speaks telnet, and some options are settled.
#[derive(Debug, Default)]
pub(super) struct Negotiation {
    state: State,
    /// The line at hand without its commands, as far as it came. At most the cap and a line's end.
    data: Vec<u8>,
    searched: usize,
    /// Options that the peer offered, and that were refused.
    refused_will: Options,
    /// Options that the peer asked of us, and that were refused.
    refused_do: Options,
    /// Someone asked whether we are there.
    asked: bool,
    /// [`HIDE_INPUT`] is in force, so that `DO ECHO` is the answer to it.
    hides_input: bool,
}

/// Where in a command we are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// In none.
    #[default]
    Data,
    /// Behind IAC.
    Command,
    /// Behind IAC and WILL, WONT, DO or DONT: the option comes next.
    Option { verb: u8 },
    /// Inside a subnegotiation; so many more bytes of it are skipped, and then none but its end.
    Skip { left: u16 },
    /// Inside a subnegotiation, after IAC.
    SkipCommand { left: u16 },
}

impl Negotiation {
    /// Bytes of memory, with its own record.
    pub(super) fn memory(&self) -> usize {
        size_of::<Self>() + self.data.capacity()
    }

    fn is_in_the_middle(&self) -> bool {
        self.state != State::Data || !self.data.is_empty()
    }

    fn next(
        &mut self,
        lines: &mut Lines,
        input: &[u8],
        cap: usize,
        replies: &mut Vec<u8>,
    ) -> Decoded<Frame<'static>> {
        let mut consumed = 0;
        let frame = loop {
            consumed += self.step(&input[consumed..], cap, replies);
            // After each step, for a line that passed the cap has passed it whatever is erased
            // later.
            let cut = lines.next(&self.data, &mut self.searched, cap);
            match cut.item {
                // A step stops after a line's end, so there is nothing after the line.
                Frame::Line(line) => {
                    let line = line.into_owned();
                    self.data = Vec::new();
                    break Frame::Line(Cow::Owned(line));
                }
                Frame::TooLong => {
                    self.data.drain(..cut.consumed);
                    break Frame::TooLong;
                }
                Frame::Incomplete => {
                    self.data.drain(..cut.consumed);
                    if consumed == input.len() {
                        break Frame::Incomplete;
                    }
                }
            }
        };
        // Once for all the questions before one line: a peer cannot make us send much more than it
        // sends.
        if std::mem::take(&mut self.asked) {
            encode::news(replies, "madang is here");
        }
        if self.data.is_empty() {
            self.data = Vec::new();
        }
        Decoded {
            item: frame,
            consumed,
        }
    }

    /// Reads a run of data up to a line's end, or one byte of a command. Says how many bytes that
    /// was.
    fn step(&mut self, input: &[u8], cap: usize, replies: &mut Vec<u8>) -> usize {
        let Some(&first) = input.first() else {
            return 0;
        };
        if self.state != State::Data || first == IAC {
            self.state = self.follow(first, replies);
            return 1;
        }
        let room = (cap + LINE_END_BYTES_MAX).saturating_sub(self.data.len());
        let window = &input[..input.len().min(room.max(1))];
        let length = match memchr3(b'\n', 0, IAC, window) {
            Some(at) if window[at] == IAC => at,
            Some(at) => at + 1,
            None => window.len(),
        };
        self.data.extend_from_slice(&window[..length]);
        length
    }

    /// The transitions: what follows the present state upon one byte.
    fn follow(&mut self, byte: u8, replies: &mut Vec<u8>) -> State {
        match (self.state, byte) {
            (State::Data, IAC) => State::Command,
            (State::Data, _) => self.data(byte),
            (State::Command, IAC) => self.data(IAC),
            (State::Command, WILL | WONT | DO | DONT) => State::Option { verb: byte },
            (State::Command, SB) => State::Skip {
                left: SUBNEGOTIATION_BYTES_MAX,
            },
            (State::Command, EOF..) => self.command(byte),
            // No command at all: the IAC is alone. So it does when a Synch (RFC 854, page 8)
            // has its data mark taken out of the stream as urgent data, and then this byte is the
            // user's.
            (State::Command, _) => self.data(byte),
            (State::Option { verb }, option) => self.option(verb, option, replies),
            (State::Skip { left }, IAC) => State::SkipCommand { left },
            (State::SkipCommand { .. }, SE) => State::Data,
            // It is too long: this byte is the first after it.
            (State::Skip { left: 0 }, _) => self.give_up(State::Data, byte, replies),
            (State::SkipCommand { left: 0 | 1 }, _) => self.give_up(State::Command, byte, replies),
            (State::Skip { left }, _) => State::Skip { left: left - 1 },
            // The IAC counts as well.
            (State::SkipCommand { left }, _) => State::Skip { left: left - 2 },
        }
    }

    /// Takes the subnegotiation for ended, and the byte for what it is outside.
    fn give_up(&mut self, outside: State, byte: u8, replies: &mut Vec<u8>) -> State {
        encode::refusal(replies, UNENDED);
        self.state = outside;
        self.follow(byte, replies)
    }

    fn data(&mut self, byte: u8) -> State {
        self.data.push(byte);
        State::Data
    }

    /// A command without an option. Those not named here (NOP, DM, BRK, IP, AO, GA and the rest)
    /// ask for nothing that we do.
    fn command(&mut self, command: u8) -> State {
        match command {
            AYT => self.asked = true,
            EC => {
                let is_inside = |byte: u8| byte & 0b1100_0000 == 0b1000_0000;
                while self.data.pop().is_some_and(is_inside) {}
            }
            EL => self.data.clear(),
            _ => {}
        }
        self.searched = self.searched.min(self.data.len());
        State::Data
    }

    /// An offer or a request is refused, once; a refusal is what we have anyway.
    fn option(&mut self, verb: u8, option: u8, replies: &mut Vec<u8>) -> State {
        match (verb, option) {
            // RFC 860: a mark is asked for each time anew. Ours says that all before it has been
            // read, which is true.
            (DO, TIMING_MARK) => replies.extend_from_slice(&[IAC, WILL, TIMING_MARK]),
            // The answer to our probe.
            (WILL, TIMING_MARK) => {}
            // The answer to `HIDE_INPUT`.
            (DO, ECHO) if self.hides_input => {}
            (DO, _) if self.refused_do.insert(option) => {
                replies.extend_from_slice(&[IAC, WONT, option]);
            }
            (WILL, _) if self.refused_will.insert(option) => {
                replies.extend_from_slice(&[IAC, DONT, option]);
            }
            _ => {}
        }
        State::Data
    }
}

/// A set of options.
#[derive(Debug, Default)]
struct Options([u64; 4]);

impl Options {
    /// Adds one; returns whether it was new.
    fn insert(&mut self, option: u8) -> bool {
        let (word, bit) = (usize::from(option / 64), 1 << (option % 64));
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        is_new
    }
}

#[cfg(test)]
mod tests;
