//! A relay of the `net` layer alone: what one connection sends, all the others get, as raw bytes.
//!
//! ```text
//! cargo run --example relay -- 127.0.0.1:7008       (port 0 asks the system for one)
//! nc 127.0.0.1 7008                                 (in two terminals or more)
//! ```
//!
//! What to look at: what one read brought is copied once, into a chunk that all queues share; a reader that is too
//! slow is closed (`handle_overflow`, here the trait's default), so it cannot hold up the rest. This is a chat server
//! without users, lines and rules: when two peers send at once their bytes may be mixed in the middle of a line. Knows no
//! chat.

#![expect(clippy::print_stdout, reason = "an example talks to a person")]

use madang::net::{
    BufferKey, ConnId, Consumed, EventLoop, Handler, Net, Next, SocketOptions, listen_tcp,
};
use std::{env, error::Error, net::SocketAddr};

/// All connections.
#[derive(Default)]
struct Relay {
    peers: Vec<ConnId>,
}

impl Handler for Relay {
    fn handle_accept(&mut self, _net: &mut Net, _listener: ConnId, id: ConnId, _peer: SocketAddr) {
        self.peers.push(id);
    }

    fn handle_input(
        &mut self,
        net: &mut Net,
        id: ConnId,
        input: &[u8],
        _searched: &mut usize,
    ) -> Consumed {
        // All bytes of a turn with one key lie side by side; here there is one key.
        let chunk = net.make_chunk(BufferKey(0), |out| {
            out.extend_from_slice(input);
            true
        });
        for &peer in self.peers.iter().filter(|&&peer| peer != id) {
            // For a connection on its way out this does nothing: it is on our list until it is reaped.
            if let Some(chunk) = chunk {
                net.share(peer, chunk);
            }
        }
        Consumed {
            bytes: input.len(),
            next: Next::ReadMore,
        }
    }

    fn handle_reaped(&mut self, _net: &mut Net, id: ConnId) {
        // However a connection ended, this is the last call about it. A walk over all peers is good enough for some hundreds;
        // madang itself keeps its records in the order of the loop's slots (`ConnId::slot`) and walks nothing.
        self.peers.retain(|&peer| peer != id);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:7008".into());
    let listener = listen_tcp(address.parse()?, &SocketOptions::default())?;
    println!("listening {}", listener.local_addr()?);

    let mut event_loop = EventLoop::new()?;
    let farewell = b"full, try again later\n".as_slice().into();
    event_loop
        .net_mut()
        .add_listener(Box::new(listener), farewell)?;
    let mut relay = Relay::default();
    loop {
        event_loop.turn(&mut relay, None)?;
    }
}
