//! A WebSocket echo server (RFC 6455) of `net` and `protocol::web` alone: every message comes back as it came, up to 16 MiB.
//!
//! ```text
//! cargo run --example websocket_echo -- --listen 127.0.0.1:9001       (port 0 asks the system for one)
//! ```
//!
//! What to look at: `handle_input` hands bytes to a codec and queues what it appended; frames are written straight into the
//! chunk that goes to the kernel. A client is an [`Http`] until its upgrade and a [`WebSocket`] from then on. A peer that does
//! not read is not read from, so no more waits for it than one message and what one read brought. A client that is too slow
//! with the handshake is closed; after it, a silent one may stay, and costs a record of some dozen bytes. Knows no chat.

#![expect(clippy::print_stdout, reason = "an example talks to a person")]

use madang::{
    net::{
        BufferKey, ConnId, Consumed, EventLoop, Handler, Limits, Net, Next, SocketOptions, Tick,
        listen_tcp,
    },
    protocol::{
        Decoded,
        web::{
            WallTime,
            http::{Http, Method, Request, Status, Step, Version, refuse, respond_early},
            websocket::{Opcode, Received, WebSocket, handshake, push_frame},
        },
    },
};
use std::{
    collections::HashMap,
    env,
    error::Error,
    net::SocketAddr,
    time::{Duration, SystemTime},
};

/// The longest message. Memory follows what came of it, not what its header claims.
const MESSAGE_BYTES_MAX: u32 = 16 * 1024 * 1024;

/// How long a client may take until its upgrade.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What one connection is.
enum Client {
    Http(Http),
    WebSocket(WebSocket),
}

/// How a connection goes on.
enum Action {
    /// As it is, when more has come.
    Wait,
    /// Its upgrade is accepted: what follows are frames.
    Upgrade,
    /// Not at all, once what is queued is delivered.
    Close,
}

#[derive(Default)]
struct Echo {
    clients: HashMap<ConnId, Client>,
    /// Where the message at hand is: one area for all connections.
    scratch: Vec<u8>,
}

