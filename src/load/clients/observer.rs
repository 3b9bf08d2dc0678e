//! What a scenario gets to see of its clients' input: the part of a scenario that counts.
//!
//! Every method has a default that ignores the input. Does not know how input arrives.

use super::client::Client;
use crate::load::{clock::Moment, measure::Percentiles};

/// Watches what clients receive.
pub(in crate::load) trait Observer {
    /// A client received a text in its room.
    fn text_received(&mut self, client: &Client, text: &[u8], now: Moment) {
        let _ = (client, text, now);
    }

    /// A client that speaks no protocol received bytes. What is left in `out` is sent back.
    fn bytes_received(&mut self, client: &Client, bytes: &[u8], now: Moment, out: &mut Vec<u8>) {
        let _ = (client, bytes, now, out);
    }

    /// A client received a line of any kind. Lines left in `out` are sent back.
    fn line_received(&mut self, client: &Client, line: &[u8], now: Moment, out: &mut Vec<u8>) {
        let _ = (client, line, now, out);
    }

    /// A client received the news that the user of this name has quit.
    fn user_quit(&mut self, client: &Client, name: &[u8], now: Moment) {
        let _ = (client, name, now);
    }

    /// A client received a datagram. What is left in `out` is sent back.
    fn datagram_received(&mut self, client: &Client, bytes: &[u8], now: Moment, out: &mut Vec<u8>) {
        let _ = (client, bytes, now, out);
    }

    /// Deliveries counted so far.
    fn delivered(&self) -> u64 {
        0
    }

    /// The latencies of the deliveries since this was called last; `None` if there were none.
    fn take_recent(&mut self) -> Option<Percentiles> {
        None
    }

    /// Whether the server may refuse this client without that being a fault.
    fn may_be_refused(&self, client: &Client) -> bool {
        let _ = client;
        false
    }

    /// Whether the server may close this client's connection without that being a fault.
    fn may_be_closed(&self, client: &Client) -> bool {
        let _ = client;
        false
    }

    /// Until when the client reads nothing; `None` if it reads now.
    fn paused_until(&self, client: &Client, now: Moment) -> Option<Moment> {
        let _ = (client, now);
        None
    }
}

/// Ignores all input.
#[derive(Debug)]
pub(in crate::load) struct NoObserver;

impl Observer for NoObserver {}
