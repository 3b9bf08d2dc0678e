//! Bytes of IRC: lines out of a stream, messages out of lines, and lines out of what the server answers.
//!
//! Pure functions and small cursors; knows no session.

pub mod frames;
pub mod line;
pub mod message;
pub mod numeric;
pub mod ready;
pub(super) mod reply;
pub mod tags;
#[cfg(test)]
mod tests;
pub(super) mod text;
