//! IRC.
#[cfg(test)]
mod codec_tests;
mod frames;
mod line;
mod message;
mod tags;
