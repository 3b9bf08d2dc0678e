//! An echo server (RFC 862) of the `net` layer alone: every byte comes back in order, and our end of file follows the peer's.
//!
//! ```text
//! cargo run --example echo -- 127.0.0.1:7007        (port 0 asks the system for one)
//! nc 127.0.0.1 7007
//! ```
//!
//! What to look at: `main` takes one `turn` after the other; `handle_input` queues and returns, and never writes; a peer that
//! does not read is not read from, so it cannot make us keep what it does not read. Knows no chat.

#![expect(clippy::print_stdout, reason = "an example talks to a person")]

use madang::net::{
    ConnId, Consumed, EventLoop, Handler, Limits, Net, Next, SocketOptions, listen_tcp,
};
use std::{env, error::Error, net::SocketAddr};

/// A server without any state: the loop keeps all that there is of a connection.
struct Echo;

impl Handler for Echo {
    fn handle_accept(&mut self, net: &mut Net, _listener: ConnId, id: ConnId, _peer: SocketAddr) {
        // Back-pressure in one line: with a high-water mark of zero nothing is read while anything is unsent. So the queue never
        // holds more than one turn's input, and the limit has nothing to guard.
        let high_water = 0;
        let limit = u32::MAX;
        net.set_limits(id, Limits { high_water, limit });
    }

    fn handle_input(
        &mut self,
        net: &mut Net,
        id: ConnId,
        input: &[u8],
        _searched: &mut usize,
    ) -> Consumed {
        // Appends and marks; the bytes leave at the end of the turn.
        net.send(id, input);
        Consumed {
            bytes: input.len(),
            next: Next::ReadMore,
        }
    }

    // `handle_end` is the trait's default: `net.close(id)` delivers what is owed, then ends our half, then lingers.
}

fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:7007".into());
    let listener = listen_tcp(address.parse()?, &SocketOptions::default())?;
    println!("listening {}", listener.local_addr()?);

    let mut event_loop = EventLoop::new()?;
    // No text for connections that are shed for want of descriptors: an echo sends nothing of its own.
    event_loop
        .net_mut()
        .add_listener(Box::new(listener), [].into())?;
    loop {
        event_loop.turn(&mut Echo, None)?;
    }
}
