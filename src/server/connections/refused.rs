//! A connection that was refused when it came: the refusal is queued, and nothing is read.

use super::{
    current::Current,
    protocol::{Outcome, Protocol, TlsInput},
};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Refused;

impl Protocol for Refused {
    fn tls(&self) -> TlsInput {
        TlsInput::Data
    }

    fn input(&mut self, _: &mut Current<'_>, input: &[u8], _: &mut usize) -> Outcome {
        Outcome::NeedMore(input.len())
    }
}
