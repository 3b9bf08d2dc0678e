//! Messages as bytes: a length of four bytes, the lowest first, and the message in postcard's encoding.
//!
//! Invariant: any way of cutting the stream gives the same messages. Memory is taken as bytes arrive, never for a length
//! that is merely claimed. Knows no sockets.

use serde::{Serialize, de::DeserializeOwned};

/// Bytes of the longest message. A room with all its lists takes a few hundred kibibytes.
const BYTES_MAX: usize = 4 << 20;

const LENGTH_BYTES: usize = 4;

/// The stream does not hold messages; there is no way to go on with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stream between server and keeper is broken")]
pub struct BadFrame;

/// Appends a message.
///
/// # Errors
/// It is too long; nothing was appended.
pub fn push_frame<T: Serialize>(message: &T, out: &mut Vec<u8>) -> Result<(), BadFrame> {
    let bytes = postcard::to_stdvec(message).map_err(|_| BadFrame)?;
    if bytes.len() > BYTES_MAX {
        return Err(BadFrame);
    }
    let length = u32::try_from(bytes.len()).map_err(|_| BadFrame)?;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&bytes);
    Ok(())
}

/// Cuts messages off a stream.
#[derive(Debug, Default)]
pub struct Frames {
    /// What has come and was not taken, from `start` on.
    bytes: Vec<u8>,
    start: usize,
}

impl Frames {
    /// Takes what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, if it is there as a whole.
    ///
    /// # Errors
    /// There is none in these bytes.
    pub fn take<T: DeserializeOwned>(&mut self) -> Result<Option<T>, BadFrame> {
        let rest = &self.bytes[self.start..];
        let Some((length, rest)) = rest.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*length) as usize;
        if length > BYTES_MAX {
            return Err(BadFrame);
        }
        let Some(message) = rest.get(..length) else {
            return Ok(None);
        };
        let (message, left) = postcard::take_from_bytes(message).map_err(|_| BadFrame)?;
        if !left.is_empty() {
            return Err(BadFrame);
        }
        self.start += LENGTH_BYTES + length;
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        message::{Answer, Request},
        records::{Change, Key},
    };

    fn requests() -> Vec<Request> {
        vec![
            Request::Open {
                version: 1,
                load: true,
            },
            Request::Write {
                id: u64::MAX,
                changes: vec![Change::Drop(Key::Account("마당".into())); 3],
            },
            Request::Write {
                id: 0,
                changes: Vec::new(),
            },
        ]
    }

    #[test]
    fn any_way_of_cutting_gives_the_same_messages() {
        let mut stream = Vec::new();
        for request in requests() {
            push_frame(&request, &mut stream).unwrap();
        }
        for piece in 1..=stream.len() {
            let (mut frames, mut seen) = (Frames::default(), Vec::new());
            for bytes in stream.chunks(piece) {
                frames.push(bytes);
                while let Some(request) = frames.take::<Request>().unwrap() {
                    seen.push(request);
                }
            }
            assert_eq!(seen, requests(), "in pieces of {piece}");
        }
    }

    #[test]
    fn what_is_no_message_is_an_error_and_takes_no_memory() {
        let mut frames = Frames::default();
        frames.push(&u32::MAX.to_le_bytes());
        assert_eq!(frames.take::<Answer>(), Err(BadFrame));
        let mut frames = Frames::default();
        frames.push(&[2, 0, 0, 0, 200, 200]);
        assert_eq!(frames.take::<Answer>(), Err(BadFrame));
        let mut trailing = Vec::new();
        push_frame(&(Answer::Loaded, 7_u8), &mut trailing).unwrap();
        let mut frames = Frames::default();
        frames.push(&trailing);
        assert_eq!(frames.take::<Answer>(), Err(BadFrame));
    }
}