impl Client {
    /// Takes what there is of the input and appends what is to be sent. Returns how many bytes it took.
    fn take(
        &mut self,
        input: &[u8],
        searched: &mut usize,
        scratch: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> (usize, Action) {
        let mut taken = 0;
        if let Self::Http(http) = self {
            let next;
            (taken, next) = answer_requests(http, input, searched, out);
            match next {
                // What follows the request may be the first frame already.
                Action::Upgrade => *self = Self::WebSocket(WebSocket::server(MESSAGE_BYTES_MAX)),
                Action::Wait | Action::Close => return (taken, next),
            }
        }
        match self {
            Self::WebSocket(socket) => {
                let (frames, next) = echo_messages(socket, &input[taken..], scratch, out);
                (taken + frames, next)
            }
            Self::Http(_) => unreachable!("it was upgraded on the lines above"),
        }
    }
}

/// Answers requests until one of them is an upgrade.
fn answer_requests(
    http: &mut Http,
    input: &[u8],
    searched: &mut usize,
    out: &mut Vec<u8>,
) -> (usize, Action) {
    let mut taken = 0;
    loop {
        let Decoded {
            item: step,
            consumed,
        } = http.next(&input[taken..], searched);
        taken += consumed;
        let next = match step {
            Step::Incomplete => return (taken, Action::Wait),
            Step::Refused(status) => {
                respond_early(status, now(), out);
                Action::Close
            }
            Step::Request(request) => answer(&request, out),
        };
        if !matches!(next, Action::Wait) {
            return (taken, next);
        }
    }
}

fn answer(request: &Request<'_>, out: &mut Vec<u8>) -> Action {
    let refused = match request.method {
        Method::Get if request.version == Version::Http11 => {
            match handshake::read_request(request.fields()) {
                Ok(upgrade) => {
                    upgrade.accept(None, out);
                    return Action::Upgrade;
                }
                Err(handshake::Refusal::Key) => Status::BadRequest,
                Err(_) => Status::UpgradeRequired,
            }
        }
        Method::Get | Method::Head => Status::UpgradeRequired,
        Method::Other => Status::MethodNotAllowed,
    };
    let keep = refuse(request, refused, now(), out);
    if keep { Action::Wait } else { Action::Close }
}

/// Sends back what is whole. Pings and closes are answered on the way, by the codec.
fn echo_messages(
    socket: &mut WebSocket,
    input: &[u8],
    scratch: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> (usize, Action) {
    let mut taken = 0;
    loop {
        let step = socket.next(&input[taken..], scratch, out);
        taken += step.consumed;
        match step.item {
            Received::Incomplete => return (taken, Action::Wait),
            Received::Text(text) => push_frame(Opcode::Text, text.as_bytes(), out),
            Received::Binary(bytes) => push_frame(Opcode::Binary, bytes, out),
            Received::Fragment | Received::Ping | Received::Pong => {}
            // Our Close is queued; the server ends the connection first (RFC 6455 section 7.1.1).
            Received::Closed { .. } | Received::Failed(_) => return (taken, Action::Close),
        }
    }
}

impl Handler for Echo {
    fn handle_accept(&mut self, net: &mut Net, _listener: ConnId, id: ConnId, _peer: SocketAddr) {
        // As in `echo.rs`: nothing is read while anything is unsent.
        let high_water = 0;
        let limit = u32::MAX;
        net.set_limits(id, Limits { high_water, limit });
        net.set_deadline(id, net.now().after(HANDSHAKE));
        self.clients.insert(id, Client::Http(Http::default()));
    }

    fn handle_input(
        &mut self,
        net: &mut Net,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> Consumed {
        let client = self
            .clients
            .get_mut(&id)
            .expect("it is kept until it is reaped");
        let (mut bytes, mut next) = (0, Action::Wait);
        let chunk = net.make_chunk(BufferKey::PRIVATE, |out| {
            (bytes, next) = client.take(input, searched, &mut self.scratch, out);
            true
        });
        if let Some(chunk) = chunk {
            net.share(id, chunk);
        }
        if let Client::WebSocket(_) = client {
            net.set_deadline(id, Tick::NEVER);
        }
        if let Action::Close = next {
            net.close(id);
        }
        Consumed {
            bytes,
            next: Next::ReadMore,
        }
    }

    fn handle_deadline(&mut self, net: &mut Net, id: ConnId) {
        // The time for the handshake is up.
        net.write(id, |out| respond_early(Status::RequestTimeout, now(), out));
        net.close(id);
    }

    fn handle_reaped(&mut self, _net: &mut Net, id: ConnId) {
        self.clients.remove(&id);
    }
}

/// The time of day, for the date of an answer.
fn now() -> WallTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    WallTime::from_unix_ms(since.map_or(0, |since| since.as_millis() as i64))
}

/// The address after `--listen`, as it is or as a URL.
fn listen_address() -> Result<SocketAddr, Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let address = match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => "127.0.0.1:9001".into(),
        (Some("--listen"), Some(address)) => address,
        _ => return Err("usage: websocket_echo [--listen ADDRESS:PORT]".into()),
    };
    let bare = ["http://", "ws://"]
        .iter()
        .find_map(|s| address.strip_prefix(s));
    let bare = bare.unwrap_or(&address).trim_end_matches('/');
    bare.parse()
        .map_err(|_| format!("not an address with a port: {address}").into())
}

fn main() -> Result<(), Box<dyn Error>> {
    let listener = listen_tcp(listen_address()?, &SocketOptions::default())?;
    // A whole line at a time: standard output is flushed with it.
    println!("listening http://{}", listener.local_addr()?);

    let mut event_loop = EventLoop::new()?;
    event_loop
        .net_mut()
        .add_listener(Box::new(listener), [].into())?;
    let mut echo = Echo::default();
    loop {
        event_loop.turn(&mut echo, None)?;
    }
}
