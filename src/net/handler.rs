//! What the loop calls: the [`Handler`] trait. The handler makes its requests to the [`Net`] it is given.

use super::{
    core::Net,
    source::{
        token::{ConnId, External},
        transport::Notice,
    },
    time::clock::Tick,
};
use std::{io, net::SocketAddr};

/// The layer above the loop. Every call happens inside [`turn`](super::EventLoop::turn), in the order of its stages.
///
/// Requests to the [`Net`] only append, mark and arm; writing and closing happen at the end of the turn. So no request can end
/// or free a connection that code further up the stack still uses.
pub trait Handler {
    /// A connection was accepted at `listener`. It is open and has the default [`Limits`](super::Limits).
    fn handle_accept(&mut self, net: &mut Net, listener: ConnId, id: ConnId, peer: SocketAddr);

    /// Input arrived, or had to wait. `input` begins where the last call stopped taking; `searched`, zero at the
    /// start of a frame, is for the handler to note how far it searched in vain, from the first byte it does not take.
    fn handle_input(
        &mut self,
        net: &mut Net,
        id: ConnId,
        input: &[u8],
        searched: &mut usize,
    ) -> Consumed;

    /// The peer's end of file was read, and all whole frames before it were consumed. We may still send;
    /// [`Net::close`] delivers what is owed and then ends our side too.
    fn handle_end(&mut self, net: &mut Net, id: ConnId) {
        net.close(id);
    }

    /// The connection broke, or the loop ended it. It is over: nothing can be sent any more.
    fn handle_lost(&mut self, net: &mut Net, id: ConnId, loss: &Loss) {
        let _ = (net, id, loss);
    }

    /// After a flush more is left than the connection's limit allows: the peer does not read. The default closes it.
    fn handle_overflow(&mut self, net: &mut Net, id: ConnId) {
        net.close(id);
    }

    /// After [`Net::notify_drained`]: a flush is done, and no more is left in the queue than the high-water mark allows, so the
    /// handler may go on with a long reply. Called once for each request; when there are many, in a later turn.
    fn handle_drained(&mut self, net: &mut Net, id: ConnId) {
        let _ = (net, id);
    }

    /// The transport reports something: a handshake is done, a stream was cut. What it read after that comes next.
    fn handle_notice(&mut self, net: &mut Net, id: ConnId, notice: &Notice) {
        let _ = (net, id, notice);
    }

    /// The transport read so many bytes that bring nothing to the handler: handshakes, empty records. They are not free;
    /// the handler may [pause](Net::pause) or close the connection. What was read after them comes next.
    fn handle_overhead(&mut self, net: &mut Net, id: ConnId, bytes: usize) {
        let _ = (net, id, bytes);
    }

    /// The deadline that was set for this connection is due.
    fn handle_deadline(&mut self, net: &mut Net, id: ConnId) {
        let _ = (net, id);
    }

    /// Work of the handler's own that may take several turns. Called once in each turn, after the due deadlines: the
    /// handler does a piece, goes on while [`Net::is_turn_full`] does not hold, and returns whether some is left. Then
    /// the next turn does not wait.
    fn handle_pending(&mut self, net: &mut Net) -> bool {
        let _ = net;
        false
    }

    /// An attempt to connect succeeded: the connection is open.
    fn handle_connected(&mut self, net: &mut Net, id: ConnId) {
        let _ = (net, id);
    }

    /// Bytes of memory that the owner holds for a connection and that its peer can make grow. Called after each read
    /// and flush, so it must cost next to nothing.
    fn held_for(&self, id: ConnId) -> usize {
        let _ = id;
        0
    }

    /// Which connections go first when too much is held. Called for those that hold much, when the ceiling is passed.
    fn standing(&self, id: ConnId) -> Standing {
        let _ = id;
        Standing::Known
    }

    /// More is held than the ceiling allows: what is kept only to be shown or used again should go. What the owner then
    /// sets by [`Net::set_kept_elsewhere`] counts.
    fn handle_pressure(&mut self, net: &mut Net) {
        let _ = net;
    }

    /// A datagram arrived at the socket `id`. Its bytes are whole, and may be none.
    fn handle_datagram(&mut self, net: &mut Net, id: ConnId, from: SocketAddr, bytes: &[u8]) {
        let _ = (net, id, from, bytes);
    }

    /// A source that was registered by [`Net::register_external`] has something.
    fn handle_external(&mut self, net: &mut Net, source: External) {
        let _ = (net, source);
    }

    /// A connection is over and its id names nothing from now on. Every connection ends with this call, the last one
    /// about it.
    fn handle_reaped(&mut self, net: &mut Net, id: ConnId) {
        let _ = (net, id);
    }
}

/// Which connections go first when peers make the process hold too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// A client that has not registered or logged in.
    Stranger,
    /// Every other connection.
    Known,
}

/// How much of its input a handler took, and when it wants to be offered the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consumed {
    /// So many bytes from the front; they are forgotten.
    pub bytes: usize,
    /// When to go on.
    pub next: Next,
}

/// When a handler wants more input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// In the next turn: the budget of frames is spent, and what is left may hold more of them.
    Yield,
    /// When more has arrived: what is left is no whole frame.
    ReadMore,
    /// Not before this moment: flood control. Until then nothing is read, and TCP slows the sender.
    PauseUntil(Tick),
}

/// Why a connection was lost.
#[derive(Debug, thiserror::Error)]
pub enum Loss {
    /// The system reported an error: a reset, a time-out, no route.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It kept more input than it may that makes no frame: a mistake of the protocol above, bounded here.
    #[error("too much unfinished input")]
    InputTooLong,
    /// The process held too much for its peers, and this connection was among those that held most.
    #[error("the server holds too much for its clients")]
    OverCeiling,
}
