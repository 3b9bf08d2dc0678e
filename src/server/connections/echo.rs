//! Echo (RFC 862): every byte comes back.
//!
//! The client is not read from until all it is owed is sent, so the queue is bounded by one read.

use super::{
    current::Current,
    protocol::{Outcome, Protocol, TlsInput},
};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Echo;

impl Protocol for Echo {
    fn tls(&self) -> TlsInput {
        TlsInput::Data
    }

    fn input(&mut self, at: &mut Current<'_>, input: &[u8], _: &mut usize) -> Outcome {
        at.send(input);
        Outcome::NeedMore(input.len())
    }
}
